"""The work and shifts of somebody who leaves are handed over in one act, and of many items any that are ticked."""

import re
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import recuse
from engine.core.access import RecusalReason
from engine.errors import NotAllowedError
from engine.people.actions.duty import plan_shift
from engine.work.actions.handing_over import HandedOver, hand_over_work
from engine.work.actions.items import claim_work_item
from engine.work.views.team import movable_work
from tests.kit.portal import Portal, hidden, report_case
from tests.kit.world import START, World

_LEAVES = "caseworker"


def _has(world: World, *, count: int = 2) -> list[UUID]:
    """Let the caseworker claim the look of some new cases; returns the items."""
    items = [world.item(world.at_look().case_id, "look").id for _ in range(count)]
    for item in items:
        world.act(claim_work_item, item, by=_LEAVES)
    return items


def _told(world: World) -> list[Any]:
    rows = world.rows(
        "SELECT m.recipient_id FROM message m JOIN delivery d ON d.message_id = m.id"
        " WHERE d.channel = 'in_app' AND m.kind IN ('work_moved', 'assigned', 'reassigned', 'handed_over', 'relieved')"
    )
    return sorted(row.recipient_id for row in rows)


def _shift(world: World) -> UUID:
    begins, ends = START + timedelta(days=1), START + timedelta(days=2)
    who = world.who(_LEAVES).actor_id
    shift: UUID = world.act(
        plan_shift, by="supervisor", unit_id=world.unit, actor_id=who, starts_at=begins, ends_at=ends
    )
    return shift


def test_a_whole_caseload_goes_over_in_one_act_that_is_recorded_and_each_is_told_once(world: World) -> None:
    items, shift, boss = _has(world), _shift(world), world.who("supervisor")
    to, command = world.who("case_manager").actor_id, uuid4()
    before = _told(world)
    for _ in range(2):
        done = hand_over_work(
            world.engine, viewer=boss, command_id=command, items=dict.fromkeys(items, to), shifts={shift: to}
        )
        assert done == HandedOver(2, 1, {})
    assert {world.load(item).assignee_id for item in items} == {to}
    assert [one.actor_id for one in world.rows("SELECT actor_id FROM shift WHERE cancelled_at IS NULL")] == [to]
    assert _told(world) == sorted([*before, to, world.who(_LEAVES).actor_id]), "once each, however much it was"
    kept = world.rows("SELECT actor_id, body FROM event WHERE type = 'WorkItemDelegated' ORDER BY at")
    assert {row.actor_id for row in kept} == {boss.actor_id}
    assert len(kept) == 2
    [noted] = world.rows("SELECT body FROM audit_event WHERE type = 'WorkHandedOver'")
    assert sorted(noted.body["items"]) == sorted(map(str, items))
    assert noted.body["shifts"] == [str(shift)]


def test_what_cannot_go_over_stays_with_its_reason_and_the_rest_goes(world: World) -> None:
    [first, second, third] = _has(world, count=3)
    boss, manager, lawyer = world.who("supervisor"), world.who("case_manager"), world.who("lawyer")
    world.act(
        recuse, world.load(second).case_id, by=boss, actor_id=manager.actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="leak",
    )  # fmt: skip
    given = {uuid4(): manager.actor_id, first: lawyer.actor_id, second: manager.actor_id, third: manager.actor_id}
    done = world.act(hand_over_work, by=boss, items=given)
    assert (done.items, set(done.stayed)) == (1, set(given) - {third})
    assert world.load(third).assignee_id == manager.actor_id
    assert {world.load(one).assignee_id for one in (first, second)} == {world.who(_LEAVES).actor_id}


def test_one_that_is_broken_stops_nobody(world: World) -> None:
    items, to = _has(world), world.who("case_manager").actor_id
    broken = items[0]
    world.rows("UPDATE work_item SET status = 'unheard of' WHERE id = :id RETURNING id", id=broken)
    done = world.act(hand_over_work, by="supervisor", items=dict.fromkeys(items, to))
    assert (done.items, set(done.stayed)) == (1, {broken})


def test_only_who_may_give_work_to_others_hands_it_over_or_is_shown_it(world: World) -> None:
    [item] = _has(world, count=1)
    given = {item: world.who("case_manager").actor_id}
    world.refuses(NotAllowedError, hand_over_work, by="counsellor", items=given)
    with pytest.raises(NotAllowedError):
        world.engine.ask(movable_work, world.who("counsellor"))
    other = world.act(hand_over_work, by=world.other("supervisor"), items=given)
    assert (other.items, set(other.stayed)) == (0, {item})
    assert _told(world) == []
    assert world.engine.ask(movable_work, world.other("supervisor"))[1] == 0


def test_several_share_it_and_a_case_stays_together(world: World) -> None:
    _has(world, count=4)
    boss, leaver = world.who("supervisor"), world.who(_LEAVES).actor_id
    both = (world.who("case_manager").actor_id, boss.actor_id)
    found, count = world.engine.ask(movable_work, boss, of=leaver, takers=both)
    able = {one.able for one in found}
    assert count == 4
    assert all(one.to in one.able for one in found if one.able)
    assert all(both[0] in one for one in able)
    free, _ = world.engine.ask(movable_work, boss, is_free=True)
    assert not {one.item.id for one in free} & {one.item.id for one in found}


def test_the_page_says_what_would_go_to_whom_and_does_it_without_a_script(portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    leaver, taker = portal.people["intake_officer"], portal.people["case_manager"]
    boss = portal.as_role("supervisor")
    assert 'href="/team"' in boss.get("/worklist").text
    shown = boss.get(f"/team?of={leaver.actor_id}&to={taker.actor_id}").text
    [ticked] = re.findall(r'name="item" type="checkbox" value="([^"]+)" checked', shown)
    assert ticked == f"{case.item.rpartition('/')[2]}:{taker.actor_id}"
    form = {"command_id": hidden(shown, "command_id"), "of": str(leaver.actor_id), "to": str(taker.actor_id)}
    nothing = boss.post("/team", data=form)
    assert (nothing.status_code, "Tick what is to be handed over" in nothing.text) == (422, True)
    done = boss.post("/team", data=form | {"item": ticked})
    assert "What you ticked was handed over" in done.text
    assert case.item in portal.as_role("case_manager").get("/worklist").text.split('id="free"')[0]
    again = unescape(boss.post("/team", data=form | {"item": f"{uuid4()}:{taker.actor_id}"}).text)
    assert "The rest stayed where it was" in again
    assert portal.as_role("counsellor").get("/team").status_code == 403
