"""What a restored backup brings back, and the list outside the database of what was erased."""

import json
import os
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Table, select, update

from engine.core.access import SUSPENDED, Grant
from engine.core.case_links import ReferralStatus
from engine.core.retention import Tombstone
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.errors import DamagedError, ServiceError
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


_NAME: Final = "tombstones.jsonl"


class TombstoneFile:
    """One line of JSON a tombstone: random ids, instants, who agreed; nothing of the person. Lines are only added."""

    def __init__(self, folder: Path) -> None:
        """Keep the file in `folder`, which should lie on another disk than the database."""
        self._path = folder / _NAME

    def add(self, tombstone: Tombstone) -> None:
        """Add a line, on disk when this returns; raises `ServiceError` when that fails: then nothing is erased."""
        line = json.dumps(tombstone.model_dump(mode="json"), sort_keys=True) + "\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, line.encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ServiceError(
                service="The list of what was erased",
                problem=f"it cannot be written ({type(error).__name__}).",
                remedy="Nothing was erased. Look at the disk that keeps it.",
            ) from error

    def read(self) -> tuple[Tombstone, ...]:
        """Read all lines, the earliest first; a line that was cut off by a crash in the end is left out.

        Raises `DamagedError` for any other line that is none.
        """
        if not self._path.exists():
            return ()
        lines = self._path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        try:
            found = {one.id: one for one in map(Tombstone.model_validate_json, whole)}
        except ValidationError:
            raise DamagedError(what=f"The list of what was erased ({self._path})") from None
        return tuple(found.values())
