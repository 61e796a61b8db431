"""Prepare the referral that a step has ended with, and read what the other side wrote."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of, require_member
from engine.cases.store import CaseStore
from engine.core.case_links import ReferralStatus
from engine.core.policy import ROLES_THAT_MAY, Action, Viewer, can
from engine.core.records import Step, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AuditUnavailableError, NotAllowedError, NotFoundError
from engine.messages.actions.notifying import notify, title_of_step
from engine.messages.actions.recipients import reachable
from engine.messages.records import IN_APP
from engine.people.store import DirectoryStore
from engine.sharing.actions.sharing import is_of, known_referral
from engine.sharing.records.consent import ConsentRecipient
from engine.sharing.records.partners import ASKS, PreparedReferral, prepare
from engine.sharing.store import ConsentStore, ReferralStore
from engine.work.store import ItemStore

READY: Final = "referral_ready"
_GONE: Final = frozenset({ReferralStatus.DROPPED, ReferralStatus.RECALLED, ReferralStatus.DECLINED})


def prepared_referral(engine: Engine, case_id: UUID, step_id: UUID, *, viewer: Viewer) -> PreparedReferral | None:
    """Return the referral that a step has ended with, for who may offer it; None when there is none to be sent.

    There is none before the step is done, after the partner has said no, where no consent covers any of it, and once
    it was offered. Raises `NotFoundError`, `NotAllowedError`.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
        require_member(viewer, state, Action.REFER)
        step = state.steps.get(step_id)
        if step is None:
            raise NotFoundError(kind="step")
        return _prepared(engine, tx, state, step, now=engine.clock.now())


def notify_of_prepared(engine: Engine, tx: Transaction, state: CaseState, step_id: UUID, *, now: datetime) -> None:
    """Tell those whose step it is of a referral with which it has ended, in-app only; `now` is in UTC."""
    step = state.steps.get(step_id)
    if step is None or _prepared(engine, tx, state, step, now=now) is None:
        return
    may_refer = {role.value for role in ROLES_THAT_MAY[Action.REFER]}
    roles = tuple(sorted(may_refer.intersection(engine.registry.get(step.uses).roles)))
    holders = tx.of(DirectoryStore).holders(roles=roles, unit_id=state.case.unit_id)
    notify(
        engine, tx, state, kind=READY, rule=f"{step.id}|{READY}|{step.turn}", channels=(IN_APP,), due_at=None,
        people=reachable(tx, state, holders, now=now).people,
        step_title=title_of_step(engine, state, step), link=f"/cases/{state.case.id}/send?step={step.id}", now=now,
    )  # fmt: skip


def _prepared(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, *, now: datetime
) -> PreparedReferral | None:
    step_type = engine.registry.step_types.get(step.uses)
    if step_type is None or step.status is not StepStatus.ENDED or step.outcome != "done":
        return None
    if not ASKS.issubset({spec.name for spec in step_type.fields}):
        return None
    answers = tx.of(ItemStore).answers(step.id)
    found = prepare(step.id, answers, tx.of(ConsentStore).of_case(state.case.id), _unit(tx, state, answers), now=now)
    return None if found is None or _is_offered(tx, state, found) else found


def _unit(tx: Transaction, state: CaseState, answers: Mapping[str, object]) -> ConsentRecipient | None:
    """Find the unit of the network of which a step gives the name."""
    name = str(answers.get("to_org") or "").strip().casefold()
    for unit in tx.of(DirectoryStore).units():
        if unit.name.casefold() == name and unit.id != state.case.unit_id:
            return tx.of(ReferralStore).recipient(unit.id)
    return None


def _is_offered(tx: Transaction, state: CaseState, found: PreparedReferral) -> bool:
    return any(
        (one.to_unit_id, one.to_name, one.purpose) == (found.to_unit_id, found.to_name, found.purpose)
        for one in tx.of(ReferralStore).of_case(state.case.id)
        if one.status not in _GONE
    )


def read_note(engine: Engine, referral_id: UUID, *, viewer: Viewer) -> str:
    """Return the note of a referral that the viewer's unit has accepted; that it was read is recorded before.

    Raises `NotFoundError` for one that was not accepted, ended or is not theirs, `NotAllowedError`,
    `AuditUnavailableError` when the reading cannot be recorded.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        referral = known_referral(tx, referral_id)
        unit_id = referral.to_unit_id
        is_theirs = is_of(viewer, unit_id) and referral.status is ReferralStatus.ACCEPTED
        units = () if unit_id is None else (unit_id,)
        if not is_theirs or tx.of(AccessStore).is_denied(referral.case_id, actor_id=viewer.actor_id, unit_ids=units):
            raise NotFoundError(kind="referral")
        if not can(viewer, Action.REFER, unit_id=unit_id):
            raise NotAllowedError(actor=viewer.name, action=Action.REFER.value)
        note = tx.of(ReferralStore).note(referral_id)
        read = reading_of(viewer, referral.case_id, "referral_note", ("narrative",), at=now, subject_id=referral_id)
        try:
            tx.of(AuditLogStore).note_reading(read)
            tx.commit()
        except Exception as error:
            raise AuditUnavailableError from error
        return note
