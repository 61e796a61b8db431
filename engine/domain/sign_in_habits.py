"""What is kept of somebody's sign-ins, and which one is unlike all before: pure answers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

HOURS_ARE_JUDGED_AFTER: Final = timedelta(weeks=4)
"""Each hour of the week has come four times by then."""
SIGN_INS_BEFORE_HOURS: Final = 10
HOURS_AROUND: Final = 3
"""So many hours before or after one in which somebody has signed in are no surprise."""
CODE_DIGITS: Final = 8
_HOURS_OF_WEEK: Final = 7 * 24
_PREFIX_V4, _PREFIX_V6 = 16, 32
"""Bits: what belongs to a provider. Telephones change the rest all day."""


class Sort(StrEnum):
    """What may be unusual about a sign-in."""

    DEVICE = "device"
    HOUR = "hour"
    NETWORK = "network"


class Habit(NamedTuple):
    """A keyed mark of an hour or a network of somebody, how many times it came, and when first (UTC)."""

    sort: Sort
    mark: bytes
    times: int
    first_seen_at: datetime


def network_prefix(address: str) -> str:
    """Give the part of an address that belongs to a provider, `203.0.0.0/16`; empty for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    bits = _PREFIX_V6 if isinstance(found, IPv6Address) else _PREFIX_V4
    return str(ip_network((found, bits), strict=False))


def hour_of_week(at: datetime, zone: str) -> int:
    """Give the hour of the week (0 is Monday from 00:00) of an aware instant, by the clocks of a zone."""
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def hours_around(hour: int) -> tuple[int, ...]:
    """Give the hours of the week that are near one, and itself; Sunday night is near Monday morning."""
    return tuple((hour + by) % _HOURS_OF_WEEK for by in range(-HOURS_AROUND, HOURS_AROUND + 1))


def unlike_before(habits: Sequence[Habit], near: Mapping[Sort, Collection[bytes]], *, at: datetime) -> frozenset[Sort]:
    """Say in what a sign-in at `at` (UTC) is unlike all before; `near` gives the marks that would be no surprise.

    A first sign-in is unlike none. Hours are judged once somebody has signed in ten times, over four weeks.
    """
    found = set()
    for sort, marks in near.items():
        known = [habit for habit in habits if habit.sort == sort]
        if sort is Sort.HOUR and not _is_judged(known, at):
            continue
        if known and marks and not any(habit.mark in marks for habit in known):
            found.add(sort)
    return frozenset(found)


def _is_judged(hours: Sequence[Habit], at: datetime) -> bool:
    if sum(habit.times for habit in hours) < SIGN_INS_BEFORE_HOURS:
        return False
    return at - min(habit.first_seen_at for habit in hours) >= HOURS_ARE_JUDGED_AFTER
