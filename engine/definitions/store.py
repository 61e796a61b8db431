"""Versions of definitions, added days, signatures of law limits, and recounts of deadlines."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import ColumnElement, RowMapping, and_, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on

from engine.db.store import LIBRARY_STAMP, Store, columns
from engine.db.tables import TABLES
from engine.definitions.records import OpenRecount, StoredDay, StoredDefinition, StoredDraft, StoredSignature

VERSION, _RUN, _DEADLINE = TABLES["definition_version"], TABLES["run"], TABLES["deadline"]

RAN: Final = ("published", "retired")
"""The statuses of what runs or ran; the others are `proposed` and `refused`."""
PROPOSED: Final = "proposed"
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_STAMP = text(f"SELECT {LIBRARY_STAMP}")
_COLUMNS = columns(VERSION, StoredDefinition)


class DefinitionStore(Store):
    """Definitions in PostgreSQL, within one transaction."""

    def by_hash(self, content_hash: str) -> StoredDefinition | None:
        """Load the workflow with a content hash, be it published or retired."""
        query = select(*_COLUMNS).where(
            VERSION.c.kind == "workflow", VERSION.c.content_hash == content_hash, VERSION.c.status.in_(RAN)
        )
        return self._record(StoredDefinition, query.order_by(VERSION.c.version.desc()).limit(1))

    def published(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load what is published of a kind, by name."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.status == "published")
        return self._records(StoredDefinition, query.order_by(VERSION.c.name))

    def sources(self, kind: str) -> dict[str, str]:
        """Load the texts of what is published of a kind, by name: they are short beside what they lead to."""
        query = select(VERSION.c.name, VERSION.c.source).where(VERSION.c.kind == kind, VERSION.c.status == "published")
        return {row.name: row.source for row in self._connection.execute(query.order_by(VERSION.c.name))}

    def ran(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load each version of a kind that runs or ran, by name, the oldest first."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.status.in_(RAN))
        ordered = query.order_by(VERSION.c.name, VERSION.c.published_at, VERSION.c.version)
        return self._records(StoredDefinition, ordered)

    def current(self, kind: str, name: str) -> StoredDefinition | None:
        """Load the published version of a definition."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.status == "published")
        return self._record(StoredDefinition, query)

    def versions(self, kind: str, name: str) -> tuple[StoredDefinition, ...]:
        """Load each version of one definition that runs or ran, the newest first."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.status.in_(RAN))
        return self._records(StoredDefinition, query.order_by(VERSION.c.version.desc()))

    def newest_version(self, kind: str, name: str) -> int:
        """Return the highest version number there is; 0 when there is none."""
        query = select(VERSION.c.version).where(VERSION.c.kind == kind, VERSION.c.name == name)
        found: int | None = self._connection.execute(query.order_by(VERSION.c.version.desc()).limit(1)).scalar()
        return found or 0

    def publish(self, stored: StoredDefinition, *, contract_hashes: Mapping[str, object], at: datetime) -> None:
        """Write a version as the published one; the one before is retired and stays for its running cases."""
        self.retire(stored)
        self._write(stored, status="published", contract_hashes=contract_hashes, published_at=at, created_at=at)

    def in_use(self) -> tuple[StoredDefinition, ...]:
        """Load the workflows that are published, and each version that an open run follows; by name and version."""
        followed = exists().where(_RUN.c.definition_hash == VERSION.c.content_hash, _RUN.c.status == "open")
        is_used = or_(VERSION.c.status == "published", and_(VERSION.c.status.in_(RAN), followed))
        query = select(*_COLUMNS).where(VERSION.c.kind == "workflow", is_used)
        return self._records(StoredDefinition, query.order_by(VERSION.c.name, VERSION.c.version.desc()))

    def open_deadlines(self, ladder: str) -> int:
        """Count the open deadlines that lead to a ladder."""
        query = select(func.count()).where(_DEADLINE.c.ladder == ladder, _DEADLINE.c.status == "open")
        return self._connection.execute(query).scalar_one()

    def open_places(self) -> tuple[str, ...]:
        """List the jurisdictions in which a run is open."""
        query = select(_RUN.c.jurisdiction).where(_RUN.c.status == "open").distinct()
        return tuple(self._connection.execute(query.order_by(_RUN.c.jurisdiction)).scalars())

    def propose(self, stored: StoredDefinition, *, at: datetime) -> None:
        """Write a version that waits for a second person: nothing runs by it."""
        self._write(stored, status=PROPOSED, contract_hashes={}, published_at=None, created_at=at)

    def proposed(self, ids: Sequence[UUID]) -> tuple[StoredDefinition, ...]:
        """Load versions that wait for a second person, in the order of their ids as they are given."""
        query = select(*_COLUMNS).where(VERSION.c.id.in_(ids), VERSION.c.status == PROPOSED)
        found = {one.id: one for one in self._records(StoredDefinition, query)}
        return tuple(found[one] for one in ids if one in found)

    def publish_proposed(
        self, stored: StoredDefinition, *, contract_hashes: Mapping[str, object], at: datetime
    ) -> None:
        """Make a version that waited the published one; the one before is retired."""
        self.retire(stored)
        values = {"status": "published", "published_at": at, "contract_hashes": dict(contract_hashes)}
        waits = (VERSION.c.id == stored.id, VERSION.c.status == PROPOSED)
        self._connection.execute(update(VERSION).where(*waits).values(values))

    def drop_proposed(self, ids: Sequence[UUID]) -> None:
        """Keep versions that waited as what was not agreed to; their numbers are not given again."""
        waits = (VERSION.c.id.in_(ids), VERSION.c.status == PROPOSED)
        self._connection.execute(update(VERSION).where(*waits).values(status="refused"))

    def retire(self, stored: StoredDefinition) -> None:
        """Let what is published under a name be retired."""
        same = (VERSION.c.kind == stored.kind, VERSION.c.name == stored.name, VERSION.c.status == "published")
        self._connection.execute(update(VERSION).where(*same).values(status="retired"))

    def _write(
        self,
        stored: StoredDefinition,
        *,
        status: str,
        contract_hashes: Mapping[str, object],
        published_at: datetime | None,
        created_at: datetime,
    ) -> None:
        row = stored._asdict() | {
            "status": status, "published_at": published_at, "created_at": created_at,
            "contract_hashes": dict(contract_hashes),
        }  # fmt: skip
        self._connection.execute(insert(VERSION), row)

    def hold(self, kind: str, name: str) -> None:
        """Keep others from changing a definition, or the days of a calendar, until the transaction ends."""
        self._connection.execute(_HOLD, {"key": f"{kind}|{name}"})

    def stamp(self) -> tuple[int, ...]:
        """Return a value that changes with each calendar, ladder, law pack, message text, added day and signature."""
        return tuple(self._connection.execute(_STAMP).scalar_one())


DRAFT, ACTOR = TABLES["definition_draft"], TABLES["actor"]
_DRAFT_COLUMNS = columns(DRAFT, StoredDraft)
_MOST_UNDONE: Final = 100


class DefinitionDraftStore(Store):
    """What people have written of definitions and not proposed yet, within one transaction."""

    def newest(self, kind: str, name: str) -> tuple[tuple[StoredDraft, str], ...]:
        """Load what each person saved last of a definition, with their name."""
        who = ACTOR.c.name.label("who")
        query = select(*_DRAFT_COLUMNS, who).join(ACTOR, ACTOR.c.id == DRAFT.c.author_id)
        of_it = query.where(DRAFT.c.kind == kind, DRAFT.c.name == name).ext(distinct_on(DRAFT.c.author_id))
        rows = self._connection.execute(of_it.order_by(DRAFT.c.author_id, DRAFT.c.number.desc())).mappings()
        found = [dict(row) for row in rows]
        return tuple((StoredDraft(**{key: row[key] for key in StoredDraft._fields}), row["who"]) for row in found)

    def of(self, author_id: UUID) -> tuple[tuple[str, str, datetime], ...]:
        """List what somebody has drafts of, by kind and name, each with when it was saved last (UTC)."""
        query = select(DRAFT.c.kind, DRAFT.c.name, func.max(DRAFT.c.saved_at)).where(DRAFT.c.author_id == author_id)
        rows = self._connection.execute(query.group_by(DRAFT.c.kind, DRAFT.c.name).order_by(DRAFT.c.kind, DRAFT.c.name))
        return tuple((kind, name, at) for kind, name, at in rows)

    def add(self, draft: StoredDraft) -> None:
        """Write what was saved; of what was saved long before nothing is kept."""
        self._connection.execute(insert(DRAFT), draft._asdict())
        old = (*_own(draft.kind, draft.name, draft.author_id), DRAFT.c.number <= draft.number - _MOST_UNDONE)
        self._connection.execute(delete(DRAFT).where(*old))

    def drop(self, kind: str, name: str, author_id: UUID, *, number: int = 0) -> None:
        """Forget what somebody saved, from a number on."""
        self._connection.execute(delete(DRAFT).where(*_own(kind, name, author_id), DRAFT.c.number >= number))


def _own(kind: str, name: str, author_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return DRAFT.c.kind == kind, DRAFT.c.name == name, DRAFT.c.author_id == author_id


SIGNATURE = TABLES["law_signature"]
_SIGNATURE_COLUMNS = columns(SIGNATURE, StoredSignature)


class LawSignatureStore(Store):
    """Signatures in PostgreSQL, within one transaction."""

    def live(self) -> tuple[StoredSignature, ...]:
        """List the signatures that were not taken back, the oldest first."""
        query = select(*_SIGNATURE_COLUMNS).where(SIGNATURE.c.revoked_at.is_(None))
        return self._records(StoredSignature, query.order_by(SIGNATURE.c.signed_at))

    def all(self) -> tuple[StoredSignature, ...]:
        """List every signature that there ever was, the latest first."""
        query = select(*_SIGNATURE_COLUMNS).order_by(SIGNATURE.c.signed_at.desc())
        return self._records(StoredSignature, query)

    def get(self, signature_id: UUID) -> StoredSignature | None:
        """Load a signature and keep others from changing it until the transaction ends."""
        query = select(*_SIGNATURE_COLUMNS).where(SIGNATURE.c.id == signature_id).with_for_update()
        return self._record(StoredSignature, query)

    def add(self, signature: StoredSignature) -> None:
        """Write a signature."""
        self._connection.execute(insert(SIGNATURE), signature._asdict())

    def revoke(self, signature_id: UUID, *, by: UUID, at: datetime, why: str) -> None:
        """Take a signature back; it stays in the table with who took it back, when and why (a code)."""
        changes = {"revoked_by": by, "revoked_at": at, "revoked_for": why}
        self._connection.execute(update(SIGNATURE).where(SIGNATURE.c.id == signature_id).values(changes))


RECOUNT = TABLES["recount"]
_RECOUNT_COLUMNS = columns(RECOUNT, OpenRecount)
_OF_CALENDAR = """EXISTS (SELECT 1 FROM deadline d WHERE d.case_id = c.id AND d.status = 'open'
    AND d.calendar IN (CAST(:name AS text), split_part(CAST(:name AS text), '-', 1)))"""
_OF_LADDER = """EXISTS (SELECT 1 FROM deadline d WHERE d.case_id = c.id AND d.status = 'open' AND d.ladder = :name)"""
_OF_LAW = "EXISTS (SELECT 1 FROM run r WHERE r.case_id = c.id AND r.status = 'open')"
_CONCERNED = {
    kind: text(
        f"""SELECT c.id FROM "case" c WHERE c.status = 'open'
        AND (CAST(:after AS uuid) IS NULL OR c.id > CAST(:after AS uuid)) AND {condition}
        AND (CAST(:units AS uuid[]) IS NULL OR c.unit_id = ANY (CAST(:units AS uuid[])))
        ORDER BY c.id LIMIT :most"""
    )
    for kind, condition in (("calendar", _OF_CALENDAR), ("ladder", _OF_LADDER), ("law", _OF_LAW))
}
"""A law may be named by any step of any run, reached or not; the others by a deadline that runs."""
_WENT_ON = text("""
    UPDATE recount SET after_case_id = :case, cases = cases + 1, moved = moved + :moved
    WHERE id = :id AND (after_case_id IS NULL OR after_case_id < :case)
