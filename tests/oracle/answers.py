"""Answers to every question of every form, and the case in which each has a value that occurs nowhere else."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from engine.cases.actions.open import open_case
from engine.course.actions.steer import add_step
from engine.jobs.actions.run import run_job
from engine.jobs.actions.serve import claim_jobs, close_batch, dispatchable
from engine.language.names import RestrictedCategory
from engine.plugin.answers import wanted_answers
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepKind, StepType
from tests.oracle.model import of_answer, of_paper
from tests.oracle.objects import Making
from tests.oracle.people import ONE_FIELD, ONE_FORM, OWNER, every_question
from tests.oracle.records import Matter, Thing
from tests.oracle.world import OracleWorld, let_in_and_shut_out

TEXTS = frozenset(
    {
        FieldKind.TEXT, FieldKind.LONGTEXT, FieldKind.PHONE, FieldKind.GEO, FieldKind.ORG, FieldKind.PERSON,
        FieldKind.FILE, FieldKind.HASH, FieldKind.SIGN, FieldKind.CASE,
    }
)  # fmt: skip
_INSTANTS = (
    "2026-03-05T04:30:00+00:00", "2026-03-05T06:30:00+00:00", "2026-03-06T04:30:00+00:00", "2026-03-07T04:30:00+00:00",
)  # fmt: skip
_PLAIN: Mapping[FieldKind, Any] = {
    FieldKind.INT: 3, FieldKind.MONEY: "1000.00", FieldKind.DURATION: "PT2H", FieldKind.LANG: "kha",
    FieldKind.COUNTRY: "IN", FieldKind.PHONE: "+91 364 000000", FieldKind.HASH: "a" * 64,
    FieldKind.INTERVALS: [{"start": "2026-03-05T04:30:00+00:00", "end": "2026-03-05T06:30:00+00:00", "place": ""}],
}  # fmt: skip
ZONES = ("tz", "sender_tz", "receiver_tz")
"""Questions for the name of a time zone: no words of one's own."""
_TRIES = 4000


@dataclass(frozen=True)
class Filled:
    """Answers that fit a form; `planted` are the values by question, as a page shows them."""

    answers: Mapping[str, Any]
    planted: Mapping[str, str]


class Planter:
    """Gives values that occur nowhere else."""

    def __init__(self) -> None:
        """Begin."""
        self._numbers = count(1)

    def value(self, spec: FieldSpec) -> tuple[Any, str] | None:
        """Give a value for a question, and how a page shows it; None for a question that has no values of one's own."""
        number = next(self._numbers)
        word, day = f"Zq{number:05d}q", date(2041, 1, 1) + timedelta(days=number)
        if spec.kind is FieldKind.INTERVALS:
            stretch = {"start": "2026-03-05T04:30:00+00:00", "end": "2026-03-05T06:30:00+00:00", "place": word}
            return [stretch | {"evidence": "A ticket"}], word
        given: Mapping[FieldKind, tuple[Any, str]] = {
            **dict.fromkeys(TEXTS, (word, word)),
            FieldKind.HASH: (sha256(word.encode()).hexdigest(),) * 2,
            FieldKind.PHONE: (f"+99 70000 {number:05d}",) * 2,
            FieldKind.DATE: (day.isoformat(), f"{day:%d %b %Y}"),
            FieldKind.DATETIME: (f"{day.isoformat()}T06:00:00+00:00", f"{day:%d %b %Y}"),
            FieldKind.INT: (700_000 + number, str(700_000 + number)),
            FieldKind.MONEY: (str(970_000_000 + number),) * 2,
        }
        return given.get(spec.kind)


def every_form(step_types: Mapping[str, StepType], planter: Planter) -> Iterator[tuple[str, Filled]]:
    """Answer the form of each step type, once or as often as it takes to answer every question that takes words."""
    for key, step_type in sorted(step_types.items()):
        if step_type.kind is StepKind.ASKED and step_type.form is not None:
            for filled in fillings(step_type, planter):
                yield key, filled


def fillings(step_type: StepType, planter: Planter) -> list[Filled]:
    """Return answers that together hold every question of a form that takes words."""
    takes_words = TEXTS | {FieldKind.INTERVALS}
    left = {spec.name for spec in step_type.fields if spec.kind in takes_words} - set(ZONES)
    found: list[Filled] = []
    while left or not found:
        answers = _with_as_many(step_type, left)
        found.append(_planted(step_type, answers, planter))
        if left and not left & set(found[-1].planted):
            message = f"{step_type.key}: no valid answers hold {sorted(left)}"
            raise AssertionError(message)
        left -= set(found[-1].planted)
    return found


def _with_as_many(step_type: StepType, wanted: set[str]) -> dict[str, Any]:
    """Look for valid answers with as many of the wanted questions as can stand together."""
    chance = random.Random(step_type.key)  # noqa: S311 - nothing secret
    best: dict[str, Any] = {}
    for number in range(_TRIES):
        tried = _tried(step_type, chance, wanted, number)
        while broken := _broken(step_type, tried):
            gone = [name for name in broken if name in tried and not _needed(step_type, name)]
            if not gone:
                break
            for name in gone:
                del tried[name]
        else:
            if not best or len(wanted & set(tried)) > len(wanted & set(best)):
                best = tried
            if wanted <= set(best):
                break
    return best


