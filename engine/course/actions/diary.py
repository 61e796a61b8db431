"""The diary of a case: notes of calls, visits and worries beside all steps, encrypted, and read as a recorded act."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import LONGEST, reading_of, require_member, require_pace
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import ANSWER, NOTE_KINDS
from engine.cases.store import NOTE_MADE, CaseStore
from engine.core.policy import Action, Viewer
from engine.core.records import CaseStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.documents.store import FileStore
from engine.errors import AlreadyEndedError, InvalidAnswersError, KeyMissingError, NotFoundError

DIARY: Final = "diary"
"""What is noted of who reads notes, and the class of what they tell."""
_TO_THE_REPORTER: Final = "An answer goes to the person who reported, in words alone: leave this empty."
_ERASED: Final = "The people this is about were erased, so nothing more can be recorded about them."


def make_note(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    kind: str,
    words: str,
    happened_at: datetime | None = None,
    person_id: UUID | None = None,
    file_id: UUID | None = None,
    misread: Mapping[str, str] | None = None,
) -> None:
    """Note a call, a visit or a worry of an open case: when (UTC, else now), about whom, with which file of the case.

    The words are encrypted, under the key of the person when it is about one. Those of an answer to who reported can be
    read with the number and the code of the case. `misread` says what of a
    form could not be read. Raises `InvalidAnswersError`, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    now, words = engine.clock.now(), words.strip()
    with engine.transaction() as tx:
        state, known = tx.of(CaseStore).lock_for(case_id, command_id)
        require_member(viewer, state)
        if known is not None:
            return
        if state.case.status is CaseStatus.CLOSED:
            raise AlreadyEndedError(kind="case")
        problems = _problems(state, kind, words, happened_at, person_id, now)
        if file_id is not None:
            problems |= _problem_of_file(tx, file_id, case_id, kind)
        problems |= misread or {}
        if problems:
            raise InvalidAnswersError(problems)
        body = _body(kind, happened_at or now, person_id=person_id, file_id=file_id)
        tx.of(CaseStore).note(state, NOTE_MADE, body, actor_id=viewer.actor_id, at=now)
        try:
            tx.of(CaseStore).keep_words(state.case, state.case.chain_length + 1, words, about=person_id)
        except KeyMissingError:
            raise InvalidAnswersError({"words": _ERASED}) from None
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def read_notes(engine: Engine, case_id: UUID, *, viewer: Viewer) -> Mapping[int, str]:
    """Return the words of the diary by the number of their event; that they were read is written first.

    Words whose key is gone are left out. Raises `NotFoundError`, `NotAllowedError`, `TooOftenError`.
    """
    now = engine.clock.now()
    with engine.transaction(viewer) as tx:
        require_member(viewer, tx.of(CaseStore).read(case_id), Action.REVEAL)
        require_pace(engine, tx, viewer, DIARY)
        tx.of(AuditLogStore).note_reading(reading_of(viewer, case_id, DIARY, (DIARY,), at=now))
        tx.commit()
    with engine.transaction(viewer) as tx:
        return tx.of(CaseStore).words_of(case_id, notes=True)


def _problems(
    state: CaseState, kind: str, words: str, happened_at: datetime | None, person_id: UUID | None, now: datetime
) -> dict[str, str]:
    problems = {} if kind in NOTE_KINDS else {"kind": "Choose what it was."}
    if not words or len(words) > LONGEST:
        problems["words"] = f"Write what happened, in at most {LONGEST:,} characters."
    if happened_at is not None and happened_at > now:
        problems["happened_at"] = "This is in the future."
    if kind == ANSWER and person_id is not None:
        problems["person"] = _TO_THE_REPORTER
    elif person_id is not None and all(one.person_id != person_id for one in state.persons):
        problems["person"] = "Choose one of the people in this case."
    return problems


def _body(kind: str, at: datetime, **ids: UUID | None) -> dict[str, str]:
    return {"kind": kind, "happened_at": at.isoformat()} | {name: str(value) for name, value in ids.items() if value}


def _problem_of_file(tx: Transaction, file_id: UUID, case_id: UUID, kind: str) -> dict[str, str]:
    if kind == ANSWER:
        return {"file": _TO_THE_REPORTER}
    return {} if _is_of_case(tx, file_id, case_id) else {"file": "Choose a file of this case."}


def _is_of_case(tx: Transaction, file_id: UUID, case_id: UUID) -> bool:
    try:
        tx.of(FileStore).get(file_id, case_id=case_id)
    except NotFoundError:
        return False
    return True
