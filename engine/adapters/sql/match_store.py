"""Persons whom two units know: found by blind tokens, told to both units, shown to nobody."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.domain.matching import MatchAlert, SharedPerson

_CHECK, _ALERT = tb.MatchCheckRow.__table__, tb.MatchAlertRow.__table__  # type: ignore[attr-defined]
_TOKEN, _LINK = tb.PersonTokenRow.__table__, tb.CasePersonRow.__table__  # type: ignore[attr-defined]
_COLUMNS = [_ALERT.c[name] for name in MatchAlert.model_fields]


class MatchStore:
    """Matches between units in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def asked(self, *, most: int) -> tuple[UUID, ...]:
        """List whom to compare next, the earliest first."""
        query = select(_CHECK.c.person_id).order_by(_CHECK.c.asked_at, _CHECK.c.person_id).limit(most)
        return tuple(self._connection.execute(query).scalars())

    def claim(self, person_id: UUID) -> bool:
        """Keep a person who waits to be compared from others who do the same; gives False when somebody has them."""
        query = select(_CHECK.c.person_id).where(_CHECK.c.person_id == person_id).with_for_update(skip_locked=True)
        return self._connection.execute(query).first() is not None

    def done(self, person_id: UUID) -> None:
        """Take a person off the list of those to be compared."""
        self._connection.execute(delete(_CHECK).where(_CHECK.c.person_id == person_id))

    def shared(self, person_id: UUID) -> tuple[SharedPerson, ...]:
        """Find persons in cases of other units who share tokens with a person, once for each of both cases."""
        mine, theirs = _LINK.alias("mine"), _LINK.alias("theirs")
        own, other = _TOKEN.alias("own"), _TOKEN.alias("other")
        query = (
            select(
                mine.c.case_id, mine.c.unit_id, theirs.c.case_id, theirs.c.unit_id,
                func.array_agg(func.distinct(own.c.kind)),
            )
            .select_from(
                mine.join(own, own.c.person_id == mine.c.person_id)
                .join(other, (other.c.token == own.c.token) & (other.c.kind == own.c.kind))
                .join(theirs, theirs.c.person_id == other.c.person_id)
            )
            .where(mine.c.person_id == person_id, theirs.c.unit_id != mine.c.unit_id)
            .where(mine.c.removed_at.is_(None), theirs.c.removed_at.is_(None))
            .group_by(mine.c.case_id, mine.c.unit_id, theirs.c.case_id, theirs.c.unit_id)
            .order_by(mine.c.case_id, theirs.c.case_id)
        )  # fmt: skip
        return tuple(
            SharedPerson(case_id=row[0], unit_id=row[1], other_case_id=row[2], other_unit_id=row[3], kinds=row[4])
            for row in self._connection.execute(query)
        )

    def add(self, alert: MatchAlert) -> bool:
        """Write an alert, once for a case and another unit; gives whether it is new."""
        row = alert.model_dump() | {"kinds": list(alert.kinds)}
        statement = upsert(_ALERT).values(row).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_ALERT.c.id)).first() is not None

    def get(self, alert_id: UUID) -> MatchAlert | None:
        """Load an alert."""
        row = self._connection.execute(select(*_COLUMNS).where(_ALERT.c.id == alert_id)).mappings().first()
        return MatchAlert.model_validate(dict(row)) if row else None

    def seen(self, alert_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Write who has seen an alert; gives whether nobody had before."""
        unseen = update(_ALERT).where(_ALERT.c.id == alert_id, _ALERT.c.seen_at.is_(None))
        return bool(self._connection.execute(unseen.values(seen_by=by, seen_at=at)).rowcount)
