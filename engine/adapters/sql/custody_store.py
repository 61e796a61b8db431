"""What a restored backup brings back, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Table, select, update

from engine.adapters.sql import tables as tb
from engine.stores import Revived, RevivedGrant, RevivedPerson

_TABLES = tb.CaseRow.metadata.tables
_ACTOR, _UNIT, _MEMBER = _TABLES["actor"], _TABLES["unit"], _TABLES["membership"]
_GRANT, _CASE = _TABLES["grant"], _TABLES["case"]
_RESTORED: Final = "restored"


class CustodyStore:
    """What stood at the time of a backup, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def end_all(self, *, at: datetime) -> Revived:
        """End every session, key, invitation and partner's link, suspend every grant, let every request run out."""
        over = {"ended_at": at, "ended_reason": _RESTORED}
        invitation = _TABLES["invitation"]
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

    def give_back_grants(self, *, but: Collection[UUID]) -> int:
        """Let the suspended grants hold again, those of some cases not; gives how many."""
        given = update(_GRANT).where(_GRANT.c.ended_reason == _RESTORED, _GRANT.c.case_id.not_in(but))
        return self._connection.execute(given.values(ended_at=None, ended_reason="")).rowcount

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
            .where(_GRANT.c.ended_reason == _RESTORED)
            .order_by(_GRANT.c.granted_at, _GRANT.c.id)
        )
        return tuple(RevivedGrant(*row) for row in self._connection.execute(query))

    def _set(self, name: str, open_while_null: str, values: dict[str, Any], *also: Any) -> int:  # noqa: ANN401
        table: Table = _TABLES[name]
        still = update(table).where(table.c[open_while_null].is_(None), *also)
        return self._connection.execute(still.values(**values)).rowcount
