"""Read what the other side wrote for the unit that has accepted a referral."""

from uuid import UUID

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.referral_store import ReferralStore
from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.domain.referral import ReferralStatus
from engine.errors import AuditUnavailableError, NotAllowedError, NotFoundError
from engine.usecases.readings import reading_of
from engine.usecases.sharing import is_of, known_referral
from engine.views import Viewer


def read_note(engine: Engine, referral_id: UUID, *, viewer: Viewer) -> str:
    """Give the note of a referral that the viewer's unit has accepted; that it was read is recorded before.

    Raises `NotFoundError` for one that was not accepted, ended or is not theirs, `NotAllowedError`,
    `AuditUnavailableError` when the reading cannot be recorded.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        referral = known_referral(tx, referral_id)
        unit_id = referral.to_unit_id
        is_theirs = is_of(viewer, unit_id) and referral.status is ReferralStatus.ACCEPTED
        units = () if unit_id is None else (unit_id,)
        if not is_theirs or tx.of(AccessStore).is_denied(referral.case_id, actor_id=viewer.actor_id, unit_ids=units):
            raise NotFoundError(kind="referral")
        if not can(viewer, Action.REFER, unit_id=unit_id):
            raise NotAllowedError(actor=viewer.name, action=Action.REFER.value)
        note = tx.of(ReferralStore).note(referral_id)
        read = reading_of(viewer, referral.case_id, "referral_note", ("narrative",), at=now, subject_id=referral_id)
        try:
            tx.of(AuditLogStore).note_reading(read)
            tx.commit()
        except Exception as error:
            raise AuditUnavailableError from error
        return note
