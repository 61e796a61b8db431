"""Ladders never seen before, against a plain reckoning of which level fires when, in the pure core."""

from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.library import Library
from engine.core.time.counting import offset_from
from engine.language.ladders import Ladder
from engine.language.limits import Offset
from tests.core.minute_walker import Place, instant, number
from tests.core.small_world import ASHA, LADDERS, T0, World, workflow

PLACE = Place("Asia/Kolkata")
LIMIT = 48 * 60
OFFSETS = (
    "-P30D",
    "-P2D",
    "-PT47H",
    "-P1WD",
    "-PT4H",
    "-PT7M",
    "PT0M",
    "PT1M",
    "PT30M",
    "PT2H",
    "PT3WH",
    "P1D",
    "P1WD",
)
OFFSETS_LATER = ("P3D", "P2WD", "PT20WH", "P1M")
EVERY = {"PT20M": 20, "PT3H": 180, "P1D": 1440}
WITHIN = {"PT5M": 5, "PT1H": 60, "P2D": 2880}
AHEAD = 40 * 24 * 60


class Rung(NamedTuple):
    """A level in plain numbers: minutes, and whether somebody can be told."""

    after: str
    every: int | None
    times: int
    within: int | None
    is_there: bool


class Fired(NamedTuple):
    """A firing in minutes after the start."""

    minute: int
    level: int
    round: int


@st.composite
def rungs(draw: st.DrawFn) -> list[Rung]:
    """Draw one to five levels in the order of their time."""
    drawn = draw(st.lists(st.sampled_from(OFFSETS + OFFSETS_LATER), min_size=1, max_size=5))
    return [
        Rung(
            after=after,
            every=draw(st.none() | st.sampled_from(sorted(EVERY.values()))),
            times=draw(st.integers(1, 3)),
            within=draw(st.none() | st.sampled_from(sorted(WITHIN.values()))),
            is_there=draw(st.integers(0, 3)) > 0,
        )
        for after in sorted(drawn, key=lambda text: Offset(text).about)
    ]


def expected(ladder: list[Rung], seen: int | None) -> list[Fired]:
    """Walk through time minute by minute: what would a clerk with the ladder in hand do at each?

    Somebody who acknowledges at a minute has seen what was raised up to it. A level waits for its own minute, or comes
    as soon as the one before it was raised and not answered in time, or could not be told at all. What is meant for the
    due time or later does not come before it for want of an answer.
    """
    own = [_own_minute(rung.after) for rung in ladder]
    kept = [place for place, rung in enumerate(ladder) if own[place] >= 0 or not rung.after.startswith("-")]
    for place in reversed(kept[:-1]):
        own[place] = min(own[place], own[kept[kept.index(place) + 1]])
    found: list[Fired] = []
    raised: dict[int, int] = {}
    for minute in range(LIMIT + AHEAD):
        if seen is None and len(raised) == len(kept) and not _may_repeat(ladder, kept, found):
            break
        for position, place in enumerate(kept):
            if place in raised:
                _repeat(ladder[place], place, raised[place], minute, seen, found)
                continue
            below = kept[position - 1] if position else None
            if below is not None and below not in raised:
                break
            may_come = minute >= LIMIT or ladder[place].after.startswith("-")
            if own[place] <= minute or (
                below is not None and _early(ladder[below], raised[below], minute, seen, is_time=may_come)
            ):
                raised[place] = minute
                found.append(Fired(minute, place + 1, 1))
    return sorted(found)


def _own_minute(after: str) -> int:
    due = T0 + timedelta(minutes=LIMIT)
    return number(offset_from(due, Offset(after), zone=PLACE.zone, calendar=PLACE.calendar())) - number(T0)


def _early(below: Rung, raised: int, minute: int, seen: int | None, *, is_time: bool) -> bool:
    """Without an answer a level comes early, one for the due time or later not before it; without anybody, at once."""
    if not below.is_there:
        return True
    return is_time and below.within is not None and minute >= raised + below.within and not _seen(raised, minute, seen)


def _seen(raised: int, minute: int, seen: int | None) -> bool:
    return seen is not None and raised <= seen < minute


