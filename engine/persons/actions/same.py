"""Two persons who are one, or one who is two; and both cases locked in one order for it."""

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from engine.access.actions.recusals import event_of, give_back_what_is_barred
from engine.access.actions.restrict import require_not_restricted
from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.access import covers, of_everybody
from engine.core.case_links import CaseLink, LinkKind, ReferralStatus
from engine.core.policy import Action, Viewer, can, visible_units
from engine.core.records import PersonRole
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import ConflictError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.persons.actions.persons import CODE, note_for_role
from engine.persons.records import PersonMerge, names_of, parted
from engine.persons.store import PersonStore
from engine.sharing.store import ReferralStore

_WHO: Final = "person.name"
"""What a grant must show of everybody in a case for somebody to say who is one with whom."""


def lock_both(tx: Transaction, first: UUID, second: UUID) -> tuple[CaseState, CaseState]:
    """Lock two cases, or one that was named twice; always in the same order, so that nobody waits for ever."""
    locked = {case_id: tx.of(CaseStore).lock(case_id) for case_id in sorted({first, second})}
    return locked[first], locked[second]


def require_member_of(
    tx: Transaction, viewer: Viewer, state: CaseState, action: Action, *, persons_at: datetime | None = None
) -> None:
    """Refuse whoever may not change a case: their unit has it, or it was referred to their unit, which took it on.

    Of the roles of somebody whose unit took it on, those in that unit count. With `persons_at`, the present instant
    (UTC), they must be shown then who the persons are. Whoever is in conflict with the case, or denied it, hears what
    is said of a case that does not exist. Raises `NotFoundError`, `NotAllowedError`.
    """
    if viewer.is_system:
        return
    if tx.of(AccessStore).is_denied(state.case.id, actor_id=viewer.actor_id, unit_ids=viewer.unit_ids):
        raise NotFoundError(kind="case")
    if state.case.unit_id in viewer.unit_ids:
        require_member(viewer, state, action)
        return
    units = {
        one.to_unit_id
        for one in tx.of(ReferralStore).of_case(state.case.id)
        if one.status is ReferralStatus.ACCEPTED and one.to_unit_id in visible_units(viewer)
    }
    if not units or (
        persons_at and not covers(of_everybody(tx.of(AccessStore).access_of(viewer, state.case.id, persons_at)), _WHO)
    ):
        raise NotFoundError(kind="case")
    if not any(can(viewer, action, unit_id=unit) for unit in units):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def carry_barred(
    engine: Engine, tx: Transaction, source: CaseState, state: CaseState, *, by: UUID | None, now: datetime
) -> CaseState:
    """Let nobody know of a case who must not know of another one: carries them over; returns the case after.

    Each recusal that holds there is written here too, in the words of one made by hand. It stays until a person ends
    it. What they had claimed here goes back.
    """
    notes: list[tuple[str, dict[str, JsonValue]]] = []
    known = list(tx.of(AccessStore).recusals_of(state.case.id))
    for there in tx.of(AccessStore).recusals_of(source.case.id):
        if there.unit_id == state.case.unit_id or any(there.says_as(one) for one in known):
            continue
        new = {"id": engine.entropy.uuid(), "case_id": state.case.id, "set_by": by, "set_at": now}
        here = there.model_copy(update=new)
        tx.of(AccessStore).recuse(here)
        notes.append(event_of(here))
        known.append(here)
    released = [str(item.id) for item in give_back_what_is_barred(tx, state.case.id)]
    for type_, body in notes:
        state = tx.of(CaseStore).note(
            state, type_, body | ({"released": released} if released else {}), actor_id=by, at=now
        )
        released = []
    return state


def new_link(
    engine: Engine, states: tuple[CaseState, CaseState], kind: LinkKind, viewer: Viewer, now: datetime
) -> CaseLink:
    """Make a link between two locked cases; it is not written yet."""
    first, second = states
    return CaseLink(
        id=engine.entropy.uuid(), case_id=first.case.id, other_case_id=second.case.id, unit_id=first.case.unit_id,
        kind=kind, asked_by=viewer.actor_id, asked_at=now,
    )  # fmt: skip


