"""Keep in the audit what each row says that opens a door, chained as every history is."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
import rfc8785
from sqlalchemy import Connection, Delete, Insert, Table, Update, func, select, text

from engine.db.tables import TABLES
from engine.keys.vault import Vault

GENESIS = b""
_NEEDS_CARE: Final = re.compile(rb'[:\[,](?<![^"]:)-?\d+(?:[.eE]|\d{15})')
"""Fractions and large numbers, which RFC 8785 may write otherwise."""
_FAR_LETTERS: Final = re.compile(rb"[\xf0-\xf4]")
"""Letters beyond the first plane of Unicode: RFC 8785 may put names with them into another order."""


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Return the canonical JSON (RFC 8785) of a value; raise `rfc8785.CanonicalizationError` where it has none."""
    try:
        fast = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return rfc8785.dumps(value)
    needs_care = _NEEDS_CARE.search(fast) or not (fast.isascii() or _FAR_LETTERS.search(fast) is None)
    return rfc8785.dumps(value) if needs_care else fast


def link(
    vault: Vault,
    previous: bytes,
    *,
    case_id: UUID,
    seq: int,
    at: datetime,
    actor_id: UUID | None,
    type_: str,
    body: Mapping[str, Any],
) -> bytes:
    """Return the hash that ties an event to all before it."""
    canonical = canonical_json(
        {
            "case": str(case_id),
            "seq": seq,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": str(actor_id) if actor_id else None,
            "type": type_,
            "body": dict(body),
        },
    )
    return vault.sign(previous, canonical)


