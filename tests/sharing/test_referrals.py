"""Work offered to another unit: it answers, or the next is asked; no case closes because a referral came back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core.case_links import ReferralKind
from engine.core.records import LIVE, Step, StepStatus
from engine.course.actions.steer import add_step
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.rehearsal.world import people_of
from engine.sharing.actions.consents import end_expired_consents, withdraw_consent
from engine.sharing.actions.partners import answer_by_link, make_partner_link, open_partner_link
from engine.sharing.actions.referrals import (
    accept_referral,
    decline_referral,
    offer_referral,
    recall_referral,
    reroute_referral,
)
from engine.work.views.worklist import worklist
from tests.kit.world import World
from tests.sharing.test_partner_links import token
from tests.sharing.test_sharing import accept, agree, release, row, share, told

CAME_BACK = "A referral came back: is the case done?"


def only_waits(world: World, **changes: Any) -> tuple[UUID, UUID, UUID]:
    """Return a case in which nothing is open but the answer to a referral, the referral, and the consent for it."""
    case_id = world.at_look().case_id
    consent = agree(world, case_id, **changes.pop("agreed", {}))
    referral = share(world, case_id, consent_id=consent, **changes)
    if row(world, referral).status == "held":
        assert [release(world, referral, role) for role in ("case_manager", "supervisor")] == [False, True]
    world.do_look_and_talk(case_id)
    assert [step.uses for step in live(world, case_id)] == ["core.await_answer"]
    return case_id, referral, consent


def live(world: World, case_id: UUID) -> list[Step]:
    return [step for step in world.state(case_id).steps.values() if step.status in LIVE]


def recall(world: World, referral: UUID, _consent: UUID) -> None:
    world.act(recall_referral, referral, by="partnership_manager")


def decline(world: World, referral: UUID, _consent: UUID) -> None:
    other = world.other("caseworker")
    world.act(decline_referral, referral, by=other, reason_code="no_place")


def take_back(world: World, _referral: UUID, consent: UUID) -> None:
    world.act(withdraw_consent, consent, by="caseworker")


def let_run_out(world: World, _referral: UUID, _consent: UUID) -> None:
    world.later(hours=13)
    end_expired_consents(world.engine)


@pytest.mark.parametrize("comes_back", [recall, decline, take_back, let_run_out])
def test_the_last_open_work_comes_back_to_who_leads(
    world: World, comes_back: Callable[[World, UUID, UUID], None]
) -> None:
    until = world.clock.now() + timedelta(hours=12)
    case_id, referral, consent = only_waits(world, agreed={"valid_until": until})
    comes_back(world, referral, consent)
    state = world.state(case_id)
    assert state.case.status == "open"
    assert state.steps[row(world, referral).answer_step_id].status in {StepStatus.CANCELLED, StepStatus.ENDED}
    [step] = live(world, case_id)
    assert (step.uses, step.added and step.added.title) == ("core.decide", CAME_BACK)
    assert [one.due_at for one in state.deadlines.values()] == [world.clock.now() + timedelta(days=3)]
    item = world.item(case_id, step.key)
    assert set(item.candidate_roles) == {"supervisor", "case_manager", "nodal_officer"}
    assert CAME_BACK in {one.title for one in world.engine.ask(worklist, world.who("supervisor"))}
    world.complete(item, by="case_manager", answers={"decision": "yes", "reason": "The family helps."})
    assert world.state(case_id).case.status == "closed", "a person ended the last step"
    assert list(world.engine.broken_chains()) == []


@pytest.mark.parametrize(
    "said",
    [{"answers": {"decision": "no", "reason": "Not yet."}}, {"outcome": "not_needed", "answers": {}, "reason": "x"}],
)
def test_a_case_that_is_not_done_does_not_close_with_that_answer(world: World, said: dict[str, Any]) -> None:
    case_id, referral, consent = only_waits(world)
    recall(world, referral, consent)
    [step] = live(world, case_id)
    item = world.item(case_id, step.key)
    with pytest.raises(InvalidAnswersError, match="decision"):
        world.complete(item, by="case_manager", **said)
    assert [one.id for one in live(world, case_id)] == [step.id]
    world.act(
        add_step, case_id, by="case_manager", run_id=step.run_id, uses="core.ask", title="Ring the family", limit="P2D"
    )
    world.complete(item, by="case_manager", **said)
    assert [one.uses for one in live(world, case_id)] == ["core.ask"]


def test_a_partner_outside_the_network_is_telephoned_even_when_nothing_else_is_open(world: World) -> None:
    case_id, referral, consent = only_waits(
        world, agreed={"recipients": ("kind:shelter",)}, to_name="A home", to_kind="shelter"
    )
    recall(world, referral, consent)
    assert sorted(step.uses for step in live(world, case_id)) == ["core.call", "core.decide"]


@pytest.mark.parametrize("comes_back", [recall, take_back, let_run_out])
def test_what_comes_back_in_a_closed_case_is_told_to_who_looks_after_partners(
    world: World, comes_back: Callable[[World, UUID, UUID], None]
) -> None:
    until = world.clock.now() + timedelta(hours=12)
    agreed = {"recipients": ("kind:shelter",), "valid_until": until}
    case_id, referral, consent = only_waits(world, agreed=agreed, to_name="A home", to_kind="shelter")
    link = world.act(make_partner_link, referral, by="case_manager")
    session = open_partner_link(world.engine, token(link), code=link.code)
    answer_by_link(world.engine, token(link), session, accepts=True, phone="+91 364 000000")
    [follow_up] = live(world, case_id)
    answers = {"decision": "yes", "reason": "She has a bed."}
    world.complete(world.item(case_id, follow_up.key), by="case_manager", answers=answers)
    assert (world.state(case_id).case.status, told(world, "to_telephone")) == ("closed", set())
    comes_back(world, referral, consent)
    assert (row(world, referral).status, live(world, case_id)) == ("ended", [])
    assert told(world, "to_telephone") == {world.who(role).actor_id for role in ("partnership_manager", "supervisor")}
    assert list(world.engine.broken_chains()) == []


def test_while_people_have_other_work_nothing_is_added(world: World) -> None:
    case_id = world.at_look().case_id
    referral = share(world, case_id, consent_id=agree(world, case_id))
    recall(world, referral, referral)
    assert [step.uses for step in live(world, case_id)] == ["trial.look"]


def test_what_a_partner_has_taken_on_ends_the_case_with_its_last_step(world: World) -> None:
    case_id, referral, _consent = only_waits(world)
    accept(world, referral)
    assert world.state(case_id).case.status == "closed"


def test_a_case_that_is_handed_over_is_open_for_who_took_it(world: World) -> None:
    case_id, referral, _consent = only_waits(world, kind=ReferralKind.TRANSFER, fields=())
    accept(world, referral)
    state = world.state(case_id)
    assert (state.case.status, state.case.unit_id) == ("open", world.other_unit)
    [step] = live(world, case_id)
    assert world.item(case_id, step.key).candidate_roles
    assert {one.title for one in world.engine.ask(worklist, world.other("supervisor"))} == {
        "The case was handed over: is it done?"
    }


def test_asking_the_next_partner_is_no_coming_back(world: World) -> None:
    case_id, referral, _consent = only_waits(world, fields=())
    third, _people = people_of(world.engine, jurisdiction="IN-AS", label="Third")
    world.act(reroute_referral, referral, by="case_manager", to_unit_id=third)
    assert row(world, referral).ended_reason == "rerouted"
    assert [step.uses for step in live(world, case_id)] == ["core.await_answer"]
    assert list(world.engine.broken_chains()) == []


def test_the_answer_is_owed_by_the_calendar_of_the_unit_that_was_asked(world: World) -> None:
    case_id = world.at_look().case_id
    consent = agree(world, case_id)
    third, _people = people_of(world.engine, jurisdiction="NP", label="Third")
    referral = share(world, case_id, consent_id=consent, to=third, fields=())
    waiting = row(world, referral).answer_step_id
    state = world.state(case_id)
    [limit] = [one for one in state.deadlines.values() if one.step_id == waiting]
    assert (limit.calendar, limit.zone, limit.counted_by) == ("NP", "Asia/Kathmandu", "partner")
    assert state.owed_in == {waiting: "NP"}
    others = [one for one in state.deadlines.values() if one.step_id != waiting]
    assert {one.calendar for one in others} == {"IN"}


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
    world.refuses(AlreadyEndedError, accept_referral, referral, by=world.other("caseworker"))
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
    world.refuses(NotAllowedError, accept_referral, referral, by=world.other("press_officer"))


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
