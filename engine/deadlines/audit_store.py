"""What the escalation auditor reads: of each deadline its row, its events, its ledger and the messages, as one."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from engine.audit.records import Audited, AuditedEvent, AuditedLine, AuditedMessage
from engine.core.records import Deadline
from engine.db.store import Store
from engine.overview.records.board import AuditProblem

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
_COLUMNS = ", ".join(f'd."{name}"' for name in Deadline.model_fields)
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
    SELECT {_COLUMNS}, d.failures, ({_EVENTS}) AS events, ({_LINES}) AS lines
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
