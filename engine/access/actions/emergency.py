"""Let somebody see a case that is not theirs for a few hours, and notice who looks at more than their work needs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from engine.access.records import ANSWER_WITHIN, OFTEN, is_unusual, problems_of
from engine.access.store import AccessStore, EmergencyAccessStore
from engine.approvals.actions.approvals import Answer, Handler, ask_second, register, take_answer
from engine.approvals.actions.concerns import colleagues_who_hear
from engine.approvals.records import ApprovalKind, EmergencyRequest, OpenEmergency
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import is_barred
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import written_number
from engine.cases.store import CaseStore
from engine.core.access import OPERATIONAL, Grant, GrantKind, Via
from engine.core.persons import everybody_in
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.names import Role
from engine.messages.actions.notifying import add_delivery_job, notify, notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.sign_in.actions.account import require_step_up

_PAGE: Final = "/emergency-access/"
_LEADS: Final = (Role.SUPERVISOR.value, Role.SAFEGUARDING_LEAD.value)
_ABOVE: Final = (Role.NODAL_OFFICER.value, Role.SAFEGUARDING_LEAD.value, Role.DATA_PROTECTION_OFFICER.value)


def emergency_access(
    engine: Engine, *, viewer: Viewer, command_id: UUID, number: str, reason_code: str, words: str, hours: int
) -> None:
    """Ask to see a case by its number, at once and for one to four hours.

    If there is such a case, and nothing stands against it, the viewer sees it now; its unit's lead and the safeguarding
    lead are told, and one of them has to confirm it within 24 hours. If there is none, or a denial or a conflict keeps
    the viewer out, the answer is the same, and the request is kept. Raises `InvalidAnswersError`, `NotAllowedError`,
    `StepUpNeededError`.
    """
    units = sorted(units_that_let(viewer, Action.EMERGENCY_ACCESS))
    if not units:
        raise NotAllowedError(actor=viewer.name, action=Action.EMERGENCY_ACCESS.value)
    require_step_up(engine, viewer)
    problems = problems_of(number=number.strip(), reason_code=reason_code, words=words.strip(), hours=hours)
    if problems:
        raise InvalidAnswersError(dict(problems))
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        request = EmergencyRequest(
            id=engine.entropy.uuid(), actor_id=viewer.actor_id, number=written_number(number), case_id=None,
            grant_id=None, approval_id=None, reason_code=reason_code, hours=hours, asked_at=now,
            ends_at=now + timedelta(hours=hours),
        )  # fmt: skip
        case_id = _case_that_opens(tx, viewer, request, now)
        if case_id is not None:
            request = _open(engine, tx, case_id, request, unit_id=units[0])
        tx.of(EmergencyAccessStore).add(request, words=words.strip())
        body = {"request_id": str(request.id), "reason_code": reason_code, "hours": hours}
        tx.of(AuditLogStore).note("access", "EmergencyAsked", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"request_id": str(request.id)}, case_id=None, at=now)
        tx.commit()


def answer_emergency_access(
    engine: Engine, request_id: UUID, *, viewer: Viewer, command_id: UUID, approved: bool
) -> None:
    """Confirm as a second person that emergency access was rightly broken, or end it at once.

    Raises `NotFoundError` for who leads neither the case's unit nor its safeguarding, and for whom the case is not to
    be known to; `OwnApprovalError`, `AlreadyEndedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        known = tx.of(EmergencyAccessStore).get(request_id)
        if known is None or known.case_id is None or known.grant_id is None or known.approval_id is None:
            raise NotFoundError(kind="request")
        state = tx.of(CaseStore).lock(known.case_id)
        asked = tx.of(ApprovalStore).get(known.approval_id)
        may_confirm = can(viewer, Action.CONFIRM_EMERGENCY, unit_id=state.case.unit_id) and not is_barred(viewer, state)
        if asked is None or not may_confirm:
            raise NotFoundError(kind="request")
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        take_answer(
            engine, tx, ApprovalKind.EMERGENCY_ACCESS, request_id, viewer=viewer, approved=approved, now=now,
            state=state
        )  # fmt: skip
        if approved:
            tx.of(AccessStore).confirm_grant(known.grant_id, by=viewer.actor_id, at=now)
        else:
            tx.of(AccessStore).end_grant(known.grant_id, at=now, reason="not_confirmed")
        event = "EmergencyConfirmed" if approved else "EmergencyEnded"
        tx.of(CaseStore).note(state, event, {"request_id": str(request_id)}, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"approved": approved}, case_id=known.case_id, at=now)
        tx.commit()


def flag_unconfirmed_emergencies(engine: Engine) -> int:
    """Tell those above of what nobody has confirmed within 24 hours, each once; returns how many."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        waiting = tx.of(EmergencyAccessStore).unanswered(before=now - ANSWER_WITHIN)
    for one in waiting:
        _flag(engine, one, now)
    return len(waiting)


def _case_that_opens(tx: Transaction, viewer: Viewer, request: EmergencyRequest, now: datetime) -> UUID | None:
    """Find the case, unless there is none, it is open to them already, or they must not see it."""
    case_id = tx.of(EmergencyAccessStore).case_of_number(request.number)
    if case_id is None:
        return None
    access = tx.of(AccessStore).access_of(viewer, case_id, now)
    return case_id if access.via is Via.NONE and not access.is_denied else None


def _open(
    engine: Engine, tx: Transaction, case_id: UUID, request: EmergencyRequest, *, unit_id: UUID
) -> EmergencyRequest:
    state, now = tx.of(CaseStore).lock(case_id), request.asked_at
    grant_id = uuid5(request.id, "grant")
    steps = sorted(f"{key}.*" for key in engine.registry.step_types)
    grant = Grant(
        id=grant_id, case_id=case_id, unit_id=unit_id, purpose=request.reason_code,
        fields=(OPERATIONAL, "person.*", *steps), persons=everybody_in(state), valid_until=request.ends_at,
        granted_at=now, granted_by=request.actor_id, kind=GrantKind.EMERGENCY_ACCESS, actor_id=request.actor_id,
    )  # fmt: skip
    tx.of(AccessStore).add_grant(grant)
    asked = ask_second(
        engine, tx, ApprovalKind.EMERGENCY_ACCESS, request.id, asked_by=request.actor_id, now=now, state=state,
        reason_code=request.reason_code, subject={"grant_id": str(grant_id)}, tells=False,
    )  # fmt: skip
    body = {"request_id": str(request.id), "grant_id": str(grant_id), "reason_code": request.reason_code}
    after = tx.of(CaseStore).note(
        state, "EmergencyAccessGiven", body | {"hours": request.hours}, actor_id=request.actor_id, at=now
    )  # fmt: skip
    people = _leads(tx, state)
    _notify(engine, tx, after, "emergency_broken", request.id, people, now)
    return request._replace(case_id=case_id, grant_id=grant_id, approval_id=asked.id)


def _flag(engine: Engine, one: OpenEmergency, now: datetime) -> None:
    if one.case_id is None:
        return
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(one.case_id)
        body = {"request_id": str(one.id)}
        after = tx.of(CaseStore).note(state, "EmergencyUnconfirmed", body, actor_id=None, at=now)
        above = _who_may_know(
            tx, state, tx.of(DirectoryStore).with_role(unit_id=state.case.unit_id, roles=_ABOVE, now=now)
        )
        people = above or _who_may_know(tx, state, tx.of(DirectoryStore).with_role_anywhere(roles=_ABOVE, now=now))
        _notify(engine, tx, after, "emergency_unconfirmed", one.id, people, now)
        tx.of(EmergencyAccessStore).flag(one.id, at=now)
        tx.of(AuditLogStore).note("access", "EmergencyUnconfirmed", body, actor_id=None, at=now)
        tx.commit()


def _leads(tx: Transaction, state: CaseState) -> tuple[ActorRecord, ...]:
    """Return who leads the case's unit and its safeguarding; those above where there is nobody."""
    leads = _who_may_know(tx, state, tx.of(DirectoryStore).holders(roles=_LEADS, unit_id=state.case.unit_id))
    return leads or _who_may_know(tx, state, tx.of(DirectoryStore).holders(roles=_ABOVE))


def _who_may_know(tx: Transaction, state: CaseState, people: Iterable[ActorRecord]) -> tuple[ActorRecord, ...]:
    """Return who of these people can act, without whoever is in conflict with the case or denied it."""
    barred = tx.of(AccessStore).recused(state.case.id)
    return tuple(one for one in people if not one.disabled and one.id not in barred)


def _notify(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    kind: str,
    request_id: UUID,
    people: tuple[ActorRecord, ...],
    now: datetime,
) -> None:
    rule = f"{kind}|{request_id}"
    must_send = notify(
        engine, tx, state, kind=kind, rule=rule, people=people, channels=(IN_APP, EMAIL), step_title="",
        due_at=None, link=f"{_PAGE}{request_id}", now=now, critical=True,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=True, now=now)


def _answer(given: Answer) -> None:
    answer_emergency_access(
        given.engine, given.asked.subject_id, viewer=given.viewer, command_id=given.command_id,
        approved=given.approved,
    )  # fmt: skip


register(
    ApprovalKind.EMERGENCY_ACCESS,
    Handler(
        "used emergency access to open it", "It was justified", "End the access now",
        look=lambda view: f"{_PAGE}{view.subject_id}", answer=_answer,
    ),
)  # fmt: skip


_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_BEFORE: Final = timedelta(days=30)


def watch_viewing(engine: Engine) -> int:
    """Look at the last hour, and at the last day's requests to get emergency access; gives of how many people was told.

    Each person is told of at most once an hour, or once a day.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        opened = tx.of(AuditLogStore).opened(since=now - _HOUR, until=now)
        usual = {
            who: tx.of(AuditLogStore).median_hour(who, since=now - _BEFORE, until=now - _HOUR) for who, _ in opened
        }
        often = tx.of(EmergencyAccessStore).asked_since(now - _DAY, at_least=OFTEN)
    found = [(who, count, "viewing", f"{now:%Y-%m-%dT%H}") for who, count in opened if is_unusual(count, usual[who])]
    found += [(who, count, "emergency", f"{now:%Y-%m-%d}") for who, count in often]
    return sum(
        _notify_of_bulk_viewing(engine, who, count=count, what=what, when=when) for who, count, what, when in found
    )


def _notify_of_bulk_viewing(engine: Engine, who: UUID, *, count: int, what: str, when: str) -> bool:
    """Tell of one person, in a transaction of its own, once for the same hour or day."""
    now, mark = engine.clock.now(), uuid5(who, f"{what}|{when}")
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(mark)
        if tx.of(HousekeepingStore).answer_to(mark) is not None:
            return False
        notify_of_system(
            engine, tx, kind="bulk_viewing", rule=f"bulk|{mark}", people=colleagues_who_hear(tx, who),
            channels=(IN_APP, EMAIL), link=f"/audit?actor={who}", now=now, critical=True,
        )  # fmt: skip
        body = {"actor_id": str(who), "count": count, "what": what}
        tx.of(AuditLogStore).note("access", "UnusualViewing", body, actor_id=None, at=now)
        tx.of(HousekeepingStore).remember(mark, {"count": count}, case_id=None, at=now)
        tx.commit()
    return True
