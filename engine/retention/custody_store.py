"""What a restored backup brings back, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, select, update

from engine.core.access import SUSPENDED, Grant
from engine.core.referral import ReferralStatus
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.retention.records import Revived, RevivedGrant, RevivedOffer, RevivedPerson

_ACTOR, _UNIT, _MEMBER = TABLES["actor"], TABLES["unit"], TABLES["membership"]
_GRANT, _CASE = TABLES["grant"], TABLES["case"]
_REFERRAL = TABLES["referral"]
_NOT_GIVEN_BACK: Final = "not_given_back"


class CustodyStore(Store):
    """What stood at the time of a backup, within one transaction."""

    def end_all(self, *, at: datetime) -> Revived:
        """End every session, key, invitation and partner's link, suspend every grant, let every request run out."""
        over = {"ended_at": at, "ended_reason": SUSPENDED}
        invitation = TABLES["invitation"]
        return Revived(
            sessions=self._set("session", "ended_at", {"ended_at": at}),
            keys=self._set("api_key", "revoked_at", {"revoked_at": at}),
            invitations=self._set(
                "invitation", "cancelled_at", {"cancelled_at": at}, invitation.c.used_at.is_(None)
            ),
            partner_links=self._set("partner_link", "ended_at", over | {"session_until": at}),
            grants=self._set("grant", "ended_at", over),
            requests=self._set("approval_request", "answered_at", {"expires_at": at}),
        )  # fmt: skip

    def suspended(self, *, but: Collection[UUID]) -> tuple[Grant, ...]:
        """Load the grants that are suspended, those of some cases not, the earliest first."""
        query = select(*columns(_GRANT, Grant)).where(_GRANT.c.ended_reason == SUSPENDED, _GRANT.c.case_id.not_in(but))
        return self._records(Grant, query.order_by(_GRANT.c.granted_at, _GRANT.c.id))

    def give_back(self, grant_id: UUID) -> bool:
        """Let a suspended grant hold again; returns whether it was suspended still."""
        given = update(_GRANT).where(_GRANT.c.id == grant_id, _GRANT.c.ended_reason == SUSPENDED)
        return bool(self._connection.execute(given.values(ended_at=None, ended_reason="")).rowcount)

    def end_suspended(self) -> None:
        """Write that the grants which are suspended still are over for good."""
        left = update(_GRANT).where(_GRANT.c.ended_reason == SUSPENDED)
        self._connection.execute(left.values(ended_reason=_NOT_GIVEN_BACK))

    def people(self) -> tuple[RevivedPerson, ...]:
        """List who can act, by name."""
        columns = (_ACTOR.c.id, _ACTOR.c.name, _ACTOR.c.email, _MEMBER.c.role, _UNIT.c.name.label("unit"))
        query = select(*columns).select_from(
            _ACTOR.outerjoin(_MEMBER, _MEMBER.c.actor_id == _ACTOR.c.id).outerjoin(
                _UNIT, _UNIT.c.id == _MEMBER.c.unit_id
            )
        )
        roles: dict[tuple[UUID, str, str], list[str]] = defaultdict(list)
        for row in self._connection.execute(query.where(_ACTOR.c.disabled.is_(False)).order_by(_ACTOR.c.name)):
            has_role = [f"{row.role.replace('_', ' ')} of {row.unit}"] if row.role else []
            roles[row.id, row.name, row.email or ""] += has_role
        return tuple(RevivedPerson(*who, tuple(sorted(had))) for who, had in roles.items())

    def suspended_grants(self) -> tuple[RevivedGrant, ...]:
        """List the grants that are suspended, the earliest first."""
        query = (
            select(_CASE.c.number, _UNIT.c.name, _GRANT.c.granted_at)
            .select_from(_GRANT.join(_CASE, _CASE.c.id == _GRANT.c.case_id).join(_UNIT, _UNIT.c.id == _GRANT.c.unit_id))
            .where(_GRANT.c.ended_reason == SUSPENDED)
            .order_by(_GRANT.c.granted_at, _GRANT.c.id)
        )
        return tuple(RevivedGrant(*row) for row in self._connection.execute(query))

    def offers(self) -> tuple[RevivedOffer, ...]:
        """List the referrals that wait for an answer, the earliest first."""
        of_case = _REFERRAL.join(_CASE, _CASE.c.id == _REFERRAL.c.case_id)
        query = (
            select(_CASE.c.number, _UNIT.c.name, _REFERRAL.c.sent_at)
            .select_from(of_case.outerjoin(_UNIT, _UNIT.c.id == _REFERRAL.c.to_unit_id))
            .where(_REFERRAL.c.status == ReferralStatus.OFFERED)
            .order_by(_REFERRAL.c.sent_at, _REFERRAL.c.id)
        )
        return tuple(RevivedOffer(*row) for row in self._connection.execute(query))

    def _set(self, name: str, open_while_null: str, values: dict[str, Any], *also: Any) -> int:  # noqa: ANN401
        table: Table = TABLES[name]
        still = update(table).where(table.c[open_while_null].is_(None), *also)
        return self._connection.execute(still.values(**values)).rowcount
