"""What came in for a person, what left or should have, and by which ways they are reached."""

from sqlalchemy import ColumnElement, exists, func, or_, select

from engine.cases.visibility import not_denied, operational_to, visible_to
from engine.core.policy import Action, Viewer, can
from engine.db.reading import Reading
from engine.db.shape import ACTOR, CASE, CHANNEL, CONTACT, DELIVERY, DELIVERY_IS_DEAD, MESSAGE, ORGANISATION, UNIT
from engine.errors import NotAllowedError
from engine.messages.records import ChannelView, ContactView, DeadLetterView, MailView, NoticeView
from engine.people.viewer import demo_condition

IN_APP = "in_app"
_OF_REFERRALS = ("referred", "answered")
_MESSAGES = MESSAGE.outerjoin(CASE, CASE.c.id == MESSAGE.c.case_id)


def notices(reading: Reading, viewer: Viewer, *, limit: int = 50) -> tuple[NoticeView, ...]:
    """Return the viewer's messages, newest first; one about a case that they no longer see is not among them."""
    rows = reading.rows(
        select(
            MESSAGE.c.id, MESSAGE.c.kind, MESSAGE.c.case_id, func.coalesce(CASE.c.number, "").label("case_number"),
            MESSAGE.c.subject.label("text"), MESSAGE.c.created_at, MESSAGE.c.read_at, MESSAGE.c.critical,
            MESSAGE.c.link,
        )
        .select_from(_MESSAGES)
        .where(*_for(reading, viewer))
        .order_by(MESSAGE.c.created_at.desc(), MESSAGE.c.id)
        .limit(limit)
    )  # fmt: skip
    return tuple(NoticeView(**row) for row in rows)


def unread(reading: Reading, viewer: Viewer) -> int:
    """Count the messages of the viewer's inbox that were not read."""
    unread_ones = select(func.count()).select_from(_MESSAGES).where(*_for(reading, viewer), MESSAGE.c.read_at.is_(None))
    return reading.count(unread_ones)


def demo_mailbox(reading: Reading, viewer: Viewer, *, limit: int = 100) -> tuple[MailView, ...]:
    """Return what the demo would have sent about cases that the viewer sees, newest first; empty outside the demo."""
    rows = reading.rows(
        select(
            DELIVERY.c.id, ACTOR.c.name, ACTOR.c.email, DELIVERY.c.channel, MESSAGE.c.subject, MESSAGE.c.body,
            DELIVERY.c.status, DELIVERY.c.sent_at, func.coalesce(CASE.c.number, "").label("case_number"),
        )
        .select_from(
            _MESSAGES.join(DELIVERY, DELIVERY.c.message_id == MESSAGE.c.id)
            .join(ACTOR, ACTOR.c.id == MESSAGE.c.recipient_id)
        )
        .where(demo_condition(), DELIVERY.c.channel != IN_APP, _about_visible(reading, viewer))
        .order_by(func.coalesce(DELIVERY.c.sent_at, MESSAGE.c.created_at).desc(), DELIVERY.c.id)
        .limit(limit)
    )  # fmt: skip
    same = ("id", "channel", "subject", "body", "status", "sent_at", "case_number")
    return tuple(MailView(to=f"{row['name']} <{row['email']}>", **{name: row[name] for name in same}) for row in rows)


def _for(reading: Reading, viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    in_app = exists().where(DELIVERY.c.message_id == MESSAGE.c.id, DELIVERY.c.channel == IN_APP)
    return (MESSAGE.c.recipient_id == viewer.actor_id, in_app, _about_visible(reading, viewer))


def _about_visible(reading: Reading, viewer: Viewer) -> ColumnElement[bool]:
    return or_(MESSAGE.c.case_id.is_(None), operational_to(viewer, now=reading.now), _of_a_referral(reading, viewer))


def _of_a_referral(reading: Reading, viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for what tells of an offer and its answer: whoever sees the case at all is shown that."""
    return MESSAGE.c.kind.in_(_OF_REFERRALS) & visible_to(viewer, now=reading.now)


_MOST = 200


def dead_letters(reading: Reading, viewer: Viewer) -> tuple[DeadLetterView, ...]:
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
    return tuple(DeadLetterView(**row) for row in rows)


def channels(reading: Reading, viewer: Viewer) -> tuple[ChannelView, ...]:
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
    return tuple(ChannelView(**row) for row in rows)


def organisations(reading: Reading, viewer: Viewer) -> tuple[str, ...]:
    """List the organisations of the network by name, for who sets channels up; raises `NotAllowedError`."""
    _require(viewer, Action.KEEP_CHANNELS)
    return tuple(row["name"] for row in reading.rows(select(ORGANISATION.c.name).order_by(ORGANISATION.c.name)))


def contacts(reading: Reading, viewer: Viewer) -> tuple[ContactView, ...]:
    """List by which channels the viewer can be reached."""
    rows = reading.rows(
        select(CONTACT.c.channel, CONTACT.c.changed_at)
        .where(CONTACT.c.actor_id == viewer.actor_id, CONTACT.c.encrypted_address.is_not(None))
        .order_by(CONTACT.c.channel)
    )
    return tuple(ContactView(**row) for row in rows)


def _require(viewer: Viewer, action: Action) -> None:
    if not can(viewer, action):
        raise NotAllowedError(actor=viewer.name, action=action.value)
