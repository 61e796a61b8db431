"""Decide a command under the case's lock, write what follows and why, and who looks at what identifies people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from engine.access.records import MOST_REVEALS_IN_AN_HOUR, REVEALS
from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.audit.records import AuditUnavailableError, RecordedReading
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.access import CaseAccess, Via
from engine.core.commands import Command
from engine.core.consequences import WorkItem
from engine.core.decide import follow
from engine.core.events import Event
from engine.core.policy import Action, Viewer, can, require, visible_units
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, KeyMissingError, NotFoundError, TooOftenError
from engine.plugin.registry import UnknownStepTypeError
from engine.work.store import ItemStore


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that has been written, not yet committed."""

    state: CaseState
    events: tuple[Event, ...]


def carry_out(
    engine: Engine, tx: Transaction, state: CaseState, command: Command, *, actor_id: UUID | None, now: datetime
) -> Decided:
    """Decide a command and write its events with all that follows from them."""
    events, after = follow(engine.definitions, tx.library(), state, command, now)
    if events:
        after = tx.of(CaseStore).record(state, events, after, actor_id=actor_id, at=now)
    return Decided(after, events)


def would_be(engine: Engine, tx: Transaction, state: CaseState, command: Command, *, now: datetime) -> CaseState:
    """Return the case as it would stand after a command, which is not carried out."""
    return follow(engine.definitions, tx.library(), state, command, now)[1]


_ASKED_FOR: Mapping[type, Action] = {
    cm.AddStep: Action.CHANGE_PLAN,
    cm.CancelStep: Action.CHANGE_PLAN,
    cm.StartRun: Action.STEER,
    cm.MoveRun: Action.STEER,
    cm.CloseCase: Action.STEER,
    cm.ReopenCase: Action.STEER,
    cm.PauseDeadline: Action.CHANGE_PLAN,
    cm.ResumeDeadline: Action.CHANGE_PLAN,
    cm.AnswerExtension: Action.GIVE_TIME,
    cm.NameDelayOwner: Action.NAME_DELAY,
}
"""What a viewer must be allowed to do for a command; working on the case is enough for the others."""


def require_member(viewer: Viewer, state: CaseState, action: Action = Action.WORK, *, kind: str = "case") -> None:
    """Refuse a viewer who does not see the case as its own unit does, in the words for what does not exist.

    That is one of another unit, one who sees no cases in it, and one to whom the case is denied or who is in conflict
    with it. `kind` is what they named: a case, or a part of one. Raises `NotFoundError`, and `NotAllowedError` for who
    sees it and may not act.
    """
    unit_id = state.case.unit_id
    if not viewer.is_system and (unit_id not in visible_units(viewer) or is_barred(viewer, state)):
        raise NotFoundError(kind=kind)
    require(viewer, action, unit_id=unit_id)


def is_barred(viewer: Viewer, state: CaseState) -> bool:
    """Return whether a case is denied to a viewer or to one of their units, or they are in conflict with it."""
    return not viewer.is_system and not state.barred.isdisjoint({viewer.actor_id, *viewer.unit_ids})


def require_access(tx: Transaction, viewer: Viewer, case_id: UUID, action: Action, *, now: datetime) -> CaseAccess:
    """Say how a viewer sees a case, through its unit or a grant, at `now` (UTC).

    Raises `NotFoundError` for who does not, and `NotAllowedError` for who sees it and may not act.
    """
    access = tx.of(AccessStore).access_of(viewer, case_id, now)
    if access.via is Via.NONE or not can(viewer, Action.SEE_CASES, access=access):
        raise NotFoundError(kind="case")
    require(viewer, action, access=access)
    return access


def require_own(engine: Engine, case_id: UUID, *, viewer: Viewer, action: Action) -> None:
    """Refuse who may not act on a case as one of its own unit, before it is looked at what they ask for.

    Raises `NotFoundError` for who does not see it so, and `NotAllowedError` for who does and may not act.
    """
    with engine.transaction(viewer) as tx:
        access = require_access(tx, viewer, case_id, Action.SEE_CASES, now=engine.clock.now())
    if access.via is not Via.OWN:
        raise NotFoundError(kind="case")
    require(viewer, action, access=access)


def keep_who_did_it(tx: Transaction, item: WorkItem, viewer: Viewer) -> None:
    """Write the viewer down as who did an item that nobody had claimed."""
    if item.assignee_id is None:
        tx.of(ItemStore).done_by(item, viewer.actor_id)


