"""Keep the published figures of each quarter."""

from collections.abc import Sequence

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        CREATE TABLE number_sheet (
            id uuid PRIMARY KEY,
            period varchar NOT NULL,
            unit_id uuid REFERENCES unit (id),
            published_at timestamptz NOT NULL,
            figures jsonb DEFAULT '{}' NOT NULL,
            medians jsonb DEFAULT '{}' NOT NULL,
            UNIQUE NULLS NOT DISTINCT (period, unit_id)
        );
        CREATE INDEX ix_number_sheet_unit_id ON number_sheet (unit_id);
    """)


def downgrade() -> None:
    """Go back to the shape before: what was published is lost."""
    op.execute("DROP TABLE number_sheet")
