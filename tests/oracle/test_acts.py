"""Whoever may not act is told so before anything that they sent is looked at; whoever may is not."""

import inspect
import re
from collections.abc import Callable
from importlib import import_module

import pytest

from tests.oracle.model import Persona, may_somewhere, sight
from tests.oracle.routes import RULES, USE_CASES
from tests.oracle.test_oracle import ask, chains, commands, refusal, seen_alike
from tests.oracle.use_cases import FUNCTIONS, LOOKS_FIRST
from tests.oracle.world import MATTERS, PERSONAS, OracleWorld

_REAL = {"case_id", "step_id", "person_id", "deadline_id", "item_id"}
_NOT_THEIRS = {403, 404}
_OF_SOMETHING_ELSE = ("/seal/lift", "/seal/answer")
"""What these are about is in no path, and is not there: nothing is sealed."""


def names_what_is_there(address: str) -> bool:
    return set(re.findall(r"\{(\w+)\}", address)) <= _REAL and not address.endswith(_OF_SOMETHING_ELSE)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_sees_a_case_and_may_not_act_on_it_is_refused_before_their_form_is_read(
    world: OracleWorld, persona: Persona
) -> None:
    before, wrong = chains(world), []
    for address, rule in RULES.items():
        if rule.kind in {"case", "item"} and rule.own and address.startswith("POST"):
            for matter in seen_alike(persona):
                seen = sight(persona, matter)
                if seen is None or (seen.named is None and seen.may(rule.right)):
                    continue
                objects = world.objects[matter.name]
                answer = ask(world, persona, address, dict(objects.ids) | {"step_id": objects.steps["intake"]})
                due = {403} if names_what_is_there(address) and seen.named is None else _NOT_THEIRS
                shown = {name for name, values in world.values_in(answer.text).items() if values - {"number"}}
                if answer.status_code not in due or shown:
                    wrong.append((matter.name, address, int(answer.status_code), shown))
    assert not wrong, "\n".join(map(str, wrong))
    assert chains(world) == before


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_has_no_role_for_it_anywhere_is_refused_on_every_page_and_act(world: OracleWorld, persona: Persona) -> None:
    wrong = []
    for address, rule in RULES.items():
        if rule.kind in {"lists", "apart", "act"} and rule.right:
            status = ask(world, persona, address, {}).status_code
            may = may_somewhere(persona, rule.right)
            if status >= 500 or (status == 403 if may else status not in _NOT_THEIRS):
                wrong.append((address, status, "may" if may else "may not"))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_may_act_on_a_case_is_not_refused(world: OracleWorld, persona: Persona) -> None:
    own, wrong = world.objects["own"], []
    for address, rule in RULES.items():
        seen = sight(persona, MATTERS[0])
        if rule.kind == "case" and rule.own and seen is not None and seen.may(rule.right):
            status = ask(world, persona, address, dict(own.ids) | {"step_id": own.steps["intake"]}).status_code
            if status == 403 or status >= 500 or (names_what_is_there(address) and status == 404):
                wrong.append((address, status))
    assert not wrong, "\n".join(map(str, wrong))


def functions() -> dict[str, Callable[..., object]]:
    """Give every public function of the use cases that a person calls and that names no case."""
    of_cases = {named(command) for command in commands()}
    found = {}
    for name in USE_CASES:
        module = import_module(f"engine.usecases.{name}")
        for function in vars(module).values():
            is_ours = inspect.isfunction(function) and function.__module__ == module.__name__
            if is_ours and not function.__name__.startswith("_") and named(function) not in of_cases:
                parameters = inspect.signature(function).parameters
                if "viewer" in parameters and next(iter(parameters)) == "engine":
                    found[named(function)] = function
    return found


def named(function: Callable[..., object]) -> str:
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def test_every_use_case_of_a_person_has_a_rule() -> None:
    assert set(functions()) == set(FUNCTIONS)


def test_a_use_case_refuses_who_has_no_role_for_it(world: OracleWorld) -> None:
    wrong = []
    for name, function in functions().items():
        for persona in PERSONAS:
            if name not in LOOKS_FIRST and not may_somewhere(persona, FUNCTIONS[name]):
                answer = refusal(world, persona, function, {})
                if answer is None or answer[0] not in {"NotAllowedError", "NotFoundError"}:
                    wrong.append((name, persona.name, answer))
    assert not wrong, "\n".join(map(str, wrong))
