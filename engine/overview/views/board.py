"""The admin's board: what runs, waits, is late, failed or is stuck, by ids and states only."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    String,
    Table,
    cast,
    distinct,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from engine.cases.visibility import chosen_units, late_by, late_from, not_denied
from engine.core.policy import Action, Viewer, board_units, can, require
from engine.db.reading import Reading, Row, few
from engine.db.shape import (
    ACTOR,
    CASE,
    CASE_IS_OPEN,
    DEADLINE,
    DEADLINE_IS_OPEN,
    DELIVERY,
    DELIVERY_IS_DEAD,
    ESCALATION,
    INSTALLATION,
    ITEM,
    ITEM_IS_OPEN,
    JOB,
    JOB_HAS_FAILED,
    JOB_IS_READY,
    JOB_IS_TRIED_AGAIN,
    OPENING,
    PEER_HUB,
    SERVICE,
)
from engine.errors import NotFoundError
from engine.jobs.records import JOBS_PAUSED, WORKER, Paused, Said, reasons
from engine.jobs.views import OF_A_STEP, job_view, select_jobs, stuck, unserved
from engine.overview.records import (
    BoardDay,
    BoardView,
    DownLineView,
    JobPauseView,
    JobView,
    PartsView,
    StuckView,
    WaitReasonView,
)
from engine.overview.views.running import STUCK_BY_DAY, firing, hours_since, parts, unreached
from engine.work.records import WorkItemView
from engine.work.views.items import first_by_deadline, item_views, select_items

_LINES = 100
_RECENT = 20
_DEADLINES = "deadlines"
_FALLBACK = "fallback"
_HELD = "held"
_IS_OF_A_STEP = JOB.c.kind.in_(OF_A_STEP)
_TWO_WEEKS = 14
_BY_DAY: Final[Mapping[str, tuple[Column[Any], ColumnElement[bool]]]] = {
    "opened": (CASE.c.opened_at, true()),
    "closed": (CASE.c.closed_at, true()),
    "missed": (DEADLINE.c.discovered_at, DEADLINE.c.purpose != OPENING),
    "raised": (ESCALATION.c.fired_at, true()),
    "done": (JOB.c.finished_at, JOB.c.flow_run_id.is_not(None)),
    "failed": (JOB.c.finished_at, JOB.c.error_code.is_not(None)),
    "begun": (ITEM.c.opened_at, true()),
    "ended": (ITEM.c.ended_at, true()),
}
"""What is counted for each day, by the instant (UTC) that says which."""
_AGE = func.extract("epoch", func.clock_timestamp() - SERVICE.c.noted_at).label("age")


def admin_board(reading: Reading, viewer: Viewer, *, with_days: bool = False) -> BoardView:
    """Return the board of the viewer's units, of all units to who keeps the system running.

    `with_days` asks for what the last two weeks brought too: who only looks for trouble each minute has no use for it.
    Raises `NotAllowedError` for those whose roles do not include it.
    """
    scope = _scope_of(viewer)
    counts = reading.soon(_counts, reading, scope)
    shown = {name: reading.soon(ask, reading, scope) for name, ask in _SHOWN.items()}
    paused = reading.soon(_paused, reading)
    jobs = reading.soon(_waiting_jobs, reading, scope)
    stuck_ones = reading.soon(stuck, reading, _of_units(CASE, scope), limit=_LINES)
    said = reading.soon(reading.rows, select(SERVICE, _AGE))
    days: Callable[[], Sequence[Mapping[str, Any]]] = reading.soon(_days, reading, scope) if with_days else tuple
    services = {row["name"]: row for row in said()}
    rest_on = with_days and can(viewer, Action.MEND)
    made_of: Callable[[], PartsView | None] = reading.soon(parts, reading, services) if rest_on else lambda: None
    deadlines, waiting, pause = services.get(_DEADLINES), jobs(), paused()
    stuck_cases, stuck_count = stuck_ones()
    return BoardView(
        **counts(),
        **{name: show() for name, show in shown.items()},
        days=tuple(_with_waiting(days(), counts()["open_items"])),
        parts=made_of(),
        stuck=stuck_cases,
        stuck_count=stuck_count,
        waiting_jobs=waiting["count"],
        oldest_waiting_job_at=waiting["oldest"],
        deadlines_last_pass_at=deadlines["noted_at"] if deadlines else None,
        deadlines_age=timedelta(seconds=float(deadlines["age"])) if deadlines else None,
        fallback_since=deadlines["since"] if deadlines and deadlines["state"] == _FALLBACK else None,
        why_jobs_wait=_why_jobs_wait(reading, services, waiting, counts()["held_count"], pause),
        pause=pause and JobPauseView(since=pause.since, by=pause.by, reason=pause.reason, is_told=pause.is_told),
    )


class _Scope(NamedTuple):
    """Whose board it is, and which units it counts: None for all."""

    viewer: Viewer
    units: frozenset[UUID] | None


def _scope_of(viewer: Viewer) -> _Scope:
    require(viewer, Action.SEE_BOARD)
    return _Scope(viewer, board_units(viewer))


def _of_units(table: Table, scope: _Scope) -> ColumnElement[bool]:
    """Return the condition for the units of a board, without the cases that are denied to its reader."""
    units = true() if scope.units is None else table.c.unit_id.in_(sorted(scope.units))
    case_id = table.c.id if table is CASE else table.c.case_id
    if table is DELIVERY:
        return units & or_(case_id.is_(None), not_denied(scope.viewer, case_id))
    return units & not_denied(scope.viewer, case_id)


def _counts(reading: Reading, scope: _Scope) -> Mapping[str, int]:
    """Count what lies and waits, by the names of the board."""
    counted = {
        "open_cases": (CASE, CASE_IS_OPEN),
        "open_items": (ITEM, ITEM_IS_OPEN),
        "failed_count": (JOB, JOB_HAS_FAILED),
        "dead_deliveries": (DELIVERY, DELIVERY_IS_DEAD),
        "held_count": (JOB, JOB.c.status == _HELD),
    }
    found = {
        name: reading.soon(
            reading.count, select(func.count()).select_from(table).where(condition, _of_units(table, scope))
        )
        for name, (table, condition) in counted.items()
    }
    return {name: count() for name, count in found.items()}


def _overdue(reading: Reading, scope: _Scope, *, offset: int = 0, limit: int = 0) -> tuple[WorkItemView, ...]:
    viewer, limit = scope.viewer, limit or _LINES
    most = offset + limit
    open_ones = ITEM_IS_OPEN & not_denied(viewer, ITEM.c.case_id)
    late = first_by_deadline(chosen_units(scope.units), open_ones, limit=most, before=reading.now, late=True)
    found = select_items(late.subquery("picked")).offset(offset).limit(few(limit))
    return item_views(reading, reading.rows(found), viewer)


def _count_overdue(reading: Reading, scope: _Scope) -> int:
    """Count the open items of which a limit is over, however many are listed."""
    is_late = late_by(DEADLINE.c.due_at, late_from(DEADLINE), reading.now)
    is_late &= DEADLINE_IS_OPEN & (DEADLINE.c.purpose != OPENING)
    return reading.count(
        select(func.count(distinct(ITEM.c.id)))
        .select_from(
            DEADLINE.join(ITEM, (ITEM.c.step_id == DEADLINE.c.step_id) & (ITEM.c.unit_id == DEADLINE.c.unit_id))
        )
        .where(is_late, ITEM_IS_OPEN, _of_units(DEADLINE, scope))
    )


def _waiting_for(reading: Reading, scope: _Scope) -> Mapping[str, int]:
    """Count the open items by candidate role; one that several roles may claim counts for each."""
    role = func.unnest(ITEM.c.candidate_roles).label("role")
    roles = select(role).where(ITEM_IS_OPEN, _of_units(ITEM, scope)).subquery("roles")
    rows = reading.rows(select(roles.c.role, func.count().label("items")).group_by(roles.c.role).order_by(roles.c.role))
    return {row["role"]: row["items"] for row in rows}


def _waiting_jobs(reading: Reading, scope: _Scope) -> Row:
    due = JOB.c.ready_at <= reading.now
    rows = reading.rows(
        select(
            func.count().label("count"),
            func.count().filter(due).label("due"),
            func.min(JOB.c.ready_at).filter(due).label("oldest"),
        ).where(JOB_IS_READY, _of_units(JOB, scope))
    )
    return rows[0]


def _paused(reading: Reading) -> Paused | None:
    """Return who paused automatic work, when and why; None while it goes on."""
    by = cast(ACTOR.c.id, String) == INSTALLATION.c.value["by"].astext
    asked = select(INSTALLATION.c.value, ACTOR.c.name).select_from(INSTALLATION.outerjoin(ACTOR, by))
    row = reading.first(asked.where(INSTALLATION.c.key == JOBS_PAUSED))
    if row is None or not row["value"]["is_on"]:
        return None
    kept = row["value"]
    return Paused(row["name"] or "", datetime.fromisoformat(kept["at"]), kept["reason_code"], kept["is_told"])


def _why_jobs_wait(
    reading: Reading, services: Mapping[str, Row], waiting: Row, held: int, paused: Paused | None
) -> tuple[WaitReasonView, ...]:
    """Say why jobs wait, from what the services last said; ages are by the clock of the database."""
    said = {
        name: Said(row["state"], row["since"], timedelta(seconds=max(float(row["age"]), 0.0)))
        for name, row in services.items()
    }
    workers = [one for name, one in said.items() if name.startswith(WORKER)]
    waits_for = reading.now - waiting["oldest"] if waiting["oldest"] else None
    found = reasons(said, due=waiting["due"], held=held, waits_for=waits_for, workers=workers, paused=paused)
    return tuple(WaitReasonView(**reason._asdict()) for reason in found)


_NEWEST_FIRST: Final = (JOB.c.finished_at.desc().nulls_first(), JOB.c.created_at.desc(), JOB.c.id)
_OLDEST_FIRST: Final = (JOB.c.ready_at, JOB.c.id)


def _jobs(condition: ColumnElement[bool], order: Sequence[Any] = _NEWEST_FIRST) -> Callable[..., tuple[JobView, ...]]:
    """Return what lists the jobs for which a condition holds, or a part of them."""

    def listed(reading: Reading, scope: _Scope, *, offset: int = 0, limit: int = 0) -> tuple[JobView, ...]:
        wanted = select_jobs().where(condition, _of_units(JOB, scope)).order_by(*order)
        return tuple(
            job_view(reading.known, row) for row in reading.rows(wanted.offset(offset).limit(few(limit or _LINES)))
        )

    return listed


def _with_waiting(days: Sequence[Mapping[str, Any]], open_items: int) -> Iterator[BoardDay]:
    """Add to each day how many work items were open at its end: those of now, without what was begun or ended since."""
    after = 0
    waiting = []
    for day in reversed(days):
        waiting.append(open_items - after)
        after += day.get("begun", 0) - day.get("ended", 0)
    for day, count in zip(days, reversed(waiting), strict=True):
        yield BoardDay(**{name: value for name, value in day.items() if name not in {"begun", "ended"}}, waiting=count)


def _days(reading: Reading, scope: _Scope) -> list[Mapping[str, Any]]:
    """Count what each of the last two weeks' days brought, today included, in the zone of the viewer."""
    of_stuck = select(INSTALLATION.c.value).where(INSTALLATION.c.key == STUCK_BY_DAY)
    kept = reading.soon(reading.first, of_stuck) if scope.units is None else lambda: None
    zone = scope.viewer.zone or "UTC"
    today = reading.now.astimezone(ZoneInfo(zone)).date()
    days = [today - timedelta(days=back) for back in reversed(range(_TWO_WEEKS))]
    since = datetime.combine(days[0], time(), ZoneInfo(zone))
    parts = []
    for name, (column, is_meant) in _BY_DAY.items():
        day = cast(func.timezone(zone, column), Date).label("day")
        asked = select(literal(name).label("what"), day, func.count().label("count"))
        parts.append(asked.where(column >= since, is_meant, _of_units(column.table, scope)).group_by(day))
    counts: defaultdict[date, dict[str, int]] = defaultdict(dict)
    for row in reading.rows(union_all(*parts)):
        counts[row["day"]][row["what"]] = row["count"]
    found = kept()
    by_day: Mapping[str, int] = found["value"] if found else {}
    return [{"day": day, **counts[day], "stuck": by_day.get(f"{day}")} for day in days]


