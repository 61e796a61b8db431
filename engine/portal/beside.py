"""What a form asks beside its questions: when it happened, why it is late, why it cannot be done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from starlette.datastructures import FormData

from engine.portal.posted import instant, text
from engine.portal.presenters.times import for_input

BESIDE: Final = ("happened_at", "late_reason", "reason", "outcome")
LATE_REASONS: Final = (
    "No network", "Paper form typed in later", "Reported to us later", "No time earlier: an emergency",
    "The person was not ready to talk", "Waiting for a document",
)  # fmt: skip
"""What is offered to say why something is entered late; other words do as well."""
_INSTANT: Final = "happened_at"


def posted(form: FormData) -> dict[str, str]:
    """Give what was typed, as it was typed."""
    return {name: text(form, name) for name in BESIDE}


def to_keep(form: FormData, zone: str) -> dict[str, str]:
    """Give what was typed as a draft keeps it: local time of `zone` as an instant in UTC, if it can be read."""
    typed, at = posted(form), instant(form, _INSTANT, zone)
    return typed | {_INSTANT: at.isoformat()} if at else typed


def drawn(kept: Mapping[str, str], zone: str) -> dict[str, str]:
    """Give what a draft has kept as the page shows it: an instant in local time of `zone`."""
    shown = {name: kept.get(name, "") for name in BESIDE}
    try:
        at = datetime.fromisoformat(shown[_INSTANT])
        return shown | {_INSTANT: for_input(at, zone)} if at.tzinfo else shown
    except (ValueError, OverflowError):
        return shown
