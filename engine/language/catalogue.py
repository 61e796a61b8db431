"""What a definition needs to know of the step types that are installed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from engine.language.follow_ups import FollowUp


class ValueKind(StrEnum):
    """The types that outputs and facts may have."""

    CHOICE = "choice"
    BOOL = "bool"
    NUMBER = "number"
    INSTANT = "instant"


class Output(BaseModel):
    """One output of a step type or one fact of a case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ValueKind
    choices: tuple[str, ...] = ()
    default: bool | int | float | str | datetime | None = None


class StepTypeInfo(BaseModel):
    """One step type as definitions see it.

    `tells` names what its answers tell on which limits of the law depend, each with the choices it offers (none where
    anything may be written). `follow_ups` are the steps that its answer brings unless a workflow says otherwise, over
    its outputs, its `moments` (answers that are days or instants) and what it `computes` for them alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    title: str
    automatic: bool
    roles: tuple[str, ...]
    outcomes: tuple[str, ...]
    outputs: Mapping[str, Output]
    event_times: tuple[str, ...]
    event_time_field: str | None
    excluded_times: tuple[str, ...]
    field_names: tuple[str, ...]
    time_limit: str | None
    law_limit: str | None
    contract_hash: str
    contract: Mapping[str, Any] = {}
    tells: Mapping[str, tuple[str, ...]] = {}
    retries: int
    retry_delay: str
    timeout: str
    moments: tuple[str, ...] = ()
    computes: Mapping[str, Output] = {}
    follow_ups: Mapping[str, FollowUp] = {}


class StepCatalogue(Protocol):
    """Looks step types up; the registry of pillars implements it."""

    def find(self, key: str) -> StepTypeInfo | None:
        """Return the step type, or None when no installed pillar has it."""
        ...

    def keys(self) -> tuple[str, ...]:
        """List every installed step type."""
        ...
