"""What a step asks to follow it: steps at once, an appointment, persons and partners it told of."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class OpensAtOnce:
    """A step that an answer brings in the very transaction in which it is written down: what cannot wait for a job.

    `uses`, `title`, `ladder` and `settings` are those of a follow-up. In a case of the country of its `law` that limit
    counts, from the answer on; else it is due `within` a time from the answer. There is one for each step that was
    answered so, under the `name`: answering again brings no second one, nor does another step while it is not done.
    """

    name: str
    uses: str
    title: str
    within: timedelta
    law: str = ""
    ladder: str = "critical"
    settings: Mapping[str, str] = attribute(default_factory=dict)


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
class PartnerOffer:
    """A partner of the directory, as a step that asks for one sees it; `free` is None where nobody can say."""

    name: str
    services: tuple[str, ...]
    areas: tuple[str, ...]
    languages: tuple[str, ...]
    free: int | None
    takes_children: bool | None
