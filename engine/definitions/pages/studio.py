"""Change a workflow by its picture: a step is opened beside it, its form changes the draft, the draft is proposed."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.builtin import REPORT
from engine.db.reading import field_of
from engine.definitions.actions.drafts import DefinitionDraft, open_draft
from engine.definitions.pages.drafting import (
    MEND_FIRST,
    answered,
    new_id,
    only_names,
    picture_of,
    reasons,
    saved,
    worst_first,
)
from engine.definitions.pages.follow_up_form import titles_of
from engine.definitions.pages.part_form import PartEditor, PartList
from engine.definitions.pages.part_kinds import EDITORS
from engine.definitions.pages.question_form import REMOVED, Edit, edited, text_or_posted
from engine.definitions.pages.rule_form import (
    ASKABLE,
    ConditionChoice,
    Outputs,
    chosen_of,
    condition_choice,
    is_rich,
    written_condition,
)
from engine.definitions.pages.step_form import StepEditor, StepForm
from engine.definitions.views import definitions
from engine.errors import InvalidAnswersError
from engine.language.editing import UneditableError, with_value, without
from engine.language.findings import has_errors
from engine.language.lanes import Lanes, LaneView, Mark, in_lanes
from engine.language.words import WorkflowWords
from engine.language.workflow import Workflow
from engine.language.yaml_files import Plain, read_yaml
from engine.plugin.fields import FieldSpec
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item, controls, questions
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, typed, whole_number
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Key = Annotated[str, Query(max_length=100)]
_WORKFLOW: Final = "workflow"
_EVERYWHERE: Final = "core"
_BEGINS: Final = {"report": "A report opens it by itself", "hand": "Someone begins it in a case"}
_PLACE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_MOST_PRIORITY: Final = 1_000
_LONGEST: Final = {"title": 500, "description": 2_000}


class WholeForm(NamedTuple):
    """What holds for a whole workflow, as a form shows it."""

    title: str
    description: str
    begins: tuple[Item, ...]
    when: ConditionChoice
    places: str
    priority: str


@router.get("/workflows/{name}/draft")
def draft(
    visit: SignedIn,
    name: Name,
    step: Key = "",
    lanes: LaneView = LaneView.PILLAR,
    after: Key = "",
    whole: bool = False,  # noqa: FBT001, FBT002 - a query parameter
    part: Key = "",
    named: Key = "",
) -> Response:
    """Show the viewer's draft of a workflow, or what runs, as a picture; beside it the form of a step, or of all."""
    known = open_draft(visit.engine, _WORKFLOW, name, viewer=visit.viewer, tell=say)
    return _page(visit, known, step, lanes, after=after, is_whole=whole, part=(part, named))


@router.post("/workflows/{name}/draft")
def draft_posted(visit: SignedIn, name: Name, form: Posted) -> Response:
    """Change, add or take out a step, change the whole, undo what was saved last, discard the draft, or propose it."""
    known, key = open_draft(visit.engine, _WORKFLOW, name, viewer=visit.viewer, tell=say), text(form, "step")
    here = f"/workflows/{name}/draft"
    return answered(
        visit, known, form, here=here, page=lambda again: _page(visit, known, again=again),
        save=lambda: _changed(visit, known, key, form),
    )  # fmt: skip


def _changed(visit: Visit, known: DefinitionDraft, key: str, form: FormData) -> Response:
    """Save the draft with what the form changes of it; where the text cannot be read, say so beside the picture."""
    workflow = known.loaded.workflow if known.loaded else None
    action = text(form, "action")
    if action in {"part", "part_gone"}:
        return _part_changed(visit, known, form)
    if workflow is None or (action not in {"add", "whole"} and key not in workflow.steps):
        return _page(visit, known, key, again=Again({"text": MEND_FIRST}))
    if action == "add":
        key, problem = _key_of_new(visit, workflow, form)
        if problem:
            return _page(visit, known, "", again=Again({"uses": problem}))
    try:
        source = _with_change(visit, known, workflow, key, form)
    except UneditableError:
        return _page(visit, known, key, again=Again({"text": MEND_FIRST}))
    except InvalidAnswersError as error:
        again = Again(error.problems, typed(form))
        return _page(visit, known, key, again=again, posted=form, is_whole=action == "whole")
    here = f"/workflows/{known.name}/draft"
    return saved(visit, known, here, source, **({"step": key} if action in {"add", "step"} else {}))


def _part_changed(visit: Visit, known: DefinitionDraft, form: FormData) -> Response:
    """Save the draft with what the form of a part changes of it, or without that part."""
    part = text(form, "part"), text(form, "named")
    editor, here = _part_editor(visit, known, part), f"/workflows/{known.name}/draft"
    if editor is None:
        return _page(visit, known, again=Again({"text": MEND_FIRST}))
    try:
        if text(form, "action") == "part_gone":
            return saved(visit, known, here, editor.removed(known.source, known.inherited), whole="1")
        editor.require_free(form, lambda: _made_from(visit, known.name))
        source, named = editor.changed(known.source, known.inherited, form)
    except InvalidAnswersError as error:
        return _page(visit, known, again=Again(error.problems, typed(form)), posted=form, part=part)
    return saved(visit, known, here, source, part=part[0], named=named)