""")
_DONE = text("UPDATE recount SET done_at = coalesce(done_at, :at) WHERE id = :id")


class RecountStore(Store):
    """Recounts in PostgreSQL, within one transaction."""

    def ask(self, recount_id: UUID, *, kind: str, name: str, by: UUID, at: datetime) -> None:
        """Ask that the open deadlines that a change concerns are counted again."""
        row = {"id": recount_id, "kind": kind, "name": name, "asked_by": by, "asked_at": at, "cases": 0, "moved": 0}
        self._connection.execute(insert(RECOUNT), row)

    def open(self) -> tuple[OpenRecount, ...]:
        """List the recounts that are not done, the oldest first."""
        query = select(*_RECOUNT_COLUMNS).where(RECOUNT.c.done_at.is_(None)).order_by(RECOUNT.c.asked_at, RECOUNT.c.id)
        return self._records(OpenRecount, query)

    def concerned(
        self, kind: str, name: str, *, after: UUID | None, most: int, unit_ids: Collection[UUID] | None = None
    ) -> tuple[UUID, ...]:
        """List open cases that a change may concern, of all units or some, by id, those after one looked at already."""
        units = None if unit_ids is None else list(unit_ids)
        values = {"name": name, "after": after, "most": most, "units": units}
        return tuple(row.id for row in self._connection.execute(_CONCERNED[kind], values))

    def went_on(self, recount_id: UUID, *, case_id: UUID, moved: int) -> None:
        """Keep that a case was looked at; a second time changes nothing."""
        self._connection.execute(_WENT_ON, {"id": recount_id, "case": case_id, "moved": moved})

    def done(self, recount_id: UUID, *, at: datetime) -> None:
        """Say that every case was looked at."""
        self._connection.execute(_DONE, {"id": recount_id, "at": at})


DAY = TABLES["special_day"]
_WORDS: Final = "encrypted_words"
_TYPED: Final = ("name", "reason")
_DAY_COLUMNS = columns(DAY, StoredDay)


class SpecialDayStore(Store):
    """Added days in PostgreSQL, within one transaction."""

    def live(self, calendar: str | None = None) -> tuple[StoredDay, ...]:
        """List the days that were added and not taken back, in order of date; of every calendar unless one is named."""
        query = select(*_DAY_COLUMNS, DAY.c[_WORDS], func.coalesce(ACTOR.c.name, "").label("who"))
        query = query.outerjoin_from(DAY, ACTOR, ACTOR.c.id == DAY.c.added_by).where(DAY.c.removed_at.is_(None))
        if calendar is not None:
            query = query.where(DAY.c.calendar == calendar)
        rows = self._connection.execute(query.order_by(DAY.c.day, DAY.c.id)).mappings().all()
        return tuple(self._day(row) for row in rows)

    def add(self, day: StoredDay) -> None:
        """Write a day."""
        row = {name: value for name, value in day._asdict().items() if name not in {"who", *_TYPED}}
        typed: dict[str, JsonValue] = {"name": day.name, "reason": day.reason}
        row[_WORDS] = self._vault.encrypt(typed, key_of=day.id, table="special_day", row=day.id, column=_WORDS)
        self._connection.execute(insert(DAY), row)

    def remove(self, day_id: UUID, *, by: UUID, at: datetime) -> None:
        """Take a day back; it stays in the table with who took it back, and when."""
        self._connection.execute(update(DAY).where(DAY.c.id == day_id).values(removed_by=by, removed_at=at))

    def _day(self, row: RowMapping) -> StoredDay:
        known: dict[str, Any] = dict(row)
        opened: Any = self._vault.decrypt(known.pop(_WORDS), table="special_day", row=row["id"], column=_WORDS)
        return StoredDay(**(known | {name: str(opened[name]) for name in _TYPED}))
