"""What one person alone may not do, how somebody else agrees, and to whom a concern is told."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from engine.core.policy import ROLES_THAT_MAY, Action, View, Viewer
from engine.core.records import Record
from engine.errors import AlreadyEndedError, NotAllowedError
from engine.language.names import Role

_REQUEST: Final = "request for approval"


class ApprovalKind(StrEnum):
    """What is asked for."""

    MORE_TIME = "more_time"
    LIFT_DENIAL = "lift_denial"
    MERGE = "merge"
    EMERGENCY_ACCESS = "emergency_access"
    RELEASE = "release"
    ERASURE = "erasure"
    LIFT_HOLD = "lift_hold"
    LIFT_RESTRICTION = "open_seal"
    COPY = "copy"
    LOST_FACTOR = "lost_factor"
    DEFINITION = "definition"
    RETIREMENT = "retirement"
    CUSTODY = "custody"
    CLOSURE = "closure"
    ROLE = "role"
    LINK = "link"
    HUB = "hub"


class Rule(NamedTuple):
    """Who may agree to something, how many must, and for how long it waits for them.

    `people` is how many answer besides who asked. With `other_roles` each of them acts in another role. With
    `own_counts` it is enough that two agree, and who asked may be one of them: never the only one. `of_a_unit` is what
    belongs to no case, and is answered by the people of the unit that it is asked of, and by no others; `anywhere` is
    shown to those of every unit.
    """

    answers: Action
    waits: timedelta
    people: int = 1
    other_roles: bool = False
    own_counts: bool = False
    of_a_unit: bool = False
    anywhere: bool = False


FOUR_EYES: Final[Mapping[ApprovalKind, Rule]] = {
    ApprovalKind.MORE_TIME: Rule(Action.GIVE_TIME, timedelta(days=30)),
    ApprovalKind.LIFT_DENIAL: Rule(Action.LIFT_DENIAL, timedelta(days=7)),
    ApprovalKind.MERGE: Rule(Action.MERGE_CASES, timedelta(days=14)),
    ApprovalKind.EMERGENCY_ACCESS: Rule(Action.CONFIRM_EMERGENCY, timedelta(hours=24)),
    ApprovalKind.RELEASE: Rule(Action.RELEASE, timedelta(days=7), own_counts=True),
    ApprovalKind.ERASURE: Rule(Action.APPROVE_ERASURE, timedelta(days=30), people=2, other_roles=True),
    ApprovalKind.LIFT_HOLD: Rule(Action.HOLD, timedelta(days=14)),
    ApprovalKind.LIFT_RESTRICTION: Rule(Action.SEE_CASES, timedelta(days=14)),
    ApprovalKind.COPY: Rule(Action.APPROVE_EXPORT, timedelta(hours=24)),
    ApprovalKind.LOST_FACTOR: Rule(Action.MANAGE_PEOPLE, timedelta(hours=72), anywhere=True),
    ApprovalKind.DEFINITION: Rule(Action.AGREE_DEFINITION, timedelta(days=14), of_a_unit=True),
    ApprovalKind.RETIREMENT: Rule(Action.AGREE_DEFINITION, timedelta(days=14), of_a_unit=True),
    ApprovalKind.CLOSURE: Rule(Action.AGREE_CLOSURE, timedelta(days=7)),
    ApprovalKind.CUSTODY: Rule(Action.MANAGE_PEOPLE, timedelta(hours=72)),
    ApprovalKind.ROLE: Rule(Action.AGREE_ROLE, timedelta(days=14), of_a_unit=True),
    ApprovalKind.LINK: Rule(Action.AGREE_LINK, timedelta(hours=24), of_a_unit=True),
    ApprovalKind.HUB: Rule(Action.AGREE_HUB, timedelta(days=14), of_a_unit=True),
}
"""The four-eyes list: what takes effect only when somebody else agrees who may do it too.

