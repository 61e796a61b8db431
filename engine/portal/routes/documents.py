"""The papers of a case: open, print, release."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from engine.adapters.sql.queries.documents import paper as paper_view
from engine.domain.policy import Action
from engine.errors import AlreadyEndedError, ReplacedError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.security import PAPER_POLICY
from engine.portal.visit import Visit
from engine.usecases.documents import leaves_the_network, open_document, print_document, release_document

router = APIRouter()


@router.get("/documents/{document_id}")
def paper(visit: SignedIn, document_id: UUID) -> Response:
    """Show a paper of a case as it is printed; it may bring its own style and do nothing else."""
    html = open_document(visit.engine, document_id, viewer=visit.viewer)
    return HTMLResponse(html, headers={"Content-Security-Policy": PAPER_POLICY})


@router.get("/documents/{document_id}/pdf")
def printed(visit: SignedIn, document_id: UUID) -> Response:
    """Give a paper as PDF."""
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
    paper = visit.engine.ask(paper_view, visit.viewer, document_id)
    return visit.go(f"/cases/{paper.case_id}", said="released_paper")


def _page(visit: Visit, document_id: UUID, *, problem: str = "") -> Response:
    paper = visit.engine.ask(paper_view, visit.viewer, document_id)
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
