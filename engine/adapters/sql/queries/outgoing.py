"""What left or should have: sendings that were given up, gateways that are set up, where a person is reached."""

from sqlalchemy import func, or_, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import (
    ACTOR,
    CASE,
    CHANNEL,
    CONTACT,
    DELIVERY,
    DELIVERY_IS_DEAD,
    MESSAGE,
    ORGANISATION,
    UNIT,
)
from engine.adapters.sql.visibility import not_denied
from engine.domain.policy import Action, can
from engine.errors import NotAllowedError

_MOST = 200


def dead_letters(reading: Reading, viewer: vw.Viewer) -> tuple[vw.DeadLetterView, ...]:
    """List the sendings that were given up, critical ones first; raises `NotAllowedError`."""
    _require(viewer, Action.MEND)
    rows = reading.rows(
        select(
            DELIVERY.c.id, DELIVERY.c.case_id, func.coalesce(CASE.c.number, "").label("case_number"), MESSAGE.c.kind,
            DELIVERY.c.channel, ACTOR.c.name.label("recipient"), DELIVERY.c.attempt.label("attempts"),
            MESSAGE.c.created_at.label("written_at"), DELIVERY.c.error_code, MESSAGE.c.critical,
        )
        .select_from(
            DELIVERY.join(MESSAGE, MESSAGE.c.id == DELIVERY.c.message_id)
            .join(ACTOR, ACTOR.c.id == MESSAGE.c.recipient_id)
            .outerjoin(CASE, CASE.c.id == DELIVERY.c.case_id)
        )
        .where(DELIVERY_IS_DEAD, or_(DELIVERY.c.case_id.is_(None), not_denied(viewer, DELIVERY.c.case_id)))
        .order_by(MESSAGE.c.critical.desc(), MESSAGE.c.created_at, DELIVERY.c.id)
        .limit(_MOST)
    )  # fmt: skip
    return tuple(vw.DeadLetterView(**row) for row in rows)


def channels(reading: Reading, viewer: vw.Viewer) -> tuple[vw.ChannelView, ...]:
    """List the gateways of every organisation, with what waits for each; raises `NotAllowedError`."""
    _require(viewer, Action.KEEP_CHANNELS)
    waiting = (
        select(func.count())
        .select_from(DELIVERY.join(UNIT, UNIT.c.id == DELIVERY.c.unit_id))
        .where(
            DELIVERY.c.channel == CHANNEL.c.channel,
            DELIVERY.c.status == "waiting",
            UNIT.c.organisation_id == CHANNEL.c.organisation_id,
        )
        .correlate(CHANNEL)
        .scalar_subquery()
    )
    same = ("channel", "host", "enabled", "rate_per_minute", "changed_at")
    rows = reading.rows(
        select(
            *(CHANNEL.c[name] for name in same), ORGANISATION.c.name.label("organisation"), waiting.label("waiting")
        )
        .join(ORGANISATION, ORGANISATION.c.id == CHANNEL.c.organisation_id)
        .order_by(ORGANISATION.c.name, CHANNEL.c.channel)
    )  # fmt: skip
    return tuple(vw.ChannelView(**row) for row in rows)


def organisations(reading: Reading, viewer: vw.Viewer) -> tuple[str, ...]:
    """List the organisations of the network by name, for who sets channels up; raises `NotAllowedError`."""
    _require(viewer, Action.KEEP_CHANNELS)
    return tuple(row["name"] for row in reading.rows(select(ORGANISATION.c.name).order_by(ORGANISATION.c.name)))


def contacts(reading: Reading, viewer: vw.Viewer) -> tuple[vw.ContactView, ...]:
    """List by which channels the viewer can be reached."""
    rows = reading.rows(
        select(CONTACT.c.channel, CONTACT.c.changed_at)
        .where(CONTACT.c.actor_id == viewer.actor_id, CONTACT.c.sealed_address.is_not(None))
        .order_by(CONTACT.c.channel)
    )
    return tuple(vw.ContactView(**row) for row in rows)


def _require(viewer: vw.Viewer, action: Action) -> None:
    if not can(viewer, action):
        raise NotAllowedError(actor=viewer.name, action=action.value)
