"""What a case page shows, and what it keeps masked."""

from uuid import UUID, uuid4

from engine.cases.views.sight import revealed_answers
from engine.core import commands as cm
from engine.core.policy import Viewer
from engine.core.records import AddedStep, StepInterval
from engine.db.tables import TABLES
from engine.deadlines.views.why import explain_deadline
from engine.overview.records import CaseView, StepView
from engine.overview.views.board import admin_board
from engine.overview.views.case import case_page
from engine.persons.views.person import revealed_person
from tests.kit.network import CANARY, CHECK, INTAKE, START, Network

VISIT = {"seen_at": "2026-03-10T06:30:00+00:00", "is_safe": True, "doctor": CANARY}


def persons(network: Network, viewer: Viewer, case_id: UUID) -> list[UUID]:
    return [person.id for person in network.ask(case_page, viewer, case_id).persons]


def visit_both(network: Network, case_id: UUID, worker: Viewer, lead: Viewer) -> None:
    for person in persons(network, lead, case_id):
        step = network.answer(case_id, "visit", VISIT, by=worker, path=f"person:{person}")
        network.do(case_id, cm.ApproveStep(step, approved=True, by=lead.actor_id))


def step_of(page: CaseView, key: str) -> StepView:
    return next(step for step in page.steps if step.key == key)


def test_steps_stand_in_the_order_of_the_file_then_by_person(network: Network, lead: Viewer, visited: UUID) -> None:
    page = network.ask(case_page, lead, visited)
    shown = [(step.key, step.title, step.person_label, step.status) for step in page.steps]
    assert shown == [
        ("intake", "Report", "", "ended"),
        ("check", "First check", "", "ended"),
        ("visit", "Visit", "Person 1", "ready"),
        ("visit", "Visit", "Person 2", "ready"),
        ("again", "Second look", "", "skipped"),
    ]
    assert page.runs[0].title == "Inspection"
    assert (page.concern, page.zone, page.unit) == ("Child labour", "Asia/Kolkata", "Shillong")


def test_a_step_shows_its_open_item_also_beside_one_that_was_over_at_the_same_instant(
    network: Network, unit: UUID, lead: Viewer
) -> None:
    case_id = network.open_case(unit)
    item, step, over = network.item(case_id, "intake"), network.step(case_id, "intake"), uuid4()
    network.add(
        "work_item", id=over, case_id=case_id, unit_id=unit, run_id=step["run_id"], step_id=step["id"],
        step_key="intake", uses="field.report", approval=False, status="cancelled", candidate_roles=[],
        excluded_ids=[], priority=0, opened_at=START, revision=1,
    )  # fmt: skip
    network.add("draft", item_id=over, case_id=case_id, unit_id=unit, encrypted_notes=b"v2|", saved_at=START)
    assert step_of(_page(network, lead, case_id), "intake").item_id == item


def test_open_answers_are_told_in_words_and_the_others_are_masked(
    network: Network, lead: Viewer, visited: UUID
) -> None:
    answers = {
        answer.name: (answer.text, answer.masked) for answer in step_of(_page(network, lead, visited), "check").answers
    }
    assert answers == {
        "decision": ("Go there", False),
        "reason": ("•••", True),
        "points": ("2", False),
        "signs": ("Debt, Locked in", False),
    }


def test_no_word_that_could_name_somebody_is_anywhere_on_the_page(
    network: Network, lead: Viewer, worker: Viewer, visited: UUID
) -> None:
    visit_both(network, visited, worker, lead)
    page = _page(network, lead, visited)
    assert CANARY not in page.model_dump_json()
    assert [(person.name, person.age) for person in page.persons] == [(None, None)] * 2


def test_what_is_masked_can_be_unsealed_for_who_may(network: Network, lead: Viewer, visited: UUID) -> None:
    page = _page(network, lead, visited)
    answers = network.ask(revealed_answers, lead, step_of(page, "check").id)
    assert {answer.name: answer.text for answer in answers}["reason"] == CANARY
    assert not any(answer.masked for answer in answers)
    person = network.ask(revealed_person, lead, page.persons[1].id)
    assert (person.name, person.age, person.label) == (CANARY, 14, "Person 2")


def test_a_page_whose_key_is_gone_shows_the_open_answers_and_says_what_cannot_be_read(
    network: Network, lead: Viewer, visited: UUID
) -> None:
    encrypted = b"v2|\x01" + uuid4().bytes + b"0" * 40
    network.change("answer", TABLES["answer"].c.case_id == visited, encrypted_answers=encrypted)
    page = _page(network, lead, visited)
    assert [answer.name for answer in step_of(page, "check").answers] == ["decision", "points"]
    assert any("“First check” cannot be read" in finding for finding in page.findings)


