"""What the texts of definition files would publish, and publishing those that come with a release."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.policy import Action, Viewer, require
from engine.db.transaction import Transaction
from engine.definitions.records import StoredDefinition
from engine.definitions.store import DefinitionStore
from engine.errors import NotFoundError
from engine.language.changes import NAMED
from engine.language.extends import Source
from engine.language.findings import DefinitionError, Finding, has_errors
from engine.language.law import LawPack
from engine.language.library import DefinitionKind, Definitions, definitions_of
from engine.language.lint.other_files import dropped_limits, rota_of_another_unit, unknown_people
from engine.language.rotas import Rota
from engine.language.workflow import Workflow, whole
from engine.language.yaml_files import read_yaml
from engine.people.store import DirectoryStore

_ORDER = (
    DefinitionKind.CALENDAR,
    DefinitionKind.LADDER,
    DefinitionKind.LAW,
    DefinitionKind.RETENTION,
    DefinitionKind.MESSAGE,
    DefinitionKind.DOCUMENT,
    DefinitionKind.ROTA,
    DefinitionKind.WORKFLOW,
)

COUNTS_NO_TIME: Final = frozenset({"workflow", "retention", "message", "document", "rota"})
"""The kinds that move no deadline of an open case when one of them is published."""


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

    def is_content_of(self, stored: StoredDefinition) -> bool:
        """Whether a stored version says the same; its number and the words of comments do not count."""
        return self.as_version(int(stored.flattened.get("version", 1))).content_hash == stored.content_hash

    def is_text_of(self, stored: StoredDefinition) -> bool:
        """Whether a stored version says the same and by the same names, which are no part of what runs."""
        return self.is_content_of(stored) and _names_of(self.source) == _names_of(stored.source)

    def as_version(self, version: int) -> "Candidate":
        """Return the same content under another version."""
        return replace(self, record=self.record.model_copy(update={"version": version}))


def candidates(engine: Engine, sources: Mapping[str, str], around: Definitions) -> tuple[Candidate, ...]:
    """List what some files would publish: calendars, ladders and law packs before the workflows that name them.

    What cannot be used is left out: lint first. A workflow is published with every follow-up that holds for it.
    """
    found = definitions_of([read_yaml(text, file=file) for file, text in sources.items()], around=around)
    records: Mapping[DefinitionKind, Mapping[str, BaseModel]] = {
        DefinitionKind.CALENDAR: found.calendars, DefinitionKind.LADDER: found.ladders, DefinitionKind.LAW: found.packs,
        DefinitionKind.RETENTION: found.retentions, DefinitionKind.MESSAGE: found.messages,
        DefinitionKind.DOCUMENT: found.documents, DefinitionKind.ROTA: found.rotas,
        DefinitionKind.WORKFLOW: {name: whole(one, engine.catalogue) for name, one in found.workflows.items()},
    }  # fmt: skip
    return tuple(
        _candidate(kind, name, found.sources[kind, name], record)
        for kind in _ORDER
        for name, record in records[kind].items()
    )


def _names_of(source: str) -> tuple[Any, ...]:
    """Return the names that a text gives to conditions and starts, in their order, with what they stand for."""
    said = read_yaml(source, file="definition.yaml").data
    return tuple(said.get(group) or {} for group in NAMED) if isinstance(said, dict) else ()


def ladders_of(record: BaseModel) -> set[str]:
    """Name the ladders that a definition leads to: those of a workflow's steps and of what follows them."""
    if not isinstance(record, Workflow):
        return set()
    steps = record.steps.values()
    times = {time.ladder for step in steps for time in step.time}
    later = [*(step.follow_ups for step in steps), *record.follow_ups.values()]
    follows = {one.ladder for said in later for one in said.values() if one is not None}
    return times | {step.approve.ladder for step in steps if step.approve} | follows


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


def rota_problems(tx: Transaction, found: Sequence[Candidate]) -> tuple[Finding, ...]:
    """Find whom a rota names who is not of its unit, and what is proposed together with a rota."""
    findings: list[Finding] = []
    for one in found:
        if isinstance(one.record, Rota):
            members = {person.email for person in tx.of(DirectoryStore).of_unit(UUID(one.name))}
            findings += unknown_people(one.record, members, file=one.file, text=one.source)
            findings += [] if len(found) == 1 else [rota_of_another_unit(one.file)]
    return tuple(findings)


