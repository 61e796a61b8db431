"""Who is told of what others did with their work, and administrators of what the system cannot do by itself."""

from typing import Any
from uuid import UUID, uuid4

from engine.core.consequences import WorkItem
from engine.core.policy import Viewer
from engine.messages.views import notices, unread
from engine.overview.actions import notify_of_trouble
from engine.sharing.pages.partners import by_case
from engine.work.actions.complete import approve_work_item
from engine.work.actions.items import claim_work_item, delegate_work_item, release_work_item
from tests.kit.world import LOOKED, World


def _told(world: World, kind: str) -> list[Any]:
    """List whom a kind of message reached, and by which channel, in order."""
    return [
        (row.recipient_id, row.channel)
        for row in world.rows(
            "SELECT m.recipient_id, d.channel FROM message m JOIN delivery d ON d.message_id = m.id "
            "WHERE m.kind = :kind ORDER BY m.created_at, d.channel DESC",
            kind=kind,
        )
    ]


def _both(viewer: Viewer) -> list[tuple[UUID, str]]:
    return [(viewer.actor_id, "in_app"), (viewer.actor_id, "email")]


def _look(world: World) -> WorkItem:
    """Return the look of a new case, of which nobody has been told."""
    return world.item(world.at_look().case_id, "look")


def test_who_is_given_work_by_another_is_told_and_so_is_who_loses_it(world: World) -> None:
    item = _look(world)
    caseworker, manager, supervisor = (world.who(role) for role in ("caseworker", "case_manager", "supervisor"))
    world.act(delegate_work_item, item.id, to=caseworker.actor_id, by=supervisor)
    assert _told(world, "assigned") == _both(caseworker)
    assert _told(world, "reassigned") == []
    world.act(delegate_work_item, item.id, to=manager.actor_id, by=supervisor)
    assert set(_told(world, "assigned")) == {*_both(caseworker), *_both(manager)}
    assert _told(world, "reassigned") == _both(caseworker)


def test_the_mail_of_a_hand_over_is_in_the_outbox_with_the_change(world: World) -> None:
    item = _look(world)
    to = world.who("caseworker").actor_id
    world.act(delegate_work_item, item.id, to=to, by="supervisor")
    world.do_jobs()
    assert [subject.partition(": ")[2] for _, subject, *_ in world.channel.sent] == ["new work for you"]


def test_nobody_is_told_of_what_they_did_themselves(world: World) -> None:
    item = _look(world)
    caseworker, manager = world.who("caseworker"), world.who("case_manager")
    world.act(claim_work_item, item.id, by=caseworker)
    world.act(release_work_item, item.id, by=caseworker)
    world.act(claim_work_item, item.id, by=manager)
    world.act(delegate_work_item, item.id, to=caseworker.actor_id, by=manager)
    assert _told(world, "reassigned") == []
    assert _told(world, "assigned") == _both(caseworker)


def test_who_has_an_item_is_told_when_a_supervisor_gives_it_back_to_all(world: World) -> None:
    item = _look(world)
    caseworker = world.who("caseworker")
    world.act(claim_work_item, item.id, by=caseworker)
    world.act(release_work_item, item.id, by="supervisor")
    assert _told(world, "reassigned") == _both(caseworker)


def test_a_command_that_comes_twice_tells_once(world: World) -> None:
    item = _look(world)
    to, command = world.who("caseworker"), uuid4()
    for _ in range(2):
        delegate_work_item(world.engine, item.id, to=to.actor_id, viewer=world.who("supervisor"), command_id=command)
    assert _told(world, "assigned") == _both(to)


def test_an_item_that_is_offered_to_a_role_fills_nobodys_mailbox(world: World) -> None:
    world.at_look()
    world.do_jobs()
    told = _told(world, "assigned")
    assert {channel for _, channel in told} == {"in_app"}
    assert world.who("caseworker").actor_id in {recipient for recipient, _ in told}


def test_a_step_that_waits_for_approval_is_offered_to_those_who_may_and_not_to_who_answered(world: World) -> None:
    case_id = world.at_talk().case_id
    talker = world.reported_by("caseworker")
    world.complete(world.item(case_id, "talk"), by=talker, answers={"is_well": True})
    assert _told(world, "approval") == [(world.who("supervisor").actor_id, "in_app")]


def test_who_answered_is_told_when_a_second_person_sends_it_back(world: World) -> None:
    case_id = world.at_talk().case_id
    talker = world.reported_by("caseworker")
    world.complete(world.item(case_id, "talk"), by=talker, answers={"is_well": True})
    approval = world.item(case_id, "talk")
    world.act(approve_work_item, approval.id, by="supervisor", revision=approval.revision, approved=False)
    assert _told(world, "returned") == _both(talker)


