"""A workflow with every follow-up that holds for it: what it says itself, and what its step types declare."""

from collections.abc import Mapping
from typing import Any

from engine.language.catalogue import FollowUp, StepCatalogue, changed
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


def own_changes(flattened: Mapping[str, Any], catalogue: StepCatalogue) -> dict[str, Any]:
    """Return a published workflow without the follow-ups that are as their step types declare them.

    One that is declared and left out of it is null, as in a file.
    """
    plain = {key: value for key, value in flattened.items() if key not in {"follow_ups", "is_whole"}}
    if not flattened.get("is_whole"):
        return dict(flattened)
    by_type = {uses: _own(uses, said, catalogue) for uses, said in flattened.get("follow_ups", {}).items()}
    steps = {
        key: _without(step, _own(step["uses"], step.get("follow_ups", {}), catalogue))
        for key, step in plain["steps"].items()
    }
    return _without(plain | {"steps": steps}, {uses: said for uses, said in by_type.items() if said})


def _without(part: Mapping[str, Any], follow_ups: Mapping[str, Any]) -> dict[str, Any]:
    others = {key: value for key, value in part.items() if key != "follow_ups"}
    return others | ({"follow_ups": dict(follow_ups)} if follow_ups else {})


def _own(uses: str, said: Mapping[str, Any], catalogue: StepCatalogue) -> dict[str, Any]:
    info = catalogue.find(uses)
    known = info.follow_ups.items() if info else ()
    declared = {name: one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for name, one in known}
    gone = dict.fromkeys(name for name, one in known if name not in said and not one.act)
    return {name: one for name, one in said.items() if declared.get(name) != one} | gone


def follow_ups_of(workflow: Workflow, step: StepSpec, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    """Return the follow-ups of a step of a workflow, by name; none that an act brings."""
    declared = {} if workflow.is_whole else _of_type(workflow, step.uses, catalogue)
    return changed({name: one for name, one in declared.items() if not one.act}, step.follow_ups)


def follow_ups_by_type(workflow: Workflow, catalogue: StepCatalogue) -> dict[str, dict[str, FollowUp]]:
    """Return the follow-ups of steps that stand in no file, by step type and name: anybody may add any step.

    What acts bring is among them, as declared where a workflow was published before it was.
    """
    every = dict.fromkeys((*catalogue.keys(), *workflow.follow_ups))
    if workflow.is_whole:
        found = {uses: changed(by_acts(uses, catalogue), workflow.follow_ups.get(uses, {})) for uses in every}
    else:
        found = {uses: _of_type(workflow, uses, catalogue) for uses in every}
    return {uses: declared for uses, declared in found.items() if declared}


def by_acts(uses: str, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    """Return the follow-ups of a step type that acts bring, as it declares them."""
    info = catalogue.find(uses)
    return {name: one for name, one in info.follow_ups.items() if one.act} if info else {}


def _of_type(workflow: Workflow, uses: str, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    info = catalogue.find(uses)
    return changed(info.follow_ups if info else {}, workflow.follow_ups.get(uses, {}))
