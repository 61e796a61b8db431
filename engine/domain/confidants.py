"""To whom a concern about one of us is told: never to the person concerned, nor to those above or below them."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from engine.spec.roles import Role


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
