"""How long a sign-in holds, how guessing is slowed down, which passwords count, what is kept of sign-ins."""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network
from itertools import pairwise
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.policy import ROLES_THAT_MAY, Action
from engine.errors import IcmcError
from engine.language.names import Role

IDLE: Final = timedelta(minutes=15)
IDLE_IN_THE_FIELD: Final = timedelta(minutes=30)
NOTED_EACH: Final = timedelta(minutes=1)
"""How often it is noted that a session is used: it may be over by as much too soon, and never too late."""
LONGEST: Final = timedelta(hours=12)
STEP_UP_LASTS: Final = timedelta(minutes=10)
PENDING_LASTS: Final = timedelta(minutes=10)
"""How long somebody who gave the right password has for the code of their second factor."""
MOST_WRONG_CODES: Final = 5
"""Wrong codes after which a sign-in that waits for one is over, and its owner is told."""
KEPT_FORM_LASTS: Final = timedelta(days=7)

_FIELD_ROLES: Final = frozenset(
    {
        Role.INTAKE_OFFICER, Role.CASEWORKER, Role.COUNSELLOR, Role.MEDICAL_OFFICER, Role.POLICE_LIAISON,
        Role.AHTU_OFFICER, Role.REPATRIATION_COORDINATOR, Role.PREVENTION_OFFICER,
    }
)  # fmt: skip
"""Roles of people who work on the road: they put their telephone away and take it out again."""

FACTOR_TO_SIGN_IN: Final = frozenset({Action.MANAGE_PEOPLE, Action.KEEP_CHANNELS, Action.MEND, Action.KEEP_CALENDARS})
"""Whoever may do one of these does nothing at all without a second factor: administrators."""


def idle_for(roles: Collection[str]) -> timedelta:
    """Return how long a session may rest before it is over."""
    return IDLE_IN_THE_FIELD if roles and _FIELD_ROLES.issuperset(roles) else IDLE


def must_have_factor(roles: Collection[str]) -> bool:
    """Return whether somebody with these roles signs in with a second factor only."""
    return any(not ROLES_THAT_MAY[action].isdisjoint(roles) for action in FACTOR_TO_SIGN_IN)


class Pace(NamedTuple):
    """How guessing is slowed down: `free` failures without a wait, then a wait that doubles up to `longest`."""

    free: int
    longest: timedelta


ACCOUNT_HERE: Final = Pace(3, timedelta(seconds=10))
"""Failures for one account from one network."""
ACCOUNT: Final = Pace(10, timedelta(seconds=10))
"""Failures for one account from anywhere."""
NETWORK: Final = Pace(30, timedelta(seconds=10))
"""Failures from one network for any account: many people may share it."""
FORGOTTEN_AFTER: Final = timedelta(minutes=15)


def wait_after(failures: int, pace: Pace) -> timedelta:
    """Return how long the next try waits after so many failures: nobody is ever locked out."""
    if failures < pace.free:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - pace.free, 10)), pace.longest)


def waits_for(failures: int, pace: Pace, *, last_at: datetime, now: datetime) -> timedelta:
    """Return how much of the wait after the last failure is left."""
    return max(last_at + wait_after(failures, pace) - now, timedelta())


def failures_at(count: int, last_at: datetime, now: datetime) -> int:
    """Return how many failures still count; after a quarter of an hour without one, none does."""
    return 0 if now - last_at > FORGOTTEN_AFTER else count


HOURS_ARE_JUDGED_AFTER: Final = timedelta(weeks=4)
"""Each hour of the week has come four times by then."""
SIGN_INS_BEFORE_HOURS: Final = 10
HOURS_AROUND: Final = 3
"""So many hours before or after one in which somebody has signed in are no surprise."""
CODE_DIGITS: Final = 8
_HOURS_OF_WEEK: Final = 7 * 24
_PREFIX_V4, _PREFIX_V6 = 16, 32
"""Bits: what belongs to a provider. Telephones change the rest all day."""


class Sort(StrEnum):
    """What may be unusual about a sign-in."""

    DEVICE = "device"
    HOUR = "hour"
    NETWORK = "network"


