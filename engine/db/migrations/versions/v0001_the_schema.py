"""The whole schema, as it stands beside this file and never changes: every later change is a step of its own.

Policies and rights are not in it: each start makes them, from `engine.db.walls` and `rights`.
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape, from nothing."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse to remove everything."""
    message = "There is no shape before the first one: drop the database instead."
    raise NotImplementedError(message)
