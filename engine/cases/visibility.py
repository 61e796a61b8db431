"""Which cases a viewer sees or has filtered, how persons are called, and what is late, as SQL conditions."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    String,
    Uuid,
    and_,
    any_,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import LateralFromClause

from engine.cases.records import CaseFilter
from engine.core.access import OF_PERSONS, OPERATIONAL
from engine.core.policy import Action, Viewer, units_that_let, visible_units
from engine.core.values import person_in
from engine.db.reading import VIEWERS_KEPT, Reading
from engine.db.shape import CASE, CASE_PERSON, DEADLINE, DEADLINE_IS_OPEN, ITEM, ITEM_IS_OPEN, OPENING, STEP, UNIT
from engine.db.tables import TABLES
from engine.language.names import Role
from engine.plugin.context import start_of_day

_RESTRICTION, _MEMBER = TABLES["restriction"], TABLES["membership"]

LIMITS: Final = and_(DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
"""The time limits that count for when a case is due."""


def restricted_from(actor_id: UUID, case_id: Column[Any] | UUID) -> ColumnElement[bool]:
    """Return the condition that a case is sealed, and somebody is neither its holder nor officer of its unit."""
    of_case = CASE.alias("encrypted_case")
    is_officer = exists().where(
        _MEMBER.c.actor_id == actor_id,
        _MEMBER.c.unit_id == of_case.c.unit_id,
        _MEMBER.c.role == Role.DATA_PROTECTION_OFFICER.value,
    )
    return (
        exists()
        .where(
            _RESTRICTION.c.case_id == case_id,
            _RESTRICTION.c.lifted_at.is_(None),
            of_case.c.id == _RESTRICTION.c.case_id,
            _RESTRICTION.c.holder_id != actor_id,
            ~is_officer,
        )
        .correlate_except(_RESTRICTION, of_case, _MEMBER)
    )


def restricted_cases(actor_id: UUID) -> Select[tuple[UUID]]:
    """Select the cases that are sealed from somebody, as `restricted_from` says it of one."""
    of_case = CASE.alias("held_case")
    is_officer = exists().where(
        _MEMBER.c.actor_id == actor_id,
        _MEMBER.c.unit_id == of_case.c.unit_id,
        _MEMBER.c.role == Role.DATA_PROTECTION_OFFICER.value,
    )
    return (
        select(_RESTRICTION.c.case_id)
        .select_from(_RESTRICTION.join(of_case, of_case.c.id == _RESTRICTION.c.case_id))
        .where(_RESTRICTION.c.lifted_at.is_(None), _RESTRICTION.c.holder_id != actor_id, ~is_officer.correlate(of_case))
    )


Instant = datetime | ColumnElement[datetime]
"""An instant, or the present one of whatever asks."""
_PERSON_IN = "person:([0-9a-f-]{36})"
"""How the path of a step names whose it is."""
_OF_A_PERSON = r"(^| )person\."
GRANT, RECUSAL = TABLES["grant"], TABLES["recusal"]


@lru_cache(VIEWERS_KEPT)
def visible_to(viewer: Viewer, *, now: Instant) -> ColumnElement[bool]:
    """Return the condition on `case` that holds for what the viewer's units registered or were granted.

    What is denied to the viewer, or in conflict with them, is never among it.
    """
    return _own_or(viewer, CASE.c.id.in_(_live_grants(viewer, now=now)))


@lru_cache(VIEWERS_KEPT)
def operational_to(viewer: Viewer, *, now: Instant) -> ColumnElement[bool]:
    """Give the condition on `case` that holds where the viewer is shown steps and time limits, not only that it is."""
    shown = _live_grants(viewer, now=now).where(GRANT.c.fields.contains([OPERATIONAL]))
    return _own_or(viewer, CASE.c.id.in_(shown))


@lru_cache(VIEWERS_KEPT)
def partly_shown_to(viewer: Viewer, *, now: Instant) -> ColumnElement[bool]:
    """Return the condition on `case` that holds where the viewer sees that it is, and neither where it stands nor when.

    To them it is neither open nor closed: lists and counts have it among what is open, whatever became of it.
    """
    if viewer.is_system or not visible_units(viewer):
        return false()
    granted = _live_grants(viewer, now=now)
    shown = granted.where(GRANT.c.fields.contains([OPERATIONAL]))
    return and_(
        not_denied(viewer, CASE.c.id), CASE.c.id.in_(granted), CASE.c.id.not_in(shown),
        CASE.c.unit_id.not_in(sorted(visible_units(viewer))),
    )  # fmt: skip


@lru_cache(VIEWERS_KEPT)
def step_shown_to(
    viewer: Viewer, path: ColumnElement[str], case_id: ColumnElement[UUID], *, now: Instant
) -> ColumnElement[bool]:
    """Return the condition on `case` and a step that holds where the viewer is shown the time of that step.

    A grant shows what belongs to the whole case, and of steps of persons those of the persons for whom it holds.
    """
    person = cast(func.substring(path, _PERSON_IN), Uuid())
    of_whom = or_(person.is_(None), person == any_(GRANT.c.persons))
    live = _live_grants(viewer, now=now).where(GRANT.c.fields.contains([OPERATIONAL]), of_whom)
    return _own_or(viewer, live.where(GRANT.c.case_id == case_id).correlate_except(GRANT).exists())


@lru_cache(VIEWERS_KEPT)
def person_shown_to(viewer: Viewer, person_id: ColumnElement[UUID], *, now: Instant) -> ColumnElement[bool]:
    """Return the condition on `case` that holds where the viewer is shown something of who a person of it is."""
    of_whom = person_id == any_(GRANT.c.persons)
    named = func.array_to_string(GRANT.c.fields, " ").op("~")(_OF_A_PERSON)
    live = _live_grants(viewer, now=now).where(of_whom, named, GRANT.c.case_id == CASE.c.id)
    return _own_or(viewer, live.correlate_except(GRANT).exists())


@lru_cache(VIEWERS_KEPT)
def revealed_to(viewer: Viewer, person_id: ColumnElement[UUID], *, now: Instant) -> ColumnElement[bool]:
    """Return the condition on `case` that holds where the viewer may reveal all that tells who a person of it is."""
    if viewer.is_system:
        return true()
    units = sorted(units_that_let(viewer, Action.REVEAL))
    whole = _live_grants(viewer, now=now).where(
        GRANT.c.unit_id.in_(units), GRANT.c.fields.contains([OF_PERSONS + "*"]), person_id == any_(GRANT.c.persons),
        GRANT.c.case_id == CASE.c.id, CASE.c.unit_id.not_in(sorted(visible_units(viewer))),
    )  # fmt: skip
    return and_(not_denied(viewer, CASE.c.id), or_(CASE.c.unit_id.in_(units), whole.correlate_except(GRANT).exists()))


def named(case_id: ColumnElement[UUID], step_id: ColumnElement[Any] | None = None) -> LateralFromClause:
    """Give number and unit of a case, and what names a step of it, to a unit too that it was offered to or shared with.

    Such a unit sees no row of the case behind the second wall: this is all that is named to it. Nothing when it is not.
    """
    columns = [column(name, String) for name in ("number", "unit", "key", "uses", "definition_hash")]
    asked = func.icmc_named(case_id, null() if step_id is None else step_id)
    return asked.table_valued(*columns).lateral("named")


@lru_cache(VIEWERS_KEPT)
def kept_by(viewer: Viewer, action: Action = Action.SEE_CASES) -> ColumnElement[bool]:
    """Return the condition on `case` that holds for those of the units in which the viewer may do something."""
    if viewer.is_system:
        return true()
    units = units_that_let(viewer, action)
    return and_(CASE.c.unit_id.in_(sorted(units)), not_denied(viewer, CASE.c.id)) if units else false()


def granted_to(viewer: Viewer, *, now: Instant) -> Select[tuple[UUID]]:
    """Select the ids of the cases that were granted to the viewer's units, or to the viewer alone.

    A grant counts until it is ended, and before `valid_until`; for a case that is denied it does not.
    """
    return _live_grants(viewer, now=now).where(not_denied(viewer, GRANT.c.case_id))


@lru_cache(VIEWERS_KEPT)
def not_denied(viewer: Viewer, case_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a case is not denied to the viewer, their units or organisations, nor sealed.

    Every recusal counts alike, for whatever reason.
    """
    if viewer.is_system:
        return true()
    units = sorted(viewer.unit_ids)
    organisations = select(UNIT.c.organisation_id).where(UNIT.c.id.in_(units))
    recused = select(RECUSAL.c.case_id).where(
        RECUSAL.c.ended_at.is_(None),
        or_(
            RECUSAL.c.actor_id == viewer.actor_id,
            RECUSAL.c.unit_id.in_(units),
            RECUSAL.c.organisation_id.in_(organisations),
        ),
    )
    return case_id.not_in(union_all(recused, restricted_cases(viewer.actor_id)))


