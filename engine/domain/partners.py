"""The directory of partners: who offers what where, whose entry still counts, who answers in time."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from engine.domain.records import Record
from engine.domain.referral import Referral, ReferralStatus

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
        """Say whether what is said of free places can still be relied on."""
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


def partner_id(name: str) -> UUID:
    """Give the id of a partner, which is the same however the name is written."""
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
