"""Who acts: organisations, units, actors with their roles and sign-ins; who is on call and who is away."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.db.locks import CHANGE_ROLES_OF_PEOPLE
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.language.rotas import LONGEST_TURN, Rota
from engine.people.records import Absence, ActorRecord, Credentials, Shift, Unit, planned_shifts

_ORGANISATION, _UNIT = TABLES["organisation"], TABLES["unit"]
_ACTOR, _MEMBER = TABLES["actor"], TABLES["membership"]
_ABSENCE, _ITEM = TABLES["absence"], TABLES["work_item"]
_UNIT_FIELDS = columns(_UNIT, Unit)
_TOUCHED = text("""
    SELECT EXISTS (SELECT 1 FROM membership m JOIN actor a ON a.id = m.actor_id
            WHERE m.unit_id = :unit AND m.role <> 'system_administrator' AND NOT a.is_service)
        OR EXISTS (SELECT 1 FROM "case" WHERE unit_id = :unit)
        OR EXISTS (SELECT 1 FROM referral WHERE to_unit_id = :unit)
        OR EXISTS (SELECT 1 FROM "grant" WHERE unit_id = :unit)
""")


class DirectoryStore(Store):
    """People and units in PostgreSQL, within one transaction."""

    def add_organisation(self, organisation_id: UUID, *, name: str, kind: str = "ngo") -> None:
        """Write an organisation, unless it is there already; the first of all is the hub's body."""
        is_first = self._connection.execute(select(~exists(select(_ORGANISATION.c.id)))).scalar_one()
        row = {"id": organisation_id, "name": name, "kind": kind, "in_network": True, "is_hub": is_first}
        self._connection.execute(upsert(_ORGANISATION).values(row).on_conflict_do_nothing())

    def add_unit(
        self, unit_id: UUID, *, organisation_id: UUID, name: str, jurisdiction: str, zone: str, contact: str = ""
    ) -> None:
        """Write a unit, unless it is there already."""
        row = {
            "id": unit_id, "organisation_id": organisation_id, "name": name, "jurisdiction": jurisdiction,
            "zone": zone, "language": "en", "contact": contact,
        }  # fmt: skip
        self._connection.execute(upsert(_UNIT).values(row).on_conflict_do_nothing())

    def hub(self) -> UUID | None:
        """Return the organisation that is the hub's body, which keeps what is everybody's; None where none is named."""
        found: UUID | None = self._connection.execute(select(_ORGANISATION.c.id).where(_ORGANISATION.c.is_hub)).scalar()
        return found

    def make_hub(self, organisation_id: UUID) -> None:
        """Make an organisation the hub's body; the one before is it no longer."""
        self._connection.execute(update(_ORGANISATION).where(_ORGANISATION.c.is_hub).values(is_hub=False))
        self._connection.execute(update(_ORGANISATION).where(_ORGANISATION.c.id == organisation_id).values(is_hub=True))

    def is_untouched(self, unit_id: UUID) -> bool:
        """Return whether a unit has no people but administrators, has never kept a case, and was never sent one."""
        return not self._connection.execute(_TOUCHED, {"unit": unit_id}).scalar_one()

    def unit(self, unit_id: UUID) -> Unit | None:
        """Load a unit."""
        return self._record(Unit, select(*_UNIT_FIELDS).where(_UNIT.c.id == unit_id))

    def units(self) -> tuple[Unit, ...]:
        """Load every unit."""
        query = select(*_UNIT_FIELDS).order_by(_UNIT.c.name)
        return self._records(Unit, query)

    def add_actor(
        self,
        actor_id: UUID,
        *,
        name: str,
        email: str,
        password_hash: str | None = None,
        demo: bool = False,
        supervisor_id: UUID | None = None,
    ) -> None:
        """Write an actor, unless the id is there already."""
        row = {
            "id": actor_id, "name": name, "email": email.lower(), "language": "en", "password_hash": password_hash,
            "disabled": False, "is_service": False, "demo": demo, "supervisor_id": supervisor_id,
        }  # fmt: skip
        self._connection.execute(upsert(_ACTOR).values(row).on_conflict_do_nothing(index_elements=("id",)))

    def add_role(self, actor_id: UUID, *, unit_id: UUID, role: str, ends_at: datetime | None = None) -> None:
        """Give an actor a role in a unit, until an instant or for good.

        It takes the place of the role with another end. The organisation of their first unit is theirs.
        """
        row = {"actor_id": actor_id, "unit_id": unit_id, "role": role, "ends_at": ends_at}
        if not self.has_role(actor_id, unit_id=unit_id, role=role, ends_at=ends_at):
            self.take_role(actor_id, unit_id=unit_id, role=role)
        self._connection.execute(upsert(_MEMBER).values(row).on_conflict_do_nothing())
        has_none = and_(_ACTOR.c.id == actor_id, _ACTOR.c.organisation_id.is_(None))
        theirs = select(_UNIT.c.organisation_id).where(_UNIT.c.id == unit_id).scalar_subquery()
        self._connection.execute(update(_ACTOR).where(has_none).values(organisation_id=theirs))

    def set_disabled(self, actor_id: UUID, *, disabled: bool) -> None:
        """Let an actor act, or no longer."""
        self._connection.execute(update(_ACTOR).where(_ACTOR.c.id == actor_id).values(disabled=disabled))

    def set_password(self, actor_id: UUID, password_hash: str) -> None:
        """Write the hash of a new password."""
        self._connection.execute(update(_ACTOR).where(_ACTOR.c.id == actor_id).values(password_hash=password_hash))

    def password_of(self, actor_id: UUID) -> str | None:
        """Return the hash of somebody's password."""
        found: str | None = self._connection.execute(
            select(_ACTOR.c.password_hash).where(_ACTOR.c.id == actor_id)
        ).scalar()
        return found

    def names_around(self, unit_ids: Collection[UUID]) -> tuple[str, ...]:
        """List the names of units and of the organisations that they belong to."""
        query = select(_UNIT.c.name, _ORGANISATION.c.name).join(
            _ORGANISATION, _ORGANISATION.c.id == _UNIT.c.organisation_id
        )
        return tuple(name for row in self._connection.execute(query.where(_UNIT.c.id.in_(unit_ids))) for name in row)

    def change_unit(self, unit_id: UUID, *, name: str, language: str, contact: str) -> None:
        """Write what a unit is called, speaks, and may be called by."""
        values = {"name": name, "language": language, "contact": contact}
        self._connection.execute(update(_UNIT).where(_UNIT.c.id == unit_id).values(**values))

    def change_actor(self, actor_id: UUID, **values: object) -> None:
        """Write a name, a language, a supervisor, an organisation or that an actor is a service."""
        self._connection.execute(update(_ACTOR).where(_ACTOR.c.id == actor_id).values(**values))

    def take_role(self, actor_id: UUID, *, unit_id: UUID, role: str) -> bool:
        """Take a role in a unit from an actor; returns whether they had it."""
        one = (_MEMBER.c.actor_id == actor_id, _MEMBER.c.unit_id == unit_id, _MEMBER.c.role == role)
        return self._connection.execute(delete(_MEMBER).where(*one)).rowcount == 1

    def has_role(self, actor_id: UUID, *, unit_id: UUID, role: str, ends_at: datetime | None = None) -> bool:
        """Return whether an actor has a role in a unit for good, or until that very instant."""
        one = (_MEMBER.c.actor_id == actor_id, _MEMBER.c.unit_id == unit_id, _MEMBER.c.role == role)
        lasts = or_(_MEMBER.c.ends_at.is_(None), _MEMBER.c.ends_at == ends_at)
        return self._connection.execute(select(_MEMBER.c.role).where(*one, lasts)).first() is not None

    def roles_over(self, at: datetime) -> tuple[tuple[UUID, UUID, str], ...]:
        """List whose roles in which units are over at an instant, and which."""
        query = select(*_MEMBER.primary_key).where(_MEMBER.c.ends_at <= at).order_by(*_MEMBER.primary_key)
        return tuple((row[0], row[1], row[2]) for row in self._connection.execute(query))

    def memberships(self, actor_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """List the units of an actor with each role in them."""
        query = select(_MEMBER.c.unit_id, _MEMBER.c.role).where(_MEMBER.c.actor_id == actor_id)
        return tuple((row[0], row[1]) for row in self._connection.execute(query.order_by(*_MEMBER.primary_key)))

    def is_service(self, actor_id: UUID) -> bool:
        """Return whether an actor is a program."""
        return bool(self._connection.execute(select(_ACTOR.c.is_service).where(_ACTOR.c.id == actor_id)).scalar())

    def supervised_by(self, actor_id: UUID) -> tuple[UUID, ...]:
        """List who has an actor as their supervisor."""
        query = select(_ACTOR.c.id).where(_ACTOR.c.supervisor_id == actor_id, _ACTOR.c.disabled.is_(False))
        return tuple(self._connection.execute(query.order_by(_ACTOR.c.id)).scalars())

    def is_unserved(self, unit_id: UUID, role: str) -> bool:
        """Whether open work of a unit waits for a role, and nobody there who acts has it or another one for it."""
        held = select(_MEMBER.c.role).join(_ACTOR, _ACTOR.c.id == _MEMBER.c.actor_id)
        held = held.where(_MEMBER.c.unit_id == unit_id, _ACTOR.c.disabled.is_(False))
        roles = set(self._connection.execute(held.distinct()).scalars())
        query = select(_ITEM.c.candidate_roles).where(
            _ITEM.c.unit_id == unit_id,
            _ITEM.c.status.in_(("ready", "reserved")),
            _ITEM.c.candidate_roles.contains([role]),
        )
        return any(roles.isdisjoint(wanted) for wanted in self._connection.execute(query.distinct()).scalars())

    def hold_roles(self) -> None:
        """Keep others from changing who administers until the transaction ends."""
        self._connection.execute(select(func.pg_advisory_xact_lock(CHANGE_ROLES_OF_PEOPLE)))

    def count_actors(self) -> int:
        """Count the actors."""
        return self._connection.execute(select(func.count()).select_from(_ACTOR)).scalar_one()

    def actor(self, actor_id: UUID) -> ActorRecord | None:
        """Load an actor with units and roles."""
        return next(iter(self._actors(_ACTOR.c.id == actor_id)), None)

    def holders(self, *, roles: tuple[str, ...], unit_id: UUID | None = None) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles, in a unit or anywhere, be they disabled or away or not."""
        members = select(_MEMBER.c.actor_id).where(_MEMBER.c.role.in_(roles))
        if unit_id is not None:
            members = members.where(_MEMBER.c.unit_id == unit_id)
        return self._actors(_ACTOR.c.id.in_(members))

    def of_unit(self, unit_id: UUID) -> tuple[ActorRecord, ...]:
        """Load who acts in a unit, whatever their role."""
        members = select(_MEMBER.c.actor_id).where(_MEMBER.c.unit_id == unit_id)
        return self._actors(_ACTOR.c.id.in_(members), _ACTOR.c.disabled.is_(False))

    def with_role(self, *, unit_id: UUID, roles: tuple[str, ...], now: datetime) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles in a unit, can act, and is not away."""
        members = select(_MEMBER.c.actor_id).where(_MEMBER.c.unit_id == unit_id, _MEMBER.c.role.in_(roles))
        return self._actors(_ACTOR.c.id.in_(members), _ACTOR.c.disabled.is_(False), _is_present(now))

    def with_role_anywhere(self, *, roles: tuple[str, ...], now: datetime) -> tuple[ActorRecord, ...]:
        """Load who has one of these roles in any unit, can act, and is not away."""
        members = select(_MEMBER.c.actor_id).where(_MEMBER.c.role.in_(roles))
        return self._actors(_ACTOR.c.id.in_(members), _ACTOR.c.disabled.is_(False), _is_present(now))

    def credentials(self, email: str) -> Credentials | None:
        """Load what signing in needs, by e-mail address."""
        query = select(_ACTOR.c.id.label("actor_id"), _ACTOR.c.password_hash, _ACTOR.c.disabled, _ACTOR.c.demo)
        return self._record(Credentials, query.where(_ACTOR.c.email == email.lower()))

    def _actors(self, *conditions: object) -> tuple[ActorRecord, ...]:
        roles = func.array_remove(func.array_agg(func.distinct(_MEMBER.c.role)), None)
        units = func.array_remove(func.array_agg(func.distinct(_MEMBER.c.unit_id)), None)
        query = (
            select(
                _ACTOR.c.id, _ACTOR.c.name, _ACTOR.c.email, _ACTOR.c.language, _ACTOR.c.disabled, units, roles,
                _ACTOR.c.supervisor_id, _ACTOR.c.organisation_id,
            )
            .outerjoin(_MEMBER, _MEMBER.c.actor_id == _ACTOR.c.id)
            .where(*conditions)  # type: ignore[arg-type]
            .group_by(_ACTOR.c.id)
            .order_by(_ACTOR.c.name, _ACTOR.c.id)
        )  # fmt: skip
        return tuple(
            ActorRecord(r[0], r[1], r[2], r[3], r[4], tuple(r[5]), tuple(r[6]), r[7], r[8])
            for r in self._connection.execute(query)
        )


def _is_present(now: datetime) -> ColumnElement[bool]:
    away = exists().where(
        _ABSENCE.c.actor_id == _ACTOR.c.id, _ABSENCE.c.cancelled_at.is_(None), _ABSENCE.c.starts_at <= now,
        _ABSENCE.c.ends_at > now,
    )  # fmt: skip
    return ~away


_SHIFT, _VERSION = TABLES["shift"], TABLES["definition_version"]
_OTHER: Final = _VERSION.alias("other")
_RAN: Final = ("published", "retired")
_ABSENCE_COLUMNS = columns(_ABSENCE, Absence)
_SHIFT_COLUMNS = columns(_SHIFT, Shift)


def rotas_of(unit_ids: Collection[UUID] | None, *, since: datetime) -> Select[tuple[Any, ...]]:
    """Return the question for the rotas of units, or of all: each version that ran and still holds for some day.

    Each unit's newest comes first. One that a newer version has replaced on all days from then on is left out, and so
    are those of a unit whose rota is retired.
    """
    long_ago = (since - 2 * LONGEST_TURN).date().isoformat()
    replaced = exists().where(
        _OTHER.c.kind == "rota", _OTHER.c.name == _VERSION.c.name, _OTHER.c.status.in_(_RAN),
        _OTHER.c.version > _VERSION.c.version, _OTHER.c.flattened["begins"].as_string() <= long_ago,
    )  # fmt: skip
    runs = exists().where(_OTHER.c.kind == "rota", _OTHER.c.name == _VERSION.c.name, _OTHER.c.status == "published")
    query = select(_VERSION.c.owner_unit_id.label("unit_id"), _VERSION.c.flattened)
    query = query.where(_VERSION.c.kind == "rota", _VERSION.c.status.in_(_RAN), ~replaced, runs)
    if unit_ids is not None:
        query = query.where(_VERSION.c.owner_unit_id.in_(unit_ids))
    return query.order_by(_VERSION.c.owner_unit_id, _VERSION.c.version.desc())


class DutyStore(Store):
    """Shifts and absences in PostgreSQL, within one transaction."""

    def add_shift(self, shift: Shift, *, by: UUID | None, at: datetime) -> None:
        """Write a shift."""
        self._connection.execute(upsert(_SHIFT).values(shift.model_dump() | {"noted_by": by, "noted_at": at}))

    def shift(self, shift_id: UUID) -> Shift | None:
        """Load a shift that was not called off."""
        return next(iter(self._shifts(_SHIFT.c.id == shift_id)), None)

    def shifts(self, unit_id: UUID, *, since: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that end after an instant, the earliest first."""
        return self._shifts(_SHIFT.c.unit_id == unit_id, _SHIFT.c.ends_at > since)

    def on_call(self, unit_id: UUID, *, at: datetime) -> tuple[Shift, ...]:
        """Load the shifts of a unit that cover an instant: what was entered, else what its rota says."""
        entered = self._shifts(_SHIFT.c.unit_id == unit_id, _SHIFT.c.starts_at <= at, _SHIFT.c.ends_at > at)
        rotas = () if entered else self.rotas(unit_id, since=at)
        if not rotas:
            return entered
        acts = select(_MEMBER.c.actor_id).where(_MEMBER.c.unit_id == unit_id)
        people = self._connection.execute(
            select(_ACTOR.c.email, _ACTOR.c.id).where(_ACTOR.c.id.in_(acts), _ACTOR.c.disabled.is_(False))
        )
        zone = self._connection.execute(select(_UNIT.c.zone).where(_UNIT.c.id == unit_id)).scalar_one()
        others, until = self.shifts(unit_id, since=at - LONGEST_TURN), at + timedelta(microseconds=1)
        known = {row.email: row.id for row in people}
        return tuple(planned_shifts(unit_id, rotas, known, others, zone=zone, since=at, until=until))

    def rotas(self, unit_id: UUID, *, since: datetime) -> tuple[Rota, ...]:
        """Load the versions of a unit's rota that hold at an instant or later, the newest first."""
        found = self._connection.execute(rotas_of((unit_id,), since=since)).mappings()
        return tuple(Rota.model_validate(row["flattened"]) for row in found)

    def end_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Let a shift end at an instant."""
        self._connection.execute(update(_SHIFT).where(_SHIFT.c.id == shift_id).values(ends_at=at))

    def cancel_shift(self, shift_id: UUID, *, at: datetime) -> None:
        """Call a shift off."""
        self._connection.execute(update(_SHIFT).where(_SHIFT.c.id == shift_id).values(cancelled_at=at))

    def add_absence(self, absence: Absence, *, by: UUID | None, at: datetime) -> None:
        """Write an absence."""
        self._connection.execute(upsert(_ABSENCE).values(absence.model_dump() | {"noted_by": by, "noted_at": at}))

    def absence(self, absence_id: UUID) -> Absence | None:
        """Load an absence that was not called off."""
        return next(iter(self._absences(_ABSENCE.c.id == absence_id)), None)

    def absences(self, actor_id: UUID, *, since: datetime) -> tuple[Absence, ...]:
        """Load the absences of somebody that end after an instant, the earliest first."""
        return self._absences(_ABSENCE.c.actor_id == actor_id, _ABSENCE.c.ends_at > since)

    def away(self, actor_ids: Collection[UUID], *, at: datetime) -> Mapping[UUID, Absence]:
        """Load which of these people are away at an instant."""
        if not actor_ids:
            return {}
        here = (
            _ABSENCE.c.actor_id.in_(list(actor_ids)),
            _ABSENCE.c.starts_at <= at,
            _ABSENCE.c.ends_at > at,
        )
        return {absence.actor_id: absence for absence in self._absences(*here)}

    def end_absence(self, absence_id: UUID, *, at: datetime) -> None:
        """Let an absence end at an instant; one that has not begun is called off."""
        ended = update(_ABSENCE).where(_ABSENCE.c.id == absence_id)
        self._connection.execute(ended.where(_ABSENCE.c.starts_at < at).values(ends_at=at))
        self._connection.execute(ended.where(_ABSENCE.c.starts_at >= at).values(cancelled_at=at))

    def who_cannot_act(self, *, at: datetime) -> tuple[UUID, ...]:
        """List who has claimed items and is disabled, or away at an instant."""
        away = select(_ABSENCE.c.actor_id).where(
            _ABSENCE.c.cancelled_at.is_(None),
            _ABSENCE.c.starts_at <= at,
            _ABSENCE.c.ends_at > at,
        )
        claimed = select(_ITEM.c.assignee_id).where(_ITEM.c.status == "reserved")
        query = select(_ACTOR.c.id).where(
            _ACTOR.c.id.in_(claimed),
            (_ACTOR.c.disabled.is_(True)) | (_ACTOR.c.id.in_(away)),
        )
        return tuple(self._connection.execute(query.order_by(_ACTOR.c.id)).scalars())

    def items_of(self, actor_id: UUID) -> tuple[tuple[UUID, UUID], ...]:
        """List the open items that somebody has claimed: item and case, the oldest first."""
        query = select(_ITEM.c.id, _ITEM.c.case_id).where(_ITEM.c.assignee_id == actor_id, _ITEM.c.status == "reserved")
        rows = self._connection.execute(query.order_by(_ITEM.c.opened_at, _ITEM.c.id))
        return tuple((row[0], row[1]) for row in rows)

    def _shifts(self, *conditions: object) -> tuple[Shift, ...]:
        query = select(*_SHIFT_COLUMNS).where(_SHIFT.c.cancelled_at.is_(None), *conditions)  # type: ignore[arg-type]
        return self._records(Shift, query.order_by(_SHIFT.c.starts_at, _SHIFT.c.id))

    def _absences(self, *conditions: object) -> tuple[Absence, ...]:
        query = select(*_ABSENCE_COLUMNS).where(
            _ABSENCE.c.cancelled_at.is_(None),
            *conditions,  # type: ignore[arg-type]
        )
        return self._records(Absence, query.order_by(_ABSENCE.c.starts_at, _ABSENCE.c.id))
