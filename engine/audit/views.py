"""What the audit tells: the auditor's lines, and who looked at a case."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, ColumnElement, Select, String, Text, case, cast, func, literal, select, true, union_all

from engine.audit.records import AuditLine, ReaderLine
from engine.cases.records import written_number
from engine.cases.views.sight import require_whole
from engine.cases.visibility import visible_to
from engine.core.policy import Action, Viewer, require, units_that_let
from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, CASE, MEMBERSHIP, RUN
from engine.db.tables import TABLES
from engine.language.names import in_running_words

_READ, _NOTED = TABLES["reading"], TABLES["audit_event"]
_KEPT_APART = ("safeguarding", "rows")
_OF_NOBODY = "ICMC"


def audit_lines(
    reading: Reading,
    viewer: Viewer,
    *,
    sort: str = "",
    actor_id: UUID | None = None,
    number: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    offset: int = 0,
    limit: int = 100,
) -> tuple[AuditLine, ...]:
    """List who did what when in the viewer's units, the latest first; raises `NotAllowedError`."""
    require(viewer, Action.SEE_AUDIT)
    parts = []
    if sort in {"", "readings"}:
        parts.append(_readings(reading, viewer))
    if sort in {"", "refusals", "others"} and not number:
        parts.append(_notes(viewer, sort))
    found = union_all(*parts or [_readings(reading, viewer)]).subquery()
    query = select(found, ACTOR.c.name).select_from(found.outerjoin(ACTOR, ACTOR.c.id == found.c.actor_id))
    if actor_id is not None:
        query = query.where(found.c.actor_id == actor_id)
    if number:
        query = query.where(found.c.number == written_number(number))
    if since is not None:
        query = query.where(found.c.at >= since)
    if until is not None:
        query = query.where(found.c.at < until)
    rows = reading.rows(
        query.order_by(found.c.at.desc(), found.c.what, found.c.number).offset(offset).limit(few(limit))
    )
    return tuple(
        AuditLine(
            at=row["at"], actor=row["name"] or _OF_NOBODY, actor_id=row["actor_id"], what=row["what"],
            classes=tuple(row["classes"]), roles=tuple(row["roles"]), case_number=row["number"],
        )
        for row in rows
    )  # fmt: skip


def readers(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[ReaderLine, ...]:
    """List who looked at a case, day by day, the latest first; only its own unit is told.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    require_whole(reading, viewer, case_id, Action.SEE_READINGS)
    zone = case_zone(reading, viewer, case_id)
    rows = reading.rows(
        select(_READ.c.at, _READ.c.what, _READ.c.roles, _READ.c.actor_id, ACTOR.c.name)
        .select_from(_READ.outerjoin(ACTOR, ACTOR.c.id == _READ.c.actor_id))
        .where(_READ.c.case_id == case_id)
        .order_by(_READ.c.at.desc(), _READ.c.seq.desc())
        .limit(few(2_000))
    )
    groups: dict[tuple[str, UUID | None], list[Row]] = defaultdict(list)
    for row in rows:
        groups[f"{row['at'].astimezone(zone):%Y-%m-%d}", row["actor_id"]].append(row)
    return tuple(
        ReaderLine(
            day=day, actor=mine[0]["name"] or _OF_NOBODY, roles=tuple(mine[0]["roles"]), times=len(mine),
            what=tuple(sorted({in_running_words(row["what"]) for row in mine})), last_at=mine[0]["at"],
        )
        for (day, _), mine in groups.items()
    )  # fmt: skip


def case_zone(reading: Reading, viewer: Viewer, case_id: UUID) -> ZoneInfo:
    """Return the zone in which the days of a case are counted."""
    query = select(RUN.c.zone).where(RUN.c.case_id == case_id).order_by(RUN.c.started_at, RUN.c.id).limit(few(1))
    row = reading.first(query)
    return ZoneInfo(row["zone"] if row else viewer.zone)


def _readings(reading: Reading, viewer: Viewer) -> Select[tuple[object, ...]]:
    return (
        select(
            _READ.c.at, _READ.c.actor_id, func.concat("read: ", _READ.c.what).label("what"),
            _READ.c.classes, _READ.c.roles, CASE.c.number.label("number"),
        )
        .select_from(_READ.join(CASE, CASE.c.id == _READ.c.case_id))
        .where(visible_to(viewer, now=reading.present), _in_units(viewer))
    )  # fmt: skip


def _in_units(viewer: Viewer) -> ColumnElement[bool]:
    return true() if viewer.is_system else CASE.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_AUDIT)))


def _notes(viewer: Viewer, sort: str) -> Select[tuple[object, ...]]:
    body, none = _NOTED.c.body, cast([], ARRAY(Text()))
    refused = func.concat("refused: ", body["what"].astext, " (", body["code"].astext, ")")
    named = func.concat(_NOTED.c.stream, ": ", _NOTED.c.type)
    what = cast(case((_NOTED.c.type == "Refused", refused), else_=named), String()).label("what")
    query = select(
        _NOTED.c.at, _NOTED.c.actor_id, what, none.label("classes"), none.label("roles"), literal("").label("number")
    ).where(_NOTED.c.stream.not_in(_KEPT_APART))
    if not viewer.is_system:
        units = sorted(units_that_let(viewer, Action.SEE_AUDIT))
        query = query.where(
            _NOTED.c.actor_id.in_(select(MEMBERSHIP.c.actor_id).where(MEMBERSHIP.c.unit_id.in_(units)))
        )  # fmt: skip
    if sort == "refusals":
        return query.where(_NOTED.c.type == "Refused")
    return query.where(_NOTED.c.type != "Refused") if sort == "others" else query
