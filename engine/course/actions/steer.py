"""What people say of a case beside answering forms: facts, journeys, persons, further steps, further workflows."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from pydantic import JsonValue, ValidationError

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, command_on_case, keep_words, require_member, require_reason
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore
from engine.cases.records import CANCEL_REASONS
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.policy import Action, Viewer
from engine.core.records import AddedStep, PersonRole, RunStatus, Scalar, Step, StepInterval, path_of_person
from engine.core.settle import is_left_to_itself
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.definitions.records import UnknownLawLimitError
from engine.definitions.store import DefinitionStore
from engine.errors import InvalidAnswersError, NotFoundError, together
from engine.language.catalogue import ValueKind
from engine.language.limits import TimeLimit
from engine.persons.records import written_over
from engine.persons.store import PersonStore
from engine.plugin.context import Law
from engine.plugin.steps import StepKind, StepType

_WOULD_CLOSE: Final = (
    "Nothing else is open for people to do: cancelling this step would close the case. Instead, whoever leads the"
    " case can use “Close this case” on its page, and a second person has to agree."
)


def record_fact(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, name: str, value: Scalar) -> None:
    """Say that a fact declared by one of the case's workflows is so; raises `InvalidAnswersError`, `NotFoundError`."""
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state)
    _require_declared(engine, state, name, value)
    command_on_case(engine, case_id, cm.RecordFact(name, value, "person"), viewer=viewer, command_id=command_id)


def record_interval(
    engine: Engine,
    step_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    name: str,
    start: datetime,
    end: datetime | None,
    place: str = "",
    evidence: str = "",
) -> None:
    """Record a stretch of time, such as a journey, that the step's limit may leave out; deadlines move at once.

    `place` says where it led, `evidence` what shows it; both are sealed. A limit of the law leaves out only a stretch
    with its place. Raises `InvalidAnswersError`.
    """
    now = engine.clock.now()
    _, (place, evidence) = together(
        partial(_require_past, start, end, now), partial(place_and_evidence, place, evidence)
    )
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        interval = StepInterval(step_id=step_id, name=name, start=start, end=end, has_place=bool(place))
        carry_out(engine, tx, state, cm.RecordInterval(interval), actor_id=viewer.actor_id, now=now)
        if place:
            tx.of(CaseStore).keep_place(state, interval, place=place, evidence=evidence)
        tx.of(HousekeepingStore).remember(command_id, {"step_id": str(step_id)}, case_id=case_id, at=now)
        tx.commit()


def place_and_evidence(place: str, evidence: str) -> tuple[str, str]:
    """Return from where to where a journey led and what shows it; raises `InvalidAnswersError` without a place."""
    if evidence.strip() and not place.strip():
        raise InvalidAnswersError({"place": "Also say from where to where."})
    return place.strip(), evidence.strip()


def _require_past(start: datetime, end: datetime | None, now: datetime) -> None:
    told = {"start": start, "end": end}
    problems = {name: "This is in the future." for name, at in told.items() if at is not None and at > now}
    if end is not None and end < start:
        problems["end"] = "This is before the start."
    if problems:
        raise InvalidAnswersError(problems)


def add_step(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    uses: str,
    title: str = "",
    limit: str | None = None,
    law: str | None = None,
    from_at: datetime | None = None,
    ladder: str = "standard",
    exclude: tuple[str, ...] = (),
    run_id: UUID | None = None,
    person_id: UUID | None = None,
    place: str = "",
) -> UUID:
    """Add a step of any installed type that the workflow did not foresee, perhaps for one person; gives the step's id.

    Its limit counts from when something happened (`from_at`, UTC); left out, from when the law says, or from now; in
    working days, those of the `place` where it is done, or of where the case is led. Its title is encrypted, and shown
    on the page of its case and its form only. Raise `InvalidAnswersError` for a limit that cannot be read, a time to
    come and who is not in the case; `UnknownLawLimitError`.
    """
    step_type, now = engine.registry.get(uses), engine.clock.now()
    with engine.transaction() as tx:
        state, known = tx.of(CaseStore).lock_for(case_id, command_id)
        require_member(viewer, state, Action.CHANGE_PLAN)
        if known is not None:
            return UUID(str(FirstAnswer(known)["step_id"]))
        tx.writes.hold()
        _require_limit(engine, limit, law, from_at, now)
        path, run = _path_of(state, person_id), run_id or _run_to_add_to(state)
        added = _added(step_type, limit, law, from_at=from_at, ladder=ladder, exclude=exclude, place=place)
        command = cm.AddStep(run, _key(state, uses), added, path, automatic=step_type.kind is StepKind.AUTOMATIC)
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        step = next(s for s in decided.state.steps.values() if s.key == command.key and s.run_id == run)
        _keep_title(tx, state, step, title, shown=step_type.title)
        tx.of(HousekeepingStore).remember(command_id, {"step_id": str(step.id)}, case_id=case_id, at=now)
        tx.commit()
        return step.id


def _keep_title(tx: Transaction, state: CaseState, step: Step, title: str, *, shown: str) -> None:
    if title and title != shown:
        tx.of(CaseStore).keep_title(state.case, step.id, title, shown=shown)


def _key(state: CaseState, uses: str) -> str:
    return f"{uses.replace('.', '_')}_{sum(step.uses == uses for step in state.steps.values()) + 1}"


