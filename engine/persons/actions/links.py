"""Link cases, merge one into another, and take it out again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from engine.access.store import AccessStore
from engine.approvals.actions.approvals import Answer, Handler, Lapse, ask_second, case_page, register, take_answer
from engine.approvals.records import ApprovalKind
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.case_links import LINKED_BY_HAND, CaseLink, LinkKind, laws_left_alone
from engine.core.policy import Action, Viewer
from engine.core.records import OPEN, CaseStatus, ItemStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotFoundError
from engine.people.store import DirectoryStore
from engine.persons.actions.persons import CODE
from engine.persons.actions.same import carry_barred, lock_both, new_link, require_member_of
from engine.persons.store import LinkStore
from engine.work.store import ItemStore


def link_cases(
    engine: Engine, case_id: UUID, other_case_id: UUID, *, viewer: Viewer, command_id: UUID, kind: LinkKind
) -> UUID:
    """Say that two cases belong together; returns the link's id. The history of both tells it, without a number.

    Raises `InvalidAnswersError` for the same case twice or a kind that is not chosen by hand, `NotFoundError`,
    `NotAllowedError`.
    """
    if kind not in LINKED_BY_HAND:
        raise InvalidAnswersError({"kind": "Choose why the cases belong together."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        states = _both(tx, viewer, case_id, other_case_id, Action.CHANGE_PLAN, reach=True)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["link_id"]))
        pair = {case_id, other_case_id}
        if any(
            one.kind is kind and {one.case_id, one.other_case_id} == pair for one in tx.of(LinkStore).live_of(case_id)
        ):
            raise InvalidAnswersError({"number": "These cases are already linked like this."})
        link = new_link(engine, states, kind, viewer, now)
        tx.of(LinkStore).add(link)
        _note(tx, states, "CasesLinked", link, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"link_id": str(link.id)}, case_id=case_id, at=now)
        tx.commit()
        return link.id


def end_link(engine: Engine, link_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Take a link between two cases back, for who may change `case_id`, one of the two: the other may be handed over.

    Raises `NotFoundError`, `AlreadyEndedError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        link, states = _linked(tx, viewer, link_id, case_id, LINKED_BY_HAND)
        require_member_of(tx, viewer, _one_of(states, case_id), Action.CHANGE_PLAN)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        _require_live(link)
        tx.of(LinkStore).save(link.model_copy(update={"ended_by": viewer.actor_id, "ended_at": now}))
        _note(tx, states, "CasesUnlinked", link, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"link_id": str(link_id)}, case_id=case_id, at=now)
        tx.commit()


def ask_merge(
    engine: Engine,
    case_id: UUID,
    merged_case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    rests: bool,
    reason_code: str,
) -> UUID:
    """Ask that a case becomes a stub of another one, in which work goes on; a second person has to agree.

    With `rests` nothing of the stub goes on: its open limits end, and its items are taken off the worklists. That is
    refused while a limit of the law runs in it that the other case does not have. Without, what is open in the stub
    goes on, and only nothing new is begun in it. Raises `InvalidAnswersError`, `NotFoundError`, `NotAllowedError`.
    """
    if not CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        states = _both(tx, viewer, case_id, merged_case_id, Action.MERGE_CASES)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["link_id"]))
        _require_mergeable(tx, *states, rests=rests)
        link = new_link(engine, states, LinkKind.MERGED, viewer, now)
        link = link.model_copy(update={"rests": rests, "reason_code": reason_code})
        tx.of(LinkStore).add(link)
        ask_second(
            engine, tx, ApprovalKind.MERGE, link.id, asked_by=viewer.actor_id, now=now, state=states[0],
            reason_code=reason_code, subject={"stub_id": str(merged_case_id)}, seen=_how_they_stand(states),
        )  # fmt: skip
        _note(tx, states, "MergeAsked", link, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"link_id": str(link.id)}, case_id=case_id, at=now)
        tx.commit()
        return link.id


def answer_merge(
    engine: Engine, link_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID, is_approved: bool
) -> None:
    """Agree to a merge that somebody else asked for, or refuse it; who asked can only take it back.

    Whoever must not know of the stub must not know of the case in which work goes on: conflicts and denials are written
    there too, and stay when the merge is undone. Refusing needs only one of the two cases, since the other may have
    been handed over. When one of them was closed or opened again since it was asked for, the request is over and who
    asked is told: raises `ConflictError` then. Raises `OwnApprovalError` for who asked,
    `InvalidAnswersError` for what cannot be done, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        link, states = _linked(tx, viewer, link_id, case_id, (LinkKind.MERGED,))
        here = _one_of(states, case_id)
        for state in states if is_approved else (here,):
            require_member(viewer, state, Action.MERGE_CASES)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        request = tx.of(ApprovalStore).open_about(ApprovalKind.MERGE, link_id)
        if request is None or not link.is_asked:
            raise AlreadyEndedError(kind="request for approval")
        answered = take_answer(
            engine, tx, ApprovalKind.MERGE, link_id, viewer=viewer, approved=is_approved, now=now,
            stands=lambda: _how_they_stand(states), state=here,
        )  # fmt: skip
        is_in_time = not answered.is_overtaken
        if is_approved and is_in_time:
            _require_mergeable(tx, *states, rests=link.rests, but=link.id)
            _merge(engine, tx, states, link, viewer, now)
        else:
            tx.of(LinkStore).save(link.model_copy(update={"ended_by": viewer.actor_id, "ended_at": now}))
            _note(tx, states, "MergeRefused", link, viewer, now)
        if is_in_time:
            tx.of(HousekeepingStore).remember(command_id, {"link_id": str(link_id)}, case_id=case_id, at=now)
        tx.commit()
    if not is_in_time:
        raise ConflictError(kind="case")


