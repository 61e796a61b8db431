"""Keep who caused a job, so that it is done with their rights."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("job", sa.Column("asked_by", sa.Uuid(), nullable=True))


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_column("job", "asked_by")
