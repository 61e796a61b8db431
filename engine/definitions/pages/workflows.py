"""The pages of workflows: drafts, versions, and their text with what was found in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from engine.approvals.records import NoSecondPersonError
from engine.builtin import REPORT
from engine.core.policy import Action
from engine.definitions.actions.drafts import my_drafts, open_draft, save_draft, undo_draft
from engine.definitions.actions.preview import preview_files
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.actions.publish import lint_source, publishing, require_author
from engine.definitions.pages.drafting import new_id, unused_names
from engine.definitions.pages.ladders import time_line
from engine.definitions.records import PreviewView
from engine.definitions.views import definition as definition_view
from engine.definitions.views import definitions, retired
from engine.errors import IcmcError, NotAllowedError
from engine.language.catalogue import Output, StepTypeInfo
from engine.language.diagram import Drawing, draw
from engine.language.editing import with_value
from engine.language.findings import DefinitionError, Finding, has_errors
from engine.language.lanes import LaneView, acts_in_words, in_lanes, step_in_words
from engine.language.library import DefinitionKind, json_schema
from engine.language.lint.fields import outputs_of
from engine.language.names import OF_PERSONS, Role
from engine.language.workflow import StepSpec
from engine.retention.actions.retention import retention_policies
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, source_of, text, typed
from engine.web.security import POLICY
from engine.web.visit import Visit

AnyKind = Annotated[str, Path(pattern=r"^(workflow|ladder|law|calendar|retention)$")]
_POLICY: Final = f"{POLICY}; connect-src 'self'"
"""The editor asks this portal, which no other page does."""


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
Number = Annotated[int, Query(ge=1, le=1_000_000)]
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


_NOTHING, _NONE_IS = "-", "None: begin with one step, and add the others"
_FROM_NOTHING: Final = """workflow: {name}
version: 1
title: ""
case_type: trafficking
start: {{on: hand}}

steps:
  first:
    uses: core.ask
    title: The first step
    assign: {{role: case_manager}}
    time: {{from: start, limit: P1D}}

close: {{when: all}}
"""
"""What a workflow is that begins with nothing: a step to be changed, and somebody begins it in a case."""


@router.get("/workflows")
def workflows(visit: SignedIn) -> Response:
    """List the published workflows."""
    found = visit.engine.ask_all(definitions, "workflow", *_OTHERS)
    drafts = my_drafts(visit.engine, viewer=visit.viewer) if visit.may(Action.PUBLISH) else ()
    return visit.page(
        "workflows.html",
        title="Workflows",
        section="workflows",
        definitions=[one for one in found if one.kind == "workflow"],
        others=[one for one in found if one.kind != "workflow"],
        retired=visit.engine.ask_all(retired),
        may_publish=visit.may(Action.PUBLISH),
        drafts=[one for one in drafts if one[0] != "rota"],
    )


@router.get("/workflows/new")
def new(visit: SignedIn) -> Response:
    """Begin a workflow."""
    return _edit_page(visit, "", _BLANK)


@router.post("/workflows/new")
def new_posted(visit: SignedIn, form: Posted) -> Response:
    """Begin a draft of a new workflow from another one; check the text of a new workflow, or propose it."""
    return _begun(visit, form) if text(form, "action") == "begin" else _checked_or_published(visit, "", form)


@router.get("/workflows/{name}")
def workflow(
    visit: SignedIn,
    name: Name,
    version: Number | None = None,
    step: Annotated[str, Query(max_length=100)] = "",
    lanes: LaneView = LaneView.PILLAR,
) -> Response:
    """Show one workflow: the published version or the one asked for, as a picture and as its text."""
    definition = visit.engine.ask_all(definition_view, "workflow", name, version)
    compiled = visit.engine.definitions.get(definition.content_hash)
    catalogue, laws = visit.engine.catalogue, visit.engine.library().law_words(visit.today, say)
    return visit.page(
        "workflow.html",
        title=say("Workflow {name}", name=name),
        section="workflows",
        definition=definition,
        compiled=compiled,
        by=lanes,
        lanes=in_lanes(compiled.workflow, catalogue, by=lanes, chosen=step, laws=laws, tell=say) if compiled else None,
        step=step_in_words(compiled.workflow, step, catalogue, laws, tell=say) if compiled else None,
        key=step,
        acts=acts_in_words(compiled.workflow, catalogue, laws, tell=say) if compiled else (),
        lines=numbered(definition.source),
        may_publish=visit.may(Action.PUBLISH),
        may_move=visit.may(Action.STEER),
        may_count=visit.may(Action.SEE_STATISTICS),
    )


@router.get("/workflows/{name}/diagram")
def diagram(visit: SignedIn, name: Name, version: Number | None = None) -> Response:
    """Show the diagram of a workflow in full size."""
    definition = visit.engine.ask_all(definition_view, "workflow", name, version)
    compiled = visit.engine.definitions.get(definition.content_hash)
    laws = visit.engine.library().law_words(visit.today, say)
    drawing = draw(compiled.workflow, visit.engine.catalogue, laws, tell=say) if compiled else None
    return visit.page(
        "diagram.html", title=say("Diagram of {name}", name=name), section="workflows", definition=definition,
        svg=_picture(visit, drawing) if drawing else "", drawing=drawing,
    )  # fmt: skip


@router.get("/definitions/{kind}/{name}")
def definition_page(visit: SignedIn, kind: Kind, name: Name) -> Response:
    """Show the text of a ladder, a law pack, a calendar or a retention policy, also of one that was retired."""
    definition = visit.engine.ask_all(definition_view, kind, name, None)
    ladder = visit.engine.library().ladders.get(name) if kind == "ladder" else None
    return visit.page(
        "definition.html", title=say("{kind} {name}", kind=kind.capitalize(), name=name),
        section="workflows", definition=definition,
        note=_note(visit, kind, name),
        levels=time_line(ladder.levels) if ladder else (),
        lines=numbered(definition.source),
        may_change=visit.may(publishing(kind)),
    )  # fmt: skip


@router.get("/workflows/{name}/edit")
def edit(visit: SignedIn, name: Name) -> Response:
    """Open the text of the viewer's draft of a workflow, or of what runs."""
    return _edit_page(visit, name, open_draft(visit.engine, "workflow", name, viewer=visit.viewer).source)


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
    if name:
        save_draft(visit.engine, "workflow", name, source, viewer=visit.viewer)
    if text(form, "action") != "publish":
        return _checked(visit, name, source)
    if name and (why := unused_names(open_draft(visit.engine, "workflow", name, viewer=visit.viewer))):
        return _edit_page(visit, name, source, alone=why)
    try:
        proposed = propose_definition(visit.engine, source=source, viewer=visit.viewer)
    except NoSecondPersonError as error:
        return _edit_page(visit, name, source, alone=str(error))
    except DefinitionError as error:
        findings = [finding for finding in error.findings if isinstance(finding, Finding)]
        findings = findings or list(lint_source(visit.engine, source))
        return _edit_page(visit, name, source, findings=findings, checked=True, refused=True)
    if name:
        undo_draft(visit.engine, "workflow", name, viewer=visit.viewer, whole=True)
    if proposed.waits_for:
        return visit.go(f"/waiting/{proposed.waits_for}", said="proposed")
    return visit.go(f"/workflows/{proposed.name}", said="unchanged")


