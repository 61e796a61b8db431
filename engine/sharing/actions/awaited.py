"""The step in which a case waits for the answer to a referral, and what follows when nobody waits for it any more."""

from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, would_be
from engine.core import commands as cm
from engine.core.case_links import ANSWER_WITHIN, AWAIT, Referral, ReferralStatus
from engine.core.follow_ups import brought_by_act
from engine.core.records import Run, RunStatus, Step, StepStatus, step_id
from engine.core.settle import DECIDES, is_left_to_itself, key_that_asks_whether_done
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.names import in_running_words
from engine.people.store import DirectoryStore


def open_run(state: CaseState) -> Run | None:
    """Return the workflow in which a case goes on; None where there is none."""
    return next((run for run in state.runs.values() if run.status is RunStatus.OPEN), None)


def wait_for_answer(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> tuple[CaseState, Referral]:
    """Add the step that waits for the answer, with its time limit and ladder; a case without an open run has none.

    Nothing is added to a referral that is for a step with a time limit of its own: that one runs.
    """
    run = open_run(state)
    if run is None or referral.deadline_id is not None or not referral.urgency:
        return state, referral
    key = f"answer_{referral.id.hex[:12]}"
    added = brought_by_act(run, AWAIT, f"referral_{referral.urgency}", engine.definitions, tx.library())
    step = step_id(run.id, key, "")
    unit = tx.of(DirectoryStore).unit(referral.to_unit_id) if referral.to_unit_id else None
    state = state.with_partner(step, unit.jurisdiction) if unit else state
    after = carry_out(engine, tx, state, cm.AddStep(run.id, key, added), actor_id=by, now=now).state
    due = next((deadline.due_at for deadline in after.deadlines.values() if deadline.step_id == step), None)
    changes = {"answer_step_id": step, "due_at": due or now + ANSWER_WITHIN[referral.urgency]}
    return after, referral.model_copy(update=changes)


def follow_up(engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, now: datetime) -> CaseState:
    """Add the step in which people here ask whether the help is given that somebody outside has accepted to give."""
    run = open_run(state)
    if run is None or not referral.help or state.case.merged_into is not None:
        return state
    name = "help_other" if referral.urgency == "other" else "help_soon"
    added = brought_by_act(run, DECIDES, name, engine.definitions, tx.library())
    named = added.model_copy(update={"title": f"{in_running_words(referral.help).capitalize()}: {added.title}"})
    command = cm.AddStep(run.id, _key_of_help(referral), named)
    return carry_out(engine, tx, state, command, actor_id=None, now=now).state


def wait_no_more(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> CaseState:
    """End the step that waits for the answer, or for the help: it has come, or nobody waits for it any more.

    The case does not close with that step unless the other side took the work on: what came back is for people here,
    and a case that was handed over for people there.
    """
    step = _waiting(state, referral)
    if step is None:
        return state
    answer = referral.status.value
    answered = referral.status in {ReferralStatus.ACCEPTED, ReferralStatus.DECLINED}
    command: cm.Command = (
        cm.CompleteStep(step.id, "done", now, outputs={"answer": answer}, by=by)
        if answered
        else cm.CancelStep(step.id, "recalled")
    )
    is_theirs = referral.status is ReferralStatus.ACCEPTED and not referral.is_transfer
    if not is_theirs and is_left_to_itself(would_be(engine, tx, state, command, now=now)):
        state = _let_people_decide(engine, tx, state, referral, step, by=by, now=now)
    return carry_out(engine, tx, state, command, actor_id=by, now=now).state


def _waiting(state: CaseState, referral: Referral) -> Step | None:
    answer = state.steps.get(referral.answer_step_id) if referral.answer_step_id else None
    if answer is not None and answer.status is StepStatus.READY:
        return answer
    key = "" if referral.status is ReferralStatus.ACCEPTED else _key_of_help(referral)
    return next((one for one in state.steps.values() if one.key == key and one.status is StepStatus.READY), None)


def _key_of_help(referral: Referral) -> str:
    return f"help_{referral.id.hex[:12]}"


def _let_people_decide(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    waiting: Step,
    *,
    by: UUID | None,
    now: datetime,
) -> CaseState:
    """Add a step in which somebody who leads the case says whether it is done; a stub takes no more work."""
    if state.case.merged_into is not None:
        return state
    name = "handed_over" if referral.status is ReferralStatus.ACCEPTED else "referral_came_back"
    added = brought_by_act(state.runs[waiting.run_id], DECIDES, name, engine.definitions, tx.library())
    command = cm.AddStep(waiting.run_id, key_that_asks_whether_done(referral.id.hex[:12]), added)
    return carry_out(engine, tx, state, command, actor_id=by, now=now).state
