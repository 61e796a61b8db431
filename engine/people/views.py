"""People, units, shifts and absences as those see them who manage them: never a case."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, true

from engine.cases.records import PUBLIC_REPORTS
from engine.core.policy import Action, Viewer, can, require, units_that_let
from engine.db.reading import PRESENT, VIEWERS_KEPT, Reading, Row, few
from engine.db.shape import (
    ABSENCE,
    ACTOR,
    DEFINITION,
    INSTALLATION,
    ITEM,
    ITEM_IS_OPEN,
    MEMBERSHIP,
    ORGANISATION,
    SHIFT,
    UNIT,
)
from engine.errors import NotFoundError
from engine.language.names import Role
from engine.language.rotas import Rota
from engine.people.records import ROTA_WEEKS, AbsenceView, MemberView, RoleView, ShiftView, UnitView, planned_shifts
from engine.people.store import rotas_of

_TABLES = ACTOR.metadata.tables
_FACTOR, _RECOVERY, _INVITATION = _TABLES["second_factor"], _TABLES["recovery_code"], _TABLES["invitation"]
_SESSION = _TABLES["session"]
_NEEDED = frozenset({Role.SUPERVISOR.value, Role.NODAL_OFFICER.value})


def members(reading: Reading, viewer: Viewer) -> tuple[MemberView, ...]:
    """List those whom an administrator looks after, or those of the units that somebody leads; who left comes last.

    Raises `NotAllowedError`.
    """
    require(viewer, Action.SEE_PEOPLE)
    statement = _members().order_by(ACTOR.c.disabled, ACTOR.c.name, ACTOR.c.id)
    theirs = select(MEMBERSHIP.c.actor_id).where(MEMBERSHIP.c.unit_id.in_(units_that_let(viewer, Action.SEE_PEOPLE)))
    is_theirs = or_(ACTOR.c.supervisor_id == viewer.actor_id, ACTOR.c.id.in_(theirs))
    if can(viewer, Action.MANAGE_PEOPLE):
        is_theirs = or_(is_theirs, _looked_after(viewer, ACTOR.c.organisation_id))
    return _with_roles(reading, reading.rows(statement.where(is_theirs)))


def member(reading: Reading, viewer: Viewer, actor_id: UUID) -> MemberView:
    """Return one of them, or somebody whom the viewer supervises; raises `NotFoundError`."""
    administers = reading.soon(_administers, reading, viewer, actor_id)
    rows = reading.soon(reading.rows, _members().where(ACTOR.c.id == actor_id))()
    found = next(iter(_with_roles(reading, rows)), None)
    if found is None or not (_supervises(viewer, found) or administers()):
        raise NotFoundError(kind="person")
    return found


def unit_list(reading: Reading, viewer: Viewer) -> tuple[UnitView, ...]:
    """List the units that an administrator looks after, with what they lack; raises `NotAllowedError`."""
    require(viewer, Action.MANAGE_PEOPLE)
    had, asked = reading.soon(_held_roles, reading), reading.soon(_waited_roles, reading)
    taken = reading.soon(reading.rows, select(INSTALLATION.c.value).where(INSTALLATION.c.key == PUBLIC_REPORTS))
    listed = reading.soon(
        reading.rows,
        select(UNIT, ORGANISATION.c.name.label("organisation"))
        .join(ORGANISATION, ORGANISATION.c.id == UNIT.c.organisation_id)
        .where(_looked_after(viewer, UNIT.c.organisation_id))
        .order_by(ORGANISATION.c.name, UNIT.c.name, UNIT.c.id),
    )
    rows = listed()
    held, waited = had(), asked()
    takes = next((row["value"].get("unit_id") for row in taken()), "")
    safe = {row["organisation_id"] for row in rows if Role.SAFEGUARDING_LEAD in held.get(row["id"], {})}
    return tuple(
        _unit(row, held.get(row["id"], {}), waited.get(row["id"], ()), safe, takes=takes == str(row["id"]))
        for row in rows
    )


def _looked_after(viewer: Viewer, organisation: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that an administrator looks after an organisation: their own, or any for the hub's body."""
    if viewer.is_system:
        return true()
    theirs = select(UNIT.c.organisation_id).where(UNIT.c.id.in_(units_that_let(viewer, Action.MANAGE_PEOPLE)))
    is_hub = exists().where(ORGANISATION.c.is_hub, ORGANISATION.c.id.in_(theirs)).correlate_except(ORGANISATION)
    return or_(organisation.in_(theirs), is_hub)


def _administers(reading: Reading, viewer: Viewer, actor_id: UUID) -> bool:
    if not can(viewer, Action.MANAGE_PEOPLE):
        return False
    theirs = select(ACTOR.c.id).where(ACTOR.c.id == actor_id, _looked_after(viewer, ACTOR.c.organisation_id))
    return bool(reading.rows(theirs))


