"""Compare what rows say with what the history says: nothing that the chains do not tell may be true."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError
from sqlalchemy import Connection, RowMapping, text
from sqlalchemy import Engine as SqlEngine

from engine.cases.encrypted import facts_of, open_body, open_values, outputs_of, report_of
from engine.core import events as ev
from engine.core.history import ToldCase
from engine.core.records import Deadline, Run, Step
from engine.core.state import CaseState
from engine.db.row_history import BEGAN, KEPT, ROWS, Kept, differing, key_of, rows_of, shown
from engine.errors import DamagedError
from engine.keys.vault import Vault
from engine.overview.records import StateDifference

_SLICE: Final = 100
_NAMED_BY: Final = 5
"""The version of the ids of jobs that send: they are made of what is to be sent."""
_LONGEST_HOLD: Final = timedelta(hours=12)
"""No deadline that could not be fired is set aside for longer than half of this."""
_TOLD: Final = text("""
    SELECT DISTINCT ON (body ->> 'table', body -> 'key') body ->> 'table', body -> 'key', body -> 'row'
    FROM audit_event WHERE stream = :rows AND type <> :began ORDER BY body ->> 'table', body -> 'key', seq DESC
""")
_BEGUN: Final = text("SELECT 1 FROM audit_event WHERE stream = :rows AND type = :began LIMIT 1")
_CASES: Final = text("""
    SELECT id, number, unit_id, status, closed_at, merged_into, rests, encrypted_facts, encrypted_report FROM "case"
    WHERE id > :after ORDER BY id LIMIT :most
""")
_EVENTS: Final = text("""
    SELECT case_id, seq, at, actor_id, type, body::text AS body, encrypted_body FROM event
    WHERE case_id = ANY(:cases) ORDER BY case_id, seq