def _checked(visit: Visit, name: str, source: str) -> Response:
    """Show what was found, or else which limits the new version changes."""
    findings = lint_source(visit.engine, source)
    sources = {"workflow.yaml": source}
    told = None if has_errors(findings) else preview_files(visit.engine, sources, viewer=visit.viewer, tell=say)
    return _edit_page(visit, name, source, findings=findings, checked=True, preview=told)


def _begun(visit: Visit, form: FormData) -> Response:
    """Save a draft that extends another workflow, or copies it, under a name made of its title."""
    _require_author(visit)
    title, base = text(form, "title"), text(form, "base")
    found = {one.name: one for one in visit.engine.ask_all(definitions, "workflow")}
    errors = {} if title else {"title": "Write what it is for: this becomes its name."}
    errors |= {} if base in {_NOTHING, *found} else {"base": "Choose the workflow to begin from."}
    name = new_id(title, ()).replace("_", "-")
    if name in found:
        errors["title"] = say("There is already a workflow {name}: choose another title.", name=name)
    if errors:
        return _edit_page(visit, "", _BLANK, again=Again(errors, typed(form)))
    if base == _NOTHING:
        source = with_value(_FROM_NOTHING.format(name=name), ("title",), title)
    elif text(form, "how") == "copy":
        source = found[base].source
        for path, value in ((("workflow",), name), (("version",), 1), (("title",), title)):
            source = with_value(source, path, value)
    else:
        source = with_value(f"workflow: {name}\nversion: 1\nextends: {base}\n", ("title",), title)
    save_draft(visit.engine, "workflow", name, source, viewer=visit.viewer)
    return visit.go(f"/workflows/{name}/draft", said="draft_saved")


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
    again: Again = FIRST,
) -> Response:
    _require_author(visit)
    bases = () if name else visit.engine.ask_all(definitions, "workflow")
    page = visit.page(
        "workflow-edit.html",
        title=say("Edit workflow {name}", name=name) if name else "New workflow",
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
        bases=[
            Item(value, words, checked=again.typed.get("base") == value)
            for value, words in ((_NOTHING, _NONE_IS), *((one.name, one.title or one.name) for one in bases))
        ],
        again=again,
    )
    return with_editor(page)


def _picture(visit: Visit, drawing: Drawing) -> str:
    """Return the picture of a workflow; where none can be made, the page has the list alone."""
    try:
        return visit.engine.draw(drawing)
    except IcmcError:
        return ""


def with_editor(page: Response) -> Response:
    """Let the editor of a page ask for findings and words."""
    page.headers["Content-Security-Policy"] = _POLICY
    return page


@router.post("/drafts/{kind}/findings")
def findings(visit: SignedIn, kind: AnyKind, form: Posted) -> Response:
    """Return what is wrong with a text, each with its line and column; nothing is kept."""
    require_author(visit.viewer, kind, "")
    found = lint_source(visit.engine, source_of(form))
    return JSONResponse({"findings": [one.as_json() for one in found]})


@router.get("/drafts/{kind}/words")
def words(visit: SignedIn, kind: AnyKind) -> Response:
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
