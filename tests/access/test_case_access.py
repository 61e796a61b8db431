"""The deny list of a case: it works from the next request on, and two people are needed to lift it."""

from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import answer_lift, end_recusal, recuse
from engine.access.views import case_access
from engine.approvals.records import OwnApprovalError
from engine.core.access import RecusalReason
from engine.core.consequences import WorkItem
from engine.core.policy import Viewer
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.work.actions.items import claim_work_item
from engine.work.store import ItemStore
from tests.kit.world import World


def deny(world: World, case_id: UUID, by: Viewer, **whom: UUID) -> UUID:
    return world.act(recuse, case_id, by=by, reason=RecusalReason.DENIED, reason_code="danger", **whom)


def claimed(world: World, case_id: UUID, worker: Viewer) -> WorkItem:
    open_ones = world.of(ItemStore).open_of_case(case_id)
    item = next(one for one in open_ones if "caseworker" in one.candidate_roles)
    world.act(claim_work_item, item.id, by=worker)
    return world.load(item.id)


@pytest.fixture
def case_id(world: World) -> UUID:
    return world.at_look().case_id


def test_who_is_denied_loses_the_case_and_what_they_had_claimed(world: World, case_id: UUID) -> None:
    lead, worker = world.who("supervisor"), world.who("caseworker")
    item = claimed(world, case_id, worker)
    denial = deny(world, case_id, lead, actor_id=worker.actor_id)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, worker, case_id)
    world.refuses(NotFoundError, claim_work_item, item.id, by=worker)
    assert world.load(item.id).assignee_id is None
    found = world.engine.ask(case_access, lead, case_id)
    assert [(one.id, one.whom, one.kind) for one in found.recusals] == [(denial, worker.name, "person")]
    texts = " ".join(event.text for event in world.engine.ask(case_history, lead, case_id))
    assert "denied access to this case" in texts
    assert worker.name not in texts.partition("denied access")[2].partition(".")[0]


def test_lifting_needs_a_second_person_of_the_case(world: World, case_id: UUID) -> None:
    lead, second, worker = world.who("supervisor"), world.who("case_manager"), world.who("caseworker")
    denial = deny(world, case_id, lead, actor_id=worker.actor_id)
    ask = partial(end_recusal, world.engine, case_id, denial, viewer=lead, reason_code="mistake")
    request = ask(command_id=uuid4())
    with pytest.raises(InvalidAnswersError):
        ask(command_id=uuid4())
    answer = partial(answer_lift, world.engine, case_id, request, command_id=uuid4())
    with pytest.raises(OwnApprovalError):
        answer(viewer=lead, approved=True)
    with pytest.raises(NotFoundError):
        answer(viewer=worker, approved=True)
    with pytest.raises(NotAllowedError):
        answer(viewer=world.who("counsellor"), approved=True)
    answer(viewer=second, approved=True)
    assert world.engine.ask(case_page, worker, case_id).id == case_id
    world.refuses(AlreadyEndedError, answer_lift, case_id, request, by=second, approved=False)


def test_a_request_that_is_refused_or_runs_out_changes_nothing(world: World, case_id: UUID) -> None:
    lead, second, worker = world.who("supervisor"), world.who("case_manager"), world.who("caseworker")
    denial = deny(world, case_id, lead, actor_id=worker.actor_id)
    given = {"viewer": lead, "reason_code": "mistake"}
    first = end_recusal(world.engine, case_id, denial, command_id=uuid4(), **given)  # type: ignore[arg-type]
    world.act(answer_lift, case_id, first, by=second, approved=False)
    late = end_recusal(world.engine, case_id, denial, command_id=uuid4(), **given)  # type: ignore[arg-type]
    world.clock.move_to(world.clock.now() + timedelta(days=7))
    world.refuses(AlreadyEndedError, answer_lift, case_id, late, by=second, approved=True)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, worker, case_id)


@pytest.mark.parametrize("whom", ["nobody", "oneself", "own unit", "both"])
def test_whom_nobody_can_shut_out(world: World, case_id: UUID, whom: str) -> None:
    lead = world.who("supervisor")
    worker = world.who("caseworker").actor_id
    given = {
        "nobody": {},
        "oneself": {"actor_id": lead.actor_id},
        "own unit": {"unit_id": world.unit},
        "both": {"actor_id": worker, "unit_id": world.other_unit},
    }[whom]
    with pytest.raises(InvalidAnswersError):
        deny(world, case_id, lead, **given)


def test_only_who_leads_shuts_out_and_only_in_their_own_unit(world: World, case_id: UUID) -> None:
    worker = world.who("lawyer").actor_id
    with pytest.raises(NotAllowedError):
        deny(world, case_id, world.who("caseworker"), actor_id=worker)
    with pytest.raises(NotFoundError):
        deny(world, case_id, world.other("supervisor"), actor_id=worker)
    with pytest.raises(NotFoundError):
        world.engine.ask(case_access, world.other("supervisor"), case_id)
    with pytest.raises(NotAllowedError):
        world.engine.ask(case_access, world.who("caseworker"), case_id)
    assert not world.engine.ask(case_access, world.who("auditor"), case_id).may_recuse


def test_the_same_command_shuts_out_once(world: World, case_id: UUID) -> None:
    command, worker = uuid4(), world.who("caseworker").actor_id
    ids = {
        recuse(
            world.engine, case_id, viewer=world.who("supervisor"), command_id=command,
            reason=RecusalReason.DENIED, reason_code="leak",
            actor_id=worker,
        )
        for _ in range(2)
    }  # fmt: skip
    assert len(ids) == 1


def test_a_conflict_hides_the_case_and_frees_what_was_claimed(world: World, case_id: UUID) -> None:
    worker = world.who("caseworker")
    item = claimed(world, case_id, worker)
    world.act(recuse, case_id, by="supervisor", actor_id=worker.actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative",
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        world.engine.ask(case_page, worker, case_id)
    assert world.load(item.id).assignee_id is None
