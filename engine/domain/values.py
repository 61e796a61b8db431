"""What the fields of a condition mean in a case: outputs, outcomes, facts and the report."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from engine.domain.compiled import CompiledStep, CompiledWorkflow
from engine.domain.records import PersonRole, Scalar, Step, StepStatus, step_id
from engine.domain.state import CaseState
from engine.errors import ConditionTypeError
from engine.spec.catalogue import Output, ValueKind
from engine.spec.conditions.evaluate import UNKNOWN, Lookup, Truth, Unknown, Value, evaluate
from engine.spec.conditions.tree import Condition

COLLECTIONS = {
    "case.victims": frozenset({PersonRole.VICTIM}),
    "case.suspects": frozenset({PersonRole.SUSPECT}),
    "case.persons": frozenset(PersonRole),
}


def truth_of(condition: Condition, lookup: Lookup) -> Truth:
    """Answer a condition; one that meets a value of a wrong type is unknown, so that nothing follows from it."""
    try:
        return evaluate(condition, lookup)
    except ConditionTypeError:
        return Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as its definition sees it: answers questions about steps by key and path."""

    compiled: CompiledWorkflow
    state: CaseState
    run_id: UUID
    _by_key: dict[str, list[Step]] = field(default_factory=dict, repr=False, compare=False)

    def elements(self, step: CompiledStep) -> tuple[str, ...]:
        """List the paths of a step: one for each person in its collection, or the single empty path."""
        if step.spec.for_each is None:
            return ("",)
        roles = COLLECTIONS[step.spec.for_each]
        people = dict.fromkeys(p.person_id for p in self.state.persons if p.role in roles and p.removed_at is None)
        return tuple(f"person:{person}" for person in people)

    def related(self, step: CompiledStep, path: str) -> tuple[str, ...]:
        """List the paths of another step that belong to `path`: the same element, or all elements at a join."""
        if step.spec.for_each and path.startswith("person:"):
            return (path.partition("/")[0],)
        return self.elements(step)

    def steps_of(self, key: str) -> list[Step]:
        """List the occurrences of a step in this run."""
        if not self._by_key:
            for step in self.state.steps.values():
                if step.run_id == self.run_id:
                    self._by_key.setdefault(step.key, []).append(step)
        return self._by_key.get(key, [])

    def latest(self, key: str, path: str) -> Step | None:
        """Give the latest round of an occurrence, or None when it has not been reached."""
        step = self.compiled.steps.get(key)
        if step is None or step.spec.repeat is None:
            return self.state.steps.get(step_id(self.run_id, key, path))
        rounds = [known for known in self.steps_of(key) if known.base_path == path]
        return max(rounds, key=lambda known: known.round, default=None)

    def ended(self, key: str, path: str) -> Step | None:
        """Give the latest round of an occurrence that has ended."""
        rounds = [s for s in self.steps_of(key) if s.base_path == path and s.status is StepStatus.ENDED]
        return max(rounds, key=lambda known: known.round, default=None)

    def lookup(self, path: str) -> Lookup:
        """Give the function by which a condition at `path` finds the values of its fields."""

        def find(name: tuple[str, ...]) -> Value:
            if len(name) == 1:
                return self._fact(name[0])
            head, output = name[0], name[-1]
            if head == "report":
                return self.state.report.get(output, UNKNOWN)
            return self._output(head, output, path)

        return find

    def _fact(self, name: str) -> Value:
        declared = self.compiled.facts.get(name)
        return _typed(self.state.facts.get(name), declared)

    def _output(self, key: str, output: str, path: str) -> Value:
        step = self.compiled.steps.get(key)
        if step is None:
            return UNKNOWN
        related = self.related(step, path)
        found = [self._value(step, element, output) for element in related]
        if step.spec.for_each is None or (path and related == (path.partition("/")[0],)):
            return found[0] if found else UNKNOWN
        return tuple(str(value) for value in found if not isinstance(value, Unknown))

    def _value(self, step: CompiledStep, path: str, output: str) -> Value:
        ended = self.ended(step.key, path)
        if ended is None:
            return UNKNOWN
        if output == "outcome":
            return ended.outcome or UNKNOWN
        declared = step.info.outputs.get(output) if step.info else None
        return _typed(ended.outputs.get(output), declared)


def _typed(value: Scalar | None, declared: Output | None) -> Value:
    """Give a stored value its declared type; its default stands in for an answer that was not given."""
    if value is None:
        default = declared.default if declared else None
        return UNKNOWN if default is None else default
    if declared is not None and declared.kind is ValueKind.INSTANT and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
