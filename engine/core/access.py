"""How somebody comes to see a case, and what of it a grant shows: fields by name, classes by their own."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.core.records import Record
from engine.core.values import person_in
from engine.language.names import RestrictedCategory, Role

SUSPENDED: Final = "restored"
"""Why a grant ended that is suspended after a restore, until two people let it hold again."""
OF_PERSONS: Final = "person."
"""How the name of a field begins that tells who somebody is."""


class Via(StrEnum):
    """By which way a case is seen."""

    OWN = "own"
    GRANT = "grant"
    EMERGENCY_ACCESS = "emergency_access"
    NONE = "none"


class GrantKind(StrEnum):
    """What a grant came from."""

    REFERRAL = "referral"
    TRANSFER = "transfer"
    CONSULTATION = "consultation"
    EMERGENCY_ACCESS = "emergency_access"
    HAND = "hand"


class Grant(Record):
    """A unit may see a case of another one, for a purpose, until an instant (UTC); with `actor_id` that person alone.

    `fields` names what is shown, and with `may:add_files` that files may be added; an empty list shows only that the
    case is there, its number, and the step offered.
    `persons` are those of the case of whom it is shown: of the others nothing is, neither who they are nor their steps.
    """

    id: UUID
    case_id: UUID
    unit_id: UUID
    purpose: str
    fields: tuple[str, ...] = ()
    persons: tuple[UUID, ...] = ()
    valid_until: datetime | None = None
    granted_at: datetime
    granted_by: UUID | None = None
    kind: GrantKind = GrantKind.HAND
    actor_id: UUID | None = None
    referral_id: UUID | None = None
    consent_id: UUID | None = None
    second_by: UUID | None = None
    second_at: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str = ""

    def is_live(self, now: datetime) -> bool:
        """Return whether the grant counts: not ended, and before `valid_until`."""
        return self.ended_at is None and (self.valid_until is None or self.valid_until > now)

    def may_hold(self, now: datetime) -> bool:
        """Return whether the grant counts, or may count again: it is suspended after a restore."""
        return self.is_live(now) or self.ended_reason == SUSPENDED


class RecusalReason(StrEnum):
    """Why somebody has no part in a case: they may be part of what it is about, or they must not see it."""

    CONFLICT_OF_INTEREST = "conflict_of_interest"
    DENIED = "denied"


class Recusal(Record):
    """A person, unit or organisation that has no part in a case (UTC): it beats every grant, role and emergency access.

    A conflict of interest is always one person's, and one person ends it; two people end a denial.
    """

    id: UUID
    case_id: UUID
    actor_id: UUID | None = None
    unit_id: UUID | None = None
    organisation_id: UUID | None = None
    reason: RecusalReason
    reason_code: str
    set_by: UUID | None = None
    set_at: datetime
    ended_by: UUID | None = None
    ended_at: datetime | None = None

    @property
    def whom(self) -> str:
        """Whether it names a person, a unit or an organisation."""
        return "person" if self.actor_id else "unit" if self.unit_id else "organisation"

    def says_as(self, other: "Recusal") -> bool:
        """Whether another recusal names the same and for the same reason."""
        return self.reason == other.reason and _named(self) == _named(other)


def _named(recusal: Recusal) -> tuple[UUID | None, UUID | None, UUID | None]:
    return recusal.actor_id, recusal.unit_id, recusal.organisation_id


class Way(Record):
    """What one grant shows: these fields, of these persons and of the case as a whole."""

    fields: tuple[str, ...]
    persons: frozenset[UUID] = frozenset()


class CaseAccess(Record):
    """How one person comes to one case; `unit_id` is the case's own unit.

    `roles` are those that count for the case: the person's roles in the unit through which they see it. `fields` is
    what is shown to them of the case as a whole, None for all of it, as the case's own unit sees it; a field of persons
    is never among it, since a grant holds for persons by name: `engine.core.access.of_person` gives what is shown
    of one of them, by the grants in `ways`. `everybody` are all who are or were in the case, told only of one that is
    granted. `step_ids` are the steps that they were offered. `until` is when the last of their grants ends (UTC), None
    for never.
    """

    case_id: UUID
    unit_id: UUID
    via: Via = Via.NONE
    roles: frozenset[str] = frozenset()
    purpose: str = ""
    fields: tuple[str, ...] | None = ()
    ways: tuple[Way, ...] = ()
    everybody: frozenset[UUID] = frozenset()
    step_ids: frozenset[UUID] = frozenset()
    until: datetime | None = None
    is_denied: bool = False


def access_through(
    case_id: UUID,
    owner_id: UUID,
    *,
    own_roles: Iterable[str],
    granted: Iterable[tuple[Grant, Iterable[str]]],
    is_denied: bool,
    step_ids: Iterable[UUID] = (),
    everybody: Iterable[UUID] = (),
) -> CaseAccess:
    """Return how somebody sees a case, from their roles in its unit and from live grants with their roles in each unit.

    A denial beats everything. The own unit beats a grant. Several grants add up: what each of them names is shown, of
    its own persons alone, and the way is emergency access when nothing else lets them in.
    """
    if is_denied:
        return CaseAccess(case_id=case_id, unit_id=owner_id, is_denied=True)
    own = frozenset(own_roles)
    if own:
        return CaseAccess(case_id=case_id, unit_id=owner_id, via=Via.OWN, roles=own, fields=None)
    ways = [(grant, frozenset(roles)) for grant, roles in granted]
    ways = [(grant, roles) for grant, roles in ways if roles]
    if not ways:
        return CaseAccess(case_id=case_id, unit_id=owner_id)
    ends = [grant.valid_until for grant, _ in ways]
    is_broken = all(grant.kind is GrantKind.EMERGENCY_ACCESS for grant, _ in ways)
    return CaseAccess(
        case_id=case_id,
        unit_id=owner_id,
        via=Via.EMERGENCY_ACCESS if is_broken else Via.GRANT,
        roles=frozenset().union(*(roles for _, roles in ways)),
        purpose=ways[0][0].purpose,
        fields=tuple(
            dict.fromkeys(name for grant, _ in ways for name in grant.fields if not name.startswith(OF_PERSONS))
        ),
        ways=tuple(Way(fields=grant.fields, persons=frozenset(grant.persons)) for grant, _ in ways),
        everybody=frozenset(everybody),
        step_ids=frozenset(step_ids),
        until=None if None in ends else max(end for end in ends if end is not None),
    )


ROLES_THAT_READ: Final[Mapping[RestrictedCategory, frozenset[Role]]] = {
    RestrictedCategory.HEALTH: frozenset({Role.MEDICAL_OFFICER, Role.COUNSELLOR}),
    RestrictedCategory.COUNSELLING: frozenset({Role.COUNSELLOR}),
    RestrictedCategory.IMAGES: frozenset({Role.LAWYER, Role.POLICE_LIAISON, Role.CASE_MANAGER}),
    RestrictedCategory.INFORMANTS: frozenset({Role.INTAKE_OFFICER, Role.SUPERVISOR}),
    RestrictedCategory.SHELTER_ADDRESS: frozenset({Role.SHELTER_MANAGER, Role.CASE_MANAGER}),
    RestrictedCategory.TESTIMONY: frozenset({Role.LAWYER, Role.CASE_MANAGER}),
}
"""The roles that read each sealed class in the unit that keeps a case; others need a grant that names the class."""

OPERATIONAL: Final = "case.*"
"""What a grant names for the steps and time limits of a case to be shown."""
ADD_FILES: Final = "may:add_files"
"""What a grant names for files to be added to the case: no field, and in no `.*`, opens that."""
PERSON: Final = "person"
_RIGHT: Final = "may:"
_CLASS: Final = "class:"
_ALL: Final = ".*"


def of_person(access: CaseAccess, person_id: UUID | None) -> CaseAccess:
    """Return what is shown of one person of a case, and of their steps: by the grants that hold for them, and no other.

    With None it is what is shown of the case as a whole, where no field of persons is. The own unit sees everybody.
    """
    if access.fields is None or person_id is None:
        return access
    holding = [way.fields for way in access.ways if person_id in way.persons]
    return access.model_copy(update={"fields": tuple(dict.fromkeys(name for way in holding for name in way))})


def of_everybody(access: CaseAccess) -> CaseAccess:
    """Give what is shown of a thing in which anybody of a case may be named: the fields that are shown of all of them.

    In a case without persons no field of persons is shown.
    """
    if access.fields is None or not access.everybody:
        return access
    each = [of_person(access, person_id).fields or () for person_id in sorted(access.everybody)]
    named = dict.fromkeys(name for fields in each for name in fields)
    shared = tuple(name for name in named if all(_is_among(name, fields) for fields in each))
    return access.model_copy(update={"fields": shared})


def shows_person(access: CaseAccess, person_id: UUID) -> bool:
    """Return whether it is shown that somebody is in a case, by number and role: a field of theirs is named."""
    return access.fields is None or any(
        name.startswith(OF_PERSONS) for name in of_person(access, person_id).fields or ()
    )


def covers(access: CaseAccess, field: str) -> bool:
    """Return whether a field is shown: `<step type>.<question>`, `person.<field>`, `case.<part>` or `class:<name>`.

    One of a person, or of a step of theirs, is asked of what `of_person` gives; without it none of a person is shown.
    The case's own unit is shown every field but those of sealed classes, which its roles open. A grant shows what it
    names, one by one or with `.*` for all of a step type, of persons or of the case; `.*` never opens a sealed class.
    """
    if access.is_denied or access.via is Via.NONE:
        return False
    if field.startswith(_CLASS):
        return _opens(access, field.removeprefix(_CLASS))
    if access.fields is None:
        return True
    return _is_among(field, access.fields)


def shows(access: CaseAccess, field: str, restricted_category: str = "") -> bool:
    """Return whether an answer is shown; one of a sealed class is shown only to whom the class is open."""
    return covers(access, _CLASS + restricted_category) if restricted_category else covers(access, field)


def shows_whole(
    access: CaseAccess, step_type: str, restricted_categories: Iterable[str] = (), *, person_id: UUID | None = None
) -> bool:
    """Return whether all that a step holds is shown, such as on its papers: every field, every class, and who all are.

    `person_id` is whose step it is; its papers may name others of the case too, so all of them must be shown.
    """
    of_step = of_person(access, person_id)
    whole = covers(of_step, step_type + _ALL) and covers(of_everybody(access), PERSON + _ALL)
    return whole and all(covers(of_step, _CLASS + name) for name in restricted_categories)


def names_of(access: CaseAccess, step_type: str) -> bool:
    """Return whether any field of a step type is shown by its name."""
    return access.fields is None or any(name.rpartition(".")[0] == step_type for name in access.fields)


def shows_step(access: CaseAccess, step_id: UUID, path: str) -> bool:
    """Return whether the time of a step is shown: to the case's own unit, by `case.*`, and of a step that was offered.

    `path` says whose step it is; of a person for whom no grant holds only a step that was offered is shown.
    """
    return covers(of_person(access, person_in(path)), OPERATIONAL) or step_id in access.step_ids


def may_tell(access: CaseAccess, step_id: UUID, uses: str, path: str) -> bool:
    """Return whether anything of a step can be shown: its time, or one of its answers by name.

    Where its time is not, the step is there only with an answer that is shown, and as nothing but that: neither that it
    waits, nor when, by whom or how it ended. A step of somebody for whom no grant holds is not there.
    """
    return shows_step(access, step_id, path) or names_of(of_person(access, person_in(path)), uses)


def names_shown(
    access: CaseAccess, uses: str, path: str, names: Iterable[str], classes: Mapping[str, str]
) -> frozenset[str]:
    """Return which answers of a step are shown; `classes` names the sealed class of those that are of one."""
    of_step = of_person(access, person_in(path))
    return frozenset(name for name in names if shows(of_step, f"{uses}.{name}", classes.get(name, "")))


def may_add_files(access: CaseAccess) -> bool:
    """Return whether files may be added: to a case of the own unit, else by a grant that names it."""
    return access.fields is None or ADD_FILES in access.fields


def shown_in(fields: Iterable[str]) -> tuple[str, ...]:
    """List what is shown of what a grant or referral names: a right to do something shows nothing."""
    return tuple(name for name in fields if not name.startswith(_RIGHT))


def problem_of(field: str) -> str:
    """Say what is wrong with the name of a field in a grant or consent; empty when nothing is."""
    if field.startswith(_RIGHT):
        return "" if field == ADD_FILES else f"There is no right {field.removeprefix(_RIGHT)}."
    if field.startswith(_CLASS):
        known = {one.value for one in RestrictedCategory}
        return (
            "" if field.removeprefix(_CLASS) in known else f"There is no protected class {field.removeprefix(_CLASS)}."
        )
    parts = field.split(".")
    is_name = all(part.replace("_", "").isalnum() and part.islower() for part in parts[:-1]) and parts[-1] != ""
    length = 2 if parts[0] in {"case", PERSON} else 3
    return "" if is_name and len(parts) == length else "A field is named <step type>.<question>, person.… or case.…"


def _is_among(field: str, fields: Collection[str]) -> bool:
    """Return whether a field is named, by itself or with `.*`; a class is by itself only."""
    return field in fields or field.rpartition(".")[0] + _ALL in fields


def _opens(access: CaseAccess, name: str) -> bool:
    if access.fields is not None:
        return _CLASS + name in access.fields
    known = {one.value: roles for one, roles in ROLES_THAT_READ.items()}
    return not known.get(name, frozenset()).isdisjoint(access.roles)
