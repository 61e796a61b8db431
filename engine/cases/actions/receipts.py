"""Let somebody who reported ask how it goes, by the number of the case and a code that only they were told."""

import hmac
from collections.abc import Sequence
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.access.store import EmergencyAccessStore
from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.records import written_number
from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.core.records import CaseStatus, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.sign_in.actions.guessing import Tries

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
    return _code_of(engine.vault.blind(_KIND, state.case.number))


def ask_progress(engine: Engine, *, number: str, code: str, network: str) -> Progress:
    """Say how far a case is to whoever knows its number and its code; the same `UNKNOWN` for whatever is wrong.

    Of a case that was merged into another one it is said how far that is, in which work goes on.
    A wrong try makes the next one wait, for that number and from that network.
    """
    known_as = written_number(number)
    tries = tries_of(engine, number=known_as, network=network)
    tries.count(in_turn=False)
    if not _fits(engine, known_as, code):
        return Progress.UNKNOWN  # whether there is such a case has not been asked yet
    with engine.transaction() as tx:
        case_id = tx.of(EmergencyAccessStore).case_of_number(known_as)
        states = _with_those_it_rests_in(tx, case_id) if case_id else []
    if not states:
        return Progress.UNKNOWN
    tries.forget()
    return _progress_of_all(states)


def tries_of(engine: Engine, *, number: str, network: str) -> Tries:
    """Return the tries that were made for a number from a network."""
    return Tries(engine, account=f"receipt|{written_number(number)}", network=network)


def progress_of(state: CaseState) -> Progress:
    """Say how far a case is: at work as soon as a person has ended something but the report itself."""
    if state.case.status is CaseStatus.CLOSED:
        return Progress.CLOSED
    done = [step for step in state.steps.values() if step.status is StepStatus.ENDED and step.completed_by is not None]
    return Progress.AT_WORK if any(not step.uses.endswith(".intake") for step in done) else Progress.RECEIVED


def _with_those_it_rests_in(tx: Transaction, case_id: UUID) -> list[CaseState]:
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
