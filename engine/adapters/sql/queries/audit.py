"""What the audit tells: the auditor's lines, who looked at a case, and what happened as the person may read it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    String,
    Text,
    case,
    cast,
    func,
    literal,
    select,
    true,
    union_all,
)

from engine import views as vw
from engine.adapters.sql import tables as tb
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.sentences import Body, sentence
from engine.adapters.sql.queries.shape import ACTOR, CASE, EVENT, MEMBERSHIP, RUN, STEP
from engine.adapters.sql.queries.sight import access_to, is_narrowed
from engine.adapters.sql.visibility import visible_to
from engine.domain.case_number import written_number
from engine.domain.policy import Action, can, units_that_let
from engine.errors import NotAllowedError, NotFoundError
from engine.spec.sealed import SealedClass

_READ, _NOTED = tb.ReadingRow.metadata.tables["reading"], tb.ReadingRow.metadata.tables["audit_event"]
_KEPT_APART = "safeguarding"
_TOLD = frozenset(
    {
        "CaseOpened", "CaseClosed", "CaseReopened", "PersonAdded", "PersonIdentified", "PersonCorrected", "StepEnded",
        "StepCancelled", "ReferralOffered", "ReferralAccepted", "ReferralDeclined", "ReferralRecalled", "GlassBroken",
        "GlassConfirmed", "GlassEnded", "ConsentGiven", "ConsentWithdrawn",
    },
)  # fmt: skip
"""What the person is told of; time limits, ladders and what our people do among each other say nothing to them."""
_UNTOLD_PILLARS = frozenset({"policing"})
"""What our people do about the suspects: it would warn them."""
_OF_NOBODY = "ICMC"


def audit_lines(
    reading: Reading,
    viewer: vw.Viewer,
    *,
    sort: str,
    actor_id: UUID | None,
    number: str,
    since: datetime | None,
    until: datetime | None,
    offset: int,
    limit: int,
) -> tuple[vw.AuditLine, ...]:
    """List who did what when in the viewer's units, the latest first; raises `NotAllowedError`."""
    if not can(viewer, Action.SEE_AUDIT):
        raise NotAllowedError(actor=viewer.name, action=Action.SEE_AUDIT.value)
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
    rows = reading.rows(query.order_by(found.c.at.desc(), found.c.what, found.c.number).offset(offset).limit(limit))
    return tuple(
        vw.AuditLine(
            at=row["at"], actor=row["name"] or _OF_NOBODY, actor_id=row["actor_id"], what=row["what"],
            classes=tuple(row["classes"]), roles=tuple(row["roles"]), case_number=row["number"],
        )
        for row in rows
    )  # fmt: skip


