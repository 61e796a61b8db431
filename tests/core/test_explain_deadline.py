"""Tests of the answer to "why this date?" for deadlines of a case."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import commands as cm
from engine.core.deadlines.firing import LimitChangeError
from engine.core.deadlines.firings import schedule
from engine.core.records import Deadline, Purpose, step_id
from engine.core.time.explain import ReasonKind
from engine.core.time.explain import deadline_reasons as explain_deadline
from engine.language.calendars import Calendar
from tests.core.small_world import LIBRARY, RUN, T0, World, actor, hours, journey, workflow

LIMITS = st.sampled_from(["PT0S", "PT10H", "P2D", "P1M", "P3WD", "PT12WH"])
ACT = ("let", "pause", "extend", "journey")
ACTS = st.lists(st.tuples(st.sampled_from(ACT), st.integers(1, 40)), max_size=8)


def _world(limit: str) -> World:
    return World(workflow({"a": {"time": {"limit": limit, "exclude": "journey"}}, "z": {}}))


def _known(world: World, purpose: Purpose = Purpose.LIMIT) -> Deadline:
    found = world.deadline("a", purpose=purpose)
    assert found is not None
    return found


def _act(world: World, act: str, number: int) -> None:
    of = _known(world).id
    try:
        if act == "let":
            world.let(hours=number)
        elif act == "pause":
            world.do(cm.PauseDeadline(of, world.now + timedelta(hours=number), "unsafe", actor(1)))
        elif act == "extend":
            world.do(cm.AskExtension(of, f"PT{number}H", "far_away", actor(1)))
            world.do(cm.AnswerExtension(of, approved=number % 4 > 0, by=actor(2)))
        else:
            world.do(cm.RecordInterval(journey("a", hours(number), hours(number + 2))))
    except LimitChangeError:
        assert act in {"pause", "extend"}


@given(limit=LIMITS, acts=ACTS, forgets_calendar=st.booleans())
def test_the_last_line_is_the_due_time_whatever_has_happened(
    limit: str, acts: list[tuple[str, int]], *, forgets_calendar: bool
) -> None:
    world = _world(limit)
    for act, number in acts:
        _act(world, act, number)
    library = replace(LIBRARY, calendars={}) if forgets_calendar else LIBRARY
    lines = explain_deadline(_known(world), library, intervals=world.state.intervals)
    assert (lines[-1].kind, lines[-1].instant) == (ReasonKind.DUE, _known(world).due_at)
    assert forgets_calendar or not any(line.kind in {ReasonKind.KEPT, ReasonKind.UNCOUNTABLE} for line in lines)


@settings(max_examples=150, deadline=None)
@given(
    limit=LIMITS, acts=st.lists(st.tuples(st.sampled_from([*ACT, "recount", "live"]), st.integers(1, 40)), max_size=12)
)
def test_due_time_is_running_since_plus_budget_less_what_was_consumed_whatever_has_happened(
    limit: str, acts: list[tuple[str, int]]
) -> None:
    world = _world(limit)
    for act, number in acts:
        if act == "recount":
            _recount(world, number)
        elif act == "live":
            world.live(hours=number)
        else:
            _act(world, act, number)
        known = _known(world)
        left = timedelta(seconds=(known.budget_seconds or 0) - (known.consumed_seconds or 0))
        assert known.running_since is not None
        assert known.running_since + left == known.due_at
        assert explain_deadline(known, world.library, intervals=world.state.intervals)[-1].instant == known.due_at


def _recount(world: World, number: int) -> None:
    """Close one more day of the calendar, as an administrator would, and count again."""
    day = (T0 + timedelta(days=number)).date().isoformat()
    told = world.library.calendars["IN"].model_dump(by_alias=True) | {"holidays": [{"day": day, "name": "A feast"}]}
    world.library = replace(world.library, calendars={"IN": Calendar.model_validate(told)})
    world.do(cm.Recount("calendar IN"))


def test_a_reminder_that_would_fall_on_a_closed_day_is_named_with_the_day_on_which_it_comes() -> None:
    world = World(workflow({"a": {"time": {"limit": "P5WD", "warn": ["PT53H", "PT2H"]}}}))
    [line] = [one for one in explain_deadline(_known(world), LIBRARY) if one.kind is ReasonKind.REMINDER_MOVED]
    assert line.text == (
        "The warning at PT53H would fall on a closed day, Saturday 10 January 2026, 05:00: "
        "it comes on the working day before, Friday 9 January 2026, 05:00."
    )
    assert line.instant == hours(24 * 4 - 5)


def test_a_reminder_for_which_no_working_day_is_left_is_said_to_be_left_out() -> None:
    world = World(workflow({"a": {"time": {"limit": "P1WD", "warn": "P1D"}}}), started_at=hours(-2), start=False)
    world.now = hours(24 * 5)
    world.start(next(iter(world.definitions.values())))
    said = [one.text for one in explain_deadline(_known(world), LIBRARY) if one.kind is ReasonKind.REMINDER_MOVED]
    assert said == [
        "The warning at P1D is left out: the working day before Sunday 11 January 2026, 10:00 is before the start."
    ]
    assert not [name for _, name in schedule(_known(world), LIBRARY) if name.startswith("w:")]


def test_each_pause_and_each_extension_has_its_line_with_its_reason() -> None:
    world = _world("PT10H")
    world.let(hours=1)
    _act(world, "journey", 2)
    _act(world, "pause", 5)
    _act(world, "extend", 3)
    _act(world, "extend", 4)
    lines = explain_deadline(_known(world), LIBRARY, event="the report")[3:]
    said = [(line.kind, line.text.replace("Monday 5 January 2026, ", "")) for line in lines]
    assert said == [
        (ReasonKind.EXCLUDED, "Journey from 12:00 to 14:00 is not counted."),
        (
            ReasonKind.PAUSED,
            "It is paused from 11:00 to 16:00: It would not be safe now.",
        ),
        (
            ReasonKind.EXTENDED,
            ("On 11:00 3 hours more were given (The place is far away or hard to reach):"
            " to Tuesday 6 January 2026, 04:00."),
        ),
        (ReasonKind.NOT_EXTENDED, "On 11:00 4 hours more were asked for: refused."),
        (ReasonKind.DUE, "So it is due: Tuesday 6 January 2026, 04:00."),
    ]  # fmt: skip


def test_a_journey_without_its_place_is_said_to_count_for_the_law() -> None:
    world = World(workflow({"a": {"time": {"law": "XX-PRODUCE-24H"}}}))
    nowhere = journey("a", hours(1), hours(2)).model_copy(update={"has_place": False})
    world.do(cm.RecordInterval(nowhere))
    lines = explain_deadline(_known(world), LIBRARY, intervals=world.state.intervals)
    told = next(line.text for line in lines if line.kind is ReasonKind.NOT_EXCLUDED)
    assert told.startswith("Journey from Monday 5 January 2026, 11:00 counts: its destination is not recorded")
    assert lines[-1].instant == hours(24)


def test_an_approval_and_an_appointed_opening_are_explained_too() -> None:
    approve = {"role": "supervisor", "limit": "PT1H"}
    world = World(workflow({"a": {"approve": approve}, "r": {"repeat": {"every": "P1M", "times": 2}}}))
    world.end("a")
    world.end("r", "r:1")
    of = _known(world, Purpose.APPROVAL)
    assert explain_deadline(of, LIBRARY)[-1].instant == hours(1)
    opening = next(d for d in world.state.deadlines.values() if d.purpose is Purpose.OPENING)
    assert [line.instant for line in explain_deadline(opening, LIBRARY)] == [opening.due_at]


def test_a_date_that_would_be_another_today_is_told_beside_the_one_that_is_kept() -> None:
    world = _world("PT10H")
    kept = _known(world).model_copy(update={"due_at": hours(12)})
    lines = explain_deadline(kept, LIBRARY)
    assert [(line.kind, line.instant) for line in lines[-2:]] == [
        (ReasonKind.KEPT, hours(10)),
        (ReasonKind.DUE, hours(12)),
    ]
    assert step_id(RUN, "a", "") == kept.step_id
