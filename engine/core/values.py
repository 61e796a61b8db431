"""What the fields of a condition mean in a case, and how the path of a step names whose it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.records import PersonRole, Scalar, Step, StepStatus
from engine.core.state import CaseState
from engine.errors import ConditionTypeError
from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.tree import Condition
from engine.language.conditions.values import UNKNOWN, Lookup, Truth, Unknown, Value


def path_of_person(person_id: UUID) -> str:
    """Return the path of what is done for one person."""
    return f"person:{person_id}"


def person_in(path: str) -> UUID | None:
    """Return the person whom a path names; None for what is of the whole case."""
    marked = _parts(path)
    return UUID(marked["person"]) if "person" in marked else None


def round_in(path: str) -> int:
    """Return the round of a repeated step that a path names; 1 for a step that does not repeat."""
    return int(_parts(path).get("r", "1"))


def path_of_round(element: str, number: int) -> str:
    """Return the path of a round of what is done for an element: a person, or the whole case."""
    return f"{element}/r:{number}".lstrip("/")


@lru_cache(4_096)
def _parts(path: str) -> Mapping[str, str]:
    split: Iterable[tuple[str, str, str]] = (part.partition(":") for part in path.split("/"))
    return {name: value for name, _, value in split}


COLLECTIONS = {
    "case.victims": frozenset({PersonRole.VICTIM, PersonRole.POSSIBLE_VICTIM}),
    "case.suspects": frozenset({PersonRole.SUSPECT}),
    "case.persons": frozenset(PersonRole),
}
_CALLED_OFF = frozenset({StepStatus.SKIPPED, StepStatus.CANCELLED})
_INSTANT_QUESTION = Output(kind=ValueKind.INSTANT)


def truth_of(condition: Condition, lookup: Lookup) -> Truth:
    """Answer a condition; one that meets a value of a wrong type is unknown, so that nothing follows from it."""
    try:
        return evaluate(condition, lookup)
    except ConditionTypeError:
        return Truth.UNKNOWN


def _round(step: Step) -> int:
    return step.round


class RunSteps:
    """A run as its definition sees it: answers questions about steps by key and element. It never changes.

    An element is the path of an occurrence without its round: `person:ID` in a step for each person, else empty.
    """

    __slots__ = ("_elements", "_rounds", "compiled", "run_id", "standings", "state")

    def __init__(
        self, compiled: CompiledWorkflow, state: CaseState, run_id: UUID, *, earlier: "RunSteps | None" = None
    ) -> None:
        """Look at one run of a case; the occurrences of its steps are put in order once.

        `earlier` is the same run as it was before: what has not changed since is not put in order again.
        """
        self.compiled = compiled
        self.state = state
        self.run_id = run_id
        self.standings: dict[tuple[str, str], object] = {}
        self._elements: dict[str | None, tuple[str, ...]] = {None: ("",)}
        self._rounds: dict[str, dict[str, list[Step]]]
        if earlier is not None and earlier.state.persons is state.persons:
            self._elements = earlier._elements  # noqa: SLF001 - of the same class
        if earlier is not None and earlier.state.steps is state.steps:
            self._rounds = earlier._rounds  # noqa: SLF001 - of the same class
            return
        self._rounds = {}
        for step in state.steps.values():
            if step.added is None and step.run_id == run_id:
                self._rounds.setdefault(step.key, {}).setdefault(step.base_path, []).append(step)
        for elements in self._rounds.values():
            for rounds in elements.values():
                if len(rounds) > 1:
                    rounds.sort(key=_round)

    def with_step(self, state: CaseState, step: Step) -> "RunSteps":
        """Return the run as it is after an event of one of its steps, which `state` has already."""
        view = object.__new__(RunSteps)
        view.compiled, view.run_id, view.state, view.standings = self.compiled, self.run_id, state, {}
        is_same = self.state.persons is state.persons
        view._elements = self._elements if is_same else {None: ("",)}
        view._rounds = self._rounds
        if step.added is None:
            elements = self._rounds.get(step.key, {})
            others = [one for one in elements.get(step.base_path, ()) if one.id != step.id]
            changed = {**elements, step.base_path: sorted([*others, step], key=_round)}
            view._rounds = {**self._rounds, step.key: changed}
        return view

    def is_within_reach(self, key: str) -> bool:
        """Whether a step has been reached, or can be: what leads to it has been, or cannot be told apart."""
        reached, led_by = self._rounds, self.compiled.led_by[key]
        return key in reached or not led_by or not reached.keys().isdisjoint(led_by)

    def timed(self) -> list[CompiledStep]:
        """List the steps in which time may run: they have been reached, or have a limit that begins before that."""
        reached = self._rounds
        return [step for key, step in self.compiled.in_order if key in reached or step.has_time_before_it_opens]

    def elements(self, step: CompiledStep) -> tuple[str, ...]:
        """List the elements of a step: one for each person in its collection, or the single empty one."""
        over = step.spec.for_each
        if over not in self._elements:
            roles = COLLECTIONS[over or ""]
            people = (p.person_id for p in self.state.persons if p.role in roles and p.removed_at is None)
            self._elements[over] = tuple(path_of_person(person) for person in dict.fromkeys(people))
        return self._elements[over]

    def related(self, step: CompiledStep, element: str, over: str | None = None) -> tuple[str, ...]:
        """List the elements of another step that belong to `element`: the same one, or all of them at a join.

        `over` names the collection that the asking step is done for, when it is known.
        """
        return (element,) if self._is_correlated(step, element, over) else self.elements(step)

    def latest(self, key: str, element: str) -> Step | None:
        """Return the latest round of an occurrence, or None when it has not been reached."""
        rounds = self._rounds.get(key, {}).get(element)
        return rounds[-1] if rounds else None

    def first(self, key: str, element: str) -> Step | None:
        """Return the first round of an occurrence, or None when it has not been reached."""
        rounds = self._rounds.get(key, {}).get(element)
        return rounds[0] if rounds else None

    def ended(self, key: str, element: str) -> Step | None:
        """Return the latest round of an occurrence that has ended."""
        rounds = self._rounds.get(key, {}).get(element, ())
        return next((step for step in reversed(rounds) if step.status is StepStatus.ENDED), None)

    def is_called_off(self, key: str, element: str) -> bool:
        """Return whether an occurrence was skipped or cancelled before any round of it ended."""
        latest = self.latest(key, element)
        return latest is not None and latest.status in _CALLED_OFF and self.ended(key, element) is None

    def lookup(self, element: str, over: str | None = None) -> Lookup:
        """Return the function by which a condition at `element` finds the values of its fields."""

        def find(name: tuple[str, ...]) -> Value:
            if len(name) == 1:
                return typed(self.state.facts.get(name[0]), self.compiled.facts.get(name[0]))
            if name[0] == "report":
                return _told(self.state.report.get(name[-1]))
            return self._output(name[0], name[-1], element, over)

        return find

    def _is_correlated(self, step: CompiledStep, element: str, over: str | None) -> bool:
        return bool(element and step.spec.for_each) and over in {None, step.spec.for_each}

    def _output(self, key: str, output: str, element: str, over: str | None) -> Value:
        step = self.compiled.steps.get(key)
        if step is None:
            return UNKNOWN
        if step.spec.for_each is None:
            return self._value(step, "", output)
        if self._is_correlated(step, element, over):
            return self._value(step, element, output)
        going_on = (one for one in self.elements(step) if not self.is_called_off(key, one))
        return tuple(_entry(self._value(step, one, output)) for one in going_on)

    def _value(self, step: CompiledStep, element: str, output: str) -> Value:
        ended = self.ended(step.key, element)
        if ended is None:
            latest = self.latest(step.key, element)
            is_known = output == "outcome" and latest is not None and latest.status in _CALLED_OFF
            return latest.status.value if latest is not None and is_known else UNKNOWN
        if output == "outcome":
            return ended.outcome or UNKNOWN
        return typed(ended.outputs.get(output), _declared(step, output))


def _declared(step: CompiledStep, output: str) -> Output | None:
    declared = step.info.outputs.get(output) if step.info else None
    if declared is None and any(asked.id == output and asked.type == "instant" for asked in step.spec.questions):
        return _INSTANT_QUESTION
    return declared


def typed(value: Scalar | None, declared: Output | None) -> Value:
    """Return a stored value its declared type; its default stands in for an answer that was not given."""
    if value is None:
        default = declared.default if declared else None
        return UNKNOWN if default is None else default
    return _told(value) if declared is not None and declared.kind is ValueKind.INSTANT else value


def _told(value: Scalar | None) -> Value:
    """Return an instant that was kept as text back as an instant; a choice, which is no instant, stays as it is."""
    if value is None:
        return UNKNOWN
    if not isinstance(value, str):
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    return value if instant.tzinfo is None else instant


def _entry(value: Value) -> str | Unknown:
    """Return one entry of a list as conditions compare it: as text."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case Unknown():
            return UNKNOWN
        case _:
            return str(value)
