"""Units, people, who is on duty and away, and where a unit works: as kept, and as people see them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple, Protocol
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from engine.core.policy import Action, View, Viewer, can
from engine.core.records import Record
from engine.errors import IcmcError, TooOftenError
from engine.language.names import COUNTRIES, Role
from engine.language.rotas import Rota, on_call_by

_SHORTEST_GAP: Final = timedelta(minutes=1)
LONGEST_SHIFT = timedelta(days=31)
ROTA_WEEKS: Final = 4
"""How many weeks of a rota are shown as a picture, the present one with them."""
_CLOCKS_DIFFER = timedelta(minutes=5)


SMALL_TEAM: Final[Mapping[str, tuple[str, tuple[Role, ...]]]] = {
    "team_leads": (
        "Small team: the one who leads",
        (Role.SUPERVISOR, Role.CASE_MANAGER, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD),
    ),
    "team_works": (
        "Small team: the one who works on cases",
        (
            Role.INTAKE_OFFICER, Role.CASEWORKER, Role.COUNSELLOR, Role.MEDICAL_OFFICER, Role.POLICE_LIAISON,
            Role.AHTU_OFFICER, Role.LAWYER, Role.REPATRIATION_COORDINATOR, Role.SHELTER_MANAGER,
        ),
    ),
    "team_office": (
        "Small team: the one for money, partners and press",
        (
            Role.FINANCE_OFFICER, Role.PARTNERSHIP_MANAGER, Role.PREVENTION_OFFICER, Role.PRESS_OFFICER,
            Role.DATA_PROTECTION_OFFICER,
        ),
    ),
}  # fmt: skip
"""What three people do between them where there are only three: every role that work can wait for.

Who administers and who audits are not among them: neither may be somebody whose work they look after.
"""


def roles_of(chosen: str) -> tuple[str, ...]:
    """Return the roles that are meant: the one that is named, those of a small team's member, or none."""
    _, bundle = SMALL_TEAM.get(chosen, ("", ()))
    return tuple(role.value for role in bundle) or ((chosen,) if chosen else ())


class Span(Protocol):
    """A stretch of time with a start and an end (UTC); the end is no part of it."""

    @property
    def starts_at(self) -> datetime: ...  # noqa: D102 - named by itself
    @property
    def ends_at(self) -> datetime: ...  # noqa: D102


class Shift(Record):
    """Somebody is on call for a unit (UTC); `taken_from` names who handed over."""

    id: UUID
    unit_id: UUID
    actor_id: UUID
    starts_at: datetime
    ends_at: datetime
    taken_from: UUID | None = None


class Absence(Record):
    """Somebody is away (UTC); the deputy, if one is named, is told instead."""

    id: UUID
    actor_id: UUID
    deputy_id: UUID | None = None
    starts_at: datetime
    ends_at: datetime


def planned_shifts(
    unit_id: UUID,
    rotas: Sequence[Rota],
    people: Mapping[str, UUID],
    entered: Iterable[Span],
    *,
    zone: str,
    since: datetime,
    until: datetime,
) -> Iterator[Shift]:
    """Go through the shifts of a unit that its rota makes, in order, but for the hours of those that were entered.

    `rotas` are the versions that ran, the newest first, and `people` those who act in the unit, by e-mail address: of
    the turns of anybody else nothing is made.
    """
    others = sorted(entered, key=lambda one: one.starts_at)
    for turn in on_call_by(rotas, zone=zone, since=since, until=until):
        begins = turn.starts_at
        for other in (*(one for one in others if one.ends_at > begins), None):
            ends = min(turn.ends_at, other.starts_at) if other else turn.ends_at
            if begins < ends and ends > since and begins < until and turn.who in people:
                actor_id = people[turn.who]
                yield Shift(
                    id=uuid5(unit_id, f"{actor_id}|{begins.isoformat()}"), unit_id=unit_id, actor_id=actor_id,
                    starts_at=begins, ends_at=ends,
                )  # fmt: skip
            begins = max(begins, other.ends_at) if other else begins


