"""Give roles that count only when somebody who leads the unit has agreed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from engine.approvals.actions.approvals import Handler, ask_second, register, take_answer, who_answers
from engine.approvals.actions.concerns import pass_on_concerns
from engine.approvals.records import ApprovalKind, ApprovalRequest, OwnApprovalError
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Action, Viewer, can
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.language.names import role_words
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.people.viewer import (
    LEADS,
    hub_units,
    leads_of,
    require_any,
)
from engine.sign_in.store import SignInStore

_NOT_JOINED: Final = (
    "They have not set a password yet. Agree once they have told you themselves that they did: until then someone else"
    " could use their link."
)


_OVER: Final = "The last day of this role is over. Refuse it, and ask for the role again with a later day."


class AskedRole(NamedTuple):
    """A role of somebody in a unit that waits for who leads the unit, and the instant (UTC) at which it ends."""

    actor_id: UUID
    unit_id: UUID
    role: str
    ends_at: datetime | None = None

    @property
    def subject_id(self) -> UUID:
        """What the request is about: asked for twice, it waits once."""
        return uuid5(self.unit_id, f"{self.actor_id}|{self.role}")

    @property
    def said(self) -> dict[str, str]:
        """Whose it is, where, which and until when, as a request and the audit keep it."""
        said = {"actor_id": str(self.actor_id), "unit_id": str(self.unit_id), "role": self.role}
        return said | ({"ends_at": self.ends_at.isoformat()} if self.ends_at else {})


def give_or_ask(engine: Engine, tx: Transaction, wanted: AskedRole, *, viewer: Viewer) -> bool:
    """Give a role where nobody else has to agree, else ask who leads the unit; returns whether it counts already.

    It counts at once for the machine's keeper, for who leads the unit themselves, and for the first who leads a unit in
    which nobody works yet. Where nobody leads the unit, those who lead units of the hub's body agree. Asked for twice,
    it waits once. Raises `NoSecondPersonError` when nobody may agree.
    """
    if _counts_at_once(tx, wanted, viewer):
        by = viewer.acting_id
        _give(engine, tx, wanted, by=by, asked_by=None, now=engine.clock.now())
        return True
    ask_for(engine, tx, wanted, asked_by=viewer.actor_id)
    return False


def ask_for(engine: Engine, tx: Transaction, wanted: AskedRole, *, asked_by: UUID) -> None:
    """Ask who leads the unit for a role, unless it waits already; raises `NoSecondPersonError`."""
    now = engine.clock.now()
    waiting = tx.of(ApprovalStore).open_about(ApprovalKind.ROLE, wanted.subject_id)
    if waiting is not None and waiting.expires_at > now:
        return
    unit_id, people = who_answers(
        tx, ApprovalKind.ROLE, (wanted.unit_id, *hub_units(tx)), but={asked_by, wanted.actor_id}
    )
    ask_second(
        engine, tx, ApprovalKind.ROLE, wanted.subject_id, asked_by=asked_by, now=now, unit_id=unit_id,
        subject=wanted.said, people=people,
    )  # fmt: skip
    tx.of(AuditLogStore).note("people", "RoleAsked", wanted.said, actor_id=asked_by, at=engine.wall_clock.now())


def answer_role(engine: Engine, subject_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Let a role count that was asked for, or refuse it; who asked only takes it back.

    Nobody agrees to a role of their own, nor to that of somebody who never set a password: whoever made their link
    could use it. Raises `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`, `InvalidAnswersError`, and
    `NotFoundError` for somebody who acts no longer.
    """
    require_any(viewer, Action.AGREE_ROLE, Action.MANAGE_PEOPLE)
    now = engine.clock.now()
    with engine.transaction() as tx:
        request = tx.of(ApprovalStore).open_about(ApprovalKind.ROLE, subject_id)
        if request is None:
            raise AlreadyEndedError(kind="request for approval")
        wanted = asked_role(request)
        if approved:
            _require_ready(engine, tx, wanted, viewer)
        take_answer(engine, tx, ApprovalKind.ROLE, subject_id, viewer=viewer, approved=approved, now=now)
        if approved:
            _give(engine, tx, wanted, by=viewer.actor_id, asked_by=request.asked_by, now=now)
        else:
            tx.of(AuditLogStore).note(
                "people", "RoleRefused", wanted.said, actor_id=viewer.actor_id, at=engine.wall_clock.now()
            )
        tx.commit()