def test_what_is_approved_is_not_sent_back(world: World) -> None:
    case_id = world.at_talk().case_id
    world.complete(world.item(case_id, "talk"), by=world.reported_by("caseworker"), answers={"is_well": True})
    approval = world.item(case_id, "talk")
    world.act(approve_work_item, approval.id, by="supervisor", revision=approval.revision, approved=True)
    assert _told(world, "returned") == []


def test_administrators_are_told_of_trouble_once_an_hour_and_only_when_there_is_more_of_it(world: World) -> None:
    admins = {world.who("system_administrator").actor_id, world.other("system_administrator").actor_id}
    world.at_look()
    assert notify_of_trouble(world.engine) == 0
    _set_aside(world, 1)
    assert notify_of_trouble(world.engine) == 1
    assert {recipient for recipient, _ in _told(world, "system_trouble")} == admins
    assert len(_told(world, "system_trouble")) == 4
    assert notify_of_trouble(world.engine) == 0
    _set_aside(world, 1)
    assert notify_of_trouble(world.engine) == 0
    world.later(hours=1)
    assert notify_of_trouble(world.engine) == 1
    world.later(hours=1)
    assert notify_of_trouble(world.engine) == 0


def test_trouble_that_was_mended_and_comes_back_is_news(world: World) -> None:
    world.at_look()
    _set_aside(world, 1)
    assert notify_of_trouble(world.engine) == 1
    world.rows("UPDATE job SET status = 'done'")
    assert notify_of_trouble(world.engine) == 0
    world.later(hours=1)
    world.at_look()
    _set_aside(world, 1)
    assert notify_of_trouble(world.engine) == 1


def test_the_most_cases_that_were_stuck_on_a_day_are_kept_for_two_weeks(world: World) -> None:
    def kept() -> list[int]:
        [row] = world.rows("SELECT value FROM installation WHERE key = 'stuck_by_day'")
        return [row.value[day] for day in sorted(row.value)]

    world.at_look()
    notify_of_trouble(world.engine)
    assert kept() == [0]
    world.rows("UPDATE work_item SET status = 'cancelled'")
    world.rows("UPDATE job SET status = 'done'")
    notify_of_trouble(world.engine)
    assert kept() == [1]
    world.rows("UPDATE work_item SET status = 'ready'")
    for _ in range(16):
        notify_of_trouble(world.engine)
        world.later(hours=24)
    assert kept() == [0] * 15, "the day on which one was stuck is too long ago"


def test_a_delivery_that_was_given_up_is_trouble(world: World) -> None:
    case_id = world.at_look().case_id
    world.act(claim_work_item, world.item(case_id, "look").id, by="caseworker")
    world.later(hours=6)
    world.fire()
    world.rows("UPDATE delivery SET status = 'dead' WHERE channel = 'email'")
    assert notify_of_trouble(world.engine) == 1
    rules = {row.key.split("|")[2] for row in world.rows("SELECT key FROM message WHERE kind = 'system_trouble'")}
    assert rules == {"deliveries"}


def _set_aside(world: World, most: int) -> None:
    world.rows(
        "UPDATE job SET status = 'aside' "
        "WHERE id IN (SELECT id FROM job WHERE status = 'ready' ORDER BY id LIMIT :most)",
        most=most,
    )


def test_a_notice_says_which_step_it_is_about_and_is_over_when_the_step_is(world: World) -> None:
    item, caseworker = _look(world), world.who("caseworker")
    world.act(delegate_work_item, item.id, to=caseworker.actor_id, by="supervisor")
    ask = world.engine.ask
    [before] = [one for one in ask(notices, caseworker) if one.kind == "assigned"]
    assert before.step_title
    assert not before.is_over
    waiting = ask(unread, caseworker)
    world.complete(world.item(item.case_id, "look"), by="caseworker", answers=LOOKED)
    [after] = [one for one in ask(notices, caseworker) if one.kind == "assigned"]
    assert after.is_over
    assert after.read_at is None
    assert ask(unread, caseworker) < waiting


def test_the_notices_of_a_case_stand_together(world: World) -> None:
    caseworker = world.who("caseworker")
    one, other = _look(world), _look(world)
    for item in (one, other):
        world.act(delegate_work_item, item.id, to=caseworker.actor_id, by="supervisor")
    groups = by_case(world.engine.ask(notices, caseworker))
    assert {group.case_id for group in groups} >= {one.case_id, other.case_id}
    assert len(groups) == len({group.case_id for group in groups})
    assert all(group.unread for group in groups)
