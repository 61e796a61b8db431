"""Every id that an address names is asked for with a real object; what a partner's link shows is what was agreed."""

from typing import Final

import pytest
from starlette.testclient import TestClient

from tests.kit.portal import ORIGIN
from tests.oracle.asking import ask, known, parameters
from tests.oracle.checking import check
from tests.oracle.model import THINGS, sight
from tests.oracle.people import EVERYBODY, MATTERS
from tests.oracle.records import Persona
from tests.oracle.routes import RULES
from tests.oracle.world import OracleWorld, new_case

pytestmark = pytest.mark.long

_OF_ONE_PERSON: Final = "Of no case, and its owner's alone: `tests/numbers` asks for that of others."
NO_OBJECT: Final = {
    ("/first/{token}", "token"): "The first link is only there before anybody is.",
    **{
        (f"/numbers/{kind}/{{{kind}_id}}{more}", f"{kind}_id"): _OF_ONE_PERSON
        for kind, mores in {
            "saved": ("", "/table.csv", "/monthly", "/delete"),
            "monthly": ("", "/table.csv"),
        }.items()
        for more in mores
    },
}
"""Ids for which the world has nothing real, and why."""


def test_every_id_of_an_address_has_a_real_object_in_every_case(world: OracleWorld) -> None:
    lacking = {
        (path, name)
        for address in RULES
        for path in [address.partition(" ")[2]]
        for name in parameters(address)
        for matter in MATTERS
        if name not in known(world, world.objects[matter.name], address)
    }
    assert lacking == set(NO_OBJECT)


def test_the_objects_are_many_and_of_one_case_each(world: OracleWorld) -> None:
    ids = [ident for made in world.objects.values() for ident in made.ids.values()]
    steps = {made.ids["step_id"] for made in world.objects.values()}
    assert len(steps) == len(world.objects) >= 3
    assert len(set(ids)) >= 40 * len(world.objects) / 2
    assert all(set(THINGS) <= set(made.values) for made in world.objects.values())


@pytest.mark.parametrize("persona", EVERYBODY, ids=lambda persona: persona.name)
def test_what_somebody_else_has_typed_is_shown_to_a_candidate_without_what_is_of_a_class(
    world: OracleWorld, persona: Persona
) -> None:
    matter, address = MATTERS[0], "GET /items/{item_id}"
    assert not list(check(world, persona, matter, address, RULES[address]))
    found = world.values_in(ask(world, persona, address, world.objects[matter.name]).text).get(matter.name, set())
    seen, roles = sight(persona, matter), world.objects[matter.name].roles
    is_candidate = seen is not None and seen.named is None and not roles.isdisjoint(seen.roles)
    due = {"draft", "draft of a class"} if is_candidate else set()
    assert found & {"draft", "draft of a class"} == {one for one in due if all(map(seen.shows, THINGS[one].names))}


def test_a_partner_with_a_link_is_shown_what_was_agreed_and_only_once_it_was_accepted(world: OracleWorld) -> None:
    made = new_case(world.engine, world.rows, MATTERS[0], world.staff, world.viewers)
    world.planted.add("by a link", made.values)
    assert made.link
    client = TestClient(world.app, base_url=ORIGIN)
    assert not world.values_in(client.get(made.link.path).text)
    assert not world.values_in(client.post(made.link.path, data={"code": "000000"}).text)
    opened = client.post(made.link.path, data={"code": made.link.code})
    before = world.values_in(opened.text + client.get(made.link.path).text)
    accepted = client.post(f"{made.link.path}/accept", data={"phone": "+91 364 000000"})
    shown = world.values_in(accepted.text)
    world.planted.forget("by a link")
    assert before == {"by a link": {"number"}}
    assert shown == {"by a link": {"number", "name", "note outside"}}
