"""The words of the escalation ledger: channels, deliveries, what is planned."""

from typing import Final

from engine.domain.firings import DUE
from engine.portal.presenters.calls import call_words
from engine.portal.presenters.times import short
from engine.spec.limits import WarningPoint
from engine.spec.plain_words import in_plain_words, in_running_words
from engine.views import DeliveryView, PlannedView

_CHANNELS: Final = {
    "in_app": "On the page",
    "email": "E-mail",
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "matrix": "Matrix",
    "call": "Telephone call",
}


def channel_words(channel: str) -> str:
    """Name a channel."""
    return _CHANNELS.get(channel, in_plain_words(channel))


def delivery_words(delivery: DeliveryView, zone: str) -> str:
    """Say what became of one message by one channel: `sent Sat 07 Mar 2026, 18:45`, `not sent yet`."""
    if delivery.state == "given_up":
        return f"given up ({in_running_words(delivery.error_code)})" if delivery.error_code else "given up"
    if delivery.channel == "call":
        words = call_words(delivery.state)
        return f"{words}, {short(delivery.at, zone)}" if delivery.at else words
    if delivery.at is None:
        return "not sent yet"
    words = {"read": "read", "shown": "shown, not read yet, since"}.get(delivery.state, "sent")
    return f"{words} {short(delivery.at, zone)}"


def point_words(point: PlannedView) -> str:
    """Say what fires: `Warning at 80% of the time`, `Breach`, `Level 2`, `Level 2, again (3)`."""
    if point.kind == "breach":
        return "The deadline; if it is not met, it is overdue"
    if point.name == DUE:
        return "Due by the clock; it is overdue only once its last day is over"
    if point.kind == "warning":
        return f"Warning, {WarningPoint(point.name.removeprefix('w:')).in_words()}"
    level, _, again = point.name.removeprefix("l:").partition(".")
    return f"Level {level}, again ({again})" if again else f"Level {level}"
