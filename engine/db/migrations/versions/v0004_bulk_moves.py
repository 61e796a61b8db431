"""Keep moves of all cases of a workflow to another version, and how far each has come."""

from collections.abc import Sequence

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        CREATE TABLE bulk_move (
            id uuid PRIMARY KEY,
            workflow varchar NOT NULL,
            version integer NOT NULL,
            to_hash varchar NOT NULL,
            asked_by uuid,
            asked_at timestamptz NOT NULL,
            total integer NOT NULL,
            cancels boolean NOT NULL,
            undoes uuid,
            cases integer NOT NULL,
            moved integer NOT NULL,
            after_run_id uuid,
            done_at timestamptz
        );
        CREATE INDEX bulk_move_open ON bulk_move (asked_at) WHERE done_at IS NULL;
    """)


def downgrade() -> None:
    """Go back to the shape before: cases stay on the version that they have."""
    op.execute("DROP TABLE bulk_move")
