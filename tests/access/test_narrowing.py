"""What a grant names is all that a granted unit is shown; sealed classes are shown to their roles only."""

from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

import pytest

from engine.cases.views.lists import cases
from engine.cases.views.sight import revealed_answers
from engine.core.policy import Viewer
from engine.deadlines.views.lists import link
from engine.deadlines.views.why import explain_deadline
from engine.documents.views import document_text, paper
from engine.errors import NotAllowedError, NotFoundError
from engine.messages.actions.writing import hash_of_link
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.people.viewer import as_viewer
from engine.persons.views.person import person_page, revealed_person
from tests.access.test_isolation import ANSWERS, refused
from tests.kit.network import CANARY, START, Network

VISITED = {"seen_at": "2026-03-10T06:00:00Z", "is_safe": True, "doctor": "Dr. Lyngdoh", "wound": "A cut"}


@pytest.fixture
def home(network: Network) -> UUID:
    return network.unit("Shillong")


@pytest.fixture
def partner(network: Network) -> Viewer:
    return network.actor("Eve", network.unit("Elsewhere"), "supervisor", "caseworker")


@pytest.fixture
def case_id(network: Network, home: UUID) -> UUID:
    """Open a case in which two steps were answered, with a fact and a paper."""
    case_id = network.open_case(home, victims=1, number="C-HOME")
    ina, sam, wim = (
        network.actor(name, home, role)
        for name, role in (("Ina", "intake_officer"), ("Sam", "supervisor"), ("Wim", "caseworker"))
    )
    step = network.answer(case_id, "intake", ANSWERS, by=ina)
    network.answer(case_id, "check", {"decision": "go", "reason": "They asked", "points": 1, "road": True}, by=sam)
    person = network.ask(case_page, sam, case_id).persons[0].id
    network.answer(case_id, "visit", VISITED, by=wim, path=f"person:{person}")
    document = uuid4()
    html = network.vault.encrypt(CANARY, key_of=case_id, table="document", row=document, column="encrypted_html")
    network.add(
        "document", id=document, case_id=case_id, unit_id=home, step_id=step, name="slip", title="Slip",
        number="1", version=1, sha256="0", encrypted_html=html, made_at=START,
    )  # fmt: skip
    return case_id


def shown(network: Network, viewer: Viewer, case_id: UUID) -> dict[str, str]:
    """Return every answer that a case page shows, by step type and question."""
    page = network.ask(case_page, viewer, case_id)
    return {f"{step.uses}.{answer.name}": answer.text for step in page.steps for answer in step.answers}


def test_an_empty_grant_shows_number_and_unit_and_nothing_of_the_case(
    network: Network, partner: Viewer, case_id: UUID
) -> None:
    network.grant(case_id, partner.unit_ids[0], fields=[])
    page = network.ask(case_page, partner, case_id)
    assert (page.number, page.unit) == ("C-HOME", "Shillong")
    parts = (page.steps, page.persons, page.deadlines, page.escalations, page.documents, page.jobs, page.findings)
    assert parts == ((), (), (), (), (), (), ())
    assert (dict(page.facts), page.concern, page.runs) == ({}, "", ())
    assert network.ask(case_history, partner, case_id) == ()
    line = network.ask(cases, partner)[0]
    assert (line.number, line.concern, line.open_items, line.next_due_at, line.waiting_for) == (
        "C-HOME",
        "",
        0,
        None,
        "",
    )


def test_only_the_answers_that_are_named_are_there(network: Network, partner: Viewer, case_id: UUID) -> None:
    network.grant(case_id, partner.unit_ids[0], fields=["field.check.decision", "field.visit.doctor"])
    assert shown(network, partner, case_id) == {"field.check.decision": "Go there", "field.visit.doctor": "•••"}
    page = network.ask(case_page, partner, case_id)
    visit = next(step for step in page.steps if step.uses == "field.visit")
    assert [answer.text for answer in network.ask(revealed_answers, partner, visit.id)] == ["Dr. Lyngdoh"]
    assert (page.deadlines, page.persons, dict(page.facts)) == ((), (), {})
    assert {event.type for event in network.ask(case_history, partner, case_id)} <= {
        "StepOpened", "StepEnded", "StepSkipped", "StepSubmitted", "DeadlineSet", "DeadlineEnded"
    }  # fmt: skip


