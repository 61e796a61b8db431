"""Publish definitions that come with a release, and say what is wrong with the texts of others."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.definition_store import DefinitionStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.policy import Action
from engine.errors import DefinitionError
from engine.spec.extends import Source
from engine.spec.findings import Finding, has_errors
from engine.spec.library import DefinitionKind, Definitions
from engine.spec.workflow import Workflow
from engine.stores import StoredDefinition
from engine.usecases.candidates import Candidate, candidates, limits_in_use

SHIPPED = "shipped"
_WHO_PUBLISHES = {
    DefinitionKind.CALENDAR.value: Action.KEEP_CALENDARS,
    DefinitionKind.RETENTION.value: Action.KEEP_RETENTION,
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
        return lint_within(engine, tx, sources)


def publish_shipped(engine: Engine, sources: Mapping[str, str]) -> tuple[Published, ...]:
    """Publish the definitions that came with this release, where nothing of their name is published yet.

    `sources` maps a file's name to its text. What a coordinator has published since is left alone. The same files are
    looked at once only. Raises `DefinitionError` when one of them has errors: nothing is changed then.
    """
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
    now = engine.clock.now()
    with engine.transaction() as tx:
        if tx.of(HousekeepingStore).installation(SHIPPED) == {"digest": digest}:
            return ()
        findings = lint_within(engine, tx, sources)
        if has_errors(findings):
            raise refused(findings)
        done = tuple(
            publish_now(engine, tx, one, author=SHIPPED, now=now, only_new=True)
            for one in candidates(sources, published_workflows(tx))
        )
        tx.of(HousekeepingStore).set_installation(SHIPPED, {"digest": digest})
        tx.commit()
    engine.refresh_definitions()
    return done


def differing(engine: Engine, sources: Mapping[str, str]) -> tuple[Differing, ...]:
    """Name each file whose definition is not the one that runs, by content: words of a comment do not count."""
    found = []
    with engine.transaction() as tx:
        for one in candidates(sources, published_workflows(tx)):
            current = tx.of(DefinitionStore).current(one.kind, one.name)
            if current is None or current.content_hash != one.as_version(current.version).content_hash:
                found.append(Differing(one.file, one.kind, one.name, current.version if current else 0))
    return tuple(found)


def published_workflows(tx: Transaction) -> Definitions:
    """Give the texts of published workflows, for `extends`."""
    stored = tx.of(DefinitionStore).published(DefinitionKind.WORKFLOW.value)
    return Definitions(
        sources={(DefinitionKind.WORKFLOW, one.name): Source(f"{one.name}.yaml", one.source) for one in stored}
    )


def lint_within(engine: Engine, tx: Transaction, sources: Mapping[str, str]) -> tuple[Finding, ...]:
    """List what is wrong with the texts of some files, within a transaction."""
    published = published_workflows(tx)
    findings = engine.lint(sources, published)
    if has_errors(findings):
        return findings
    return (*findings, *limits_in_use(engine, tx, candidates(sources, published)))


def publish_now(
    engine: Engine, tx: Transaction, one: Candidate, *, author: str, now: datetime, only_new: bool = False
) -> Published:
    """Publish a definition without a second person: for what comes with a release, and where nobody is yet."""
    tx.of(DefinitionStore).hold(one.kind, one.name)
    current = runs_already(tx, one)
    if current is None and only_new:
        current = tx.of(DefinitionStore).current(one.kind, one.name)
    if current is not None:
        return Published(one.kind, one.name, current.version, current.content_hash, changed=False, file=one.file)
    new = next_version(engine, tx, one, author=author, status="published", at=now)
    tx.of(DefinitionStore).publish(new, contract_hashes=contracts(engine, one), at=now)
    return Published(new.kind, new.name, new.version, new.content_hash, changed=True, file=one.file)


def runs_already(tx: Transaction, one: Candidate) -> StoredDefinition | None:
    """Give the version that runs when it says what a file says; words of a comment do not count."""
    current = tx.of(DefinitionStore).current(one.kind, one.name)
    if current is not None and current.content_hash == one.as_version(current.version).content_hash:
        return current
    return None


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
    """Give a definition as it is stored: in the version of its file, or in the next free one when that is taken."""
    newest = tx.of(DefinitionStore).newest_version(one.kind, one.name)
    new = one.as_version(newest + 1) if one.version <= newest else one
    return StoredDefinition(
        id=engine.entropy.uuid(), kind=new.kind, name=new.name, version=new.version, title=new.title, status=status,
        content_hash=new.content_hash, source=new.source, flattened=new.flattened, author=author, published_at=at,
        owner_unit_id=owner,
    )  # fmt: skip


def contracts(engine: Engine, one: Candidate) -> dict[str, object]:
    """Give the contract of each step type that a workflow uses, as it is installed now."""
    if not isinstance(one.record, Workflow):
        return {}
    infos = ((step.uses, engine.catalogue.find(step.uses)) for step in one.record.steps.values())
    return {uses: info.contract or info.contract_hash for uses, info in infos if info is not None}


def publishing(kind: str) -> Action:
    """Name what somebody must be allowed to do to publish a definition of a kind."""
    return _WHO_PUBLISHES.get(kind, Action.PUBLISH)


def refused(findings: Iterable[Finding]) -> DefinitionError:
    """Give the error that carries findings, told by the first of them."""
    found = tuple(findings)
    first = next(finding for finding in found if has_errors((finding,)))
    where = f"{first.file}:{first.line}:{first.column}"
    return DefinitionError(name=first.file, count=len(found), where=where, first=first.message, findings=found)
