"""The answer to "why this date?" for one deadline of a case, with who is told when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, cast, or_, select

from engine import views as vw
from engine.adapters.sql.queries.deadlines import deadline_views, record_of, select_deadlines
from engine.adapters.sql.queries.ledger import escalation_views, select_escalations, select_told
from engine.adapters.sql.queries.persons import positions
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.reasons import reasons, stretches
from engine.adapters.sql.queries.shape import CASE, DEADLINE, ESCALATION, MESSAGE, OPENING, STEP, UNIT
from engine.adapters.sql.queries.sight import access_to, is_narrowed
from engine.adapters.sql.visibility import visible_to
from engine.domain.access import CaseAccess
from engine.domain.firings import BREACH, schedule
from engine.domain.library import Library
from engine.domain.narrowing import OPERATIONAL, covers, shows_step
from engine.domain.policy import Action, can
from engine.domain.records import Deadline, DeadlineStatus, StepInterval
from engine.errors import CalendarMissingError, NotFoundError
from engine.spec.ladders import Ladder, Level
from engine.spec.plain_words import in_plain_words


def explain_deadline(reading: Reading, viewer: vw.Viewer, deadline_id: UUID) -> vw.ExplanationView:
    """Say line by line why a deadline falls when it falls, and who is told when; raises `NotFoundError`."""
    row = reading.first(
        select_deadlines()
        .add_columns(CASE.c.number.label("case_number"), UNIT.c.zone.label("unit_zone"))
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(DEADLINE.c.id == deadline_id, DEADLINE.c.purpose != OPENING, visible_to(viewer, now=reading.now))
    )
    if row is None:
        raise NotFoundError(kind="deadline")
    access = access_to(reading, viewer, row["case_id"], kind="deadline")
    if not shows_step(access, row["step_id"], row["path"]):
        raise NotFoundError(kind="deadline")
    deadline, library = record_of(row), reading.known.library()
    view = deadline_views(reading, [row], positions(reading, {row["case_id"]}))[0]
    return vw.ExplanationView(
        case_id=row["case_id"],
        case_number=row["case_number"],
        zone=row["unit_zone"],
        deadline=view if not is_narrowed(access) else view.model_copy(update={"calls": ()}),
        lines=reasons(reading, row, deadline, library, tells=_may_read(viewer, access)),
        stretches=tuple(_recorded(one) for one in stretches(reading, row, deadline, library)),
        planned=_planned(deadline, library),
        told=_told(reading, view, library, is_whole=not is_narrowed(access)) if covers(access, OPERATIONAL) else (),
        viewer_was_told=_was_told(reading, viewer, deadline_id),
        is_kept_by_viewer=viewer.is_system or row["unit_id"] in viewer.unit_ids,
    )


def explain_step(reading: Reading, viewer: vw.Viewer, case_id: UUID, step: str) -> tuple[vw.ExplanationView, ...]:
    """Explain every deadline of a step, which is named by its id or by its key; raises `NotFoundError`."""
    named = or_(DEADLINE.c.key == step, cast(DEADLINE.c.step_id, String) == step.lower())
    rows = reading.rows(
        select(DEADLINE.c.id)
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(CASE.c.id == case_id, named, DEADLINE.c.purpose != OPENING, visible_to(viewer, now=reading.now))
        .order_by(DEADLINE.c.due_at, DEADLINE.c.id)
    )
    if not rows:
        raise NotFoundError(kind=f"time limit of a step {step}")
    return tuple(explain_deadline(reading, viewer, row["id"]) for row in rows)


def _may_read(viewer: vw.Viewer, access: CaseAccess) -> bool:
    return not is_narrowed(access) and can(viewer, Action.READ_ANSWERS, access=access)


def _was_told(reading: Reading, viewer: vw.Viewer, deadline_id: UUID) -> bool:
    told = ESCALATION.c.recipient_ids.contains([viewer.actor_id])
    return reading.first(select(ESCALATION.c.id).where(ESCALATION.c.deadline_id == deadline_id, told)) is not None


def _told(
    reading: Reading, view: vw.DeadlineView, library: Library, *, is_whole: bool
) -> tuple[vw.EscalationView, ...]:
    rows = reading.rows(select_escalations().where(ESCALATION.c.deadline_id == view.id))
    ids = [row["id"] for row in rows]
    told = reading.rows(select_told().where(MESSAGE.c.escalation_id.in_(ids))) if ids else []
    opened = [row["step_id"] for row in rows if row["step_id"]]
    steps = reading.rows(select(STEP.c.id, STEP.c.added, STEP.c.uses).where(STEP.c.id.in_(opened))) if opened else []
    titles = {step["id"]: reading.known.title("", "", step["uses"], step["added"]) for step in steps}
    calls = {view.id: view.calls} if is_whole else {}
    return escalation_views(rows, told, titles={view.id: view.step_title}, steps=titles, library=library, calls=calls)


def _planned(deadline: Deadline, library: Library) -> tuple[vw.PlannedView, ...]:
    try:
        points = schedule(deadline, library)
    except CalendarMissingError:
        return ()
    ladder = library.ladder_of(deadline)
    return tuple(_point(deadline, ladder, at, name) for at, name in points)


def _point(deadline: Deadline, ladder: Ladder | None, at: datetime, name: str) -> vw.PlannedView:
    level = _level_of(ladder, name)
    kind = "level" if level else "breach" if name == BREACH else "warning"
    is_over = deadline.status is not DeadlineStatus.OPEN or (kind == "warning" and BREACH in deadline.fired)
    return vw.PlannedView(
        name=name,
        kind=kind,
        at=at,
        fired_at=deadline.raised.get(name) or (_breach_written_at(deadline) if kind == "breach" else None),
        state="fired" if name in deadline.fired else "passed_over" if is_over else "planned",
        to=level.to.in_words() if level else "whoever has the work",
        channels=tuple(channel.value for channel in level.channels) if level else (),
    )


def _breach_written_at(deadline: Deadline) -> datetime | None:
    return deadline.discovered_at or deadline.breached_at


def _level_of(ladder: Ladder | None, name: str) -> Level | None:
    if ladder is None or not name.startswith("l:"):
        return None
    number = int(name.removeprefix("l:").partition(".")[0])
    return ladder.levels[number - 1] if number <= len(ladder.levels) else None


def _recorded(one: StepInterval) -> vw.StretchView:
    return vw.StretchView(name=in_plain_words(one.name), start=one.start, end=one.end, has_place=one.has_place)
