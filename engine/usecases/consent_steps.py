"""Take over into the ledger what a step has asked a person to agree to."""

from datetime import datetime, time
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.consent_store import ConsentStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.consent import Consent, GivenBy
from engine.domain.packages import fields_of
from engine.domain.paths import person_in
from engine.domain.records import Step
from engine.domain.state import CaseState
from engine.plugin.steps import ConsentGiven
from engine.usecases.sharing import cannot_agree, end_referrals_of

_KINDS: Final = frozenset(kind.value for kind in GivenBy)
_VICTIMS: Final = frozenset({"victim", "possible_victim"})
_LAST_SECOND: Final = time(23, 59, 59)


def keep_consent(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, given: ConsentGiven | None, *, now: datetime
) -> CaseState:
    """Write into the ledger what was agreed in a step, once for each time that it was answered; gives the case after.

    A step that says that it was taken back ends what the same step has brought before, with all that rests on it. Where
    it is not clear of which person it speaks, or its guardian is a suspect, nothing is written but that.
    """
    if given is None:
        return state
    person = _person_of(state, step)
    if person is None or given.kind not in _KINDS or cannot_agree(tx, state, GivenBy(given.kind)):
        return tx.of(CaseStore).note(
            state, "ConsentUnclear", {"step_id": str(step.id)}, actor_id=step.completed_by, at=now
        )
    consent = _consent(tx, state, step, given, person, now)
    if tx.of(ConsentStore).add(consent):
        body = {"consent_id": str(consent.id), "kind": consent.kind.value}
        state = tx.of(CaseStore).note(state, "ConsentRecorded", body, actor_id=step.completed_by, at=now)
    return _take_back(engine, tx, state, step, now) if given.is_withdrawn else state


def _take_back(engine: Engine, tx: Transaction, state: CaseState, step: Step, now: datetime) -> CaseState:
    for known in tx.of(ConsentStore).of_case(state.case.id):
        if known.step_id == step.id and tx.of(ConsentStore).withdraw(known.id, by=step.completed_by, at=now):
            body = {"consent_id": str(known.id), "kind": known.kind.value}
            state = tx.of(CaseStore).note(state, "ConsentWithdrawn", body, actor_id=step.completed_by, at=now)
            state = end_referrals_of(
                engine, tx, state, known, reason="consent_withdrawn", by=step.completed_by, now=now
            )[1]
    return state


def _consent(
    tx: Transaction, state: CaseState, step: Step, given: ConsentGiven, person: UUID, now: datetime
) -> Consent:
    zone = ZoneInfo(state.runs[step.run_id].zone)
    until = datetime.combine(given.valid_until, _LAST_SECOND, tzinfo=zone) if given.valid_until else None
    kind = GivenBy(given.kind)
    return Consent(
        id=uuid5(step.id, f"consent|{step.turn}"), case_id=state.case.id, unit_id=state.case.unit_id,
        person_id=person, step_id=step.id, kind=kind, purposes=given.purposes,
        recipients=tuple(f"kind:{body}" for body in given.recipients), fields=fields_of(given.parts),
        language=given.language, read_aloud=given.read_aloud, assent=_assent(tx, state, kind, person),
        valid_until=until, recorded_at=now, recorded_by=step.completed_by,
    )  # fmt: skip


def _assent(tx: Transaction, state: CaseState, kind: GivenBy, person: UUID) -> str:
    """Note what the child has said beside what is decided for it."""
    if kind is GivenBy.PERSON:
        return ""
    said = [one for one in tx.of(ConsentStore).of_case(state.case.id) if one.person_id == person]
    has_agreed = kind is GivenBy.ASSENT or any(one.kind is GivenBy.ASSENT and not one.withdrawn_at for one in said)
    return "yes" if has_agreed else "not_asked"


def _person_of(state: CaseState, step: Step) -> UUID | None:
    """Find the person whom a step is for, or else the only victim of the case."""
    named = person_in(step.base_path)
    if named is not None:
        return named
    victims = {one.person_id for one in state.persons if one.role.value in _VICTIMS and one.removed_at is None}
    return victims.pop() if len(victims) == 1 else None
