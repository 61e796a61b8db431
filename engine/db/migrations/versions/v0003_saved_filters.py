"""Keep the filters of cases that people save, encrypted, beside what else they chose."""

from collections.abc import Sequence

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("ALTER TABLE preference ADD COLUMN encrypted_filters bytea")


def downgrade() -> None:
    """Go back to the shape before: what was saved is lost."""
    op.execute("ALTER TABLE preference DROP COLUMN encrypted_filters")
