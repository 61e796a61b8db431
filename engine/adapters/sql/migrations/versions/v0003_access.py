"""Keep deny lists, approvals and break-glass beside grants."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("grant", sa.Column("kind", sa.String(), server_default="hand", nullable=False))
    op.add_column("grant", sa.Column("actor_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("grant_actor_id_fkey", "grant", "actor", ["actor_id"], ["id"])
    op.add_column("grant", sa.Column("referral_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_grant_referral_id"), "grant", ["referral_id"], unique=False)
    op.add_column("grant", sa.Column("consent_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_grant_consent_id"), "grant", ["consent_id"], unique=False)
    op.add_column("grant", sa.Column("second_by", sa.Uuid(), nullable=True))
    op.add_column("grant", sa.Column("second_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("grant", sa.Column("ended_reason", sa.String(), server_default="", nullable=False))
    op.create_table(
        "denial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_second_by", sa.Uuid(), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("num_nonnulls(actor_id, unit_id, organisation_id) = 1", name="denial_names_one"),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("actor_id", "case_id", "organisation_id", "unit_id"):
        op.create_index(op.f(f"ix_denial_{column}"), "denial", [column], unique=False)
    op.create_table(
        "approval_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column(
            "subject", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_approval_request_case_id"), "approval_request", ["case_id"], unique=False)
    op.create_index(
        "approval_request_open",
        "approval_request",
        ["unit_id", "asked_at"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON denial, approval_request TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_index(
        "approval_request_open", table_name="approval_request", postgresql_where=sa.text("answered_at IS NULL")
    )
    op.drop_index(op.f("ix_approval_request_case_id"), table_name="approval_request")
    op.drop_table("approval_request")
    for column in ("actor_id", "case_id", "organisation_id", "unit_id"):
        op.drop_index(op.f(f"ix_denial_{column}"), table_name="denial")
    op.drop_table("denial")
    op.drop_column("grant", "ended_reason")
    op.drop_column("grant", "second_at")
    op.drop_column("grant", "second_by")
    op.drop_index(op.f("ix_grant_consent_id"), table_name="grant")
    op.drop_column("grant", "consent_id")
    op.drop_index(op.f("ix_grant_referral_id"), table_name="grant")
    op.drop_column("grant", "referral_id")
    op.drop_constraint("grant_actor_id_fkey", "grant", type_="foreignkey")
    op.drop_column("grant", "actor_id")
    op.drop_column("grant", "kind")
