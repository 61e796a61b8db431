"""What endpoints ask for: the visit of a signed-in person, and the form that was posted."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import FormData

from engine.sign_in.actions.sessions import viewer_of
from engine.web.security import session_token
from engine.web.visit import Visit, portal_of

MOST_FIELDS = 2_000
_WITHOUT_FACTOR = ("/account", "/step-up", "/kept/")
"""What somebody may open who has yet to set up the second factor that they need."""


class NotSignedInError(Exception):
    """Raised when a page needs somebody who is signed in; `next_path` is where they wanted to go."""

    def __init__(self, next_path: str) -> None:
        self.next_path = next_path
        super().__init__("nobody is signed in")


class EnrolFirstError(Exception):
    """Raised when somebody needs a second factor and has not set it up yet."""


def visit_of(request: Request) -> Visit:
    """Return the visit of who is signed in; raises `NotSignedInError`, `EnrolFirstError`."""
    portal = portal_of(request)
    token = session_token(request)
    viewer = viewer_of(portal.engine, token) if token else None
    if viewer is None:
        wanted = request.url.path if request.method == "GET" else ""
        raise NotSignedInError(quote(wanted))
    portal.sessions.add(token)
    if viewer.must_enrol and not request.url.path.startswith(_WITHOUT_FACTOR):
        raise EnrolFirstError
    return Visit(request, portal, viewer, portal.engine.together(viewer))


async def posted_form(request: Request) -> FormData:
    """Read the form that was posted; files are not taken."""
    return await request.form(max_files=0, max_fields=MOST_FIELDS)


SignedIn = Annotated[Visit, Depends(visit_of)]
Posted = Annotated[FormData, Depends(posted_form)]
