"""Whom a warning, a breach or a level of a ladder reaches, found when it fires."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.domain.consequences import WorkItem
from engine.domain.state import CaseState
from engine.ports import ActorRecord
from engine.spec.ladders import Level, Person, Recipient
from engine.stores import UnitOfWork

_ABOVE_TOLD = "those above were told at once"
_NOBODY_ABOVE = "nor can those above"
_SUPERVISOR = ("supervisor",)
_LAST_RESORT = ("nodal_officer", "safeguarding_lead", "supervisor", "case_manager")


class Found(NamedTuple):
    """Who was found, and why it is not who was meant, if so."""

    people: tuple[ActorRecord, ...]
    note: str


def who_has_it(work: UnitOfWork, state: CaseState, item: WorkItem | None, *, now: datetime) -> tuple[ActorRecord, ...]:
    """Give the assignee of an item if they can act, else all its candidates in the unit."""
    if item is None:
        return ()
    if item.assignee_id is not None:
        assignee = work.directory.actor(item.assignee_id)
        if assignee is not None and _can_act(assignee, now):
            return (assignee,)
    found = work.directory.with_role(unit_id=state.case.unit_id, roles=item.candidate_roles, now=now)
    return tuple(actor for actor in found if actor.id not in item.excluded_ids)


def who_is_told(work: UnitOfWork, state: CaseState, item: WorkItem | None, level: Level, *, now: datetime) -> Found:
    """Give whom a level tells; when nobody can be reached, those above are told at once, with the reason noted."""
    people = _meant(work, state, item, level.to, now)
    note = _outward_note(level)
    if people:
        return Found(people, note)
    above = work.directory.with_role(unit_id=state.case.unit_id, roles=_LAST_RESORT, now=now)
    missing = f"Nobody can be reached as {level.to.in_words()}: {_ABOVE_TOLD if above else _NOBODY_ABOVE}."
    return Found(above, f"{note} {missing}".strip())


def _meant(
    work: UnitOfWork, state: CaseState, item: WorkItem | None, to: Recipient, now: datetime
) -> tuple[ActorRecord, ...]:
    unit = state.case.unit_id
    if to.role is not None:
        return work.directory.with_role(unit_id=unit, roles=(to.role.value,), now=now)
    if to.partner is not None:
        everybody = work.directory.with_role_anywhere(roles=(to.partner.value,), now=now)
        return tuple(actor for actor in everybody if unit not in actor.unit_ids) or everybody
    if to.law_route is not None:
        roles = (to.released_by.value,) if to.released_by else _SUPERVISOR
        return work.directory.with_role(unit_id=unit, roles=roles, now=now)
    if to.person is Person.ASSIGNEE:
        return who_has_it(work, state, item, now=now)
    return _supervisor(work, unit, item, now)


def _supervisor(work: UnitOfWork, unit: UUID, item: WorkItem | None, now: datetime) -> tuple[ActorRecord, ...]:
    assignee = work.directory.actor(item.assignee_id) if item and item.assignee_id else None
    if assignee and assignee.supervisor_id:
        boss = work.directory.actor(assignee.supervisor_id)
        if boss is not None and _can_act(boss, now):
            return (boss,)
    return work.directory.with_role(unit_id=unit, roles=_SUPERVISOR, now=now)


def _can_act(actor: ActorRecord, now: datetime) -> bool:
    return not actor.disabled and (actor.absent_until is None or actor.absent_until <= now)


def _outward_note(level: Level) -> str:
    to = level.to
    if to.law_route is None:
        return ""
    return f"A letter to {to.law_route} waits to be released by a named person; nothing has left."
