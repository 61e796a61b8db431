"""Keep the ledger of consents: what was agreed, in steps too, and what follows when it ends."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.access import problem_of
from engine.core.policy import Action, Viewer
from engine.core.records import Step
from engine.core.state import CaseState
from engine.core.values import person_in
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.persons.records import PROBLEM
from engine.plugin.context import ConsentGiven
from engine.sharing.actions.sharing import cannot_agree, end_referrals_of, known_consent
from engine.sharing.records.consent import Consent, GivenBy, fields_of
from engine.sharing.store import ConsentStore

_KINDS: Final = frozenset(kind.value for kind in GivenBy)
_VICTIMS: Final = frozenset({"victim", "possible_victim"})
_LAST_SECOND: Final = time(23, 59, 59)


def keep_consent(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, given: ConsentGiven | None, *, now: datetime
) -> CaseState:
    """Write into the ledger what was agreed in a step, once for each time that it was answered; returns the case after.

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


log = logging.getLogger(__name__)
_CODE: Final = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
_RECIPIENT: Final = re.compile(r"^(?:kind:[a-z][a-z0-9_]{1,39}|(?:unit|organisation):[0-9a-f-]{36})$")
_LANGUAGE: Final = re.compile(r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
_ASSENTS: Final = frozenset({"", "yes", "no", "too_young", "not_asked"})
_LONGEST: Final = timedelta(days=3 * 366)
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """What somebody agreed to, as it is written down; `valid_until` is an instant (UTC).

    `read_aloud` is None where it is not known.
    """

    person_id: UUID
    kind: GivenBy
    purposes: Sequence[str]
    recipients: Sequence[str]
    fields: Sequence[str]
    valid_until: datetime | None
    language: str = ""
    read_aloud: bool | None = None
    assent: str = ""


def record_consent(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, agreed: GivenConsent) -> UUID:
    """Write down what a person of the case, or who decides for them, agreed to; returns the consent's id.

    Raises `InvalidAnswersError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.KEEP_CONSENTS)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["id"]))
        _require_sense(state, agreed, now)
        if cannot_agree(tx, state, agreed.kind):
            raise InvalidAnswersError({"kind": PROBLEM})
        consent = Consent(
            id=engine.entropy.uuid(), case_id=case_id, unit_id=state.case.unit_id, person_id=agreed.person_id,
            kind=agreed.kind, purposes=tuple(agreed.purposes), recipients=tuple(agreed.recipients),
            fields=tuple(agreed.fields), language=agreed.language, read_aloud=agreed.read_aloud,
            assent=agreed.assent, valid_until=agreed.valid_until, recorded_at=now, recorded_by=viewer.actor_id,
        )  # fmt: skip
        tx.of(ConsentStore).add(consent)
        _note(tx, state, "ConsentRecorded", consent, viewer.actor_id, now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(consent.id)}, case_id=case_id, at=now)
        tx.commit()
        return consent.id


def withdraw_consent(engine: Engine, consent_id: UUID, *, viewer: Viewer, command_id: UUID) -> int:
    """Take a consent back, without a reason: what was shared on it is seen no more, and who got it is told.

    Returns how many referrals were called back. Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(known_consent(tx, consent_id).case_id)
        require_member(viewer, state, Action.KEEP_CONSENTS)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return int(known["recalled"])
        if not tx.of(ConsentStore).withdraw(consent_id, by=viewer.actor_id, at=now):
            raise AlreadyEndedError(kind="consent")
        consent = known_consent(tx, consent_id)
        after = _note(tx, state, "ConsentWithdrawn", consent, viewer.actor_id, now)
        recalled, _ = end_referrals_of(
            engine, tx, after, consent, reason="consent_withdrawn", by=viewer.actor_id, now=now
        )
        tx.of(HousekeepingStore).remember(command_id, {"recalled": recalled}, case_id=state.case.id, at=now)
        tx.commit()
        return recalled


def end_expired_consents(engine: Engine) -> int:
    """Do what follows from consents that have run out, each in its own transaction; returns how many.

    What they covered cannot be seen since the instant at which they ran out; this calls it back, and tells who got it.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        waiting = tx.of(ConsentStore).run_out(now=now, most=_AT_ONCE)
    count = 0
    for consent in waiting:
        try:
            count += _end_expired(engine, consent, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("consent_could_not_be_ended", extra={"consent_id": str(consent.id)})  # noqa: TRY400
    return count


def _end_expired(engine: Engine, waiting: Consent, now: datetime) -> bool:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(waiting.case_id)
        consent = known_consent(tx, waiting.id)
        if consent.expired_at is not None or consent.withdrawn_at is not None:
            return False
        tx.of(ConsentStore).note_expired(consent.id, at=now)
        after = _note(tx, state, "ConsentRanOut", consent, None, now)
        end_referrals_of(engine, tx, after, consent, reason="consent_ran_out", by=None, now=now)
        tx.commit()
        return True


def _require_sense(state: CaseState, agreed: GivenConsent, now: datetime) -> None:
    if agreed.person_id not in {person.person_id for person in state.persons if person.removed_at is None}:
        raise NotFoundError(kind="person")
    problems: dict[str, str] = {}
    if not agreed.purposes or not all(_CODE.fullmatch(code) for code in agreed.purposes):
        problems["purposes"] = "Choose a purpose."
    if not agreed.recipients or not all(_RECIPIENT.fullmatch(name) for name in agreed.recipients):
        problems["recipients"] = "Choose who may receive the information."
    if not agreed.fields or any(problem_of(name) for name in agreed.fields):
        problems["fields"] = "Choose what may be shared."
    if agreed.valid_until is None or not now < agreed.valid_until <= now + _LONGEST:
        problems["valid_until"] = "Give the last day: a date in the future, within three years."
    if agreed.language and not _LANGUAGE.fullmatch(agreed.language):
        problems["language"] = "Choose a language."
    if agreed.assent not in _ASSENTS:
        problems["assent"] = "Choose one of the answers offered."
    if problems:
        raise InvalidAnswersError(problems)


def _note(tx: Transaction, state: CaseState, type_: str, consent: Consent, by: UUID | None, now: datetime) -> CaseState:
    body = {"consent_id": str(consent.id), "kind": consent.kind.value}
    return tx.of(CaseStore).note(state, type_, body, actor_id=by, at=now)
