"""Whether something of a case may leave its unit, and what people are shown of what left."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from engine.core.access import ADD_FILES
from engine.core.policy import View
from engine.core.records import Record
from engine.errors import NotPossibleError

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
        """Return whether it is neither taken back nor run out."""
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
    """Whether a field is among those allowed: by its own name, or by all of its step; a class only by its name."""
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


class Package(NamedTuple):
    """A part of a case in the words of a form of consent, with its fields named as in a grant."""

    title: str
    fields: tuple[str, ...]


PACKAGES: Final[Mapping[str, Package]] = {
    "case_summary": Package(
        "Steps, time limits and what was decided at the beginning", ("case.*", "reporting.triage.*")
    ),
    "name": Package("Name and other names", ("person.name", "person.aliases")),
    "age_and_sex": Package(
        "Age and sex", ("person.age", "reporting.triage.age_band", "reporting.missing.age", "reporting.missing.sex")
    ),
    "contact": Package("Phone number", ("person.phone",)),
    "photo": Package("Pictures", ("class:images",)),
    "home_address": Package(
        "Where the person lives or was seen",
        ("person.address", "reporting.intake.place_last_seen", "reporting.missing.last_seen_place"),
    ),
    "language": Package("Language", ("reporting.intake.language", "rescue.first_needs.language")),
    "risks": Package(
        "Dangers", ("reporting.triage.risk_level", "protection.safety.level", "protection.safety.threats")
    ),
    "health_needs": Package("Health", ("class:health",)),
    "family": Package(
        "Family and home",
        ("repatriation.hir.family_identity", "repatriation.hir.income_source", "repatriation.hir.recommendation"),
    ),
    "police_papers": Package("What the police have", ("policing.fir.*", "policing.ahtu.*", "policing.chargesheet.*")),
    "court_papers": Package("What the court has", ("prosecution.hearing.*", "prosecution.statement.*")),
    "shelter": Package("Where the person is kept safe", ("class:shelter_address", "protection.placement.*")),
    "counselling": Package("Counselling", ("class:counselling",)),
}
"""The parts that can be chosen. A sealed class is in one only by its own name."""

RIGHTS: Final[Mapping[str, Package]] = {"add_files": Package("Can add files to the case", (ADD_FILES,))}
"""What another unit can be allowed to do, beside what it is shown: no consent is asked for it, and none gives it."""

_LOCATING: Final = frozenset({"person.address", "class:shelter_address"})


def fields_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the fields of some parts, each once; a code that names no part adds nothing."""
    found = (name for code in codes for name in (PACKAGES[code].fields if code in PACKAGES else ()))
    return tuple(dict.fromkeys(found))


def rights_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Return what a grant names for some rights, each once; a code that names no right adds nothing."""
    return tuple(dict.fromkeys(name for code in codes if code in RIGHTS for name in RIGHTS[code].fields))


def titles_of(fields: Iterable[str]) -> tuple[str, ...]:
    """Name the parts and rights that some fields make up, and then the fields that are in none of them."""
    known = tuple(fields)
    whole = [PACKAGES[code] for code in parts_within(known)]
    whole += [right for right in RIGHTS.values() if set(right.fields) <= set(known)]
    named = {name for part in whole for name in part.fields}
    return (*(part.title for part in whole), *(name for name in known if name not in named))


def parts_within(fields: Collection[str]) -> tuple[str, ...]:
    """List the parts of which every field is among those given."""
    return tuple(code for code, part in PACKAGES.items() if all(is_covered(name, fields) for name in part.fields))


def locating(fields: Iterable[str], places: Collection[str]) -> tuple[str, ...]:
    """List the fields by which somebody can be found; `places` names the questions that ask for a place or a way."""
    return tuple(
        name
        for name in fields
        if name in _LOCATING or name in places or (name.endswith(".*") and _holds_one(name, places))
    )


def _holds_one(name: str, places: Collection[str]) -> bool:
    stem = name.removesuffix("*")
    return any(place.startswith(stem) for place in (*places, *_LOCATING))


class NamedView(View):
    """Something with a name, to be chosen."""

    id: UUID
    name: str


class SharedLine(View):
    """One answer that a partner is shown."""

    label: str
    text: str


class ConsentView(View):
    """A line of the ledger of consents; `state` is live, withdrawn or ran_out."""

    id: UUID
    person: str
    kind: str
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    parts: tuple[str, ...]
    fields: tuple[str, ...]
    language: str
    read_aloud: bool | None
    assent: str
    state: str
    valid_until: datetime | None
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    step_id: UUID | None


class SharedView(View):
    """Something that was sent to another unit or partner, or waits to be, and all that became of it.

    `persons` are those of whom it is shown, by label. `ground` names the law when it left without consent. `views`
    counts how often a partner's link was used, and `link_until` is when it dies (UTC), None when none still lives.
    `phone` is the number at which whoever has accepted by a link can be rung.
    """

    id: UUID
    kind: str
    status: str
    to: str
    phone: str
    is_outside: bool
    is_hub: bool
    purpose: str
    help: str
    urgency: str
    parts: tuple[str, ...]
    fields: tuple[str, ...]
    persons: tuple[str, ...]
    consent_id: UUID | None
    ground: str
    law: str
    sent_at: datetime
    due_at: datetime | None
    asked_by: str
    released_by: str
    released_by_id: UUID | None
    second_by: str
    answered_at: datetime | None
    answered_by: str
    reason_code: str
    ended_at: datetime | None
    ended_reason: str
    views: int
    last_view_at: datetime | None
    link_until: datetime | None


class SharingView(View):
    """All that was agreed and sent of a case. `persons` are those of the case by label, `units` those to send to."""

    case_id: UUID
    number: str
    zone: str
    jurisdiction: str
    unit: str
    consents: tuple[ConsentView, ...]
    sent: tuple[SharedView, ...]
    persons: tuple[NamedView, ...]
    units: tuple[NamedView, ...]
    organisations: tuple[NamedView, ...]


class MatchView(View):
    """Another unit asks about a person of a case, or has answered to be called: which, and nothing of what it knows."""

    id: UUID
    case_id: UUID
    case_number: str
    unit: str
    contact: str
    found_at: datetime
    seen_at: datetime | None
    seen_by: str
    is_question: bool = False
    answer: str = ""
    answered_at: datetime | None = None
    answered_by: str = ""


class ProbeLine(View):
    """How often on a day persons whom somebody of a unit wrote down were compared with those of other units.

    `held` had to wait for another day, since it was too often.
    """

    day: date
    unit: str
    actor: str
    compared: int
    held: int


class PartnerPage(View):
    """What a partner without an account is shown of a referral: the agreed fields only once it was accepted."""

    number: str
    from_unit: str
    contact: str
    zone: str
    kind: str
    status: str
    purpose: str
    help: str
    urgency: str
    due_at: datetime | None
    until: datetime | None
    note: str
    lines: tuple[SharedLine, ...]


class ConsentError(NotPossibleError):
    """Raised when something would leave a unit that neither a consent nor a ground in law covers."""

    code = "consent"
    sentence = "This must not be sent. {problem}"
