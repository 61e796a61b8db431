"""Example answers for every form, a step that is prepared, concluded or run in one call, and its papers in print."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ValidationError

from engine.cases.answers import for_templates, jurisdiction_in_words, key_in_words
from engine.core.commands import Following
from engine.core.compiled import compiled_follow_ups
from engine.core.follow_ups import following_of
from engine.core.law.told import LawFacts
from engine.core.library import law_for
from engine.core.records import Step as StepRecord
from engine.core.records import StepStatus
from engine.language.conditions.values import UNKNOWN
from engine.language.limits import Counting, TimeLimit
from engine.plugin.answers import FILTERS, Form, JsonAnswer, read_answers
from engine.plugin.context import Completed, Concluded, Law, PersonView, Prepared, StepContext
from engine.plugin.fields import FieldSpec, specs_of
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import RegistryCatalogue, info_of, load_registry
from engine.plugin.steps import Asked, StepType
from engine.plugin.testing import NOW, fake_context
from tests.kit.shipped import library

Step = StepType | type[Asked[Any]]
STEP = UUID(int=1)
DOCUMENTS = Path(__file__).parents[2] / "templates" / "documents"
_EXAMPLES: Mapping[FieldKind, JsonAnswer] = {
    FieldKind.BOOL: True,
    FieldKind.INT: 3,
    FieldKind.MONEY: "1000.00",
    FieldKind.TEXT: "a text",
    FieldKind.LONGTEXT: "a longer text",
    FieldKind.DATETIME: "2026-03-09T04:30:00+00:00",
    FieldKind.DATE: "2026-03-09",
    FieldKind.DURATION: "PT2H",
    FieldKind.PHONE: "+91 364 000000",
    FieldKind.GEO: "a place",
    FieldKind.ORG: "a body",
    FieldKind.PERSON: "a person",
    FieldKind.COLLEAGUE: "a.marak@example.org",
    FieldKind.FILE: "file-1",
    FieldKind.HASH: "a" * 64,
    FieldKind.SIGN: "signed",
    FieldKind.LANG: "kha",
    FieldKind.COUNTRY: "IN",
    FieldKind.CASE: "C-2026-0001",
    FieldKind.INTERVALS: [{"start": "2026-03-09T04:30:00+00:00", "end": "2026-03-09T06:30:00+00:00", "place": ""}],
}


NEEDED: Mapping[str, dict[str, Any]] = {
    "partnership.access": {"approved_by": "another person", "is_colleague": False},
    "policing.fir": {"refused": False},
    "policing.certificate": {"part_b_signer": "an expert"},
    "press.release": {"approvals": ["press_officer", "lawyer"], "legal_basis": "court_leave"},
    "press.takedown": {"answer": "none_yet", "removed_at": None},
    "prevention.intercept": {"outcome": "continued"},
    "rehabilitation.care_plan": {"services_declined": []},
    "reintegration.close": {"open_clocks": 0},
    "repatriation.handover": {
        "tz": "Asia/Dhaka",
        "sender_tz": "Asia/Kolkata",
        "receiver_tz": "Asia/Dhaka",
        "first_call_on": "2026-03-10T04:30:00+00:00",
    },
    "reporting.intake": {"informant_anonymous": False},
    "reporting.refer": {"declined_reason": None},
    "restitution.eligibility": {"excluded": ["civil"]},
    "restitution.payment": {"free_part": "250.00", "fixed_deposit_part": "750.00"},
}
"""Answers without which the examples of a step break a rule of its form."""


def example(form: type[Form], *, full: bool = True, **changes: Any) -> dict[str, Any]:
    """Make answers that fit: every field, or only the required ones; `changes` replace some."""
    answers = {spec.name: _answer(spec) for spec in specs_of(form) if full or spec.required}
    return answers | changes


def _answer(spec: FieldSpec) -> JsonAnswer:
    if spec.kind is FieldKind.CHOICE:
        return next(iter(spec.choices))
    if spec.kind is FieldKind.MULTI:
        return [next(iter(spec.choices))]
    return _EXAMPLES[spec.kind]


def form_of(step: StepType) -> type[Form]:
    """Return the form of a step that a person answers."""
    assert step.form is not None
    return step.form


def accepts_its_examples(step: StepType, **changes: Any) -> None:
    """Full answers are accepted, and so are the required ones alone."""
    form = form_of(step)
    form.model_validate(example(form, full=True, **changes))
    required = {spec.name for spec in step.fields if spec.required}
    form.model_validate(example(form, full=False, **{k: v for k, v in changes.items() if k in required}))


def problems(form: type[BaseModel], answers: Mapping[str, Any]) -> set[str]:
    """Name the fields that a form refuses; a rule across fields is named `*`."""
    try:
        form.model_validate(answers)
    except ValidationError as error:
        return {str(item["loc"][0]) if item["loc"] else "*" for item in error.errors()}
    return set()


def sentences(form: type[BaseModel], answers: Mapping[str, Any]) -> list[str]:
    """Return what a form says when it refuses."""
    with pytest.raises(ValidationError) as caught:
        form.model_validate(answers)
    return [item["msg"] for item in caught.value.errors()]


def FakeContext(**given: Any) -> StepContext:  # noqa: N802 - a case of our tests, made in one call
    """Make a step's context with what a test puts in it; the law is that of the shipped packs."""
    bare = fake_context(**given)
    return fake_context(**{"law": partial(_shipped_law, bare)} | given)