class Habit(NamedTuple):
    """A keyed mark of an hour or a network of somebody, how many times it came, and when first (UTC)."""

    sort: Sort
    mark: bytes
    times: int
    first_seen_at: datetime


def network_prefix(address: str) -> str:
    """Return the part of an address that belongs to a provider, `203.0.0.0/16`; empty for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        found = found.ipv4_mapped or found
    bits = _PREFIX_V6 if isinstance(found, IPv6Address) else _PREFIX_V4
    return str(ip_network((found, bits), strict=False))


def hour_of_week(at: datetime, zone: str) -> int:
    """Return the hour of the week (0 is Monday from 00:00) of an aware instant, by the clocks of a zone."""
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def hours_around(hour: int) -> tuple[int, ...]:
    """Return the hours of the week that are near one, and itself; Sunday night is near Monday morning."""
    return tuple((hour + by) % _HOURS_OF_WEEK for by in range(-HOURS_AROUND, HOURS_AROUND + 1))


def unlike_before(habits: Sequence[Habit], near: Mapping[Sort, Collection[bytes]], *, at: datetime) -> frozenset[Sort]:
    """Say in what a sign-in at `at` (UTC) is unlike all before; `near` gives the marks that would be no surprise.

    A first sign-in is unlike none. Hours are judged once somebody has signed in ten times, over four weeks.
    """
    found = set()
    for sort, marks in near.items():
        known = [habit for habit in habits if habit.sort == sort]
        if sort is Sort.HOUR and not _is_judged(known, at):
            continue
        if known and marks and not any(habit.mark in marks for habit in known):
            found.add(sort)
    return frozenset(found)


def _is_judged(hours: Sequence[Habit], at: datetime) -> bool:
    if sum(habit.times for habit in hours) < SIGN_INS_BEFORE_HOURS:
        return False
    return at - min(habit.first_seen_at for habit in hours) >= HOURS_ARE_JUDGED_AFTER


SHORTEST: Final = 15
SHORTEST_WITH_FACTOR: Final = 8
LONGEST_PASSWORD: Final = 1000
_SHORTEST_WORD: Final = 4
_LEFT_OVER: Final = 6
_FEWEST_PIECES: Final = 8
_RUN: Final = 3
_ROWS: Final = (
    "`1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "azertyuiop",
    "qsdfghjklm",
    "yxcvbnm",
)
"""The rows of keyboards, on which fingers run."""


def normalised(password: str) -> str:
    """Return a password in one Unicode form (NFC), so that every keyboard types the same; nothing else is changed."""
    return unicodedata.normalize("NFC", password)


def problem_of(password: str, *, has_factor: bool, context: Iterable[str], is_common: Callable[[str], bool]) -> str:
    """Say what is wrong with a new password; empty when nothing is.

    `context` holds words that anybody would try for this person: their name, address, organisation.
    """
    given = normalised(password)
    shortest = SHORTEST_WITH_FACTOR if has_factor else SHORTEST
    if len(given) < shortest:
        return f"A password has at least {shortest} characters; several words work well."
    if len(given) > LONGEST_PASSWORD:
        return f"A password has at most {LONGEST_PASSWORD} characters."
    if is_common(given) or is_common(_once(given)) or is_common(_bare(given)) or is_common(_once(_bare(given))):
        return "This password is easy to guess. Choose another: several unrelated words."
    if _pieces(given.casefold()) < _FEWEST_PIECES or given.isdecimal() or not any(map(str.isalnum, given)):
        return "The pattern of this password is easy to guess. Choose several unrelated words."
    if _is_about(given, context):
        return "This password is made of a name, an address or an organisation. Choose one that no one can look up."
    return ""


def _once(password: str) -> str:
    """Return what a password repeats: `ab` for `ababab`."""
    found = re.fullmatch(r"(.+?)\1+", password[:200], re.DOTALL) if len(password) <= 200 else None  # noqa: PLR2004
    return found.group(1) if found else password


def _pieces(password: str) -> int:
    """Return of how many pieces a password is made: a run of the same sign, of the alphabet or of keys is one."""
    pieces, run, step = 0, 1, None
    for before, sign in pairwise(password):
        found = _step(before, sign)
        run = run + 1 if found is not None and found == step else 2 if found is not None else 1
        step = found
        pieces += run < _RUN
    return pieces + 1 if password else 0


def _step(before: str, after: str) -> int | None:
    """Return which way one goes from a sign to the next in a run (0: it stays); None where they are no neighbours."""
    if abs(ord(after) - ord(before)) <= 1:
        return ord(after) - ord(before)
    for row in _ROWS:
        one, other = row.find(before), row.find(after)
        if min(one, other) >= 0 and abs(one - other) == 1:
            return other - one
    return None


def _bare(password: str) -> str:
    """Return a password without the digits and signs around it."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)