def _unit(
    row: Row, held: dict[str, set[UUID]], waited: Iterable[list[str]], safe: set[UUID], *, takes: bool
) -> UnitView:
    missing = _NEEDED - set(held) | {role for roles in waited if set(held).isdisjoint(roles) for role in roles}
    if row["organisation_id"] not in safe:
        missing |= {Role.SAFEGUARDING_LEAD.value}
    shown = {name: row[name] for name in ("id", "name", "organisation", "jurisdiction", "zone", "language", "contact")}
    people = len({actor for actors in held.values() for actor in actors})
    return UnitView(**shown, people=people, missing=tuple(sorted(missing)), takes_public=takes)


def _members() -> Any:  # noqa: ANN401 - a select of many columns
    boss = ACTOR.alias("boss")
    recovery = select(func.count()).where(_RECOVERY.c.actor_id == ACTOR.c.id, _RECOVERY.c.used_at.is_(None))
    link = select(func.max(_INVITATION.c.expires_at)).where(
        _INVITATION.c.actor_id == ACTOR.c.id, _INVITATION.c.used_at.is_(None), _INVITATION.c.cancelled_at.is_(None)
    )
    seen = select(func.max(_SESSION.c.seen_at)).where(_SESSION.c.actor_id == ACTOR.c.id)
    return select(
        ACTOR.c.id, ACTOR.c.name, ACTOR.c.email, ACTOR.c.disabled, ACTOR.c.is_service, ACTOR.c.supervisor_id,
        boss.c.name.label("supervisor"), func.icmc_has_password(ACTOR.c.id).label("has_password"),
        _FACTOR.c.confirmed_at.label("factor_since"), recovery.scalar_subquery().label("recovery_codes"),
        link.scalar_subquery().label("link_until"), seen.scalar_subquery().label("seen_at"),
    ).select_from(
        ACTOR.outerjoin(boss, boss.c.id == ACTOR.c.supervisor_id)
        .outerjoin(_FACTOR, _FACTOR.c.actor_id == ACTOR.c.id)
    )  # fmt: skip


def _with_roles(reading: Reading, rows: Iterable[Row]) -> tuple[MemberView, ...]:
    found = list(rows)
    statement = (
        select(
            MEMBERSHIP.c.actor_id,
            MEMBERSHIP.c.unit_id,
            UNIT.c.name.label("unit"),
            MEMBERSHIP.c.role,
            MEMBERSHIP.c.ends_at,
        )
        .join(UNIT, UNIT.c.id == MEMBERSHIP.c.unit_id)
        .where(MEMBERSHIP.c.actor_id.in_([row["id"] for row in found]))
        .order_by(UNIT.c.name, MEMBERSHIP.c.role)
    )
    roles: dict[UUID, list[RoleView]] = {}
    for row in reading.rows(statement):
        one = RoleView(unit_id=row["unit_id"], unit=row["unit"], role=row["role"], ends_at=row["ends_at"])
        roles.setdefault(row["actor_id"], []).append(one)
    return tuple(
        MemberView(**row, has_factor=row["factor_since"] is not None, roles=tuple(roles.get(row["id"], ())))
        for row in found
    )


def _held_roles(reading: Reading) -> dict[UUID, dict[str, set[UUID]]]:
    held: dict[UUID, dict[str, set[UUID]]] = {}
    statement = select(MEMBERSHIP).join(ACTOR, ACTOR.c.id == MEMBERSHIP.c.actor_id).where(~ACTOR.c.disabled)
    for row in reading.rows(statement):
        held.setdefault(row["unit_id"], {}).setdefault(row["role"], set()).add(row["actor_id"])
    return held


def _waited_roles(reading: Reading) -> dict[UUID, list[list[str]]]:
    """Give, by unit, for which roles its open work waits: any one of each list would do."""
    found: dict[UUID, list[list[str]]] = {}
    for row in reading.rows(select(ITEM.c.unit_id, ITEM.c.candidate_roles).where(ITEM_IS_OPEN).distinct()):
        found.setdefault(row["unit_id"], []).append(row["candidate_roles"])
    return found


def _supervises(viewer: Viewer, person: MemberView) -> bool:
    if person.supervisor_id == viewer.actor_id:
        return True
    units = units_that_let(viewer, Action.SEE_PEOPLE)
    return any(one.unit_id in units for one in person.roles)


_MOST = 200
_GIVER: Final = ACTOR.alias("giver")
_COMING: Final = timedelta(days=ROTA_WEEKS * 7)


def shifts(reading: Reading, viewer: Viewer) -> tuple[ShiftView, ...]:
    """List the shifts of the viewer's units that are not over, the earliest first."""
    units = None if viewer.is_system else viewer.unit_ids
    rotas = reading.soon(reading.rows, rotas_of(units, since=reading.now))
    people = reading.soon(reading.rows, _people_with_a_rota(units))
    entered = [
        ShiftView(**row, is_now=row["starts_at"] <= reading.now)
        for row in reading.soon(reading.rows, _entered(units))()
    ]
    planned = _planned(rotas(), people(), entered, now=reading.now)
    return tuple(sorted((*entered, *planned), key=lambda one: (one.unit, one.starts_at, str(one.id))))


