"""When levels fire: early when nobody answers, at once when nobody is there, each once and in order."""

from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.records import AddedStep, Deadline, DeadlineStatus, DelayOwner, step_id
from engine.core.time.counting import unanswered_levels
from engine.errors import NotFoundError
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from tests.core.small_world import LADDERS, LAW, LIBRARY, RUN, World, actor, hours, workflow

ANSWERED = {"needs_acknowledgement": True, "acknowledge_within": "PT1H"}


def ladder(*levels: tuple[str, dict[str, Any]], **more: Any) -> Ladder:
    said = [{"level": n, "after": after, "to": "supervisor", **rest} for n, (after, rest) in enumerate(levels, start=1)]
    return Ladder.model_validate({"ladder": "other", "title": "Other", "levels": said, **more})


def world_of(known: Ladder, **time: Any) -> World:
    library = replace(LIBRARY, ladders={**LADDERS, "other": known})
    limit = {"limit": "PT10H", "ladder": "other", **time}
    return World(workflow({"a": {"time": limit}, "z": {}}), library=library)


def raised(events: Any) -> list[tuple[int, int, Any]]:
    return [(e.level, e.round, e.planned_at) for e in events if isinstance(e, ev.LevelRaised)]


CLIMB = ladder(("PT0M", ANSWERED), ("PT4H", {**ANSWERED, "repeat": {"every": "PT30M", "times": 3}}), ("P1D", {}))


def test_a_level_that_nobody_acknowledges_brings_the_next_one_forward() -> None:
    world = world_of(CLIMB)
    assert raised(world.live(hours=40)) == [
        (1, 1, hours(10)), (2, 1, hours(11)), (2, 2, hours(11.5)), (2, 3, hours(12)), (3, 1, hours(12)),
        (2, 4, hours(12.5)),
    ]  # fmt: skip


def test_an_acknowledgement_leaves_the_next_level_its_own_time_and_ends_the_repeats() -> None:
    world = world_of(CLIMB)
    world.live(hours=10, minutes=30)
    world.do(cm.Acknowledge(world.deadline("a").id))
    assert raised(world.live(hours=4)) == [(2, 1, hours(14)), (2, 2, hours(14.5))]
    world.do(cm.Acknowledge(world.deadline("a").id))
    assert raised(world.live(hours=40)) == [(3, 1, hours(34))]


def test_an_acknowledgement_counts_only_for_the_levels_raised_before_it() -> None:
    world = world_of(CLIMB)
    world.live(hours=10, minutes=30)
    assert world.do(cm.Acknowledge(world.deadline("a").id))
    world.let(minutes=1)
    assert world.do(cm.Acknowledge(world.deadline("a").id)) == ()
    world.live(hours=4)
    assert world.deadline("a").next_firing == "l:2.3"
    world.do(cm.Acknowledge(world.deadline("a").id))
    assert world.deadline("a").next_firing == "l:3"


def test_time_that_a_second_person_gives_counts_as_an_acknowledgement() -> None:
    world = world_of(CLIMB)
    world.do(cm.AskExtension(world.deadline("a").id, "PT5H", "far_away", actor(1)))
    world.live(hours=10)
    world.do(cm.AnswerExtension(world.deadline("a").id, approved=True, by=actor(2)))
    assert raised(world.live(hours=8)) == []


EARLY = ladder(("-PT4H", ANSWERED), ("-PT1H", ANSWERED), ("PT0M", ANSWERED), ("P1D", {}))


def test_nobody_hears_of_a_breach_before_it_happens_because_a_reminder_was_not_acknowledged() -> None:
    assert raised(world_of(EARLY).live(hours=40)) == [
        (1, 1, hours(6)), (2, 1, hours(7)), (3, 1, hours(10)), (4, 1, hours(11)),
    ]  # fmt: skip


