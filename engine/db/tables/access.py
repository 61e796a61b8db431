"""Who may see a case beside its unit, who never, and what waits for a second person."""

from sqlalchemy import CheckConstraint, Index, text

from engine.approvals.records import ApprovalRequest
from engine.core.access import Grant, Recusal
from engine.db.tables.fields import Row


class GrantRow(
    Row,
    of=Grant,
    to={"case_id": "case", "unit_id": "unit", "actor_id": "actor"},
    index=("case_id", "unit_id", "referral_id", "consent_id"),
    server_default=("kind", "ended_reason"),
):
    """A unit, or one person of it, that may see a case of another one, for a purpose, until an instant."""


class RecusalRow(
    Row,
    of=Recusal,
    to={"case_id": "case", "actor_id": "actor", "unit_id": "unit", "organisation_id": "organisation"},
    index=("case_id", "actor_id", "unit_id", "organisation_id"),
):
    """A person, unit or organisation that has no part in a case, whatever else would let them."""

    __table_args__ = (
        CheckConstraint("num_nonnulls(actor_id, unit_id, organisation_id) = 1", name="recusal_names_one"),
        CheckConstraint(
            "reason = 'denied' OR (reason = 'conflict_of_interest' AND actor_id IS NOT NULL)",
            name="recusal_has_a_reason",
        ),
    )


class ApprovalRequestRow(
    Row,
    of=ApprovalRequest,
    to={"case_id": "case", "unit_id": "unit"},
    index=("case_id",),
    server_default=("seen", "needed", "ended_reason"),
):
    """What one person asks for and others must answer. `subject` holds ids and codes only, `agreed` who and when."""

    __table_args__ = (
        Index("approval_request_open", "unit_id", "asked_at", postgresql_where=text("answered_at IS NULL")),
        Index(
            "approval_request_about", "kind", "subject_id", unique=True, postgresql_where=text("answered_at IS NULL")
        ),
        Index("approval_request_subject", "subject_id"),
    )
