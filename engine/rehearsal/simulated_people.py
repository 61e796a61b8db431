"""The people of a rough simulation: they refuse, leave out, send back, add steps, and find a way past a gate."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from engine.core import commands as cm
from engine.core.compiled import CompiledGate, CompiledWorkflow
from engine.core.records import CaseStatus, PersonRole, Scalar, Step, StepStatus
from engine.core.state import CaseState
from engine.core.values import path_of_person
from engine.language.catalogue import StepTypeInfo, ValueKind

_DONE, _GAPS, _APPROVED, _ADDS = 0.8, 0.15, 0.8, 0.05
CALLED_OFF = "called_off"


@dataclass
class People:
    """Whoever works on a simulated case; `called_off` names the steps that were given up because a gate held them."""

    workflow: CompiledWorkflow
    chance: random.Random
    called_off: list[str] = field(default_factory=list)

    def end(
        self, info: StepTypeInfo, answers: Mapping[str, Scalar], *, keep: Mapping[str, Scalar]
    ) -> tuple[str, dict[str, Scalar]]:
        """Choose how a step ends, and which of its answers were given."""
        others = [outcome for outcome in info.outcomes if outcome != "done"]
        if others and self.chance.random() > _DONE and not keep:
            return self.chance.choice(others), {}
        return "done", {name: value for name, value in answers.items() if name in keep or self.chance.random() > _GAPS}

    def approves(self) -> bool:
        """Choose whether the second person approves or sends back."""
        return self.chance.random() < _APPROVED

    def add_something(self, state: CaseState, run_id: UUID) -> cm.Command | None:
        """Now and then, add a step that may be added."""
        if self.chance.random() > _ADDS or state.case.status is not CaseStatus.OPEN:
            return None
        possible = list(self._addable(state, run_id, self.workflow.steps))
        return self.chance.choice(possible) if possible else None

    def move_on(self, state: CaseState, run_id: UUID) -> cm.Command | None:
        """Do what the gate of a held step asks for: add a step, say how things are; else call off what it holds."""
        held = [step for step in state.steps.values() if step.status is StepStatus.HELD]
        for step in held:
            gate = self.workflow.gates[step.gate or ""]
            asked = [command for command in self._asked(state, run_id, gate) if _fits(command, step)]
            if asked:
                return asked[0]
        for step in held:
            if fact := self._fact(state, self.workflow.gates[step.gate or ""]):
                return fact
        if held:
            self.called_off.append(held[0].key)
            return cm.CancelStep(held[0].id, CALLED_OFF)
        return None

    def _asked(self, state: CaseState, run_id: UUID, gate: CompiledGate) -> Iterator[cm.AddStep]:
        names = {one.path[0] for one in gate.condition.fields}
        setting = {key for key, step in self.workflow.steps.items() if names & set(step.sets)}
        wanted = [key for key in self.workflow.steps if key in names | setting]
        yield from self._addable(state, run_id, wanted)

    def _fact(self, state: CaseState, gate: CompiledGate) -> cm.Command | None:
        """Say that a fact for which a gate asks is again as it was at first."""
        for name in sorted({one.path[0] for one in gate.condition.fields} & set(self.workflow.workflow.facts)):
            spec = self.workflow.workflow.facts[name]
            usual = spec.default is True
            if spec.type is ValueKind.BOOL and state.facts.get(name, usual) != usual:
                return cm.RecordFact(name, usual, "person")
        return None

    def _addable(self, state: CaseState, run_id: UUID, keys: Mapping[str, object] | list[str]) -> Iterator[cm.AddStep]:
        known = {(step.key, step.path) for step in state.steps.values()}
        victims = [one for one in state.persons if one.role is PersonRole.VICTIM]
        for key in keys:
            compiled = self.workflow.steps[key]
            if not compiled.spec.discretionary:
                continue
            each = compiled.spec.for_each
            paths = [path_of_person(one.person_id) for one in victims] if each else [""]
            yield from (cm.AddStep(run_id, key, None, path) for path in paths if (key, path) not in known)


def _fits(command: cm.AddStep, held: Step) -> bool:
    """Say whether a step helps what is held: the same person's, or one of the whole case."""
    return not held.path or not command.path or command.path == held.path
