"""Ladders, law packs and calendars: their text is changed here, after a look at what that would do."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from engine.definitions.actions.preview import preview_files
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.actions.publish import lint_source, publishing
from engine.definitions.pages.workflows import numbered
from engine.definitions.records import PreviewView
from engine.definitions.views import definition
from engine.errors import DefinitionError, NoSecondPersonError, NotAllowedError
from engine.language.findings import Finding, has_errors
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import source_of, text
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Kind = Annotated[str, Path(pattern=r"^(ladder|law|calendar|retention)$")]


@router.get("/definitions/{kind}/{name}/edit")
def edit(visit: SignedIn, kind: Kind, name: Name) -> Response:
    """Open the text of a ladder, a law pack or a calendar."""
    _require_author(visit, kind)
    return _page(visit, kind, name, visit.engine.ask_all(definition, kind, name, None).source)


@router.post("/definitions/{kind}/{name}/edit")
def edit_posted(visit: SignedIn, kind: Kind, name: Name, form: Posted) -> Response:
    """Check the text and show what it would do, or publish it."""
    _require_author(visit, kind)
    source = source_of(form)
    file = f"{name}.yaml"
    wants_to_publish = text(form, "action") == "publish"
    findings = lint_source(visit.engine, source, file=file)
    if has_errors(findings):
        return _page(visit, kind, name, source, findings=findings, checked=True, refused=wants_to_publish)
    try:
        if not wants_to_publish:
            told = preview_files(visit.engine, {file: source}, viewer=visit.viewer)
            return _page(visit, kind, name, source, findings=findings, checked=True, preview=told)
        done = propose_definition(visit.engine, source=source, viewer=visit.viewer, file=file)
    except NoSecondPersonError as error:
        return _page(visit, kind, name, source, findings=findings, checked=True, alone=str(error))
    except DefinitionError as error:
        found = [finding for finding in error.findings if isinstance(finding, Finding)]
        return _page(visit, kind, name, source, findings=found, checked=True, refused=True)
    if done.waits_for:
        return visit.go(f"/waiting/{done.waits_for}", said="proposed")
    return visit.go(f"/definitions/{done.kind}/{done.name}", said="unchanged")


def _require_author(visit: Visit, kind: str) -> None:
    action = publishing(kind)
    if not visit.may(action):
        raise NotAllowedError(actor=visit.viewer.name, action=action.value)


def _page(
    visit: Visit,
    kind: str,
    name: str,
    source: str,
    *,
    findings: Sequence[Finding] = (),
    checked: bool = False,
    refused: bool = False,
    preview: PreviewView | None = None,
    alone: str = "",
) -> Response:
    return visit.page(
        "definition-edit.html",
        title=f"Edit {name}",
        section="workflows",
        status=422 if refused or alone else 200,
        alone=alone,
        kind=kind,
        name=name,
        source=source,
        lines=numbered(source, findings) if findings else (),
        findings=findings,
        has_errors=has_errors(findings),
        checked=checked,
        refused=refused,
        preview=preview,
    )
