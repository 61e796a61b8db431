"""Keep by what the sign-ins of somebody are known again: keyed marks of hours and networks."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "sign_in_habit",
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["actor.id"]),
        sa.PrimaryKeyConstraint("actor_id", "mark"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_habit TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_table("sign_in_habit")
