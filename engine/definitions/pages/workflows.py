"""The pages of workflows: drafts, versions, and their text with what was found in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from engine.approvals.views import waiting as waiting_view
from engine.core.policy import Action
from engine.definitions.actions.preview import preview_files
from engine.definitions.actions.proposals import propose_definition, proposed_changes
from engine.definitions.actions.publish import lint_source, publishing
from engine.definitions.records import DefinitionView, PreviewView
from engine.definitions.views import definition as definition_view
from engine.definitions.views import definitions
from engine.errors import DefinitionError, IcmcError, NoSecondPersonError, NotAllowedError
from engine.language.findings import Finding, has_errors
from engine.retention.actions.retention import retention_policies
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import source_of, text
from engine.web.visit import Visit


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of a text; `is_found` when something is wrong in it."""

    number: int
    text: str
    is_found: bool


def numbered(source: str, findings: Iterable[Finding] = ()) -> tuple[SourceLine, ...]:
    """Number the lines of a text from 1."""
    found = {finding.line for finding in findings}
    return tuple(SourceLine(number, text, number in found) for number, text in enumerate(source.split("\n"), start=1))


router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Kind = Annotated[str, Path(pattern=r"^(ladder|law|calendar|retention)$")]
_OTHERS: Final = ("ladder", "law", "calendar", "retention")
_BLANK: Final = """workflow: my-workflow
version: 1
title: What this workflow is for
case_type: trafficking
start: {on: report}

steps:
  intake:
    uses: reporting.intake
    assign: {role: intake_officer}
    time: {from: start, limit: PT30M, ladder: critical}

close: {when: all, unless: open_deadlines}
"""


@router.get("/workflows")
def workflows(visit: SignedIn) -> Response:
    """List the published workflows."""
    found = visit.engine.ask_all(definitions, "workflow", *_OTHERS)
    return visit.page(
        "workflows.html",
        title="Workflows",
        section="workflows",
        definitions=[one for one in found if one.kind == "workflow"],
        others=[one for one in found if one.kind != "workflow"],
        may_publish=visit.may(Action.PUBLISH),
    )


@router.get("/workflows/new")
def new(visit: SignedIn) -> Response:
    """Begin a workflow."""
    return _edit_page(visit, "", _BLANK)


@router.post("/workflows/new")
def new_posted(visit: SignedIn, form: Posted) -> Response:
    """Check a new workflow, or publish it."""
    return _checked_or_published(visit, "", form)


@router.get("/workflows/{name}")
def workflow(visit: SignedIn, name: Name, version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None) -> Response:
    """Show one workflow: the published version or the one asked for, with its diagram and its text."""
    definition = visit.engine.ask_all(definition_view, "workflow", name, version)
    return visit.page(
        "workflow.html",
        title=f"Workflow {name}",
        section="workflows",
        definition=definition,
        compiled=visit.engine.definitions.get(definition.content_hash),
        svg=_drawing(visit, definition),
        lines=numbered(definition.source),
        versions=_versions(visit, name),
        may_publish=visit.may(Action.PUBLISH),
    )


@router.get("/workflows/{name}/diagram")
def diagram(visit: SignedIn, name: Name, version: Annotated[int | None, Query(ge=1, le=1_000_000)] = None) -> Response:
    """Show the diagram of a workflow in full size."""
    definition = visit.engine.ask_all(definition_view, "workflow", name, version)
    svg = _drawing(visit, definition)
    return visit.page("diagram.html", title=f"Diagram of {name}", section="workflows", definition=definition, svg=svg)


@router.get("/definitions/{kind}/{name}")
def definition_page(visit: SignedIn, kind: Kind, name: Name) -> Response:
    """Show the text of a ladder, a law pack, a calendar or a retention policy."""
    definition = visit.engine.ask_all(definition_view, kind, name, None)
    return visit.page(
        "definition.html", title=f"{kind.capitalize()} {name}", section="workflows", definition=definition,
        note=_note(visit, kind, name),
        lines=numbered(definition.source),
        may_change=visit.may(publishing(kind)),
    )  # fmt: skip


@router.get("/workflows/{name}/edit")
def edit(visit: SignedIn, name: Name) -> Response:
    """Open the text of a workflow."""
    return _edit_page(visit, name, visit.engine.ask_all(definition_view, "workflow", name, None).source)