def prepare(step: Step, case: StepContext | None = None, **given: Any) -> Prepared:
    """Prepare a step in a case, or in one that a test puts together."""
    return _of(step).prepare(case or FakeContext(**given))


@dataclass(frozen=True)
class Done:
    """What follows from a step: all that a pillar says, and the follow-ups that are worked out from it."""

    said: Concluded | Completed
    follow_ups: tuple[Following, ...]

    def __getattr__(self, name: str) -> Any:
        """Return what the pillar said."""
        return getattr(self.said, name)


def conclude(step: Step, told: StepContext | Mapping[str, Any] = MappingProxyType({}), **given: Any) -> Any:
    """Conclude a step with these answers in a case that a test puts together, or in a whole case."""
    case = told if isinstance(told, StepContext) else FakeContext(answers=told, **given)
    return _done(_of(step), case, _of(step).conclude(case))


def run(step: Step, case: StepContext | None = None, **given: Any) -> Any:
    """Run an automatic step in a case, or in one that a test puts together."""
    context = case or FakeContext(**given)
    return _done(_of(step), context, _of(step).run(context))


def _outputs(said: Concluded | Completed) -> dict[str, Any]:
    return dict(said.outputs) if isinstance(said, Completed) else {}


def _done(step: StepType, case: StepContext, said: Concluded | Completed) -> Done:
    """Work out the follow-ups of a step as the engine does, in a case where nothing else is known."""
    catalogue = RegistryCatalogue(load_registry())
    info = info_of(step)
    answers = case.answers if step.form else {}
    form = read_answers(step.form, answers) if step.form else None
    outputs = {name: getattr(form, name, None) for name in step.outputs} if form else _outputs(said)
    known = {name: value for name, value in outputs.items() if value is not None and value != Form.NOT_KNOWN}
    record = StepRecord(
        id=case.step_id, run_id=UUID(int=2), key="step", uses=step.key, status=StepStatus.ENDED, outcome="done",
        outputs={k: v.isoformat() if isinstance(v, datetime) else v for k, v in known.items()},
    )  # fmt: skip
    found = following_of(
        compiled_follow_ups(info.follow_ups, info, catalogue), record,
        step.told_to_follow_ups(answers, said.computed), lambda _path: UNKNOWN,
        now=case.now, zone=case.zone, country=case.country,
    )  # fmt: skip
    return Done(said, tuple(one for _, one in found))


def _of(step: Step) -> Any:
    return step if isinstance(step, StepType) else step.step_type


def OtherLaw(*, times: Mapping[str, str] = MappingProxyType({}), **given: Any) -> StepContext:  # noqa: N802 - as above
    """Make a case in a place whose packs of law have these times, by `ID` or `ID/option`, and no others."""

    def law(limit_id: str, option: str) -> Law | None:
        written = times.get(f"{limit_id}/{option}" if option else limit_id)
        return law_time(limit_id, written) if written else None

    return fake_context(law=law, **given)


