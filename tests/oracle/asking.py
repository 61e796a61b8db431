"""Ask for an address as somebody: each id in it is that of a real object, or is made up."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from httpx import Response

from tests.oracle.objects import Objects
from tests.oracle.records import Persona
from tests.oracle.world import OracleWorld

MADE_UP: Final = UUID(int=7)
_ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("/emergency-access/{request_id}", "request_id"): "emergency_id",
    ("/people/{actor_id}/lost-factor/{request_id}", "request_id"): "lost_id",
    ("/erase-copies/{notice_id}", "notice_id"): "erase_notice_id",
    ("/calendars/{name}", "name"): "calendar",
    ("/calendars/{name}/days", "name"): "calendar",
    ("/calendars/{name}/days/{day}/remove", "name"): "calendar",
    ("/invitation/{token}", "token"): "invited",
    ("/cases/{case_id}/deadlines/{deadline_id}/places", "deadline_id"): "place_deadline_id",
    ("/referrals/{referral_id}", "referral_id"): "taken_id",
    ("/referrals/{referral_id}/accept", "referral_id"): "taken_id",
    ("/referrals/{referral_id}/decline", "referral_id"): "taken_id",
}
"""Where the same word in an address means another thing."""


def parameters(address: str) -> list[str]:
    """Name the ids of an address as the world's objects do."""
    path = address.partition(" ")[2]
    return [_ELSEWHERE.get((path, name), name) for name in re.findall(r"\{(\w+)\}", path)]


def known(world: OracleWorld, objects: Objects | None, address: str) -> dict[str, str]:
    """Return what stands for each id of an address, by the world's names; without objects everything is made up."""
    if objects is None:
        return {}
    link = {"/p/{token}": objects.link.path.removeprefix("/p/")} if objects.link else {}
    tokens = link | dict(objects.tokens)
    token = next((value for path, value in tokens.items() if address.partition(" ")[2].startswith(path)), "")
    own = {name: str(value) for name, value in objects.ids.items()} | ({"token": token} if token else {})
    return {**world.apart, **own}


def path_of(world: OracleWorld, address: str, objects: Objects | None, **ids: UUID) -> str:
    """Return the path of an address."""
    template, given = address.partition(" ")[2], known(world, objects, address) | {k: str(v) for k, v in ids.items()}

    def filled(part: re.Match[str]) -> str:
        name = _ELSEWHERE.get((template, part.group(1)), part.group(1))
        return given.get(name, str(MADE_UP))

    return re.sub(r"\{(\w+)\}", filled, template)


def ask(
    world: OracleWorld,
    persona: Persona,
    address: str,
    objects: Objects | None = None,
    *,
    form: Mapping[str, object] | None = None,
    query: str = "",
    **ids: UUID,
) -> Response:
    """Ask as somebody."""
    method, path = address.partition(" ")[0], path_of(world, address, objects, **ids) + query
    if method != "POST":
        return world.clients[persona.name].request(method, path, follow_redirects=False)
    data = {"command_id": str(uuid4()), **(form if form is not None else {"to": str(MADE_UP)})}
    files = {name: data.pop(name) for name, value in list(data.items()) if isinstance(value, tuple)} or None
    return world.clients[persona.name].post(path, data=data, files=files, follow_redirects=False)
