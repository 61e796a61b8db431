"""Whoever may not act is told so, whatever they send, and nothing is changed; whoever may does it."""

import pytest

from tests.oracle.asking import ask, functions, refusal
from tests.oracle.checking import ALL_THINGS, numbers_alone, seen_alike
from tests.oracle.forms import PROVEN, form_of
from tests.oracle.model import may_somewhere, shown, sight
from tests.oracle.objects import Objects
from tests.oracle.people import EVERYBODY, MATTERS, PERSONAS
from tests.oracle.records import Persona
from tests.oracle.routes import RULES
from tests.oracle.use_cases import FUNCTIONS, LOOKS_FIRST
from tests.oracle.world import OracleWorld, new_case

pytestmark = pytest.mark.long

_NOT_THEIRS = {403, 404}
_OF_SOMETHING_ELSE = (
    "/seal/lift", "/seal/answer", "/unmerge", "/links/{link_id}/answer", "/hubs/{mirror_id}/tell",
    "/hubs/{mirror_id}/erasure",
)  # fmt: skip
"""What these are about is not there: nothing is sealed, nothing merged, no other hub helps."""
_DONE_ONCE = ("/not-same/{secondary_id}",)
"""What is there no longer once somebody has done it."""
_SAYS_WHY = ("/sent/{referral_id}/release",)
"""Who may not is told so on the page of what was sent."""


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_sees_a_case_and_may_not_act_on_it_is_refused_whatever_they_send(
    world: OracleWorld, persona: Persona
) -> None:
    before, wrong = world.rows.state(), []
    for address, rule in RULES.items():
        if rule.kind in {"case", "item"} and rule.own and address.startswith("POST"):
            for matter in seen_alike(persona):
                seen, objects = sight(persona, matter), world.objects[matter.name]
                if seen is None or (seen.named is None and seen.may(rule.right)):
                    continue
                answer = ask(world, persona, address, objects, form=form_of(world, address, objects))
                due = {403} if seen.named is None and not address.endswith(_OF_SOMETHING_ELSE) else _NOT_THEIRS
                found = numbers_alone(persona, world.values_in(answer.text))
                if address.endswith(_SAYS_WHY) and due == {403}:
                    due = {422}
                    found = {name: things - shown(seen, ALL_THINGS, "sent") for name, things in found.items()}
                if answer.status_code not in due or any(found.values()):
                    wrong.append((matter.name, address, int(answer.status_code), found))
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows.changed(before) == set()


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_has_no_role_for_it_anywhere_is_refused_on_every_page_and_act(world: OracleWorld, persona: Persona) -> None:
    wrong = []
    for address, rule in RULES.items():
        if rule.kind in {"lists", "apart", "act"} and rule.right:
            status = ask(world, persona, address).status_code
            may = may_somewhere(persona, rule.right)
            if status >= 500 or (status == 403 if may else status not in _NOT_THEIRS):
                wrong.append((address, status, "may" if may else "may not"))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_what_is_anothers_is_acted_on_by_nobody_who_has_no_role_for_it(world: OracleWorld, persona: Persona) -> None:
    before, wrong = world.rows.state(), []
    for address, rule in RULES.items():
        if rule.kind == "act" and rule.right and "{" in address and not may_somewhere(persona, rule.right):
            for objects in (world.objects["own"], world.objects["of the partner"]):
                answer = ask(world, persona, address, objects)
                if answer.status_code not in _NOT_THEIRS or world.values_in(answer.text):
                    wrong.append((address, int(answer.status_code)))
    assert not wrong, "\n".join(map(str, wrong))
    assert world.rows.changed(before) == set()


@pytest.fixture(scope="module")
def spare(world: OracleWorld) -> Objects:
    """Return a case that is acted on: nothing else is asked of it."""
    return new_case(world.engine, world.rows, MATTERS[0], world.staff, world.viewers)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_who_may_act_on_a_case_is_not_refused(world: OracleWorld, spare: Objects, persona: Persona) -> None:
    objects, wrong, seen = spare, [], sight(persona, MATTERS[0])
    for address, rule in RULES.items():
        if rule.kind == "case" and rule.own and seen is not None and seen.may(rule.right):
            status = ask(world, persona, address, objects, form={}).status_code
            is_there = not address.endswith((*_OF_SOMETHING_ELSE, *_DONE_ONCE))
            if status == 403 or status >= 500 or (is_there and status == 404):
                wrong.append((address, int(status)))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("address", PROVEN)
def test_an_act_is_done_by_each_role_that_may_and_changes_something(world: OracleWorld, address: str) -> None:
    """What is sent above is whole: it is refused for who sends it, and for nothing else."""
    rule, matter = RULES[address], MATTERS[0]
    may = [one for one in EVERYBODY if (seen := sight(one, matter)) and seen.named is None and seen.may(rule.right)]
    objects = new_case(world.engine, world.rows, matter, world.staff, world.viewers)
    if rule.kind == "item":
        may = [one for one in may if objects.roles & one.roles[matter.unit] or address.endswith("/delegate")]
    before = world.rows.state()
    first = ask(world, may[0], address, objects, form=form_of(world, address, objects))
    assert first.status_code in {200, 303}, (may[0].name, int(first.status_code))
    assert world.rows.changed(before), (may[0].name, "nothing was changed")
    for other in may[1:]:
        answer = ask(world, other, address, objects, form=form_of(world, address, objects))
        assert answer.status_code != 403, other.name


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
