"""What came in for a person, what left or should have, and by which ways they are reached."""

from functools import lru_cache

from sqlalchemy import Cast, ColumnElement, Join, Select, Uuid, exists, false, func, or_, select

from engine.cases.visibility import (
    Positions,
    label_of,
    not_denied,
    operational_to,
    positions,
    step_shown_to,
    visible_to,
)
from engine.core.policy import Action, Viewer, require
from engine.core.records import LIVE
from engine.db.reading import PRESENT, VIEWERS_KEPT, Reading, Row, few
from engine.db.shape import (
    ACTOR,
    CASE,
    CHANNEL,
    CONTACT,
    DEADLINE,
    DELIVERY,
    DELIVERY_IS_DEAD,
    ESCALATION,
    ITEM,
    MESSAGE,
    ORGANISATION,
    RUN,
    STEP,
    UNIT,
)
from engine.messages.records import ChannelView, ContactView, DeadLetterView, MailView, NoticeView
from engine.people.viewer import demo_condition

IN_APP = "in_app"
_OF_REFERRALS = ("referred", "answered")
_ITEM_IN = "items/([0-9a-f-]{36})"
_MESSAGES = MESSAGE.outerjoin(CASE, CASE.c.id == MESSAGE.c.case_id)


def notices(reading: Reading, viewer: Viewer, *, offset: int = 0, limit: int = 50) -> tuple[NoticeView, ...]:
    """Return the viewer's messages, newest first; one about a case that they no longer see is not among them."""
    rows = reading.rows(
        select(
            MESSAGE.c.id, MESSAGE.c.kind, MESSAGE.c.case_id, func.coalesce(CASE.c.number, "").label("case_number"),
            MESSAGE.c.subject.label("text"), MESSAGE.c.created_at, MESSAGE.c.read_at, MESSAGE.c.critical,
            MESSAGE.c.link, STEP.c.key, STEP.c.uses, STEP.c.path, STEP.c.added, RUN.c.definition_hash,
            DEADLINE.c.due_at, _is_over().label("is_over"),
        )
        .select_from(_with_steps(viewer).outerjoin(RUN, RUN.c.id == STEP.c.run_id))
        .where(*_for(viewer))
        .order_by(MESSAGE.c.created_at.desc(), MESSAGE.c.id)
        .offset(offset)
        .limit(few(limit))
    )  # fmt: skip
    numbers = positions(reading, {row["case_id"] for row in rows if row["path"]})
    return tuple(_notice(reading, row, numbers) for row in rows)


def unread(reading: Reading, viewer: Viewer) -> int:
    """Count the messages of the viewer's inbox that were not read, and whose step is not over."""
    return reading.count(_unread(viewer))


@lru_cache(VIEWERS_KEPT)
def _unread(viewer: Viewer) -> Select[int]:
    waits = (MESSAGE.c.read_at.is_(None), ~_is_over())
    return select(func.count()).select_from(_with_steps(viewer)).where(*_for(viewer), *waits)


def _with_steps(viewer: Viewer) -> Join:
    """Return messages with their cases, and with the steps that they tell of, as far as the viewer is shown those."""
    item_id = Cast(func.substring(MESSAGE.c.link, _ITEM_IN), Uuid())
    shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=PRESENT)
    return (
        _MESSAGES.outerjoin(ESCALATION, ESCALATION.c.id == MESSAGE.c.escalation_id)
        .outerjoin(DEADLINE, DEADLINE.c.id == ESCALATION.c.deadline_id)
        .outerjoin(ITEM, ITEM.c.id == item_id)
        .outerjoin(STEP, (STEP.c.id == func.coalesce(DEADLINE.c.step_id, ITEM.c.step_id)) & shown)
    )


def _is_over() -> ColumnElement[bool]:
    return func.coalesce(STEP.c.status.not_in(sorted(LIVE)), false())


def _notice(reading: Reading, row: Row, numbers: Positions) -> NoticeView:
    same = ("id", "kind", "case_id", "case_number", "text", "created_at", "read_at", "critical", "link", "is_over")
    known = {name: row[name] for name in same}
    if row["key"] is None:
        return NoticeView(**known)
    title = reading.known.title(row["definition_hash"], row["key"], row["uses"], row["added"])
    return NoticeView(
        **known, step_title=title, person_label=label_of(row["path"], row["case_id"], numbers), due_at=row["due_at"]
    )


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
        .where(demo_condition(), DELIVERY.c.channel != IN_APP, _about_visible(viewer))
        .order_by(func.coalesce(DELIVERY.c.sent_at, MESSAGE.c.created_at).desc(), DELIVERY.c.id)
        .limit(few(limit))
    )  # fmt: skip
    same = ("id", "channel", "subject", "body", "status", "sent_at", "case_number")
    return tuple(MailView(to=f"{row['name']} <{row['email']}>", **{name: row[name] for name in same}) for row in rows)


def _for(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    in_app = exists().where(
        DELIVERY.c.message_id == MESSAGE.c.id, DELIVERY.c.channel == IN_APP, DELIVERY.c.status == "delivered"
    )
    return (MESSAGE.c.recipient_id == viewer.actor_id, in_app, _about_visible(viewer))


def _about_visible(viewer: Viewer) -> ColumnElement[bool]:
    return or_(MESSAGE.c.case_id.is_(None), operational_to(viewer, now=PRESENT), _of_a_referral(viewer))


def _of_a_referral(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition for what tells of an offer and its answer: whoever sees the case at all is shown that."""
    return MESSAGE.c.kind.in_(_OF_REFERRALS) & visible_to(viewer, now=PRESENT)


def dead_letters(
    reading: Reading, viewer: Viewer, *, offset: int = 0, limit: int | None = None
) -> tuple[DeadLetterView, ...]:
    """List the sendings that were given up, critical ones first; raises `NotAllowedError`."""
    require(viewer, Action.MEND)
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
        .offset(offset)
        .limit(few(limit) if limit else None)
    )  # fmt: skip
    return tuple(DeadLetterView(**row) for row in rows)


def channels(reading: Reading, viewer: Viewer) -> tuple[ChannelView, ...]:
    """List the gateways of every organisation, with what waits for each; raises `NotAllowedError`."""
    require(viewer, Action.KEEP_CHANNELS)
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
    require(viewer, Action.KEEP_CHANNELS)
    return tuple(row["name"] for row in reading.rows(select(ORGANISATION.c.name).order_by(ORGANISATION.c.name)))


def contacts(reading: Reading, viewer: Viewer) -> tuple[ContactView, ...]:
    """List by which channels the viewer can be reached."""
    rows = reading.rows(
        select(CONTACT.c.channel, CONTACT.c.changed_at)
        .where(CONTACT.c.actor_id == viewer.actor_id, CONTACT.c.encrypted_address.is_not(None))
        .order_by(CONTACT.c.channel)
    )
    return tuple(ContactView(**row) for row in rows)
