"""No code leaves: papers, letters, messages, notes and answers say everything in words."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from engine.assembly import Engine
from engine.builtin import CORE
from engine.cases.answers import InWords, for_templates
from engine.cases.views.sight import answer_views, text_of
from engine.core.library import Library
from engine.documents.templates import PaperRenderer
from engine.language.names import type_in_plain_words
from engine.messages.templates import TemplateRenderer
from engine.people.records import region_words
from engine.persons.views.subject import known_text
from engine.plugin.answers import JsonAnswer
from engine.plugin.context import StepContext
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import NOT_KNOWN, FieldKind
from engine.plugin.registry import Registry, load_registry
from engine.plugin.steps import StepType
from engine.work.actions.papers import make_papers
from engine.work.actions.reading import StepReading
from tests.kit.pillars import person
from tests.wording.texts import codes_in

TEMPLATES = Path(__file__).parents[2] / "templates"
NOW = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
ZONE = "Asia/Kolkata"
FILE = "3f2b8c1e-5a77-4b0e-9d51-0a1b2c3d4e5f"
PLACES = ("IN-AS", "BD", "NP", "MM")
_TURNS = 8
_EXAMPLES: Mapping[FieldKind, tuple[JsonAnswer, ...]] = {
    FieldKind.BOOL: (True, False, NOT_KNOWN),
    FieldKind.INT: (3,),
    FieldKind.MONEY: ("1500.50",),
    FieldKind.TEXT: ("Some words",),
    FieldKind.LONGTEXT: ("Some more words.",),
    FieldKind.DATETIME: ("2026-03-09T05:00:00+00:00",),
    FieldKind.DATE: ("2026-03-09",),
    FieldKind.DURATION: ("PT1H30M", "P2D"),
    FieldKind.PHONE: ("+91 98765 43210",),
    FieldKind.GEO: ("Khanapara, Ri Bhoi",),
    FieldKind.ORG: ("Impulse NGO Network",),
    FieldKind.PERSON: ("A. Marak",),
    FieldKind.COLLEAGUE: ("a.marak@example.org",),
    FieldKind.FILE: (FILE,),
    FieldKind.HASH: ("ab" * 32,),
    FieldKind.SIGN: ("A. Marak",),
    FieldKind.LANG: ("grt", "kha"),
    FieldKind.COUNTRY: ("BD", "MM"),
    FieldKind.CASE: ("C-7K3M-2Q9D",),
    FieldKind.INTERVALS: (
        [{"start": "2026-03-09T01:00:00+00:00", "end": "2026-03-09T04:00:00+00:00", "place": "Dawki to Shillong"}],
    ),
}


@cache
def _registry() -> Registry:
    return load_registry(builtins=(CORE,))


@cache
def _engine() -> Engine:
    papers, renderer = PaperRenderer(TEMPLATES / "documents"), TemplateRenderer(TEMPLATES)
    return cast("Engine", SimpleNamespace(registry=_registry(), library=Library, papers=papers, renderer=renderer))


def _answer(spec: FieldSpec, turn: int) -> JsonAnswer:
    choices = list(spec.choices)
    if spec.kind is FieldKind.CHOICE:
        return choices[turn % len(choices)]
    if spec.kind is FieldKind.MULTI:
        return list(choices)
    given = _EXAMPLES[spec.kind]
    return given[turn % len(given)]


def _answers(step: StepType, turn: int) -> dict[str, JsonAnswer]:
    return {spec.name: _answer(spec, turn) for spec in step.fields}


def _context(step: StepType, turn: int, **settings: object) -> StepContext:
    everything = {uses: _answers(other, turn) for uses, other in _registry().step_types.items()}
    return StepContext(
        case_number="C-7K3M-2Q9D", step_id=UUID(int=1), step_key="step", step_type=step.key, now=NOW, zone=ZONE,
        jurisdiction=PLACES[turn % len(PLACES)], settings=step.settings.model_validate(settings),
        answers=_answers(step, turn), before=everything,
        persons=(person(), replace(person("possible_victim", None), id=UUID(int=8))), matches=(), known_partners=(),
        deadline=lambda: timedelta(minutes=1), history={uses: {UUID(int=9): everything[uses]} for uses in step.history},
    )  # fmt: skip


def _papers(step: StepType, turn: int, **settings: object) -> Iterator[tuple[str, str]]:
    context = _context(step, turn, **settings)
    where = SimpleNamespace(id=UUID(int=1), uses=step.key, turn=1, added=None)
    read = StepReading(cast("Any", None), cast("Any", where), step, context, "Unit One")
    for on in ("prepare", "conclude"):
        for paper in make_papers(_engine(), read, on, context.answers):
            yield paper.document.name, paper.html


def _letters(turn: int) -> Iterator[tuple[str, str]]:
    """Make each letter that a step can be asked to release, such as those of the ladders."""
    release = _registry().step_types["core.release"]
    owned = {document.name for step in _registry().step_types.values() for document in step.documents}
    for path in sorted((TEMPLATES / "documents").glob("[!_]*.html")):
        if path.stem not in owned:
            yield from _papers(release, turn, letter=path.stem, to="Superintendent of Police")


@pytest.mark.parametrize("turn", range(_TURNS))
def test_no_paper_prints_a_code(turn: int) -> None:
    made = [paper for step in _registry().step_types.values() if step.documents for paper in _papers(step, turn)]
    made += _letters(turn)
    assert {name for name, _ in made} == {path.stem for path in (TEMPLATES / "documents").glob("[!_]*.html")}
    assert {name: codes_in(html) for name, html in made if codes_in(html)} == {}


@pytest.mark.parametrize("turn", range(_TURNS))
def test_no_note_and_no_title_that_a_step_gives_holds_a_code(turn: int) -> None:
    found = {}
    for step in _registry().step_types.values():
        context = _context(step, turn)
        prepared = step.prepare(context) if step.prepare else None
        concluded = step.conclude(context) if step.conclude else None
        texts = [*(prepared.notes if prepared else ()), *(concluded.notes if concluded else ())]
        texts += [one.title for one in step.follow_ups.values() if one.title]
        if codes := {code for text in texts for code in codes_in(text)}:
            found[step.key] = codes
    assert found == {}


def test_no_answer_is_shown_as_a_code() -> None:
    shown = {
        (step.key, spec.name): text_of(spec, _answer(spec, turn), ZONE)
        for step in _registry().step_types.values()
        for spec in step.fields
        for turn in range(max(len(spec.choices), 3))
    }
    assert {where: text for where, text in shown.items() if codes_in(text)} == {}


def test_what_no_field_explains_is_shown_in_words() -> None:
    views = answer_views((), {"old_name": "no_order_yet", "said": "She said no.", "kept": True}, ZONE, unmasked=True)
    assert [(one.label, one.text) for one in views] == [
        ("Old name", "No order yet"), ("Said", "She said no."), ("Kept", "Yes"),
    ]  # fmt: skip


@pytest.mark.parametrize("path", sorted((TEMPLATES / "messages").glob("*/*.txt")), ids=lambda path: path.stem)
def test_no_message_sends_a_code(path: Path) -> None:
    variables = {
        "case_number": "C-7K3M-2Q9D", "step_title": "Produce before authority", "unit": "Unit One", "level": "2",
        "due_time": "Tue 10 Mar 2026, 12:00 (Asia/Kolkata)", "link": "https://icmc.example.org/items/1", "count": "3",
        "overdue": "1", "due_today": "1", "mine": "2", "to_acknowledge": "1", "code": "12345678",
    }  # fmt: skip
    for given in (variables, variables | {"case_number": "", "due_time": ""}):
        one = {f"{path.stem}.{path.parent.name}": path.read_text(encoding="utf-8")}
        sent = _engine().renderer.message(path.stem, [path.parent.name], given, published=one)
        assert codes_in(sent.subject) | codes_in(sent.body) | codes_in(sent.html) == set()


def test_what_is_known_of_a_person_is_told_to_them_in_words() -> None:
    ages = [{"youngest": 14, "oldest": None, "source": "medical_test", "id": FILE, "on": "2026-03-07"}]
    assert known_text(ages) == "youngest: 14, source: Medical test, on: 2026-03-07"
    assert (known_text(True), known_text("Nongstoin, West Khasi Hills")) == ("yes", "Nongstoin, West Khasi Hills")


def test_a_step_that_is_not_installed_is_named_in_words() -> None:
    assert [type_in_plain_words(key) for key in ("policing.fir", "rescue.first_needs")] == ["FIR", "First needs"]


def test_a_template_cannot_print_the_code_of_an_answer() -> None:
    step = _registry().step_types["protection.placement"]
    given = for_templates(step.fields, {"legal_basis": "police_emergency", "unknown": "no_order_yet"})
    basis = given["legal_basis"]
    assert isinstance(basis, InWords)
    assert basis == "police_emergency"
    assert basis in {"police_emergency", "other"}
    assert {"police_emergency": "known"}[cast("str", basis)] == "known"
    assert f"{basis}" == str(basis) == repr(basis) == "Emergency, no order yet"
    assert given["unknown"] == "No order yet"
    assert not for_templates((), {"refused": False})["refused"]
    unknown = for_templates((), {"refused": NOT_KNOWN})["refused"]
    assert not unknown, "no paper claims what nobody knows"
    assert str(unknown) == "not known"


def test_a_place_prints_its_name() -> None:
    assert region_words("IN-AS") == "Assam, India"
