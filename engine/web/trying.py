"""Carry out what a form asks for, once; what does not fit is shown on the same page, beside what was typed."""

from collections.abc import Callable, Mapping
from typing import Protocol
from uuid import UUID

from starlette.datastructures import FormData
from starlette.responses import Response

from engine.errors import IcmcError, InvalidAnswersError
from engine.web.posted import Again, typed
from engine.web.visit import Visit


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