def test_a_limit_of_an_unsigned_law_is_a_network_target_and_a_promise_is_one_too(
    network: Network, lead: Viewer, visited: UUID
) -> None:
    terms = {
        deadline.step_key: (deadline.term, deadline.limit_words) for deadline in _page(network, lead, visited).deadlines
    }
    assert terms["visit"] == ("network target, based on Act s.1", "24 hours")
    assert terms["check"] == ("network target", "10 hours")


def test_each_step_shows_the_deadline_that_matters_now(
    network: Network, lead: Viewer, worker: Viewer, visited: UUID
) -> None:
    person = persons(network, lead, visited)[0]
    network.answer(visited, "visit", VISIT, by=worker, path=f"person:{person}")
    visit = next(step for step in _page(network, lead, visited).steps if step.status == "approval")
    assert (visit.deadline.step_title, visit.deadline.limit_words) == ("Approval of Visit", "4 hours")
    assert step_of(_page(network, lead, visited), "check").deadline.state == "met"  # type: ignore[union-attr]


def test_a_shut_gate_says_in_words_why_and_what_it_waits_for(
    network: Network, lead: Viewer, worker: Viewer, visited: UUID
) -> None:
    visit_both(network, visited, worker, lead)
    page = _page(network, lead, visited)
    home = step_of(page, "home")
    assert (home.status, home.gate, home.gate_reason) == ("held", "safe-way", "Nobody goes home without an order.")
    (finding,) = page.findings
    assert finding == (
        "“Way home” is on hold: Nobody goes home without an order. It is waiting until “order given” is true."
    )
    network.do(visited, cm.RecordFact("order_given", value=True))
    network.do(visited, cm.RecordFact("fear", value=True))
    assert _page(network, lead, visited).findings == ()


def test_a_step_that_waits_for_an_answer_which_can_never_come_is_a_finding(
    network: Network, unit: UUID, lead: Viewer, worker: Viewer
) -> None:
    case_id = network.open_case(unit)
    network.answer(case_id, "intake", INTAKE, by=worker)
    assert _page(network, lead, case_id).findings == ()
    network.answer(case_id, "check", {"decision": "stop", "reason": "x"}, by=lead)
    assert _page(network, lead, case_id).findings[-1] == (
        "“Second look” is waiting, and nothing that is open can give the answer any more: "
        "“First check”: How many points is more than 3."
    )


def test_a_step_whose_pillar_is_not_installed_is_a_finding(network: Network, unit: UUID, lead: Viewer) -> None:
    strange = network.publish(
        {"workflow": "strange", "version": 1, "title": "Strange", "steps": {"odd": {"uses": "moon.walk"}}}
    )
    case_id = network.open_case(unit, compiled=strange)
    page = _page(network, lead, case_id)
    assert page.steps[0].gate_reason == "No installed pillar has the step type moon.walk."
    assert page.findings == ("“Walk” is waiting: no installed pillar has the step type moon.walk.",)
    [stuck] = network.ask_board(admin_board, lead).stuck
    assert (stuck.number, stuck.why, stuck.uses, stuck.title) == (page.number, "missing", "moon.walk", "Walk")


def test_a_case_whose_definition_is_gone_can_still_be_looked_at(network: Network, lead: Viewer, visited: UUID) -> None:
    network.definitions.clear()
    page = _page(network, lead, visited)
    assert {step.title for step in page.steps} == {"Report", "Check", "Visit"}
    assert page.findings[0] == "The definition of inspection, version 1, is not here: nothing can follow."


def test_dead_deliveries_and_jobs_set_aside_are_findings(
    network: Network, lead: Viewer, worker: Viewer, visited: UUID
) -> None:
    message = uuid4()
    network.add(
        "message", id=message, key="k", case_id=visited, kind="warning", recipient_id=lead.actor_id, subject="s",
        body="b", created_at=START,
    )  # fmt: skip
    network.add(
        "delivery", id=uuid4(), message_id=message, case_id=visited, channel="email",
        status="dead", attempt=3, next_at=START,
    )  # fmt: skip
    network.change("job", TABLES["job"].c.kind == "conclude", status="aside", attempt=5, error_code="step-failed")
    findings = _page(network, lead, visited).findings
    assert "What follows from “Report” was set aside after 5 attempts: the program of the step failed." in findings
    assert "Messages that could not be delivered and were given up: 1." in findings
    for_worker = _page(network, worker, visited).findings
    assert not any("set aside" in finding or "step-failed" in finding for finding in for_worker)
    assert (
        "What the system does for “Report” did not succeed. Those who keep the system running are notified."
        in for_worker
    )


