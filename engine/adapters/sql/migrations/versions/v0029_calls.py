"""Keep whom to ring about what is late with its deadline, not as work of its own.

What earlier versions opened as a step to telephone stays as it is, and can be completed.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0029"
down_revision: str | None = "0027"
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
