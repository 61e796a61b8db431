"""A small network for the tests of questions: units, people of several roles, a workflow, real decisions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal
from uuid import UUID, uuid4, uuid5

from pydantic import JsonValue
from sqlalchemy import Engine, create_engine, event, insert, select, update

from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.decide import follow
from engine.core.events import CaseOpened
from engine.core.library import Library
from engine.core.policy import Viewer
from engine.core.records import Case, PersonRole, Scalar, step_id
from engine.core.state import CaseState
from engine.db.embedded.roles import DatabaseUrls
from engine.db.reading import Known, Reader
from engine.db.store import Within
from engine.db.tables import TABLES
from engine.db.transaction import enter_each, secret_of
from engine.keys.key_file import KeyFile
from engine.keys.periods import KeyRing
from engine.keys.vault import Vault
from engine.language.calendars import Calendar
from engine.language.catalogue import Output, StepTypeInfo, ValueKind
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.workflow import Workflow
from engine.people.viewer import as_viewer
from engine.persons.store import PersonStore
from engine.plugin.answers import Form
from engine.plugin.fields import field as asked
from engine.plugin.kinds import Count, Instant, LongText, Text
from engine.plugin.registry import InstalledPillar, Pillar, Registry, build_registry
from engine.plugin.steps import StepKind, StepType, asked_of
from engine.work.store import ItemStore
from tests.conftest import writer_of
from tests.kit.database import KeysInMemory

START = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
EVERYTHING = ["field.report.*", "field.check.*", "field.visit.*", "person.*", "case.*"]
CANARY = "Kamala of the blue house"
INTAKE = {"words": CANARY, "concern": "labour", "is_child": True}
CHECK = {"decision": "go", "reason": CANARY, "points": 2, "signs": ["debt", "locked_in"]}
_SPACE = UUID("11111111-2222-3333-4444-555555555555")


class ReportForm(Form):
    """Write down what was reported."""

    words: LongText = asked(label="What happened?", identifying=True, now=True)
    concern: Literal["labour", "marriage"] = asked(label="What is it about?", choices={"labour": "Child labour"})
    is_child: bool = asked(label="Is it a child?")


class CheckForm(Form):
    """Judge what was found."""

    decision: Literal["go", "stop"] = asked(label="What do we do?", choices={"go": "Go there"}, now=True)
    reason: LongText = asked(label="Why?")
    points: Count | None = asked(label="How many points?", default=None)
    signs: tuple[Literal["debt", "locked_in"], ...] = asked(label="Which signs?", default=())


class VisitForm(Form):
    """Go and see."""

    seen_at: Instant = asked(label="When?", event_time=True)
    is_safe: bool | None = asked(label="Is it safe?", default=None)
    doctor: Text | None = asked(label="Which doctor?", sensitive=True, default=None)
    wound: Text | None = asked(label="Which wound?", restricted="health", default=None)


PILLAR = Pillar(
    key="field",
    name="Field",
    letter="P",
    summary="Steps for tests.",
    step_types=(
        asked_of(ReportForm, key="field.report", title="Report", roles=("intake_officer",)),
        asked_of(CheckForm, key="field.check", title="Check", roles=("supervisor",)),
        asked_of(VisitForm, key="field.visit", title="Visit", roles=("caseworker",)),
    ),
)

INSPECTION: dict[str, Any] = {
    "workflow": "inspection",
    "version": 1,
    "title": "Inspection",
    "facts": {"fear": {"type": "bool", "default": False, "title": "Fear was stated"}, "order_given": {"type": "bool"}},
    "steps": {
        "intake": {
            "uses": "field.report",
            "assign": {"role": "intake_officer"},
            "time": {"from": "start", "limit": "PT1H"},
        },
        "check": {
            "uses": "field.check",
            "title": "First check",
            "help": "Ask nobody twice.",
            "after": ["intake"],
            "assign": {"role": "supervisor", "not": "intake"},
            "time": {"limit": "PT10H", "warn": ["50%", "90%"]},
            "questions": [{"id": "road", "type": "bool", "label": "Is there a road?"}],
        },
        "visit": {
            "uses": "field.visit",
            "after": ["check"],
            "when": 'check.decision == "go"',
            "for_each": "case.victims",
            "time": {"law": "IN-VISIT-24H"},
            "approve": {"role": "supervisor", "limit": "PT4H"},
        },
        "home": {"uses": "field.check", "title": "Way home", "after": ["visit"]},
        "again": {"uses": "field.check", "title": "Second look", "after": ["check"], "when": "check.points > 3"},
        "extra": {"uses": "field.check", "title": "Extra talk", "discretionary": True},
    },
    "gates": {
        "safe-way": {"holds": ["home"], "until": "!fear && order_given", "reason": "Nobody goes home without an order."}
    },
}
LAW = {
    "law": "in",
    "title": "India",
    "limits": [
        {
            "id": "IN-VISIT-24H", "jurisdiction": "IN", "what": "Visit", "trigger": "the report", "limit": "PT24H",
            "counting": "elapsed", "duty": "the officer", "source": "Act s.1", "basis": "memory", "confidence": "low",
            "if_missed": "Ask.", "starts": ["field.check"], "excludes": ["journey"],
        }
    ],
}  # fmt: skip


@dataclass
class SetClock:
    """A clock that stands where it is set."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at


