"""Whether the portal answers, and whether deadlines are kept, for a monitor from outside."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from engine.portal.visit import portal_of
from engine.usecases.serve_jobs import service_age

router = APIRouter()
TOO_OLD: Final = timedelta(seconds=120)


@router.get("/health")
def health() -> JSONResponse:
    """Say that the portal answers."""
    return JSONResponse({"status": "ok"})


@router.get("/health/deadlines")
def deadlines(request: Request) -> JSONResponse:
    """Be red (503) when nobody has looked at the deadlines for 120 seconds."""
    age = service_age(portal_of(request).engine, "deadlines")
    is_kept = age is not None and age <= TOO_OLD
    seconds = None if age is None else round(age.total_seconds(), 1)
    status = "ok" if is_kept else "late"
    return JSONResponse({"status": status, "seconds_since_last_pass": seconds}, status_code=200 if is_kept else 503)
