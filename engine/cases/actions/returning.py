"""Who reported comes back with a number and a code: to see how it goes, to add what they forgot, to read answers."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from engine.access.store import EmergencyAccessStore
from engine.assembly import Engine
from engine.cases.actions.deciding import LONGEST, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import ADDED, ANSWER, written_number
from engine.cases.store import NOTE_MADE, CaseStore
from engine.core.policy import THE_PUBLIC, Viewer
from engine.core.records import CaseStatus, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, KeyMissingError
from engine.messages.actions.notifying import add_delivery_job, notify
from engine.messages.actions.recipients import last_resort, who_has_it
from engine.messages.records import EMAIL, IN_APP
from engine.ports import ActorRecord
from engine.retention.store import RetentionStore
from engine.sign_in.actions.guarding import Tries
from engine.work.store import ItemStore

MOST_ADDED_IN_A_DAY: Final = 10
_DAY: Final = timedelta(days=1)
ANSWERS_READ: Final = "AnswersRead"
"""The event of somebody who reported reading what they were answered."""
_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no sign looks like another one."""
_LETTERS: Final = {"O": "0", "I": "1", "L": "1"}
_LENGTH, _GROUP = 10, 5
_KIND: Final = "receipt"


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
    return _code_of(engine.vault.blind(_KIND, number))


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
    known = [_plain(_code_of(token)) for token in engine.vault.blinds(_KIND, number).values()]
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
