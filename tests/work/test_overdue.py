"""One meaning of overdue, to the second, in every place that shows it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from engine.cases.views.lists import cases
from engine.core import commands as cm
from engine.language.law import LawPack
from engine.overview.views.board import admin_board
from engine.overview.views.case import case_page
from engine.work.views.form import item_form
from engine.work.views.worklist import work_counts, work_item, worklist
from tests.kit.network import LAW, Network

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("after_due", "overdue"), [(-SECOND, False), (timedelta(0), True), (SECOND, True)])
def test_list_count_page_form_and_board_agree_around_the_due_instant(
    network: Network, after_due: timedelta, *, overdue: bool
) -> None:
    unit = network.unit("Shillong")
    viewer = network.actor("Bo", unit, "supervisor", "intake_officer")
    case_id = network.open_case(unit)
    item_id = network.item(case_id, "intake")
    due = network.ask(work_item, viewer, item_id).due_at
    assert due is not None
    network.clock.at = due + after_due
    page = network.ask(case_page, viewer, case_id)
    deadline = network.ask(item_form, viewer, item_id).deadline
    assert [
        network.ask(worklist, viewer)[0].is_overdue,
        network.ask(work_item, viewer, item_id).is_overdue,
        network.ask(cases, viewer)[0].is_overdue,
        network.ask(cases, viewer, number="C-")[0].is_overdue,
        page.deadlines[0].state == "overdue",
        deadline.state == "overdue",
        len(network.ask_board(admin_board, viewer).overdue) == 1,
        network.ask_board(admin_board, viewer).overdue_count == 1,
        network.ask(work_counts, viewer, zone="UTC").overdue == 1,
    ] == [overdue] * 9


def test_the_same_instant_is_the_one_at_which_the_breach_is_written(network: Network) -> None:
    unit = network.unit("Shillong")
    viewer = network.actor("Bo", unit, "supervisor", "intake_officer")
    case_id = network.open_case(unit)
    deadline = network.ask(case_page, viewer, case_id).deadlines[0]
    for now, breached in ((deadline.due_at - SECOND, False), (deadline.due_at, True)):
        network.clock.at = now
        network.do(case_id, cm.FireDeadline(deadline.id))
        shown = next(d for d in network.ask(case_page, viewer, case_id).deadlines if d.id == deadline.id)
        assert (shown.breached_at is not None) is breached
        assert (shown.state == "overdue") is breached


def test_a_timer_that_only_opens_a_step_makes_nobody_late(network: Network) -> None:
    unit = network.unit("Shillong")
    viewer = network.actor("Bo", unit, "supervisor", "intake_officer")
    repeated = network.publish(
        {
            "workflow": "rounds", "version": 1, "title": "Rounds",
            "steps": {"look": {"uses": "field.report", "repeat": {"every": "P7D", "times": 3}}},
        },
    )  # fmt: skip
    case_id = network.open_case(unit, compiled=repeated)
    network.answer(case_id, "look", {"words": "x", "concern": "labour", "is_child": True}, by=viewer, path="r:1")
    network.later(days=30)
    page = network.ask(case_page, viewer, case_id)
    assert [step.status for step in page.steps] == ["ended", "scheduled"]
    assert page.deadlines == ()
    line = network.ask(cases, viewer)[0]
    assert (line.next_due_at, line.is_overdue) == (None, False)
    assert network.ask_board(admin_board, viewer).stuck == ()


def test_an_ended_deadline_is_late_or_met_for_ever(network: Network) -> None:
    unit = network.unit("Shillong")
    viewer = network.actor("Bo", unit, "supervisor", "intake_officer")
    states = []
    for minutes in (59, 61):
        case_id = network.open_case(unit)
        network.later(minutes=minutes)
        network.answer(case_id, "intake", {"words": str(uuid4()), "concern": "labour", "is_child": True}, by=viewer)
        network.later(days=300)
        states.append(network.ask(case_page, viewer, case_id).deadlines[0].state)
    assert states == ["met", "late"]


@pytest.mark.parametrize(
    ("hours", "seconds", "overdue"), [(48, 0, False), (60, 30 * 60 - 1, False), (60, 30 * 60, True)]
)
def test_a_limit_of_the_law_in_days_is_overdue_everywhere_only_after_its_last_day(
    network: Network, hours: int, seconds: int, *, overdue: bool
) -> None:
    """It starts at 11:30 in Kolkata, is due at 11:30 on the second day, and kept until the midnight after it."""
    in_days = {**LAW["limits"][0], "id": "IN-REPORT-2D", "limit": "P2D"}  # type: ignore[index]
    packs = {"in": LawPack.model_validate({**LAW, "limits": [in_days]})}
    network.library = replace(network.library, packs=packs)
    step = {"uses": "field.report", "time": {"from": "start", "law": "IN-REPORT-2D"}}
    compiled = network.publish({"workflow": "days", "version": 1, "title": "Days", "steps": {"intake": step}})
    unit = network.unit("Shillong")
    viewer = network.actor("Bo", unit, "supervisor", "intake_officer")
    case_id = network.open_case(unit, compiled=compiled)
    item_id = network.item(case_id, "intake")
    network.later(hours=hours)
    network.clock.at += timedelta(seconds=seconds)
    network.do(case_id, cm.FireDeadline(network.ask(case_page, viewer, case_id).deadlines[0].id))
    page = network.ask(case_page, viewer, case_id)
    item, line = network.ask(work_item, viewer, item_id), network.ask(cases, viewer)[0]
    midnight = datetime(2026, 3, 12, 18, 30, tzinfo=UTC)
    assert item.late_at == line.next_late_at == page.deadlines[0].late_at == midnight
    counts = network.ask(work_counts, viewer, zone="Asia/Kolkata")
    assert [
        network.ask(worklist, viewer)[0].is_overdue,
        item.is_overdue,
        line.is_overdue,
        page.deadlines[0].state == "overdue",
        page.deadlines[0].breached_at == page.deadlines[0].due_at,
        len(network.ask_board(admin_board, viewer).overdue) == 1,
        network.ask_board(admin_board, viewer).overdue_count == 1,
        counts.overdue == 1,
        counts.due_today == 0,
    ] == [overdue] * 9