def unmerge_cases(
    engine: Engine, link_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID, reason_code: str
) -> None:
    """Let a stub be a case of its own again: what rested goes on, every limit from where it began.

    A limit that passed meanwhile is late since the instant at which it was due. It is for those who lead in the unit of
    the stub, even where the other case was handed over since. Raises `InvalidAnswersError` for a
    reason that is no code, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    if not CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        link, (primary, merged_case) = _linked(tx, viewer, link_id, case_id, (LinkKind.MERGED,))
        require_member(viewer, merged_case, Action.MERGE_CASES)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if link.approved_at is None:
            raise NotFoundError(kind="merge")
        _require_live(link)
        decided = carry_out(engine, tx, merged_case, cm.UnmergeCase(reason_code), actor_id=viewer.actor_id, now=now)
        _give_items_back(tx, decided.state, link)
        body = {"link_id": str(link.id), "reason_code": reason_code}
        tx.of(CaseStore).note(primary, "CaseLetGo", body, actor_id=viewer.actor_id, at=now)
        tx.of(LinkStore).save(link.model_copy(update={"ended_by": viewer.actor_id, "ended_at": now, "held_items": ()}))
        tx.of(HousekeepingStore).remember(command_id, {"link_id": str(link_id)}, case_id=case_id, at=now)
        tx.commit()


def _both(
    tx: Transaction, viewer: Viewer, first: UUID, second: UUID, action: Action, *, reach: bool = False
) -> tuple[CaseState, CaseState]:
    """Lock two different cases that the viewer may change; with `reach`, one that was referred to their unit too."""
    states = lock_both(tx, first, second)
    for state in states:
        require_member_of(tx, viewer, state, action)
        if not reach:
            require_member(viewer, state, action)
    if first == second:
        raise InvalidAnswersError({"number": "Choose another case."})
    return states


def _linked(
    tx: Transaction,
    viewer: Viewer,
    link_id: UUID,
    case_id: UUID,
    kinds: Sequence[LinkKind],
) -> tuple[CaseLink, tuple[CaseState, CaseState]]:
    """Load a link of a case that the viewer sees, with both its cases locked: the one in which work goes on first."""
    require_member_of(tx, viewer, tx.of(CaseStore).read(case_id), Action.SEE_CASES)
    link = tx.of(LinkStore).get(link_id)
    if link is None or link.kind not in kinds or case_id not in {link.case_id, link.other_case_id}:
        raise NotFoundError(kind="link")
    states = lock_both(tx, link.case_id, link.other_case_id)
    require_member_of(tx, viewer, _one_of(states, case_id), Action.SEE_CASES)
    return link, states


def _one_of(states: tuple[CaseState, CaseState], case_id: UUID) -> CaseState:
    return next(state for state in states if state.case.id == case_id)


def _require_live(link: CaseLink) -> None:
    if link.ended_at is not None:
        raise AlreadyEndedError(kind="link")


def _require_mergeable(
    tx: Transaction, primary: CaseState, merged_case: CaseState, *, rests: bool, but: UUID | None = None
) -> None:
    if primary.case.status is not CaseStatus.OPEN:
        raise InvalidAnswersError({"number": "Work cannot go on in a closed case: open it again first."})
    if primary.case.merged_into is not None or merged_case.case.merged_into is not None:
        raise InvalidAnswersError({"number": "One of these cases has already been merged into another."})
    merges = [
        one for one in tx.of(LinkStore).live_of(merged_case.case.id) if one.kind is LinkKind.MERGED and one.id != but
    ]
    if merges:
        raise InvalidAnswersError(
            {"number": "That case is already part of another merge, or one is waiting for an answer."}
        )
    laws = laws_left_alone(primary, merged_case) if rests else ()
    if laws:
        raise InvalidAnswersError(
            {"rests": f"Its work cannot stop: this case does not have its legal deadlines ({', '.join(laws)})."}
        )


def _how_they_stand(states: tuple[CaseState, CaseState]) -> str:
    """Say whose the cases are and whether they are open: when that changes, nobody has agreed to it."""
    return ",".join(f"{state.case.unit_id}:{state.case.status.value}" for state in states)


def _merge(
    engine: Engine,
    tx: Transaction,
    states: tuple[CaseState, CaseState],
    link: CaseLink,
    viewer: Viewer,
    now: datetime,
) -> None:
    primary, merged_case = states
    command = cm.MergeCase(primary.case.id, rests=link.rests, reason_code=link.reason_code)
    carry_out(engine, tx, merged_case, command, actor_id=viewer.actor_id, now=now)
    body = {"link_id": str(link.id), "reason_code": link.reason_code, "rests": link.rests}
    taken = tx.of(CaseStore).note(primary, "CaseTookIn", body, actor_id=viewer.actor_id, at=now)
    carry_barred(engine, tx, merged_case, taken, by=viewer.actor_id, now=now)
    held = _take_items_off(tx, merged_case, now) if link.rests else ()
    tx.of(LinkStore).save(link.model_copy(update={"approved_at": now, "held_items": held}))


def _take_items_off(tx: Transaction, merged_case: CaseState, now: datetime) -> tuple[tuple[UUID, UUID | None], ...]:
    """Take the open items of a case off the worklists; gives them with who had claimed them."""
    items = tx.of(ItemStore).open_of_case(merged_case.case.id)
    for item in items:
        changes = {"status": ItemStatus.CANCELLED, "ended_at": now, "revision": item.revision + 1}
        tx.of(ItemStore).save(item.model_copy(update=changes))
    return tuple((item.id, item.assignee_id) for item in items)


def _give_items_back(tx: Transaction, state: CaseState, link: CaseLink) -> None:
    """Offer the items again that were taken off; claimed ones to who had them, while they are still here."""
    for item_id, assignee_id in link.held_items:
        item = tx.of(ItemStore).get(item_id)
        step = state.steps.get(item.step_id)
        if item.status is not ItemStatus.CANCELLED or step is None or step.status not in OPEN:
            continue
        actor = tx.of(DirectoryStore).actor(assignee_id) if assignee_id else None
        is_here = actor is not None and not actor.disabled and actor.id not in tx.of(AccessStore).recused(state.case.id)
        changes = {
            "status": ItemStatus.RESERVED if is_here else ItemStatus.READY,
            "assignee_id": assignee_id if is_here else None, "ended_at": None, "revision": item.revision + 1,
        }  # fmt: skip
        tx.of(ItemStore).save(item.model_copy(update=changes))


def _note(
    tx: Transaction, states: tuple[CaseState, CaseState], event: str, link: CaseLink, viewer: Viewer, now: datetime
) -> None:
    """Tell it in the history of both cases."""
    body = {"link_id": str(link.id), "kind": link.kind.value, "reason_code": link.reason_code, "rests": link.rests}
    for state in states:
        tx.of(CaseStore).note(state, event, body, actor_id=viewer.actor_id, at=now)


def _answer(given: Answer) -> None:
    answer_merge(
        given.engine, given.asked.subject_id, case_id=given.case_id, viewer=given.viewer, command_id=given.command_id,
        is_approved=given.approved,
    )  # fmt: skip


def _lapse(late: Lapse) -> None:
    link = late.tx.of(LinkStore).get(late.request.subject_id)
    if link is not None and link.is_asked:
        late.tx.of(LinkStore).save(link.model_copy(update={"ended_at": late.now}))
        late.note(
            "MergeRefused", link_id=str(link.id), kind=link.kind.value, reason_code=link.reason_code, rests=link.rests
        )


register(
    ApprovalKind.MERGE,
    Handler(
        "asks to merge it with another case", "Merge the cases", "Do not merge", look=case_page("/links"),
        answer=_answer, lapse=_lapse,
    ),
)  # fmt: skip
