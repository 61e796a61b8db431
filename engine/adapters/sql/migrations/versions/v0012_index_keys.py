"""Keep by which key each token was made by which a person or a file is found."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_COLUMNS = (("person_token", "key_id"), ("search_token", "key_id"), ("attachment", "address_key"))


def upgrade() -> None:
    """Go to this shape."""
    for table, column in _COLUMNS:
        op.add_column(table, sa.Column(column, sa.String(), server_default="", nullable=False))


def downgrade() -> None:
    """Go back to the shape before."""
    for table, column in reversed(_COLUMNS):
        op.drop_column(table, column)
