"""Let somebody who reported ask how it goes, by the number of the case and a code that only they were told."""

import hmac
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.domain.case_number import written_number
from engine.domain.records import CaseStatus, StepStatus
from engine.domain.state import CaseState
from engine.usecases.deciding import require_member
from engine.usecases.slowing_down import Tries
from engine.views import Viewer

_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no sign looks like another one."""
_LETTERS: Final = {"O": "0", "I": "1", "L": "1"}
_LENGTH, _GROUP = 10, 5


class Progress(StrEnum):
    """All that is told: not who, not what, not where."""

    UNKNOWN = "unknown"
    RECEIVED = "received"
    AT_WORK = "at_work"
    CLOSED = "closed"


def receipt_code(engine: Engine, case_id: UUID, *, viewer: Viewer) -> str:
    """Give the receipt code of a case, to be told in person; raises `NotFoundError`, `NotAllowedError`.

    It is worked out of the case number by a key of this installation, and is stored nowhere. When that key is changed,
    the codes change too.
    """
    with engine.unit_of_work() as work:
        state = work.cases.read(case_id)
    require_member(viewer, state)
    return _code_of(engine, state.case.number)


def ask_progress(engine: Engine, *, number: str, code: str, network: str) -> Progress:
    """Say how far a case is to whoever knows its number and its code; the same `UNKNOWN` for whatever is wrong.

    A wrong try makes the next one wait, for that number and from that network.
    """
    known_as = written_number(number)
    tries = tries_of(engine, number=known_as, network=network)
    tries.count()
    if not hmac.compare_digest(_plain(_code_of(engine, known_as)).encode(), _plain(code).encode()):
        return Progress.UNKNOWN  # whether there is such a case has not been asked yet
    with engine.unit_of_work() as work:
        case_id = work.break_glass.case_of_number(known_as)
        state = work.cases.read(case_id) if case_id else None
    if state is None:
        return Progress.UNKNOWN
    tries.forget()
    return progress_of(state)


def tries_of(engine: Engine, *, number: str, network: str) -> Tries:
    """Give the tries that were made for a number from a network."""
    return Tries(engine, account=f"receipt|{written_number(number)}", network=network)


def progress_of(state: CaseState) -> Progress:
    """Say how far a case is: at work as soon as a person has ended something but the report itself."""
    if state.case.status is CaseStatus.CLOSED:
        return Progress.CLOSED
    done = [step for step in state.steps.values() if step.status is StepStatus.ENDED and step.completed_by is not None]
    return Progress.AT_WORK if any(not step.uses.endswith(".intake") for step in done) else Progress.RECEIVED


def _code_of(engine: Engine, number: str) -> str:
    left = int.from_bytes(engine.vault.blind("receipt", number)[:8], "big")
    signs = ""
    for _ in range(_LENGTH):
        left, sign = divmod(left, len(_SIGNS))
        signs += _SIGNS[sign]
    return f"{signs[:_GROUP]}-{signs[_GROUP:]}"


def _plain(code: str) -> str:
    """Read a code as people write it: small letters, spaces, an O for a nought."""
    return "".join(_LETTERS.get(sign, sign) for sign in code.upper() if sign.isalnum())