""")
_STEP: Final = (*(name for name in Step.model_fields if name != "outputs"), "encrypted_outputs")
_ERASED: Final[Mapping[str, dict[str, Any]]] = {"CaseOpened": {"report": {}}, "FactRecorded": {"value": ""}}
_JOB: Final = ("id", "run_id", "step_id", "kind", "task", "status")
_ITEM: Final = ("id", "step_id", "step_key", "approval", "status", "assignee_id", "candidate_roles", "excluded_ids",
    "priority")  # fmt: skip
_NOBODY: Final = UUID(int=0)
_NOUNS: Final = {
    "grant": "the grant", "recusal": "the recusal", "restriction": "the restriction",
    "consent": "the consent", "membership": "the role", "actor": "the account", "organisation": "the organisation",
    "unit": "the unit", "second_factor": "the second factor", "recovery_code": "a recovery code",
    "api_key": "a key of a service account", "invitation": "a link for a password", "session": "the sign-in",
}  # fmt: skip
_SECRETS: Final = {
    "password_hash": "the password", "email": "the e-mail address", "encrypted_secret": "the secret",
    "code_hash": "the code", "key_hash": "the key", "token_hash": "the token", "recipients": "the recipients",
}  # fmt: skip


def state_differences(sql: SqlEngine, vault: Vault, now: datetime) -> Iterator[StateDifference]:
    """Name each row that differs from what the history says, all as it was at one moment.

    The history itself is proved by the chains. `now` is the time of cases (UTC).
    """
    with sql.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        yield from _of_rows(connection, vault)
        yield from _of_cases(connection, vault, now)


def _of_rows(connection: Connection, vault: Vault) -> Iterator[StateDifference]:
    values = {"rows": ROWS, "began": BEGAN}
    if connection.execute(_BEGUN, values).first() is None:
        yield StateDifference(
            kind="rows", in_words="The history of rows was never begun: start ICMC once, then ask again."
        )
        return
    signs = vault.chain_keys()
    told: dict[str, dict[bytes, Any]] = defaultdict(dict)
    for table, key, row in connection.execute(_TOLD, values):
        told[table][_name(key)] = (key, row)
    names = _Names(connection)
    for kept in KEPT.values():
        known = told.pop(kept.table.name, {})
        for values_of in rows_of(connection, kept):
            _, row = known.pop(_name(key_of(kept, values_of)), (None, None))
            if row is None:
                yield _difference(names, kept, values_of, "is there, and the history does not know of it.")
                continue
            for column in differing(kept, values_of, row, signs):
                yield _difference(names, kept, values_of, _says(column, values_of[column], row[column], kept))
        for key, row in known.values():
            if row is not None:
                yield _difference(names, kept, key | row, "is in the history, and its row is gone.")


def _name(key: Mapping[str, Any]) -> bytes:
    return orjson.dumps(key, option=orjson.OPT_SORT_KEYS)


def _says(column: str, value: object, told: object, kept: Kept) -> str:
    if column in kept.secret:
        return f"has not {_SECRETS.get(column, column)} that the history knows."
    return f"says {column} = {shown(value)}; the history says {shown(told)}."


def _difference(names: "_Names", kept: Kept, values: Mapping[str, Any], words: str) -> StateDifference:
    number, noun = names.case(values.get("case_id")), _NOUNS[kept.table.name]
    whose = names.whose(kept, values)
    of = f"Case {number}: " if number else ""
    start = f"{noun}{whose}"
    return StateDifference(
        kind=kept.table.name,
        case_number=number,
        in_words=f"{of}{start if of else start[0].upper() + start[1:]} {words}",
    )


class _Names:
    """The names of cases, people and units, looked up when a difference is put into words."""

    def __init__(self, connection: Connection) -> None:
        """Look up over `connection`."""
        self._connection = connection

    def case(self, case_id: object) -> str:
        """Return the number of a case; empty for none."""
        return self._one('SELECT number FROM "case" WHERE id = CAST(:id AS uuid)', case_id) if case_id else ""

    def whose(self, kept: Kept, values: Mapping[str, Any]) -> str:
        """Say which row it is."""
        actor = values["id"] if kept.table.name == "actor" else values.get("actor_id")
        parts = [f" {values['role'].replace('_', ' ')}"] if "role" in values else []
        parts += [f" of {self._one('SELECT name FROM actor WHERE id = CAST(:id AS uuid)', actor)}"] if actor else []
        if kept.table.name == "consent":
            parts.append(f" of person {values['person_id']}")
        if values.get("unit_id"):
            parts.append(f" for {self._one('SELECT name FROM unit WHERE id = CAST(:id AS uuid)', values['unit_id'])}")
        if "id" in values and kept.table.name != "actor":
            parts.append(f" ({values['id']})")
        return "".join(parts)

    def _one(self, query: str, id_: object) -> str:
        return str(self._connection.execute(text(query), {"id": str(id_)}).scalar() or id_)


def _of_cases(connection: Connection, vault: Vault, now: datetime) -> Iterator[StateDifference]:
    after = _NOBODY
    while rows := connection.execute(_CASES, {"after": after, "most": _SLICE}).mappings().all():
        ids = [row["id"] for row in rows]
        vault.make_ready(ids)
        events = _by_case(connection.execute(_EVENTS, {"cases": ids}).mappings().all())
        parts = {
            name: _by_case(_rows(connection, name, columns, ids))
            for name, columns in (
                ("step", _STEP), ("deadline", (*Deadline.model_fields, "deferred_until")),
                ("run", tuple(Run.model_fields)), ("work_item", _ITEM), ("job", _JOB), ("delivery", ("id",)),
            )
        }  # fmt: skip
        for row in rows:
            mine = {name: some[row["id"]] for name, some in parts.items()}
            for kind, words in _of_case(vault, row, events[row["id"]], mine, now):
                number = row["number"]
                yield StateDifference(kind=kind, case_number=number, in_words=f"Case {number}: {words}")
        after = ids[-1]


def _rows(connection: Connection, table: str, columns: Sequence[str], ids: list[UUID]) -> Sequence[RowMapping]:
    listed = ", ".join(f'"{name}"' for name in ("case_id", *columns, "unit_id"))
    query = text(f'SELECT {listed} FROM "{table}" WHERE case_id = ANY(:cases) ORDER BY id')
    return connection.execute(query, {"cases": ids}).mappings().all()


def _by_case(rows: Sequence[RowMapping]) -> dict[UUID, list[RowMapping]]:
    found: dict[UUID, list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row["case_id"]].append(row)
    return found


def _of_case(
    vault: Vault,
    case: RowMapping,
    events: Sequence[RowMapping],
    rows: Mapping[str, Sequence[RowMapping]],
    now: datetime,
) -> Iterator[tuple[str, str]]:
    told = ToldCase()
    for event in events:
        try:
            body = _whole(vault, event)
            told.take(_event(event["type"], body), event["type"], body, actor_id=event["actor_id"], at=event["at"])
        except DamagedError:
            yield "history", f"what is encrypted of event {event['seq']} was changed: rows were not compared."
            return
        except (ValidationError, TypeError, KeyError):
            yield "history", f"event {event['seq']} cannot be read, so what rows say was not compared."
            return
    if told.state is None:
        yield "history", "it has no event that opens it."
        return
    yield from _of_case_row(case, told)
    yield from _of_values(vault, case, told.state)
    yield from _of_records("step", Step, _opened(vault, rows["step"]), told.state.steps, case, _step_name)
    yield from _of_records("deadline", Deadline, rows["deadline"], told.deadlines, case, _deadline_name)
    yield from _of_records("run", Run, rows["run"], told.state.runs, case, lambda run: run.workflow)
    for row in rows["deadline"]:
        if row["deferred_until"] is not None and row["deferred_until"] > now + _LONGEST_HOLD:
            name = _deadline_name(Deadline.model_validate(_of(row, Deadline)))
            yield (
                "deadline",
                f"the deadline {name} is deferred until {_value(row['deferred_until'])}: nothing does that.",
            )
    yield from _of_items(rows["work_item"], told)
    yield from _of_jobs(rows["job"], told, told.state, has_deliveries=bool(rows["delivery"]))


def _whole(vault: Vault, event: RowMapping) -> dict[str, Any]:
    """Put the body of an event together again; what was erased of it is empty. Raise `DamagedError`."""
    body, at = orjson.loads(event["body"]), {"case_id": event["case_id"], "seq": event["seq"]}
    erased: dict[str, Any] = _ERASED.get(event["type"], {})
    return erased | open_body(vault, body, event["encrypted_body"], **at)


def _event(type_: str, body: dict[str, Any]) -> ev.Event | None:
    """Return a domain event of a link; None for one that changes no record of the case."""
    if type_ not in ev.EVENT_TYPES:
        return None
    added = (body.get("step") or {}).get("added")
    if added:
        added.setdefault("title", "")
    told = {name: value for name, value in body.items() if name != "offered"}
    return ev.EVENT.validate_json(orjson.dumps({**told, "type": type_}))


def _of_case_row(case: RowMapping, told: ToldCase) -> Iterator[tuple[str, str]]:
    assert told.state is not None  # noqa: S101 - it was looked at before
    known = told.state.case
    says = {"unit_id": told.unit_id} | {
        name: getattr(known, name) for name in ("status", "closed_at", "merged_into", "rests")
    }
    for name, value in says.items():
        if _value(case[name]) != _value(value):
            yield "case", f"its row says {name} = {_value(case[name])}; the history says {_value(value)}."


def _of_values(vault: Vault, case: RowMapping, told: CaseState) -> Iterator[tuple[str, str]]:
    """Compare the facts and the report of a case by name: what they say is said to nobody here."""
    for kind, known, encrypted, place in (
        ("fact", told.facts, case["encrypted_facts"], facts_of(case["id"])),
        ("answer of the report", told.report, case["encrypted_report"], report_of(case["id"])),
    ):
        try:
            found = open_values(vault, encrypted, place)
        except DamagedError:
            yield "case", f"what is encrypted of it ({kind}) was changed, and cannot be read."
            continue
        for name in _differing(known, found):
            yield "case", f"the {kind} {name} is not what the history says."


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Name the values that differ; what was erased is nothing, and no value is shown."""
    one, other = ({name: _instant(some) for name, some in of.items() if some != ""} for of in (before, after))
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]