def _down_lines(reading: Reading, scope: _Scope) -> tuple[DownLineView, ...]:
    """List the hubs elsewhere that cannot be reached, those of the units of a board."""
    units = true() if scope.units is None else PEER_HUB.c.unit_id.in_(sorted(scope.units))
    down = select(PEER_HUB.c.name, PEER_HUB.c.down_since.label("since"))
    is_down = (PEER_HUB.c.status == "live", PEER_HUB.c.down_since.is_not(None))
    rows = reading.rows(down.where(*is_down, units).order_by(PEER_HUB.c.down_since, PEER_HUB.c.name))
    return tuple(DownLineView(**row) for row in rows)


def _unreached(reading: Reading, scope: _Scope, *, offset: int = 0, limit: int = 0) -> tuple[str, ...]:
    return unreached(reading, scope.viewer, scope.units, offset=offset, limit=limit or _LINES)


def _stuck(reading: Reading, scope: _Scope, *, offset: int = 0, limit: int = 0) -> tuple[StuckView, ...]:
    return stuck(reading, _of_units(CASE, scope), offset=offset, limit=limit or _LINES)[0]


_JOBS: Final[Mapping[str, Callable[..., tuple[JobView, ...]]]] = {
    "failed": _jobs(JOB_HAS_FAILED),
    "tried": _jobs(_IS_OF_A_STEP & JOB_IS_TRIED_AGAIN),
    "ready": _jobs(JOB_IS_READY, _OLDEST_FIRST),
    "held": _jobs(JOB.c.status == _HELD),
}
_SHOWN: Final[Mapping[str, Callable[[Reading, _Scope], object]]] = {
    "down_lines": _down_lines,
    "overdue": _overdue,
    "overdue_count": _count_overdue,
    "waiting": _waiting_for,
    "unreached": _unreached,
    "unserved": lambda reading, scope: unserved(reading, _of_units(CASE, scope)),
    "running_hours": lambda reading, scope: hours_since(reading, scope.viewer, scope.units, limit=_LINES),
    "firing": lambda reading, scope: firing(reading, _of_units(DEADLINE, scope)),
    "recent_flow_runs": partial(_jobs(JOB.c.flow_run_id.is_not(None)), limit=_RECENT),
    **{f"{name}_jobs": listed for name, listed in _JOBS.items()},
}
"""What the board shows, each by a question of its own."""
_LISTS: Final[Mapping[str, Callable[..., tuple[WorkItemView | JobView | StuckView | str, ...]]]] = {
    "overdue": _overdue, "unreached": _unreached, "stuck": _stuck, **_JOBS,
}  # fmt: skip


def board_list(
    reading: Reading, viewer: Viewer, listed: str, *, offset: int, limit: int
) -> tuple[WorkItemView | JobView | StuckView | str, ...]:
    """Return a part of one of the lists of the board; raises `NotAllowedError`, and `NotFoundError` for no list."""
    scope = _scope_of(viewer)
    if listed not in _LISTS:
        raise NotFoundError(kind="list")
    return _LISTS[listed](reading, scope, offset=offset, limit=limit)
