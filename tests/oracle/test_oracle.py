"""Every address and every use case, asked by everybody for everything, against a second writing of the rules."""

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import Response

from engine import usecases
from engine.errors import IcmcError
from engine.usecases.special_days import NewDay
from tests.integration.portal.test_every_route import walk
from tests.oracle.model import Matter, Persona, is_there, planted_on, sight, status
from tests.oracle.routes import RULES, USE_CASES, Rule
from tests.oracle.world import MATTERS, PERSONAS, OracleWorld

MADE_UP = UUID(int=7)
_ANY_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LIST_STATUSES = {200, 303, 401, 307, 403, 404, 405, 422}


def addresses(world: OracleWorld) -> set[str]:
    return {f"{method} {route.path}" for route in walk(world.app.routes) for method in route.methods - {"HEAD"}}


def test_every_address_has_a_rule_and_every_rule_an_address(world: OracleWorld) -> None:
    assert addresses(world) == set(RULES)


def test_every_module_of_use_cases_has_a_rule() -> None:
    assert {module.name for module in pkgutil.iter_modules(usecases.__path__)} == set(USE_CASES)


def test_the_model_is_small_and_knows_nothing_of_the_policy() -> None:
    source = (Path(__file__).parent / "model.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150
    assert "engine" not in re.sub(r'""".*?"""', "", source, flags=re.DOTALL)


def ask(world: OracleWorld, persona: Persona, address: str, ids: dict[str, UUID]) -> Response:
    method, _, template = address.partition(" ")
    path = re.sub(r"\{(\w+)\}", lambda part: str(ids.get(part.group(1), MADE_UP)), template)
    given = {"data": {"command_id": str(uuid4()), "to": str(MADE_UP)}} if method == "POST" else {}
    return world.clients[persona.name].request(method, path, follow_redirects=False, **given)  # type: ignore[arg-type]


def seen_alike(persona: Persona) -> tuple[Matter, ...]:
    """Give one case for each way in which somebody sees any."""
    return tuple({sight(persona, matter): matter for matter in reversed(MATTERS)}.values())


def of_cases() -> Iterator[tuple[str, Rule]]:
    return ((address, rule) for address, rule in RULES.items() if rule.kind in {"case", "paper", "item"})


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_what_is_not_theirs_to_see_answers_as_what_was_never_there(world: OracleWorld, persona: Persona) -> None:
    hidden = [matter for matter in MATTERS if sight(persona, matter) is None]
    before, wrong = chains(world), []
    for address, _ in of_cases():
        nothing = ask(world, persona, address, {})
        if nothing.status_code not in {303, 403, 404, 422}:
            wrong.append((address, "made up", nothing.status_code, 404))
        for matter in hidden if address.startswith("GET") else hidden[:1]:
            ids = dict(world.objects[matter.name].ids) | {"step_id": world.objects[matter.name].steps["intake"]}
            answer = ask(world, persona, address, ids)
            told = (address, matter.name, answer.status_code, nothing.status_code)
            is_same = _ANY_ID.sub("", answer.text) == _ANY_ID.sub("", nothing.text)
            if answer.status_code != nothing.status_code or not is_same or any(world.values_in(answer.text).values()):
                wrong.append(told)
    assert wrong == []
    assert chains(world) == before


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_sees_a_case_is_shown_what_the_model_says(world: OracleWorld, persona: Persona) -> None:
    wrong = []
    for matter in MATTERS:
        if sight(persona, matter) is not None:
            for address, rule in of_cases():
                if rule.page and (rule.exact or matter in seen_alike(persona)):
                    wrong += check(world, persona, matter, address, rule)
    assert wrong == []


def check(
    world: OracleWorld, persona: Persona, matter: Matter, address: str, rule: Rule
) -> Iterator[tuple[object, ...]]:
    """Ask for a page of a case that somebody sees; gives what is shown and should not be, or is not and should."""
    objects = world.objects[matter.name]
    steps = objects.steps if "{step_id}" in address else {"": MADE_UP}
    for step, step_id in steps.items():
        page = {"step": step, "reveal": f"reveal:{step}"}.get(rule.page, rule.page)
        answer = ask(world, persona, address, dict(objects.ids) | {"step_id": step_id})
        told = (matter.name, address, step, int(answer.status_code))
        seen = world.values_in(answer.text)
        others = {name: values for name, values in seen.items() if name != matter.name and values - {"number"}}
        allowed = planted_on(persona, matter, page) if answer.status_code == 200 else set()
        if others or answer.status_code >= 500 or not seen[matter.name] <= allowed | {"number"}:
            yield (*told, "shows", others, seen[matter.name] - allowed)
        due = expected(persona, matter, rule, step) if rule.exact else answer.status_code
        if answer.status_code != due:
            yield (*told, "should be", due)
        elif rule.exact and due == 200 and rule.page not in {"masked", "history"} and not allowed <= seen[matter.name]:
            yield (*told, "lacks", allowed - seen[matter.name])


def expected(persona: Persona, matter: Matter, rule: Rule, step: str) -> int:
    if rule.page == "paper":
        seen, is_shown = sight(persona, matter), "paper" in planted_on(persona, matter, "paper")
        return 200 if is_shown else 404 if seen is None or seen.named is not None else 403
    due = status(persona, matter, rule.right, own=rule.own)
    if step and not is_there(persona, matter, step):
        return 404
    return due


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_lists_counts_and_searches_show_nothing_of_what_is_not_theirs(world: OracleWorld, persona: Persona) -> None:
    lists = [
        address for address, rule in RULES.items() if rule.kind in {"lists", "apart"} and address.startswith("GET")
    ]
    numbers = [world.objects[matter.name].values["number"] for matter in MATTERS]
    searches = [f"GET /cases?number={number}" for number in numbers] + ["GET /cases?status=closed"]
    for address in (*lists, *searches):
        answer = ask(world, persona, address, {})
        assert answer.status_code in _LIST_STATUSES, (address, answer.status_code)
        for matter in MATTERS:
            shown = world.values_in(without_echo(answer.text, world.objects[matter.name].values["number"]))
            allowed = planted_on(persona, matter, "list")
            assert shown[matter.name] <= allowed, (persona.name, address, matter.name, shown[matter.name] - allowed)
    found = ask(world, persona, "GET /cases", {}).text
    visible = {matter.name for matter in MATTERS if world.objects[matter.name].values["number"] in found}
    assert visible == {matter.name for matter in MATTERS if sight(persona, matter)}, persona.name


def without_echo(body: str, asked: str) -> str:
    """Give a page of a search without what was typed into it, in its field and in the link to an emergency."""
    return body.replace(f'value="{asked}"', "").replace(f'/break-glass?number={asked}"', "")


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_an_exact_number_of_anothers_case_and_a_made_up_one_find_the_same_nothing(
    world: OracleWorld, persona: Persona
) -> None:
    for matter in MATTERS:
        if sight(persona, matter) is None:
            number = world.objects[matter.name].values["number"]
            made_up = number[:-3] + ("AAA" if number[-3:] != "AAA" else "BBB")
            real, nothing = (
                world.clients[persona.name].get("/cases", params={"number": asked}) for asked in (number, made_up)
            )
            assert real.status_code == nothing.status_code
            bodies = {
                _ANY_ID.sub("", one.text.replace(asked, "")) for one, asked in ((real, number), (nothing, made_up))
            }
            assert len(bodies) == 1, (persona.name, matter.name)


def test_a_stranger_to_the_portal_is_shown_nothing(world: OracleWorld) -> None:
    for address, rule in RULES.items():
        if rule.kind == "open" and address.startswith("GET"):
            assert not any(world.values_in(ask(world, PERSONAS[0], address, {}).text).values()), address


def commands() -> list[Callable[..., object]]:
    """Give every public function on a case or a part of one that a person asks for."""
    found = []
    for name, kind in USE_CASES.items():
        module = import_module(f"engine.usecases.{name}")
        for function in vars(module).values() if kind == "case" else ():
            is_ours = inspect.isfunction(function) and function.__module__ == module.__name__
            if is_ours and not function.__name__.startswith("_"):
                named = inspect.signature(function).parameters
                if "viewer" in named and next(iter(named)) == "engine" and {"case_id", "item_id"} & set(named):
                    found.append(function)
    return found


@pytest.mark.parametrize(
    "command", commands(), ids=lambda command: f"{command.__module__.rpartition('.')[2]}.{command.__name__}"
)
def test_a_use_case_refuses_a_case_that_is_not_theirs_as_one_that_is_not_there(
    world: OracleWorld, command: Callable[..., object]
) -> None:
    before = chains(world)
    for persona in PERSONAS:
        for matter in MATTERS:
            if sight(persona, matter) is None:
                objects = world.objects[matter.name]
                ids = dict(objects.ids) | {"step_id": objects.steps["health"]}
                real, nothing = (refusal(world, persona, command, given) for given in (ids, {}))
                assert real == nothing, (persona.name, matter.name)
                assert real is not None, "it was done"
    assert chains(world) == before


def refusal(
    world: OracleWorld, persona: Persona, command: Callable[..., object], ids: dict[str, UUID]
) -> tuple[str, str] | None:
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


def argument(name: str, kind: str, ids: dict[str, UUID]) -> Any:
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
    with world.engine.unit_of_work() as work:
        cases = [work.cases.read(it.ids["case_id"]).case for it in world.objects.values()]
    return [(case.revision, case.chain_length) for case in cases]