def problems_of_span(starts_at: datetime, ends_at: datetime, *, now: datetime) -> dict[str, str]:
    """Say what is wrong with the times of a new shift or absence, by field; empty when nothing is."""
    for name, instant in (("starts_at", starts_at), ("ends_at", ends_at)):
        if instant.tzinfo is None:
            return {name: "Choose a time zone."}
    if ends_at <= starts_at:
        return {"ends_at": "This must be after the start."}
    if ends_at <= now:
        return {"ends_at": "This is already over."}
    return {}


def starts_in_the_past(starts_at: datetime, *, now: datetime) -> bool:
    """Return whether a start lies further back than clocks differ."""
    return starts_at < now - _CLOCKS_DIFFER


def overlapping(spans: Iterable[Span], starts_at: datetime, ends_at: datetime) -> bool:
    """Return whether one of these stretches shares any time with a new one."""
    return any(span.starts_at < ends_at and starts_at < span.ends_at for span in spans)


_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "IN": {
        "AN": "Andaman and Nicobar Islands", "AP": "Andhra Pradesh", "AR": "Arunachal Pradesh", "AS": "Assam",
        "BR": "Bihar", "CG": "Chhattisgarh", "CH": "Chandigarh", "DH": "Dadra and Nagar Haveli and Daman and Diu",
        "DL": "Delhi", "GA": "Goa", "GJ": "Gujarat", "HP": "Himachal Pradesh", "HR": "Haryana", "JH": "Jharkhand",
        "JK": "Jammu and Kashmir", "KA": "Karnataka", "KL": "Kerala", "LA": "Ladakh", "LD": "Lakshadweep",
        "MH": "Maharashtra", "ML": "Meghalaya", "MN": "Manipur", "MP": "Madhya Pradesh", "MZ": "Mizoram",
        "NL": "Nagaland", "OD": "Odisha", "PB": "Punjab", "PY": "Puducherry", "RJ": "Rajasthan", "SK": "Sikkim",
        "TN": "Tamil Nadu", "TR": "Tripura", "TS": "Telangana", "UK": "Uttarakhand", "UP": "Uttar Pradesh",
        "WB": "West Bengal",
    },
    "BD": {
        "A": "Barishal", "B": "Chattogram", "C": "Dhaka", "D": "Khulna", "E": "Rajshahi", "F": "Rangpur",
        "G": "Sylhet", "H": "Mymensingh",
    },
    "NP": {
        "P1": "Koshi", "P2": "Madhesh", "P3": "Bagmati", "P4": "Gandaki", "P5": "Lumbini", "P6": "Karnali",
        "P7": "Sudurpashchim",
    },
    "MM": {
        "01": "Sagaing", "02": "Bago", "03": "Magway", "04": "Mandalay", "05": "Tanintharyi", "06": "Yangon",
        "07": "Ayeyarwady", "11": "Kachin", "12": "Kayah", "13": "Kayin", "14": "Chin", "15": "Mon", "16": "Rakhine",
        "17": "Shan", "18": "Nay Pyi Taw",
    },
}  # fmt: skip


def region_words(jurisdiction: str) -> str:
    """Return the name of a jurisdiction: `IN-AS` reads "Assam, India"; what is not known here keeps its code."""
    country, _, part = jurisdiction.partition("-")
    if country not in COUNTRIES:
        return jurisdiction
    if not part:
        return COUNTRIES[country]
    name = _PARTS.get(country, {}).get(part)
    return f"{name}, {COUNTRIES[country]}" if name else f"{COUNTRIES[country]} ({jurisdiction})"


ANOTHER: Final = "mis"
"""The code of ISO 639 for a language that has no code of its own."""

