"""What the functions of a step return, and how a step can end."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from engine.plugin.answers import JsonAnswer
from engine.plugin.context import Match


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment of a step: what it is in published words, when it begins, and the room if it is known.

    `starts_at` is aware, in UTC; where only the day is known, `day` stands instead, by the clock of the unit. Neither
    `what` nor `room` may name a person or tell what the case is about.
    """

    what: str
    starts_at: datetime | None = None
    day: date | None = None
    room: str = ""


@dataclass(frozen=True, slots=True)
class PersonTold:
    """Somebody who is brought into the case when a step ends, sealed like every person of it.

    They are found again, here and by blind tokens across units, by name, phone, online names, vehicles and ways. A way
    is a text with the places on it. One without anything to be found by is not written down.
    """

    role: str = "suspect"
    name: str = ""
    phone: str = ""
    handles: tuple[str, ...] = ()
    vehicles: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartnerTold:
    """A body for the directory of partners, without any person: what is left out stays as it was known.

    `areas` are codes of countries and states (`IN-ML`, `NP`), `languages` codes, `valid_until` (UTC) says how long the
    free places can be relied on, and `agreement_until` is the last day of the agreement.
    """

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


@dataclass(frozen=True, slots=True)
class ChangeOfAccess:
    """What a step says of the rights that a colleague has in the unit of the case: `role` is empty where all end.

    A role is asked for, and counts when somebody else agrees who leads the unit. Roles end at once where whoever
    completed the step may take them. One that is given ends by itself at `ends_at`, if that is said.
    """

    colleague: str
    change: Literal["role_given", "role_taken", "all_ended"]
    role: str = ""
    ends_at: datetime | None = None


Scalar = str | bool | int | float | datetime


Computed = Scalar | date | None


class Outcome(StrEnum):
    """How a step can end; a person's own will is an outcome like any other."""

    DONE = "done"
    REFUSED_BY_PERSON = "refused_by_person"
    NOT_NEEDED = "not_needed"
    BLOCKED_BY_OTHER_BODY = "blocked_by_other_body"


@dataclass(frozen=True, slots=True)
class Document:
    """A paper that a step makes from `templates/documents/<name>.html`, before it is answered or after.

    One that `leaves` is for a body outside the network, and says that it must not go until a named person has released
    it. One that does not is for the work with the person: a slip, a consent to sign, a plan.
    """

    name: str
    title: str
    on: str = "conclude"
    leaves: bool = True


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing a step proposes: answers to confirm, and notes for the caseworker (never names)."""

    prefill: Mapping[str, JsonAnswer] = attribute(default_factory=dict)
    notes: tuple[str, ...] = ()

    @staticmethod
    def given(**answers: JsonAnswer) -> dict[str, Any]:
        """Return the answers that say something: nothing, an empty text and an empty list are left out."""
        return {name: answer for name, answer in answers.items() if answer not in (None, "", [])}


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """What a person, or who decides for them, has agreed to in a step: it goes into the ledger of consents.

    `kind` is consent, assent, guardian, committee or court; `recipients` are kinds of body, and `parts` those of a case
    that the ledger knows: case_summary, name, age_and_sex, contact, photo, home_address, language, risks, health_needs,
    family, police_papers, court_papers. A code that it does not know shares nothing. `valid_until` is a day in the zone
    of the case, the last one. `read_aloud` is None where nobody knows.
    """

    kind: str
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    parts: tuple[str, ...]
    valid_until: date | None
    language: str = ""
    read_aloud: bool | None = None
    is_withdrawn: bool = False


class _ConcludedParts:
    __slots__ = ()
    Consent: TypeAlias = ConsentGiven
    Person: TypeAlias = PersonTold
    Partner: TypeAlias = PartnerTold
    Access: TypeAlias = ChangeOfAccess


@dataclass(frozen=True, slots=True)
class Concluded(_ConcludedParts):
    """What follows from the answers beyond the workflow: facts, a consent for the ledger, the rights of a colleague.

    `computed` are values for the follow-ups of the step, by the names that its type `computes`: a day stands for its
    beginning, or for its end where something is due; what is None, or left out, nobody knows.
    """

    facts: Mapping[str, Scalar] = attribute(default_factory=dict)
    notes: tuple[str, ...] = ()
    consent: ConsentGiven | None = None
    persons: tuple[PersonTold, ...] = ()
    partner: PartnerTold | None = None
    access: ChangeOfAccess | None = None
    computed: Mapping[str, Computed] = attribute(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Completed:
    """What an automatic step found: its outputs, facts, notes for the case page (never names)."""

    outputs: Mapping[str, Scalar] = attribute(default_factory=dict)
    facts: Mapping[str, Scalar] = attribute(default_factory=dict)
    matches: tuple[Match, ...] = ()
    notes: tuple[str, ...] = ()
    outcome: Outcome = Outcome.DONE
    computed: Mapping[str, Computed] = attribute(default_factory=dict)
