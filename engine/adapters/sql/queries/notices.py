"""A person's in-app inbox, and the demo's mailbox."""

from sqlalchemy import ColumnElement, exists, func, or_, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import ACTOR, CASE, DELIVERY, MESSAGE
from engine.adapters.sql.queries.viewer import demo_condition
from engine.adapters.sql.visibility import operational_to, visible_to

IN_APP = "in_app"
_OF_REFERRALS = ("referred", "answered")
_MESSAGES = MESSAGE.outerjoin(CASE, CASE.c.id == MESSAGE.c.case_id)


def notices(reading: Reading, viewer: vw.Viewer, *, limit: int = 50) -> tuple[vw.NoticeView, ...]:
    """Give the viewer's messages, newest first; one about a case that they no longer see is not among them."""
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
    return tuple(vw.NoticeView(**row) for row in rows)


def unread(reading: Reading, viewer: vw.Viewer) -> int:
    """Count the messages of the viewer's inbox that were not read."""
    unread_ones = select(func.count()).select_from(_MESSAGES).where(*_for(reading, viewer), MESSAGE.c.read_at.is_(None))
    return reading.count(unread_ones)


def demo_mailbox(reading: Reading, viewer: vw.Viewer, *, limit: int = 100) -> tuple[vw.MailView, ...]:
    """Give what the demo would have sent about cases that the viewer sees, newest first; empty outside the demo."""
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
    return tuple(
        vw.MailView(to=f"{row['name']} <{row['email']}>", **{name: row[name] for name in same}) for row in rows
    )


def _for(reading: Reading, viewer: vw.Viewer) -> tuple[ColumnElement[bool], ...]:
    in_app = exists().where(DELIVERY.c.message_id == MESSAGE.c.id, DELIVERY.c.channel == IN_APP)
    return (MESSAGE.c.recipient_id == viewer.actor_id, in_app, _about_visible(reading, viewer))


def _about_visible(reading: Reading, viewer: vw.Viewer) -> ColumnElement[bool]:
    return or_(MESSAGE.c.case_id.is_(None), operational_to(viewer, now=reading.now), _of_a_referral(reading, viewer))


def _of_a_referral(reading: Reading, viewer: vw.Viewer) -> ColumnElement[bool]:
    """Give the condition for what tells of an offer and its answer: whoever sees the case at all is shown that."""
    return MESSAGE.c.kind.in_(_OF_REFERRALS) & visible_to(viewer, now=reading.now)
