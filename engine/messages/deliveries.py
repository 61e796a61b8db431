"""Deliveries: claimed under a short lease, tried outside of any transaction, recorded one by one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text

from engine.db.store import Store
from engine.db.trips import PreparedStatement
from engine.messages.records import ClaimedDelivery, DeliveryScope

CRITICAL, PRESSING, ORDINARY = 2, 1, 0
_PRESSING_KINDS = frozenset({"escalated", "overdue", "system_trouble", "storm"})
_PROBE_AFTER = timedelta(minutes=1)

_IN_SCOPE = """
    d.channel = :channel AND d.status = 'waiting'
    AND (CAST(:organisation AS uuid) IS NULL
        OR d.unit_id IN (SELECT id FROM unit WHERE organisation_id = CAST(:organisation AS uuid)))
    AND (NOT :critical OR d.lane >= 2 OR d.case_id = CAST(:case AS uuid))
"""
_CLAIM = """
    WITH picked AS (
        SELECT d.id, d.error_code FROM delivery d JOIN message m ON m.id = d.message_id
        WHERE {scope} AND {due}
        ORDER BY d.lane DESC, m.created_at, d.id LIMIT :most FOR UPDATE OF d SKIP LOCKED)
    UPDATE delivery d SET attempt = d.attempt + 1, next_at = :until, error_code = 'sending', tried_at = :now,
        first_tried_at = coalesce(d.first_tried_at, :now)
    FROM picked, message m WHERE d.id = picked.id AND m.id = d.message_id
    RETURNING d.id, d.message_id, d.case_id, d.unit_id, m.recipient_id, d.channel,
        CASE WHEN d.channel = 'email' THEN (SELECT email FROM actor WHERE actor.id = m.recipient_id) ELSE '' END,
        m.subject, m.body,
        m.html, m.critical, m.created_at, d.first_tried_at, d.attempt, picked.error_code, d.lane, m.code_of, m.link_hash
"""
_CLAIM_DUE = text(_CLAIM.format(scope=_IN_SCOPE, due="d.next_at <= :now"))
_ANY_DUE = text(f"SELECT 1 FROM delivery d WHERE {_IN_SCOPE} AND d.next_at <= :now LIMIT 1")
_CLAIM_PROBE = text(
    _CLAIM.format(
        scope=_IN_SCOPE,
        due="(d.next_at <= :now OR (d.tried_at <= :tried AND d.error_code <> 'sending'))",
    )
)
_RELEASE = text("""
    UPDATE delivery SET attempt = attempt - 1, next_at = :now, error_code = NULL,
        first_tried_at = CASE WHEN attempt = 1 THEN NULL ELSE first_tried_at END
    WHERE id = ANY(:ids) AND status = 'waiting' AND error_code = 'sending'
""")
_DELIVERED = PreparedStatement(
    "UPDATE delivery SET status = 'delivered', sent_at = $2, error_code = NULL WHERE id = $1 AND status = 'waiting'"
)
_FAILED = text("""
    UPDATE delivery SET status = :status, error_code = :code, next_at = coalesce(CAST(:again AS timestamptz), next_at)
    WHERE id = :id AND attempt = :attempt AND status = 'waiting'
""")
_WAKE = text(f"""
    UPDATE delivery d SET next_at = :now WHERE {_IN_SCOPE} AND d.next_at > :now AND d.error_code <> 'sending'
        AND d.error_code IS NOT NULL AND (:any OR d.error_code = ANY(CAST(:codes AS varchar[])))
""")
_COUNT_DUE = text("SELECT count(*) FROM delivery WHERE channel = :channel AND status = 'waiting' AND next_at <= :now")
_NEXT_TRY = text(
    "SELECT min(next_at) FROM delivery WHERE case_id = :case AND channel = :channel AND status = 'waiting'"
)
_UNIT_OF = text('SELECT unit_id FROM "case" WHERE id = :case')
_WAITING = text("SELECT DISTINCT channel FROM delivery WHERE case_id = :case AND status = 'waiting' ORDER BY channel")
_WAITING_OF = text("""
    SELECT DISTINCT case_id, channel FROM delivery
    WHERE case_id = ANY(CAST(:cases AS uuid[])) AND status = 'waiting' ORDER BY case_id, channel
""")
_USED = text("""
    SELECT d.channel FROM message m
    JOIN message other ON other.recipient_id = m.recipient_id AND other.case_id IS NOT DISTINCT FROM m.case_id
        AND regexp_replace(other.key, '[^|]*$', '') = regexp_replace(m.key, '[^|]*$', '')
    JOIN delivery d ON d.message_id = other.id WHERE m.id = :message
