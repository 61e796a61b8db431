"""Keep names, ages and links of persons and cases."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("case", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.add_column("case", sa.Column("rests", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_foreign_key("case_merged_into_fkey", "case", "case", ["merged_into"], ["id"])
    op.create_index(op.f("ix_case_merged_into"), "case", ["merged_into"], unique=False)
    op.add_column("case_person", sa.Column("status", sa.String(), server_default=sa.text("'stated'"), nullable=False))
    op.add_column("case_person", sa.Column("from_on", sa.Date(), nullable=True))
    op.add_column("case_person", sa.Column("until_on", sa.Date(), nullable=True))
    op.create_table(
        "person_merge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("primary_id", sa.Uuid(), nullable=False),
        sa.Column("secondary_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("other_case_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["other_case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["primary_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["secondary_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("case_id", "other_case_id", "primary_id"):
        op.create_index(op.f(f"ix_person_merge_{column}"), "person_merge", [column], unique=False)
    op.create_index(
        "person_merge_live",
        "person_merge",
        ["secondary_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "case_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("other_case_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason_code", sa.String(), server_default="", nullable=False),
        sa.Column("rests", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "held_items",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["other_case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("case_id", "other_case_id"):
        op.create_index(op.f(f"ix_case_link_{column}"), "case_link", [column], unique=False)

    op.execute("GRANT SELECT, INSERT, UPDATE ON person_merge, case_link TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    for column in ("other_case_id", "case_id"):
        op.drop_index(op.f(f"ix_case_link_{column}"), table_name="case_link")
    op.drop_table("case_link")
    op.drop_index("person_merge_live", table_name="person_merge", postgresql_where=sa.text("ended_at IS NULL"))
    for column in ("primary_id", "other_case_id", "case_id"):
        op.drop_index(op.f(f"ix_person_merge_{column}"), table_name="person_merge")
    op.drop_table("person_merge")
    op.drop_column("case_person", "until_on")
    op.drop_column("case_person", "from_on")
    op.drop_column("case_person", "status")
    op.drop_index(op.f("ix_case_merged_into"), table_name="case")
    op.drop_constraint("case_merged_into_fkey", "case", type_="foreignkey")
    op.drop_column("case", "rests")
    op.drop_column("case", "merged_into")