def _candidate(kind: DefinitionKind, name: str, source: Source, record: BaseModel) -> Candidate:
    return Candidate(kind.value, name, source.file, source.text, record)


SHIPPED = "shipped"
_WHO_PUBLISHES = {
    DefinitionKind.CALENDAR.value: Action.KEEP_CALENDARS,
    DefinitionKind.RETENTION.value: Action.KEEP_RETENTION,
    DefinitionKind.ROTA.value: Action.MANAGE_ROTA,
}


@dataclass(frozen=True, slots=True)
class Published:
    """What is published now; `changed` is false when it was published already.

    With `waits_for` the version is not published: it waits for a second person, by the request of this id, and `people`
    are the names of those who may agree.
    """

    kind: str
    name: str
    version: int
    content_hash: str
    changed: bool
    file: str = ""
    waits_for: UUID | None = None
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Differing:
    """A file whose definition is not the one that runs; `version` is the one that runs, 0 when none does."""

    file: str
    kind: str
    name: str
    version: int


def lint_source(engine: Engine, source: str, *, file: str = "definition.yaml") -> tuple[Finding, ...]:
    """List what is wrong with the text of a definition of any kind; nothing is changed."""
    return lint_sources(engine, {file: source})


def lint_sources(engine: Engine, sources: Mapping[str, str]) -> tuple[Finding, ...]:
    """List what is wrong with the texts of some files, which know each other's names; nothing is changed."""
    with engine.transaction() as tx:
        return look_through(engine, tx, sources)[0]


def publish_shipped(engine: Engine, sources: Mapping[str, str]) -> tuple[Published, ...]:
    """Publish the definitions that came with this release, where nothing of their name ever was.

    `sources` maps a file's name to its text. What a coordinator has published or retired since is left alone. The same
    files are looked at once only. Raises `DefinitionError` when one of them has errors: nothing is changed then.
    """
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
    now = engine.clock.now()
    with engine.transaction() as tx:
        if tx.of(HousekeepingStore).installation(SHIPPED) == {"digest": digest}:
            return ()
        findings, found = look_through(engine, tx, sources)
        if has_errors(findings):
            raise refused(findings)
        done = tuple(publish_now(engine, tx, one, author=SHIPPED, now=now, only_new=True) for one in found)
        tx.of(HousekeepingStore).set_installation(SHIPPED, {"digest": digest})
        tx.commit()
    engine.refresh_definitions()
    return done


def differing(engine: Engine, sources: Mapping[str, str]) -> tuple[Differing, ...]:
    """Name each file whose definition is not the one that runs, by content: words of a comment do not count.

    What somebody has retired is meant not to run.
    """
    found = []
    with engine.transaction() as tx:
        for one in candidates(engine, sources, published_workflows(tx)):
            current = tx.of(DefinitionStore).current(one.kind, one.name)
            is_retired = current is None and tx.of(DefinitionStore).versions(one.kind, one.name)
            if not is_retired and (current is None or not one.is_content_of(current)):
                found.append(Differing(one.file, one.kind, one.name, current.version if current else 0))
    return tuple(found)


def published_workflows(tx: Transaction) -> Definitions:
    """Return the texts of published workflows, for `extends`."""
    texts = tx.of(DefinitionStore).sources(DefinitionKind.WORKFLOW.value)
    return Definitions(
        sources={(DefinitionKind.WORKFLOW, name): Source(f"{name}.yaml", text) for name, text in texts.items()}
    )


def look_through(
    engine: Engine, tx: Transaction, sources: Mapping[str, str]
) -> tuple[tuple[Finding, ...], tuple[Candidate, ...]]:
    """List what is wrong with the texts of some files, and what they would publish: nothing where one cannot be read.

    With an error among the findings nothing may be published.
    """
    published = published_workflows(tx)
    findings = engine.lint(sources, published)
    if has_errors(findings):
        return findings, ()
    found = candidates(engine, sources, published)
    return (*findings, *limits_in_use(engine, tx, found)), found


