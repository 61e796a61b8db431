"""Keep no link by which a level is acknowledged readable in the database.

Of each link its hash is kept, by which it is still known: who has the message of before opens it as before. Where its
token stood in the words of a message, the id of the message stands, which is replaced when the message is sent.
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.alter_column("message", "token", new_column_name="link_hash")
    op.execute("ALTER TABLE message RENAME CONSTRAINT message_token_key TO message_link_hash_key")
    op.execute(
        "UPDATE message SET body = replace(body, link_hash, id::text), html = replace(html, link_hash, id::text),"
        " link_hash = encode(sha256(convert_to(link_hash, 'UTF8')), 'hex') WHERE link_hash IS NOT NULL"
    )


def downgrade() -> None:
    """Go back to the shape before; the words that are kept have links that work then."""
    op.execute("UPDATE message SET link_hash = id::text WHERE link_hash IS NOT NULL")
    op.execute("ALTER TABLE message RENAME CONSTRAINT message_link_hash_key TO message_token_key")
    op.alter_column("message", "link_hash", new_column_name="token")
