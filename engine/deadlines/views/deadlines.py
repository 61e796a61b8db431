"""Deadlines as people see them, and the ledger of who was notified."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, any_, case, cast, func, literal_column, null, select
from sqlalchemy.dialects.postgresql import JSONPATH

from engine.cases.visibility import Positions, label_of
from engine.core.deadlines.lateness import deadline_state, reason_words
from engine.core.library import LawInCase, Library
from engine.core.records import Deadline, DeadlineStatus, Extension, LateCall, Purpose
from engine.db.reading import Reading, Row
from engine.db.shape import ACTOR, DEADLINE, DELIVERY, ESCALATION, MESSAGE, RUN, STEP
from engine.deadlines.records import (
    AskingView,
    CallView,
    DeadlineView,
    DeliveryView,
    EscalationView,
    ExtensionView,
    PauseView,
    RingingView,
)
from engine.deadlines.views.law_here import LawHere
from engine.language.ladders import Ladder
from engine.language.limits import TimeLimit

PROMISE = "network target"
"""What a limit is called that no law names, or none that a lawyer has signed."""
_TEXTS = '$.** ? (@.type() == "string")'


def select_deadlines() -> Select[tuple[object, ...]]:
    """Return the statement that fetches what a view of a deadline needs, the nearest first."""
    return (
        select(
            DEADLINE, RUN.c.definition_hash, RUN.c.jurisdiction, RUN.c.started_at.label("run_started_at"),
            STEP.c.uses, STEP.c.added, _who_acted().label("names"),
        )
        .select_from(
            DEADLINE.join(RUN, RUN.c.id == DEADLINE.c.run_id).outerjoin(STEP, STEP.c.id == DEADLINE.c.step_id)
        )
        .order_by(DEADLINE.c.due_at, DEADLINE.c.id)
    )  # fmt: skip


def deadline_views(
    reading: Reading, rows: Iterable[Row], numbers: Positions, *, law: LawHere | None = None
) -> tuple[DeadlineView, ...]:
    """Make views of rows that `select_deadlines` gave; timers that only open a step are left out.

    `law` is what judges limits of the law where it was read before.
    """
    library, rows = reading.known.library(), list(rows)
    law = law or LawHere(reading, library).read_for(rows)
    return tuple(_view(reading, row, numbers, library, law) for row in rows if row["purpose"] != Purpose.OPENING)


def record_of(row: Row) -> Deadline:
    """Make the domain's record of a row."""
    return Deadline.model_validate({name: row[name] for name in Deadline.model_fields})


def of_steps(views: Iterable[DeadlineView]) -> dict[UUID, DeadlineView]:
    """Choose for each step the deadline that matters: the next one that runs, else the last one that ended."""
    chosen: dict[UUID, DeadlineView] = {}
    for view in sorted(views, key=lambda one: (one.ended_at is not None, one.due_at)):
        known = chosen.get(view.step_id)
        if known is None or (known.ended_at is not None and view.due_at > known.due_at):
            chosen[view.step_id] = view
    return chosen


def term_of(deadline: Deadline, law: LawInCase | None, jurisdiction: str) -> str:
    """Name what kind of limit it is; what no lawyer has signed is never called law."""
    if deadline.law is None:
        return PROMISE
    return law.term(jurisdiction) if law else f"{PROMISE}, based on {deadline.law}"


def title_of(reading: Reading, row: Row) -> str:
    """Name the step of a deadline, which may not have been reached yet."""
    title = reading.known.title(row["definition_hash"], row["key"], row["uses"] or "", row["added"])
    return f"Approval of {title}" if row["purpose"] == Purpose.APPROVAL else title


def paused_until(deadline: Deadline, now: datetime) -> datetime | None:
    """Return the end of the pause in which an open deadline stands at `now` (UTC); None while it runs."""
    if deadline.status is not DeadlineStatus.OPEN:
        return None
    return max((pause.until for pause in deadline.pauses if pause.start <= now < pause.until), default=None)


def force_of(term: str) -> str:
    """Say how a limit binds, from what it is called: `binding`, `advisory`, or `target` for the network's own."""
    if term.startswith("legal deadline"):
        return "binding"
    return "advisory" if term.startswith("advisory limit") else "target"


