"""Who a warning, a breach or a level of a ladder reaches, and who is notified of work."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, TypedDict
from uuid import UUID

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.core.consequences import WorkItem
from engine.core.records import DeadlineStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.ladders import ItemPerson, Level, LevelRecipient
from engine.language.names import Role
from engine.messages.actions.notifying import add_delivery_job, notify, title_of_step
from engine.messages.records import EMAIL, IN_APP, is_night
from engine.people.records import Absence, ActorRecord
from engine.people.store import DirectoryStore, DutyStore
from engine.sharing.store import ReferralStore
from engine.work.store import ItemStore

SUPERVISORS = (Role.SUPERVISOR.value,)
LAST_RESORT = tuple(
    role.value for role in (Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD, Role.SUPERVISOR, Role.CASE_MANAGER)
)
_ADMINISTRATORS = (Role.SYSTEM_ADMINISTRATOR.value,)
_PARTNERSHIP = (Role.PARTNERSHIP_MANAGER.value,)


class WhyNot(StrEnum):
    """Why somebody who was meant cannot be told."""

    CONFLICTED = "conflicted"
    ABSENT = "absent"
    DISABLED = "disabled"
    ROLE_EMPTY = "role_empty"
    NO_ONE_ON_CALL = "no_one_on_call"
    NO_PARTNER = "no_partner"
    NO_ASSIGNEE = "no_assignee"

    @property
    def words(self) -> str:
        """Say it in English, naming nobody."""
        return _WORDS[self]


_WORDS = {
    WhyNot.CONFLICTED: "they must not be informed about this case",
    WhyNot.ABSENT: "they are away and have no deputy who can be notified",
    WhyNot.DISABLED: "their account is deactivated",
    WhyNot.ROLE_EMPTY: "no one has this role",
    WhyNot.NO_ONE_ON_CALL: "no one is on call now",
    WhyNot.NO_PARTNER: "no unit has accepted this, and no one here is responsible for partners",
    WhyNot.NO_ASSIGNEE: "there is no work item that someone could have",
}

_STOOD_IN = "A deputy stands in for someone who is away."
_TOLD_AWAY = "Someone who is away was notified all the same: this is the last resort."


class Reachable(NamedTuple):
    """Who can be told, why nobody can, what is worth noting, and who of them is told at any hour."""

    people: tuple[ActorRecord, ...] = ()
    why_not: WhyNot | None = None
    note: str = ""
    at_once: tuple[ActorRecord, ...] = ()


class _Meant(NamedTuple):
    """Who is meant, and what it means when that is nobody."""

    people: tuple[ActorRecord, ...]
    none: WhyNot = WhyNot.ROLE_EMPTY
    note: str = ""


def who_has_it(tx: Transaction, state: CaseState, item: WorkItem | None, *, now: datetime) -> tuple[ActorRecord, ...]:
    """Return who is to do an item: its assignee, or the deputy of one who is away, else all its candidates."""
    if item is None:
        return ()
    hidden = tx.of(AccessStore).recused(state.case.id)
    assignee = tx.of(DirectoryStore).actor(item.assignee_id) if item.assignee_id else None
    found = _reach(tx, _Meant((assignee,)), hidden, now) if assignee else Reachable()
    return found.people or _reach(tx, _Meant(_candidates(tx, state, item)), hidden, now).people


def who_is_told(tx: Transaction, state: CaseState, step_id: UUID, level: Level, *, now: datetime) -> Reachable:
    """Return whom a level about a step tells, or why nobody can be told. Who is away is stood in for by a deputy.

    On a last resort they are told beside their deputy: only who is disabled or in conflict with the case is left out.
    A level `at_once` tells whoever is on call at night too, and wakes nobody else while someone is.
    """
    item, hidden = tx.of(ItemStore).open_of_step(step_id), tx.of(AccessStore).recused(state.case.id)
    meant = _meant(tx, state, item, step_id, level.to, now)
    found = _reach(tx, meant, hidden, now, even_away=level.last_resort)
    found = found._replace(note=" ".join(note for note in (meant.note, found.note) if note))
    if not level.at_once:
        return found
    unit = tx.of(DirectoryStore).unit(state.case.unit_id)
    at_night = unit is not None and is_night(now, unit.zone)
    awake = _reach(tx, _on_call(tx, state.case.unit_id, now), hidden, now).people if at_night else ()
    people = tuple({one.id: one for one in (*found.people, *awake)}.values())
    return found._replace(people=people, why_not=None if people else found.why_not, at_once=awake or people)


def last_resort(tx: Transaction, state: CaseState, *, now: datetime) -> tuple[ActorRecord, ...]:
    """Return those above in the unit, else whoever keeps the system running; nobody who must not be told."""
    hidden = tx.of(AccessStore).recused(state.case.id)
    above = _Meant(tx.of(DirectoryStore).holders(roles=LAST_RESORT, unit_id=state.case.unit_id))
    found = _reach(tx, above, hidden, now).people
    return found or _reach(tx, _Meant(tx.of(DirectoryStore).holders(roles=_ADMINISTRATORS)), hidden, now).people


def reachable(tx: Transaction, state: CaseState, people: Iterable[ActorRecord], *, now: datetime) -> Reachable:
    """Return who of these people can be told of a case, deputies included, or why nobody can."""
    return _reach(tx, _Meant(tuple(people)), tx.of(AccessStore).recused(state.case.id), now)


def people_of_partner(tx: Transaction, state: CaseState, unit_id: UUID, *, now: datetime) -> tuple[ActorRecord, ...]:
    """Return who answers referrals in a unit: its partnership manager, else its caseworkers, else its supervisors."""
    for role in (Role.PARTNERSHIP_MANAGER, Role.CASEWORKER, Role.SUPERVISOR):
        found = reachable(tx, state, tx.of(DirectoryStore).holders(roles=(role.value,), unit_id=unit_id), now=now)
        if found.people:
            return found.people
    return ()


def _meant(
    tx: Transaction, state: CaseState, item: WorkItem | None, step_id: UUID, to: LevelRecipient, now: datetime
) -> _Meant:
    unit = state.case.unit_id
    if to.role is not None:
        return _Meant(tx.of(DirectoryStore).holders(roles=(to.role.value,), unit_id=unit))
    if to.law_route is not None:
        roles = (to.released_by.value,) if to.released_by else SUPERVISORS
        return _Meant(tx.of(DirectoryStore).holders(roles=roles, unit_id=unit))
    if to.partner is not None:
        return _partner(tx, state, step_id, to.partner)
    return _person(tx, state, item, to.person, now)


def _person(
    tx: Transaction, state: CaseState, item: WorkItem | None, person: ItemPerson | None, now: datetime
) -> _Meant:
    unit = state.case.unit_id
    if person is ItemPerson.ON_CALL:
        return _on_call(tx, unit, now)
    if person is ItemPerson.SUPERVISOR:
        return _supervisor(tx, unit, item)
    if item is None:
        return _Meant((), none=WhyNot.NO_ASSIGNEE)
    assignee = tx.of(DirectoryStore).actor(item.assignee_id) if item.assignee_id else None
    return _Meant((assignee,) if assignee else _candidates(tx, state, item))


def _on_call(tx: Transaction, unit: UUID, now: datetime) -> _Meant:
    on_call = [tx.of(DirectoryStore).actor(shift.actor_id) for shift in tx.of(DutyStore).on_call(unit, at=now)]
    return _Meant(tuple(actor for actor in on_call if actor), none=WhyNot.NO_ONE_ON_CALL)


def _candidates(tx: Transaction, state: CaseState, item: WorkItem) -> tuple[ActorRecord, ...]:
    found = tx.of(DirectoryStore).holders(roles=item.candidate_roles, unit_id=state.case.unit_id)
    return tuple(actor for actor in found if actor.id not in item.excluded_ids)


def _supervisor(tx: Transaction, unit: UUID, item: WorkItem | None) -> _Meant:
    assignee = tx.of(DirectoryStore).actor(item.assignee_id) if item and item.assignee_id else None
    boss = tx.of(DirectoryStore).actor(assignee.supervisor_id) if assignee and assignee.supervisor_id else None
    return _Meant((boss,) if boss else tx.of(DirectoryStore).holders(roles=SUPERVISORS, unit_id=unit))


def _partner(tx: Transaction, state: CaseState, step_id: UUID, role: Role) -> _Meant:
    """A partner that is no unit here cannot be told by the system: somebody of ours reminds them."""
    partner = tx.of(ReferralStore).partner_of(state.case.id, step_id)
    if partner is not None:
        return _Meant(tx.of(DirectoryStore).holders(roles=(role.value,), unit_id=partner))
    ours = tx.of(DirectoryStore).holders(roles=_PARTNERSHIP, unit_id=state.case.unit_id)
    note = "No unit has accepted this: whoever is responsible for partners was notified instead."
    return _Meant(ours, none=WhyNot.NO_PARTNER, note=note if ours else "")


def _reach(
    tx: Transaction, meant: _Meant, hidden: frozenset[UUID], now: datetime, *, even_away: bool = False
) -> Reachable:
    """Find who of those who are meant can be told; the reason is that of the one who was nearest to being told."""
    if not meant.people:
        return Reachable(why_not=meant.none)
    away = tx.of(DutyStore).away(tuple(actor.id for actor in meant.people), at=now)
    people: dict[UUID, ActorRecord] = {}
    reasons: list[WhyNot] = []
    notes: list[str] = []
    for actor in meant.people:
        reason = _why_not(actor, hidden, is_away=actor.id in away)
        if reason is not None:
            reasons.append(reason)
        if reason is None or (even_away and reason is WhyNot.ABSENT):
            people[actor.id] = actor
            notes += [_TOLD_AWAY] if reason else []
        deputy = _deputy(tx, away.get(actor.id), hidden, now) if reason is WhyNot.ABSENT else None
        if deputy is not None:
            people[deputy.id] = deputy
            notes.append(_STOOD_IN)
    if not people:
        return Reachable(why_not=next(reason for reason in WhyNot if reason in reasons))
    return Reachable(tuple(people.values()), note=" ".join(dict.fromkeys(notes)))


def _deputy(tx: Transaction, absence: Absence | None, hidden: frozenset[UUID], now: datetime) -> ActorRecord | None:
    """Return the deputy of somebody who is away, if that one can be told."""
    deputy = tx.of(DirectoryStore).actor(absence.deputy_id) if absence and absence.deputy_id else None
    if deputy is None:
        return None
    is_away = deputy.id in tx.of(DutyStore).away((deputy.id,), at=now)
    return deputy if _why_not(deputy, hidden, is_away=is_away) is None else None


def _why_not(actor: ActorRecord, hidden: frozenset[UUID], *, is_away: bool) -> WhyNot | None:
    if actor.id in hidden:
        return WhyNot.CONFLICTED
    if actor.disabled:
        return WhyNot.DISABLED
    if is_away:
        return WhyNot.ABSENT
    return None


class _Times(TypedDict):
    due_at: datetime | None
    late_at: datetime | None


def notify_who_has_it_now(
    engine: Engine, tx: Transaction, state: CaseState, before: WorkItem, after: WorkItem, *, by: UUID, now: datetime
) -> None:
    """Tell who was given an item by somebody else, and who lost it to somebody else's decision."""
    if before.assignee_id == after.assignee_id:
        return
    gets = _others(tx, (after.assignee_id,), by)
    loses = _others(tx, (before.assignee_id,), by)
    _notify(engine, tx, state, after, "assigned", gets, (IN_APP, EMAIL), now)
    _notify(engine, tx, state, after, "reassigned", loses, (IN_APP, EMAIL), now)


