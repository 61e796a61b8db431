"""Note when somebody is away, and who stands in."""

from datetime import datetime
from uuid import UUID

from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.duty import Absence, overlapping, problems_of_span
from engine.errors import AlreadyEndedError, NotFoundError
from engine.ports import ActorRecord
from engine.usecases.duty_rules import may_plan, once, refuse
from engine.usecases.passing_on import pass_on_items
from engine.views import Viewer


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
    """Note that the viewer, or somebody whose shifts they plan, is away between two instants (aware); gives its id.

    Once it has begun, the items that they have claimed go to the deputy, or back to all who may do them. A start in
    the past is allowed: people fall ill first and tell later. Raises `InvalidAnswersError` for times that overlap, are
    over or are in the wrong order, and for a deputy who is the same person, does not act or shares no unit;
    `NotFoundError` for somebody who is not the viewer's to plan.
    """

    def change(tx: Transaction, now: datetime) -> UUID:
        tx.of(HousekeepingStore).take_turn(actor_id)
        away = _plannable(tx, viewer, actor_id)
        refuse(_problems(tx, away, starts_at, ends_at, deputy_id, now))
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


def _problems(
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
