"""Show what is masked: a recorded act."""

from collections.abc import Callable
from uuid import UUID

from engine.assembly import Engine
from engine.domain.policy import Action
from engine.domain.state import CaseState
from engine.errors import NotFoundError
from engine.usecases.deciding import require_member
from engine.views import AnswerView, PersonView, StretchView, Viewer


def reveal_answers(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[AnswerView, ...]:
    """Give all answers of a step, unmasked; that it was done is written first, and without that nothing is shown."""
    body = {"step_id": str(step_id)}
    _record(engine, case_id, "AnswersRevealed", body, viewer, belongs=lambda state: step_id in state.steps)
    return engine.queries.unsealed_answers(viewer, step_id)


def reveal_places(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[StretchView, ...]:
    """Give where the recorded times of a step led; that it was done is written first, as for its answers."""
    body = {"step_id": str(step_id)}
    _record(engine, case_id, "PlacesRevealed", body, viewer, belongs=lambda state: step_id in state.steps)
    return engine.queries.unsealed_places(viewer, step_id)


def reveal_person(engine: Engine, person_id: UUID, *, case_id: UUID, viewer: Viewer) -> PersonView:
    """Give who a person is, unmasked; that it was done is written first, and without that nothing is shown."""
    body = {"person_id": str(person_id)}
    _record(
        engine, case_id, "PersonRevealed", body, viewer,
        belongs=lambda state: any(person.person_id == person_id for person in state.persons),
    )  # fmt: skip
    return engine.queries.unsealed_person(viewer, person_id)


def _record(
    engine: Engine,
    case_id: UUID,
    event: str,
    body: dict[str, str],
    viewer: Viewer,
    *,
    belongs: Callable[[CaseState], bool],
) -> None:
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state, Action.REVEAL)
        if not belongs(state):
            raise NotFoundError(kind="part of this case")
        work.cases.note(state, event, body, actor_id=viewer.actor_id, at=now)
        work.commit()
