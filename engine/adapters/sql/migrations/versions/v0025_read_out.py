"""Let a consent say that it is not known whether it was read out: an unknown is never kept as a no."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | None = "0022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.alter_column("consent", "read_aloud", existing_type=sa.Boolean(), nullable=True, server_default=None)


def downgrade() -> None:
    """Go back to the shape before, which knows only yes and no."""
    op.execute("UPDATE consent SET read_aloud = false WHERE read_aloud IS NULL")
    op.alter_column("consent", "read_aloud", existing_type=sa.Boolean(), nullable=False, server_default="false")
