"""Deadlines of which something is due, the ledger of what ladders did, and what the auditor reads of both."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update

from engine.audit.records import Audited, AuditedEvent, AuditedLine, AuditedMessage
from engine.core.records import Deadline
from engine.db.store import Store
from engine.db.tables import TABLES
from engine.deadlines.records import DueDeadline, LinkedLevel
from engine.overview.records import AuditProblem

_COLUMNS = "d.id, d.case_id, d.next_at, d.ladder, d.critical, d.failures"
_FREE = (
    "d.next_at <= :now AND (d.deferred_until IS NULL OR d.deferred_until <= :now)"
    " AND d.id <> ALL(CAST(:others AS uuid[]))"
)
_DUE = text(f"""
    (SELECT {_COLUMNS} FROM deadline d WHERE d.status = 'open' AND d.critical AND d.next_at IS NOT NULL AND {_FREE}
        ORDER BY d.next_at LIMIT :most)
    UNION ALL
    (SELECT {_COLUMNS} FROM deadline d WHERE d.status = 'open' AND NOT d.critical AND d.next_at IS NOT NULL AND {_FREE}
        ORDER BY d.next_at LIMIT :most)
    ORDER BY critical DESC, next_at, id LIMIT :most
""")
_NEXT = text("""
    WITH free AS (SELECT next_at FROM deadline WHERE status = 'open' AND next_at IS NOT NULL
        AND (deferred_until IS NULL OR deferred_until <= next_at) ORDER BY next_at LIMIT 1)
    SELECT least((SELECT next_at FROM free), (SELECT min(deferred_until) FROM deadline WHERE status = 'open'
        AND deferred_until > next_at AND next_at <= coalesce((SELECT next_at FROM free), 'infinity')))
""")
_HOLD = text("UPDATE deadline SET failures = failures + 1, deferred_until = :until WHERE id = :id")
_RELEASE = text("UPDATE deadline SET failures = 0, deferred_until = NULL WHERE id = :id")
_RELEASE_ALL = text("UPDATE deadline SET deferred_until = NULL WHERE status = 'open' AND deferred_until IS NOT NULL")


class DeadlineStore(Store):
    """Due deadlines in PostgreSQL, within one transaction."""

    def due(self, *, now: datetime, most: int, besides: Iterable[UUID] = ()) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due: the critical ones first, then the oldest."""
        rows = self._connection.execute(_DUE, {"now": now, "most": most, "others": list(besides)})
        return tuple(DueDeadline(*row) for row in rows)

    def next_at(self) -> datetime | None:
        """Return the instant at which something is due next, or tried again; it may lie in the past."""
        found: datetime | None = self._connection.execute(_NEXT).scalar()
        return found

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        self._connection.execute(_HOLD, {"id": deadline_id, "until": until})

    def release(self, deadline_id: UUID) -> None:
        """Say that a deadline that had been set aside was fired after all."""
        self._connection.execute(_RELEASE, {"id": deadline_id})

    def release_all(self) -> int:
        """Let every deadline that was set aside be tried again at once; returns how many."""
        return self._connection.execute(_RELEASE_ALL).rowcount


_ESCALATION, _MESSAGE = TABLES["escalation"], TABLES["message"]


class LedgerStore(Store):
    """The ledger in PostgreSQL, within one transaction."""

    def who_was_told(self, deadline_id: UUID) -> frozenset[UUID]:
        """Return everybody whom a level of a deadline's ladder has told."""
        person = func.unnest(_ESCALATION.c.recipient_ids)
        return frozenset(
            self._connection.execute(select(person).where(_ESCALATION.c.deadline_id == deadline_id)).scalars()
        )

    def by_link(self, link_hash: str) -> LinkedLevel | None:
        """Find the deadline, and the recipient, of the message that an opaque link was made for, by its hash."""
        query = (
            select(_ESCALATION.c.deadline_id, _ESCALATION.c.case_id, _MESSAGE.c.recipient_id)
            .join(_ESCALATION, _ESCALATION.c.id == _MESSAGE.c.escalation_id)
            .where(_MESSAGE.c.link_hash == link_hash)
        )
        row = self._connection.execute(query).first()
        return LinkedLevel(*row) if row else None

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> int:
        """Say that the levels that have told somebody so far have been seen; returns how many that is news of."""
        done = self._connection.execute(
            update(_ESCALATION)
            .where(
                _ESCALATION.c.deadline_id == deadline_id, _ESCALATION.c.acknowledged_at.is_(None),
                func.cardinality(_ESCALATION.c.recipient_ids) > 0,
            )
            .values(acknowledged_at=at, acknowledged_by=by)
        )  # fmt: skip
        return int(done.rowcount)