def _who_acted() -> ColumnElement[object]:
    """Name by id who paused, asked, answered, rang and is to be rung; nothing is looked up where nobody did."""
    said = DEADLINE.c.pauses.op("||")(DEADLINE.c.extensions).op("||")(DEADLINE.c.calls)
    ids = func.jsonb_path_query(said, cast(_TEXTS, JSONPATH)).op("#>>")(literal_column("'{}'"))
    found = (
        select(func.jsonb_object_agg(ACTOR.c.id, ACTOR.c.name))
        .where(cast(ACTOR.c.id, String).in_(select(ids).correlate(DEADLINE)))
        .correlate(DEADLINE)
        .scalar_subquery()
    )
    return case((said == literal_column("'[]'::jsonb"), null()), else_=found)


def _view(reading: Reading, row: Row, numbers: Positions, library: Library, law: LawHere) -> DeadlineView:
    deadline, names = record_of(row), {UUID(key): name for key, name in (row["names"] or {}).items()}
    term = term_of(deadline, law.of(row, deadline), row["jurisdiction"])
    state = deadline_state(deadline, reading.now, calendar=library.calendars.get(deadline.calendar or ""))
    return DeadlineView(
        id=deadline.id,
        step_id=deadline.step_id,
        step_key=deadline.key,
        step_title=title_of(reading, row),
        person_label=label_of(deadline.path, row["case_id"], numbers),
        started_at=deadline.started_at,
        due_at=deadline.due_at,
        late_at=deadline.late_at,
        state=state.value,
        breached_at=deadline.breached_at,
        ended_at=deadline.ended_at,
        limit_words=TimeLimit(deadline.limit).in_words(),
        term=term,
        law=deadline.law,
        ladder=deadline.ladder,
        next_at=deadline.next_at,
        acknowledged_at=deadline.acknowledged_at,
        force=force_of(term),
        paused_until=paused_until(deadline, reading.now),
        pauses=tuple(
            PauseView(
                start=pause.start, until=pause.until, reason=reason_words(pause.reason_code), by=_named(names, pause.by)
            )
            for pause in deadline.pauses
        ),
        extensions=tuple(_extension(extension, names) for extension in deadline.extensions),
        delay_owner=deadline.delay_owner,
        critical=deadline.critical,
        calls=tuple(_call(call, names, library.ladder_of(deadline)) for call in deadline.calls),
    )


def _call(call: LateCall, names: Mapping[UUID, str], ladder: Ladder | None) -> CallView:
    number = call.askings[-1].level if call.askings else 0
    level = next((level for level in ladder.levels if level.level == number), None) if ladder else None
    return CallView(
        id=call.id,
        actor_id=call.actor_id,
        whom=call.body or _named(names, call.actor_id) or "someone whose account is deactivated",
        meant=level.to.in_words() if level and not call.body else "",
        askings=tuple(AskingView(level=one.level, round=one.round, at=one.at) for one in call.askings),
        ringings=tuple(
            RingingView(
                at=one.at, by=_named(names, one.by), outcome=one.outcome, noted_at=one.noted_at, has_words=one.has_words
            )
            for one in call.ringings
        ),
        ended=call.ended,
    )


def _extension(extension: Extension, names: Mapping[UUID, str]) -> ExtensionView:
    return ExtensionView(
        more=TimeLimit(extension.more).in_words(),
        reason=reason_words(extension.reason_code),
        state="asked" if extension.answered_at is None else "given" if extension.is_approved else "refused",
        asked_at=extension.asked_at,
        asked_by=_named(names, extension.asked_by),
        asked_by_id=extension.asked_by,
        answered_at=extension.answered_at,
        answered_by=_named(names, extension.answered_by),
    )


def _named(names: Mapping[UUID, str], actor_id: UUID | None) -> str | None:
    return names.get(actor_id) if actor_id else None


IN_APP, CALL = "in_app", "call"
_STATES: Mapping[str, str] = {"sent": "sent", "dead": "given_up"}


def select_escalations() -> Select[tuple[object, ...]]:
    """Return the statement that fetches lines of the ledger, with the names of whom they tell, in order of time."""
    told = (
        select(func.array_agg(ACTOR.c.name))
        .where(ACTOR.c.id == any_(ESCALATION.c.recipient_ids))
        .correlate(ESCALATION)
        .scalar_subquery()
    )
    by = ACTOR.alias("acknowledger")
    return (
        select(ESCALATION, told.label("told"), by.c.name.label("acknowledged_by_name"))
        .select_from(ESCALATION.outerjoin(by, by.c.id == ESCALATION.c.acknowledged_by))
        .order_by(ESCALATION.c.fired_at, ESCALATION.c.level, ESCALATION.c.round)
    )


