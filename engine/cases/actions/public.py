"""What the public tells without an account: held back where it comes in floods; who comes back has a code."""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.access.store import EmergencyAccessStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.builtin import REPORT
from engine.cases.actions.deciding import LONGEST, require_member
from engine.cases.actions.open import open_case
from engine.cases.answers import check_answers
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import ADDED, ANSWER, PUBLIC_REPORTS, TooManyReportsError, written_number
from engine.cases.store import NOTE_MADE, CaseStore
from engine.core.policy import THE_PUBLIC, Action, Viewer, require
from engine.core.records import CaseStatus, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, KeyMissingError
from engine.messages.actions.notifying import add_delivery_job, notify, notify_of_system
from engine.messages.actions.recipients import last_resort, who_has_it
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.people.viewer import unit_looked_after, who_answers_for
from engine.retention.store import RetentionStore
from engine.sign_in.actions.account import require_step_up
from engine.sign_in.actions.guarding import Tries, custody_since
from engine.sign_in.store import SignInStore
from engine.work.store import ItemStore

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
_PUBLIC_REPORT: Final = "public-report"
_CHANNEL: Final[Mapping[str, JsonValue]] = {"channel": "web_form"}

MOST_ADDED_IN_A_DAY: Final = 10
_DAY: Final = timedelta(days=1)
ANSWERS_READ: Final = "AnswersRead"
"""The event of somebody who reported reading what they were answered."""
_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no sign looks like another one."""
_LETTERS: Final = {"O": "0", "I": "1", "L": "1"}
_LENGTH, _GROUP = 10, 5
_RECEIPT: Final = "receipt"


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
    require(viewer, Action.MANAGE_PEOPLE)
    require_step_up(engine, viewer)
    with engine.transaction() as tx:
        unit_looked_after(tx, viewer, unit_id)
        tx.of(HousekeepingStore).take_turn(THE_PUBLIC.actor_id)
        if receiving_unit(tx) not in {None, unit_id}:
            raise InvalidAnswersError({"takes": "Another unit takes reports from the public: it has to stop first."})
        tx.of(HousekeepingStore).set_installation(PUBLIC_REPORTS, {"unit_id": str(unit_id) if takes else ""})
        what = "PublicReportsBegun" if takes else "PublicReportsEnded"
        by = viewer.acting_id
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
    keys = [engine.vault.blind(_PUBLIC_REPORT, f"{_of_one(network)}\0{quarter - ago}") for ago in range(_COUNTED)]
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
    proof = engine.vault.blind(_PUBLIC_REPORT, _proved(command_id, expires, first + second + 2)).hex()
    question = f"There are {_NUMBERS[first + 1]} {things}. {_NUMBERS[second + 1].capitalize()} more come. How many now?"
    return Puzzle(question, f"{expires}.{proof}")


def is_solved(engine: Engine, command_id: UUID, *, token: str, answer: str) -> bool:
    """Return whether an answer, in figures or in words, solves the puzzle of a command in time."""
    until, _, proof = token.partition(".")
    number = _number_in(answer)
    is_instant = until.isascii() and until.isdigit() and len(until) <= _LONGEST_INSTANT
    if number is None or not is_instant or int(until) < engine.wall_clock.now().timestamp():
        return False
    known = engine.vault.blinds(_PUBLIC_REPORT, _proved(command_id, int(until), number)).values()
    return any(hmac.compare_digest(one.hex().encode(), proof.encode()) for one in known)


def _proved(command_id: UUID, expires: int, number: int) -> str:
    return f"{command_id}\0{expires}\0{number}"


def _number_in(answer: str) -> int | None:
    word = answer.strip().strip(".!").casefold()
    if word in _NUMBERS:
        return _NUMBERS.index(word)
    return int(word) if word.isdecimal() and len(word) <= len("18") else None


class Progress(StrEnum):
    """All that is told: not who, not what, not where."""

    UNKNOWN = "unknown"
    RECEIVED = "received"
    AT_WORK = "at_work"
    CLOSED = "closed"


def receipt_code(engine: Engine, case_id: UUID, *, viewer: Viewer) -> str:
    """Return the receipt code of a case, to be told in person; raises `NotFoundError`, `NotAllowedError`.

    It is worked out of the case number by a key of this installation, and is stored nowhere. When that key is changed,
    the codes change too: those that were told before count until the old key is dropped.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
    require_member(viewer, state)
    return code_for(engine, state.case.number)


