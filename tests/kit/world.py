"""A world of two units over a database of its own, with a clock that tests move and a channel that records."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from engine.app import build_engine
from engine.approvals.views import waiting
from engine.assembly import Engine
from engine.cases.actions.open import OpenedCase, open_case
from engine.cases.store import CaseStore
from engine.core.consequences import WorkItem
from engine.core.policy import Viewer
from engine.core.records import Deadline
from engine.core.state import CaseState
from engine.db.embedded.roles import DatabaseUrls
from engine.deadlines.actions.firing import fire_deadlines
from engine.definitions.actions.law import sign_limit
from engine.definitions.actions.proposals import answer_proposal, propose_files
from engine.definitions.actions.publish import Published, publish_shipped
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, close_batch, dispatchable
from engine.jobs.records import ClaimedJob
from engine.plugin.registry import Registry
from engine.rehearsal.world import MovedClock, RecordingChannel, people_of
from engine.settings import Settings
from engine.work.actions.complete import Completion, approve_work_item, complete_work_item
from engine.work.store import ItemStore
from tests.conftest import rows_of
from tests.kit.acting import Acting
from tests.kit.trial import CANARY, SOURCES

START = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)
SIX = {
    "narrative": f"{CANARY} was seen at the mill.",
    "concern": "forced_labour",
    "is_child_suspected": "yes",
    "immediate_danger": False,
    "safe_to_call": True,
    "consent_to_record": "yes",
}
INTAKE = SIX | {
    "received_at": START.isoformat(), "channel": "walk_in", "informant_relation": "passer_by",
    "informant_anonymous": True, "language": "en", "interpreter_needed": False,
}  # fmt: skip
LOOKED = {"seen_at": START.isoformat(), "is_safe": True, "way": "road", "words": f"{CANARY} waved.", "colour": "red"}


@dataclass(frozen=True)
class Staff:
    """What was put into the template database: two units with one person of each role."""

    unit: UUID
    people: Mapping[str, Viewer]
    other_unit: UUID
    others: Mapping[str, Viewer]


@dataclass
class World(Acting):
    """An engine over a database of its own, and short ways to do what tests need."""

    engine: Engine
    clock: MovedClock
    channel: RecordingChannel
    staff: Staff
    urls: DatabaseUrls

    @property
    def owner_url(self) -> str:
        return self.urls.owner

    @property
    def super_url(self) -> str:
        return self.urls.admin

    @property
    def unit(self) -> UUID:
        return self.staff.unit

    @property
    def other_unit(self) -> UUID:
        return self.staff.other_unit

    @property
    def people(self) -> Mapping[str, Viewer]:
        return self.staff.people

    def other(self, role: str) -> Viewer:
        return self.staff.others[role]

    def later(self, **by: float) -> datetime:
        self.clock.move_to(self.clock.now() + timedelta(**by))
        return self.clock.now()

    def open(self, *, workflow: str | None = "visit", answers: Mapping[str, Any] = SIX, **more: Any) -> OpenedCase:
        wanted = {"unit_id": self.unit, "viewer": self.who("intake_officer"), "command_id": uuid4()} | more
        return open_case(self.engine, answers=answers, workflow=workflow, **wanted)

    def item(self, case_id: UUID, key: str) -> WorkItem:
        with self.engine.transaction() as tx:
            return next(item for item in tx.of(ItemStore).open_of_case(case_id) if item.step_key == key)

    def load(self, item_id: UUID) -> WorkItem:
        with self.engine.transaction() as tx:
            return tx.of(ItemStore).get(item_id)

    def state(self, case_id: UUID) -> CaseState:
        with self.engine.transaction() as tx:
            return tx.of(CaseStore).lock(case_id)

    def deadline(self, case_id: UUID, key: str) -> Deadline:
        return next(known for known in self.state(case_id).deadlines.values() if known.key == key)

    def complete(self, item: WorkItem, *, by: str | Viewer, answers: Mapping[str, Any], **more: Any) -> Completion:
        viewer = self.who(by) if isinstance(by, str) else by
        wanted = {"revision": item.revision, "command_id": uuid4()} | more
        return complete_work_item(self.engine, item.id, viewer=viewer, answers=dict(answers), **wanted)

    def at_look(self) -> OpenedCase:
        """Open a case and complete its report."""
        opened = self.open()
        self.complete(self.item(opened.case_id, "intake"), by="intake_officer", answers=INTAKE)
        return opened

    def at_talk(self) -> OpenedCase:
        """Bring a case to the step after the look, which the caseworker did."""
        opened = self.at_look()
        self.complete(self.item(opened.case_id, "look"), by="caseworker", answers=LOOKED)
        return opened

    def do_look_and_talk(self, case_id: UUID) -> None:
        """Do what is left after the report, approved by a second person: nothing of the workflow is open then."""
        self.complete(self.item(case_id, "look"), by="caseworker", answers=LOOKED | {"has_gate": False})
        self.complete(self.item(case_id, "talk"), by="supervisor", answers={"is_well": True})
        second = self.who("supervisor").model_copy(update={"actor_id": self.who("nodal_officer").actor_id})
        item = self.item(case_id, "talk")
        approve_work_item(
            self.engine, item.id, viewer=second, revision=item.revision, command_id=uuid4(), approved=True
        )
        self.do_jobs()

    def jobs(self, case_number: str | None = None) -> tuple[ClaimedJob, ...]:
        """Claim every due job."""
        found: list[ClaimedJob] = []
        for batch in dispatchable(self.engine, limit=50):
            found += claim_jobs(self.engine, batch_id=batch.id, worker="test", limit=100)
        return tuple(job for job in found if case_number in {None, job.case_number})

    def do(self, job: ClaimedJob) -> str:
        return run_job(self.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")

    def do_jobs(self) -> None:
        """Do every due job."""
        while batches := dispatchable(self.engine, limit=50):
            for batch in batches:
                is_closed = False
                while not is_closed:
                    for job in claim_jobs(self.engine, batch_id=batch.id, worker="test", limit=100):
                        self.do(job)
                    is_closed = close_batch(self.engine, batch_id=batch.id)

    def fire(self) -> int:
        return fire_deadlines(self.engine).count

    def publish(
        self, files: str | Mapping[str, str], *, by: str = "case_manager", second: str = "nodal_officer"
    ) -> tuple[Published, ...]:
        """Propose definitions by one person and let another agree."""
        sources = {"definition.yaml": files} if isinstance(files, str) else files
        done = propose_files(self.engine, sources, viewer=self.who(by))
        requests = {one.waits_for for one in done if one.waits_for}
        for line in self.engine.ask(waiting, self.who(second)):
            if line.id in requests:
                answer_proposal(self.engine, line.subject_id, viewer=self.who(second), approved=True)
        return done

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Read or change rows as the superuser: no rule of the application holds for it."""
        return rows_of(self.super_url, query, **values)

    def change_actor(self, viewer: Viewer, **values: Any) -> None:
        changes = ", ".join(f"{name} = :{name}" for name in values)
        self.rows(f"UPDATE actor SET {changes} WHERE id = :id", id=viewer.actor_id, **values)

    def dump(self) -> str:
        """Return every row of every table as text, bytes as they can be read."""
        tables = [row[0] for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        shown = []
        for name in tables:
            for row in self.rows(f'SELECT * FROM "{name}"'):
                shown += [bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v) for v in row]
        return "\n".join(shown)

    def reported_by(self, *roles: str) -> Viewer:
        """Return the intake officer with other roles."""
        return replace_roles(self.who("intake_officer"), *roles)


