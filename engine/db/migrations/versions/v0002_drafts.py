"""Keep drafts of definitions, each time that one is saved."""

from collections.abc import Sequence

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        CREATE TABLE definition_draft (
            id uuid PRIMARY KEY,
            kind varchar NOT NULL,
            name varchar NOT NULL,
            author_id uuid NOT NULL,
            number integer NOT NULL,
            source varchar NOT NULL,
            base_hash varchar NOT NULL,
            saved_at timestamptz NOT NULL,
            CONSTRAINT definition_draft_author_id_fkey FOREIGN KEY (author_id) REFERENCES actor (id),
            UNIQUE (author_id, kind, name, number)
        )
    """)


def downgrade() -> None:
    """Go back to the shape before: what was not proposed is lost."""
    op.execute("DROP TABLE definition_draft")