def _live_grants(viewer: Viewer, *, now: Instant) -> Select[tuple[UUID]]:
    return select(GRANT.c.case_id).where(
        GRANT.c.unit_id.in_(sorted(visible_units(viewer))),
        or_(GRANT.c.actor_id.is_(None), GRANT.c.actor_id == viewer.actor_id),
        GRANT.c.ended_at.is_(None),
        or_(GRANT.c.valid_until.is_(None), GRANT.c.valid_until > now),
    )


def _own_or(viewer: Viewer, is_granted: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition for what is kept by units of the viewer, or was granted, and is not denied.

    What is denied is asked once for both: to plan it takes the server longer than to find a row.
    """
    if viewer.is_system:
        return true()
    if not visible_units(viewer):
        return false()
    own = CASE.c.unit_id.in_(sorted(visible_units(viewer)))
    return and_(not_denied(viewer, CASE.c.id), or_(own, is_granted))


Positions = Mapping[tuple[UUID, UUID], int]
"""The number of a person in a case, by case id and person id."""


def positions(reading: Reading, case_ids: Collection[UUID]) -> Positions:
    """Number the persons of some cases: a person who is there in several roles has the first of their numbers."""
    if not case_ids:
        return {}
    rows = reading.rows(
        select(CASE_PERSON.c.case_id, CASE_PERSON.c.person_id, func.min(CASE_PERSON.c.position).label("number"))
        .where(CASE_PERSON.c.case_id.in_(sorted(set(case_ids))))
        .group_by(CASE_PERSON.c.case_id, CASE_PERSON.c.person_id)
    )
    return {(row["case_id"], row["person_id"]): row["number"] for row in rows}


def label_of(path: str, case_id: UUID, known: Positions) -> str:
    """Name the person to whom an occurrence of a step belongs; empty when it belongs to the whole case."""
    person_id = person_in(path)
    return f"Person {known.get((case_id, person_id), '?')}" if person_id else ""


def nearest_due(step_id: ColumnElement[UUID]) -> ScalarSelect[datetime]:
    """Return when the next open limit of a step falls due: of its answer, or of its approval."""
    return (
        select(func.min(DEADLINE.c.due_at))
        .where(DEADLINE.c.step_id == step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
        .scalar_subquery()
    )


def late_from(deadline: FromClause) -> ColumnElement[datetime]:
    """Return from when on a deadline is late, as `Deadline.late_from` does."""
    return func.coalesce(deadline.c.late_at, deadline.c.due_at)


def nearest_late(step_id: ColumnElement[UUID]) -> ScalarSelect[datetime]:
    """Return from when on an open limit of a step is late, the first one that will be."""
    return (
        select(func.min(late_from(DEADLINE)))
        .where(DEADLINE.c.step_id == step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
        .scalar_subquery()
    )


def late_by(due_at: ColumnElement[datetime], late: ColumnElement[datetime], now: Instant) -> ColumnElement[bool]:
    """Return the condition that `lateness.is_overdue` is, for what is counted where it lies.

    Nothing is late before it is due: an index over due times finds it.
    """
    return and_(due_at <= now, late <= now)


def units_of(viewer: Viewer) -> FromClause:
    """Return the viewer's units as something to select from, with the column `id`."""
    return chosen_units(None if viewer.is_system else visible_units(viewer))


def chosen_units(ids: Iterable[UUID] | None) -> FromClause:
    """Return these units, or all of them for None, as something to select from, with the column `id`."""
    if ids is None:
        return select(UNIT.c.id).subquery("units")
    return func.unnest(literal(sorted(ids), ARRAY(Uuid()))).table_valued("id").render_derived(name="units")


def filtered(viewer: Viewer, wanted: CaseFilter, *, now: Instant) -> ColumnElement[bool]:
    """Return the condition on `case` that holds for those a filter leaves, of those whose work the viewer is shown."""
    chosen = [operational_to(viewer, now=now)]
    if wanted.concern:
        chosen += [CASE.c.concern == wanted.concern, _concern_shown_to(viewer, now=now)]
    if wanted.late is not None:
        late = late_by(DEADLINE.c.due_at, late_from(DEADLINE), now)
        shown = step_shown_to(viewer, DEADLINE.c.path, CASE.c.id, now=now)
        found = exists().where(DEADLINE.c.case_id == CASE.c.id, LIMITS, late, shown)
        chosen.append(found if wanted.late else ~found)
    if wanted.role or wanted.person:
        is_theirs = ITEM.c.assignee_id == wanted.person
        is_free = and_(ITEM.c.assignee_id.is_(None), ITEM.c.candidate_roles[1] == wanted.role)
        shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=now)
        waits = (ITEM.c.case_id == CASE.c.id, STEP.c.id == ITEM.c.step_id, ITEM_IS_OPEN, shown)
        chosen.append(exists().where(*waits, is_theirs if wanted.person else is_free))
    if wanted.place:
        chosen.append(CASE.c.unit_id.in_(select(UNIT.c.id).where(UNIT.c.jurisdiction == wanted.place)))
    if wanted.since is not None:
        chosen.append(CASE.c.opened_at >= start_of_day(wanted.since, viewer.zone))
    return and_(*chosen)


def _concern_shown_to(viewer: Viewer, *, now: Instant) -> ColumnElement[bool]:
    """Return the condition on `case` that holds where a line says to the viewer what the case is about."""
    named = granted_to(viewer, now=now).where(GRANT.c.fields.contains(["case.concern"]))
    is_strange = CASE.c.unit_id.not_in(sorted(visible_units(viewer)))
    return or_(kept_by(viewer, Action.READ_ANSWERS), and_(is_strange, CASE.c.id.in_(named)))
