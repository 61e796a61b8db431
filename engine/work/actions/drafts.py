"""Keep what has been typed into a form, until it is sent."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.answers import refuse_copies
from engine.cases.store import CaseStore
from engine.core import consequences as verbs
from engine.core.keeping import key_of_step
from engine.core.policy import roles_in
from engine.core.viewer import Viewer
from engine.errors import ConflictError
from engine.plugin.consenting import kept_of
from engine.ports import JsonValue
from engine.work.actions.answers import mind_copies, told_apart
from engine.work.records import BESIDE
from engine.work.store import ItemStore

_LONGEST = 200_000


def save_draft(
    engine: Engine,
    item_id: UUID,
    *,
    viewer: Viewer,
    answers: Mapping[str, JsonValue],
    beside: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Keep a draft, sealed; what is longer than any answer may be is left out.

    A file or a hash is not kept, even in a draft, before the form may take one. `beside` is what was typed beside the
    questions: when it happened, why it is late or cannot be done. Of a person who does not allow that it is written
    down, nothing is kept but what is kept all the same. Raises `AlreadyEndedError` for an item that is over,
    `ConflictError` for one that another has, `NotACandidateError`, `InvalidAnswersError` for such a file or hash.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        item = tx.of(ItemStore).get(item_id)
        state = tx.of(CaseStore).lock(item.case_id)
        require_member(viewer, state, kind="work item")
        verbs.require_open(item)
        if item.assignee_id not in {None, viewer.actor_id}:
            raise ConflictError(kind="work item")
        verbs.require_candidate(
            item, actor_id=viewer.actor_id, roles=roles_in(viewer, state.case.unit_id), name=viewer.name
        )
        state = mind_copies(engine, tx, state, item, answers, by=viewer.actor_id, now=now)
        refuse_copies(engine.registry.step_types.get(item.uses), answers)
        said = {f"{BESIDE}{name}": words for name, words in beside.items() if words}
        whole, step_type = {**answers, **said}, engine.registry.step_types.get(item.uses)
        kept = kept_of(step_type, whole) if step_type else whole
        typed = {name: value for name, value in kept.items() if len(str(value)) < _LONGEST}
        step = state.steps.get(item.step_id)
        tx.of(ItemStore).save_draft(
            item, typed, unit_id=state.case.unit_id, by=viewer.actor_id, at=now,
            key_of=key_of_step(step) if step else None, apart=told_apart(engine, item.uses),
        )  # fmt: skip
        tx.commit()