def select_told() -> Select[tuple[object, ...]]:
    """Return the statement that fetches every sending of the messages of the ledger."""
    return (
        select(
            MESSAGE.c.escalation_id, MESSAGE.c.read_at, ACTOR.c.name,
            DELIVERY.c.channel, DELIVERY.c.status, DELIVERY.c.sent_at, DELIVERY.c.error_code,
        )
        .select_from(
            MESSAGE.join(DELIVERY, DELIVERY.c.message_id == MESSAGE.c.id)
            .join(ACTOR, ACTOR.c.id == MESSAGE.c.recipient_id)
        )
        .where(MESSAGE.c.escalation_id.is_not(None))
        .order_by(ACTOR.c.name, DELIVERY.c.channel)
    )  # fmt: skip


def escalation_views(
    rows: Iterable[Row],
    told: Iterable[Row],
    *,
    titles: Mapping[UUID, str],
    steps: Mapping[UUID, str],
    library: Library,
    calls: Mapping[UUID, tuple[CallView, ...]] = MappingProxyType({}),
) -> tuple[EscalationView, ...]:
    """Make the lines of a ledger; `titles` name the step of each deadline, `steps` the steps that levels opened.

    `calls` are those of each deadline, of which a line has what its level asked for.
    """
    sendings: dict[UUID, list[DeliveryView]] = {}
    for row in told:
        sendings.setdefault(row["escalation_id"], []).append(_delivery(row))
    return tuple(
        _line(row, tuple(sendings.get(row["id"], ())), _made(row, calls.get(row["deadline_id"], ())), titles, steps,
              library)
        for row in rows
    )  # fmt: skip


def _line(
    row: Row,
    deliveries: tuple[DeliveryView, ...],
    calls: tuple[DeliveryView, ...],
    titles: Mapping[UUID, str],
    steps: Mapping[UUID, str],
    library: Library,
) -> EscalationView:
    same = (
        "id", "deadline_id", "level", "round", "planned_at", "fired_at", "acknowledged_at", "note", "is_missed",
        "ladder", "ladder_version",
    )  # fmt: skip
    return EscalationView(
        **{name: row[name] for name in same},
        step_title=titles.get(row["deadline_id"], ""),
        recipients=tuple(sorted(row["told"] or ())),
        channels=tuple(row["channels"]),
        acknowledged_by=row["acknowledged_by_name"],
        delivered_at=_delivered_at(deliveries),
        deliveries=(*deliveries, *calls),
        meant=_meant(row, library),
        follow_up_id=row["step_id"],
        follow_up=steps.get(row["step_id"], "") if row["step_id"] else "",
    )


def _delivery(row: Row) -> DeliveryView:
    if row["channel"] == IN_APP:
        state, at = ("read", row["read_at"]) if row["read_at"] else ("shown", row["sent_at"])
    else:
        state, at = _STATES.get(row["status"], "waits"), row["sent_at"]
    return DeliveryView(channel=row["channel"], recipient=row["name"], state=state, at=at, error_code=row["error_code"])


def _made(row: Row, calls: tuple[CallView, ...]) -> tuple[DeliveryView, ...]:
    """Say of each call that a line asked for what came of it: the last ringing since, else that it waits or is over."""
    found = []
    for call in calls:
        asked = next((one.at for one in call.askings if (one.level, one.round) == (row["level"], row["round"])), None)
        if asked is not None:
            rung = next((one for one in reversed(call.ringings) if one.noted_at >= asked), None)
            state = rung.outcome if rung else "not_needed" if call.ended else "to_ring"
            at = rung.at if rung else None
            found.append(DeliveryView(channel=CALL, recipient=call.whom, state=state, at=at, error_code=None))
    return tuple(found)


def _delivered_at(deliveries: tuple[DeliveryView, ...]) -> datetime | None:
    if not deliveries or any(one.at is None for one in deliveries):
        return None
    return max(one.at for one in deliveries if one.at is not None)


def _meant(row: Row, library: Library) -> str:
    """Say whom the level is meant for, by the version of the ladder by which it fired."""
    ladder, level = library.ladder_in(row["ladder"], row["ladder_version"]), int(row["level"])
    if ladder is None or ladder.version != row["ladder_version"] or level > len(ladder.levels):
        return ""
    return ladder.levels[level - 1].to.in_words()
