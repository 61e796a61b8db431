"""Who is looking, what they may do, and whose cases they see: pure answers from units and roles."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from engine.core.access import CaseAccess, covers
from engine.errors import NotAllowedError
from engine.language.names import ProgramRole, Role


class View(BaseModel):
    """The base of every view."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Membership(View):
    """A unit of somebody, with the roles that they have in it and nowhere else."""

    unit_id: UUID
    roles: tuple[str, ...]


class Viewer(View):
    """Who is looking: an actor, with the units and roles that decide what they may see.

    `memberships` say which role counts in which unit; `roles` is all of them together, for menus. Without memberships
    every role counts in every unit. `stepped_up_at` (UTC) is when the session last proved who it is; `by_factor` says
    whether with a second factor. With `must_enrol` the roles wait until the second factor that they need is set up.
    """

    actor_id: UUID
    name: str
    unit_ids: tuple[UUID, ...]
    roles: tuple[str, ...]
    language: str = "en"
    zone: str = "Asia/Kolkata"
    is_system: bool = False
    memberships: tuple[Membership, ...] = ()
    session_hash: bytes | None = None
    stepped_up_at: datetime | None = None
    by_factor: bool = False
    must_enrol: bool = False

    @property
    def acting_id(self) -> UUID | None:
        """Whose act it is; None for what the system does."""
        return None if self.is_system else self.actor_id

    def has_role(self, *roles: str) -> bool:
        """Return whether the viewer has one of these roles."""
        return self.is_system or any(role in self.roles for role in roles)


THIS_MACHINE: Final = Viewer(actor_id=UUID(int=0), name="This machine", unit_ids=(), roles=(), is_system=True)
"""Who acts when nobody is named: a schedule, or a command of somebody with access to the machine."""
THE_PUBLIC: Final = Viewer(actor_id=UUID(int=1), name="The public page", unit_ids=(), roles=(), is_system=True)
"""In whose name is written what somebody without an account tells; nobody signs in as it."""


class Action(StrEnum):
    """What somebody may want to do; the value completes the sentence "… may not …"."""

    SEE_CASES = "see cases"
    READ_ANSWERS = "read the answers of a case"
    REVEAL = "reveal what identifies a person"
    READ_HISTORY = "read the history of a case"
    SEE_BOARD = "see the board"
    OPEN_CASE = "open a case"
    IMPORT_CASES = "take over cases from a table"
    WORK = "work on a case"
    DELEGATE = "give work to someone else"
    CHANGE_PLAN = "add or cancel a step of a case"
    STEER = "stop, reopen or move a case"
    AGREE_CLOSURE = "agree that a case is closed although something is open"
    MERGE_CASES = "merge cases or split one"
    GIVE_TIME = "answer who asks for more time"
    NAME_DELAY = "say who is responsible for a delay"
    RELEASE = "release what leaves the network"
    PUBLISH = "publish a definition"
    AGREE_DEFINITION = "agree to a changed definition"
    KEEP_CALENDARS = "change a calendar"
    MEND = "retry jobs and deliveries"
    MANAGE_PEOPLE = "manage people and units"
    SEE_PEOPLE = "see how people sign in"
    AGREE_ROLE = "agree to a role in a unit"
    TAKE_ROLE = "take a role in a unit from someone"
    AGREE_LINK = "agree to a link for a new password"
    AGREE_HUB = "confirm a hub elsewhere"
    KEEP_CHANNELS = "set up a channel"
    ADD_FILE = "add a file to a case"
    KEEP_KEYS = "keep the keys"
    MANAGE_ROTA = "plan shifts and absences"
    REFER = "refer work to another unit, or answer a referral"
    KEEP_CONSENTS = "record or withdraw a consent"
    SEE_MATCHES = "see which other unit might know a person"
    KEEP_RETENTION = "set how long data is kept"
    SEE_RETENTION = "see what is on hold, restricted or due to be erased"
    HOLD = "put a hold on a case"
    RESTRICT = "restrict a case, or lift the restriction"
    ASK_ERASURE = "ask that a person's data is erased"
    APPROVE_ERASURE = "agree to an erasure"
    ANSWER_SUBJECT = "give a person what is held about them"
    CORRECT = "correct what is known of a person"
    IDENTIFY = "record who a person is"
    EXPORT = "make a copy in a spreadsheet"
    APPROVE_EXPORT = "agree to a large copy"
    SEE_STATISTICS = "see statistics"
    EMERGENCY_ACCESS = "use emergency access to a case of another unit"
    CONFIRM_EMERGENCY = "confirm that emergency access was justified"
    SEE_AUDIT = "read the audit"
    SEE_READINGS = "see who looked at a case"
    KEEP_CONCERNS = "receive concerns about staff"
    SEE_ACCESS = "see who may see a case"
    RECUSE = "say who must not see a case"
    LIFT_DENIAL = "restore access to a case"
    SIGN_LAW = "sign a limit of the law"


