"""Papers, paper forms and files of a case: taken in, offered by forms, printed, given out."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response, StreamingResponse

from engine.core.files import LARGEST, MEDIA_TYPES, FileKind
from engine.core.policy import Action
from engine.documents.actions.attachments import (
    Arrival,
    OpenedFile,
    files_of,
    may_add,
    open_file,
    refuse_file,
    require_may_add,
)
from engine.documents.actions.paper_forms import asked_of_people, paper_form, paper_form_name
from engine.documents.actions.papers import leaves_the_network, open_document, print_document, release_document
from engine.documents.records import FileHeldBackError, ReplacedError
from engine.documents.views import paper as paper_view
from engine.errors import AlreadyEndedError, DamagedError, InvalidAnswersError, KeyMissingError, NotFoundError
from engine.overview.views.case import case_page
from engine.plugin.copies import CHILD_SHOWN, LABEL, might_show_child
from engine.plugin.registry import UnknownStepTypeError
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item, summary_of
from engine.web.languages import say
from engine.web.security import PAPER_POLICY
from engine.web.turns import alone
from engine.web.uploads import FieldSent, FileBegins, FilePart, Sent, posted_parts
from engine.web.visit import Visit
from engine.work.actions.answers import notify_of_child
from engine.work.records import FieldView, FileView

router = APIRouter()


@router.get("/documents/{document_id}")
def paper(visit: SignedIn, document_id: UUID) -> Response:
    """Show a paper of a case as it is printed; it may bring its own style and do nothing else."""
    html = open_document(visit.engine, document_id, viewer=visit.viewer)
    return HTMLResponse(html, headers={"Content-Security-Policy": PAPER_POLICY})


@router.get("/documents/{document_id}/pdf")
def printed(visit: SignedIn, document_id: UUID) -> Response:
    """Return a paper as PDF."""
    made = print_document(visit.engine, document_id, viewer=visit.viewer)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.pdf, media_type="application/pdf", headers=headers)


@router.get("/documents/{document_id}/release")
def releasing(visit: SignedIn, document_id: UUID) -> Response:
    """Ask whether somebody answers for a paper leaving the network."""
    return _page(visit, document_id)


@router.post("/documents/{document_id}/release")
def released(visit: SignedIn, document_id: UUID, form: Posted) -> Response:
    """Write that they do."""
    command_id = visit.command_of(form)
    try:
        release_document(visit.engine, document_id, viewer=visit.viewer, command_id=command_id)
    except (AlreadyEndedError, ReplacedError) as error:
        return _page(visit, document_id, problem=str(error))
    paper = visit.ask(paper_view, document_id)
    return visit.go(f"/cases/{paper.case_id}", said="released_paper")


def _page(visit: Visit, document_id: UUID, *, problem: str = "") -> Response:
    paper = visit.ask(paper_view, document_id)
    visit.must(Action.RELEASE, paper.case_id)
    return visit.page(
        "release-paper.html",
        title=say("Release: {title}", title=say(paper.title)),
        section="track",
        status=409 if problem else 200,
        paper=paper,
        leaves=leaves_the_network(visit.engine, paper.name),
        problems=[("#release", problem)] if problem else [],
        command_id=visit.new_command(),
    )


@router.get("/paper-forms")
def paper_forms(visit: SignedIn) -> Response:
    """List the forms of all step types that people answer."""
    groups = asked_of_people(visit.engine.registry)
    return visit.page("paper-forms.html", title="Paper forms", section="manage", groups=groups)


@router.get("/paper-forms/{key}")
def blank(visit: SignedIn, key: str) -> Response:
    """Show a blank form as it is printed."""
    return HTMLResponse(_form(visit, key), headers={"Content-Security-Policy": PAPER_POLICY})


@router.get("/paper-forms/{key}/pdf")
def printed_form(visit: SignedIn, key: str) -> Response:
    """Return a blank form as PDF."""
    pdf = visit.engine.printer.pdf(_form(visit, key))
    headers = {"Content-Disposition": f'attachment; filename="{paper_form_name(key)}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _form(visit: Visit, key: str) -> str:
    try:
        return paper_form(visit.engine.registry, visit.engine.papers, key)
    except UnknownStepTypeError:
        raise NotFoundError(kind="paper form") from None


KINDS: Final[Mapping[str, str]] = {
    FileKind.IDENTITY.value: "Identity document",
    FileKind.ORDER.value: "Order or letter from an authority",
    FileKind.MEDICAL.value: "Medical document",
    FileKind.PICTURE.value: "Picture or film",
    FileKind.STATEMENT.value: "Statement",
    FileKind.CONSENT.value: "Signed consent",
    FileKind.OTHER.value: "Something else",
}


def with_files(
    fields: Iterable[FieldView], names: frozenset[str], files: Iterable[FileView], zone: str
) -> tuple[FieldView, ...]:
    """Return the questions with the files to choose from at those that are named; without files they stay as they are.

    What can be read no more, or is held back, is not offered.
    """
    numbered = enumerate(files, start=1)
    offered = {
        str(file.id): _words(number, file, zone)
        for number, file in numbered
        if file.is_readable and not file.is_deferred
    }
    if not offered:
        return tuple(fields)
    return tuple(field.model_copy(update={"choices": offered}) if field.name in names else field for field in fields)


def _words(number: int, file: FileView, zone: str) -> str:
    return f"{number}. {KINDS.get(file.kind, file.kind)}, {-(-file.size // 1000)} kB, {_local(file.added_at, zone)}"


def _local(instant: datetime, zone: str) -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M}"


SCANS: Final[Mapping[str, str]] = {
    "clean": "Nothing harmful found",
    "infected": "Set aside: a scanner found something harmful",
    "not_scanned": "Not scanned",
}


@router.get("/cases/{case_id}/files")
def files(visit: SignedIn, case_id: UUID) -> Response:
    """List the files of a case."""
    return _page_of_attachments(visit, case_id)


@router.post("/cases/{case_id}/files")
async def add(request: Request, visit: SignedIn, case_id: UUID) -> Response:
    """Add a file to a case; it is sealed as it arrives."""
    await run_in_threadpool(require_may_add, visit.engine, case_id, viewer=visit.viewer)
    receiving = Receiving(visit, case_id)
    try:
        async for sent in posted_parts(request):
            await run_in_threadpool(receiving.take, sent)
        await alone(receiving.finish)
    except InvalidAnswersError as error:
        if might_show_child(receiving.child_shown):
            await run_in_threadpool(notify_of_child, visit.engine, case_id, viewer=visit.viewer)
        return await run_in_threadpool(_page_of_attachments, visit, case_id, errors=error.problems, told=receiving)
    finally:
        await run_in_threadpool(receiving.give_up)
    return visit.go(f"/cases/{case_id}/files", said="file")


@router.post("/cases/{case_id}/files/{file_id}/copy")
def shared_copy(visit: SignedIn, case_id: UUID, file_id: UUID) -> Response:
    """Give out the copy without metadata; that it was looked at is recorded first."""
    return _given_out(visit, case_id, file_id, original=False)


@router.post("/cases/{case_id}/files/{file_id}/original")
def original(visit: SignedIn, case_id: UUID, file_id: UUID) -> Response:
    """Give out a file as it came, after a recent proof of who it is; that it was looked at is recorded first."""
    return _given_out(visit, case_id, file_id, original=True)


class Receiving:
    """A form with a file, as far as it has come: what the file is must come before the file.

    `kind` names the field that says what the file is. Where the form asks for more than a file, none need come with it.
    """

    def __init__(self, visit: Visit, case_id: UUID, *, kind: str = "kind", is_needed: bool = True) -> None:
        """Begin with nothing; the viewer may add files to the case."""
        self._visit, self._case_id, self._kind, self._is_needed = visit, case_id, kind, is_needed
        self._arrival: Arrival | None = None
        self._problems: dict[str, str] = {}
        self.fields: dict[str, str] = {}

    @property
    def kind(self) -> str:
        """What the file is said to be, if that has come."""
        return self.fields.get(self._kind, "").strip()

    @property
    def child_shown(self) -> str:
        """What was said to whether a child is shown naked or abused, if that has come."""
        return self.fields.get("child_shown", "").strip()

    def take(self, sent: Sent) -> None:
        """Take what came; after a file that does not fit the rest of it is read over, so that the answer is heard."""
        if isinstance(sent, FieldSent):
            self.fields[sent.name] = sent.value
            return
        if self._problems:
            return
        try:
            match sent:
                case FileBegins(""):
                    pass
                case FileBegins(name):
                    self._begin(name)
                case FilePart(content) if self._arrival is not None:
                    self._arrival.take(content)
                case _:
                    pass
        except InvalidAnswersError as error:
            self._problems = error.problems

    def finish(self) -> UUID | None:
        """Keep the file and return its id, None where none came; raises `InvalidAnswersError` for an unfit one."""
        if self._problems:
            raise InvalidAnswersError(self._problems)
        if self._arrival is None:
            if might_show_child(self.child_shown):
                refuse_file(self.child_shown)
            if self._is_needed:
                problems = {} if self.kind in KINDS else {"kind": "Say what it is."}
                raise InvalidAnswersError({**problems, "file": "Choose a file."})
            return None
        kept = self._arrival.finish()
        self._arrival = None
        return kept

    def give_up(self) -> None:
        """Leave nothing behind."""
        if self._arrival is not None:
            self._arrival.give_up()

    def _begin(self, name: str) -> None:
        problems = {} if self.kind in KINDS else {self._kind: "Say what it is."}
        if self._arrival is not None:
            problems["file"] = "Choose one file."
        try:
            refuse_file(self.child_shown)
        except InvalidAnswersError as error:
            problems = {**error.problems, **problems}
        if problems:
            raise InvalidAnswersError(problems)
        self._arrival = Arrival(
            self._visit.engine, self._case_id, viewer=self._visit.viewer, name=name, kind=FileKind(self.kind),
            child_shown=self.child_shown,
        )  # fmt: skip


def upload_of(told: Mapping[str, str], kind: str = "kind") -> Mapping[str, object]:
    """Return what the questions about a new file need, with the answers that were given; see `Receiving`."""
    return {
        "endings": ", ".join(MEDIA_TYPES),
        "accept": ",".join(f".{ending}" for ending in MEDIA_TYPES if ending != "heic"),  # telephones then send a JPEG
        "largest": LARGEST // 1_000_000,
        "kinds": [Item(value, text, value == told.get(kind)) for value, text in KINDS.items()],
        "child_label": LABEL,
        "child_choices": [Item(value, text, value == told.get("child_shown")) for value, text in CHILD_SHOWN.items()],
    }


def _given_out(visit: Visit, case_id: UUID, file_id: UUID, *, original: bool) -> Response:
    try:
        opened = open_file(visit.engine, file_id, case_id=case_id, viewer=visit.viewer, original=original)
    except (FileHeldBackError, DamagedError) as error:
        return _page_of_attachments(visit, case_id, errors={"held": str(error)})
    except KeyMissingError:
        return _page_of_attachments(
            visit, case_id, errors={"held": "Its key was destroyed: the file can no longer be opened."}
        )
    return StreamingResponse(
        opened.parts,
        media_type=opened.media_type,
        headers={
            "Content-Disposition": disposition(opened),
            "Content-Length": str(opened.size),
            "Content-Security-Policy": PAPER_POLICY,
        },
    )


def disposition(opened: OpenedFile) -> str:
    """Say that a file is to be saved, under its name, in the two ways of RFC 6266: plain letters, and all letters."""
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_. ") else "_" for letter in opened.name
    )
    return f"attachment; filename=\"{plain or 'file'}\"; filename*=UTF-8''{quote(opened.name, safe='')}"


def _page_of_attachments(
    visit: Visit, case_id: UUID, *, errors: Mapping[str, str] | None = None, told: Receiving | None = None
) -> Response:
    case = visit.ask(case_page, case_id)
    found = files_of(visit.engine, case_id, viewer=visit.viewer)
    return visit.page(
        "files.html",
        title=say("Files, case {number}", number=case.number),
        section="track",
        status=422 if errors else 200,
        zone=case.zone,
        case=case,
        files=found,
        kinds=KINDS,
        scans=SCANS,
        may_add=visit.may(Action.ADD_FILE) and may_add(visit.engine, case_id, viewer=visit.viewer),
        errors=errors or {},
        problems=summary_of(errors),
        upload=upload_of(told.fields if told else {}),
    )
