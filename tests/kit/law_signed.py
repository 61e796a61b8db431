"""A lawyer who signs limits of the law, for tests."""

from uuid import UUID

from engine.core.policy import Viewer
from engine.definitions.actions.law_signing import sign_limit
from tests.kit.world import World


def lawyer(world: World) -> Viewer:
    """Return the lawyer of the unit, who has just proved who it is."""
    return world.who("lawyer").model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})


def text_of(world: World, limit_id: str) -> str:
    """Return the hash of the published text of a limit."""
    (limit,) = world.engine.library().versions(limit_id)
    return limit.text_hash


def sign(world: World, limit_id: str, *, source: str = "The Gazette") -> UUID:
    """Sign a limit as it is published now."""
    return sign_limit(
        world.engine, limit_id, text_hash=text_of(world, limit_id), source_read=source, viewer=lawyer(world)
    )
