"""Keep what a victim said out of the file of a suspect."""

from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.consent_store import ConsentStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.person_store import PersonStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.non_punishment import is_suspect, is_victim
from engine.domain.referral import Referral
from engine.domain.state import CaseState
from engine.errors import ConsentError


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
        files = [tx.of(CaseStore).read(one.case_id) for one in tx.of(KeepingStore).cases_of(same)]
        if is_victim(state, person_id) and any(is_suspect(file, other) for file in files for other in same):
            return named
    return frozenset()


def _of_whom(tx: Transaction, state: CaseState, referral: Referral) -> tuple[UUID, ...]:
    """Give of whom a statement may be that leaves: of whoever consented; without a consent, of anybody in the case."""
    consent = tx.of(ConsentStore).get(referral.consent_id) if referral.consent_id else None
    return (consent.person_id,) if consent else tuple(dict.fromkeys(one.person_id for one in state.persons))
