"""The figures of the board, of the home page and of what other programs are told, however few lines are listed."""

import re
from datetime import timedelta

import pytest

from engine.overview.views import board
from engine.people.actions.service_accounts import add_key
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
    assert f"The first 1 of {before} items:" in page


def test_the_home_page_counts_work_without_listing_it(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worklist, "worklist", lambda *_, **__: ())
    page = portal.as_role("intake_officer").get("/").text
    assert f"{CASES} with you, 0 to take, {CASES} overdue" in page
