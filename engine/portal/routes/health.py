"""Whether the portal answers, and whether deadlines are kept, for a monitor from outside."""

from datetime import timedelta
from functools import partial
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from engine.assembly import Engine
from engine.portal.turns import watched
from engine.portal.visit import portal_of
from engine.usecases.firing_guard import clock_jump
from engine.usecases.serve_jobs import service_age

router = APIRouter()
TOO_OLD: Final = timedelta(seconds=120)


@router.get("/health")
async def health() -> JSONResponse:
    """Say that the portal answers, without a thread that people could hold."""
    return JSONResponse({"status": "ok"})


@router.get("/health/deadlines")
async def deadlines(request: Request) -> Response:
    """Be red (503) when nobody has looked at the deadlines for 120 seconds, or the clock has jumped and none fires."""
    return await watched(partial(_deadlines, portal_of(request).engine))


def _deadlines(engine: Engine) -> JSONResponse:
    age, jump = service_age(engine, "deadlines"), clock_jump(engine)
    is_late = age is None or age > TOO_OLD
    said: dict[str, object] = {
        "status": "late" if is_late else "paused" if jump else "ok",
        "seconds_since_last_pass": None if age is None else round(age.total_seconds(), 1),
    }
    if jump is not None:
        said["problem"] = jump.in_words
    return JSONResponse(said, status_code=200 if said["status"] == "ok" else 503)
