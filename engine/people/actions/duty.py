"""Say who is on call for a unit, and when somebody is away."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, can
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.actions.leaving import pass_on_items
from engine.people.records import (
    LONGEST_SHIFT,
    Absence,
    ActorRecord,
    Shift,
    overlapping,
    problems_of_span,
    starts_in_the_past,
)
from engine.people.store import DirectoryStore, DutyStore


def once(engine: Engine, command_id: UUID, change: Callable[[Transaction, datetime], UUID]) -> UUID:
    """Carry out a command that belongs to no case, in one transaction; the same command gives the same id again."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        tx.of(HousekeepingStore).take_turn(command_id)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["id"]))
        made = change(tx, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(made)}, case_id=None, at=now)
        tx.commit()
        return made


def require_planner(viewer: Viewer, unit_id: UUID) -> None:
    """Refuse a viewer of another unit in the same words as for a unit that does not exist, and one who may not plan."""
    if not viewer.is_system and unit_id not in viewer.unit_ids:
        raise NotFoundError(kind="unit")
    if not may_plan(viewer, unit_id):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_ROTA.value)


def may_plan(viewer: Viewer, unit_id: UUID) -> bool:
    """Return whether a viewer may plan the shifts and absences of a unit."""
    return can(viewer, Action.MANAGE_ROTA, unit_id=unit_id)


def member(tx: Transaction, actor_id: UUID, unit_id: UUID, *, field: str) -> ActorRecord:
    """Load somebody who acts in a unit; raises `InvalidAnswersError` at `field` for anybody else."""
    actor = tx.of(DirectoryStore).actor(actor_id)
    if actor is None or actor.disabled or unit_id not in actor.unit_ids:
        raise InvalidAnswersError({field: "Choose someone active in this unit."})
    return actor


def refuse(problems: dict[str, str]) -> None:
    """Raise `InvalidAnswersError` when there is any problem."""
    if problems:
        raise InvalidAnswersError(problems)


_LINK = "/on-call"


def plan_shift(
    engine: Engine,
    *,
    viewer: Viewer,
    command_id: UUID,
    unit_id: UUID,
    actor_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
) -> UUID:
    """Put somebody of a unit on call between two instants (aware); returns the shift's id.

    One person is on call at a time. Raises `InvalidAnswersError` for times that overlap, lie in the past or are in the
    wrong order, for more than 31 days, and for somebody who does not act in the unit; `NotFoundError`,
    `NotAllowedError`.
    """
    require_planner(viewer, unit_id)

    def change(tx: Transaction, now: datetime) -> UUID:
        _lock(tx, unit_id)
        member(tx, actor_id, unit_id, field="actor_id")
        refuse(_problems(tx, unit_id, starts_at, ends_at, now))
        shift = Shift(
            id=engine.entropy.uuid(), unit_id=unit_id, actor_id=actor_id, starts_at=starts_at, ends_at=ends_at
        )
        tx.of(DutyStore).add_shift(shift, by=viewer.actor_id, at=now)
        return shift.id

    return once(engine, command_id, change)


def hand_over(engine: Engine, *, viewer: Viewer, command_id: UUID, unit_id: UUID, to: UUID) -> UUID:
    """End the present shift of a unit and begin another person's, until the same end; both are told.

    Whoever is on call may do it, and who plans the shifts. Raises `InvalidAnswersError` for somebody who does not act
    in the unit or is on call already; `NotFoundError` when nobody is on call; `NotAllowedError`.
    """

    def change(tx: Transaction, now: datetime) -> UUID:
        _lock(tx, unit_id)
        present = next(iter(tx.of(DutyStore).on_call(unit_id, at=now)), None)
        if present is None or unit_id not in viewer.unit_ids:
            require_planner(viewer, unit_id)
            raise NotFoundError(kind="shift that can be handed over")
        if viewer.actor_id != present.actor_id and not may_plan(viewer, unit_id):
            raise NotAllowedError(actor=viewer.name, action="hand over someone else's shift")
        taker = member(tx, to, unit_id, field="to")
        if to == present.actor_id:
            raise InvalidAnswersError({"to": "This person is on call already."})
        shift = pass_shift(engine, tx, present, to=to, by=viewer.actor_id, now=now)
        _notify_both(engine, tx, shift, taker, now)
        return shift.id

    return once(engine, command_id, change)


