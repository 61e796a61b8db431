"""Say whether a consent that was written down is still good, and whether it allows sharing."""

from collections.abc import Mapping
from datetime import datetime

from engine.plugin.steps import ConsentGiven, JsonAnswer
from engine.plugin.values import as_day, as_instant, local_day

_SHARING = frozenset({"referral", "sharing_with_partners"})


def is_live(consent: Mapping[str, JsonAnswer], *, now: datetime, zone: str) -> bool:
    """Say whether it was given, is not taken back at `now`, and has not run out by the calendar of `zone`."""
    until = as_day(consent.get("valid_until"))
    withdrawn = as_instant(consent.get("withdrawn_at"))
    return until is not None and until >= local_day(now, zone) and (withdrawn is None or withdrawn > now)


def covers_sharing(consent: Mapping[str, JsonAnswer]) -> bool:
    """Say whether its purposes allow sharing and it covers something that identifies the person."""
    purposes, covered = consent.get("purpose"), consent.get("fields_covered")
    shares = isinstance(purposes, list) and not _SHARING.isdisjoint(str(purpose) for purpose in purposes)
    return shares and isinstance(covered, list) and bool(covered) and "no_personal_data" not in covered


def given_in(consent: Mapping[str, JsonAnswer], *, now: datetime) -> ConsentGiven:
    """Give what was agreed, for the ledger of consents."""
    withdrawn = as_instant(consent.get("withdrawn_at"))
    return ConsentGiven(
        kind=str(consent.get("kind", "")),
        purposes=_codes(consent.get("purpose")),
        recipients=_codes(consent.get("recipients")),
        parts=_codes(consent.get("fields_covered")),
        valid_until=as_day(consent.get("valid_until")),
        language=str(consent.get("language") or ""),
        read_aloud=consent.get("read_aloud") is True,
        is_withdrawn=withdrawn is not None and withdrawn <= now,
    )


def _codes(answer: JsonAnswer) -> tuple[str, ...]:
    return tuple(str(code) for code in answer) if isinstance(answer, list) else ()