_CARE = frozenset(
    {
        Role.INTAKE_OFFICER, Role.CASE_MANAGER, Role.CASEWORKER, Role.COUNSELLOR, Role.MEDICAL_OFFICER,
        Role.POLICE_LIAISON, Role.AHTU_OFFICER, Role.LAWYER, Role.REPATRIATION_COORDINATOR, Role.SHELTER_MANAGER,
        Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD,
    },
)  # fmt: skip
_SUPPORT = frozenset(
    {Role.PREVENTION_OFFICER, Role.PARTNERSHIP_MANAGER, Role.FINANCE_OFFICER, Role.DATA_PROTECTION_OFFICER}
)
_WORKING = _CARE | _SUPPORT | {Role.PRESS_OFFICER}
_AUTHORS = frozenset({Role.CASE_MANAGER, Role.NODAL_OFFICER, Role.REPATRIATION_COORDINATOR, Role.PARTNERSHIP_MANAGER})
_LEADING = frozenset({Role.CASE_MANAGER, Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD})

ROLES_THAT_MAY: Mapping[Action, frozenset[Role | ProgramRole]] = {
    Action.SEE_CASES: _WORKING | {Role.AUDITOR, ProgramRole.READS},
    Action.READ_ANSWERS: _CARE | _SUPPORT,
    Action.REVEAL: _CARE,
    Action.READ_HISTORY: _WORKING | {Role.AUDITOR, ProgramRole.READS},
    Action.SEE_BOARD: frozenset({Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR, Role.SUPERVISOR, Role.NODAL_OFFICER}),
    Action.OPEN_CASE: _CARE | _SUPPORT | {ProgramRole.REPORTS},
    Action.IMPORT_CASES: _LEADING,
    Action.WORK: _WORKING,
    Action.DELEGATE: _LEADING,
    Action.CHANGE_PLAN: _CARE,
    Action.STEER: _LEADING,
    Action.AGREE_CLOSURE: frozenset({Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD}),
    Action.MERGE_CASES: _LEADING,
    Action.GIVE_TIME: _LEADING,
    Action.NAME_DELAY: _LEADING,
    Action.RELEASE: _LEADING | {Role.LAWYER, Role.REPATRIATION_COORDINATOR},
    Action.PUBLISH: _AUTHORS,
    Action.AGREE_DEFINITION: _AUTHORS | {Role.SYSTEM_ADMINISTRATOR, Role.DATA_PROTECTION_OFFICER},
    Action.KEEP_CALENDARS: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.MEND: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.MANAGE_PEOPLE: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.SEE_PEOPLE: _LEADING | {Role.SYSTEM_ADMINISTRATOR},
    Action.AGREE_ROLE: _LEADING,
    Action.TAKE_ROLE: _LEADING | {Role.DATA_PROTECTION_OFFICER},
    Action.AGREE_LINK: _LEADING | {Role.SYSTEM_ADMINISTRATOR},
    Action.AGREE_HUB: _LEADING,
    Action.KEEP_CHANNELS: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.ADD_FILE: _CARE | _SUPPORT,
    Action.KEEP_KEYS: frozenset({Role.SYSTEM_ADMINISTRATOR}),
    Action.MANAGE_ROTA: frozenset({Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SYSTEM_ADMINISTRATOR}),
    Action.REFER: _CARE | {Role.PARTNERSHIP_MANAGER},
    Action.KEEP_CONSENTS: _CARE | {Role.DATA_PROTECTION_OFFICER},
    Action.SEE_MATCHES: _LEADING,
    Action.KEEP_RETENTION: frozenset({Role.DATA_PROTECTION_OFFICER}),
    Action.SEE_RETENTION: _LEADING | {Role.DATA_PROTECTION_OFFICER, Role.LAWYER, Role.AUDITOR},
    Action.HOLD: _LEADING | {Role.DATA_PROTECTION_OFFICER, Role.LAWYER},
    Action.RESTRICT: frozenset({Role.DATA_PROTECTION_OFFICER, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD}),
    Action.ASK_ERASURE: _LEADING | {Role.DATA_PROTECTION_OFFICER},
    Action.APPROVE_ERASURE: frozenset(
        {Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD}
    ),
    Action.ANSWER_SUBJECT: frozenset({Role.DATA_PROTECTION_OFFICER, Role.CASE_MANAGER}),
    Action.CORRECT: frozenset({Role.DATA_PROTECTION_OFFICER, Role.CASE_MANAGER, Role.CASEWORKER, Role.SUPERVISOR}),
    Action.IDENTIFY: _CARE | {Role.PREVENTION_OFFICER},
    Action.EXPORT: _LEADING | {Role.DATA_PROTECTION_OFFICER},
    Action.APPROVE_EXPORT: frozenset(
        {Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD}
    ),
    Action.SEE_STATISTICS: _WORKING | {Role.AUDITOR},
    Action.EMERGENCY_ACCESS: _CARE,
    Action.CONFIRM_EMERGENCY: frozenset({Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD}),
    Action.SEE_AUDIT: frozenset({Role.AUDITOR, Role.DATA_PROTECTION_OFFICER, Role.SAFEGUARDING_LEAD}),
    Action.SEE_READINGS: _LEADING,
    Action.KEEP_CONCERNS: frozenset({Role.SAFEGUARDING_LEAD, Role.NODAL_OFFICER, Role.DATA_PROTECTION_OFFICER}),
    Action.SEE_ACCESS: _LEADING | {Role.AUDITOR, Role.DATA_PROTECTION_OFFICER},
    Action.RECUSE: _LEADING,
    Action.LIFT_DENIAL: _LEADING,
    Action.SIGN_LAW: frozenset({Role.LAWYER}),
}
"""The roles that allow each action; nobody else may do it."""


