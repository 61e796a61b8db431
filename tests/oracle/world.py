"""The oracle's world: three units, seventeen people, six cases, each with values that occur nowhere else."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import create_engine, insert, text
from starlette.testclient import TestClient

from engine.adapters.postgres.databases import APP, create_database, drop_database
from engine.adapters.postgres.embedded import EmbeddedServer
from engine.adapters.sql import tables as tb
from engine.assembly import Engine
from engine.bootstrap import build_engine, ship
from engine.domain.access import Denial, Grant
from engine.portal.app import create_app
from engine.portal.demo_controls import DemoControls
from engine.ports import NewMessage
from engine.replay.world import MovedClock
from engine.settings import Settings
from engine.usecases.complete_work_item import complete_work_item
from engine.usecases.open_case import open_case
from engine.usecases.steer_case import add_step, identify_person
from engine.views import Viewer
from tests.integration.portal.world import BEGIN, ORIGIN
from tests.oracle.model import Matter, Persona

OWNER, PARTNER, THIRD = "Unit Alpha", "Unit Beta", "Unit Gamma"
PERSONAS = tuple(
    Persona(name, {unit: frozenset(roles) for unit, roles in where.items()})
    for name, where in {
        "intake": {OWNER: {"intake_officer"}},
        "worker": {OWNER: {"caseworker"}},
        "lead": {OWNER: {"supervisor"}},
        "nurse": {OWNER: {"medical_officer"}},
        "press": {OWNER: {"press_officer"}},
        "money": {OWNER: {"finance_officer"}},
        "auditor": {OWNER: {"auditor"}},
        "admin": {OWNER: {"system_administrator"}},
        "shut out": {OWNER: {"supervisor", "counsellor"}},
        "in conflict": {OWNER: {"case_manager"}},
        "partner": {PARTNER: {"caseworker", "supervisor"}},
        "partner press": {PARTNER: {"press_officer"}},
        "partner alone": {PARTNER: {"medical_officer"}},
        "third": {THIRD: {"supervisor", "medical_officer"}},
        "mixed": {OWNER: {"press_officer"}, PARTNER: {"caseworker"}},
        "admin of partner": {PARTNER: {"system_administrator"}},
    }.items()
)
_SHUT = frozenset({"shut out", "in conflict"})
MATTERS = (
    Matter("own", OWNER, denied=_SHUT),
    Matter(
        "granted narrowly", OWNER, {PARTNER: frozenset({"reporting.intake.narrative", "person.name"})}, denied=_SHUT
    ),
    Matter(
        "granted widely",
        OWNER,
        {THIRD: frozenset({"case.*", "protection.health.*", "class:health", "person.*"}), PARTNER: frozenset()},
        denied=_SHUT,
    ),
    Matter("ended and denied", OWNER, denied=_SHUT | {THIRD}),
    Matter("of the partner", PARTNER),
    Matter("granted to one", OWNER, granted_to_person={"partner alone": frozenset({"protection.health.findings"})},
           denied=_SHUT),
)  # fmt: skip


@dataclass(frozen=True)
class Objects:
    """The objects of one case by the names of paths, and the planted values by the model's names."""

    ids: Mapping[str, UUID]
    steps: Mapping[str, UUID]
    values: Mapping[str, str]


@dataclass(frozen=True)
class OracleWorld:
    """Who asks, what there is, and a portal to ask."""

    engine: Engine
    clients: Mapping[str, TestClient]
    viewers: Mapping[str, Viewer]
    objects: Mapping[str, Objects]
    app: Any

    def values_in(self, body: str) -> dict[str, set[str]]:
        """Give by case which planted values a body holds."""
        return {name: {k for k, value in it.values.items() if value in body} for name, it in self.objects.items()}