def _is_about(password: str, context: Iterable[str]) -> bool:
    """Return whether little is left of a password without the words of the context."""
    left = password.casefold()
    for word in sorted(_words(context), key=len, reverse=True):
        left = left.replace(word, "")
    return len(re.sub(r"[\W\d_]+", "", left)) < _LEFT_OVER and left != password.casefold()


def _words(context: Iterable[str]) -> set[str]:
    parts = {part for text in ("icmc", "impulse", *context) for part in re.split(r"[\W_]+", text.casefold())}
    return {part for part in parts if len(part) >= _SHORTEST_WORD}


class Session(NamedTuple):
    """A sign-in, be it over or not (instants UTC); `by_factor`: a second factor was proved at `stepped_up_at`."""

    id: UUID
    actor_id: UUID
    created_at: datetime
    seen_at: datetime
    ended_at: datetime | None = None
    stepped_up_at: datetime | None = None
    by_factor: bool = False
    pending: bool = False
    device: str = ""
    disabled: bool = False


class SignedIn(NamedTuple):
    """A session, its actor with a row for each of their roles, and whether the installation is in custody."""

    session: Session
    rows: Sequence[Mapping[Any, Any]]
    is_in_custody: bool


class Factor(NamedTuple):
    """The secret of an authenticator. Codes up to `last_step` were used."""

    secret: str
    last_step: int


class Invitation(NamedTuple):
    """A link by which somebody sets a password, once (instants UTC); without an actor: the first administrator."""

    id: UUID
    kind: str
    actor_id: UUID | None
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime


class KeptForm(NamedTuple):
    """What somebody had typed when their session was over: names and texts, in their order."""

    id: UUID
    path: str
    fields: tuple[tuple[str, str], ...]
    at: datetime


class ApiKey(NamedTuple):
    """A key of a service account (instants UTC); never the key itself."""

    id: UUID
    actor_id: UUID
    name: str
    scopes: tuple[str, ...]
    valid_until: datetime | None
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    account: str = ""


class SignInError(IcmcError):
    """Raised when signing in fails, whatever the reason."""

    code = "sign-in"
    sentence = "The e-mail address or password is not right."


class TooSoonError(SignInError):
    """Raised for a try that comes before the wait is over that the failures before it have earned."""

    code = "too-soon"
    sentence = "There were too many tries in a short time. Wait {seconds} seconds, and try once more."


class CustodyError(SignInError):
    """Raised for whoever signs in rightly while a restored installation is looked at by two people."""

    code = "custody"
    sentence = "This system was restored from a backup and is being checked. Sign in later, when you are asked to."


class WrongCodeError(SignInError):
    """Raised when the code of a second factor does not fit, was used, or the sign-in it belongs to is over."""

    code = "wrong-code"
    sentence = "This code is not right, or has already been used. Wait for the next one, and type that."


class WrongSentCodeError(WrongCodeError):
    """Raised when what was typed is not the code that was sent for this sign-in."""

    code = "wrong-sent-code"
    sentence = "This code is not right. Type the eight digits of the newest message, or sign in again to get another."


class SignInEndedError(SignInError):
    """Raised when so many wrong codes were typed for a sign-in that it is over."""

    code = "sign-in-ended"
    sentence = "Too many wrong codes were typed, so this sign-in has ended. Sign in again with your password."


class StepUpNeededError(IcmcError):
    """Raised when somebody must prove again who they are; with `factor` by their second factor."""

    code = "step-up-needed"
    sentence = "Please confirm first that it is you."

    def __init__(self, *, factor: bool = False) -> None:
        self.factor = factor
        super().__init__()
