"""Keep a directory of partners: what they offer where, how free they are, until when the agreement holds."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.columns import Sealed

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "partner",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), server_default="", nullable=False),
        sa.Column("sealed_words", Sealed(), nullable=True),
        sa.Column("takes_men", sa.Boolean(), nullable=True),
        sa.Column("takes_children", sa.Boolean(), nullable=True),
        sa.Column("takes_foreigners", sa.Boolean(), nullable=True),
        sa.Column("capacity_free", sa.Integer(), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agreement_until", sa.Date(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON partner TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_table("partner")
