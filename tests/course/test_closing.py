"""A case in which something is open is closed by two people; one in which nothing is, by one."""

from uuid import UUID

import pytest

from engine.approvals.actions.approvals import lapse_approvals
from engine.approvals.records import NoSecondPersonError, OwnApprovalError
from engine.core.records import LIVE, Step
from engine.course.actions.closing import answer_closing, close_case
from engine.course.actions.steer import add_step, cancel_step
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.history import case_history
from tests.kit.trial import CANARY
from tests.kit.world import World


def ask(world: World, case_id: UUID, role: str = "case_manager") -> bool:
    return world.act(
        close_case, case_id, by=world.who(role), reason_code="lost_contact", words=f"Nobody at {CANARY} answers."
    )


def answer(world: World, case_id: UUID, role: str, *, approved: bool = True) -> None:
    answer_closing(world.engine, case_id, viewer=world.who(role), approved=approved)


def status(world: World, case_id: UUID) -> str:
    return world.state(case_id).case.status


def add(world: World, case_id: UUID) -> UUID:
    return world.act(add_step, case_id, by="caseworker", uses="trial.talk", limit="PT4H")


def call_off(world: World, case_id: UUID, step_id: UUID, role: str) -> None:
    world.act(
        cancel_step, step_id, case_id=case_id, by=world.who(role), reason_code="not_needed", words=f"{CANARY} said so."
    )


def live(world: World, case_id: UUID) -> list[Step]:
    return [one for one in world.state(case_id).steps.values() if one.status in LIVE]


def asked(world: World) -> list[str]:
    """Return how each request to close a case has ended; nothing for one that waits."""
    return sorted(row[0] for row in world.rows("SELECT ended_reason FROM approval_request WHERE kind = 'closure'"))


def test_nothing_is_called_off_before_a_second_person_agrees(world: World) -> None:
    case_id = world.at_look().case_id
    before = world.state(case_id)
    assert not ask(world, case_id)
    after = world.state(case_id)
    assert (after.steps, after.deadlines, after.case.status) == (before.steps, before.deadlines, "open")
    told = {row[0] for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'second_needed'")}
    assert told == {world.who(role).actor_id for role in ("supervisor", "nodal_officer", "safeguarding_lead")}
    answer(world, case_id, "supervisor")
    assert (status(world, case_id), dict(world.state(case_id).deadlines)) == ("closed", {})
    texts = [line.text for line in world.engine.ask(case_history, world.who("supervisor"), case_id)]
    assert any("asked to close the case although something is still open in it" in text for text in texts)
    assert CANARY not in world.dump()
    assert not list(world.engine.broken_chains())


def test_who_asked_and_who_supervises_nothing_never_agree(world: World) -> None:
    case_id = world.at_look().case_id
    ask(world, case_id, "supervisor")
    with pytest.raises(OwnApprovalError):
        answer(world, case_id, "supervisor")
    for role in ("case_manager", "caseworker"):
        with pytest.raises(NotAllowedError):
            answer(world, case_id, role)
    world.refuses(NotFoundError, answer_closing, case_id, by=world.other("supervisor"), approved=True)
    answer(world, case_id, "nodal_officer")
    with pytest.raises(AlreadyEndedError):
        answer(world, case_id, "safeguarding_lead")


@pytest.mark.parametrize("by", ["supervisor", "case_manager"])
def test_what_is_refused_or_taken_back_goes_on_and_may_be_asked_for_again(world: World, by: str) -> None:
    case_id = world.at_look().case_id
    ask(world, case_id)
    answer(world, case_id, by, approved=False)
    assert status(world, case_id) == "open"
    ask(world, case_id)
    answer(world, case_id, "nodal_officer")
    assert status(world, case_id) == "closed"


def test_a_case_in_which_something_else_is_open_by_then_is_not_closed(world: World) -> None:
    case_id = world.at_look().case_id
    ask(world, case_id)
    add(world, case_id)
    with pytest.raises(ConflictError):
        answer(world, case_id, "supervisor")
    with pytest.raises(AlreadyEndedError):
        answer(world, case_id, "supervisor")
    assert status(world, case_id) == "open"


def test_who_asks_again_after_something_was_added_is_answered_about_what_is_open_now(world: World) -> None:
    case_id = world.at_look().case_id
    ask(world, case_id)
    ask(world, case_id)
    assert asked(world) == [""], "twice the same waits once"
    add(world, case_id)
    ask(world, case_id)
    assert asked(world) == ["", "overtaken"]
    answer(world, case_id, "supervisor")
    assert status(world, case_id) == "closed"


def test_what_nobody_answers_goes_on(world: World) -> None:
    case_id = world.at_look().case_id
    ask(world, case_id)
    world.later(days=8)
    with pytest.raises(AlreadyEndedError):
        answer(world, case_id, "supervisor")
    assert lapse_approvals(world.engine) == 1
    assert status(world, case_id) == "open"


def test_who_is_alone_is_told_whom_to_bring_in(world: World) -> None:
    case_id = world.at_look().case_id
    for role in ("supervisor", "nodal_officer", "safeguarding_lead"):
        world.change_actor(world.who(role), disabled=True)
    with pytest.raises(NoSecondPersonError, match="supervisor"):
        ask(world, case_id)


@pytest.mark.parametrize("role", ["caseworker", "case_manager"])
def test_calling_off_the_last_that_is_open_is_no_way_around_it(world: World, role: str) -> None:
    case_id = world.at_look().case_id
    added = add(world, case_id)
    (look,) = [one.id for one in live(world, case_id) if one.id != added]
    call_off(world, case_id, look, role)
    with pytest.raises(InvalidAnswersError) as refused:
        call_off(world, case_id, added, role)
    assert "Close this case" in refused.value.problems["reason_code"]
    assert (status(world, case_id), [one.id for one in live(world, case_id)]) == ("open", [added])
    assert CANARY not in world.dump()
    assert not ask(world, case_id)
    answer(world, case_id, "supervisor")
    assert status(world, case_id) == "closed"
