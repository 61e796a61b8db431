"""The answer to "why this date?" for one deadline of a case, with who is told when."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, or_, select

from engine import views as vw
from engine.adapters.sql.queries.answers import said
from engine.adapters.sql.queries.deadlines import deadline_views, record_of, select_deadlines, term_of
from engine.adapters.sql.queries.known import in_plain_words
from engine.adapters.sql.queries.ledger import escalation_views, select_escalations, select_told
from engine.adapters.sql.queries.persons import positions
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import CASE, DEADLINE, ESCALATION, INTERVAL, MESSAGE, OPENING, STEP, UNIT
from engine.adapters.sql.visibility import visible_to
from engine.domain.compiled import CompiledStep, CompiledTime
from engine.domain.explain_time import explain
from engine.domain.firings import BREACH, schedule
from engine.domain.library import Library
from engine.domain.limit_reasons import reason_words
from engine.domain.reckoning import given, pauses_of, reckoned
from engine.domain.records import Deadline, DeadlineStatus, Interval, Purpose
from engine.domain.said import said_at
from engine.errors import CalendarMissingError, NotFoundError
from engine.spec.ladders import Ladder, Level
from engine.spec.law import LawLimit
from engine.spec.limits import TimeLimit


def explanation(reading: Reading, viewer: vw.Viewer, deadline_id: UUID) -> vw.ExplanationView:
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
    deadline, library = record_of(row), reading.known.library()
    view = deadline_views(reading, [row], positions(reading, {row["case_id"]}))[0]
    return vw.ExplanationView(
        case_id=row["case_id"],
        case_number=row["case_number"],
        zone=row["unit_zone"],
        deadline=view,
        lines=_lines(reading, row, deadline, library),
        planned=_planned(deadline, library),
        told=_told(reading, view, library),
        viewer_was_told=_was_told(reading, viewer, deadline_id),
        is_kept_by_viewer=viewer.is_system or row["unit_id"] in viewer.unit_ids,
    )


def explanations(reading: Reading, viewer: vw.Viewer, case_id: UUID, step: str) -> tuple[vw.ExplanationView, ...]:
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
    return tuple(explanation(reading, viewer, row["id"]) for row in rows)


def _was_told(reading: Reading, viewer: vw.Viewer, deadline_id: UUID) -> bool:
    told = ESCALATION.c.recipient_ids.contains([viewer.actor_id])
    return reading.first(select(ESCALATION.c.id).where(ESCALATION.c.deadline_id == deadline_id, told)) is not None


def _told(reading: Reading, view: vw.DeadlineView, library: Library) -> tuple[vw.EscalationView, ...]:
    rows = reading.rows(select_escalations().where(ESCALATION.c.deadline_id == view.id))
    ids = [row["id"] for row in rows]
    told = reading.rows(select_told().where(MESSAGE.c.escalation_id.in_(ids))) if ids else []
    opened = [row["step_id"] for row in rows if row["step_id"]]
    steps = reading.rows(select(STEP.c.id, STEP.c.added, STEP.c.uses).where(STEP.c.id.in_(opened))) if opened else []
    titles = {step["id"]: str((step["added"] or {}).get("title", step["uses"])) for step in steps}
    return escalation_views(rows, told, titles={view.id: view.step_title}, steps=titles, library=library)


def _planned(deadline: Deadline, library: Library) -> tuple[vw.PlannedView, ...]:
    try:
        points = schedule(deadline, library)
    except CalendarMissingError:
        return ()
    ladder = library.ladders.get(deadline.ladder)
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


def _lines(reading: Reading, row: Row, deadline: Deadline, library: Library) -> tuple[vw.ReasonView, ...]:
    law = library.law(deadline.law, on=row["run_started_at"].date()) if deadline.law else None
    time = _time_of(reading.known.step(row["definition_hash"], row["key"]), deadline)
    names = _excluded_names(row, deadline, time, law)
    on, jurisdiction = row["run_started_at"].date(), row["jurisdiction"]
    told = [one for one in _intervals(reading, deadline.step_id) if one.name in names]
    calendar = library.calendars.get(deadline.calendar or "")
    try:
        reasons = explain(
            deadline.started_at, TimeLimit(deadline.limit), zone=deadline.zone, calendar=calendar,
            excluded=[*deadline.excluded, *(one for one in told if one.end is None)],
            event=_event(reading, row, deadline, time, law),
            source=term_of(deadline.law, on=on, jurisdiction=jurisdiction, library=library),
        )  # fmt: skip
    except CalendarMissingError as error:
        return (_said(str(error)), _kept(deadline))
    lines = [_said(reason.text, reason.kind.value, reason.instant) for reason in reasons[:-1]]
    lines += [_without_place(one, deadline) for one in told if one.end is not None and not _is_left_out(one, deadline)]
    lines += _changes(deadline)
    due = reasons[-1].instant if not (pauses_of(deadline) or given(deadline)) else reckoned(deadline, library).due_at
    lines.append(_due(due or deadline.due_at, deadline))
    lines += [] if due == deadline.due_at else [_kept(deadline)]
    return tuple(lines) if deadline.breached_at is None else (*lines, _breach(deadline))


def _due(at: datetime, deadline: Deadline) -> vw.ReasonView:
    return _said(f"So it is due: {said_at(at, ZoneInfo(deadline.zone))}.", "due", at)


def _is_left_out(interval: Interval, deadline: Deadline) -> bool:
    return any((one.name, one.start) == (interval.name, interval.start) for one in deadline.excluded)


def _without_place(interval: Interval, deadline: Deadline) -> vw.ReasonView:
    name, zone = in_plain_words(interval.name), ZoneInfo(deadline.zone)
    text = f"{name} from {said_at(interval.start, zone)} counts: where it led was not told, and the law asks for that."
    return _said(text, "not_excluded", interval.start)


def _changes(deadline: Deadline) -> list[vw.ReasonView]:
    """Say what was paused and what more time was asked for; the law knows neither."""
    zone = ZoneInfo(deadline.zone)
    lines = []
    for pause in pauses_of(deadline):
        span = f"from {said_at(pause.start, zone)} to {said_at(pause.until, zone)}"
        lines.append(_said(f"It stood still {span}: {reason_words(pause.reason_code)}.", "pause", pause.start))
    for wish in () if deadline.law else deadline.extensions:
        answer = "given" if wish.is_approved else "refused" if wish.answered_at else "not answered yet, so not counted"
        more = f"{TimeLimit(wish.more).in_words()} more ({reason_words(wish.reason_code)})"
        text = f"On {said_at(wish.asked_at, zone)} somebody asked for {more}: {answer}."
        lines.append(_said(text, "extension", wish.asked_at))
    return lines


def _said(text: str, kind: str = "note", instant: datetime | None = None) -> vw.ReasonView:
    return vw.ReasonView(kind=kind, text=text, instant=instant)


def _kept(deadline: Deadline) -> vw.ReasonView:
    """Say what stands in the case when today's definitions would give another date."""
    text = (
        f"The case keeps {said(deadline.due_at, deadline.zone)}: what it was counted by has changed since, "
        "and the next change in the case counts it again."
    )
    return _said(text, "kept", deadline.due_at)