def _opened(vault: Vault, rows: Sequence[RowMapping]) -> list[dict[Any, Any]]:
    """Return rows of steps with their outputs; those that cannot be read are named as such."""
    found = []
    for row in rows:
        try:
            outputs: Mapping[str, object] = open_values(vault, row["encrypted_outputs"], outputs_of(row["id"]))
        except DamagedError:
            outputs = {"cannot be read": True}
        found.append({**row, "outputs": outputs})
    return found


def _of_records(
    kind: str,
    record: type[BaseModel],
    rows: Sequence[Mapping[Any, Any]],
    told: Mapping[UUID, Any],
    case: RowMapping,
    name_of: Callable[[Any], str],
) -> Iterator[tuple[str, str]]:
    missing = dict(told)
    for row in rows:
        found = record.model_validate(_of(row, record))
        known = missing.pop(row["id"], None)
        name = f"the {kind} {name_of(found)}"
        if known is None:
            yield kind, f"{name} is there, and the history does not know of it."
            continue
        if row["unit_id"] != case["unit_id"]:
            yield kind, f"{name} is another unit's ({row['unit_id']}) than the case."
        answers = _differing(known.outputs, found.outputs) if isinstance(found, Step) else ()
        if answers:
            yield kind, f"{name}: its answers are not what the history says ({', '.join(answers)})."
        before, after = _flat(known), _flat(found)
        for field in (one for one in after if after[one] != before[one]):
            yield (
                kind,
                f"{name}: its row says {field} = {_value(after[field])}; the history says {_value(before[field])}.",
            )
    for known in missing.values():
        yield kind, f"the {kind} {name_of(known)} is in the history, and its row is gone."


