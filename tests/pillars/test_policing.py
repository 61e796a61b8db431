"""The step types of Policing: what they ask, propose, work out and print."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.plugin.steps import StepType
from pillars.policing import PILLAR
from pillars.policing.forms import AhtuForm, ChargesheetForm, FirForm, MedicalForm, RefusalForm
from pillars.policing.steps import (
    AHTU,
    CHARGESHEET,
    DEFAULT_BAIL,
    EVIDENCE,
    FIR,
    MEDICAL,
    REFUSAL,
    UPDATE,
    DefaultBailSettings,
)
from tests.pillars.support import (
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    problems,
    refuses_gaps_and_strangers,
    render,
    sentences,
)

CATALOGUE = {
    "policing.fir": """
        station:org! fir_no:text! fir_datetime:datetime! zero_fir:bool! transferred_to:org sections:multi!
        offence_date:date! governing_code:choice(BNS|IPC|BD|NP|MM)! woman_officer_present:bool videographed:bool
        copy_given_at:datetime refused:bool! refusal_officer:text
    """,
    "policing.ahtu": """
        io_name:text! io_contact:phone^! unit:org! plan:longtext^! other_units:multi interstate:bool!
        inquiry_heads:multi next_review:date! special_report_due:date
    """,
    "policing.evidence": """
        item_type:choice! description:longtext! collected_at:datetime! collected_by:person! place:geo^
        device_serial:text^ sha256:hash sealed:bool! witness_names:text^ custody_to:org! bsa63_certificate:file
        sensitive_image:bool~!
    """,
    "policing.medical": """
        consent_by:choice~! consent_at:datetime! hospital:org! sent_at:datetime! examined_at:datetime
        sample_list:multi~ report_due:date report_received:datetime refused:bool~ refusal_reason:longtext~
    """,
    "policing.update": """
        due_on:date! sent_at:datetime mode:choice! safe_channel_checked:bool! witnesses_examined:int arrests:int
        stage:choice! pending:longtext read_to_survivor_in:lang! acknowledged:sign
    """,
    "policing.chargesheet": """
        filed_on:date court:org! sections:multi! accused_count:int! custody_status:choice! default_bail_on:date!
        supplementary_expected:bool copy_to_victim:datetime
    """,
}

CATALOGUE["policing.refusal"] = "station:org! refused_at:datetime! sent_to:org! sent_at:datetime! mode:choice!"
CHANGES: dict[str, dict[str, Any]] = {"policing.fir": {"refused": False}}
FIR_AT = {"policing.fir": {"fir_datetime": "2026-03-07T21:00:00+05:30", "sections": ["BNS143", "JJ79"]}}
ASKED = [step for step in PILLAR.step_types if step.form]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    changes = CHANGES.get(step.key, {})
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step, **changes)
    refuses_gaps_and_strangers(step, **changes)
    has_only_open_outputs(step)


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_first_screen_asks_six_required_things_at_most(step: StepType) -> None:
    first = [spec for spec in step.fields if spec.first_bite]
    assert 0 < len(first) <= 6
    assert all(spec.required for spec in first)


def test_a_refusal_names_the_officer_as_far_as_known() -> None:
    said = sentences(FirForm, example(FirForm, refused=True, refusal_officer=None))
    assert said == ["Write which officer refused, or the rank, or: not known."]
    assert problems(FirForm, example(FirForm, refused=True, refusal_officer="station head")) == set()


def test_events_of_one_step_come_in_order() -> None:
    early = "2026-03-01T04:30:00+00:00"
    assert problems(FirForm, example(FirForm, copy_given_at=early)) == {"*"}
    assert problems(RefusalForm, example(RefusalForm, sent_at=early)) == {"*"}
    assert problems(MedicalForm, example(MedicalForm, examined_at=early)) == {"*"}
    assert problems(MedicalForm, example(MedicalForm, report_received=early)) == {"*"}
    assert problems(ChargesheetForm, example(ChargesheetForm, filed_on=None)) == {"*"}


def test_none_stands_alone_in_lists() -> None:
    assert problems(AhtuForm, example(AhtuForm) | {"other_units": ["none", "cyber_cell"]}) == {"*"}
    assert problems(MedicalForm, example(MedicalForm) | {"sample_list": ["none", "blood"]}) == {"*"}


@pytest.mark.parametrize(
    ("step", "name"),
    [(FIR, "fir_datetime"), (REFUSAL, "sent_at"), (EVIDENCE, "collected_at"), (MEDICAL, "sent_at")],
    ids=["fir", "refusal", "evidence", "medical"],
)
def test_the_event_time_says_when_the_step_happened(step: StepType, name: str) -> None:
    assert step.event_time_field == name


@pytest.mark.parametrize(
    ("jurisdiction", "code"), [("IN-ML", "BNS"), ("BD", "BD"), ("NP", "NP"), ("MM", "MM"), ("TH", None)]
)
def test_the_governing_law_is_proposed_by_country(jurisdiction: str, code: str | None) -> None:
    assert FIR.prepare is not None
    assert FIR.prepare(FakeContext(jurisdiction=jurisdiction)).prefill.get("governing_code") == code


@pytest.mark.parametrize(
    ("day", "code", "notes"),
    [
        ("2024-06-30", "IPC", 0),
        ("2024-06-30", "BNS", 1),
        ("2024-07-01", "BNS", 0),
        ("2024-07-01", "IPC", 1),
        ("2020-01-01", "BD", 0),
    ],
)
def test_a_law_that_does_not_fit_the_day_of_the_crime_is_pointed_out(day: str, code: str, notes: int) -> None:
    assert FIR.conclude is not None
    concluded = FIR.conclude(FakeContext(answers={"refused": False, "offence_date": day, "governing_code": code}))
    assert len(concluded.notes) == notes
    assert concluded.facts == {"fir_registered": True, "fir_refused": False}


def test_a_refusal_is_a_fact_and_its_letter_takes_over_what_was_written() -> None:
    assert FIR.conclude is not None
    assert REFUSAL.prepare is not None
    fir = {
        "refused": True,
        "station": "Station One",
        "refusal_officer": "station head",
        "fir_datetime": "2026-03-07T15:30:00Z",
    }
    assert FIR.conclude(FakeContext(answers=fir)).facts == {"fir_registered": False, "fir_refused": True}
    assert REFUSAL.prepare(FakeContext(before={"policing.fir": fir})).prefill == {
        "station": "Station One", "refusal_officer": "station head", "refused_at": "2026-03-07T15:30:00Z",
    }  # fmt: skip
    assert REFUSAL.prepare(FakeContext(before={"policing.fir": fir | {"refused": False}})).prefill == {}


def test_the_unit_plans_a_review_in_a_week_and_knows_of_borders() -> None:
    assert AHTU.prepare is not None
    context = FakeContext(before={"reporting.triage": {"border_crossing_risk": True}})
    assert AHTU.prepare(context).prefill == {"next_review": "2026-03-17", "interstate": True}
    assert AHTU.prepare(FakeContext()).prefill == {"next_review": "2026-03-17"}


def test_digital_evidence_asks_for_a_hash_a_certificate_and_a_seal() -> None:
    assert EVIDENCE.conclude is not None
    assert len(EVIDENCE.conclude(FakeContext(answers={"item_type": "phone", "sealed": False})).notes) == 3
    whole = {"item_type": "phone", "sealed": True, "sha256": "a" * 64, "bsa63_certificate": "file-1"}
    assert EVIDENCE.conclude(FakeContext(answers=whole)).notes == ()
    assert EVIDENCE.conclude(FakeContext(answers={"item_type": "clothing", "sealed": True})).notes == ()


def test_the_medical_report_is_proposed_for_a_week_later() -> None:
    assert MEDICAL.prepare is not None
    assert MEDICAL.prepare(FakeContext()).prefill == {"report_due": "2026-03-17"}


def test_in_india_the_survivor_is_told_90_days_after_the_fir() -> None:
    assert UPDATE.prepare is not None
    before: dict[str, dict[str, Any]] = FIR_AT | {
        "reporting.intake": {"language": "as"},
        "rescue.first_needs": {"language": "grt"},
    }
    assert UPDATE.prepare(FakeContext(before=before)).prefill == {"due_on": "2026-06-05", "read_to_survivor_in": "grt"}
    assert UPDATE.prepare(FakeContext()).prefill == {}


def test_in_bangladesh_the_survivor_is_told_every_month() -> None:
    assert UPDATE.prepare is not None
    first = FakeContext(jurisdiction="BD", zone="Asia/Dhaka", before=FIR_AT)
    later = FakeContext(jurisdiction="BD", zone="Asia/Dhaka", before={"policing.update": {"due_on": "2026-01-31"}})
    assert UPDATE.prepare(first).prefill["due_on"] == "2026-04-07"
    assert UPDATE.prepare(later).prefill["due_on"] == "2026-02-28"
    assert UPDATE.prepare(FakeContext(jurisdiction="BD")).prefill == {}


def test_news_by_an_unchecked_channel_is_pointed_out() -> None:
    assert UPDATE.conclude is not None
    assert len(UPDATE.conclude(FakeContext(answers={"safe_channel_checked": False})).notes) == 1
    assert UPDATE.conclude(FakeContext(answers={"safe_channel_checked": True})).notes == ()


def test_the_charge_sheet_takes_over_sections_and_counts_60_days_from_the_fir() -> None:
    assert CHARGESHEET.prepare is not None
    prefill = CHARGESHEET.prepare(FakeContext(before=FIR_AT)).prefill
    assert prefill == {"default_bail_on": "2026-05-06", "sections": ["BNS143", "JJ79"]}
    assert CHARGESHEET.prepare(FakeContext()).prefill == {}


@pytest.mark.parametrize(
    ("filed", "is_filed", "notes"), [("2026-05-05", True, 0), ("2026-05-06", True, 1), (None, False, 0)]
)
def test_a_charge_sheet_on_the_bail_day_is_late(filed: str | None, notes: int, *, is_filed: bool) -> None:
    assert CHARGESHEET.conclude is not None
    concluded = CHARGESHEET.conclude(FakeContext(answers={"filed_on": filed, "default_bail_on": "2026-05-06"}))
    assert concluded.facts == {"charge_sheet_filed": is_filed}
    assert len(concluded.notes) == notes


@pytest.mark.parametrize("days", [60, 90])
def test_the_bail_day_is_worked_out_and_watched_from_two_days_before(days: Any) -> None:
    assert DEFAULT_BAIL.run is not None
    done = DEFAULT_BAIL.run(FakeContext(before=FIR_AT, settings=DefaultBailSettings(days=days)))
    bail_at = datetime(2026, 3, 7, 15, 30, tzinfo=UTC) + timedelta(days=days)
    assert done.outputs == {"known": True, "default_bail_at": bail_at, "watch_from": bail_at - timedelta(hours=48)}


def test_without_a_fir_the_bail_day_is_not_known_and_only_60_or_90_days_can_be_set() -> None:
    assert DEFAULT_BAIL.run is not None
    assert DEFAULT_BAIL.run(FakeContext()).outputs == {"known": False}
    assert problems(DefaultBailSettings, {"days": 61}) == {"days"}
    assert problems(DefaultBailSettings, {"weeks": 1}) == {"weeks"}


@pytest.mark.parametrize(
    ("step", "name"),
    [(FIR, "fir-complaint"), (REFUSAL, "fir-refusal-letter"), (UPDATE, "progress-letter")],
    ids=["complaint", "refusal", "progress"],
)
def test_the_papers_print_with_all_with_little_and_with_nothing(step: StepType, name: str) -> None:
    assert step.form is not None
    assert name in {document.name for document in step.documents}
    for answers in (example(step.form), example(step.form, full=False)):
        assert "C-2026-0001" in render(name, step, answers)
    assert "not recorded" in render(name, step, {})


def test_the_refusal_letter_quotes_the_law_and_the_local_time() -> None:
    letter = render("fir-refusal-letter", REFUSAL, example(RefusalForm))
    assert "section 173(4)" in letter
    assert "Mon 09 Mar 2026, 10:00 (UTC+05:30, Asia/Kolkata)" in letter


def test_the_progress_letter_names_nobody() -> None:
    assert UPDATE.form is not None
    assert "Name Withheld" not in render("progress-letter", UPDATE, example(UPDATE.form))
