"""Load cases with all their parts, under their locks or not; values are encrypted where they are kept."""

import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from engine.core.consequences import WorkItem
from engine.core.keys import ENCRYPTED_IN_EVENTS
from engine.core.records import Case, CasePerson, Deadline, Run, Scalar, Step, StepInterval
from engine.core.state import CaseState
from engine.db.store import LIBRARY_STAMP, Writes
from engine.db.trips import PLANNED_ONCE, PreparedStatement, array
from engine.errors import DamagedError, KeyMissingError
from engine.ports import JsonValue, Vault

DIGEST: Final = "sealed"
"""The name under which the body of an event has the digest of what is sealed beside it."""
_VALUES: Final = TypeAdapter(dict[str, Scalar])
_SALT: Final = 16


class EncryptedCell(NamedTuple):
    """A sealed cell: its table, what its seal is bound to, its column."""

    table: str
    row: UUID
    column: str


def outputs_of(step_id: UUID) -> EncryptedCell:
    """Return where the outputs of a step are sealed."""
    return EncryptedCell("step", step_id, "encrypted_outputs")


def facts_of(case_id: UUID) -> EncryptedCell:
    """Return where the facts of a case are sealed."""
    return EncryptedCell("case", case_id, "encrypted_facts")


def report_of(case_id: UUID) -> EncryptedCell:
    """Return where the answers of a report are sealed on which workflows decide."""
    return EncryptedCell("case", case_id, "encrypted_report")


def encrypt_values(
    vault: Vault, values: Mapping[str, Scalar], place: EncryptedCell, *, case_id: UUID, unit_id: UUID
) -> bytes:
    """Seal values as one, under the key of their case; raise `KeyMissingError` when it was destroyed."""
    plain: JsonValue = {name: one.isoformat() if isinstance(one, datetime) else one for name, one in values.items()}
    return vault.encrypt(plain, key_of=case_id, unit_id=unit_id, **place._asdict())


def open_values(vault: Vault, encrypted: bytes | None, place: EncryptedCell) -> dict[str, Scalar]:
    """Return the values that were sealed; none where the key was destroyed. Raise `DamagedError`."""
    if encrypted is None:
        return {}
    try:
        return _VALUES.validate_json(vault.decrypt_bytes(encrypted, **place._asdict()))
    except KeyMissingError:
        return {}


class OpenedWhenRead(Mapping[str, Scalar]):
    """Values that are opened when one of them is read first: most of a case's are not, while it is decided.

    Reading raises `DamagedError`; there are none where the key was destroyed.
    """

    __slots__ = ("_encrypted", "_opened", "_place", "_vault")

    def __init__(self, vault: Vault, encrypted: Scalar, place: EncryptedCell | UUID) -> None:
        """Keep what is encrypted, as PostgreSQL writes bytes in JSON, at a place or as the outputs of a step."""
        self._vault = vault
        self._encrypted = encrypted
        self._place = place
        self._opened: dict[str, Scalar] | None = None

    def _values(self) -> dict[str, Scalar]:
        if self._opened is None:
            place = outputs_of(self._place) if isinstance(self._place, UUID) else self._place
            self._opened = open_values(self._vault, bytes.fromhex(str(self._encrypted).removeprefix("\\x")), place)
        return self._opened

    def __getitem__(self, name: str) -> Scalar:
        """Return a value; raise `KeyError`."""
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values())

    def __len__(self) -> int:
        """Count the values."""
        return len(self._values())


def encrypt_body(
    vault: Vault, body: Mapping[str, Any], *, case_id: UUID, unit_id: UUID, seq: int
) -> tuple[dict[str, Any], bytes | None]:
    """Part the body of an event: what the chain keeps readable, and the answers in it, sealed.

    The chain binds a digest of what is sealed. That is salted, and the salt is sealed too: once the key is destroyed,
    no answer can be tried against the digest.
    """
    clear, told = _parted(body)
    if not told:
        return clear, None
    plain = json.dumps([secrets.token_hex(_SALT), told], ensure_ascii=False, separators=(",", ":")).encode()
    encrypted = vault.encrypt_bytes(plain, key_of=case_id, unit_id=unit_id, **_body_of(case_id, seq)._asdict())
    return clear | {DIGEST: sha256(plain).hexdigest()}, encrypted


