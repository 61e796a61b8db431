"""Every address and every use case, asked by everybody for everything, against a second writing of the rules."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from engine.people.actions.program_keys import add_key
from engine.web.terminal import SYSTEM
from tests.kit.portal import ORIGIN
from tests.oracle.asking import ask, chains, commands, named, path_of, refusal
from tests.oracle.checking import (
    ALL_THINGS,
    ANY_ID,
    all_text,
    check,
    hidden_alike,
    numbers_alone,
    of_cases,
    seen_alike,
)
from tests.oracle.model import shown, sight, was_asked
from tests.oracle.people import CASES, MATTERS, OWNER, PARTNER, PERSONAS, READERS, THIRD
from tests.oracle.records import Persona
from tests.oracle.routes import RULES
from tests.oracle.world import OracleWorld
from tests.web.test_every_route import walk

SAME = {"name", "alias"}
"""What the own unit is told besides of who was found to be the same."""
SOME = {"worker", "shut out", "partner", "third"}
"""Who asks in a short run where there is much to ask: one of each way to come to a case, and of each way not to."""
EACH = [pytest.param(one, marks=() if one.name in SOME else pytest.mark.long, id=one.name) for one in PERSONAS]
OF_A_LINK = {"persons.end_link", "persons.answer_merge", "persons.unmerge_cases"}
"""Actions whose right comes with a link: who was asked by one may do them, or is refused the link and not the case."""
_LIST_STATUSES = {200, 303, 401, 307, 403, 404, 405, 410, 422, 503}


def addresses(world: OracleWorld) -> set[str]:
    return {f"{method} {route.path}" for route in walk(world.app.routes) for method in route.methods - {"HEAD"}}


def test_every_address_has_a_rule_and_every_rule_an_address(world: OracleWorld) -> None:
    assert addresses(world) == set(RULES)


def test_the_model_is_small_and_knows_nothing_of_the_policy() -> None:
    source = (Path(__file__).parent / "model.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150
    assert "engine" not in re.sub(r'""".*?"""', "", source, flags=re.DOTALL)


@pytest.mark.parametrize("persona", EACH)
def test_what_is_not_theirs_to_see_answers_as_what_was_never_there(world: OracleWorld, persona: Persona) -> None:
    hidden, before, wrong = hidden_alike(persona), chains(world), []
    for address, _ in of_cases():
        nothing = ask(world, persona, address)
        if nothing.status_code not in {303, 403, 404, 422}:
            wrong.append((address, "made up", nothing.status_code, 404))
        for matter in hidden if address.startswith("GET") else hidden[:1]:
            answer = ask(world, persona, address, world.objects[matter.name])
            told = (address, matter.name, answer.status_code, nothing.status_code)
            is_same = ANY_ID.sub("", answer.text) == ANY_ID.sub("", nothing.text)
            if answer.status_code != nothing.status_code or not is_same or world.values_in(all_text(answer)):
                wrong.append(told)
    assert wrong == []
    assert chains(world) == before


@pytest.mark.parametrize("persona", EACH)
def test_who_sees_a_case_is_shown_what_the_model_says(world: OracleWorld, persona: Persona) -> None:
    wrong = []
    for matter in seen_alike(persona):
        if sight(persona, matter) is not None:
            for address, rule in of_cases():
                if rule.page:
                    wrong += check(world, persona, matter, address, rule)
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", READERS, ids=lambda persona: persona.name)
def test_what_is_held_about_each_person_opens_no_class_that_is_not_open(world: OracleWorld, persona: Persona) -> None:
    address = "POST /cases/{case_id}/persons/{person_id}/held"
    seen = [matter for matter in seen_alike(persona) if sight(persona, matter) is not None]
    wrong = [found for matter in seen for found in check(world, persona, matter, address, RULES[address])]
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_another_person_of_a_case_is_there_only_for_whom_a_grant_holds_for_them(
    world: OracleWorld, persona: Persona
) -> None:
    wrong = []
    for matter in seen_alike(persona):
        seen, objects = sight(persona, matter), world.objects[matter.name]
        if seen is None:
            continue
        is_own, named = seen.named is None, seen.named or frozenset()
        is_told = "second" in seen.whom and bool({"person.name", "person.*"} & named)
        is_there = is_own or ("second" in seen.whom and any(name.startswith("person.") for name in named))
        ids = {"person_id": objects.ids["secondary_id"]}
        for address in ("GET /cases/{case_id}/persons/{person_id}", "POST /cases/{case_id}/persons/{person_id}/reveal"):
            answer = ask(world, persona, address, objects, form={}, **ids)
            reveals, may = address.startswith("POST"), seen.may("reveal")
            due = 404 if not is_there else 403 if reveals and not may else 200
            found = world.values_in(all_text(answer)).get(matter.name, set()) - {"number"}
            allowed = {"second name"} if reveals and may and (is_own or is_told) else set()
            if answer.status_code != due or found - (SAME if is_own else set()) != allowed:
                wrong.append((matter.name, address, answer.status_code, due, found, allowed))
        page = ask(world, persona, "GET /cases/{case_id}", objects).text
        if (str(ids["person_id"]) in page) != is_there:
            wrong.append((matter.name, "case", is_there))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", EACH)
def test_lists_counts_and_searches_show_nothing_of_what_is_not_theirs(world: OracleWorld, persona: Persona) -> None:
    lists = [
        address for address, rule in RULES.items() if rule.kind in {"lists", "apart"} and address.startswith("GET")
    ]
    objects, wrong = world.objects["own"], []
    bodies = {address: ask(world, persona, address, objects) for address in lists if "{" not in address}
    for number in [made.number for made in world.objects.values()]:
        found = ask(world, persona, "GET /cases", query=f"?number={number}")
        bodies[f"GET /cases?number={number}"] = found
    bodies["closed"] = ask(world, persona, "GET /cases", query="?status=closed")
    for address, answer in bodies.items():
        if answer.status_code not in _LIST_STATUSES:
            wrong.append((address, int(answer.status_code)))
        text = without_echo(all_text(answer), address.rpartition("=")[2])
        for name, things in numbers_alone(persona, world.values_in(text)).items():
            if address in {"GET /dead-letters", "GET /board"}:  # who mends what is stuck is told in which case
                things.discard("number")
            if not things <= shown(sight(persona, CASES[name]), ALL_THINGS, "list"):
                wrong.append((address, name, things))
    assert not wrong, "\n".join(map(str, wrong))
    seen = world.values_in("".join(every_page(world, persona)))
    assert {name for name in seen if "number" in seen[name]} == {
        name for name, matter in CASES.items() if sight(persona, matter)
    }


def every_page(world: OracleWorld, persona: Persona) -> Iterator[str]:
    """Return the pages of the list of cases: other tests add cases to the first."""
    for page in count(1):
        text = ask(world, persona, "GET /cases", query=f"?page={page}").text
        yield text
        if f"page={page + 1}" not in text:
            return


def without_echo(body: str, asked: str) -> str:
    """Return a page of a search without what was typed into it, in its field and in the link to an emergency."""
    return body.replace(f'value="{asked}"', "").replace(f'/emergency-access?number={asked}"', "") if asked else body


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_an_exact_number_of_anothers_case_and_a_made_up_one_find_the_same_nothing(
    world: OracleWorld, persona: Persona
) -> None:
    for matter in hidden_alike(persona):
        number = world.objects[matter.name].number
        made_up = number[:-3] + ("AAA" if number[-3:] != "AAA" else "BBB")
        real, nothing = (ask(world, persona, "GET /cases", query=f"?number={asked}") for asked in (number, made_up))
        assert real.status_code == nothing.status_code
        bodies = {ANY_ID.sub("", one.text.replace(asked, "")) for one, asked in ((real, number), (nothing, made_up))}
        assert len(bodies) == 1, (persona.name, matter.name)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_what_was_written_for_the_unit_that_took_work_on_is_read_by_it_alone(
    world: OracleWorld, persona: Persona
) -> None:
    for matter in MATTERS:
        answer = ask(world, persona, "GET /referrals/{referral_id}", world.objects[matter.name])
        found = numbers_alone(persona, world.values_in(answer.text))
        assert found == ({matter.name: {"note"}} if was_asked(persona, matter, "refer") else {}), matter.name


def test_a_stranger_to_the_portal_is_shown_nothing(world: OracleWorld) -> None:
    for address, rule in RULES.items():
        if rule.kind == "open" and address.startswith("GET"):
            for made in world.objects.values():
                assert not world.values_in(all_text(ask(world, PERSONAS[0], address, made))), address


@pytest.mark.parametrize("unit", [OWNER, PARTNER, THIRD])
@pytest.mark.parametrize("scope", ["report", "cases"])
def test_a_program_reads_the_numbers_of_the_cases_of_its_unit_and_of_granted_ones_nothing(
    world: OracleWorld, scope: str, unit: str
) -> None:
    made = add_key(world.engine, viewer=SYSTEM, account=f"In {unit}", unit=unit, name="x", scopes=(scope,), days=9)
    client = TestClient(world.app, base_url=ORIGIN, headers={"authorization": f"Bearer {made.key}"})
    own, wrong = {name for name, matter in CASES.items() if matter.unit == unit}, []
    for address in (one for one in RULES if one.startswith("GET /api/v1/")):
        for matter in MATTERS:
            answer = client.get(path_of(world, address, world.objects[matter.name]))
            found = world.values_in(all_text(answer))
            is_told = all(name in own and things == {"number"} for name, things in found.items())
            if answer.status_code != due_to_program(scope, address, is_own=matter.name in own) or not is_told:
                wrong.append((address, matter.name, answer.status_code, found))
    assert not wrong, "\n".join(map(str, wrong))
    if scope == "cases":
        listed = client.get("/api/v1/cases").json()["cases"]
        assert {one.number for name, one in world.objects.items() if name in own} <= {one["number"] for one in listed}


def due_to_program(scope: str, address: str, *, is_own: bool) -> int:
    """Say how the API must answer a key of a scope that sent no report."""
    if "openapi" in address:
        return 200
    if "gateways" in address:
        return 401
    if (scope == "report") != ("/reports" in address):
        return 403
    return 200 if "{case_id}" not in address or (is_own and scope == "cases") else 404


@pytest.mark.parametrize("command", commands(), ids=named)
def test_a_use_case_refuses_a_case_that_is_not_theirs_as_one_that_is_not_there(
    world: OracleWorld, command: Callable[..., object]
) -> None:
    before = chains(world)
    for persona in PERSONAS:
        for matter in hidden_alike(persona):
            if was_asked(persona, matter) and named(command) in OF_A_LINK:
                continue
            objects = world.objects[matter.name]
            ids = dict(objects.ids) | {"step_id": objects.steps["health"]}
            real, nothing = (refusal(world, persona, command, given) for given in (ids, {}))
            assert real == nothing, (persona.name, matter.name)
            assert real is not None, "it was done"
    assert chains(world) == before
