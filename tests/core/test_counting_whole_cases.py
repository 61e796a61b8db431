"""Tests of due times over whole cases: invented matters of six kinds, from report to return."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from ruamel.yaml import YAML

from engine.core.records import StepInterval
from engine.core.time.counting import due_at
from engine.definitions.holidays import with_public_holidays
from engine.language.calendars import Calendar, calendar_for
from engine.language.limits import TimeLimit

CALENDARS = Path(__file__).parents[2] / "workflows" / "calendars"

# jurisdiction, zone of the duty, start, limit, journey that does not count, due
DUE = [
    ("IN-AS", "Asia/Kolkata", "2026-03-07T18:40+05:30", "PT30M", None, "2026-03-07T19:10+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T18:40+05:30", "PT1H", None, "2026-03-07T19:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T18:40+05:30", "PT24H", None, "2026-03-08T18:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T22:40+05:30", "PT24H", None, "2026-03-08T22:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T22:40+05:30", "PT24H", "PT1H", "2026-03-08T23:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T22:40+05:30", "PT72H", None, "2026-03-10T22:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-08T13:40+05:30", "P15D", None, "2026-03-23T13:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-08T13:40+05:30", "P30D", None, "2026-04-07T13:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T21:00+05:30", "P30D", None, "2026-04-06T21:00+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T21:00+05:30", "P60D", None, "2026-05-06T21:00+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-07T21:00+05:30", "P90D", None, "2026-06-05T21:00+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-03-08T13:40+05:30", "P4M", None, "2026-07-08T13:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-06-11T13:40+05:30", "P30D", None, "2026-07-11T13:40+05:30"),
    ("IN-AS", "Asia/Kolkata", "2026-06-16T13:40+05:30", "P7D", None, "2026-06-23T13:40+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-01-29T21:10+05:30", "PT30M", None, "2026-01-29T21:40+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-01-29T21:10+05:30", "PT24H", None, "2026-01-30T21:10+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-01-30T02:10+05:30", "PT24H", None, "2026-01-31T02:10+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-01-30T02:10+05:30", "PT24H", "PT2H", "2026-01-31T04:10+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-01-30T16:10+05:30", "P7D", None, "2026-02-06T16:10+05:30"),
    ("IN-TR", "Asia/Dhaka", "2026-02-03T16:10+05:30", "P30D", None, "2026-03-05T16:40+06:00"),
    ("IN-TR", "Asia/Dhaka", "2026-02-03T16:10+05:30", "P1M", None, "2026-03-03T16:40+06:00"),
    ("IN-TR", "Asia/Kolkata", "2026-01-29T23:10+05:30", "P2M", None, "2026-03-29T23:10+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-03-26T23:10+05:30", "P30D", None, "2026-04-25T23:10+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-02-03T16:10+05:30", "P60D", None, "2026-04-04T16:10+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-05-04T16:10+05:30", "P7D", None, "2026-05-11T16:10+05:30"),
    ("IN-TR", "Asia/Dhaka", "2026-05-07T16:10+05:30", "P30D", None, "2026-06-06T16:40+06:00"),
    ("IN-TR", "Asia/Dhaka", "2026-05-21T10:00+06:00", "P7D", None, "2026-05-28T10:00+06:00"),
    ("IN-MZ", "Asia/Kolkata", "2026-02-02T20:15+05:30", "PT30M", None, "2026-02-02T20:45+05:30"),
    ("IN-MZ", "Asia/Kolkata", "2026-02-02T20:15+05:30", "PT1H", None, "2026-02-02T21:15+05:30"),
    ("IN-MZ", "Asia/Kolkata", "2026-02-02T20:15+05:30", "PT24H", None, "2026-02-03T20:15+05:30"),
    ("IN-MZ", "Asia/Kolkata", "2026-02-02T20:15+05:30", "PT48H", None, "2026-02-04T20:15+05:30"),
    ("IN-MZ", "Asia/Yangon", "2026-02-19T21:15+06:30", "PT24H", None, "2026-02-20T21:15+06:30"),
    ("IN-MZ", "Asia/Yangon", "2026-02-19T21:15+06:30", "PT72H", None, "2026-02-22T21:15+06:30"),
    ("IN-MZ", "Asia/Kolkata", "2026-02-19T21:15+06:30", "P30D", None, "2026-03-21T20:15+05:30"),
    ("IN-NL", "Asia/Kolkata", "2026-05-15T23:05+05:30", "PT30M", None, "2026-05-15T23:35+05:30"),
    ("IN-NL", "Asia/Kolkata", "2026-05-15T23:05+05:30", "PT24H", None, "2026-05-16T23:05+05:30"),
    ("IN-NL", "Asia/Kolkata", "2026-05-16T05:05+05:30", "PT24H", None, "2026-05-17T05:05+05:30"),
    ("IN-NL", "Asia/Kolkata", "2026-05-16T15:05+05:30", "P10D", None, "2026-05-26T15:05+05:30"),
    ("IN-NL", "Asia/Kolkata", "2026-05-19T15:05+05:30", "P5WD", None, "2026-05-26T15:05+05:30"),
    ("IN-WB", "Asia/Kolkata", "2026-09-05T15:05+05:30", "P5WD", None, "2026-09-11T15:05+05:30"),
    ("NP", "Asia/Kathmandu", "2026-08-22T11:40+05:45", "P5WD", None, "2026-08-27T11:40+05:45"),
    ("IN-NL", "Asia/Kolkata", "2026-05-16T02:05+05:30", "P30D", None, "2026-06-15T02:05+05:30"),
    ("IN-NL", "Asia/Kolkata", "2026-05-16T02:05+05:30", "P90D", None, "2026-08-14T02:05+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-19T17:20+05:30", "PT30M", None, "2026-06-19T17:50+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-19T17:20+05:30", "PT24H", None, "2026-06-20T17:20+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-19T18:20+05:30", "PT24H", None, "2026-06-20T18:20+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-28T18:20+05:30", "PT6H", None, "2026-06-29T00:20+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-28T18:20+05:30", "PT24H", None, "2026-06-29T18:20+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-28T18:20+05:30", "PT72H", None, "2026-07-01T18:20+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-06-29T06:20+05:30", "P15D", None, "2026-07-14T06:20+05:30"),
    ("IN-TR", "Asia/Kolkata", "2026-07-11T06:20+05:30", "P30D", None, "2026-08-10T06:20+05:30"),
    ("IN-ML", "Asia/Kolkata", "2026-07-26T08:25+05:30", "PT1H", None, "2026-07-26T09:25+05:30"),
    ("IN-ML", "Asia/Kolkata", "2026-07-26T08:25+05:30", "PT4H", None, "2026-07-26T12:25+05:30"),
    ("IN-ML", "Asia/Kolkata", "2026-07-26T08:25+05:30", "PT24H", None, "2026-07-27T08:25+05:30"),
    ("IN-ML", "Asia/Kolkata", "2026-07-26T08:25+05:30", "PT72H", None, "2026-07-29T08:25+05:30"),
    ("IN-ML", "Asia/Kolkata", "2026-07-26T08:25+05:30", "P7D", None, "2026-08-02T08:25+05:30"),
]


@pytest.fixture(scope="module")
def calendars() -> dict[str, Calendar]:
    yaml = YAML(typ="safe", pure=True)
    read = (Calendar.model_validate(yaml.load(path.read_text("utf-8"))) for path in CALENDARS.glob("*.yaml"))
    return {one.name: with_public_holidays(one, first_year=2025, last_year=2028) for one in read}


@pytest.mark.parametrize(("jurisdiction", "zone", "start", "limit", "journey", "due"), DUE)
def test_every_due_time_of_the_sample_cases_is_exact(
    calendars: dict[str, Calendar],
    jurisdiction: str,
    zone: str,
    start: str,
    limit: str,
    journey: str | None,
    due: str,
) -> None:
    begin = datetime.fromisoformat(start)
    excluded = [_journey(begin, TimeLimit(journey))] if journey else []
    calendar = calendar_for(jurisdiction, calendars)
    found = due_at(begin, TimeLimit(limit), zone=zone, calendar=calendar, excluded=excluded)
    assert found == datetime.fromisoformat(due)


def _journey(start: datetime, length: TimeLimit) -> StepInterval:
    left = start + timedelta(hours=1)
    return StepInterval(step_id=UUID(int=1), name="journey", start=left, end=left + timedelta(seconds=length.seconds))
