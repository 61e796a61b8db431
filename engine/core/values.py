"""What the fields of a condition mean in a case, and how the path of a step names whose it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.law.told import OF_AGE, told_in
from engine.core.records import PersonRole, Scalar, Step, StepStatus, path_of_person
from engine.core.state import CaseState
from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.tree import Condition
from engine.language.conditions.values import UNKNOWN, ConditionTypeError, Lookup, Truth, Unknown, Value
from engine.language.names import PERSON


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


def _in_order(rounds: list[Step], step: Step) -> list[Step]:
    """Return the rounds with a new or changed one, without a look at each where it is the last: there may be many."""
    if not rounds or rounds[-1].round < step.round:
        return [*rounds, step]
    if rounds[-1].id == step.id:
        return [*rounds[:-1], step]
    return sorted([*(one for one in rounds if one.id != step.id), step], key=_round)


def _is_past(step: Step, *, has_rounds: bool) -> bool:
    return step.status in _CALLED_OFF or (step.status is StepStatus.ENDED and (step.series_over or not has_rounds))


class RunSteps:
    """A run as its definition sees it: answers questions about steps by key and element. It never changes.

    An element is the path of an occurrence without its round: `person:ID` in a step for each person, else empty.
    """

    __slots__ = ("_elements", "_over", "_rounds", "compiled", "run_id", "standings", "state")

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
        self._over: frozenset[str] | None = None
        if earlier is not None and earlier.state.persons is state.persons:
            self._elements = earlier._elements  # noqa: SLF001 - of the same class
        if earlier is not None and earlier.state.steps is state.steps:
            self._rounds = earlier._rounds  # noqa: SLF001 - of the same class
            self._over = earlier._over if self._elements is earlier._elements else None  # noqa: SLF001 - of the same class
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
            changed = _in_order(elements.get(step.base_path, []), step)
            view._rounds = {**self._rounds, step.key: {**elements, step.base_path: changed}}
        view._over = self._over if is_same else None
        if view._over is not None and step.added is None:
            view._over = view._over | {step.key} if view._is_over(step.key) else view._over - {step.key}
        return view

    @property
    def over(self) -> frozenset[str]:
        """The steps of which nothing follows by itself any more: they were reached and are over, for everybody."""
        if self._over is None:
            self._over = frozenset([key for key in self._rounds if self._is_over(key)])
        return self._over

    def _is_over(self, key: str) -> bool:
        step = self.compiled.steps.get(key)
        if step is None or step.loop or step.back or key in self.compiled.loops:
            return False
        rounds = self._rounds[key]
        for element in self.elements(step):
            known = rounds.get(element)
            if not known or not _is_past(known[-1], has_rounds=step.has_rounds):
                return False
        return True

    @property
    def reached(self) -> Mapping[str, object]:
        """The steps that have been reached, by their keys."""
        return self._rounds

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
        """Return the latest round of an occurrence, or None when it has not been reached, or not again in a loop."""
        rounds = self._rounds.get(key, {}).get(element)
        if not rounds or (key in self.compiled.loops and rounds[-1].round < self.loop_round(key, element)):
            return None
        return rounds[-1]

    def loop_round(self, key: str, element: str) -> int:
        """Return the round of the loop that a step lies in: one more than how often it was gone back; 1 without one."""
        rounds = self._rounds.get(self.compiled.loops.get(key, ""), {}).get(element)
        if not rounds:
            return 1
        last = rounds[-1]
        return last.round + (last.status is StepStatus.ENDED and not last.series_over)

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

    def answers(self, key: str, element: str, over: str | None = None) -> list[Step]:
        """List every round that has ended of a step, of the occurrences that belong to `element`."""
        step, rounds = self.compiled.steps.get(key), self._rounds.get(key, {})
        elements = self.related(step, element, over) if step else ()
        return [one for at in elements for one in rounds.get(at, ()) if one.status is StepStatus.ENDED]

    def lookup(self, element: str, over: str | None = None, *, answer: Step | None = None) -> Lookup:
        """Return the function by which a condition at `element` finds the values of its fields.

        Of the step of an `answer` it finds what that answer says, whatever was answered since.
        """

        def find(name: tuple[str, ...]) -> Value:
            if answer is not None and name[0] == answer.key and len(name) > 1:
                return self._said(self.compiled.steps[answer.key], answer, name[-1])
            if len(name) == 1:
                return typed(self.state.facts.get(name[0]), self.compiled.facts.get(name[0]))
            if name[0] == "report":
                return _told(self.state.report.get(name[-1]))
            if name[0] == PERSON:
                return self._of_person(element, name[-1])
            return self._output(name[0], name[-1], element, over)

        return find

    def _of_person(self, element: str, name: str) -> Value:
        """Return whether the person for whom a step is done is a child, or has a role, as `is_victim` asks it.

        A child is who may have been under 18 when their age was told; of whom nobody knows it, too.
        """
        person = person_in(element)
        if person is None:
            return UNKNOWN
        if name == "is_child":
            age = told_in(self.state, element, zone=self.state.runs[self.run_id].zone).ages[0]
            return age is None or age.youngest < OF_AGE
        return any(
            one.person_id == person and one.removed_at is None and name == f"is_{one.role.value}"
            for one in self.state.persons
        )

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
        return self._said(step, ended, output)

    @staticmethod
    def _said(step: CompiledStep, ended: Step, output: str) -> Value:
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
