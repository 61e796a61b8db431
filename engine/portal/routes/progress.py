"""How it goes: for somebody who reported, without signing in and without saying who they are."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from engine.portal.pages import render
from engine.portal.posted import clean
from engine.portal.security import network_of
from engine.portal.turns import sleep_out_of_turn
from engine.portal.visit import frame, portal_of
from engine.usecases.receipts import Progress, ask_progress, tries_of

router = APIRouter()
_LONGEST: Final = 40
Short = Annotated[str, Form(max_length=_LONGEST)]


@router.get("/progress")
def page(request: Request) -> Response:
    """Ask for the case number and the receipt code."""
    return _page(request, None, "")


async def wait_for_number(request: Request, number: Short = "") -> None:
    """Wait as long as earlier wrong codes for this number or from this network have earned."""
    engine, network = portal_of(request).engine, network_of(request)
    tries = await run_in_threadpool(tries_of, engine, number=clean(number), network=network)
    await sleep_out_of_turn(request, (await run_in_threadpool(tries.wait)).total_seconds())


@router.post("/progress", dependencies=[Depends(wait_for_number)])
def asked(request: Request, number: Short = "", code: Short = "") -> Response:
    """Say how far the case is, or that number and code do not belong together."""
    engine = portal_of(request).engine
    found = ask_progress(engine, number=clean(number), code=clean(code), network=network_of(request))
    return _page(request, found, clean(number))


def _page(request: Request, found: Progress | None, number: str) -> Response:
    context = frame(portal_of(request), request, None, title="What is happening with my report?")
    is_wrong = found is Progress.UNKNOWN
    words = context | {
        "progress": "" if found is None or is_wrong else found.value,
        "number": number,
        "is_wrong": is_wrong,
    }
    return HTMLResponse(render("progress.html", words), status_code=403 if is_wrong else 200)
