"""Prepare the referral that a step has ended with, and say that it can be sent: nothing leaves by itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.consent_store import ConsentStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.referral_store import ReferralStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.consent import ConsentRecipient
from engine.domain.policy import ROLES_THAT_MAY, Action
from engine.domain.prepared_referral import ASKS, PreparedReferral, prepare
from engine.domain.records import Step, StepStatus
from engine.domain.referral import ReferralStatus
from engine.domain.state import CaseState
from engine.errors import NotFoundError
from engine.usecases.deciding import require_member
from engine.usecases.recipients import reachable
from engine.usecases.telling import IN_APP, tell, title_of_step
from engine.views import Viewer

READY: Final = "referral_ready"
_GONE: Final = frozenset({ReferralStatus.DROPPED, ReferralStatus.RECALLED, ReferralStatus.DECLINED})


def prepared_referral(engine: Engine, case_id: UUID, step_id: UUID, *, viewer: Viewer) -> PreparedReferral | None:
    """Give the referral that a step has ended with, for who may offer it; None when there is none to be sent.

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


def tell_of_prepared(engine: Engine, tx: Transaction, state: CaseState, step_id: UUID, *, now: datetime) -> None:
    """Tell those whose step it is of a referral with which it has ended, in-app only; `now` is in UTC."""
    step = state.steps.get(step_id)
    if step is None or _prepared(engine, tx, state, step, now=now) is None:
        return
    may_refer = {role.value for role in ROLES_THAT_MAY[Action.REFER]}
    roles = tuple(sorted(may_refer.intersection(engine.registry.get(step.uses).roles)))
    holders = tx.of(DirectoryStore).holders(roles=roles, unit_id=state.case.unit_id)
    tell(
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