def test_what_is_not_named_does_not_exist(network: Network, partner: Viewer, case_id: UUID) -> None:
    home = network.ask(case_page, network.ask_all(as_viewer, network.actor_named("Sam")), case_id)
    intake = next(step.id for step in home.steps if step.uses == "field.report")
    network.grant(case_id, partner.unit_ids[0], fields=["field.check.decision"])
    asked: list[Callable[[], object]] = [
        partial(network.ask, revealed_answers, partner, intake),
        partial(network.ask, revealed_person, partner, home.persons[0].id),
        partial(network.ask, document_text, partner, home.documents[0].id),
        partial(network.ask, paper, partner, home.documents[0].id),
        partial(network.ask, explain_deadline, partner, home.deadlines[0].id),
    ]
    assert {refused(question)[0] for question in asked} == {NotFoundError}


def test_the_steps_of_a_person_for_whom_no_grant_holds_are_not_there(
    network: Network, partner: Viewer, case_id: UUID
) -> None:
    named = ["field.check.decision", "field.visit.*", "case.*", "person.*", "class:health"]
    sam = network.ask_all(as_viewer, network.actor_named("Sam"))
    home = network.ask(case_page, sam, case_id)
    visit = next(step for step in home.steps if step.uses == "field.visit")
    of_visit = [one for one in home.deadlines if one.step_id == visit.id]
    assert of_visit
    network.grant(case_id, partner.unit_ids[0], fields=named, persons=[])
    page = network.ask(case_page, partner, case_id)
    assert shown(network, partner, case_id) == {"field.check.decision": "Go there"}
    assert visit.id not in {step.id for step in page.steps}
    assert page.persons == ()
    assert {one.id for one in of_visit}.isdisjoint(one.id for one in page.deadlines)
    assert not any("Person" in sentence for sentence in page.findings)
    history = network.ask(case_history, partner, case_id)
    assert not [event for event in history if visit.title in event.text]
    asked: list[Callable[[], object]] = [
        partial(network.ask, revealed_answers, partner, visit.id),
        partial(network.ask, revealed_person, partner, home.persons[0].id),
        partial(network.ask, person_page, partner, case_id, home.persons[0].id),
        partial(network.ask, explain_deadline, partner, of_visit[0].id),
    ]
    assert {refused(question)[0] for question in asked} == {NotFoundError}
    network.grant(case_id, partner.unit_ids[0], fields=named)
    assert visit.id in {step.id for step in network.ask(case_page, partner, case_id).steps}
    assert [one.id for one in network.ask(case_page, partner, case_id).persons] == [home.persons[0].id]


def test_who_took_one_step_on_sees_its_limit_and_not_who_of_the_other_unit_was_told(
    network: Network, partner: Viewer, case_id: UUID
) -> None:
    sam = network.ask_all(as_viewer, network.actor_named("Sam"))
    limit = next(one for one in network.ask(case_page, sam, case_id).deadlines if one.step_title == "Visit")
    check = next(step for step in network.ask(case_page, sam, case_id).steps if step.key == "check")
    referral, escalation = uuid4(), uuid4()
    network.add(
        "referral", id=referral, case_id=case_id, unit_id=sam.unit_ids[0], to_unit_id=partner.unit_ids[0],
        step_id=limit.step_id, kind="referral", status="accepted", fields=["field.check.decision"], sent_at=START,
    )  # fmt: skip
    network.grant(case_id, partner.unit_ids[0], fields=["field.check.decision"], referral_id=referral)
    network.add(
        "escalation", id=escalation, case_id=case_id, unit_id=sam.unit_ids[0], deadline_id=limit.id, level=1,
        planned_at=START, fired_at=START, recipient_ids=[sam.actor_id], channels=["email"], step_id=check.id,
    )  # fmt: skip
    assert network.ask(explain_deadline, partner, limit.id).told == ()
    (line,) = network.ask(explain_deadline, sam, limit.id).told
    assert (line.recipients, line.follow_up) == (("Sam",), "Check")