def _of(row: Mapping[Any, Any], record: type[BaseModel]) -> dict[str, Any]:
    return {name: row[name] for name in record.model_fields}


def _flat(record: BaseModel) -> dict[str, Any]:
    """Return the fields of a record so that they can be compared: all but answers, and what somebody typed."""
    values: dict[str, Any] = orjson.loads(record.model_dump_json())
    if values.get("added"):
        values["added"] = {name: value for name, value in values["added"].items() if name not in {"title", "settings"}}
    values.pop("outputs", None)
    return values


def _instant(value: object) -> object:
    if isinstance(value, datetime):
        return _value(value)
    if not isinstance(value, str) or "T" not in value:
        return value
    try:
        return _value(datetime.fromisoformat(value))
    except ValueError:
        return value


def _of_items(rows: Sequence[RowMapping], told: ToldCase) -> Iterator[tuple[str, str]]:
    missing = dict(told.items)
    for row in rows:
        known = missing.pop(row["id"], None)
        name = f"the work item {row['step_key']} ({row['id']})"
        if known is None:
            yield "work_item", f"{name} is there, and the history does not know of it."
            continue
        if not known.allows(row["status"], row["assignee_id"]):
            who = f"{row['status']}, by {_value(row['assignee_id'])}"
            yield "work_item", f"{name} is {who}; the history says {known.status}, by {_value(known.assignee_id)}."
        if known.roles is not None and set(row["candidate_roles"]) != set(known.roles):
            here = ", ".join(row["candidate_roles"])
            yield "work_item", f"{name} is offered to {here}; the history says {', '.join(known.roles)}."
        if known.excluded_ids is not None and set(row["excluded_ids"]) != set(known.excluded_ids):
            yield "work_item", f"{name} keeps out other people than four eyes ask for."
        if not 0 <= row["priority"] <= known.raised:
            yield (
                "work_item",
                f"{name} has priority {row['priority']}; the history raised it {known.raised} times at most.",
            )
    for known in missing.values():
        yield "work_item", f"the work item {known.step_key} ({known.id}) is in the history, and its row is gone."


def _of_jobs(
    rows: Sequence[RowMapping], told: ToldCase, state: CaseState, *, has_deliveries: bool
) -> Iterator[tuple[str, str]]:
    missing = dict(told.jobs)
    for row in rows:
        known = missing.pop(row["id"], None)
        if known is None:
            sends = row["kind"] == row["task"] == "deliver" and row["step_id"] is None and row["run_id"] is None
            is_ours = has_deliveries and row["id"].version == _NAMED_BY
            if not (sends and is_ours):
                why = "no part of ICMC asks for it" if sends else "the history asks for none"
                yield "job", f"the job {row['kind']} {row['task']} ({row['id']}) is there, and {why}."
            continue
        says = (row["kind"], row["step_id"], row["task"])
        if says != known:
            yield (
                "job",
                f"the job {row['id']} is {row['kind']} {row['task']}; the history asks for {known[0]} {known[2]}.",
            )
        elif row["kind"] == "run" and row["status"] == "done" and told.waits(state, row["step_id"]):
            yield (
                "job",
                f"the job {row['kind']} {row['task']} ({row['id']}) is done, and the history tells no end of it.",
            )
    for id_, (kind, _, task) in missing.items():
        yield "job", f"the job {kind} {task} ({id_}) is asked for by the history, and its row is gone."


def _step_name(step: Step) -> str:
    return f"{step.key}{f' [{step.path}]' if step.path else ''}"


def _deadline_name(deadline: Deadline) -> str:
    where = f" [{deadline.path}]" if deadline.path else ""
    return f"of {deadline.key}{where} ({deadline.purpose.value}, {deadline.limit})"


def _value(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            return str(getattr(value, "value", value))
