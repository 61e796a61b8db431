"""Papers and paper forms of a case."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from engine.core.policy import Action
from engine.documents.actions.paper_forms import asked_of_people, paper_form, paper_form_name
from engine.documents.actions.papers import leaves_the_network, open_document, print_document, release_document
from engine.documents.views import paper as paper_view
from engine.errors import AlreadyEndedError, NotFoundError, ReplacedError, UnknownStepTypeError
from engine.web.dependencies import Posted, SignedIn
from engine.web.security import PAPER_POLICY
from engine.web.visit import Visit

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
        title=f"Release: {paper.title}",
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
        return paper_form(visit.engine.registry, visit.engine.renderer, key)
    except UnknownStepTypeError:
        raise NotFoundError(kind="paper form") from None
