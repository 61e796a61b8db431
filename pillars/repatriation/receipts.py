"""Compare the receipts of both sides of a handover, each signed in its own time zone."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from engine.plugin import JsonAnswer, Watch, as_instant, as_number, unless_yes

STEP, LADDER = "repatriation.handover", "repatriation-stuck"
_RECEIPT_WITHIN = timedelta(hours=24)
_TOO_FAR_APART = timedelta(hours=12)
"""Practice of the network: how soon the other side signs, and how far apart two signatures may lie."""


def is_over(answers: Mapping[str, JsonAnswer]) -> bool:
    """Say whether both sides have signed: a handover is not over before that."""
    return all(as_instant(answers.get(name)) is not None for name in ("sender_signed_at", "receiver_signed_at"))


def differences(answers: Mapping[str, JsonAnswer]) -> tuple[str, ...]:
    """Say in which the two receipts differ; nothing is compared that one side has not written."""
    signed = [as_instant(answers.get(name)) for name in ("sender_signed_at", "receiver_signed_at")]
    sent, came = as_number(answers.get("money_handed")), as_number(answers.get("money_received"))
    found = []
    if signed[0] and signed[1] and abs(signed[0] - signed[1]) > _TOO_FAR_APART:
        found.append("The two sides signed more than 12 hours apart: ask both.")
    if sent is not None and came is not None and sent != came:
        found.append("The money that was handed over is not what was received: ask both sides.")
    found += unless_yes(
        answers.get("belongings_complete"),
        no="The receiving side does not have all belongings: ask both sides.",
        unknown="It is not known whether the receiving side has all belongings: ask both sides.",
    )
    found += unless_yes(
        answers.get("condition_agreed"),
        no="The two sides do not agree on the condition of the person: speak with them again, alone, at the first"
        " call.",
        unknown="It is not known whether both sides agree how the person was: see them alone at the first call.",
    )
    return tuple(found)


def watch_receipts(answers: Mapping[str, JsonAnswer], now: datetime) -> tuple[Watch, ...]:
    """Ask for a missing receipt within 24 hours (a target of the network), again until both sides have signed."""
    if is_over(answers):
        return (Watch("second_receipt", is_over=True),)
    title = "Handover: a receipt is missing, both sides sign"
    return (Watch("second_receipt", STEP, title, due_at=now + _RECEIPT_WITHIN, from_at=now, ladder=LADDER),)


def missing_receipt(answers: Mapping[str, JsonAnswer]) -> str | None:
    """Name the side whose receipt is missing; None when both are there."""
    sides = (("sender_signed_at", "sending"), ("receiver_signed_at", "receiving"))
    gone = [side for name, side in sides if as_instant(answers.get(name)) is None]
    return " and ".join(gone) or None
