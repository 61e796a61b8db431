"""Write the reference of all step types, as Markdown, from the registry."""

from collections.abc import Iterator

from engine.language.words import WorkflowWords
from engine.plugin.context import Law
from engine.plugin.fields import FieldSpec, Sensitivity
from engine.plugin.registry import Pillar, Registry, RegistryCatalogue
from engine.plugin.steps import OutputSpec, StepKind, StepType

_LETTERS = {"P": "one of the six P", "R": "one of the six R"}
_CLASSES = {
    Sensitivity.OPEN: "open",
    Sensitivity.NARRATIVE: "encrypted",
    Sensitivity.SENSITIVE: "encrypted, sensitive",
    Sensitivity.IDENTIFYING: "encrypted, identifying",
}
_HEAD = """\
# Step types

Every step type that is installed, with its form and the outputs that a workflow may decide on. This page is generated
from the pillars; do not edit it.

How to read the fields: **required** fields must be answered; those on the *first screen* can be saved by themselves.
Every answer is kept encrypted; the class says how it is shown: *open* answers in words, all others masked until they
are revealed. Within a unit too, only some roles read a *restricted category*, and a grant must name it.
Every step, besides being done, can end refused by the person, not needed, or blocked by another body.
"""


def render_reference(registry: Registry) -> str:
    """Return the page for all pillars of a registry, in the order of their names."""
    pillars = sorted((item.pillar for item in registry.installed), key=lambda pillar: (not pillar.letter, pillar.key))
    lines = [_HEAD]
    for pillar in pillars:
        lines += _pillar(pillar, WorkflowWords({}, RegistryCatalogue(registry)))
    return "\n".join(lines).rstrip() + "\n"


def _pillar(pillar: Pillar, words: WorkflowWords) -> Iterator[str]:
    kind = _LETTERS.get(pillar.letter)
    yield f"## {pillar.name}\n"
    yield f"{_cell(pillar.summary)}{f' ({kind})' if kind else ''}\n"
    for step in pillar.step_types:
        yield from _step(step, words)


def _step(step: StepType, words: WorkflowWords) -> Iterator[str]:
    yield f"### `{step.key}`: {step.title}\n"
    yield f"{_first_line(step.doc)}\n"
    if step.kind is StepKind.ASKED:
        yield f"- For: {', '.join(role.replace('_', ' ') for role in step.roles)}"
    else:
        yield f"- Done by the system; tried again up to {step.retries} times, given up after `{step.timeout}`"
    yield f"- Time limit: {_limit(step.time_limit)}"
    if step.documents:
        yield f"- Papers: {', '.join(document.title for document in step.documents)}"
    settings = step.settings.model_fields
    if settings:
        yield f"- Settings: {', '.join(f'`{name}` (default `{info.default}`)' for name, info in settings.items())}"
    yield f"- Outputs: {_outputs(step)}"
    for name, one in step.follow_ups.items():
        said = words.follow_up(one, words.asked(step.key))
        yield f"- {'Is brought' if one.act else 'Can bring'} (`{name}`): {_cell(said)}"
    yield ""
    if step.fields:
        yield "| Field | Question | Kind | Required | Class |"
        yield "|---|---|---|---|---|"
        yield from (_field(spec) for spec in step.fields)
        yield ""


def _field(spec: FieldSpec) -> str:
    required = "required, first screen" if spec.required and spec.first_bite else "required" if spec.required else ""
    kind = spec.kind.value
    if spec.choices:
        kind += ": " + ", ".join(f"`{value}`" for value in spec.choices)
    if spec.event_time:
        kind += " (says when the step happened)"
    return f"| `{spec.name}` | {_cell(spec.label)} | {kind} | {required} | {_kept(spec)} |"


def _outputs(step: StepType) -> str:
    return ", ".join(f"`{name}` ({_output(output)})" for name, output in step.outputs.items()) or "none"


def _output(output: OutputSpec) -> str:
    return f"{output.kind.value}: {', '.join(output.choices)}" if output.choices else output.kind.value


def _limit(limit: str | Law | None) -> str:
    if isinstance(limit, Law):
        return f"`{limit.limit_id}` of the law pack"
    return f"`{limit}`" if limit else "none by default"


def _first_line(doc: str) -> str:
    return _cell(doc.partition("\n\n")[0])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _kept(spec: FieldSpec) -> str:
    words = _CLASSES[spec.sensitivity]
    return f"{words}, restricted category {spec.restricted_category.value}" if spec.restricted_category else words