def test_a_reminder_that_reaches_nobody_lets_the_next_person_know_at_once_but_writes_no_letter_before_the_breach() -> (
    None
):
    letter = {
        "law_route": "Magistrate",
        "letter": "escalation-letter",
        "released_by": "lawyer",
        "release_within": "P1D",
    }
    world = world_of(ladder(("-PT4H", {}), ("PT1H", {}), ("PT2H", {"to": letter})))
    world.live(hours=6)
    assert raised(world.do(cm.MissLevel(world.deadline("a").id, 1, 1, "absent"))) == [(2, 1, hours(6))]
    assert raised(world.do(cm.MissLevel(world.deadline("a").id, 2, 1, "absent"))) == []
    assert raised(world.live(hours=40)) == [(3, 1, hours(10))]


# Reminders of what is counted in working days


@pytest.mark.parametrize(
    ("limit", "reminded"), [("P5WD", ["Fri 05:00", "Fri 10:00", "Mon 09:00"]), ("P7D", ["Sat 05:00", "Sun 10:00"])]
)
def test_reminders_of_a_limit_in_working_days_come_on_the_working_day_before(limit: str, reminded: list[str]) -> None:
    known = ladder(("-P1D", {}), ("-PT1H", {}))
    world = world_of(known, limit=limit, warn=["PT53H"])
    told = [e for e in world.live(days=7) if isinstance(e, ev.DeadlineWarned | ev.LevelRaised)]
    said = [e.planned_at.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%a %H:%M") for e in told]
    assert said[: len(reminded)] == reminded


def test_a_week_of_friday_and_saturday_is_kept_free_of_reminders_too() -> None:
    told = {"calendar": "BD", "title": "There", "zone": "Asia/Dhaka", "weekend": ["fri", "sat"]}
    library = replace(LIBRARY, calendars={**LIBRARY.calendars, "BD": Calendar.model_validate(told)})
    limit = {"limit": "P10WD", "warn": ["50%", "80%", "P2D", "P1D"]}
    world = World(workflow({"a": {"assign": {"unit": "BD"}, "time": limit}}), library=library)
    warned = [e.planned_at for e in world.live(days=20) if isinstance(e, ev.DeadlineWarned)]
    days = [at.astimezone(ZoneInfo("Asia/Dhaka")).strftime("%a") for at in warned]
    assert days
    assert not {"Fri", "Sat"} & set(days)


def test_a_level_of_which_nobody_could_be_told_raises_the_next_at_once() -> None:
    world = world_of(CLIMB)
    world.live(hours=10)
    events = world.do(cm.MissLevel(world.deadline("a").id, 1, 1, "absent"))
    assert [type(e).__name__ for e in events] == ["LevelMissed", "LevelRaised"]
    assert raised(events) == [(2, 1, hours(10))]
    assert world.do(cm.MissLevel(world.deadline("a").id, 1, 1, "absent")) == ()
    with pytest.raises(NotFoundError):
        world.do(cm.MissLevel(world.deadline("a").id, 3, 1, "absent"))


def test_when_nobody_is_there_at_all_the_whole_ladder_is_over_at_once() -> None:
    world = world_of(CLIMB)
    world.live(hours=10)
    for level in (1, 2, 3):
        world.do(cm.MissLevel(world.deadline("a").id, level, 1, "role_empty"))
    assert [name for name in world.deadline("a").fired if name.startswith("l:")] == ["l:1", "l:2", "l:3"]
    assert world.deadline("a").next_at is None


def test_a_ladder_that_overrides_quiet_hours_makes_the_deadline_critical() -> None:
    assert world_of(ladder(("PT0M", {}), overrides_quiet_hours=True)).deadline("a").critical
    assert not world_of(CLIMB).deadline("a").critical


_LADDERS = st.lists(
    st.tuples(
        st.sampled_from(["-PT30M", "PT0M", "PT45M", "PT2H", "PT8WH", "P1D", "P1WD", "P3D"]),
        st.sampled_from([None, "PT10M", "PT3H", "P1WD"]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=5,
)


def _drawn(drawn: list[tuple[str, str | None, int]]) -> Ladder:
    order = ["-PT30M", "PT0M", "PT45M", "PT2H", "P1D", "PT8WH", "P1WD", "P3D"]
    levels = []
    for after, within, times in sorted(drawn, key=lambda one: order.index(one[0])):
        rest: dict[str, Any] = {"needs_acknowledgement": True, "acknowledge_within": within} if within else {}
        levels.append((after, rest | ({"repeat": {"every": "PT25M", "times": times}} if times else {})))
    return ladder(*levels)


@given(_LADDERS, st.lists(st.tuples(st.integers(1, 30), st.sampled_from(["ack", "look", "miss"])), max_size=8))
def test_levels_fire_in_order_and_each_round_once_whatever_the_history(
    drawn: list[tuple[str, str | None, int]], acts: list[tuple[int, str]]
) -> None:
    world = world_of(_drawn(drawn))
    for passed, act in acts:
        (world.live if act != "look" else world.let)(hours=passed)
        _do(world, act)
    world.live(days=30)
    found = raised(world.events)
    assert len({(level, round_) for level, round_, _ in found}) == len(found)
    assert [level for level, round_, _ in found if round_ == 1] == list(range(1, len(drawn) + 1))
    assert len(world.breaches()) == 1


def _do(world: World, act: str) -> None:
    level = max((e.level for e in world.events if isinstance(e, ev.LevelRaised)), default=None)
    if act == "ack":
        world.do(cm.Acknowledge(world.deadline("a").id))
    elif act == "look":
        world.do(cm.FireDeadline(world.deadline("a").id))
    elif level is not None:
        world.do(cm.MissLevel(world.deadline("a").id, level, 1, "absent"))


@given(_LADDERS)
def test_unanswered_levels_fire_as_planned_and_one_late_look_raises_the_same_ones(
    drawn: list[tuple[str, str | None, int]],
) -> None:
    known = _drawn(drawn)
    watched, late = world_of(known), world_of(known)
    watched.live(days=30)
    late.let(days=30)
    late.do(cm.FireDeadline(late.deadline("a").id))
    planned = unanswered_levels(
        known, start=watched.deadline("a").started_at, due=hours(10), zone="Asia/Kolkata",
        calendar=LIBRARY.calendars["IN"],
    )  # fmt: skip
    assert raised(watched.events) == [(one.level, one.repetition + 1, one.fires_at) for one in planned]
    assert {one[:2] for one in raised(late.events)} == {one[:2] for one in raised(watched.events)}
    assert watched.breaches() == late.breaches() == [("a", hours(10))]


# Steps that a level opened


def test_a_step_that_a_level_opened_is_called_off_when_its_deadline_ends_and_holds_nothing_open() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}}))
    world.live(hours=3)
    added = AddedStep(uses="test.ask", title="Telephone", limit="PT30M", for_deadline=world.deadline("a").id)
    world.do(cm.AddStep(RUN, "call_1", added))
    assert world.status("call_1") == "ready"
    events = world.end("a")
    assert [e.reason_code for e in events if isinstance(e, ev.StepCancelled)] == ["deadline_over"]
    assert (world.status_of_case, world.state.deadlines) == ("closed", {})