def _made_from(visit: Visit, name: str) -> dict[str, dict[str, Plain]]:
    """Return what the published workflows say that extend one, or another that does: the data of each by its title."""
    found = {one.name: (one.title or one.name, one.source) for one in visit.engine.ask_all(definitions, "workflow")}
    said = {key: read_yaml(source, file=f"{key}.yaml").data for key, (_, source) in found.items()}
    files = {key: data for key, data in said.items() if isinstance(data, dict)}
    known, heirs = {name}, list[str]()
    while new := [key for key, data in files.items() if key not in known and data.get("extends") in known]:
        known, heirs = known | {*new}, [*heirs, *new]
    return {found[key][0]: files[key] for key in heirs}


def _kinds(visit: Visit, known: DefinitionDraft, workflow: Workflow | None) -> list[PartList]:
    """List the parts of a workflow beside its steps, by their kinds."""
    if known.loaded is None or workflow is None:
        return []
    given = known.loaded, workflow, visit.engine.catalogue, "", known.inherited
    return [editor(*given).listed() for editor in EDITORS.values()]


def _part_editor(visit: Visit, known: DefinitionDraft, part: tuple[str, str]) -> PartEditor | None:
    """Return what shows and changes a part of a workflow, or a new one of its kind."""
    workflow, (kind, name) = known.loaded.workflow if known.loaded else None, part
    if known.loaded is None or workflow is None or kind not in EDITORS:
        return None
    ladders = titles_of(visit.engine.library())
    editor = EDITORS[kind](known.loaded, workflow, visit.engine.catalogue, name, known.inherited, ladders)
    return editor if editor.is_there else None


def _with_change(visit: Visit, known: DefinitionDraft, workflow: Workflow, key: str, form: FormData) -> str:
    match text(form, "action"):
        case "remove":
            return without(known.source, ("steps", key), inherited=known.inherited)
        case "whole":
            problems = dict(_problems_of_whole(form))
            if problems:
                raise InvalidAnswersError(problems)
            return edited(known.source, _edits_of_whole(workflow, _report(visit), form), known.inherited)
        case "add":
            after = text(form, "add_after")
            step = {"uses": text(form, "uses")} | (
                {"title": text(form, "add_title")} if text(form, "add_title") else {}
            )
            step |= {"after": after} if after in workflow.steps else {}
            return with_value(known.source, ("steps", key), {**step}, inherited=known.inherited)
        case _:
            assert known.loaded  # noqa: S101 - there is no workflow without it
            editor = StepEditor(known.loaded, workflow, visit.engine.catalogue, key)
            return editor.changed(known.source, known.inherited, form)


def _report(visit: Visit) -> Outputs:
    """Return what a report says that a condition can ask, as a list offers it."""
    info = visit.engine.catalogue.find(REPORT)
    outputs = info.outputs if info else {}
    return {"The report": {f"report.{name}": one for name, one in outputs.items() if one.kind in ASKABLE}}


def _whole(visit: Visit, workflow: Workflow, posted: FormData | None) -> WholeForm:
    """Return the form of the whole workflow; with what was `posted`, where that is shown again."""
    begins = workflow.start.on if posted is None else text(posted, "begins")
    words = WorkflowWords({}, visit.engine.catalogue, tell=say)
    return WholeForm(
        text_or_posted(posted, "title", workflow.title),
        text_or_posted(posted, "description", workflow.description),
        tuple(Item(value, said, checked=value == begins) for value, said in _BEGINS.items()),
        condition_choice("start", workflow.start.when, _report(visit), words, posted),
        text_or_posted(posted, "places", ", ".join(workflow.jurisdictions)),
        text_or_posted(posted, "priority", str(workflow.priority)),
    )


def _places(form: FormData) -> list[str]:
    return [one.strip().upper() for one in text(form, "places").split(",") if one.strip()]


def _problems_of_whole(form: FormData) -> Iterator[tuple[str, str]]:
    if not text(form, "title"):
        yield "title", "Write what it is for."
    for name, most in _LONGEST.items():
        if len(text(form, name)) > most:
            yield name, say("Write at most {number} letters.", number=most)
    if text(form, "begins") not in _BEGINS:
        yield "begins", "Choose one of the list."
    if not all(_PLACE.fullmatch(one) for one in _places(form)):
        yield "places", "Write codes of places with commas between them, such as IN-AS, IN-WB, or leave it empty."
    if not 0 <= whole_number(form, "priority") <= _MOST_PRIORITY:
        yield "priority", say("Write a whole number from 0 to {number}.", number=_MOST_PRIORITY)


