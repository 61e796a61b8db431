"""Seal a case: it is kept, and only its holder and the data-protection officer see it; two people open it again."""

from uuid import UUID

from engine.approvals.actions.approvals import Handler, ask_second, case_page, register, take_answer
from engine.approvals.records import ApprovalKind, NoSecondPersonError
from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Action, Viewer
from engine.core.retention import GROUNDS_TO_RESTRICT, Restriction
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.language.names import Role, in_running_words
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.retention.store import RetentionStore


def restrict_case(
    engine: Engine, case_id: UUID, *, viewer: Viewer, ground_code: str, holder_id: UUID, command_id: UUID
) -> None:
    """Seal a case, with a ground and somebody of its unit who holds it meanwhile.

    Raises `InvalidAnswersError`, `AlreadyEndedError` for a case that is sealed, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    if ground_code not in GROUNDS_TO_RESTRICT:
        raise InvalidAnswersError({"ground_code": "Choose why."})
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.RESTRICT)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        holder = tx.of(DirectoryStore).actor(holder_id)
        if holder is None or holder.disabled or state.case.unit_id not in holder.unit_ids:
            raise InvalidAnswersError({"holder_id": "Choose someone active in the case's unit."})
        if Role.DATA_PROTECTION_OFFICER in holder.roles:
            raise InvalidAnswersError(
                {"holder_id": "Choose someone else: the officer can see it anyway, and it takes two people."}
            )
        restriction = Restriction(
            id=engine.entropy.uuid(), case_id=case_id, ground_code=ground_code, holder_id=holder_id,
            placed_by=viewer.actor_id, placed_at=now,
        )  # fmt: skip
        if not tx.of(RetentionStore).add_restriction(restriction):
            raise AlreadyEndedError(kind="opening of the case")
        body = {"ground_code": ground_code}
        tx.of(CaseStore).note(state, "CaseSealed", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def ask_to_open(engine: Engine, case_id: UUID, *, viewer: Viewer) -> None:
    """Ask that a sealed case is opened again.

    Raises `NoSecondPersonError` where nobody else sees it, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        restricted = _seal(tx, state, viewer)
        people = _who_sees(tx, state, restricted)
        if all(person.id == viewer.actor_id for person in people):
            raise NoSecondPersonError(roles=in_running_words(Role.DATA_PROTECTION_OFFICER))
        ask_second(
            engine,
            tx,
            ApprovalKind.LIFT_RESTRICTION,
            restricted.id,
            asked_by=viewer.actor_id,
            now=now,
            state=state,
            people=people,
        )
        tx.of(CaseStore).note(state, "OpeningAsked", {}, actor_id=viewer.actor_id, at=now)
        tx.commit()


def answer_opening(engine: Engine, case_id: UUID, *, viewer: Viewer, agreed: bool) -> None:
    """Open a sealed case as a second person, or let it stay sealed.

    Raises `AlreadyEndedError` when nobody asks for it, `OwnApprovalError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        restricted = _seal(tx, state, viewer)
        take_answer(
            engine, tx, ApprovalKind.LIFT_RESTRICTION, restricted.id, viewer=viewer, approved=agreed, now=now,
            state=state
        )  # fmt: skip
        if agreed:
            tx.of(RetentionStore).save_restriction(restricted.lift(viewer.actor_id, now))
        type_ = "CaseUnsealed" if agreed else "SealKept"
        tx.of(CaseStore).note(state, type_, {}, actor_id=viewer.actor_id, at=now)
        tx.commit()


def require_not_restricted(
    tx: Transaction, *states: CaseState, shown_at: str, problem: str = "This case is restricted"
) -> None:
    """Refuse what the seal of a case keeps from being done alone; raises `InvalidAnswersError` at a field."""
    if any(tx.of(RetentionStore).restriction_of(state.case.id) is not None for state in states):
        raise InvalidAnswersError({shown_at: f"{problem}: two people have to lift the restriction first."})


def _who_sees(tx: Transaction, state: CaseState, restricted: Restriction) -> list[ActorRecord]:
    """List who sees a sealed case and can act: its holder, and the officers of its unit, away or not."""
    officers = tx.of(DirectoryStore).holders(roles=(Role.DATA_PROTECTION_OFFICER.value,), unit_id=state.case.unit_id)
    holder = tx.of(DirectoryStore).actor(restricted.holder_id)
    here = {one.id: one for one in (holder, *officers) if one is not None and state.case.unit_id in one.unit_ids}
    return [person for person in here.values() if not person.disabled]


def _seal(tx: Transaction, state: CaseState, viewer: Viewer) -> Restriction:
    """Load the seal of a case for one who may have it opened: its holder, and who may seal."""
    require_member(viewer, state, Action.SEE_CASES)
    found = tx.of(RetentionStore).restriction_of(state.case.id)
    if found is None:
        raise NotFoundError(kind="seal")
    if found.holder_id != viewer.actor_id:
        require_member(viewer, state, Action.RESTRICT)
    return found


register(
    ApprovalKind.LIFT_RESTRICTION,
    Handler(
        "asks to lift the restriction of the case", "Lift the restriction", "Keep it restricted",
        look=case_page("/keeping"), lapse=lambda late: late.note("SealKept"),
        answer=lambda given: answer_opening(given.engine, given.case_id, viewer=given.viewer, agreed=given.approved),
    ),
)  # fmt: skip