A seal is opened by its holder or who may seal: nobody else sees the case. What is released waits for one person where
it shows fields, and for two where somebody can be found by it or the case is handed over.
"""


class Agreed(Record):
    """That somebody agreed, and in which role, where that counts (UTC)."""

    actor_id: UUID
    role: str = ""
    at: datetime


class Ending(StrEnum):
    """How a request came to its end without an answer of somebody else."""

    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


class ApprovalRequest(Record):
    """What one person asks for and others answer (UTC). `subject` holds ids, codes and counts only.

    Of a definition it says too what is changed, or why it is retired. `subject_id` is what it is about, of which at
    most one request of a kind is open. `seen` is how that stood when it was asked for: what looks otherwise when
    somebody agrees was not what was asked; empty where nothing is compared. Somebody has answered it, or it has ended
    for a reason, as soon as `answered_at` is set.
    """

    id: UUID
    kind: str
    subject_id: UUID
    case_id: UUID | None = None
    unit_id: UUID | None = None
    subject: Mapping[str, Any] = {}
    asked_by: UUID | None
    asked_at: datetime
    reason_code: str = ""
    seen: str = ""
    needed: int = 1
    agreed: tuple[Agreed, ...] = ()
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    approved: bool | None = None
    ended_reason: str = ""
    expires_at: datetime

    @property
    def rule(self) -> Rule:
        """The line of the four-eyes list."""
        return FOUR_EYES[ApprovalKind(self.kind)]

    @property
    def is_overtaken(self) -> bool:
        """Whether it ended since what it is about was over, or had changed."""
        return self.ended_reason == Ending.OVERTAKEN

    def agree(self, viewer: Viewer, roles: Collection[str], *, seen: str, now: datetime) -> Self:
        """Return the request with one more who agrees; with the last who is needed it is approved.

        What stands otherwise than when it was asked for is overtaken instead.

        Raises `OwnApprovalError` for who asked or has agreed, `AlreadyEndedError` for what is over or has run out,
        and `NotAllowedError` for who has no other role than the one in which somebody has agreed.
        """
        require_answerable(self, viewer, now=now)
        if self.seen and seen != self.seen:
            return self.end(Ending.OVERTAKEN, now=now)
        one = Agreed(actor_id=viewer.actor_id, role=self._role(roles), at=now)
        agreed = (*self.agreed, one)
        changes: dict[str, Any] = {"agreed": agreed}
        if len(agreed) >= self.needed:
            changes |= {"answered_by": viewer.actor_id, "answered_at": now, "approved": True}
        return self.model_copy(update=changes)

    def refuse(self, viewer: Viewer, *, now: datetime) -> Self:
        """Return the request refused; who asked only takes it back. Raises `AlreadyEndedError`."""
        require_open(self, now=now)
        reason = Ending.WITHDRAWN.value if viewer.actor_id == self.asked_by else ""
        changes = {"answered_by": viewer.actor_id, "answered_at": now, "approved": False, "ended_reason": reason}
        return self.model_copy(update=changes)

    def end(self, reason: Ending, *, now: datetime) -> Self:
        """Return the request ended, since nobody answered in time or what it is about is over."""
        return self.model_copy(update={"answered_at": now, "approved": False, "ended_reason": reason.value})

    def _role(self, roles: Collection[str]) -> str:
        if not self.rule.other_roles:
            return ""
        taken = {one.role for one in self.agreed}
        fitting = (role for role in ROLES_THAT_MAY[self.rule.answers] if role in roles and role not in taken)
        role = min(fitting, default="")
        if not role:
            raise NotAllowedError(actor="Whoever has the same role", action=self.rule.answers.value)
        return str(role)


def require_other(first_actor_id: UUID | None, second: Viewer) -> None:
    """Refuse the one who asked; raises `OwnApprovalError`, which is a `NotAllowedError`."""
    if first_actor_id is not None and first_actor_id == second.actor_id:
        raise OwnApprovalError


def require_open(request: ApprovalRequest, *, now: datetime) -> None:
    """Refuse what was answered or has run out; raises `AlreadyEndedError`."""
    if request.answered_at is not None or request.expires_at <= now:
        raise AlreadyEndedError(kind=_REQUEST)


def require_answerable(request: ApprovalRequest, second: Viewer, *, now: datetime) -> None:
    """Refuse the one who asked or has agreed already, and what was answered or has run out.

    Raises `OwnApprovalError`, `AlreadyEndedError`.
    """
    if not request.rule.own_counts:
        require_other(request.asked_by, second)
    for one in request.agreed:
        require_other(one.actor_id, second)
    require_open(request, now=now)


class Colleague(NamedTuple):
    """One of us, as far as confidence goes."""

    id: UUID
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    supervisor_id: UUID | None
    disabled: bool = False


def confidant(about: Colleague, raised_by: UUID, people: Iterable[Colleague]) -> UUID | None:
    """Choose who is told: the safeguarding lead of the unit, else that of another one.

    Where it is about a safeguarding lead, a nodal officer of another unit or the data protection officer is told. None
    when there is nobody.
    """
    possible = sorted(
        (one for one in people if _may_hear(one, about, raised_by)), key=lambda one: (_is_apart(one, about), one.id)
    )
    apart = [one for one in possible if _is_apart(one, about)]
    leads = [] if Role.SAFEGUARDING_LEAD in about.roles else _with(possible, Role.SAFEGUARDING_LEAD)
    others = (*_with(apart, Role.NODAL_OFFICER), *_with(possible, Role.DATA_PROTECTION_OFFICER))
    return next((one.id for one in (*leads, *others)), None)


def _may_hear(one: Colleague, about: Colleague, raised_by: UUID) -> bool:
    is_near = one.id in {about.id, about.supervisor_id, raised_by} or one.supervisor_id == about.id
    return not one.disabled and not is_near


def _is_apart(one: Colleague, about: Colleague) -> bool:
    return set(one.unit_ids).isdisjoint(about.unit_ids)


def _with(people: Iterable[Colleague], role: Role) -> list[Colleague]:
    return [one for one in people if role in one.roles]


class Concern(NamedTuple):
    """What was told in confidence to one person about one of us, without its words (UTC)."""

    id: UUID
    kind: str
    about_id: UUID
    case_number: str
    raised_by: UUID
    raised_at: datetime
    recipient_id: UUID
    status: str = "new"
    answered_at: datetime | None = None


class EmergencyRequest(NamedTuple):
    """That somebody asked to see a case that is not theirs (UTC); the ids are empty where nothing was opened."""

    id: UUID
    actor_id: UUID
    number: str
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    reason_code: str
    hours: int
    asked_at: datetime
    ends_at: datetime


class OpenEmergency(NamedTuple):
    """A request by which a case was opened (UTC)."""

    id: UUID
    actor_id: UUID
    case_id: UUID | None
    grant_id: UUID | None
    approval_id: UUID | None
    asked_at: datetime


class WaitingView(View):
    """Something on the four-eyes list that one person asked for (UTC): ids, codes and counts, no content.

    `needed` people must agree and `agreed` have. `may_answer` is false for who asked or has agreed. `person` is a
    colleague whom it is about, with the `role`, its end and the `unit` where it is about one. `waits_for` names those
    who may answer what belongs to no case. `about` names a changed definition, with what weighs most of its changes.
    """

    id: UUID
    kind: str
    subject_id: UUID
    case_id: UUID | None
    case_number: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    reason_code: str
    needed: int
    agreed: tuple[str, ...]
    rows: int | None
    is_mine: bool
    may_answer: bool
    person_id: UUID | None = None
    person: str = ""
    role: str = ""
    role_ends_at: datetime | None = None
    unit: str = ""
    waits_for: tuple[str, ...] = ()
    about: str = ""


class OwnApprovalError(NotAllowedError):
    """Raised when the one who asked for what needs two people wants to approve it too."""

    code = "own-approval"
    sentence = "Whoever asked for it cannot approve it: a second person must."


class NoSecondPersonError(NotAllowedError):
    """Raised when something needs two people and there is nobody else who may agree; `roles` may."""

    code = "no-second-person"
    sentence = (
        "A second person has to agree, and no one else is allowed to. First give someone else one of these"
        " roles: {roles}."
    )
