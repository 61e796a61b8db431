"""Tell the database who reads in a transaction, so that it keeps back the rows that are not theirs to see."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from engine.domain.policy import Viewer

_SAY_WHO: Final = text("""
    SELECT set_config('icmc.viewer_units', :units, true), set_config('icmc.viewer', :viewer, true),
        set_config('icmc.now', :now, true)
""")


def raise_wall(connection: Connection, viewer: Viewer, now: datetime) -> None:
    """Bind the rest of the transaction to what a viewer may see at an instant; the system is bound by nothing.

    The policies are those of the migration `v0010_second_wall`. They know cases and units, not actions or fields:
    they hold when a condition was forgotten, and replace none.
    """
    if viewer.is_system:
        return
    units = ",".join(str(unit) for unit in viewer.unit_ids)
    values = {"units": f"{{{units}}}", "viewer": str(viewer.actor_id), "now": now.isoformat()}
    connection.execute(_SAY_WHO, values)
