"""Find what is due by the retention policies and propose it; hold a case back from erasure."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.approvals.actions.approvals import Answer, Handler, ask_second, case_page, register, take_answer
from engine.approvals.records import ApprovalKind
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Action, Viewer, require
from engine.core.retention import Hold, LegalHoldKind
from engine.db.transaction import Transaction
from engine.definitions.store import DefinitionStore
from engine.errors import AlreadyEndedError, InvalidAnswersError, KeyMissingError, NotFoundError
from engine.language.library import DefinitionKind
from engine.language.retention import RetentionPolicy, policy_for
from engine.retention.records import Act, ClosedCase, Proposed, proposed
from engine.retention.store import RetentionStore

_AT_ONCE = 200
DECISIONS = frozenset({"kept", "taken"})


@dataclass(frozen=True, slots=True)
class Due:
    """A case that is due by a policy (UTC)."""

    case_id: UUID
    act: Act
    due_at: datetime
    kept_until: datetime | None
    policy: str


def retention_policies(engine: Engine) -> tuple[RetentionPolicy, ...]:
    """List the policies that hold now, by name."""
    with engine.transaction() as tx:
        return policies_of(tx)


def policies_of(tx: Transaction) -> tuple[RetentionPolicy, ...]:
    """List the policies that hold now, within a transaction."""
    stored = tx.of(DefinitionStore).published(DefinitionKind.RETENTION.value)
    return tuple(RetentionPolicy.model_validate(dict(one.flattened)) for one in stored)


def run_retention(engine: Engine, *, dry_run: bool = False) -> tuple[Due, ...]:
    """Propose what is due to be erased, sealed or looked at; returns what was proposed anew. `dry_run` writes nothing.

    Copies that nobody fetched in time end here too.
    """
    now = engine.clock.now()
    found: list[Due] = []
    after: UUID | None = None
    while True:
        with engine.transaction() as tx:
            policies = policies_of(tx)
            cases = tx.of(RetentionStore).closed_cases(after=after, most=_AT_ONCE)
            for case in cases:
                found += _looked_at(engine, tx, case, policies, now, dry_run=dry_run)
            if not dry_run:
                tx.commit()
        if len(cases) < _AT_ONCE:
            break
        after = cases[-1].id
    if not dry_run:
        with engine.transaction() as tx:
            tx.of(RetentionStore).expire_copies(now=now)
            tx.commit()
    return tuple(found)


def decide_proposal(engine: Engine, proposal_id: UUID, *, viewer: Viewer, decision: str) -> None:
    """Say what becomes of a proposal: `taken` up (an erasure or a seal is asked for next), or `kept` as it is.

    Raises `InvalidAnswersError`, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    if decision not in DECISIONS:
        raise InvalidAnswersError({"decision": "Choose what to do with it."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        proposal = tx.of(RetentionStore).proposal(proposal_id)
        if proposal is None:
            raise NotFoundError(kind="proposal")
        state = tx.of(CaseStore).lock(proposal.case_id)
        require_member(viewer, state, Action.ASK_ERASURE)
        if proposal.decided_at is not None:
            raise AlreadyEndedError(kind="proposal")
        tx.of(RetentionStore).decide(proposal_id, decision=decision, by=viewer.actor_id, at=now)
        body = {"proposal_id": str(proposal_id), "act": proposal.act, "decision": decision}
        tx.of(CaseStore).note(state, "RetentionDecided", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def require_retention(viewer: Viewer) -> None:
    """Refuse whoever may not see what is held, sealed or due."""
    require(viewer, Action.SEE_RETENTION)


def _looked_at(
    engine: Engine,
    tx: Transaction,
    case: ClosedCase,
    policies: tuple[RetentionPolicy, ...],
    now: datetime,
    *,
    dry_run: bool,
) -> list[Due]:
    policy = policy_for(case.jurisdiction, policies)
    due = proposed(policy, closed_at=case.closed_at, zone=case.zone, now=now) if policy else None
    if policy is None or due is None:
        return []
    if not dry_run and not _propose(engine, tx, case, due, policy, now):
        return []
    return [Due(case.id, due.act, due.due_at, due.kept_until, policy.name)]


def _propose(
    engine: Engine, tx: Transaction, case: ClosedCase, due: Proposed, policy: RetentionPolicy, now: datetime
) -> bool:
    """Write a proposal once, and that it was made; a case that is held or sealed is told of all the same."""
    proposal_id = engine.entropy.uuid()
    if not tx.of(RetentionStore).propose(proposal_id, case, due, policy=policy.name, version=policy.version, at=now):
        return False
    body = {"proposal_id": str(proposal_id), "act": due.act.value, "policy": policy.name}
    tx.of(AuditLogStore).note("keeping", "RetentionProposed", body, actor_id=None, at=now)
    return True


_LONGEST = 1_000


def place_hold(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, kind: str, reason: str) -> UUID:
    """Let nothing of a case be erased, with the kind of reason and words that are kept sealed; returns the hold's id.

    Raises `InvalidAnswersError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    problems = {}
    if kind not in set(LegalHoldKind):
        problems["kind"] = "Choose why."
    if not reason.strip() or len(reason) > _LONGEST:
        problems["reason"] = f"Say which appeal, claim or order it is, in at most {_LONGEST} characters."
    if problems:
        raise InvalidAnswersError(problems)
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.HOLD)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["hold_id"]))
        hold = Hold(
            id=engine.entropy.uuid(),
            case_id=case_id,
            kind=LegalHoldKind(kind),
            placed_by=viewer.actor_id,
            placed_at=now,
        )
        tx.of(RetentionStore).add_hold(hold, reason=reason.strip())
        body = {"hold_id": str(hold.id), "kind": hold.kind.value}
        tx.of(CaseStore).note(state, "HoldPlaced", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"hold_id": str(hold.id)}, case_id=case_id, at=now)
        tx.commit()
        return hold.id


def ask_to_lift(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer) -> None:
    """Ask that a hold is lifted; raises `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.HOLD)
        _hold(tx, case_id, hold_id).require_live()
        ask_second(engine, tx, ApprovalKind.LIFT_HOLD, hold_id, asked_by=viewer.actor_id, now=now, state=state)
        tx.of(CaseStore).note(state, "HoldLiftAsked", {"hold_id": str(hold_id)}, actor_id=viewer.actor_id, at=now)
        tx.commit()


def answer_lift(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer, agreed: bool) -> None:
    """Lift a hold as a second person, or let it stand.

    Raises `AlreadyEndedError` when nobody asks for it, `OwnApprovalError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.HOLD)
        hold = _hold(tx, case_id, hold_id)
        take_answer(
            engine, tx, ApprovalKind.LIFT_HOLD, hold_id, viewer=viewer, approved=agreed, now=now, state=state
        )  # fmt: skip
        if agreed:
            tx.of(RetentionStore).save_hold(hold.lift(viewer.actor_id, now))
        body = {"hold_id": str(hold_id), "agreed": agreed}
        tx.of(CaseStore).note(state, "HoldLifted" if agreed else "HoldKept", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def read_reason(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer) -> str:
    """Return the sealed words of a hold, that it was read written first; empty when they can no longer be read.

    Raises `AuditUnavailableError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        require_member(viewer, tx.of(CaseStore).read(case_id), Action.HOLD)
        hold = _hold(tx, case_id, hold_id)
        tx.of(AuditLogStore).note_reading(
            reading_of(viewer, case_id, "hold", ("narrative",), at=now, subject_id=hold_id)
        )
        tx.commit()
    with engine.transaction() as tx:
        try:
            return tx.of(RetentionStore).reason_of(hold)
        except KeyMissingError:
            return ""


def _hold(tx: Transaction, case_id: UUID, hold_id: UUID) -> Hold:
    hold = tx.of(RetentionStore).hold(hold_id)
    if hold is None or hold.case_id != case_id:
        raise NotFoundError(kind="hold")
    return hold


def _answer(given: Answer) -> None:
    answer_lift(given.engine, given.case_id, given.asked.subject_id, viewer=given.viewer, agreed=given.approved)


register(
    ApprovalKind.LIFT_HOLD,
    Handler(
        "asks to lift the hold that keeps it from erasure", "Lift the hold", "Keep the hold",
        look=case_page("/keeping"), answer=_answer,
        lapse=lambda late: late.note("HoldKept", hold_id=str(late.request.subject_id), agreed=False),
    ),
)  # fmt: skip