_ENCRYPTED = "They are in a restricted case"
"""What is refused would show somebody elsewhere of whom nobody outside the seal may know."""


def merge_persons(
    engine: Engine,
    primary_id: UUID,
    secondary_id: UUID,
    *,
    case_id: UUID,
    other_case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str,
) -> UUID:
    """Say that two persons, of one case or of two, are one; returns the id of the merge.

    Both are kept as they are, with their names, roles and steps; the second one points to the first, and whoever looks
    at one sees the names of both; so not across the wall of a sealed case. Raises `InvalidAnswersError` for the same
    person twice, one who points to another already, one of another case while either is sealed, or a reason that is no
    code; `NotFoundError`, `NotAllowedError`.
    """
    _require_code(reason_code)
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, other = lock_both(tx, case_id, other_case_id)
        for one in (state, other):
            require_member_of(tx, viewer, one, Action.CHANGE_PLAN, persons_at=now)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["merge_id"]))
        _require_two(tx, (state, primary_id), (other, secondary_id))
        merge = PersonMerge(
            id=engine.entropy.uuid(), primary_id=primary_id, secondary_id=secondary_id, case_id=case_id,
            other_case_id=other_case_id, unit_id=state.case.unit_id, reason_code=reason_code,
            merged_by=viewer.actor_id, merged_at=now,
        )  # fmt: skip
        tx.of(PersonStore).add_merge(merge)
        _note_merge(tx, (state, other), "PersonsMerged", merge, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"merge_id": str(merge.id)}, case_id=case_id, at=now)
        tx.commit()
        return merge.id


def unmerge_persons(
    engine: Engine, secondary_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID, reason_code: str
) -> None:
    """Say that a person who pointed to another one is somebody else after all: both are as they were before.

    `case_id` is one of the two cases in which they were merged, and the one that the viewer may change: the other may
    have been handed over since. Raises `InvalidAnswersError` for a reason that is no
    code, `NotFoundError`, `NotAllowedError`.
    """
    _require_code(reason_code)
    now = engine.clock.now()
    with engine.transaction() as tx:
        require_member_of(tx, viewer, tx.of(CaseStore).read(case_id), Action.CHANGE_PLAN, persons_at=now)
        merge = tx.of(PersonStore).merge_of(secondary_id)
        if merge is None or case_id not in {merge.case_id, merge.other_case_id}:
            raise NotFoundError(kind="person")
        states = lock_both(tx, merge.case_id, merge.other_case_id)
        mine = next(one for one in states if one.case.id == case_id)
        require_member_of(tx, viewer, mine, Action.CHANGE_PLAN, persons_at=now)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if tx.of(PersonStore).merge_of(secondary_id) != merge:
            raise ConflictError(kind="person")
        ended = merge.model_copy(update={"ended_by": viewer.actor_id, "ended_at": now, "reason_code": reason_code})
        tx.of(PersonStore).end_merge(ended)
        _note_merge(tx, states, "PersonsUnmerged", ended, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"merge_id": str(merge.id)}, case_id=case_id, at=now)
        tx.commit()


