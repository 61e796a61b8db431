"""Erase a person: asked for, agreed to by two, cooled off, then done by destroying keys; nothing is undone."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from engine.approvals.actions.approvals import Answer, Handler, Lapse, ask_second, case_page, register, take_answer
from engine.approvals.records import ApprovalKind
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.keys import place_key
from engine.core.policy import Action, Viewer, require
from engine.core.retention import (
    ANSWER_OF_RECEIVERS,
    ENDS_OF_ERASURES,
    GROUNDS_TO_ERASE,
    CaseOfPerson,
    Erasure,
    ErasureSource,
    ErasureStatus,
    Tombstone,
    reasons_against,
)
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotFoundError
from engine.hubs.store import HubStore
from engine.keys.store import KeyStore
from engine.language.names import Role
from engine.language.retention import policy_for
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.store import DirectoryStore
from engine.persons.store import PersonStore
from engine.retention.actions.retention import policies_of
from engine.retention.records import ErasureNotice, HeldError, still_kept
from engine.retention.store import RetentionStore
from engine.sign_in.actions.account import require_step_up

log = logging.getLogger(__name__)
_MOST = 50


def ask_erasure(
    engine: Engine,
    case_id: UUID,
    person_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    source: str,
    ground_code: str,
    by_safe_contact: bool = False,
) -> UUID:
    """Ask that what identifies a person is destroyed; returns the id of the request.

    A wish of the person counts only when they were heard by their safe contact: whoever speaks for them may be the one
    they flee from. Raises `HeldError` with the reasons while something stands against it, `AlreadyEndedError` when it
    was asked for or done already, `InvalidAnswersError`, `StepUpNeededError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    _require_fitting(source, ground_code, by_safe_contact=by_safe_contact)
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.ASK_ERASURE)
        require_step_up(engine, viewer)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["erasure_id"]))
        _require_of_case(tx, state, person_id)
        cases = require_nothing_against(tx, person_id, now)
        asked = Erasure(
            id=engine.entropy.uuid(), case_id=case_id, person_id=person_id, source=ErasureSource(source),
            ground_code=ground_code, asked_by=viewer.actor_id, asked_at=now,
        )  # fmt: skip
        _ask_for_two(engine, tx, state, asked, seen=_how_it_stands(cases))
        _note(tx, state, "ErasureAsked", asked, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"erasure_id": str(asked.id)}, case_id=case_id, at=now)
        _notify_approvers(engine, tx, state, asked, now)
        tx.commit()
    return asked.id


def _ask_for_two(engine: Engine, tx: Transaction, state: CaseState, asked: Erasure, *, seen: str) -> None:
    if not tx.of(RetentionStore).add_erasure(asked):
        raise AlreadyEndedError(kind="choice")
    ask_second(
        engine, tx, ApprovalKind.ERASURE, asked.id, asked_by=asked.asked_by, now=asked.asked_at, state=state,
        reason_code=asked.ground_code, subject={"person_id": str(asked.person_id)}, seen=seen, tells=False,
    )  # fmt: skip


def approve_erasure(engine: Engine, erasure_id: UUID, *, viewer: Viewer) -> ErasureStatus:
    """Agree to an erasure; with the second who agrees, in another role than the first, its cooling-off begins.

    When the person is in other cases than when it was asked for, it is over and who asked is told: raises
    `ConflictError` then. Raises `HeldError`, `OwnApprovalError`, `AlreadyEndedError`, `StepUpNeededError`,
    `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        erasure, state = _held(tx, erasure_id)
        require_member(viewer, state, Action.APPROVE_ERASURE)
        require_step_up(engine, viewer)
        request = tx.of(ApprovalStore).open_about(ApprovalKind.ERASURE, erasure_id)
        if request is None:
            raise AlreadyEndedError(kind="erasure")
        cases = tx.of(RetentionStore).cases_of(tx.of(PersonStore).same_as(erasure.person_id))
        answered = take_answer(
            engine, tx, ApprovalKind.ERASURE, erasure_id, viewer=viewer, approved=True, now=now, state=state,
            stands=lambda: _how_it_stands(cases),
        )  # fmt: skip
        is_in_time = not answered.is_overtaken
        if is_in_time:
            require_nothing_against(tx, erasure.person_id, now)
        after = _as_agreed(tx, erasure, now) if is_in_time else _overtaken(tx, erasure, now)
        _note(tx, state, "ErasureAgreed" if is_in_time else "ErasureEnded", after, viewer, now)
        tx.commit()
    if not is_in_time:
        raise ConflictError(kind="erasure")
    return after.status


