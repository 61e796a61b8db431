"""The collaborators that every use case is given."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from engine.domain.compiled import CompiledWorkflow
from engine.domain.library import Library as Published
from engine.plugin.registry import Registry
from engine.ports import Channel, Clock, Entropy, Fingerprints, Passwords, Queries, Renderer, Vault
from engine.spec.catalogue import StepCatalogue
from engine.spec.extends import Library
from engine.spec.findings import Finding
from engine.spec.workflow import Workflow
from engine.stores import UnitOfWork


def _nothing() -> None:
    """Give nothing back: the default of an engine that holds nothing."""


def _none_broken() -> Iterable[tuple[str, int]]:
    """Find no broken chain: the default of an engine without storage."""
    return ()


@dataclass(frozen=True)
class Engine:
    """One assembled system. `definitions` compiles by content hash; `library` gives what is published now.

    `clock` is the time of cases, which the demo can move forward; `wall_clock` is the time of sessions, never moved.
    """

    clock: Clock
    wall_clock: Clock
    entropy: Entropy
    vault: Vault
    passwords: Passwords
    fingerprints: Fingerprints
    renderer: Renderer
    registry: Registry
    catalogue: StepCatalogue
    definitions: Mapping[str, CompiledWorkflow]
    library: Callable[[], Published]
    unit_of_work: Callable[[], AbstractContextManager[UnitOfWork]]
    queries: Queries
    draw: Callable[[Workflow], str]
    lint: Callable[[str, str, Library], tuple[Finding, ...]]
    refresh_definitions: Callable[[], None]
    channels: Mapping[str, Channel] = field(default_factory=dict)
    portal_url: str = ""
    demo: bool = False
    broken_chains: Callable[[], Iterable[tuple[str, int]]] = _none_broken
    dispose: Callable[[], None] = _nothing
