"""Rotas: who is on call for a unit, in weeks that come back, and days on which somebody stands in."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Annotated, Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from engine.language.calendars import Weekday

LONGEST_TURN: Final = timedelta(days=1)
_DAY: Final = LONGEST_TURN


def _to_the_minute(at: time) -> time:
    if at.tzinfo or at.second or at.microsecond:
        message = "write a time of the day such as 18:00"
        raise ValueError(message)
    return at


ClockTime = Annotated[time, AfterValidator(_to_the_minute)]
Address = Annotated[str, StringConstraints(pattern=r"^[^\s@]+@[^\s@]+$", max_length=254, to_lower=True)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Turn(_Record):
    """The same hours on some days of each week; `who` takes them a week each, in this order, and then again.

    They are named by their e-mail addresses. What ends when it begins or before lasts until the next day.
    """

    days: tuple[Weekday, ...] = Field(min_length=1, max_length=7)
    begins: ClockTime = Field(alias="from")
    ends: ClockTime = Field(alias="until")
    who: tuple[Address, ...] = Field(min_length=1, max_length=26)

    @property
    def hours(self) -> str:
        """From when to when, for people."""
        return f"{self.begins:%H:%M} to {self.ends:%H:%M}"

    @property
    def weekdays(self) -> str:
        """Its days, for people."""
        return _list([day.label for day in Weekday if day in self.days])

    def on(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return when it begins and ends on a day (UTC), by the clock of a zone."""
        last = day if self.ends > self.begins else day + _DAY
        return (
            datetime.combine(day, self.begins, zone).astimezone(UTC),
            datetime.combine(last, self.ends, zone).astimezone(UTC),
        )


class Swap(_Record):
    """Who takes every turn that begins on a day, or the one that begins at `begins`, whoever's week it is."""

    on: date
    begins: ClockTime | None = Field(default=None, alias="from")
    who: Address


