"""What passes between a case and the functions of a pillar: what they are given, what they return."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from pydantic import BaseModel

from engine.plugin.answers import Form, JsonAnswer, as_day, as_instant, read_answers


@dataclass(frozen=True, slots=True)
class PartnerOffer:
    """A partner of the directory, as a step that asks for one sees it; `free` is None where nobody can say.

    `asked`, `in_time` and `late` count what the unit of the case asked of it in the quarter that has ended, and how it
    answered; what was not answered when it was due is late.
    """

    name: str
    services: tuple[str, ...]
    areas: tuple[str, ...]
    languages: tuple[str, ...]
    free: int | None
    takes_children: bool | None
    asked: int = 0
    in_time: int = 0
    late: int = 0


def add_months(day: date, months: int) -> date:
    """Add calendar months: 31 December and two months is the last day of February."""
    return day + relativedelta(months=months)


def add_months_to_instant(instant: datetime, months: int, zone: str) -> datetime:
    """Add calendar months by the clock on the wall in `zone`; the answer is in UTC."""
    local = instant.astimezone(ZoneInfo(zone))
    return datetime.combine(add_months(local.date(), months), local.timetz()).astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of a day in `zone`, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the last second of a day in `zone`, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str, *, plus_days: int = 0) -> date:
    """Return the day that an instant, or some days after it, falls on in `zone`."""
    return (instant.astimezone(ZoneInfo(zone)) + timedelta(days=plus_days)).date()


_HOURS_A_DAY, _SATURDAY = 24, 5


_SAID_IN_HOURS = 48
"""Up to so many hours are said in hours, as the packs of law do."""


@dataclass(frozen=True, slots=True)
class Law:
    """A time limit of a law pack: its id alone as the default limit of a step type, and its time as a case is given it.

    The time is that of the version that counts for a case: calendar months, days after them, whole hours.

    Of a limit that is counted in elapsed time only `hours` is not 0, of one in working days only `working_days`.
    `source` names the law; `is_signed` says whether a lawyer has signed it. Until then it is a target of the network,
    and no letter quotes it. Where no pack of law has a limit, a pillar counts with a promise of the network instead:
    `context.law("IN-X") or Law("IN-X", days=30)`.
    """

    limit_id: str
    months: int = 0
    days: int = 0
    hours: int = 0
    source: str = ""
    is_signed: bool = False
    working_days: int = 0

    @property
    def whole_days(self) -> int:
        """The days of a limit without months, such as 60 for `P60D`; 0 for one of less than a day."""
        return self.days + self.hours // _HOURS_A_DAY

    @property
    def in_words(self) -> str:
        """Say it in English: `3 months`, `30 days`, `36 hours`, `5 working days`, `at once`."""
        is_of_days = self.hours > _SAID_IN_HOURS and self.hours % _HOURS_A_DAY == 0
        days, hours = (self.whole_days, 0) if is_of_days else (self.days, self.hours)
        parts = ((self.months, "month"), (days, "day"), (hours, "hour"), (self.working_days, "working day"))
        told = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
        return " and ".join(told) or "at once"

    def day_after(self, since: date) -> date:
        """Return the day on which this limit is over that began on another; in a shorter month, its last day.

        Of working days Saturdays and Sundays are left out, holidays are not: by the calendar of the place it may be
        later.
        """
        return self._after_working_days(add_months(since, self.months) + timedelta(days=self.whole_days))

    def instant_after(self, since: datetime, zone: str) -> datetime:
        """Return when this limit is over that began at an instant, in UTC; it leaves out what `day_after` does."""
        ends = add_months_to_instant(since, self.months, zone) + timedelta(days=self.days, hours=self.hours)
        day = local_day(ends, zone)
        return ends + (self._after_working_days(day) - day)

    def _after_working_days(self, day: date) -> date:
        left = self.working_days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < _SATURDAY
        return day


_Form = TypeVar("_Form", bound=Form)


_Settings = TypeVar("_Settings", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Match:
    """A person in another case that may be the same: only whom to ask is told, never what they know."""

    owning_unit: str
    contact: str
    kind: str
    score: int


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person of the case, as far as the step may know them.

    `home` is a village or part of town and, after a comma, the district.
    """

    id: UUID
    role: str
    name: str
    aliases: tuple[str, ...]
    phone: str
    age: int | None
    parents: tuple[str, ...] = ()
    home: str = ""


def _no_law(_limit_id: str, _option: str) -> Law | None:
    return None


