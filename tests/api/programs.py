"""A program with a key, and what it sends."""

from typing import Any, Final
from uuid import uuid4

from httpx import Response

from engine.people.actions.program_keys import add_key
from engine.people.viewer import units
from engine.web.terminal import SYSTEM
from tests.kit.portal import Portal

TOLD: Final[dict[str, Any]] = {
    "immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes", "is_child_suspected": "yes",
    "concern": "forced_labour", "narrative": "A girl of about twelve works in a house.",
}  # fmt: skip


def key_for(portal: Portal, *scopes: str, account: str = "Hotline") -> str:
    """Make a key of a program in the portal's unit."""
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    made = add_key(portal.engine, viewer=SYSTEM, account=account, unit=unit, name="key", scopes=scopes, days=30)
    return made.key


def send(portal: Portal, key: str, body: object, *, once: object = None, **headers: str) -> Response:
    """Send a report, under an id of its own unless one is given."""
    said = {"authorization": f"Bearer {key}", "idempotency-key": str(once or uuid4()), **headers}
    if isinstance(body, bytes):
        said = {"content-type": "application/json", **said}
        return portal.anybody().post("/api/v1/reports", content=body, headers=said)
    return portal.anybody().post("/api/v1/reports", json=body, headers=said)


def ask(portal: Portal, key: str, path: str) -> Response:
    """Ask for an address of the API."""
    return portal.anybody().get(f"/api/v1{path}", headers={"authorization": f"Bearer {key}"})