def end_erasure(engine: Engine, erasure_id: UUID, *, viewer: Viewer, reason_code: str) -> None:
    """Refuse an erasure, or take it back, at any time before it is done.

    Raises `InvalidAnswersError`, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    if reason_code not in ENDS_OF_ERASURES:
        raise InvalidAnswersError({"reason_code": "Choose why."})
    with engine.transaction() as tx:
        erasure, state = _held(tx, erasure_id)
        is_own = erasure.asked_by == viewer.actor_id
        require_member(viewer, state, Action.ASK_ERASURE if is_own else Action.APPROVE_ERASURE)
        status = ErasureStatus.WITHDRAWN if is_own else ErasureStatus.REFUSED
        if erasure.status is ErasureStatus.ASKED:
            take_answer(
                engine, tx, ApprovalKind.ERASURE, erasure_id, viewer=viewer, approved=False, now=now, state=state
            )  # fmt: skip
        after = erasure.end(status, by=viewer.actor_id, at=now, reason=reason_code)
        tx.of(RetentionStore).save_erasure(after)
        _note(tx, state, "ErasureEnded", after, viewer, now)
        tx.commit()


def erase_what_is_ripe(engine: Engine) -> int:
    """Carry out every erasure that was agreed to and has cooled off; returns how many.

    What meanwhile stands against one ends it as refused. One that fails is logged by its id and tried again later.
    """
    with engine.transaction() as tx:
        ripe = tx.of(RetentionStore).ripe(now=engine.clock.now(), most=_MOST)
    done = 0
    for erasure_id in ripe:
        try:
            done += _carry_out(engine, erasure_id)
        except Exception as error:  # noqa: BLE001 - one that cannot be done must not hold up the others
            log.warning("erasure_failed", extra={"erasure": str(erasure_id), "error": type(error).__name__})
    return done


def replay_tombstones(engine: Engine) -> int:
    """Erase again what had been erased when a backup brought it back, by the list that is kept outside; gives how many.

    Raises `DamagedError` for a list that cannot be read: then nothing may be opened.
    """
    outside = engine.tombstones.read()
    replayed = 0
    for tombstone in outside:
        with engine.transaction() as tx:
            if not tx.of(RetentionStore).is_erased(tombstone.person_id):
                _destroy(engine, tx, tombstone)
                replayed += 1
                tx.commit()
    return replayed


def answer_notice(engine: Engine, notice_id: UUID, *, viewer: Viewer, answer: str) -> None:
    """Say what our unit did with its copy of what was erased elsewhere: `erased`, or `kept_by_law`.

    Raises `InvalidAnswersError`, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    if answer not in {"erased", "kept_by_law"}:
        raise InvalidAnswersError({"answer": "Choose what was done."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        notice = tx.of(RetentionStore).notice(notice_id)
        if notice is None or notice.unit_id not in viewer.unit_ids:
            raise NotFoundError(kind="notice")
        require(viewer, Action.ASK_ERASURE, unit_id=notice.unit_id)
        if not tx.of(RetentionStore).answer_notice(notice_id, answer=answer, by=viewer.actor_id, at=now):
            raise AlreadyEndedError(kind="notice")
        body = {"notice_id": str(notice_id), "answer": answer}
        tx.of(AuditLogStore).note("keeping", "CopyAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def require_nothing_against(tx: Transaction, person_id: UUID, now: datetime) -> tuple[CaseOfPerson, ...]:
    """Refuse to erase a person while something stands against it; returns their cases. Raises `HeldError`."""
    cases = tx.of(RetentionStore).cases_of(tx.of(PersonStore).same_as(person_id))
    reasons = reasons_against(cases, kept=_kept(tx, cases, now), now=now)
    if reasons:
        raise HeldError(reasons="; ".join(reasons))
    return cases


def _as_agreed(tx: Transaction, erasure: Erasure, now: datetime) -> Erasure:
    """Let its cooling-off begin once all who are needed have agreed."""
    request = tx.of(ApprovalStore).latest_about(ApprovalKind.ERASURE, erasure.id)
    if request is None or not request.approved:
        return erasure
    after = erasure.cool_off(now)
    tx.of(RetentionStore).save_erasure(after)
    return after


def _overtaken(tx: Transaction, erasure: Erasure, now: datetime) -> Erasure:
    after = erasure.end(ErasureStatus.REFUSED, by=None, at=now, reason="overtaken")
    tx.of(RetentionStore).save_erasure(after)
    return after


def _kept(tx: Transaction, cases: Sequence[CaseOfPerson], now: datetime) -> frozenset[str]:
    policies = policies_of(tx)
    kept = set()
    for case in cases:
        policy = policy_for(case.jurisdiction, policies)
        rules = still_kept(policy, closed_at=case.closed_at, zone=case.zone, now=now) if policy else ()
        kept |= {rule.data.value for rule in rules}
    return frozenset(kept)


def _carry_out(engine: Engine, erasure_id: UUID) -> bool:
    with engine.transaction() as tx:
        tx.of(KeyStore).hold_period()
        now = engine.clock.now()
        erasure, state = _held(tx, erasure_id)
        if not erasure.is_ripe(now):
            return False
        try:
            cases = require_nothing_against(tx, erasure.person_id, now)
        except HeldError:
            after = erasure.end(ErasureStatus.REFUSED, by=None, at=now, reason="held")
            tx.of(RetentionStore).save_erasure(after)
            _note(tx, state, "ErasureEnded", after, None, now)
            _notify_of_refusal(engine, tx, state, after, now)
            tx.commit()
            return False
        tombstone = _tombstone(engine, tx, erasure, cases, now)
        engine.tombstones.add(tombstone)
        tx.of(RetentionStore).save_erasure(erasure.done(now, keys_gone_at=max(now, engine.periods.current.ends_at)))
        _destroy(engine, tx, tombstone, state=state)
        _notify_receivers(engine, tx, erasure, tombstone, now)
        tx.commit()
        return True


def _tombstone(
    engine: Engine, tx: Transaction, erasure: Erasure, cases: Sequence[CaseOfPerson], now: datetime
) -> Tombstone:
    persons = dict.fromkeys((erasure.person_id, *tx.of(PersonStore).same_as(erasure.person_id)))
    last = [case.case_id for case in cases if case.is_last]
    return Tombstone(
        id=engine.entropy.uuid(), person_id=erasure.person_id, case_ids=tuple(case.case_id for case in cases),
        key_owners=(*persons, *last, *map(place_key, last)), source=erasure.source.value, erased_at=now,
        approved_by=_who_agreed(tx, erasure),
    )  # fmt: skip


def _destroy(engine: Engine, tx: Transaction, tombstone: Tombstone, *, state: CaseState | None = None) -> None:
    """Destroy keys and delete what a person could be found by; the case that is held already is not locked again."""
    now = engine.clock.now()
    for case_id in sorted(tombstone.case_ids):
        of_case = state if state is not None and state.case.id == case_id else _case(tx, case_id)
        if of_case is not None:
            body = {"person_id": str(tombstone.person_id), "tombstone_id": str(tombstone.id)}
            tx.of(CaseStore).note(of_case, "PersonErased", body, actor_id=None, at=now)
    for owner in tombstone.key_owners:
        tx.of(KeyStore).destroy(owner, now)
    tx.of(RetentionStore).wipe(tombstone)
    tx.of(HubStore).forget_words(tombstone.case_ids)
    tx.of(RetentionStore).bury(tombstone)
    noted = {"tombstone_id": str(tombstone.id), "keys": str(len(tombstone.key_owners))}
    tx.of(AuditLogStore).note("keeping", "PersonErased", noted, actor_id=None, at=now)


def _case(tx: Transaction, case_id: UUID) -> CaseState | None:
    try:
        return tx.of(CaseStore).lock(case_id)
    except NotFoundError:
        return None


def _notify_receivers(engine: Engine, tx: Transaction, erasure: Erasure, tombstone: Tombstone, now: datetime) -> None:
    for mirror in tx.of(HubStore).sent_mirrors(tombstone.case_ids):
        tx.of(HubStore).recall_elsewhere(mirror.id, reason="erased", by=None, now=now)
    for case_id, unit_id in tx.of(RetentionStore).receivers_of(tombstone.case_ids):
        notice = ErasureNotice(
            id=engine.entropy.uuid(), erasure_id=erasure.id, case_id=case_id, unit_id=unit_id, sent_at=now,
            due_at=now + ANSWER_OF_RECEIVERS,
        )  # fmt: skip
        if not tx.of(RetentionStore).add_notice(notice):
            continue
        people = tx.of(DirectoryStore).holders(
            roles=(Role.DATA_PROTECTION_OFFICER.value, Role.SUPERVISOR.value), unit_id=unit_id
        )
        notify_of_system(
            engine, tx, kind="erase_copy", rule=f"{notice.id}|erase_copy",
            people=[person for person in people if not person.disabled], channels=(IN_APP,), link="/keeping", now=now,
            unit=tx.of(DirectoryStore).unit(unit_id), due_at=notice.due_at,
        )  # fmt: skip


def _notify_approvers(engine: Engine, tx: Transaction, state: CaseState, asked: Erasure, now: datetime) -> None:
    roles = (Role.DATA_PROTECTION_OFFICER.value, Role.SUPERVISOR.value, Role.NODAL_OFFICER.value)
    people = tx.of(DirectoryStore).with_role(unit_id=state.case.unit_id, roles=roles, now=now)
    notify_of_system(
        engine, tx, kind="erasure_asked", rule=f"{asked.id}|erasure_asked",
        people=[person for person in people if person.id != asked.asked_by], channels=(IN_APP,), link="/keeping",
        now=now, unit=tx.of(DirectoryStore).unit(state.case.unit_id),
    )  # fmt: skip


def _notify_of_refusal(engine: Engine, tx: Transaction, state: CaseState, erasure: Erasure, now: datetime) -> None:
    """Tell who asked and who agreed that it was not done, since something stands against it now."""
    ids = dict.fromkeys((erasure.asked_by, *_who_agreed(tx, erasure)))
    people = (tx.of(DirectoryStore).actor(actor_id) for actor_id in ids if actor_id is not None)
    notify_of_system(
        engine, tx, kind="erasure_not_done", rule=f"{erasure.id}|erasure_not_done",
        people=[person for person in people if person is not None and not person.disabled],
        channels=(IN_APP, EMAIL), link="/keeping", now=now, unit=tx.of(DirectoryStore).unit(state.case.unit_id),
    )  # fmt: skip


def _who_agreed(tx: Transaction, erasure: Erasure) -> tuple[UUID, ...]:
    request = tx.of(ApprovalStore).latest_about(ApprovalKind.ERASURE, erasure.id)
    return tuple(one.actor_id for one in request.agreed) if request else ()


def _how_it_stands(cases: Sequence[CaseOfPerson]) -> str:
    """Say of which cases a person is: when there are others, nobody has agreed to that."""
    return ",".join(sorted(str(case.case_id) for case in cases))


def _held(tx: Transaction, erasure_id: UUID) -> tuple[Erasure, CaseState]:
    erasure = tx.of(RetentionStore).erasure(erasure_id)
    if erasure is None:
        raise NotFoundError(kind="erasure")
    return erasure, tx.of(CaseStore).lock(erasure.case_id)


def _note(
    tx: Transaction, state: CaseState, type_: str, erasure: Erasure, viewer: Viewer | None, now: datetime
) -> None:
    body = {"erasure_id": str(erasure.id), "person_id": str(erasure.person_id), "status": erasure.status.value}
    tx.of(CaseStore).note(state, type_, body, actor_id=viewer.actor_id if viewer else None, at=now)


def _require_of_case(tx: Transaction, state: CaseState, person_id: UUID) -> None:
    if not any(person.person_id == person_id for person in state.persons):
        raise NotFoundError(kind="person")
    if tx.of(RetentionStore).is_erased(person_id):
        raise AlreadyEndedError(kind="erasure")


def _require_fitting(source: str, ground_code: str, *, by_safe_contact: bool) -> None:
    problems = {}
    if source not in set(ErasureSource):
        problems["source"] = "Choose who is asking for it."
    if ground_code not in GROUNDS_TO_ERASE:
        problems["ground_code"] = "Choose why."
    if source == ErasureSource.SUBJECT and not by_safe_contact:
        problems["by_safe_contact"] = (
            "First speak to the person through their safe contact: someone else might be asking."
        )
    if problems:
        raise InvalidAnswersError(problems)


def _answer(given: Answer) -> None:
    erasure_id = given.asked.subject_id
    if given.approved:
        approve_erasure(given.engine, erasure_id, viewer=given.viewer)
    else:
        end_erasure(given.engine, erasure_id, viewer=given.viewer, reason_code="changed_mind")


def _lapse(late: Lapse) -> None:
    erasure, status = late.tx.of(RetentionStore).erasure(late.request.subject_id), ErasureStatus.REFUSED
    if erasure is not None and erasure.status is ErasureStatus.ASKED:
        late.tx.of(RetentionStore).save_erasure(erasure.end(status, by=None, at=late.now, reason="lapsed"))
        late.note("ErasureEnded", erasure_id=str(erasure.id), person_id=str(erasure.person_id), status=status.value)


register(
    ApprovalKind.ERASURE,
    Handler("asks to erase a person", "Agree", "", look=case_page("/keeping"), answer=_answer, lapse=_lapse),
)
