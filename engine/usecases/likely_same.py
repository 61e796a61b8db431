"""Find who of a unit's other cases may be a person: by blind tokens first, then by what the unit itself has written."""

from typing import NamedTuple
from uuid import UUID

from engine.adapters.sql.person_store import PersonStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.matching import bits_when_opened, is_worth_telling, kind_of, score_of


class LikelySame(NamedTuple):
    """A person of another case of the unit who may be the same: whom to ask, what agrees, and how much, out of 100."""

    person_id: UUID
    unit: str
    contact: str
    kind: str
    score: int


def likely_the_same(engine: Engine, tx: Transaction, person_id: UUID, *, case_id: UUID) -> tuple[LikelySame, ...]:
    """Find the persons of the unit's other cases who may be this person of a case, the likeliest first.

    Only persons of the unit are opened, and only those of whom the tokens say that it is worth it.
    """
    ours = tx.of(PersonStore).same_as(person_id)
    known = [tx.of(PersonStore).identity(one) for one in ours]
    found = []
    for match in tx.of(PersonStore).matches(ours, case_id=case_id):
        theirs = tx.of(PersonStore).identity(match.person_id)
        alike = [engine.fingerprints.likeness(one, theirs) for one in known]
        bits = max(bits_when_opened(match.agreement, one, persons=match.persons) for one in alike)
        if is_worth_telling(bits, persons=match.persons):
            kind = kind_of(match.agreement)
            found.append(LikelySame(match.person_id, match.unit, match.contact, kind, score_of(bits)))
    return tuple(sorted(found, key=lambda one: (-one.score, one.person_id)))
