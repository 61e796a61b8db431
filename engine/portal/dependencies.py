"""What endpoints ask for: the visit of a signed-in person, and the form that was posted."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import FormData

from engine.portal.security import COOKIE
from engine.portal.visit import Visit, portal_of
from engine.usecases.sign_in import viewer_of

MOST_FIELDS = 2_000


class NotSignedInError(Exception):
    """Raised when a page needs somebody who is signed in; `next_path` is where they wanted to go."""

    def __init__(self, next_path: str) -> None:
        self.next_path = next_path
        super().__init__("nobody is signed in")


def visit_of(request: Request) -> Visit:
    """Give the visit of who is signed in; raises `NotSignedInError`."""
    portal = portal_of(request)
    token = request.cookies.get(COOKIE, "")
    viewer = viewer_of(portal.engine, token) if token else None
    if viewer is None:
        wanted = request.url.path if request.method == "GET" else ""
        raise NotSignedInError(quote(wanted))
    return Visit(request, portal, viewer)


async def posted_form(request: Request) -> FormData:
    """Read the form that was posted; files are not taken."""
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


SignedIn = Annotated[Visit, Depends(visit_of)]
Posted = Annotated[FormData, Depends(posted_form)]
