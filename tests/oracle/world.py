"""The oracle's world: units, the people who ask and those who do, and cases with values that occur nowhere else."""

import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zlib import crc32

from anyio.from_thread import BlockingPortal, start_blocking_portal
from starlette.testclient import TestClient

from engine.access.actions.recusals import recuse
from engine.access.store import AccessStore
from engine.app import build_engine
from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core.access import Grant, Recusal, RecusalReason
from engine.core.policy import Viewer
from engine.db.embedded.databases import OWNER as OWNING_ROLE
from engine.db.embedded.databases import create_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.folder import one_at_a_time
from engine.db.migrate import mark_as_demo
from engine.language.names import Role
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.rehearsal.running import rehearsal_of
from engine.rehearsal.world import MovedClock
from engine.settings import Settings
from engine.site import create_app
from engine.web.visit import DemoControls
from tests.conftest import FreshDatabase, fresh_database
from tests.kit.database import Rows
from tests.kit.portal import BEGIN, ORIGIN, shipped_database
from tests.oracle.apart import things_apart
from tests.oracle.objects import Making, Objects, Staff, filled, leave_out, words_so_far
from tests.oracle.people import EVERYBODY, MATTERS, OUTSIDE, OWNER, PARTNER, THIRD
from tests.oracle.records import Matter, Planted


@dataclass(frozen=True)
class OracleWorld:
    """Who asks, what there is, and a portal to ask."""

    engine: Engine
    clients: Mapping[str, TestClient]
    viewers: Mapping[str, Viewer]
    staff: Mapping[str, Staff]
    objects: Mapping[str, Objects]
    apart: Mapping[str, str]
    app: Any
    rows: Rows
    clock: MovedClock
    planted: Planted = field(default_factory=Planted)

    def values_in(self, body: str) -> dict[str, set[str]]:
        """Return by case which planted things a body holds."""
        return self.planted.within(body)


@dataclass(frozen=True)
class Filled:
    """What an installation was filled with, which another process can be told."""

    staff: Mapping[str, Staff]
    viewers: Mapping[str, Viewer]
    objects: Mapping[str, Objects]
    apart: Mapping[str, str]
    last_word: int


def filled_world(
    engine: Engine, rows: Rows, clock: Any, matters: Iterable[Matter], client_of: Callable[[Any, Viewer], Any]
) -> OracleWorld:
    """Fill an installation with people, cases and all that belongs to them; `client_of` signs somebody in."""
    app = _app_of(engine)
    return _world_of(engine, rows, clock, app, _fill(engine, rows, matters, partial(client_of, app)), client_of)


def _app_of(engine: Engine) -> Any:
    return create_app(
        engine,
        demo=DemoControls(lambda _: None, lambda _: None),
        rehearsal=rehearsal_of(engine.catalogue, engine.library),
    )


def _fill(engine: Engine, rows: Rows, matters: Iterable[Matter], client_of: Callable[[Viewer], Any]) -> Filled:
    staff, viewers = _people(engine)
    objects = {matter.name: new_case(engine, rows, matter, staff, viewers) for matter in matters}
    return Filled(staff, viewers, objects, things_apart(engine, rows, staff, client_of), words_so_far())


def _world_of(
    engine: Engine, rows: Rows, clock: Any, app: Any, made: Filled, client_of: Callable[[Any, Viewer], Any]
) -> OracleWorld:
    clients = {who: client_of(app, viewer) for who, viewer in made.viewers.items()}
    world = OracleWorld(engine, clients, made.viewers, made.staff, made.objects, made.apart, app, rows, clock)
    for matter, objects in made.objects.items():
        world.planted.add(matter, objects.values)
        world.planted.add(f"beside {matter}", {"number": objects.beside})
    return world


@contextmanager
def made_world(
    postgres: EmbeddedServer, folder: Path, *, matters: tuple[Matter, ...] = MATTERS, pool_size: int = 1
) -> Iterator[OracleWorld]:
    """Copy the world, which is made once in a run, into a fresh database, and its keys into `folder`."""
    name = f"icmc_oracle_{crc32(repr([one.name for one in matters]).encode()):08x}"
    kept, clock = postgres.data_folder / name, MovedClock(BEGIN)
    with one_at_a_time(postgres.data_folder / "oracle.lock"):
        if not kept.exists():
            _make_once(postgres, name, kept, matters)
    shutil.copytree(kept / "keys", folder, dirs_exist_ok=True)
    made = pickle.loads((kept / "filled").read_bytes())  # noqa: S301 - written by another worker of this run
    leave_out(made.last_word)
    with (
        fresh_database(postgres, template=name) as database,
        start_blocking_portal() as loop,
        _opened(postgres, database, folder, clock, pool_size) as (engine, rows),
    ):
        yield _world_of(engine, rows, clock, _app_of(engine), made, partial(client_of, loop=loop))


def _make_once(postgres: EmbeddedServer, name: str, folder: Path, matters: tuple[Matter, ...]) -> None:
    unfinished = folder.with_suffix(".part")
    with shipped_database(postgres, unfinished / "keys") as database, start_blocking_portal() as loop:
        mark_as_demo(postgres.url(database.name, OWNING_ROLE))
        with _opened(postgres, database, unfinished / "keys", MovedClock(BEGIN), 1) as (engine, rows):
            made = _fill(engine, rows, matters, partial(client_of, _app_of(engine), loop=loop))
        (unfinished / "filled").write_bytes(pickle.dumps(made))
        create_database(postgres.url("postgres"), name, template=database.name)
    unfinished.rename(folder)


