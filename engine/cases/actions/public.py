"""Take in what the public tells: by anybody, without an account, held back where it comes in floods."""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.builtin import REPORT
from engine.cases.actions.open import open_case
from engine.cases.actions.returning import code_for
from engine.cases.answers import check_answers
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import PUBLIC_REPORTS
from engine.core.policy import THE_PUBLIC, Action, Viewer, can
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotAllowedError, TooManyReportsError
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.store import DirectoryStore
from engine.people.viewer import unit_looked_after, who_answers_for
from engine.ports import JsonValue
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.actions.guarding import custody_since
from engine.sign_in.store import SignInStore

FREE_OF_NETWORK: Final = 3
"""So many tries of one network within an hour, whenever it begins, need no puzzle."""
MOST_OF_NETWORK: Final = 30
FREE_OF_ALL: Final = 30
"""So many public reports within an hour need no puzzle."""
MOST_OF_ALL: Final = 100
_HOUR: Final = timedelta(hours=1)
_QUARTER: Final = timedelta(minutes=15)
_COUNTED: Final = 1 + _HOUR // _QUARTER
"""Quarters whose tries are counted: the present one with the four before it, which hold the last hour whole."""
_KIND: Final = "public-report"
_CHANNEL: Final[Mapping[str, JsonValue]] = {"channel": "web_form"}


class Receipt(NamedTuple):
    """What somebody comes back with."""

    number: str
    code: str


class NotTaken(StrEnum):
    """Why a report was not taken now: nobody takes any, a puzzle comes first, or there were too many."""

    OFF = "off"
    PUZZLE = "puzzle"
    LATER = "later"


def take_from_public(engine: Engine, unit_id: UUID, *, viewer: Viewer, takes: bool) -> None:
    """Let a unit take reports from the public, or no longer; one unit of an installation does.

    Raises `InvalidAnswersError` while another unit takes them, `NotFoundError`, `NotAllowedError`, `StepUpNeededError`.
    """
    if not can(viewer, Action.MANAGE_PEOPLE):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
    require_step_up(engine, viewer)
    with engine.transaction() as tx:
        unit_looked_after(tx, viewer, unit_id)
        tx.of(HousekeepingStore).take_turn(THE_PUBLIC.actor_id)
        if receiving_unit(tx) not in {None, unit_id}:
            raise InvalidAnswersError({"takes": "Another unit takes reports from the public: it has to stop first."})
        tx.of(HousekeepingStore).set_installation(PUBLIC_REPORTS, {"unit_id": str(unit_id) if takes else ""})
        what = "PublicReportsBegun" if takes else "PublicReportsEnded"
        by = None if viewer.is_system else viewer.actor_id
        body = {"unit_id": str(unit_id)}
        tx.of(AuditLogStore).note("people", what, body, actor_id=by, at=engine.wall_clock.now())
        now = engine.clock.now()
        notify_of_system(
            engine, tx, kind="public_changed", rule=f"public|{unit_id}|{takes}|{now.isoformat()}",
            people=who_answers_for(tx, unit_id, but={by}), channels=(IN_APP, EMAIL), link=f"/units/{unit_id}", now=now,
            unit=tx.of(DirectoryStore).unit(unit_id),
        )  # fmt: skip
        tx.commit()


def receiving_unit(tx: Transaction) -> UUID | None:
    """Return the unit that takes reports from the public; None where none does."""
    known = (tx.of(HousekeepingStore).installation(PUBLIC_REPORTS) or {}).get("unit_id")
    return UUID(known) if known else None


def takes_public_reports(engine: Engine) -> bool:
    """Return whether a unit takes reports from the public now: none does while nobody may sign in to read them."""
    with engine.transaction() as tx:
        return _taking(tx) is not None


def _taking(tx: Transaction) -> UUID | None:
    return receiving_unit(tx) if custody_since(tx) is None else None


