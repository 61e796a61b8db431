"""A scratch world for a story, and the chores that Prefect's schedules do in a live system."""

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from engine.app import build_engine, databases, ship
from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.transaction import Transaction
from engine.deadlines.actions.firing import fire_deadlines
from engine.deadlines.store import DeadlineStore
from engine.errors import IcmcError, NotFoundError
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, close_batch, dispatchable, fail_job
from engine.jobs.records import StepFailedError
from engine.language.calendars import NoCalendarError
from engine.language.names import Role
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.actions.notifying import STORM, bundle_storms
from engine.messages.channel_store import PreferenceStore
from engine.messages.records import DIGEST, Outgoing, next_digest_at
from engine.messages.store import BundleStore
from engine.people.actions.leaving import pass_on_all
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.settings import Settings
from engine.work.actions.items import send_digests

_MINUTE: Final = timedelta(minutes=1)
_LONGEST_STORM: Final = timedelta(minutes=5)
"""What is held back for longer than this cannot be written: the clock does not stop for it any more."""


def do_chores(engine: Engine) -> None:
    """Do each of them once, at the present instant."""
    pass_on_all(engine)
    bundle_storms(engine)
    send_digests(engine)
    deliver_unattended(engine)


def next_chore_at(engine: Engine) -> datetime | None:
    """Return the next instant (UTC) at which one of them may have something to write; None when there is none."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        return min((*_storms(tx, now), *_digests(engine, tx, now)), default=None)


def _storms(tx: Transaction, now: datetime) -> Iterator[datetime]:
    """Look once a minute while something is held back, as the schedule does."""
    for held in tx.of(BundleStore).held_back(STORM):
        if now < held.first_at + _LONGEST_STORM:
            yield now + _MINUTE


def _digests(engine: Engine, tx: Transaction, now: datetime) -> Iterator[datetime]:
    yield from (held.due_at for held in tx.of(BundleStore).held_back(DIGEST) if held.due_at > now)
    for preference in tx.of(PreferenceStore).with_daily_digest():
        try:
            viewer = engine.ask_all(as_viewer, preference.actor_id)
        except NotFoundError:
            continue  # disabled since: nobody is sent a digest any more
        yield next_digest_at(now, preference.zone or viewer.zone)


_OPEN_AT_ONCE = 8


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        """Begin at `now`."""
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant to which the clock was moved last, in UTC."""
        return self._now

    def look_again(self) -> None:
        """Do nothing: nobody else moves this clock."""

    def move_to(self, instant: datetime) -> None:
        """Move the clock, to the past too: each story begins at its own time."""
        self._now = instant.astimezone(UTC)


