"""Whether something of a case may leave its unit: a live consent covers it, or a law that is named asks for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.domain.records import Record
from engine.errors import ConsentError

ANY_PURPOSE: Final = frozenset({"referral", "sharing_with_partners"})
"""Purposes that allow any work which is referred to a partner; the others allow only themselves."""


class GivenBy(StrEnum):
    """Who agreed. A child's assent alone allows nothing: it is noted beside what its guardian or a body decides."""

    PERSON = "consent"
    ASSENT = "assent"
    GUARDIAN = "guardian"
    COMMITTEE = "committee"
    COURT = "court"


class Consent(Record):
    """What was agreed for one person of a case (UTC): the purposes, the recipients, the fields, until when.

    `recipients` are `unit:ID`, `organisation:ID` or `kind:KIND`; `fields` are named as those of a grant. `assent` says
    what the child said: yes, no, too_young or not_asked; empty for an adult. `step_id` is the step that asked, and
    `read_aloud` is None where nobody knows.
    """

    id: UUID
    case_id: UUID
    unit_id: UUID
    person_id: UUID
    step_id: UUID | None = None
    kind: GivenBy
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    fields: tuple[str, ...]
    language: str = ""
    read_aloud: bool | None = None
    assent: str = ""
    valid_until: datetime | None = None
    recorded_at: datetime
    recorded_by: UUID | None = None
    withdrawn_at: datetime | None = None
    withdrawn_by: UUID | None = None
    expired_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Say whether it is neither taken back nor run out."""
        return self.withdrawn_at is None and (self.valid_until is None or self.valid_until > now)


@dataclass(frozen=True, slots=True)
class SharingGround:
    """A reason in law to share without consent, with the law of each country; where none is named, it is none."""

    code: str
    title: str
    laws: Mapping[str, str]

    def law(self, jurisdiction: str) -> str:
        """Name the law of a place; empty where this ground has none."""
        return self.laws.get(jurisdiction.partition("-")[0], "")


GROUNDS: Final[tuple[SharingGround, ...]] = (
    SharingGround(
        "child_report",
        "A child must be reported",
        {
            "IN": "POCSO Act 2012, section 19; Juvenile Justice Act 2015, section 32; "
            "Digital Personal Data Protection Act 2023, section 7(d)",
            "BD": "Prevention and Suppression of Human Trafficking Act 2012, section 17",
            "NP": "Human Trafficking and Transportation (Control) Act 2007, section 5",
        },
    ),
    SharingGround(
        "court_order",
        "A court has ordered it",
        {"IN": "Digital Personal Data Protection Act 2023, section 7(e), with the order"},
    ),
    SharingGround(
        "life_at_risk",
        "A life is at risk",
        {"IN": "Digital Personal Data Protection Act 2023, section 7(f)"},
    ),
)
"""Every ground on which something may leave without consent. A person who may release must name it each time."""


@dataclass(frozen=True, slots=True)
class ConsentRecipient:
    """Who is to get something: a unit of the network with its organisation, or a kind of body outside of it."""

    kind: str
    unit_id: UUID | None = None
    organisation_id: UUID | None = None

    @property
    def names(self) -> frozenset[str]:
        """The entries of a consent that name this recipient."""
        found = {f"kind:{self.kind}"} if self.kind else set()
        found |= {f"kind:{wider}" for wider in _WIDER.get(self.kind, ())}
        if self.unit_id:
            found.add(f"unit:{self.unit_id}")
        if self.organisation_id:
            found.add(f"organisation:{self.organisation_id}")
        return frozenset(found)


_WIDER: Final[Mapping[str, tuple[str, ...]]] = {"ngo": ("partner_ngo",), "partner_ngo": ("ngo",)}
"""The same kind of body as a form of consent and as the list of organisations call it."""


def law_of(ground: str, jurisdiction: str) -> str:
    """Name the law of a ground in a place; empty for a ground that there is not there."""
    return next((one.law(jurisdiction) for one in GROUNDS if one.code == ground), "")


def require_covered(
    consent: Consent, to: ConsentRecipient, *, purpose: str, fields: Collection[str], now: datetime
) -> None:
    """Refuse what a consent does not cover; raises `ConsentError`, which says what is missing and names nobody."""
    problem = _missing(consent, to, purpose, fields, now)
    if problem:
        raise ConsentError(problem=problem)


def is_covered(name: str, allowed: Collection[str]) -> bool:
    """Say whether a field is among those allowed: by its own name, or by all of its step; a class only by its name."""
    if name in allowed:
        return True
    if name.startswith("class:"):
        return False
    stem, _, last = name.rpartition(".")
    if last == "*":
        return False
    return f"{stem}.*" in allowed


def _missing(consent: Consent, to: ConsentRecipient, purpose: str, fields: Collection[str], now: datetime) -> str:
    is_for_this = not ANY_PURPOSE.isdisjoint(consent.purposes) or purpose in consent.purposes
    tests = (
        (
            consent.kind is not GivenBy.ASSENT,
            "The child's assent is not enough: the guardian, the Committee or a court must agree.",
        ),
        (consent.withdrawn_at is None, "It was withdrawn."),
        (consent.is_live(now), "It has expired."),
        (is_for_this, "It was given for another purpose."),
        (not to.names.isdisjoint(consent.recipients), "It does not name this recipient."),
        (all(is_covered(name, consent.fields) for name in fields), "It does not cover everything that would be sent."),
    )
    return next((problem for holds, problem in tests if not holds), "")
