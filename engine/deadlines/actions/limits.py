"""Change a limit of the programme: stand still, go on, more time, own a delay; count again what a calendar changed."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from engine.approvals.actions.approvals import Answer, Handler, Lapse, ask_second, overtake, register, take_answer
from engine.approvals.records import ApprovalKind
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, command_on_case, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.deadlines.lateness import EXTENSION_REASONS, PAUSE_REASONS
from engine.core.policy import ROLES_THAT_MAY, Action, Viewer
from engine.core.records import CaseStatus, DelayOwner
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.actions.escalating import notify_all
from engine.definitions.records import OpenRecount
from engine.definitions.store import RecountStore
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.language.limits import TimeLimit
from engine.messages.actions.notifying import add_delivery_job, notify, title_of
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore


def pause_deadline(
    engine: Engine,
    deadline_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    until: datetime | None,
    reason_code: str,
) -> None:
    """Let a limit of the programme stand still from now until an instant (UTC), at which it goes on by itself.

    Raises `InvalidAnswersError` for an unknown reason or an instant that has passed; what the domain refuses, such as
    a limit of the law, is raised as it comes; `NotAllowedError`, `NotFoundError`.
    """
    problems = {}
    if reason_code not in PAUSE_REASONS:
        problems["reason"] = "Choose a reason."
    if until is None:
        problems["until"] = "Give a date and time, such as 2026-03-07 18:40."
    elif until <= engine.clock.now():
        problems["until"] = "This has already passed."
    if problems or until is None:
        raise InvalidAnswersError(problems)
    command = cm.PauseDeadline(deadline_id, until, reason_code, viewer.actor_id)
    command_on_case(engine, case_id, command, viewer=viewer, command_id=command_id)


def resume_deadline(engine: Engine, deadline_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Let a limit go on before its pause is over; raises `NotAllowedError`, `NotFoundError`."""
    command = cm.ResumeDeadline(deadline_id, viewer.actor_id)
    command_on_case(engine, case_id, command, viewer=viewer, command_id=command_id)


def ask_extension(
    engine: Engine,
    deadline_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    more: str,
    reason_code: str,
) -> None:
    """Ask for more time (`P3D`); those who may give it are told, and it counts once one of them approves.

    Raises `InvalidAnswersError` for an unknown reason or a length that cannot be read; what the domain refuses is
    raised as it comes; `NotAllowedError`, `NotFoundError`.
    """
    problems = {} if reason_code in EXTENSION_REASONS else {"extension_reason": "Choose a reason."}
    if not _is_some_time(more):
        problems["more"] = "Say how much more time."
    if problems:
        raise InvalidAnswersError(problems)
    command = cm.AskExtension(deadline_id, more, reason_code, viewer.actor_id)
    _carry_out_and_tell(engine, command, case_id=case_id, viewer=viewer, command_id=command_id, action=Action.WORK)


def answer_extension(
    engine: Engine, deadline_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID, approved: bool
) -> None:
    """Return the time that somebody else has asked for, or refuse it; who asked is told.

    Raises `NotAllowedError` for those who may not give time, and for who asked; `NotFoundError`.
    """
    command = cm.AnswerExtension(deadline_id, approved, viewer.actor_id)
    _carry_out_and_tell(engine, command, case_id=case_id, viewer=viewer, command_id=command_id, action=Action.GIVE_TIME)


def name_delay_owner(
    engine: Engine, deadline_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID, owner: str
) -> None:
    """Say whose delay it is that a limit is not kept; raises `InvalidAnswersError`, `NotAllowedError`."""
    if owner not in set(DelayOwner):
        raise InvalidAnswersError({"owner": "Choose who is responsible for the delay."})
    command = cm.NameDelayOwner(deadline_id, DelayOwner(owner), viewer.actor_id)
    command_on_case(engine, case_id, command, viewer=viewer, command_id=command_id)


def _carry_out_and_tell(
    engine: Engine,
    command: cm.AskExtension | cm.AnswerExtension,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    action: Action,
) -> None:
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, action)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        _ask_or_answer(engine, tx, decided.state, command, viewer, now)
        for event in decided.events:
            _notify(engine, tx, decided.state, event, now)
        tx.of(HousekeepingStore).remember(
            command_id, {"deadline_id": str(command.deadline_id)}, case_id=case_id, at=now
        )
        tx.commit()


def _ask_or_answer(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    command: cm.AskExtension | cm.AnswerExtension,
    viewer: Viewer,
    now: datetime,
) -> None:
    of = command.deadline_id
    if isinstance(command, cm.AskExtension):
        overtake(tx, ApprovalKind.MORE_TIME, of, now=now)
        ask_second(
            engine, tx, ApprovalKind.MORE_TIME, of, asked_by=viewer.actor_id, now=now, state=state,
            reason_code=command.reason_code, subject={"more": command.more}, tells=False,
        )  # fmt: skip
        return
    take_answer(
        engine,
        tx,
        ApprovalKind.MORE_TIME,
        of,
        viewer=viewer,
        approved=command.approved,
        now=now,
        state=state,
        tells=False,
    )


