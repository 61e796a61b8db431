"""Who may see a case beside its unit, and who has no part in it: grants and recusals."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

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
        organisations = select(_UNIT.c.organisation_id).where(_UNIT.c.id.in_(list(unit_ids)))
        named = or_(
            _RECUSAL.c.actor_id == actor_id,
            _RECUSAL.c.unit_id.in_(list(unit_ids)),
            _RECUSAL.c.organisation_id.in_(organisations),
        )
        recused = exists().where(_RECUSAL.c.case_id == case_id, _RECUSAL.c.ended_at.is_(None), named)
        return bool(self._connection.execute(select(or_(recused, restricted_from(actor_id, case_id)))).scalar())

    def access_of(self, viewer: Viewer, case_id: UUID, now: datetime) -> CaseAccess:
        """Say how somebody sees a case; raises `NotFoundError` for a case that there is not."""
        owner: UUID | None = self._connection.execute(select(_CASE.c.unit_id).where(_CASE.c.id == case_id)).scalar()
        if owner is None:
            raise NotFoundError(kind="case")
        if viewer.is_system:
            return access_through(case_id, owner, own_roles=tuple(Role), granted=(), is_denied=False)
        mine = _GRANT.c.actor_id.is_(None) | (_GRANT.c.actor_id == viewer.actor_id)
        granted = self._grants(_GRANT.c.case_id == case_id, _GRANT.c.unit_id.in_(list(viewer.unit_ids)), mine)
        live = [grant for grant in granted if grant.is_live(now)]
        return access_through(
            case_id,
            owner,
            own_roles=roles_in(viewer, owner),
            granted=[(grant, roles_in(viewer, grant.unit_id)) for grant in live],
            step_ids=self._offered([grant.referral_id for grant in live if grant.referral_id]),
            everybody=self._persons_of(case_id) if live else (),
            is_denied=self.is_denied(case_id, actor_id=viewer.actor_id, unit_ids=viewer.unit_ids),
        )

    def _offered(self, referral_ids: Collection[UUID]) -> tuple[UUID, ...]:
        if not referral_ids:
            return ()
        query = select(_REFERRAL.c.step_id).where(_REFERRAL.c.id.in_(list(referral_ids)))
        return tuple(self._connection.execute(query.where(_REFERRAL.c.step_id.is_not(None))).scalars())

    def _persons_of(self, case_id: UUID) -> tuple[UUID, ...]:
        query = select(_CASE_PERSON.c.person_id).where(_CASE_PERSON.c.case_id == case_id).distinct()
        return tuple(self._connection.execute(query).scalars())

    def _grants(self, *conditions: object) -> tuple[Grant, ...]:
        query = select(*_GRANT_COLUMNS).where(*conditions)  # type: ignore[arg-type]
        rows = self._connection.execute(query.order_by(_GRANT.c.granted_at, _GRANT.c.id)).mappings()
        return tuple(Grant.model_validate(dict(row)) for row in rows)
