"""Keep consents with their grounds, links for partners, and matches between units."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_CONSENT_RUNS_OUT = sa.text("withdrawn_at IS NULL AND expired_at IS NULL AND valid_until IS NOT NULL")
_NEW_TABLES = ("partner_view", "partner_link", "match_alert", "match_check")
_OF_REFERRALS = (
    "ended_reason", "ended_at", "keep_days", "after_id", "answer_step_id", "second_by", "asked_by", "ground",
    "consent_id", "urgency", "help", "purpose", "to_kind", "to_name",
)  # fmt: skip
_OF_CONSENTS = ("expired_at", "withdrawn_by", "recorded_by", "assent", "read_aloud", "language", "recipients")


def upgrade() -> None:
    """Go to this shape."""
    _consents()
    _referrals()
    _partner_links()
    _matches()
    op.execute("GRANT SELECT, INSERT, UPDATE ON partner_link, match_alert TO icmc_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON match_check TO icmc_app")
    op.execute("GRANT SELECT, INSERT ON partner_view TO icmc_app")
    op.execute("REVOKE DELETE, TRUNCATE ON consent FROM icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.execute("GRANT DELETE ON consent TO icmc_app")
    for name in _NEW_TABLES:
        op.drop_table(name)
    op.drop_index(op.f("ix_referral_answer_step_id"), table_name="referral")
    op.drop_index(op.f("ix_referral_consent_id"), table_name="referral")
    op.drop_constraint("referral_after_id_fkey", "referral", type_="foreignkey")
    op.drop_constraint("referral_consent_id_fkey", "referral", type_="foreignkey")
    for name in _OF_REFERRALS:
        op.drop_column("referral", name)
    op.drop_index("consent_runs_out", table_name="consent", postgresql_where=_CONSENT_RUNS_OUT)
    for name in _OF_CONSENTS:
        op.drop_column("consent", name)


def _consents() -> None:
    texts = postgresql.ARRAY(sa.Text())
    op.add_column("consent", sa.Column("recipients", texts, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("consent", _text("language"))
    op.add_column("consent", sa.Column("read_aloud", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("consent", _text("assent"))
    op.add_column("consent", sa.Column("recorded_by", sa.Uuid(), nullable=True))
    op.add_column("consent", sa.Column("withdrawn_by", sa.Uuid(), nullable=True))
    op.add_column("consent", _instant("expired_at"))
    op.create_index("consent_runs_out", "consent", ["valid_until"], unique=False, postgresql_where=_CONSENT_RUNS_OUT)


def _referrals() -> None:
    for name in ("to_name", "to_kind", "purpose", "help", "urgency", "ground", "ended_reason"):
        op.add_column("referral", _text(name))
    for name in ("consent_id", "asked_by", "second_by", "answer_step_id", "after_id"):
        op.add_column("referral", sa.Column(name, sa.Uuid(), nullable=True))
    op.add_column("referral", sa.Column("keep_days", sa.Integer(), server_default="0", nullable=False))
    op.add_column("referral", _instant("ended_at"))
    op.create_foreign_key("referral_consent_id_fkey", "referral", "consent", ["consent_id"], ["id"])
    op.create_foreign_key("referral_after_id_fkey", "referral", "referral", ["after_id"], ["id"])
    op.create_index(op.f("ix_referral_consent_id"), "referral", ["consent_id"], unique=False)
    op.create_index(op.f("ix_referral_answer_step_id"), "referral", ["answer_step_id"], unique=False)


def _partner_links() -> None:
    op.create_table(
        "partner_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        _instant("made_at", null=False),
        _instant("expires_at", null=False),
        _instant("opened_at"),
        sa.Column("session_hash", sa.LargeBinary(), nullable=True),
        _instant("session_until"),
        _instant("ended_at"),
        _text("ended_reason"),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_partner_link_referral_id"), "partner_link", ["referral_id"], unique=False)
    op.create_index(op.f("ix_partner_link_case_id"), "partner_link", ["case_id"], unique=False)
    op.create_table(
        "partner_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        _instant("at", null=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["partner_link.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_partner_view_link_id"), "partner_view", ["link_id"], unique=False)
    op.create_index(op.f("ix_partner_view_case_id"), "partner_view", ["case_id"], unique=False)


def _matches() -> None:
    op.create_table(
        "match_check",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _instant("asked_at", null=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "match_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("other_unit_id", sa.Uuid(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        _instant("found_at", null=False),
        sa.Column("seen_by", sa.Uuid(), nullable=True),
        _instant("seen_at"),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["other_unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "other_unit_id", name="match_alert_once"),
    )
    op.create_index(op.f("ix_match_alert_unit_id"), "match_alert", ["unit_id"], unique=False)
    op.create_index(op.f("ix_match_alert_case_id"), "match_alert", ["case_id"], unique=False)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.String(), server_default="", nullable=False)


def _instant(name: str, *, null: bool = True) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)
