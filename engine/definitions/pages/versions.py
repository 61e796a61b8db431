"""Versions of a definition: the text that is changed, what a proposed one changes in words, and going back."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.approvals.records import ApprovalKind, NoSecondPersonError, WaitingView
from engine.approvals.views import waiting as waiting_view
from engine.definitions.actions.drafts import (
    DefinitionDraft,
    compare_versions,
    open_draft,
    roll_back,
    save_draft,
    undo_draft,
)
from engine.definitions.actions.preview import preview_files
from engine.definitions.actions.proposals import proposed_changes
from engine.definitions.actions.publish import publishing, require_author
from engine.definitions.actions.retire import propose_retirement, proposed_retirement
from engine.definitions.pages.drafting import after_undo, page_of, picture_of, proposed
from engine.definitions.pages.ladder_edits import read_ladder
from engine.definitions.pages.ladders import time_line
from engine.definitions.pages.message_texts import as_read
from engine.definitions.pages.workflows import numbered, with_editor
from engine.definitions.records import PreviewView, RetirementError
from engine.definitions.views import retirement as retirement_view
from engine.definitions.views import versions as versions_view
from engine.documents.actions.papers import PLACES
from engine.errors import InvalidAnswersError, NotFoundError
from engine.language.findings import DefinitionError, has_errors
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import error_words, say
from engine.web.posted import FIRST, Again, source_of, text, typed
from engine.web.visit import Visit

router = APIRouter()
Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
Kind = Annotated[str, Path(pattern=r"^(ladder|law|calendar|retention)$")]


@router.get("/definitions/{kind}/{name}/edit")
def edit(visit: SignedIn, kind: Kind, name: Name) -> Response:
    """Open the text of the viewer's draft, or of what runs: of a ladder, a law pack, a calendar, a retention policy."""
    return _page(visit, open_draft(visit.engine, kind, name, viewer=visit.viewer, tell=say))


@router.post("/definitions/{kind}/{name}/edit")
def edit_posted(visit: SignedIn, kind: Kind, name: Name, form: Posted) -> Response:
    """Save the draft and show what it would do, propose it, undo what was saved last, or discard it."""
    open_draft(visit.engine, kind, name, viewer=visit.viewer)
    action = text(form, "action")
    if action in {"undo", "discard"}:
        undo_draft(visit.engine, kind, name, viewer=visit.viewer, whole=action == "discard")
        return visit.go(after_undo(visit, kind, name, f"/definitions/{kind}/{name}/edit"), said=f"draft_{action}")
    save_draft(visit.engine, kind, name, source_of(form), viewer=visit.viewer)
    known = open_draft(visit.engine, kind, name, viewer=visit.viewer, tell=say)
    propose = action == "publish"
    if has_errors(known.findings):
        return _page(visit, known, checked=True, refused=propose)
    try:
        if not propose:
            told = preview_files(visit.engine, {f"{name}.yaml": known.source}, viewer=visit.viewer, tell=say)
            return _page(visit, known, checked=True, preview=told)
        return proposed(visit, known, lambda again: _page(visit, known, checked=True, again=again))
    except DefinitionError:
        return _page(visit, known, checked=True, refused=True)


def _page(
    visit: Visit,
    draft: DefinitionDraft,
    *,
    checked: bool = False,
    refused: bool = False,
    preview: PreviewView | None = None,
    again: Again = FIRST,
) -> Response:
    findings = draft.findings if checked else ()
    page = visit.page(
        "definition-edit.html",
        title=say("Edit {name}", name=draft.name),
        section="workflows",
        status=422 if refused else 200,
        again=again,
        kind=draft.kind,
        name=draft.name,
        draft=draft,
        lines=numbered(draft.source, findings) if findings else (),
        findings=findings,
        has_errors=has_errors(findings),
        checked=checked,
        refused=refused,
        preview=preview,
    )
    return with_editor(page)


AnyKind = Annotated[str, Path(pattern=r"^(workflow|ladder|law|calendar|retention|message|document|rota)$")]
Number = Annotated[int, Query(ge=1, le=1_000_000)]


@router.get("/definitions/{kind}/{name}/versions")
def versions(
    visit: SignedIn, kind: AnyKind, name: Name, before: Number | None = None, after: Number | None = None
) -> Response:
    """List the versions of a definition, with what one of them changes of another in words."""
    return _versions_page(visit, kind, name, before, after)