def notify_of_return(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    item: WorkItem,
    answered_by: UUID | None,
    *,
    by: UUID,
    now: datetime,
) -> None:
    """Tell who had answered a step that a second person has sent it back; `item` is the one to be answered again."""
    _notify(engine, tx, state, item, "returned", _others(tx, (answered_by,), by), (IN_APP, EMAIL), now)


def notify_of_approval(
    engine: Engine, tx: Transaction, state: CaseState, item: WorkItem, *, by: UUID, now: datetime
) -> None:
    """Tell those who may approve a step that it waits for them, in-app only, since it is nobody's yet."""
    people = [person for person in who_has_it(tx, state, item, now=now) if person.id != by]
    _notify(engine, tx, state, item, "approval", people, (IN_APP,), now)


def _notify(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    item: WorkItem,
    kind: str,
    people: list[ActorRecord],
    channels: tuple[str, ...],
    now: datetime,
) -> None:
    if not people:
        return
    rule = f"{item.id}|{kind}|{item.revision}"
    must_send = notify(
        engine, tx, state, kind=kind, rule=rule, people=people, channels=channels, **_due(state, item),
        step_title=title_of_step(engine, state, state.steps[item.step_id]), link=f"/items/{item.id}", now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)


def _others(tx: Transaction, ids: tuple[UUID | None, ...], by: UUID) -> list[ActorRecord]:
    found = (tx.of(DirectoryStore).actor(actor_id) for actor_id in ids if actor_id is not None and actor_id != by)
    return [person for person in found if person is not None and not person.disabled]


def _due(state: CaseState, item: WorkItem) -> _Times:
    """Return when the step of an item falls due next, and is late, if it has a limit that is running."""
    open_ones = (d for d in state.deadlines.values() if d.step_id == item.step_id and d.status is DeadlineStatus.OPEN)
    first = min(open_ones, key=lambda deadline: deadline.due_at, default=None)
    return {"due_at": first.due_at if first else None, "late_at": first.late_at if first else None}
