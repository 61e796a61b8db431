"""Attack: ask a real portal, over HTTP, for every address as everybody with the ids of others, and with made-up ones.

The addresses, who asks and what is theirs are those of the oracle (`tests/oracle`), which asks the same in one process.
The short form asks a seeded part of the combinations; `make faults` asks all of them.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random
from typing import Final, NamedTuple

import httpx
import pytest

from engine.core.policy import Viewer
from engine.sign_in.actions.sessions import become
from tests.faults.crowd import portal_of
from tests.kit.database import Rows
from tests.kit.installation import installed
from tests.kit.portal import BEGIN
from tests.oracle.asking import MADE_UP, ask, parameters
from tests.oracle.checking import ANY_ID, all_text
from tests.oracle.model import may_somewhere, sight, was_asked
from tests.oracle.people import CASES, OWNER, PARTNER, PERSONAS
from tests.oracle.records import Matter, Persona
from tests.oracle.routes import RULES
from tests.oracle.world import OracleWorld, filled_world

pytestmark = pytest.mark.long

FOREIGN: Final = tuple(CASES[name] for name in ("ended and denied", "of the partner"))
"""A case of each of two units, with an object of every sort."""
REFUSED: Final = {303, 401, 403, 404, 405, 410, 422}
SHORT, SEED = 220, 20260307
_NETWORK_WIDE: Final = frozenset({"open", "apart"})
"""What is nobody's: pages before signing in; people, units and definitions, which are of no case."""


class Combination(NamedTuple):
    """Somebody, an address, and the case of others whose ids are put into it."""

    persona: Persona
    address: str
    matter: Matter


@pytest.fixture(scope="module")
def real() -> Iterator[OracleWorld]:
    """Return an installation with its own database server, and a portal that is a process of its own."""
    with installed(with_prefect=False) as site:
        site.move_to(BEGIN)
        rows = Rows(site.urls.owner)
        with portal_of(site, site.folder / "logs") as address:

            def client_of(_: object, viewer: Viewer) -> httpx.Client:
                session = become(site.engine, viewer.actor_id)
                return httpx.Client(base_url=address, cookies={"icmc_session": session}, timeout=60)

            world = filled_world(site.engine, rows, site.engine.clock, FOREIGN, client_of)
            yield world
            for client in world.clients.values():
                client.close()
        rows.close()


def combinations() -> list[Combination]:
    """Return each address with an id of a case, and whoever has no part in that case."""
    return [
        Combination(persona, address, matter)
        for address, rule in sorted(RULES.items())
        if rule.kind not in _NETWORK_WIDE and _is_of_a_case(address)
        for persona in PERSONAS
        for matter in FOREIGN
        if sight(persona, matter) is None and not was_asked(persona, matter, "see")
        if not (rule.right == "admin" and may_somewhere(persona, "admin"))  # who mends what is stuck, wherever it is
    ]


@cache
def _is_of_a_case(address: str) -> bool:
    """Return whether an id of the address is of a case, not of the people, definitions and channels of the network."""
    apart = {"session_id", "shift_id", "absence_id", "form_id", "key_id", "lost_id", "unit_id", "actor_id",
             "kind", "peer_id", "name", "calendar",
             "day", "limit_id", "signature_id", "key", "invited", "job_id", "copy_id", "message_text",
             "paper_text", "board_list"}  # fmt: skip
    return bool(set(parameters(address)) - apart)


def wrong_answers(world: OracleWorld, asked: Sequence[Combination]) -> list[tuple[object, ...]]:
    """Ask each, and the same with made-up ids; gives where anything is told, done, or is not the same.

    What differs is asked once more at one moment: a page that says what time it is differs by that alone.
    """
    wrong: list[tuple[object, ...]] = []
    nothing: dict[tuple[str, str], httpx.Response] = {}
    for persona, address, matter in asked:
        known, ids = (persona.name, address), world.objects[matter.name]
        if known not in nothing:
            nothing[known] = ask(world, persona, address)
        answer = ask(world, persona, address, ids)
        if _answer(answer) != _answer(nothing[known]):
            nothing[known], answer = ask(world, persona, address), ask(world, persona, address, ids)
        told, of_theirs = (world.values_in(all_text(one)) for one in (answer, nothing[known]))
        if answer.status_code not in REFUSED or told != of_theirs or _answer(answer) != _answer(nothing[known]):
            wrong.append((*known, matter.name, answer.status_code, nothing[known].status_code, told))
    return wrong


def _answer(answer: httpx.Response) -> tuple[int, str]:
    """Return status and words, without what is of this one answer."""
    where = answer.headers.get("location", "")
    return answer.status_code, re.sub(r'name="command_id" value="[^"]*"', "", ANY_ID.sub("", where + answer.text))


def test_the_combinations_are_as_many_as_were_tried_and_name_both_units() -> None:
    asked = combinations()
    assert len({(one.persona.name, one.address, one.matter.name) for one in asked}) == len(asked) >= 1_687
    assert {one.matter.unit for one in asked} == {OWNER, PARTNER}
    assert {one.persona.name for one in asked} == {persona.name for persona in PERSONAS} - {"mixed"}, "of both units"


def test_some_combinations_tell_nothing_do_nothing_and_answer_as_for_what_was_never_there(real: OracleWorld) -> None:
    before = real.rows.state()
    asked = Random(SEED).sample(combinations(), SHORT)  # noqa: S311 - the same ones each time
    wrong = wrong_answers(real, asked)
    assert not wrong, "\n".join(map(str, wrong))
    assert real.rows.changed(before) == set()
    assert str(MADE_UP) not in {str(one) for made in real.objects.values() for one in made.ids.values()}


@pytest.mark.faults
def test_every_combination_tells_nothing_does_nothing_and_answers_as_for_what_was_never_there(
    real: OracleWorld,
) -> None:
    before = real.rows.state()
    wrong = wrong_answers(real, combinations())
    assert not wrong, "\n".join(map(str, wrong))
    assert real.rows.changed(before) == set()
