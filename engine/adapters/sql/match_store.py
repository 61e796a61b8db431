"""Persons whom two units know: found by blind tokens, told to both units, shown to nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.adapters.sql.token_matching import compare
from engine.domain.matching import (
    PATTERN_KINDS,
    Agreement,
    MatchAlert,
    Pattern,
    SharedPerson,
    bits_of,
    is_worth_telling,
)
from engine.domain.records import PersonRole

_CHECK, _ALERT = tb.MatchCheckRow.__table__, tb.MatchAlertRow.__table__  # type: ignore[attr-defined]
_LINK, _TOKEN = tb.CasePersonRow.__table__, tb.PersonTokenRow.__table__  # type: ignore[attr-defined]
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
        likely = self._likely(person_id)
        mine, theirs = _LINK.alias("mine"), _LINK.alias("theirs")
        query = (
            select(
                mine.c.case_id, mine.c.unit_id, theirs.c.case_id, theirs.c.unit_id,
                func.array_agg(func.distinct(theirs.c.person_id)),
            )
            .join(theirs, theirs.c.unit_id != mine.c.unit_id)
            .where(mine.c.person_id == person_id, theirs.c.person_id.in_(likely))
            .where(mine.c.removed_at.is_(None), theirs.c.removed_at.is_(None))
            .group_by(mine.c.case_id, mine.c.unit_id, theirs.c.case_id, theirs.c.unit_id)
            .order_by(mine.c.case_id, theirs.c.case_id)
        )  # fmt: skip
        rows = self._connection.execute(query).all() if likely else ()
        return tuple(_shared(row, likely) for row in rows)

    def alike(self, person_id: UUID) -> tuple[UUID, ...]:
        """Give the persons, of whatever unit, who by their tokens alone are likely this one."""
        return tuple(self._likely(person_id))

    def patterns(self, person_id: UUID, *, since: datetime) -> tuple[Pattern, ...]:
        """Find what a suspect shares with those of other cases into which they came since: ways, numbers, names."""
        own, other, link, mine = _TOKEN.alias("own"), _TOKEN.alias("other"), _LINK.alias("link"), _LINK.alias("mine")
        query = (
            select(own.c.kind, own.c.token, link.c.case_id, link.c.unit_id)
            .distinct()
            .join(other, (other.c.token == own.c.token) & (other.c.kind == own.c.kind))
            .join(link, link.c.person_id == other.c.person_id)
            .where(own.c.person_id == person_id, own.c.kind.in_(PATTERN_KINDS))
            .where(link.c.role == PersonRole.SUSPECT.value, link.c.removed_at.is_(None), link.c.added_at >= since)
            .where(select(mine).where(mine.c.person_id == person_id, mine.c.role == PersonRole.SUSPECT.value).exists())
            .order_by(own.c.kind, own.c.token, link.c.case_id)
        )
        found: dict[tuple[str, bytes], list[tuple[UUID, UUID]]] = {}
        for kind, token, case_id, unit_id in self._connection.execute(query):
            found.setdefault((kind, token), []).append((case_id, unit_id))
        return tuple(Pattern(kind, token, tuple(cases)) for (kind, token), cases in found.items() if len(cases) > 1)

    def _likely(self, person_id: UUID) -> Mapping[UUID, tuple[Agreement, float]]:
        compared = compare(self._connection, (person_id,))
        bits = {id_: (one, bits_of(one, persons=compared.persons)) for id_, one in compared.agreements.items()}
        return {id_: known for id_, known in bits.items() if is_worth_telling(known[1], persons=compared.persons)}

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


def _shared(row: Sequence[Any], likely: Mapping[UUID, tuple[Agreement, float]]) -> SharedPerson:
    found = [likely[person] for person in row[4]]
    return SharedPerson(
        case_id=row[0], unit_id=row[1], other_case_id=row[2], other_unit_id=row[3],
        kinds=tuple(sorted({kind for agreement, _ in found for kind in agreement.others})),
        bits=max(bits for _, bits in found),
    )  # fmt: skip
