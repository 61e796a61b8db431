"""The diary of a case: what was noted, without its words until they are asked for; a note in two clicks."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID, uuid5

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.cases.actions.deciding import note_reading
from engine.cases.records import ANSWER, NOTE_WORDS
from engine.core.policy import Action
from engine.course.actions.diary import make_note, read_notes
from engine.course.actions.steer import add_step, call_step
from engine.documents.pages import KINDS, Receiving, upload_of
from engine.errors import InvalidAnswersError, together
from engine.overview.pages.glance import tabs_of
from engine.overview.pages.plan import OfferGroup, callable_steps, offered_step_types, read_call
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.overview.views.history import case_diary
from engine.plugin.copies import might_show_child
from engine.web.dependencies import Posted, SignedIn, posted_form, tried
from engine.web.languages import say
from engine.web.posted import FIRST, Again, given_instant, text, uuid_or_none, whole_number
from engine.web.turns import alone
from engine.web.uploads import is_upload, posted_parts
from engine.web.visit import Visit
from engine.work.actions.answers import notify_of_child

router = APIRouter()
NOTES: Final = 6
"""How many notes are shown at once."""
_FORESEEN: Final = "="
_NEW: Final = {"file": "new_file"}
"""Where the page says what is wrong with a file that came with a note."""


@router.get("/cases/{case_id}/diary")
def diary(visit: SignedIn, case_id: UUID, page: Annotated[int, Query(ge=1, le=1_000)] = 1) -> Response:
    """Show what was noted, without its words, and ask for a note."""
    shown = _page(visit, case_id, page=page)
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    return shown


@router.post("/cases/{case_id}/diary")
async def noted(request: Request, visit: SignedIn, case_id: UUID) -> Response:
    """Keep the note with its file, which is encrypted as it arrives, and open the step that was chosen with it."""
    await run_in_threadpool(visit.must, Action.WORK, case_id)
    if not is_upload(request.scope):
        return await run_in_threadpool(_noted, visit, case_id, await posted_form(request))
    receiving, misread, file_id = Receiving(visit, case_id, kind="file_kind", is_needed=False), dict[str, str](), None
    try:
        async for sent in posted_parts(request):
            await run_in_threadpool(receiving.take, sent)
        file_id = await alone(receiving.finish)
    except InvalidAnswersError as error:
        misread = {_NEW.get(name, name): sentence for name, sentence in error.problems.items()}
        if might_show_child(receiving.child_shown):
            await run_in_threadpool(notify_of_child, visit.engine, case_id, viewer=visit.viewer)
    finally:
        await run_in_threadpool(receiving.give_up)
    form = FormData(receiving.fields | ({"file": str(file_id)} if file_id else {}))
    return await run_in_threadpool(_noted, visit, case_id, form, misread)


def _noted(visit: Visit, case_id: UUID, form: FormData, unfit: Mapping[str, str] = MappingProxyType({})) -> Response:
    def act(command_id: UUID) -> None:
        person_id, file_id = uuid_or_none(form, "person"), uuid_or_none(form, "file")
        happened_at, step, misread = None, "", dict(unfit)
        try:
            happened_at, step = together(
                partial(given_instant, form, "happened_at", visit.viewer.zone, until=visit.now),
                partial(_step_chosen, visit, case_id, text(form, "step")),
            )
        except InvalidAnswersError as error:
            misread |= error.problems
        make_note(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, kind=text(form, "kind"),
            words=text(form, "words"), happened_at=happened_at, person_id=person_id, file_id=file_id, misread=misread,
        )  # fmt: skip
        if step:
            _open_step(visit, case_id, step, person_id, uuid5(command_id, "step"))

    return tried(visit, form, act, partial(_page, visit, case_id), to=f"/cases/{case_id}/diary", said="noted")


@router.post("/cases/{case_id}/diary/words")
def read(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Show the words of the notes of a page, once; that they were read is recorded first."""
    words = read_notes(visit.engine, case_id, viewer=visit.viewer)
    return _page(visit, case_id, page=max(whole_number(form, "page"), 1), words=words)


def _step_chosen(visit: Visit, case_id: UUID, chosen: str) -> str:
    """Return the step that was chosen if it is offered; raises `InvalidAnswersError`."""
    offered = _offered(visit, visit.ask(case_page, case_id)) if chosen else ()
    if chosen and all(offer.value != chosen for group in offered for offer in group.offers):
        raise InvalidAnswersError({"step": "Choose one of the steps offered."})
    return chosen


def _open_step(visit: Visit, case_id: UUID, chosen: str, person_id: UUID | None, command_id: UUID) -> None:
    called = read_call(chosen.removeprefix(_FORESEEN)) if chosen.startswith(_FORESEEN) else None
    if called is None:
        add_step(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, uses=chosen, person_id=person_id)
        return
    run, key, path = called
    call_step(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, run_id=run, key=key, path=path)


def _offered(visit: Visit, case: CaseView) -> tuple[OfferGroup, ...]:
    """List the steps that can be opened with a note: those that the workflow keeps ready first."""
    if case.status != "open" or Action.CHANGE_PLAN not in case.allowed:
        return ()
    ready = callable_steps(case, visit.engine.definitions, visit.engine.registry.step_types)
    foreseen = tuple(type(one)(f"{_FORESEEN}{one.value}", one.text) for one in ready)
    groups = (OfferGroup("Prepared in this workflow", foreseen),) if foreseen else ()
    return (*groups, *offered_step_types(visit.engine.registry))


def _page(
    visit: Visit, case_id: UUID, *, again: Again = FIRST, page: int = 1, words: Mapping[int, str] | None = None
) -> Response:
    seen, found = (
        visit.soon(case_page, case_id),
        visit.soon(case_diary, case_id, offset=(page - 1) * NOTES, limit=NOTES),
    )
    case, shown = seen(), found()
    tabs = tabs_of(case)
    may_note = case.status == "open" and Action.WORK in case.allowed
    takes_files = may_note and visit.may(Action.ADD_FILE)
    return visit.page(
        "diary.html", title=say("Diary: case {number}", number=case.number),
        section="track", zone=case.zone, case=case, tabs=tabs,
        tab=next(tab for tab in tabs if tab.key == "diary"), again=again, diary=shown, answer=ANSWER,
        note_words=NOTE_WORDS, page=page,
        file_kinds=KINDS, has_more=shown.count > page * NOTES, words=words or {}, has_read=words is not None,
        may_note=may_note, offered=_offered(visit, case),
        upload=upload_of(again.typed, "file_kind") if takes_files else {},
        may_read=Action.REVEAL in case.allowed and words is None and bool(shown.notes),
    )  # fmt: skip
