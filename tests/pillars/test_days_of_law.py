"""A pillar counts by the packs of law: another pack moves its days, and without one a promise of the network counts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from engine.core.commands import Following
from engine.plugin.context import Law, Prepared, StepContext
from engine.plugin.steps import StepType
from pillars.policing.steps import Chargesheet, Fir, default_bail
from pillars.press.steps.takedown import due_at
from pillars.prosecution.steps import Hearing, Testimony
from pillars.protection.steps import Witness
from pillars.rescue.steps import Identify
from pillars.restitution.schemes import claim_limit
from pillars.restitution.steps import Award, Eligibility, Interim, limit_dates
from tests.kit.pillars import NOW as NOON_IN_MARCH
from tests.kit.pillars import FakeContext, OtherLaw, conclude, law_time, person, prepare, run
from tests.kit.shipped import library

ZONE = "Asia/Kolkata"
NOW = FakeContext(now=datetime(2026, 7, 1, tzinfo=UTC))
SENT = datetime(2026, 3, 10, 5, tzinfo=UTC)
FIR_AT = "2026-01-01T06:30:00+00:00"
ROUTES = {"restitution.eligibility": {"routes": ["NALSA", "POCSO33_8"]}}
Day = Callable[[StepContext], object]


def _data(pillar: str, name: str) -> Any:
    return json.loads(files(f"pillars.{pillar}").joinpath(name).read_text("utf-8"))


def _law(limit_id: str, option: str = "") -> Law:
    found = NOW.law(limit_id, option)
    assert found is not None, limit_id
    return found


def _prepared(step: StepType, context: StepContext) -> Prepared:
    return prepare(step, context)


def _watched(step: StepType, context: StepContext, name: str) -> Following:
    [found] = [one for one in conclude(step, context).follow_ups if one.name == name]
    return found


def _platform(ground: str) -> Day:
    return lambda context: due_at(context, SENT, ground)


def _proposed(step: StepType, name: str) -> Day:
    return lambda context: _prepared(step, context).prefill.get(name)


def _opens(step: StepType, name: str) -> Day:
    return lambda context: _day(_watched(step, context, name).opens_at)


def _due(step: StepType, name: str) -> Day:
    return lambda context: _day(_watched(step, context, name).due_at)


def _day(instant: datetime | None) -> str:
    return instant.date().isoformat()


def _output(step: StepType, name: str) -> Day:
    def read(context: StepContext) -> object:
        return run(step, context).outputs.get(name)

    return read


def _longest_order(context: StepContext) -> object:
    return [note for note in conclude(Witness, context).notes if note.startswith("An order lasts")]


def _hearings(*purposes: str) -> Mapping[str, Any]:
    told = [{"purpose": one, "hearing_on": "2026-01-05T05:00:00Z"} for one in purposes]
    return {"answers": told[-1], "history": {"prosecution.hearing": tuple(told[:-1])}}


CHILD: Mapping[str, Any] = {"persons": (person(age=13),), "before": {"policing.fir": {"sections": ["POCSO"]}}}
REGISTERED: Mapping[str, Any] = {"answers": {"fir_datetime": FIR_AT, "refused": False}}
OFFENCE: Mapping[str, Any] = {"before": {"policing.fir": {"offence_date": "2025-01-31"}}}
COGNIZANCE = {"purpose": "cognizance", "hearing_on": "2026-03-09T04:30:00Z"}
APPLIED: Mapping[str, Any] = {"answers": {"order_on": "2026-03-10", "expires_on": "2027-03-10"}}


@pytest.mark.parametrize(("day", "told", "limit", "changed", "as_shipped", "as_changed", "without_law"), [
    (_platform("court_or_government_order"), {}, "IN-TAKEDOWN", "PT5H",
     SENT + timedelta(hours=3), SENT + timedelta(hours=5), SENT + timedelta(hours=3)),
    (_platform("intimate_image"), {}, "IN-TAKEDOWN/intimate_images", "PT1H",
     SENT + timedelta(hours=2), SENT + timedelta(hours=1), SENT + timedelta(hours=2)),
    (_platform("urgent_complaint"), {}, "IN-TAKEDOWN/urgent_complaint", "P2D",
     SENT + timedelta(hours=36), SENT + timedelta(hours=48), SENT + timedelta(hours=36)),
    (_platform("law_on_identity"), {}, "IN-TAKEDOWN", "PT5H", None, None, None),
    (_proposed(Identify.step_type, "reflection_until"), {}, "INT-REFLECT", "P45D",
     "2026-04-09", "2026-04-24", "2026-04-09"),
    (_proposed(Testimony.step_type, "child_evidence_due"),
     CHILD | {"history": {"prosecution.hearing": (COGNIZANCE,)}}, "IN-POCSO-EVID-30D", "P2M",
     "2026-04-08", "2026-05-09", "2026-04-08"),
    (_proposed(Witness.step_type, "tar_due"), {}, "IN-WPS-TAR", "P3WD", "2026-03-17", "2026-03-13", "2026-03-17"),
    (_proposed(Witness.step_type, "tar_due"), {}, "IN-WPS-TAR", "P3D", "2026-03-17", "2026-03-13", "2026-03-17"),
    (_longest_order, APPLIED, "IN-WPS-REVIEW", "P6M", ["An order lasts 3 months at most: check its end."],
     ["An order lasts 6 months at most: check its end."], ["An order lasts 3 months at most: check its end."]),
    (_longest_order, APPLIED, "IN-WPS-REVIEW", "P1Y", ["An order lasts 3 months at most: check its end."], [],
     ["An order lasts 3 months at most: check its end."]),
    (_opens(Fir.step_type, "news"), REGISTERED, "IN-VICTIM-90D", "P60D", "2026-03-17", "2026-02-15", "2026-03-17"),
    (_opens(Fir.step_type, "news"), REGISTERED | {"jurisdiction": "BD"}, "BD-UPDATE-1M", "P2M",
     "2026-01-23", "2026-02-20", "2026-03-23"),
    (_opens(Chargesheet.step_type, "trial_2m"), {"answers": {"filed_on": "2026-01-01", "sections": ["BNS64_71"]}},
     "IN-TRIAL-2M", "P4M", "2026-02-13", "2026-04-15", "2026-02-14"),
    (_output(default_bail, "default_bail_at"), {"before": {"policing.fir": {"fir_datetime": FIR_AT}}},
     "IN-DEFAULT-BAIL", "P2M", datetime(2026, 3, 2, 6, 30, tzinfo=UTC), None, None),
    (_opens(Hearing.step_type, "charge"), _hearings("charge"), "IN-CHARGE-60D", "P90D",
     "2026-02-19", "2026-03-21", "2026-02-19"),
    (_opens(Hearing.step_type, "judgment"), _hearings("arguments"), "IN-JUDG-45D", "P45D",
     "2026-01-25", "2026-02-09", "2026-01-25"),
    (_opens(Hearing.step_type, "judgment"), _hearings("arguments"), "IN-JUDG-45D", "P7D",
     "2026-01-25", "2026-01-05", "2026-01-25"),
    (_opens(Hearing.step_type, "trial"), CHILD | _hearings("cognizance"), "IN-POCSO-TRIAL-1Y", "P6M",
     "2026-11-01", "2026-05-01", "2026-11-01"),
    (_opens(Hearing.step_type, "trial"), _hearings("charge") | {"jurisdiction": "BD"}, "BD-TRIAL-180WD", "P90WD",
     "2026-08-03", "2026-03-30", "2026-08-03"),
    (_proposed(Eligibility.step_type, "limit_date"), OFFENCE, "IN-COMP-LIMIT", "P730D",
     "2028-01-31", "2027-01-31", "2028-01-31"),
    (_output(limit_dates, "last_claim_at"), OFFENCE, "IN-COMP-LIMIT", "P1Y",
     datetime(2028, 1, 31, 18, 29, 59, tzinfo=UTC), datetime(2026, 1, 31, 18, 29, 59, tzinfo=UTC),
     datetime(2028, 1, 31, 18, 29, 59, tzinfo=UTC)),
    (_output(limit_dates, "second_warning_at"), OFFENCE, "IN-COMP-LIMIT", "P1Y",
     datetime(2027, 7, 31, 18, 29, 59, tzinfo=UTC), datetime(2025, 7, 31, 18, 29, 59, tzinfo=UTC),
     datetime(2027, 7, 31, 18, 29, 59, tzinfo=UTC)),
    (_proposed(Award.step_type, "appeal_by"),
     {"before": ROUTES | {"restitution.award": {"award_on": "2026-03-09"}}},
     "IN-COMP-APPEAL", "P3M", "2026-04-08", "2026-06-09", "2026-04-08"),
    (_due(Award.step_type, "award_paid"), {"before": ROUTES, "answers": {"award_on": "2026-03-09", "amount": "5"}},
     "IN-POCSO-COMP-30D", "P2M", "2026-04-08", "2026-05-09", "2026-04-08"),
    (_due(Interim.step_type, "interim_paid"), {"before": ROUTES, "answers": {"order_on": "2026-03-09"}},
     "IN-POCSO-COMP-30D", "P14D", "2026-04-08", "2026-03-23", "2026-04-08"),
    (_due(Interim.step_type, "interim_paid"), {"answers": {"order_on": "2026-03-09"}},
     "IN-POCSO-COMP-30D", "P14D", "2026-04-08", "2026-04-08", "2026-04-08"),
])  # fmt: skip
def test_another_pack_of_law_moves_the_day_and_without_one_the_network_counts(
    day: Day, told: Mapping[str, Any], limit: str, changed: str, as_shipped: object, as_changed: object,
    without_law: object,
) -> None:  # fmt: skip
    assert day(FakeContext(**told)) == as_shipped
    assert day(OtherLaw(**told, times={limit: changed})) == as_changed
    assert day(OtherLaw(**told)) == without_law


def test_the_law_of_the_day_says_how_long_a_platform_had_before_the_rules_of_2026() -> None:
    before = FakeContext(now=datetime(2026, 2, 1, tzinfo=UTC))
    assert due_at(before, SENT, "court_or_government_order") == SENT + timedelta(hours=36)
    assert due_at(before, SENT, "intimate_image") == SENT + timedelta(hours=24)
    assert due_at(before, SENT, "urgent_complaint") == SENT + timedelta(hours=72)


def test_the_note_on_interim_relief_says_the_time_of_the_pack() -> None:
    notes = _prepared(Interim.step_type, OtherLaw(before=ROUTES, times={"IN-POCSO-COMP-30D": "P2M"})).notes
    assert any(note.startswith("What the court orders is paid within 2 months.") for note in notes)


def test_a_bail_time_in_months_is_counted_by_the_calendar() -> None:
    told = {"policing.fir": {"fir_datetime": FIR_AT}}
    times = {"IN-DEFAULT-BAIL": "P2M", "IN-DEFAULT-BAIL/ten_years_or_more": "P3M"}
    assert _output(default_bail, "default_bail_at")(OtherLaw(before=told, times=times)) == datetime(
        2026, 3, 1, 6, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("rule", "limit_id", "option"),
    [
        (_data("press", "takedown.json")["grounds"][ground], "IN-TAKEDOWN", option)
        for ground, option in (
            ("court_or_government_order", ""),
            ("intimate_image", "intimate_images"),
            ("urgent_complaint", "urgent_complaint"),
        )
    ],
)
def test_what_is_asked_of_a_platform_without_a_law_is_what_the_shipped_pack_says(
    rule: Mapping[str, Any], limit_id: str, option: str
) -> None:
    assert (rule["law"], rule["option"]) == (limit_id, option)
    assert rule["hours"] == _law(limit_id, option).hours


@pytest.mark.parametrize(
    ("route", "term", "limit_id"),
    [("NALSA", "appeal", "IN-COMP-APPEAL"), ("POCSO33_8", "order_is_paid", "IN-POCSO-COMP-30D")],
)
def test_the_days_of_a_route_to_compensation_without_a_law_are_those_of_the_shipped_pack(
    route: str, term: str, limit_id: str
) -> None:
    [entry] = [one for one in _data("restitution", "schemes.json")["routes"] if one["route"] == route]
    assert entry[term] == {"law": limit_id, "days": _law(limit_id).whole_days}


def test_the_last_day_to_claim_is_counted_by_the_law_and_by_the_file_where_the_law_is_for_others() -> None:
    [entry] = _data("restitution", "schemes.json")["limits"]
    assert entry["claim_within_months"] == _law(entry["limit_id"]).months
    by_law, by_file = claim_limit(NOW), claim_limit(OtherLaw())
    assert (by_law.source, by_file.source) == (_law(entry["limit_id"]).source, entry["source"])
    assert by_law.warn_on(date(2025, 1, 31)) == (date(2027, 1, 31), date(2027, 7, 31), date(2027, 12, 31))
    assert replace(by_law, length=Law("", months=3)).warn_on(date(2025, 1, 31)) == (
        date(2025, 1, 31), date(2025, 1, 31), date(2025, 3, 31),
    )  # fmt: skip
    assert claim_limit(FakeContext(jurisdiction="NP")) is None


def test_a_day_by_law_is_the_last_one_of_a_shorter_month_and_counts_whole_days() -> None:
    assert _law("IN-JJ-ORDER-4M").day_after(date(2026, 10, 31)) == date(2027, 2, 28)
    assert _law("IN-DEFAULT-BAIL").day_after(date(2026, 1, 1)) == date(2026, 3, 2)
    assert _law("IN-JJ-PROD-24H").day_after(date(2026, 1, 1)) == date(2026, 1, 2)


@pytest.mark.parametrize(("written", "day", "instant", "words"), [
    ("PT36H", "2026-03-11", "2026-03-11T18:30:00+00:00", "36 hours"),
    ("P30D", "2026-04-09", "2026-04-09T06:30:00+00:00", "30 days"),
    ("P1D", "2026-03-11", "2026-03-11T06:30:00+00:00", "24 hours"),
    ("P3Y", "2029-03-10", "2029-03-10T06:30:00+00:00", "36 months"),
    ("P1M2D", "2026-04-12", "2026-04-12T06:30:00+00:00", "1 month and 2 days"),
    ("P4WD", "2026-03-16", "2026-03-16T06:30:00+00:00", "4 working days"),
    ("P1WD", "2026-03-11", "2026-03-11T06:30:00+00:00", "1 working day"),
    ("PT0H", "2026-03-10", "2026-03-10T06:30:00+00:00", "at once"),
])  # fmt: skip
def test_a_time_of_the_law_is_counted_and_said_as_it_is_written(
    written: str, day: str, instant: str, words: str
) -> None:
    length = law_time("IN-X", written)
    assert length.day_after(date(2026, 3, 10)).isoformat() == day
    assert length.instant_after(NOON_IN_MARCH, ZONE).isoformat() == instant
    assert length.in_words == words


def test_a_step_by_the_law_is_shown_before_its_end_and_never_before_it_began() -> None:
    def shown(length: Law | None, *, days_before: int) -> datetime:
        return FakeContext(zone=ZONE).shown_from(length, NOON_IN_MARCH, days_before=days_before, otherwise_days=4)

    assert shown(law_time("IN-X", "P30D"), days_before=10) == NOON_IN_MARCH + timedelta(days=20)
    assert shown(law_time("IN-X", "P30D"), days_before=31) == NOON_IN_MARCH
    assert shown(None, days_before=10) == NOON_IN_MARCH + timedelta(days=4)


def test_a_limit_that_no_pack_has_is_none_and_a_length_that_a_version_lacks_is_the_usual_one() -> None:
    assert NOW.law("IN-NO-SUCH-LIMIT") is None
    assert NOW.law("IN-DEFAULT-BAIL", "no_such_option") == NOW.law("IN-DEFAULT-BAIL")


def test_a_section_that_a_pack_names_is_one_that_the_report_to_the_police_can_have() -> None:
    known = next(set(spec.choices) for spec in Fir.step_type.fields if spec.name == "sections")
    named = {
        section
        for pack in library().packs.values()
        for limit in pack.limits
        for other in limit.alternatives
        for section in other.sections
    }
    assert named
    assert named <= known
