"""Tickets: how somebody comes from the hub into their training space, and is known there without a name."""

import base64
import hmac
import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Final, NamedTuple
from uuid import UUID, uuid4

from engine.language.names import Role

TICKET_LASTS: Final = timedelta(minutes=1)
PASS_LASTS: Final = timedelta(hours=12)
_ROLES: Final = frozenset(role.value for role in Role)
_LETTERS: Final = 32
"""How long the name of a space is."""


class Admission(NamedTuple):
    """What a ticket says: whose training space, and what they may do there."""

    space: str
    roles: tuple[str, ...]


class Tickets:
    """Made by the hub, taken once by training: both hold the key, and nobody else does.

    What was taken is kept in memory only: no ticket counts that was made before this began.
    """

    def __init__(self, key: bytes, now: Callable[[], datetime]) -> None:
        """Begin with the key and a clock, which both sides share."""
        self._key, self._now, self._began_at = key, now, now()
        self._taken: dict[str, datetime] = {}
        self._lock = Lock()

    def issue(self, actor_id: UUID, roles: Collection[str]) -> str:
        """Return a ticket for somebody of the hub. Their name is not in it: a keyed hash names their space."""
        said = {
            "id": uuid4().hex, "space": self._mac("space", str(actor_id))[:_LETTERS], "roles": sorted(roles),
            "made_at": self._now().timestamp(),
        }  # fmt: skip
        return self._signed("ticket", json.dumps(said))

    def take(self, text: str) -> Admission | None:
        """Return what a ticket says; None for one that was taken, is too old, or was not made by the hub."""
        body = self._opened("ticket", text)
        if body is None:
            return None
        said, now = json.loads(body), self._now()
        made_at = datetime.fromtimestamp(said["made_at"], UTC)
        if made_at < self._began_at or not now - TICKET_LASTS < made_at <= now:
            return None
        with self._lock:
            self._taken = {one: until for one, until in self._taken.items() if until > now}
            if said["id"] in self._taken:
                return None
            self._taken[said["id"]] = made_at + TICKET_LASTS
        return Admission(said["space"], tuple(role for role in said["roles"] if role in _ROLES))

    def pass_to(self, space: str) -> str:
        """Return what a browser keeps to be let into a space again."""
        return self._signed("pass", f"{space} {(self._now() + PASS_LASTS).timestamp()}")

    def space_of(self, text: str) -> str | None:
        """Return the space that a pass opens; None for one that is over, or was not made here."""
        body = self._opened("pass", text)
        space, _, until = (body or "").partition(" ")
        return space if body and self._now().timestamp() < float(until) else None

    def _signed(self, what: str, body: str) -> str:
        text = base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")
        return f"{text}.{self._mac(what, text)}"

    def _opened(self, what: str, text: str) -> str | None:
        """Return what was signed here as this, and as nothing else; nothing of it is read before."""
        body, _, mac = text.partition(".")
        if not hmac.compare_digest(self._mac(what, body).encode(), mac.encode()):
            return None
        return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()

    def _mac(self, what: str, text: str) -> str:
        return hmac.digest(self._key, f"{what}|{text}".encode(), "sha256").hex()