def asked_role(request: ApprovalRequest) -> AskedRole:
    """Return what a request asks for."""
    said = request.subject
    ends_at = datetime.fromisoformat(said["ends_at"]) if said.get("ends_at") else None
    return AskedRole(UUID(said["actor_id"]), UUID(said["unit_id"]), said["role"], ends_at)


def _counts_at_once(tx: Transaction, wanted: AskedRole, viewer: Viewer) -> bool:
    if viewer.is_system or can(viewer, Action.AGREE_ROLE, unit_id=wanted.unit_id):
        return True
    return wanted.role in LEADS and tx.of(DirectoryStore).is_untouched(wanted.unit_id)


def _require_ready(engine: Engine, tx: Transaction, wanted: AskedRole, viewer: Viewer) -> None:
    person = tx.of(DirectoryStore).actor(wanted.actor_id)
    if wanted.actor_id == viewer.actor_id:
        raise OwnApprovalError
    if person is None or person.disabled or tx.of(DirectoryStore).unit(wanted.unit_id) is None:
        raise NotFoundError(kind="person")
    if wanted.ends_at is not None and wanted.ends_at <= engine.wall_clock.now():
        raise InvalidAnswersError({"answer": _OVER})
    is_program = tx.of(DirectoryStore).is_service(wanted.actor_id)
    if not (engine.demo or is_program) and tx.of(DirectoryStore).password_of(wanted.actor_id) is None:
        raise InvalidAnswersError({"answer": _NOT_JOINED})


def _give(
    engine: Engine, tx: Transaction, wanted: AskedRole, *, by: UUID | None, asked_by: UUID | None, now: datetime
) -> None:
    """Write a role, so that its holder signs in anew, and tell those who lead the unit."""
    at = engine.wall_clock.now()
    tx.of(DirectoryStore).add_role(wanted.actor_id, unit_id=wanted.unit_id, role=wanted.role, ends_at=wanted.ends_at)
    tx.of(SignInStore).end_sessions(wanted.actor_id, at=at)
    body = wanted.said
    if asked_by is not None:
        body["asked_by"] = str(asked_by)
    tx.of(AuditLogStore).note("people", "RoleGiven", body, actor_id=by, at=at)
    pass_on_concerns(engine, tx, now=now)
    _notify_leads(engine, tx, wanted, leads_of(tx, wanted.unit_id, but={by, wanted.actor_id}), now)


def _notify_leads(
    engine: Engine, tx: Transaction, wanted: AskedRole, people: Iterable[ActorRecord], now: datetime
) -> None:
    notify_of_system(
        engine, tx, kind="role_given", rule=f"role|{wanted.subject_id}|{now.isoformat()}", people=people,
        channels=(IN_APP, EMAIL), link="/people", now=now, unit=tx.of(DirectoryStore).unit(wanted.unit_id),
    )  # fmt: skip


register(
    ApprovalKind.ROLE,
    Handler(
        "asks to give a colleague a role", "Give the role: I know them", "Do not give it",
        look=lambda view: f"/people/{view.person_id}" if view.is_mine and view.person_id else "",
        because=lambda view: f"{view.person}: {role_words(view.role)}, {view.unit}",
        answer=lambda given: answer_role(
            given.engine, given.asked.subject_id, viewer=given.viewer, approved=given.approved
        ),
    ),
)  # fmt: skip
