"""Command answers, documents, the state of services, and facts of the installation."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Never, cast
from uuid import UUID, uuid5

from pydantic import BaseModel, JsonValue, field_validator
from sqlalchemy import Connection, delete, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.cases.records import ChangedContentError, OtherCommandError
from engine.db.encrypted_columns import TEXT, encrypt_apart
from engine.db.store import LIBRARY_STAMP, Store
from engine.db.tables import TABLES
from engine.db.trips import PLANNED_ONCE, PreparedStatement
from engine.db.writing import written
from engine.keys.vault import Vault
from engine.people.records import Unit

_COMMAND, _DOCUMENT = TABLES["command"], TABLES["document"]
_REPORT, _INSTALLATION, _SENDER = TABLES["report"], TABLES["installation"], TABLES["sender"]
_CONTENT = "content"
_NOTE_SERVICE = text("""
    INSERT INTO service (name, state, since, noted_at) VALUES (:name, :state, clock_timestamp(), clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET noted_at = clock_timestamp(), state = excluded.state,
        since = CASE WHEN service.state = excluded.state THEN service.since ELSE clock_timestamp() END
""")

_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:command, 0))")
_TURN_TO_OPEN = PreparedStatement(f"SELECT {PLANNED_ONCE}, pg_advisory_xact_lock(hashtextextended($1, 0))")
_BEFORE = PreparedStatement(
    "SELECT json_build_object('answer', (SELECT answer FROM command WHERE id = $1::uuid), "
    f"'unit', (SELECT json_build_array({', '.join(Unit._fields)}) FROM unit WHERE id = $2::uuid), "
    "'workflows', (SELECT coalesce(json_agg(json_build_array(name, content_hash) ORDER BY name), '[]'::json) "
    "FROM definition_version WHERE kind = 'workflow' AND status = 'published' "
    "AND (owner_unit_id IS NULL OR owner_unit_id = $2::uuid) AND ($3::text IS NULL OR name = $3)), "
    "'reports', CASE WHEN $4::uuid IS NULL THEN 0 ELSE "
    "(SELECT count(*) FROM report WHERE recorded_by = $4::uuid AND recorded_at > $5::timestamptz) END, "
    f"'library', {LIBRARY_STAMP})::text"
)


class OpeningFacts(BaseModel):
    """What must be known before a case is opened: the first answer to the command, the unit, and what serves it.

    `workflows` are the published ones of the unit by name, each with its content hash; `reports` how many the person
    has sent lately.
    """

    answer: dict[str, Any] | None
    unit: Unit | None
    workflows: dict[str, str]
    reports: int
    library: tuple[int, ...]

    @field_validator("workflows", mode="before")
    @classmethod
    def _by_name(cls, pairs: list[tuple[str, str]]) -> dict[str, str]:
        return dict(pairs)


class FirstAnswer(dict[str, Any]):
    """The answer to a command; asked for what it does not hold, it is that of another command."""

    def __missing__(self, key: str) -> Never:
        """Raise `OtherCommandError`."""
        raise OtherCommandError


def mark_of(vault: Vault, *content: object) -> str:
    """Return the mark by which content that comes back is known again, and from which nothing of it can be read."""
    return vault.blind("command", json.dumps(content, sort_keys=True, default=str)).hex()


def require_same(answer: Mapping[str, Any], mark: str) -> None:
    """Raise `ChangedContentError` where a command that was carried out comes back with other content."""
    if answer.get(_CONTENT, mark) != mark:
        raise ChangedContentError


class HousekeepingStore(Store):
    """Small records in PostgreSQL, within one transaction."""

    def take_turn(self, command_id: UUID) -> None:
        """Wait for another transaction with the same command: for commands that have no case to lock yet."""
        self._connection.execute(_TAKE_TURN, {"command": str(command_id)})

    def begin_opening(
        self, command_id: UUID, *, unit_id: UUID, workflow: str | None, by: UUID | None, since: datetime
    ) -> OpeningFacts:
        """Wait for another transaction with the same command, and load what must be known before a case is opened.

        Of the workflows only the one named, if one is; the reports of somebody are counted since an instant.
        """
        command = str(command_id).encode()
        asked = (str(unit_id), workflow, str(by) if by else None, since.isoformat())
        values = [command, *(None if value is None else value.encode() for value in asked)]
        _, answers = self._writes.ask((_TURN_TO_OPEN, [command]), (_BEFORE, values))
        begun = OpeningFacts.model_validate_json(answers[0])
        self._stamps.append(begun.library)
        return begun

    def count_reports(self, actor_id: UUID, *, since: datetime) -> int:
        """Count what somebody has reported since an instant."""
        of = (_REPORT.c.recorded_by == actor_id, _REPORT.c.recorded_at > since)
        return int(self._connection.execute(select(func.count()).select_from(_REPORT).where(*of)).scalar_one())

    def answer_to(self, command_id: UUID) -> Mapping[str, Any] | None:
        """Return the answer that a command got when it first came; None for a new one.

        Reading what it does not hold raises `OtherCommandError`: then it is the answer to another command.
        """
        found = self._connection.execute(select(_COMMAND.c.answer).where(_COMMAND.c.id == command_id)).scalar()
        return None if found is None else FirstAnswer(found)

    def remember(
        self, command_id: UUID, answer: Mapping[str, Any], *, case_id: UUID | None, at: datetime, mark: str = ""
    ) -> None:
        """Keep the answer to a command; a second keeper of the same command fails with an integrity error.

        `mark` is that of its content, where the same command must not come with another.
        """
        kept = dict(answer) | ({_CONTENT: mark} if mark else {})
        row = {"id": command_id, "case_id": case_id, "answer": kept, "at": at}
        self._writes.add({"command": [row]})

    def add_report(
        self,
        report_id: UUID,
        answers: Mapping[str, JsonValue],
        *,
        case_id: UUID,
        unit_id: UUID,
        received_at: datetime,
        at: datetime,
        by: UUID | None,
    ) -> None:
        """Keep what was reported, sealed."""
        encrypted = self._vault.encrypt(
            dict(answers), key_of=case_id, table="report", row=report_id, column="encrypted_answers", unit_id=unit_id
        )
        row = {
            "id": report_id, "case_id": case_id, "unit_id": unit_id, "received_at": received_at, "recorded_at": at,
            "recorded_by": by, "encrypted_answers": written(encrypted),
        }  # fmt: skip
        self._writes.add({"report": [row]})

    def reporter_of(self, case_id: UUID) -> UUID | None:
        """Return who recorded the report of a case; None when there is none, or it was recorded by nobody."""
        query = select(_REPORT.c.recorded_by).where(_REPORT.c.case_id == case_id)
        found: UUID | None = self._connection.execute(query.order_by(_REPORT.c.recorded_at).limit(1)).scalar()
        return found

    def report_of(self, case_id: UUID) -> Mapping[str, JsonValue]:
        """Open what was reported; empty when the case has no report."""
        query = select(_REPORT.c.id, _REPORT.c.encrypted_answers).where(_REPORT.c.case_id == case_id)
        row = self._connection.execute(query.order_by(_REPORT.c.recorded_at).limit(1)).first()
        if row is None or row[1] is None:
            return {}
        opened = self._vault.decrypt(row[1], table="report", row=row[0], column="encrypted_answers")
        return cast("Mapping[str, JsonValue]", opened)

    def cut_report(self, case_id: UUID, names: Collection[str]) -> None:
        """Forget all that was reported in a case but the answers of these names."""
        query = select(_REPORT.c.id, _REPORT.c.unit_id, _REPORT.c.encrypted_answers).where(_REPORT.c.case_id == case_id)
        for row in self._connection.execute(query.where(_REPORT.c.encrypted_answers.is_not(None))).all():
            place = {"table": "report", "row": row.id, "column": "encrypted_answers"}
            opened = cast("Mapping[str, JsonValue]", self._vault.decrypt(row.encrypted_answers, **place))
            kept = {name: value for name, value in opened.items() if name in names}
            encrypted = self._vault.encrypt(kept, key_of=case_id, unit_id=row.unit_id, **place)
            self._connection.execute(update(_REPORT).where(_REPORT.c.id == row.id).values(encrypted_answers=encrypted))

    def case_of_sender(self, tokens: Collection[bytes], *, since: datetime) -> UUID | None:
        """Return the case to which a number wrote last, by its tokens; None for none since an instant."""
        query = select(_SENDER.c.case_id).where(_SENDER.c.token.in_(tokens), _SENDER.c.seen_at > since)
        found: UUID | None = self._connection.execute(query.order_by(_SENDER.c.seen_at.desc()).limit(1)).scalar()
        return found

    def keep_sender(self, token: bytes, case_id: UUID, *, at: datetime) -> None:
        """Note to which case a number wrote, over what was noted of it before."""
        self._writes.flush()
        statement = upsert(_SENDER).values(token=token, case_id=case_id, seen_at=at)
        changes = {"case_id": case_id, "seen_at": at}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("token",), set_=changes))

    def forget_senders(self, *, before: datetime) -> int:
        """Forget the numbers that wrote last before an instant; returns how many."""
        return self._connection.execute(delete(_SENDER).where(_SENDER.c.seen_at < before)).rowcount

    def keep_document(
        self,
        *,
        case_id: UUID,
        unit_id: UUID,
        step_id: UUID | None,
        name: str,
        title: str,
        html: str,
        sha256: str,
        number: str,
        version: int,
        at: datetime,
        key_of: UUID | None = None,
        tells_where: bool = False,
    ) -> UUID:
        """Keep a document, sealed; the same document of the same step and version is kept once.

        One that tells where somebody is is sealed under the key of the case's places too.
        """
        document_id = uuid5(step_id or case_id, f"document|{name}|{version}")
        owner, text_of_it = key_of or case_id, cast("JsonValue", html)
        if tells_where:
            text_of_it = encrypt_apart(
                self._vault, {TEXT: html}, [TEXT], case_id=case_id, unit_id=unit_id, table="document", row=document_id
            )
        encrypted = self._vault.encrypt(
            text_of_it, key_of=owner, table="document", row=document_id, column="encrypted_html", unit_id=unit_id
        )
        row = {
            "id": document_id, "case_id": case_id, "unit_id": unit_id, "step_id": step_id, "name": name, "title": title,
            "number": number, "version": version, "sha256": sha256, "encrypted_html": encrypted, "made_at": at,
        }  # fmt: skip
        self._connection.execute(upsert(_DOCUMENT).values(row).on_conflict_do_nothing(index_elements=("id",)))
        return document_id

    def release_document(self, document_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Write who has released a document; False for one that was released, or of which there is a newer version."""
        newer = _DOCUMENT.alias("newer")
        is_replaced = exists().where(
            newer.c.step_id == _DOCUMENT.c.step_id, newer.c.name == _DOCUMENT.c.name,
            newer.c.version > _DOCUMENT.c.version,
        )  # fmt: skip
        released = update(_DOCUMENT).where(
            _DOCUMENT.c.id == document_id, _DOCUMENT.c.released_at.is_(None), ~is_replaced
        )
        return self._connection.execute(released.values(released_by=by, released_at=at)).rowcount == 1

    def release_documents(self, step_id: UUID, *, by: UUID | None, at: datetime) -> None:
        """Write who has released the documents of a step, once."""
        released = update(_DOCUMENT).where(_DOCUMENT.c.step_id == step_id, _DOCUMENT.c.released_at.is_(None))
        self._connection.execute(released.values(released_by=by, released_at=at))

    def note_service(self, name: str, state: str) -> None:
        """Keep what a service says of itself, with the database's time."""
        self._connection.execute(_NOTE_SERVICE, {"name": name, "state": state})

    def service_age(self, name: str) -> float | None:
        """Return how many seconds ago a service last said something; None when it never did."""
        query = text("SELECT extract(epoch FROM clock_timestamp() - noted_at)::float FROM service WHERE name = :name")
        found: float | None = self._connection.execute(query, {"name": name}).scalar()
        return found

    def installation(self, key: str) -> Mapping[str, Any] | None:
        """Return a fact of this installation."""
        return installation_fact(self._connection, key)

    def set_installation(self, key: str, value: Mapping[str, Any]) -> None:
        """Write a fact of this installation."""
        statement = upsert(_INSTALLATION).values(key=key, value=dict(value))
        changes = {"value": statement.excluded.value}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("key",), set_=changes))


def installation_fact(connection: Connection, key: str) -> Mapping[str, Any] | None:
    """Return a fact of this installation; None when it is not known."""
    query = select(_INSTALLATION.c.value).where(_INSTALLATION.c.key == key)
    return cast("Mapping[str, Any] | None", connection.execute(query).scalar())
