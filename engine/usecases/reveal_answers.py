"""Show what is masked: a recorded act."""

from uuid import UUID

from engine.assembly import Engine
from engine.domain.access import CaseAccess
from engine.domain.narrowing import is_there, shows_person
from engine.domain.policy import Action
from engine.domain.records import LIVE, Step
from engine.domain.state import CaseState
from engine.errors import NotFoundError
from engine.stores import UnitOfWork
from engine.usecases.deciding import require_access
from engine.usecases.readings import classes_of_step, reading_of, require_pace
from engine.usecases.step_up import require_step_up
from engine.views import AnswerView, PersonView, StretchView, Viewer


def reveal_answers(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[AnswerView, ...]:
    """Give all answers of a step, unmasked; that it was done is written first, and without that nothing is shown.

    Raises `NotFoundError`, `NotAllowedError`, `TooOftenError`, `AuditUnavailableError`.
    """
    _record_step(engine, step_id, case_id=case_id, viewer=viewer, event="AnswersRevealed", what="answers")
    return engine.queries.unsealed_answers(viewer, step_id)


def reveal_places(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[StretchView, ...]:
    """Give where the recorded times of a step led; that it was done is written first, as for its answers.

    It tells where somebody is or was. Raises what `reveal_answers` raises, and `StepUpNeededError` for a viewer who has
    not just proved a second factor.
    """
    require_step_up(engine, viewer, factor=True)
    _record_step(engine, step_id, case_id=case_id, viewer=viewer, event="PlacesRevealed", what="places")
    return engine.queries.unsealed_places(viewer, step_id)


def reveal_person(engine: Engine, person_id: UUID, *, case_id: UUID, viewer: Viewer) -> PersonView:
    """Give who a person is, unmasked; that it was done is written first, and without that nothing is shown.

    Raises what `reveal_answers` raises.
    """
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        access = _require(engine, work, viewer, case_id)
        require_pace(engine, work, viewer, "person")
        is_in_case = any(person.person_id == person_id for person in state.persons)
        if not is_in_case or (access and not shows_person(access, person_id)):
            raise NotFoundError(kind="person")
        _record(engine, work, state, "PersonRevealed", {"person_id": str(person_id)}, viewer)
        read = reading_of(viewer, case_id, "person", ("identifying",), at=engine.clock.now(), subject_id=person_id)
        work.audit.note_reading(read)
        work.commit()
    return engine.queries.unsealed_person(viewer, person_id)


def _require(engine: Engine, work: UnitOfWork, viewer: Viewer, case_id: UUID) -> CaseAccess | None:
    """Refuse who does not see the case, or may reveal nothing of it: through its unit, a grant or a broken glass.

    Gives how it is seen; None for this machine, which sees it whole.
    """
    if viewer.is_system:
        return None
    return require_access(work, viewer, case_id, Action.REVEAL, now=engine.clock.now())


def _record_step(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer, event: str, what: str) -> None:
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        access = _require(engine, work, viewer, case_id)
        require_pace(engine, work, viewer, what)
        step = state.steps.get(step_id)
        if step is None or (access and not _is_there(access, step)):
            raise NotFoundError(kind="part of this case")
        _record(engine, work, state, event, {"step_id": str(step_id)}, viewer)
        classes = ("place",) if what == "places" else classes_of_step(engine, step.uses)
        read = reading_of(viewer, case_id, what, classes, at=engine.clock.now(), subject_id=step_id)
        work.audit.note_reading(read)
        work.commit()


def _is_there(access: CaseAccess, step: Step) -> bool:
    was_asked_for = step.status in LIVE and step.added is not None and bool(step.added.watches)
    return is_there(access, step.id, step.uses, step.path, was_asked_for=was_asked_for)


def _record(
    engine: Engine, work: UnitOfWork, state: CaseState, event: str, body: dict[str, str], viewer: Viewer
) -> None:
    work.cases.note(state, event, body, actor_id=viewer.actor_id, at=engine.clock.now())