@pytest.mark.parametrize(("fields", "title"), [(["field.check.decision"], ""), (["case.*"], "Visit")])
def test_the_link_of_a_message_names_the_step_to_whom_it_is_shown(
    network: Network, partner: Viewer, case_id: UUID, fields: list[str], title: str
) -> None:
    sam = network.ask_all(as_viewer, network.actor_named("Sam"))
    limit = next(one for one in network.ask(case_page, sam, case_id).deadlines if one.step_title == "Visit")
    escalation = uuid4()
    network.add(
        "escalation", id=escalation, case_id=case_id, unit_id=sam.unit_ids[0], deadline_id=limit.id, level=1,
        planned_at=START, fired_at=START, recipient_ids=[partner.actor_id], channels=["email"],
    )  # fmt: skip
    network.add(
        "message", id=uuid4(), key="k", case_id=case_id, kind="level", recipient_id=partner.actor_id, subject="s",
        body="b", created_at=START, escalation_id=escalation, link_hash=hash_of_link("token"),
    )  # fmt: skip
    network.grant(case_id, partner.unit_ids[0], fields=fields)
    found = network.ask_all(link, partner, "token")
    assert (found.step_title, found.case_number) == (title, "C-HOME" if title else "")


def test_when_the_next_limit_falls_due_is_told_of_steps_that_are_shown(
    network: Network, partner: Viewer, case_id: UUID
) -> None:
    """Only the visit to a person runs still."""
    network.grant(case_id, partner.unit_ids[0], fields=["case.*"], persons=[])
    line = network.ask(cases, partner)[0]
    assert (line.next_due_at, line.open_items, line.waiting_for) == (None, 0, "")
    network.grant(case_id, partner.unit_ids[0], fields=["case.*"])
    own = network.ask(cases, network.ask_all(as_viewer, network.actor_named("Sam")))[0]
    line = network.ask(cases, partner)[0]
    assert line.next_due_at is not None
    assert (line.next_due_at, line.open_items, line.waiting_for) == (own.next_due_at, own.open_items, own.waiting_for)


def test_a_paper_is_shown_where_all_of_its_step_and_of_persons_is(
    network: Network, partner: Viewer, case_id: UUID
) -> None:
    document = network.ask(case_page, network.ask_all(as_viewer, network.actor_named("Sam")), case_id).documents[0].id
    network.grant(case_id, partner.unit_ids[0], fields=["field.report.*"])
    assert refused(partial(network.ask, document_text, partner, document))[0] is NotFoundError
    network.grant(case_id, partner.unit_ids[0], fields=["person.*"])
    assert CANARY in network.ask(document_text, partner, document)
    assert len(network.ask(case_page, partner, case_id).documents) == 1


def test_the_work_of_a_case_is_shown_without_a_word_of_it(network: Network, partner: Viewer, case_id: UUID) -> None:
    network.grant(case_id, partner.unit_ids[0], fields=["case.*"])
    page = network.ask(case_page, partner, case_id)
    assert page.steps
    assert page.deadlines
    assert shown(network, partner, case_id) == {}
    assert (page.persons, dict(page.facts), page.concern) == ((), {}, "")
    kinds = {event.type for event in network.ask(case_history, partner, case_id)}
    assert {"CaseOpened", "StepEnded"} <= kinds
    assert kinds.isdisjoint({"FactRecorded", "PersonAdded"})
    assert network.ask(cases, partner)[0].next_due_at is not None


def test_a_sealed_class_is_opened_by_its_role_in_the_unit_and_by_its_name_in_a_grant(
    network: Network, home: UUID, partner: Viewer, case_id: UUID
) -> None:
    nurse = network.actor("Nia", home, "medical_officer")
    sam = network.ask_all(as_viewer, network.actor_named("Sam"))
    step = next(step.id for step in network.ask(case_page, sam, case_id).steps if step.uses == "field.visit")

    def told(viewer: Viewer) -> dict[str, str]:
        return {answer.name: answer.text for answer in network.ask(revealed_answers, viewer, step)}

    assert told(nurse)["wound"] == "A cut"
    assert told(sam)["wound"] == "•••"
    assert told(sam)["doctor"] == "Dr. Lyngdoh"
    network.grant(case_id, partner.unit_ids[0], fields=["field.visit.*"])
    assert "wound" not in told(partner)
    network.grant(case_id, partner.unit_ids[0], fields=["class:health"])
    assert told(partner)["wound"] == "A cut"


def test_who_may_not_reveal_is_told_so_where_they_see_the_step(network: Network, home: UUID, case_id: UUID) -> None:
    press = network.actor("Pia", home, "press_officer")
    step = network.ask(case_page, press, case_id).steps[0].id
    assert refused(partial(network.ask, revealed_answers, press, step))[0] is NotAllowedError
