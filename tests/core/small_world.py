"""A small world for tests of the core: step types, a library, and a case that is driven by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.decide import decide
from engine.core.library import Library
from engine.core.records import Case, Deadline, PersonRole, Purpose, Step, StepInterval, deadline_id, step_id
from engine.core.state import CaseState, evolve
from engine.core.values import RunSteps
from engine.language.calendars import Calendar
from engine.language.catalogue import FollowUp, Output, StepTypeInfo, ValueKind
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.workflow import Workflow

T0 = datetime(2026, 1, 5, 4, 30, tzinfo=UTC)
"""Ten o'clock on a Monday in Kolkata."""

CASE_ID, RUN, OTHER_RUN = UUID(int=1), UUID(int=2), UUID(int=3)
ASHA, BINA, CHITRA = (UUID(int=number) for number in (11, 12, 13))
OUTCOMES = ("done", "refused_by_person", "not_needed", "blocked_by_other_body")
OUTPUTS = {
    "choice": Output(kind=ValueKind.CHOICE, choices=("yes", "no", "unsure")),
    "flag": Output(kind=ValueKind.BOOL),
    "count": Output(kind=ValueKind.NUMBER),
    "at": Output(kind=ValueKind.INSTANT),
    "usual": Output(kind=ValueKind.BOOL, default=False),
}


class Catalogue:
    """Step types of a pillar that exists only here."""

    def __init__(self, *missing: str, follow_ups: Mapping[str, Mapping[str, FollowUp]] | None = None) -> None:
        self._missing = missing
        self._follow_ups = follow_ups or {}

    def find(self, key: str) -> StepTypeInfo | None:
        if key not in self.keys():
            return None
        return _info(key).model_copy(update={"follow_ups": self._follow_ups.get(key, {})})

    def keys(self) -> tuple[str, ...]:
        return tuple(key for key in ("test.ask", "test.auto", "test.timed", "test.rare") if key not in self._missing)


def _info(key: str) -> StepTypeInfo:
    return StepTypeInfo(
        key=key, title=key.partition(".")[2].title(), automatic=key == "test.auto", roles=("caseworker",),
        outcomes=OUTCOMES, outputs=OUTPUTS, event_times=("at",), event_time_field=None, excluded_times=("journey",),
        field_names=tuple(OUTPUTS), time_limit="PT48H" if key == "test.timed" else None, law_limit=None,
        contract_hash=key, retries=2, retry_delay="PT30S", timeout="PT1M",
    )  # fmt: skip


def _level(number: int, after: str, **more: object) -> dict[str, object]:
    return {"level": number, "after": after, "to": "supervisor", **more}


LADDERS = {
    "standard": Ladder.model_validate(
        {"ladder": "standard", "title": "Standard", "levels": [_level(1, "PT0M"), _level(2, "PT4H")]}
    ),
    "critical": Ladder.model_validate(
        {
            "ladder": "critical",
            "title": "Critical",
            "levels": [_level(1, "-PT15M"), _level(2, "PT0M", repeat={"every": "PT30M", "times": 2})],
        }
    ),
}
CALENDAR = Calendar.model_validate(
    {
        "calendar": "IN",
        "title": "Here",
        "zone": "Asia/Kolkata",
        "weekend": ["sat", "sun"],
        "holidays": [{"day": "2026-01-26", "name": "Republic Day"}],
    }
)
LAW = LawPack.model_validate(
    {
        "law": "xx",
        "title": "Laws of nowhere",
        "limits": [
            {
                "id": "XX-PRODUCE-24H", "jurisdiction": "IN", "what": "Produce the child", "trigger": "found",
                "starts": ["test.rare"], "limit": "PT24H", "counting": "elapsed", "excludes": ["journey"],
                "alternatives": [{"option": "far", "limit": "PT48H", "when": "the place is far"}],
                "duty": "police", "source": "An Act", "basis": "read", "confidence": "high", "if_missed": "Say why",
            },
        ],
    }
)  # fmt: skip
LIBRARY = Library(calendars={"IN": CALENDAR}, ladders=LADDERS, packs={"xx": LAW})


def workflow(
    steps: Mapping[str, object], *, version: int = 1, missing: tuple[str, ...] = (), **more: Any
) -> CompiledWorkflow:
    """Compile a workflow; a step is written as its keys, with `uses: test.ask` unless it says otherwise."""
    said = {
        key: {"uses": "test.ask", **(dict(step) if isinstance(step, Mapping) else {})} for key, step in steps.items()
    }
    spec = Workflow.model_validate({"workflow": "small", "version": version, "title": "Small", "steps": said, **more})
    return compile_workflow(spec, Catalogue(*missing))


