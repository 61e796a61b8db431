"""Work offered to another unit: it answers, or the next one is asked; nothing of the case travels."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.sharing.actions.referrals import accept_referral, decline_referral, offer_referral, recall_referral
from tests.kit.world import World


def test_an_offer_goes_to_the_unit_with_the_due_time_of_the_step_and_no_field(world: World) -> None:
    case_id = world.at_look().case_id
    referral = _offer(world, case_id)
    row = _row(world, referral)
    assert (row.status, row.fields, row.encrypted_note) == ("offered", [], None)
    assert row.due_at == world.deadline(case_id, "look").due_at
    assert row.released_by == world.who("partnership_manager").actor_id
    assert _told(world, "referred") == {world.other("partnership_manager").actor_id}
    assert "ReferralOffered" in _events(world, case_id)


def test_where_nobody_looks_after_partners_the_caseworkers_are_told_and_then_the_supervisors(world: World) -> None:
    world.change_actor(world.other("partnership_manager"), disabled=True)
    _offer(world, world.at_look().case_id)
    assert _told(world, "referred") == {world.other("caseworker").actor_id}
    world.change_actor(world.other("caseworker"), disabled=True)
    _offer(world, world.at_look().case_id)
    assert world.other("supervisor").actor_id in _told(world, "referred")


def test_an_accepted_offer_is_told_to_who_made_it_once(world: World) -> None:
    case_id = world.at_look().case_id
    referral, command = _offer(world, case_id), uuid4()
    for _ in range(2):
        accept_referral(world.engine, referral, viewer=world.other("caseworker"), command_id=command)
    assert _row(world, referral).status == "accepted"
    assert _told(world, "answered") == {world.who("partnership_manager").actor_id}
    assert _events(world, case_id).count("ReferralAccepted") == 1
    with pytest.raises(AlreadyEndedError):
        _decline(world, referral)


def test_declining_needs_a_reason_and_the_next_unit_is_asked_then_until_there_is_none(world: World) -> None:
    case_id = world.at_look().case_id
    referral = _offer(world, case_id, to_unit_id=None)
    assert _row(world, referral).to_unit_id == world.other_unit
    with pytest.raises(InvalidAnswersError):
        _decline(world, referral, reason_code="They are rude")
    _decline(world, referral)
    assert (_row(world, referral).status, _row(world, referral).reason_code) == ("declined", "no_place")
    with pytest.raises(InvalidAnswersError) as caught:
        _offer(world, case_id, to_unit_id=None)
    assert caught.value.problems == {"to_unit_id": "There is no other unit in this place to ask."}


def test_an_offer_that_is_taken_back_cannot_be_answered_and_can_be_made_again(world: World) -> None:
    case_id = world.at_look().case_id
    referral = _offer(world, case_id)
    world.act(recall_referral, referral, by="partnership_manager")
    with pytest.raises(AlreadyEndedError):
        world.act(accept_referral, referral, by=world.other("caseworker"))
    assert _row(world, _offer(world, case_id)).status == "offered"


def test_each_side_does_its_own_part_only(world: World) -> None:
    case_id = world.at_look().case_id
    referral = _offer(world, case_id)
    for refused in (
        lambda: world.act(accept_referral, referral, by="caseworker"),
        lambda: world.act(recall_referral, referral, by=world.other("caseworker")),
        lambda: world.act(accept_referral, uuid4(), by=world.other("caseworker")),
        lambda: _offer(world, case_id, viewer=world.other("caseworker")),
    ):
        with pytest.raises(NotFoundError):
            refused()
    with pytest.raises(NotAllowedError):
        world.act(accept_referral, referral, by=world.other("press_officer"))


def test_ones_own_unit_and_one_that_was_asked_are_refused(world: World) -> None:
    case_id = world.at_look().case_id
    _offer(world, case_id)
    for unit in (world.unit, world.other_unit, uuid4()):
        with pytest.raises(InvalidAnswersError):
            _offer(world, case_id, to_unit_id=unit)


def _offer(world: World, case_id: UUID, **changes: Any) -> UUID:
    wanted: dict[str, Any] = {
        "viewer": world.who("partnership_manager"), "command_id": uuid4(), "to_unit_id": world.other_unit,
        "step_id": world.item(case_id, "look").step_id,
    }  # fmt: skip
    return offer_referral(world.engine, case_id, **(wanted | changes))


def _decline(world: World, referral: UUID, *, reason_code: str = "no_place") -> None:
    world.act(decline_referral, referral, by=world.other("caseworker"), reason_code=reason_code)


def _row(world: World, referral: UUID) -> Any:
    return world.rows("SELECT * FROM referral WHERE id = :id", id=referral)[0]


def _told(world: World, kind: str) -> set[UUID]:
    return {row.recipient_id for row in world.rows("SELECT recipient_id FROM message WHERE kind = :kind", kind=kind)}


def _events(world: World, case_id: UUID) -> list[str]:
    return [row.type for row in world.rows("SELECT type FROM event WHERE case_id = :case ORDER BY seq", case=case_id)]
