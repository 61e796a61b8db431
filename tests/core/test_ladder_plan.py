"""Tests of when the levels of a ladder fire."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from engine.core.time.counting import CalendarMissingError, due_at, planned_levels
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder
from engine.language.limits import TimeLimit

FILES = Path(__file__).parents[2] / "workflows" / "ladders"
ZONE = "Asia/Kolkata"
START = datetime.fromisoformat("2026-03-08T13:40+05:30")


def shipped(name: str) -> Ladder:
    return Ladder.model_validate(YAML(typ="safe", pure=True).load((FILES / f"{name}.yaml").read_text("utf-8")))


def plan(ladder: Ladder, limit: str, calendar: Calendar | None = None) -> list[tuple[int, str]]:
    due = due_at(START, TimeLimit(limit), zone=ZONE, calendar=calendar)
    levels = planned_levels(ladder, start=START, due=due, zone=ZONE, calendar=calendar)
    return [(one.level, f"{one.fires_at.astimezone(START.tzinfo):%m-%d %H:%M}") for one in levels]


def test_a_silent_partner_is_reminded_on_days_10_and_14_and_passed_on_on_day_16() -> None:
    found = plan(shipped("partner-silent"), "P15D")
    assert found[:3] == [(1, "03-18 13:40"), (2, "03-22 13:40"), (3, "03-24 13:40")]


def test_nationality_is_amber_after_60_days_and_red_after_120() -> None:
    due = START + timedelta(days=60)
    levels = planned_levels(shipped("nationality-delay"), start=START, due=due, zone=ZONE)
    outward = [(one.fires_at - START).days for one in levels if one.spec.is_outward]
    assert outward == [60, 120]


def test_custody_is_warned_of_48_and_12_hours_before_it_ends() -> None:
    found = plan(shipped("detention-limit"), "P10D")
    assert found[:3] == [(1, "03-16 13:40"), (2, "03-18 01:40"), (3, "03-18 13:40")]


def test_a_warning_from_before_the_start_is_left_out() -> None:
    found = plan(shipped("detention-limit"), "PT24H")
    assert found[:2] == [(2, "03-09 01:40"), (3, "03-09 13:40")]


def test_a_child_not_produced_reaches_the_supervisor_after_half_an_hour() -> None:
    found = plan(shipped("child-not-produced"), "PT24H")
    assert found[1:4] == [(2, "03-09 13:40"), (3, "03-09 14:10"), (4, "03-09 14:40")]


def test_a_level_that_repeats_is_planned_each_time() -> None:
    levels = planned_levels(shipped("critical"), start=START, due=START, zone=ZONE)
    repeated = [(one.repetition, (one.fires_at - START) // timedelta(minutes=1)) for one in levels if one.level == 2]
    assert repeated == [(0, 30), (1, 60), (2, 90)]
    assert [one.fires_at for one in levels] == sorted(one.fires_at for one in levels)


def test_a_level_in_working_days_follows_the_calendar() -> None:
    steps: list[dict[str, Any]] = [
        {"level": 1, "after": "-P1WD", "to": "assignee"},
        {"level": 2, "after": "P1WD", "to": "supervisor"},
    ]
    ladder = Ladder.model_validate({"ladder": "test", "title": "Test", "levels": steps})
    dhaka = Calendar.model_validate(
        {"calendar": "BD", "title": "Test", "zone": "Asia/Dhaka", "weekend": ["fri", "sat"]}
    )
    due = datetime.fromisoformat("2026-03-12T16:00+06:00")
    levels = planned_levels(ladder, start=START - timedelta(days=9), due=due, zone="Asia/Dhaka", calendar=dhaka)
    assert [one.fires_at.isoformat() for one in levels] == ["2026-03-11T10:00:00+00:00", "2026-03-15T10:00:00+00:00"]
    with pytest.raises(CalendarMissingError):
        planned_levels(ladder, start=START, due=due, zone="Asia/Dhaka")


@pytest.mark.parametrize("path", sorted(FILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_ladder_climbs_in_time_for_any_common_limit(path: Path) -> None:
    for limit in ("PT30M", "PT24H", "P15D", "P60D", "P4M"):
        first_firings = [level for level, _ in plan(shipped(path.stem), limit)]
        assert list(dict.fromkeys(first_firings)) == sorted(set(first_firings))