def _added(
    step_type: StepType,
    limit: str | None,
    law: str | None,
    *,
    from_at: datetime | None,
    ladder: str,
    exclude: tuple[str, ...],
    place: str,
) -> AddedStep:
    """Return what is added; without a limit in time or of the law it has that of its step type."""
    default = None if limit or law else step_type.time_limit
    return AddedStep(
        uses=step_type.key, title=step_type.title, roles=step_type.roles, from_at=from_at,
        limit=default if isinstance(default, str) else limit or None,
        law=default.limit_id if isinstance(default, Law) else law or None,
        ladder=ladder, exclude=exclude, place=place,
    )  # fmt: skip


def call_step(
    engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, run_id: UUID, key: str, path: str = ""
) -> None:
    """Open a discretionary step of the workflow."""
    command_on_case(engine, case_id, cm.AddStep(run_id, key, None, path), viewer=viewer, command_id=command_id)


def cancel_step(
    engine: Engine,
    step_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str,
    words: str = "",
) -> None:
    """Call a step off before it ends, with a reason and words that are sealed.

    Never the last that people have to do: that would close the case against its advice, which takes a second person.
    Raises `InvalidAnswersError`, also for that; `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    words = require_reason(CANCEL_REASONS, reason_code, words, words_needed=False)
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.CHANGE_PLAN)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        command = cm.CancelStep(step_id, reason_code)
        decided = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        if is_left_to_itself(decided.state):
            raise InvalidAnswersError({"reason_code": _WOULD_CLOSE})
        keep_words(tx, state, decided.events, "StepCancelled", words)
        tx.of(HousekeepingStore).remember(command_id, {"step_id": str(step_id)}, case_id=case_id, at=now)
        tx.commit()


def start_run(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, workflow: str) -> None:
    """Begin another workflow on a case, beside those that run.

    Raises `AlreadyEndedError` for a closed case, `CaseMergedError`, `NotFoundError`, `NotAllowedError`.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.STEER)
        stored = tx.of(DefinitionStore).current("workflow", workflow)
    if stored is None or not stored.serves(state.case.unit_id):
        raise NotFoundError(kind="workflow")
    now = engine.clock.now()
    command = cm.StartRun(engine.entropy.uuid(), stored.content_hash, now, state.case.jurisdiction)
    command_on_case(engine, case_id, command, viewer=viewer, command_id=command_id, now=now)


def add_person(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    role: PersonRole,
    identity: Mapping[str, JsonValue],
) -> UUID:
    """Bring a person into the case; `identity` may hold name, aliases, phone, parents, home and ages, all sealed."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.IDENTIFY)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["person_id"]))
        person_id = engine.entropy.uuid()
        tokens = engine.fingerprints.tokens(identity)
        tx.of(PersonStore).add(person_id, identity, tokens, unit_id=state.case.unit_id, at=now, by=viewer.actor_id)
        carry_out(engine, tx, state, cm.AddPerson(person_id, role), actor_id=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"person_id": str(person_id)}, case_id=case_id, at=now)
        tx.commit()
        return person_id


def identify_person(
    engine: Engine,
    person_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    identity: Mapping[str, JsonValue],
) -> None:
    """Write who a person of the case is; what is not said stays as it was, and an earlier name among the others."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.IDENTIFY)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if person_id not in {person.person_id for person in state.persons}:
            raise NotFoundError(kind="person")
        written = dict(written_over(tx.of(PersonStore).identity(person_id), identity))
        tx.of(PersonStore).change(person_id, written, engine.fingerprints.tokens(written), by=viewer.actor_id)
        body: dict[str, JsonValue] = {"person_id": str(person_id)}
        tx.of(CaseStore).note(state, "PersonIdentified", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, body, case_id=case_id, at=now)
        tx.commit()


def _run_to_add_to(state: CaseState) -> UUID:
    """Choose the run that a step is added to: the first that goes on, else the last that was over."""
    runs = list(state.runs.values())
    going_on = [run.id for run in runs if run.status is RunStatus.OPEN]
    over = [run.id for run in runs if run.status is RunStatus.OVER]
    if not going_on and not over:
        raise InvalidAnswersError({"uses": "No workflow is running in this case: begin one first."})
    return going_on[0] if going_on else over[-1]


def _path_of(state: CaseState, person_id: UUID | None) -> str:
    """Return the path of what is done for a person of the case; empty for nobody, which is the whole case."""
    if person_id is None:
        return ""
    if not any(one.person_id == person_id and one.removed_at is None for one in state.persons):
        raise InvalidAnswersError({"person": "Choose one of the persons in this case."})
    return path_of_person(person_id)


def _require_limit(engine: Engine, limit: str | None, law: str | None, from_at: datetime | None, now: datetime) -> None:
    if limit is not None:
        try:
            TimeLimit.parse(limit)
        except ValidationError:
            raise InvalidAnswersError({"limit": "Write a limit like PT4H, P15D or P2M."}) from None
    if law is not None and engine.library().law(law, on=now.date()) is None:
        raise UnknownLawLimitError(limit_id=law)
    if from_at is not None and from_at > now:
        raise InvalidAnswersError({"from_at": "This is in the future."})


def _require_declared(engine: Engine, state: CaseState, name: str, value: Scalar) -> None:
    for run in state.runs.values():
        output = engine.definitions[run.definition_hash].facts.get(name)
        if output is None:
            continue
        fits = {
            ValueKind.BOOL: isinstance(value, bool),
            ValueKind.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
            ValueKind.CHOICE: value in output.choices,
            ValueKind.INSTANT: isinstance(value, str),
        }[output.kind]
        if not fits:
            raise InvalidAnswersError({name: "This is not a value that the fact can have."})
        return
    raise NotFoundError(kind="fact")
