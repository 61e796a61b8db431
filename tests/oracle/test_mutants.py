"""The oracle finds what is broken: each rule that is taken out of the code is missed by a question of it."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.cases.views import sight as reveal
from engine.core import access
from engine.core import access as narrowing
from engine.documents.actions import attachments
from engine.language.names import RestrictedCategory, Role
from engine.overview.views import case_rows, steps
from engine.persons.views import person as person_page
from engine.retention.actions import retention as holds
from engine.sharing.views import sent as offers
from engine.work.views import form
from tests.oracle.answers import do_jobs
from tests.oracle.asking import ask
from tests.oracle.checking import ALL_THINGS, check, numbers_alone
from tests.oracle.model import shown, sight
from tests.oracle.people import CASES, EVERYBODY, MATTERS
from tests.oracle.routes import RULES
from tests.oracle.world import OracleWorld

pytestmark = pytest.mark.long

_CASE = "/cases/{case_id}"
_WHO = {one.name: one for one in EVERYBODY}
_OF = {matter.name: matter for matter in MATTERS}
Break = Callable[[pytest.MonkeyPatch], None]


def _put(module: Any, name: str, value: Any) -> Break:
    return lambda patch: patch.setattr(module, name, value)


def _of_nobody_in_particular(patch: pytest.MonkeyPatch) -> None:
    """Forget of whom a grant holds, where it is asked for steps."""
    whole = access.CaseAccess.model_copy

    def everything(seen: access.CaseAccess, _person: object) -> access.CaseAccess:
        return whole(seen, update={"fields": tuple(n for way in seen.ways for n in way.fields)}) if seen.ways else seen

    patch.setattr(narrowing, "of_person", everything)


def _all_steps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(case_rows, "may_tell", lambda _access, _step: True)
    patch.setattr(steps, "shows_time", lambda _access, _step: True)


def _unguard(patch: pytest.MonkeyPatch) -> None:
    everybody = {**narrowing.ROLES_THAT_READ, RestrictedCategory.HEALTH: frozenset(Role)}
    patch.setattr(narrowing, "ROLES_THAT_READ", everybody)


@pytest.fixture(scope="module", autouse=True)
def _done(world: OracleWorld) -> None:
    """Let the system do its part: what an answer asked to be watched is there."""
    do_jobs(world)


@pytest.mark.parametrize(("broken", "who", "matter", "address"), [
    pytest.param(_unguard, "worker", "own", f"POST {_CASE}/steps/{{step_id}}/reveal", id="a class unguarded"),
    pytest.param(
        _put(reveal, "shown_answers", lambda _access, _uses, _path, _fields, answers: (answers, frozenset())),
        "partner", "granted narrowly", f"POST {_CASE}/steps/{{step_id}}/reveal", id="answers not narrowed",
    ),
    pytest.param(
        _of_nobody_in_particular,
        "partner", "granted for one", f"POST {_CASE}/steps/{{step_id}}/reveal", id="steps of another person",
    ),
    pytest.param(
        _put(attachments, "of_everybody", lambda seen: narrowing.of_person(seen, next(iter(seen.ways[0].persons)))),
        "partner", "granted for one", f"POST {_CASE}/files/{{file_id}}/copy", id="files of another person",
    ),
    pytest.param(
        _put(person_page, "covers", lambda _access, _field: True),
        "partner", "granted narrowly", f"POST {_CASE}/persons/{{person_id}}/reveal", id="persons not narrowed",
    ),
    pytest.param(
        _put(attachments, "_may_open", lambda _viewer, _access, _file: True),
        "worker", "own", f"POST {_CASE}/files/{{file_id}}/copy", id="files without their class",
    ),
    pytest.param(_all_steps, "partner", "granted narrowly", f"GET {_CASE}/steps/{{step_id}}", id="steps not narrowed"),
    pytest.param(
        _put(form, "covers", lambda _access, _field: True),
        "police", "own", "GET /items/{item_id}", id="drafts with what is of a class",
    ),
])  # fmt: skip
def test_what_is_broken_is_found(
    world: OracleWorld, monkeypatch: pytest.MonkeyPatch, broken: Break, who: str, matter: str, address: str
) -> None:
    asked = (world, _WHO[who], _OF[matter], address, RULES[address])
    assert list(check(*asked)) == []
    broken(monkeypatch)
    assert list(check(*asked)) != []


def test_a_file_that_is_added_without_its_right_is_found(world: OracleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    address, objects = f"POST {_CASE}/files", world.objects["granted narrowly"]
    assert ask(world, _WHO["partner"], address, objects, form={}).status_code == 403
    monkeypatch.setattr(attachments, "may_add_files", lambda _access: True)
    assert ask(world, _WHO["partner"], address, objects, form={}).status_code != 403


def test_a_list_that_is_not_narrowed_is_found(world: OracleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _wrong_in_list(world) == set()
    monkeypatch.setattr(offers, "_offered", offers._offered.__wrapped__)  # not the question that is kept from before
    monkeypatch.setattr(offers, "visible_units", lambda viewer: frozenset(viewer.unit_ids))
    assert "own" in _wrong_in_list(world)


def _wrong_in_list(world: OracleWorld) -> set[str]:
    persona = _WHO["admin of partner"]
    found = numbers_alone(persona, world.values_in(ask(world, persona, "GET /referrals").text))
    return {name for name, things in found.items() if things - shown(sight(persona, CASES[name]), ALL_THINGS, "list")}


def test_an_act_without_its_right_is_found(world: OracleWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    address, objects = f"POST {_CASE}/holds/{{hold_id}}/lift", world.objects["granted to one"]
    assert ask(world, _WHO["press"], address, objects, form={}).status_code == 403
    monkeypatch.setattr(holds, "require_member", lambda *_given, **_more: None)
    assert ask(world, _WHO["press"], address, objects, form={}).status_code != 403
