"""A pillar as an object, the installed ones checked against the contract, and step types as definitions see them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.errors import IcmcError
from engine.language.catalogue import Output, StepTypeInfo, ValueKind
from engine.plugin.context import Law, Outcome
from engine.plugin.fields import TELLABLE
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import BECAUSE, COUNTED_AS, NO_REASON, Asked, OutputSpec, StepKind, StepType

ENTRY_POINT_GROUP = "icmc.pillars"


@dataclass(frozen=True, slots=True, init=False)
class Pillar:
    """One programme area: its key, its name, its letter in the Impulse Model (P or R) and its step types."""

    key: str
    name: str
    letter: str
    summary: str
    step_types: tuple[StepType, ...]

    def __init__(
        self, key: str, name: str, letter: str, summary: str, step_types: Iterable[StepType | type[Asked[Any]]]
    ) -> None:
        """Describe a pillar; `step_types` are its classes of steps that are asked, and its automatic steps."""
        found = tuple(step if isinstance(step, StepType) else step.step_type for step in step_types)
        values = {"key": key, "name": name, "letter": letter, "summary": summary, "step_types": found}
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)


def contract_of(step: StepType) -> dict[str, Any]:
    """Return what a workflow relies on, as JSON: the questions, the outcomes and the outputs of a step type."""
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


_KEY = re.compile(r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class InstalledPillar:
    """A pillar, where it comes from (distribution name and version), and the templates of its papers, if it has any."""

    pillar: Pillar
    origin: str
    documents: Path | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """All installed pillars and step types."""

    installed: tuple[InstalledPillar, ...]
    step_types: Mapping[str, StepType]

    def get(self, key: str) -> StepType:
        """Look a step type up; raises `UnknownStepTypeError`."""
        try:
            return self.step_types[key]
        except KeyError:
            raise UnknownStepTypeError(step_type=key) from None


def load_registry(replacements: Mapping[str, str] | None = None, builtins: Iterable[Pillar] = ()) -> Registry:
    """Load every installed pillar by its entry point.

    `replacements` maps a pillar's key to the distribution whose pillar is to be used where two offer the same key.
    Raises `PillarError` for a package that cannot be imported or does not keep the contract.
    """
    found: dict[str, InstalledPillar] = {p.key: InstalledPillar(p, "icmc") for p in builtins}
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda point: (point.name, _origin(point))):
        wanted = (replacements or {}).get(entry.name)
        if wanted is not None and _distribution(entry) != canonical_name(wanted):
            continue
        if entry.name in found:
            raise PillarError(
                pillar=entry.name,
                problem=f"is offered by {found[entry.name].origin} and by {_origin(entry)}: "
                "choose one in the settings (ICMC_PILLARS).",
            )
        found[entry.name] = InstalledPillar(_load(entry), _origin(entry), documents_of(entry.module))
    _require_offered(replacements or {}, found)
    return build_registry(found.values())


def build_registry(installed: Iterable[InstalledPillar]) -> Registry:
    """Make a registry of pillars at hand; raises `PillarError` for the first that breaks the contract."""
    known = tuple(installed)
    for item in known:
        problems = problems_of(item.pillar)
        if problems:
            raise PillarError(pillar=item.pillar.key, problem=problems[0])
    return Registry(known, {step.key: step for item in known for step in item.pillar.step_types})


def problems_of(pillar: Pillar) -> tuple[str, ...]:
    """List where a pillar breaks the contract, in sentences; empty when it keeps it."""
    problems: list[str] = []
    if not _NAME.match(pillar.key):
        problems.append(f"the key {pillar.key!r} must be a lower-case word.")
    if pillar.letter not in {"P", "R", ""}:
        problems.append("the letter must be P or R.")
    seen: set[str] = set()
    for step in pillar.step_types:
        if step.key in seen:
            problems.append(f"{step.key} is declared twice.")
        seen.add(step.key)
        problems += _step_problems(pillar, step)
    return tuple(problems)


def documents_of(package: str) -> Path | None:
    """Return the folder `documents` of a pillar's package, which has the templates of its papers; None without one."""
    spec = find_spec(package)
    folder = Path(spec.origin).parent / "documents" if spec and spec.origin else None
    return folder if folder and folder.is_dir() else None


