"""Find at once how many reports somebody sent within an hour."""

from collections.abc import Sequence

from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.create_index("report_by_actor", "report", ["recorded_by", "recorded_at"])


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_index("report_by_actor", table_name="report")
