"""What acts on two cases share: both locked in one order, both the actor's to change, hidden from the same people."""

from datetime import datetime
from typing import Final
from uuid import UUID

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.referral_store import ReferralStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.case_links import CaseLink, LinkKind
from engine.domain.narrowing import covers, of_everybody
from engine.domain.policy import Action, can, visible_units
from engine.domain.referral import ReferralStatus
from engine.domain.state import CaseState
from engine.errors import NotAllowedError, NotFoundError
from engine.ports import JsonValue
from engine.usecases.deciding import require_member
from engine.usecases.recusals import event_of, give_back_what_is_barred
from engine.views import Viewer

_WHO: Final = "person.name"
"""What a grant must show of everybody in a case for somebody to say who is one with whom."""


def lock_both(tx: Transaction, first: UUID, second: UUID) -> tuple[CaseState, CaseState]:
    """Lock two cases, or one that was named twice; always in the same order, so that nobody waits for ever."""
    locked = {case_id: tx.of(CaseStore).lock(case_id) for case_id in sorted({first, second})}
    return locked[first], locked[second]


def require_member_of(
    tx: Transaction, viewer: Viewer, state: CaseState, action: Action, *, persons_at: datetime | None = None
) -> None:
    """Refuse whoever may not change a case: their unit has it, or it was referred to their unit, which took it on.

    Of the roles of somebody whose unit took it on, those in that unit count. With `persons_at`, the present instant
    (UTC), they must be shown then who the persons are. Whoever is in conflict with the case, or denied it, hears what
    is said of a case that does not exist. Raises `NotFoundError`, `NotAllowedError`.
    """
    if viewer.is_system:
        return
    if tx.of(AccessStore).is_denied(state.case.id, actor_id=viewer.actor_id, unit_ids=viewer.unit_ids):
        raise NotFoundError(kind="case")
    if state.case.unit_id in viewer.unit_ids:
        require_member(viewer, state, action)
        return
    units = {
        one.to_unit_id
        for one in tx.of(ReferralStore).of_case(state.case.id)
        if one.status is ReferralStatus.ACCEPTED and one.to_unit_id in visible_units(viewer)
    }
    if not units or (
        persons_at and not covers(of_everybody(tx.of(AccessStore).access_of(viewer, state.case.id, persons_at)), _WHO)
    ):
        raise NotFoundError(kind="case")
    if not any(can(viewer, action, unit_id=unit) for unit in units):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def carry_barred(
    engine: Engine, tx: Transaction, source: CaseState, state: CaseState, *, by: UUID | None, now: datetime
) -> CaseState:
    """Let nobody know of a case who must not know of another one: carries them over; gives the case after.

    Each recusal that holds there is written here too, in the words of one made by hand. It stays until a person ends
    it. What they had claimed here goes back.
    """
    notes: list[tuple[str, dict[str, JsonValue]]] = []
    known = list(tx.of(AccessStore).recusals_of(state.case.id))
    for there in tx.of(AccessStore).recusals_of(source.case.id):
        if there.unit_id == state.case.unit_id or any(there.says_as(one) for one in known):
            continue
        new = {"id": engine.entropy.uuid(), "case_id": state.case.id, "set_by": by, "set_at": now}
        here = there.model_copy(update=new)
        tx.of(AccessStore).recuse(here)
        notes.append(event_of(here))
        known.append(here)
    released = [str(item.id) for item in give_back_what_is_barred(tx, state.case.id)]
    for type_, body in notes:
        state = tx.of(CaseStore).note(
            state, type_, body | ({"released": released} if released else {}), actor_id=by, at=now
        )
        released = []
    return state


def new_link(
    engine: Engine, states: tuple[CaseState, CaseState], kind: LinkKind, viewer: Viewer, now: datetime
) -> CaseLink:
    """Make a link between two locked cases; it is not written yet."""
    first, second = states
    return CaseLink(
        id=engine.entropy.uuid(), case_id=first.case.id, other_case_id=second.case.id, unit_id=first.case.unit_id,
        kind=kind, asked_by=viewer.actor_id, asked_at=now,
    )  # fmt: skip