def open_body(
    vault: Vault, body: Mapping[str, Any], encrypted: bytes | None, *, case_id: UUID, seq: int
) -> dict[str, Any]:
    """Put an event together again; without what was sealed where the key was destroyed. Raise `DamagedError`."""
    whole = {name: dict(part) if name == "step" else part for name, part in body.items() if name != DIGEST}
    if (digest := body.get(DIGEST)) is None and encrypted is None:
        return whole
    try:
        plain = vault.decrypt_bytes(encrypted or b"", **_body_of(case_id, seq)._asdict())
    except KeyMissingError:
        return whole
    if sha256(plain).hexdigest() != digest:
        raise DamagedError(what="What is encrypted of an event")
    for *above, name, value in json.loads(plain)[1]:
        part = whole
        for one in above:
            part = part[one]
        part[name] = value
    return whole


def _body_of(case_id: UUID, seq: int) -> EncryptedCell:
    return EncryptedCell("event", case_id, f"encrypted_body/{seq}")


def _parted(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Any]]]:
    """Part a body into what stays readable, and each path in it that is sealed with its value."""
    clear, told = dict(body), []
    for *above, name in ENCRYPTED_IN_EVENTS:
        part = clear
        for one in above:
            part = part.get(one) or {}
            if part:
                clear[one] = part = dict(part)
        if name in part:
            told.append([*above, name, part.pop(name)])
    return clear, told


_ENCRYPTED = ""
"""The name under which the loading statement gives outputs that are sealed; no output has it."""


class _Loaded(BaseModel):
    """A case and its parts as the loading statement gives them, with the item and the command that were named."""

    model_config = ConfigDict(frozen=True)

    case: Case
    item: WorkItem | None = None
    answer: dict[str, Any] | None = None
    library: tuple[int, ...] = ()
    report: str | None
    facts: str | None
    runs: tuple[Run, ...]
    steps: tuple[Step, ...]
    deadlines: tuple[Deadline, ...]
    past: tuple[Deadline, ...]
    persons: tuple[CasePerson, ...]
    intervals: tuple[StepInterval, ...]
    barred: frozenset[UUID]
    owed_in: dict[UUID, str]
    kept_in: str


_OUTPUTS = (
    "CASE WHEN encrypted_outputs IS NULL THEN '{}'"
    f" ELSE json_build_object('{_ENCRYPTED}', encrypted_outputs) END AS outputs"
)


def _columns(record: type[BaseModel]) -> str:
    return ", ".join(_OUTPUTS if name == "outputs" else f'"{name}"' for name in record.model_fields)


def _part(name: str, record: type[BaseModel], table: str, condition: str) -> str:
    rows = f'SELECT {_columns(record)} FROM "{table}" WHERE case_id = c.id {condition}'
    return f"'{name}', (SELECT coalesce(json_agg(row_to_json(x)), '[]'::json) FROM ({rows}) x)"