def stream_link(vault: Vault, previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return the hash that ties an event of a stream to all before it."""
    return vault.sign(previous, canonical_json(_plain_link(row, "stream", "seq", "at", "actor_id", "type", "body")))


def reading_link(vault: Vault, previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return the hash that ties a reading of a case to all before it."""
    names = ("case_id", "seq", "at", "actor_id", "what", "subject_id", "classes", "roles")
    return vault.sign(previous, canonical_json({"chain": "readings", **_plain_link(row, *names)}))


def _plain_link(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: _plain_value(row[name]) for name in names}


def _plain_value(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    return value


ROWS: Final = "rows"
"""The stream that keeps them."""
BEGAN, WRITTEN = "RowsBegan", "RowWritten"
_AT: Final = "kept_at"
_BEGUN: Final = text("SELECT body -> 'tables' FROM audit_event WHERE stream = 'rows' AND type = 'RowsBegan'")


class Kept(NamedTuple):
    """A table whose rows are kept: what names a row, what is kept of it as it is, and what as a digest only."""

    table: Table
    key: tuple[str, ...]
    plain: tuple[str, ...]
    secret: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are kept, the key first."""
        return (*self.key, *self.plain, *self.secret)


def _kept(name: str, *plain: str, key: tuple[str, ...] = ("id",), secret: tuple[str, ...] = ()) -> tuple[str, Kept]:
    return name, Kept(TABLES[name], key, plain, secret)


KEPT: Final[Mapping[str, Kept]] = dict((
    _kept(
        "grant", "case_id", "unit_id", "purpose", "fields", "persons", "valid_until", "ended_at", "granted_by", "kind",
        "actor_id", "referral_id", "consent_id", "second_by", "second_at", "ended_reason",
    ),
    _kept("recusal", "case_id", "actor_id", "unit_id", "organisation_id", "reason", "set_by", "ended_by", "ended_at"),
    _kept("restriction", "case_id", "holder_id", "lifted_at"),
    _kept(
        "consent", "case_id", "person_id", "kind", "purposes", "fields", "valid_until", "withdrawn_at", "withdrawn_by",
        "expired_at", secret=("recipients",),
    ),
    _kept("membership", "ends_at", key=("actor_id", "unit_id", "role")),
    _kept(
        "actor", "disabled", "is_service", "supervisor_id", "demo", "organisation_id",
        secret=("email", "password_hash"),
    ),
    _kept("organisation", "is_hub", "in_network"),
    _kept("unit", "organisation_id"),
    _kept("second_factor", "confirmed_at", key=("actor_id",), secret=("encrypted_secret",)),
    _kept("recovery_code", "actor_id", "used_at", secret=("code_hash",)),
    _kept(
        "api_key", "actor_id", "scopes", "valid_until", "revoked_at", secret=("key_hash", "encrypted_secret"),
    ),
    _kept(
        "session", "actor_id", "created_at", "ended_at", "stepped_up_at", "by_factor", "pending",
        secret=("token_hash",),
    ),
    _kept("invitation", "kind", "actor_id", "expires_at", "used_at", "cancelled_at", secret=("token_hash",)),
))  # fmt: skip
"""The tables whose rows are kept."""
LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    "grant": frozenset({"granted_at"}),
    "recusal": frozenset({"reason_code", "set_at"}),
    "restriction": frozenset({"ground_code", "placed_at", "placed_by", "lifted_by"}),
    "consent": frozenset({
        "recorded_at", "recorded_by", "encrypted_answers", "step_id", "unit_id",
    }),
    "actor": frozenset({"language", "name"}),
    "organisation": frozenset({"kind", "name"}),
    "unit": frozenset({"contact", "jurisdiction", "language", "name", "zone"}),
    "second_factor": frozenset({"created_at", "last_step", "encrypted_proposed"}),
    "recovery_code": frozenset({"created_at"}),
    "api_key": frozenset({"created_at", "created_by", "name", "used_at"}),
    "invitation": frozenset({"created_at", "created_by"}),
    "session": frozenset({"device", "seen_at"}),
}  # fmt: skip
"""What is not kept of them, since it opens no door; a new column is kept or comes here."""


class RowHistory:
    """What one transaction wrote into kept tables, noted when it commits."""

    def __init__(self, vault: Vault) -> None:
        """Begin with nothing; `vault` makes the digests."""
        self._vault = vault
        self._held: dict[tuple[str, str], tuple[datetime, dict[str, Any]]] = {}

    def execute(self, connection: Connection, statement: Any, *args: Any, **more: Any) -> Any:  # noqa: ANN401
        """Execute a statement, and hold what it wrote of kept columns; the result is what it would be otherwise."""
        kept = _written_by(statement)
        if kept is None:
            return connection.execute(statement, *args, **more)
        wanted = [kept.table.c[name].label(f"kept_{name}") for name in kept.columns]
        done = connection.execute(statement.returning(*wanted, func.now().label(_AT)), *args, **more)
        frozen = done.freeze()
        rows = frozen().mappings().all()
        is_gone = isinstance(statement, Delete)
        for row in rows:
            values = {name: row[f"kept_{name}"] for name in kept.columns}
            self._hold(kept, values, row[_AT], is_gone=is_gone)
        return frozen() if statement.returning_column_descriptions else _Done(len(rows))

    def begin(self, connection: Connection) -> bool:
        """Hold what stands in each kept table, once in the life of a database; gives whether any was new this time."""
        begun = {name for told in connection.execute(_BEGUN).scalars() for name in told}
        new = [kept for name, kept in KEPT.items() if name not in begun]
        if not new:
            return False
        at = connection.execute(select(func.now())).scalar_one()
        count = 0
        for kept in new:
            for values in rows_of(connection, kept):
                self._hold(kept, values, at, is_gone=False)
                count += 1
        self._held[BEGAN, ""] = (at, {"rows": count, "tables": sorted(kept.table.name for kept in new)})
        return True

    def taken(self) -> Iterator[tuple[str, Mapping[str, Any], datetime]]:
        """Return what is held as events of the audit (sort, body, instant in UTC), and hold it no more."""
        held, self._held = self._held, {}
        for (name, _), (at, body) in held.items():
            yield BEGAN if name == BEGAN else WRITTEN, body, at

    def _hold(self, kept: Kept, values: Mapping[str, Any], at: datetime, *, is_gone: bool) -> None:
        name = kept.table.name
        key = key_of(kept, values)
        body = {"table": name, "key": key, "row": None if is_gone else _row(self._vault, kept, values)}
        where = (name, rfc8785.dumps(key).decode())
        self._held.pop(where, None)
        self._held[where] = (at, body)


class _Done:
    """The result of a statement that gives no rows."""

    def __init__(self, rowcount: int) -> None:
        """Return how many rows were written."""
        self.rowcount = rowcount


def rows_of(connection: Connection, kept: Kept) -> Iterator[Mapping[str, Any]]:
    """Read the kept columns of all rows of a table."""
    query = select(*(kept.table.c[name] for name in kept.columns)).execution_options(yield_per=2_000)
    for row in connection.execute(query).mappings():
        yield dict(row)


def key_of(kept: Kept, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what names a row, as it stands in the audit."""
    return {name: _plain(values[name]) for name in kept.key}


def differing(kept: Kept, values: Mapping[str, Any], told: Mapping[str, Any], signs: Iterable[Any]) -> tuple[str, ...]:
    """Name the kept columns of a row that the audit tells otherwise; `signs` are the keys that made its digests."""
    signs = tuple(signs)
    plain = (name for name in kept.plain if name in told and told[name] != _plain(values[name]))
    secret = (
        name
        for name in kept.secret
        if name in told and told[name] not in _digests(kept, name, values, [one.sign for one in signs])
    )
    return (*plain, *secret)


def shown(value: object) -> str:
    """Return a kept value in words."""
    if value is None or value in ("", []):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(_plain(value))


def _written_by(statement: object) -> Kept | None:
    """Return the kept table that a statement writes into, if it writes a column that is kept."""
    if not isinstance(statement, Insert | Update | Delete):
        return None
    kept = KEPT.get(getattr(statement.table, "name", ""))
    if kept is None or not isinstance(statement, Update):
        return kept
    names = {getattr(column, "name", column) for column in (statement._values or {})}  # noqa: SLF001 - no other way
    return kept if names.intersection(kept.columns) else None


def _row(vault: Vault, kept: Kept, values: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: _plain(values[name]) for name in kept.plain}
    return plain | {name: _digests(kept, name, values, [vault.sign])[0] for name in kept.secret}


def _digests(kept: Kept, name: str, values: Mapping[str, Any], signs: Sequence[Any]) -> list[str | None]:
    """Make the digests of a secret by some keys; it is bound to its row and column."""
    if values[name] is None:
        return [None]
    told = {"table": kept.table.name, "key": key_of(kept, values), "column": name, "value": _plain(values[name])}
    return [sign(b"row\0", rfc8785.dumps(told)).hex() for sign in signs]


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value