class Rota(_Record):
    """Who is on call for one unit, from a day on; its name is the id of the unit.

    Without turns nobody is on call but whom somebody plans for single shifts.
    """

    name: str = Field(alias="rota", pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    version: int = Field(default=1, ge=1)
    begins: date
    turns: tuple[Turn, ...] = Field(default=(), max_length=20)
    swaps: tuple[Swap, ...] = Field(default=(), max_length=200)

    @property
    def people(self) -> frozenset[str]:
        """The e-mail addresses of all whom it names."""
        return frozenset((*(who for turn in self.turns for who in turn.who), *(swap.who for swap in self.swaps)))

    def who_on(self, day: date, turn: Turn) -> str:
        """Return whose turn it is on a day."""
        swap = next((one for one in self.swaps if one.on == day and one.begins in {None, turn.begins}), None)
        return swap.who if swap else turn.who[(_monday(day) - _monday(self.begins)).days // 7 % len(turn.who)]


class OnCall(NamedTuple):
    """Somebody, by their address, is on call from when to when (UTC)."""

    who: str
    starts_at: datetime
    ends_at: datetime


def on_call_by(rotas: Sequence[Rota], *, zone: str, since: datetime, until: datetime) -> Iterator[OnCall]:
    """Go through the turns that share any time with a stretch, in order.

    `rotas` are the versions that ran of one unit, the newest first: each holds from its day on until a newer one does.
    What an older one began the evening before ends where the first turn of the newer one begins.
    """
    info = ZoneInfo(zone)
    day, last = since.astimezone(info).date() - _DAY, until.astimezone(info).date()
    while day <= last:
        (rota, turns), (newer, later) = _held_on(rotas, day), _held_on(rotas, day + _DAY)
        cut = [turn.on(day + _DAY, info)[0] for turn in later[:1] if newer is not rota]
        for turn in turns:
            starts_at, ends_at = turn.on(day, info)
            ends_at = min((ends_at, *cut))
            if rota and starts_at < until and ends_at > since:
                yield OnCall(rota.who_on(day, turn), starts_at, ends_at)
        day += _DAY


def _held_on(rotas: Sequence[Rota], day: date) -> tuple[Rota | None, list[Turn]]:
    """Return the version that holds on a day, and its turns that begin on it, in order."""
    rota = next((one for one in rotas if one.begins <= day), None)
    turns = [turn for turn in rota.turns if Weekday.of(day) in turn.days] if rota else []
    return rota, sorted(turns, key=lambda one: one.begins)


_MINUTES: Final = 1440


def week_of(rota: Rota) -> dict[int, list[str]]:
    """Return when how many are on call in the week of a rota, whoever they are: by their number, in words."""
    count = [0] * (7 * _MINUTES)
    for turn in rota.turns:
        begins, ends = (at.hour * 60 + at.minute for at in (turn.begins, turn.ends))
        for day in turn.days:
            start = tuple(Weekday).index(day) * _MINUTES + begins
            for minute in range(start, start + ((ends - begins) % _MINUTES or _MINUTES)):
                count[minute % len(count)] += 1
    first = next((minute for minute in range(len(count)) if count[minute] != count[minute - 1]), 0)
    same: dict[tuple[int, int, str], list[str]] = {}
    minutes = range(first, first + len(count))
    for people, some in groupby(minutes, key=lambda minute: count[minute % len(count)]):
        begins, *rest = some
        ends = begins + len(rest) + 1
        until = _at(ends) if ends - begins <= _MINUTES else f"{_weekday(ends)} {_at(ends)}"
        same.setdefault((people, begins % _MINUTES, until), []).append(_weekday(begins))
    found: dict[int, list[str]] = {}
    for (people, begins, until), days in same.items():
        found.setdefault(people, []).append(f"{_on(days)} from {_at(begins)} to {until}")
    return found


def _weekday(minute: int) -> str:
    return tuple(Weekday)[minute // _MINUTES % 7].label


def _at(minute: int) -> str:
    return f"{minute % _MINUTES // 60:02}:{minute % 60:02}"


def _monday(day: date) -> date:
    return day - day.weekday() * _DAY


def with_names(rota: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return a stored rota with the names of people in place of their addresses, where they are known."""
    turns = [{**turn, "who": [names.get(who, who) for who in turn["who"]]} for turn in rota.get("turns", ())]
    swaps = [{**swap, "who": names.get(swap["who"], swap["who"])} for swap in rota.get("swaps", ())]
    return {**rota, "turns": turns, "swaps": swaps}


def rota_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Return what differs between two stored rotas, and whether nobody is on call where somebody was."""
    was, becomes = _turns(before), _turns(after)
    groups: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for day, hours in sorted({*was, *becomes}):
        old, new = was.get((day, hours), ()), becomes.get((day, hours), ())
        if old != new:
            groups.setdefault((hours, old, new), []).append(tuple(Weekday)[day].label)
    gone = {(tuple(days), old): hours for (hours, old, new), days in groups.items() if not new}
    moved = {(tuple(days), new) for (_, old, new), days in groups.items() if not old} & set(gone)
    for (hours, old, new), days in groups.items():
        if (tuple(days), new or old) not in moved:
            yield from _replaced(f"{_on(days)} from {hours}", old, new)
        elif new:
            yield (
                f"{_on(days)}, {_in_turn(new)} is on call from {hours} instead of {gone[tuple(days), new]}.",
                False,
            )
    swapped, swaps = _swaps(before), _swaps(after)
    for when in sorted({*swapped, *swaps}):
        old_one, new_one = swapped.get(when), swaps.get(when)
        if old_one != new_one:
            instead = f" instead of {old_one}" if old_one else ""
            yield (
                f"On {when[1]}, {f'{new_one} stands in{instead}' if new_one else f'{old_one} no longer stands in'}.",
                False,
            )
    if before["begins"] != after["begins"]:
        yield f"It holds from {_day(after['begins'])} instead of {_day(before['begins'])}.", False


def _replaced(when: str, old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, bool]]:
    if not new:
        yield f"{when}, no one is on call any more: it was {_in_turn(old)}.", True
    elif not old:
        yield f"{when}, {_in_turn(new)} is on call: this is new.", False
    elif len(old) != len(new):
        yield f"{when}, {_in_turn(new)} is on call instead of {_in_turn(old)}.", False
    else:
        for week, (one, other) in enumerate(zip(old, new, strict=True), start=1):
            of_week = f" in week {week} of {len(new)}" if len(new) > 1 else ""
            if one != other:
                yield f"{when}{of_week}, {one} is replaced by {other}.", False


def _turns(rota: Mapping[str, Any]) -> dict[tuple[int, str], tuple[str, ...]]:
    """Return who takes a turn, by weekday and hours."""
    return {
        (tuple(Weekday).index(Weekday(day)), f"{turn['from'][:5]} to {turn['until'][:5]}"): tuple(turn["who"])
        for turn in rota.get("turns", ())
        for day in turn["days"]
    }


def _swaps(rota: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Return who stands in, by the day as it is sorted and as people read it."""
    found = {}
    for swap in rota.get("swaps", ()):
        begins = f" from {swap['from'][:5]}" if swap.get("from") else ""
        found[f"{swap['on']}{begins}", f"{_day(swap['on'])}{begins}"] = swap["who"]
    return found


def _in_turn(who: Sequence[str]) -> str:
    return ", then ".join(who)


def _on(days: Sequence[str]) -> str:
    return f"{'' if len(days) == len(Weekday) else 'On '}{_list(days)}"


def _list(days: Sequence[str]) -> str:
    if len(days) == len(Weekday):
        return "Every day"
    return f"{', '.join(days[:-1])} and {days[-1]}" if len(days) > 1 else days[0]


def _day(day: str) -> str:
    return f"{date.fromisoformat(day):%-d %B %Y}"
