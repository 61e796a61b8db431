"""Show what is masked: a recorded act."""

from uuid import UUID

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import NotAllowedError
from engine.usecases.deciding import require_member
from engine.views import AnswerView, PersonView, Viewer


def reveal_answers(engine: Engine, step_id: UUID, *, case_id: UUID, viewer: Viewer) -> tuple[AnswerView, ...]:
    """Give all answers of a step, unmasked; that it was done is written first, and without that nothing is shown."""
    _record(engine, case_id, "AnswersRevealed", {"step_id": str(step_id)}, viewer)
    return engine.queries.unsealed_answers(viewer, step_id)


def reveal_person(engine: Engine, person_id: UUID, *, case_id: UUID, viewer: Viewer) -> PersonView:
    """Give who a person is, unmasked; that it was done is written first, and without that nothing is shown."""
    _record(engine, case_id, "PersonRevealed", {"person_id": str(person_id)}, viewer)
    return engine.queries.unsealed_person(viewer, person_id)


def _record(engine: Engine, case_id: UUID, event: str, body: dict[str, str], viewer: Viewer) -> None:
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state)
        if not can(viewer, Action.REVEAL):
            raise NotAllowedError(actor=viewer.name, action=Action.REVEAL.value)
        work.cases.note(state, event, body, actor_id=viewer.actor_id, at=now)
        work.commit()
