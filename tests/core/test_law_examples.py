"""Every limit of the law falls due when it was worked out by hand that it does: two examples or more of each."""

from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from engine.core.law.ages import AgeRange
from engine.core.law.in_case import law_for
from engine.core.law.told import LawFacts
from engine.core.library import Library
from engine.core.records import Excluded
from engine.core.time.counting import due_at
from engine.definitions.holidays import with_public_holidays
from engine.language.calendars import Calendar
from engine.language.law import LawPack

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
    assert len(ids) == 65
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
