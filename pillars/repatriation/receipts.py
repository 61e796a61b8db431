"""Compare the receipts of both sides of a handover, each signed in its own time zone."""

from datetime import timedelta

from engine.plugin import Form
from pillars.repatriation.forms import HandoverForm

_TOO_FAR_APART = timedelta(hours=12)
"""Practice of the network: how far apart two signatures may lie."""


def is_over(answers: HandoverForm) -> bool:
    """Return whether both sides have signed: a handover is not over before that."""
    return answers.sender_signed_at is not None and answers.receiver_signed_at is not None


def differences(answers: HandoverForm) -> tuple[str, ...]:
    """Say in which the two receipts differ; nothing is compared that one side has not written."""
    signed = answers.sender_signed_at, answers.receiver_signed_at
    sent, came = answers.money_handed, answers.money_received
    found = []
    if signed[0] and signed[1] and abs(signed[0] - signed[1]) > _TOO_FAR_APART:
        found.append("The two sides signed more than 12 hours apart: ask both.")
    if sent is not None and came is not None and sent != came:
        found.append("The money that was handed over is not what was received: ask both sides.")
    found += Form.unless_yes(
        answers.belongings_complete,
        no="The receiving side does not have all belongings: ask both sides.",
        unknown="It is not known whether the receiving side has all belongings: ask both sides.",
    )
    found += Form.unless_yes(
        answers.condition_agreed,
        no="The two sides do not agree on the condition of the person: speak with them again, alone, at the first"
        " call.",
        unknown="It is not known whether both sides agree how the person was: see them alone at the first call.",
    )
    return tuple(found)


def missing_receipt(answers: HandoverForm) -> str | None:
    """Name the side whose receipt is missing; None when both are there."""
    sides = ((answers.sender_signed_at, "sending"), (answers.receiver_signed_at, "receiving"))
    gone = [side for signed, side in sides if signed is None]
    return " and ".join(gone) or None
