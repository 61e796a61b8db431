"""Find what is due by the retention policies and propose it; a person decides, and nothing is erased here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.definition_store import DefinitionStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.domain.retention import Act, Proposed, proposed
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.spec.library import DefinitionKind
from engine.spec.retention import RetentionPolicy, policy_for
from engine.stores import ClosedCase
from engine.usecases.deciding import require_member
from engine.views import Viewer

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
    """Propose what is due to be erased, sealed or looked at; gives what was proposed anew. `dry_run` writes nothing.

    Copies that nobody fetched in time end here too.
    """
    now = engine.clock.now()
    found: list[Due] = []
    after: UUID | None = None
    while True:
        with engine.transaction() as tx:
            policies = policies_of(tx)
            cases = tx.of(KeepingStore).closed_cases(after=after, most=_AT_ONCE)
            for case in cases:
                found += _looked_at(engine, tx, case, policies, now, dry_run=dry_run)
            if not dry_run:
                tx.commit()
        if len(cases) < _AT_ONCE:
            break
        after = cases[-1].id
    if not dry_run:
        with engine.transaction() as tx:
            tx.of(KeepingStore).expire_copies(now=now)
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
        proposal = tx.of(KeepingStore).proposal(proposal_id)
        if proposal is None:
            raise NotFoundError(kind="proposal")
        state = tx.of(CaseStore).lock(proposal.case_id)
        require_member(viewer, state, Action.ASK_ERASURE)
        if proposal.decided_at is not None:
            raise AlreadyEndedError(kind="proposal")
        tx.of(KeepingStore).decide(proposal_id, decision=decision, by=viewer.actor_id, at=now)
        body = {"proposal_id": str(proposal_id), "act": proposal.act, "decision": decision}
        tx.of(CaseStore).note(state, "RetentionDecided", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def require_keeping(viewer: Viewer) -> None:
    """Refuse whoever may not see what is held, sealed or due."""
    if not can(viewer, Action.SEE_KEEPING):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_KEEPING.value)


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
    if not tx.of(KeepingStore).propose(proposal_id, case, due, policy=policy.name, version=policy.version, at=now):
        return False
    body = {"proposal_id": str(proposal_id), "act": due.act.value, "policy": policy.name}
    tx.of(AuditLogStore).note("keeping", "RetentionProposed", body, actor_id=None, at=now)
    return True
