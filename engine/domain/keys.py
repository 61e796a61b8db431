"""Whose key seals what: cases, persons and organisations have a key each, and every case one for its places."""

from typing import Final
from uuid import UUID, uuid5

_PLACES: Final = UUID("6f0f0c1e-6a0a-5f0b-9c1d-2b7c5d1c0e55")


def place_key(case_id: UUID) -> UUID:
    """Name the key under which a case seals what tells where somebody is; it is not the key of the case."""
    return uuid5(_PLACES, str(case_id))
