"""Keep the signatures of lawyers under limits of the law."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "law_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("limit_id", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source_read", sa.String(), nullable=False),
        sa.Column("revoked_by", sa.Uuid(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_for", sa.String(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["signed_by"], ["actor.id"]),
        sa.ForeignKeyConstraint(["revoked_by"], ["actor.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_law_signature_limit_id"), "law_signature", ["limit_id"], unique=False)
    op.create_index(
        "law_signature_live",
        "law_signature",
        ["text_hash"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON law_signature TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_table("law_signature")
