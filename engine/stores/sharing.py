"""Consents, referrals, hand-overs, links of partners, matches."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from engine.domain.consent import Consent, Recipient
from engine.domain.matching import Asked, MatchAlert, Pattern, SharedPerson
from engine.domain.partner_link import PartnerLink, PartnerView
from engine.domain.referral import Referral


class Referrals(Protocol):
    """What was offered to other units and partners, and how they answered."""

    def add(self, referral: Referral, *, note: str = "") -> bool:
        """Write a referral once, its note sealed; gives whether it is new."""
        ...

    def save(self, referral: Referral) -> None:
        """Write a referral as it is now; what was sent, and of which case, stays as it was."""
        ...

    def get(self, referral_id: UUID) -> Referral | None:
        """Load a referral."""
        ...

    def note(self, referral_id: UUID) -> str:
        """Open what the other side must know at once; empty when nothing was written."""
        ...

    def of_case(self, case_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals of a case, the earliest first."""
        ...

    def of_consent(self, consent_id: UUID) -> tuple[Referral, ...]:
        """Load the referrals that rest on a consent, the earliest first."""
        ...

    def answer(self, referral_id: UUID, *, status: str, by: UUID | None, at: datetime, reason_code: str = "") -> None:
        """Write how a referral was answered, or that it was called back."""
        ...

    def partner_of(self, case_id: UUID, step_id: UUID) -> UUID | None:
        """Give the unit that a step, or else its case, was referred to last and that has not declined."""
        ...

    def recipient(self, unit_id: UUID) -> Recipient:
        """Say who a unit is, in the words of a consent; one that there is not is nobody."""
        ...

    def partners(self, jurisdiction: str, *, but: Collection[UUID]) -> tuple[UUID, ...]:
        """List the units of a place, its own first and then those of its country, without those named."""
        ...


class Consents(Protocol):
    """The ledger of consents; nothing is ever taken out."""

    def add(self, consent: Consent) -> bool:
        """Write a consent once; gives whether it is new."""
        ...

    def get(self, consent_id: UUID) -> Consent | None:
        """Load a consent."""
        ...

    def of_case(self, case_id: UUID) -> tuple[Consent, ...]:
        """Load the consents of a case, the earliest first."""
        ...

    def withdraw(self, consent_id: UUID, *, by: UUID | None, at: datetime) -> bool:
        """Write that a consent was taken back; gives whether it still held."""
        ...

    def run_out(self, *, now: datetime, most: int) -> tuple[Consent, ...]:
        """Load the consents that have run out and for which nothing was done yet, the earliest first."""
        ...

    def note_expired(self, consent_id: UUID, *, at: datetime) -> None:
        """Write that what follows from a consent that has run out was done."""
        ...


class Transfers(Protocol):
    """Which unit has a case."""

    def move(self, case_id: UUID, *, to_unit_id: UUID) -> tuple[UUID, ...]:
        """Give a case to another unit, as the last thing that a transaction does to it; gives who went along."""
        ...


class PartnerLinks(Protocol):
    """Links of partners without an account."""

    def add(self, link: PartnerLink) -> bool:
        """Write a link once; gives whether it is new."""
        ...

    def by_token(self, token_hash: bytes, *, hold: bool = True) -> PartnerLink | None:
        """Load a link by the hash of its token; with `hold` nobody else uses it until the transaction ends."""
        ...

    def of_referral(self, referral_id: UUID) -> tuple[PartnerLink, ...]:
        """Load the links of a referral, the earliest first."""
        ...

    def save(self, link: PartnerLink) -> None:
        """Write a link as it is now."""
        ...

    def note_view(self, view: PartnerView) -> None:
        """Write that a link was used."""
        ...


class Matches(Protocol):
    """Persons whom two units know."""

    def asked(self, *, now: datetime, most: int) -> tuple[UUID, ...]:
        """List whom to compare next, the earliest first, without those who wait for another day."""
        ...

    def claim(self, person_id: UUID) -> Asked | None:
        """Keep a person who waits to be compared from others who do the same; gives None when somebody has them."""
        ...

    def forget_probes(self, *, before: date) -> int:
        """Forget how often was compared on days before one; gives how many lines."""
        ...

    def count_probe(self, asked: Asked, *, day: date) -> tuple[int, int]:
        """Count a comparison; gives how many there were that day by the same person (0 for nobody), and by the unit."""
        ...

    def hold(self, asked: Asked, *, day: date, until: datetime) -> None:
        """Let a person wait for another day, and count that instead of the comparison."""
        ...

    def done(self, person_id: UUID) -> None:
        """Take a person off the list of those to be compared."""
        ...

    def shared(self, person_id: UUID) -> tuple[SharedPerson, ...]:
        """Find persons in cases of other units who share two strong facts with a person, once for each of both cases.

        Theirs who was written down first is the unit that knows; the other one asks.
        """
        ...

    def alike(self, person_id: UUID) -> tuple[UUID, ...]:
        """Give the persons, of whatever unit, who by their tokens alone are likely this one, by one fact too."""
        ...

    def patterns(self, person_id: UUID, *, since: datetime) -> tuple[Pattern, ...]:
        """Find what a suspect shares with those of other cases into which they came since: ways, numbers, names."""
        ...

    def add(self, alert: MatchAlert) -> bool:
        """Write an alert, once for a case and another unit; gives whether it is new."""
        ...

    def answer(self, alert_id: UUID, *, answer: str, by: UUID, at: datetime) -> bool:
        """Write what a unit answered to a question; gives whether nobody had before."""
        ...

    def get(self, alert_id: UUID) -> MatchAlert | None:
        """Load an alert."""
        ...

    def seen(self, alert_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Write who has seen an alert; gives whether nobody had before."""
        ...
