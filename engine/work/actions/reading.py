"""Read all that a pillar's function may know of its case, before the function runs."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core.access import Via
from engine.core.compiled import CompiledStep
from engine.core.consequences import JobKind, compiled_step
from engine.core.law.told import ages_of, strongest, youngest_on
from engine.core.library import Library, law_in_case
from engine.core.matching import bits_when_opened, is_worth_telling, kind_of, score_of
from engine.core.policy import Action, Membership, Viewer, can
from engine.core.records import Run, Step, StepStatus
from engine.core.state import CaseState
from engine.core.values import COLLECTIONS, person_in
from engine.db.transaction import Transaction
from engine.jobs.records import ClaimedJob
from engine.language.limits import Counting
from engine.people.store import DirectoryStore
from engine.persons.records import parents_of
from engine.persons.store import PersonStore
from engine.plugin.answers import JsonAnswer
from engine.plugin.context import Law, Match, Outcome, PersonView, StepContext
from engine.plugin.fields import as_told
from engine.plugin.steps import StepType
from engine.sharing.actions.partners import offers
from engine.work.store import ItemStore


class LikelySame(NamedTuple):
    """A person of another case of the unit who may be the same: whom to ask, what agrees, and how much, out of 100."""

    person_id: UUID
    unit: str
    contact: str
    kind: str
    score: int


def likely_the_same(engine: Engine, tx: Transaction, person_id: UUID, *, case_id: UUID) -> tuple[LikelySame, ...]:
    """Find the persons of the unit's other cases who may be this person of a case, the likeliest first.

    Only persons of the unit are opened, and only those of whom the tokens say that it is worth it.
    """
    ours = tx.of(PersonStore).same_as(person_id)
    known = [tx.of(PersonStore).identity(one) for one in ours]
    found = []
    for match in tx.of(PersonStore).matches(ours, case_id=case_id):
        theirs = tx.of(PersonStore).identity(match.person_id)
        alike = [engine.fingerprints.likeness(one, theirs) for one in known]
        bits = max(bits_when_opened(match.agreement, one, persons=match.persons) for one in alike)
        if is_worth_telling(bits, persons=match.persons):
            kind = kind_of(match.agreement)
            found.append(LikelySame(match.person_id, match.unit, match.contact, kind, score_of(bits)))
    return tuple(sorted(found, key=lambda one: (-one.score, one.person_id)))


OF_A_PERSON: Final = frozenset({JobKind.CONCLUDE, JobKind.RUN})
"""What a person's act asks for. To ready the next person's work and to send messages are the system's own duties."""
IS_DISABLED: Final = "asker-is-disabled"
HAS_NO_ACCESS: Final = "asker-has-no-access"


def why_not_for_asker(tx: Transaction, job: ClaimedJob, *, now: datetime) -> str | None:
    """Say as a code why a job may not be done for who asked for it, at `now` (UTC); None when it may.

    That person must still be there, and see the case by a role in its unit or by a live grant. A denial, a conflict of
    interest and a seal count, and the code does not tell them apart. Who mends the system needs no part in the case.
    """
    if job.asked_by is None or JobKind(job.kind) not in OF_A_PERSON:
        return None
    actor = tx.of(DirectoryStore).actor(job.asked_by)
    if actor is None:
        return None
    if actor.disabled:
        return IS_DISABLED
    held = tx.of(DirectoryStore).memberships(actor.id)
    units = tuple(dict.fromkeys(unit_id for unit_id, _ in held))
    asker = Viewer(
        actor_id=actor.id,
        name=actor.name,
        unit_ids=units,
        roles=tuple(dict.fromkeys(role for _, role in held)),
        memberships=tuple(
            Membership(unit_id=one, roles=tuple(role for unit_id, role in held if unit_id == one)) for one in units
        ),
    )
    access = tx.of(AccessStore).access_of(asker, job.case_id, now)
    if access.is_denied or (access.via is Via.NONE and not can(asker, Action.MEND)):
        return HAS_NO_ACCESS
    return None


