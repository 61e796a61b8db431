"""Shows the registry of pillars to definitions, as a catalogue of step types; it needs no database."""

from collections.abc import Mapping

from engine.language.catalogue import Output, StepTypeInfo, ValueKind
from engine.plugin.context import Law
from engine.plugin.fields import TELLABLE
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import Registry, contract_of
from engine.plugin.steps import OutputSpec, StepKind, StepType


class RegistryCatalogue:
    """Implements `StepCatalogue` over the installed pillars; each step type is described once."""

    def __init__(self, registry: Registry) -> None:
        """Show the step types of `registry`."""
        self._registry = registry
        self._described: dict[str, StepTypeInfo] = {}

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
        computes=_outputs(step_type.computes),
        follow_ups=step_type.follow_ups,
    )


def _outputs(declared: Mapping[str, OutputSpec]) -> dict[str, Output]:
    return {
        name: Output(kind=ValueKind(output.kind.value), choices=output.choices, default=output.default)
        for name, output in declared.items()
    }