def split_person(
    engine: Engine,
    person_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    names: Collection[str],
    role: PersonRole,
    reason_code: str,
) -> UUID:
    """Say that a person is two: a new one takes some of the names, and is in the case in a role; returns their id.

    The first person stays in every role and step; a merge of the two undoes the split. Raises `InvalidAnswersError`
    for names that the person does not have, for all of them, or a reason that is no code; `NotFoundError`.
    """
    _require_code(reason_code)
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member_of(tx, viewer, state, Action.CHANGE_PLAN, persons_at=now)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["person_id"]))
        _require_person(state, person_id)
        identity = tx.of(PersonStore).identity(person_id)
        mine = names_of(identity)
        if not names or not set(names) < set(mine):
            raise InvalidAnswersError({"names": "Choose some of the names, but leave at least one."})
        stays, goes = parted(identity, names)
        apart = engine.entropy.uuid()
        tx.of(PersonStore).change(person_id, dict(stays), engine.fingerprints.tokens(dict(stays)), by=viewer.actor_id)
        tokens = engine.fingerprints.tokens(dict(goes))
        tx.of(PersonStore).add(apart, dict(goes), tokens, unit_id=state.case.unit_id, at=now, by=viewer.actor_id)
        body = {"person_id": str(person_id), "other_person_id": str(apart), "reason_code": reason_code}
        after = tx.of(CaseStore).note(state, "PersonSplit", body, actor_id=viewer.actor_id, at=now)
        carry_out(engine, tx, after, cm.AddPerson(apart, role), actor_id=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"person_id": str(apart)}, case_id=case_id, at=now)
        tx.commit()
        return apart


def bring_person(
    engine: Engine,
    person_id: UUID,
    *,
    from_case_id: UUID,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    role: PersonRole,
) -> None:
    """Bring a person of one case into another one, in a role of its own there: a victim here, a suspect there.

    Raises `NotFoundError` when the person is not in the first case, `InvalidAnswersError` while that is sealed,
    `NotAllowedError`, and `LawyersNoteError` when they are a victim there, would be a suspect here, and no lawyer has
    written a note, which is then asked for.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, source = lock_both(tx, case_id, from_case_id)
        for one in (state, source):
            require_member_of(tx, viewer, one, Action.CHANGE_PLAN, persons_at=now)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        _require_person(source, person_id)
        if state.case.id == source.case.id:
            raise InvalidAnswersError({"case": "Choose another case; in this one, add a role."})
        require_not_restricted(tx, source, shown_at="case", problem=_ENCRYPTED)
        note_for_role(engine, tx, source, person_id, role, by=viewer.actor_id, now=now)
        decided = carry_out(engine, tx, state, cm.AddPerson(person_id, role), actor_id=viewer.actor_id, now=now)
        body = {"person_id": str(person_id), "role": role.value}
        tx.of(CaseStore).note(decided.state, "PersonBrought", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"person_id": str(person_id)}, case_id=case_id, at=now)
        tx.commit()


def _require_two(tx: Transaction, one: tuple[CaseState, UUID], other: tuple[CaseState, UUID]) -> None:
    """Refuse who is not in their case, who is one already, and two across the wall of a sealed case."""
    (state, primary_id), (other_state, secondary_id) = one, other
    _require_person(state, primary_id)
    _require_person(other_state, secondary_id)
    if state.case.id != other_state.case.id:
        require_not_restricted(tx, state, other_state, shown_at="person", problem=_ENCRYPTED)
    if secondary_id in tx.of(PersonStore).same_as(primary_id):
        raise InvalidAnswersError({"person": "These two are already linked as one."})
    if tx.of(PersonStore).merge_of(secondary_id) is not None:
        raise InvalidAnswersError({"person": "This record is already linked to another one: start from that one."})


def _require_person(state: CaseState, person_id: UUID) -> None:
    if person_id not in {person.person_id for person in state.persons if person.removed_at is None}:
        raise NotFoundError(kind="person")


def _require_code(reason_code: str) -> None:
    if not CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})


def _note_merge(
    tx: Transaction,
    states: tuple[CaseState, CaseState],
    event: str,
    merge: PersonMerge,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Tell it in the history of both cases; once, when they are one case."""
    body = {
        "merge_id": str(merge.id), "person_id": str(merge.primary_id), "other_person_id": str(merge.secondary_id),
        "reason_code": merge.reason_code,
    }  # fmt: skip
    for state in {one.case.id: one for one in states}.values():
        tx.of(CaseStore).note(state, event, body, actor_id=viewer.actor_id, at=now)
