"""Help in a case of another hub, or be helped by one: accept, decline, tell, and answer what was recalled."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from pydantic import JsonValue

from engine.assembly import Engine
from engine.audit.records import AuditUnavailableError
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import reading_of, require_member
from engine.cases.actions.open import open_case
from engine.cases.store import CaseStore
from engine.core.case_links import ReferralStatus
from engine.core.policy import Action, Viewer, can, require
from engine.core.records import Purpose, Step, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.hubs.records import (
    ERASURE_ANSWERS,
    LONGEST_TEXT,
    TOLD_BY_HAND,
    Kind,
    Mirror,
    MirrorStatus,
)
from engine.hubs.store import HubStore
from engine.messages.actions.notifying import title_of_step
from engine.people.store import DirectoryStore
from engine.sharing.actions.sharing import is_of, known_referral, require_basis, require_unrestricted

_WORDS: Final = frozenset({Kind.QUESTION, Kind.NOTE})


def accept_request(
    engine: Engine,
    mirror_id: UUID,
    *,
    viewer: Viewer,
    answers: Mapping[str, JsonValue],
    workflow: str | None = None,
) -> UUID:
    """Take on what another hub asks for: a case of our own opens by its report, in our law; returns the case.

    It opens once, however often and by whom this is asked. Raise as `open_case` does, `AlreadyEndedError` for what was
    recalled or declined, `NotFoundError`, `NotAllowedError`.
    """
    with engine.transaction() as tx:
        mirror = _asked_of(tx, mirror_id, viewer)
    if mirror.case_id is not None:
        return mirror.case_id
    _require_offered(mirror)
    opened = open_case(
        engine, answers=answers, unit_id=mirror.unit_id, viewer=viewer, command_id=uuid5(mirror.id, "case"),
        workflow=workflow,
    )  # fmt: skip
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(opened.case_id)
        mirror = tx.of(HubStore).mirror(mirror_id)
        if mirror.case_id is None and mirror.status is MirrorStatus.OFFERED:
            unit = tx.of(DirectoryStore).unit(mirror.unit_id)
            changes = {
                "status": MirrorStatus.ACCEPTED, "case_id": opened.case_id, "answered_at": now,
                "answered_by": viewer.actor_id, "their_number": state.case.number, "their_due_at": _first_due(state),
                "their_zone": unit.zone if unit else "UTC",
            }  # fmt: skip
            accepted = mirror.model_copy(update=changes)
            tx.of(HubStore).save_mirror(accepted)
            note_exchange(tx, state, "HubTold", accepted, Kind.ACCEPTED, by=viewer.actor_id, now=now)
            tx.of(HubStore).say(accepted, Kind.ACCEPTED, by=viewer.actor_id, at=now)
            tx.commit()
    return opened.case_id


def decline_request(engine: Engine, mirror_id: UUID, *, viewer: Viewer, reason_code: str) -> None:
    """Decline what another hub asks for, with a reason as a code: nothing of its case was shown to us.

    Raise `InvalidAnswersError` for no reason, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        mirror = _asked_of(tx, mirror_id, viewer)
        if not reason_code.isidentifier():
            raise InvalidAnswersError({"reason_code": "Choose a reason."})
        _require_offered(mirror)
        changes = {
            "status": MirrorStatus.DECLINED, "answered_at": now, "answered_by": viewer.actor_id,
            "reason_code": reason_code, "ended_at": now, "ended_reason": "declined",
        }  # fmt: skip
        declined = mirror.model_copy(update=changes)
        tx.of(HubStore).save_mirror(declined)
        tx.of(HubStore).say(declined, Kind.DECLINED, by=viewer.actor_id, at=now)
        tx.commit()


