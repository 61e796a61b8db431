"""What endpoints ask of a request: who is signed in, the posted form once; who must sign in first is brought back."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Final, Protocol
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from engine.assembly import Engine
from engine.errors import IcmcError, InvalidAnswersError
from engine.language.names import in_plain_words
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType
from engine.sign_in.actions.account import keep_form
from engine.sign_in.actions.sessions import viewer_of, who_was_signed_in
from engine.sign_in.records import StepUpNeededError
from engine.web.posted import Again, typed, without_refused
from engine.web.security import session_token
from engine.web.uploads import FieldSent, is_upload, posted_parts
from engine.web.visit import Visit, portal_of

MOST_FIELDS = 2_000
_WITHOUT_FACTOR = ("/account", "/step-up", "/kept/")
"""What somebody may open who has yet to set up the second factor that they need."""

_ENROL: Final = "/account/second-factor"
_NOT_KEPT: Final = (
    "/sign-in",
    "/sign-out",
    "/become",
    "/step-up",
    "/account",
    "/invitation",
    "/first",
    "/forgot",
    "/kept",
)
"""Pages whose forms are about signing in: there is nothing to keep."""


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


class Page(Protocol):
    """Makes the page of a form again."""

    def __call__(self, *, again: Again) -> Response:
        """Return the page with what did not fit and what was typed."""


def tried(
    visit: Visit,
    form: FormData,
    act: Callable[[UUID], Response | str | None],
    page: Page,
    *,
    to: str = "",
    said: str = "",
    shown_at: Mapping[str, str] | None = None,
    also: tuple[str, tuple[type[IcmcError], ...]] = ("", ()),
    which: str = "",
) -> Response:
    """Do it and go on to an address, or to where the act sends, or show the page again.

    What the page of the address says is `said`, unless the act says something else.
    `shown_at` names the field of the page at which the problem of a field of the action is shown; `also` the field at
    which further errors are, and those errors; `which` is the button that was pressed, where one address has several.
    """
    command_id = visit.command_of(form, which)
    field, others = also
    try:
        told = act(command_id)
    except InvalidAnswersError as error:
        places = shown_at or {}
        errors = {places.get(name, name): sentence for name, sentence in error.problems.items()}
        return page(again=Again(errors, typed(form), command_id))
    except others as error:
        return page(again=Again({field: str(error)}, typed(form), command_id))
    return told if isinstance(told, Response) else visit.go(to, said=told or said)


_ANSWER: Final = "a-"
_NOT_TYPED: Final = frozenset({"command_id", "revision", "action"})
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_CODE: Final = re.compile(r"[a-z]+(_[a-z0-9]+)+")


def typed_lines(fields: Iterable[tuple[str, str]], step_types: Mapping[str, StepType]) -> tuple[tuple[str, str], ...]:
    """Return what was typed, each question once, with all that was chosen for it.

    What only names something by its id is left out: nobody has typed that.
    """
    typed = [(name, text) for name, text in fields if text and name not in _NOT_TYPED and not _ID.search(text)]
    questions = _questions({name.removeprefix(_ANSWER) for name, _ in typed if name.startswith(_ANSWER)}, step_types)
    lines: dict[str, list[str]] = {}
    for name, text in typed:
        spec = questions.get(name.removeprefix(_ANSWER)) if name.startswith(_ANSWER) else None
        label = spec.label if spec else in_plain_words(name.removeprefix(_ANSWER).removesuffix("_code"))
        lines.setdefault(label, []).append(_said(spec, text))
    return tuple((label, ", ".join(said)) for label, said in lines.items())


def _questions(names: set[str], step_types: Mapping[str, StepType]) -> Mapping[str, FieldSpec]:
    """Return the questions of the form that asks for most of these, the first by its key among equals."""
    forms = [{spec.name: spec for spec in step_types[key].fields} for key in sorted(step_types)]
    return max(forms, key=lambda form: len(names & form.keys()), default={}) if names else {}


def _said(spec: FieldSpec | None, text: str) -> str:
    if spec is not None and (spec.choices or spec.kind is FieldKind.BOOL):
        return spec.choices.get(text, in_plain_words(text))
    return in_plain_words(text) if _CODE.fullmatch(text) else text


def add_proving(app: FastAPI) -> None:
    """Send people to sign in, to prove who they are, or to set up their second factor, and bring them back."""

    @app.exception_handler(NotSignedInError)
    async def sign_in_first(request: Request, error: NotSignedInError) -> Response:
        kept = await _keep(request) if request.method == "POST" else None
        wanted = f"/kept/{kept}" if kept else error.next_path
        return _go("/sign-in", wanted)

    @app.exception_handler(StepUpNeededError)
    async def prove_first(request: Request, error: StepUpNeededError) -> Response:
        if request.method == "POST":
            kept = await _keep(request)
            wanted = f"/kept/{kept}" if kept else "/account"
        else:
            query = f"?{request.url.query}" if request.url.query else ""
            wanted = quote(f"{request.url.path}{query}")
        return _go("/step-up", wanted, factor=error.factor)

    @app.exception_handler(EnrolFirstError)
    def enrol_first(_request: Request, _error: EnrolFirstError) -> Response:
        return RedirectResponse(_ENROL, status_code=303)


def _go(path: str, wanted: str, *, factor: bool = False) -> Response:
    query = "&".join(part for part in (f"next={wanted}" if wanted else "", "factor=yes" if factor else "") if part)
    return RedirectResponse(f"{path}?{query}" if query else path, status_code=303)


async def _keep(request: Request) -> UUID | None:
    """Keep the form of a request for whose session it is or was; None when there is nobody or nothing to keep."""
    path = request.url.path
    if path.startswith(_NOT_KEPT):
        return None
    try:
        form = await _without_file(request) if is_upload(request.scope) else await posted_form(request)
    except (HTTPException, InvalidAnswersError):
        return None
    return await run_in_threadpool(_keep_now, portal_of(request).engine, session_token(request), path, form)


async def _without_file(request: Request) -> FormData:
    """Read what was typed beside a file over the file itself: nothing of it is kept, not even for a moment."""
    return FormData([(sent.name, sent.value) async for sent in posted_parts(request) if isinstance(sent, FieldSent)])


def _keep_now(engine: Engine, token: str, path: str, form: FormData) -> UUID | None:
    actor_id = who_was_signed_in(engine, token) if token else None
    texts = without_refused(form, engine.registry.step_types.values())
    return keep_form(engine, actor_id, path=path, fields=texts) if actor_id else None
