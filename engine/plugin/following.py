"""What a step asks to follow it: a day that is watched, an appointment, persons it told of."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True)
class Watch:
    """A step that is to be done later: the engine adds it to the run, opens it in time and lets its limit run.

    `name` says what is watched, such as `consent_end`: for one person a later watch takes the place of an earlier one
    of the same name. `uses` is the step type that is opened then, `title` what its worklist says, in published words
    only. Instants are aware, in UTC: it opens at `opens_at` (left out: at once) and is due at `due_at`; or a limit of
    the `law` says how long, counted from `from_at`. One that `is_over` only calls the earlier one off. What the case
    sees to already is not added a second time: by the same limit of the law, or by a step of that type for that person
    that is open and has to be done in the same days. Of an act that is done `once`, such as a handover, a step that is
    open or waits is enough, whatever its limit. While a step waits to be opened it keeps no case open; one that opens
    at once is added even when the step that asks for it was the last of its case.
    """

    name: str
    uses: str = ""
    title: str = ""
    opens_at: datetime | None = None
    due_at: datetime | None = None
    law: str = ""
    from_at: datetime | None = None
    ladder: str = "standard"
    roles: tuple[str, ...] = ()
    settings: Mapping[str, str] = attribute(default_factory=dict)
    is_over: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class OpensAtOnce:
    """A step that an answer brings in the very transaction in which it is written down: what cannot wait for a job.

    `uses`, `title`, `ladder` and `settings` are those of a `Watch`. In a case of the country of its `law` that limit
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
