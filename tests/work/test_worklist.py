"""What a worklist shows, in which order, and at which cost."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.policy import Viewer
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from engine.people.viewer import as_viewer
from engine.work import records
from engine.work.pages.worklist import DueGroup, Whose, WorkPart
from engine.work.records import WorkLine
from engine.work.views import worklist as views
from engine.work.views.worklist import work_counts, work_item, work_items, work_lines, worklist
from tests.kit.network import Network


@pytest.fixture
def intake(network: Network, unit: UUID) -> Viewer:
    return network.actor("Ina", unit, "intake_officer")


def test_what_is_ready_for_one_of_my_roles_is_on_my_worklist_with_its_titles_and_due_time(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    case_id = network.open_case(unit, number="C-AAAA")
    (item,) = network.ask(worklist, intake)
    assert (item.case_id, item.case_number, item.title, item.pillar) == (case_id, "C-AAAA", "Report", "field")
    assert (item.status, item.is_mine, item.is_approval, item.is_overdue) == ("ready", False, False, False)
    assert item.due_at == item.opened_at + timedelta(hours=1)
    assert item.candidate_roles == ("intake_officer",)


def test_work_for_other_roles_is_not_on_my_worklist(network: Network, unit: UUID) -> None:
    network.open_case(unit)
    assert network.ask(worklist, network.actor("Sam", unit, "supervisor", "caseworker")) == ()


def test_who_did_the_step_before_is_not_offered_the_one_that_needs_other_eyes(network: Network, unit: UUID) -> None:
    both = network.actor("Bo", unit, "intake_officer", "supervisor")
    other = network.actor("Sam", unit, "supervisor")
    case_id = network.open_case(unit)
    network.answer(case_id, "intake", {"words": "x", "concern": "labour", "is_child": True}, by=both)
    assert network.ask(worklist, both) == ()
    assert [item.step_key for item in network.ask(worklist, other)] == ["check"]


def test_the_overdue_come_first_then_the_due_times_then_what_has_no_limit(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    plain = network.publish(_one_step(limit=None))
    untimed = network.open_case(unit, compiled=plain)
    early = network.open_case(unit)
    network.later(minutes=30)
    late = network.open_case(unit)
    network.later(minutes=45)
    items = network.ask(worklist, intake)
    assert [item.case_id for item in items] == [early, late, untimed]
    assert [item.is_overdue for item in items] == [True, False, False]


def test_each_item_of_a_long_worklist_is_in_one_list_by_the_day_of_who_looks(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    for version, limit in enumerate((None, "P30D", "P5D", "P1D", "PT1H"), start=1):
        network.open_case(unit, compiled=network.publish(_one_step(limit=limit) | {"version": version}))
    network.later(hours=2)
    network.open_case(unit)
    items, now = network.ask(worklist, intake), network.clock.now()
    part = WorkPart.of(Whose.FREE, items, due=None, now=now, zone="UTC")
    assert part.counts == {
        DueGroup.LATE: 1, DueGroup.TODAY: 1, DueGroup.TOMORROW: 1, DueGroup.WEEK: 1, DueGroup.LATER: 1,
        DueGroup.NEVER: 1, DueGroup.ALL: 6,
    }  # fmt: skip
    assert (part.items, part.few) == (items, 2)
    for due, count in part.counts.items():
        assert len(WorkPart.of(Whose.FREE, items, due=due, now=now, zone="UTC").items) == count
    assert len(WorkPart.of(Whose.FREE, items, due=DueGroup.TODAY, now=now, zone="Pacific/Pitcairn").items) == 2


def test_what_is_mine_and_what_is_free_is_counted_however_much_is_listed(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    network.open_case(unit, compiled=network.publish(_one_step(limit=None)))
    cases = [network.open_case(unit) for _ in range(3)]
    network.open_case(network.unit("Elsewhere"))
    network.item(cases[0], "intake", status="reserved", assignee_id=intake.actor_id)
    network.later(minutes=90)
    later = network.open_case(unit)
    network.item(later, "intake", excluded_ids=[intake.actor_id])
    network.open_case(unit)
    counts = network.ask(work_counts, intake, zone="UTC")
    assert (counts.mine, counts.free, counts.overdue, counts.due_today) == (1, 4, 3, 1)
    listed = network.ask(worklist, intake)
    assert (len(listed), sum(item.is_overdue for item in listed)) == (5, 3)
    assert network.ask(work_counts, intake, zone="Pacific/Pitcairn").due_today == 0


def test_what_may_be_claimed_is_counted_so_far_only_and_the_page_says_that_there_is_more(
    network: Network, unit: UUID, intake: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (records, views):
        monkeypatch.setattr(module, "MOST_COUNTED", 3)
    plain = network.publish(_one_step(limit=None))
    for compiled in (plain, plain, None, None, None, None):
        network.open_case(unit, compiled=compiled)
    network.later(hours=2)
    counts = network.ask(work_counts, intake.model_copy(update={"name": "Counts no further"}), zone="UTC")
    assert (counts.free, counts.overdue, counts.due_today) == (3, 3, 0)
    assert (counts.shown["free"], counts.shown["due_today"]) == ("3+", "0")


def test_lines_and_items_of_a_worklist_are_those_of_the_whole_list(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    for compiled in (network.publish(_one_step(limit=None)), None, None):
        network.open_case(unit, compiled=compiled)
    taken = network.open_case(unit)
    network.item(taken, "intake", status="reserved", assignee_id=intake.actor_id)
    elsewhere = network.item(network.open_case(network.unit("Elsewhere")), "intake")
    network.later(minutes=70)
    whole, lines = network.ask(worklist, intake), network.ask(work_lines, intake, limit=100)
    assert lines == tuple(WorkLine(one.id, one.is_mine, one.due_at, one.is_overdue) for one in whole)
    assert network.ask(work_lines, intake, limit=2) == lines[:2]
    found = network.ask(work_items, intake, [*(line.id for line in lines), elsewhere])
    assert found == {one.id: one for one in whole}


def test_of_two_that_are_due_at_once_the_one_with_more_priority_comes_first(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    network.open_case(unit)
    urgent = network.open_case(unit)
    network.item(urgent, "intake", priority=5)
    assert network.ask(worklist, intake)[0].case_id == urgent
    assert network.ask(worklist, intake, limit=1)[0].case_id == urgent


def test_what_somebody_has_claimed_is_on_their_worklist_only(network: Network, unit: UUID, intake: Viewer) -> None:
    colleague = network.actor("Ira", unit, "intake_officer")
    case_id = network.open_case(unit)
    network.open_case(unit)
    network.item(case_id, "intake", status="reserved", assignee_id=intake.actor_id)
    mine = network.ask(worklist, intake, only_mine=True)
    assert [(item.case_id, item.is_mine, item.assignee) for item in mine] == [(case_id, True, "Ina")]
    assert case_id not in {item.case_id for item in network.ask(worklist, colleague)}
    assert len(network.ask(worklist, intake)) == 2


def test_what_is_claimed_in_a_case_that_is_no_longer_mine_to_see_is_gone(network: Network, unit: UUID) -> None:
    elsewhere = network.actor("Eve", network.unit("Elsewhere"), "caseworker")
    case_id = network.open_case(unit)
    item_id = network.item(case_id, "intake", status="reserved", assignee_id=elsewhere.actor_id)
    assert network.ask(worklist, elsewhere) == ()
    network.grant(case_id, elsewhere.unit_ids[0])
    assert [item.id for item in network.ask(worklist, elsewhere)] == [item_id]


def test_an_item_of_another_unit_and_one_that_does_not_exist_are_the_same_to_me(network: Network, unit: UUID) -> None:
    elsewhere = network.actor("Eve", network.unit("Elsewhere"), "intake_officer")
    item_id = network.item(network.open_case(unit), "intake")
    errors = []
    for asked in (item_id, UUID(int=1)):
        with pytest.raises(NotFoundError) as caught:
            network.ask(work_item, elsewhere, asked)
        errors.append((str(caught.value), caught.value.facts))
    assert errors[0] == errors[1]


def test_persons_are_numbered_and_never_named(network: Network, unit: UUID) -> None:
    supervisor, worker = network.actor("Sam", unit, "supervisor"), network.actor("Wim", unit, "caseworker")
    case_id = network.open_case(unit, victims=2)
    network.answer(case_id, "intake", {"words": "x", "concern": "labour", "is_child": True}, by=worker)
    network.answer(case_id, "check", {"decision": "go", "reason": "y"}, by=supervisor)
    assert sorted(item.person_label for item in network.ask(worklist, worker)) == ["Person 1", "Person 2"]


def test_a_worklist_of_fifty_takes_as_many_statements_as_a_worklist_of_one(
    network: Network, unit: UUID, intake: Viewer
) -> None:
    network.open_case(unit)
    one = network.counted(lambda: network.ask(worklist, intake))
    for _ in range(49):
        network.open_case(unit)
    assert len(network.ask(worklist, intake)) == 50
    assert network.counted(lambda: network.ask(worklist, intake)) == one


def test_the_list_stops_at_its_limit_and_keeps_the_most_urgent(network: Network, unit: UUID, intake: Viewer) -> None:
    first = network.open_case(unit)
    for _ in range(4):
        network.later(minutes=1)
        network.open_case(unit)
    items = network.ask(worklist, intake, limit=3)
    assert len(items) == 3
    assert items[0].case_id == first


def test_a_disabled_actor_is_nobody(network: Network, intake: Viewer) -> None:
    network.change("actor", TABLES["actor"].c.id == intake.actor_id, disabled=True)
    with pytest.raises(NotFoundError):
        network.ask_all(as_viewer, intake.actor_id)


def _one_step(limit: str | None) -> dict[str, Any]:
    time = {"time": {"limit": limit}} if limit else {}
    step = {"uses": "field.report", "assign": {"role": "intake_officer"}, **time}
    return {"workflow": "one-step", "version": 1, "title": "One step", "steps": {"intake": step}}
