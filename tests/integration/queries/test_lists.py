"""The lists: cases, notices, mail, definitions, what was sent, people, services."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.views.lists import cases, count_cases, find_case
from engine.core import commands as cm
from engine.core.policy import Viewer
from engine.db import tables as tb
from engine.definitions.views import definition, definitions, published_workflows
from engine.errors import NotFoundError
from engine.messages.views import demo_mailbox, unread
from engine.messages.views import notices as notices_view
from engine.overview.views.case import case_page
from engine.people.viewer import actors, as_viewer, units
from engine.sharing.views.sent import sent
from engine.work.views.worklist import worklist
from tests.integration.queries.world import INSPECTION, START, World

INTAKE = {"words": "x", "concern": "labour", "is_child": True}


@pytest.fixture
def lead(world: World, unit: UUID) -> Viewer:
    return world.actor("Sam", unit, "supervisor", "intake_officer")


def message(world: World, to: Viewer, channel: str, *, case_id: UUID | None = None, minute: int = 0) -> UUID:
    message_id, at = uuid4(), START + timedelta(minutes=minute)
    world.add(
        tb.MessageRow, id=message_id, key=str(message_id), case_id=case_id, kind="warning", recipient_id=to.actor_id,
        subject=f"Subject {minute}", body="Body", created_at=at,
    )  # fmt: skip
    world.add(
        tb.DeliveryRow, id=uuid4(), message_id=message_id, case_id=case_id, channel=channel,
        status="delivered", attempt=1, next_at=at, sent_at=at,
    )  # fmt: skip
    return message_id


def test_cases_with_the_nearest_deadline_come_first_and_pages_follow_each_other(
    world: World, unit: UUID, lead: Viewer
) -> None:
    untimed = world.publish(
        {"workflow": "plain", "version": 1, "title": "Plain", "steps": {"intake": {"uses": "field.report"}}}
    )
    expected = [world.open_case(unit, compiled=untimed) for _ in range(2)]
    for _ in range(3):
        world.later(minutes=1)
        expected.insert(-2, world.open_case(unit))
    for size in (1, 2, 3, 10):
        pages: list[UUID] = []
        for offset in range(0, 10, size):
            pages += [line.id for line in world.ask(cases, lead, offset=offset, limit=size)]
        assert len(pages) == len(set(pages)) == 5
        assert pages[:3] == expected[:3]
        assert set(pages[3:]) == set(expected[3:])
    assert world.ask(count_cases, lead) == 5


def test_a_line_says_what_the_case_is_about_and_whom_it_waits_for(world: World, unit: UUID, lead: Viewer) -> None:
    worker = world.actor("Wim", unit, "caseworker")
    case_id = world.open_case(unit, victims=2)
    world.answer(case_id, "intake", INTAKE, by=worker)
    line = world.ask(cases, lead)[0]
    assert (line.concern, line.unit, line.open_items, line.waiting_for) == ("Child labour", "Shillong", 1, "Supervisor")
    world.answer(case_id, "check", {"decision": "go", "reason": "x"}, by=lead)
    assert world.ask(cases, lead)[0].waiting_for == "Caseworker"
    person = world.ask(case_page, lead, case_id).persons[0].id
    item = next(i for i in world.ask(worklist, worker) if i.person_label == "Person 1")
    world.change(tb.WorkItemRow, tb.WorkItemRow.id == item.id, status="reserved", assignee_id=worker.actor_id)
    line = world.ask(cases, lead)[0]
    assert (line.open_items, line.waiting_for) == (2, "Wim, Caseworker")
    assert str(person) not in line.model_dump_json()


def test_a_number_is_searched_from_its_beginning_and_as_it_is_written(world: World, unit: UUID, lead: Viewer) -> None:
    for number in ("C-AB12", "C-AB34", "C-XAB1", "C-A_99", "C-AX99"):
        world.open_case(unit, number=number)
    assert {line.number for line in world.ask(cases, lead, number=" c-ab")} == {"C-AB12", "C-AB34"}
    assert {line.number for line in world.ask(cases, lead, number="C-A_9")} == {"C-A_99"}
    assert world.ask(cases, lead, number="%") == ()
    assert world.ask(find_case, lead, "c-ab34") == world.ask(cases, lead, number="C-AB34")[0].id
    with pytest.raises(NotFoundError):
        world.ask(find_case, lead, "C-AB")


def test_closed_cases_are_listed_and_counted_apart(world: World, unit: UUID, lead: Viewer) -> None:
    case_id, still_open = world.open_case(unit), world.open_case(unit)
    world.do(case_id, cm.AbortRun(world.ask(case_page, lead, case_id).runs[0].id, "mistake"))
    assert [line.id for line in world.ask(cases, lead, status="closed")] == [case_id]
    assert [line.id for line in world.ask(cases, lead)] == [still_open]
    counts = [world.ask(count_cases, lead, status=status) for status in ("open", "closed", "all")]
    assert counts == [1, 1, 2]


def test_fifty_cases_take_as_many_statements_as_one(world: World, unit: UUID, lead: Viewer) -> None:
    world.open_case(unit)
    one = world.counted(lambda: world.ask(cases, lead))
    for _ in range(49):
        world.open_case(unit)
    assert len(world.ask(cases, lead)) == 50
    assert world.counted(lambda: world.ask(cases, lead)) <= one


def test_the_inbox_holds_in_app_messages_newest_first(world: World, unit: UUID, lead: Viewer) -> None:
    case_id = world.open_case(unit, number="C-MINE")
    first = message(world, lead, "in_app", case_id=case_id, minute=1)
    message(world, lead, "in_app", minute=2)
    message(world, lead, "email", case_id=case_id, minute=3)
    notices = world.ask(notices_view, lead)
    assert [(notice.text, notice.case_number) for notice in notices] == [("Subject 2", ""), ("Subject 1", "C-MINE")]
    assert world.ask(unread, lead) == 2
    world.change(tb.MessageRow, tb.MessageRow.id == first, read_at=START)
    assert world.ask(unread, lead) == 1
    assert len(world.ask(notices_view, lead, limit=1)) == 1


def test_the_mailbox_shows_what_would_have_left_and_only_in_the_demo(
    world: World, unit: UUID, lead: Viewer, becomes_a_demo: Callable[[], None]
) -> None:
    case_id = world.open_case(unit, number="C-MINE")
    message(world, lead, "email", case_id=case_id)
    message(world, lead, "in_app", case_id=case_id)
    assert world.ask(demo_mailbox, lead) == ()
    becomes_a_demo()
    (mail,) = world.ask(demo_mailbox, lead)
    address = f"{lead.actor_id.hex}@example.org"
    assert (mail.to, mail.channel, mail.case_number) == (f"Sam <{address}>", "email", "C-MINE")


def test_the_newest_published_version_of_each_workflow_runs(world: World, unit: UUID) -> None:
    world.open_case(unit)
    newer = world.publish({**INSPECTION, "version": 2, "title": "Inspection again"})
    world.change(tb.DefinitionVersionRow, tb.DefinitionVersionRow.version == 1, status="retired")
    (view,) = world.ask_all(definitions)
    assert (view.version, view.title) == (2, "Inspection again")
    assert world.ask_all(published_workflows) == (("inspection", 2, newer.content_hash, "Inspection again"),)
    old = world.ask_all(definition, "workflow", "inspection", 1)
    assert (old.status, old.source) == ("retired", "source")
    assert world.ask_all(definition, "workflow", "inspection").version == 2
    for name, version in (("inspection", 9), ("nothing", None)):
        with pytest.raises(NotFoundError):
            world.ask_all(definition, "workflow", name, version)


def test_what_was_sent_is_listed_for_who_sent_it_and_for_whom_it_was_sent_to(
    world: World, unit: UUID, lead: Viewer
) -> None:
    partner = world.actor("Pat", world.unit("Partner"), "caseworker")
    third = world.actor("Tom", world.unit("Third"), "caseworker")
    case_id = world.open_case(unit, number="C-MINE")
    common: dict[str, Any] = {"case_id": case_id, "unit_id": unit, "kind": "shelter", "fields": [], "sent_at": START}
    world.add(tb.ReferralRow, id=uuid4(), to_unit_id=partner.unit_ids[0], status="sent", **common)
    world.add(tb.ReferralRow, id=uuid4(), to_unit_id=None, status="waiting", **common)
    assert {view.to for view in world.ask(sent, lead)} == {"Partner", "An organisation outside the network"}
    assert [(view.to, view.case_number) for view in world.ask(sent, partner)] == [("Partner", "C-MINE")]
    assert world.ask(sent, third) == ()


def test_a_viewer_has_the_units_roles_and_zone_of_their_memberships(world: World, unit: UUID) -> None:
    viewer = world.actor("Bo", unit, "caseworker", "supervisor")
    other = world.unit("Another")
    world.change(tb.UnitRow, tb.UnitRow.id == other, zone="Asia/Dhaka")
    world.add(tb.MembershipRow, actor_id=viewer.actor_id, unit_id=other, role="caseworker")
    again = world.ask_all(as_viewer, viewer.actor_id)
    assert (set(again.unit_ids), set(again.roles), again.zone) == (
        {unit, other},
        {"caseworker", "supervisor"},
        "Asia/Dhaka",
    )
    assert [actor.roles for actor in world.ask(actors, viewer)] == [("caseworker", "supervisor")]
    assert [name for _, name in world.ask(units, viewer)] == ["Another", "Shillong"]
    with pytest.raises(NotFoundError):
        world.ask_all(as_viewer, UUID(int=9))


def test_somebody_without_a_role_has_no_unit_and_sees_nothing(world: World, unit: UUID) -> None:
    nobody = world.actor("Nemo", unit)
    world.open_case(unit)
    assert (nobody.unit_ids, nobody.roles) == ((), ())
    assert (world.ask(cases, nobody), world.ask(worklist, nobody), world.ask(count_cases, nobody)) == (
        (),
        (),
        0,
    )