""")
_ADD_SECOND = text("""
    INSERT INTO delivery (id, message_id, case_id, unit_id, channel, status, attempt, next_at, lane, second_of)
    SELECT :id, message_id, case_id, unit_id, CAST(:channel AS varchar), 'waiting', 0, :now, lane, id
    FROM delivery WHERE id = :first ON CONFLICT (id) DO NOTHING
""")
_QUEUE = text("""
    INSERT INTO job (id, case_id, unit_id, kind, task, payload, status, ready_at, retries, retry_delay, timeout,
        attempt, token, critical, gateway, created_at)
    SELECT :id, c.id, c.unit_id, 'deliver', 'deliver', jsonb_build_object('channel', CAST(:channel AS text)), 'ready',
        :now, 0, 'PT5S', 'PT1M', 0, 0, :critical, :channel, :now
    FROM "case" c WHERE c.id = :case ON CONFLICT (id) DO NOTHING
""")
_FINISH_SPENT = text("""
    UPDATE job SET status = 'done', finished_at = :at, lease_until = NULL, done_by = :done_by,
        flow_run_id = :flow_run_id, task_run_id = :task_run_id
    WHERE id IN (
        SELECT j.id FROM job j WHERE j.case_id = ANY(:cases) AND j.kind = 'deliver' AND j.gateway = :channel
            AND j.status = 'ready' AND NOT EXISTS (
                SELECT 1 FROM delivery d WHERE d.case_id = j.case_id AND d.channel = :channel
                    AND d.status = 'waiting')
        FOR UPDATE SKIP LOCKED)
""")
_UNATTENDED = text("""
    SELECT DISTINCT d.channel FROM delivery d WHERE d.status = 'waiting' AND d.next_at <= :now AND NOT EXISTS (
        SELECT 1 FROM job j WHERE j.case_id = d.case_id AND j.gateway = d.channel
            AND j.status IN ('ready', 'claimed', 'held'))
    ORDER BY d.channel
""")
_AGAIN = text("""
    UPDATE delivery SET status = 'waiting', next_at = :now, attempt = 0, first_tried_at = NULL, error_code = NULL
    WHERE id = :id AND status = 'dead' RETURNING case_id, channel
""")
_DROP = text("""
    UPDATE delivery SET status = 'dropped', drop_reason = :reason, dropped_by = :by, tried_at = :at
    WHERE id = :id AND status = 'dead'
