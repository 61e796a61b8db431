"""Say what becomes of a day that was watched when its step ends without an answer, so that nothing goes silent."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.domain.records import AddedStep, Step
from engine.plugin.steps import Concluded, Outcome
from engine.plugin.watches import Watch
from engine.spec.limits import TimeLimit

_SOONEST, _LATEST = timedelta(days=2), timedelta(days=7)
"""Promises of the network: how soon another body is asked again, at the earliest and at the latest."""
_ORDINARY: Final = "standard"


def unanswered(step: Step, *, now: datetime, zone: str) -> Concluded:
    """Let what another body stands in the way of come again; say what does not, since the person said no.

    It comes again each time, until there is an answer or it is not needed any more. Nothing follows for a step that
    nothing watched for.
    """
    added = step.added
    if added is None or not added.watches:
        return Concluded()
    match step.outcome:
        case Outcome.BLOCKED_BY_OTHER_BODY:
            again = _again(added, now)
            day = f"{(again.due_at or now).astimezone(ZoneInfo(zone)):%d %b %Y}"
            return Concluded(watches=(again,), notes=(f"This step will open again, and is due on {day}.",))
        case Outcome.REFUSED_BY_PERSON:
            return Concluded(notes=("This step does not open again by itself. Add it when the person wants it.",))
    return Concluded()


def _again(added: AddedStep, now: datetime) -> Watch:
    """Watch for the same once more: it opens when half of the time to wait is over.

    A limit of the law is not counted a second time: what was told of it stays as it is.
    """
    wait = _wait(added)
    return Watch(
        added.watches, added.uses, added.title, opens_at=now + wait / 2, due_at=now + wait,
        from_at=now + wait / 2, ladder=added.ladder, roles=added.roles, settings=added.settings,
    )  # fmt: skip


def _wait(added: AddedStep) -> timedelta:
    """Give how long to wait: its own limit within the promises; what presses, by its ladder, at the earliest."""
    if added.ladder != _ORDINARY:
        return _SOONEST
    if added.limit is None:
        return _LATEST
    return min(max(timedelta(seconds=TimeLimit(added.limit).seconds), _SOONEST), _LATEST)
