"""Keep second factors, invitations and steps of sign-in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import engine.adapters.sql.columns

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NEW = (
    "second_factor", "recovery_code", "invitation", "known_device", "sign_in_try", "kept_form",
)  # fmt: skip


def _at(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "second_factor",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_secret", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.Column("sealed_proposed", engine.adapters.sql.columns.Sealed(), nullable=True),
        _at("created_at"),
        _at("confirmed_at", null=True),
        sa.Column("last_step", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        _at("created_at"),
        _at("used_at", null=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_recovery_code_actor_id"), "recovery_code", ["actor_id"], unique=False)
    op.create_table(
        "invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        _at("created_at"),
        _at("expires_at"),
        _at("used_at", null=True),
        _at("cancelled_at", null=True),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index(op.f("ix_invitation_actor_id"), "invitation", ["actor_id"], unique=False)
    op.create_table(
        "known_device",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("mark_hash", sa.LargeBinary(), nullable=False),
        _at("first_seen_at"),
        _at("seen_at"),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id", "mark_hash"),
    )
    op.create_table(
        "sign_in_try",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        _at("last_at"),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "kept_form",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("sealed_fields", engine.adapters.sql.columns.Sealed(), nullable=True),
        _at("created_at"),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_kept_form_actor_id"), "kept_form", ["actor_id"], unique=False)
    op.add_column("session", sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
    op.create_unique_constraint("session_id_key", "session", ["id"])
    op.add_column("session", _at("stepped_up_at", null=True))
    op.add_column("session", sa.Column("by_factor", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("session", sa.Column("pending", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("session", sa.Column("device", sa.String(), server_default="", nullable=False))
    op.add_column("api_key", sa.Column("created_by", sa.Uuid(), nullable=True))
    op.add_column("api_key", sa.Column("name", sa.String(), server_default="", nullable=False))
    op.add_column("api_key", _at("used_at", null=True))
    op.add_column("api_key", _at("revoked_at", null=True))
    for table in _NEW:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    for column in ("revoked_at", "used_at", "name", "created_by"):
        op.drop_column("api_key", column)
    op.drop_constraint("session_id_key", "session", type_="unique")
    for column in ("device", "pending", "by_factor", "stepped_up_at", "id"):
        op.drop_column("session", column)
    for table in reversed(_NEW):
        op.drop_table(table)
