"""Decide about a message that was given up: try it again, or take it off the list with a reason."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.core.policy import Action, can
from engine.core.viewer import Viewer
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.messages.deliveries import DeliveryStore

REASONS: Final[Mapping[str, str]] = {
    "told_otherwise": "They were informed in another way",
    "out_of_date": "The message is out of date",
    "no_address": "They cannot be reached by this channel any more",
    "gone": "They no longer work here",
    "written_twice": "The same message was written twice",
}
"""Why a message need not be sent: codes only, since whoever reads the database reads them."""


def retry_delivery(engine: Engine, delivery_id: UUID, *, viewer: Viewer) -> None:
    """Let a delivery that was given up be tried again for another 72 hours, under its old Message-ID.

    Raises `NotFoundError` when it was not given up, `NotAllowedError`.
    """
    _require(viewer)
    now = engine.clock.now()
    with engine.transaction() as tx:
        found = tx.of(DeliveryStore).again(delivery_id, now=now)
        if found is None:
            raise NotFoundError(kind="delivery that was given up")
        case_id, channel = found
        if case_id is not None:
            job_id = uuid5(delivery_id, f"again|{now.isoformat()}")
            tx.of(DeliveryStore).queue(case_id, channel=channel, job_id=job_id, critical=False, now=now)
        tx.wake_listeners()
        tx.commit()


def drop_delivery(engine: Engine, delivery_id: UUID, *, viewer: Viewer, reason: str) -> None:
    """Take a delivery that was given up off the list: it is never sent. The reason stays as a code, with who gave it.

    Raises `InvalidAnswersError` for a reason that is none of `REASONS`, `NotFoundError` when it was not given up,
    `NotAllowedError`.
    """
    _require(viewer)
    if reason not in REASONS:
        raise InvalidAnswersError({"reason": "Choose why it need not be sent."})
    with engine.transaction() as tx:
        dropped = tx.of(DeliveryStore).drop(delivery_id, reason=reason, by=viewer.actor_id, at=engine.clock.now())
        if not dropped:
            raise NotFoundError(kind="delivery that was given up")
        tx.commit()


def _require(viewer: Viewer) -> None:
    if not can(viewer, Action.MEND):
        raise NotAllowedError(actor=viewer.name, action=Action.MEND.value)