def disclose_to_hub(
    engine: Engine,
    mirror_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    kind: Kind,
    words: str = "",
    step_id: UUID | None = None,
) -> None:
    """Tell the other hub of a mirrored case that a step is done, ask or note something, or say that ours is closed.

    Who tells it answers for it: it takes the right to release. Of a step its published title, how it ended and when
    are told, and no answer. Raise `InvalidAnswersError`, `AlreadyEndedError`, `ConsentError` where what was shared
    rests on nothing any more, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        mirror, state = _mirror_in_case(tx, mirror_id)
        require_member(viewer, state, Action.RELEASE)
        if kind not in TOLD_BY_HAND:
            raise InvalidAnswersError({"kind": "Choose what to tell them."})
        if mirror.status is not MirrorStatus.ACCEPTED:
            raise AlreadyEndedError(kind="request")
        require_still_shared(tx, state, mirror, now=now)
        body = _told(engine, state, kind, words.strip(), step_id)
        key = str(step_id) if kind is Kind.STEP else "" if kind is Kind.CLOSED else str(command_id)
        if tx.of(HubStore).say(mirror, kind, by=viewer.actor_id, at=now, body=body, key=f"{mirror.came_in}|{key}"):
            note_exchange(tx, state, "HubTold", mirror, kind, by=viewer.actor_id, now=now)
            if kind is Kind.CLOSED:
                tx.of(HubStore).save_mirror(mirror.model_copy(update={"status": MirrorStatus.CLOSED}))
        tx.commit()


def answer_erasure(engine: Engine, mirror_id: UUID, *, viewer: Viewer, answer: str) -> None:
    """Tell the hub that has recalled something what became of what was taken from it here.

    Raise `InvalidAnswersError` for another answer, `AlreadyEndedError` for what was not recalled, `NotFoundError`,
    `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        mirror, state = _mirror_in_case(tx, mirror_id)
        require_member(viewer, state, Action.RELEASE)
        if answer not in ERASURE_ANSWERS or answer == "removed":
            raise InvalidAnswersError({"answer": "Choose an answer."})
        if not mirror.came_in or mirror.status is not MirrorStatus.RECALLED:
            raise AlreadyEndedError(kind="request")
        answered = mirror.model_copy(update={"erasure": answer, "erasure_at": now})
        tx.of(HubStore).save_mirror(answered)
        body: JsonValue = {"answer": answer}
        tx.of(HubStore).say(answered, Kind.ERASURE, by=viewer.actor_id, at=now, body=body, key=answer)
        note_exchange(tx, state, "HubTold", answered, Kind.ERASURE, by=viewer.actor_id, now=now)
        tx.commit()


def reveal_words(engine: Engine, case_id: UUID, *, viewer: Viewer) -> Mapping[UUID, Mapping[str, JsonValue]]:
    """Return what was shown and written between the hubs, by message; that it was looked at is recorded before.

    Raise `NotFoundError`, `NotAllowedError`, `AuditUnavailableError` when the reading cannot be recorded.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
        require_member(viewer, state, Action.REVEAL)
        words = tx.of(HubStore).words_of(case_id)
        read = reading_of(viewer, case_id, "hub_messages", ("narrative",), at=now)
        try:
            tx.of(AuditLogStore).note_reading(read)
            tx.commit()
        except Exception as error:
            raise AuditUnavailableError from error
        return words


def require_still_shared(tx: Transaction, state: CaseState, mirror: Mirror, *, now: datetime) -> None:
    """Refuse to write of a case that is restricted, or, of ours, that on which it was shared does not hold any more.

    Raise `ConsentError`, `AlreadyEndedError`.
    """
    if mirror.came_in:
        require_unrestricted(tx, state)
        return
    referral = known_referral(tx, mirror.ref)
    if referral.status is not ReferralStatus.ACCEPTED:
        raise AlreadyEndedError(kind="referral")
    require_basis(tx, state, referral, now=now)


def note_exchange(
    tx: Transaction, state: CaseState, type_: str, mirror: Mirror, kind: Kind, *, by: UUID | None, now: datetime
) -> CaseState:
    """Add to the history of a case that something went to another hub, or came from it: which sort, and no word."""
    body = {"hub_id": str(mirror.hub_id), "mirror_id": str(mirror.id), "kind": kind.value}
    return tx.of(CaseStore).note(state, type_, body, actor_id=by, at=now)


def _told(engine: Engine, state: CaseState, kind: Kind, words: str, step_id: UUID | None) -> JsonValue:
    if kind in _WORDS:
        if not words or len(words) > LONGEST_TEXT:
            raise InvalidAnswersError({"words": f"Write what to tell them, {LONGEST_TEXT} characters at most."})
        return {"text": words}
    if kind is Kind.CLOSED:
        return {"closed_at": state.case.closed_at.isoformat() if state.case.closed_at else ""}
    step = state.steps.get(step_id) if step_id else None
    if step is None or not can_be_disclosed(step):
        raise InvalidAnswersError({"step_id": "Choose a step that is done."})
    ended = step.ended_at or step.recorded_at
    return {
        "label": title_of_step(engine, state, step), "outcome": step.outcome,
        "done_at": ended.isoformat() if ended else "",
    }  # fmt: skip


def can_be_disclosed(step: Step) -> bool:
    """Whether a step of a person is over, so that another hub can be told."""
    return step.status is StepStatus.ENDED and not step.automatic


def steps_to_disclose(engine: Engine, case_id: UUID, *, viewer: Viewer) -> tuple[tuple[UUID, str], ...]:
    """List the steps of which a viewer can tell another hub, the latest first, each by its published title."""
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
    require_member(viewer, state, Action.SEE_CASES)
    if not can(viewer, Action.RELEASE, unit_id=state.case.unit_id):
        return ()
    return tuple((step.id, title_of_step(engine, state, step)) for step in _latest(state.steps.values()))


def _latest(steps: Iterable[Step]) -> list[Step]:
    over = [step for step in steps if can_be_disclosed(step) and step.ended_at is not None]
    return sorted(over, key=lambda step: (step.ended_at, step.id), reverse=True)


def _first_due(state: CaseState) -> datetime | None:
    open_ones = (d for d in state.deadlines.values() if d.purpose is Purpose.LIMIT and d.ended_at is None)
    return min((d.due_at for d in open_ones if d.due_at), default=None)


def _mirror_in_case(tx: Transaction, mirror_id: UUID) -> tuple[Mirror, CaseState]:
    seen = tx.of(HubStore).mirror(mirror_id)
    if seen.case_id is None:
        raise NotFoundError(kind="request of another hub")
    state = tx.of(CaseStore).lock(seen.case_id)
    return tx.of(HubStore).mirror(mirror_id), state


def _asked_of(tx: Transaction, mirror_id: UUID, viewer: Viewer) -> Mirror:
    mirror = tx.of(HubStore).mirror(mirror_id)
    if not mirror.came_in or not is_of(viewer, mirror.unit_id):
        raise NotFoundError(kind="request of another hub")
    require(viewer, Action.REFER, unit_id=None if viewer.is_system else mirror.unit_id)
    return mirror


def _require_offered(mirror: Mirror) -> None:
    if mirror.status is not MirrorStatus.OFFERED:
        raise AlreadyEndedError(kind="request")
