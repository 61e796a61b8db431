"""What the editor of a definition's text asks for: what is wrong with it, and which words may stand in it."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Path
from starlette.responses import JSONResponse, Response

from engine.builtin import REPORT
from engine.definitions.actions.publish import lint_source, require_author
from engine.definitions.views import definitions
from engine.language.catalogue import Output, StepTypeInfo
from engine.language.library import DefinitionKind, json_schema
from engine.language.lint.fields import outputs_of
from engine.language.names import OF_PERSONS, Role
from engine.language.workflow import StepSpec
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import source_of
from engine.web.security import POLICY
from engine.web.visit import Visit

router = APIRouter()
Kind = Annotated[str, Path(pattern=r"^(workflow|ladder|law|calendar|retention)$")]
_POLICY: Final = f"{POLICY}; connect-src 'self'"
"""The editor asks this portal, which no other page does."""


def with_editor(page: Response) -> Response:
    """Let the editor of a page ask for findings and words."""
    page.headers["Content-Security-Policy"] = _POLICY
    return page


@router.post("/drafts/{kind}/findings")
def findings(visit: SignedIn, kind: Kind, form: Posted) -> Response:
    """Return what is wrong with a text, each with its line and column; nothing is kept."""
    require_author(visit.viewer, kind, "")
    found = lint_source(visit.engine, source_of(form))
    return JSONResponse({"findings": [one.as_json() for one in found]})


@router.get("/drafts/{kind}/words")
def words(visit: SignedIn, kind: Kind) -> Response:
    """Return the keys of a kind of definition, and the names that may stand in it."""
    require_author(visit.viewer, kind, "")
    library, catalogue = visit.engine.library(), visit.engine.catalogue
    report = catalogue.find(REPORT)
    return JSONResponse({
        "kind": kind,
        "schema": json_schema(DefinitionKind(kind)),
        "types": {info.key: _type(info) for info in map(catalogue.find, catalogue.keys()) if info},
        "report": _choices(report.outputs) if report else {},
        "person": dict.fromkeys(OF_PERSONS, ()),
        "ladders": {name: one.title for name, one in library.ladders.items()},
        "laws": {limit.id: limit.what for pack in library.packs.values() for limit in pack.limits},
        "roles": {role.value: role.label for role in Role},
        "workflows": _workflows(visit),
    })  # fmt: skip


def _type(info: StepTypeInfo) -> dict[str, object]:
    """Tell of a step type what a file may say of its steps."""
    outputs = {**dict(outputs_of(StepSpec(uses=info.key), info)), **info.computes}
    return {"title": info.title, "outputs": _choices(outputs), "moments": info.event_times}


def _choices(outputs: Mapping[str, Output]) -> dict[str, tuple[str, ...]]:
    """Return what each output can be, written as conditions write it; nothing where that is no list of words."""
    return {name: output.choices for name, output in outputs.items()}


def _workflows(visit: Visit) -> dict[str, dict[str, object]]:
    """Tell of each workflow that runs its title and the type of each of its steps, which another one can inherit."""
    found: dict[str, dict[str, object]] = {}
    for one in visit.engine.ask_all(definitions, DefinitionKind.WORKFLOW.value):
        compiled = visit.engine.definitions.get(one.content_hash)
        steps = compiled.workflow.steps if compiled else {}
        found[one.name] = {"title": one.title, "steps": {key: step.uses for key, step in steps.items()}}
    return found
