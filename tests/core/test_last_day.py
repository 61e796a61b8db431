"""Tests of the last day of a limit of the law in days: the clock warns, the end of the day accuses."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.lateness import DeadlineState, deadline_state
from engine.core.library import Library
from engine.core.time.explain import ReasonKind
from engine.core.time.explain import deadline_reasons as explain_deadline
from engine.core.time.reckoning import late_at, said_by
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder
from engine.language.law import KeptUntil, LawPack
from engine.language.limits import TimeLimit
from tests.core.small_world import CALENDAR, LADDERS, LAW, World, hours, journey, workflow

KOLKATA = "Asia/Kolkata"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_LIMIT = LAW.limits[0].model_dump(mode="json", exclude_defaults=True)
LETTERS = Ladder.model_validate(
    {
        "ladder": "letters",
        "title": "Letters",
        "levels": [
            {"level": 1, "after": "PT0M", "to": "supervisor"},
            {
                "level": 2,
                "after": "PT0M",
                "to": {
                    "law_route": "Superintendent", "letter": "a-letter", "released_by": "supervisor",
                    "release_within": "PT4H",
                },
            },
            {"level": 3, "after": "PT1H", "to": "supervisor"},
        ],
    }
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def pack(**changes: Any) -> LawPack:
    """Return a pack of one limit, in days unless told otherwise."""
    counted = {"limit": "P2D", "alternatives": [], **changes}
    return LawPack.model_validate({"law": "xx", "title": "Laws", "limits": [{**_LIMIT, **counted}]})


def law_world(*, own: dict[str, object] | None = None, **changes: Any) -> World:
    """Start a case with one step whose limit is one of the law, from ten o'clock on a Monday in Kolkata."""
    library = Library({"IN": CALENDAR}, {**LADDERS, "letters": LETTERS}, {"xx": pack(**changes)})
    time = {"law": "XX-PRODUCE-24H", "ladder": "letters", "from": "start", **(own or {})}
    return World(workflow({"a": {"time": time}}), library=library)


@pytest.mark.parametrize(("due", "until", "late"), [
    ("2026-08-14T02:05+05:30", KeptUntil.END_OF_DAY, "2026-08-15T00:00+05:30"),
    ("2026-08-14T00:00+05:30", KeptUntil.END_OF_DAY, "2026-08-15T00:00+05:30"),
    ("2026-08-14T23:59+05:30", KeptUntil.END_OF_DAY, "2026-08-15T00:00+05:30"),
    ("2026-08-13T20:00+00:00", KeptUntil.END_OF_DAY, "2026-08-15T00:00+05:30"),
    ("2026-08-14T02:05+05:30", KeptUntil.OFFICE_CLOSE, "2026-08-14T17:00+05:30"),
    ("2026-08-15T02:05+05:30", KeptUntil.OFFICE_CLOSE, "2026-08-17T17:00+05:30"),
    ("2026-01-26T11:00+05:30", KeptUntil.OFFICE_CLOSE, "2026-01-27T17:00+05:30"),
    ("2026-08-14T18:30+05:30", KeptUntil.OFFICE_CLOSE, None),
    ("2026-08-14T02:05+05:30", KeptUntil.INSTANT, None),
])  # fmt: skip
def test_it_is_late_from_the_end_of_its_last_day_or_when_the_office_closes(
    due: str, until: KeptUntil, late: str | None
) -> None:
    found = late_at(at(due), until, zone=KOLKATA, calendar=CALENDAR)
    assert found == (at(late) if late else None)


def test_an_office_whose_hours_nobody_knows_receives_until_the_day_ends() -> None:
    due = at("2026-08-14T02:05+05:30")
    assert late_at(due, KeptUntil.OFFICE_CLOSE, zone=KOLKATA) == at("2026-08-15T00:00+05:30")


@given(
    due=st.integers(0, 20 * 366 * 24 * 60).map(lambda minutes: LONG_AGO + timedelta(minutes=minutes)),
    zone=st.sampled_from([KOLKATA, "Asia/Kathmandu", "Asia/Dhaka", "Asia/Yangon", "Europe/London"]),
    until=st.sampled_from(list(KeptUntil)),
)
def test_nothing_is_late_before_it_is_due_and_a_day_ends_within_26_hours(
    due: datetime, zone: str, until: KeptUntil
) -> None:
    here = Calendar.model_validate({"calendar": "XX", "title": "X", "zone": zone, "weekend": ["sat"]})
    late = late_at(due, until, zone=zone, calendar=here)
    if late is not None:
        assert late > due
        assert until is not KeptUntil.END_OF_DAY or late - due <= timedelta(hours=26)


@pytest.mark.parametrize(
    ("changes", "own", "kept"),
    [
        ({}, {}, KeptUntil.END_OF_DAY),
        ({"limit": "P1M", "counting": "calendar"}, {}, KeptUntil.END_OF_DAY),
        ({"limit": "P5WD", "counting": "working_days"}, {}, KeptUntil.END_OF_DAY),
        ({"limit": "PT48H"}, {}, KeptUntil.INSTANT),
        ({"limit": "PT0H", "watch": "P1D"}, {}, KeptUntil.INSTANT),
        ({"kept_until": "instant"}, {}, KeptUntil.INSTANT),
        ({"kept_until": "office_close"}, {}, KeptUntil.OFFICE_CLOSE),
        ({}, {"limit": "P1D"}, KeptUntil.INSTANT),
    ],
    ids=[
        "days",
        "months",
        "working days",
        "hours",
        "our watch",
        "custody",
        "what an office receives",
        "our own length",
    ],
)
def test_the_law_and_how_it_is_written_say_until_when_it_is_kept(
    changes: dict[str, Any], own: dict[str, object], kept: KeptUntil
) -> None:
    assert law_world(own=own, **changes).deadline("a").kept_until is kept