@router.post("/workflows/{name}/edit")
def edit_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Check the text, or publish it as a new version."""
    return _checked_or_published(visit, name, form)


def _note(visit: Visit, kind: str, name: str) -> str:
    """Return what the ladder, law pack or calendar that runs says about itself."""
    library = visit.engine.library()
    notes = {
        "ladder": {one.name: one.note for one in library.ladders.values()},
        "law": {one.name: one.note for one in library.packs.values()},
        "calendar": {one.name: one.note for one in library.calendars.values()},
        "retention": {one.name: one.note for one in retention_policies(visit.engine)} if kind == "retention" else {},
    }
    return notes[kind].get(name, "")


def _checked_or_published(visit: Visit, name: str, form: Posted) -> Response:
    _require_author(visit)
    source = source_of(form)
    if text(form, "action") != "publish":
        return _checked(visit, name, source)
    try:
        proposed = propose_definition(visit.engine, source=source, viewer=visit.viewer)
    except NoSecondPersonError as error:
        return _edit_page(visit, name, source, alone=str(error))
    except DefinitionError as error:
        findings = [finding for finding in error.findings if isinstance(finding, Finding)]
        findings = findings or list(lint_source(visit.engine, source))
        return _edit_page(visit, name, source, findings=findings, checked=True, refused=True)
    if proposed.waits_for:
        return visit.go(f"/waiting/{proposed.waits_for}", said="proposed")
    return visit.go(f"/workflows/{proposed.name}", said="unchanged")


def _checked(visit: Visit, name: str, source: str) -> Response:
    """Show what was found, or else which limits the new version changes."""
    findings = lint_source(visit.engine, source)
    told = None if has_errors(findings) else preview_files(visit.engine, {"workflow.yaml": source}, viewer=visit.viewer)
    return _edit_page(visit, name, source, findings=findings, checked=True, preview=told)


def _require_author(visit: Visit) -> None:
    if not visit.may(Action.PUBLISH):
        raise NotAllowedError(actor=visit.viewer.name, action=Action.PUBLISH.value)


def _edit_page(
    visit: Visit,
    name: str,
    source: str,
    *,
    findings: Sequence[Finding] = (),
    checked: bool = False,
    refused: bool = False,
    preview: PreviewView | None = None,
    alone: str = "",
) -> Response:
    _require_author(visit)
    return visit.page(
        "workflow-edit.html",
        title=f"Edit workflow {name}" if name else "New workflow",
        section="workflows",
        status=422 if refused or alone else 200,
        alone=alone,
        name=name,
        source=source,
        lines=numbered(source, findings) if findings else (),
        findings=findings,
        has_errors=has_errors(findings),
        checked=checked,
        refused=refused,
        preview=preview,
    )


def _drawing(visit: Visit, definition: DefinitionView) -> str:
    """Draw the workflow; a version whose step types are no longer installed has its text, but no diagram."""
    try:
        return visit.engine.draw(visit.engine.definitions[definition.content_hash].workflow)
    except (IcmcError, KeyError):
        return ""


def _versions(visit: Visit, name: str) -> tuple[DefinitionView, ...]:
    return tuple(d for d in visit.engine.ask_all(definitions) if d.name == name)


@router.get("/waiting/{request_id}")
def change(visit: SignedIn, request_id: UUID) -> Response:
    """Show what a proposed definition changes of the one that runs, in words and as its text."""
    changes = proposed_changes(visit.engine, request_id, viewer=visit.viewer)
    return visit.page(
        "proposed.html",
        title="A changed definition",
        section="waiting",
        it=next(one for one in visit.ask(waiting_view) if one.id == request_id),
        changes=changes,
        preview=_what_it_does(visit, {f"{one.kind}-{one.name}.yaml": one.source for one in changes}),
        command_id=visit.new_command(),
    )


def _what_it_does(visit: Visit, sources: Mapping[str, str]) -> PreviewView | None:
    """Say what it would do to open cases; None for what fits no longer what runs."""
    try:
        return preview_files(visit.engine, sources, viewer=visit.viewer)
    except DefinitionError:
        return None