class World:
    """A case that is driven command by command, with the events so far; time goes only forward."""

    def __init__(
        self, *definitions: CompiledWorkflow, victims: tuple[UUID, ...] = (), report: Mapping[str, Any] | None = None,
        started_at: datetime = T0, library: Library = LIBRARY, start: bool = True,
    ) -> None:  # fmt: skip
        case = Case(id=CASE_ID, number="KX7", unit_id=UUID(int=4), jurisdiction="IN", opened_at=T0)
        self.now = T0
        self.library = library
        self.definitions = {compiled.content_hash: compiled for compiled in definitions}
        self.events: list[ev.Event] = [ev.CaseOpened(case=case, report=dict(report or {}))]
        self.state = CaseState(case=case, report=dict(report or {}))
        for person in victims:
            self.do(cm.AddPerson(person, PersonRole.VICTIM))
        if start:
            self.start(definitions[0], started_at=started_at)

    def start(self, compiled: CompiledWorkflow, run_id: UUID = RUN, *, started_at: datetime | None = None) -> None:
        self.definitions[compiled.content_hash] = compiled
        self.do(cm.StartRun(run_id, compiled.content_hash, started_at or self.now, "IN"))

    def do(self, command: cm.Command) -> tuple[ev.Event, ...]:
        """Carry out one command now; returns its events."""
        events = decide(self.definitions, self.library, self.state, command, self.now)
        for event in events:
            self.state = evolve(self.state, event)
        self.events += events
        return events

    def let(self, **passed: int) -> None:
        """Let time pass without anybody looking at the deadlines."""
        self.now += timedelta(**passed)

    def live(self, **passed: int) -> list[ev.Event]:
        """Let time pass, stopping at each instant at which something is due."""
        until, fired = self.now + timedelta(**passed), list[ev.Event]()
        while due := min((d.next_at for d in self.state.deadlines.values() if d.next_at), default=None):
            if due > until:
                break
            self.now = max(due, self.now)
            for deadline in [d for d in self.state.deadlines.values() if d.next_at and d.next_at <= self.now]:
                fired += self.do(cm.FireDeadline(deadline.id))
        self.now = until
        return fired

    def end(
        self, key: str, path: str = "", *, run: UUID = RUN, outcome: str = "done", happened: datetime | None = None,
        by: UUID | None = None, intervals: tuple[StepInterval, ...] = (), **outputs: Any,
    ) -> tuple[ev.Event, ...]:  # fmt: skip
        return self.do(
            cm.CompleteStep(
                step_id(run, key, path), outcome, happened or self.now, outputs=outputs, by=by, intervals=intervals
            )
        )

    def tell(self, **facts: Any) -> None:
        for name, value in facts.items():
            self.do(cm.RecordFact(name, value))

    def step(self, key: str, path: str = "", *, run: UUID = RUN) -> Step:
        return self.state.steps[step_id(run, key, path)]

    def status(self, key: str, path: str = "", *, run: UUID = RUN) -> str:
        """Return the status of a step, or `not reached`."""
        step = self.state.steps.get(step_id(run, key, path))
        return step.status.value if step else "not reached"

    def statuses(self) -> dict[str, str]:
        """Return the statuses of all steps, by key and path as `key` or `key@path`."""
        return {s.key + (f"@{s.path}" if s.path else ""): s.status.value for s in self.state.steps.values()}

    def deadline(self, key: str, path: str = "", *, purpose: Purpose = Purpose.LIMIT, turn: int = 1) -> Deadline | None:
        return self.state.deadlines.get(deadline_id(step_id(RUN, key, path), purpose, turn=turn))

    def due(self, key: str, path: str = "", *, purpose: Purpose = Purpose.LIMIT, turn: int = 1) -> datetime | None:
        deadline = self.deadline(key, path, purpose=purpose, turn=turn)
        return deadline.due_at if deadline else None

    def breaches(self) -> list[tuple[str, datetime]]:
        """List the breaches so far: key of the step, and the instant at which it was due."""
        return [
            (e.deadline.key, e.deadline.breached_at or T0) for e in self.events if isinstance(e, ev.DeadlineBreached)
        ]

    def view(self, run: UUID = RUN) -> RunSteps:
        return RunSteps(self.definitions[self.state.runs[run].definition_hash], self.state, run)

    @property
    def status_of_case(self) -> str:
        return self.state.case.status.value


def person(of: UUID) -> str:
    """Return the path of a person's own steps."""
    return f"person:{of}"


def journey(key: str, start: datetime, end: datetime | None, path: str = "") -> StepInterval:
    return StepInterval(step_id=step_id(RUN, key, path), name="journey", start=start, end=end, has_place=True)


def hours(number: float) -> datetime:
    """Return the instant so many hours after the case opened."""
    return T0 + timedelta(hours=number)


def actor(number: int) -> UUID:
    return uuid5(CASE_ID, f"actor {number}")
