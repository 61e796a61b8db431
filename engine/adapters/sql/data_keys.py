"""The wrapped keys of cases and persons, and the vault over them."""

from uuid import UUID

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.key_file import KeyFile
from engine.adapters.sql import tables as tb
from engine.adapters.vault import KeyVault
from engine.errors import KeyMissingError
from engine.ports import Clock

_KEYS = tb.DataKeyRow.__table__  # type: ignore[attr-defined]


def open_vault(sql: SqlEngine, key_file: KeyFile, clock: Clock) -> KeyVault:
    """Open the vault over the table of wrapped keys."""

    def load(owner: UUID) -> tuple[bytes, str] | None:
        query = select(_KEYS.c.wrapped, _KEYS.c.wrapped_by).where(
            _KEYS.c.owner_id == owner, _KEYS.c.destroyed_at.is_(None), _KEYS.c.wrapped.is_not(None)
        )
        with sql.connect() as connection:
            row = connection.execute(query.order_by(_KEYS.c.version.desc()).limit(1)).first()
        return (row[0], row[1]) if row else None

    def store(owner: UUID, wrapped: bytes, wrapped_by: str) -> tuple[bytes, str]:
        row = {"owner_id": owner, "version": 1, "wrapped": wrapped, "wrapped_by": wrapped_by, "created_at": clock.now()}
        with sql.begin() as connection:
            connection.execute(upsert(_KEYS).values(row).on_conflict_do_nothing())
        kept = load(owner)
        if kept is None:
            raise KeyMissingError(key_id=str(owner))  # destroyed: what is sealed now could never be read again
        return kept

    return KeyVault(key_file, load=load, store=store)
