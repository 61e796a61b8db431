"""Say who is on call for a unit: plan a shift, hand it over, call it off."""

from datetime import datetime
from uuid import UUID

from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.duty import LONGEST_SHIFT, Shift, overlapping, problems_of_span, starts_in_the_past
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.ports import ActorRecord
from engine.usecases.duty_rules import may_plan, member, once, refuse, require_planner
from engine.usecases.telling import EMAIL, IN_APP, tell_of_system
from engine.views import Viewer

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
    """Put somebody of a unit on call between two instants (aware); gives the shift's id.

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
        shift = Shift(
            id=engine.entropy.uuid(), unit_id=unit_id, actor_id=to, starts_at=now, ends_at=present.ends_at,
            taken_from=present.actor_id,
        )  # fmt: skip
        tx.of(DutyStore).end_shift(present.id, at=now)
        tx.of(DutyStore).add_shift(shift, by=viewer.actor_id, at=now)
        _tell_both(engine, tx, shift, taker, now)
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
        if shift.starts_at < now:
            tx.of(DutyStore).end_shift(shift_id, at=now)
        else:
            tx.of(DutyStore).cancel_shift(shift_id, at=now)
        return shift_id

    once(engine, command_id, change)


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


def _tell_both(engine: Engine, tx: Transaction, shift: Shift, taker: ActorRecord, now: datetime) -> None:
    giver = tx.of(DirectoryStore).actor(shift.taken_from) if shift.taken_from else None
    unit = tx.of(DirectoryStore).unit(shift.unit_id)
    for kind, person in (("handed_over", taker), ("relieved", giver)):
        if person is not None and not person.disabled:
            tell_of_system(
                engine, tx, kind=kind, rule=f"{shift.id}|{kind}", people=(person,), channels=(IN_APP, EMAIL),
                link=_LINK, now=now, unit=unit, due_at=shift.ends_at if kind == "handed_over" else None,
            )  # fmt: skip