@contextmanager
def made_world(postgres: EmbeddedServer, folder: Path) -> Iterator[OracleWorld]:
    """Make the world in a fresh database."""
    name = f"oracle_{uuid4().hex[:12]}"
    create_database(postgres.url("postgres"), name, template="icmc_template")
    url = postgres.url(name, APP)
    engine = build_engine(Settings(data_folder=folder, demo=True), app_url=url, clock=MovedClock(BEGIN))
    try:
        with engine.unit_of_work() as work:
            work.records.set_installation("demo", {"since": BEGIN.isoformat()})
            work.commit()
        ship(engine)
        units, viewers = _people(engine)
        app = create_app(engine, demo=DemoControls(lambda _: None, lambda _: None))
        objects = {
            matter.name: _case(engine, url, matter, number, units, viewers) for number, matter in enumerate(MATTERS)
        }
        yield OracleWorld(engine, {who: _client(app, viewer) for who, viewer in viewers.items()}, viewers, objects, app)
    finally:
        engine.dispose()
        drop_database(postgres.url("postgres"), name)


def _client(app: Any, viewer: Viewer) -> TestClient:
    client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    client.post("/become", data={"actor_id": str(viewer.actor_id)}, follow_redirects=False)
    return client


def _people(engine: Engine) -> tuple[dict[str, UUID], dict[str, Viewer]]:
    units = {name: uuid4() for name in (OWNER, PARTNER, THIRD)}
    actors = {persona.name: uuid4() for persona in PERSONAS}
    with engine.unit_of_work() as work:
        for name, unit in units.items():
            organisation = uuid4()
            work.directory.add_organisation(organisation, name=f"Body of {name}")
            work.directory.add_unit(
                unit, organisation_id=organisation, name=name, jurisdiction="IN-AS", zone="Asia/Kolkata", contact="desk"
            )
        for persona in PERSONAS:
            work.directory.add_actor(
                actors[persona.name], name=f"Somebody {persona.name}", email=f"{uuid4().hex}@example.org"
            )
            for unit_name, roles in persona.roles.items():
                for role in sorted(roles):
                    work.directory.add_role(actors[persona.name], unit_id=units[unit_name], role=role)
        work.commit()
    return units, {name: engine.queries.viewer(actor) for name, actor in actors.items()}


def _case(
    engine: Engine, url: str, matter: Matter, number: int, units: Mapping[str, UUID], viewers: Mapping[str, Viewer]
) -> Objects:
    planted = {
        name: f"Zq{name}{number}x{uuid4().hex[:6]}"
        for name in ("narrative", "informant", "place", "findings", "name", "paper", "subject")
    } | {"followup": f"{5 + number:02d} Feb 2041"}
    unit, helper = units[matter.unit], _helper(engine, units[matter.unit])
    report = {
        "narrative": planted["narrative"], "concern": "forced_labour", "is_child_suspected": "yes",
        "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes",
    }  # fmt: skip
    opened = open_case(engine, answers=report, unit_id=unit, viewer=helper, command_id=uuid4())
    more = {
        "received_at": BEGIN.isoformat(), "channel": "walk_in", "informant_relation": "passer_by",
        "informant_anonymous": False, "informant_name": planted["informant"], "place_last_seen": planted["place"],
        "language": "en", "interpreter_needed": False,
    }  # fmt: skip
    intake = _complete(engine, opened.case_id, "reporting.intake", report | more, helper)
    step = add_step(engine, opened.case_id, viewer=helper, command_id=uuid4(), uses="protection.health")
    health = {
        "triage": "routine", "suicide_screen": "no_risk_seen", "report_to_police_needed": False,
        "follow_up": f"2041-02-{5 + number:02d}", "findings": planted["findings"],
    }  # fmt: skip
    _complete(engine, opened.case_id, "protection.health", health, helper)
    with engine.unit_of_work() as work:
        state = work.cases.lock(opened.case_id)
        person = state.persons[0].person_id
        paper = work.records.keep_document(
            case_id=opened.case_id, unit_id=unit, step_id=intake, name="slip", title="A slip", sha256="0", number="1",
            html=f"<p>{planted['paper']}</p>", version=7, at=BEGIN,
        )  # fmt: skip
        for viewer in viewers.values():
            message = NewMessage(
                key=uuid4().hex, case_id=opened.case_id, kind="warning", recipient_id=viewer.actor_id, channel="in_app",
                subject=planted["subject"], body="", link="", critical=False,
            )  # fmt: skip
            work.messages.add(message, unit_id=unit, address="", at=BEGIN)
        _let_in_and_shut_out(work, matter, opened.case_id, units, viewers)
        work.commit()
        deadlines, items = tuple(state.deadlines), work.items.open_of_case(opened.case_id)
    identify_person(
        engine, person, case_id=opened.case_id, viewer=helper, command_id=uuid4(), identity={"name": planted["name"]}
    )
    if "in conflict" in matter.denied:
        _conflict(url, opened.case_id, viewers["in conflict"].actor_id)
    ids = {"case_id": opened.case_id, "person_id": person, "document_id": paper, "item_id": items[0].id}
    ids |= {"deadline_id": deadlines[0]} if deadlines else {}
    return Objects(ids, {"intake": intake, "health": step}, planted | {"number": opened.case_number})


