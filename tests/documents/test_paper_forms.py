"""The paper form of every step type has all that its form asks, tells nothing of a case, and fits on one page."""

import re
from ctypes.util import find_library
from html import unescape
from io import BytesIO

import pytest
from pypdf import PdfReader

from engine.builtin import CORE
from engine.documents.actions.paper_forms import asked_of_people, paper_form, paper_form_name
from engine.documents.printing import PdfPrinter
from engine.documents.templates import PaperRenderer
from engine.machine import data_folder
from engine.plugin.registry import UnknownStepTypeError, load_registry
from engine.plugin.steps import StepKind, StepType

pytestmark = pytest.mark.long

TEMPLATES = data_folder("templates")
REGISTRY = load_registry(builtins=(CORE,))
PAPERS = PaperRenderer(TEMPLATES / "documents")
PRINTER = PdfPrinter(TEMPLATES / "documents" / "fonts")
STEPS = tuple(step for _, steps in asked_of_people(REGISTRY) for step in steps)
by_key = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
FULL = 9_000
"""From so many characters on a form is printed at a merge. The shorter ones leave a tenth of the sheet free, and more;
`make faults` prints them too."""


def _form(key: str) -> str:
    return unescape(paper_form(REGISTRY, PAPERS, key))


def test_there_is_a_form_for_every_step_type_that_people_answer_and_for_no_other() -> None:
    asked = {step.key for step in REGISTRY.step_types.values() if step.kind is StepKind.ASKED}
    assert {step.key for step in STEPS} == asked
    for key in ("rescue.checklist", "no.such"):
        with pytest.raises(UnknownStepTypeError):
            _form(key)


@by_key
def test_a_form_has_every_question_with_its_choices_and_a_star_where_an_answer_is_needed(step: StepType) -> None:
    form = _form(step.key)
    for spec in step.fields:
        star = " *" if spec.required or spec.copies_after else ""
        assert re.search(rf'<span class="label">\d+\. {re.escape(spec.label)}{re.escape(star)}</span>', form), spec.name
        assert spec.help in form
        assert all(f"</span>{words}</span>" in form for words in spec.choices.values()), spec.name


@by_key
def test_a_form_parts_what_saves_a_step_from_what_completes_it_and_asks_when_by_whom_and_why_late(
    step: StepType,
) -> None:
    form = _form(step.key)
    before = sum(spec.comes_first for spec in step.fields)
    first = sum(spec.first_bite and not spec.comes_first for spec in step.fields)
    rest = len(step.fields) - before - first
    assert ("Before all else" in form) is (before > 0)
    assert (f"Save now: the first {first}<" in form) is (first > 0)
    assert (f"Complete: the other {rest}<" in form) is (rest > 0)
    when = re.search(r"When it happened(: see question (\d+))?", form)
    asked = step.event_time_field
    assert bool(when.group(1)) is bool(asked)
    if asked:
        label = next(spec.label for spec in step.fields if spec.name == asked)
        assert f">{when.group(2)}. {label}" in form
    for words in (
        "Filled in by (name and role)",
        "Reason for typing it in later",
        "If it cannot be done",
        "The person said no",
    ):
        assert words in form


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(step, id=step.key, marks=() if len(_form(step.key)) >= FULL else pytest.mark.faults)
        for step in STEPS
    ],
)
@pytest.mark.skipif(not find_library("pangoft2-1.0"), reason="Pango is not installed")
def test_a_form_is_one_page(step: StepType) -> None:
    pdf = PdfReader(BytesIO(PRINTER.pdf(paper_form(REGISTRY, PAPERS, step.key))))
    [page] = pdf.pages
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (595, 842), "A4, in points"
    assert "Shredded or filed by" in page.extract_text()


def test_a_question_that_hangs_on_another_names_it_by_its_number() -> None:
    assert "(Only if 2 is yes)" in _form("policing.fir")
    assert "(Only if 9 is no)" in re.sub(r"Only if \d+ is no", "Only if 9 is no", _form("reporting.intake"))
    release = _form("press.release")
    assert re.search(r"\(Only if (\d+) is “[^”]+” or \1 is “[^”]+”\)", release)
    assert re.search(r"\(Only if \d+ is not “[^”]+”\)", _form("prevention.community"))


def test_a_form_is_saved_under_a_name_that_every_machine_takes() -> None:
    assert paper_form_name("rescue.first_needs") == "paper-form-rescue-first_needs"
