"""Two persons who are one, one who is two, and one who belongs into another case as well."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.person_store import PersonStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain.identity import PersonMerge, names_of, parted
from engine.domain.policy import Action
from engine.domain.records import PersonRole
from engine.domain.state import CaseState
from engine.errors import ConflictError, InvalidAnswersError, NotFoundError
from engine.usecases.deciding import carry_out
from engine.usecases.lawyers_note import note_for_role
from engine.usecases.persons import CODE
from engine.usecases.restrictions import require_no_seal
from engine.usecases.two_cases import lock_both, require_member_of
from engine.views import Viewer

_SEALED = "They are in a restricted case"
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
    """Say that two persons, of one case or of two, are one; gives the id of the merge.

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
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return UUID(str(known["merge_id"]))
        _require_person(state, primary_id)
        _require_person(other, secondary_id)
        if case_id != other_case_id:
            require_no_seal(tx, state, other, shown_at="person", problem=_SEALED)
        if secondary_id in tx.of(PersonStore).same_as(primary_id):
            raise InvalidAnswersError({"person": "These two are already linked as one."})
        if tx.of(PersonStore).merge_of(secondary_id) is not None:
            raise InvalidAnswersError({"person": "This record is already linked to another one: start from that one."})
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
    """Say that a person is two: a new one takes some of the names, and is in the case in a role; gives their id.

    The first person stays in every role and step; a merge of the two undoes the split. Raises `InvalidAnswersError`
    for names that the person does not have, for all of them, or a reason that is no code; `NotFoundError`.
    """
    _require_code(reason_code)
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member_of(tx, viewer, state, Action.CHANGE_PLAN, persons_at=now)
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
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
        require_no_seal(tx, source, shown_at="case", problem=_SEALED)
        note_for_role(engine, tx, source, person_id, role, by=viewer.actor_id, now=now)
        decided = carry_out(engine, tx, state, cm.AddPerson(person_id, role), actor_id=viewer.actor_id, now=now)
        body = {"person_id": str(person_id), "role": role.value}
        tx.of(CaseStore).note(decided.state, "PersonBrought", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"person_id": str(person_id)}, case_id=case_id, at=now)
        tx.commit()


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
