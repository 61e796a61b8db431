"""What was told in confidence about one of us."""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import insert, select, update

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.stores import Concern

_CONCERN = tb.ConcernRow.__table__  # type: ignore[attr-defined]
_ACTOR = tb.ActorRow.__table__  # type: ignore[attr-defined]
_NUMBER = "sealed_case_number"
_COLUMNS = [_CONCERN.c[_NUMBER if name == "case_number" else name] for name in Concern._fields]


class ConcernStore(Store):
    """Concerns in PostgreSQL, within one transaction. What was typed is sealed under a key of the concern's own."""

    def add(self, concern: Concern, *, words: str) -> None:
        """Write a concern, its words sealed."""
        row = concern._asdict()
        number = row.pop("case_number")
        row["sealed_words"] = self._sealed(concern.id, "sealed_words", words)
        row[_NUMBER] = self._sealed(concern.id, _NUMBER, number) if number else None
        self._connection.execute(insert(_CONCERN), row)

    def get(self, concern_id: UUID) -> Concern | None:
        """Load a concern without its words."""
        row = self._connection.execute(select(*_COLUMNS).where(_CONCERN.c.id == concern_id)).mappings().first()
        if row is None:
            return None
        known = dict(row)
        number = self._opened(concern_id, _NUMBER, known.pop(_NUMBER))
        return Concern(**known, case_number=number)

    def unheard(self) -> tuple[UUID, ...]:
        """List the concerns that are not closed and were told to somebody who acts no longer."""
        gone = select(_ACTOR.c.id).where(_ACTOR.c.disabled.is_(True))
        query = select(_CONCERN.c.id).where(_CONCERN.c.status != "closed", _CONCERN.c.recipient_id.in_(gone))
        return tuple(self._connection.execute(query.order_by(_CONCERN.c.raised_at, _CONCERN.c.id)).scalars())

    def pass_on(self, concern_id: UUID, *, recipient_id: UUID) -> None:
        """Let somebody else hear a concern in place of whom it was told to."""
        changed = update(_CONCERN).where(_CONCERN.c.id == concern_id).values(recipient_id=recipient_id)
        self._connection.execute(changed)

    def words_of(self, concern_id: UUID) -> tuple[str, str]:
        """Open the words of a concern, and of its answer."""
        query = select(_CONCERN.c.sealed_words, _CONCERN.c.sealed_answer).where(_CONCERN.c.id == concern_id)
        words, answer = self._connection.execute(query).one()
        return self._opened(concern_id, "sealed_words", words), self._opened(concern_id, "sealed_answer", answer)

    def answer(self, concern_id: UUID, *, status: str, words: str, at: datetime) -> None:
        """Write the answer over an earlier one."""
        sealed = self._sealed(concern_id, "sealed_answer", words)
        changes = {"status": status, "sealed_answer": sealed, "answered_at": at}
        self._connection.execute(update(_CONCERN).where(_CONCERN.c.id == concern_id).values(changes))

    def _sealed(self, concern_id: UUID, column: str, words: str) -> bytes:
        return self._vault.seal(words, key_of=concern_id, table="concern", row=concern_id, column=column)

    def _opened(self, concern_id: UUID, column: str, sealed: bytes | None) -> str:
        if sealed is None:
            return ""
        return cast("str", self._vault.unseal(sealed, table="concern", row=concern_id, column=column))