""")


def lane_of(kind: str, *, critical: bool) -> int:
    """Return the lane of a message: critical ones before what is overdue or escalated, then all the rest."""
    return CRITICAL if critical else PRESSING if kind in _PRESSING_KINDS else ORDINARY


class DeliveryStore(Store):
    """Deliveries in PostgreSQL, within one transaction."""

    def claim(self, scope: DeliveryScope, *, most: int, now: datetime, lease: timedelta) -> tuple[ClaimedDelivery, ...]:
        """Claim what is due, the most dangerous first, then the oldest; what others have claimed is left out."""
        values = _scoped(scope) | {"most": most, "now": now, "until": now + lease}
        found = [ClaimedDelivery(*row) for row in self._connection.execute(_CLAIM_DUE, values)]
        return tuple(sorted(found, key=lambda one: (-one.lane, one.written_at, one.id)))

    def claim_probe(self, scope: DeliveryScope, *, now: datetime, lease: timedelta) -> tuple[ClaimedDelivery, ...]:
        """Claim the most dangerous of what is due or failed a while ago, if anything is due; at most one."""
        if not self.any_due(scope, now=now):
            return ()
        values = _scoped(scope) | {"most": 1, "now": now, "until": now + lease, "tried": now - _PROBE_AFTER}
        return tuple(ClaimedDelivery(*row) for row in self._connection.execute(_CLAIM_PROBE, values))

    def release(self, deliveries: Sequence[ClaimedDelivery], *, now: datetime) -> None:
        """Give back what was claimed and not tried."""
        if deliveries:
            self._connection.execute(_RELEASE, {"ids": [one.id for one in deliveries], "now": now})

    def delivered(self, delivery: ClaimedDelivery, *, at: datetime) -> None:
        """Say that a channel has taken a delivery: the statement travels with the commit."""
        self._writes.add_statement((_DELIVERED, [str(delivery.id).encode(), at.isoformat().encode()]))

    def failed(self, delivery: ClaimedDelivery, *, code: str, again_at: datetime | None) -> None:
        """Say that a try failed: it is tried again at `again_at`, or given up as work for a person."""
        values = {"id": delivery.id, "attempt": delivery.attempt, "code": code, "again": again_at}
        self._connection.execute(_FAILED, values | {"status": "waiting" if again_at else "dead"})

    def wake(self, scope: DeliveryScope, *, now: datetime, codes: Sequence[str] = ()) -> int:
        """Make due what waits after a failure of the channel, with one of these codes or any; returns how many."""
        values = _scoped(scope) | {"now": now, "codes": list(codes), "any": not codes}
        return self._connection.execute(_WAKE, values).rowcount

    def any_due(self, scope: DeliveryScope, *, now: datetime) -> bool:
        """Return whether anything is due."""
        return self._connection.execute(_ANY_DUE, _scoped(scope) | {"now": now}).first() is not None

    def count_due(self, channel: str, *, now: datetime) -> int:
        """Count what is due on a channel."""
        return int(self._connection.execute(_COUNT_DUE, {"channel": channel, "now": now}).scalar_one())

    def next_try(self, channel: str, *, case_id: UUID) -> datetime | None:
        """Return the instant at which the next waiting delivery of a case may be tried."""
        found: datetime | None = self._connection.execute(_NEXT_TRY, {"case": case_id, "channel": channel}).scalar()
        return found

    def unit_of(self, case_id: UUID) -> UUID | None:
        """Return the unit of a case."""
        found: UUID | None = self._connection.execute(_UNIT_OF, {"case": case_id}).scalar()
        return found

    def waiting_channels(self, case_id: UUID) -> tuple[str, ...]:
        """List the channels for which something of a case waits."""
        return tuple(self._connection.execute(_WAITING, {"case": case_id}).scalars())

    def waiting_of(self, case_ids: Sequence[UUID]) -> tuple[tuple[UUID, str], ...]:
        """List the cases of these of which something waits, with each channel that it waits for."""
        rows = self._connection.execute(_WAITING_OF, {"cases": list(case_ids)})
        return tuple((row[0], row[1]) for row in rows)

    def channels_used(self, message_id: UUID) -> tuple[str, ...]:
        """List the channels by which the recipient is told the same."""
        return tuple(self._connection.execute(_USED, {"message": message_id}).scalars())

    def add_second(self, first: ClaimedDelivery, *, channel: str, now: datetime) -> bool:
        """Let another channel carry the message too, once."""
        values = {
            "id": uuid5(first.message_id, channel), "first": first.id, "channel": channel, "now": now,
        }  # fmt: skip
        return self._connection.execute(_ADD_SECOND, values).rowcount == 1

    def queue(self, case_id: UUID, *, channel: str, job_id: UUID, critical: bool, now: datetime) -> None:
        """Put a job into the outbox that sends what waits for a channel, once."""
        values = {"id": job_id, "case": case_id, "channel": channel, "critical": critical, "now": now}
        self._connection.execute(_QUEUE, values)

    def finish_spent_jobs(self, channel: str, case_ids: Sequence[UUID], *, at: datetime, **more: object) -> int:
        """Finish the delivery jobs of cases for which nothing waits any more; returns how many."""
        traced = {"flow_run_id": None, "task_run_id": None, "done_by": None} | more
        values = traced | {"channel": channel, "cases": list(case_ids), "at": at}
        return self._connection.execute(_FINISH_SPENT, values).rowcount if case_ids else 0

    def unattended(self, *, now: datetime) -> tuple[str, ...]:
        """List the channels for which something is due that no job will send."""
        return tuple(self._connection.execute(_UNATTENDED, {"now": now}).scalars())

    def again(self, delivery_id: UUID, *, now: datetime) -> tuple[UUID | None, str] | None:
        """Let a delivery that was given up be tried again; returns its case and channel, None when it was not."""
        row = self._connection.execute(_AGAIN, {"id": delivery_id, "now": now}).first()
        return (row[0], row[1]) if row else None

    def drop(self, delivery_id: UUID, *, reason: str, by: UUID, at: datetime) -> bool:
        """Take a delivery that was given up off the list, with the reason; returns whether it was there."""
        values = {"id": delivery_id, "reason": reason, "by": by, "at": at}
        return self._connection.execute(_DROP, values).rowcount == 1


def _scoped(scope: DeliveryScope) -> dict[str, Any]:
    return {
        "channel": scope.channel, "organisation": scope.organisation_id, "critical": scope.critical_only,
        "case": scope.case_id,
    }  # fmt: skip
