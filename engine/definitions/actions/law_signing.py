"""Sign a limit of the law, or take a signature back: a lawyer of the place, by name, under one text and no other."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Action, Viewer, can, units_that_let
from engine.db.transaction import Transaction
from engine.definitions.records import StoredSignature
from engine.definitions.store import LawSignatureStore
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError, SignatureError, UnknownLawLimitError
from engine.language.law import LawLimit
from engine.people.records import Unit
from engine.people.store import DirectoryStore
from engine.sign_in.actions.account import require_step_up

LONGEST_SOURCE: Final = 300
WHY_REVOKED: Final[Mapping[str, str]] = {
    "law_changed": "The law has changed",
    "read_wrong": "The source was misread",
    "wrong_text": "The text of the limit is not right",
    "not_mine": "This signature is not mine",
}
"""Why a signature may be taken back: codes and words."""


def sign_limit(engine: Engine, limit_id: str, *, text_hash: str, source_read: str, viewer: Viewer) -> UUID:
    """Sign the text of a limit that has this hash: it may then be called law, where and when it is in force.

    A text that is signed already keeps its signature. Raises `NotAllowedError` for who is no lawyer,
    `StepUpNeededError`, `UnknownLawLimitError`, `InvalidAnswersError` without a source, and `SignatureError` for a text
    that is not the published one, or that is the law of another place.
    """
    require_lawyer(viewer)
    require_step_up(engine, viewer)
    source = " ".join(source_read.split())
    if not source or len(source) > LONGEST_SOURCE:
        raise InvalidAnswersError({"source_read": f"Name the text that you read, in at most {LONGEST_SOURCE} letters."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        limit = _limit_with(tx, limit_id, text_hash)
        unit = next(iter(units_for(tx, viewer, limit)), None)
        if unit is None:
            raise SignatureError(limit_id=limit_id, problem=f"a lawyer of a unit in {limit.jurisdiction} has to.")
        known = next((one for one in tx.of(LawSignatureStore).live() if one.text_hash == text_hash), None)
        if known is not None:
            return known.id
        signature = StoredSignature(
            id=engine.entropy.uuid(), limit_id=limit_id, text_hash=text_hash, name=viewer.name, place=unit.jurisdiction,
            signed_by=viewer.actor_id, signed_on=_today(engine, unit), signed_at=now, source_read=source,
        )  # fmt: skip
        tx.of(LawSignatureStore).add(signature)
        said = {"limit": limit_id, "text": text_hash, "signature_id": str(signature.id), "place": unit.jurisdiction}
        tx.of(AuditLogStore).note("definitions", "LimitSigned", said, actor_id=viewer.actor_id, at=now)
        tx.commit()
    engine.refresh_definitions()
    return signature.id


def revoke_signature(engine: Engine, signature_id: UUID, *, why: str, viewer: Viewer) -> None:
    """Take a signature back: the limit is a target of the network again from now on.

    Any lawyer of the place may. Raises `NotAllowedError`, `StepUpNeededError`, `NotFoundError`, and
    `InvalidAnswersError` without one of the known reasons. A second time nothing happens.
    """
    require_lawyer(viewer)
    require_step_up(engine, viewer)
    if why not in WHY_REVOKED:
        raise InvalidAnswersError({"why": "Choose a reason."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        known = tx.of(LawSignatureStore).get(signature_id)
        if known is None:
            raise NotFoundError(kind="signature")
        if not any(_is_of_place(unit.jurisdiction, known.place.partition("-")[0]) for unit in _units(tx, viewer)):
            raise SignatureError(limit_id=known.limit_id, problem=f"a lawyer of a unit in {known.place} has to.")
        if known.revoked_at is not None:
            return
        tx.of(LawSignatureStore).revoke(signature_id, by=viewer.actor_id, at=now, why=why)
        said = {"limit": known.limit_id, "text": known.text_hash, "signature_id": str(signature_id), "why": why}
        tx.of(AuditLogStore).note("definitions", "SignatureRevoked", said, actor_id=viewer.actor_id, at=now)
        tx.commit()
    engine.refresh_definitions()


def require_lawyer(viewer: Viewer) -> None:
    """Refuse whoever is no lawyer; the machine itself signs nothing."""
    if viewer.is_system or not can(viewer, Action.SIGN_LAW):
        raise NotAllowedError(actor=viewer.name, action=Action.SIGN_LAW.value)


def units_for(tx: Transaction, viewer: Viewer, limit: LawLimit) -> tuple[Unit, ...]:
    """Give the units for which somebody, as their lawyer, may sign a limit; none when it is the law of other places."""
    return tuple(unit for unit in _units(tx, viewer) if _is_of_place(unit.jurisdiction, limit.jurisdiction))


def _units(tx: Transaction, viewer: Viewer) -> Iterable[Unit]:
    found = (tx.of(DirectoryStore).unit(unit_id) for unit_id in sorted(units_that_let(viewer, Action.SIGN_LAW)))
    return (unit for unit in found if unit is not None)


def _is_of_place(place: str, law_of: str) -> bool:
    """Return whether a unit's place is one of a law's: anywhere, in its country, or in its State."""
    return law_of in {"*", place, place.partition("-")[0]}


def _limit_with(tx: Transaction, limit_id: str, text_hash: str) -> LawLimit:
    versions = tx.library().versions(limit_id)
    if not versions:
        raise UnknownLawLimitError(limit_id=limit_id)
    found = next((one for one in versions if one.text_hash == text_hash), None)
    if found is None:
        raise SignatureError(limit_id=limit_id, problem="its text has changed since: read it again.")
    return found


def _today(engine: Engine, unit: Unit) -> date:
    return engine.clock.now().astimezone(ZoneInfo(unit.zone)).date()
