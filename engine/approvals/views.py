"""What waits for a second person, for those who may answer it and those who asked."""

from functools import lru_cache
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, func, or_, select, true

from engine.approvals.records import FOUR_EYES, ApprovalKind, Rule, WaitingView
from engine.cases.visibility import kept_by
from engine.core.policy import ROLES_THAT_MAY, Action, Viewer, can, units_that_let
from engine.db.reading import PRESENT, VIEWERS_KEPT, Reading, Row, few
from engine.db.shape import ACTOR, CASE, MEMBERSHIP, UNIT
from engine.db.tables import TABLES

_REQUEST, _DEADLINE = TABLES["approval_request"], TABLES["deadline"]
_WITH_CASE = _REQUEST.outerjoin(CASE, CASE.c.id == _REQUEST.c.case_id)
_MOST = 200


def waiting(reading: Reading, viewer: Viewer, case_id: UUID | None = None) -> tuple[WaitingView, ...]:
    """List what the viewer may answer, and what they asked for, of one case or of all; the first to run out first."""
    of_case = true() if case_id is None else _REQUEST.c.case_id == case_id
    mine = _REQUEST.c.asked_by == viewer.actor_id
    rows = reading.rows(
        select(_REQUEST, CASE.c.number.label("case_number"), ACTOR.c.name.label("asker"))
        .select_from(_WITH_CASE.outerjoin(ACTOR, ACTOR.c.id == _REQUEST.c.asked_by))
        .where(of_case, _still_waits(), _seen(viewer), or_(mine, _answerable(viewer)))
        .order_by(_REQUEST.c.expires_at, _REQUEST.c.id)
        .limit(few(_MOST))
    )
    names = _names(reading, rows) | _units(reading, rows)
    return tuple(_view(row, viewer, names, _waits_for(reading, row)) for row in rows)


def count_waiting(reading: Reading, viewer: Viewer) -> int:
    """Count what the viewer may answer now."""
    return 0 if viewer.is_system else reading.count(_to_answer(viewer))


@lru_cache(VIEWERS_KEPT)
def _to_answer(viewer: Viewer) -> Select[int]:
    asked = (_still_waits(), _seen(viewer), _answerable(viewer), ~_is_done_with(viewer))
    return select(func.count()).select_from(_WITH_CASE).where(*asked)


def _still_waits() -> ColumnElement[bool]:
    """Say that nobody has answered and that it has not run out; a limit that is over needs no more time."""
    is_over = exists().where(_DEADLINE.c.id == _REQUEST.c.subject_id, _DEADLINE.c.status != "open")
    return and_(
        _REQUEST.c.answered_at.is_(None),
        _REQUEST.c.expires_at > PRESENT,
        or_(_REQUEST.c.kind != ApprovalKind.MORE_TIME.value, ~is_over),
    )


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    """Say that it belongs to no case, or to one that the viewer sees as its own unit does."""
    return or_(_REQUEST.c.case_id.is_(None), kept_by(viewer))


@lru_cache(VIEWERS_KEPT)
def _answerable(viewer: Viewer) -> ColumnElement[bool]:
    """Say that the viewer may answer what is of this kind, in this unit, and is not whom it is about."""
    about = func.coalesce(_REQUEST.c.subject["actor_id"].astext, "")
    is_another = and_(_REQUEST.c.subject_id != viewer.actor_id, about != str(viewer.actor_id))
    lines = [and_(_REQUEST.c.kind == kind.value, _in_units(viewer, rule)) for kind, rule in FOUR_EYES.items()]
    return and_(is_another, or_(false(), *lines))


def _in_units(viewer: Viewer, rule: Rule) -> ColumnElement[bool]:
    if rule.anywhere:
        return true() if can(viewer, rule.answers) else false()
    units = sorted(units_that_let(viewer, rule.answers))
    return _REQUEST.c.unit_id.in_(units) if units else false()


