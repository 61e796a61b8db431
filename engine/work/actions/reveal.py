"""Show what is masked: a recorded act."""

from uuid import UUID

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import require_access
from engine.cases.actions.reasons import classes_of_step, reading_of, require_pace
from engine.cases.store import CaseStore
from engine.cases.views.sight import revealed_answers, revealed_places
from engine.core.access import CaseAccess, may_tell, names_shown, shows_person, shows_step
from engine.core.policy import Action, Viewer
from engine.core.records import Step, StepStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.records.explanations import StretchView
from engine.errors import NotFoundError
from engine.persons.records import CasePersonView
from engine.persons.views.person import revealed_person
from engine.sign_in.actions.account import require_step_up
from engine.work.records import AnswerView
from engine.work.store import ItemStore

_ANSWERED = frozenset({StepStatus.ENDED, StepStatus.APPROVAL})


def reveal_answers(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[AnswerView, ...]:
    """Return all answers of a step, unmasked; that it was done is written first, and without that nothing is shown.

    Raises `NotFoundError`, `NotAllowedError`, `TooOftenError`, `AuditUnavailableError`.
    """
    _record_step(engine, step_id, case_id=case_id, viewer=viewer, event="AnswersRevealed", what="answers")
    return engine.ask(revealed_answers, viewer, step_id)


def reveal_places(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[StretchView, ...]:
    """Return where the recorded times of a step led; that it was done is written first, as for its answers.

    It tells where somebody is or was. Raises what `reveal_answers` raises, and `StepUpNeededError` for a viewer who has
    not just proved a second factor.
    """
    require_step_up(engine, viewer, factor=True)
    _record_step(engine, step_id, case_id=case_id, viewer=viewer, event="PlacesRevealed", what="places")
    return engine.ask(revealed_places, viewer, step_id)


def reveal_person(engine: Engine, person_id: UUID, *, case_id: UUID, viewer: Viewer) -> CasePersonView:
    """Return who a person is, unmasked; that it was done is written first, and without that nothing is shown.

    Raises what `reveal_answers` raises.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        access = _require(engine, tx, viewer, case_id)
        require_pace(engine, tx, viewer, "person")
        is_in_case = any(person.person_id == person_id for person in state.persons)
        if not is_in_case or (access and not shows_person(access, person_id)):
            raise NotFoundError(kind="person")
        _record(engine, tx, state, "PersonRevealed", {"person_id": str(person_id)}, viewer)
        read = reading_of(viewer, case_id, "person", ("identifying",), at=engine.clock.now(), subject_id=person_id)
        tx.of(AuditLogStore).note_reading(read)
        tx.commit()
    return engine.ask(revealed_person, viewer, person_id)


def _require(engine: Engine, tx: Transaction, viewer: Viewer, case_id: UUID) -> CaseAccess | None:
    """Refuse who does not see the case, or may reveal nothing of it: through its unit, a grant or a broken emergency.

    Gives how it is seen; None for this machine, which sees it whole.
    """
    if viewer.is_system:
        return None
    return require_access(tx, viewer, case_id, Action.REVEAL, now=engine.clock.now())


def _record_step(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer, event: str, what: str) -> None:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        access = _require(engine, tx, viewer, case_id)
        require_pace(engine, tx, viewer, what)
        step = state.steps.get(step_id)
        if step is None or (access and not _is_there(engine, tx, access, step)):
            raise NotFoundError(kind="part of this case")
        _record(engine, tx, state, event, {"step_id": str(step_id)}, viewer)
        classes = ("place",) if what == "places" else classes_of_step(engine, step.uses)
        read = reading_of(viewer, case_id, what, classes, at=engine.clock.now(), subject_id=step_id)
        tx.of(AuditLogStore).note_reading(read)
        tx.commit()


def _is_there(engine: Engine, tx: Transaction, access: CaseAccess, step: Step) -> bool:
    """Return whether it is shown that a step is there: its time is, or one of the answers that it has."""
    if shows_step(access, step.id, step.path):
        return True
    if step.status not in _ANSWERED or not may_tell(access, step.id, step.uses, step.path):
        return False
    step_type = engine.registry.step_types.get(step.uses)
    classes = {spec.name: spec.restricted_category or "" for spec in (step_type.fields if step_type else ())}
    answers = {**step.outputs, **tx.of(ItemStore).answers(step.id)}
    return bool(names_shown(access, step.uses, step.path, answers, classes))


def _record(
    engine: Engine, tx: Transaction, state: CaseState, event: str, body: dict[str, str], viewer: Viewer
) -> None:
    tx.of(CaseStore).note(state, event, body, actor_id=viewer.actor_id, at=engine.clock.now())
