"""Why something was done to a case: a code that the history tells, and words beside it that are sealed."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.events import Event
from engine.domain.policy import Action
from engine.domain.state import CaseState
from engine.errors import InvalidAnswersError, KeyMissingError
from engine.usecases.deciding import require_member
from engine.usecases.readings import reading_of, require_pace
from engine.views import Viewer

LONGEST: Final = 2_000
TELLS_WORDS: Final = frozenset({"CaseReopened", "CaseClosed", "ClosingAsked", "StepCancelled", "CallMade"})
"""The events beside which words may be kept."""


def require_reason(reasons: Mapping[str, str], reason_code: str, words: str, *, words_needed: bool) -> str:
    """Check a reason and its words; gives the words, stripped. Raises `InvalidAnswersError`."""
    problems = {} if reason_code in reasons else {"reason_code": "Choose a reason."}
    words = words.strip()
    if words_needed and not words:
        problems["words"] = "Say why, in a few words."
    elif len(words) > LONGEST:
        problems["words"] = f"Say it in at most {LONGEST:,} characters."
    if problems:
        raise InvalidAnswersError(problems)
    return words


def keep_words(tx: Transaction, before: CaseState, events: tuple[Event, ...], type_: str, words: str) -> None:
    """Seal words beside the first event of a sort among those that were just decided.

    Raises `InvalidAnswersError` for a case whose key is gone, since the last of its persons was erased.
    """
    if not words:
        return
    first = next(n for n, event in enumerate(events) if event.type == type_)
    keep_words_of(tx, before, before.case.chain_length + 1 + first, words)


def keep_words_of(tx: Transaction, before: CaseState, seq: int, words: str) -> None:
    """Seal words beside the event with a number; raises as `keep_words` does."""
    if not words:
        return
    try:
        tx.of(CaseStore).keep_words(before.case, seq, words)
    except KeyMissingError:
        problem = "The people this case was about were erased, so nothing more can be added. Open a new case."
        raise InvalidAnswersError({"words": problem}) from None


def read_reasons(engine: Engine, case_id: UUID, *, viewer: Viewer) -> Mapping[int, str]:
    """Give the sealed words of a case by the number of their event, that they were read written first.

    Words whose key is gone are left out. Raises `NotFoundError`, `NotAllowedError`, `TooOftenError`.
    """
    now = engine.clock.now()
    with engine.transaction(viewer) as tx:
        require_member(viewer, tx.of(CaseStore).read(case_id), Action.REVEAL)
        require_pace(engine, tx, viewer, "reasons")
        tx.of(AuditLogStore).note_reading(reading_of(viewer, case_id, "reasons", ("narrative",), at=now))
        tx.commit()
    with engine.transaction(viewer) as tx:
        return tx.of(CaseStore).words_of(case_id)