@contextmanager
def _opened(
    postgres: EmbeddedServer, database: FreshDatabase, folder: Path, clock: MovedClock, pool_size: int
) -> Iterator[tuple[Engine, Rows]]:
    engine = build_engine(Settings(data_folder=folder, demo=True), database.urls, clock=clock, pool_size=pool_size)
    rows = Rows(postgres.url(database.name))
    try:
        yield engine, rows
    finally:
        rows.close()
        engine.dispose()


def client_of(app: Any, viewer: Viewer, *, loop: BlockingPortal | None = None) -> TestClient:
    """Sign somebody in, whose requests are served by a loop, as a server's are; else by a new one each."""
    client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    client.portal = loop
    client.post("/become", data={"actor_id": str(viewer.actor_id)}, follow_redirects=False)
    return client


def new_case(
    engine: Engine, rows: Rows, matter: Matter, staff: Mapping[str, Staff], viewers: Mapping[str, Viewer]
) -> Objects:
    """Make a case with all its objects, let in whom it lets in, and shut out whom it shuts out."""
    making = Making(engine, matter, staff, viewers)
    made = filled(making, rows)
    let_in_and_shut_out(making)
    return made


def let_in_and_shut_out(making: Making) -> None:
    """Grant and deny what the matter says."""
    engine, matter, staff, viewers = making.engine, making.matter, making.staff, making.viewers
    with engine.transaction() as tx:
        here = dict.fromkeys(one.person_id for one in tx.of(CaseStore).read(making.case_id).persons)
        numbered = zip(("first", "second"), here, strict=False)
        whom = tuple(person for which, person in numbered if which in matter.whom)
        given = {"case_id": making.case_id, "purpose": "help", "granted_at": BEGIN, "persons": whom}
        for unit, fields in matter.granted.items():
            tx.of(AccessStore).add_grant(
                Grant(id=uuid4(), unit_id=staff[unit].unit_id, fields=tuple(sorted(fields)), **given)
            )
        for who, fields in matter.granted_to_person.items():
            viewer = viewers[who]
            tx.of(AccessStore).add_grant(
                Grant(id=uuid4(), unit_id=viewer.unit_ids[0], actor_id=viewer.actor_id, fields=tuple(sorted(fields)),
                      kind="emergency_access", **given)
            )  # fmt: skip
        if matter.name == "ended and denied":
            ended = Grant(id=uuid4(), unit_id=staff[PARTNER].unit_id, fields=("case.*", "person.*"), **given)
            over = given | {"valid_until": BEGIN - timedelta(hours=1)}
            tx.of(AccessStore).add_grant(ended)
            tx.of(AccessStore).end_grant(ended.id, at=BEGIN, reason="withdrawn")
            tx.of(AccessStore).add_grant(Grant(id=uuid4(), unit_id=staff[PARTNER].unit_id, fields=("case.*",), **over))
            tx.of(AccessStore).add_grant(Grant(id=uuid4(), unit_id=staff[THIRD].unit_id, fields=("case.*",), **given))
        for name in matter.denied - {"in conflict"}:
            whom = {"unit_id": staff[name].unit_id} if name in staff else {"actor_id": viewers[name].actor_id}
            tx.of(AccessStore).recuse(
                Recusal(
                    reason=RecusalReason.DENIED,
                    id=uuid4(),
                    case_id=making.case_id,
                    reason_code="danger",
                    set_at=BEGIN,
                    **whom,
                )
            )
        tx.commit()
    if "in conflict" in matter.denied:
        who = viewers["in conflict"].actor_id
        making.act(
            recuse, making.case_id, actor_id=who, reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative"
        )


def _people(engine: Engine) -> tuple[dict[str, Staff], dict[str, Viewer]]:
    units = {name: uuid4() for name in (OWNER, PARTNER, THIRD, OUTSIDE)}
    actors = {persona.name: uuid4() for persona in EVERYBODY}
    doers = {(unit, which): uuid4() for unit in units for which in ("first", "second")}
    every_role = [role.value for role in Role if role is not Role.SYSTEM_ADMINISTRATOR]
    with engine.transaction() as tx:
        for name, unit in units.items():
            organisation = uuid4()
            tx.of(DirectoryStore).add_organisation(organisation, name=f"Body of {name}")
            tx.of(DirectoryStore).add_unit(
                unit, organisation_id=organisation, name=name, jurisdiction="IN-AS", zone="Asia/Kolkata", contact="desk"
            )
        for persona in EVERYBODY:
            _add(tx, actors[persona.name], f"Somebody {persona.name}")
            for unit_name, roles in persona.roles.items():
                for role in sorted(roles):
                    tx.of(DirectoryStore).add_role(actors[persona.name], unit_id=units[unit_name], role=role)
        for (unit_name, which), actor in doers.items():
            _add(tx, actor, f"The {which} of {unit_name}")
            for role in every_role:
                tx.of(DirectoryStore).add_role(actor, unit_id=units[unit_name], role=role)
        tx.commit()
    seen = {actor: engine.ask_all(as_viewer, actor) for actor in (*actors.values(), *doers.values())}
    staff = {name: Staff(unit, seen[doers[name, "first"]], seen[doers[name, "second"]]) for name, unit in units.items()}
    return staff, {name: seen[actor] for name, actor in actors.items()}


def _add(tx: Any, actor: UUID, name: str) -> None:
    tx.of(DirectoryStore).add_actor(actor, name=name, email=f"{uuid4().hex}@example.org", demo=True)
