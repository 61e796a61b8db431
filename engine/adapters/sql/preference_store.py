"""What people chose of how they are told."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, select
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.domain.safe_hours import Preference

_PREFERENCE = tb.PreferenceRow.__table__  # type: ignore[attr-defined]
_COLUMNS = (
    _PREFERENCE.c.actor_id, _PREFERENCE.c.channels, _PREFERENCE.c.digest, _PREFERENCE.c.quiet_from,
    _PREFERENCE.c.quiet_until, _PREFERENCE.c.zone,
)  # fmt: skip


class PreferenceStore(Store):
    """Preferences in PostgreSQL, within one transaction."""

    def of(self, actor_ids: Iterable[UUID]) -> Mapping[UUID, Preference]:
        """Load what people chose; who chose nothing is left out."""
        wanted = list(actor_ids)
        if not wanted:
            return {}
        rows = self._connection.execute(select(*_COLUMNS).where(_PREFERENCE.c.actor_id.in_(wanted)))
        return {row["actor_id"]: _preference(row) for row in rows.mappings()}

    def with_daily_digest(self) -> tuple[Preference, ...]:
        """Load the choices of all who want one message a day."""
        rows = self._connection.execute(
            select(*_COLUMNS).where(_PREFERENCE.c.digest == "daily").order_by(_PREFERENCE.c.actor_id)
        )
        return tuple(_preference(row) for row in rows.mappings())

    def save(self, preference: Preference, *, at: datetime) -> None:
        """Write what a person chose, over what they chose before."""
        row = preference.model_dump() | {"channels": list(preference.channels), "changed_at": at}
        statement = upsert(_PREFERENCE).values(row)
        changes = {name: value for name, value in row.items() if name != "actor_id"}
        self._connection.execute(statement.on_conflict_do_update(index_elements=("actor_id",), set_=changes))


def _preference(row: RowMapping) -> Preference:
    return Preference.model_validate(dict(row))
