"""The ledger of consents: what each person of a case agreed to, and what became of it. Nothing is ever taken out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.db import tables as tb
from engine.db.store import Store
from engine.errors import KeyMissingError
from engine.ports import JsonValue, Vault
from engine.sharing.records.consent import Consent

_CONSENT = tb.ConsentRow.__table__  # type: ignore[attr-defined]
ANSWERS: Final = ("language", "read_aloud", "assent")
"""What was answered of how they agreed; what access is decided by is beside it."""
_COLUMNS = [*(_CONSENT.c[name] for name in Consent.model_fields if name not in ANSWERS), _CONSENT.c.sealed_answers]


class ConsentStore(Store):
    """Consents in PostgreSQL, within one transaction."""

    def add(self, consent: Consent) -> bool:
        """Write a consent once; a second one with the same id changes nothing and gives False."""
        row = {name: list(value) if isinstance(value, tuple) else value for name, value in consent.model_dump().items()}
        told: JsonValue = {name: row.pop(name) for name in ANSWERS}
        row["sealed_answers"] = self._vault.seal(
            told, key_of=consent.case_id, table="consent", row=consent.id, column="sealed_answers"
        )
        statement = upsert(_CONSENT).values(row).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_CONSENT.c.id)).first() is not None

    def get(self, consent_id: UUID) -> Consent | None:
        """Load a consent."""
        found = self._all(_CONSENT.c.id == consent_id)
        return found[0] if found else None

    def of_case(self, case_id: UUID) -> tuple[Consent, ...]:
        """Load the consents of a case, the earliest first."""
        return self._all(_CONSENT.c.case_id == case_id)

    def withdraw(self, consent_id: UUID, *, by: UUID | None, at: datetime) -> bool:
        """Write that a consent was taken back; gives whether it still held."""
        held = (_CONSENT.c.id == consent_id, _CONSENT.c.withdrawn_at.is_(None))
        changed = update(_CONSENT).where(*held).values(withdrawn_at=at, withdrawn_by=by)
        return bool(self._connection.execute(changed).rowcount)

    def run_out(self, *, now: datetime, most: int) -> tuple[Consent, ...]:
        """Load the consents that have run out and for which nothing was done yet, the earliest first."""
        waits = (
            _CONSENT.c.withdrawn_at.is_(None), _CONSENT.c.expired_at.is_(None), _CONSENT.c.valid_until <= now,
        )  # fmt: skip
        return self._all(*waits)[:most]

    def note_expired(self, consent_id: UUID, *, at: datetime) -> None:
        """Write that what follows from a consent that has run out was done."""
        self._connection.execute(update(_CONSENT).where(_CONSENT.c.id == consent_id).values(expired_at=at))

    def _all(self, *conditions: object) -> tuple[Consent, ...]:
        query = select(*_COLUMNS).where(*conditions)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_CONSENT.c.recorded_at, _CONSENT.c.id)).mappings()
        return tuple(self._opened(row) for row in rows)

    def _opened(self, row: Mapping[Any, Any]) -> Consent:
        known = {name: value for name, value in row.items() if name != "sealed_answers"}
        return Consent.model_validate(known | opened_consent(self._vault, row["id"], row["sealed_answers"]))


def opened_consent(vault: Vault, consent_id: UUID, sealed: bytes | None) -> dict[str, Any]:
    """Open how somebody agreed; nothing where the key was destroyed. Raise `DamagedError`."""
    if sealed is None:
        return {}
    try:
        opened = vault.unseal(sealed, table="consent", row=consent_id, column="sealed_answers")
    except KeyMissingError:
        return {}
    return opened if isinstance(opened, dict) else {}
