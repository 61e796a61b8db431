"""Ask for a second person, and take what they answer: one rule for everything on the four-eyes list.

Each action that needs somebody else asks here, within its own transaction, and does what was asked for when the last
who is needed has agreed. Nobody answers what they asked for; what has run out, was answered or has changed since is
refused.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.approvals.records import (
    FOUR_EYES,
    Agreed,
    ApprovalKind,
    ApprovalRequest,
    Ending,
    NoSecondPersonError,
    WaitingView,
)
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.store import CaseStore
from engine.core.policy import ROLES_THAT_MAY, Viewer, can, roles_in
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, ConflictError, NotAllowedError, NotFoundError
from engine.language.names import in_running_words
from engine.messages.actions.notifying import add_delivery_job, notify, notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore

PAGE: Final = "/waiting"
"""The page that lists what waits for a second person."""

log = logging.getLogger(__name__)
_MOST: Final = 200


def ask_second(
    engine: Engine,
    tx: Transaction,
    kind: ApprovalKind,
    subject_id: UUID,
    *,
    asked_by: UUID | None,
    now: datetime,
    state: CaseState | None = None,
    unit_id: UUID | None = None,
    reason_code: str = "",
    subject: Mapping[str, Any] | None = None,
    seen: str = "",
    needed: int | None = None,
    agreed: tuple[Agreed, ...] = (),
    people: Iterable[ActorRecord] | None = None,
    tells: bool = True,
) -> ApprovalRequest:
    """Write that something waits for a second person, and tell those who may answer; with `tells` off the caller does.

    `people` are those who may answer, where not all who have the right do. `seen` is how the thing stands: when it
    stands otherwise, nobody can agree any more. Raises `AlreadyEndedError` when
    somebody has asked for it already.
    """
    rule = FOUR_EYES[kind]
    late = tx.of(ApprovalStore).open_about(kind, subject_id)
    if late is not None and late.expires_at <= now:
        end_late(engine, tx, late, now=now, state=state)
    request = ApprovalRequest(
        id=engine.entropy.uuid(), kind=kind.value, subject_id=subject_id, subject=subject or {},
        case_id=state.case.id if state else None, unit_id=state.case.unit_id if state else unit_id, asked_by=asked_by,
        asked_at=now, reason_code=reason_code, seen=seen, needed=needed or rule.people, agreed=agreed,
        expires_at=now + rule.waits,
    )  # fmt: skip
    if not tx.of(ApprovalStore).ask(request):
        raise AlreadyEndedError(kind="choice")
    if tells:
        others = _who_may_answer(tx, request, now) if people is None else people
        told = [person for person in others if person.id != asked_by]
        _notify(engine, tx, request, "second_needed", told, now=now, state=state)
    return request


def take_answer(
    engine: Engine,
    tx: Transaction,
    kind: ApprovalKind,
    subject_id: UUID,
    *,
    viewer: Viewer,
    approved: bool,
    now: datetime,
    state: CaseState | None = None,
    stands: Callable[[], str] | None = None,
    tells: bool = True,
) -> ApprovalRequest:
    """Write what somebody answers, and tell who asked once it is decided; returns the request as it stands then.

    Who asked can only take it back. A yes to what stands otherwise than when it was asked for, as `stands` says, comes
    too late: the request is over then, and `is_overtaken`. Raises `AlreadyEndedError` when nothing waits any more,
    `OwnApprovalError`, `NotAllowedError`, and `ConflictError` where nobody can say how it stands.
    """
    request = tx.of(ApprovalStore).open_about(kind, subject_id)
    if request is None:
        raise AlreadyEndedError(kind="request for approval")
    unit_id = state.case.unit_id if state else _answered_in(request)
    takes_back = not approved and viewer.actor_id == request.asked_by
    if not takes_back and not can(viewer, request.rule.answers, unit_id=unit_id):
        raise NotAllowedError(actor=viewer.name, action=request.rule.answers.value)
    roles = roles_in(viewer, unit_id) if unit_id else frozenset(viewer.roles)
    if approved:
        if request.seen and stands is None:
            raise ConflictError(kind="request for approval")
        after = request.agree(viewer, roles, seen=stands() if stands else "", now=now)
    else:
        after = request.refuse(viewer, now=now)
    tx.of(ApprovalStore).save(after)
    if tells and after.answered_at is not None and viewer.actor_id != after.asked_by:
        _notify(engine, tx, after, "second_decided", _who_asked(tx, after), now=now, state=state)
    return after


def end_late(
    engine: Engine, tx: Transaction, request: ApprovalRequest, *, now: datetime, state: CaseState | None = None
) -> None:
    """End a request that nobody has answered in time, and tell who asked."""
    tx.of(ApprovalStore).save(request.end(Ending.LAPSED, now=now))
    _notify(engine, tx, request, "second_lapsed", _who_asked(tx, request), now=now, state=state)


def others_who_may(
    tx: Transaction, kind: ApprovalKind, viewer: Viewer, now: datetime
) -> tuple[UUID, list[ActorRecord]]:
    """Find the unit whose people may answer what belongs to no case: that of who asks, or else another one.

    Raises `NoSecondPersonError` when nobody else may.
    """
    anywhere = tx.of(DirectoryStore).with_role_anywhere(roles=_roles_of(kind), now=now)
    others = dict.fromkeys(unit_id for one in anywhere if one.id != viewer.actor_id for unit_id in one.unit_ids)
    for unit_id in (*viewer.unit_ids, *others):
        people = _others(tx, kind, viewer, unit_id, now)
        if people:
            return unit_id, people
    raise _nobody(kind)


def who_answers(
    tx: Transaction, kind: ApprovalKind, unit_ids: Iterable[UUID], *, but: Collection[UUID]
) -> tuple[UUID, list[ActorRecord]]:
    """Find the first of some units whose people may answer, with those who may, be they away or not.

    Raises `NoSecondPersonError` when nobody else may.
    """
    for unit_id in dict.fromkeys(unit_ids):
        here = tx.of(DirectoryStore).holders(roles=_roles_of(kind), unit_id=unit_id)
        people = [one for one in here if not one.disabled and one.id not in but]
        if people:
            return unit_id, people
    raise _nobody(kind)


def names_of_answerers(tx: Transaction, request: ApprovalRequest) -> tuple[str, ...]:
    """Name those who may answer a request in its unit, not who asked."""
    here = tx.of(DirectoryStore).holders(roles=_roles_of(ApprovalKind(request.kind)), unit_id=request.unit_id)
    return tuple(one.name for one in here if not one.disabled and one.id != request.asked_by)


def require_other(tx: Transaction, kind: ApprovalKind, viewer: Viewer, unit_id: UUID, now: datetime) -> None:
    """Refuse to ask where nobody else of the unit may answer; raises `NoSecondPersonError`."""
    if not _others(tx, kind, viewer, unit_id, now):
        raise _nobody(kind)


def overtake(tx: Transaction, kind: ApprovalKind, subject_id: UUID, *, now: datetime) -> None:
    """End what waits about something that is over, if anything does; nobody is told."""
    request = tx.of(ApprovalStore).open_about(kind, subject_id)
    if request is not None:
        tx.of(ApprovalStore).save(request.end(Ending.OVERTAKEN, now=now))


def _notify(
    engine: Engine,
    tx: Transaction,
    request: ApprovalRequest,
    message: str,
    people: Iterable[ActorRecord],
    *,
    now: datetime,
    state: CaseState | None,
) -> None:
    rule = f"{request.id}|{message}"
    due = request.expires_at if message == "second_needed" else None
    if state is None:
        unit = tx.of(DirectoryStore).unit(request.unit_id) if request.unit_id else None
        notify_of_system(
            engine, tx, kind=message, rule=rule, people=people, channels=(IN_APP, EMAIL), link=PAGE, now=now,
            unit=unit, due_at=due,
        )  # fmt: skip
        return
    must_send = notify(
        engine, tx, state, kind=message, rule=rule, people=people, channels=(IN_APP, EMAIL), step_title="",
        due_at=due, link=PAGE, now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)


def _answered_in(request: ApprovalRequest) -> UUID | None:
    """Return the unit in which somebody must have the right; None for what those of any unit may answer."""
    return request.unit_id if request.rule.of_a_unit else None


def _roles_of(kind: ApprovalKind) -> tuple[str, ...]:
    return tuple(sorted(role.value for role in ROLES_THAT_MAY[FOUR_EYES[kind].answers]))


def _others(tx: Transaction, kind: ApprovalKind, viewer: Viewer, unit_id: UUID, now: datetime) -> list[ActorRecord]:
    here = tx.of(DirectoryStore).with_role(unit_id=unit_id, roles=_roles_of(kind), now=now)
    return [one for one in here if one.id != viewer.actor_id]


def _nobody(kind: ApprovalKind) -> NoSecondPersonError:
    return NoSecondPersonError(roles=", ".join(in_running_words(role) for role in _roles_of(kind)))


def _who_may_answer(tx: Transaction, request: ApprovalRequest, now: datetime) -> list[ActorRecord]:
    roles = _roles_of(ApprovalKind(request.kind))
    if request.unit_id is None:
        found = tx.of(DirectoryStore).with_role_anywhere(roles=roles, now=now)
    else:
        found = tx.of(DirectoryStore).with_role(unit_id=request.unit_id, roles=roles, now=now)
    left_out = {request.asked_by, *(one.actor_id for one in request.agreed)}
    return [person for person in found if person.id not in left_out]


def _who_asked(tx: Transaction, request: ApprovalRequest) -> list[ActorRecord]:
    asker = tx.of(DirectoryStore).actor(request.asked_by) if request.asked_by else None
    return [asker] if asker is not None and not asker.disabled else []


class Answer(NamedTuple):
    """What somebody answers to what waits."""

    engine: Engine
    asked: WaitingView
    viewer: Viewer
    command_id: UUID
    approved: bool

    @property
    def case_id(self) -> UUID:
        """Return the case that it is about; raises `NotFoundError` for what belongs to none."""
        if self.asked.case_id is None:
            raise NotFoundError(kind="case")
        return self.asked.case_id


class Lapse(NamedTuple):
    """That nobody has answered a request in time (UTC), within the transaction that ends it."""

    engine: Engine
    tx: Transaction
    state: CaseState | None
    request: ApprovalRequest
    now: datetime

    def note(self, type_: str, **body: JsonValue) -> None:
        """Write into the history of the case what did not come of it."""
        if self.state is not None:
            self.tx.of(CaseStore).note(self.state, type_, body, actor_id=None, at=self.now)


class Handler(NamedTuple):
    """What is asked for, what the two buttons say, where one looks first, and what an answer or a lapse does.

    Where the second button has no words, a reason is asked for on the page itself. With `looks_first` both buttons
    stand on that page only. `because` is the reason that was given, if any. A lapse needs nothing done where only the
    request knows that the thing waits.
    """

    asks: str
    agree: str
    refuse: str
    look: Callable[[WaitingView], str]
    answer: Callable[[Answer], object]
    because: Callable[[WaitingView], str] = lambda _: ""
    lapse: Callable[[Lapse], object] = lambda _: None
    looks_first: bool = False


HANDLERS: Final[dict[str, Handler]] = {}
"""The handler of each kind of the four-eyes list, as its subject registered it."""


def register(kind: ApprovalKind, handler: Handler) -> None:
    """Let a subject answer for a kind of request; raises `ValueError` where another one does already."""
    if kind in HANDLERS:
        raise ValueError(kind)
    HANDLERS[kind] = handler


def case_page(rest: str = "") -> Callable[[WaitingView], str]:
    """Return what leads to a page of the case."""
    return lambda view: f"/cases/{view.case_id}{rest}"


def lapse_approvals(engine: Engine) -> int:
    """End every request that has waited too long, each in a transaction of its own; returns how many.

    It is not done, and who asked is told. One that fails is logged by its id and tried again later.
    """
    with engine.transaction() as tx:
        late = tx.of(ApprovalStore).run_out(now=engine.clock.now(), most=_MOST)
    done = 0
    for request_id, case_id in late:
        try:
            done += _lapse(engine, request_id, case_id)
        except Exception as error:  # noqa: BLE001 - one that cannot be ended must not hold up the others
            log.warning("approval_not_ended", extra={"request": str(request_id), "error": type(error).__name__})
    return done


def _lapse(engine: Engine, request_id: UUID, case_id: UUID | None) -> bool:
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id) if case_id else None
        request = tx.of(ApprovalStore).get(request_id)
        if request is None or request.answered_at is not None or request.expires_at > now:
            return False
        end_late(engine, tx, request, now=now, state=state)
        HANDLERS[request.kind].lapse(Lapse(engine, tx, state, request, now))
        tx.of(AuditLogStore).note("access", "ApprovalLapsed", {"request_id": str(request_id)}, actor_id=None, at=now)
        tx.commit()
        return True