def code_for(engine: Engine, number: str) -> str:
    """Return the receipt code of a case by its number."""
    return _code_of(engine.vault.blind(_RECEIPT, number))


class Reply(NamedTuple):
    """What somebody at work on a case wrote for whoever reported it, and when (UTC)."""

    at: datetime
    words: str


class Returned(NamedTuple):
    """What is shown to who comes back; `may_add` says that more can be added, `has_added` that it just was."""

    progress: Progress
    answers: tuple[Reply, ...] = ()
    may_add: bool = False
    has_added: bool = False


_NOBODY: Final = Returned(Progress.UNKNOWN)


def come_back(engine: Engine, *, number: str, code: str, network: str) -> Returned:
    """Return how far a case is, with the answers, to whoever knows its number and its code; else the same for all.

    Of a case that was merged into another one it is said how far that is, in which work goes on; answers are those of
    the case itself: the other one has somebody else who reported it. Those of a restricted case are kept back. A wrong
    try makes the next one wait, for that number and from that network.
    """
    states = _known(engine, number=number, code=code, network=network)
    if not states:
        return _NOBODY
    return Returned(_progress_of_all(states), _read_answers(engine, states[0].case.id), may_add(states[-1]))


def add_words(engine: Engine, *, number: str, code: str, network: str, words: str, command_id: UUID) -> Returned:
    """Keep what whoever reported adds, in the diary of the case in which work goes on, and notify who is at work on it.

    Raises `InvalidAnswersError` for no words, too many, or the eleventh time within a day.
    """
    states = _known(engine, number=number, code=code, network=network)
    if not states:
        return _NOBODY
    words, case_id = words.strip(), states[-1].case.id
    if not words or len(words) > LONGEST:
        raise InvalidAnswersError({"words": f"Write what you want to add, in at most {LONGEST:,} characters."})
    with engine.transaction() as tx:
        state, known = tx.of(CaseStore).lock_for(case_id, command_id)
        has_added = known is not None or (
            may_add(state) and add_within(engine, tx, state, words, command_id, most=MOST_ADDED_IN_A_DAY)
        )
        if has_added:
            tx.commit()
    answers = _read_answers(engine, states[0].case.id)
    return Returned(_progress_of_all(states), answers, has_added or may_add(states[-1]), has_added)


def add_within(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    words: str,
    command_id: UUID,
    *,
    most: int,
    by: UUID = THE_PUBLIC.actor_id,
    mark: str = "",
) -> bool:
    """Write the note; returns whether its words could be kept: not where the people of the case were erased.

    Raises `InvalidAnswersError` for one more than `most` within a day.
    """
    now, store, case = engine.clock.now(), tx.of(CaseStore), state.case
    today = [at for at in store.notes_of(case.id, ADDED).values() if at > now - _DAY]
    if len(today) >= most:
        raise InvalidAnswersError({"words": "You have added much today. Please add the rest tomorrow, or call us."})
    body = {"kind": ADDED, "happened_at": now.isoformat()}
    store.note(state, NOTE_MADE, body, actor_id=by, at=now)
    try:
        store.keep_words(case, case.chain_length + 1, words)
    except KeyMissingError:
        return False
    rule = f"{command_id}|reporter_wrote"
    if notify(
        engine, tx, state, kind="reporter_wrote", rule=rule, people=_at_work(tx, state, now), channels=(IN_APP, EMAIL),
        step_title="", due_at=None, link=f"/cases/{case.id}/diary", now=now,
    ):  # fmt: skip
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)
    tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case.id)}, case_id=case.id, at=now, mark=mark)
    return True


def _at_work(tx: Transaction, state: CaseState, now: datetime) -> tuple[ActorRecord, ...]:
    """Return who has claimed work of a case, else who could, else those above."""
    items = tx.of(ItemStore).open_of_case(state.case.id)
    claimed = [item for item in items if item.assignee_id is not None]
    found = [one for item in claimed or items for one in who_has_it(tx, state, item, now=now)]
    return tuple({one.id: one for one in found}.values()) or last_resort(tx, state, now=now)


