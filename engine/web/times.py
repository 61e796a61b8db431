"""Write instants and the time that is left as people read them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.time.reckoning import last_day
from engine.web.languages import say

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


def short(instant: datetime, zone: str, now: datetime | None = None) -> str:
    """Write an instant where the zone is told nearby: `Thu 21 May 2026, 10:00`; in the year of `now` without a year."""
    there = instant.astimezone(zone_of(zone))
    is_this_year = now is not None and there.year == now.astimezone(there.tzinfo).year
    return say("{day}, {time}", day=day_words(there, has_year=not is_this_year), time=f"{there:%H:%M}")


def day_words(day: date, *, has_year: bool = True) -> str:
    """Write a date: `Thu 21 May 2026`, or `Thu 21 May`."""
    names = {"weekday": say(f"{day:%a}"), "month": say(f"{day:%b}")}
    if not has_year:
        return say("{weekday} {day} {month}", **names, day=f"{day:%d}")
    return say("{weekday} {day} {month} {year}", **names, day=f"{day:%d}", year=day.year)


def month_words(month: str) -> str:
    """Write a month, given as 2026-03: `March 2026`."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return say("{month} {year}", month=say(f"{first:%B}"), year=first.year)


def zone_words(zone: str, now: datetime) -> str:
    """Say in which zone times are shown: `Asia/Kathmandu, UTC+05:45`."""
    found = zone_of(zone)
    offset = f"{now.astimezone(found):%z}"
    return f"{found.key}, UTC{offset[:3]}:{offset[3:5]}"


def local_time(zone: str, now: datetime) -> str:
    """Say beside a field in which zone a time is to be written."""
    return say("Local time ({zone}).", zone=zone_words(zone, now))


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
        return say("less than a minute")
    minutes, hours, days = length // _MINUTE, length // _HOUR, length // _DAY
    if length < _HOUR:
        return say("{minutes} min", minutes=minutes)
    if length < _DAY:
        rest = minutes % 60
        return say("{hours} h {minutes} min", hours=hours, minutes=rest) if rest else say("{hours} h", hours=hours)
    if length < _TWO_DAYS:
        return say("1 day {hours} h", hours=hours % 24) if hours % 24 else say("1 day")
    return say("{days} days", days=days)


def countdown(due_at: datetime, now: datetime, late_at: datetime | None = None) -> str:
    """Return how long is left, or how long it has been late: `in 3 h 20 min`, `overdue by 2 days`.

    What is due and kept until `late_at` is `due, late in 3 h`.
    """
    if due_at > now:
        return say("in {span}", span=span(due_at - now))
    late = late_at or due_at
    if late > now:
        return say("due, late in {span}", span=span(late - now))
    return say("overdue by {span}", span=span(now - late))


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
    told = {"day": day_words(last), "start": start, "zone": found.key}
    if ends.time() == time():
        return say("by the end of {day} (due from {start}, {zone})", **told)
    return say("by {time} on {day} (due from {start}, {zone})", time=f"{ends:%H:%M}", **told)


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
        "met": say("done in time"),
        "ended": say("no longer runs"),
        "late": say("done {span} late", span=span(ended_at - late))
        if ended_at and ended_at > late
        else say("done late"),
    }
    tones = {"overdue": "late", "late": "late", "near": "near", "running": "running"}
    tone = "near" if state == "running" and due_at <= now else tones.get(state, "quiet")
    return Moment(
        left=words.get(state) or countdown(due_at, now, late_at),
        at=due_words(due_at, zone, late_at),
        machine=due_at.astimezone(UTC).isoformat(timespec="minutes"),
        tone=tone,
    )