class _ContextParts:
    __slots__ = ()
    Partner: TypeAlias = PartnerOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext(_ContextParts):
    """What a pillar's function is given; all of it was read before the function runs.

    All instants are aware, in UTC; `zone` is the unit's IANA zone. `step_id` names a watch, or a later step, that is
    about what this one tells of. `persons` are those of the case; for a step that is done for one person, without the
    other survivors, unless its type reads `everybody`. `answers`, `before` and `history` hold what forms gathered, as
    JSON: a pillar reads them by `earlier`, `all_earlier` and `answers_of`.
    """

    case_number: str
    step_id: UUID
    step_key: str
    step_type: str
    now: datetime
    zone: str
    jurisdiction: str
    settings: BaseModel
    answers: Mapping[str, JsonAnswer]
    before: Mapping[str, Mapping[str, JsonAnswer]]
    persons: tuple[PersonView, ...]
    matches: tuple[Match, ...]
    known_partners: tuple[PartnerOffer, ...]
    deadline: Callable[[], timedelta]
    history: Mapping[str, Mapping[UUID, Mapping[str, JsonAnswer]]] = attribute(default_factory=dict)
    law_of: Callable[[str, str], Law | None] = _no_law

    @property
    def remaining(self) -> timedelta:
        """The time that is left before the step is given up; pass it to every call that can block."""
        return self.deadline()

    @property
    def today(self) -> date:
        """The day of now in the zone of the case."""
        return local_day(self.now, self.zone)

    @property
    def country(self) -> str:
        """The country of the case: `IN` of `IN-ML`."""
        return self.jurisdiction.partition("-")[0]

    def settings_as(self, settings: type[_Settings]) -> _Settings:
        """Return what the workflow set for this step, as the settings of its type."""
        return settings.model_validate(self.settings.model_dump())

    def earlier(self, step_type: str, form: type[_Form]) -> _Form:
        """Return the answers of the latest step of a type that was done; none of them, and so false, if there is none.

        Of a step that is done for one person, those of the same person, or of the case as a whole.
        """
        return read_answers(form, self.before.get(step_type, {}))

    def all_earlier(self, step_type: str, form: type[_Form]) -> tuple[_Form, ...]:
        """Return the answers of all steps of a type that were done, of those that its type `reads`, oldest first.

        A step that is done for one person is given those of other people only if its type reads `everybody`.
        """
        every = tuple(self.history.get(step_type, {}).values())
        return tuple(read_answers(form, told) for told in every)

    def answers_of(self, step_id: UUID | None, form: type[_Form]) -> _Form:
        """Return the answers of one of these steps by its id; none of them if there is none."""
        told = next((told[step_id] for told in self.history.values() if step_id and step_id in told), {})
        return read_answers(form, told)

    def told_before(self, step_type: str, *names: str, **renamed: str) -> dict[str, Any]:
        """Take over what was told in an earlier step, to be confirmed and not asked again.

        `renamed` takes an answer over under another name: `told_before("rescue.execute", taken_charge_at="end_at")`.
        """
        before = self.before.get(step_type, {})
        wanted = {name: name for name in names} | renamed
        return {name: before[told] for name, told in wanted.items() if before.get(told) not in (None, "", [])}

    def all_told(self, step_type: str, name: str) -> tuple[JsonAnswer, ...]:
        """Return every answer to one question: of all steps of a type that its own type `reads`, else of the latest."""
        every = tuple(self.history.get(step_type, {}).values()) or (self.before.get(step_type, {}),)
        return tuple(told.get(name) for told in every)

    def all_instants(self, step_type: str, name: str) -> tuple[datetime, ...]:
        """Return the instants among all answers to one question, as `all_told` does."""
        return tuple(at for answer in self.all_told(step_type, name) if (at := as_instant(answer)) is not None)

    def told_day(self, step_type: str, name: str) -> date | None:
        """Return the day that the latest step of a type told, where settings name the step and the question."""
        return as_day(self.before.get(step_type, {}).get(name))

    def told_instant(self, step_type: str, name: str) -> datetime | None:
        """Return the instant that the latest step of a type told, as `told_day` does."""
        return as_instant(self.before.get(step_type, {}).get(name))

    def similar_persons(self) -> tuple[Match, ...]:
        """Return persons of other cases of the same unit that may be the same as one of this case.

        Nobody is found for a step type that does not read `similar_persons`.
        """
        return self.matches

    def partners(self) -> tuple[PartnerOffer, ...]:
        """Return the directory of partners, those with free places first; empty unless the type reads `partners`."""
        return self.known_partners

    def law(self, limit_id: str, option: str = "") -> Law | None:
        """Return the time of a limit of the law, or of one of its options, in the version that counts for this case.

        It is read as of now, with the offence, ages and sexes that the case has told. An option that this version lacks
        has its usual length. None when no pack of law has the limit, or it is known not to apply.
        """
        return self.law_of(limit_id, option)

    def day_of(self, instant: datetime) -> date:
        """Return the day of an instant in the zone of the case."""
        return local_day(instant, self.zone)

    def start_of(self, day: date) -> datetime:
        """Return the first instant of a day in the zone of the case, in UTC."""
        return start_of_day(day, self.zone)

    def end_of(self, day: date) -> datetime:
        """Return the last second of a day in the zone of the case, in UTC."""
        return end_of_day(day, self.zone)

    @staticmethod
    def add_months(day: date, months: int) -> date:
        """Add calendar months: 31 December and two months is the last day of February."""
        return add_months(day, months)

    def shown_from(self, length: Law | None, since: datetime, *, days_before: int, otherwise_days: int) -> datetime:
        """Return from when (UTC) a step is shown that must be done by a limit of the law: so many days before its end.

        It is never before the limit began. Where no law has it, it is so many days after it would have begun.
        """
        if length is None:
            return since + timedelta(days=otherwise_days)
        return max(since, length.instant_after(since, self.zone) - timedelta(days=days_before))


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
