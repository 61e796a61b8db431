"""The step types of Policing: what they ask, propose, work out and print."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.builtin import Release
from engine.cases.answers import check_answers
from engine.errors import InvalidAnswersError
from engine.plugin.answers import read_answers
from engine.plugin.context import Law, StepContext
from engine.plugin.steps import StepType
from pillars.policing.follow_ups import next_news
from pillars.policing.forms import (
    AhtuForm,
    CertificateForm,
    CertificateSettings,
    ChargesheetForm,
    DefaultBailSettings,
    EvidenceForm,
    FirForm,
    HandoverForm,
    MagistrateForm,
    MedicalForm,
    RefusalForm,
)
from pillars.policing.steps import (
    Ahtu,
    Certificate,
    Chargesheet,
    Evidence,
    Fir,
    Handover,
    Magistrate,
    Medical,
    Refusal,
    Update,
    custody_check,
    default_bail,
)
from pillars.policing.steps.charging import bail_day
from pillars.policing.steps.evidence import chain_of
from tests.kit.pillars import (
    NOW,
    FakeContext,
    conclude,
    example,
    prepare,
    problems,
    render,
    run,
    said,
    sentences,
)

FIR_AT = {"policing.fir": {"fir_datetime": "2026-03-07T21:00:00+05:30", "sections": ["BNS143", "JJ79"]}}


def test_a_refusal_names_the_officer_as_far_as_known() -> None:
    said = sentences(FirForm, example(FirForm, refused=True, refusal_officer=None))
    assert said == ["Write which officer refused, or the rank, or: not known."]
    assert problems(FirForm, example(FirForm, refused=True, refusal_officer="station head")) == set()


def test_a_refused_report_is_asked_for_what_was_refused_and_not_for_a_number() -> None:
    common = {"station": "Sadar", "fir_datetime": "2026-03-07T15:30:00Z", "sections": ["BNS143"]}
    common |= {"offence_date": "2026-03-01", "governing_code": "BNS"}
    refused = common | {"refused": True, "refusal_officer": "station head", "refusal_words": "Go home."}
    check_answers(Fir.step_type, refused)
    check_answers(Fir.step_type, common | {"refused": False, "fir_no": "12/2026", "zero_fir": False})
    with pytest.raises(InvalidAnswersError) as missed:
        check_answers(Fir.step_type, common | {"refused": False})
    assert set(missed.value.problems) == {"fir_no", "zero_fir"}


def test_events_of_one_step_come_in_order() -> None:
    early = "2026-03-01T04:30:00+00:00"
    assert problems(FirForm, example(FirForm, copy_given_at=early)) == {"*"}
    assert problems(RefusalForm, example(RefusalForm, sent_at=early)) == {"*"}
    assert problems(MedicalForm, example(MedicalForm, examined_at=early)) == {"*"}
    assert problems(MedicalForm, example(MedicalForm, report_received=early)) == {"*"}
    assert problems(ChargesheetForm, example(ChargesheetForm, filed_on=None)) == {"*"}
    assert problems(ChargesheetForm, example(ChargesheetForm, first_remand_on="2026-03-10")) == {"*"}
    assert problems(HandoverForm, example(HandoverForm, taken_at=early)) == {"*"}
    assert problems(MagistrateForm, example(MagistrateForm, order_on="2026-03-01")) == {"*"}
    assert problems(MagistrateForm, example(MagistrateForm, order="register", order_on=None)) == {"*"}
    assert problems(MagistrateForm, example(MagistrateForm, order="pending", order_on=None)) == set()


@pytest.mark.parametrize("second", ["signed", " SIGNED "])
def test_two_different_people_sign_the_certificate(second: str) -> None:
    assert sentences(CertificateForm, example(CertificateForm, part_b_signer=second)) == [
        "Parts A and B are signed by two different people."
    ]


def test_none_stands_alone_in_lists() -> None:
    assert problems(AhtuForm, example(AhtuForm) | {"other_units": ["none", "cyber_cell"]}) == {"*"}
    assert problems(MedicalForm, example(MedicalForm) | {"sample_list": ["none", "blood"]}) == {"*"}


@pytest.mark.parametrize(("step", "name"), [
    (Fir.step_type, "fir_datetime"),
    (Refusal.step_type, "sent_at"),
    (Evidence.step_type, "collected_at"),
    (Medical.step_type, "sent_at"),
], ids=["fir", "refusal", "evidence", "medical"])  # fmt: skip
def test_the_event_time_says_when_the_step_happened(step: StepType, name: str) -> None:
    assert step.event_time_field == name


@pytest.mark.parametrize(
    ("jurisdiction", "code"), [("IN-ML", "BNS"), ("BD", "BD"), ("NP", "NP"), ("MM", "MM"), ("TH", None)]
)
def test_the_governing_law_is_proposed_by_country(jurisdiction: str, code: str | None) -> None:
    assert prepare(Fir, jurisdiction=jurisdiction).prefill.get("governing_code") == code


@pytest.mark.parametrize(("day", "code", "notes"), [
    ("2024-06-30", "IPC", 0), ("2024-06-30", "BNS", 1), ("2024-07-01", "BNS", 0), ("2024-07-01", "IPC", 1),
    ("2020-01-01", "BD", 0),
])  # fmt: skip
def test_a_law_that_does_not_fit_the_day_of_the_crime_is_pointed_out(day: str, code: str, notes: int) -> None:
    answers = {"refused": False, "offence_date": day, "governing_code": code, "copy_given_at": "2026-03-09T04:30:00Z"}
    concluded = conclude(Fir, answers)
    assert len(concluded.notes) == notes
    assert concluded.facts == {"fir_registered": True, "fir_refused": False}


def test_a_refusal_is_a_fact_and_its_letter_takes_over_what_was_written() -> None:
    fir = {
        "refused": True,
        "station": "Station One",
        "refusal_officer": "station head",
        "fir_datetime": "2026-03-07T15:30:00Z",
    }
    assert conclude(Fir, fir).facts == {"fir_registered": False, "fir_refused": True}
    assert prepare(Refusal, before={"policing.fir": fir}).prefill == {
        "station": "Station One", "refusal_officer": "station head", "refused_at": "2026-03-07T15:30:00Z",
    }  # fmt: skip
    assert prepare(Refusal, before={"policing.fir": fir | {"refused": False}}).prefill == {}


def test_the_unit_plans_a_review_in_a_week_and_knows_of_borders() -> None:
    context = FakeContext(before={"reporting.triage": {"border_crossing_risk": True}})
    assert prepare(Ahtu, context).prefill == {"next_review": "2026-03-17", "interstate": True}
    assert prepare(Ahtu).prefill == {"next_review": "2026-03-17"}


def test_digital_evidence_asks_for_a_hash_a_certificate_and_a_seal() -> None:
    assert len(conclude(Evidence, {"item_type": "phone", "sealed": False}).notes) == 3
    whole = {"item_type": "phone", "sealed": True, "sha256": "a" * 64, "bsa63_certificate": "file-1"}
    assert conclude(Evidence, whole).notes == ()
    assert conclude(Evidence, {"item_type": "clothing", "sealed": True}).notes == ()


MARCH_7 = datetime(2026, 3, 7, 15, 30, tzinfo=UTC)
REFUSED: dict[str, Any] = {"refused": True, "fir_datetime": "2026-03-07T15:30:00Z", "station": "Station One"}
OVER = dict.fromkeys(("refusal", "superintendent", "magistrate", "ordered", "to_sign", "after_signing"))


def test_a_refusal_goes_up_rung_by_rung_and_each_rung_opens_the_next() -> None:
    [first] = conclude(Fir, REFUSED).follow_ups
    assert (first.uses, first.law, first.from_at) == ("policing.refusal", "IN-FIR-SP", MARCH_7)
    assert (first.opens_at, first.ladder) == (None, "police-refusal"), "at once, and not after a day"
    letter = {"sent_at": "2026-03-08T15:30:00Z", "mode": "by_hand"}
    [second] = conclude(Refusal, letter).follow_ups
    assert (second.uses, second.due_at) == ("policing.fir", MARCH_7 + timedelta(days=4))
    again = conclude(Fir, REFUSED, before={"policing.refusal": letter}).follow_ups
    assert said(again) == {"superintendent": None, "magistrate": "policing.magistrate"}
    assert again[1].due_at == MARCH_7 + timedelta(days=3)


def test_a_refusal_elsewhere_is_written_about_as_soon_though_no_law_says_so() -> None:
    [first] = conclude(Fir, REFUSED, jurisdiction="NP").follow_ups
    assert (first.law, first.from_at, first.due_at) == ("", MARCH_7, MARCH_7 + timedelta(hours=4))


@pytest.mark.parametrize("refused", [True, False])
def test_a_sexual_offence_against_a_child_is_reported_from_when_the_police_heard_of_it(*, refused: bool) -> None:
    told = REFUSED | {"refused": refused, "sections": ["BNS143", "POCSO"]}
    [report] = [one for one in conclude(Fir, told).follow_ups if one.name == "pocso_report"]
    assert (report.uses, report.law, report.from_at) == ("reporting.mandatory", "IN-POCSO-24H-REPORT", MARCH_7)
    for other in ({"sections": ["BNS143"]}, {"sections": None}):
        names = [one.name for one in conclude(Fir, told | other).follow_ups]
        assert "pocso_report" not in names
    assert "pocso_report" not in [one.name for one in conclude(Fir, told, jurisdiction="BD").follow_ups]


@pytest.mark.parametrize(
    ("jurisdiction", "news"),
    [("IN-AS", {"news": "IN-VICTIM-90D"}), ("BD", {"news": "BD-UPDATE-1M"}), ("NP", {})],
)
def test_a_report_that_is_registered_ends_the_ladder_and_begins_the_news(
    jurisdiction: str, news: dict[str, str]
) -> None:
    watches = conclude(Fir, REFUSED | {"refused": False}, jurisdiction=jurisdiction).follow_ups
    assert said(watches) == OVER | news
    assert all(one.from_at == MARCH_7 for one in watches if one.law)


@pytest.mark.parametrize(("e_report", "wanted"), [
    ("sent", ("policing.fir", "IN-FIR-ESIGN", MARCH_7, None)),
    ("signed", ("policing.fir", "", MARCH_7, MARCH_7 + timedelta(days=1))),
])  # fmt: skip
def test_a_report_sent_electronically_is_not_registered_until_it_is_signed_and_the_station_says_so(
    e_report: str, wanted: tuple[object, ...]
) -> None:
    done = conclude(Fir, REFUSED | {"refused": False, "e_report": e_report})
    [next_one] = [one for one in done.follow_ups if not one.is_over]
    assert (next_one.uses, next_one.law, next_one.from_at, next_one.due_at) == wanted
    assert (done.facts["fir_registered"], done.facts["fir_refused"]) == (False, False)


@pytest.mark.parametrize(
    ("before", "now", "is_late"),
    [
        ([{"refused": True}], {}, True),
        ([{"refused": False, "e_report": "sent"}], {}, True),
        ([{"refused": "not_known"}], {}, True),
        ([{"refused": True}], {"e_report": "signed"}, False),
        ([{"refused": True}], {"refused": True}, False),
        ([{"refused": True}, {"refused": False}], {}, False),
        ([{"refused": False}], {}, False),
        ([], {}, False),
    ],
    ids=["refused", "sent", "not known", "signed only", "refused again", "registered since", "registered", "the first"],
)
def test_what_is_registered_late_begins_a_time_of_its_own_once(
    before: list[dict[str, Any]], now: dict[str, Any], *, is_late: bool
) -> None:
    facts = conclude(Fir, REFUSED | {"refused": False} | now, history={"policing.fir": tuple(before)}).facts
    assert facts.get("registered_late_at") == (MARCH_7 if is_late else None)


@pytest.mark.parametrize(("answers", "wanted", "due"), [
    ({"order": "pending"}, {"magistrate": "policing.magistrate"}, "2026-03-24"),
    ({"order": "pending", "next_on": "2026-03-12"}, {"magistrate": "policing.magistrate"}, "2026-03-12"),
    ({"order": "register", "order_on": "2026-03-09"}, {"magistrate": None, "ordered": "policing.fir"}, "2026-03-10"),
    ({"order": "refused", "order_on": "2026-03-09"}, {"magistrate": None}, None),
    ({"order": "inquiry", "order_on": "2026-03-09"}, {"magistrate": None}, None),
])  # fmt: skip
def test_what_a_magistrate_decides_is_followed(
    answers: dict[str, Any], wanted: dict[str, str | None], due: str | None
) -> None:
    concluded = conclude(Magistrate, answers | {"affidavit": True})
    assert said(concluded.follow_ups) == wanted
    assert [f"{one.due_at:%Y-%m-%d}" for one in concluded.follow_ups if one.due_at] == ([due] if due else [])
    assert concluded.facts == {"magistrate_asked": True, "magistrate_ordered": answers["order"] == "register"}
    assert concluded.notes == ()
    assert len(conclude(Magistrate, answers | {"affidavit": False}).notes) == 1


def test_each_rung_has_its_letter_which_waits_for_a_person_and_takes_over_what_is_known() -> None:
    papers = {
        document.name: document for step in (Refusal.step_type, Magistrate.step_type) for document in step.documents
    }
    assert set(papers) == {"fir-station-letter", "fir-refusal-letter", "fir-magistrate-application"}
    assert all(document.on == "prepare" and document.leaves for document in papers.values())
    known = FakeContext(before={"policing.fir": REFUSED | {"sections": ["BNS143"]}}).earlier
    for name, step in (("fir-station-letter", Refusal.step_type), ("fir-refusal-letter", Refusal.step_type)):
        letter = render(name, step, {"station": "Station One"}, earlier=known)
        assert "Station One" in letter
        assert "BNS 143" in letter
        assert "section 173(" in letter
        assert "173" not in render(name, step, {}, jurisdiction="NP")
    application = render("fir-magistrate-application", Magistrate.step_type, {}, earlier=known)
    assert "Station One" in application
    assert "section 175(3)" in application
    assert "No such letter is recorded" in application, "the Superintendent comes first"
    asked = {"policing.fir": REFUSED, "policing.refusal": {"sent_at": "2026-03-10T04:30:00Z", "mode": "by_hand"}}
    application = render(
        "fir-magistrate-application", Magistrate.step_type, {}, earlier=FakeContext(before=asked).earlier
    )
    assert "section 173(4)" in application
    assert "No such letter" not in application
    assert "173" not in render("fir-magistrate-application", Magistrate.step_type, {}, jurisdiction="BD")


def test_the_letters_of_the_ladder_claim_a_refusal_only_where_one_was_written_down() -> None:
    late = {"what": "FIR", "since": "7 March 2026, 18:40", "due": "7 March 2026, 18:40", "is_over": "yes", "law": ""}
    silent = render("fir-refusal-letter", Release.step_type, {}, late=late)
    assert "refused to record" not in silent
    assert "has not been registered" in silent
    assert "7 March 2026, 18:40" in silent
    known = FakeContext(before={"policing.fir": REFUSED}).earlier
    refused = render("fir-refusal-letter", Release.step_type, {}, late=late, earlier=known)
    assert "refused to record" in refused
    assert "Station One" in refused


@pytest.mark.parametrize(
    ("offence", "letter", "application"), [("2024-06-30", "154(3)", "156(3)"), ("2024-07-01", "173(4)", "175(3)")]
)
def test_the_letters_name_the_code_of_the_day_of_the_offence(offence: str, letter: str, application: str) -> None:
    known = FakeContext(before={"policing.fir": REFUSED | {"offence_date": offence}}).earlier
    assert letter in render("fir-refusal-letter", Refusal.step_type, {}, earlier=known)
    assert application in render("fir-magistrate-application", Magistrate.step_type, {}, earlier=known)


@pytest.mark.parametrize(("changes", "notes"), [
    ({}, 1),
    ({"copy_given_at": "2026-03-09T04:30:00Z"}, 0),
    ({"copy_given_at": "2026-03-09T04:30:00Z", "zero_fir": True}, 1),
    ({"copy_given_at": "2026-03-09T04:30:00Z", "zero_fir": True, "transferred_to": "Station Two"}, 0),
    ({"copy_given_at": "2026-03-09T04:30:00Z", "woman_officer_present": False, "sections": ["BNS64_71"]}, 1),
    ({"copy_given_at": "2026-03-09T04:30:00Z", "woman_officer_present": False, "sections": ["ITPA"]}, 0),
])  # fmt: skip
def test_what_a_report_still_lacks_is_pointed_out(changes: dict[str, Any], notes: int) -> None:
    assert len(conclude(Fir, {"refused": False} | changes).notes) == notes


def test_a_report_that_is_tried_again_takes_over_what_was_told() -> None:
    before = {"policing.fir": REFUSED | {"sections": ["BNS143"], "refusal_officer": "station head"}}
    prefill = prepare(Fir, before=before).prefill
    assert prefill == {"governing_code": "BNS", "station": "Station One", "sections": ["BNS143"]}


def test_a_review_and_a_special_report_of_the_investigation_are_watched() -> None:
    both = conclude(Ahtu, {"next_review": "2026-03-17", "special_report_due": "2026-03-20"})
    assert said(both.follow_ups) == {"ahtu_review": "policing.ahtu", "special_report": "policing.ahtu"}
    assert said(conclude(Ahtu).follow_ups) == {}
    again = prepare(Ahtu, before={"policing.ahtu": {"io_name": "Officer", "interstate": False}}).prefill
    assert again == {"io_name": "Officer", "interstate": False, "next_review": "2026-03-17"}


PIECE: dict[str, Any] = {
    "label": "E1", "item_type": "phone", "collected_at": "2026-03-07T06:00:00Z", "collected_by": "Officer A",
    "custody_to": "Store One", "seal_no": "S1", "sha256": "a" * 64, "device_serial": "IMEI 1",
}  # fmt: skip
HANDED: dict[str, Any] = {
    "label": "E1", "given_by": "Officer A", "given_at": "2026-03-07T08:00:00Z", "taken_by": "Officer B",
    "taken_at": "2026-03-07T08:10:00Z", "seal_intact": True, "seal_no": "S1",
}  # fmt: skip
NEXT = HANDED | {
    "given_by": "Officer B", "given_at": "2026-03-08T08:00:00Z", "taken_by": "Laboratory",
    "taken_at": "2026-03-08T08:05:00Z",
}  # fmt: skip


@pytest.mark.parametrize(("hand_overs", "found"), [
    ([], (0, 0, 0)),
    ([HANDED], (0, 0, 0)),
    ([HANDED | {"given_by": " store  ONE "}], (0, 0, 0)),
    ([HANDED, NEXT], (0, 0, 0)),
    ([NEXT, HANDED], (0, 0, 0)),
    ([HANDED | {"label": "e1"}, NEXT], (0, 0, 0)),
    ([HANDED | {"given_by": "Officer X"}], (1, 0, 0)),
    ([HANDED, NEXT | {"given_by": "Officer A"}], (1, 0, 0)),
    ([HANDED | {"taken_at": "2026-03-07T08:15:00Z"}], (0, 0, 0)),
    ([HANDED | {"taken_at": "2026-03-07T08:15:01Z"}], (1, 0, 0)),
    ([HANDED | {"taken_at": "2026-03-07T20:00:00Z", "carried_by": "Courier"}], (0, 0, 0)),
    ([HANDED | {"given_at": "2026-03-07T05:59:00Z", "taken_at": "2026-03-07T06:01:00Z"}], (0, 1, 0)),
    ([HANDED, NEXT | {"given_at": "2026-03-07T08:09:00Z", "taken_at": "2026-03-07T08:20:00Z"}], (0, 1, 0)),
    ([HANDED | {"seal_intact": False}], (0, 0, 1)),
    ([HANDED | {"seal_no": "S2"}], (0, 0, 1)),
    ([HANDED | {"new_seal_no": "S2"}, NEXT | {"seal_no": "S2"}], (0, 0, 0)),
    ([HANDED | {"new_seal_no": "S2"}, NEXT], (0, 0, 1)),
    ([HANDED | {"label": "E9"}], (1, 0, 0)),
])  # fmt: skip
def test_gaps_overlaps_and_broken_seals_in_a_chain_are_found(
    hand_overs: list[dict[str, Any]], found: tuple[int, int, int]
) -> None:
    handed = [read_answers(HandoverForm, one) for one in hand_overs]
    chain = chain_of([read_answers(EvidenceForm, PIECE)], handed)
    assert (chain.gaps, chain.overlaps, chain.broken_seals) == found
    assert chain.is_whole == (found == (0, 0, 0))
    assert len(chain.notes) == sum(found)
    assert not any(name in note for note in chain.notes for name in ("Officer", "Store", "Laboratory", "Courier"))


def test_the_check_of_custody_says_what_it_found_and_prints_the_chain() -> None:
    history = {"policing.evidence": (PIECE,), "policing.handover": (HANDED, NEXT | {"given_by": "Officer A"})}
    context = FakeContext(history=history)
    done = run(custody_check, context)
    assert done.outputs == {"is_whole": False, "pieces": 1, "gaps": 1, "overlaps": 0, "broken_seals": 0}
    assert done.facts == {"custody_is_whole": False}
    assert done.notes == ("Piece 1, hand-over 2: it was given by someone who had not taken it.",)
    printed = render("custody-chain", custody_check, done.outputs, all_earlier=context.all_earlier)
    assert all(words in printed for words in ("E1", "Officer B", "Laboratory", "S1", "a" * 64))
    assert "not recorded" in render("custody-chain", custody_check, {})
    empty = run(custody_check).outputs
    assert (empty["is_whole"], empty["pieces"]) == (True, 0)


def test_a_hand_over_takes_over_who_has_the_piece_and_has_the_chain_checked() -> None:
    first = prepare(Handover, before={"policing.evidence": PIECE}).prefill
    assert first == {"label": "E1", "given_by": "Store One", "seal_no": "S1"}
    before = {"policing.evidence": PIECE, "policing.handover": HANDED | {"new_seal_no": "S2"}}
    assert prepare(Handover, before=before).prefill == {"label": "E1", "given_by": "Officer B", "seal_no": "S2"}
    whole, broken = (conclude(Handover, HANDED | {"seal_intact": is_whole}) for is_whole in (True, False))
    assert said(whole.follow_ups) == {"custody_check": "policing.custody_check"}
    assert (len(whole.notes), len(broken.notes)) == (0, 1)


@pytest.mark.parametrize(("jurisdiction", "changes", "is_opened"), [
    ("IN-AS", {}, True),
    ("IN-AS", {"bsa63_certificate": "file-1"}, False),
    ("IN-AS", {"item_type": "clothing"}, False),
    ("NP", {}, False),
])  # fmt: skip
def test_a_digital_piece_opens_its_certificate(jurisdiction: str, changes: dict[str, Any], *, is_opened: bool) -> None:
    history = {"policing.evidence": (PIECE,)}
    answers = PIECE | {"label": "E2", "sealed": True} | changes
    watches = conclude(Evidence, answers, jurisdiction=jurisdiction, history=history).follow_ups
    piece = UUID(int=1).hex
    assert said(watches) == ({f"certificate_{piece}": "policing.certificate"} if is_opened else {})
    assert [dict(one.settings) for one in watches] == ([{"piece": piece}] if is_opened else [])


def test_the_certificate_is_filled_in_from_its_own_piece_with_two_parts() -> None:
    history = {"policing.evidence": (PIECE, PIECE | {"label": "E2", "sha256": "b" * 64})}
    wanted = CertificateSettings.model_validate({"item": "1"})
    first = FakeContext(history=history, settings=wanted)
    prefill = prepare(Certificate, first).prefill
    assert prefill == {"label": "E1", "device": "IMEI 1", "sha256": "a" * 64}
    own = UUID(int=5)
    named = CertificateSettings.model_validate({"piece": own.hex})
    third = FakeContext(history=history, settings=named, by_id={own: PIECE | {"label": "E9"}})
    assert prepare(Certificate, third).prefill["label"] == "E9"
    assert prepare(Certificate, history=history, settings=named).prefill == {}
    latest = prepare(Certificate, history=history, settings=CertificateSettings()).prefill
    assert latest["label"] == "E2"
    assert prepare(Certificate, settings=CertificateSettings()).prefill == {}
    printed = render(
        "bsa63-certificate", Certificate.step_type, prefill, settings={"item": 1}, all_earlier=first.all_earlier
    )
    assert all(words in printed for words in ("Part A", "Part B", "a" * 64, "Officer A", "section 63(4)"))
    assert "not recorded" in render("bsa63-certificate", Certificate.step_type, {})
    whole = {"sha256": "a" * 64, "certificate": "file-1"}
    assert conclude(Certificate, whole).facts == {"evidence_certified": True}
    half = conclude(Certificate, {"sha256": "a" * 64})
    assert half.notes == ("Still missing on the certificate: the signed paper itself.",)


def test_each_piece_gets_the_next_mark() -> None:
    before = {"policing.evidence": PIECE}
    history = {"policing.evidence": (PIECE,)}
    assert prepare(Evidence).prefill == {"label": "E1"}
    assert prepare(Evidence, before=before, history=history).prefill == {"custody_to": "Store One", "label": "E2"}


def test_the_report_of_the_examination_is_watched_and_nothing_of_health_is_told() -> None:
    waiting = conclude(Medical, {"report_due": "2026-03-17", "refused": True})
    assert said(waiting.follow_ups) == {"medical_report": "policing.medical"}
    assert (waiting.notes, waiting.facts) == ((), {})
    come = conclude(Medical, {"report_due": "2026-03-17", "report_received": "2026-03-16T04:30:00Z"})
    assert said(come.follow_ups) == {"medical_report": None}
    before = {"hospital": "Hospital One", "report_due": "2026-03-12", "consent_by": "person"}
    again = prepare(Medical, before={"policing.medical": before}).prefill
    assert again == {"hospital": "Hospital One", "report_due": "2026-03-12"}


@pytest.mark.parametrize(("jurisdiction", "stage", "due"), [
    ("IN-AS", "investigation", "2026-06-07"),
    ("BD", "investigation", "2026-04-09"),
    ("IN-AS", "closed_by_police", None),
    ("BD", "judgment", None),
])  # fmt: skip
def test_news_come_again_until_the_matter_is_closed(jurisdiction: str, stage: str, due: str | None) -> None:
    answers = {"due_on": "2026-03-09", "stage": stage, "safe_channel_checked": True}
    [watch] = conclude(Update, answers, jurisdiction=jurisdiction).follow_ups
    assert (f"{watch.due_at:%Y-%m-%d}" if watch.due_at else None) == due
    assert watch.is_over == (due is None)


def test_the_progress_letter_is_prepared_before_it_is_read_out() -> None:
    assert [(one.name, one.on) for one in Update.step_type.documents] == [
        ("progress-letter-draft", "prepare"), ("progress-letter", "conclude"),
    ]  # fmt: skip
    assert "read aloud to you" in render("progress-letter-draft", Update.step_type, {})


REMAND = {"purpose": "remand", "hearing_on": "2026-03-09T05:00:00Z"}


@pytest.mark.parametrize(("history", "before", "remand", "day"), [
    ((), {}, None, "2026-05-06"),
    ((REMAND,), {}, "2026-03-09", "2026-05-08"),
    ((REMAND, REMAND | {"hearing_on": "2026-03-08T05:00:00Z"}), {}, "2026-03-08", "2026-05-07"),
    ((REMAND | {"purpose": "bail"},), {}, None, "2026-05-06"),
    ((), {"first_remand_on": "2026-03-10"}, "2026-03-10", "2026-05-09"),
    ((REMAND,), {"ten_years_or_more": True}, "2026-03-09", "2026-06-07"),
])  # fmt: skip
def test_bail_by_default_counts_from_the_first_remand_and_before_that_is_known_from_the_fir(
    history: tuple[dict[str, Any], ...], before: dict[str, Any], remand: str | None, day: str
) -> None:
    context = FakeContext(before=FIR_AT | {"policing.chargesheet": before}, history={"prosecution.hearing": history})
    prepared = prepare(Chargesheet, context)
    assert (prepared.prefill.get("first_remand_on"), prepared.prefill["default_bail_on"]) == (remand, day)
    assert len(prepared.notes) == (remand is None)


@pytest.mark.parametrize(("since", "grave", "day"), [
    (date(2026, 1, 1), False, date(2026, 3, 2)),
    (date(2026, 1, 1), True, date(2026, 4, 1)),
    (date(2024, 1, 1), False, date(2024, 3, 1)),
    (date(2025, 12, 31), False, date(2026, 3, 1)),
])  # fmt: skip
def test_the_bail_day_is_the_one_after_60_or_90_days_with_the_day_of_remand_counted(
    since: date, day: date, *, grave: bool
) -> None:
    assert bail_day(FakeContext(jurisdiction="IN-ML"), since, ten_years_or_more=grave) == day


def _other_law(days: int = 61, **given: Any) -> StepContext:
    """Make a case in a place whose pack of law gives 61 days and no time for news, or nothing at all."""

    def law(limit_id: str, option: str) -> Law | None:
        is_known = limit_id == "IN-DEFAULT-BAIL" and days and not option
        return Law(limit_id, 0, 0, days * 24, "", is_signed=False) if is_known else None

    return FakeContext(law=law, **given)


def test_another_pack_of_law_moves_the_bail_day_and_without_one_there_is_none() -> None:
    since = date(2026, 1, 1)
    assert bail_day(_other_law(), since, ten_years_or_more=False) == date(2026, 3, 3)
    assert bail_day(_other_law(), since, ten_years_or_more=True) is None
    registered = {"policing.fir": {"fir_datetime": "2026-01-01T06:30:00Z"}}
    assert "default_bail_on" not in prepare(Chargesheet, _other_law(before=registered, days=0)).prefill
    assert run(default_bail, _other_law(before=registered, days=0)).outputs == {"known": False}


def test_where_no_law_tells_of_news_it_comes_after_90_days() -> None:
    before = {"policing.fir": {"fir_datetime": "2026-01-01T06:30:00Z"}}
    assert next_news(_other_law(before=before)) == "2026-04-01"
    assert next_news(FakeContext(before=before, jurisdiction="BD")) == "2026-02-01"


def test_a_bail_day_that_does_not_fit_the_remand_is_pointed_out() -> None:
    answers = {"first_remand_on": "2026-03-09", "default_bail_on": "2026-05-06"}
    notes = conclude(Chargesheet, answers).notes
    assert notes == ("From the first remand the bail day is 08 May 2026: check it with the lawyer.",)
    assert conclude(Chargesheet, answers | {"default_bail_on": "2026-05-08"}).notes == ()


def test_while_the_charge_sheet_is_not_filed_the_bail_day_and_the_survivors_safety_are_watched() -> None:
    open_ = conclude(Chargesheet, {"default_bail_on": "2026-05-06"}).follow_ups
    assert said(open_) == {"bail_day": "policing.chargesheet", "bail_safety": "protection.safety"}
    assert {f"{one.due_at:%Y-%m-%d %H:%M}" for one in open_} == {"2026-05-05 18:29"}
    filed = {"default_bail_on": "2026-05-06", "filed_on": "2026-05-01", "copy_to_victim": "2026-05-02T04:30:00Z"}
    over = {"bail_day": None, "bail_safety": None}
    assert said(conclude(Chargesheet, filed).follow_ups) == over
    grave = conclude(Chargesheet, filed | {"sections": ["BNS64_71"]}).follow_ups
    assert said(grave) == over | {"trial_2m": "IN-TRIAL-2M"}
    abroad = conclude(Chargesheet, filed | {"sections": ["BNS64_71"]}, jurisdiction="BD").follow_ups
    assert said(abroad) == over


def test_the_medical_report_is_proposed_for_a_week_later() -> None:
    assert prepare(Medical).prefill == {"report_due": "2026-03-17"}


def test_in_india_the_survivor_is_told_90_days_after_the_fir() -> None:
    before: dict[str, dict[str, Any]] = FIR_AT | {
        "reporting.intake": {"language": "as"},
        "rescue.first_needs": {"language": "grt"},
    }
    assert prepare(Update, before=before).prefill == {
        "due_on": "2026-06-05",
        "read_to_survivor_in": "grt",
    }
    assert prepare(Update).prefill == {}


def test_in_bangladesh_the_survivor_is_told_every_month() -> None:
    first = FakeContext(jurisdiction="BD", zone="Asia/Dhaka", before=FIR_AT)
    later = FakeContext(jurisdiction="BD", zone="Asia/Dhaka", before={"policing.update": {"due_on": "2026-01-31"}})
    assert prepare(Update, first).prefill["due_on"] == "2026-04-07"
    assert prepare(Update, later).prefill["due_on"] == "2026-02-28"
    assert prepare(Update, jurisdiction="BD").prefill == {}


def test_news_by_an_unchecked_channel_is_pointed_out() -> None:
    assert len(conclude(Update, {"safe_channel_checked": False}).notes) == 1
    assert conclude(Update, {"safe_channel_checked": True}).notes == ()


def test_the_charge_sheet_takes_over_sections_and_counts_60_days_from_the_fir() -> None:
    prefill = prepare(Chargesheet, before=FIR_AT).prefill
    assert prefill == {"default_bail_on": "2026-05-06", "sections": ["BNS143", "JJ79"]}
    assert prepare(Chargesheet).prefill == {}


@pytest.mark.parametrize(("sections", "remand", "from_remand", "from_fir"), [
    (["BNS143"], "2026-04-01", "2026-05-31", "2026-05-06"),
    (["BNS143_2", "JJ79"], "2026-04-01", "2026-05-31", "2026-05-06"),
    (["BNS143_3"], "2026-04-01", "2026-06-30", "2026-06-05"),
    (["JJ79", "BNS143_4"], "2026-04-01", "2026-06-30", "2026-06-05"),
    (["BNS139"], "2026-04-01", "2026-06-30", "2026-06-05"),
])  # fmt: skip
def test_bail_by_default_counts_from_the_remand_with_its_day_and_by_the_section(
    sections: list[str], remand: str, from_remand: str, from_fir: str
) -> None:
    """The last of 60 or 90 days, the day of the remand being the first, is the day before the one that is named."""
    fir = {"policing.fir": FIR_AT["policing.fir"] | {"sections": sections, "offence_date": "2026-03-01"}}
    assert prepare(Chargesheet, before=fir).prefill["default_bail_on"] == from_fir
    heard = {"prosecution.hearing": ({"purpose": "remand", "hearing_on": f"{remand}T05:30:00Z"},)}
    prepared = prepare(Chargesheet, before=fir, history=heard).prefill
    assert (prepared["first_remand_on"], prepared["default_bail_on"]) == (remand, from_remand)


@pytest.mark.parametrize(
    ("filed", "is_filed", "notes"), [("2026-05-05", True, 0), ("2026-05-06", True, 1), (None, False, 0)]
)
def test_a_charge_sheet_on_the_bail_day_is_late(filed: str | None, notes: int, *, is_filed: bool) -> None:
    answers = {"filed_on": filed, "default_bail_on": "2026-05-06", "copy_to_victim": filed and f"{filed}T06:00:00Z"}
    concluded = conclude(Chargesheet, answers)
    assert concluded.facts == {"charge_sheet_filed": is_filed}
    assert len(concluded.notes) == notes


@pytest.mark.parametrize("days", [60, 90])
def test_the_bail_day_is_worked_out_and_watched_from_two_days_before(days: Any) -> None:
    done = run(default_bail, before=FIR_AT, settings=DefaultBailSettings(days=days))
    bail_at = datetime(2026, 3, 7, 15, 30, tzinfo=UTC) + timedelta(days=days)
    assert done.outputs == {
        "known": True, "from_remand": False, "default_bail_at": bail_at,
        "latest_bail_at": datetime(2026, 6, 5, 15, 30, tzinfo=UTC), "watch_from": bail_at - timedelta(hours=48),
    }  # fmt: skip
    assert len(done.notes) == 1
    remanded = FakeContext(
        before=FIR_AT, history={"prosecution.hearing": (REMAND,)}, settings=DefaultBailSettings(days=days)
    )
    by_remand = run(default_bail, remanded)
    assert by_remand.outputs["default_bail_at"] == datetime(2026, 3, 9, 5, tzinfo=UTC) + timedelta(days=days)
    assert by_remand.notes == ()


def test_without_a_fir_the_bail_day_is_not_known_and_only_60_or_90_days_can_be_set() -> None:
    assert run(default_bail).outputs == {"known": False}
    assert problems(DefaultBailSettings, {"days": 61}) == {"days"}
    assert problems(DefaultBailSettings, {"weeks": 1}) == {"weeks"}


def test_the_refusal_letter_quotes_the_law_and_the_local_time() -> None:
    letter = render("fir-refusal-letter", Refusal.step_type, example(RefusalForm))
    assert "section 173(4)" in letter
    assert "Mon 09 Mar 2026, 10:00 (UTC+05:30, Asia/Kolkata)" in letter


def test_the_progress_letter_names_nobody() -> None:
    assert "Name Withheld" not in render("progress-letter", Update.step_type, example(Update.step_type.form))


def test_a_request_to_a_doctor_tells_nothing_of_what_happened() -> None:
    letter = render(
        "medical-request", Medical.step_type, example(Medical.step_type.form, full=True, refusal_reason="a reason")
    )
    assert "Name Withheld" not in letter
    assert "a reason" not in letter
    assert "section 397" in letter
    assert "section 397" not in render("medical-request", Medical.step_type, {}, jurisdiction="NP")


def _rescued(*, hours: int, **told: int) -> dict[str, Any]:
    return {"rescue.execute": {"end_at": (NOW - timedelta(hours=hours)).isoformat()} | told}


@pytest.mark.parametrize(
    ("arrested", "before", "is_followed"),
    [
        (NOW - timedelta(hours=2), {}, True),
        (NOW - timedelta(hours=2), _rescued(hours=3, suspects_held=1), False),
        (NOW - timedelta(hours=2), _rescued(hours=3), False),
        (NOW - timedelta(hours=2), _rescued(hours=3, suspects_held=0), True),
        (NOW - timedelta(hours=2), _rescued(hours=48, suspects_held=1), True),
        (NOW - timedelta(days=1700), {}, False),
        (None, {}, False),
    ],
    ids=["now", "at it", "at it, perhaps", "at it nobody", "after it", "years ago", "nobody"],
)
def test_an_arrest_is_followed_to_the_first_hearing_by_the_law(
    arrested: datetime | None, before: dict[str, Any], *, is_followed: bool
) -> None:
    told = {"arrested_at": arrested and arrested.isoformat()}
    forms = ((Ahtu, example(AhtuForm)), (Fir, example(FirForm, refused=False)), (Evidence, example(EvidenceForm)))
    for done in (conclude(step, form | told, before=before) for step, form in forms):
        found = [(one.law, one.from_at) for one in done.follow_ups if one.name.startswith("remand")]
        assert found == ([("IN-REMAND-24H", arrested)] if is_followed else [])


def test_two_arrests_are_two_first_hearings() -> None:
    names = {
        one.name
        for hours in (1, 30)
        for one in conclude(Ahtu, example(AhtuForm, arrested_at=(NOW - timedelta(hours=hours)).isoformat())).follow_ups
        if one.name.startswith("remand")
    }
    assert len(names) == 2
