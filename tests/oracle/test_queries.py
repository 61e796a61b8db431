"""Every question that pages ask, asked by everybody themselves: no page stands between."""

import ast
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import import_module
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from engine.cases.records import CaseFilter
from engine.cases.store import CONCERN
from engine.cases.views.lists import cases, count_cases
from engine.errors import IcmcError, NotAllowedError, NotFoundError
from engine.language.names import Role
from engine.numbers.records import Period, PeriodKind, SavedNumbers, SavedPeriod
from tests.kit.portal import BEGIN
from tests.oracle.asking import MADE_UP
from tests.oracle.checking import ALL_THINGS, ANY_ID, hidden_alike, numbers_alone, seen_alike
from tests.oracle.model import shown, sight, status
from tests.oracle.objects import Objects
from tests.oracle.people import CASES, PERSONAS
from tests.oracle.queries import QUERIES
from tests.oracle.records import Matter, Persona
from tests.oracle.world import OracleWorld

_ASKS = frozenset({"ask", "ask_all", "ask_board", "soon"})
pytestmark = pytest.mark.long

_MENDED = frozenset({"dead_letters", "admin_board", "board_list"})
_STATUSES = {NotFoundError: 404, NotAllowedError: 403}


def methods(world: OracleWorld) -> dict[str, Callable[..., Any]]:
    """Return every view that anything in the engine asks, as a question without its reading."""
    return {name: _question(getattr(world.engine, asks), view) for name, (asks, view) in asked_views().items()}


@cache
def asked_views() -> dict[str, tuple[str, Callable[..., Any]]]:
    """Return by name each view that is given to `ask`, `ask_all`, `ask_board` or `soon` anywhere, and how to ask it.

    What a view asks `soon` is a part of it, and given the view's own reading.
    """
    found: dict[str, tuple[str, Callable[..., Any]]] = {}
    for path in Path("engine").rglob("*.py"):
        tree = ast.parse(path.read_text())
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named = {name.asname or name.name: (node.module, name.name) for node in froms for name in node.names}
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _ASKS:
                view, *given = call.args
                is_part = bool(given) and isinstance(given[0], ast.Name) and given[0].id == "reading"
                if isinstance(view, ast.Name) and view.id in named and not is_part:
                    module, name = named[view.id]
                    found[name] = call.func.attr.replace("soon", "ask"), getattr(import_module(str(module)), name)
    return found


def _question(ask: Callable[..., Any], view: Callable[..., Any]) -> Callable[..., Any]:
    def question(*args: Any, **kwargs: Any) -> Any:
        return ask(view, *args, **kwargs)

    _, *rest = signature(view).parameters.values()
    if ask.__name__ != "ask_all":
        rest[0] = rest[0].replace(name="viewer")
    question.__name__ = view.__name__
    question.__signature__ = Signature(rest)  # type: ignore[attr-defined]
    return question


def ruled(world: OracleWorld) -> dict[str, Callable[..., Any]]:
    """Return those with a rule: that one has none is told once."""
    return {name: method for name, method in methods(world).items() if name in QUERIES}


def test_every_question_has_a_rule(world: OracleWorld) -> None:
    assert set(methods(world)) == set(QUERIES)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_a_question_for_a_case_is_answered_as_the_model_says(world: OracleWorld, persona: Persona) -> None:
    wrong = [found for matter in seen_alike(persona) for found in _wrong(world, persona, matter)]
    assert not wrong, "\n".join(map(str, wrong))


def _wrong(world: OracleWorld, persona: Persona, matter: Matter) -> Iterator[tuple[object, ...]]:
    seen, objects = sight(persona, matter), world.objects[matter.name]
    for name, method in ruled(world).items():
        rule = QUERIES[name]
        for ids in _ids(method, objects) if rule.kind == "case" else ():
            code, text = _asked(world, persona, method, ids)
            found = numbers_alone(persona, world.values_in(text))
            allowed = set().union(*(shown(seen, ALL_THINGS, page) for page in rule.pages))
            due = status(persona, matter, rule.right, own=rule.own)
            here = found.pop(matter.name, set())
            if found or not here <= allowed or (code == 200 and due != 200):
                yield matter.name, name, code, due, found, here - allowed


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_a_question_for_what_is_not_theirs_is_answered_as_for_what_was_never_there(
    world: OracleWorld, persona: Persona
) -> None:
    wrong = []
    for name, method in ruled(world).items():
        if QUERIES[name].kind == "case":
            nothing = _asked(world, persona, method, {})
            for matter in hidden_alike(persona):
                for ids in _ids(method, world.objects[matter.name]):
                    real = _asked(world, persona, method, ids)
                    same = real[0] == nothing[0] and ANY_ID.sub("", real[1]) == ANY_ID.sub("", nothing[1])
                    if not same or real[0] == 200:
                        wrong.append((matter.name, name, real, nothing))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_a_question_for_a_list_holds_nothing_of_what_is_not_theirs(world: OracleWorld, persona: Persona) -> None:
    wrong = []
    for name, method in ruled(world).items():
        rule = QUERIES[name]
        for ids in _ids(method, world.objects["own"]) if rule.kind in {"list", "apart"} else ():
            code, text = _asked(world, persona, method, ids)
            for matter, things in numbers_alone(persona, world.values_in(text)).items():
                if name in _MENDED:  # who mends what is stuck is told in which case
                    things.discard("number")
                seen = sight(persona, CASES[matter])
                if not things <= set().union(*(shown(seen, ALL_THINGS, page) for page in rule.pages)):
                    wrong.append((name, code, matter, things))
    assert not wrong, "\n".join(map(str, wrong))