def can(
    viewer: Viewer,
    action: Action,
    *,
    unit_id: UUID | None = None,
    access: CaseAccess | None = None,
    field: str | None = None,
) -> bool:
    """Return whether an actor may do something: at all, or in a unit, or with a case, or with a field of a case.

    A role counts only in the unit in which somebody has it: with `unit_id` those of that unit, with `access` those
    through which the case is seen. With neither it is the question of a menu: is there any unit in which they may?
    With `access`, a denied case allows nothing; with `field` too, the field must be one that is shown to them: a field
    of persons by what `narrowing.of_person` or `of_everybody` gives of the access, and never without.
    """
    if viewer.is_system:
        return True
    if access is not None:
        may = not access.is_denied and not ROLES_THAT_MAY[action].isdisjoint(access.roles)
        return may and (field is None or covers(access, field))
    roles = viewer.roles if unit_id is None else roles_in(viewer, unit_id)
    return not ROLES_THAT_MAY[action].isdisjoint(roles)


def require(viewer: Viewer, action: Action, *, unit_id: UUID | None = None, access: CaseAccess | None = None) -> None:
    """Raise `NotAllowedError` unless an actor may do something, as `can` says."""
    if not can(viewer, action, unit_id=unit_id, access=access):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def roles_in(viewer: Viewer, unit_id: UUID) -> frozenset[str]:
    """Return the roles that somebody has in a unit; none for a unit that is not theirs."""
    if unit_id not in viewer.unit_ids:
        return frozenset()
    if not viewer.memberships:
        return frozenset(viewer.roles)
    return frozenset().union(*[one.roles for one in viewer.memberships if one.unit_id == unit_id])


def units_that_let(viewer: Viewer, action: Action) -> frozenset[UUID]:
    """Return the units in which somebody may do something."""
    return frozenset(unit for unit in viewer.unit_ids if not ROLES_THAT_MAY[action].isdisjoint(roles_in(viewer, unit)))


def visible_units(viewer: Viewer) -> frozenset[UUID]:
    """Return the units whose cases an actor sees; none for one who only keeps the system running."""
    return units_that_let(viewer, Action.SEE_CASES)


def board_units(viewer: Viewer) -> frozenset[UUID] | None:
    """Return the units whose counts an actor sees on the board; None for all, which the system's keepers look after."""
    if viewer.is_system or Role.SYSTEM_ADMINISTRATOR in viewer.roles:
        return None
    return units_that_let(viewer, Action.SEE_BOARD)