class SeededEntropy:
    """Ids and numbers that are the same each time: for stories, never for cases."""

    def __init__(self, seed: str) -> None:
        """Begin from a seed."""
        self._random = random.Random(seed)  # noqa: S311 - nothing of a story must be secret

    def uuid(self) -> UUID:
        """Return the next id."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def token(self) -> str:
        """Return the next token."""
        return f"{self._random.getrandbits(256):064x}"

    def case_number(self) -> str:
        """Return the next case number."""
        return f"C-{self._random.getrandbits(20):04X}-{self._random.getrandbits(20):04X}"


@dataclass
class RecordingChannel:
    """Keeps what was sent."""

    sent: list[tuple[str, str, str, str]] = field(default_factory=list)

    @contextmanager
    def open(self) -> Iterator["RecordingChannel"]:
        """Begin to take messages."""
        yield self

    def send(self, message: Outgoing) -> None:
        """Keep a message."""
        self.sent.append((message.to, message.subject, message.body, message.message_id))


@dataclass(frozen=True)
class World:
    """An engine over a scratch database, with the clock and the channel that the story controls.

    `address` is where the database can be read by its owner, to see what no page shows.
    """

    engine: Engine
    clock: MovedClock
    channel: RecordingChannel
    address: str

    def now(self) -> datetime:
        """Return the instant to which the clock was moved last."""
        return self.clock.now()

    def pass_until(self, instant: datetime) -> int:
        """Let time pass up to `instant`: the clock stops wherever something is due before it.

        What falls due at `instant` itself comes with the next call, after what happens at that instant. Gives how many
        jobs were done.
        """
        done = self.settle_jobs()
        while (next_at := next_stop(self.engine)) is not None and next_at < instant:
            self.clock.move_to(max(next_at, self.clock.now()))
            fire_deadlines(self.engine)
            do_chores(self.engine)
            done += self.settle_jobs()
        self.clock.move_to(instant)
        do_chores(self.engine)
        return done + self.settle_jobs()

    def settle_jobs(self) -> int:
        """Do every job that is due, as a worker would; returns how many were done."""
        return settle_jobs(self.engine)


def settle_jobs(engine: Engine, *, is_patient: bool = False) -> int:
    """Do every job that is due, as a worker would; returns how many were done.

    Whatever fails waits for its next try, if we are patient; else only what a pillar says has failed does.
    """
    done = 0
    while batches := dispatchable(engine, limit=_OPEN_AT_ONCE):
        for batch in batches:
            done += _do_batch(engine, batch.id, (IcmcError,) if is_patient else (StepFailedError,))
    return done


def _do_batch(engine: Engine, batch_id: UUID, can_wait: tuple[type[IcmcError], ...]) -> int:
    done = 0
    while True:
        for job in claim_jobs(engine, batch_id=batch_id, worker="replay", limit=20):
            try:
                run_job(engine, job, flow_run_id=None, task_run_id=None, done_by="replay")
            except can_wait as error:
                fail_job(engine, job, code=error.code, why=str(error.facts.get("reason", "")))
            done += 1
        if close_batch(engine, batch_id=batch_id):
            return done


def next_stop(engine: Engine) -> datetime | None:
    """Return the next instant (UTC) at which something is due: a deadline, or what people are told of by a schedule."""
    with engine.transaction() as tx:
        of_deadlines = tx.of(DeadlineStore).next_at()
    return min((at for at in (of_deadlines, next_chore_at(engine)) if at is not None), default=None)


@contextmanager
def scratch_world() -> Iterator[World]:
    """Make a world with a database of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="icmc-replay-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        settings = Settings(data_folder=folder, durable=False)
        with databases(settings) as running:
            clock, channel = MovedClock(datetime(2026, 1, 1, tzinfo=UTC)), RecordingChannel()
            engine = build_engine(
                settings,
                running.urls,
                clock=clock,
                entropy=SeededEntropy("replay"),
                channels={"email": channel},
            )
            ship(engine)
            try:
                yield World(engine, clock, channel, running.urls.owner)
            finally:
                engine.dispose()


def people_of(engine: Engine, *, jurisdiction: str, label: str) -> tuple[UUID, dict[str, Viewer]]:
    """Make a unit with one actor per role; returns the unit and the actors as viewers, by role.

    A partner in a place without a calendar is told of time in UTC; no case can be kept there.
    """
    try:
        zone = engine.library().calendar(jurisdiction).zone
    except NoCalendarError:
        zone = "UTC"
    unit, organisation = engine.entropy.uuid(), engine.entropy.uuid()
    actors: dict[str, UUID] = {}
    with engine.transaction() as tx:
        tx.of(DirectoryStore).add_organisation(organisation, name=f"Partner in {jurisdiction}")
        tx.of(DirectoryStore).add_unit(
            unit, organisation_id=organisation, name=f"Unit {jurisdiction} ({label})", jurisdiction=jurisdiction,
            zone=zone, contact=f"duty desk {jurisdiction}",
        )  # fmt: skip
        for role in Role:
            actor = engine.entropy.uuid()
            address = f"{role.value}.{unit.hex[:12]}@example.org"
            tx.of(DirectoryStore).add_actor(actor, name=f"{role.label} {jurisdiction}", email=address, demo=engine.demo)
            tx.of(DirectoryStore).add_role(actor, unit_id=unit, role=role.value)
            actors[role.value] = actor
        tx.commit()
    return unit, {role: engine.ask_all(as_viewer, actor) for role, actor in actors.items()}
