"""A workflow definition made ready to decide by: conditions parsed, limits read, steps in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from engine.language.catalogue import FollowUp, FollowUps, Output, StepCatalogue, StepTypeInfo, ValueKind
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import Condition
from engine.language.findings import DefinitionError
from engine.language.limits import TimeLimit, WarningPoint
from engine.language.lint.subject import Order, opened_by_others
from engine.language.names import type_in_plain_words
from engine.language.workflow import Join, StepSpec, TimeSpec, Workflow, follow_ups_by_type, follow_ups_of


@dataclass(frozen=True)
class CompiledTime:
    """One time limit of a step. A law limit is looked up when it is counted, since law changes."""

    spec: TimeSpec
    condition: Condition | None
    limit: TimeLimit | None
    warn: tuple[WarningPoint, ...]

    @property
    def start_step(self) -> str | None:
        """The step whose end, or whose instant, starts the limit; None for start, ready and facts."""
        head = self.spec.from_.partition(".")[0]
        return None if head in {"start", "ready"} else head

    @property
    def start_field(self) -> str | None:
        """The instant field of that step, when one is named."""
        return self.spec.from_.partition(".")[2] or None


@dataclass(frozen=True)
class CompiledFollowUp:
    """A follow-up of a step, with its condition parsed and the step type that it brings; None where that is unknown.

    `of` are the outputs, and what is computed beside them, of the step that brings it.
    """

    name: str
    spec: FollowUp
    condition: Condition | None
    info: StepTypeInfo | None
    of: Mapping[str, Output]

    @property
    def asks_outcome(self) -> bool:
        """Whether its condition asks how the step ended: only then it can come where the step was not done."""
        return self.condition is not None and any(field.path == ("this", "outcome") for field in self.condition.fields)


@dataclass(frozen=True)
class CompiledStep:
    """One step of a definition, with all that deciding about it needs."""

    key: str
    spec: StepSpec
    info: StepTypeInfo | None
    condition: Condition | None
    times: tuple[CompiledTime, ...]
    until: Condition | None
    waits: tuple[TimeLimit, ...]
    """Between the times of a repeated step: one for all, or one after each but the last."""
    not_before: TimeLimit | None
    after: Join
    choice: str | None
    branch: int
    gates: tuple[str, ...]
    opened_by_breach: bool
    sets: Mapping[str, Condition]
    follow_ups: tuple["CompiledFollowUp", ...]
    back: Condition | None = None
    loop: str = ""
    """The step that goes back to this one, or to one before it."""
    wait: Condition | None = None

    @property
    def keeps_limit(self) -> bool:
        """Whether each round has the limit of the first."""
        return self.spec.repeat is not None and self.spec.repeat.same_limit

    @property
    def has_rounds(self) -> bool:
        """Whether the step is done in rounds of its own, of which the first is named too."""
        return self.spec.repeat is not None or self.spec.standing

    @cached_property
    def waits_to_be_called(self) -> bool:
        """Return whether the step opens only when somebody adds it, or a breach opens it."""
        return self.spec.discretionary or self.opened_by_breach

    @cached_property
    def has_time_before_it_opens(self) -> bool:
        """Whether a limit of the step can run before the step is reached: by the law, or from another start."""
        return any(time.spec.from_ != "ready" or time.spec.law for time in self.times)

    @property
    def roles(self) -> tuple[str, ...]:
        """The candidate roles: the workflow's, else the step type's."""
        return self.spec.assign.role or (self.info.roles if self.info else ())

    @property
    def title(self) -> str:
        """What people read: the workflow's title of the step, else the step type's."""
        return self.spec.title or (self.info.title if self.info else type_in_plain_words(self.spec.uses))


@dataclass(frozen=True)
class CompiledChoice:
    """An exclusive choice, with its conditions parsed."""

    name: str
    after: Join
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class CompiledGate:
    """A gate, with its condition parsed."""

    name: str
    condition: Condition
    reason: str


@dataclass(frozen=True)
class CompiledCancel:
    """What calls steps off, with its condition parsed; `undo` names for a step the one that undoes it."""

    condition: Condition
    steps: tuple[str, ...]
    undo: Mapping[str, str]


@dataclass(frozen=True)
class CompiledWorkflow:
    """A definition compiled once per version."""

    workflow: Workflow
    content_hash: str
    steps: Mapping[str, CompiledStep]
    choices: Mapping[str, CompiledChoice]
    gates: Mapping[str, CompiledGate]
    order: tuple[str, ...]
    start_condition: Condition | None
    follow_ups: Mapping[str, tuple[CompiledFollowUp, ...]]
    """Of steps that stand in no file, by step type."""
    cancels: tuple[CompiledCancel, ...] = ()
    abort: Condition | None = None

    @cached_property
    def loops(self) -> Mapping[str, str]:
        """The steps that may be gone back to, or lie in between, each with the step that goes back."""
        return {key: step.loop for key, step in self.steps.items() if step.loop}

    @cached_property
    def brought(self) -> Mapping[str, StepTypeInfo]:
        """The step types of all steps that follow-ups may bring, by their keys."""
        declared = [*(step.follow_ups for step in self.steps.values()), *self.follow_ups.values()]
        return {one.info.key: one.info for each in declared for one in each if one.info}

    @cached_property
    def facts(self) -> Mapping[str, Output]:
        """The declared facts, as conditions see them."""
        return {name: fact.output for name, fact in self.workflow.facts.items()}

    @cached_property
    def in_order(self) -> tuple[tuple[str, CompiledStep], ...]:
        """Each step with its key, after those before it."""
        return tuple((key, self.steps[key]) for key in self.order)

    @cached_property
    def led_by(self) -> Mapping[str, frozenset[str]]:
        """For each step those right before it; none where one of them is done for each person, so that it may be empty.

        A step with some cannot begin, and is not ruled out by them, before one of them has been reached.
        """
        plain = frozenset(key for key, step in self.steps.items() if step.spec.for_each is None)
        return {
            key: frozenset(step.after.steps) if plain.issuperset(step.after.steps) else frozenset()
            for key, step in self.steps.items()
        }

    @cached_property
    def called(self) -> frozenset[str]:
        """The steps that open only when somebody adds them or a breach opens them, and all that may follow those."""
        found: set[str] = set()
        for key in self.order:
            step = self.steps[key]
            if step.waits_to_be_called or any(before in found for before in step.after.steps):
                found.add(key)
        return frozenset(found)

    @cached_property
    def instants(self) -> frozenset[tuple[str, str]]:
        """The (step, output) pairs that are instants, which storage keeps as text."""
        return frozenset(
            (key, name)
            for key, step in self.steps.items()
            for name, output in (step.info.outputs if step.info else {}).items()
            if output.kind is ValueKind.INSTANT
        )


def compile_workflow(workflow: Workflow, catalogue: StepCatalogue) -> CompiledWorkflow:
    """Compile a definition; raises `DefinitionError` for one with a cycle. Unknown step types are kept as unknown."""
    loops = Order(workflow).loops
    steps = {key: _step(workflow, key, catalogue, loops) for key in workflow.steps}
    return CompiledWorkflow(
        workflow=workflow,
        content_hash=workflow.content_hash,
        steps=steps,
        choices={name: _choice(workflow, name) for name in workflow.choices},
        gates={
            name: CompiledGate(name, parse_condition(gate.until), gate.reason) for name, gate in workflow.gates.items()
        },
        order=_order(workflow, steps),
        start_condition=_condition(workflow.start.when),
        follow_ups={
            uses: compiled_follow_ups(declared, catalogue.find(uses), catalogue)
            for uses, declared in follow_ups_by_type(workflow, catalogue).items()
        },
        cancels=tuple(
            CompiledCancel(parse_condition(one.when), tuple(key for key in one.steps if key in steps), one.undo)
            for one in workflow.cancels.values()
        ),
        abort=_condition(workflow.close.abort),
    )


def _condition(text: str | None) -> Condition | None:
    return parse_condition(text) if text else None


def _choice(workflow: Workflow, name: str) -> CompiledChoice:
    choice = workflow.choices[name]
    return CompiledChoice(name, choice.after, tuple(parse_condition(branch.when) for branch in choice.branches))


def _step(workflow: Workflow, key: str, catalogue: StepCatalogue, loops: Mapping[str, str]) -> CompiledStep:
    spec, info = workflow.steps[key], catalogue.find(workflow.steps[key].uses)
    choice, branch = _branch_of(workflow, key)
    return CompiledStep(
        key=key,
        spec=spec,
        info=info,
        condition=_condition(spec.when),
        times=tuple(_time(time) for time in spec.time or (() if spec.standing else _default_time(info))),
        until=_condition(spec.repeat.until) if spec.repeat else None,
        waits=tuple(map(TimeLimit, spec.repeat.waits)) if spec.repeat else (),
        not_before=TimeLimit(spec.not_before.wait) if spec.not_before else None,
        after=workflow.choices[choice].after if choice else spec.after,
        choice=choice,
        branch=branch,
        gates=tuple(name for name, gate in workflow.gates.items() if key in gate.holds),
        opened_by_breach=key in opened_by_others(workflow),
        sets={fact: parse_condition(text) for fact, text in spec.sets.items()},
        follow_ups=compiled_follow_ups(follow_ups_of(workflow, spec, catalogue), info, catalogue),
        back=_condition(spec.back.when) if spec.back else None,
        loop=loops.get(key, ""),
        wait=_condition(spec.wait.until) if spec.wait else None,
    )


def compiled_follow_ups(
    declared: FollowUps, info: StepTypeInfo | None, catalogue: StepCatalogue
) -> tuple[CompiledFollowUp, ...]:
    """Compile the follow-ups of a step of a type; None where that is not installed."""
    of = {**info.outputs, **info.computes} if info else {}
    return tuple(
        CompiledFollowUp(name, one, _condition(one.when), catalogue.find(one.uses) if one.uses else None, of)
        for name, one in declared.items()
    )


def _time(spec: TimeSpec) -> CompiledTime:
    return CompiledTime(
        spec=spec,
        condition=_condition(spec.when),
        limit=TimeLimit(spec.limit) if spec.limit else None,
        warn=tuple(WarningPoint(point) for point in spec.warn),
    )


def _default_time(info: StepTypeInfo | None) -> tuple[TimeSpec, ...]:
    if info is None or not (info.time_limit or info.law_limit):
        return ()
    return (TimeSpec(limit=info.time_limit, law=info.law_limit),)


def _branch_of(workflow: Workflow, key: str) -> tuple[str | None, int]:
    """Name the choice that leads to a step, and the number of its branch; the default's is one past the last."""
    for name, choice in workflow.choices.items():
        for number, branch in enumerate(choice.branches):
            if key in branch.to:
                return name, number
        if key in choice.default:
            return name, len(choice.branches)
    return None, 0


def _order(workflow: Workflow, steps: Mapping[str, CompiledStep]) -> tuple[str, ...]:
    sorter = TopologicalSorter(
        {key: [name for name in step.after.steps if name in steps] for key, step in steps.items()}
    )
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise DefinitionError(
            name=workflow.workflow, count=1, where="after", first=f"steps wait for each other: {circle}"
        ) from None
