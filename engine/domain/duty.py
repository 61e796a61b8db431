"""Who is on duty and who is away: shifts, absences, and what is wrong with a new one."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from engine.domain.records import Record

LONGEST_SHIFT = timedelta(days=31)
_CLOCKS_DIFFER = timedelta(minutes=5)


class Span(Protocol):
    """A stretch of time with a start and an end (UTC); the end is no part of it."""

    @property
    def starts_at(self) -> datetime: ...  # noqa: D102 - named by itself
    @property
    def ends_at(self) -> datetime: ...  # noqa: D102


class Shift(Record):
    """Somebody is on call for a unit (UTC); `taken_from` names who handed over."""

    id: UUID
    unit_id: UUID
    actor_id: UUID
    starts_at: datetime
    ends_at: datetime
    taken_from: UUID | None = None


class Absence(Record):
    """Somebody is away (UTC); the deputy, if one is named, is told instead."""

    id: UUID
    actor_id: UUID
    deputy_id: UUID | None = None
    starts_at: datetime
    ends_at: datetime


def problems_of_span(starts_at: datetime, ends_at: datetime, *, now: datetime) -> dict[str, str]:
    """Say what is wrong with the times of a new shift or absence, by field; empty when nothing is."""
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        if instant.tzinfo is None:
            return {name: "Choose a time zone."}
    if ends_at <= starts_at:
        return {"ends_at": "This must be after the start."}
    if ends_at <= now:
        return {"ends_at": "This is already over."}
    return {}


def starts_in_the_past(starts_at: datetime, *, now: datetime) -> bool:
    """Say whether a start lies further back than clocks differ."""
    return starts_at < now - _CLOCKS_DIFFER


def overlapping(spans: Iterable[Span], starts_at: datetime, ends_at: datetime) -> bool:
    """Say whether one of these stretches shares any time with a new one."""
    return any(span.starts_at < ends_at and starts_at < span.ends_at for span in spans)