def test_no_step_is_opened_for_a_deadline_that_has_ended() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}, "z": {}}))
    world.live(hours=3)
    ended = world.deadline("a").id
    world.end("a")
    assert world.do(cm.AddStep(RUN, "call_1", AddedStep(uses="test.ask", title="Call", for_deadline=ended))) == ()


# Whose delay


@pytest.mark.parametrize(
    ("outcome", "owner"),
    [("done", "ours"), ("blocked_by_other_body", "other_body"), ("refused_by_person", "persons_choice")],
)
def test_a_late_end_says_whose_delay_it_was_unless_somebody_has_named_it(outcome: str, owner: str) -> None:
    world, named = world_of(CLIMB), world_of(CLIMB)
    for one in (world, named):
        one.live(hours=11)
    named.do(cm.NameDelayOwner(named.deadline("a").id, DelayOwner.FORCE_MAJEURE, actor(1)))
    assert [_ended(one, outcome).delay_owner for one in (world, named)] == [owner, "force_majeure"]


def _ended(world: World, outcome: str) -> Deadline:
    ended = [e.deadline for e in world.end("a", outcome=outcome) if isinstance(e, ev.DeadlineEnded)][-1]
    assert ended.status is DeadlineStatus.MET
    return ended


def test_a_ladder_says_whose_delay_a_breach_is() -> None:
    world = world_of(ladder(("PT0M", {}), delay_owner="other_body"))
    assert world.deadline("a").delay_owner is None
    world.live(hours=11)
    assert world.deadline("a").delay_owner is DelayOwner.OTHER_BODY