def replace_roles(viewer: Viewer, *roles: str) -> Viewer:
    return viewer.model_copy(update={"roles": roles, "memberships": ()})


def fill_template(folder: Path, registry: Registry, urls: DatabaseUrls) -> Staff:
    """Publish the definitions of the tests and write the people, once."""
    clock = MovedClock(START)
    engine = build_engine(Settings(data_folder=folder), urls, clock=clock, channels={}, registry=registry)
    try:
        publish_shipped(engine, SOURCES)
        unit, people = people_of(engine, jurisdiction="IN", label="Here")
        other_unit, others = people_of(engine, jurisdiction="IN", label="There")
        return Staff(unit, people, other_unit, others)
    finally:
        engine.dispose()


def make_world(staff: Staff, folder: Path, registry: Registry, urls: DatabaseUrls) -> World:
    clock, channel = MovedClock(START), RecordingChannel()
    engine = build_engine(
        Settings(data_folder=folder, factor_for_all=False), urls, clock=clock, channels={"email": channel},
        registry=registry,
    )  # fmt: skip
    return World(engine, clock, channel, staff, urls)


def with_channels(world: World, **channels: Any) -> World:
    """Return the same world with other channels."""
    return replace(world, engine=replace(world.engine, channels=channels))


def lawyer(world: World) -> Viewer:
    """Return the lawyer of the unit, who has just proved who it is."""
    return world.who("lawyer").model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})


def text_of(world: World, limit_id: str) -> str:
    """Return the hash of the published text of a limit."""
    (limit,) = world.engine.library().versions(limit_id)
    return limit.text_hash


def sign(world: World, limit_id: str, *, source: str = "The Gazette") -> UUID:
    """Sign a limit as it is published now."""
    return sign_limit(
        world.engine, limit_id, text_hash=text_of(world, limit_id), source_read=source, viewer=lawyer(world)
    )
