"""Publish definitions: from a text that was checked to the version that new cases run on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import DefinitionError, NotAllowedError
from engine.spec.calendars import Calendar
from engine.spec.extends import Library, Source, load_workflow_text
from engine.spec.findings import Finding, has_errors
from engine.spec.ladders import Ladder
from engine.spec.law import LawPack
from engine.spec.yaml_files import YamlDocument, read_yaml
from engine.stores import StoredDefinition, UnitOfWork
from engine.views import Viewer

SHIPPED = "shipped"
_MODELS: Mapping[str, type[BaseModel]] = {"calendar": Calendar, "ladder": Ladder, "law": LawPack}


@dataclass(frozen=True, slots=True)
class Published:
    """What is published now; `changed` is false when it was published already."""

    kind: str
    name: str
    version: int
    content_hash: str
    changed: bool


def lint_source(engine: Engine, source: str, *, file: str = "workflow.yaml") -> tuple[Finding, ...]:
    """List what is wrong with the text of a workflow; nothing is changed."""
    with engine.unit_of_work() as work:
        return engine.lint(source, file, _library(work))


def publish_workflow(engine: Engine, *, source: str, viewer: Viewer, file: str = "workflow.yaml") -> Published:
    """Publish a workflow; running cases stay on their version.

    A text equal to what is published changes nothing. The version is the file's, or the next free number when that one
    is taken by another text. Raises `NotAllowedError`, or `DefinitionError` with the findings: nothing is changed then.
    """
    if not can(viewer, Action.PUBLISH):
        raise NotAllowedError(actor=viewer.name, action=Action.PUBLISH.value)
    return _publish_workflow(engine, source, author=viewer.name, file=file)


def publish_shipped(engine: Engine, sources: Mapping[str, str]) -> tuple[Published, ...]:
    """Publish the definitions that came with this release, where nothing of their name is published yet.

    `sources` maps a file's name to its text. What a coordinator has published since is left alone. The same files are
    looked at once only.
    """
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
    with engine.unit_of_work() as work:
        if work.records.installation(SHIPPED) == {"digest": digest}:
            return ()
    done = _publish_files(engine, sources)
    with engine.unit_of_work() as work:
        work.records.set_installation(SHIPPED, {"digest": digest})
        work.commit()
    return done


def _publish_files(engine: Engine, sources: Mapping[str, str]) -> tuple[Published, ...]:
    done = []
    parsed = {file: read_yaml(text, file=file) for file, text in sources.items()}
    for file, document in parsed.items():
        kind = next((kind for kind in _MODELS if isinstance(document.data, dict) and kind in document.data), None)
        if kind is not None:
            done.append(_publish_data(engine, kind, sources[file], document.data, file=file))
    engine.refresh_definitions()
    library = _files(sources, parsed)
    for file, document in parsed.items():
        if isinstance(document.data, dict) and "workflow" in document.data:
            done.append(
                _publish_workflow(engine, sources[file], author="shipped", file=file, library=library, only_new=True)
            )
    engine.refresh_definitions()
    return tuple(done)


def _publish_workflow(
    engine: Engine, source: str, *, author: str, file: str, library: Library | None = None, only_new: bool = False
) -> Published:
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        others = library or _library(work)
        workflow, _ = load_workflow_text(source, file=file, library=others)
        findings = engine.lint(source, file, others)
        if workflow is None or has_errors(findings):
            raise _refused(file, findings)
        current = work.definitions.current("workflow", workflow.workflow)
        if current is not None and (only_new or current.content_hash == workflow.content_hash):
            return Published("workflow", current.name, current.version, current.content_hash, changed=False)
        newest = work.definitions.newest_version("workflow", workflow.workflow)
        if workflow.version <= newest:
            workflow = workflow.model_copy(update={"version": newest + 1})
        content = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        hashes = {
            step.uses: info.contract_hash
            for step in workflow.steps.values()
            if (info := engine.catalogue.find(step.uses)) is not None
        }
        stored = StoredDefinition(
            id=engine.entropy.uuid(), kind="workflow", name=workflow.workflow, version=workflow.version,
            title=workflow.title, status="published", content_hash=workflow.content_hash, source=source,
            flattened=content, author=author, published_at=now,
        )  # fmt: skip
        work.definitions.publish(stored, contract_hashes=hashes, at=now)
        work.commit()
    return Published("workflow", stored.name, stored.version, stored.content_hash, changed=True)


def _publish_data(engine: Engine, kind: str, source: str, data: Any, *, file: str) -> Published:  # noqa: ANN401
    now = engine.clock.now()
    try:
        model = _MODELS[kind].model_validate(data)
    except ValidationError as error:
        detail = error.errors()[0]
        raise DefinitionError(
            name=file, count=error.error_count(), where=str(detail["loc"]), first=detail["msg"]
        ) from None
    flattened = model.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content_hash = hashlib.sha256(json.dumps(flattened, sort_keys=True).encode()).hexdigest()
    name, title = str(flattened[kind]), str(flattened.get("title", ""))
    with engine.unit_of_work() as work:
        current = work.definitions.current(kind, name)
        if current is not None:
            return Published(kind, name, current.version, current.content_hash, changed=False)
        stored = StoredDefinition(
            id=engine.entropy.uuid(), kind=kind, name=name, version=int(flattened.get("version", 1)), title=title,
            status="published", content_hash=content_hash, source=source, flattened=flattened, author="shipped",
            published_at=now,
        )  # fmt: skip
        work.definitions.publish(stored, contract_hashes={}, at=now)
        work.commit()
    return Published(kind, name, stored.version, content_hash, changed=True)


def _library(work: UnitOfWork) -> Library:
    """Find the texts of published workflows, for `extends`."""

    def find(name: str) -> Source | None:
        stored = work.definitions.current("workflow", name)
        return Source(f"{name}.yaml", stored.source) if stored else None

    return find


def _files(sources: Mapping[str, str], parsed: Mapping[str, YamlDocument]) -> Library:
    """Find the texts of workflows among files, for `extends`."""
    by_name = {
        str(document.data["workflow"]): Source(file, sources[file])
        for file, document in parsed.items()
        if isinstance(document.data, dict) and "workflow" in document.data
    }
    return by_name.get


def _refused(file: str, findings: tuple[Finding, ...]) -> DefinitionError:
    first = next(finding for finding in findings if has_errors((finding,)))
    where = f"{first.file}:{first.line}:{first.column}"
    return DefinitionError(name=file, count=len(findings), where=where, first=first.message, findings=findings)
