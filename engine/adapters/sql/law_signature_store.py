"""Signatures of lawyers under limits of the law."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select, update

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.stores import StoredSignature

SIGNATURE = tb.LawSignatureRow.metadata.tables["law_signature"]
_COLUMNS = [SIGNATURE.c[name] for name in StoredSignature._fields]


class LawSignatureStore(Store):
    """Signatures in PostgreSQL, within one transaction."""

    def live(self) -> tuple[StoredSignature, ...]:
        """List the signatures that were not taken back, the oldest first."""
        query = select(*_COLUMNS).where(SIGNATURE.c.revoked_at.is_(None))
        return tuple(
            StoredSignature(**row) for row in self._connection.execute(query.order_by(SIGNATURE.c.signed_at)).mappings()
        )

    def all(self) -> tuple[StoredSignature, ...]:
        """List every signature that there ever was, the latest first."""
        query = select(*_COLUMNS).order_by(SIGNATURE.c.signed_at.desc())
        return tuple(StoredSignature(**row) for row in self._connection.execute(query).mappings())

    def get(self, signature_id: UUID) -> StoredSignature | None:
        """Load a signature and keep others from changing it until the transaction ends."""
        query = select(*_COLUMNS).where(SIGNATURE.c.id == signature_id).with_for_update()
        row = self._connection.execute(query).mappings().first()
        return StoredSignature(**row) if row else None

    def add(self, signature: StoredSignature) -> None:
        """Write a signature."""
        self._connection.execute(insert(SIGNATURE), signature._asdict())

    def revoke(self, signature_id: UUID, *, by: UUID, at: datetime, why: str) -> None:
        """Take a signature back; it stays in the table with who took it back, when and why (a code)."""
        changes = {"revoked_by": by, "revoked_at": at, "revoked_for": why}
        self._connection.execute(update(SIGNATURE).where(SIGNATURE.c.id == signature_id).values(changes))