def _helper(engine: Engine, unit_id: UUID) -> Viewer:
    """Make somebody who can do everything in a unit and whom nobody asks about."""
    actor = uuid4()
    with engine.unit_of_work() as work:
        work.directory.add_actor(actor, name="Helper", email=f"{actor.hex}@example.org")
        for role in ("intake_officer", "medical_officer", "caseworker", "supervisor"):
            work.directory.add_role(actor, unit_id=unit_id, role=role)
        work.commit()
    return engine.queries.viewer(actor)


def _complete(engine: Engine, case_id: UUID, uses: str, answers: Mapping[str, Any], by: Viewer) -> UUID:
    with engine.unit_of_work() as work:
        item = next(one for one in work.items.open_of_case(case_id) if one.uses == uses)
    complete_work_item(
        engine, item.id, viewer=by, revision=item.revision, command_id=uuid4(), answers=answers, outcome="done"
    )
    return item.step_id


def _let_in_and_shut_out(
    work: Any, matter: Matter, case_id: UUID, units: Mapping[str, UUID], viewers: Mapping[str, Viewer]
) -> None:
    given = {"case_id": case_id, "purpose": "help", "granted_at": BEGIN}
    for unit, fields in matter.granted.items():
        work.access.add_grant(Grant(id=uuid4(), unit_id=units[unit], fields=tuple(sorted(fields)), **given))
    for who, fields in matter.granted_to_person.items():
        viewer = viewers[who]
        work.access.add_grant(
            Grant(id=uuid4(), unit_id=viewer.unit_ids[0], actor_id=viewer.actor_id, fields=tuple(sorted(fields)),
                  kind="break_glass", **given)
        )  # fmt: skip
    if matter.name == "ended and denied":
        ended = Grant(id=uuid4(), unit_id=units[PARTNER], fields=("case.*", "person.*"), **given)
        work.access.add_grant(ended)
        work.access.end_grant(ended.id, at=BEGIN, reason="withdrawn")
        work.access.add_grant(Grant(id=uuid4(), unit_id=units[THIRD], fields=("case.*",), **given))
    for name in matter.denied - {"in conflict"}:
        whom = {"unit_id": units[name]} if name in units else {"actor_id": viewers[name].actor_id}
        work.access.deny(Denial(id=uuid4(), case_id=case_id, reason_code="danger", set_at=BEGIN, **whom))


def _conflict(url: str, case_id: UUID, actor_id: UUID) -> None:
    sql = create_engine(url)
    with sql.begin() as connection:
        row = {"case_id": case_id, "actor_id": actor_id, "reason_code": "relative", "noted_at": BEGIN}
        connection.execute(insert(tb.ConflictRow.metadata.tables["conflict"]).values(row))
        connection.execute(text("SELECT 1"))
    sql.dispose()