LANGUAGES: Final[Mapping[str, str]] = {
    "adi": "Adi", "njm": "Angami", "njo": "Ao", "apt": "Apatani", "as": "Assamese", "bn": "Bengali", "bho": "Bhojpuri",
    "brx": "Bodo", "my": "Burmese", "ccp": "Chakma", "cnh": "Chin (Hakha)", "zh": "Chinese", "ctg": "Chittagonian",
    "dis": "Dimasa", "en": "English", "grt": "Garo", "haj": "Hajong", "hi": "Hindi", "hmr": "Hmar",
    "kac": "Jingpho (Kachin)", "ksw": "Karen (S'gaw)", "mjw": "Karbi", "kha": "Khasi", "trp": "Kokborok",
    "nbe": "Konyak", "lep": "Lepcha", "lif": "Limbu", "njh": "Lotha", "mai": "Maithili", "mni": "Meitei (Manipuri)",
    "mrg": "Mising", "lus": "Mizo", "mnw": "Mon", "nag": "Nagamese", "ne": "Nepali", "njz": "Nyishi", "pck": "Paite",
    "pbv": "Pnar", "rki": "Rakhine", "rhg": "Rohingya", "sck": "Sadri", "sat": "Santali", "shn": "Shan",
    "sip": "Sikkimese (Bhutia)", "nsm": "Sumi", "syl": "Sylheti", "taj": "Tamang", "ta": "Tamil",
    "nmf": "Tangkhul", "te": "Telugu", "th": "Thai", "tcz": "Thadou", "thl": "Tharu", "ur": "Urdu",
}  # fmt: skip
"""Code of ISO 639, and English name, of the languages of the region; in the order of a list to choose from."""

MESSAGE_LANGUAGES: Final = ("en", "hi", "as", "bn", "ne", "my")
"""Those in which there are messages."""


def language_words(code: str) -> str:
    """Return the name of a language; a code that is not known here stays as it is."""
    if code == ANOTHER:
        return "Another language"
    return LANGUAGES.get(code, code)


def to_choose(present: str = "") -> dict[str, str]:
    """Return what can be chosen: by name, then another language, and what was chosen before if it is none of these."""
    by_name = dict(sorted(LANGUAGES.items(), key=lambda one: one[1]))
    offered = by_name | {ANOTHER: language_words(ANOTHER)}
    return offered if not present or present in offered else offered | {present: present}


class Unit(NamedTuple):
    """A unit, as actions need it."""

    id: UUID
    name: str
    jurisdiction: str
    zone: str
    language: str
    organisation_id: UUID | None = None


class Credentials(NamedTuple):
    """What signing in needs to know of an actor."""

    actor_id: UUID
    password_hash: str | None
    disabled: bool
    demo: bool


class ActorView(View):
    """A person or service that acts, as lists show them."""

    id: UUID
    name: str
    email: str
    unit: str
    unit_id: UUID
    roles: tuple[str, ...]
    disabled: bool


class RoleView(View):
    """A role of somebody in a unit, and when it ends by itself (UTC)."""

    unit_id: UUID
    unit: str
    role: str
    ends_at: datetime | None = None


class MemberView(View):
    """Somebody as who manages people sees them: never a password, a secret or a case (instants UTC)."""

    id: UUID
    name: str
    email: str
    disabled: bool
    is_service: bool
    supervisor_id: UUID | None
    supervisor: str | None
    roles: tuple[RoleView, ...]
    has_password: bool
    has_factor: bool
    factor_since: datetime | None
    recovery_codes: int
    link_until: datetime | None
    seen_at: datetime | None


class UnitView(View):
    """A unit as who manages people sees it; `missing` are roles that it needs and nobody has.

    `takes_public` says that it takes reports from the public.
    """

    id: UUID
    name: str
    organisation: str
    jurisdiction: str
    zone: str
    language: str
    contact: str
    people: int
    missing: tuple[str, ...]
    takes_public: bool = False


class ShiftView(View):
    """Who is on call for a unit, from when to when; `is_now` while it lasts. One that the rota makes has no `id`."""

    id: UUID | None
    unit_id: UUID
    unit: str
    zone: str
    actor_id: UUID
    actor: str
    starts_at: datetime
    ends_at: datetime
    taken_from: str | None
    is_now: bool


class RotaDay(NamedTuple):
    """A day of a rota: who is on call when, when nobody is, and who is on call although they are away."""

    day: date
    people: tuple[str, ...]
    gaps: tuple[str, ...]
    away: tuple[str, ...]


class AbsenceView(View):
    """When somebody is away, and who stands in."""

    id: UUID
    actor_id: UUID
    actor: str
    deputy: str | None
    starts_at: datetime
    ends_at: datetime
    is_now: bool


