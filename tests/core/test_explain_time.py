"""Tests of the answer to "why this date?"."""

from datetime import datetime
from uuid import UUID

from engine.core.records import StepInterval
from engine.core.time.counting import due_at
from engine.core.time.explain import ReasonKind, explain
from engine.language.calendars import Calendar
from engine.language.limits import TimeLimit

ZONE = "Asia/Kolkata"
START = datetime.fromisoformat("2026-05-19T15:05+05:30")
ASSAM = Calendar.model_validate(
    {
        "calendar": "IN-AS",
        "title": "Assam, state offices",
        "zone": ZONE,
        "weekend": ["sat", "sun"],
        "holidays_from": "IN/AS",
        "holidays": [{"day": "2026-05-20", "name": "A feast"}],
        "extra_working_days": [{"day": "2026-05-24", "name": "Offices open for the count"}],
        "holidays_known_until": "2026-05-25",
    }
)


def journey(start: str, end: str | None) -> StepInterval:
    begin, over = (datetime.fromisoformat(text) if text else None for text in (start, end))
    assert begin
    return StepInterval(step_id=UUID(int=1), name="journey", start=begin, end=over)


def test_working_days_are_explained_line_by_line() -> None:
    lines = explain(
        START, TimeLimit("P5WD"), zone=ZONE, calendar=ASSAM, event="the order of the Competent Authority",
        source="network target, based on the scheme of 2018",
    )  # fmt: skip
    assert [line.text for line in lines] == [
        "It starts with the order of the Competent Authority: Tuesday 19 May 2026, 15:05.",
        (
            "The limit is 5 working days (network target, based on the scheme of 2018)."
            " Only working days count; the clock time stays the same."
        ),
        "Dates and clock times are those of Asia/Kolkata.",
        "Working time is that of the calendar Assam, state offices.",
        "Wednesday 20 May 2026 does not count: A feast.",
        "Saturday 23 May 2026 does not count: Saturday.",
        "Sunday 24 May 2026 counts: Offices open for the count.",
        "Public holidays are not known after Monday 25 May 2026: the date could still move.",
        "So it is due: Tuesday 26 May 2026, 15:05.",
    ]
    assert lines[-1].instant == due_at(START, TimeLimit("P5WD"), zone=ZONE, calendar=ASSAM)


def test_an_event_on_a_closed_day_names_day_one() -> None:
    bengal = Calendar.model_validate(
        {"calendar": "IN-WB", "title": "West Bengal", "zone": ZONE, "weekend": ["sat", "sun"]}
    )
    saturday = datetime.fromisoformat("2026-09-05T15:05+05:30")
    lines = explain(saturday, TimeLimit("P5WD"), zone=ZONE, calendar=bengal)
    assert [line.text for line in lines[4:]] == [
        (
            "It starts on a closed day: Saturday 5 September 2026. Only the day of the event is left out, so the first"
            " open day after it, Monday 7 September 2026, is day one."
        ),
        "Saturday 5 September 2026 does not count: Saturday.",
        "Sunday 6 September 2026 does not count: Sunday.",
        "So it is due: Friday 11 September 2026, 15:05.",
    ]


def test_each_journey_is_named_with_what_it_changes() -> None:
    lines = explain(
        START,
        TimeLimit("PT24H"),
        zone=ZONE,
        excluded=[
            journey("2026-05-19T18:00+05:30", "2026-05-19T20:00+05:30"),
            journey("2026-05-18T18:00+05:30", "2026-05-18T20:00+05:30"),
            journey("2026-05-20T09:00+05:30", None),
        ],
    )
    said = [(line.kind, line.text) for line in lines[3:]]
    assert said == [
        (
            ReasonKind.EXCLUDED,
            "Journey from Tuesday 19 May 2026, 18:00 to Tuesday 19 May 2026, 20:00 is not counted.",
        ),
        (
            ReasonKind.NOT_EXCLUDED,
            (
                "Journey from Monday 18 May 2026, 18:00 to Monday 18 May 2026, 20:00"
                " lies outside this time and changes nothing."
            ),
        ),
        (
            ReasonKind.NOT_EXCLUDED,
            "Journey since Wednesday 20 May 2026, 09:00 has no end yet: it is left out only once its end is recorded.",
        ),
        (ReasonKind.DUE, "So it is due: Wednesday 20 May 2026, 17:05."),
    ]


def test_elapsed_time_names_no_calendar() -> None:
    kinds = [line.kind for line in explain(START, TimeLimit("P15D"), zone=ZONE, calendar=ASSAM)]
    assert kinds == [ReasonKind.START, ReasonKind.LIMIT, ReasonKind.ZONE, ReasonKind.DUE]


def test_a_date_is_said_in_the_zone_of_the_duty() -> None:
    lines = explain(START, TimeLimit("P1M"), zone="Asia/Dhaka")
    assert lines[-1].text == "So it is due: Friday 19 June 2026, 15:35."


def test_a_calendar_whose_holidays_were_never_worked_out_says_so() -> None:
    bare = Calendar.model_validate(
        {"calendar": "IN", "title": "India", "zone": ZONE, "weekend": ["sun"], "holidays_from": "IN"}
    )
    lines = explain(START, TimeLimit("PT2WH"), zone=ZONE, calendar=bare)
    assert [line.text for line in lines if line.kind is ReasonKind.HOLIDAYS_UNKNOWN] == [
        "Public holidays are not known yet: the date could still move."
    ]
