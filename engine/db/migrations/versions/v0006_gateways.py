"""Keep the secrets by which gateways sign, and to which case a number wrote last."""

from collections.abc import Sequence

from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.execute("""
        ALTER TABLE api_key ADD COLUMN encrypted_secret bytea;
        CREATE TABLE sender (
            token bytea PRIMARY KEY,
            case_id uuid NOT NULL REFERENCES "case" (id),
            seen_at timestamptz NOT NULL
        );
        CREATE INDEX ix_sender_case_id ON sender (case_id);
    """)


def downgrade() -> None:
    """Go back to the shape before: no gateway can sign, and each message opens a case."""
    op.execute("DROP TABLE sender; ALTER TABLE api_key DROP COLUMN encrypted_secret")
