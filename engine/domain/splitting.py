"""What a case takes along that is split off from another: what was told for the law, and the facts. Pure."""

from collections.abc import Collection, Mapping
from uuid import UUID

from engine.domain.compiled import CompiledWorkflow
from engine.domain.law_told import Telling, tellings_in
from engine.domain.paths import path_of_person
from engine.domain.records import Scalar, Step, StepStatus
from engine.domain.state import CaseState
from engine.domain.values import RunSteps, truth_of
from engine.spec.conditions.evaluate import Truth

FROM_A_SPLIT = "split"
"""The source of a fact that came along from the case as it was."""


def tellings_that_go(state: CaseState, going: Collection[UUID]) -> tuple[Telling, ...]:
    """Give what was told of the whole case, and of the persons who go; what was told of others stays."""
    of = {"", *map(path_of_person, going)}
    return tuple(one for one in tellings_in(state) if one.element in of)


def facts_that_go(
    state: CaseState,
    definitions: Mapping[str, CompiledWorkflow],
    sources: Mapping[str, str],
    going: Collection[UUID],
) -> Mapping[str, Scalar]:
    """Give the facts of the whole case, and those that the steps of the persons who go have made.

    `sources` names the step that each fact comes from. A fact of steps that were done for persons who go and for others
    counts as the last step of those who go says; where only the others' may have made it, it stays with them.
    """
    own = set(map(path_of_person, going))
    found: dict[str, Scalar] = {}
    for name, value in state.facts.items():
        done = _for_somebody(state, sources.get(name, ""))
        theirs = [step for step in done if step.base_path in own]
        said = value if len(theirs) == len(done) else _as_told_of(state, definitions, name, theirs)
        if said is not None:
            found[name] = said
    return found


def _for_somebody(state: CaseState, key: str) -> list[Step]:
    """List the ended steps of a key that were done for one person each, in the order in which they were told."""
    done = [
        (step.recorded_at, step)
        for step in state.steps.values()
        if step.key == key and step.base_path and step.status is StepStatus.ENDED and step.recorded_at is not None
    ]
    return [step for _, step in sorted(done, key=lambda one: one[0])]


def _as_told_of(
    state: CaseState, definitions: Mapping[str, CompiledWorkflow], name: str, steps: list[Step]
) -> bool | None:
    """Ask the workflow what the latest of these steps makes of a fact; None where it does not say."""
    for step in reversed(steps):
        definition = definitions[state.runs[step.run_id].definition_hash]
        compiled = definition.steps.get(step.key)
        if compiled is None or name not in compiled.sets:
            continue
        lookup = RunSteps(definition, state, step.run_id).lookup(step.base_path, compiled.spec.for_each)
        truth = truth_of(compiled.sets[name], lookup)
        if truth is not Truth.UNKNOWN:
            return truth is Truth.TRUE
    return None
