"""What the pillars ask to be watched happens in the real system: steps open in time, alarms come, facts turn."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core.consequences import NotACandidateError
from engine.core.files import FileKind
from engine.core.persons import LawyersNoteError
from engine.core.records import LIVE, PersonRole, RoleStatus, StepStatus
from engine.course.actions.steer import add_step, record_interval
from engine.deadlines.views.why import explain_step
from engine.documents.actions.attachments import Arrival
from engine.errors import InvalidAnswersError, NotFoundError
from engine.messages.views import notices
from engine.overview.views.case import case_page
from engine.persons.actions.persons import change_role
from engine.work.actions.papers import appointment_file
from engine.work.store import ItemStore
from tests.kit.cases import DAY, HOUR, SECOND, Work


def test_a_consent_is_asked_for_again_in_time_and_turns_when_it_has_run_out(case: Work) -> None:
    today = case.world.now().date()
    until = today + timedelta(days=40)
    case.do("protection.consent", valid_until=until.isoformat(), purpose=["referral"], fields_covered=["name"])
    [ask], [check] = case.watched("consent_end"), case.watched("consent_over")
    assert (ask.status, check.status) == (StepStatus.SCHEDULED, StepStatus.SCHEDULED)
    assert ask.opens_at is not None
    case.world.pass_until(ask.opens_at + HOUR)
    [ask] = case.watched("consent_end")
    assert ask.status is StepStatus.READY
    assert case.limit(ask).due_at == datetime.combine(until, datetime.min.time(), UTC) + timedelta(
        hours=18, minutes=29, seconds=59
    )
    case.world.pass_until(case.limit(ask).due_at + 2 * SECOND)
    [check] = case.watched("consent_over")
    assert (check.status, check.outputs["live"]) == (StepStatus.ENDED, False)
    assert "No consent covers sharing now" in " ".join(case.page_of(check.id).notes)


def test_a_new_consent_takes_the_place_of_the_watch_for_the_old_one(case: Work) -> None:
    first = case.world.now().date() + timedelta(days=40)
    case.do("protection.consent", valid_until=first.isoformat())
    case.do("protection.consent", valid_until=(first + timedelta(days=100)).isoformat())
    found = {one.opens_at is None or one.status for one in case.watched("consent_end")}
    assert found == {StepStatus.CANCELLED, StepStatus.SCHEDULED}


def test_safety_reviews_come_again_and_again_by_danger_as_long_as_the_case_goes_on(case: Work) -> None:
    review = case.world.now().date() + timedelta(days=2)
    case.do("protection.safety", level="critical", review_on=review.isoformat())
    for _ in range(3):
        live = [one for one in case.watched("safety_review") if one.status in LIVE]
        assert [one.status for one in live] == [StepStatus.SCHEDULED]
        assert live[0].opens_at is not None
        case.world.pass_until(live[0].opens_at + HOUR)
        assert case.limit(case.state.steps[live[0].id]).ladder == "high"
        following = case.world.now().date() + timedelta(days=2)
        case.answer(live[0].id, level="critical", review_on=following.isoformat())
    assert len(case.watched("safety_review")) == 4


def _placed(case: Work, at: datetime) -> None:
    end = (at + 30 * DAY).date().isoformat()
    case.do(
        "protection.placement", legal_basis="magistrate_order", admitted_at=at.isoformat(), own_wish="wants_to_leave",
        order_expires=end, review_on=end,
    )  # fmt: skip


def test_interim_custody_counts_from_the_first_placement_and_a_lawyer_is_told_before_it_ends(case: Work) -> None:
    admitted = case.world.now()
    _placed(case, admitted)
    case.world.pass_until(admitted + 3 * DAY)
    _placed(case, case.world.now())
    [custody] = case.watched("custody_law")
    limit = case.limit(custody)
    assert (limit.law, limit.ladder, limit.due_at) == ("IN-ITPA-10D", "detention-limit", admitted + 10 * DAY)
    case.world.pass_until(limit.due_at + 3 * HOUR)
    assert case.told("custody_law") == ["1: -48 h", "2: -12 h", "3: +0 h", "4: +0 h", "5: +2 h"]
    assert any(one.uses == "core.release" and one.status in LIVE for one in case.state.steps.values())


def test_a_release_ends_every_watch_of_custody(case: Work) -> None:
    _placed(case, case.world.now())
    [custody] = case.watched("custody_law")
    case.answer(custody.id, result="released", own_wish="wants_to_leave")
    left = [
        one.added.follow_up
        for one in case.state.steps.values()
        if one.added and one.added.follow_up and one.status in LIVE
    ]
    assert [name for name in left if name.startswith(("custody", "placement", "no_order"))] == []


def test_a_hearing_opens_a_week_before_and_comes_as_a_file_for_the_calendar(case: Work) -> None:
    at = (case.world.now() + 30 * DAY).replace(hour=5, minute=30, second=0)
    hearing = case.do(
        "prosecution.hearing", purpose="bail", next_on=at.date().isoformat(), next_at=at.isoformat(),
        court_hall="Hall 3", adjourned=True,
    )  # fmt: skip
    assert case.page_of(hearing).notes == ()
    case.world.pass_until(at - 7 * DAY + HOUR)
    [coming] = case.watched("next_hearing")
    item = case.of(ItemStore).open_of_step(coming.id)
    made = appointment_file(case.engine, item.id, viewer=case.people["lawyer"])
    assert f"DTSTART:{at:%Y%m%dT%H%M%SZ}\r\n" in made.text
    assert "LOCATION:Hall 3\r\n" in made.text
    assert made.name.removesuffix(".ics") in made.text
    assert "body" not in made.text
    case.refuses((NotACandidateError, NotFoundError), appointment_file, item.id, by="press_officer")
    links = [
        one.link for one in case.engine.ask(notices, case.people["lawyer"]) if one.link and one.link.endswith(".ics")
    ]
    assert links == [f"/items/{item.id}/appointment.ics"]


def test_an_item_that_is_no_appointment_has_no_file(case: Work) -> None:
    step_id = case.add("prosecution.hearing")
    case.world.settle_jobs()
    item = case.of(ItemStore).open_of_step(step_id)
    case.refuses(NotFoundError, appointment_file, item.id, by="lawyer")


def test_the_second_adjournment_is_pointed_out_on_the_page_of_its_step(case: Work) -> None:
    day = (case.world.now() + 20 * DAY).date().isoformat()
    case.do("prosecution.hearing", purpose="bail", next_on=day, adjourned=True)
    second = case.do("prosecution.hearing", purpose="bail", next_on=day, adjourned=True)
    assert [note.partition(":")[0] for note in case.page_of(second).notes] == ["Put off 2 times"]


def test_what_is_told_for_one_person_is_not_proposed_for_another(case: Work) -> None:
    """Two people of one case: what is proposed for a step of one comes from this one's steps, never the other's."""
    asha, bina = (f"person:{uuid4()}" for _ in range(2))
    ids = {}
    for who in (asha, bina):
        ids[who] = case.add_for("protection.placement", who)
    case.answer(ids[asha], shelter="Home Asha", legal_basis="own_wish")
    again = case.add_for("protection.placement", bina)
    assert case.proposed(again, "shelter") is None
    assert case.proposed(case.add_for("protection.placement", asha), "shelter") == "Home Asha"


def _phone(case: Work, **changes: Any) -> UUID:
    return case.do("policing.evidence", item_type="phone", sensitive_image=False, sealed=True, **changes)


def _file(case: Work, content: bytes) -> UUID:
    arrival = Arrival(
        case.engine, case.case_id, viewer=case.people["caseworker"], name="export.txt", kind=FileKind.OTHER,
        child_shown="no",
    )  # fmt: skip
    arrival.take(content)
    return arrival.finish()


def _answers(case: Work, step: UUID) -> dict[str, Any]:
    return dict(case.of(ItemStore).answers(step))


def test_the_hash_of_a_piece_of_evidence_is_made_by_the_system_when_its_file_comes(case: Work) -> None:
    file_id = _file(case, b"what was said")
    made = hashlib.sha256(b"what was said").hexdigest()
    assert _answers(case, _phone(case, file=str(file_id)))["sha256"] == made
    assert _answers(case, _phone(case, file=str(file_id), sha256=made.upper()))["sha256"] == made
    assert _answers(case, _phone(case, file="paper 7", sha256="a" * 64))["sha256"] == "a" * 64
    for wrong in ({"file": str(file_id), "sha256": "a" * 64}, {"file": str(uuid4())}):
        with pytest.raises(InvalidAnswersError):
            _phone(case, **wrong)


def test_a_digital_piece_opens_a_certificate_that_is_filled_in_from_it(case: Work) -> None:
    file_id = _file(case, b"what was written")
    piece = _phone(case, file=str(file_id), label="E7", device_serial="IMEI 7")
    [certificate] = case.watched(f"certificate_{piece.hex}")
    assert case.proposed(certificate.id, "sha256") == hashlib.sha256(b"what was written").hexdigest()
    assert case.proposed(certificate.id, "label") == "E7"
    assert [paper.title for paper in case.page_of(certificate.id).documents] == ["Certificate under BSA section 63(4)"]


def test_a_broken_chain_of_custody_is_found_after_each_hand_over_and_shown(case: Work) -> None:
    now = case.world.now()
    _phone(case, label="E1", collected_by="Officer A", custody_to="Store", collected_at=(now - 2 * HOUR).isoformat())
    hand = {"label": "E1", "taken_by": "Officer B", "seal_intact": True}
    times = {"given_at": (now - HOUR).isoformat(), "taken_at": (now - HOUR).isoformat()}
    case.do("policing.handover", given_by="Officer A", **hand, **times)
    case.do("policing.handover", given_by="Officer A", **hand, given_at=now.isoformat(), taken_at=now.isoformat())
    checks = sorted(case.watched("custody_check"), key=lambda step: step.opened_at or now)
    assert sorted(bool(step.outputs["is_whole"]) for step in checks) == [False, True]
    broken = next(step for step in checks if not step.outputs["is_whole"])
    assert case.page_of(broken.id).notes == ("Piece 1, hand-over 2: it was given by someone who had not taken it.",)
    assert [paper.title for paper in case.page_of(broken.id).documents] == ["Chain of custody"]


def test_a_refusal_leads_to_the_superintendent_and_then_to_the_magistrate_with_a_letter_at_each_rung(
    case: Work,
) -> None:
    refused = {"refused": True, "refusal_officer": "station head", "fir_no": "refused"}
    case.do("policing.fir", **refused)
    [letter] = case.watched("refusal")
    assert {paper.title for paper in case.page_of(letter.id).documents} == {
        "Letter to the officer in charge of the station", "Letter to the Superintendent of Police",
    }  # fmt: skip
    now = case.world.now().isoformat()
    case.answer(letter.id, refused_at=now, sent_at=now)
    [again] = case.watched("superintendent")
    assert again.status is StepStatus.SCHEDULED
    assert again.opens_at is not None
    case.world.pass_until(again.opens_at + HOUR)
    case.answer(again.id, **refused)
    [court] = case.watched("magistrate")
    assert court.status is StepStatus.READY
    assert [paper.title for paper in case.page_of(court.id).documents] == ["Application to the Magistrate"]
    assert not any(paper.released_by for step in (letter, court) for paper in case.page_of(step.id).documents)


def test_a_journey_that_is_recorded_while_the_step_is_open_moves_the_24_hours_at_once(case: Work) -> None:
    began = case.world.now()
    step_id = case.act(add_step, case.case_id, by="case_manager", uses="rescue.production",
        law="IN-JJ-PROD-24H", from_at=began, exclude=("journey",),
    )  # fmt: skip
    step = case.state.steps[step_id]
    assert case.limit(step).due_at == began + 24 * HOUR
    case.world.pass_until(began + 5 * HOUR)
    case.act(record_interval, step_id, case_id=case.case_id, by="caseworker",
        name="journey", start=began + HOUR, end=began + 4 * HOUR, place="from the valley to the town",
    )  # fmt: skip
    assert case.limit(step).due_at == began + 27 * HOUR


def test_the_bail_day_that_is_proposed_is_counted_by_the_pack_of_law(case: Work) -> None:
    at = case.world.now()
    case.do("policing.fir", fir_datetime=at.isoformat(), refused=False, offence_date=at.date().isoformat())
    step = case.add("policing.chargesheet")
    case.world.settle_jobs()
    told = case.engine.library().law("IN-DEFAULT-BAIL", on=at.date())
    usual = told.limit_for() if told else None
    days = timedelta(seconds=usual.seconds)
    assert case.proposed(step, "default_bail_on") == ((at + timedelta(hours=5, minutes=30)).date() + days).isoformat()


def test_the_day_of_the_threat_report_is_counted_in_the_working_days_of_the_pack_of_law(case: Work) -> None:
    day = (case.world.now() + timedelta(hours=5, minutes=30)).date()
    told = case.engine.library().law("IN-WPS-TAR", on=day)
    usual = told.limit_for() if told else None
    step = case.add("protection.witness")
    case.world.settle_jobs()
    left = usual.days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() not in {5, 6}
    assert case.proposed(step, "tar_due") == day.isoformat()


def test_why_a_follow_up_is_due_names_the_line_that_declares_it(case: Work) -> None:
    case.do("rescue.first_needs")
    [check] = case.watched("first_check")
    [found] = [
        one
        for one in case.engine.ask(explain_step, case.people["case_manager"], case.case_id, check.key)
        if one.deadline.id == case.limit(check).id
    ]
    [line] = [one.text for one in found.lines if one.kind == "follow_up"]
    assert line.startswith("It follows from “First needs and safety”: so says the follow-up “First health check” of ")
    page = case.engine.ask(case_page, case.people["case_manager"], case.case_id)
    origins = {one.uses: one.origin for one in page.steps if one.key == check.key or one.uses == "rescue.first_needs"}
    assert origins[check.uses] == line
    assert origins["rescue.first_needs"].startswith(("So says ", "Someone added this step"))


def test_what_an_act_brings_is_no_step_that_someone_added(case: Work) -> None:
    victim = case.state.persons[0]
    case.refuses(
        LawyersNoteError, change_role, victim.person_id, by="case_manager", case_id=case.case_id, role=victim.role,
        to_role=PersonRole.SUSPECT, status=RoleStatus.STATED,
    )  # fmt: skip
    [note] = [one for one in case.state.steps.values() if one.uses == "core.lawyers_note"]
    [found] = case.engine.ask(explain_step, case.people["case_manager"], case.case_id, note.key)
    [line] = [one.text for one in found.lines if one.kind == "follow_up"]
    assert line.startswith("It comes when a victim is to be made a suspect, or is one and is to be heard: so says ")
    assert not [one for one in found.lines if "Someone added" in one.text]
