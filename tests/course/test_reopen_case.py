"""A closed case goes on when somebody who leads says why; an open one is closed by them, a step called off."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.access.actions.restrict import restrict_case
from engine.cases.actions.deciding import read_reasons
from engine.core.case_links import CaseMergedError
from engine.core.records import RunStatus
from engine.course.actions.closing import answer_closing, close_case, reopen_case
from engine.course.actions.steer import add_step, cancel_step, record_fact, start_run
from engine.definitions.actions.publish import publish_shipped
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.history import case_history
from engine.retention.actions.retention import decide_proposal, run_retention
from tests.kit.trial import CANARY
from tests.kit.world import World
from tests.retention.test_retention import POLICY

_YEAR = timedelta(days=366)


def test_a_reopened_case_takes_steps_facts_and_another_workflow_and_closes_again(world: World) -> None:
    case_id = _over(world)
    before = world.state(case_id)
    world.later(days=40)
    _reopen(world, case_id)
    state = world.state(case_id)
    assert (state.case.status, state.case.closed_at) == ("open", None)
    assert state.steps == before.steps, "what was done stays as it is"
    assert state.runs == before.runs
    world.act(record_fact, case_id, by="caseworker", name="mood", value="calm")
    step = _add(world, case_id, limit="PT4H")
    key = world.state(case_id).steps[step].key
    assert world.deadline(case_id, key).due_at == world.clock.now() + timedelta(hours=4)
    assert {run.status for run in world.state(case_id).runs.values()} == {RunStatus.OPEN}, "it goes on"
    world.act(start_run, case_id, by="case_manager", workflow="fragile")
    _cancel(world, case_id, step)
    assert world.state(case_id).case.status == "open"
    world.act(close_case, case_id, by="case_manager", reason_code="nothing_more")
    answer_closing(world.engine, case_id, viewer=world.who("supervisor"), approved=True)
    after = world.state(case_id)
    assert (after.case.status, after.case.closed_at, dict(after.deadlines)) == ("closed", world.clock.now(), {})
    assert not list(world.engine.broken_chains())


def test_why_is_told_by_the_history_and_the_words_only_by_a_recorded_act(world: World) -> None:
    case_id = _over(world)
    _reopen(world, case_id, words=f"  {CANARY} wrote to us.  ")
    viewer = world.who("caseworker")
    lines = {line.seq: line.text for line in world.engine.ask(case_history, viewer, case_id)}
    assert "The case was opened again: there is new information." in lines.values()
    assert CANARY not in world.dump()
    seen = world.rows("SELECT count(*) FROM reading WHERE what = 'reasons'")[0][0]
    (told,) = read_reasons(world.engine, case_id, viewer=viewer).items()
    assert lines[told[0]].startswith("The case was opened again")
    assert told[1] == f"{CANARY} wrote to us."
    assert world.rows("SELECT count(*) FROM reading WHERE what = 'reasons'")[0][0] == seen + 1
    world.refuses(NotAllowedError, read_reasons, case_id, by="press_officer")
    world.refuses(NotFoundError, read_reasons, case_id, by=world.other("caseworker"))


def test_who_does_not_lead_opens_no_case_again_and_a_stranger_finds_none(world: World) -> None:
    case_id = _over(world)
    with pytest.raises(NotAllowedError, match="reopen"):
        _reopen(world, case_id, viewer=world.who("caseworker"))
    with pytest.raises(NotFoundError):
        _reopen(world, case_id, viewer=world.other("case_manager"))
    assert world.state(case_id).case.status == "closed"


@pytest.mark.parametrize(("more", "field"), [
    ({"reason_code": "because"}, "reason_code"),
    ({"reason_code": ""}, "reason_code"),
    ({"words": "   "}, "words"),
    ({"words": "x" * 2_001}, "words"),
    ({"workflow": "no-such"}, "workflow"),
])  # fmt: skip
def test_what_does_not_fit_is_said_and_changes_nothing(world: World, more: dict[str, str], field: str) -> None:
    case_id = _over(world)
    before = world.state(case_id)
    with pytest.raises(InvalidAnswersError) as refused:
        _reopen(world, case_id, **more)
    assert set(refused.value.problems) == {field}
    assert world.state(case_id) == before


def test_a_double_click_opens_it_once_and_an_open_case_is_not_opened_again(world: World) -> None:
    case_id, command_id = _over(world), uuid4()
    for _ in range(2):
        _reopen(world, case_id, command_id=command_id, workflow="fragile")
    assert sorted(run.workflow for run in world.state(case_id).runs.values()) == ["fragile", "visit"]
    with pytest.raises(InvalidAnswersError, match="reason_code"):
        _reopen(world, case_id)


def test_a_case_whose_workflows_were_all_stopped_needs_one_that_begins(world: World) -> None:
    case_id = world.at_look().case_id
    world.act(close_case, case_id, by="case_manager", reason_code="duplicate")
    answer_closing(world.engine, case_id, viewer=world.who("supervisor"), approved=True)
    with pytest.raises(InvalidAnswersError) as refused:
        _reopen(world, case_id)
    assert set(refused.value.problems) == {"workflow"}
    _reopen(world, case_id, workflow="visit")
    state = world.state(case_id)
    assert sorted(run.status for run in state.runs.values()) == ["aborted", "open"]
    assert _add(world, case_id) in world.state(case_id).steps


def test_a_sealed_case_and_one_that_was_merged_away_are_not_opened_again(world: World) -> None:
    case_id = _over(world)
    officer, holder = world.who("data_protection_officer"), world.who("nodal_officer")
    world.act(restrict_case, case_id, by=officer, ground_code="objection", holder_id=holder.actor_id)
    with pytest.raises(InvalidAnswersError) as refused:
        _reopen(world, case_id, viewer=holder)
    assert "restricted" in refused.value.problems["reason_code"]
    other = _over(world)
    world.rows('UPDATE "case" SET merged_into = :into WHERE id = :id', into=case_id, id=other)
    with pytest.raises(CaseMergedError):
        _reopen(world, other)


def test_what_was_proposed_since_its_time_was_over_is_off_and_time_runs_anew_from_the_next_closing(
    world: World,
) -> None:
    publish_shipped(world.engine, {"trial.yaml": POLICY})
    case_id = _over(world)
    world.clock.move_to(world.clock.now() + 2 * _YEAR)
    [due] = run_retention(world.engine)
    assert due.case_id == case_id
    _reopen(world, case_id)
    [proposal] = world.rows("SELECT id, decision, decided_at FROM retention_proposal")
    assert (proposal.decision, proposal.decided_at) == ("reopened", world.clock.now())
    world.refuses(AlreadyEndedError, decide_proposal, proposal.id, by="case_manager", decision="taken")
    assert run_retention(world.engine) == (), "it is open"
    world.act(close_case, case_id, by="case_manager", reason_code="mistake")
    assert run_retention(world.engine) == (), "its time runs from now"
    world.clock.move_to(world.clock.now() + 2 * _YEAR)
    assert [(one.case_id, one.act) for one in run_retention(world.engine)] == [(case_id, due.act)]


def test_closing_calls_off_what_is_open_and_says_why(world: World) -> None:
    case_id = world.at_look().case_id
    world.refuses(NotAllowedError, close_case, case_id, by="caseworker", reason_code="duplicate")
    world.refuses(InvalidAnswersError, close_case, case_id, by="supervisor", reason_code="bored")
    world.act(close_case, case_id, by="supervisor", reason_code="duplicate", words=f"See the case of {CANARY}.")
    answer_closing(world.engine, case_id, viewer=world.who("nodal_officer"), approved=True)
    state = world.state(case_id)
    assert (state.case.status, dict(state.deadlines)) == ("closed", {})
    assert world.rows("SELECT count(*) FROM work_item WHERE status IN ('ready', 'reserved')")[0][0] == 0
    texts = [line.text for line in world.engine.ask(case_history, world.who("supervisor"), case_id)]
    assert "The case was closed: another case is about the same matter." in texts
    assert list(read_reasons(world.engine, case_id, viewer=world.who("supervisor")).values()) == [
        f"See the case of {CANARY}."
    ]
    world.refuses(AlreadyEndedError, close_case, case_id, by="supervisor", reason_code="duplicate")


def test_a_step_is_called_off_once_with_a_reason_by_who_may_change_the_plan(world: World) -> None:
    case_id = world.at_look().case_id
    step = _add(world, case_id)
    for reason in ("", "because"):
        with pytest.raises(InvalidAnswersError):
            _cancel(world, case_id, step, reason_code=reason)
    with pytest.raises(NotAllowedError):
        _cancel(world, case_id, step, viewer=world.who("press_officer"))
    _cancel(world, case_id, step, words=f"{CANARY} asked us not to.")
    assert world.state(case_id).steps[step].status == "cancelled"
    texts = [line.text for line in world.engine.ask(case_history, world.who("caseworker"), case_id)]
    assert any(text.endswith("was cancelled: it was opened by mistake.") for text in texts)
    assert CANARY not in world.dump()
    with pytest.raises(AlreadyEndedError):
        _cancel(world, case_id, step)


def test_a_workflow_is_begun_by_who_leads_and_in_an_open_case_only(world: World) -> None:
    case_id = _over(world)
    given = {"command_id": uuid4(), "workflow": "fragile"}
    with pytest.raises(NotAllowedError):
        start_run(world.engine, case_id, viewer=world.who("caseworker"), **given)  # type: ignore[arg-type]
    with pytest.raises(AlreadyEndedError):
        start_run(world.engine, case_id, viewer=world.who("case_manager"), **given)  # type: ignore[arg-type]


def _over(world: World) -> UUID:
    """Return a case that closed by itself, with its only workflow over."""
    case_id = world.at_look().case_id
    world.do_look_and_talk(case_id)
    assert world.state(case_id).case.status == "closed"
    assert {run.status for run in world.state(case_id).runs.values()} == {RunStatus.OVER}
    return case_id


def _reopen(world: World, case_id: UUID, **more: object) -> None:
    wanted = {
        "viewer": world.who("case_manager"), "command_id": uuid4(), "reason_code": "new_facts",
        "words": "A letter came.",
    }  # fmt: skip
    reopen_case(world.engine, case_id, **(wanted | more))  # type: ignore[arg-type]


def _cancel(world: World, case_id: UUID, step: UUID, **more: object) -> None:
    wanted = {"viewer": world.who("caseworker"), "command_id": uuid4(), "reason_code": "opened_by_mistake"}
    cancel_step(world.engine, step, case_id=case_id, **(wanted | more))  # type: ignore[arg-type]


def _add(world: World, case_id: UUID, **more: str) -> UUID:
    return world.act(add_step, case_id, by="caseworker", uses="trial.talk", **more  # type: ignore[arg-type]
    )  # fmt: skip
