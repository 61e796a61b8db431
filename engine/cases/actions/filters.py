"""Save the filters of the list of cases under names of one's own, and delete them."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.cases.records import SavedFilter
from engine.core.policy import Viewer
from engine.errors import InvalidAnswersError, NotFoundError
from engine.messages.channel_store import PreferenceStore

LONGEST_NAME: Final = 60
_MOST: Final = 20


def save_filter(engine: Engine, *, viewer: Viewer, name: str, chosen: Mapping[str, str]) -> UUID:
    """Save what was chosen under a name, over what had that name before; returns its id.

    Raises `InvalidAnswersError` for no name, one that is too long, nothing chosen, or too many.
    """
    now, id_ = engine.clock.now(), uuid5(viewer.actor_id, f"filter|{name.casefold()}")
    with engine.transaction(viewer) as tx:
        known = {one.id: one for one in tx.of(PreferenceStore).filters(viewer.actor_id, at=now)}
        problem = ""
        if not 0 < len(name) <= LONGEST_NAME:
            problem = f"Write a name of at most {LONGEST_NAME} letters."
        elif not chosen:
            problem = "Choose a filter first: this is the whole list."
        elif id_ not in known and len(known) >= _MOST:
            problem = f"You have saved {_MOST} already: delete one first."
        if problem:
            raise InvalidAnswersError({"name": problem})
        known[id_] = SavedFilter(id=id_, name=name, chosen=dict(chosen))
        tx.of(PreferenceStore).save_filters(viewer.actor_id, known.values(), at=now)
        tx.commit()
    return id_


def delete_filter(engine: Engine, filter_id: UUID, *, viewer: Viewer) -> None:
    """Delete a filter that the viewer has saved; raises `NotFoundError`."""
    now = engine.clock.now()
    with engine.transaction(viewer) as tx:
        known = tx.of(PreferenceStore).filters(viewer.actor_id, at=now)
        rest = [one for one in known if one.id != filter_id]
        if len(rest) == len(known):
            raise NotFoundError(kind="filter")
        tx.of(PreferenceStore).save_filters(viewer.actor_id, rest, at=now)
        tx.commit()
