"""Keep pauses, rotas, preferences, gateways and added days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

import engine.adapters.sql.columns

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "escalation_audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column(
            "problems", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_escalation_audit_at"), "escalation_audit", ["at"], unique=False)
    op.create_table(
        "recount",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_case_id", sa.Uuid(), nullable=True),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("recount_open", "recount", ["asked_at"], unique=False, postgresql_where=sa.text("done_at IS NULL"))
    op.create_table(
        "special_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Uuid(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_special_day_calendar"), "special_day", ["calendar"], unique=False)
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["deputy_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_absence_actor_id"), "absence", ["actor_id"], unique=False)
    op.create_table(
        "channel_setting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sealed_url", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("organisation_id", "channel"),
    )
    op.create_table(
        "channel_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("setting_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("rate_per_minute", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_channel_change_setting_id"), "channel_change", ["setting_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sealed_address", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id", "channel"),
    )
    op.create_table(
        "preference",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.String(), nullable=False),
        sa.Column("quiet_until", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id"),
    )
    op.create_table(
        "shift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_from", sa.Uuid(), nullable=True),
        sa.Column("noted_by", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("shift_by_unit", "shift", ["unit_id", "starts_at"], unique=False)
    op.create_table(
        "conflict",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("noted_by", sa.Uuid(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("case_id", "actor_id"),
    )
    op.add_column(
        "deadline",
        sa.Column(
            "pauses", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
    )
    op.add_column(
        "deadline",
        sa.Column(
            "extensions", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
    )
    op.add_column(
        "deadline",
        sa.Column(
            "raised", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    op.add_column("deadline", sa.Column("delay_owner", sa.String(), nullable=True))
    op.add_column("deadline", sa.Column("critical", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("deadline", sa.Column("budget_seconds", sa.BigInteger(), nullable=True))
    op.add_column(
        "deadline", sa.Column("consumed_seconds", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("deadline", sa.Column("running_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("deadline", sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "deadline",
        sa.Column(
            "excluded", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False
        ),
    )
    op.add_column("deadline", sa.Column("owner_named_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("interval", sa.Column("has_place", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("interval", sa.Column("sealed_place", sa.LargeBinary(), nullable=True))
    op.execute("UPDATE interval SET has_place = true")
    op.create_index(
        "deadline_discovered",
        "deadline",
        ["discovered_at"],
        unique=False,
        postgresql_where=sa.text("discovered_at IS NOT NULL"),
    )
    op.create_index(
        "deadline_aside",
        "deadline",
        ["failures"],
        unique=False,
        postgresql_where=sa.text("status = 'open' AND failures >= 5"),
    )
    op.create_index(
        "deadline_next_critical",
        "deadline",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open' AND critical"),
    )
    op.create_index(
        "deadline_extended",
        "deadline",
        ["unit_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open' AND extensions <> '[]'::jsonb"),
    )
    op.add_column("delivery", sa.Column("lane", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("delivery", sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("delivery", sa.Column("dropped_by", sa.Uuid(), nullable=True))
    op.add_column("delivery", sa.Column("drop_reason", sa.String(), server_default="", nullable=False))
    op.add_column("delivery", sa.Column("second_of", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_delivery_second_of"), "delivery", ["second_of"], unique=False)
    op.create_index(
        "delivery_held",
        "delivery",
        ["status", "message_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('storm', 'digest')"),
    )
    op.add_column("escalation", sa.Column("ladder", sa.String(), server_default="", nullable=False))
    op.add_column("escalation", sa.Column("ladder_version", sa.Integer(), server_default=sa.text("1"), nullable=False))
    op.add_column("escalation", sa.Column("is_missed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("escalation", sa.Column("step_id", sa.Uuid(), nullable=True))
    op.create_index("escalation_fired", "escalation", ["fired_at"], unique=False)
    op.add_column("message", sa.Column("html", sa.String(), server_default="", nullable=False))
    op.add_column("message", sa.Column("digest_id", sa.Uuid(), nullable=True))
    op.add_column("message", sa.Column("token", sa.String(), nullable=True))
    op.create_index(op.f("ix_message_digest_id"), "message", ["digest_id"], unique=False)
    op.create_unique_constraint("message_token_key", "message", ["token"])
    op.add_column("referral", sa.Column("answered_by", sa.Uuid(), nullable=True))
    op.add_column("referral", sa.Column("reason_code", sa.String(), server_default="", nullable=False))
    op.add_column("referral", sa.Column("deadline_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_referral_deadline_id"), "referral", ["deadline_id"], unique=False)

    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO icmc_app")
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON event FROM icmc_app")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_index(op.f("ix_referral_deadline_id"), table_name="referral")
    op.drop_column("referral", "deadline_id")
    op.drop_column("referral", "reason_code")
    op.drop_column("referral", "answered_by")
    op.drop_constraint("message_token_key", "message", type_="unique")
    op.drop_index(op.f("ix_message_digest_id"), table_name="message")
    op.drop_column("message", "token")
    op.drop_column("message", "digest_id")
    op.drop_column("message", "html")
    op.drop_index("escalation_fired", table_name="escalation")
    op.drop_column("escalation", "step_id")
    op.drop_column("escalation", "is_missed")
    op.drop_column("escalation", "ladder_version")
    op.drop_column("escalation", "ladder")
    op.drop_index("delivery_held", table_name="delivery", postgresql_where=sa.text("status IN ('storm', 'digest')"))
    op.drop_index(op.f("ix_delivery_second_of"), table_name="delivery")
    op.drop_column("delivery", "second_of")
    op.drop_column("delivery", "drop_reason")
    op.drop_column("delivery", "dropped_by")
    op.drop_column("delivery", "tried_at")
    op.drop_column("delivery", "first_tried_at")
    op.drop_column("delivery", "lane")
    op.drop_index(
        "deadline_aside", table_name="deadline", postgresql_where=sa.text("status = 'open' AND failures >= 5")
    )
    op.drop_index("deadline_discovered", table_name="deadline", postgresql_where=sa.text("discovered_at IS NOT NULL"))
    op.drop_index(
        "deadline_next_critical", table_name="deadline", postgresql_where=sa.text("status = 'open' AND critical")
    )
    op.drop_index(
        "deadline_extended",
        table_name="deadline",
        postgresql_where=sa.text("status = 'open' AND extensions <> '[]'::jsonb"),
    )
    op.drop_column("interval", "sealed_place")
    op.drop_column("interval", "has_place")
    op.drop_column("deadline", "owner_named_at")
    op.drop_column("deadline", "excluded")
    op.drop_column("deadline", "discovered_at")
    op.drop_column("deadline", "running_since")
    op.drop_column("deadline", "consumed_seconds")
    op.drop_column("deadline", "budget_seconds")
    op.drop_column("deadline", "critical")
    op.drop_column("deadline", "delay_owner")
    op.drop_column("deadline", "raised")
    op.drop_column("deadline", "extensions")
    op.drop_column("deadline", "pauses")
    op.drop_table("conflict")
    op.drop_index("shift_by_unit", table_name="shift")
    op.drop_table("shift")
    op.drop_table("preference")
    op.drop_table("contact")
    op.drop_table("channel_setting")
    op.drop_index(op.f("ix_channel_change_setting_id"), table_name="channel_change")
    op.drop_table("channel_change")
    op.drop_index(op.f("ix_absence_actor_id"), table_name="absence")
    op.drop_table("absence")
    op.drop_index(op.f("ix_special_day_calendar"), table_name="special_day")
    op.drop_table("special_day")
    op.drop_index("recount_open", table_name="recount", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("recount")
    op.drop_index(op.f("ix_escalation_audit_at"), table_name="escalation_audit")
    op.drop_table("escalation_audit")