def _is_done_with(viewer: Viewer) -> ColumnElement[bool]:
    """Say that the viewer asked for it, or has agreed: it waits for somebody else."""
    has_agreed = _REQUEST.c.agreed.contains([{"actor_id": str(viewer.actor_id)}])
    own_counts = [kind.value for kind, rule in FOUR_EYES.items() if rule.own_counts]
    own = and_(_REQUEST.c.asked_by == viewer.actor_id, _REQUEST.c.kind.not_in(own_counts))
    return or_(has_agreed, func.coalesce(own, false()))


def _names(reading: Reading, rows: tuple[Row, ...] | list[Row]) -> dict[UUID, str]:
    ids = {UUID(one["actor_id"]) for row in rows for one in (*row["agreed"], row["subject"]) if "actor_id" in one}
    found = reading.rows(select(ACTOR.c.id, ACTOR.c.name).where(ACTOR.c.id.in_(ids))) if ids else ()
    return {row["id"]: row["name"] for row in found}


def _units(reading: Reading, rows: tuple[Row, ...] | list[Row]) -> dict[UUID, str]:
    ids = {UUID(row["subject"]["unit_id"]) for row in rows if "unit_id" in row["subject"]}
    found = reading.rows(select(UNIT.c.id, UNIT.c.name).where(UNIT.c.id.in_(ids))) if ids else ()
    return {row["id"]: row["name"] for row in found}


def _waits_for(reading: Reading, row: Row) -> tuple[str, ...]:
    """Name those who may answer what is asked of the people of a unit: not who asked, nor whom it is about."""
    rule = FOUR_EYES[ApprovalKind(row["kind"])]
    if not rule.of_a_unit:
        return ()
    roles = sorted(role.value for role in ROLES_THAT_MAY[rule.answers])
    left_out = {str(row["asked_by"]), row["subject"].get("actor_id", "")}
    here = (MEMBERSHIP.c.unit_id == row["unit_id"], MEMBERSHIP.c.role.in_(roles), ~ACTOR.c.disabled)
    found = reading.rows(
        select(ACTOR.c.id, ACTOR.c.name)
        .join(MEMBERSHIP, MEMBERSHIP.c.actor_id == ACTOR.c.id)
        .where(*here)
        .distinct()
        .order_by(ACTOR.c.name, ACTOR.c.id)
    )
    return tuple(one["name"] for one in found if str(one["id"]) not in left_out)


def _view(row: Row, viewer: Viewer, names: dict[UUID, str], waits_for: tuple[str, ...]) -> WaitingView:
    agreed = [UUID(one["actor_id"]) for one in row["agreed"]]
    rule, is_mine = FOUR_EYES[ApprovalKind(row["kind"])], row["asked_by"] == viewer.actor_id
    unit = None if rule.anywhere else row["unit_id"]
    said = {name: row["subject"].get(name, "") for name in ("actor_id", "unit_id", "role")}
    may = can(viewer, rule.answers, unit_id=unit) and viewer.actor_id not in agreed
    return WaitingView(
        id=row["id"], kind=row["kind"], subject_id=row["subject_id"], case_id=row["case_id"],
        case_number=row["case_number"] or "", asked_by=row["asker"] or "this machine", asked_at=row["asked_at"],
        expires_at=row["expires_at"], reason_code=row["reason_code"], needed=row["needed"],
        agreed=tuple(names.get(one, "") for one in agreed), rows=row["subject"].get("rows"), is_mine=is_mine,
        person_id=UUID(said["actor_id"]) if said["actor_id"] and can(viewer, Action.MANAGE_PEOPLE) else None,
        person=names.get(UUID(said["actor_id"]), "") if said["actor_id"] else "",
        unit=names.get(UUID(said["unit_id"]), "") if said["unit_id"] else "", role=said["role"], waits_for=waits_for,
        role_ends_at=row["subject"].get("ends_at"),
        about=row["subject"].get("about", ""),
        may_answer=may and (not is_mine or rule.own_counts),
    )  # fmt: skip
