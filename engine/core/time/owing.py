"""Whose calendar a time limit is counted by, and when something is written down late."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.core.library import Library
from engine.core.records import Owes, Run
from engine.core.state import CaseState
from engine.language.calendars import Calendar
from engine.language.law import LawLimit

WHOSE: Mapping[Owes, str] = {
    Owes.PARTNER: "the partner who was asked for this is there",
    Owes.STEP: "the workflow gives this step to a unit there",
    Owes.LAW: "the limit is one of the law there",
    Owes.UNIT: "the unit that has the case is there",
    Owes.CASE: "the case is led there, and nothing says that a unit elsewhere owes this",
}
_EVERYWHERE = "*"


class CountedBy(NamedTuple):
    """Zone and calendar of a limit, and why it is these."""

    zone: str
    calendar: str | None
    counted_by: Owes


def who_owes(
    state: CaseState, run: Run, step_id: UUID, library: Library, *, unit: str = "", law: LawLimit | None = None
) -> CountedBy:
    """Find the calendar of a step's limit: of the partner who owes it, else of the unit that the workflow names.

    Else a limit of the law of another place is counted there, and what we owe ourselves where the unit is that has
    the case; all else where the case is led, and so is what is owed in a place that has no calendar.
    """
    for jurisdiction, why in _places(state, run, step_id, unit, law):
        calendar = _calendar(jurisdiction, library)
        if calendar is not None:
            return CountedBy(calendar.zone, calendar.name, why)
    return CountedBy(run.zone, run.calendar, Owes.CASE)


def _places(state: CaseState, run: Run, step_id: UUID, unit: str, law: LawLimit | None) -> Iterator[tuple[str, Owes]]:
    if partner := state.owed_in.get(step_id):
        yield partner, Owes.PARTNER
    if unit:
        yield unit, Owes.STEP
    if law and law.jurisdiction not in {_EVERYWHERE, _country(run.jurisdiction), run.jurisdiction}:
        yield law.jurisdiction, Owes.LAW
    is_ours = law is None or law.owed_by == "ours"
    if is_ours and state.kept_in not in {"", run.jurisdiction}:
        yield state.kept_in, Owes.UNIT


def _calendar(jurisdiction: str, library: Library) -> Calendar | None:
    return library.calendars.get(jurisdiction) or library.calendars.get(_country(jurisdiction))


def _country(jurisdiction: str) -> str:
    return jurisdiction.partition("-")[0]


WRITTEN_DOWN_WITHIN: Final = timedelta(hours=24)
"""How long after it happened a step may be written down without a word on why."""


def is_late_entry(happened_at: datetime, now: datetime) -> bool:
    """Say whether what happened then is written down long after it, at `now` (both UTC)."""
    return now - happened_at > WRITTEN_DOWN_WITHIN
