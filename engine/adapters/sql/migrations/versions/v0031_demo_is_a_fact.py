"""Keep whether a database is a demo's where the application can read it and not write it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0031"
down_revision: str | None = "0029"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.create_table(
        "demo",
        sa.Column("one", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("one"),
        sa.CheckConstraint("one", name="demo_one_row"),
    )
    op.execute("REVOKE ALL ON demo FROM icmc_app")
    op.execute("GRANT SELECT ON demo TO icmc_app")
    op.execute("INSERT INTO demo (since) SELECT now() FROM installation WHERE key = 'demo'")
    op.execute("UPDATE installation SET key = 'demo_seeded' WHERE key = 'demo'")


def downgrade() -> None:
    """Go back to the shape before."""
    op.execute("UPDATE installation SET key = 'demo' WHERE key = 'demo_seeded'")
    op.drop_table("demo")
