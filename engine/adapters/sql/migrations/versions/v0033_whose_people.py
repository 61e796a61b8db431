"""Keep which organisation is the hub's body, to which one each person belongs, and which unit a definition is of."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_THEIRS: Final = """
    UPDATE actor SET organisation_id = (
        SELECT u.organisation_id FROM membership m JOIN unit u ON u.id = m.unit_id
        WHERE m.actor_id = actor.id ORDER BY m.unit_id, m.role LIMIT 1)
"""
_HUB: Final = """
    UPDATE organisation SET is_hub = true WHERE id = coalesce(
        (SELECT (array_agg(DISTINCT u.organisation_id))[1] FROM membership m JOIN unit u ON u.id = m.unit_id
            WHERE m.role = 'system_administrator' HAVING count(DISTINCT u.organisation_id) = 1),
        (SELECT a.organisation_id FROM audit_event e JOIN actor a ON a.id = e.actor_id
            WHERE e.stream = 'people' AND e.type = 'FirstAdministratorAdded' ORDER BY e.seq LIMIT 1))
"""
"""The organisation of all administrators, where it is one; else that of the first. `icmc people hub` names another."""


def upgrade() -> None:
    """Go to this shape."""
    op.add_column("organisation", sa.Column("is_hub", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("organisation_hub", "organisation", ["is_hub"], unique=True, postgresql_where=sa.text("is_hub"))
    op.add_column("actor", sa.Column("organisation_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("actor_organisation_id_fkey", "actor", "organisation", ["organisation_id"], ["id"])
    op.create_index(op.f("ix_actor_organisation_id"), "actor", ["organisation_id"], unique=False)
    op.add_column("definition_version", sa.Column("owner_unit_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("definition_version_owner_fkey", "definition_version", "unit", ["owner_unit_id"], ["id"])
    op.execute(_THEIRS)
    op.execute(_HUB)


def downgrade() -> None:
    """Go back to the shape before."""
    op.drop_constraint("definition_version_owner_fkey", "definition_version", type_="foreignkey")
    op.drop_column("definition_version", "owner_unit_id")
    op.drop_index(op.f("ix_actor_organisation_id"), table_name="actor")
    op.drop_constraint("actor_organisation_id_fkey", "actor", type_="foreignkey")
    op.drop_column("actor", "organisation_id")
    op.drop_index("organisation_hub", table_name="organisation")
    op.drop_column("organisation", "is_hub")
