"""Call use cases as somebody, with real ids or made-up ones, and hear how they refuse."""

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from engine.cases.store import CaseStore
from engine.definitions.actions.days import NewDay
from engine.errors import IcmcError
from tests.oracle.asking import MADE_UP
from tests.oracle.records import Persona
from tests.oracle.use_cases import FUNCTIONS
from tests.oracle.world import OracleWorld

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
