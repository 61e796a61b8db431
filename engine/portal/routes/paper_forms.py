"""The blank paper forms: what a step asks, to be filled in by hand where there is no network."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from engine.errors import NotFoundError, UnknownStepTypeError
from engine.portal.dependencies import SignedIn
from engine.portal.security import PAPER_POLICY
from engine.portal.visit import Visit
from engine.usecases.paper_forms import asked_of_people, paper_form, paper_form_name

router = APIRouter()


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
def printed(visit: SignedIn, key: str) -> Response:
    """Give a blank form as PDF."""
    pdf = visit.engine.printer.pdf(_form(visit, key))
    headers = {"Content-Disposition": f'attachment; filename="{paper_form_name(key)}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _form(visit: Visit, key: str) -> str:
    try:
        return paper_form(visit.engine.registry, visit.engine.renderer, key)
    except UnknownStepTypeError:
        raise NotFoundError(kind="paper form") from None
