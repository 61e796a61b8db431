"""What happens beside cases, and who looked at what: links of chains, written last of all in a transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, text, update
from sqlalchemy.exc import SQLAlchemyError

from engine.audit.records import RecordedReading, Stream
from engine.core.history import SIGNER_REPLACED, SIGNER_USED
from engine.db.row_history import GENESIS, reading_link, stream_link
from engine.db.store import Store, Within
from engine.db.tables import TABLES
from engine.errors import AuditUnavailableError

_EVENT, _READING = TABLES["audit_event"], TABLES["reading"]
_CHAIN = TABLES["audit_chain"]
_SAVED = (
    update(_CHAIN)
    .where(_CHAIN.c.name == bindparam("chain"))
    .values(length=bindparam("chain_length"), head=bindparam("chain_head"))
    .cte("saved")
)
_ADD_EVENT, _ADD_READING = insert(_EVENT).add_cte(_SAVED), insert(_READING).add_cte(_SAVED)
_BEGIN = text("INSERT INTO audit_chain (name, length, head) VALUES (:name, 0, '') ON CONFLICT (name) DO NOTHING")
_LOCK = text("SELECT length, head FROM audit_chain WHERE name = :name FOR UPDATE")
_READ_SINCE = text("SELECT count(*) FROM reading WHERE actor_id = :actor AND at > :since AND what = ANY(:of)")
_USED_SINCE = text(
    "SELECT count(*) FROM audit_event"
    " WHERE stream = 'sign-in' AND type = 'KeyUsed' AND actor_id = :actor AND at > :since"
)
_KNOWS_SIGNER = text(
    "SELECT 1 FROM audit_event WHERE stream = 'keys' AND type = :used AND jsonb_exists(body -> 'keys', :key) LIMIT 1"
)
_REPLACED_SIGNERS = text("SELECT at, body FROM audit_event WHERE stream = 'keys' AND type = :replaced ORDER BY seq")
_OPENED = text("""
    SELECT actor_id, count(DISTINCT case_id) FROM reading
    WHERE actor_id IS NOT NULL AND at > :since AND at <= :until AND what <> 'found'
    GROUP BY actor_id ORDER BY actor_id
""")
_MEDIAN = text("""
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY opened) FROM (
        SELECT count(DISTINCT case_id) AS opened FROM reading
        WHERE actor_id = :actor AND at > :since AND at <= :until AND what <> 'found' GROUP BY date_trunc('hour', at)
    ) hours
""")


def stream_name(stream: str) -> str:
    """Name the chain of a stream."""
    return f"stream:{stream}"


def readings_name(case_id: UUID) -> str:
    """Name the chain of the readings of a case."""
    return f"readings:{case_id}"


class AuditLogStore(Store):
    """Chained notes in PostgreSQL, within one transaction.

    They are held until the commit and written in the order of their chains' names, after everything else: two
    transactions never wait for each other's chains in a circle, and hold a chain only while they commit.
    """

    def __init__(self, within: Within) -> None:
        """Work inside a transaction."""
        super().__init__(within)
        self._held: dict[str, list[dict[str, Any]]] = {}

    def note(self, stream: Stream, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime) -> None:
        """Add an event to a stream; ids, codes and counts only, no personal data."""
        row = {"stream": str(stream), "type": type_, "body": dict(body), "actor_id": actor_id, "at": at}
        self._held.setdefault(stream_name(stream), []).append(row)

    def knows_signer(self, key_id: str) -> bool:
        """Return whether the public half of a key that signs checkpoints was recorded."""
        values = {"used": SIGNER_USED, "key": key_id}
        return self._connection.execute(_KNOWS_SIGNER, values).first() is not None

    def replaced_signers(self) -> tuple[tuple[int, datetime], ...]:
        """List after which checkpoints a restore found another key that signs, and when it did (UTC)."""
        rows = self._connection.execute(_REPLACED_SIGNERS, {"replaced": SIGNER_REPLACED})
        return tuple((int(row.body["after"]), row.at) for row in rows)

    def note_reading(self, reading: RecordedReading) -> None:
        """Add that somebody looked at what identifies people of a case."""
        row = reading._asdict() | {"classes": list(reading.classes), "roles": list(reading.roles)}
        self._held.setdefault(readings_name(reading.case_id), []).append(row)

    def count_readings(self, actor_id: UUID, *, of: Collection[str], since: datetime) -> int:
        """Count how often somebody has looked at some parts of cases after an instant."""
        values = {"actor": actor_id, "since": since, "of": sorted(of)}
        return int(self._connection.execute(_READ_SINCE, values).scalar_one())

    def count_uses(self, actor_id: UUID, *, since: datetime) -> int:
        """Count how often the keys of a service account were used after an instant."""
        return int(self._connection.execute(_USED_SINCE, {"actor": actor_id, "since": since}).scalar_one())

    def opened(self, *, since: datetime, until: datetime) -> tuple[tuple[UUID, int], ...]:
        """Count how many cases each person has opened after one instant and up to another."""
        return tuple((row[0], row[1]) for row in self._connection.execute(_OPENED, {"since": since, "until": until}))

    def median_hour(self, actor_id: UUID, *, since: datetime, until: datetime) -> float:
        """Return the median of how many cases somebody opened in an hour, of the hours with any; 0 for none."""
        values = {"actor": actor_id, "since": since, "until": until}
        return float(self._connection.execute(_MEDIAN, values).scalar() or 0)

    def flush(self) -> None:
        """Write what is held; raises `AuditUnavailableError`, upon which the transaction can keep nothing."""
        held, self._held = self._held, {}
        try:
            for name in sorted(held):
                self._append(name, held[name])
        except SQLAlchemyError as error:
            raise AuditUnavailableError from error

    def _append(self, name: str, rows: list[dict[str, Any]]) -> None:
        length, head = self._locked(name)
        is_stream = name.startswith("stream:")
        make = stream_link if is_stream else reading_link
        links = []
        for row in rows:
            length += 1
            head = make(self._vault, head or GENESIS, row | {"seq": length})
            links.append(row | {"seq": length, "hash": head})
        after = {"chain": name, "chain_length": length, "chain_head": head}
        self._connection.execute(_ADD_EVENT if is_stream else _ADD_READING, [link | after for link in links])

    def _locked(self, name: str) -> tuple[int, bytes]:
        """Lock a chain, which is begun if it has not been; returns its length and its last hash."""
        found = self._connection.execute(_LOCK, {"name": name}).first()
        if found is None:
            self._connection.execute(_BEGIN, {"name": name})
            found = self._connection.execute(_LOCK, {"name": name}).one()
        return found.length, found.head