_TYPES = "('LevelRaised', 'DeadlineBreached')"
_KEEP_FOR = "interval '90 days'"
_LATE = text("""
    SELECT id FROM deadline WHERE status = 'open' AND next_at IS NOT NULL AND next_at <= :until
    ORDER BY next_at LIMIT :most
""")
_SWEPT = text("SELECT id FROM deadline WHERE status = 'open' AND id > :after ORDER BY id LIMIT :most")
_FIRED = text(f"""
    SELECT deadline_id, fired_at AS at FROM escalation WHERE fired_at > :since AND fired_at <= :until
    UNION
    SELECT CAST(body -> 'deadline' ->> 'id' AS uuid), at FROM event
    WHERE at > :since AND at <= :until AND type IN {_TYPES}
    ORDER BY at LIMIT :most
""")
_AUDITED = ", ".join(f'd."{name}"' for name in Deadline.model_fields)
_EVENTS = f"""
    SELECT coalesce(json_agg(json_build_object(
        'type', e.type, 'level', e.body ->> 'level', 'round', coalesce(e.body ->> 'round', '1'),
        'due_at', e.body -> 'deadline' ->> 'due_at', 'breached_at', e.body -> 'deadline' ->> 'breached_at')), '[]')
    FROM event e WHERE e.case_id = d.case_id AND e.type IN {_TYPES} AND e.body -> 'deadline' ->> 'id' = d.id::text
"""
_MESSAGES = """
    SELECT coalesce(json_agg(json_build_object('recipient_id', m.recipient_id, 'channels',
        (SELECT coalesce(array_agg(v.channel), '{}') FROM delivery v
            WHERE v.message_id = m.id AND v.second_of IS NULL))), '[]')
    FROM message m WHERE m.escalation_id = x.id
"""
_LINES = f"""
    SELECT coalesce(json_agg(json_build_object('level', x.level, 'round', x.round, 'is_missed', x.is_missed,
        'recipient_ids', x.recipient_ids, 'messages', ({_MESSAGES}))), '[]')
    FROM escalation x WHERE x.deadline_id = d.id
"""
_READ = text(f"""
    SELECT {_AUDITED}, d.failures, ({_EVENTS}) AS events, ({_LINES}) AS lines
    FROM deadline d WHERE d.id = ANY(CAST(:ids AS uuid[]))
""")
_KEEP = text("""
    INSERT INTO escalation_audit (id, at, checked, problems)
    VALUES (:id, :at, :checked, CAST(:problems AS jsonb))
""")
_FORGET = text(f"DELETE FROM escalation_audit WHERE at < :at - {_KEEP_FOR}")


class EscalationAuditStore(Store):
    """What is checked, and what was found, within one transaction."""

    def late(self, *, until: datetime, most: int) -> tuple[UUID, ...]:
        """List open deadlines of which something is due since before `until`."""
        return tuple(self._connection.execute(_LATE, {"until": until, "most": most}).scalars())

    def swept(self, *, after: str, most: int) -> tuple[UUID, ...]:
        """List open deadlines by id, those after `after`; empty for the beginning."""
        first = after or str(UUID(int=0))
        return tuple(self._connection.execute(_SWEPT, {"after": UUID(first), "most": most}).scalars())

    def fired(self, *, since: datetime, until: datetime, most: int) -> tuple[tuple[UUID, datetime], ...]:
        """List the deadlines of which a level or the breach was recorded between two instants, and when, in order."""
        rows = self._connection.execute(_FIRED, {"since": since, "until": until, "most": most})
        return tuple((row.deadline_id, row.at) for row in rows)

    def read(self, ids: Sequence[UUID]) -> Iterable[Audited]:
        """Read deadlines with all that is kept of them, each as it is at one moment."""
        for row in self._connection.execute(_READ, {"ids": list(ids)}).mappings():
            yield Audited(
                deadline=Deadline.model_validate({name: row[name] for name in Deadline.model_fields}),
                failures=row["failures"],
                events=tuple(_event(event) for event in row["events"]),
                lines=tuple(_line(line) for line in row["lines"]),
            )

    def keep(self, audit_id: UUID, *, checked: int, problems: Sequence[AuditProblem], at: datetime) -> None:
        """Keep what a pass found; what is older than 90 days is forgotten."""
        found = "[" + ", ".join(problem.model_dump_json() for problem in problems) + "]"
        self._connection.execute(_KEEP, {"id": audit_id, "at": at, "checked": checked, "problems": found})
        self._connection.execute(_FORGET, {"at": at})


def _event(row: dict[str, Any]) -> AuditedEvent:
    level = row["level"]
    name = f"l:{level}" if row["round"] == "1" else f"l:{level}.{row['round']}"
    return AuditedEvent(row["type"], name if level else "", row["due_at"], row["breached_at"])


def _line(row: dict[str, Any]) -> AuditedLine:
    return AuditedLine(
        level=row["level"],
        round=row["round"],
        is_missed=row["is_missed"],
        recipient_ids=tuple(UUID(one) for one in row["recipient_ids"]),
        messages=tuple(AuditedMessage(UUID(one["recipient_id"]), tuple(one["channels"])) for one in row["messages"]),
    )
