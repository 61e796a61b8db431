"""Say whether a consent that was written down is still good, and whether it allows sharing."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from engine.plugin import NOT_KNOWN, ConsentGiven, JsonAnswer, Watch, as_day, as_instant, end_of_day, local_day

_ASK_BEFORE = timedelta(days=14)
"""A promise of the network: so long before a consent runs out the person is asked again."""
_A_SECOND = timedelta(seconds=1)
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
    withdrawn, aloud = as_instant(consent.get("withdrawn_at")), consent.get("read_aloud")
    return ConsentGiven(
        kind=str(consent.get("kind", "")),
        purposes=_codes(consent.get("purpose")),
        recipients=_codes(consent.get("recipients")),
        parts=_codes(consent.get("fields_covered")),
        valid_until=as_day(consent.get("valid_until")),
        language=str(consent.get("language") or ""),
        read_aloud=None if aloud == NOT_KNOWN else aloud is True,
        is_withdrawn=withdrawn is not None and withdrawn <= now,
    )


def watch_consent(consent: Mapping[str, JsonAnswer], now: datetime, zone: str) -> tuple[Watch, ...]:
    """Watch for the end of a consent: it is asked for again in time, and looked at once more when it has run out.

    One that is taken back, or has run out already, is not watched any longer. It is asked for again two weeks before
    its end, or when half of its time is over if that is later.
    """
    until = as_day(consent.get("valid_until"))
    if until is None or not is_live(consent, now=now, zone=zone):
        return (Watch("consent_end", is_over=True), Watch("consent_over", is_over=True))
    ends_at = end_of_day(until, zone)
    return (
        Watch(
            "consent_end", "protection.consent", "Consent is ending: ask the person again",
            opens_at=max(ends_at - _ASK_BEFORE, now + (ends_at - now) / 2), due_at=ends_at,
        ),
        Watch("consent_over", "protection.consent_check", "Consent has expired", opens_at=ends_at + _A_SECOND),
    )  # fmt: skip


def _codes(answer: JsonAnswer) -> tuple[str, ...]:
    return tuple(str(code) for code in answer) if isinstance(answer, list) else ()
