"""How a deadline stands to the second, what is a late entry, and by whose calendar a limit counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core import commands as cm
from engine.core.deadlines.lateness import DeadlineState, deadline_state, is_overdue
from engine.core.library import Library
from engine.core.records import AddedStep, Deadline, DeadlineStatus, Owes, step_id
from engine.core.time.explain import ReasonKind
from engine.core.time.explain import deadline_reasons as explain_deadline
from engine.core.time.reckoning import WRITTEN_DOWN_WITHIN, is_late_entry
from engine.language.calendars import Calendar
from engine.language.law import LawPack
from tests.core.small_world import CALENDAR, LADDERS, LAW, RUN, World, workflow

START = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
DUE = START + timedelta(hours=100)
SECOND = timedelta(seconds=1)


def deadline(**changes: Any) -> Deadline:
    values = {
        "id": UUID(int=1), "run_id": UUID(int=2), "step_id": UUID(int=3), "key": "visit", "path": "", "limit": "PT100H",
        "law": None, "ladder": "standard", "zone": "Asia/Kolkata", "calendar": None, "warn": (), "started_at": START,
        "due_at": DUE,
    }  # fmt: skip
    return Deadline.model_validate(values | changes)


@pytest.mark.parametrize(("now", "state"), [
    (START, DeadlineState.RUNNING),
    (START + timedelta(hours=80) - SECOND, DeadlineState.RUNNING),
    (START + timedelta(hours=80), DeadlineState.NEAR),
    (DUE - SECOND, DeadlineState.NEAR),
    (DUE, DeadlineState.OVERDUE),
    (DUE + SECOND, DeadlineState.OVERDUE),
])  # fmt: skip
def test_an_open_deadline_runs_comes_near_in_its_last_fifth_and_passes_at_its_due_instant(
    now: datetime, state: DeadlineState
) -> None:
    assert deadline_state(deadline(), now) is state
    assert is_overdue(DUE, now) is (state is DeadlineState.OVERDUE)


@pytest.mark.parametrize(
    ("warn", "hours"), [(("50%", "60%"), 60), (("95%",), 80), (("PT30H",), 70), (("10%", "PT90H"), 10)]
)
def test_it_is_near_from_the_last_warning_on_or_from_the_last_fifth_if_that_is_earlier(
    warn: tuple[str, ...], hours: int
) -> None:
    near = START + timedelta(hours=hours)
    assert deadline_state(deadline(warn=warn), near - SECOND) is DeadlineState.RUNNING
    assert deadline_state(deadline(warn=warn), near) is DeadlineState.NEAR


def test_a_warning_in_working_time_counts_only_with_a_calendar() -> None:
    calendar = Calendar.model_validate({"calendar": "IN", "title": "India", "zone": "Asia/Kolkata", "weekend": ["sun"]})
    warned = deadline(warn=("P3WD",))
    assert deadline_state(warned, START + timedelta(hours=50), calendar=calendar) is DeadlineState.NEAR
    assert deadline_state(warned, START + timedelta(hours=50)) is DeadlineState.RUNNING


@pytest.mark.parametrize(("changes", "state"), [
    ({"status": DeadlineStatus.MET, "ended_at": DUE}, DeadlineState.MET),
    ({"status": DeadlineStatus.MET, "ended_at": DUE + SECOND, "breached_at": DUE}, DeadlineState.LATE),
    ({"status": DeadlineStatus.ENDED, "ended_at": START}, DeadlineState.ENDED),
])  # fmt: skip
def test_what_has_ended_is_never_overdue_however_late_it_is(changes: dict[str, Any], state: DeadlineState) -> None:
    assert deadline_state(deadline(**changes), DUE + timedelta(days=400)) is state


def test_what_has_no_due_time_is_never_overdue() -> None:
    assert not is_overdue(None, DUE)


NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(("ago", "is_late"), [
    (timedelta(0), False),
    (timedelta(hours=23, minutes=59), False),
    (timedelta(hours=24), False),
    (timedelta(hours=24, seconds=1), True),
    (timedelta(days=40), True),
    (-timedelta(minutes=5), False),
])  # fmt: skip
def test_more_than_a_day_is_late(ago: timedelta, *, is_late: bool) -> None:
    assert timedelta(hours=24) == WRITTEN_DOWN_WITHIN
    assert is_late_entry(NOW - ago, NOW) is is_late


DHAKA = Calendar.model_validate(
    {"calendar": "BD", "title": "Bangladesh", "zone": "Asia/Dhaka", "weekend": ["fri", "sat"]}
)
LIMIT = LAW.limits[0].model_dump(mode="json", exclude_defaults=True) | {
    "limit": "P5WD", "counting": "working_days", "alternatives": []
}  # fmt: skip
AT_HOME, ABROAD = datetime.fromisoformat("2026-01-12T10:00+05:30"), datetime.fromisoformat("2026-01-12T10:30+06:00")
"""Five working days from Monday 5 January 2026: Monday 12 in both, over another weekend."""


def owed(*, by: str = "other_body", of: str = "IN", unit: str | None = None, law: bool = True) -> World:
    """Start a case in India with a limit of five working days, of the law or of the network."""
    packs = {"xx": LawPack.model_validate({"law": "xx", "title": "Laws", "limits": [
        {**LIMIT, "jurisdiction": of, "owed_by": by},
    ]})}  # fmt: skip
    library = Library({"IN": CALENDAR, "BD": DHAKA}, LADDERS, packs)
    time: dict[str, Any] = {"from": "start"} | ({"law": "XX-PRODUCE-24H"} if law else {"limit": "P5WD"})
    step: dict[str, Any] = {"time": time} | ({"assign": {"role": "caseworker", "unit": unit}} if unit else {})
    return World(workflow({"a": step}), library=library)


def counted(world: World) -> tuple[str | None, str, Owes]:
    known = world.deadline("a")
    return known.calendar, known.zone, known.counted_by


def again(world: World, **known: Any) -> World:
    """Count again, after something is known of who owes it."""
    world.state = replace(world.state, **known)
    world.do(cm.Recount("calendar BD"))
    return world


def test_a_limit_is_counted_where_the_case_is_led_when_nothing_else_is_known() -> None:
    assert counted(owed()) == ("IN", "Asia/Kolkata", Owes.CASE)


def test_the_partner_who_was_asked_for_it_owes_it_by_their_own_calendar() -> None:
    of = step_id(RUN, "a", "")
    world = again(owed(unit="IN"), owed_in={of: "BD-C"})
    assert counted(world) == ("BD", "Asia/Dhaka", Owes.PARTNER)
    assert world.due("a") == ABROAD


def test_the_unit_that_the_workflow_names_comes_next() -> None:
    assert counted(owed(unit="BD")) == ("BD", "Asia/Dhaka", Owes.STEP)


def test_a_step_that_somebody_adds_counts_where_they_say_that_it_is_done() -> None:
    world = owed()
    for place, expected in (("BD", Owes.ADDED), ("", Owes.CASE)):
        world.do(cm.AddStep(RUN, f"more{place}", AddedStep(uses="test.ask", title="More", limit="P5WD", place=place)))
        deadline = world.deadline(f"more{place}")
        assert deadline is not None
        assert deadline.counted_by is expected


def test_a_limit_of_the_law_of_another_place_is_owed_there() -> None:
    assert counted(owed(of="BD")) == ("BD", "Asia/Dhaka", Owes.LAW)
    assert owed(of="IN-AS").deadline("a") is None, "the text of a State holds in that State alone"
    assert counted(owed(of="*")) == ("IN", "Asia/Kolkata", Owes.CASE)


@pytest.mark.parametrize(("by", "law", "place"), [
    ("ours", True, Owes.UNIT), ("other_body", True, Owes.CASE), ("ours", False, Owes.UNIT),
])  # fmt: skip
def test_what_we_owe_is_counted_where_the_unit_is_that_has_the_case_now(by: str, law: bool, place: Owes) -> None:  # noqa: FBT001
    assert counted(again(owed(by=by, law=law), kept_in="BD"))[2] is place


def test_a_place_without_a_calendar_is_passed_over() -> None:
    of = step_id(RUN, "a", "")
    assert counted(again(owed(), owed_in={of: "LK"}))[2] is Owes.CASE


@pytest.mark.parametrize(("unit", "said"), [
    ("BD", "Working time is that of the calendar Bangladesh: the workflow gives this step to a unit there."),
    (
        None,
        (
            "Working time is that of the calendar Here: the case is led there, and nothing says that a unit"
            " elsewhere owes this."
        ),
    ),
])  # fmt: skip
def test_the_explanation_says_why_it_is_this_calendar(unit: str | None, said: str) -> None:
    world = owed(unit=unit)
    known = world.deadline("a")
    assert known is not None
    lines = explain_deadline(known, world.library)
    assert [line.text for line in lines if line.kind is ReasonKind.CALENDAR] == [said]
