"""Keep no plain text that somebody typed, no code to sign in and no copy of an address.

Sealed from now on are the name of a partner outside, the number of a case as it was typed, and name and reason of a day
that was added to a calendar. What stood open moves into `open_words`, to which nobody can add: the next start seals it
where it belongs, or removes it where the key is gone, and leaves the table empty. Codes that were mailed are removed.
The address of an e-mail is that of its recipient, and is read when it is sent.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from engine.adapters.sql.columns import Sealed

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_SEALED = (
    ("referral", "sealed_to_name", ("to_name",), "case_id", "to_jsonb(to_name)", "to_name <> ''"),
    ("break_glass", "sealed_number", ("number",), "id", "to_jsonb(number)", "number <> ''"),
    ("concern", "sealed_case_number", ("case_number",), "id", "to_jsonb(case_number)", "case_number <> ''"),
    ("special_day", "sealed_words", ("name", "reason"), "id",
     "jsonb_build_object('name', name, 'reason', reason)", "true"),
)  # fmt: skip
"""Table, sealed column, the open columns it stands for, whose key seals it, the words as JSON, which rows have any."""


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "open_words",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("of_table", sa.String(), nullable=False),
        sa.Column("of_column", sa.String(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=False),
        sa.Column("key_of", sa.Uuid(), nullable=False),
        sa.Column("words", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("REVOKE ALL ON open_words FROM icmc_app")
    op.execute("GRANT SELECT, DELETE ON open_words TO icmc_app")
    for table, sealed, opened, key_of, words, has_any in _SEALED:
        op.add_column(table, sa.Column(sealed, Sealed(), nullable=True))
        op.execute(
            f"INSERT INTO open_words (of_table, of_column, row_id, key_of, words)"
            f" SELECT '{table}', '{sealed}', id, {key_of}, {words} FROM {table} WHERE {has_any}"
        )
        for column in opened:
            op.drop_column(table, column)
    op.add_column("message", sa.Column("code_of", sa.LargeBinary(), nullable=True))
    op.execute(
        "UPDATE delivery SET status = 'dropped', drop_reason = 'erased' FROM message"
        " WHERE message.id = delivery.message_id AND message.kind = 'sign_in_code'"
        " AND delivery.status IN ('waiting', 'storm', 'digest', 'dead')"
    )
    op.execute("UPDATE message SET body = '', html = '' WHERE kind = 'sign_in_code'")
    op.drop_column("delivery", "address")


def downgrade() -> None:
    """Go back to the shape before; what was sealed since stays unread."""
    op.add_column("delivery", sa.Column("address", sa.String(), server_default="", nullable=False))
    op.drop_column("message", "code_of")
    for table, sealed, opened, *_ in reversed(_SEALED):
        for column in opened:
            op.add_column(table, sa.Column(column, sa.String(), server_default="", nullable=False))
        op.drop_column(table, sealed)
    op.drop_table("open_words")