def _repeat(rung: Rung, place: int, raised: int, minute: int, seen: int | None, found: list[Fired]) -> None:
    if rung.every is None or not rung.is_there or minute <= raised or (minute - raised) % rung.every:
        return
    again = (minute - raised) // rung.every
    if again <= rung.times and not _seen(raised, minute, seen):
        found.append(Fired(minute, place + 1, again + 1))


def _may_repeat(ladder: list[Rung], kept: list[int], found: list[Fired]) -> bool:
    wanted = sum(1 + (ladder[place].times if ladder[place].every and ladder[place].is_there else 0) for place in kept)
    return len(found) < wanted


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ladder=rungs(), seen=st.none() | st.integers(0, LIMIT + 3 * 24 * 60))
def test_whatever_the_ladder_each_level_and_round_fires_once_and_when_the_clerk_says(
    ladder: list[Rung], seen: int | None
) -> None:
    world = _world(ladder)
    if seen is not None:
        _live(world, ladder, until=T0 + timedelta(minutes=seen))
        deadline = world.deadline("a")
        world.do(cm.Acknowledge(deadline.id, by=ASHA))
    _live(world, ladder, until=T0 + timedelta(minutes=LIMIT + AHEAD))
    fired = [(Fired(number(event.planned_at) - number(T0), event.level, event.round), at) for event, at in world.told]
    assert sorted(one for one, _ in fired) == expected(ladder, seen)
    assert all(T0 + timedelta(minutes=one.minute) == at for one, at in fired)
    assert len(set(fired)) == len(fired)
    assert world.breaches() == [("a", T0 + timedelta(minutes=LIMIT))]


class _World(World):
    """A case that remembers when each level was told."""

    told: list[tuple[ev.LevelRaised, datetime]]


def _world(ladder: list[Rung]) -> _World:
    own = Ladder.model_validate(
        {"ladder": "own", "title": "Own", "levels": [_level(place, rung) for place, rung in enumerate(ladder)]}
    )
    library = Library(calendars={"IN": PLACE.calendar("IN")}, ladders={**LADDERS, "own": own}, packs={})
    compiled = workflow({"a": {"time": {"limit": f"PT{LIMIT}M", "ladder": "own"}}})
    world = _World(compiled, library=library)
    world.told = []
    return world


def _level(place: int, rung: Rung) -> dict[str, object]:
    return {
        "level": place + 1,
        "after": rung.after,
        "to": "supervisor",
        **({"repeat": {"every": f"PT{rung.every}M", "times": rung.times}} if rung.every else {}),
        **({"needs_acknowledgement": True, "acknowledge_within": f"PT{rung.within}M"} if rung.within else {}),
    }


def _live(world: _World, ladder: list[Rung], *, until: datetime) -> None:
    """Let time pass, stopping wherever something is due; say of each level that finds nobody that it was missed."""
    while True:
        deadline = world.deadline("a")
        if deadline is None or deadline.next_at is None or deadline.next_at > until:
            break
        world.now = max(world.now, deadline.next_at)
        _tell(world, ladder, world.do(cm.FireDeadline(deadline.id)))
    world.now = until


def _tell(world: _World, ladder: list[Rung], events: tuple[ev.Event, ...]) -> None:
    for event in events:
        if not isinstance(event, ev.LevelRaised):
            continue
        world.told.append((event, world.now))
        if not ladder[event.level - 1].is_there:
            missed = cm.MissLevel(event.deadline.id, event.level, event.round, "role_empty")
            _tell(world, ladder, world.do(missed))


def test_the_reckoning_itself_is_right_on_a_ladder_worked_out_by_hand() -> None:
    ladder = [
        Rung("-PT4H", None, 1, 60, is_there=True),
        Rung("PT0M", 20, 2, None, is_there=True),
        Rung("PT2H", None, 1, None, is_there=False),
        Rung("P1D", None, 1, None, is_there=True),
    ]
    first = LIMIT - 240
    assert expected(ladder, None) == [
        Fired(first, 1, 1),
        Fired(LIMIT, 2, 1),
        Fired(LIMIT + 20, 2, 2),
        Fired(LIMIT + 40, 2, 3),
        Fired(LIMIT + 120, 3, 1),
        Fired(LIMIT + 120, 4, 1),
    ]
    assert expected(ladder, first + 30)[1] == Fired(LIMIT, 2, 1)
    assert instant(number(T0)) == T0