def take_report(
    engine: Engine, *, answers: Mapping[str, JsonValue], command_id: UUID, network: str, has_solved: bool = False
) -> Receipt | NotTaken:
    """Open a case from what the public tells, once for a command, or say why not now.

    `has_solved` says that a puzzle came with it. Raises `InvalidAnswersError`, and `ChangedContentError` for a command
    that comes back with other words.
    """
    check_answers(engine.registry.get(REPORT), answers, partly=True)
    with engine.transaction() as tx:
        unit_id = _taking(tx)
        if unit_id is None:
            return NotTaken.OFF
        is_new = tx.of(HousekeepingStore).answer_to(command_id) is None
        held_back = _held_back(engine, tx, network, has_solved=has_solved) if is_new else None
        tx.commit()
    if held_back is not None:
        return held_back
    try:
        opened = open_case(
            engine, answers=answers, unit_id=unit_id, viewer=THE_PUBLIC, command_id=command_id,
            most_in_an_hour=MOST_OF_ALL,
        )  # fmt: skip
    except TooManyReportsError:
        return NotTaken.LATER
    return Receipt(opened.case_number, code_for(engine, opened.case_number))


def from_public_page(answers: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return answers with how they reached us."""
    return {**answers, **_CHANNEL}


def _held_back(engine: Engine, tx: Transaction, network: str, *, has_solved: bool) -> NotTaken | None:
    """Count a try of a network, before it is known what becomes of it, and say whether it goes on.

    One that is too many is not counted: who shares an address with somebody who goes on trying has a turn again.
    """
    at, now = engine.wall_clock.now(), engine.clock.now()
    quarter = int(at.timestamp() // _QUARTER.total_seconds())
    keys = [engine.vault.blind(_KIND, f"{_of_one(network)}\0{quarter - ago}") for ago in range(_COUNTED)]
    counts = [count for count, _ in tx.of(SignInStore).tries(keys, at=at)]
    tried = sum(counts) + 1
    sent = tx.of(HousekeepingStore).count_reports(THE_PUBLIC.actor_id, since=now - _HOUR)
    if tried > MOST_OF_NETWORK or sent >= MOST_OF_ALL:
        return NotTaken.LATER
    tx.of(SignInStore).set_tries({keys[0]: counts[0] + 1}, at=at)
    is_much = tried > FREE_OF_NETWORK or sent >= FREE_OF_ALL
    return NotTaken.PUZZLE if is_much and not has_solved else None


def _of_one(network: str) -> str:
    """Return the part of an address that one connection has: of the newer kind each has very many."""
    try:
        address = ip_address(network)
    except ValueError:
        return network
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else str(address)


class Puzzle(NamedTuple):
    """A sum in words, and the proof of what is asked; it lets one command through, for a quarter of an hour."""

    question: str
    token: str


_NUMBERS: Final = (
    "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
)  # fmt: skip
_THINGS: Final = ("boats", "lamps", "trees", "chairs", "birds", "baskets", "cups", "books")
_LASTS: Final = 15 * 60
"""Seconds for which a puzzle can be solved."""
_LONGEST_INSTANT: Final = 12


def puzzle_for(engine: Engine, command_id: UUID) -> Puzzle:
    """Make a puzzle for one command."""
    drawn, first = divmod(engine.entropy.uuid().int, 9)
    drawn, second = divmod(drawn, 9)
    things = _THINGS[drawn % len(_THINGS)]
    expires = int(engine.wall_clock.now().timestamp()) + _LASTS
    proof = engine.vault.blind(_KIND, _proved(command_id, expires, first + second + 2)).hex()
    question = f"There are {_NUMBERS[first + 1]} {things}. {_NUMBERS[second + 1].capitalize()} more come. How many now?"
    return Puzzle(question, f"{expires}.{proof}")


def is_solved(engine: Engine, command_id: UUID, *, token: str, answer: str) -> bool:
    """Return whether an answer, in figures or in words, solves the puzzle of a command in time."""
    until, _, proof = token.partition(".")
    number = _number_in(answer)
    is_instant = until.isascii() and until.isdigit() and len(until) <= _LONGEST_INSTANT
    if number is None or not is_instant or int(until) < engine.wall_clock.now().timestamp():
        return False
    known = engine.vault.blinds(_KIND, _proved(command_id, int(until), number)).values()
    return any(hmac.compare_digest(one.hex().encode(), proof.encode()) for one in known)


def _proved(command_id: UUID, expires: int, number: int) -> str:
    return f"{command_id}\0{expires}\0{number}"


def _number_in(answer: str) -> int | None:
    word = answer.strip().strip(".!").casefold()
    if word in _NUMBERS:
        return _NUMBERS.index(word)
    return int(word) if word.isdecimal() and len(word) <= len("18") else None
