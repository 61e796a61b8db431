"""The lists: cases, notices, mail, definitions, what was sent, people, services."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.views.lists import cases, count_cases, find_case
from engine.core import commands as cm
from engine.core.policy import Viewer
from engine.db.tables import TABLES
from engine.definitions.views import definition, definitions, published_workflows
from engine.errors import NotFoundError
from engine.messages.views import demo_mailbox, unread
from engine.messages.views import notices as notices_view
from engine.overview.views.case import case_page
from engine.people.viewer import actors, as_viewer, units
from engine.sharing.views.sent import sent
from engine.work.views.worklist import worklist
from tests.kit.network import INSPECTION, START, Network

INTAKE = {"words": "x", "concern": "labour", "is_child": True}


@pytest.fixture
def lead(network: Network, unit: UUID) -> Viewer:
    return network.actor("Sam", unit, "supervisor", "intake_officer")


def message(network: Network, to: Viewer, channel: str, *, case_id: UUID | None = None, minute: int = 0) -> UUID:
    message_id, at = uuid4(), START + timedelta(minutes=minute)
    network.add(
        "message", id=message_id, key=str(message_id), case_id=case_id, kind="warning", recipient_id=to.actor_id,
        subject=f"Subject {minute}", body="Body", created_at=at,
    )  # fmt: skip
    network.add(
        "delivery", id=uuid4(), message_id=message_id, case_id=case_id, channel=channel,
        status="delivered", attempt=1, next_at=at, sent_at=at,
    )  # fmt: skip
    return message_id


def test_messages_follow_each_other_on_pages_and_none_is_left_out(network: Network, lead: Viewer) -> None:
    sent_ones = [message(network, lead, "in_app", minute=minute) for minute in range(7)]
    pages = [network.ask(notices_view, lead, offset=offset, limit=3) for offset in (0, 3, 6, 9)]
    assert [one.id for page in pages for one in page] == sent_ones[::-1]


def test_cases_with_the_nearest_deadline_come_first_and_pages_follow_each_other(
    network: Network, unit: UUID, lead: Viewer
) -> None:
    untimed = network.publish(
        {"workflow": "plain", "version": 1, "title": "Plain", "steps": {"intake": {"uses": "field.report"}}}
    )
    expected = [network.open_case(unit, compiled=untimed) for _ in range(2)]
    for _ in range(3):
        network.later(minutes=1)
        expected.insert(-2, network.open_case(unit))
    for size in (1, 2, 3, 10):
        pages: list[UUID] = []
        for offset in range(0, 10, size):
            pages += [line.id for line in network.ask(cases, lead, offset=offset, limit=size)]
        assert len(pages) == len(set(pages)) == 5
        assert pages[:3] == expected[:3]
        assert set(pages[3:]) == set(expected[3:])
    assert network.ask(count_cases, lead) == 5


def test_a_line_says_what_the_case_is_about_and_whom_it_waits_for(network: Network, unit: UUID, lead: Viewer) -> None:
    worker = network.actor("Wim", unit, "caseworker")
    case_id = network.open_case(unit, victims=2)
    network.answer(case_id, "intake", INTAKE, by=worker)
    line = network.ask(cases, lead)[0]
    assert (line.concern, line.unit, line.open_items, line.waiting_for) == ("Child labour", "Shillong", 1, "Supervisor")
    network.answer(case_id, "check", {"decision": "go", "reason": "x"}, by=lead)
    assert network.ask(cases, lead)[0].waiting_for == "Caseworker"
    person = network.ask(case_page, lead, case_id).persons[0].id
    item = next(i for i in network.ask(worklist, worker) if i.person_label == "Person 1")
    network.change("work_item", TABLES["work_item"].c.id == item.id, status="reserved", assignee_id=worker.actor_id)
    line = network.ask(cases, lead)[0]
    assert (line.open_items, line.waiting_for) == (2, "Wim, Caseworker")
    assert str(person) not in line.model_dump_json()


def test_a_number_is_searched_from_its_beginning_and_as_it_is_written(
    network: Network, unit: UUID, lead: Viewer
) -> None:
    for number in ("C-AB12", "C-AB34", "C-XAB1", "C-A_99", "C-AX99"):
        network.open_case(unit, number=number)
    assert {line.number for line in network.ask(cases, lead, number=" c-ab")} == {"C-AB12", "C-AB34"}
    assert {line.number for line in network.ask(cases, lead, number="C-A_9")} == {"C-A_99"}
    assert network.ask(cases, lead, number="%") == ()
    assert network.ask(find_case, lead, "c-ab34") == network.ask(cases, lead, number="C-AB34")[0].id
    with pytest.raises(NotFoundError):
        network.ask(find_case, lead, "C-AB")


def test_closed_cases_are_listed_and_counted_apart(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id, still_open = network.open_case(unit), network.open_case(unit)
    network.do(case_id, cm.AbortRun(network.ask(case_page, lead, case_id).runs[0].id, "mistake"))
    assert [line.id for line in network.ask(cases, lead, status="closed")] == [case_id]
    assert [line.id for line in network.ask(cases, lead)] == [still_open]
    counts = [network.ask(count_cases, lead, status=status) for status in ("open", "closed", "all")]
    assert counts == [1, 1, 2]


def test_fifty_cases_take_as_many_statements_as_one(network: Network, unit: UUID, lead: Viewer) -> None:
    network.open_case(unit)
    one = network.counted(lambda: network.ask(cases, lead))
    for _ in range(49):
        network.open_case(unit)
    assert len(network.ask(cases, lead)) == 50
    assert network.counted(lambda: network.ask(cases, lead)) <= one


def test_the_inbox_holds_in_app_messages_newest_first(network: Network, unit: UUID, lead: Viewer) -> None:
    case_id = network.open_case(unit, number="C-MINE")
    first = message(network, lead, "in_app", case_id=case_id, minute=1)
    message(network, lead, "in_app", minute=2)
    message(network, lead, "email", case_id=case_id, minute=3)
    notices = network.ask(notices_view, lead)
    assert [(notice.text, notice.case_number) for notice in notices] == [("Subject 2", ""), ("Subject 1", "C-MINE")]
    assert network.ask(unread, lead) == 2
    network.change("message", TABLES["message"].c.id == first, read_at=START)
    assert network.ask(unread, lead) == 1
    assert len(network.ask(notices_view, lead, limit=1)) == 1


def test_the_mailbox_shows_what_would_have_left_and_only_in_the_demo(
    network: Network, unit: UUID, lead: Viewer, becomes_a_demo: Callable[[], None]
) -> None:
    case_id = network.open_case(unit, number="C-MINE")
    message(network, lead, "email", case_id=case_id)
    message(network, lead, "in_app", case_id=case_id)
    assert network.ask(demo_mailbox, lead) == ()
    becomes_a_demo()
    (mail,) = network.ask(demo_mailbox, lead)
    address = f"{lead.actor_id.hex}@example.org"
    assert (mail.to, mail.channel, mail.case_number) == (f"Sam <{address}>", "email", "C-MINE")


def test_the_newest_published_version_of_each_workflow_runs(network: Network, unit: UUID) -> None:
    network.open_case(unit)
    newer = network.publish({**INSPECTION, "version": 2, "title": "Inspection again"})
    network.change("definition_version", TABLES["definition_version"].c.version == 1, status="retired")
    (view,) = network.ask_all(definitions)
    assert (view.version, view.title) == (2, "Inspection again")
    assert network.ask_all(published_workflows) == (("inspection", 2, newer.content_hash, "Inspection again"),)
    old = network.ask_all(definition, "workflow", "inspection", 1)
    assert (old.status, old.source) == ("retired", "source")
    assert network.ask_all(definition, "workflow", "inspection").version == 2
    for name, version in (("inspection", 9), ("nothing", None)):
        with pytest.raises(NotFoundError):
            network.ask_all(definition, "workflow", name, version)


def test_what_was_sent_is_listed_for_who_sent_it_and_for_whom_it_was_sent_to(
    network: Network, unit: UUID, lead: Viewer
) -> None:
    partner = network.actor("Pat", network.unit("Partner"), "caseworker")
    third = network.actor("Tom", network.unit("Third"), "caseworker")
    case_id = network.open_case(unit, number="C-MINE")
    common: dict[str, Any] = {"case_id": case_id, "unit_id": unit, "kind": "shelter", "fields": [], "sent_at": START}
    network.add("referral", id=uuid4(), to_unit_id=partner.unit_ids[0], status="sent", **common)
    network.add("referral", id=uuid4(), to_unit_id=None, status="waiting", **common)
    assert {view.to for view in network.ask(sent, lead)} == {"Partner", "An organisation outside the network"}
    assert [(view.to, view.case_number) for view in network.ask(sent, partner)] == [("Partner", "C-MINE")]
    assert network.ask(sent, third) == ()


def test_a_viewer_has_the_units_roles_and_zone_of_their_memberships(network: Network, unit: UUID) -> None:
    viewer = network.actor("Bo", unit, "caseworker", "supervisor")
    other = network.unit("Another")
    network.change("unit", TABLES["unit"].c.id == other, zone="Asia/Dhaka")
    network.add("membership", actor_id=viewer.actor_id, unit_id=other, role="caseworker")
    again = network.ask_all(as_viewer, viewer.actor_id)
    assert (set(again.unit_ids), set(again.roles), again.zone) == (
        {unit, other},
        {"caseworker", "supervisor"},
        "Asia/Dhaka",
    )
    assert [actor.roles for actor in network.ask(actors, viewer)] == [("caseworker", "supervisor")]
    assert [name for _, name in network.ask(units, viewer)] == ["Another", "Shillong"]
    with pytest.raises(NotFoundError):
        network.ask_all(as_viewer, UUID(int=9))


def test_somebody_without_a_role_has_no_unit_and_sees_nothing(network: Network, unit: UUID) -> None:
    nobody = network.actor("Nemo", unit)
    network.open_case(unit)
    assert (nobody.unit_ids, nobody.roles) == ((), ())
    assert (network.ask(cases, nobody), network.ask(worklist, nobody), network.ask(count_cases, nobody)) == (
        (),
        (),
        0,
    )
