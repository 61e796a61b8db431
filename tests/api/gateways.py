"""A gateway of a unit, and what it sends, signed."""

import hmac
import json
from typing import Any
from uuid import uuid4

from httpx import Response

from engine.people.actions.program_keys import NewKey, add_key
from engine.people.viewer import units
from engine.web.terminal import SYSTEM
from tests.kit.portal import Portal


def gateway_for(portal: Portal, account: str = "SMS", secret: str = "") -> NewKey:
    """Make a gateway of the portal's unit."""
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    return add_key(
        portal.engine, viewer=SYSTEM, account=account, unit=unit, name="key", scopes=("gateway",), days=30,
        secret=secret,
    )  # fmt: skip


def message(number: str, text: str = "Help.", **more: object) -> dict[str, Any]:
    """Return a message in our own form, with an id of its own unless one is given."""
    told = {"id": str(uuid4()), "kind": "message", "from": number, "at": "2026-03-07T13:00:00Z", "text": text}
    return told | more


def missed_call(number: str, **more: object) -> dict[str, Any]:
    return message(number, "", kind="missed_call", **more)


def signed(secret: str, body: bytes, at: int) -> dict[str, str]:
    """Return the headers with which a gateway sends a body at an instant."""
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
    return {"icmc-timestamp": str(at), "icmc-signature": f"sha256={signature}", "content-type": "application/json"}


def bring(portal: Portal, gateway: NewKey, body: object, *, late: int = 0, **headers: str) -> Response:
    """Send a body as a gateway does, `late` seconds after it was signed."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    at = int(portal.engine.wall_clock.now().timestamp()) - late
    return post(portal, gateway, sent, signed(gateway.key, sent, at) | headers)


def post(portal: Portal, gateway: NewKey, sent: bytes, headers: dict[str, str]) -> Response:
    return portal.anybody().post(f"/api/v1/gateways/{gateway.gateway_id}", content=sent, headers=headers)


def whatsapp(*messages: dict[str, Any]) -> dict[str, Any]:
    """Return what the webhook of WhatsApp sends for messages."""
    value = {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"},
        "contacts": [{"wa_id": "910000000000", "profile": {"name": "Somebody"}}], "messages": list(messages),
    }  # fmt: skip
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "0", "changes": [{"field": "messages", "value": value}]}],
    }
