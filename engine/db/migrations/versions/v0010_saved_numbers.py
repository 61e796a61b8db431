"""Keep what people save of published figures, and what is made of it each month."""

from collections.abc import Sequence

from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        CREATE TABLE saved_numbers (
            id uuid PRIMARY KEY,
            owner_id uuid NOT NULL REFERENCES actor (id),
            unit_id uuid REFERENCES unit (id),
            tables text[] DEFAULT '{}' NOT NULL,
            period varchar NOT NULL,
            saved_at timestamptz NOT NULL,
            monthly_since timestamptz,
            encrypted_name bytea
        );
        CREATE INDEX ix_saved_numbers_owner_id ON saved_numbers (owner_id);
        CREATE TABLE monthly_numbers (
            id uuid PRIMARY KEY,
            saved_id uuid NOT NULL REFERENCES saved_numbers (id),
            owner_id uuid NOT NULL REFERENCES actor (id),
            unit_id uuid REFERENCES unit (id),
            month varchar NOT NULL,
            made_at timestamptz NOT NULL,
            quarters text[] DEFAULT '{}' NOT NULL,
            figures jsonb DEFAULT '{}' NOT NULL,
            medians jsonb DEFAULT '{}' NOT NULL,
            UNIQUE (saved_id, month)
        );
        CREATE INDEX ix_monthly_numbers_owner_id ON monthly_numbers (owner_id);
    """)


def downgrade() -> None:
    """Go back to the shape before: what was saved and made is lost, what was published stays."""
    op.execute("DROP TABLE monthly_numbers; DROP TABLE saved_numbers")
