"""The escalation ledger: what was planned, when it fired, whom it reached by which channel, and who has seen it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Select, any_, func, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Row
from engine.adapters.sql.queries.shape import ACTOR, DELIVERY, ESCALATION, MESSAGE
from engine.domain.library import Library

IN_APP, CALL = "in_app", "call"
_STATES: Mapping[str, str] = {"sent": "sent", "dead": "given_up"}


def select_escalations() -> Select[tuple[object, ...]]:
    """Give the statement that fetches lines of the ledger, with the names of whom they tell, in order of time."""
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
    """Give the statement that fetches every sending of the messages of the ledger."""
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
    calls: Mapping[UUID, tuple[vw.CallView, ...]] = MappingProxyType({}),
) -> tuple[vw.EscalationView, ...]:
    """Make the lines of a ledger; `titles` name the step of each deadline, `steps` the steps that levels opened.

    `calls` are those of each deadline, of which a line has what its level asked for.
    """
    sendings: dict[UUID, list[vw.DeliveryView]] = {}
    for row in told:
        sendings.setdefault(row["escalation_id"], []).append(_delivery(row))
    return tuple(
        _line(row, tuple(sendings.get(row["id"], ())), _made(row, calls.get(row["deadline_id"], ())), titles, steps,
              library)
        for row in rows
    )  # fmt: skip


def _line(
    row: Row,
    deliveries: tuple[vw.DeliveryView, ...],
    calls: tuple[vw.DeliveryView, ...],
    titles: Mapping[UUID, str],
    steps: Mapping[UUID, str],
    library: Library,
) -> vw.EscalationView:
    same = (
        "id", "deadline_id", "level", "round", "planned_at", "fired_at", "acknowledged_at", "note", "is_missed",
        "ladder", "ladder_version",
    )  # fmt: skip
    return vw.EscalationView(
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


def _delivery(row: Row) -> vw.DeliveryView:
    if row["channel"] == IN_APP:
        state, at = ("read", row["read_at"]) if row["read_at"] else ("shown", row["sent_at"])
    else:
        state, at = _STATES.get(row["status"], "waits"), row["sent_at"]
    return vw.DeliveryView(
        channel=row["channel"], recipient=row["name"], state=state, at=at, error_code=row["error_code"]
    )


def _made(row: Row, calls: tuple[vw.CallView, ...]) -> tuple[vw.DeliveryView, ...]:
    """Say of each call that a line asked for what came of it: the last ringing since, else that it waits or is over."""
    found = []
    for call in calls:
        asked = next((one.at for one in call.askings if (one.level, one.round) == (row["level"], row["round"])), None)
        if asked is not None:
            rung = next((one for one in reversed(call.ringings) if one.noted_at >= asked), None)
            state = rung.outcome if rung else "not_needed" if call.ended else "to_ring"
            at = rung.at if rung else None
            found.append(vw.DeliveryView(channel=CALL, recipient=call.whom, state=state, at=at, error_code=None))
    return tuple(found)


def _delivered_at(deliveries: tuple[vw.DeliveryView, ...]) -> datetime | None:
    if not deliveries or any(one.at is None for one in deliveries):
        return None
    return max(one.at for one in deliveries if one.at is not None)


def _meant(row: Row, library: Library) -> str:
    """Say whom the level is meant for, by the version of the ladder by which it fired."""
    ladder, level = library.ladder_in(row["ladder"], row["ladder_version"]), int(row["level"])
    if ladder is None or ladder.version != row["ladder_version"] or level > len(ladder.levels):
        return ""
    return ladder.levels[level - 1].to.in_words()
