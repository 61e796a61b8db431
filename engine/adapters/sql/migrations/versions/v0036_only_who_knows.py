"""Tell of a match only the unit that knew the person first, count who asks, and keep tokens apart by unit.

Tokens that are there already are made those of their unit by the next comparison, since the key is not in the database.
Alerts that are there already named to both units whom to call, and stay that.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0033"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_UNITS = "((SELECT nullif(current_setting('icmc.viewer_units', true), '')::uuid[])::uuid[])"
_OPEN = "(SELECT current_setting('icmc.wall', true) = 'open')"


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("person_token", sa.Column("unit_id", sa.Uuid(), nullable=True))
    op.create_index(
        "person_token_of_no_unit", "person_token", ["person_id"], postgresql_where=sa.text("unit_id IS NULL")
    )
    op.add_column("match_check", sa.Column("asked_by", sa.Uuid(), nullable=True))
    op.add_column("match_check", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("match_alert", sa.Column("is_question", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("match_alert", sa.Column("about_case_id", sa.Uuid(), nullable=True))
    op.add_column("match_alert", sa.Column("answer", sa.String(), server_default="", nullable=False))
    op.add_column("match_alert", sa.Column("answered_by", sa.Uuid(), nullable=True))
    op.add_column("match_alert", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint("match_alert_once", "match_alert")
    op.create_unique_constraint("match_alert_once", "match_alert", ["case_id", "other_unit_id", "is_question"])
    op.create_table(
        "match_probe",
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("unit_id", "actor_id", "day"),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON match_probe TO icmc_app")
    op.execute("REVOKE DELETE ON match_probe FROM icmc_app")
    op.execute("ALTER TABLE match_probe ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY second_wall ON match_probe TO icmc_app USING ({_OPEN} OR (unit_id = ANY {_UNITS}))")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_table("match_probe")
    op.execute("DELETE FROM match_alert WHERE is_question")
    op.drop_constraint("match_alert_once", "match_alert")
    for column in ("answered_at", "answered_by", "answer", "about_case_id", "is_question"):
        op.drop_column("match_alert", column)
    op.create_unique_constraint("match_alert_once", "match_alert", ["case_id", "other_unit_id"])
    op.drop_column("match_check", "held_until")
    op.drop_column("match_check", "asked_by")
    op.execute("DELETE FROM person_token WHERE unit_id IS NOT NULL")
    op.drop_index("person_token_of_no_unit", "person_token")
    op.drop_column("person_token", "unit_id")