@router.post("/definitions/{kind}/{name}/versions")
def versions_posted(visit: SignedIn, kind: AnyKind, name: Name, form: Posted) -> Response:
    """Propose that a version runs again, or that none does any more."""
    require_author(visit.viewer, kind, name)
    if text(form, "action") == "retire":
        return _retire(visit, kind, name, form)
    number = int(text(form, "version")) if text(form, "version").isdecimal() else 0
    try:
        done = roll_back(visit.engine, kind, name, number, viewer=visit.viewer)
    except (NoSecondPersonError, DefinitionError) as error:
        return _versions_page(visit, kind, name, again=Again({"change": str(error)}))
    return visit.go(f"/waiting/{done.waits_for}", said="proposed") if done.waits_for else visit.go(page_of(kind, name))


def _retire(visit: Visit, kind: str, name: str, form: FormData) -> Response:
    try:
        done = propose_retirement(visit.engine, kind, name, reason=text(form, "reason"), viewer=visit.viewer)
    except (NoSecondPersonError, RetirementError) as error:
        return _versions_page(visit, kind, name, again=Again({"retire": error_words(error)}, typed(form)))
    except InvalidAnswersError as error:
        return _versions_page(visit, kind, name, again=Again(error.problems, typed(form)))
    return visit.go(f"/waiting/{done.waits_for}", said="proposed")


def _versions_page(
    visit: Visit, kind: str, name: str, before: int | None = None, after: int | None = None, *, again: Again = FIRST
) -> Response:
    if kind == "rota":
        require_author(visit.viewer, kind, name)
    found = visit.engine.ask_all(versions_view, kind, name)
    if not found:
        raise NotFoundError(kind="definition")
    numbers = [one.version for one in found]
    runs = next((one.version for one in found if one.status == "published"), 0)
    if len(found) > 1:
        before, after = before or numbers[1], after or numbers[0]
    change = compare_versions(visit.engine, kind, name, before, after, tell=say) if before and after else None
    title = say("the rota of {unit}", unit=found[0].owner) if kind == "rota" else found[0].title or name
    may_publish, has_page = visit.may(publishing(kind)), runs or kind in {"rota", "message", "document"}
    return visit.page(
        "versions.html",
        title=say("Versions of {name}", name=title),
        section="workflows",
        page=page_of(kind, name) if has_page else "/workflows",
        back_to=title if has_page else "Workflows",
        title_of=title,
        versions=found,
        runs=runs,
        change=change,
        compared=[[Item(str(one), str(one), checked=one == chosen) for one in numbers] for chosen in (before, after)],
        lanes=picture_of(visit, change),
        may_go_back=may_publish and change is not None and change.runs == runs != change.version,
        may_publish=may_publish,
        may_retire=may_publish and bool(runs),
        retirement=visit.engine.ask_all(retirement_view, kind, name),
        again=again,
    )


@router.get("/waiting/{request_id}")
def change(visit: SignedIn, request_id: UUID) -> Response:
    """Show what a proposed definition changes of the one that runs, in words and as its text; or what is to retire."""
    it = next((one for one in visit.ask(waiting_view) if one.id == request_id), None)
    if it is not None and it.kind == ApprovalKind.RETIREMENT:
        return _retiring_page(visit, it)
    changes = proposed_changes(visit.engine, request_id, viewer=visit.viewer, tell=say)
    return visit.page(
        "proposed.html",
        title="A changed definition" if any(one.runs for one in changes) else "A new definition",
        section="waiting",
        it=it,
        changes=changes,
        pictures={one.name: picture_of(visit, one) for one in changes},
        ladders={one.name: _levels(one.source) for one in changes if one.kind == "ladder"},
        texts={one.name: as_read(visit, one.name, one.source) for one in changes if one.kind == "message"},
        places=PLACES,
        preview=_what_it_does(visit, {f"{one.kind}-{one.name}.yaml": one.source for one in changes}),
        command_id=visit.new_command(),
    )


def _retiring_page(visit: Visit, it: WaitingView) -> Response:
    """Show the text of what would be retired, and what is said of it."""
    return visit.page(
        "retiring.html", title="A definition to be retired", section="waiting", it=it,
        retires=proposed_retirement(visit.engine, it.id, viewer=visit.viewer), command_id=visit.new_command(),
    )  # fmt: skip


def _levels(source: str) -> tuple[tuple[str, str, str], ...]:
    ladder = read_ladder(source)
    return time_line(ladder.levels) if ladder else ()


def _what_it_does(visit: Visit, sources: Mapping[str, str]) -> PreviewView | None:
    """Say what it would do to open cases; None for what fits no longer what runs."""
    try:
        return preview_files(visit.engine, sources, viewer=visit.viewer, tell=say)
    except DefinitionError:
        return None
