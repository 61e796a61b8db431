"""Keep in which language somebody reads pages."""

from collections.abc import Sequence

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("ALTER TABLE preference ADD COLUMN page_language varchar DEFAULT '' NOT NULL")


def downgrade() -> None:
    """Go back to the shape before: each device keeps what was chosen on it."""
    op.execute("ALTER TABLE preference DROP COLUMN page_language")