def rota_of(
    shifts: Sequence[ShiftView], absences: Iterable[AbsenceView], *, zone: str, now: datetime, weeks: int
) -> tuple[tuple[RotaDay | None, ...], ...]:
    """Return the coming weeks of a unit's rota, from Monday on, in its zone; what is over today is no gap any more."""
    known, info = tuple(absences), ZoneInfo(zone)
    today = now.astimezone(info).date()
    monday = today - timedelta(days=today.weekday())
    days = [monday + timedelta(days=number) for number in range(weeks * 7)]
    shown = [None if day < today else _rota_day(shifts, known, day, info, now) for day in days]
    return tuple(tuple(shown[start : start + 7]) for start in range(0, len(shown), 7))


def _rota_day(
    shifts: Iterable[ShiftView], absences: Iterable[AbsenceView], day: date, zone: ZoneInfo, now: datetime
) -> RotaDay:
    begins, ends = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
    since, gaps, away = max(begins, now), [], []
    people: list[tuple[str, datetime, datetime]] = []
    for shift in sorted(shifts, key=lambda one: one.starts_at):
        first, last = max(shift.starts_at, begins), min(shift.ends_at, ends)
        if first >= last or last <= now:
            continue
        if first - since >= _SHORTEST_GAP:
            gaps.append(_span(since, first, begins, ends, zone))
        since = max(since, last)
        goes_on = bool(people) and (people[-1][0], people[-1][2]) == (shift.actor, first)
        people.append((shift.actor, people.pop()[1] if goes_on else first, last))
        if any(one.actor_id == shift.actor_id and one.starts_at < last and one.ends_at > max(first, now)
               for one in absences):  # fmt: skip
            away.append(shift.actor)
    if ends - since >= _SHORTEST_GAP:
        gaps.append(_span(since, ends, begins, ends, zone))
    shown = tuple(f"{name} {_span(first, last, begins, ends, zone)}".strip() for name, first, last in people)
    return RotaDay(day, shown, tuple(gaps), tuple(dict.fromkeys(away)))


def _span(first: datetime, last: datetime, begins: datetime, ends: datetime, zone: ZoneInfo) -> str:
    """Say from when to when of a day; nothing where it is the whole day."""
    if (first, last) == (begins, ends):
        return ""
    until = "24:00" if last == ends else f"{last.astimezone(zone):%H:%M}"
    return f"{first.astimezone(zone):%H:%M}-{until}"


def shared_shifts(
    planned: Sequence[ShiftView],
    known: Sequence[ActorView],
    *,
    of: UUID | None,
    takers: Sequence[UUID],
    viewer: Viewer,
) -> tuple[tuple[ShiftView, UUID | None], ...]:
    """Return the shifts of somebody in units that the viewer plans, each with the next of the takers who act there.

    What the rota makes is not given away: it has no taker.
    """
    act = {(one.id, one.unit_id) for one in known if not one.disabled}
    shared: list[tuple[ShiftView, UUID | None]] = []
    for shift in planned:
        if shift.actor_id == of and can(viewer, Action.MANAGE_ROTA, unit_id=shift.unit_id):
            able = [taker for taker in takers if shift.id and (taker, shift.unit_id) in act]
            shared.append((shift, able[len(shared) % len(able)] if able else None))
    return tuple(shared)


class KeyTooOftenError(TooOftenError):
    """Raised when a program asks more often within an hour than any needs to; `most` is how often it goes."""

    code = "key-too-often"
    sentence = "A program can ask {most} times within an hour, and this one has. Wait a while."


class LinkOverError(IcmcError):
    """Raised for a link of an invitation that was used, is too old or was never made, which must look alike."""

    code = "link-over"
    sentence = "This link is no longer valid. Ask the person who gave it to you for a new one."


class LinkWaitsError(IcmcError):
    """Raised for a link to a new password that counts only when a second person has agreed, and nobody has yet."""

    code = "link-waits"
    sentence = "This link is waiting for a second person to agree. Try again once they have: nothing else is needed."


class LastAdministratorError(IcmcError):
    """Raised when the last one who manages people would no longer be able to."""

    code = "last-administrator"
    sentence = "No one would be left to manage people: first make someone else a system administrator."


@dataclass(frozen=True, slots=True)
class ActorRecord:
    """An actor with where and as what they act."""

    id: UUID
    name: str
    email: str
    language: str
    disabled: bool
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    supervisor_id: UUID | None = None
    organisation_id: UUID | None = None