@pytest.mark.parametrize(("owed_by", "of_ladder", "owner"), [
    ("other_body", None, "other_body"), ("ours", None, "ours"), ("other_body", "ours", "ours"), (None, None, "ours"),
])  # fmt: skip
def test_a_limit_of_the_law_is_the_delay_of_whoever_owes_it_unless_the_ladder_says_otherwise(
    owed_by: str | None, of_ladder: str | None, owner: str
) -> None:
    limits = [{**one.model_dump(by_alias=True), "owed_by": owed_by or "ours"} for one in LAW.limits]
    pack = LawPack.model_validate({**LAW.model_dump(by_alias=True), "limits": limits})
    known = ladder(("PT0M", {}), delay_owner=of_ladder)
    library = replace(LIBRARY, ladders={**LADDERS, "other": known}, packs={"xx": pack})
    limit = {"from": "start", "law": "XX-PRODUCE-24H"} if owed_by else {"limit": "PT24H"}
    world = World(workflow({"a": {"time": {**limit, "ladder": "other"}}}), library=library)
    world.live(hours=25)
    assert world.deadline("a").delay_owner == owner


def test_a_step_that_is_not_late_is_nobodys_delay() -> None:
    assert _ended(world_of(CLIMB), "blocked_by_other_body").delay_owner is None


def test_a_signed_note_names_the_owner_of_the_delay_that_opened_it() -> None:
    steps = {"a": {"time": {"limit": "PT2H", "on_breach": "note"}}, "b": {"time": {"limit": "PT2H"}}, "note": {}}
    world = World(workflow(steps))
    world.live(hours=3)
    events = world.end("note", delay_owner="force_majeure")
    named = [(e.deadline.key, e.deadline.delay_owner) for e in events if isinstance(e, ev.DelayOwnerNamed)]
    assert named == [("a", "force_majeure")]
    assert step_id(RUN, "note", "") in world.state.steps


# Counted again


def test_a_changed_calendar_moves_open_deadlines_once_and_names_the_cause() -> None:
    world = World(workflow({"a": {"time": {"limit": "P1WD"}}}))
    before = world.due("a")
    holiday = {"day": "2026-01-06", "name": "A feast"}
    changed = LIBRARY.calendars["IN"].model_validate(
        LIBRARY.calendars["IN"].model_dump(by_alias=True) | {"holidays": [holiday]}
    )
    world.library = replace(LIBRARY, calendars={"IN": changed})
    moved = [e for e in world.do(cm.Recount("calendar IN")) if isinstance(e, ev.DeadlineMoved)]
    assert [(e.before, e.deadline.due_at, e.cause) for e in moved] == [(before, hours(48), "calendar IN")]
    assert world.do(cm.Recount("calendar IN")) == ()


def test_a_changed_ladder_plans_what_fires_next_again() -> None:
    world = world_of(ladder(("PT4H", {})))
    world.live(hours=11)
    world.library = replace(LIBRARY, ladders={"other": ladder(("PT2H", {}))})
    events = world.do(cm.Recount("ladder other"))
    assert [(e.deadline.next_at, e.deadline.due_at) for e in events if isinstance(e, ev.DeadlineMoved)] == [
        (hours(12), hours(10))
    ]
