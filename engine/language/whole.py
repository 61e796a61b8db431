"""A workflow with every follow-up that holds for it: what it says itself, and what its step types declare."""

from engine.language.catalogue import StepCatalogue
from engine.language.follow_ups import FollowUp, changed
from engine.language.workflow import StepSpec, Workflow


def whole(workflow: Workflow, catalogue: StepCatalogue) -> Workflow:
    """Return a workflow as it is published: nothing more is taken from step types, whatever they declare later."""
    if workflow.is_whole:
        return workflow
    steps = {
        key: step.model_copy(update={"follow_ups": follow_ups_of(workflow, step, catalogue)})
        for key, step in workflow.steps.items()
    }
    by_type = follow_ups_by_type(workflow, catalogue)
    return workflow.model_copy(update={"steps": steps, "follow_ups": by_type, "is_whole": True})


def follow_ups_of(workflow: Workflow, step: StepSpec, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    """Return the follow-ups of a step of a workflow, by name."""
    declared = {} if workflow.is_whole else _of_type(workflow, step.uses, catalogue)
    return changed(declared, step.follow_ups)


def follow_ups_by_type(workflow: Workflow, catalogue: StepCatalogue) -> dict[str, dict[str, FollowUp]]:
    """Return the follow-ups of steps that stand in no file, by step type and name: anybody may add any step."""
    if workflow.is_whole:
        return {uses: changed({}, said) for uses, said in workflow.follow_ups.items()}
    found = {uses: _of_type(workflow, uses, catalogue) for uses in (*catalogue.keys(), *workflow.follow_ups)}
    return {uses: declared for uses, declared in found.items() if declared}


def _of_type(workflow: Workflow, uses: str, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    info = catalogue.find(uses)
    return changed(info.follow_ups if info else {}, workflow.follow_ups.get(uses, {}))
