"""Who may see a case beside its unit, who has no part in it, and requests to see one that is not one's own."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.approvals.records import EmergencyRequest, OpenEmergency
from engine.cases.records import written_number
from engine.cases.visibility import restricted_from
from engine.core.access import SUSPENDED, CaseAccess, Grant, Recusal, access_through
from engine.core.policy import Viewer, roles_in
from engine.db.store import Store
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from engine.language.names import Role

_GRANT, _RECUSAL = TABLES["grant"], TABLES["recusal"]
_UNIT, _CASE = TABLES["unit"], TABLES["case"]
_REFERRAL, _CASE_PERSON = TABLES["referral"], TABLES["case_person"]
_GRANT_COLUMNS = [_GRANT.c[name] for name in Grant.model_fields]
_RECUSAL_COLUMNS = [_RECUSAL.c[name] for name in Recusal.model_fields]
_RECUSED = text(
    "SELECT case_id, actor_id FROM recusal "
    "WHERE case_id = ANY(CAST(:cases AS uuid[])) AND ended_at IS NULL AND actor_id IS NOT NULL "
    "UNION SELECT r.case_id, m.actor_id FROM recusal r JOIN unit u ON u.id = r.unit_id "
    "OR u.organisation_id = r.organisation_id JOIN membership m ON m.unit_id = u.id "
    "WHERE r.case_id = ANY(CAST(:cases AS uuid[])) AND r.ended_at IS NULL"
)


_MOST_KEPT = 256
"""How many questions are kept for the next page, each of one viewer for one case."""


class AccessStore(Store):
    """Grants and recusals in PostgreSQL, within one transaction."""

    def add_grant(self, grant: Grant) -> bool:
        """Write a grant once; a second one with the same id changes nothing and gives False."""
        row = grant.model_dump() | {"fields": list(grant.fields), "persons": list(grant.persons)}
        statement = upsert(_GRANT).values(row).on_conflict_do_nothing()
        return self._connection.execute(statement.returning(_GRANT.c.id)).first() is not None

    def grant(self, grant_id: UUID) -> Grant | None:
        """Load a grant, also one that has ended."""
        found = self._grants(_GRANT.c.id == grant_id)
        return found[0] if found else None

    def grants_of(self, case_id: UUID) -> tuple[Grant, ...]:
        """Load every grant of a case, also those that have ended, the earliest first."""
        return self._grants(_GRANT.c.case_id == case_id)

    def end_grant(self, grant_id: UUID, *, at: datetime, reason: str) -> bool:
        """End a grant, also one that is suspended, with the reason as a code; returns whether it was not over."""
        is_open = _GRANT.c.ended_at.is_(None) | (_GRANT.c.ended_reason == SUSPENDED)
        ended = update(_GRANT).where(_GRANT.c.id == grant_id, is_open)
        return bool(self._connection.execute(ended.values(ended_at=at, ended_reason=reason)).rowcount)

    def confirm_grant(self, grant_id: UUID, *, by: UUID, at: datetime) -> None:
        """Write who was the second person to agree to a grant."""
        self._connection.execute(update(_GRANT).where(_GRANT.c.id == grant_id).values(second_by=by, second_at=at))

    def recuse(self, recusal: Recusal) -> None:
        """Write that somebody has no part in a case."""
        self._connection.execute(upsert(_RECUSAL).values(recusal.model_dump()))

    def recusals_of(self, case_id: UUID) -> tuple[Recusal, ...]:
        """Load the recusals of a case that hold, the earliest first."""
        query = select(*_RECUSAL_COLUMNS).where(_RECUSAL.c.case_id == case_id, _RECUSAL.c.ended_at.is_(None))
        rows = self._connection.execute(query.order_by(_RECUSAL.c.set_at, _RECUSAL.c.id)).mappings()
        return tuple(Recusal.model_validate(dict(row)) for row in rows)

    def end_recusal(self, recusal_id: UUID, *, by: UUID | None, at: datetime) -> bool:
        """End a recusal, with who ended it or asked to; returns whether it still held."""
        ended = update(_RECUSAL).where(_RECUSAL.c.id == recusal_id, _RECUSAL.c.ended_at.is_(None))
        values = {"ended_by": by, "ended_at": at}
        return bool(self._connection.execute(ended.values(values)).rowcount)

    def recused(self, case_id: UUID) -> frozenset[UUID]:
        """Return everybody who has no part in a case, by name, through a unit or through an organisation."""
        return self.recused_in([case_id])[case_id]

    def recused_in(self, case_ids: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
        """Return everybody who has no part in each of several cases."""
        rows = self._connection.execute(_RECUSED, {"cases": list(case_ids)}).all()
        return {case_id: frozenset(row[1] for row in rows if row[0] == case_id) for case_id in case_ids}

    def is_denied(self, case_id: UUID, *, actor_id: UUID, unit_ids: Collection[UUID]) -> bool:
        """Return whether a recusal names somebody, one of their units or its organisation, or the case is sealed."""
        return bool(self._connection.execute(select(_is_denied(actor_id, unit_ids, case_id))).scalar())

    def access_of(self, viewer: Viewer, case_id: UUID, now: datetime) -> CaseAccess:
        """Say how somebody sees a case; raises `NotFoundError` for a case that there is not."""
        rows = self._connection.execute(_ways_of(viewer, case_id)).mappings().all()
        if not rows:
            raise NotFoundError(kind="case")
        owner, everybody = rows[0]["owner"], rows[0]["everybody"]
        if viewer.is_system:
            return access_through(case_id, owner, own_roles=tuple(Role), granted=(), is_denied=False)
        granted = [(_grant(row), row["offered"]) for row in rows if row["id"] is not None]
        live = [(grant, offered) for grant, offered in granted if grant.is_live(now)]
        return access_through(
            case_id,
            owner,
            own_roles=roles_in(viewer, owner),
            granted=[(grant, roles_in(viewer, grant.unit_id)) for grant, _ in live],
            step_ids=[offered for _, offered in live if offered],
            everybody=everybody if live else (),
            is_denied=rows[0]["is_denied"],
        )

    def _grants(self, *conditions: object) -> tuple[Grant, ...]:
        query = select(*_GRANT_COLUMNS).where(*conditions)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_GRANT.c.granted_at, _GRANT.c.id)).mappings()
        return tuple(_grant(row) for row in rows)


def _grant(row: RowMapping) -> Grant:
    return Grant.model_validate({name: row[name] for name in Grant.model_fields})


@lru_cache(_MOST_KEPT)
def _ways_of(viewer: Viewer, case_id: UUID) -> Select[tuple[object, ...]]:
    """Select whose a case is and whether it is denied to somebody, with each grant that is theirs."""
    mine = _GRANT.c.actor_id.is_(None) | (_GRANT.c.actor_id == viewer.actor_id)
    theirs = and_(_GRANT.c.case_id == _CASE.c.id, _GRANT.c.unit_id.in_(viewer.unit_ids), mine)
    persons = select(_CASE_PERSON.c.person_id).where(_CASE_PERSON.c.case_id == case_id).distinct()
    return (
        select(
            _CASE.c.unit_id.label("owner"), _is_denied(viewer.actor_id, viewer.unit_ids, case_id).label("is_denied"),
            func.array(persons.scalar_subquery()).label("everybody"), _REFERRAL.c.step_id.label("offered"),
            *_GRANT_COLUMNS,
        )
        .select_from(_CASE.outerjoin(_GRANT, theirs).outerjoin(_REFERRAL, _REFERRAL.c.id == _GRANT.c.referral_id))
        .where(_CASE.c.id == case_id)
        .order_by(_GRANT.c.granted_at, _GRANT.c.id)
    )  # fmt: skip


def _is_denied(actor_id: UUID, unit_ids: Collection[UUID], case_id: UUID) -> ColumnElement[bool]:
    organisations = select(_UNIT.c.organisation_id).where(_UNIT.c.id.in_(list(unit_ids)))
    named = or_(
        _RECUSAL.c.actor_id == actor_id,
        _RECUSAL.c.unit_id.in_(list(unit_ids)),
        _RECUSAL.c.organisation_id.in_(organisations),
    )
    recused = exists().where(_RECUSAL.c.case_id == case_id, _RECUSAL.c.ended_at.is_(None), named)
    return or_(recused, restricted_from(actor_id, case_id))


_EMERGENCY, _CASE = TABLES["emergency_access"], TABLES["case"]
_GRANT = TABLES["grant"]
_KEPT = [_EMERGENCY.c[name] for name in ("id", "actor_id", "case_id", "grant_id", "approval_id", "asked_at")]


class EmergencyAccessStore(Store):
    """Emergency access in PostgreSQL, within one transaction. What was typed is under a key of the request's own."""

    def case_of_number(self, number: str) -> UUID | None:
        """Find a case by its whole number, whoever may see it; None when there is none."""
        query = select(_CASE.c.id).where(_CASE.c.number == written_number(number))
        found: UUID | None = self._connection.execute(query).scalar()
        return found

    def add(self, request: EmergencyRequest, *, words: str) -> None:
        """Write a request, its words and its number sealed."""
        row = request._asdict()
        typed = {"encrypted_words": words, "encrypted_number": row.pop("number")}
        restricted = {
            column: self._vault.encrypt(
                text, key_of=request.id, table="emergency_access", row=request.id, column=column
            )
            for column, text in typed.items()
        }
        self._connection.execute(insert(_EMERGENCY), row | restricted)

    def get(self, request_id: UUID) -> OpenEmergency | None:
        """Load a request that opened a case."""
        query = select(*_KEPT).where(_EMERGENCY.c.id == request_id, _EMERGENCY.c.grant_id.is_not(None))
        return self._record(OpenEmergency, query)

    def unanswered(self, *, before: datetime) -> tuple[OpenEmergency, ...]:
        """List what was opened before an instant, that nobody has confirmed and of which nobody above was told."""
        query = (
            select(*_KEPT)
            .join(_GRANT, _GRANT.c.id == _EMERGENCY.c.grant_id)
            .where(_EMERGENCY.c.flagged_at.is_(None), _EMERGENCY.c.asked_at <= before, _GRANT.c.second_at.is_(None))
        )
        return self._records(OpenEmergency, query.order_by(_EMERGENCY.c.asked_at))

    def flag(self, request_id: UUID, *, at: datetime) -> None:
        """Write that those above were told."""
        self._connection.execute(update(_EMERGENCY).where(_EMERGENCY.c.id == request_id).values(flagged_at=at))

    def asked_since(self, since: datetime, *, at_least: int) -> tuple[tuple[UUID, int], ...]:
        """Count who has asked often since an instant, whether there were such cases or not."""
        count = func.count().label("count")
        query = (
            select(_EMERGENCY.c.actor_id, count).where(_EMERGENCY.c.asked_at >= since).group_by(_EMERGENCY.c.actor_id)
        )
        return tuple((row[0], row[1]) for row in self._connection.execute(query.having(count >= at_least)))
