"""Publish definitions: from texts that were checked to the versions that run."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import DefinitionError, NotAllowedError
from engine.spec.extends import Source
from engine.spec.findings import Finding, has_errors
from engine.spec.library import Definitions, Kind
from engine.spec.workflow import Workflow
from engine.stores import StoredDefinition, UnitOfWork
from engine.usecases.candidates import Candidate, candidates, limits_in_use
from engine.views import Viewer

SHIPPED = "shipped"
_COUNTS_NO_TIME = frozenset({Kind.WORKFLOW.value, Kind.RETENTION.value})
_WHO_PUBLISHES = {Kind.CALENDAR.value: Action.KEEP_CALENDARS, Kind.RETENTION.value: Action.KEEP_RETENTION}


@dataclass(frozen=True, slots=True)
class Published:
    """What is published now; `changed` is false when it was published already."""

    kind: str
    name: str
    version: int
    content_hash: str
    changed: bool
    file: str = ""


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
    with engine.unit_of_work() as work:
        return _lint(engine, work, sources)


def publish_definition(engine: Engine, *, source: str, viewer: Viewer, file: str = "definition.yaml") -> Published:
    """Publish one definition of any kind, as `publish_files` does."""
    return publish_files(engine, {file: source}, viewer=viewer)[0]


def publish_files(engine: Engine, sources: Mapping[str, str], *, viewer: Viewer) -> tuple[Published, ...]:
    """Publish the definitions of some files at once: all of them, or none.

    Running cases stay on their version of a workflow. A new version of a calendar, ladder or law pack holds for every
    open deadline: a recount is asked for. What is equal to what is published changes nothing. The version is the
    file's, or the next free number when that one is taken. Raises `NotAllowedError`, or `DefinitionError` with the
    findings: nothing is changed then.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        findings = _lint(engine, work, sources)
        if has_errors(findings):
            raise refused(findings)
        found = candidates(sources, published_workflows(work))
        for one in found:
            _require_author(viewer, one)
        done = tuple(_publish(engine, work, one, author=viewer.name, now=now) for one in found)
        for published in done:
            if published.changed and published.kind not in _COUNTS_NO_TIME:
                work.recounts.ask(
                    engine.entropy.uuid(), kind=published.kind, name=published.name, by=viewer.actor_id, at=now
                )
        work.commit()
    engine.refresh_definitions()
    return done


def publish_shipped(engine: Engine, sources: Mapping[str, str]) -> tuple[Published, ...]:
    """Publish the definitions that came with this release, where nothing of their name is published yet.

    `sources` maps a file's name to its text. What a coordinator has published since is left alone. The same files are
    looked at once only. Raises `DefinitionError` when one of them has errors: nothing is changed then.
    """
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        if work.records.installation(SHIPPED) == {"digest": digest}:
            return ()
        findings = _lint(engine, work, sources)
        if has_errors(findings):
            raise refused(findings)
        done = tuple(
            _publish(engine, work, one, author=SHIPPED, now=now, only_new=True)
            for one in candidates(sources, published_workflows(work))
        )
        work.records.set_installation(SHIPPED, {"digest": digest})
        work.commit()
    engine.refresh_definitions()
    return done


def differing(engine: Engine, sources: Mapping[str, str]) -> tuple[Differing, ...]:
    """Name each file whose definition is not the one that runs, by content: words of a comment do not count."""
    found = []
    with engine.unit_of_work() as work:
        for one in candidates(sources, published_workflows(work)):
            current = work.definitions.current(one.kind, one.name)
            if current is None or current.content_hash != one.as_version(current.version).content_hash:
                found.append(Differing(one.file, one.kind, one.name, current.version if current else 0))
    return tuple(found)


def published_workflows(work: UnitOfWork) -> Definitions:
    """Give the texts of published workflows, for `extends`."""
    stored = work.definitions.published(Kind.WORKFLOW.value)
    return Definitions(sources={(Kind.WORKFLOW, one.name): Source(f"{one.name}.yaml", one.source) for one in stored})


def _lint(engine: Engine, work: UnitOfWork, sources: Mapping[str, str]) -> tuple[Finding, ...]:
    published = published_workflows(work)
    findings = engine.lint(sources, published)
    if has_errors(findings):
        return findings
    return (*findings, *limits_in_use(engine, work, candidates(sources, published)))


def _publish(
    engine: Engine, work: UnitOfWork, one: Candidate, *, author: str, now: datetime, only_new: bool = False
) -> Published:
    work.definitions.hold(one.kind, one.name)
    current = work.definitions.current(one.kind, one.name)
    if current is not None and (only_new or current.content_hash == one.as_version(current.version).content_hash):
        return Published(one.kind, one.name, current.version, current.content_hash, changed=False, file=one.file)
    newest = work.definitions.newest_version(one.kind, one.name)
    new = one.as_version(newest + 1) if one.version <= newest else one
    stored = StoredDefinition(
        id=engine.entropy.uuid(), kind=new.kind, name=new.name, version=new.version, title=new.title,
        status="published", content_hash=new.content_hash, source=new.source, flattened=new.flattened, author=author,
        published_at=now,
    )  # fmt: skip
    work.definitions.publish(stored, contract_hashes=_contracts(engine, new), at=now)
    return Published(new.kind, new.name, new.version, new.content_hash, changed=True, file=one.file)


def _contracts(engine: Engine, one: Candidate) -> dict[str, str]:
    if not isinstance(one.record, Workflow):
        return {}
    infos = ((step.uses, engine.catalogue.find(step.uses)) for step in one.record.steps.values())
    return {uses: info.contract_hash for uses, info in infos if info is not None}


def _require_author(viewer: Viewer, one: Candidate) -> None:
    action = publishing(one.kind)
    if not can(viewer, action):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def publishing(kind: str) -> Action:
    """Name what somebody must be allowed to do to publish a definition of a kind."""
    return _WHO_PUBLISHES.get(kind, Action.PUBLISH)


def refused(findings: Iterable[Finding]) -> DefinitionError:
    """Give the error that carries findings, told by the first of them."""
    found = tuple(findings)
    first = next(finding for finding in found if has_errors((finding,)))
    where = f"{first.file}:{first.line}:{first.column}"
    return DefinitionError(name=first.file, count=len(found), where=where, first=first.message, findings=found)