_FOR_A_PAGE = 10.0
"""Seconds that a function may take whose answer a page waits for."""


class StepReading(NamedTuple):
    """What was read of a case before a pillar's function runs."""

    state: CaseState
    step: Step
    step_type: StepType
    context: StepContext
    unit: str = ""


def read_step(engine: Engine, job: ClaimedJob) -> StepReading | None:
    """Read what a pillar's function may know; None when the step is no longer there to be worked on."""

    def is_there(step: Step) -> bool:
        return job.kind != JobKind.PREPARE or step.status is StepStatus.READY

    return _read(engine, job.case_id, job.step_id, is_there, job.timeout)


def read_step_of(engine: Engine, case_id: UUID, step_id: UUID) -> StepReading | None:
    """Read what a function of an open step's type may know, for a page; None when it is not open any more."""
    return _read(engine, case_id, step_id, lambda step: step.status is StepStatus.READY, _FOR_A_PAGE)


def _read(
    engine: Engine, case_id: UUID, step_id: UUID | None, is_there: Callable[[Step], bool], timeout: float
) -> StepReading | None:
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        step = state.steps.get(step_id) if step_id else None
        if step is None or not is_there(step):
            return None
        if step.uses not in engine.registry.step_types and step.outcome not in {None, Outcome.DONE}:
            return None  # its pillar is gone, and it was ended by hand: nothing follows that only the pillar knows
        step_type = engine.registry.get(step.uses)
        run = state.runs[step.run_id]
        compiled = compiled_step(step, state, engine.definitions)
        known = _known(state, step, step_type)
        earlier = {other.uses: other for other in _done_before(state, step)}
        history = {uses: _history(engine, state, step, uses) for uses in step_type.history}
        told = _told(engine, tx, (step, *earlier.values(), *chain.from_iterable(history.values())))
        given_up_at = time.monotonic() + timeout
        context = StepContext(
            case_number=state.case.number,
            step_id=step.id,
            step_key=step.key,
            step_type=step.uses,
            now=now,
            zone=run.zone,
            jurisdiction=run.jurisdiction,
            settings=step_type.settings.model_validate(_settings(step, compiled)),
            answers=told.get(step.id, {}),
            before={uses: told.get(other.id, {}) for uses, other in earlier.items()},
            history={uses: {one.id: told.get(one.id, {}) for one in steps} for uses, steps in history.items()},
            persons=tuple(_person(tx, state, person, _day(now, run.zone)) for person in known),
            matches=_matches(engine, tx, state, known) if step_type.compares else (),
            known_partners=offers(tx, unit_id=state.case.unit_id, zone=run.zone, now=now)
            if step_type.seeks_partner
            else (),
            deadline=lambda: timedelta(seconds=max(0.0, given_up_at - time.monotonic())),
            law_of=partial(_law_time, state, run, tx.library(), step.base_path, now),
        )
        unit = tx.of(DirectoryStore).unit(state.case.unit_id)
        return StepReading(state, step, step_type, context, unit.name if unit else "")


def _law_time(
    state: CaseState, run: Run, library: Library, element: str, now: datetime, limit_id: str, option: str
) -> Law | None:
    """Read the time of a limit in the version that counts for a case, or for one person of it, from now."""
    found = law_in_case(state, run, limit_id, library, started=now, element=element, option=option or None)
    time_ = found.limit_for(option or None) if found and found.is_used else None
    if found is None or time_ is None:
        return None
    is_working = time_.counting is Counting.WORKING_DAYS
    return Law(
        limit_id, months=time_.months, days=0 if is_working else time_.days, hours=time_.seconds // 3600,
        working_days=time_.days if is_working else 0, source=found.limit.source,
        is_signed=found.is_quotable(run.jurisdiction),
    )  # fmt: skip


