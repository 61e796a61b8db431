"""Keep keys of organisations and places, and files."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

import engine.adapters.sql.columns

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go to this shape. No release before this one has written a file."""
    op.add_column("data_key", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("data_key", sa.Column("uses", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.create_index(op.f("ix_data_key_wrapped_by"), "data_key", ["wrapped_by"], unique=False)
    op.create_table(
        "search_token",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id", "organisation_id", "kind", "token"),
    )
    op.create_index("search_token_by_token", "search_token", ["organisation_id", "token"], unique=False)
    op.drop_column("attachment", "sha256")
    op.drop_column("attachment", "sealed_content")
    op.add_column("attachment", sa.Column("kind", sa.String(), server_default=sa.text("'other'"), nullable=False))
    op.add_column("attachment", sa.Column("status", sa.String(), server_default=sa.text("'kept'"), nullable=False))
    op.add_column("attachment", sa.Column("copy_size", sa.Integer(), nullable=True))
    op.add_column("attachment", sa.Column("scan", sa.String(), server_default=sa.text("'not_scanned'"), nullable=False))
    op.add_column("attachment", sa.Column("address", sa.LargeBinary(), nullable=True))
    op.add_column("attachment", sa.Column("sealed_details", engine.adapters.sql.columns.Sealed(), nullable=True))
    op.create_unique_constraint("attachment_case_id_address_key", "attachment", ["case_id", "address"])
    op.create_index(op.f("ix_attachment_unit_id"), "attachment", ["unit_id"], unique=False)
    op.create_index(
        "attachment_arriving",
        "attachment",
        ["added_at"],
        unique=False,
        postgresql_where=sa.text("status = 'arriving'"),
    )
    op.create_table(
        "attachment_part",
        sa.Column("attachment_id", sa.Uuid(), nullable=False),
        sa.Column("copy_of", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed_content", engine.adapters.sql.columns.Sealed(), nullable=True),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"]),
        sa.PrimaryKeyConstraint("attachment_id", "copy_of", "number"),
    )

    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON search_token, attachment_part TO icmc_app")


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_table("attachment_part")
    op.drop_index("attachment_arriving", table_name="attachment", postgresql_where=sa.text("status = 'arriving'"))
    op.drop_index(op.f("ix_attachment_unit_id"), table_name="attachment")
    op.drop_constraint("attachment_case_id_address_key", "attachment", type_="unique")
    op.drop_column("attachment", "sealed_details")
    op.drop_column("attachment", "address")
    op.drop_column("attachment", "scan")
    op.drop_column("attachment", "copy_size")
    op.drop_column("attachment", "status")
    op.drop_column("attachment", "kind")
    op.add_column("attachment", sa.Column("sealed_content", engine.adapters.sql.columns.Sealed(), nullable=True))
    op.add_column("attachment", sa.Column("sha256", sa.String(), server_default="", nullable=False))
    op.drop_index("search_token_by_token", table_name="search_token")
    op.drop_table("search_token")
    op.drop_index(op.f("ix_data_key_wrapped_by"), table_name="data_key")
    op.drop_column("data_key", "uses")
    op.drop_column("data_key", "retired_at")
