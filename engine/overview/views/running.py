"""How firing goes, how long open cases run, what services said, whom the last level did not reach."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, case, exists, func, literal, select, text, true

from engine.cases.visibility import late_from, not_denied
from engine.core.policy import Viewer
from engine.db.reading import Reading, Row, few
from engine.db.shape import (
    AUDIT,
    CASE,
    CASE_IS_OPEN,
    DEADLINE,
    DEADLINE_IS_OPEN,
    DELIVERY,
    DELIVERY_IS_DEAD,
    ESCALATION,
    INSTALLATION,
)
from engine.jobs.records import DISK, GONE_AFTER, WORKER, DiskSpace
from engine.messages.records import EMAIL
from engine.overview.records import (
    BACKUP_AT,
    BACKUP_PROVED_AT,
    AsideDeadline,
    ClockJump,
    EscalationAudit,
    FiringView,
    LagBucket,
    MachineView,
    NamedProblem,
    PartsView,
    RunningHoursView,
)

WORK_FOR_A_PERSON: Final = 5
"""A deadline that failed so often is shown to those who keep the system running."""
BUCKETS: Final = (1, 2, 5, 30, 120, 900, 3600)
"""The upper ends of the histogram, in seconds."""
_DAY = timedelta(days=1)
_LINES = 100
_FIRING = "firing"


def firing(reading: Reading, of_units: ColumnElement[bool]) -> FiringView:
    """Return how firing goes, over the last day; deadlines are named of those units alone."""
    listed, jump = reading.soon(aside, reading, of_units), reading.soon(clock_jump, reading)
    lag, audit = reading.soon(timer_lag, reading), reading.soon(last_audit, reading, of_units)
    count = reading.soon(reading.count, _aside(of_units, func.count()))
    return FiringView(jump=jump(), lag=lag(), audit=audit(), aside=listed(), aside_count=count())


def clock_jump(reading: Reading) -> ClockJump | None:
    """Return the jump of the clock for which firing is paused; None while it is not."""
    row = reading.first(select(INSTALLATION.c.value).where(INSTALLATION.c.key == _FIRING))
    state = row["value"] if row else {}
    if state.get("state") != "paused":
        return None
    return ClockJump.model_validate({name: state[name] for name in ClockJump.model_fields})


def timer_lag(reading: Reading) -> tuple[LagBucket, ...]:
    """Count the levels and the breaches of the last day by how many seconds after their instant they came."""
    since = reading.now - _DAY
    fired = (ESCALATION, ESCALATION.c.fired_at, ESCALATION.c.planned_at, ESCALATION.c.fired_at > since)
    found = (DEADLINE.c.discovered_at > since) & DEADLINE.c.breached_at.is_not(None)
    levels = reading.soon(_counts, reading, *fired)
    breaches = reading.soon(_counts, reading, DEADLINE, DEADLINE.c.discovered_at, late_from(DEADLINE), found)
    return tuple(
        LagBucket(at_most_seconds=end, levels=levels().get(number, 0), breaches=breaches().get(number, 0))
        for number, end in enumerate((*BUCKETS, None))
    )


def last_audit(reading: Reading, of_units: ColumnElement[bool]) -> EscalationAudit | None:
    """Return what the auditor found last, cases named of those units alone; None before its first pass."""
    checked = select(func.coalesce(func.sum(AUDIT.c.checked), 0)).where(AUDIT.c.at > reading.now - _DAY)
    in_a_day = reading.soon(reading.count, checked)
    row = reading.soon(reading.first, select(AUDIT).order_by(AUDIT.c.at.desc()).limit(few(1)))()
    if row is None:
        return None
    columns = (DEADLINE.c.id, DEADLINE.c.key.label("step_key"), CASE.c.number.label("case_number"))
    about = DEADLINE.c.id.in_([UUID(problem["deadline_id"]) for problem in row["problems"]])
    asked = select(*columns).select_from(DEADLINE.join(CASE, CASE.c.id == DEADLINE.c.case_id)).where(about, of_units)
    found = reading.rows(asked) if row["problems"] else ()
    named = {str(one["id"]): {"step_key": one["step_key"], "case_number": one["case_number"]} for one in found}
    return EscalationAudit(
        checked_at=row["at"],
        checked=row["checked"],
        checked_in_a_day=in_a_day(),
        problems=tuple(
            NamedProblem.model_validate({**problem, **named.get(problem["deadline_id"], {})})
            for problem in row["problems"]
        ),
    )


def aside(reading: Reading, of_units: ColumnElement[bool]) -> tuple[AsideDeadline, ...]:
    """List the deadlines that could not be fired again and again, the most often failed first."""
    rows = reading.rows(
        _aside(
            of_units, DEADLINE.c.id, DEADLINE.c.case_id, CASE.c.number.label("case_number"),
            DEADLINE.c.key.label("step_key"), DEADLINE.c.failures, DEADLINE.c.deferred_until,
        )
        .order_by(DEADLINE.c.failures.desc(), DEADLINE.c.id)
        .limit(few(_LINES))
    )  # fmt: skip
    return tuple(AsideDeadline.model_validate(dict(row)) for row in rows)


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
        select(bucket.label("bucket"), func.count().label("count")).select_from(table).where(condition).group_by(bucket)
    )
    return {row["bucket"]: row["count"] for row in rows}


STUCK_BY_DAY: Final = "stuck_by_day"
"""The fact of the installation that says how many cases were stuck at most on each of the last days."""
_DISK_IS_KNOWN: Final = timedelta(minutes=10)


def parts(reading: Reading, services: Mapping[str, Row]) -> PartsView:
    """Return what automatic work rests on, for those who keep the system running."""
    is_mail = DELIVERY.c.channel == EMAIL
    is_waiting = DELIVERY.c.status == "waiting"
    mail = reading.soon(
        reading.first,
        select(
            func.max(DELIVERY.c.sent_at).label("sent"),
            func.count().filter(is_waiting).label("waiting"),
            func.min(DELIVERY.c.next_at).filter(is_waiting).label("since"),
            func.count().filter(DELIVERY_IS_DEAD).label("dead"),
        ).where(is_mail),
    )
    facts = reading.rows(select(INSTALLATION).where(INSTALLATION.c.key.in_((BACKUP_AT, BACKUP_PROVED_AT))))
    at = {row["key"]: datetime.fromisoformat(row["value"]["at"]) for row in facts}
    found = mail()
    sent: Mapping[str, Any] = dict(found) if found else {}
    heard = [_age(row) for name, row in services.items() if name.startswith(WORKER)]
    return PartsView(
        machines=tuple(_machines(services)), last_worker=min(heard, default=None),
        backup_at=at.get(BACKUP_AT), proved_at=at.get(BACKUP_PROVED_AT),
        mail_sent_at=sent.get("sent"), mail_waiting=sent.get("waiting", 0), mail_waits_since=sent.get("since"),
        mail_given_up=sent.get("dead", 0),
    )  # fmt: skip


def _machines(services: Mapping[str, Row]) -> Iterator[MachineView]:
    """Tell of each machine on which a worker was heard of lately."""
    heard: defaultdict[str, list[timedelta]] = defaultdict(list)
    for name, row in services.items():
        if name.startswith(WORKER) and _age(row) <= GONE_AFTER:
            place = name.removeprefix(WORKER).removeprefix("icmc-").rpartition("-")[0].rpartition("-")[0]
            heard[place or name.removeprefix(WORKER)].append(_age(row))
    for place, ages in sorted(heard.items()):
        disk, room = services.get(f"{DISK}{place}"), None
        if disk is not None and _age(disk) <= _DISK_IS_KNOWN:
            room = DiskSpace(*map(int, disk["state"].split()))
        yield MachineView(
            name=place.rpartition(".")[0] or place, workers=len(ages), heard=min(ages),
            disk=room.in_words if room else "", is_disk_small=bool(room and room.is_small),
        )  # fmt: skip


def _age(row: Row) -> timedelta:
    return timedelta(seconds=max(float(row["age"]), 0.0))


def hours_since(
    reading: Reading, viewer: Viewer, units: Iterable[UUID] | None, *, limit: int
) -> tuple[RunningHoursView, ...]:
    """List the cases with an open deadline of such a ladder, the oldest first; `units` are the reader's, None for all.

    The hours run from the start (UTC) of the earliest deadline of that ladder in the run, ended ones too, until none is
    open any more. Nothing but the case's number and the words of the ladder is given.
    """
    counted = {name: one.hours_since for name, one in reading.known.library().ladders.items() if one.hours_since}
    if not counted:
        return ()
    since = func.min(DEADLINE.c.started_at)
    rows = reading.rows(
        select(CASE.c.id, CASE.c.number, DEADLINE.c.ladder, since.label("since"))
        .join(DEADLINE, DEADLINE.c.case_id == CASE.c.id)
        .where(
            DEADLINE.c.ladder.in_(sorted(counted)),
            CASE_IS_OPEN,
            true() if units is None else CASE.c.unit_id.in_(sorted(units)),
            not_denied(viewer, CASE.c.id),
        )
        .group_by(CASE.c.id, CASE.c.number, DEADLINE.c.ladder, DEADLINE.c.run_id)
        .having(func.bool_or(DEADLINE_IS_OPEN))
        .order_by(since, CASE.c.number)
        .limit(few(limit))
    )
    return tuple(
        RunningHoursView(case_id=row["id"], case_number=row["number"], what=counted[row["ladder"]], since=row["since"])
        for row in rows
    )


def unreached(
    reading: Reading, viewer: Viewer, units: Iterable[UUID] | None, *, offset: int = 0, limit: int
) -> tuple[str, ...]:
    """List the numbers of cases with an open deadline whose ladder has told nobody in the end, the oldest first.

    A level that finds nobody lets the next one fire in the same transaction, so that a line which told nobody and has
    none above it is the end of the ladder. `units` are those of the reader; None for all.
    """
    above = ESCALATION.alias("above")
    line = (
        select(CASE.c.number, func.min(ESCALATION.c.fired_at).label("since"))
        .join(ESCALATION, ESCALATION.c.case_id == CASE.c.id)
        .join(DEADLINE, DEADLINE.c.id == ESCALATION.c.deadline_id)
        .where(
            DEADLINE.c.status == "open",
            ESCALATION.c.is_missed,
            func.cardinality(ESCALATION.c.recipient_ids) == 0,
            ~exists().where(above.c.deadline_id == ESCALATION.c.deadline_id, above.c.level > ESCALATION.c.level),
            true() if units is None else CASE.c.unit_id.in_(sorted(units)),
            not_denied(viewer, CASE.c.id),
        )
        .group_by(CASE.c.number)
    )
    line = line.order_by(func.min(ESCALATION.c.fired_at), CASE.c.number)
    rows = reading.rows(line.offset(offset).limit(few(limit)))
    return tuple(row["number"] for row in rows)