_TRACES = "(fired <> '{}' OR pauses <> '[]' OR extensions <> '[]' OR delay_owner IS NOT NULL)"
"""What must be known of a deadline that has ended, as `Deadline.leaves_traces` says it."""
_BY_TIME = " ORDER BY due_at, key, path, id"
"""What is decided of a case never goes by the order in which PostgreSQL happens to keep its rows."""
_LOCK_FREE = PreparedStatement(
    f'SELECT id, {PLANNED_ONCE} FROM "case" WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED'
)
_RECUSED = "FROM recusal d {join} WHERE d.case_id = c.id AND d.ended_at IS NULL"
_BARRED = (
    "'barred', (SELECT coalesce(json_agg(x.who), '[]'::json) FROM ("
    "SELECT coalesce(d.actor_id, d.unit_id) AS who "
    + _RECUSED.format(join="")
    + " AND d.organisation_id IS NULL UNION SELECT u.id "
    + _RECUSED.format(join="JOIN unit u ON u.organisation_id = d.organisation_id")
    + " UNION SELECT m.actor_id FROM restriction r JOIN membership m ON m.unit_id = c.unit_id "
    "WHERE r.case_id = c.id AND r.lifted_at IS NULL AND m.actor_id <> r.holder_id "
    "AND NOT EXISTS (SELECT FROM membership o WHERE o.actor_id = m.actor_id AND o.unit_id = c.unit_id "
    "AND o.role = 'data_protection_officer')" + ") x)"
)
_OWED_IN = (
    "'owed_in', (SELECT coalesce(json_object_agg(x.step, x.place), '{}'::json) FROM ("
    "SELECT DISTINCT ON (s.step) s.step, u.jurisdiction AS place FROM referral r JOIN unit u ON u.id = r.to_unit_id, "
    "LATERAL (VALUES (r.answer_step_id, true), (r.step_id, r.status = 'accepted')) s(step, is_theirs) "
    "WHERE r.case_id = c.id AND r.status IN ('offered', 'accepted') AND s.step IS NOT NULL AND s.is_theirs "
    "ORDER BY s.step, r.sent_at DESC, r.id) x), "
    "'kept_in', (SELECT jurisdiction FROM unit WHERE id = c.unit_id)"
)
"""Where the partner is who owes a step: whoever has accepted it, and whoever is asked owes the answer."""
_CASE_COLUMNS = ", ".join(
    "'chain_head', encode(c.chain_head, 'hex')" if name == "chain_head" else f"'{name}', c.\"{name}\""
    for name in Case.model_fields
)
_PARTS = ", ".join(
    (
        f"'case', json_build_object({_CASE_COLUMNS}), 'report', c.encrypted_report, 'facts', c.encrypted_facts",
        _part("runs", Run, "run", "ORDER BY started_at, id"),
        _part("steps", Step, "step", "ORDER BY opened_at NULLS LAST, key, path"),
        _part("deadlines", Deadline, "deadline", "AND status = 'open' " + _BY_TIME),
        _part("past", Deadline, "deadline", "AND status <> 'open' AND " + _TRACES + _BY_TIME),
        _part("persons", CasePerson, "case_person", "ORDER BY added_at, position"),
        _part("intervals", StepInterval, "interval", "ORDER BY start, name"),
        _BARRED,
        _OWED_IN,
    ),
)
_OF_ITEM = "(SELECT case_id FROM work_item WHERE id = $1::uuid)"
_ITEM = ", ".join(f'"{name}"' for name in WorkItem.model_fields)
_LOCK = PreparedStatement(f'SELECT {PLANNED_ONCE} FROM "case" WHERE id = $1::uuid FOR UPDATE')
_LOCK_OF_ITEM = PreparedStatement(f'SELECT {PLANNED_ONCE} FROM "case" WHERE id = {_OF_ITEM} FOR UPDATE')
_LOAD = PreparedStatement(f'SELECT json_build_object({_PARTS})::text FROM "case" c WHERE c.id = ANY($1::uuid[])')
_LOAD_OF_ITEM = PreparedStatement(
    f"SELECT json_build_object({_PARTS}, "
    f"'item', (SELECT row_to_json(x) FROM (SELECT {_ITEM} FROM work_item WHERE id = $1::uuid) x), "
    "'answer', (SELECT answer FROM command WHERE id = $2::uuid), "
    f"'library', {LIBRARY_STAMP})::text FROM \"case\" c WHERE c.id = {_OF_ITEM}",
)
_LOAD_FOR = PreparedStatement(
    f"SELECT json_build_object({_PARTS}, 'answer', (SELECT answer FROM command WHERE id = $2::uuid), "
    f"'library', {LIBRARY_STAMP})::text FROM \"case\" c WHERE c.id = $1::uuid"
)


class LockedCase(NamedTuple):
    """A case under its lock, the first answer to a command, and the stamp of the library."""

    state: CaseState
    answer: dict[str, Any] | None
    library: tuple[int, ...]


class LockedItem(NamedTuple):
    """A work item with its case under its lock, the first answer to a command, and the stamp of the library."""

    state: CaseState
    item: WorkItem
    answer: dict[str, Any] | None
    library: tuple[int, ...]


