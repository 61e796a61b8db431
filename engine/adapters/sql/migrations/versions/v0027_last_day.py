"""Keep beside a due time from when on a limit is late and by whose calendar it is counted; count all open limits again.

A limit of the law in days is kept until the end of its last day; after an event on a closed day the first open day is
day one.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape; whoever serves jobs goes on with the recount."""
    op.add_column("deadline", sa.Column("kept_until", sa.String(), nullable=False, server_default="instant"))
    op.add_column("deadline", sa.Column("late_at", sa.DateTime(timezone=True)))
    op.add_column("deadline", sa.Column("counted_by", sa.String(), nullable=False, server_default="case"))
    op.execute(
        "INSERT INTO recount (id, kind, name, asked_at, cases, moved)"
        " SELECT gen_random_uuid(), 'law', 'days', now(), 0, 0"
        " WHERE EXISTS (SELECT 1 FROM \"case\" WHERE status = 'open')"
    )


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_column("deadline", "counted_by")
    op.drop_column("deadline", "late_at")
    op.drop_column("deadline", "kept_until")
