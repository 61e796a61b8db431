"""Whom a step has told of, beside those that the case had: a recruiter, whoever sent somebody on a way, a partner."""

from dataclasses import dataclass
from datetime import date, datetime


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
class PartnerOffer:
    """A partner of the directory, as a step that asks for one sees it; `free` is None where nobody can say."""

    name: str
    services: tuple[str, ...]
    areas: tuple[str, ...]
    languages: tuple[str, ...]
    free: int | None
    takes_children: bool | None