def _settings(step: Step, compiled: CompiledStep | None) -> Mapping[str, object]:
    """Return what a definition says of a step, or what a level of a ladder said when it added it."""
    if step.added is not None:
        return dict(step.added.settings)
    return dict(compiled.spec.settings) if compiled else {}


def _history(engine: Engine, state: CaseState, step: Step, uses: str) -> list[Step]:
    before = _done_before(state, step, everybody=engine.registry.get(step.uses).knows_everybody)
    return [other for other in before if other.uses == uses]


def _done_before(state: CaseState, step: Step, *, everybody: bool = False) -> list[Step]:
    """List the other steps that were done by when they happened; for a step of one person, not those of other people.

    One that ended otherwise told nothing, and hides no earlier answer.
    """
    done = [
        (other.ended_at, other)
        for other in state.steps.values()
        if other.status is StepStatus.ENDED and other.outcome == Outcome.DONE
        if other.id != step.id and other.ended_at is not None
        if everybody or not step.base_path or other.base_path in {"", step.base_path}
    ]
    return [other for _, other in sorted(done, key=lambda one: one[0])]


def _known(state: CaseState, step: Step, step_type: StepType) -> tuple[UUID, ...]:
    """List the persons whom a step may know; one that is done for one person knows nobody else as a survivor.

    Its papers go to bodies that another survivor may have to fear, and whether it is a child that goes home is asked of
    this one alone. Suspects, witnesses, family and guardians belong to the case as a whole, so every step knows them;
    not a survivor who is one of these as well.
    """
    inside, own = [person for person in state.persons if person.removed_at is None], person_in(step.base_path)
    others = {
        person.person_id for person in inside if person.role in COLLECTIONS["case.victims"] and person.person_id != own
    }
    hidden = set() if own is None or step_type.knows_everybody else others
    return tuple(dict.fromkeys(person.person_id for person in inside if person.person_id not in hidden))


def _day(now: datetime, zone: str) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def _person(tx: Transaction, state: CaseState, person_id: UUID, on: date) -> PersonView:
    """Show a step one person: as a survivor who is one, whatever else they are, and as young as they can be."""
    identity = tx.of(PersonStore).identity(person_id)
    roles = [p.role for p in state.persons if p.person_id == person_id and p.removed_at is None]
    aliases, age = identity.get("aliases"), strongest(ages_of(identity))
    return PersonView(
        id=person_id,
        role=next((role for role in roles if role in COLLECTIONS["case.victims"]), roles[0]).value,
        name=str(identity.get("name") or ""),
        aliases=tuple(str(alias) for alias in aliases) if isinstance(aliases, list) else (),
        phone=str(identity.get("phone") or ""),
        age=youngest_on(age, on) if age else None,
        parents=parents_of(identity),
        home=str(identity.get("home") or ""),
    )


def _matches(engine: Engine, tx: Transaction, state: CaseState, known: tuple[UUID, ...]) -> tuple[Match, ...]:
    """Return who of the unit's other cases may be one of these, and whom to ask."""
    found: dict[UUID, Match] = {}
    people = {person.person_id for person in state.persons if person.removed_at is None}
    for person in known:
        for one in likely_the_same(engine, tx, person, case_id=state.case.id):
            before = found.get(one.person_id)
            if one.person_id not in people and (before is None or before.score < one.score):
                found[one.person_id] = Match(one.unit, one.contact, one.kind, one.score)
    return tuple(sorted(found.values(), key=lambda match: -match.score))


def _told(engine: Engine, tx: Transaction, steps: Iterable[Step]) -> Mapping[UUID, Mapping[str, JsonAnswer]]:
    """Return the answers of steps as functions and papers read them; of a type that is gone, as they are kept."""
    uses, types = {step.id: step.uses for step in steps}, engine.registry.step_types
    told = tx.of(ItemStore).answers_of(uses)
    return {
        step_id: as_told(types[uses[step_id]].fields if uses[step_id] in types else (), answers)
        for step_id, answers in told.items()
    }
