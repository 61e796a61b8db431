"""Whether somebody may still have done for them what they once caused."""

from datetime import datetime
from typing import Final

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.transaction import Transaction
from engine.domain.access import Via
from engine.domain.consequences import JobKind
from engine.domain.policy import Action, can
from engine.ports import ClaimedJob
from engine.views import Viewer
from engine.views.base import Membership

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
