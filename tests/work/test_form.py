"""A work item opened to be answered."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from engine.core import commands as cm
from engine.core.consequences import NotACandidateError
from engine.core.policy import Viewer
from engine.db.store import Within
from engine.errors import AlreadyEndedError
from engine.overview.views.case import case_page
from engine.work.records import FormView
from engine.work.store import ItemStore
from engine.work.views.form import item_form
from tests.kit.network import CANARY, INTAKE, START, Network


@pytest.fixture
def checking(network: Network, unit: UUID, worker: Viewer) -> UUID:
    """Open a case with one person, whose check is to be made."""
    case_id = network.open_case(unit, victims=1)
    network.answer(case_id, "intake", INTAKE, by=worker)
    return case_id


def keep(network: Network, item_id: UUID, by: Viewer, *, typed: Any = None, proposed: Any = None) -> None:
    with network.sql.begin() as connection:
        store = ItemStore(Within(connection, network.vault))
        item, unit_id = store.get(item_id), by.unit_ids[0]
        if proposed is not None:
            store.save_proposals(item, proposed, ("Ask gently.",), unit_id=unit_id, at=START)
        if typed is not None:
            store.save_draft(item, typed, unit_id=unit_id, by=by.actor_id, at=START)


def shown(form: FormView) -> Mapping[str, tuple[object, bool]]:
    return {field.name: (field.value, field.proposed) for field in form.fields if field.value is not None}


def test_a_form_has_the_fields_of_its_step_type_and_the_questions_of_its_workflow(
    network: Network, lead: Viewer, checking: UUID
) -> None:
    form = network.ask(item_form, lead, network.item(checking, "check"))
    assert [field.name for field in form.fields] == ["decision", "reason", "points", "signs", "road"]
    decision, reason, points, signs, road = form.fields
    assert (decision.kind, dict(decision.choices), decision.required, decision.first_bite) == (
        "choice", {"go": "Go there", "stop": "Stop"}, True, True,
    )  # fmt: skip
    assert (reason.sensitivity, points.required, signs.kind) == ("narrative", False, "multi")
    assert (road.kind, road.label) == ("bool", "Is there a road?")
    assert (form.purpose, form.help) == ("Judge what was found.", "Ask nobody twice.")
    assert form.outcomes["refused_by_person"] == "The person does not want it"
    assert (form.deadline.limit_words if form.deadline else "") == "10 hours"


def test_what_was_typed_goes_before_what_is_proposed(network: Network, lead: Viewer, checking: UUID) -> None:
    item_id = network.item(checking, "check")
    keep(network, item_id, lead, proposed={"decision": "go", "points": 4}, typed={"decision": "stop"})
    form = network.ask(item_form, lead, item_id)
    assert shown(form) == {"decision": ("stop", False), "points": (4, True)}
    assert form.notes == ("Ask gently.",)


def test_what_another_has_typed_is_not_shown(network: Network, unit: UUID, lead: Viewer, checking: UUID) -> None:
    other = network.actor("Sue", unit, "supervisor")
    item_id = network.item(checking, "check", status="reserved", assignee_id=lead.actor_id)
    keep(network, item_id, lead, typed={"reason": CANARY})
    assert shown(network.ask(item_form, lead, item_id)) == {"reason": (CANARY, False)}
    assert CANARY not in network.ask(item_form, other, item_id).model_dump_json()


def test_who_may_not_do_it_may_not_open_it(network: Network, worker: Viewer, checking: UUID) -> None:
    with pytest.raises(NotACandidateError) as caught:
        network.ask(item_form, worker, network.item(checking, "check"))
    assert caught.value.facts["candidate_role"] == "Supervisor"


def test_who_did_the_step_before_may_not_open_the_one_for_other_eyes(network: Network, unit: UUID) -> None:
    both = network.actor("Bo", unit, "intake_officer", "supervisor")
    case_id = network.open_case(unit)
    network.answer(case_id, "intake", INTAKE, by=both)
    with pytest.raises(NotACandidateError):
        network.ask(item_form, both, network.item(case_id, "check"))


def test_a_form_that_was_sent_cannot_be_opened_again(network: Network, lead: Viewer, checking: UUID) -> None:
    item_id = network.item(checking, "check")
    network.answer(checking, "check", {"decision": "stop", "reason": "x"}, by=lead)
    with pytest.raises(AlreadyEndedError):
        network.ask(item_form, lead, item_id)


def test_who_must_approve_reads_every_answer(network: Network, lead: Viewer, worker: Viewer, checking: UUID) -> None:
    network.answer(checking, "check", {"decision": "go", "reason": "x"}, by=lead)
    person = network.ask(case_page, lead, checking).persons[0].id
    visit = {"seen_at": "2026-03-10T06:30:00+00:00", "is_safe": True, "doctor": CANARY}
    step = network.answer(checking, "visit", visit, by=worker, path=f"person:{person}")
    item_id = network.item(checking, "visit")
    form = network.ask(item_form, lead, item_id)
    assert form.item.is_approval
    assert (form.fields, form.event_time_field) == ((), None)
    assert dict(form.outcomes) == {"approved": "Approve this", "returned": "Send it back"}
    assert {answer.label: answer.text for answer in form.submitted} == {
        "When?": "Tue 10 Mar 2026, 12:00", "Is it safe?": "Yes", "Which doctor?": CANARY,
    }  # fmt: skip
    network.do(checking, cm.ApproveStep(step, approved=False, by=lead.actor_id))
    again = network.ask(item_form, worker, network.item(checking, "visit"))
    assert (again.submitted, again.event_time_field) == ((), "seen_at")


def test_who_answered_may_not_approve_it_themselves(network: Network, unit: UUID, checking: UUID) -> None:
    both = network.actor("Bo", unit, "caseworker", "supervisor")
    network.answer(checking, "check", {"decision": "go", "reason": "x"}, by=both)
    person = network.ask(case_page, both, checking).persons[0].id
    visit = {"seen_at": "2026-03-10T06:30:00+00:00"}
    network.answer(checking, "visit", visit, by=both, path=f"person:{person}")
    with pytest.raises(NotACandidateError):
        network.ask(item_form, both, network.item(checking, "visit"))
