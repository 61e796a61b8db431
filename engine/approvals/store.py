"""Requests for a second person, and what is told in confidence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import insert, select, update

from engine.approvals.records import ApprovalRequest, Concern
from engine.db.store import Store, columns
from engine.db.tables import TABLES

_REQUEST = TABLES["approval_request"]
_COLUMNS = columns(_REQUEST, ApprovalRequest)
_CHANGED = ("agreed", "answered_by", "answered_at", "approved", "ended_reason")
"""What becomes of a request; what was asked for stays as it was."""


class ApprovalStore(Store):
    """Requests for approval in PostgreSQL, within one transaction."""

    def ask(self, request: ApprovalRequest) -> bool:
        """Write a request; one that is there, or another open one about the same, stays and gives False."""
        return self._is_new(_REQUEST, _row(request))

    def get(self, request_id: UUID) -> ApprovalRequest | None:
        """Load a request and keep others from answering it until the transaction ends."""
        return self._one(_REQUEST.c.id == request_id)

    def open_about(self, kind: str, subject_id: UUID) -> ApprovalRequest | None:
        """Load what waits about something, be it late or not, and keep others from answering it."""
        return self._one(_REQUEST.c.kind == kind, _REQUEST.c.subject_id == subject_id, _REQUEST.c.answered_at.is_(None))

    def open_of(self, kind: str, *, now: datetime) -> tuple[ApprovalRequest, ...]:
        """List what waits of a kind and has not run out, the first that was asked for first."""
        waits = (_REQUEST.c.kind == kind, _REQUEST.c.answered_at.is_(None), _REQUEST.c.expires_at > now)
        query = select(*_COLUMNS).where(*waits).order_by(_REQUEST.c.asked_at, _REQUEST.c.id)
        return self._records(ApprovalRequest, query)

    def latest_about(self, kind: str, subject_id: UUID) -> ApprovalRequest | None:
        """Load what was asked about something last, answered or not."""
        query = select(*_COLUMNS).where(_REQUEST.c.kind == kind, _REQUEST.c.subject_id == subject_id)
        return self._record(ApprovalRequest, query.order_by(_REQUEST.c.asked_at.desc()).limit(1))

    def save(self, request: ApprovalRequest) -> bool:
        """Write how a request stands now; returns whether it still waited."""
        waits = update(_REQUEST).where(_REQUEST.c.id == request.id, _REQUEST.c.answered_at.is_(None))
        changed = {name: value for name, value in _row(request).items() if name in _CHANGED}
        return bool(self._connection.execute(waits.values(changed)).rowcount)

    def run_out(self, *, now: datetime, most: int) -> tuple[tuple[UUID, UUID | None], ...]:
        """List what nobody has answered in time, with its case, the earliest first."""
        late = select(_REQUEST.c.id, _REQUEST.c.case_id).where(
            _REQUEST.c.answered_at.is_(None), _REQUEST.c.expires_at <= now
        )
        rows = self._connection.execute(late.order_by(_REQUEST.c.expires_at).limit(most))
        return tuple((row[0], row[1]) for row in rows)

    def _one(self, *conditions: Any) -> ApprovalRequest | None:  # noqa: ANN401 - conditions
        return self._record(ApprovalRequest, select(*_COLUMNS).where(*conditions).with_for_update())


def _row(request: ApprovalRequest) -> Mapping[str, Any]:
    agreed = [one.model_dump(mode="json") for one in request.agreed]
    return request.model_dump() | {"subject": dict(request.subject), "agreed": agreed}


_CONCERN = TABLES["concern"]
_ACTOR = TABLES["actor"]
_NUMBER = "encrypted_case_number"
_CONCERN_COLUMNS = [_CONCERN.c[_NUMBER if name == "case_number" else name] for name in Concern._fields]


class ConcernStore(Store):
    """Concerns in PostgreSQL, within one transaction. What was typed is sealed under a key of the concern's own."""

    def add(self, concern: Concern, *, words: str) -> None:
        """Write a concern, its words sealed."""
        row = concern._asdict()
        number = row.pop("case_number")
        row["encrypted_words"] = self._encrypted(concern.id, "encrypted_words", words)
        row[_NUMBER] = self._encrypted(concern.id, _NUMBER, number) if number else None
        self._connection.execute(insert(_CONCERN), row)

    def get(self, concern_id: UUID) -> Concern | None:
        """Load a concern without its words."""
        row = self._connection.execute(select(*_CONCERN_COLUMNS).where(_CONCERN.c.id == concern_id)).mappings().first()
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
        query = select(_CONCERN.c.encrypted_words, _CONCERN.c.encrypted_answer).where(_CONCERN.c.id == concern_id)
        words, answer = self._connection.execute(query).one()
        return self._opened(concern_id, "encrypted_words", words), self._opened(concern_id, "encrypted_answer", answer)

    def answer(self, concern_id: UUID, *, status: str, words: str, at: datetime) -> None:
        """Write the answer over an earlier one."""
        restricted = self._encrypted(concern_id, "encrypted_answer", words)
        changes = {"status": status, "encrypted_answer": restricted, "answered_at": at}
        self._connection.execute(update(_CONCERN).where(_CONCERN.c.id == concern_id).values(changes))

    def _encrypted(self, concern_id: UUID, column: str, words: str) -> bytes:
        return self._vault.encrypt(words, key_of=concern_id, table="concern", row=concern_id, column=column)

    def _opened(self, concern_id: UUID, column: str, restricted: bytes | None) -> str:
        if restricted is None:
            return ""
        return cast("str", self._vault.decrypt(restricted, table="concern", row=concern_id, column=column))
