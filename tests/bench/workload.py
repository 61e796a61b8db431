"""The work that is measured: a workflow of twelve steps one after the other, the team that does it, cases of it."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import JsonValue

from engine.app import RunningDatabases, build_engine, databases, ship
from engine.assembly import Engine
from engine.cases.actions.open import open_case
from engine.core.policy import THIS_MACHINE, Viewer
from engine.definitions.actions.proposals import propose_definition
from engine.machine import look_for_garbage_rarely
from engine.messages.mail import DemoMailbox
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.settings import Settings
from engine.work.actions.complete import Completion, complete_work_item
from engine.work.actions.items import claim_work_item
from engine.work.store import ItemStore

STEPS = 12
WORKFLOW = "bench-steps"
JURISDICTION = "IN-AS"
ROLES = ("supervisor", "case_manager", "intake_officer")
REPORT: Mapping[str, JsonValue] = {
    "narrative": "A girl of about twelve works in a house.",
    "concern": "forced_labour",
    "is_child_suspected": "yes",
    "immediate_danger": False,
    "safe_to_call": True,
    "consent_to_record": "yes",
}
ANSWERS: Mapping[str, JsonValue] = {
    "decision": "yes",
    "reason": "All that was asked for is there, and everybody agrees with it.",
}


@dataclass(frozen=True)
class Bench:
    """A system over a scratch database, its settings, and the member of a unit who does all the work."""

    engine: Engine
    settings: Settings
    running: RunningDatabases
    unit_id: UUID
    viewer: Viewer
    mailbox: DemoMailbox = field(repr=False)


Scratch = Callable[[], AbstractContextManager[Bench]]
"""Makes a system with a database of its own."""


@contextmanager
def scratch_bench() -> Iterator[Bench]:
    """Make a system with a database of its own, which is gone afterwards; every commit reaches the disk."""
    look_for_garbage_rarely()
    with tempfile.TemporaryDirectory(prefix="icmc-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        settings = Settings(data_folder=folder, database_url=None)
        with databases(settings) as running, bench_over(settings, running) as made:
            yield made


@contextmanager
def bench_over(settings: Settings, running: RunningDatabases) -> Iterator[Bench]:
    """Make a system over a database, ship the release's definitions if they are not there, and bring the team."""
    mailbox = DemoMailbox()
    engine = build_engine(settings, running.urls, channels={"email": mailbox})
    try:
        ship(engine)
        propose_definition(engine, source=workflow_text(), viewer=THIS_MACHINE)
        unit, viewer = _team(engine)
        yield Bench(engine, settings, running, unit, viewer, mailbox)
    finally:
        engine.dispose()


def workflow_text(steps: int = STEPS) -> str:
    """Write the workflow: decisions, each after the one before, each with a limit of its own."""
    lines = [
        f"workflow: {WORKFLOW}", "version: 1", "title: Steps to measure", "case_type: bench", "start: {on: hand}",
        "steps:", *(_step(number) for number in range(1, steps + 1)),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def open_one(bench: Bench) -> tuple[UUID, UUID]:
    """Open a case; returns it and the item of its first step."""
    opened = open_case(
        bench.engine, answers=REPORT, unit_id=bench.unit_id, viewer=bench.viewer, command_id=uuid4(), workflow=WORKFLOW
    )
    with bench.engine.transaction() as tx:
        (item,) = tx.of(ItemStore).open_of_case(opened.case_id)
    return opened.case_id, item.id


def plain_address(url: str) -> str:
    """Return the address of a database as psycopg itself takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def complete(bench: Bench, item_id: UUID) -> Completion:
    """Complete an item that nobody has claimed, as a candidate may."""
    return complete_work_item(
        bench.engine, item_id, viewer=bench.viewer, revision=1, command_id=uuid4(), answers=ANSWERS
    )


def claim(bench: Bench, item_id: UUID) -> None:
    """Claim an item."""
    claim_work_item(bench.engine, item_id, viewer=bench.viewer, command_id=uuid4())


def _step(number: int) -> str:
    after = f"after: step{number - 1}, " if number > 1 else ""
    return f"  step{number}: {{uses: core.decide, {after}time: {{limit: P7D, ladder: standard}}}}"


def _team(engine: Engine) -> tuple[UUID, Viewer]:
    organisation, unit, actor = uuid4(), uuid4(), uuid4()
    with engine.transaction() as tx:
        tx.of(DirectoryStore).add_organisation(organisation, name="Bench")
        tx.of(DirectoryStore).add_unit(
            unit, organisation_id=organisation, name="Bench unit", jurisdiction=JURISDICTION, zone="Asia/Kolkata"
        )
        tx.of(DirectoryStore).add_actor(actor, name="Bench worker", email="worker@example.org")
        for role in ROLES:
            tx.of(DirectoryStore).add_role(actor, unit_id=unit, role=role)
        tx.commit()
    return unit, engine.ask_all(as_viewer, actor)
