"""Write instants and the time that is left as people read them."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.time.reckoning import last_day

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_TWO_DAYS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant that matters, with the words and the colour of its state."""

    left: str
    at: str
    machine: str
    tone: str


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of an IANA name; UTC for one that is not known."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def local(instant: datetime, zone: str) -> str:
    """Write an instant as the clock on the wall shows it, with its zone: `Thu 21 May 2026, 10:00 (Asia/Dhaka)`."""
    return f"{short(instant, zone)} ({zone_of(zone).key})"


def short(instant: datetime, zone: str) -> str:
    """Write an instant where the zone is told nearby: `Thu 21 May 2026, 10:00`."""
    return f"{instant.astimezone(zone_of(zone)):%a %d %b %Y, %H:%M}"


def month_words(month: str) -> str:
    """Write a month, given as 2026-03: `March 2026`."""
    return f"{datetime.strptime(month, '%Y-%m').replace(tzinfo=UTC):%B %Y}"


def zone_words(zone: str, now: datetime) -> str:
    """Say in which zone times are shown: `Asia/Kathmandu, UTC+05:45`."""
    found = zone_of(zone)
    offset = f"{now.astimezone(found):%z}"
    return f"{found.key}, UTC{offset[:3]}:{offset[3:5]}"


def for_input(instant: datetime, zone: str) -> str:
    """Write an instant as a date-and-time input takes it: `2026-05-21T10:00`."""
    return f"{instant.astimezone(zone_of(zone)):%Y-%m-%dT%H:%M}"


def from_input(text: str, zone: str) -> datetime | None:
    """Read what was typed as local time of `zone`; None when it cannot be read. Gives UTC."""
    try:
        typed = datetime.fromisoformat(text.strip())
        aware = typed if typed.tzinfo else typed.replace(tzinfo=zone_of(zone))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def span(length: timedelta) -> str:
    """Write a length of time in its two largest units: `3 h 20 min`, `1 day 4 h`, `12 days`."""
    if length < _MINUTE:
        return "less than a minute"
    if length < _HOUR:
        return f"{length // _MINUTE} min"
    if length < _DAY:
        hours, rest = divmod(length, _HOUR)
        return _joined(f"{hours} h", rest // _MINUTE, "min")
    days, rest = divmod(length, _DAY)
    if length < _TWO_DAYS:
        return _joined("1 day", rest // _HOUR, "h")
    return f"{days} days"


def countdown(due_at: datetime, now: datetime, late_at: datetime | None = None) -> str:
    """Return how long is left, or how long it has been late: `in 3 h 20 min`, `overdue by 2 days`.

    What is due and kept until `late_at` is `due, late in 3 h`.
    """
    if due_at > now:
        return f"in {span(due_at - now)}"
    late = late_at or due_at
    return f"due, late in {span(late - now)}" if late > now else f"overdue by {span(now - late)}"


def due_words(due_at: datetime, zone: str, late_at: datetime | None = None) -> str:
    """Say when something is due, and until when a limit of the law in days is kept.

    `Thu 21 May 2026, 10:00 (Asia/Dhaka)`, or `by the end of Thu 21 May 2026 (due from 10:00, Asia/Dhaka)`.
    """
    if late_at is None:
        return local(due_at, zone)
    found = zone_of(zone)
    last = last_day(late_at, found)
    ends, from_ = late_at.astimezone(found), due_at.astimezone(found)
    start = f"{from_:%H:%M}" if from_.date() == last else short(due_at, zone)
    by = "the end of" if ends.time() == time() else f"{ends:%H:%M} on"
    return f"by {by} {last:%a %d %b %Y} (due from {start}, {found.key})"


def moment(
    due_at: datetime,
    state: str,
    *,
    now: datetime,
    zone: str,
    ended_at: datetime | None = None,
    late_at: datetime | None = None,
) -> Moment:
    """Show a deadline. `state` is one of: running, near, overdue, met, late, ended."""
    late = late_at or due_at
    words = {
        "met": "done in time",
        "ended": "no longer runs",
        "late": f"done {span(ended_at - late)} late" if ended_at and ended_at > late else "done late",
    }
    tones = {"overdue": "late", "late": "late", "near": "near", "running": "running"}
    tone = "near" if state == "running" and due_at <= now else tones.get(state, "quiet")
    return Moment(
        left=words.get(state) or countdown(due_at, now, late_at),
        at=due_words(due_at, zone, late_at),
        machine=due_at.astimezone(UTC).isoformat(timespec="minutes"),
        tone=tone,
    )


def _joined(head: str, rest: int, unit: str) -> str:
    return f"{head} {rest} {unit}" if rest else head
