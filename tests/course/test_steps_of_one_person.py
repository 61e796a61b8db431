"""A step for one person knows no other survivor; what somebody may do to a case hangs on their roles."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.deciding import carry_out
from engine.cases.actions.open import open_case
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.records import AddedStep, PersonRole, step_id
from engine.course.actions.closing import close_case
from engine.course.actions.steer import add_step
from engine.documents.views import document_text
from engine.errors import NotAllowedError
from tests.kit.cases import Work
from tests.kit.world import SIX, World, replace_roles


def runs(case: Work, uses: str, path: str) -> UUID:
    """Let a step of the machine be done for one person."""
    run, key = next(iter(case.state.runs)), f"extra_{uuid4().hex[:8]}"
    command = cm.AddStep(run, key, AddedStep(uses=uses, title=uses), path, automatic=True)
    with case.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case.case_id)
        carry_out(case.engine, tx, state, command, actor_id=None, now=case.world.now())
        tx.commit()
    case.world.settle_jobs()
    return step_id(run, key, path)


def paper(case: Work, step: UUID) -> str:
    [document] = case.page_of(step).documents
    return case.engine.ask(document_text, case.people["case_manager"], document.id)


def test_the_paper_for_one_person_names_no_other_survivor(case: Work) -> None:
    alpha = case.joins(name="Alpha Person")
    case.joins(name="Bravo Secret")
    case.joins(role=PersonRole.POSSIBLE_VICTIM, name="Charlie Hidden")
    own, whole = case.add_for("repatriation.nationality", alpha), case.add("repatriation.nationality")
    case.world.settle_jobs()
    for step in (own, whole):
        case.answer(step, claimed_country="BD", stateless_risk=False, asylum_claim=False)
    named = [[name in paper(case, step) for name in ("Alpha", "Bravo", "Charlie")] for step in (own, whole)]
    assert named == [[True, False, False], [True, True, True]]


def test_the_return_of_an_adult_needs_no_order_for_a_child_who_is_in_the_case_too(case: Work) -> None:
    adult, child = case.joins(name="Adult", age=30), case.joins(name="Child", age=12)
    notes = []
    for path in (adult, child):
        step = case.add_for("repatriation.decision", path)
        case.answer(step, wishes_return="yes", hir_ok=True, decision="return", risk_score=1)
        notes.append(case.page_of(step).notes)
    assert notes == [(), ("A child goes home only with an order: record its number.",)]


def test_only_the_care_plan_of_the_child_watches_when_they_turn_18(case: Work) -> None:
    adult, child = case.joins(name="Adult", age=30), case.joins(name="Child", age=12)
    today = case.world.now().date()
    for path in (adult, child):
        case.answer(
            case.add_for("rehabilitation.care_plan", path), plan_type=["health"], start=today.isoformat(),
            planned_end=(today + timedelta(days=90)).isoformat(),
        )  # fmt: skip
    assert {name: [step.path for step in case.watched(name)] for name in ("leaving_care_plan", "turns_18")} == {
        "leaving_care_plan": [child], "turns_18": [child],
    }  # fmt: skip


def test_a_child_beside_an_adult_has_routes_to_compensation_and_a_share_of_an_award(case: Work) -> None:
    case.joins(name="Adult", age=30)
    child = case.joins(name="Child", age=12)
    asked = case.add_for("restitution.eligibility", child)
    routes = case.proposed(asked, "routes")
    assert routes
    case.answer(asked, routes=[*dict.fromkeys([*routes, "NALSA"])])
    case.answer(case.add_for("restitution.award", child), amount="100000.00")
    split = runs(case, "restitution.split", child)
    assert case.state.steps[split].outputs["is_known"] is True


def test_a_text_for_the_press_is_searched_for_the_names_of_everybody(case: Work) -> None:
    alpha = case.joins(name="Alpha Person")
    case.joins(name="Zenobia Quintal")
    now = case.world.now()
    for path in (alpha, ""):
        step = case.add_for("press.release", path)
        case.answer(
            step, text="We thank Zenobia Quintal.", child_involved=False, kind="statement",
            legal_basis="no_person_concerned", identity_check=["no_name"], approvals=["lawyer", "supervisor"],
            publish_from=now.isoformat(), withdraw_by=(now + timedelta(days=3)).isoformat(),
        )  # fmt: skip
        assert "names 1" in " ".join(case.page_of(step).notes)


def test_who_is_a_suspect_and_a_survivor_is_named_as_a_survivor(case: Work) -> None:
    path = case.joins(role=PersonRole.SUSPECT, name="Bravo Both")
    case.becomes_victim(path)
    step = case.add_for("repatriation.nationality", path)
    case.answer(step, claimed_country="BD", stateless_risk=False, asylum_claim=False)
    assert "Bravo Both" in paper(case, step)


def test_suspects_and_family_are_known_to_a_step_of_one_person_but_not_who_is_a_survivor_as_well(case: Work) -> None:
    alpha, bravo = case.joins(name="Alpha Person"), case.joins(role=PersonRole.SUSPECT, name="Bravo Secret")
    case.joins(role=PersonRole.SUSPECT, name="Sierra Suspect")
    case.becomes_victim(bravo)
    step = case.add_for("policing.fir", alpha)
    case.answer(step, refused=False)
    html = "".join(
        case.engine.ask(document_text, case.people["case_manager"], document.id)
        for document in case.page_of(step).documents
    )
    assert [name in html for name in ("Alpha", "Bravo", "Sierra")] == [True, False, True]


def test_a_press_officer_adds_no_step_to_a_case(world: World) -> None:
    opened = world.open()
    viewer = replace_roles(world.who("caseworker"), "press_officer")
    with pytest.raises(NotAllowedError, match="add or cancel a step"):
        world.act(add_step, opened.case_id, by=viewer, uses="trial.look")


def test_a_caseworker_asks_for_no_closing_and_a_supervisor_does(world: World) -> None:
    opened = world.open()
    given = {"command_id": uuid4(), "reason_code": "duplicate"}
    with pytest.raises(NotAllowedError):
        close_case(world.engine, opened.case_id, viewer=world.who("caseworker"), **given)  # type: ignore[arg-type]
    supervisor = replace_roles(world.who("caseworker"), "supervisor")
    assert not close_case(world.engine, opened.case_id, viewer=supervisor, **given)  # type: ignore[arg-type]
    assert world.state(opened.case_id).case.status == "open", "a second person has to agree"


def test_an_auditor_opens_no_case(world: World) -> None:
    viewer = replace_roles(world.who("caseworker"), "auditor")
    with pytest.raises(NotAllowedError, match="open a case"):
        world.act(open_case, answers=SIX, unit_id=world.unit, by=viewer)
