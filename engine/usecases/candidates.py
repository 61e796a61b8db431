"""What the texts of definition files would publish: each definition with its content and the hash of it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from engine.adapters.sql.definition_store import DefinitionStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.spec.extends import Source
from engine.spec.findings import Finding
from engine.spec.law import LawPack
from engine.spec.library import DefinitionKind, Definitions, definitions_of
from engine.spec.lint.law_packs import dropped_limits
from engine.spec.workflow import Workflow
from engine.spec.yaml_files import read_yaml

_ORDER = (
    DefinitionKind.CALENDAR,
    DefinitionKind.LADDER,
    DefinitionKind.LAW,
    DefinitionKind.RETENTION,
    DefinitionKind.WORKFLOW,
)


@dataclass(frozen=True)
class Candidate:
    """A definition that a file would publish."""

    kind: str
    name: str
    file: str
    source: str
    record: BaseModel

    @property
    def version(self) -> int:
        """The version that the file names."""
        return int(getattr(self.record, "version", 1))

    @property
    def title(self) -> str:
        """What people call it."""
        return str(getattr(self.record, "title", ""))

    @cached_property
    def flattened(self) -> Mapping[str, Any]:
        """The content as it is stored, with everything inherited."""
        return self.record.model_dump(mode="json", by_alias=True, exclude_defaults=True)

    @cached_property
    def content_hash(self) -> str:
        """The SHA-256 of the content."""
        if isinstance(self.record, Workflow):
            return self.record.content_hash
        return hashlib.sha256(json.dumps(self.flattened, sort_keys=True).encode()).hexdigest()

    def as_version(self, version: int) -> "Candidate":
        """Give the same content under another version."""
        return replace(self, record=self.record.model_copy(update={"version": version}))


def candidates(sources: Mapping[str, str], around: Definitions) -> tuple[Candidate, ...]:
    """List what some files would publish: calendars, ladders and law packs before the workflows that name them.

    What cannot be used is left out: lint first.
    """
    found = definitions_of([read_yaml(text, file=file) for file, text in sources.items()], around=around)
    records: Mapping[DefinitionKind, Mapping[str, BaseModel]] = {
        DefinitionKind.CALENDAR: found.calendars, DefinitionKind.LADDER: found.ladders, DefinitionKind.LAW: found.packs,
        DefinitionKind.RETENTION: found.retentions, DefinitionKind.WORKFLOW: found.workflows,
    }  # fmt: skip
    return tuple(
        _candidate(kind, name, found.sources[kind, name], record)
        for kind in _ORDER
        for name, record in records[kind].items()
    )


def ladders_of(record: BaseModel) -> set[str]:
    """Name the ladders that a definition leads to: those of a workflow's steps; no other kind has any."""
    if not isinstance(record, Workflow):
        return set()
    times = {time.ladder for step in record.steps.values() for time in step.time}
    return times | {step.approve.ladder for step in record.steps.values() if step.approve}


def limits_in_use(engine: Engine, tx: Transaction, found: Iterable[Candidate]) -> tuple[Finding, ...]:
    """Find limits that a law pack would drop although a published workflow names them."""
    findings: list[Finding] = []
    for one in found:
        current = tx.of(DefinitionStore).current(one.kind, one.name)
        if isinstance(one.record, LawPack) and current is not None:
            before = LawPack.model_validate(dict(current.flattened))
            stored = tx.of(DefinitionStore).published(DefinitionKind.WORKFLOW.value)
            workflows = [Workflow.model_validate(dict(other.flattened)) for other in stored]
            findings += dropped_limits(
                before, one.record, workflows=workflows, catalogue=engine.catalogue, file=one.file
            )
    return tuple(findings)


def _candidate(kind: DefinitionKind, name: str, source: Source, record: BaseModel) -> Candidate:
    return Candidate(kind.value, name, source.file, source.text, record)