def cancel_shift(engine: Engine, shift_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Call off a shift; one that has begun ends now. Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`."""

    def change(tx: Transaction, now: datetime) -> UUID:
        shift = tx.of(DutyStore).shift(shift_id)
        if shift is None or (not viewer.is_system and shift.unit_id not in viewer.unit_ids):
            raise NotFoundError(kind="shift")
        require_planner(viewer, shift.unit_id)
        if shift.ends_at <= now:
            raise AlreadyEndedError(kind="shift")
        _end(tx, shift, now)
        return shift_id

    once(engine, command_id, change)


def pass_shift(engine: Engine, tx: Transaction, shift: Shift, *, to: UUID, by: UUID | None, now: datetime) -> Shift:
    """Let somebody else be on call instead, for what is left of a shift; returns theirs."""
    _end(tx, shift, now)
    theirs = Shift(
        id=engine.entropy.uuid(), unit_id=shift.unit_id, actor_id=to, starts_at=max(now, shift.starts_at),
        ends_at=shift.ends_at, taken_from=shift.actor_id,
    )  # fmt: skip
    tx.of(DutyStore).add_shift(theirs, by=by, at=now)
    return theirs


def _end(tx: Transaction, shift: Shift, now: datetime) -> None:
    if shift.starts_at < now:
        tx.of(DutyStore).end_shift(shift.id, at=now)
    else:
        tx.of(DutyStore).cancel_shift(shift.id, at=now)


def _lock(tx: Transaction, unit_id: UUID) -> None:
    """Let one change of a unit's shifts wait for another, so that no two overlap."""
    tx.of(HousekeepingStore).take_turn(unit_id)


def _problems(tx: Transaction, unit_id: UUID, starts_at: datetime, ends_at: datetime, now: datetime) -> dict[str, str]:
    problems = problems_of_span(starts_at, ends_at, now=now)
    if problems:
        return problems
    if starts_in_the_past(starts_at, now=now):
        return {"starts_at": "This is in the past."}
    if ends_at - starts_at > LONGEST_SHIFT:
        return {"ends_at": f"A shift is at most {LONGEST_SHIFT.days} days long."}
    if overlapping(tx.of(DutyStore).shifts(unit_id, since=starts_at), starts_at, ends_at):
        return {"starts_at": "Someone is already on call at that time."}
    return {}


def _notify_both(engine: Engine, tx: Transaction, shift: Shift, taker: ActorRecord, now: datetime) -> None:
    giver = tx.of(DirectoryStore).actor(shift.taken_from) if shift.taken_from else None
    unit = tx.of(DirectoryStore).unit(shift.unit_id)
    for kind, person in (("handed_over", taker), ("relieved", giver)):
        if person is not None and not person.disabled:
            notify_of_system(
                engine, tx, kind=kind, rule=f"{shift.id}|{kind}", people=(person,), channels=(IN_APP, EMAIL),
                link=_LINK, now=now, unit=unit, due_at=shift.ends_at if kind == "handed_over" else None,
            )  # fmt: skip


def note_absence(
    engine: Engine,
    *,
    viewer: Viewer,
    command_id: UUID,
    actor_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    deputy_id: UUID | None = None,
) -> UUID:
    """Note that the viewer, or somebody whose shifts they plan, is away between two instants (aware); returns its id.

    Once it has begun, the items that they have claimed go to the deputy, or back to all who may do them. A start in
    the past is allowed: people fall ill first and tell later. Raises `InvalidAnswersError` for times that overlap, are
    over or are in the wrong order, and for a deputy who is the same person, does not act or shares no unit;
    `NotFoundError` for somebody who is not the viewer's to plan.
    """

    def change(tx: Transaction, now: datetime) -> UUID:
        tx.of(HousekeepingStore).take_turn(actor_id)
        away = _plannable(tx, viewer, actor_id)
        refuse(_absence_problems(tx, away, starts_at, ends_at, deputy_id, now))
        absence = Absence(
            id=engine.entropy.uuid(), actor_id=actor_id, deputy_id=deputy_id, starts_at=starts_at, ends_at=ends_at
        )
        tx.of(DutyStore).add_absence(absence, by=viewer.actor_id, at=now)
        return absence.id

    absence_id = once(engine, command_id, change)
    pass_on_items(engine, actor_id)
    return absence_id


def end_absence(engine: Engine, absence_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Say that somebody is back early, or will not be away. Raises `NotFoundError`, `AlreadyEndedError`."""

    def change(tx: Transaction, now: datetime) -> UUID:
        absence = tx.of(DutyStore).absence(absence_id)
        if absence is None:
            raise NotFoundError(kind="absence")
        _plannable(tx, viewer, absence.actor_id, kind="absence")
        if absence.ends_at <= now:
            raise AlreadyEndedError(kind="absence")
        tx.of(DutyStore).end_absence(absence_id, at=now)
        return absence_id

    once(engine, command_id, change)


def _plannable(tx: Transaction, viewer: Viewer, actor_id: UUID, *, kind: str = "person") -> ActorRecord:
    """Load somebody whose absence the viewer may note: themselves, or a member of a unit whose shifts they plan."""
    actor = tx.of(DirectoryStore).actor(actor_id)
    is_theirs = actor is not None and (
        viewer.is_system or actor_id == viewer.actor_id or any(may_plan(viewer, unit) for unit in actor.unit_ids)
    )
    if actor is None or not is_theirs:
        raise NotFoundError(kind=kind)
    return actor


def _absence_problems(
    tx: Transaction,
    away: ActorRecord,
    starts_at: datetime,
    ends_at: datetime,
    deputy_id: UUID | None,
    now: datetime,
) -> dict[str, str]:
    problems = problems_of_span(starts_at, ends_at, now=now)
    if not problems and overlapping(tx.of(DutyStore).absences(away.id, since=starts_at), starts_at, ends_at):
        problems["starts_at"] = "An absence is already recorded for that time."
    if deputy_id is None:
        return problems
    deputy = tx.of(DirectoryStore).actor(deputy_id)
    if deputy_id == away.id:
        problems["deputy_id"] = "No one can be their own deputy."
    elif deputy is None or deputy.disabled or set(deputy.unit_ids).isdisjoint(away.unit_ids):
        problems["deputy_id"] = "Choose someone active in the same unit."
    elif not problems and overlapping(tx.of(DutyStore).absences(deputy_id, since=starts_at), starts_at, ends_at):
        problems["deputy_id"] = "The deputy is away at that time too."
    return problems
