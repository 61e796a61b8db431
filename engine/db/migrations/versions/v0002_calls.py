"""Keep whom to ring about what is late with its deadline, not as work of its own."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("ALTER TABLE deadline ADD COLUMN calls jsonb DEFAULT '[]'::jsonb NOT NULL")
    op.execute("CREATE INDEX deadline_calls ON deadline (unit_id) WHERE status = 'open' AND calls <> '[]'::jsonb")


def downgrade() -> None:
    """Go back to the shape before; who rang, and when, stays in the history of each case."""
    op.execute("DROP INDEX deadline_calls")
    op.execute("ALTER TABLE deadline DROP COLUMN calls")