@lru_cache(VIEWERS_KEPT)
def _entered(units: tuple[UUID, ...] | None) -> Select[tuple[Any, ...]]:
    """Return the question for the shifts that people entered and that are not over."""
    statement = (
        select(
            SHIFT.c.id, SHIFT.c.unit_id, UNIT.c.name.label("unit"), UNIT.c.zone, SHIFT.c.actor_id,
            ACTOR.c.name.label("actor"), SHIFT.c.starts_at, SHIFT.c.ends_at, _GIVER.c.name.label("taken_from"),
        )
        .select_from(
            SHIFT.join(UNIT, UNIT.c.id == SHIFT.c.unit_id)
            .join(ACTOR, ACTOR.c.id == SHIFT.c.actor_id)
            .outerjoin(_GIVER, _GIVER.c.id == SHIFT.c.taken_from)
        )
        .where(SHIFT.c.cancelled_at.is_(None), SHIFT.c.ends_at > PRESENT)
        .order_by(UNIT.c.name, SHIFT.c.starts_at, SHIFT.c.id)
        .limit(few(_MOST))
    )  # fmt: skip
    return statement if units is None else statement.where(SHIFT.c.unit_id.in_(units))


def zone_of(reading: Reading, _viewer: Viewer, unit_id: UUID) -> str:
    """Return the time zone of a unit; raises `NotFoundError`."""
    found = reading.first(select(UNIT.c.zone).where(UNIT.c.id == unit_id))
    if found is None:
        raise NotFoundError(kind="unit")
    return str(found["zone"])


@lru_cache(VIEWERS_KEPT)
def _people_with_a_rota(units: tuple[UUID, ...] | None) -> Select[tuple[Any, ...]]:
    """Return the question for who acts in units that have a rota, with their unit."""
    has_one = exists().where(DEFINITION.c.kind == "rota", DEFINITION.c.owner_unit_id == UNIT.c.id)
    query = (
        select(
            UNIT.c.id.label("unit_id"), UNIT.c.name.label("unit"), UNIT.c.zone, ACTOR.c.id, ACTOR.c.name, ACTOR.c.email
        )
        .distinct()
        .select_from(UNIT.join(MEMBERSHIP).join(ACTOR, ACTOR.c.id == MEMBERSHIP.c.actor_id))
        .where(has_one, ~ACTOR.c.disabled)
    )  # fmt: skip
    return query if units is None else query.where(UNIT.c.id.in_(units))


def _planned(
    rotas: Iterable[Row], people: Iterable[Row], entered: Iterable[ShiftView], *, now: datetime
) -> Iterator[ShiftView]:
    """Go through the shifts of the coming weeks that the rotas of units make."""
    known = {(row["unit_id"], row["id"]): row for row in people}
    for unit_id, rows in groupby(rotas, key=lambda row: row["unit_id"]):
        members = {row["email"]: row for (unit, _), row in known.items() if unit == unit_id}
        zone = next((row["zone"] for row in members.values()), "UTC")
        made = planned_shifts(
            unit_id, [Rota.model_validate(row["flattened"]) for row in rows],
            {email: row["id"] for email, row in members.items()},
            [one for one in entered if one.unit_id == unit_id], zone=zone, since=now, until=now + _COMING,
        )  # fmt: skip
        for shift in made:
            row = known[unit_id, shift.actor_id]
            yield ShiftView(
                id=None, unit_id=unit_id, unit=row["unit"], zone=row["zone"], actor_id=shift.actor_id,
                actor=row["name"], starts_at=shift.starts_at, ends_at=shift.ends_at, taken_from=None,
                is_now=shift.starts_at <= now,
            )  # fmt: skip


def absences(reading: Reading, viewer: Viewer) -> tuple[AbsenceView, ...]:
    """List the absences that are not over: the viewer's own, and those of the people whose shifts they plan."""
    deputy = ACTOR.alias("deputy")
    statement = (
        select(
            ABSENCE.c.id, ABSENCE.c.actor_id, ACTOR.c.name.label("actor"), deputy.c.name.label("deputy"),
            ABSENCE.c.starts_at, ABSENCE.c.ends_at,
        )
        .select_from(
            ABSENCE.join(ACTOR, ACTOR.c.id == ABSENCE.c.actor_id)
            .outerjoin(deputy, deputy.c.id == ABSENCE.c.deputy_id)
        )
        .where(ABSENCE.c.cancelled_at.is_(None), ABSENCE.c.ends_at > reading.now)
        .order_by(ABSENCE.c.starts_at, ACTOR.c.name, ABSENCE.c.id)
        .limit(few(_MOST))
    )  # fmt: skip
    if not viewer.is_system:
        mine = ABSENCE.c.actor_id == viewer.actor_id
        units = units_that_let(viewer, Action.MANAGE_ROTA)
        colleagues = select(MEMBERSHIP.c.actor_id).where(MEMBERSHIP.c.unit_id.in_(units))
        planned = mine | ABSENCE.c.actor_id.in_(colleagues) if can(viewer, Action.MANAGE_ROTA) else mine
        statement = statement.where(planned)
    return tuple(AbsenceView(**row, is_now=row["starts_at"] <= reading.now) for row in reading.rows(statement))