def publish_now(
    engine: Engine, tx: Transaction, one: Candidate, *, author: str, now: datetime, only_new: bool = False
) -> Published:
    """Publish a definition without a second person: for what comes with a release, and where nobody is yet."""
    tx.of(DefinitionStore).hold(one.kind, one.name)
    current = runs_already(tx, one)
    if current is None and only_new:
        current = next(iter(tx.of(DefinitionStore).versions(one.kind, one.name)), None)
    if current is not None:
        return Published(one.kind, one.name, current.version, current.content_hash, changed=False, file=one.file)
    new = next_version(engine, tx, one, author=author, status="published", at=now)
    tx.of(DefinitionStore).publish(new, contract_hashes=contracts(engine, one), at=now)
    return Published(new.kind, new.name, new.version, new.content_hash, changed=True, file=one.file)


def runs_already(tx: Transaction, one: Candidate) -> StoredDefinition | None:
    """Return the version that runs when it says what a file says, by the same names; a comment does not count."""
    current = tx.of(DefinitionStore).current(one.kind, one.name)
    return current if current is not None and one.is_text_of(current) else None


def mark_of(tx: Transaction, stored: StoredDefinition | None) -> str:
    """Return what tells a version from others that ran: its hash, and its number where one before has the same hash.

    Two that differ by names alone have one hash.
    """
    if stored is None:
        return ""
    ran = tx.of(DefinitionStore).versions(stored.kind, stored.name)
    is_first = not any(one.content_hash == stored.content_hash and one.version < stored.version for one in ran)
    return stored.content_hash if is_first else f"{stored.content_hash}/{stored.version}"


def next_version(
    engine: Engine,
    tx: Transaction,
    one: Candidate,
    *,
    author: str,
    status: str,
    at: datetime,
    owner: UUID | None = None,
) -> StoredDefinition:
    """Return a definition as it is stored: in the version of its file, or in the next free one when that is taken.

    What ran before comes back with the content and the hash that it had.
    """
    newest = tx.of(DefinitionStore).newest_version(one.kind, one.name)
    new = one.as_version(newest + 1) if one.version <= newest else one
    ran = tx.of(DefinitionStore).versions(one.kind, one.name)
    same: StoredDefinition | Candidate = next((known for known in ran if one.is_content_of(known)), new)
    return StoredDefinition(
        id=engine.entropy.uuid(), kind=new.kind, name=new.name, version=new.version, title=new.title, status=status,
        content_hash=same.content_hash, source=new.source, flattened=same.flattened, author=author, published_at=at,
        owner_unit_id=owner,
    )  # fmt: skip


def contracts(engine: Engine, one: Candidate) -> dict[str, object]:
    """Return the contract of each step type that a workflow uses, as it is installed now."""
    if not isinstance(one.record, Workflow):
        return {}
    brought = (said for step in one.record.steps.values() for said in step.follow_ups.values() if said and said.uses)
    used = {*(step.uses for step in one.record.steps.values()), *(said.uses for said in brought if said.uses)}
    infos = ((uses, engine.catalogue.find(uses)) for uses in sorted(used))
    return {uses: info.contract or info.contract_hash for uses, info in infos if info is not None}


def publishing(kind: str) -> Action:
    """Name what somebody must be allowed to do to publish a definition of a kind."""
    return _WHO_PUBLISHES.get(kind, Action.PUBLISH)


def require_author(viewer: Viewer, kind: str, name: str) -> None:
    """Refuse who may not write a definition; for a rota of another unit in the words for one that is not there."""
    unit_id = None
    if kind == DefinitionKind.ROTA:
        unit_id = next((unit for unit in viewer.unit_ids if str(unit) == name), None)
        if unit_id is None and not viewer.is_system:
            raise NotFoundError(kind="definition")
    require(viewer, publishing(kind), unit_id=unit_id)


def refused(findings: Iterable[Finding]) -> DefinitionError:
    """Return the error that carries findings, told by the first of them."""
    found = tuple(findings)
    first = next(finding for finding in found if has_errors((finding,)))
    where = f"{first.file}:{first.line}:{first.column}"
    return DefinitionError(name=first.file, count=len(found), where=where, first=first.message, findings=found)
