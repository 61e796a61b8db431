"""Hand a case over to the unit that has accepted it."""

from datetime import datetime
from uuid import UUID

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.person_store import PersonStore
from engine.adapters.sql.transaction import Transaction
from engine.adapters.sql.transfer_store import TransferStore
from engine.assembly import Engine
from engine.domain.referral import Referral
from engine.domain.state import CaseState
from engine.usecases.sharing import keeping_grant, note


def hand_over(
    engine: Engine, tx: Transaction, state: CaseState, referral: Referral, *, by: UUID | None, now: datetime
) -> None:
    """Make a case that of the unit that took it over; the old one may look at its steps for the days agreed, or not.

    What people of the old unit had claimed goes back to all of the new unit who may do it. What the new unit was shown
    before ends: it sees the whole case now. The persons that go along are found by the new unit's organisation, and
    compared with those of other units again.
    """
    assert referral.to_unit_id is not None  # noqa: S101 - a transfer goes to a unit
    note(tx, state, "CaseHandedOver", referral, by=by, now=now)
    for grant in tx.of(AccessStore).grants_of(state.case.id):
        if grant.unit_id == referral.to_unit_id and grant.may_hold(now):
            tx.of(AccessStore).end_grant(grant.id, at=now, reason="handed_over")
    kept = keeping_grant(state, referral, by=referral.released_by, now=now)
    if kept is not None:
        tx.of(AccessStore).add_grant(kept)
    for person in tx.of(TransferStore).move(state.case.id, to_unit_id=referral.to_unit_id):
        identity = tx.of(PersonStore).identity(person)
        tx.of(PersonStore).change(person, identity, engine.fingerprints.tokens(identity), by=by)
