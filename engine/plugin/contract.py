"""What a published workflow relies on in a step type, and where an installed one no longer keeps it."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.plugin.steps import StepType


def contract_of(step: StepType) -> dict[str, Any]:
    """Give what a workflow relies on, as JSON: the questions, the outcomes and the outputs of a step type."""
    return {
        "kind": step.kind.value,
        "fields": {
            spec.name: {"kind": spec.kind.value, "class": spec.sensitivity.value, "choices": sorted(spec.choices)}
            for spec in step.fields
        },
        "required": sorted(spec.name for spec in step.fields if spec.required),
        "outcomes": sorted(outcome.value for outcome in step.outcomes),
        "outputs": {
            name: {"kind": spec.kind.value, "choices": sorted(spec.choices)} for name, spec in step.outputs.items()
        },
    }


def broken_promises(relied_on: Mapping[str, Any], step: StepType) -> tuple[str, ...]:
    """Say, in sentences, what a step type no longer keeps of a contract; what was only added breaks nothing."""
    return tuple(_broken(relied_on, contract_of(step)))


def _broken(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old["kind"] != new["kind"]:
        yield f"it was {old['kind']} and is {new['kind']}."
    for what, name in (("question", "fields"), ("output", "outputs")):
        for key, before in old[name].items():
            yield from _changed(f"the {what} {key}", before, new[name].get(key))
    yield from (f"the outcome {name} is gone." for name in sorted(set(old["outcomes"]) - set(new["outcomes"])))
    added = set(new["required"]) - set(old["required"])
    yield from (f"the question {name} must be answered, and had not to." for name in sorted(added))


def _changed(what: str, before: Mapping[str, Any], after: Mapping[str, Any] | None) -> Iterator[str]:
    if after is None:
        yield f"{what} is gone."
        return
    if before["kind"] != after["kind"]:
        yield f"{what} was of the kind {before['kind']} and is of the kind {after['kind']}."
    if before.get("class") != after.get("class"):
        yield f"{what} was {before.get('class')} and is {after.get('class')}."
    gone = sorted(set(before["choices"]) - set(after["choices"]))
    if gone and after["choices"]:
        yield f"{what} can no longer be {', '.join(gone)}."
