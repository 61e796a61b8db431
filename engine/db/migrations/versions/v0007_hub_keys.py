"""Keep how a hub elsewhere has changed its keys."""

from collections.abc import Sequence

from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        ALTER TABLE peer_hub
            ADD COLUMN wire_id varchar DEFAULT '' NOT NULL,
            ADD COLUMN key_changes jsonb DEFAULT '[]' NOT NULL;
    """)


def downgrade() -> None:
    """Go back to the shape before: a hub that has changed its keys has to be got to know anew."""
    op.execute("ALTER TABLE peer_hub DROP COLUMN wire_id, DROP COLUMN key_changes")