def readers(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.ReaderLine, ...]:
    """List who looked at a case, day by day, the latest first; only its own unit is told.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    if is_narrowed(access_to(reading, viewer, case_id)):
        raise NotFoundError(kind="case")
    _require(reading, viewer, case_id, Action.SEE_READINGS)
    zone = _zone(reading, viewer, case_id)
    rows = reading.rows(
        select(_READ.c.at, _READ.c.what, _READ.c.roles, _READ.c.actor_id, ACTOR.c.name)
        .select_from(_READ.outerjoin(ACTOR, ACTOR.c.id == _READ.c.actor_id))
        .where(_READ.c.case_id == case_id)
        .order_by(_READ.c.at.desc(), _READ.c.seq.desc())
        .limit(2_000)
    )
    groups: dict[tuple[str, UUID | None], list[Row]] = defaultdict(list)
    for row in rows:
        groups[f"{row['at'].astimezone(zone):%Y-%m-%d}", row["actor_id"]].append(row)
    return tuple(
        vw.ReaderLine(
            day=day, actor=mine[0]["name"] or _OF_NOBODY, roles=tuple(mine[0]["roles"]), times=len(mine),
            what=tuple(sorted({row["what"] for row in mine})), last_at=mine[0]["at"],
        )
        for (day, _), mine in groups.items()
    )  # fmt: skip


def account(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.AccountLine, ...]:
    """Tell what happened in a case as the person may read it: what, when, by which role; no name of anybody.

    What tells of informants or of what is done about suspects is left out, and what somebody typed is never quoted.
    Raises `NotFoundError`, `NotAllowedError`.
    """
    _require(reading, viewer, case_id, Action.READ_HISTORY)
    return tuple(sorted((*_happened(reading, case_id), *_looked_at(reading, case_id)), key=lambda line: line.at))


def _happened(reading: Reading, case_id: UUID) -> Iterator[vw.AccountLine]:
    titles, hidden = _safe_titles(reading, case_id)
    roles = _roles(reading, case_id)
    rows = reading.rows(
        select(EVENT.c.at, EVENT.c.type, EVENT.c.body, EVENT.c.actor_id)
        .where(EVENT.c.case_id == case_id, EVENT.c.type.in_(sorted(_TOLD)))
        .order_by(EVENT.c.seq)
    )
    for row in rows:
        part = row["body"].get("step") or row["body"]
        step_id = str(part.get("step_id") or part.get("id") or "")
        if step_id not in hidden:
            name = titles.get(step_id, "")
            text = sentence(row["type"], row["body"], partial(_named, name))
            yield vw.AccountLine(at=row["at"], role=roles.get(row["actor_id"], ""), text=text)


def _named(name: str, _body: Body) -> str:
    return name


def _looked_at(reading: Reading, case_id: UUID) -> Iterator[vw.AccountLine]:
    """Tell once for each day and role that what identifies people was looked at."""
    rows = reading.rows(
        select(_READ.c.at, _READ.c.roles)
        .where(_READ.c.case_id == case_id, _READ.c.classes != cast([], ARRAY(Text())))
        .order_by(_READ.c.seq)
    )
    seen = set()
    for row in rows:
        role = row["roles"][0] if row["roles"] else ""
        if (row["at"].date(), role) not in seen:
            seen.add((row["at"].date(), role))
            yield vw.AccountLine(at=row["at"], role=role, text="What you told, or who you are, was looked at.")


def _safe_titles(reading: Reading, case_id: UUID) -> tuple[dict[str, str], set[str]]:
    """Give the titles of steps in published words, and the steps of which the person is not told."""
    rows = reading.rows(
        select(STEP.c.id, STEP.c.key, STEP.c.uses, STEP.c.added, RUN.c.definition_hash)
        .select_from(STEP.join(RUN, RUN.c.id == STEP.c.run_id))
        .where(STEP.c.case_id == case_id)
    )
    titles, hidden = {}, set()
    for row in rows:
        step_type = reading.known.step_type(row["uses"])
        classes = {spec.sealed_class for spec in step_type.fields} if step_type else set()
        if SealedClass.INFORMANTS in classes or row["uses"].partition(".")[0] in _UNTOLD_PILLARS:
            hidden.add(str(row["id"]))
        published = "" if row["added"] else row["definition_hash"]
        titles[str(row["id"])] = reading.known.title(published, row["key"], row["uses"], None)
    return titles, hidden


def _roles(reading: Reading, case_id: UUID) -> dict[UUID, str]:
    """Give one role of each who acted in a case: that of the case's own unit before another one's."""
    rows = reading.rows(
        select(MEMBERSHIP.c.actor_id, MEMBERSHIP.c.role)
        .select_from(MEMBERSHIP.join(CASE, CASE.c.id == case_id))
        .where(MEMBERSHIP.c.actor_id.in_(select(EVENT.c.actor_id).where(EVENT.c.case_id == case_id)))
        .order_by((MEMBERSHIP.c.unit_id == CASE.c.unit_id), MEMBERSHIP.c.role.desc())
    )
    return {row["actor_id"]: row["role"] for row in rows}


def _readings(reading: Reading, viewer: vw.Viewer) -> Select[tuple[object, ...]]:
    return (
        select(
            _READ.c.at, _READ.c.actor_id, func.concat("read: ", _READ.c.what).label("what"),
            _READ.c.classes, _READ.c.roles, CASE.c.number.label("number"),
        )
        .select_from(_READ.join(CASE, CASE.c.id == _READ.c.case_id))
        .where(visible_to(viewer, now=reading.now), _in_units(viewer))
    )  # fmt: skip


def _in_units(viewer: vw.Viewer) -> ColumnElement[bool]:
    return true() if viewer.is_system else CASE.c.unit_id.in_(sorted(units_that_let(viewer, Action.SEE_AUDIT)))


def _notes(viewer: vw.Viewer, sort: str) -> Select[tuple[object, ...]]:
    body, none = _NOTED.c.body, cast([], ARRAY(Text()))
    refused = func.concat("refused: ", body["what"].astext, " (", body["code"].astext, ")")
    named = func.concat(_NOTED.c.stream, ": ", _NOTED.c.type)
    what = cast(case((_NOTED.c.type == "Refused", refused), else_=named), String()).label("what")
    query = select(
        _NOTED.c.at, _NOTED.c.actor_id, what, none.label("classes"), none.label("roles"), literal("").label("number")
    ).where(_NOTED.c.stream != _KEPT_APART)
    if not viewer.is_system:
        units = sorted(units_that_let(viewer, Action.SEE_AUDIT))
        query = query.where(
            _NOTED.c.actor_id.in_(select(MEMBERSHIP.c.actor_id).where(MEMBERSHIP.c.unit_id.in_(units)))
        )  # fmt: skip
    if sort == "refusals":
        return query.where(_NOTED.c.type == "Refused")
    return query.where(_NOTED.c.type != "Refused") if sort == "others" else query


def _require(reading: Reading, viewer: vw.Viewer, case_id: UUID, action: Action) -> None:
    seen = select(CASE.c.id).where(CASE.c.id == case_id, visible_to(viewer, now=reading.now))
    if reading.first(seen) is None:
        raise NotFoundError(kind="case")
    if not can(viewer, action, access=access_to(reading, viewer, case_id)):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def _zone(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> ZoneInfo:
    query = select(RUN.c.zone).where(RUN.c.case_id == case_id).order_by(RUN.c.started_at, RUN.c.id).limit(1)
    row = reading.first(query)
    return ZoneInfo(row["zone"] if row else viewer.zone)