def test_the_ledger_names_who_was_told_when_it_was_delivered_and_who_has_seen_it(
    network: Network, unit: UUID, lead: Viewer, worker: Viewer, visited: UUID
) -> None:
    deadline = next(d for d in _page(network, lead, visited).deadlines if d.step_key == "visit")
    escalation, message = uuid4(), uuid4()
    network.add(
        "escalation", id=escalation, case_id=visited, unit_id=unit, deadline_id=deadline.id, level=2, round=1,
        planned_at=START, fired_at=START, recipient_ids=[worker.actor_id, lead.actor_id], channels=["in_app", "email"],
        acknowledged_at=START, acknowledged_by=lead.actor_id, note="",
    )  # fmt: skip
    network.add(
        "message", id=message, key="k", case_id=visited, escalation_id=escalation, kind="level",
        recipient_id=lead.actor_id, subject="s", body="b", created_at=START,
    )  # fmt: skip
    for channel, sent_at in (("email", None), ("in_app", START)):
        network.add(
            "delivery", id=uuid4(), message_id=message, case_id=visited, channel=channel, next_at=START,
            status="waiting", attempt=0, sent_at=sent_at,
        )  # fmt: skip
    (line,) = _page(network, lead, visited).escalations
    assert (line.level, line.step_title, line.recipients) == (2, "Visit", ("Sam", "Wim"))
    assert (line.delivered_at, line.acknowledged_by) == (None, "Sam"), "the copy on the page stands for no e-mail"
    assert [(d.recipient, d.channel, d.state) for d in line.deliveries] == [
        ("Sam", "email", "waits"),
        ("Sam", "in_app", "shown"),
    ]


def test_a_step_added_by_a_caseworker_comes_last_under_its_own_title(
    network: Network, lead: Viewer, visited: UUID
) -> None:
    run = _page(network, lead, visited).runs[0].id
    added = AddedStep(uses="field.check", title="Call the school", limit="PT2H", roles=("supervisor",))
    network.do(visited, cm.AddStep(run, "school", added=added))
    step = _page(network, lead, visited).steps[-1]
    assert (step.title, step.discretionary) == ("Call the school", True)
    assert (step.deadline.step_title, step.deadline.limit_words) == ("Call the school", "2 hours")


def test_facts_are_told_by_their_titles(network: Network, lead: Viewer, visited: UUID) -> None:
    network.do(visited, cm.RecordFact("fear", value=True))
    assert dict(_page(network, lead, visited).facts) == {"Fear was stated": "Yes"}


def test_a_deadline_is_explained_from_its_start_over_what_does_not_count_to_its_end(
    network: Network, lead: Viewer, visited: UUID
) -> None:
    deadline = next(d for d in _page(network, lead, visited).deadlines if d.step_key == "visit")
    journey = StepInterval(step_id=deadline.step_id, name="journey", start=START, end=START.replace(hour=9))
    network.do(visited, cm.RecordInterval(journey))
    lines = [line.text for line in network.ask(explain_deadline, lead, deadline.id).lines]
    assert any(line.startswith("Journey from") and "its destination is not recorded" in line for line in lines)
    network.do(visited, cm.RecordInterval(journey.model_copy(update={"has_place": True})))
    lines = [line.text for line in network.ask(explain_deadline, lead, deadline.id).lines]
    assert lines[0].startswith("It starts with the end of “First check”: Tuesday 10 March 2026, 11:30.")
    assert lines[1] == "So says Inspection, version 1: steps.visit.time.1."
    assert "network target, based on Act s.1" in lines[2]
    assert any(line.startswith("Journey from") and line.endswith("is not counted.") for line in lines)
    assert lines[-1] == "So it is due: Wednesday 11 March 2026, 14:30."


def test_an_explanation_says_so_when_the_case_keeps_another_date(network: Network, lead: Viewer, visited: UUID) -> None:
    deadline = next(d for d in _page(network, lead, visited).deadlines if d.step_key == "visit")
    network.change("deadline", TABLES["deadline"].c.id == deadline.id, due_at=START)
    last = network.ask(explain_deadline, lead, deadline.id).lines[-1]
    assert last.text.startswith("The case keeps Tuesday 10 March 2026, 11:30")


def test_a_page_takes_the_same_number_of_statements_however_long_the_case_is(
    network: Network, unit: UUID, lead: Viewer, worker: Viewer
) -> None:
    short_case = network.open_case(unit)
    short = network.counted(lambda: _page(network, lead, short_case))
    long_case = network.open_case(unit, victims=25)
    network.answer(long_case, "intake", INTAKE, by=worker)
    network.answer(long_case, "check", CHECK, by=lead)
    assert len(_page(network, lead, long_case).steps) == 28
    assert network.counted(lambda: _page(network, lead, long_case)) == short


def _page(network: Network, viewer: Viewer, case_id: UUID) -> CaseView:
    return network.ask(case_page, viewer, case_id)
