"""Keep the words in which somebody said why a case was opened again, closed, or a step called off: sealed, walled."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.columns import Sealed

revision: str = "0020"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_SHOWN = """
    (SELECT current_setting('icmc.wall', true) = 'open')
    OR EXISTS (SELECT 1 FROM "case" seen WHERE seen.id = event_words.case_id)
"""


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "event_words",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("sealed_words", Sealed(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "seq"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON event_words TO icmc_app")
    op.execute("ALTER TABLE event_words ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY second_wall ON event_words TO icmc_app USING ({_SHOWN})")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_table("event_words")
