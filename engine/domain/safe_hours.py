"""When and by which ways a person is told of what is not critical, by their own choice."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.domain.records import Record

IN_APP: Final = "in_app"
EMAIL: Final = "email"
DIGEST: Final = "digest"
DIGESTS: Final = ("none", "daily")
DIGEST_HOUR: Final = time(8)
_NIGHT: Final = ("21:00", "07:00")


class Preference(Record):
    """What a person chose. Empty: no choice. `quiet_from` and `quiet_until` are local times, written `21:30`.

    `channels` are the ways by which what is not critical may leave the system; the same time twice means no quiet
    hours at all.
    """

    actor_id: UUID
    channels: tuple[str, ...] = ()
    digest: str = "none"
    quiet_from: str = ""
    quiet_until: str = ""
    zone: str = ""

    @property
    def is_daily(self) -> bool:
        """Say whether what is not critical comes in one message a day."""
        return self.digest == "daily"


def safe_instant(at: datetime, *, channel: str, preference: Preference | None, zone: str) -> datetime:
    """Give the first instant from `at` on at which a message may leave, in the recipient's `zone`; `at` is aware.

    Without a choice of one's own, night (21:00 to 07:00) is quiet for all ways but e-mail, which wakes nobody.
    """
    quiet = _quiet_hours(channel, preference)
    if channel == IN_APP or quiet is None:
        return at
    begins, ends = quiet
    local = at.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return at
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, tzinfo=local.tzinfo).astimezone(at.tzinfo)


def ways_for(
    wanted: Iterable[str], *, preference: Preference | None, reachable: Iterable[str], critical: bool
) -> tuple[str, ...]:
    """Give the ways by which a message goes: those that a rule wants and that reach the person, as far as they chose.

    What is critical goes by every way of its rule. If a person chose none of those that a rule wants, the first of
    their own takes the place. In-app is always there when a rule wants it.
    """
    can = tuple(dict.fromkeys(reachable))
    meant = tuple(dict.fromkeys(wanted))
    outward = tuple(way for way in meant if way != IN_APP and way in can)
    if outward and not critical and preference is not None and preference.channels:
        chosen = tuple(way for way in outward if way in preference.channels)
        instead = tuple(way for way in preference.channels if way in can and way != IN_APP)[:1]
        outward = chosen or instead
    return ((IN_APP,) if IN_APP in meant else ()) + outward


def digest_day(now: datetime, zone: str) -> str | None:
    """Give the local day whose digest is due at `now`, as `2026-03-08`; None before 08:00."""
    local = now.astimezone(ZoneInfo(zone))
    return local.date().isoformat() if local.time() >= DIGEST_HOUR else None


def _quiet_hours(channel: str, preference: Preference | None) -> tuple[time, time] | None:
    if preference is not None and preference.quiet_from and preference.quiet_until:
        begins, ends = preference.quiet_from, preference.quiet_until
    elif channel == EMAIL:
        return None
    else:
        begins, ends = _NIGHT
    return None if begins == ends else (time.fromisoformat(begins), time.fromisoformat(ends))
