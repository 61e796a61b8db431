"""Ask for addresses and call actions as somebody: each id is that of a real object, or is made up."""

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from httpx import Response

from engine.cases.store import CaseStore
from engine.definitions.actions.days import NewDay
from engine.errors import IcmcError
from tests.oracle.objects import Objects
from tests.oracle.records import Persona
from tests.oracle.use_cases import FUNCTIONS
from tests.oracle.world import OracleWorld

MADE_UP: Final = UUID(int=7)
_ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("/emergency-access/{request_id}", "request_id"): "emergency_id",
    ("/people/{actor_id}/lost-factor/{request_id}", "request_id"): "lost_id",
    ("/erase-copies/{notice_id}", "notice_id"): "erase_notice_id",
    ("/board/{name}", "name"): "board_list",
    ("/calendars/{name}", "name"): "calendar",
    ("/calendars/{name}/days", "name"): "calendar",
    ("/calendars/{name}/days/{day}/remove", "name"): "calendar",
    ("/definitions/message/{name}", "name"): "message_text",
    ("/definitions/message/{name}/draft", "name"): "message_text",
    ("/definitions/document/{name}", "name"): "paper_text",
    ("/definitions/document/{name}/draft", "name"): "paper_text",
    ("/definitions/document/{name}/preview", "name"): "paper_text",
    ("/invitation/{token}", "token"): "invited",
    ("/cases/{case_id}/deadlines/{deadline_id}/places", "deadline_id"): "place_deadline_id",
    ("/referrals/{referral_id}", "referral_id"): "taken_id",
    ("/referrals/{referral_id}/accept", "referral_id"): "taken_id",
    ("/referrals/{referral_id}/decline", "referral_id"): "taken_id",
    ("/referrals/{referral_id}/done", "referral_id"): "taken_id",
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


ACTIONS = {
    ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    for pattern in ("engine/*/actions.py", "engine/*/actions/*.py")
    for path in Path().glob(pattern)
}


def commands() -> list[Callable[..., object]]:
    """Return every public action on a case or a part of one, but those whose right has a rule of its own."""
    return [
        function for function in _functions()
        if named(function) not in FUNCTIONS and {"case_id", "item_id"} & set(inspect.signature(function).parameters)
    ]  # fmt: skip


def functions() -> dict[str, Callable[..., object]]:
    """Return every other public action that a person calls."""
    of_cases = {named(command) for command in commands()}
    found = {named(function): function for function in _functions()}
    return {name: function for name, function in found.items() if name not in of_cases}


def _functions() -> list[Callable[..., object]]:
    found = []
    for name in sorted(ACTIONS):
        module = import_module(name)
        for function in vars(module).values():
            is_ours = inspect.isfunction(function) and function.__module__ == module.__name__
            if is_ours and not function.__name__.startswith("_"):
                parameters = inspect.signature(function).parameters
                if "viewer" in parameters and next(iter(parameters)) == "engine":
                    found.append(function)
    return found


def named(function: Callable[..., object]) -> str:
    """Name an action by its subject and itself."""
    return f"{function.__module__.split('.')[1]}.{function.__name__}"


def refusal(
    world: OracleWorld, persona: Persona, command: Callable[..., object], ids: Mapping[str, UUID]
) -> tuple[str, str] | None:
    """Call as somebody; returns the kind and the words of the refusal, None when it was done."""
    given = {
        name: argument(name, str(part.annotation), ids)
        for name, part in inspect.signature(command).parameters.items()
        if name not in {"engine", "viewer"} and (part.default is inspect.Parameter.empty or name in ids)
    }
    try:
        command(world.engine, viewer=world.viewers[persona.name], **given)
    except IcmcError as error:
        return type(error).__name__, str(error)
    return None


def argument(name: str, kind: str, ids: Mapping[str, UUID]) -> Any:
    """Return an argument: a known id, or something of its kind."""
    if "UUID" in kind:
        return uuid4() if name == "command_id" else ids.get(name, MADE_UP)
    if kind.endswith("datetime.date'>"):
        return datetime(2026, 3, 7, tzinfo=UTC).date()
    day = datetime(2026, 3, 7, tzinfo=UTC)
    simple = {
        "Mapping": {}, "NewDay": NewDay("all", day.date(), "A day", "An order"), "Iterable": (), "tuple": (),
        "bytes": b"", "bool": True, "int": 1, "datetime": day,
    }  # fmt: skip
    return next((value for word, value in simple.items() if word in kind), "danger")


def chains(world: OracleWorld) -> list[tuple[int, int]]:
    """Return how far the history of every case has come."""
    with world.engine.transaction() as tx:
        cases = [tx.of(CaseStore).read(it.ids["case_id"]).case for it in world.objects.values()]
    return [(case.revision, case.chain_length) for case in cases]
