"""Hand a case over to the unit that has accepted it, and keep a victim's words from a suspect's file."""

from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.access_store import AccessStore
from engine.cases.store import CaseStore
from engine.core.persons import is_suspect, is_victim
from engine.core.referral import Referral
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import ConsentError
from engine.persons.store import PersonStore
from engine.retention.store import RetentionStore
from engine.sharing.actions.sharing import keeping_grant, note
from engine.sharing.store import ConsentStore, TransferStore


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


def require_no_statement(engine: Engine, tx: Transaction, state: CaseState, referral: Referral) -> None:
    """Refuse to send on what a victim said who is a suspect too, in this case or any other; raises `ConsentError`.

    What somebody told as a victim is not put into the file of a suspect, with a lawyer's note or without.
    """
    if statements_that_stay(engine, tx, state, referral):
        raise ConsentError(problem="It contains a statement that must stay with the case: leave it out.")


def statements_that_stay(engine: Engine, tx: Transaction, state: CaseState, referral: Referral) -> frozenset[str]:
    """Name the fields of a referral in which a victim speaks who is a suspect too, in this case or any other."""
    statements = {key for key, one in engine.registry.step_types.items() if one.takes_statement}
    named = frozenset(field for field in referral.fields if field.rpartition(".")[0] in statements)
    if not named:
        return named
    for person_id in _of_whom(tx, state, referral):
        same = tuple({person_id, *tx.of(PersonStore).same_as(person_id)})
        files = [tx.of(CaseStore).read(one.case_id) for one in tx.of(RetentionStore).cases_of(same)]
        if is_victim(state, person_id) and any(is_suspect(file, other) for file in files for other in same):
            return named
    return frozenset()


def _of_whom(tx: Transaction, state: CaseState, referral: Referral) -> tuple[UUID, ...]:
    """Give of whom a statement may be that leaves: of whoever consented; without a consent, of anybody in the case."""
    consent = tx.of(ConsentStore).get(referral.consent_id) if referral.consent_id else None
    return (consent.person_id,) if consent else tuple(dict.fromkeys(one.person_id for one in state.persons))
