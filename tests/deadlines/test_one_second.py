"""One second before, at, and one second after the due time: every place that says whether something is late agrees."""

import json
from datetime import timedelta
from typing import Any

import pytest

from engine.cases.views.lists import cases
from engine.core.deadlines.lateness import is_overdue
from engine.messages.views import notices
from engine.overview.views.board import admin_board
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.web.terminal import show
from engine.work.views.worklist import work_item, worklist
from tests.kit.world import World

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("after_due", "late"), [(-SECOND, False), (timedelta(0), True), (SECOND, True)])
def test_list_count_case_page_message_ledger_and_export_agree(
    world: World, capsys: pytest.CaptureFixture[str], after_due: timedelta, *, late: bool
) -> None:
    case_id = world.at_look().case_id
    deadline = world.deadline(case_id, "look")
    item = world.item(case_id, "look")
    world.clock.move_to(deadline.due_at + after_due)
    world.fire()
    engine, viewer = world.engine, world.who("case_manager")
    page = engine.ask(case_page, viewer, case_id)
    [line] = engine.ask(cases, viewer)
    mine = next(one for one in engine.ask(worklist, viewer) if one.id == item.id)
    shown = next(one for one in page.deadlines if one.step_key == "look")
    told = [notice.kind for notice in engine.ask(notices, viewer)]
    admin = engine.ask_board(admin_board, world.who("system_administrator"))
    exported, listed = (_printed(capsys, value) for value in (page, [line]))
    assert {
        "the domain": is_overdue(deadline.due_at, world.clock.now()),
        "worklist": mine.is_overdue,
        "work item": engine.ask(work_item, viewer, item.id).is_overdue,
        "case list": line.is_overdue,
        "count on the board": len(admin.overdue) == 1,
        "case page": shown.state == "overdue",
        "breach on the case page": shown.breached_at == deadline.due_at,
        "message": bool({"overdue", "escalated"} & set(told)),
        "history": "DeadlineBreached" in {event.type for event in engine.ask(case_history, viewer, case_id)},
        "case as JSON": next(d for d in exported["deadlines"] if d["step_key"] == "look")["state"] == "overdue",
        "list as JSON": listed[0]["is_overdue"],
    } == dict.fromkeys(
        (
            "the domain", "worklist", "work item", "case list", "count on the board", "case page",
            "breach on the case page", "message", "history", "case as JSON", "list as JSON",
        ),
        late,
    )  # fmt: skip


def _printed(capsys: pytest.CaptureFixture[str], value: object) -> Any:
    capsys.readouterr()
    show(value, as_json=True, words=str)
    return json.loads(capsys.readouterr().out)
