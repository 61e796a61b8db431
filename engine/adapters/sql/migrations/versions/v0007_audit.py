"""Keep checkpoints, readings and concerns."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import engine.adapters.sql.columns

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_KEPT = "event, audit_event, reading, checkpoint, checkpoint_head"


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "audit_chain",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "audit_event",
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column(
            "body", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "seq"),
    )
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"], unique=False)
    op.create_table(
        "reading",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("classes", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("case_id", "seq"),
    )
    op.create_index(op.f("ix_reading_at"), "reading", ["at"], unique=False)
    op.create_index("reading_by_actor", "reading", ["actor_id", "at"], unique=False)
    op.create_table(
        "checkpoint",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("chains", sa.Integer(), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("heads_hash", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "checkpoint_head",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["checkpoint.number"]),
        sa.PrimaryKeyConstraint("number", "chain"),
    )
    op.create_index("checkpoint_head_by_chain", "checkpoint_head", ["chain", "length"], unique=False)
    op.create_table(
        "break_glass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("sealed_words", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_break_glass_actor_id"), "break_glass", ["actor_id"], unique=False)
    op.create_index(op.f("ix_break_glass_case_id"), "break_glass", ["case_id"], unique=False)
    op.create_index(
        "break_glass_open",
        "break_glass",
        ["asked_at"],
        unique=False,
        postgresql_where=sa.text("grant_id IS NOT NULL AND flagged_at IS NULL"),
    )
    op.create_table(
        "concern",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("case_number", sa.String(), nullable=False),
        sa.Column("raised_by", sa.Uuid(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recipient_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_words", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.Column("status", sa.String(), server_default="new", nullable=False),
        sa.Column("sealed_answer", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["about_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["raised_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["recipient_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_concern_raised_by"), "concern", ["raised_by"], unique=False)
    op.create_index(op.f("ix_concern_recipient_id"), "concern", ["recipient_id"], unique=False)
    op.execute(f"GRANT SELECT, INSERT ON {_KEPT} TO icmc_app")
    op.execute("GRANT SELECT, INSERT, UPDATE ON audit_chain, break_glass, concern TO icmc_app")
    op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {_KEPT} FROM icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    for table in ("concern", "break_glass", "checkpoint_head", "checkpoint", "reading", "audit_event", "audit_chain"):
        op.drop_table(table)