def command_on_case(
    engine: Engine, case_id: UUID, command: Command, *, viewer: Viewer, command_id: UUID, now: datetime | None = None
) -> Mapping[str, JsonValue]:
    """Carry out one command of a person on a case, once; returns its answer."""
    with engine.transaction() as tx:
        state, known = tx.of(CaseStore).lock_for(case_id, command_id)
        require_member(viewer, state, _ASKED_FOR.get(type(command), Action.WORK))
        if known is not None:
            return FirstAnswer(known)
        tx.writes.hold()
        at = now or engine.clock.now()
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=at)
        answer: dict[str, JsonValue] = {"case_id": str(case_id), "events": len(decided.events)}
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=case_id, at=at)
        tx.commit()
        return answer


_HOUR: Final = timedelta(hours=1)


def note_reading(
    engine: Engine,
    viewer: Viewer,
    case_id: UUID,
    what: str,
    classes: tuple[str, ...],
    *,
    subject_id: UUID | None = None,
) -> None:
    """Write that somebody looks at a part of a case: `what` names the part, `classes` the sorts of what it tells.

    Call it once it is sure that the viewer may, and before anything is shown. Raises `AuditUnavailableError` when it
    cannot be written, whatever the reason: what is not written down is not shown. Raises `TooOftenError` for what is
    revealed by a deliberate act, when somebody has done that too often within an hour.
    """
    read = reading_of(viewer, case_id, what, classes, at=engine.clock.now(), subject_id=subject_id)
    try:
        with engine.transaction() as tx:
            require_pace(engine, tx, viewer, what)
            tx.of(AuditLogStore).note_reading(read)
            tx.commit()
    except TooOftenError:
        raise
    except Exception as error:
        raise AuditUnavailableError from error


def require_pace(engine: Engine, tx: Transaction, viewer: Viewer, what: str) -> None:
    """Refuse to reveal more within an hour than anybody's work needs; raises `TooOftenError`."""
    if what not in REVEALS or viewer.is_system:
        return
    since = engine.clock.now() - _HOUR
    if tx.of(AuditLogStore).count_readings(viewer.actor_id, of=REVEALS, since=since) >= MOST_REVEALS_IN_AN_HOUR:
        raise TooOftenError(what="Revealing what identifies people", most=MOST_REVEALS_IN_AN_HOUR)


def reading_of(
    viewer: Viewer,
    case_id: UUID,
    what: str,
    classes: tuple[str, ...],
    *,
    at: datetime,
    subject_id: UUID | None = None,
) -> RecordedReading:
    """Return a reading, for an action that writes it in its own transaction (`at` in UTC)."""
    return RecordedReading(
        case_id=case_id, actor_id=viewer.acting_id, at=at, what=what, subject_id=subject_id,
        classes=tuple(sorted(classes)), roles=tuple(sorted(viewer.roles)),
    )  # fmt: skip


def classes_of_step(engine: Engine, uses: str) -> tuple[str, ...]:
    """Name the sorts of what the form of a step type asks for that is not open."""
    try:
        fields = engine.registry.get(uses).fields
    except UnknownStepTypeError:
        return ("narrative",)
    return tuple(sorted({str(spec.sensitivity.value) for spec in fields if not spec.is_open}))


def note_refusal(engine: Engine, viewer: Viewer, what: str, code: str, *, subject_id: UUID | None = None) -> None:
    """Write that somebody was refused something; `what` names it without content, `code` is that of the error.

    `subject_id` is what was asked for, if it has an id, whether there is such a thing or not. Raises
    `AuditUnavailableError` when it cannot be written.
    """
    body = {"what": what, "code": code, "subject_id": str(subject_id) if subject_id else None}
    try:
        with engine.transaction() as tx:
            tx.of(AuditLogStore).note("access", "Refused", body, actor_id=viewer.acting_id, at=engine.clock.now())
            tx.commit()
    except Exception as error:
        raise AuditUnavailableError from error


LONGEST: Final = 2_000
TELLS_WORDS: Final = frozenset({"CaseReopened", "CaseClosed", "ClosingAsked", "StepCancelled", "CallMade"})
"""The events beside which words may be kept."""


def require_reason(reasons: Mapping[str, str], reason_code: str, words: str, *, words_needed: bool) -> str:
    """Check a reason and its words; returns the words, stripped. Raises `InvalidAnswersError`."""
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
    """Return the sealed words of a case by the number of their event, that they were read written first.

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