def _edits_of_whole(workflow: Workflow, report: Outputs, form: FormData) -> Iterator[Edit]:
    """Yield what the posted form changes of the whole workflow."""
    said = {name: text(form, name).replace("\r\n", "\n") for name in ("title", "description")}
    for name, value in said.items():
        if value != getattr(workflow, name):
            yield (name,), value or REMOVED
    if text(form, "begins") != workflow.start.on:
        yield ("start", "on"), text(form, "begins")
    wanted = text(form, "start-when")
    if not is_rich(workflow.start.when, report) and wanted != chosen_of(workflow.start.when):
        yield ("start", "when"), written_condition(wanted, report) or REMOVED
    if _places(form) != list(workflow.jurisdictions):
        yield ("jurisdictions",), [*_places(form)] or REMOVED
    if whole_number(form, "priority") != workflow.priority:
        yield ("priority",), whole_number(form, "priority") or REMOVED


def _key_of_new(visit: Visit, workflow: Workflow, form: FormData) -> tuple[str, str]:
    """Return a key for a step to be added, made of its title; or what does not fit."""
    info = visit.engine.catalogue.find(text(form, "uses"))
    if info is None:
        return "", "Choose what is done in the new step."
    return new_id(text(form, "add_title") or info.title, workflow.steps), ""


def _page(
    visit: Visit,
    known: DefinitionDraft,
    key: str = "",
    lanes: LaneView = LaneView.PILLAR,
    *,
    after: str = "",
    again: Again = FIRST,
    posted: FormData | None = None,
    is_whole: bool = False,
    part: tuple[str, str] = ("", ""),
) -> Response:
    workflow = known.loaded.workflow if known.loaded else None
    picture, of_part = _picture(visit, known, lanes, key), _part_editor(visit, known, part)
    return visit.page(
        "studio.html",
        title=say("Draft of {name}", name=known.name),
        section="workflows",
        draft=known,
        title_of=workflow.title if workflow else known.name,
        change=known.change,
        only_names=only_names(known),
        findings=worst_first(known.findings),
        has_errors=has_errors(known.findings),
        by=lanes,
        lanes=picture,
        form=_step_form(visit, known, key, posted),
        asked=[one.label for one in _fields(visit, workflow, key, added=False)],
        looks=controls(questions(_fields(visit, workflow, key)), zone=visit.viewer.zone, now=visit.now),
        whole=_whole(visit, workflow, posted) if workflow and is_whole else None,
        kinds=_kinds(visit, known, workflow) if is_whole else [],
        part=of_part.form(posted) if of_part else None,
        uses=_step_types(visit) if not key else (),
        steps=_steps(picture, after) if picture and not key else (),
        only_text=reasons("workflow" if is_whole else "step"),
        again=again,
    )


def _step_form(visit: Visit, known: DefinitionDraft, key: str, posted: FormData | None) -> StepForm | None:
    workflow, library = known.loaded.workflow if known.loaded else None, visit.engine.library()
    if not known.loaded or not workflow or key not in workflow.steps:
        return None
    editor = StepEditor(known.loaded, workflow, visit.engine.catalogue, key, library.law_words(visit.today, say))
    return editor.form(library, posted)


def _fields(visit: Visit, workflow: Workflow | None, key: str, *, added: bool = True) -> tuple[FieldSpec, ...]:
    """List what the form of a step asks: the questions of its type, and those that the workflow adds."""
    step = workflow.steps.get(key) if workflow else None
    step_type = visit.engine.registry.step_types.get(step.uses) if step else None
    own = step_type.fields if step_type else ()
    return (*own, *(field_of(one) for one in (step.questions if step and added else ())))


def _picture(visit: Visit, known: DefinitionDraft, by: LaneView, key: str) -> Lanes | None:
    workflow = known.loaded.workflow if known.loaded else None
    if workflow is None:
        return None
    laws = visit.engine.library().law_words(visit.today, say)
    drawn = picture_of(visit, known.change, by=by, chosen=key)
    return drawn or in_lanes(workflow, visit.engine.catalogue, by=by, chosen=key, laws=laws, tell=say)


def _steps(picture: Lanes, after: str) -> list[Item]:
    """List the steps that another one can come after; proposed is the one looked at before, or the only one."""
    rows = [row for row in picture.rows if row.key and row.mark is not Mark.GONE]
    return [Item(row.key, row.node.title, checked=row.key == after or len(rows) == 1) for row in rows]


def _step_types(visit: Visit) -> list[tuple[str, list[Item]]]:
    """Return what a step can do by pillar, what fits into every workflow first, each by its title."""
    catalogue = visit.engine.catalogue
    known = [(key, info.title) for key in sorted(catalogue.keys()) if (info := catalogue.find(key))]
    pillars = sorted(
        (one.pillar for one in visit.engine.registry.installed), key=lambda one: (one.key != _EVERYWHERE, one.name)
    )
    found = (
        (one.name, [Item(key, title, checked=False) for key, title in known if key.partition(".")[0] == one.key])
        for one in pillars
    )
    return [(name, sorted(items, key=lambda one: one.text)) for name, items in found if items]
