"""Read all that a pillar's function may know of its case, before the function runs."""

import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.domain.ages import ages_of, strongest, youngest_on
from engine.domain.compiled import CompiledStep
from engine.domain.consequences import JobKind, compiled_step
from engine.domain.records import Step, StepStatus
from engine.domain.state import CaseState
from engine.plugin.steps import JsonAnswer, Match, PersonView, StepType
from engine.ports import ClaimedJob, JsonValue
from engine.stores import UnitOfWork
from engine.usecases.step_context import JobContext

_WEIGHTS = {"phone": 60, "name": 35, "name_part": 5}


class StepReading(NamedTuple):
    """What was read of a case before a pillar's function runs."""

    state: CaseState
    step: Step
    step_type: StepType
    context: JobContext
    unit: str = ""


def read_step(engine: Engine, job: ClaimedJob) -> StepReading | None:
    """Read what a pillar's function may know; None when the step is no longer there to be worked on."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(job.case_id)
        step = state.steps.get(job.step_id) if job.step_id else None
        if step is None or (job.kind == JobKind.PREPARE and step.status is not StepStatus.READY):
            return None
        step_type = engine.registry.get(step.uses)
        run = state.runs[step.run_id]
        compiled = compiled_step(step, state, engine.definitions)
        people = [person.person_id for person in state.persons if person.removed_at is None]
        given_up_at = time.monotonic() + job.timeout
        context = JobContext(
            case_number=state.case.number,
            step_key=step.key,
            step_type=step.uses,
            now=now,
            zone=run.zone,
            jurisdiction=run.jurisdiction,
            settings=step_type.settings.model_validate(_settings(step, compiled)),
            answers=_plain(work.items.answers(step.id)),
            answers_by_type=_earlier(work, state, step),
            persons=tuple(_person(work, state, person, _day(now, run.zone)) for person in dict.fromkeys(people)),
            matches=_matches(work, state, tuple(dict.fromkeys(people))),
            deadline=lambda: timedelta(seconds=max(0.0, given_up_at - time.monotonic())),
        )
        unit = work.directory.unit(state.case.unit_id)
        return StepReading(state, step, step_type, context, unit.name if unit else "")


def _settings(step: Step, compiled: CompiledStep | None) -> Mapping[str, object]:
    """Give what a definition says of a step, or what a level of a ladder said when it added it."""
    if step.added is not None:
        return dict(step.added.settings)
    return dict(compiled.spec.settings) if compiled else {}


def _earlier(work: UnitOfWork, state: CaseState, step: Step) -> Mapping[str, Mapping[str, JsonAnswer]]:
    latest: dict[str, Step] = {}
    for other in state.steps.values():
        if other.status is not StepStatus.ENDED or other.id == step.id or other.ended_at is None:
            continue
        known = latest.get(other.uses)
        if known is None or (known.ended_at or other.ended_at) <= other.ended_at:
            latest[other.uses] = other
    return {uses: _plain(work.items.answers(other.id)) for uses, other in latest.items()}


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def _person(work: UnitOfWork, state: CaseState, person_id: UUID, on: date) -> PersonView:
    """Show a step one person; the age is the youngest that they can be, so that a child is taken for one."""
    identity = work.persons.identity(person_id)
    roles = (p.role for p in state.persons if p.person_id == person_id and p.removed_at is None)
    aliases, age = identity.get("aliases"), strongest(ages_of(identity))
    return PersonView(
        id=person_id,
        role=next(roles).value,
        name=str(identity.get("name") or ""),
        aliases=tuple(str(alias) for alias in aliases) if isinstance(aliases, list) else (),
        phone=str(identity.get("phone") or ""),
        age=youngest_on(age, on) if age else None,
    )


def _matches(work: UnitOfWork, state: CaseState, people: tuple[UUID, ...]) -> tuple[Match, ...]:
    ours = tuple(dict.fromkeys(one for person in people for one in work.persons.same_as(person)))
    found = work.persons.matches(ours, case_id=state.case.id) if ours else ()
    scored = [(sum(_WEIGHTS.get(kind, 0) for kind in match.kinds), match) for match in found]
    return tuple(Match(m.unit, m.contact, "person", score) for score, m in scored if score >= _WEIGHTS["name"])


def _plain(answers: Mapping[str, JsonValue]) -> Mapping[str, JsonAnswer]:
    return cast("Mapping[str, JsonAnswer]", answers)
