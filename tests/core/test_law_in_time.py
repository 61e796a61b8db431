"""Tests of deadlines that follow a limit of the law only where it applies to what has been told."""

from typing import Any

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.library import Library
from engine.core.records import AddedStep
from engine.language.law import LawPack
from tests.core.small_world import ASHA, BINA, LIBRARY, RUN, World, hours, person, workflow


def limit(limit_id: str, length: str, **more: Any) -> dict[str, Any]:
    return {
        "id": limit_id, "jurisdiction": "IN", "what": "Do it", "trigger": "it happens", "limit": length,
        "counting": "elapsed", "duty": "police", "source": "An Act", "basis": "read", "confidence": "high",
        "if_missed": "Write.", **more,
    }  # fmt: skip


PACK = LawPack.model_validate(
    {
        "law": "yy", "title": "Laws with conditions",
        "limits": [
            limit("YY-CHILD", "PT24H", applies={"age_under": 18}),
            limit("YY-ADULT", "PT48H", applies={"age_from": 18}),
            limit("YY-CODE", "PT10H", applies={"offence_from": "2024-07-01"}),
            limit("YY-CODE", "PT20H", source="An older Act", applies={"offence_until": "2024-06-30"}),
            limit("YY-RULES", "PT36H", in_force_until="2026-01-05"),
            limit("YY-RULES", "PT3H", in_force_from="2026-01-06"),
        ],
    }
)  # fmt: skip
KNOWING = Library(calendars=LIBRARY.calendars, ladders=LIBRARY.ladders, packs={"yy": PACK})


def world(**steps: Any) -> World:
    return World(workflow({"first": {}, **steps}), library=KNOWING, victims=(ASHA, BINA))


def told(**said: str | int) -> dict[str, Any]:
    return {f"tells:{name}": value for name, value in said.items()}


def test_a_limit_counts_until_it_is_known_not_to_apply() -> None:
    case = world(second={"time": {"law": "YY-CHILD"}})
    assert case.due("second") == hours(24)
    case.end("first", **told(age=30))
    assert case.deadline("second") is None
    assert case.status("second") == "ready"


def test_a_limit_that_applies_goes_on() -> None:
    case = world(second={"time": {"law": "YY-CHILD"}})
    case.end("first", **told(age=12))
    assert case.due("second") == hours(24)


def test_the_next_limit_of_a_step_takes_the_place_of_one_that_does_not_apply() -> None:
    case = world(second={"time": [{"law": "YY-CHILD"}, {"law": "YY-ADULT"}]})
    assert case.due("second") == hours(24)
    case.end("first", **told(age=30))
    assert case.due("second") == hours(48)


def test_a_breach_before_it_was_known_stays() -> None:
    case = world(second={"time": {"law": "YY-CHILD"}})
    case.live(hours=25)
    case.end("first", **told(age=30))
    assert case.breaches() == [("second", hours(24))]
    assert case.deadline("second") is None


@pytest.mark.parametrize(("day", "due"), [("2024-06-30", 20), ("2024-07-01", 10), ("unknown", 10)])
def test_the_day_of_the_offence_chooses_the_code_that_is_counted(day: str, due: int) -> None:
    case = world(second={"time": {"law": "YY-CODE"}})
    assert case.due("second") == hours(10)
    case.end("first", **told(offence_day=day))
    assert case.due("second") == hours(due)


def test_each_person_has_the_limit_that_fits_them() -> None:
    case = World(
        workflow(
            {"ask": {"for_each": "case.victims"}, "act": {"for_each": "case.victims", "time": {"law": "YY-CHILD"}}}
        ),
        library=KNOWING, victims=(ASHA, BINA),
    )  # fmt: skip
    case.end("ask", person(ASHA), **told(age=30))
    assert case.deadline("act", person(ASHA)) is None
    assert case.due("act", person(BINA)) == hours(24)


def test_a_step_that_was_added_by_hand_follows_the_same_rule() -> None:
    case = world()
    case.do(cm.AddStep(RUN, "extra", AddedStep(uses="test.ask", title="Extra", law="YY-CHILD")))
    assert case.due("extra") == hours(24)
    case.end("first", **told(age=18))
    assert case.deadline("extra") is None


def test_the_text_of_the_day_on_which_a_limit_starts_counts_and_not_that_of_the_opening() -> None:
    case = world(second={"after": "first", "time": {"law": "YY-RULES"}})
    case.let(hours=20)
    case.end("first")
    assert case.due("second") == hours(23)


PRODUCE = "XX-PRODUCE-24H"


def test_a_limit_of_the_law_on_an_added_step_counts_from_what_the_law_names() -> None:
    case = World(workflow({"rescue": {"uses": "test.rare"}, "other": {}}), victims=(ASHA,))
    added = AddedStep(uses="test.ask", title="Produce", law=PRODUCE)
    case.do(cm.AddStep(RUN, "before", added))
    case.let(hours=2)
    assert case.due("before") == hours(24), "the law names what has not happened yet"
    case.end("rescue")
    case.let(hours=20)
    case.do(cm.AddStep(RUN, "after", added))
    case.do(cm.AddStep(RUN, "told", added.model_copy(update={"from_at": hours(1)})))
    case.do(cm.AddStep(RUN, "watched", added.model_copy(update={"watches": "it"})))
    assert (case.due("before"), case.due("after"), case.due("told")) == (hours(26), hours(26), hours(25))
    assert case.due("watched") == hours(46), "what asks to be watched says itself since when"


@pytest.mark.parametrize(
    ("outcome", "law", "status"),
    [
        ("done", PRODUCE, "met"),
        ("not_needed", PRODUCE, "met"),
        ("refused_by_person", PRODUCE, "ended"),
        ("blocked_by_other_body", PRODUCE, "ended"),
        ("blocked_by_other_body", None, "met"),
    ],
)
def test_what_the_law_asks_for_is_not_said_to_be_kept_when_another_body_stood_in_the_way(
    outcome: str, law: str | None, status: str
) -> None:
    case = World(workflow({"a": {"time": {"from": "start", **({"law": law} if law else {"limit": "PT4H"})}}, "b": {}}))
    case.end("a", outcome=outcome)
    (ended,) = (event.deadline for event in case.events if isinstance(event, ev.DeadlineEnded))
    assert (ended.status.value, ended.ended_at, ended.breached_at) == (status, case.now, None)
