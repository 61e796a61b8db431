"""What endpoints ask for, the form that was posted, carried out once, and what was typed, as people know it again."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Final, Protocol
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.errors import IcmcError, InvalidAnswersError
from engine.language.names import in_plain_words
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepType
from engine.sign_in.actions.sessions import viewer_of
from engine.web.posted import Again, typed
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
