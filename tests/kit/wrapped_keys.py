"""The table of wrapped keys, in memory."""

from dataclasses import dataclass, field
from uuid import UUID

from engine.ports import StoredKey


@dataclass
class KeysInMemory:
    """Wrapped keys of owners by version; `organisations` says whose key wraps an owner's."""

    kept: dict[tuple[UUID, int], StoredKey] = field(default_factory=dict)
    organisations: dict[UUID, UUID] = field(default_factory=dict)
    destroyed: set[UUID] = field(default_factory=set)
    uses: dict[tuple[UUID, int], int] = field(default_factory=dict)
    number: int = 0

    def newest(self, owner: UUID) -> StoredKey | None:
        found = [key for (whose, _), key in sorted(self.kept.items()) if whose == owner]
        return found[-1] if found else None

    def version(self, owner: UUID, version: int) -> StoredKey | None:
        return self.kept.get((owner, version))

    def keep(self, owner: UUID, key: StoredKey) -> StoredKey | None:
        if owner in self.destroyed:
            return None
        return self.kept.setdefault((owner, key.version), key)

    def organisation_of(self, owner: UUID, unit_id: UUID | None) -> UUID | None:
        return self.organisations.get(unit_id or owner)

    def spend(self, owner: UUID, version: int, uses: int) -> int:
        self.uses[owner, version] = self.uses.get((owner, version), 0) + uses
        return self.uses[owner, version]

    def uncommitted(self) -> dict[tuple[UUID, int], object]:
        return {}

    def epoch(self) -> int:
        return self.number

    def destroy(self, owner: UUID) -> None:
        self.kept = {place: key for place, key in self.kept.items() if place[0] != owner}
        self.destroyed.add(owner)
        self.number += 1
