"""Group the demo's people by what they do."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from engine.portal.presenters.statuses import role_words
from engine.spec.roles import Role
from engine.views import ActorView, Viewer

NOBODY: Final = Viewer(actor_id=UUID(int=0), name="Portal", unit_ids=(), roles=())
"""Who asks before anyone is signed in: shown the invented people of a demo, and nothing else."""

_GROUPS: Final = (
    ("Take reports", {Role.INTAKE_OFFICER}),
    ("Lead cases and write workflows", {Role.CASE_MANAGER, Role.SUPERVISOR, Role.NODAL_OFFICER,
                                        Role.SAFEGUARDING_LEAD}),
    ("Work with police and courts", {Role.POLICE_LIAISON, Role.AHTU_OFFICER, Role.LAWYER}),
    ("Run the system", {Role.SYSTEM_ADMINISTRATOR, Role.AUDITOR}),
)  # fmt: skip
_OTHERS: Final = "Work with the person"


@dataclass(frozen=True, slots=True)
class Someone:
    """One of the demo's people."""

    id: UUID
    name: str
    unit: str
    does: str


@dataclass(frozen=True, slots=True)
class Group:
    """People who do the same sort of work."""

    title: str
    people: tuple[Someone, ...]


def groups_of(actors: Iterable[ActorView]) -> tuple[Group, ...]:
    """Group people by the first sort of work that one of their roles fits."""
    found: dict[str, list[Someone]] = {title: [] for title in (_GROUPS[0][0], _OTHERS, *(t for t, _ in _GROUPS[1:]))}
    for actor in actors:
        if not actor.disabled and actor.roles:
            does = ", ".join(role_words(role) for role in actor.roles)
            found[_title(actor.roles)].append(Someone(actor.id, actor.name, actor.unit, does))
    return tuple(Group(title, tuple(people)) for title, people in found.items() if people)


def _title(roles: tuple[str, ...]) -> str:
    return next((title for title, group in _GROUPS if not group.isdisjoint(roles)), _OTHERS)
