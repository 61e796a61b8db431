"""The directory of partners, and the link by which one without an account answers."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from hmac import compare_digest
from typing import Any, Final, NamedTuple, Self
from uuid import UUID, uuid5

from engine.core.case_links import Referral, ReferralStatus
from engine.core.records import Record
from engine.errors import IcmcError
from engine.sharing.records.consent import (
    Consent,
    ConsentError,
    ConsentRecipient,
    fields_of,
    parts_within,
    require_covered,
)

LONGEST: Final = timedelta(days=7)
"""How long a link lives at most."""
MOST_TRIES: Final = 5
"""How many wrong codes kill a link."""
SITTING: Final = timedelta(minutes=15)
"""How long a link that was opened by its code stays open in one browser."""


class PartnerLink(Record):
    """A link to one referral (UTC); `session_hash` is that of the browser in which its code was given.

    It is opened once. It dies at `expires_at`, after five wrong codes, when the referral is answered and that sitting
    is over, or when somebody ends it.
    """

    id: UUID
    referral_id: UUID
    case_id: UUID
    unit_id: UUID
    token_hash: bytes
    code_hash: str
    tries: int = 0
    made_by: UUID | None = None
    made_at: datetime
    expires_at: datetime
    opened_at: datetime | None = None
    session_hash: bytes | None = None
    session_until: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str = ""

    def takes_code(self, now: datetime) -> bool:
        """Return whether a code can still open it."""
        return self.ended_at is None and self.opened_at is None and now < self.expires_at and self.tries < MOST_TRIES

    def is_open_in(self, session_hash: bytes, now: datetime) -> bool:
        """Return whether it is open in a browser now."""
        until = self.session_until
        is_here = self.session_hash is not None and compare_digest(self.session_hash, session_hash)
        return self.ended_at is None and is_here and until is not None and now < min(until, self.expires_at)

    def opened(self, session_hash: bytes, now: datetime) -> Self:
        """Return the link opened in a browser."""
        changes = {"opened_at": now, "session_hash": session_hash, "session_until": now + SITTING}
        return self.model_copy(update=changes)

    def missed(self, now: datetime) -> Self:
        """Return the link after a wrong code; the fifth one ends it."""
        tries = self.tries + 1
        over = {"ended_at": now, "ended_reason": "too_many_codes"} if tries >= MOST_TRIES else {}
        return self.model_copy(update={"tries": tries, **over})

    def ended(self, now: datetime, reason: str) -> Self:
        """Return the link when nothing can be opened by it any more."""
        return self if self.ended_at else self.model_copy(update={"ended_at": now, "ended_reason": reason})


class PartnerView(Record):
    """One time that a link was used: `what` is asked, wrong_code, opened, read, accepted or declined (UTC)."""

    id: UUID
    link_id: UUID
    case_id: UUID
    unit_id: UUID
    at: datetime
    what: str
    count: int = 0


_PARTNERS: Final = UUID("5b1f6d2e-6a0c-4c66-9f0e-6b7f2f7d1c11")
RENEW_BEFORE: Final = timedelta(days=60)
_KEPT: Final = frozenset({"id", "updated_at"})


class Partner(Record):
    """A body that offers something: no person is in it. Instants are UTC; what is not known is None or empty."""

    id: UUID
    name: str
    kind: str = ""
    services: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hours: str = ""
    takes_men: bool | None = None
    takes_children: bool | None = None
    takes_foreigners: bool | None = None
    capacity_free: int | None = None
    valid_until: datetime | None = None
    agreement_until: date | None = None
    updated_at: datetime

    def counts_at(self, now: datetime) -> bool:
        """Return whether what is said of free places can still be relied on."""
        return self.valid_until is None or self.valid_until > now

    def agreement_on(self, day: date) -> str:
        """Say how the agreement stands on a day: none, over, ending (within 60 days) or held."""
        if self.agreement_until is None:
            return "none"
        if self.agreement_until < day:
            return "over"
        return "ending" if self.agreement_until - RENEW_BEFORE <= day else "held"


class Score(NamedTuple):
    """How a body answered what it was asked: numbers, without persons and cases."""

    to: str
    asked: int = 0
    in_time: int = 0
    late: int = 0
    declined: int = 0
    open: int = 0
    silent: int = 0


def quarter_before(day: date) -> tuple[date, date]:
    """Return the first day of the quarter that ended before a day, and that of the next one."""
    end = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    begin = end.replace(year=end.year - 1, month=10) if end.month == 1 else end.replace(month=end.month - 3)
    return begin, end


def partner_id(name: str) -> UUID:
    """Return the id of a partner, which is the same however the name is written."""
    return uuid5(_PARTNERS, " ".join(name.casefold().split()))


def written(known: Partner | None, name: str, said: Mapping[str, Any], *, at: datetime) -> Partner:
    """Write what is said of a partner over what was known; what is not said stays as it was."""
    before = known.model_dump(exclude={"id", "name", "updated_at"}) if known else {}
    told = {key: value for key, value in said.items() if value not in (None, "", (), []) and key not in _KEPT}
    return Partner.model_validate({**before, **told, "id": partner_id(name), "name": name.strip(), "updated_at": at})


def offering(
    partners: Iterable[Partner], *, service: str = "", area: str = "", language: str = "", now: datetime
) -> tuple[Partner, ...]:
    """List who offers a service in an area and a language, those with free places first.

    A place such as `IN-ML` is served by whoever names it or its country.
    """
    country = area.partition("-")[0]
    found = [
        one
        for one in partners
        if (not service or service in one.services)
        and (not area or {area, country} & set(one.areas) or any(known.startswith(f"{area}-") for known in one.areas))
        and (not language or language in one.languages)
    ]
    return tuple(sorted(found, key=lambda one: (-_places(one, now), one.name.casefold())))


def scores_of(referrals: Iterable[tuple[str, Referral]], *, now: datetime) -> tuple[Score, ...]:
    """Count for each body what it was asked and how it answered; what was never offered does not count."""
    scores: dict[str, Score] = {}
    for to, referral in referrals:
        if referral.status in {ReferralStatus.HELD, ReferralStatus.DROPPED}:
            continue
        score, due = scores.get(to, Score(to)), referral.due_at
        answered = referral.answered_at
        is_open = referral.status is ReferralStatus.OFFERED
        scores[to] = Score(
            to,
            score.asked + 1,
            score.in_time + (answered is not None and (due is None or answered <= due)),
            score.late + (answered is not None and due is not None and answered > due),
            score.declined + (referral.status is ReferralStatus.DECLINED),
            score.open + is_open,
            score.silent + (is_open and due is not None and due < now),
        )
    return tuple(scores[to] for to in sorted(scores, key=str.casefold))


def _places(partner: Partner, now: datetime) -> int:
    return (partner.capacity_free or 0) if partner.counts_at(now) else 0


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
    """Return the kinds of body to which a consent allows anything to go."""
    return [ConsentRecipient(kind=name.partition(":")[2]) for name in consent.recipients if name.startswith("kind:")]


def _text(answers: Mapping[str, object], name: str) -> str:
    return str(answers.get(name) or "")


class PartnerLinkError(IcmcError):
    """Raised for a link or a code of a partner that does not open anything, in the same words whatever is wrong."""

    code = "partner-link"
    sentence = "This link or code is not valid, or is no longer valid. Ask the person who gave it to you for a new one."
