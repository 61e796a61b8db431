"""What a step that found a partner says of a referral, in the words of the page that sends one: pure answers."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.domain.consent import Consent, ConsentRecipient, require_covered
from engine.domain.packages import fields_of, parts_within
from engine.domain.records import Record
from engine.errors import ConsentError

ASKS: Final = frozenset({"to_org", "kind", "purpose", "urgency", "shared_fields"})
"""A step type with these questions is one of a referral."""
_KINDS: Final = {"consult": "consultation"}
_PURPOSES: Final = {"legal_aid": "legal_help", "moved_away": "other"}


class PreparedReferral(Record):
    """A referral that nobody has sent: to whom, for what, and which parts its consent covers."""

    step_id: UUID
    kind: str
    to_unit_id: UUID | None
    to_name: str
    to_kind: str
    purpose: str
    urgency: str
    consent_id: UUID
    parts: tuple[str, ...]


def prepare(
    step_id: UUID,
    answers: Mapping[str, object],
    consents: Iterable[Consent],
    unit: ConsentRecipient | None,
    *,
    now: datetime,
) -> PreparedReferral | None:
    """Prepare a referral from what a step says, on the consent that covers most of it; None when none covers any.

    `unit` is the unit of the network that the step names; None for a partner outside it. `now` is in UTC.
    """
    if not answers.get("to_org") or answers.get("declined_reason"):
        return None
    purpose = _text(answers, "purpose")
    purpose = _PURPOSES.get(purpose, purpose)
    wanted = answers.get("shared_fields")
    asked = [str(one) for one in wanted] if isinstance(wanted, list | tuple) else []
    best: PreparedReferral | None = None
    for consent in consents:
        for to in [unit] if unit else _kinds_of(consent):
            parts = _covered(consent, to, asked, purpose, now)
            if parts and (best is None or len(parts) > len(best.parts)):
                kind = _text(answers, "kind")
                best = PreparedReferral(
                    step_id=step_id, kind=_KINDS.get(kind, kind), to_unit_id=to.unit_id,
                    to_name="" if to.unit_id else _text(answers, "to_org"), to_kind="" if to.unit_id else to.kind,
                    purpose=purpose, urgency=_text(answers, "urgency"), consent_id=consent.id, parts=parts,
                )  # fmt: skip
    return best


def _covered(
    consent: Consent, to: ConsentRecipient, asked: Collection[str], purpose: str, now: datetime
) -> tuple[str, ...]:
    parts = tuple(part for part in asked if part in parts_within(consent.fields))
    try:
        require_covered(consent, to, purpose=purpose, fields=fields_of(parts), now=now)
    except ConsentError:
        return ()
    return parts


def _kinds_of(consent: Consent) -> list[ConsentRecipient]:
    """Give the kinds of body to which a consent allows anything to go."""
    return [ConsentRecipient(kind=name.partition(":")[2]) for name in consent.recipients if name.startswith("kind:")]


def _text(answers: Mapping[str, object], name: str) -> str:
    return str(answers.get(name) or "")