class Catalogue:
    """The step types of a registry as definitions see them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def find(self, key: str) -> StepTypeInfo | None:
        step_type = self._registry.step_types.get(key)
        return _info(step_type) if step_type else None

    def keys(self) -> tuple[str, ...]:
        return tuple(self._registry.step_types)


def _info(step: StepType) -> StepTypeInfo:
    outputs = {n: Output(kind=ValueKind(o.kind), choices=o.choices, default=o.default) for n, o in step.outputs.items()}
    return StepTypeInfo(
        key=step.key, title=step.title, automatic=step.kind is StepKind.AUTOMATIC, roles=step.roles,
        outcomes=tuple(step.outcomes), outputs=outputs, event_times=(), event_time_field=step.event_time_field,
        excluded_times=(), field_names=(), time_limit=None, law_limit=None, contract_hash=step.contract_hash,
        retries=step.retries, retry_delay=step.retry_delay, timeout=step.timeout,
    )  # fmt: skip


@dataclass
class Network:
    """The network: what is in its database, and the questions that can be asked of it."""

    sql: Engine
    """As the owner of the tables: what tests write and look at by hand."""
    writer: Engine
    """As the system."""
    app: Engine
    """As whoever writes for a viewer; a transaction proves for whom."""
    reader: Engine
    secret: bytes
    vault: Vault
    registry: Registry
    library: Library
    clock: SetClock = field(default_factory=SetClock)
    definitions: dict[str, CompiledWorkflow] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        """Make the questions, and count the statements that they take."""
        known = Known(self.definitions.get, self.registry, lambda: self.library)
        self.questions = Reader(
            self.writer, self.reader, writer=self.app, secret=self.secret, known=known, vault=self.vault,
            clock=self.clock,
        )  # fmt: skip
        self.ask, self.ask_all, self.ask_board = self.questions.ask, self.questions.ask_all, self.questions.ask_board
        self.inspection = self.publish(INSPECTION)
        for role in (self.writer, self.reader):
            event.listen(role, "before_cursor_execute", lambda *a: self.statements.append(a[2]))

    def publish(self, source: Mapping[str, Any]) -> CompiledWorkflow:
        compiled = compile_workflow(Workflow.model_validate(dict(source)), Catalogue(self.registry))
        self.definitions[compiled.content_hash] = compiled
        self.add(
            "definition_version", id=uuid4(), kind="workflow", name=compiled.workflow.workflow,
            version=compiled.workflow.version, title=compiled.workflow.title, status="published",
            content_hash=compiled.content_hash, source="source", flattened={}, contract_hashes={}, author="Asha",
            created_at=START, published_at=START,
        )  # fmt: skip
        return compiled

    def add(self, table: str, **values: Any) -> None:
        with self.sql.begin() as connection:
            connection.execute(insert(TABLES[table]).values(**values))

    def change(self, table: str, where: Any, **values: Any) -> None:
        with self.sql.begin() as connection:
            connection.execute(update(TABLES[table]).where(where).values(**values))

    def unit(self, name: str) -> UUID:
        unit_id = uuid5(_SPACE, name)
        organisation = uuid5(unit_id, "organisation")
        self.add("organisation", id=organisation, name=name, kind="ngo", in_network=True)
        self.add(
            "unit", id=unit_id, organisation_id=organisation, name=name, jurisdiction="IN", zone="Asia/Kolkata",
            language="en", contact="",
        )  # fmt: skip
        return unit_id

    def organisation_of(self, unit_id: UUID) -> UUID:
        return uuid5(unit_id, "organisation")

    def actor(self, name: str, unit_id: UUID, *roles: str) -> Viewer:
        actor_id = uuid5(unit_id, name)
        self.add(
            "actor", id=actor_id, name=name, email=f"{actor_id.hex}@example.org", language="en", disabled=False,
            is_service=False, demo=False,
        )  # fmt: skip
        for role in roles:
            self.add("membership", actor_id=actor_id, unit_id=unit_id, role=role)
        return self.ask_all(as_viewer, actor_id)

    def actor_named(self, name: str) -> UUID:
        with self.sql.connect() as connection:
            table = TABLES["actor"]
            found: UUID = connection.execute(select(table.c.id).where(table.c.name == name)).scalar_one()
            return found

    def open_case(
        self, unit_id: UUID, *, compiled: CompiledWorkflow | None = None, victims: int = 0, number: str = ""
    ) -> UUID:
        compiled = compiled or self.inspection
        case_id, now = uuid4(), self.clock.now()
        number = number or f"C-{next(self._numbers):04d}"
        case = Case(id=case_id, number=number, unit_id=unit_id, jurisdiction="IN", opened_at=now)
        with self.sql.begin() as connection:
            store = CaseStore(Within(connection, self.vault, self.definitions))
            report: dict[str, Scalar] = {"concern": "labour", "is_child": True}
            state = store.add(case, report)
            opened = CaseOpened(case=case, report=report)
            state = store.record(state, [opened], state, actor_id=None, at=now)
            for _ in range(victims):
                state = self._person(connection, state)
            command = cm.StartRun(uuid4(), compiled.content_hash, now, "IN")
            self._decide(store, state, command)
        return case_id

    def _person(self, connection: Any, state: CaseState) -> CaseState:
        person_id, store = uuid4(), CaseStore(Within(connection, self.vault, self.definitions))
        people = PersonStore(Within(connection, self.vault))
        identity: dict[str, JsonValue] = {"name": CANARY, "age": 14}
        people.add(person_id, identity, (), unit_id=state.case.unit_id, at=self.clock.now())
        return self._decide(store, state, cm.AddPerson(person_id, PersonRole.VICTIM))

    def _decide(self, store: CaseStore, state: CaseState, command: cm.Command) -> CaseState:
        now = self.clock.now()
        events, after = follow(self.definitions, self.library, state, command, now)
        return store.record(state, events, after, actor_id=getattr(command, "by", None), at=now)

    def do(self, case_id: UUID, command: cm.Command) -> None:
        with self.sql.begin() as connection:
            store = CaseStore(Within(connection, self.vault, self.definitions))
            self._decide(store, store.lock(case_id), command)

    def answer(self, case_id: UUID, key: str, answers: Mapping[str, Any], *, by: Viewer, path: str = "") -> UUID:
        """End a step with answers, all of them sealed, its outputs readable as well."""
        step = self.step(case_id, key, path)
        outputs = {n: v for n, v in answers.items() if n in self.registry.get(step["uses"]).outputs}
        with self.sql.begin() as connection:
            ItemStore(Within(connection, self.vault)).keep_answers(
                answers, case_id=case_id, unit_id=step["unit_id"], step_id=step["id"], turn=step["turn"],
                at=self.clock.now(),
            )  # fmt: skip
            store = CaseStore(Within(connection, self.vault, self.definitions))
            command = cm.CompleteStep(step["id"], "done", self.clock.now(), outputs=outputs, by=by.actor_id)
            self._decide(store, store.lock(case_id), command)
        found: UUID = step["id"]
        return found

    def step(self, case_id: UUID, key: str, path: str = "") -> Mapping[str, Any]:
        table = TABLES["step"]
        runs = TABLES["run"]
        with self.sql.connect() as connection:
            run_id = connection.execute(select(runs.c.id).where(runs.c.case_id == case_id)).scalar_one()
            row = connection.execute(select(table).where(table.c.id == step_id(run_id, key, path)))
            return dict(row.mappings().one())

    def item(self, case_id: UUID, key: str, **values: Any) -> UUID:
        """Return the open item of a step, after changing it."""
        table = TABLES["work_item"]
        where = (table.c.case_id == case_id, table.c.step_key == key, table.c.status.in_(("ready", "reserved")))
        with self.sql.begin() as connection:
            if values:
                connection.execute(update(table).where(*where).values(**values))
            found: UUID = connection.execute(select(table.c.id).where(*where)).scalar_one()
            return found

    def grant(self, case_id: UUID, unit_id: UUID, **values: Any) -> None:
        """Grant a case, and everything of everybody in it unless something else is said."""
        persons = TABLES["case_person"]
        if "persons" not in values:
            with self.sql.connect() as connection:
                query = select(persons.c.person_id).where(persons.c.case_id == case_id).distinct()
                values["persons"] = list(connection.execute(query).scalars())
        given = {"id": uuid4(), "case_id": case_id, "unit_id": unit_id, "purpose": "help", "granted_at": START}
        self.add("grant", **given | {"fields": EVERYTHING} | values)

    def recuse(self, case_id: UUID, reason: str, **whom: UUID) -> None:
        """Deny a case to somebody, to a unit or to an organisation, or note a conflict of interest."""
        given = {"reason": reason, "reason_code": "safety", "set_at": START} | whom
        self.add("recusal", id=uuid4(), case_id=case_id, **given)

    def counted(self, question: Callable[[], object]) -> int:
        """Count the statements that a question takes."""
        self.statements.clear()
        question()
        return len(self.statements)

    def later(self, **by: float) -> None:
        self.clock.at += timedelta(**by)


@contextmanager
def build_network(urls: DatabaseUrls) -> Iterator[Network]:
    """Make the network in a migrated, empty database."""
    registry = build_registry([InstalledPillar(PILLAR, "tests")])
    calendar = Calendar.model_validate({"calendar": "IN", "title": "India", "zone": "Asia/Kolkata", "weekend": ["sun"]})
    ladder = Ladder.model_validate(
        {"ladder": "standard", "title": "Standard", "levels": [{"level": 1, "after": "PT0M", "to": "assignee"}]}
    )
    library = Library(
        calendars={"IN": calendar}, ladders={"standard": ladder}, packs={"in": LawPack.model_validate(LAW)}
    )
    file = KeyFile(current="k", keys={"k": b"k" * 32}, chain=b"c" * 32, blind=b"b" * 32)
    vault = Vault(KeyRing(file), KeysInMemory())
    engines = create_engine(urls.owner), writer_of(urls), create_engine(urls.app), create_engine(urls.reader)
    secret = secret_of(urls.owner)
    enter_each(engines[2], secret)
    yield Network(*engines, secret, vault, registry, library)
    for one in engines:
        one.dispose()
