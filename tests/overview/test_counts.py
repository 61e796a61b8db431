"""Figures agree on every page, and the lanes of a case have an order."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from engine.deadlines.records import DeadlineView
from engine.overview.pages.plan import what_waits
from engine.overview.records import StepView
from engine.overview.views import board
from engine.people.actions.program_keys import add_key
from engine.people.viewer import units
from engine.web.terminal import SYSTEM
from engine.work.views import worklist
from tests.kit.portal import Portal, report_case

CASES = 3


@pytest.fixture(scope="module", autouse=True)
def late(portal: Portal) -> None:
    """Let work of a few cases be late."""
    for _ in range(CASES):
        report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=2))


def test_the_board_says_how_prefects_own_pages_are_signed_in_to(portal: Portal) -> None:
    page = portal.as_role("system_administrator").get("/board").text
    assert page.index("Prefect's own pages</a>") < page.index("<code>prefect/secrets.json</code>")


def test_the_board_and_a_monitor_count_what_is_late_beyond_what_is_listed(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    made = add_key(portal.engine, viewer=SYSTEM, account="Monitor", unit=unit, name="b", scopes=("board",), days=3)
    headers = {"authorization": f"Bearer {made.key}"}
    before = portal.anybody().get("/api/board", headers=headers).json()["overdue"]
    assert before >= CASES
    monkeypatch.setattr(board, "_LINES", 1)
    assert portal.anybody().get("/api/board", headers=headers).json()["overdue"] == before
    page = portal.as_role("supervisor").get("/board").text
    assert re.search(rf'icmc-figure--late">{before}</span> <a class="govuk-link" href="#late">overdue', page)
    assert f'The first 1 of {before} items. <a class="govuk-link" href="/board/overdue">See all {before} items' in page


def test_the_home_page_counts_work_without_listing_it(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "worklist", lambda *_, **__: ())
    page = portal.as_role("intake_officer").get("/").text
    assert f"{CASES} with you, 0 to take, {CASES} overdue" in page


NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)


def _step(key: str, due_in: int | None = None, *, status: str = "ready", timed: bool = True) -> StepView:
    due_at = None if due_in is None else NOW + timedelta(hours=due_in)
    deadline = DeadlineView.model_construct(due_at=due_at) if timed else None
    return StepView.model_construct(key=key, status=status, item_id=uuid4(), deadline=deadline)


def test_what_is_late_or_due_first_stands_on_top_and_what_has_no_due_time_last() -> None:
    steps = (
        _step("no limit", timed=False), _step("in days", 80), _step("not counted yet"), _step("late", -4),
        _step("to approve", 2, status="approval"), _step("over", -9, status="ended"),
    )  # fmt: skip
    assert [step.key for step in what_waits(steps)] == ["late", "to approve", "in days", "no limit", "not counted yet"]