def _read_answers(engine: Engine, case_id: UUID) -> tuple[Reply, ...]:
    """Return what may be read with the code, the latest first; that something new was read is written first."""
    with engine.transaction() as tx:
        if tx.of(RetentionStore).restriction_of(case_id) is not None:
            return ()
        store = tx.of(CaseStore)
        written = store.notes_of(case_id, ANSWER)
        if written and max(written) > store.last_of(case_id, ANSWERS_READ):
            body = {"count": len(written)}
            store.note(store.lock(case_id), ANSWERS_READ, body, actor_id=THE_PUBLIC.actor_id, at=engine.clock.now())
            tx.commit()
    with engine.transaction() as tx:
        words = tx.of(CaseStore).words_of(case_id, notes=True, only=written)
    return tuple(Reply(written[seq], words[seq]) for seq in sorted(words, reverse=True))


def may_add(state: CaseState) -> bool:
    """Whether a case still takes what whoever reported it adds."""
    return state.case.status is not CaseStatus.CLOSED


def _known(engine: Engine, *, number: str, code: str, network: str) -> list[CaseState]:
    """Return the case of a number and its code, with those in which it rests; none for whatever is wrong."""
    known_as = written_number(number)
    tries = tries_of(engine, number=known_as, network=network)
    tries.count(in_turn=False)
    if not _fits(engine, known_as, code):
        return []  # whether there is such a case has not been asked yet
    with engine.transaction() as tx:
        case_id = tx.of(EmergencyAccessStore).case_of_number(known_as)
        states = with_those_it_rests_in(tx, case_id) if case_id else []
    if states:
        tries.forget()
    return states


def progress_of_case(tx: Transaction, case_id: UUID) -> Progress:
    """Say how far a case is, or the one in which work on it goes on."""
    return _progress_of_all(with_those_it_rests_in(tx, case_id))


def tries_of(engine: Engine, *, number: str, network: str) -> Tries:
    """Return the tries that were made for a number from a network."""
    return Tries(engine, account=f"receipt|{written_number(number)}", network=network)


def progress_of(state: CaseState) -> Progress:
    """Say how far a case is: at work as soon as a person has ended something but the report itself."""
    if state.case.status is CaseStatus.CLOSED:
        return Progress.CLOSED
    done = [step for step in state.steps.values() if step.status is StepStatus.ENDED and step.completed_by is not None]
    return Progress.AT_WORK if any(not step.uses.endswith(".intake") for step in done) else Progress.RECEIVED


def with_those_it_rests_in(tx: Transaction, case_id: UUID) -> list[CaseState]:
    """Return a case and, where it was merged, each further one to the one in which work goes on."""
    states = [tx.of(CaseStore).read(case_id)]
    while (into := states[-1].case.merged_into) is not None:
        states.append(tx.of(CaseStore).read(into))
    return states


def _progress_of_all(states: Sequence[CaseState]) -> Progress:
    """Say how far the last one is; what was done in a case before it was merged counts as work."""
    found = {progress_of(state) for state in states}
    last = progress_of(states[-1])
    return Progress.AT_WORK if last is Progress.RECEIVED and len(found) > 1 else last


def _fits(engine: Engine, number: str, code: str) -> bool:
    """Return whether a code is that of a number, by any key that is used now."""
    known = [_plain(_code_of(token)) for token in engine.vault.blinds(_RECEIPT, number).values()]
    return any(hmac.compare_digest(one.encode(), _plain(code).encode()) for one in known)


def _code_of(token: bytes) -> str:
    left = int.from_bytes(token[:8], "big")
    signs = ""
    for _ in range(_LENGTH):
        left, sign = divmod(left, len(_SIGNS))
        signs += _SIGNS[sign]
    return f"{signs[:_GROUP]}-{signs[_GROUP:]}"


def _plain(code: str) -> str:
    """Read a code as people write it: small letters, spaces, an O for a nought."""
    return "".join(_LETTERS.get(sign, sign) for sign in code.upper() if sign.isalnum())