def _breach(deadline: Deadline) -> vw.ReasonView:
    at = deadline.breached_at or deadline.due_at
    return _said(f"It passed unmet: {said(at, deadline.zone)}.", "breach", at)


def _time_of(step: CompiledStep | None, deadline: Deadline) -> CompiledTime | None:
    """Find the time limit of the definition that a deadline is an instance of."""
    if step is None or deadline.purpose is not Purpose.LIMIT:
        return None
    same = (
        time
        for time in step.times
        if (time.spec.law, time.spec.ladder) == (deadline.law, deadline.ladder)
        and (time.limit is None or str(time.limit) == deadline.limit)
    )
    return next(same, None)


def _excluded_names(row: Row, deadline: Deadline, time: CompiledTime | None, law: LawLimit | None) -> frozenset[str]:
    if deadline.purpose is Purpose.APPROVAL:
        return frozenset()
    named = time.spec.exclude if time else tuple((row["added"] or {}).get("exclude", ()))
    return frozenset(named or (law.excludes if law else ()))


def _intervals(reading: Reading, step_id: UUID) -> list[Interval]:
    columns = [INTERVAL.c[name] for name in Interval.model_fields]
    rows = reading.rows(select(*columns).where(INTERVAL.c.step_id == step_id).order_by(INTERVAL.c.start))
    return [Interval.model_validate(dict(row)) for row in rows]


def _event(reading: Reading, row: Row, deadline: Deadline, time: CompiledTime | None, law: LawLimit | None) -> str:
    """Say in words what started the limit."""
    if deadline.purpose is Purpose.APPROVAL:
        return "the answer that waits for approval"
    start = time.spec.from_ if time else "ready"
    if start == "start":
        return "the start of the case"
    if start == "ready":
        return _event_of_law(reading, row, deadline, law) or "the opening of this step"
    step = reading.known.step(row["definition_hash"], time.start_step or "") if time else None
    if step is None:
        return in_plain_words(start).lower()
    if time is None or time.start_field is None:
        return f"the end of “{step.title}”"
    label = next((f.label for f in reading.known.fields(step.spec.uses, step) if f.name == time.start_field), None)
    return f"“{step.title}”, {label or in_plain_words(time.start_field)}"


def _event_of_law(reading: Reading, row: Row, deadline: Deadline, law: LawLimit | None) -> str | None:
    starts = law.starts if law else ()
    if "start" in starts and deadline.started_at == row["run_started_at"]:
        return "the start of the case"
    ended = reading.first(
        select(STEP.c.key, STEP.c.uses, STEP.c.added).where(
            STEP.c.run_id == deadline.run_id, STEP.c.uses.in_(starts), STEP.c.ended_at == deadline.started_at
        )
    )
    if ended is None:
        return None
    title = reading.known.title(row["definition_hash"], ended["key"], ended["uses"], ended["added"])
    return f"the end of “{title}”"
