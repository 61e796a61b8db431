"""What each subject does about what it asks a second person for: its words, its page, the answer, the lapse.

A subject registers a handler for its kind, where it asks, when its module is imported; `engine.app` imports them all.
Nothing here imports a subject.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from engine.approvals.actions.approvals import end_late
from engine.approvals.records import ApprovalKind, ApprovalRequest, WaitingView
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import NotFoundError
from engine.ports import JsonValue

log = logging.getLogger(__name__)
_MOST: Final = 200


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
