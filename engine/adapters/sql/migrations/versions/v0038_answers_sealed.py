"""Keep no answer in clear: outputs of steps, facts, reports and what events tell of them are sealed.

What was noted for who does a step follows from answers too: it is sealed, and old notes are gone. What else stood open
moves into `open_words`: the next start seals it where it belongs. Events that are there already stay as they are, since
their chain binds what they say. What a case is about stays beside it: lists and counts go by it.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.columns import Sealed

revision: str = "0038"
down_revision: str | None = "0039"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_SEALED = (
    ("case", "sealed_facts", "facts", "id"),
    ("case", "sealed_report", "report", "id"),
    ("step", "sealed_outputs", "outputs", "case_id"),
)
"""Table, sealed column, the open column it stands for, whose key seals it."""
_OF_CONSENT = "jsonb_build_object('language', language, 'read_aloud', read_aloud, 'assent', assent)"


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("case", sa.Column("concern", sa.String(), nullable=True))
    op.execute("UPDATE \"case\" SET concern = report ->> 'concern'")
    for table, sealed, opened, key_of in _SEALED:
        op.add_column(table, sa.Column(sealed, Sealed(), nullable=True))
        op.execute(
            f"INSERT INTO open_words (of_table, of_column, row_id, key_of, words)"
            f" SELECT '{table}', '{sealed}', id, {key_of}, {opened} FROM \"{table}\" WHERE {opened} <> '{{}}'"
        )
        op.drop_column(table, opened)
    op.add_column("consent", sa.Column("sealed_answers", Sealed(), nullable=True))
    op.execute(
        "INSERT INTO open_words (of_table, of_column, row_id, key_of, words)"
        f" SELECT 'consent', 'sealed_answers', id, case_id, {_OF_CONSENT} FROM consent"
    )
    for column in ("language", "read_aloud", "assent"):
        op.drop_column("consent", column)
    op.add_column("draft", sa.Column("sealed_notes", Sealed(), nullable=True))
    op.drop_column("draft", "notes")
    op.add_column("event", sa.Column("sealed_body", Sealed(), nullable=True))


def downgrade() -> None:
    """Go back to the shape before; what was sealed since stays unread."""
    op.drop_column("event", "sealed_body")
    notes: sa.Column[list[str]] = sa.Column(
        "notes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
    )
    op.add_column("draft", notes)
    op.drop_column("draft", "sealed_notes")
    op.add_column("consent", sa.Column("assent", sa.String(), server_default="", nullable=False))
    op.add_column("consent", sa.Column("read_aloud", sa.Boolean(), nullable=True))
    op.add_column("consent", sa.Column("language", sa.String(), server_default="", nullable=False))
    op.drop_column("consent", "sealed_answers")
    for table, sealed, opened, _ in reversed(_SEALED):
        column = sa.Column(
            opened, sa.dialects.postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False
        )
        op.add_column(table, column)
        op.drop_column(table, sealed)
    op.drop_column("case", "concern")