def _tried(step_type: StepType, chance: random.Random, wanted: set[str], number: int) -> dict[str, Any]:
    answers = {}
    for spec in step_type.fields:
        leave = number > 0 and not spec.required and spec.name not in wanted and chance.random() < 0.4
        if spec.copies_after:
            answers[spec.name] = next(one.value for one in wanted_answers(spec.copies_after) if one.name == spec.name)
        elif not leave and spec.kind is not FieldKind.COLLEAGUE:
            answers[spec.name] = _plain(spec, chance, first=number == 0)
    return answers


def _plain(spec: FieldSpec, chance: random.Random, *, first: bool) -> Any:
    choices = list(spec.choices)
    if spec.kind is FieldKind.CHOICE:
        return choices[0] if first else chance.choice(choices)
    if spec.kind is FieldKind.MULTI:
        return choices[:1] if first else chance.sample(choices, chance.randint(1, min(3, len(choices))))
    if spec.kind is FieldKind.BOOL:
        return True if first else chance.random() < 0.5
    if spec.kind in {FieldKind.DATETIME, FieldKind.DATE}:
        at = (
            "2026-03-05T06:30:00+00:00"
            if first and spec.event_time
            else _INSTANTS[-1]
            if first
            else chance.choice(_INSTANTS)
        )
        return at if spec.kind is FieldKind.DATETIME else at[:10]
    if spec.kind in {FieldKind.INT, FieldKind.MONEY} and not first:
        return chance.choice((0, 1, 3, 1000, 5000))
    return "Asia/Kolkata" if spec.name in ZONES else _PLAIN.get(spec.kind, f"some words of {spec.name}")


def _broken(step_type: StepType, answers: Mapping[str, Any]) -> set[str] | None:
    try:
        step_type.form.model_validate(dict(answers))
    except ValidationError as error:
        return {str(detail["loc"][0]) if detail["loc"] else "" for detail in error.errors(include_url=False)}
    return None


def _needed(step_type: StepType, name: str) -> bool:
    return any(spec.name == name and spec.required for spec in step_type.fields)


def _planted(step_type: StepType, answers: dict[str, Any], planter: Planter) -> Filled:
    """Put a value that occurs nowhere else in the place of each answer that allows it."""
    planted: dict[str, str] = {}
    for spec in step_type.fields:
        takes = spec.name in answers and spec.name not in ZONES and not spec.event_time
        given = planter.value(spec) if takes else None
        if given is not None and _broken(step_type, answers | {spec.name: given[0]}) is None:
            answers = answers | {spec.name: given[0]}
            planted[spec.name] = given[1]
    return Filled(answers, planted)


@dataclass(frozen=True)
class Answered:
    """The case: its steps by key, their step types, its papers, and what was planted in it, value by value."""

    matter: Matter
    case_id: UUID
    steps: Mapping[str, UUID]
    papers: Mapping[UUID, str]
    things: Mapping[str, Thing]
    values: Mapping[str, str]
    classes: Mapping[str, frozenset[RestrictedCategory]]

    @cached_property
    def of_step(self) -> Mapping[str, Mapping[str, Thing]]:
        """The things of each step."""
        return {
            step: {name: thing for name, thing in self.things.items() if name.startswith(f"{step}.")}
            for step in self.steps
        }


def answered_case(world: OracleWorld) -> Answered:
    """Answer every form that a person answers, in one case, and let the system make its papers."""
    engine, matter = world.engine, every_question(ONE_FIELD, ONE_FORM)
    making = Making(engine, matter, world.staff, world.viewers)
    first = {
        "narrative": "Some words.", "concern": "forced_labour", "is_child_suspected": "yes", "immediate_danger": False,
        "safe_to_call": True, "consent_to_record": "yes",
    }  # fmt: skip
    making.ids["case_id"] = making.act(open_case, answers=first, unit_id=world.staff[OWNER].unit_id).case_id
    things: dict[str, Thing] = {}
    values: dict[str, str] = {}
    for uses, filled in every_form(engine.registry.step_types, Planter()):
        if not uses.startswith("core."):
            step = making.act(add_step, making.case_id, uses=uses)
            making.steps[uses] = making.complete(uses, filled.answers, step_id=step)
            specs = {spec.name: spec for spec in engine.registry.get(uses).fields}
            for name, value in filled.planted.items():
                path, spec = f"{uses}.{name}", specs[name]
                things[path] = of_answer(uses, path, spec.restricted_category or "", is_open=spec.is_open)
                values[path] = value
    do_jobs(world)
    let_in_and_shut_out(making)
    world.planted.add(matter.name, values)
    classes = {
        uses: frozenset(one.restricted_category for one in engine.registry.get(uses).fields if one.restricted_category)
        for uses in making.steps
    }
    papers = _papers(world, making)
    things |= {f"paper of {uses}": of_paper(f"paper:{uses}", uses, classes[uses]) for uses in set(papers.values())}
    return Answered(matter, making.case_id, making.steps, papers, things, values, classes)


def _papers(world: OracleWorld, making: Making) -> dict[UUID, str]:
    steps = {step: uses for uses, step in making.steps.items()}
    rows = world.rows.all("SELECT id, step_id FROM document WHERE case_id = %(case)s", case=making.case_id)
    return {UUID(str(paper)): steps[UUID(str(step))] for paper, step in rows if UUID(str(step)) in steps}


def do_jobs(world: OracleWorld) -> None:
    """Do every job that is due, as the worker does."""
    while batches := dispatchable(world.engine, limit=50):
        for batch in batches:
            is_closed = False
            while not is_closed:
                for job in claim_jobs(world.engine, batch_id=batch.id, worker="oracle", limit=100):
                    run_job(world.engine, job, flow_run_id=None, task_run_id=None, done_by="fallback")
                is_closed = close_batch(world.engine, batch_id=batch.id)
