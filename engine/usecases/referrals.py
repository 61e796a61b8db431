"""Offer work of a case to another unit, and hear its answer."""

import re
from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.domain.records import Deadline, Purpose
from engine.domain.referral import Referral, ReferralStatus, require_unanswered
from engine.domain.state import CaseState
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.ports import ActorRecord
from engine.spec.roles import Role
from engine.stores import UnitOfWork
from engine.usecases.deciding import require_member
from engine.usecases.level_acts import next_unit, tell_of_referral
from engine.usecases.recipients import people_of_partner, reachable
from engine.usecases.telling import add_delivery_job
from engine.views import Viewer

_CODE = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
_LOOK_AFTER_PARTNERS = (Role.PARTNERSHIP_MANAGER.value, Role.SUPERVISOR.value)


def offer_referral(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    to_unit_id: UUID | None = None,
    step_id: UUID | None = None,
) -> UUID:
    """Offer the work of a step, or the case, to another unit, without any field of it; gives the referral's id.

    Without `to_unit_id` it goes to the next unit of the place that was not asked yet. The answer is due when the step
    is. Raises `InvalidAnswersError` for a unit that was asked already, is the case's own or has nobody to answer;
    `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state, Action.REFER)
        known = work.records.answer_to(command_id)
        if known is not None:
            return UUID(str(known["id"]))
        referral = _referral(engine, work, state, to_unit_id, step_id, viewer, now)
        work.referrals.add(referral)
        people = people_of_partner(work, state, referral.to_unit_id, now=now)
        after = _note(work, state, "ReferralOffered", referral, viewer, now)
        _tell(engine, work, after, referral, "referred", people, now)
        work.records.remember(command_id, {"id": str(referral.id)}, case_id=case_id, at=now)
        work.commit()
        return referral.id


def accept_referral(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Take the work on, for the unit that was asked. Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`."""
    _answer(engine, referral_id, ReferralStatus.ACCEPTED, viewer=viewer, command_id=command_id)


def decline_referral(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID, reason_code: str) -> None:
    """Decline, for the unit that was asked, with a reason as a code: the next partner can be asked then.

    Raises `InvalidAnswersError` for a reason that is no code, `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`.
    """
    if not _CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    _answer(engine, referral_id, ReferralStatus.DECLINED, viewer=viewer, command_id=command_id, reason_code=reason_code)


def recall_referral(engine: Engine, referral_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Take an offer back, for the unit that made it. Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(_known(work, referral_id).case_id)
        referral = _known(work, referral_id)
        if not viewer.is_system and referral.unit_id not in viewer.unit_ids:
            raise NotFoundError(kind="referral")
        require_member(viewer, state, Action.REFER)
        if work.records.answer_to(command_id) is not None:
            return
        require_unanswered(referral)
        work.referrals.answer(referral_id, status=ReferralStatus.RECALLED.value, by=viewer.actor_id, at=now)
        _note(work, state, "ReferralRecalled", referral, viewer, now)
        work.records.remember(command_id, {"id": str(referral_id)}, case_id=state.case.id, at=now)
        work.commit()


def _answer(
    engine: Engine,
    referral_id: UUID,
    status: ReferralStatus,
    *,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str = "",
) -> None:
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(_known(work, referral_id).case_id)
        referral = _known(work, referral_id)
        if not viewer.is_system and referral.to_unit_id not in viewer.unit_ids:
            raise NotFoundError(kind="referral")
        if not can(viewer, Action.REFER):
            raise NotAllowedError(actor=viewer.name, action=Action.REFER.value)
        if work.records.answer_to(command_id) is not None:
            return
        require_unanswered(referral)
        work.referrals.answer(referral_id, status=status.value, by=viewer.actor_id, at=now, reason_code=reason_code)
        name = "ReferralAccepted" if status is ReferralStatus.ACCEPTED else "ReferralDeclined"
        after = _note(work, state, name, referral, viewer, now)
        _tell(engine, work, after, referral, "answered", _who_offered(work, after, referral, now), now)
        work.records.remember(command_id, {"id": str(referral_id)}, case_id=state.case.id, at=now)
        work.commit()


def _referral(
    engine: Engine,
    work: UnitOfWork,
    state: CaseState,
    to_unit_id: UUID | None,
    step_id: UUID | None,
    viewer: Viewer,
    now: datetime,
) -> Referral:
    if step_id is not None and step_id not in state.steps:
        raise NotFoundError(kind="step")
    deadline = _deadline_of(state, step_id)
    asked = frozenset(
        one.to_unit_id
        for one in work.referrals.of_case(state.case.id)
        if one.step_id == step_id and one.status is not ReferralStatus.RECALLED
    )
    place = state.runs[state.steps[step_id].run_id].jurisdiction if step_id else state.case.jurisdiction
    to = to_unit_id or next_unit(work, state, place, asked, now=now)
    if to is None:
        raise InvalidAnswersError({"to_unit_id": "No further unit of this place can be asked."})
    if to == state.case.unit_id or to in asked:
        raise InvalidAnswersError({"to_unit_id": "This unit was asked already, or it is your own."})
    if work.directory.unit(to) is None or not people_of_partner(work, state, to, now=now):
        raise InvalidAnswersError({"to_unit_id": "Nobody of this unit can answer now."})
    return Referral(
        id=engine.entropy.uuid(), case_id=state.case.id, unit_id=state.case.unit_id, to_unit_id=to, step_id=step_id,
        deadline_id=deadline.id if deadline else None, sent_at=now, due_at=deadline.due_at if deadline else None,
        released_by=viewer.actor_id,
    )  # fmt: skip


def _deadline_of(state: CaseState, step_id: UUID | None) -> Deadline | None:
    here = (d for d in state.deadlines.values() if d.step_id == step_id and d.purpose is Purpose.LIMIT)
    return next(here, None)


def _known(work: UnitOfWork, referral_id: UUID) -> Referral:
    referral = work.referrals.get(referral_id)
    if referral is None:
        raise NotFoundError(kind="referral")
    return referral


def _who_offered(work: UnitOfWork, state: CaseState, referral: Referral, now: datetime) -> tuple[ActorRecord, ...]:
    """Give who made the offer, if they can be told, else who looks after partners in their unit."""
    offered = work.directory.actor(referral.released_by) if referral.released_by else None
    found = reachable(work, state, (offered,), now=now).people if offered else ()
    ours = work.directory.holders(roles=_LOOK_AFTER_PARTNERS, unit_id=referral.unit_id)
    return found or reachable(work, state, ours, now=now).people


def _note(
    work: UnitOfWork, state: CaseState, type_: str, referral: Referral, viewer: Viewer, now: datetime
) -> CaseState:
    body = {"referral_id": str(referral.id), "to_unit_id": str(referral.to_unit_id), "step_id": str(referral.step_id)}
    return work.cases.note(state, type_, body, actor_id=viewer.actor_id, at=now)


def _tell(
    engine: Engine,
    work: UnitOfWork,
    state: CaseState,
    referral: Referral,
    kind: str,
    people: tuple[ActorRecord, ...],
    now: datetime,
) -> None:
    if tell_of_referral(engine, work, state, referral, kind=kind, people=people, now=now):
        add_delivery_job(work, state, rule=f"{referral.id}|{kind}", critical=False, now=now)