def test_a_promise_of_the_network_in_days_is_late_when_it_is_due() -> None:
    world = World(workflow({"a": {"time": {"limit": "P2D"}}}))
    assert world.deadline("a").late_from == world.deadline("a").due_at == hours(48)


def test_the_clock_warns_and_tells_our_own_people_and_the_end_of_the_day_accuses() -> None:
    world = law_world()
    known = world.deadline("a")
    midnight = at("2026-01-08T00:00+05:30")
    assert (known.due_at, known.late_at) == (hours(48), midnight)
    world.now = hours(48)
    world.do(cm.FireDeadline(known.id))
    at_the_clock = world.deadline("a")
    assert "l:1" in at_the_clock.fired
    assert {"breach", "l:2", "l:3"}.isdisjoint(at_the_clock.fired)
    assert at_the_clock.breached_at is None
    assert (at_the_clock.next_at, at_the_clock.next_firing) == (midnight, "breach")
    world.now = midnight
    world.do(cm.FireDeadline(known.id))
    over = world.deadline("a")
    assert over.breached_at == hours(48)
    assert over.discovered_at == over.late_at == midnight
    assert {"breach", "l:2", "l:3"} <= set(over.fired)


def test_what_was_not_warned_of_is_still_warned_of_on_the_last_day_and_not_after_it() -> None:
    for now, warned in ((hours(50), True), (at("2026-01-08T00:00+05:30"), False)):
        world = law_world()
        world.now = now
        world.do(cm.FireDeadline(world.deadline("a").id))
        assert any(isinstance(event, ev.DeadlineWarned) for event in world.events) is warned
        next_at = world.deadline("a").next_at
        assert next_at is None or next_at > now


@pytest.mark.parametrize(
    ("done", "is_late"), [(hours(47), False), (hours(50), False), (at("2026-01-08T00:00:01+05:30"), True)]
)
def test_what_is_done_on_the_last_day_is_in_time(done: datetime, is_late: bool) -> None:  # noqa: FBT001
    world = law_world()
    world.now = done
    world.end("a")
    ended = [event for event in world.events if isinstance(event, ev.DeadlineEnded)][-1].deadline
    assert ended.breached_at == (hours(48) if is_late else None)


@pytest.mark.parametrize(("now", "state"), [
    (hours(48), DeadlineState.NEAR),
    (at("2026-01-07T23:59:59+05:30"), DeadlineState.NEAR),
    (at("2026-01-08T00:00+05:30"), DeadlineState.OVERDUE),
])  # fmt: skip
def test_it_is_overdue_only_after_its_last_day(now: datetime, state: DeadlineState) -> None:
    assert deadline_state(law_world().deadline("a"), now) is state


def test_a_journey_moves_both_instants() -> None:
    world = law_world(excludes=["journey"])
    world.now = hours(16)
    world.do(cm.RecordInterval(journey("a", hours(1), hours(15))))
    assert world.deadline("a").due_at == hours(62)
    assert world.deadline("a").late_at == at("2026-01-09T00:00+05:30")


@pytest.mark.parametrize(("changes", "said"), [
    (
        {},
        (
            "A limit in days is kept until its last day is over: by the end of Wednesday 7 January 2026 (due from"
            " 10:00). It is late after that."
        ),
    ),
    (
        {"kept_until": "office_close", "limit": "P21D"},
        (
            "An office receives it, in its opening hours; on its last day that office is closed (Republic Day), so"
            " the next open day counts: by 17:00 on Tuesday 27 January 2026 (due from Monday 26 January 2026,"
            " 10:00). It is late after that."
        ),
    ),
])  # fmt: skip
def test_the_explanation_says_until_when_it_is_kept(changes: dict[str, Any], said: str) -> None:
    world = law_world(**changes)
    lines = explain_deadline(world.deadline("a"), world.library)
    assert [line.text for line in lines if line.kind is ReasonKind.LAST_DAY] == [said]
    assert lines[-1].instant == world.deadline("a").due_at


def test_days_are_told_from_hours_by_how_they_are_written() -> None:
    texts = ["P1D", "P2W", "P2M", "P5WD", "PT24H", "P1DT1H", "PT8WH", "P0D"]
    assert [TimeLimit(text).is_in_days for text in texts] == [True, True, True, True, False, False, False, False]


def test_the_last_day_is_said_in_the_zone_of_the_duty() -> None:
    due, late = at("2026-08-14T02:05+05:30"), at("2026-08-15T00:00+05:30")
    assert said_by(due, late, ZoneInfo(KOLKATA)) == "by the end of Friday 14 August 2026 (due from 02:05)"


def test_a_limit_in_hours_says_nothing_of_its_last_day() -> None:
    with pytest.raises(ValidationError, match="kept_until is for limits in days"):
        pack(limit="PT24H", kept_until="office_close")


def test_what_is_ours_to_do_after_a_missed_limit_begins_when_it_is_due_by_the_clock() -> None:
    library = Library({"IN": CALENDAR}, LADDERS, {"xx": pack()})
    time = {"law": "XX-PRODUCE-24H", "from": "start", "on_breach": ["b"]}
    world = World(workflow({"a": {"time": time}, "b": {"discretionary": True}}), library=library)
    world.live(hours=49)
    assert world.step("b").opened_at == hours(48)
    assert world.breaches() == []
    world.live(hours=24)
    assert world.breaches() == [("a", hours(48))]
    assert [step.key for step in world.state.steps.values()].count("b") == 1