def read_case(writes: Writes, vault: Vault, case_id: UUID) -> CaseState | None:
    """Load a case as it is now, and let others change it; None when there is none."""
    (answers,) = writes.ask((_LOAD, [array([case_id])]))
    return _loaded(vault, answers).get(case_id)


def lock_case(writes: Writes, vault: Vault, case_id: UUID) -> CaseState | None:
    """Load a case and keep others from changing it until the transaction ends; None when there is none.

    It is loaded by a statement of its own, in the same trip: that must see all that was committed before the lock.
    """
    _, answers = writes.ask((_LOCK, [str(case_id).encode()]), (_LOAD, [array([case_id])]))
    return _loaded(vault, answers).get(case_id)


def lock_case_for(writes: Writes, vault: Vault, case_id: UUID, command_id: UUID) -> LockedCase | None:
    """Load a case and lock it, as `lock_case` does, with the first answer to a command; None when there is none."""
    case, command = str(case_id).encode(), str(command_id).encode()
    _, answers = writes.ask((_LOCK, [case]), (_LOAD_FOR, [case, command]))
    if not answers:
        return None
    loaded = _Loaded.model_validate_json(answers[0])
    return LockedCase(_state(vault, loaded), loaded.answer, loaded.library)


def lock_item(writes: Writes, vault: Vault, item_id: UUID, command_id: UUID) -> LockedItem | None:
    """Load a work item and lock its case, as `lock_case` does; None when there is no such item."""
    item, command = str(item_id).encode(), str(command_id).encode()
    _, answers = writes.ask((_LOCK_OF_ITEM, [item]), (_LOAD_OF_ITEM, [item, command]))
    if not answers:
        return None
    loaded = _Loaded.model_validate_json(answers[0])
    return (
        None if loaded.item is None else LockedItem(_state(vault, loaded), loaded.item, loaded.answer, loaded.library)
    )


def lock_free_cases(writes: Writes, vault: Vault, case_ids: Collection[UUID]) -> Mapping[UUID, CaseState]:
    """Load and lock those of these cases that nobody else has locked."""
    asked = [array(case_ids)]
    locked, answers = writes.ask((_LOCK_FREE, asked), (_LOAD, asked))
    free = {UUID(id_.decode()) for id_ in locked}
    return _loaded(vault, answers, free)


def _loaded(vault: Vault, answers: Sequence[bytes], free: Collection[UUID] | None = None) -> Mapping[UUID, CaseState]:
    found = [_Loaded.model_validate_json(answer) for answer in answers]
    if free is not None:
        found = [loaded for loaded in found if loaded.case.id in free]
    if len(found) > 1:
        vault.make_ready([loaded.case.id for loaded in found])
    return {loaded.case.id: _state(vault, loaded) for loaded in found}


def _state(vault: Vault, loaded: _Loaded) -> CaseState:
    case = loaded.case  # nobody else has it or its steps yet: they may be put right in place
    case.__dict__["chain_head"] = bytes.fromhex(case.chain_head.decode())
    for step in loaded.steps:
        if step.outputs:
            step.__dict__["outputs"] = OpenedWhenRead(vault, step.outputs[_ENCRYPTED], step.id)
    return CaseState(
        case=case,
        report=_opened(vault, loaded.report, report_of(case.id)),
        persons=loaded.persons,
        runs={run.id: run for run in loaded.runs},
        steps={step.id: step for step in loaded.steps},
        deadlines={deadline.id: deadline for deadline in loaded.deadlines},
        past={deadline.id: deadline for deadline in loaded.past},
        facts=_opened(vault, loaded.facts, facts_of(case.id)),
        intervals=loaded.intervals,
        barred=loaded.barred,
        owed_in=loaded.owed_in,
        kept_in=loaded.kept_in,
    )


def _opened(vault: Vault, encrypted: str | None, place: EncryptedCell) -> Mapping[str, Scalar]:
    return {} if encrypted is None else OpenedWhenRead(vault, encrypted, place)
