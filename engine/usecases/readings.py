"""Write down who looks at what identifies people, and who was refused it, before anything is shown."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.bulk_viewing import MOST_REVEALS_IN_AN_HOUR, REVEALS
from engine.errors import AuditUnavailableError, TooOftenError, UnknownStepTypeError
from engine.stores import RecordedReading
from engine.views import Viewer

_HOUR: Final = timedelta(hours=1)


def note_reading(
    engine: Engine,
    viewer: Viewer,
    case_id: UUID,
    what: str,
    classes: tuple[str, ...],
    *,
    subject_id: UUID | None = None,
) -> None:
    """Write that somebody looks at a part of a case: `what` names the part, `classes` the sorts of what it tells.

    Call it once it is sure that the viewer may, and before anything is shown. Raises `AuditUnavailableError` when it
    cannot be written, whatever the reason: what is not written down is not shown. Raises `TooOftenError` for what is
    revealed by a deliberate act, when somebody has done that too often within an hour.
    """
    read = reading_of(viewer, case_id, what, classes, at=engine.clock.now(), subject_id=subject_id)
    try:
        with engine.transaction() as tx:
            require_pace(engine, tx, viewer, what)
            tx.of(AuditLogStore).note_reading(read)
            tx.commit()
    except TooOftenError:
        raise
    except Exception as error:
        raise AuditUnavailableError from error


def require_pace(engine: Engine, tx: Transaction, viewer: Viewer, what: str) -> None:
    """Refuse to reveal more within an hour than anybody's work needs; raises `TooOftenError`."""
    if what not in REVEALS or viewer.is_system:
        return
    since = engine.clock.now() - _HOUR
    if tx.of(AuditLogStore).count_readings(viewer.actor_id, of=REVEALS, since=since) >= MOST_REVEALS_IN_AN_HOUR:
        raise TooOftenError(what="Revealing what identifies people", most=MOST_REVEALS_IN_AN_HOUR)


def reading_of(
    viewer: Viewer,
    case_id: UUID,
    what: str,
    classes: tuple[str, ...],
    *,
    at: datetime,
    subject_id: UUID | None = None,
) -> RecordedReading:
    """Give a reading, for a use case that writes it in its own transaction (`at` in UTC)."""
    return RecordedReading(
        case_id=case_id, actor_id=_actor(viewer), at=at, what=what, subject_id=subject_id,
        classes=tuple(sorted(classes)), roles=tuple(sorted(viewer.roles)),
    )  # fmt: skip


def classes_of_step(engine: Engine, uses: str) -> tuple[str, ...]:
    """Name the sorts of what the form of a step type asks for that is not open."""
    try:
        fields = engine.registry.get(uses).fields
    except UnknownStepTypeError:
        return ("narrative",)
    return tuple(sorted({str(spec.sensitivity.value) for spec in fields if not spec.is_open}))


def note_refusal(engine: Engine, viewer: Viewer, what: str, code: str, *, subject_id: UUID | None = None) -> None:
    """Write that somebody was refused something; `what` names it without content, `code` is that of the error.

    `subject_id` is what was asked for, if it has an id, whether there is such a thing or not. Raises
    `AuditUnavailableError` when it cannot be written.
    """
    body = {"what": what, "code": code, "subject_id": str(subject_id) if subject_id else None}
    try:
        with engine.transaction() as tx:
            tx.of(AuditLogStore).note("access", "Refused", body, actor_id=_actor(viewer), at=engine.clock.now())
            tx.commit()
    except Exception as error:
        raise AuditUnavailableError from error


def _actor(viewer: Viewer) -> UUID | None:
    return None if viewer.is_system else viewer.actor_id
