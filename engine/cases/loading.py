"""Load cases with all their parts, under their locks or not; what hardly ever changes again is remembered."""

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict

from engine.cases.encrypted import EncryptedCell, OpenedWhenRead, facts_of, report_of
from engine.core.consequences import WorkItem
from engine.core.records import LIVE, Case, CasePerson, Deadline, DeadlineStatus, Run, Scalar, Step, StepInterval
from engine.core.state import CaseState
from engine.db.store import KEYS_OF_CASE, LIBRARY_STAMP, Writes
from engine.db.trips import PLANNED_ONCE, PreparedStatement, array
from engine.keys.vault import StoredKey, Vault

_LONG: Final = 100
"""With fewer steps that are over a case is loaded whole."""
_CASES: Final = 16
_MOST_STEPS: Final = 20_000
"""So many cases and steps at the most are remembered, those that were loaded last."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

_ENCRYPTED = ""
"""The name under which the loading statement gives outputs that are sealed; no output has it."""


class Since(NamedTuple):
    """The steps of a case that were over when its chain had this length and this end, in their order."""

    length: int
    head: bytes
    over: Mapping[UUID, Step]
    opened: list[OpenedWhenRead]
    """Outputs among them that somebody has read."""


class StepsOver:
    """What one process remembers. What it has decrypted it decrypts anew for each decision."""

    def __init__(self) -> None:
        """Remember nothing."""
        self._known: OrderedDict[UUID, Since] = OrderedDict()
        self._lock = Lock()

    def known(self, case_ids: Collection[UUID] | None = None) -> Mapping[UUID, Since]:
        """Return what is remembered of these cases, or of all."""
        with self._lock:
            return {id_: one for id_, one in self._known.items() if case_ids is None or id_ in case_ids}

    def with_loaded(
        self, case: Case, steps: Sequence[Step], since: Since | None, opened: list[OpenedWhenRead]
    ) -> tuple[dict[UUID, Step], dict[UUID, Step]]:
        """Return the steps of a case and the live ones, of what was loaded and what was known, and remember those over.

        `opened` is where outputs that were loaded now put themselves when they are read.
        """
        live = {step.id: step for step in steps if step.status in LIVE}
        over = {step.id: step for step in steps if step.id not in live}
        if since is not None:
            over = _joined(since.over, steps, over)
        if len(over) >= _LONG:
            self._remember(case.id, Since(case.chain_length, case.chain_head, over, opened))
        return over | live, live

    def _remember(self, case_id: UUID, since: Since) -> None:
        with self._lock:
            self._known[case_id] = since
            self._known.move_to_end(case_id)
            while len(self._known) > _CASES or sum(len(one.over) for one in self._known.values()) > _MOST_STEPS:
                self._known.popitem(last=False)


def arrays(known: Mapping[UUID, Since]) -> list[bytes]:
    """Write what is known as the loading statements take it: ids of cases, lengths and ends of their chains."""
    if not known:
        return [b"{}", b"{}", b"{}"]
    ends = array(f'"\\\\x{one.head.hex()}"' for one in known.values())
    return [array(known), array(one.length for one in known.values()), ends]


def _joined(known: Mapping[UUID, Step], steps: Sequence[Step], over: Mapping[UUID, Step]) -> dict[UUID, Step]:
    """Put what was loaded in the place of what was known; the order is that in which all would have been loaded."""
    joined = dict(known)
    for step in steps:
        joined.pop(step.id, None)
    last = next(reversed(joined.values()), None)
    joined |= over
    if last is not None and any(_place(step) < _place(last) for step in over.values()):
        joined = {step.id: step for step in sorted(joined.values(), key=_place)}
    return joined


def _place(step: Step) -> tuple[datetime, datetime, str, str]:
    return step.recorded_at or _NEVER, step.opened_at or _NEVER, step.key, step.path


_OF_VAULT: Final[WeakKeyDictionary[Vault, StepsOver]] = WeakKeyDictionary()


def steps_over(vault: Vault) -> StepsOver:
    """Return what is remembered of the cases whose values a vault opens."""
    return _OF_VAULT.setdefault(vault, StepsOver())


class _Loaded(BaseModel):
    """A case and its parts as the loading statement gives them, with the item and the command that were named."""

    model_config = ConfigDict(frozen=True)

    case: Case
    item: WorkItem | None = None
    answer: dict[str, Any] | None = None
    library: tuple[int, ...] = ()
    epoch: int = -1
    key: tuple[int, str, str, str] | None = None
    since: int | None
    report: str | None
    facts: str | None
    runs: tuple[Run, ...]
    steps: tuple[Step, ...]
    deadlines: tuple[Deadline, ...]
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
_LIVE = f"'{{{','.join(sorted(LIVE))}}}'"
_STEPS = (
    f"AND (r.seq IS NULL OR status = ANY({_LIVE}) OR id = ANY(ARRAY("
    "SELECT (body -> 'step' ->> 'id')::uuid FROM event WHERE case_id = c.id AND seq > r.seq))) "
    f"ORDER BY status = ANY({_LIVE}), CASE WHEN status <> ALL({_LIVE}) THEN recorded_at END, opened_at, "
    'key COLLATE "C", path COLLATE "C"'
)
"""The steps of a case: those over, in the order in which they came to be, then the live ones as they were opened; see
`steps_over` for which of those over are left out."""
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
    + " AND d.organisation_id IS NULL UNION ALL SELECT u.id "
    + _RECUSED.format(join="JOIN unit u ON u.organisation_id = d.organisation_id")
    + " UNION ALL SELECT m.actor_id FROM restriction r JOIN membership m ON m.unit_id = c.unit_id "
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
        "'since', r.seq",
        _part("steps", Step, "step", _STEPS),
        _part("deadlines", Deadline, "deadline", f"AND (status = 'open' OR {_TRACES}){_BY_TIME}"),
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


def _load(first: int, condition: str, more: str = "") -> PreparedStatement:
    """Load cases; from `$first` on it is given what is known of the steps that are over."""
    known = ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(("uuid", "int", "bytea")))
    return PreparedStatement(
        f'SELECT json_build_object({_PARTS}{more})::text FROM "case" c LEFT JOIN unnest({known}) r(id, seq, head) '
        "ON r.id = c.id AND EXISTS (SELECT FROM event e WHERE e.case_id = c.id AND e.seq = r.seq AND e.hash = r.head) "
        f"WHERE c.id {condition}"
    )


_FOR_COMMAND = (
    f", 'answer', (SELECT answer FROM command WHERE id = $2::uuid), 'library', {LIBRARY_STAMP}, {KEYS_OF_CASE}"
)
_LOAD = _load(2, "= ANY($1::uuid[])")
_LOAD_OF_ITEM = _load(
    3,
    f"= {_OF_ITEM}",
    f", 'item', (SELECT row_to_json(x) FROM (SELECT {_ITEM} FROM work_item WHERE id = $1::uuid) x){_FOR_COMMAND}",
)
_LOAD_FOR = _load(3, "= $1::uuid", _FOR_COMMAND)


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
    known = steps_over(vault).known((case_id,))
    (answers,) = writes.ask((_LOAD, [array([case_id]), *arrays(known)]))
    return _loaded(vault, answers, known).get(case_id)


def lock_case(writes: Writes, vault: Vault, case_id: UUID) -> CaseState | None:
    """Load a case and keep others from changing it until the transaction ends; None when there is none.

    It is loaded by a statement of its own, in the same trip: that must see all that was committed before the lock.
    """
    known = steps_over(vault).known((case_id,))
    _, answers = writes.ask((_LOCK, [str(case_id).encode()]), (_LOAD, [array([case_id]), *arrays(known)]))
    return _loaded(vault, answers, known).get(case_id)


def lock_case_for(writes: Writes, vault: Vault, case_id: UUID, command_id: UUID) -> LockedCase | None:
    """Load a case and lock it, as `lock_case` does, with the first answer to a command; None when there is none."""
    case, command, known = str(case_id).encode(), str(command_id).encode(), steps_over(vault).known((case_id,))
    began = vault.ticks()
    _, answers = writes.ask((_LOCK, [case]), (_LOAD_FOR, [case, command, *arrays(known)]))
    if not answers:
        return None
    loaded = _with_key(vault, _Loaded.model_validate_json(answers[0]), began)
    return LockedCase(_state(vault, loaded, known), loaded.answer, loaded.library)


def lock_item(writes: Writes, vault: Vault, item_id: UUID, command_id: UUID) -> LockedItem | None:
    """Load a work item and lock its case, as `lock_case` does; None when there is no such item."""
    item, command, known = str(item_id).encode(), str(command_id).encode(), steps_over(vault).known()
    began = vault.ticks()
    _, answers = writes.ask((_LOCK_OF_ITEM, [item]), (_LOAD_OF_ITEM, [item, command, *arrays(known)]))
    if not answers:
        return None
    loaded = _with_key(vault, _Loaded.model_validate_json(answers[0]), began)
    if loaded.item is None:
        return None
    return LockedItem(_state(vault, loaded, known), loaded.item, loaded.answer, loaded.library)


def lock_free_cases(writes: Writes, vault: Vault, case_ids: Collection[UUID]) -> Mapping[UUID, CaseState]:
    """Load and lock those of these cases that nobody else has locked."""
    asked, known = array(case_ids), steps_over(vault).known(case_ids)
    locked, answers = writes.ask((_LOCK_FREE, [asked]), (_LOAD, [asked, *arrays(known)]))
    free = {UUID(id_.decode()) for id_ in locked}
    return _loaded(vault, answers, known, free)


def _loaded(
    vault: Vault, answers: Sequence[bytes], known: Mapping[UUID, Since], free: Collection[UUID] | None = None
) -> Mapping[UUID, CaseState]:
    found = [_Loaded.model_validate_json(answer) for answer in answers]
    if free is not None:
        found = [loaded for loaded in found if loaded.case.id in free]
    if len(found) > 1:
        vault.make_ready([loaded.case.id for loaded in found])
    return {loaded.case.id: _state(vault, loaded, known) for loaded in found}


def _with_key(vault: Vault, loaded: _Loaded, began: float) -> _Loaded:
    """Let the vault know what was brought along of the keys: it need not ask for that by itself."""
    version, wrapped, *how = loaded.key or (0, "", "", "")
    key = StoredKey(version, bytes.fromhex(wrapped), *how) if loaded.key else None
    vault.take_along(loaded.epoch, began, loaded.case.id, key)
    return loaded


def _state(vault: Vault, loaded: _Loaded, known: Mapping[UUID, Since]) -> CaseState:
    case = loaded.case  # nobody else has it or its steps yet: they may be put right in place
    case.__dict__["chain_head"] = bytes.fromhex(case.chain_head.decode())
    since = None if loaded.since is None else known[case.id]
    opened = [] if since is None else since.opened
    while opened:
        opened.pop().forget()
    for step in loaded.steps:
        if step.outputs:
            step.__dict__["outputs"] = OpenedWhenRead(vault, step.outputs[_ENCRYPTED], step.id, opened)
    steps, live = steps_over(vault).with_loaded(case, loaded.steps, since, opened)
    return CaseState(
        case=case,
        report=_opened(vault, loaded.report, report_of(case.id)),
        persons=loaded.persons,
        runs={run.id: run for run in loaded.runs},
        steps=steps,
        deadlines={one.id: one for one in loaded.deadlines if one.status is DeadlineStatus.OPEN},
        past={one.id: one for one in loaded.deadlines if one.status is not DeadlineStatus.OPEN},
        facts=_opened(vault, loaded.facts, facts_of(case.id)),
        intervals=loaded.intervals,
        barred=loaded.barred,
        owed_in=loaded.owed_in,
        kept_in=loaded.kept_in,
    ).with_live(live)


def _opened(vault: Vault, encrypted: str | None, place: EncryptedCell) -> Mapping[str, Scalar]:
    return {} if encrypted is None else OpenedWhenRead(vault, encrypted, place)
