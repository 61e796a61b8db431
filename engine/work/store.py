"""Work items, the answers given to them, and what has been typed or proposed so far."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.cases.records import TypedSoFar
from engine.cases.store import ITEM
from engine.core.consequences import WorkItem
from engine.core.records import ItemStatus
from engine.db.encrypted_columns import encrypt_apart, open_apart
from engine.db.store import Store
from engine.db.tables import TABLES
from engine.db.writing import CHANGED_ITEM, written
from engine.errors import ConflictError, KeyMissingError, NotFoundError

_ANSWER, _DRAFT = TABLES["answer"], TABLES["draft"]
_ITEM_COLUMNS = [ITEM.c[name] for name in WorkItem.model_fields]
_OPEN = ("ready", "reserved")


class ItemStore(Store):
    """Work items in PostgreSQL, within one transaction."""

    def get(self, item_id: UUID) -> WorkItem:
        """Load a work item; raises `NotFoundError`."""
        row = self._connection.execute(select(*_ITEM_COLUMNS).where(ITEM.c.id == item_id)).mappings().first()
        if row is None:
            raise NotFoundError(kind="work item")
        return WorkItem.model_validate(dict(row))

    def open_of_step(self, step_id: UUID) -> WorkItem | None:
        """Load the open item of a step, if there is one."""
        query = select(*_ITEM_COLUMNS).where(ITEM.c.step_id == step_id, ITEM.c.status.in_(_OPEN))
        row = self._connection.execute(query).mappings().first()
        return WorkItem.model_validate(dict(row)) if row else None

    def open_of_steps(self, step_ids: Collection[UUID]) -> Mapping[UUID, WorkItem | None]:
        """Load the open items of several steps; None for a step without one."""
        query = select(*_ITEM_COLUMNS).where(ITEM.c.step_id.in_(list(step_ids)), ITEM.c.status.in_(_OPEN))
        rows = self._connection.execute(query).mappings()
        found = {row["step_id"]: WorkItem.model_validate(dict(row)) for row in rows}
        return {step_id: found.get(step_id) for step_id in step_ids}

    def open_of_case(self, case_id: UUID) -> tuple[WorkItem, ...]:
        """Load every open item of a case."""
        query = select(*_ITEM_COLUMNS).where(ITEM.c.case_id == case_id, ITEM.c.status.in_(_OPEN))
        return tuple(WorkItem.model_validate(dict(row)) for row in self._connection.execute(query).mappings())

    def save(self, item: WorkItem) -> None:
        """Save an item over the revision before it; raises `ConflictError` when somebody else was first.

        Where writes are held back its case is locked, and so nobody else can have been.
        """
        if self._writes.is_held:
            self._writes.save_item(item)
            return
        values = item.model_dump(include=set(CHANGED_ITEM))
        saved = self._connection.execute(
            update(ITEM).where(ITEM.c.id == item.id, ITEM.c.revision == item.revision - 1).values(values),
        )
        if saved.rowcount != 1:
            raise ConflictError(kind="work item")

    def done_by(self, item: WorkItem, actor_id: UUID) -> None:
        """Write who did an item that nobody had claimed."""
        if self._writes.note_who_did(item, actor_id):
            return
        done = {"assignee_id": actor_id, "status": ItemStatus.COMPLETED.value, "revision": ITEM.c.revision + 1}
        self._connection.execute(update(ITEM).where(ITEM.c.id == item.id).values(done))

    def keep_answers(
        self,
        answers: Mapping[str, JsonValue],
        *,
        case_id: UUID,
        unit_id: UUID,
        step_id: UUID,
        turn: int,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> bytes:
        """Seal the answers of a step, under the key of its person if it has one; returns the sealed bytes.

        Those of `apart` tell where somebody is: they are sealed by themselves, under the key of the case's places.
        """
        kept = encrypt_apart(self._vault, answers, apart, case_id=case_id, unit_id=unit_id, table="answer", row=step_id)
        encrypted = self._vault.encrypt(
            kept,
            key_of=key_of or case_id,
            table="answer",
            row=step_id,
            column=f"encrypted_answers/{turn}",
            unit_id=unit_id,
        )
        row = {
            "step_id": step_id, "turn": turn, "case_id": case_id, "unit_id": unit_id, "recorded_at": at,
            "encrypted_answers": written(encrypted),
        }  # fmt: skip
        self._writes.add({"answer": [row]})
        return encrypted

    def answers(self, step_id: UUID, *, turn: int | None = None) -> Mapping[str, JsonValue]:
        """Open the answers of a step, of its latest turn unless one is named; empty when there are none."""
        query = select(_ANSWER.c.encrypted_answers, _ANSWER.c.turn).where(_ANSWER.c.step_id == step_id)
        if turn is not None:
            query = query.where(_ANSWER.c.turn == turn)
        row = self._connection.execute(query.order_by(_ANSWER.c.turn.desc())).first()
        return {} if row is None else self._open(step_id, *row)

    def answers_of(self, step_ids: Collection[UUID]) -> dict[UUID, Mapping[str, JsonValue]]:
        """Open the answers of the latest turns of several steps, asked for at once; those without any are left out."""
        columns = (_ANSWER.c.step_id, _ANSWER.c.encrypted_answers, _ANSWER.c.turn)
        query = select(*columns).where(_ANSWER.c.step_id.in_(list(step_ids))).order_by(_ANSWER.c.turn)
        latest = {row[0]: row for row in self._connection.execute(query)}
        return {step_id: self._open(*row) for step_id, row in latest.items()}

    def _open(self, step_id: UUID, encrypted: bytes, turn: int) -> Mapping[str, JsonValue]:
        opened = self._vault.decrypt(encrypted, table="answer", row=step_id, column=f"encrypted_answers/{turn}")
        opened = open_apart(self._vault, opened, table="answer", row=step_id)
        return cast("Mapping[str, JsonValue]", opened)

    def save_draft(
        self,
        item: WorkItem,
        answers: Mapping[str, JsonValue],
        *,
        unit_id: UUID,
        by: UUID,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> None:
        """Keep what has been typed, sealed under the key of the step's person if it has one; `apart` as for answers."""
        typed = encrypt_apart(
            self._vault, answers, apart, case_id=item.case_id, unit_id=unit_id, table="draft", row=item.id
        )
        encrypted = self._vault.encrypt(
            typed, key_of=key_of or item.case_id, table="draft", row=item.id, column="encrypted_answers",
            unit_id=unit_id,
        )  # fmt: skip
        row = {
            "item_id": item.id, "case_id": item.case_id, "unit_id": unit_id, "saved_at": at, "saved_by": by,
            "encrypted_answers": written(encrypted),
        }  # fmt: skip
        self._writes.add({"draft": [row]})

    def save_proposals(
        self,
        item: WorkItem,
        proposals: Mapping[str, JsonValue],
        notes: Sequence[str],
        *,
        unit_id: UUID,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> None:
        """Keep what preparing the step proposed, sealed under the key of the step's person if it has one."""
        proposed = encrypt_apart(
            self._vault, proposals, apart, case_id=item.case_id, unit_id=unit_id, table="draft", row=item.id
        )
        encrypted = self._vault.encrypt(
            proposed, key_of=key_of or item.case_id, table="draft", row=item.id, column="encrypted_proposals",
            unit_id=unit_id,
        )  # fmt: skip
        noted = self._vault.encrypt(
            list(notes), key_of=key_of or item.case_id, table="draft", row=item.id, column="encrypted_notes",
            unit_id=unit_id,
        ) if notes else None  # fmt: skip
        self._put_draft(item, unit_id, at, encrypted_proposals=encrypted, encrypted_notes=noted)

    def draft(self, item_id: UUID) -> TypedSoFar:
        """Open what was typed into an item so far, and what was proposed for it; empty where there is none."""
        columns = (_DRAFT.c.encrypted_answers, _DRAFT.c.encrypted_proposals)
        row = self._connection.execute(select(*columns).where(_DRAFT.c.item_id == item_id)).mappings().first()
        if row is None:
            return TypedSoFar({}, {})
        return TypedSoFar(*(self._opened_draft(item_id, one.name, row[one.name]) for one in columns))

    def _opened_draft(self, item_id: UUID, column: str, encrypted: bytes | None) -> Mapping[str, JsonValue]:
        if encrypted is None:
            return {}
        try:
            opened = self._vault.decrypt(encrypted, table="draft", row=item_id, column=column)
        except KeyMissingError:
            return {}
        return cast("Mapping[str, JsonValue]", open_apart(self._vault, opened, table="draft", row=item_id))

    def drop_draft(self, item_id: UUID) -> None:
        """Forget what was typed, once it has been sent."""
        self._writes.add({}, drafts=(item_id,))

    def _put_draft(self, item: WorkItem, unit_id: UUID, at: datetime, **values: object) -> None:
        row = {"item_id": item.id, "case_id": item.case_id, "unit_id": unit_id, "saved_at": at} | values
        statement = upsert(_DRAFT).values(row)
        changes = {name: statement.excluded[name] for name in (*values, "saved_at")}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("item_id",), set_=changes))