def canonical_name(distribution: str) -> str:
    """Write the name of a distribution in the one way in which names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _require_offered(replacements: Mapping[str, str], found: Mapping[str, InstalledPillar]) -> None:
    for name, wanted in sorted(replacements.items()):
        if name not in found:
            raise PillarError(
                pillar=name, problem=f"is to come from {wanted} (ICMC_PILLARS), and that package does not offer it."
            )


def _step_problems(pillar: Pillar, step: StepType) -> list[str]:
    problems = []
    if not _KEY.match(step.key) or step.pillar != pillar.key:
        problems.append(f"{step.key}: the key must start with '{pillar.key}.' and be in lower case.")
    if not step.doc:
        problems.append(f"{step.key}: has no docstring that says what it is for.")
    if step.kind is StepKind.ASKED and not step.roles:
        problems.append(f"{step.key}: names no role that can answer it.")
    if step.kind is StepKind.AUTOMATIC and step.run is None:
        problems.append(f"{step.key}: is automatic but has no function.")
    if step.settings.model_config.get("extra") != "forbid":
        problems.append(f"{step.key}: its settings must refuse unknown keys (extra='forbid').")
    if step.counts_as not in {"", *COUNTED_AS}:
        problems.append(f"{step.key}: counts as {step.counts_as!r}, and can as one of {', '.join(COUNTED_AS)} only.")
    problems += _reason_problems(step)
    problems += [f"{step.key}.{spec.name}: has no label." for spec in step.fields if not spec.label]
    if sum(spec.event_time for spec in step.fields) > 1:
        problems.append(f"{step.key}: more than one field is the event time.")
    return problems


def _reason_problems(step: StepType) -> Iterator[str]:
    if step.reasons and any(spec.name == BECAUSE for spec in step.fields):
        yield f"{step.key}: declares reasons, so no question of it can be named {BECAUSE!r}."
    for outcome, offered in step.reasons.items():
        if outcome is Outcome.DONE:
            yield f"{step.key}: reasons say why a step was not done; {Outcome.DONE.value!r} has none."
        for code, words in offered.items():
            if not _NAME.match(code) or code == NO_REASON or not words.strip():
                yield f"{step.key}: the reason {code!r} needs a lower-case name that is not {NO_REASON!r}, and words."


def _load(entry: EntryPoint) -> Pillar:
    try:
        pillar = entry.load()
    except Exception as error:
        raise PillarError(pillar=entry.name, problem=f"cannot be imported ({type(error).__name__}).") from error
    if not isinstance(pillar, Pillar) or pillar.key != entry.name:
        raise PillarError(pillar=entry.name, problem=f"the entry point must name a Pillar with the key {entry.name!r}.")
    return pillar


def _distribution(entry: EntryPoint) -> str:
    return canonical_name(entry.dist.name) if entry.dist else ""


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "?"


class UnknownStepTypeError(IcmcError):
    """Raised when a definition names a step type that no installed pillar offers."""

    code = "unknown-step-type"
    sentence = "No installed pillar has the step type {step_type}."


class PillarError(IcmcError):
    """Raised when a pillar package does not keep the plug-in contract."""

    code = "bad-pillar"
    sentence = "Pillar {pillar}: {problem}"


class RegistryCatalogue:
    """The `StepCatalogue` of the installed pillars; each step type is described once."""

    def __init__(self, registry: Registry) -> None:
        """Show the step types of `registry`."""
        self._registry = registry
        self._described: dict[str, StepTypeInfo] = {}

    def __eq__(self, other: object) -> bool:
        """Whether another has the very same step types."""
        return isinstance(other, RegistryCatalogue) and self._same == other._same

    def __hash__(self) -> int:
        """Return the same for the same step types."""
        return hash(self._same)

    @cached_property
    def _same(self) -> tuple[int, ...]:
        return tuple(id(step_type) for step_type in self._registry.step_types.values())

    def find(self, key: str) -> StepTypeInfo | None:
        """Return the step type, or None when no installed pillar has it."""
        step_type = self._registry.step_types.get(key)
        if step_type is None:
            return None
        if key not in self._described:
            self._described[key] = info_of(step_type)
        return self._described[key]

    def keys(self) -> tuple[str, ...]:
        """List every installed step type."""
        return tuple(sorted(self._registry.step_types))


def info_of(step_type: StepType) -> StepTypeInfo:
    """Describe a step type as definitions see it."""
    limit = step_type.time_limit
    return StepTypeInfo(
        key=step_type.key,
        title=step_type.title,
        automatic=step_type.kind is StepKind.AUTOMATIC,
        roles=step_type.roles,
        outcomes=tuple(outcome.value for outcome in step_type.outcomes),
        outputs=_outputs(step_type.outputs),
        event_times=tuple(spec.name for spec in step_type.fields if spec.kind is FieldKind.DATETIME and spec.is_open),
        event_time_field=step_type.event_time_field,
        excluded_times=tuple(spec.excluded_time for spec in step_type.fields if spec.excluded_time),
        field_names=tuple(spec.name for spec in step_type.fields),
        time_limit=limit if isinstance(limit, str) else None,
        law_limit=limit.limit_id if isinstance(limit, Law) else None,
        contract_hash=step_type.contract_hash,
        contract=contract_of(step_type),
        tells={spec.tells: tuple(spec.choices) for spec in step_type.fields if spec.tells in TELLABLE},
        retries=step_type.retries,
        retry_delay=step_type.retry_delay,
        timeout=step_type.timeout,
        moments=step_type.moments,
        untold=tuple(
            spec.name
            for spec in step_type.fields
            if spec.kind is FieldKind.DATETIME and (spec.takes_not_known or spec.shown_when or not spec.required)
        ),
        not_known=tuple(spec.name for spec in step_type.fields if spec.takes_not_known),
        labels={spec.name: spec.label for spec in step_type.fields if spec.label},
        computes=_outputs(step_type.computes),
        follow_ups=step_type.follow_ups,
    )


def _outputs(declared: Mapping[str, OutputSpec]) -> dict[str, Output]:
    return {
        name: Output(kind=ValueKind(output.kind.value), choices=output.choices, default=output.default)
        for name, output in declared.items()
    }
