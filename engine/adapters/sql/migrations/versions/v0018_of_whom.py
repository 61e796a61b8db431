"""Say of which persons of a case a grant and a referral hold, and why a message was dropped by a code.

What was granted on a consent holds for whom it was given; all else goes on to hold for everybody of its case. Words in
which somebody said why a message need not be sent are replaced: they may tell of a case.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.columns import uuids

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_OF_WHOM = ("grant", "referral")


def upgrade() -> None:
    """Go to this shape."""
    for table in _OF_WHOM:
        op.add_column(table, sa.Column("persons", uuids(), server_default=sa.text("'{}'"), nullable=False))
        op.execute(_as_it_was(table))
    op.execute("UPDATE delivery SET drop_reason = 'told_otherwise' WHERE drop_reason NOT IN ('', 'erased')")


def downgrade() -> None:
    """Go back to the shape before."""
    for table in reversed(_OF_WHOM):
        op.drop_column(table, "persons")


def _as_it_was(table: str) -> str:
    """Give the statement that names whom an earlier row holds for."""
    return f"""
        UPDATE "{table}" AS shared SET persons = coalesce(
            (SELECT ARRAY[c.person_id] FROM consent c WHERE c.id = shared.consent_id),
            (SELECT array_agg(DISTINCT p.person_id) FROM case_person p WHERE p.case_id = shared.case_id),
            '{{}}')
    """
