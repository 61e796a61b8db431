"""The directory of partners: who offers what where, how the agreement stands, and how each answered."""

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.portal.dependencies import SignedIn
from engine.portal.posted import clean
from engine.usecases.partners import read_directory

router = APIRouter()
_SHORT: Final = 40
Word = Annotated[str, Query(max_length=_SHORT)]


@router.get("/partners")
def partners(visit: SignedIn, service: Word = "", area: Word = "", language: Word = "") -> Response:
    """Show the directory, narrowed by what is needed, where, and in which language."""
    asked = {"service": clean(service), "area": clean(area), "language": clean(language)}
    found = read_directory(visit.engine, viewer=visit.viewer, **asked)
    everybody = read_directory(visit.engine, viewer=visit.viewer).partners
    now = visit.engine.clock.now()
    return visit.page(
        "partners.html",
        title="Partners",
        section="transmit",
        partners=[(one, one.counts_at(now), one.agreement_on(now.date())) for one in found.partners],
        scores=found.scores,
        asked=asked,
        services=_words(one.services for one in everybody),
        areas=_words(one.areas for one in everybody),
        languages=_words(one.languages for one in everybody),
    )


def _words(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({word for words in lists for word in words}))
