"""Limits of the law follow what has been told, and fall due when it was worked out by hand that they do."""

from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.law.told import AgeRange, LawFacts
from engine.core.library import Library, law_for
from engine.core.records import AddedStep, Excluded
from engine.core.time.counting import due_at
from engine.definitions.holidays import with_public_holidays
from engine.language.calendars import Calendar
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
    case.do(cm.AddStep(RUN, "watched", added.model_copy(update={"follow_up": "it"})))
    assert (case.due("before"), case.due("after"), case.due("told")) == (hours(26), hours(26), hours(25))
    assert case.due("watched") == hours(46), "what asks to be watched says itself since when"


@pytest.mark.parametrize(("outcome", "law", "status"), [
    ("done", PRODUCE, "met"),
    ("not_needed", PRODUCE, "met"),
    ("refused_by_person", PRODUCE, "ended"),
    ("blocked_by_other_body", PRODUCE, "ended"),
    ("blocked_by_other_body", None, "met"),
])  # fmt: skip
def test_what_the_law_asks_for_is_not_said_to_be_kept_when_another_body_stood_in_the_way(
    outcome: str, law: str | None, status: str
) -> None:
    case = World(workflow({"a": {"time": {"from": "start", **({"law": law} if law else {"limit": "PT4H"})}}, "b": {}}))
    case.end("a", outcome=outcome)
    (ended,) = (event.deadline for event in case.events if isinstance(event, ev.DeadlineEnded))
    assert (ended.status.value, ended.ended_at, ended.breached_at) == (status, case.now, None)


SHIPPED = Path(__file__).parents[2] / "workflows"


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


EXAMPLES: list[dict[str, Any]] = read(Path(__file__).parent / "law_examples.yaml")["examples"]
NO_TIME, NOT_USED = "none", "not used"


@cache
def library() -> Library:
    calendars = [Calendar.model_validate(read(path)) for path in (SHIPPED / "calendars").glob("*.yaml")]
    packs = [LawPack.model_validate(read(path)) for path in (SHIPPED / "law").glob("*.yaml")]
    return Library(
        calendars={one.name: with_public_holidays(one, first_year=2024, last_year=2029) for one in calendars},
        packs={one.name: one for one in packs},
    )


def told_of(example: dict[str, Any], zone: str) -> LawFacts:
    """Return what an example tells; an age is one of the day on which the limit starts."""
    day = datetime.fromisoformat(example["start"]).astimezone(ZoneInfo(zone)).date()
    years = example.get("age")
    age = None if years is None else AgeRange(youngest=years, oldest=years, as_of=day)
    offence = example.get("offence")
    return LawFacts(
        date.fromisoformat(offence) if offence else None, (age,), (example.get("sex"),),
        sections=frozenset(example.get("sections", ())), place=example["place"],
    )  # fmt: skip


def named(example: dict[str, Any]) -> str:
    return f"{example['limit']} {example['start']} {example['due']}"


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_a_limit_falls_due_when_it_was_worked_out_that_it_does(example: dict[str, Any]) -> None:
    known, start = library(), datetime.fromisoformat(example["start"])
    calendar, option = known.calendar(example["place"]), example.get("option")
    law = law_for(
        known, example["limit"], told=told_of(example, calendar.zone), zone=calendar.zone, started=start, option=option
    )
    assert law.limit.source == example["source"]
    assert law.is_used is (example["due"] != NOT_USED)
    counted = law.limit_for(option)
    if example["due"] in {NO_TIME, NOT_USED}:
        assert (counted is None) or not law.is_used
        return
    assert counted is not None
    journey = [datetime.fromisoformat(at) for at in example.get("journey", ())]
    excluded = (Excluded(name="journey", start=journey[0], end=journey[1]),) if journey else ()
    assert not journey or "journey" in law.limit.excludes
    due = due_at(start, counted, zone=calendar.zone, calendar=calendar, excluded=excluded)
    assert due == datetime.fromisoformat(example["due"]), example["how"]


def test_each_limit_has_two_examples_or_more() -> None:
    ids = {limit for pack in library().packs.values() for limit in pack.by_id}
    counted = Counter(example["limit"] for example in EXAMPLES)
    assert len(ids) == 75
    assert {limit for limit in ids if counted[limit] < 2} == set()
    assert set(counted) == ids


def test_every_text_of_a_limit_and_every_length_of_it_has_an_example() -> None:
    shown = {(example["limit"], example["source"]) for example in EXAMPLES}
    lengths = {(example["limit"], example.get("option")) for example in EXAMPLES}
    for pack in library().packs.values():
        for limit in pack.limits:
            assert (limit.id, limit.source) in shown
            assert {(limit.id, other.option) for other in limit.alternatives} <= lengths


def test_a_limit_that_depends_on_the_day_of_the_offence_has_an_example_on_either_side() -> None:
    for pack in library().packs.values():
        for limit in pack.limits:
            if limit.applies.offence_from or limit.applies.offence_until:
                days = {one.get("offence") for one in EXAMPLES if one["limit"] == limit.id}
                assert {"2024-06-30", "2024-07-01"} <= days, limit.id
