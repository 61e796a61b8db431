"""Keep when a role ends by itself."""

from collections.abc import Sequence

from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("ALTER TABLE membership ADD COLUMN ends_at timestamptz")


def downgrade() -> None:
    """Go back to the shape before: roles that would have ended stay until somebody takes them away."""
    op.execute("ALTER TABLE membership DROP COLUMN ends_at")
