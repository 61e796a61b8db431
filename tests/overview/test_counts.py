"""Figures give no small one away, agree on every page, and the lanes of a case have an order."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.deadlines.records.limits import DeadlineView
from engine.errors import TooFineError
from engine.overview.pages.plan import what_waits
from engine.overview.records.cases import StepView
from engine.overview.records.suppression import TOTAL, Audience, Cell, lines, shown
from engine.overview.views import board
from engine.people.actions.service_accounts import add_key
from engine.people.viewer import units
from engine.web.terminal import SYSTEM
from engine.work.views import worklist
from tests.kit.portal import Portal, report_case

SIZES = st.one_of(st.integers(0, 12), st.integers(0, 200))


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, dict[Cell, int]]:
    dimensions = draw(st.integers(1, 3))
    widths = [draw(st.integers(1, 4 if dimensions < 3 else 3)) for _ in range(dimensions)]
    cells: list[Cell] = [()]
    for width in widths:
        cells = [(*cell, str(index)) for cell in cells for index in range(width)]
    return dimensions, {cell: draw(SIZES) for cell in cells}


def rank(rows: list[list[Fraction]]) -> int:
    """Count independent rows, by plain elimination: another way than the one that is tested."""
    rows, found = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((index for index in range(found, len(rows)) if rows[index][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for index in range(found + 1, len(rows)):
            factor = rows[index][column] / rows[found][column]
            rows[index] = [a - factor * b for a, b in zip(rows[index], rows[found], strict=True)]
        found += 1
    return found


def recomputable(dimensions: int, result: Mapping[Cell, int | None]) -> list[Cell]:
    """List the withheld cells that somebody with exact totals could work out from the lines."""
    hidden = sorted(cell for cell, count in result.items() if count is None)
    rows = []
    for total, *parts in lines(dimensions, result):
        row = [Fraction(0)] * len(hidden)
        for cell, sign in [(total, -1), *((part, 1) for part in parts)]:
            if result[cell] is None:
                row[hidden.index(cell)] = Fraction(sign)
        if any(row):
            rows.append(row)
    whole, found = rank(rows), []
    for index, cell in enumerate(hidden):
        alone = [Fraction(int(place == index)) for place in range(len(hidden))]
        if rows and rank([*rows, alone]) == whole:
            found.append(cell)
    return found


@settings(max_examples=50)
@given(tables(), st.sampled_from(Audience))
def test_no_withheld_count_can_be_worked_out_from_the_totals(
    table: tuple[int, dict[Cell, int]], audience: Audience
) -> None:
    dimensions, counts = table
    result = shown(dimensions, counts, audience=audience)
    assert not recomputable(dimensions, result)


@settings(max_examples=150)
@given(tables(), st.sampled_from(Audience))
def test_no_count_below_the_least_number_is_shown_and_all_others_are_in_fives(
    table: tuple[int, dict[Cell, int]], audience: Audience
) -> None:
    dimensions, counts = table
    result = shown(dimensions, counts, audience=audience)
    assert all(result[cell] is None for cell, count in counts.items() if count < audience)
    assert all(count % 5 == 0 and count >= audience - 2 for count in result.values() if count is not None)


@settings(max_examples=100)
@given(tables(), st.sampled_from(Audience))
def test_what_is_withheld_beside_a_total_that_is_shown_is_never_few_in_all(
    table: tuple[int, dict[Cell, int]], audience: Audience
) -> None:
    dimensions, counts = table
    result = shown(dimensions, counts, audience=audience)
    exact = {cell: sum(n for one, n in counts.items() if _is_in(one, cell)) for cell in result}
    for total, *parts in lines(dimensions, result):
        hidden = [part for part in parts if result[part] is None]
        if hidden and result[total] is not None:
            assert sum(exact[part] for part in hidden) >= audience


def test_one_small_count_takes_a_large_one_with_it() -> None:
    counts: dict[Cell, int] = {("a",): 3, ("b",): 40, ("c",): 90}
    result = shown(1, counts, audience=Audience.OUTSIDE)
    assert result == {("a",): None, ("b",): None, ("c",): 90, (TOTAL,): 135}


def test_the_same_number_is_shown_inside_and_withheld_outside() -> None:
    counts: dict[Cell, int] = {("a",): 8, ("b",): 40, ("c",): 90}
    assert shown(1, counts, audience=Audience.INSIDE)[("a",)] == 10
    assert shown(1, counts, audience=Audience.OUTSIDE)[("a",)] is None


def test_nothing_is_shown_of_too_few_in_all() -> None:
    counts: dict[Cell, int] = {("a",): 4, ("b",): 6}
    assert set(shown(1, counts, audience=Audience.OUTSIDE).values()) == {None}
    assert shown(1, {}, audience=Audience.OUTSIDE) == {(TOTAL,): None}


@pytest.mark.parametrize("dimensions", [0, 4])
def test_at_most_three_things_are_crossed(dimensions: int) -> None:
    with pytest.raises(TooFineError):
        shown(dimensions, {}, audience=Audience.INSIDE)


def test_a_table_that_nobody_could_read_is_refused() -> None:
    counts: dict[Cell, int] = {(str(a), str(b)): 50 for a in range(60) for b in range(60)}
    with pytest.raises(TooFineError, match="cells"):
        shown(2, counts, audience=Audience.INSIDE)


def _is_in(cell: Cell, wider: Cell) -> bool:
    return all(whole in (TOTAL, part) for part, whole in zip(cell, wider, strict=True))


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