def _notify(engine: Engine, tx: Transaction, state: CaseState, event: ev.Event, now: datetime) -> None:
    match event:
        case ev.ExtensionAsked():
            kind, people = "extension_asked", _who_may_give_time(tx, state, event.by, now)
        case ev.ExtensionAnswered():
            kind, people = "extension_answered", _who_asked(tx, event)
        case _:
            return
    rule = f"{event.deadline.id}|{kind}|{state.case.chain_length}"
    must_send = notify(
        engine, tx, state, kind=kind, rule=rule, people=people, channels=(IN_APP, EMAIL),
        step_title=title_of(engine, state, event.deadline), due_at=event.deadline.due_at,
        link=f"/cases/{state.case.id}/deadlines/{event.deadline.id}", now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)


def _who_may_give_time(
    tx: Transaction, state: CaseState, asked_by: UUID | None, now: datetime
) -> Iterable[ActorRecord]:
    roles = tuple(sorted(role.value for role in ROLES_THAT_MAY[Action.GIVE_TIME]))
    found = tx.of(DirectoryStore).with_role(unit_id=state.case.unit_id, roles=roles, now=now)
    return [actor for actor in found if actor.id != asked_by]


def _who_asked(tx: Transaction, event: ev.ExtensionAnswered) -> Iterable[ActorRecord]:
    asked_by = event.deadline.extensions[-1].asked_by if event.deadline.extensions else None
    asker = tx.of(DirectoryStore).actor(asked_by) if asked_by else None
    return [asker] if asker is not None and not asker.disabled else []


def _is_some_time(more: str) -> bool:
    try:
        return not TimeLimit(more).is_at_once
    except ValidationError:
        return False


def _answer(given: Answer) -> None:
    answer_extension(
        given.engine, given.asked.subject_id, case_id=given.case_id, viewer=given.viewer, command_id=given.command_id,
        approved=given.approved,
    )  # fmt: skip


def _lapse(late: Lapse) -> None:
    """Refuse the time that was asked for, unless its limit is over anyway."""
    if late.state is not None:
        command = cm.AnswerExtension(late.request.subject_id, approved=False, by=None)
        with suppress(AlreadyEndedError, NotFoundError):
            carry_out(late.engine, late.tx, late.state, command, actor_id=None, now=late.now)


register(
    ApprovalKind.MORE_TIME,
    Handler(
        "asks for more time", "Give more time", "Refuse more time",
        look=lambda view: f"/cases/{view.case_id}/deadlines/{view.subject_id}", answer=_answer, lapse=_lapse,
    ),
)  # fmt: skip


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recounted:
    """What a pass did: how many cases it looked at, how many deadlines moved, and whether nothing is left."""

    cases: int = 0
    moved: int = 0
    is_done: bool = True


def recount_deadlines(engine: Engine, *, limit: int = 500) -> Recounted:
    """Go on with every recount that was asked for, at most `limit` cases in this pass.

    Each case has a transaction of its own, in which it is also noted as looked at: a pass that dies goes on there, and
    several at once do no harm. A case that cannot be counted is logged by id, and the others go on.
    """
    with engine.transaction() as tx:
        asked = tx.of(RecountStore).open()
    cases = moved = 0
    for recount in asked:
        with engine.transaction() as tx:
            most = limit - cases + 1
            found = tx.of(RecountStore).concerned(recount.kind, recount.name, after=recount.after_case_id, most=most)
        for case_id in found[: limit - cases]:
            moved += _recount(engine, recount, case_id)
        cases += min(len(found), limit - cases)
        if len(found) == most:
            return Recounted(cases, moved, is_done=False)
        with engine.transaction() as tx:
            tx.of(RecountStore).done(recount.id, at=engine.clock.now())
            tx.commit()
    return Recounted(cases, moved)


def _recount(engine: Engine, recount: OpenRecount, case_id: UUID) -> int:
    try:
        return _recount_case(engine, recount, case_id, engine.clock.now())
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        log.error("case_could_not_be_recounted", extra={"case_id": str(case_id)})  # noqa: TRY400
    with engine.transaction() as tx:
        tx.of(RecountStore).went_on(recount.id, case_id=case_id, moved=0)
        tx.commit()
    return 0


def _recount_case(engine: Engine, recount: OpenRecount, case_id: UUID, now: datetime) -> int:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        moved = 0
        if state.case.status is CaseStatus.OPEN:
            command = cm.Recount(cause=f"{recount.kind} {recount.name}")
            decided = carry_out(engine, tx, state, command, actor_id=None, now=now)
            moved = sum(isinstance(event, ev.DeadlineMoved) for event in decided.events)
            told = notify_all(engine, tx, decided.state, decided.events, now)
            if told.must_send:
                rule = f"recount|{recount.id}"
                add_delivery_job(tx, told.state, rule=rule, critical=told.critical, now=now)
        tx.of(RecountStore).went_on(recount.id, case_id=case_id, moved=moved)
        tx.commit()
        return moved