def _ids(method: Callable[..., Any], objects: Objects) -> list[Mapping[str, UUID]]:
    """Return the ids to ask for: each step, what is held about both persons, or the one object that there is."""
    names = set(signature(method).parameters)
    if method.__name__ == "revealed_subject":
        return [objects.ids, objects.ids | {"person_id": objects.ids["secondary_id"]}]
    if names & {"step_id", "step"}:
        return [objects.ids | {"step_id": step} for name, step in objects.steps.items() if name != "medical"]
    emergency = {"request_id": objects.ids["emergency_id"]} if method.__name__ == "emergency" else {}
    return [objects.ids | emergency]


def _asked(
    world: OracleWorld, persona: Persona, method: Callable[..., Any], ids: Mapping[str, UUID]
) -> tuple[int, str]:
    parameters = signature(method).parameters
    given = {
        name: _argument(world, name, ids)
        for name, part in parameters.items()
        if name != "viewer"
        and part.kind is not Parameter.VAR_POSITIONAL
        and (part.default is Parameter.empty or name in {"case_id", "number"})
    }
    viewer = (world.viewers[persona.name],) if "viewer" in parameters else ()
    if method.__name__ == "as_viewer":
        viewer, given = (), {"actor_id": world.viewers[persona.name].actor_id}
    try:
        return 200, repr(method(*viewer, **given))
    except IcmcError as error:
        return next((code for kind, code in _STATUSES.items() if isinstance(error, kind)), 409), str(error)


def _argument(world: OracleWorld, name: str, ids: Mapping[str, UUID]) -> Any:
    known: dict[str, Any] = {
        "zone": "Asia/Kolkata", "number": world.objects["own"].number if ids else "C-AAAA-AAAA", "what": "cases",
        "chosen": {}, "of": "cases", "by": ("status",), "outside": False, "kind": "workflow", "name": "child-labour",
        "token": world.objects["own"].tokens["/a/{token}"], "step": str(ids.get("step_id", MADE_UP)), "note": "",
        "limit_id": "IN-JJ-PROD-24H", "limit_ids": ("IN-JJ-PROD-24H",), "on": date(2026, 3, 7),
        "jurisdiction": "IN-AS", "element": "", "listed": "overdue", "offset": 0, "limit": 100,
        "saved": SavedNumbers(
            id=MADE_UP, owner_id=MADE_UP, unit_id=None, tables=("age",), period=SavedPeriod.LATEST,
            saved_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        "period": Period(PeriodKind.QUARTER, 2026 * 12), "quarters": (),
        "span": (datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        "ids": [one.ids["item_id"] for one in world.objects.values() if "item_id" in one.ids],
    }  # fmt: skip
    return known[name] if name in known else ids.get(name, MADE_UP)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.name)
def test_a_filter_of_cases_asks_of_nothing_that_their_lines_do_not_show(world: OracleWorld, persona: Persona) -> None:
    def listed(chosen: CaseFilter) -> set[UUID]:
        found = world.engine.ask(cases, world.viewers[persona.name], status="all", chosen=chosen, limit=1_000)
        assert world.engine.ask(count_cases, world.viewers[persona.name], status="all", chosen=chosen) == len(found)
        return {line.id for line in found}

    lines = world.engine.ask(cases, world.viewers[persona.name], status="all", limit=1_000)
    seen = [line for line in lines if line.opened_at is not None]
    waits = {line.id: line.waiting_for.split(", ") for line in seen}
    intake = world.engine.registry.step_types["reporting.intake"]
    for value, label in next(spec.choices for spec in intake.fields if spec.name == CONCERN).items():
        assert listed(CaseFilter(concern=value)) == {line.id for line in seen if line.concern == label}, value
    for late in (True, False):
        assert listed(CaseFilter(late=late)) == {line.id for line in seen if line.is_overdue is late}
    for role in Role:
        assert listed(CaseFilter(role=role)) == {key for key, whom in waits.items() if role.label in whom}, role
    for viewer in world.viewers.values():
        theirs = {key for key, whom in waits.items() if viewer.name in whom}
        assert listed(CaseFilter(person=viewer.actor_id)) == theirs, viewer.name
    assert listed(CaseFilter(place="IN-AS")) == {line.id for line in seen}
    assert listed(CaseFilter(place="NP")) == set()
    assert listed(CaseFilter(since=BEGIN.date())) == {line.id for line in seen}
    assert listed(CaseFilter(since=BEGIN.date() + timedelta(days=400))) == set()