def _shipped_law(case: StepContext, limit_id: str, option: str) -> Law | None:
    """Read a limit from the shipped packs, as of the instant of the test; told are place, sections and offence."""
    fir = case.before.get("policing.fir", {})
    sections, offence = fir.get("sections"), fir.get("offence_date")
    told = LawFacts(
        offence_on=date.fromisoformat(offence) if isinstance(offence, str) else None, place=case.jurisdiction,
        sections=frozenset(map(str, sections)) if isinstance(sections, list) else frozenset(),
    )  # fmt: skip
    found = law_for(library(), limit_id, told=told, zone=case.zone, started=case.now, option=option or None)
    time = found.limit_for(option or None) if found else None
    return law_time(limit_id, time.root, source=found.limit.source) if found and time else None


def law_time(limit_id: str, written: str, *, source: str = "") -> Law:
    """Read a time as a pack of law writes it: `P60D`, `P3M`, `P5WD`."""
    time = TimeLimit(written)
    is_working = time.counting is Counting.WORKING_DAYS
    return Law(
        limit_id, months=time.months, days=0 if is_working else time.days, hours=time.seconds // 3600, source=source,
        working_days=time.days if is_working else 0,
    )  # fmt: skip


def person(role: str = "victim", age: int | None = 15) -> PersonView:
    """Make a person of the case."""
    return PersonView(id=UUID(int=7), role=role, name="Name Withheld", aliases=(), phone="", age=age)


def render(name: str, step: StepType, answers: Mapping[str, Any], **changes: object) -> str:
    """Print a document with strict templates: a variable that is not there is an error."""
    environment = Environment(loader=FileSystemLoader(DOCUMENTS), undefined=StrictUndefined, autoescape=True)
    environment.filters.update(FILTERS)
    variables = {
        "case_number": "C-2026-0001",
        "unit": "Unit One",
        "jurisdiction": jurisdiction_in_words("IN-ML"),
        "made_at": NOW,
        "answers": for_templates(step.fields, answers),
        "persons": (asdict(person()) | {"role": key_in_words("victim")},),
        "earlier": lambda _uses: {},
        "all_earlier": lambda _uses: (),
        "answers_of": lambda _step_id: {},
        "settings": step.settings().model_dump(),
        "fields": step.fields,
        "step_title": step.title,
        "version": "3",
        "document_number": "D-1",
        "zone": "Asia/Kolkata",
    }
    return environment.get_template(f"{name}.html").render(variables | _in_words(changes))


def _in_words(changes: Mapping[str, Any]) -> dict[str, object]:
    """Return what a test changes as the engine gives it to a template: codes print their words only."""
    found = dict(changes)
    if "jurisdiction" in found:
        found["jurisdiction"] = jurisdiction_in_words(found["jurisdiction"])
    case = next(
        (one.__self__ for one in found.values() if isinstance(getattr(one, "__self__", None), StepContext)), None
    )
    if case is not None:
        ids = {step_id: told for every in case.history.values() for step_id, told in every.items()}
        as_stored = {
            "earlier": lambda uses: case.before.get(uses, {}),
            "all_earlier": lambda uses: tuple(case.history.get(uses, {}).values()),
            "answers_of": lambda step_id: ids.get(step_id, {}),
        }
        found |= {name: as_stored[name] for name in as_stored.keys() & found.keys()}
    if before := found.get("earlier"):
        found["earlier"] = lambda uses: for_templates(fields_of(uses), before(uses))
    if history := found.get("all_earlier"):
        found["all_earlier"] = lambda uses: tuple(for_templates(fields_of(uses), told) for told in history(uses))
    if by_id := found.get("answers_of"):
        found["answers_of"] = lambda step_id: for_templates(fields_of("policing.evidence"), by_id(step_id))
    return found


def fields_of(uses: str) -> tuple[FieldSpec, ...]:
    """List the fields of an installed step type."""
    pillars = (entry.load() for entry in entry_points(group="icmc.pillars"))
    return next(step.fields for pillar in pillars for step in pillar.step_types if step.key == uses)


def said(follow_ups: Iterable[Following]) -> dict[str, str | None]:
    """Return by name the limit of the law that counts, or else the step type; None for what is over."""
    return {one.name: None if one.is_over else one.law or one.uses for one in follow_ups}
