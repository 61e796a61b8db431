"""When two units know the same person: what agrees, how much it says, and what each of them is told."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.domain.records import Record

_WEIGHTS: Final = {"name_part": 5, "name": 35}
_OTHERWISE: Final = 60
_ENOUGH: Final = 35


class SharedPerson(NamedTuple):
    """A case of a unit and one of another that share tokens of a person, with the kinds of token that agree."""

    case_id: UUID
    unit_id: UUID
    other_case_id: UUID
    other_unit_id: UUID
    kinds: tuple[str, ...]


class MatchAlert(Record):
    """What the leads of one of both units are told (UTC): their own case, and the unit to call; nothing of its case."""

    id: UUID
    unit_id: UUID
    case_id: UUID
    other_unit_id: UUID
    kinds: tuple[str, ...] = ()
    found_at: datetime
    seen_by: UUID | None = None
    seen_at: datetime | None = None


def is_worth_telling(kinds: Collection[str]) -> bool:
    """Say whether what agrees is enough: a whole name, or a phone, vehicle or account; a part of a name is not."""
    return sum(_WEIGHTS.get(kind, _OTHERWISE) for kind in kinds) >= _ENOUGH
