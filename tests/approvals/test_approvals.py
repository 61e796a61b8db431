"""What is waiting for a second person: in one list, told by messages, done once, and not done when nobody answers."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import end_recusal, recuse
from engine.access.actions.restrict import ask_to_open, restrict_case
from engine.approvals.actions.approvals import lapse_approvals, take_answer
from engine.approvals.records import ApprovalKind, OwnApprovalError
from engine.approvals.views import count_waiting, waiting
from engine.cases.store import CaseStore
from engine.core.access import RecusalReason
from engine.core.records import DeadlineStatus
from engine.deadlines.actions.limits import answer_extension, ask_extension
from engine.errors import AlreadyEndedError, ConflictError
from engine.persons.actions.links import answer_merge, ask_merge
from engine.retention.actions.retention import answer_lift, ask_to_lift, place_hold
from tests.kit.world import World


def _by(world: World, role: str) -> dict[str, Any]:
    return {"viewer": world.who(role), "command_id": uuid4()}


def _waiting(world: World, role: str) -> dict[str, bool]:
    return {line.kind: line.may_answer for line in world.engine.ask(waiting, world.who(role))}


def _told(world: World, kind: str) -> set[UUID]:
    return {row[0] for row in world.rows("SELECT recipient_id FROM message WHERE kind = :kind", kind=kind)}


def _asked(world: World) -> dict[str, UUID]:
    """Ask by the case manager for one thing of each kind that belongs to a case and needs no proof."""
    case_id, other = world.at_look().case_id, world.open().case_id
    deadline = next(d.id for d in world.state(case_id).deadlines.values() if d.status is DeadlineStatus.OPEN)
    denial = recuse(
        world.engine, case_id, reason=RecusalReason.DENIED, reason_code="danger", actor_id=world.who("lawyer").actor_id,
        **_by(world, "supervisor"),
    )  # fmt: skip
    end_recusal(world.engine, case_id, denial, reason_code="mistake", **_by(world, "case_manager"))
    hold = place_hold(world.engine, case_id, kind="appeal", reason="No. 7", **_by(world, "case_manager"))
    ask_to_lift(world.engine, case_id, hold, viewer=world.who("case_manager"))
    link = ask_merge(world.engine, case_id, other, rests=False, reason_code="same_report", **_by(world, "case_manager"))
    ask_extension(
        world.engine, deadline, case_id=case_id, more="PT1H", reason_code="awaiting_document",
        **_by(world, "case_manager"),
    )  # fmt: skip
    return {"case": case_id, "hold": hold, "link": link, "deadline": deadline, "denial": denial}


def test_one_list_has_what_everybody_asked_for_and_who_asked_answers_none_of_it(world: World) -> None:
    _asked(world)
    kinds = {ApprovalKind.LIFT_DENIAL, ApprovalKind.LIFT_HOLD, ApprovalKind.MERGE, ApprovalKind.MORE_TIME}
    assert _waiting(world, "case_manager") == dict.fromkeys(kinds, False)
    assert _waiting(world, "supervisor") == dict.fromkeys(kinds, True)
    assert world.engine.ask(count_waiting, world.who("supervisor")) == len(kinds)
    assert world.engine.ask(count_waiting, world.who("case_manager")) == 0
    assert _waiting(world, "caseworker") == {}
    assert _waiting(world, "lawyer") == {}, "the case is denied to them"
    assert world.engine.ask(waiting, world.other("supervisor")) == ()
    told = _told(world, "second_needed")
    assert world.who("supervisor").actor_id in told
    assert world.who("case_manager").actor_id not in told
    assert world.who("lawyer").actor_id not in told


def test_nothing_is_done_by_one_person_alone_nor_twice_and_who_asked_is_told(world: World) -> None:
    of = _asked(world)
    case_id = of["case"]
    world.refuses(OwnApprovalError, answer_lift, case_id, of["hold"], by="case_manager", agreed=True)
    with pytest.raises(OwnApprovalError):
        answer_merge(world.engine, of["link"], case_id=case_id, is_approved=True, **_by(world, "case_manager"))
    answer_lift(world.engine, case_id, of["hold"], viewer=world.who("supervisor"), agreed=True)
    world.refuses(AlreadyEndedError, answer_lift, case_id, of["hold"], by="nodal_officer", agreed=True)
    assert _told(world, "second_decided") == {world.who("case_manager").actor_id}
    assert ApprovalKind.LIFT_HOLD not in _waiting(world, "supervisor")


def test_what_nobody_answers_is_not_done_and_may_be_asked_for_again(world: World) -> None:
    of = _asked(world)
    world.later(days=29)
    assert lapse_approvals(world.engine) == 3
    assert lapse_approvals(world.engine) == 0
    assert _told(world, "second_lapsed") == {world.who("case_manager").actor_id}
    assert [row[0] for row in world.rows("SELECT lifted_at FROM legal_hold")] == [None]
    assert [row[0] for row in world.rows("SELECT ended_at FROM recusal")] == [None]
    assert world.rows("SELECT ended_at FROM case_link WHERE id = :id", id=of["link"])[0][0] is not None
    with pytest.raises(AlreadyEndedError):
        answer_merge(world.engine, of["link"], case_id=of["case"], is_approved=True, **_by(world, "supervisor"))
    ask_to_lift(world.engine, of["case"], of["hold"], viewer=world.who("nodal_officer"))
    answer_lift(world.engine, of["case"], of["hold"], viewer=world.who("case_manager"), agreed=True)
    assert [row[0] for row in world.rows("SELECT lifted_by FROM legal_hold")] == [world.who("case_manager").actor_id]


def test_more_time_that_nobody_gives_is_refused_and_may_be_asked_for_again(world: World) -> None:
    of = _asked(world)
    world.rows("UPDATE approval_request SET expires_at = :at WHERE kind = 'more_time'", at=world.clock.now())
    assert lapse_approvals(world.engine) == 1
    wish = world.state(of["case"]).deadlines[of["deadline"]].extensions[-1]
    assert (wish.is_approved, wish.answered_by) == (False, None)
    ask_extension(
        world.engine, of["deadline"], case_id=of["case"], more="PT1H", reason_code="awaiting_document",
        **_by(world, "case_manager"),
    )  # fmt: skip
    answer_extension(world.engine, of["deadline"], case_id=of["case"], approved=True, **_by(world, "supervisor"))


def test_of_a_sealed_case_only_those_hear_who_see_it(world: World) -> None:
    case_id = world.at_look().case_id
    officer, holder = world.who("data_protection_officer"), world.who("supervisor")
    world.act(restrict_case, case_id, by=officer, ground_code="objection", holder_id=holder.actor_id)
    ask_to_open(world.engine, case_id, viewer=officer)
    assert _told(world, "second_needed") == {holder.actor_id}
    assert _waiting(world, "supervisor") == {ApprovalKind.LIFT_RESTRICTION: True}
    assert _waiting(world, "nodal_officer") == {}


def test_each_of_what_waits_in_the_list_can_be_answered(world: World) -> None:
    of = _asked(world)
    answer_lift(world.engine, of["case"], of["hold"], viewer=world.who("supervisor"), agreed=True)
    answer_merge(world.engine, of["link"], case_id=of["case"], is_approved=True, **_by(world, "supervisor"))
    answer_extension(world.engine, of["deadline"], case_id=of["case"], approved=True, **_by(world, "supervisor"))


def test_nobody_agrees_where_nobody_says_how_the_thing_stands_now(world: World) -> None:
    of = _asked(world)
    with world.engine.transaction() as tx, pytest.raises(ConflictError):
        take_answer(
            world.engine, tx, ApprovalKind.MERGE, of["link"], viewer=world.who("supervisor"), approved=True,
            now=world.clock.now(), state=tx.of(CaseStore).lock(of["case"]),
        )  # fmt: skip
    assert _waiting(world, "supervisor")[ApprovalKind.MERGE]
