"""Name the period whose key is mixed into what wraps a key, so that it dies with the period once it is erased.

Keys that are there already are of no period: the next turn wraps them anew, and makes the tokens of persons anew.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0034"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("data_key", sa.Column("period", sa.String(), server_default="", nullable=False))
    op.drop_index("person_token_of_no_unit", "person_token")


def downgrade() -> None:
    """Go back to the shape before; keys of a period cannot be opened there."""
    op.create_index(
        "person_token_of_no_unit", "person_token", ["person_id"], postgresql_where=sa.text("unit_id IS NULL")
    )
    op.drop_column("data_key", "period")
