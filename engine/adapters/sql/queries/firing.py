"""How the firing of deadlines goes: how late it comes, what was set aside, and what the auditor found."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal, select, text

from engine import views as vw
from engine.adapters.sql.queries.items import late_from
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import AUDIT, CASE, DEADLINE, DEADLINE_IS_OPEN, ESCALATION, INSTALLATION

WORK_FOR_A_PERSON: Final = 5
"""A deadline that failed so often is shown to those who keep the system running."""
BUCKETS: Final = (1, 2, 5, 30, 120, 900, 3600)
"""The upper ends of the histogram, in seconds."""
_DAY = timedelta(days=1)
_LINES = 100
_FIRING = "firing"


def firing(reading: Reading, of_units: ColumnElement[bool]) -> vw.FiringView:
    """Give how firing goes, over the last day; deadlines are named of those units alone."""
    listed = aside(reading, of_units)
    return vw.FiringView(
        jump=clock_jump(reading), lag=timer_lag(reading), audit=last_audit(reading), aside=listed,
        aside_count=len(listed) if len(listed) < _LINES else reading.count(_aside(of_units, func.count())),
    )  # fmt: skip


def clock_jump(reading: Reading) -> vw.ClockJump | None:
    """Give the jump of the clock for which firing is paused; None while it is not."""
    row = reading.first(select(INSTALLATION.c.value).where(INSTALLATION.c.key == _FIRING))
    state = row["value"] if row else {}
    if state.get("state") != "paused":
        return None
    return vw.ClockJump.model_validate({name: state[name] for name in vw.ClockJump.model_fields})


def timer_lag(reading: Reading) -> tuple[vw.LagBucket, ...]:
    """Count the levels and the breaches of the last day by how many seconds after their instant they came."""
    since = reading.now - _DAY
    levels = _counts(reading, ESCALATION, ESCALATION.c.fired_at, ESCALATION.c.planned_at, ESCALATION.c.fired_at > since)
    breaches = _counts(
        reading, DEADLINE, DEADLINE.c.discovered_at, late_from(DEADLINE),
        (DEADLINE.c.discovered_at > since) & DEADLINE.c.breached_at.is_not(None),
    )  # fmt: skip
    return tuple(
        vw.LagBucket(at_most_seconds=end, levels=levels.get(number, 0), breaches=breaches.get(number, 0))
        for number, end in enumerate((*BUCKETS, None))
    )


def last_audit(reading: Reading) -> vw.EscalationAudit | None:
    """Give what the auditor found last; None before its first pass."""
    row = reading.first(select(AUDIT).order_by(AUDIT.c.at.desc()).limit(1))
    if row is None:
        return None
    checked = select(func.coalesce(func.sum(AUDIT.c.checked), 0)).where(AUDIT.c.at > reading.now - _DAY)
    return vw.EscalationAudit(
        checked_at=row["at"],
        checked=row["checked"],
        checked_in_a_day=reading.count(checked),
        problems=tuple(vw.AuditProblem.model_validate(problem) for problem in row["problems"]),
    )


def aside(reading: Reading, of_units: ColumnElement[bool]) -> tuple[vw.AsideDeadline, ...]:
    """List the deadlines that could not be fired again and again, the most often failed first."""
    rows = reading.rows(
        _aside(
            of_units, DEADLINE.c.id, DEADLINE.c.case_id, CASE.c.number.label("case_number"),
            DEADLINE.c.key.label("step_key"), DEADLINE.c.failures, DEADLINE.c.held_until,
        )
        .order_by(DEADLINE.c.failures.desc(), DEADLINE.c.id)
        .limit(_LINES)
    )  # fmt: skip
    return tuple(vw.AsideDeadline.model_validate(dict(row)) for row in rows)


def _aside(of_units: ColumnElement[bool], *columns: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*columns)
        .select_from(DEADLINE.join(CASE, CASE.c.id == DEADLINE.c.case_id))
        .where(DEADLINE_IS_OPEN, of_units, text(f"deadline.failures >= {WORK_FOR_A_PERSON}"))
    )


def _counts(
    reading: Reading,
    table: FromClause,
    came_at: ColumnElement[object],
    planned_at: ColumnElement[datetime],
    condition: ColumnElement[bool],
) -> dict[int, int]:
    lag = func.extract("epoch", came_at - planned_at)
    bucket = case(*((lag <= end, literal(number)) for number, end in enumerate(BUCKETS)), else_=literal(len(BUCKETS)))
    rows = reading.rows(
        select(bucket.label("bucket"), func.count().label("count"))
        .select_from(table)
        .where(condition)
        .group_by(text("1"))
    )
    return {row["bucket"]: row["count"] for row in rows}
