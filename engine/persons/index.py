"""The tokens by which persons and files are found, made anew under another key while people search."""

from collections.abc import Collection, Mapping, Sequence
from typing import cast
from uuid import UUID

from sqlalchemy import delete, func, select, text, tuple_, update

from engine.db.store import Store
from engine.db.tables import TABLES
from engine.documents.store import place_of_details
from engine.errors import DamagedError, KeyMissingError
from engine.keys.data_keys import KEYS
from engine.persons.store import write_tokens
from engine.ports import JsonValue

_TOKEN, _SEARCH = TABLES["person_token"], TABLES["search_token"]
_PERSON, _FILE = TABLES["person"], TABLES["attachment"]
_NEXT_PERSONS = text("""
    SELECT DISTINCT t.person_id FROM person_token t
    WHERE t.person_id > :after AND t.key_id <> :key AND NOT EXISTS (
        SELECT FROM person_token n WHERE n.person_id = t.person_id AND n.key_id = :key)
    ORDER BY t.person_id LIMIT :most
""")


class IndexStore(Store):
    """Blind tokens in PostgreSQL, within one transaction."""

    def persons_without(self, key_id: str, *, after: UUID, most: int) -> tuple[UUID, ...]:
        """List persons who have tokens, but none by an index key in the period of now, by id."""
        values = {"key": self._vault.made_for(key_id), "after": after, "most": most}
        return tuple(self._connection.execute(_NEXT_PERSONS, values).scalars())

    def hold_persons(self, person_ids: Sequence[UUID]) -> tuple[UUID, ...]:
        """Keep persons from being changed or erased until the end; gives those whose keys are not destroyed."""
        whole = (KEYS.c.owner_id.in_(person_ids), KEYS.c.destroyed_at.is_(None), KEYS.c.wrapped.is_not(None))
        keys = select(KEYS.c.owner_id).where(*whole).order_by(KEYS.c.owner_id).with_for_update(read=True)
        held = set(self._connection.execute(keys).scalars())
        persons = select(_PERSON.c.id).where(_PERSON.c.id.in_(held)).order_by(_PERSON.c.id).with_for_update()
        return tuple(self._connection.execute(persons).scalars())

    def write_persons(self, found: Mapping[UUID, Sequence[tuple[str, str]]]) -> None:
        """Write the tokens of persons by every key that is used now; those that are there stay."""
        for person_id, tokens in found.items():
            write_tokens(self._connection, self._vault, person_id, tokens)

    def readdress_files(self, key_id: str, *, after: UUID, most: int) -> tuple[UUID | None, int, int]:
        """Find the next files by the keyed hash of a key; gives the last one, how many, and how many cannot be read."""
        query = (
            select(_FILE.c.id, _FILE.c.case_id, _FILE.c.encrypted_details)
            .where(_FILE.c.address.is_not(None), _FILE.c.address_key != key_id, _FILE.c.id > after)
            .order_by(_FILE.c.id).limit(most).with_for_update()
        )  # fmt: skip
        rows = self._connection.execute(query).all()
        done = sum(self._readdress(key_id, row.id, row.case_id, row.encrypted_details) for row in rows)
        return (rows[-1].id if rows else None), done, len(rows) - done

    def _readdress(self, key_id: str, file_id: UUID, case_id: UUID, encrypted: bytes | None) -> bool:
        try:
            details = self._vault.decrypt(encrypted or b"", **place_of_details(file_id))
        except (DamagedError, KeyMissingError):
            return False
        sha256 = cast("Mapping[str, JsonValue]", details)["sha256"]
        address = self._vault.blinds("file", f"{case_id}\0{sha256}")[key_id]
        here = _FILE.c.id == file_id
        self._connection.execute(update(_FILE).where(here).values(address=address, address_key=key_id))
        return True

    def left(self, key_id: str) -> int:
        """Count the persons who have no token by an index key in the period of now."""
        some = select(_TOKEN.c.person_id).where(_TOKEN.c.key_id == self._vault.made_for(key_id))
        query = select(func.count(func.distinct(_TOKEN.c.person_id))).where(_TOKEN.c.person_id.not_in(some))
        return self._connection.execute(query).scalar_one()

    def drop_tokens(self, *, but: Collection[str], most: int) -> int:
        """Drop some of the tokens of all index keys but these, and of periods that are over; returns how many."""
        dropped, but = 0, [self._vault.made_for(key_id) for key_id in but]
        for table in (_TOKEN, _SEARCH):
            some = select(table.c.person_id, table.c.kind, table.c.token).where(table.c.key_id.not_in(but)).limit(most)
            mine = (table.c.person_id, table.c.kind, table.c.token)
            dropped += self._connection.execute(delete(table).where(tuple_(*mine).in_(some))).rowcount
        return dropped
