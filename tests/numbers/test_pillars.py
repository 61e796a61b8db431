"""The twelve pillars: each step counted once where it is kept, in whole periods, as page, picture and table."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.charts import GREEN, Bar, bars, table_as_csv
from engine.numbers.records import Period, PeriodKind, PillarLine, PillarsView, latest_periods, period_at, period_of
from engine.numbers.views.figures import pillars
from tests.kit.portal import BEGIN, Portal, report_case
from tests.kit.world import START, World

MARCH = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
APRIL = (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("key", "words", "days"),
    [
        ("2026-03", "March 2026", 31), ("2026-Q1", "first quarter of 2026", 90),
        ("2026-Q4", "fourth quarter of 2026", 92), ("2026", "2026", 365),
    ],
)  # fmt: skip
def test_a_period_is_a_whole_month_quarter_or_year_of_the_viewers_zone(key: str, words: str, days: int) -> None:
    period = period_of(key)
    assert period is not None
    assert (period.key, period.words) == (key, words)
    first, end = period.bounds("Asia/Kolkata")
    assert end - first == timedelta(days=days)
    assert (first + timedelta(hours=5, minutes=30)).day == 1
    assert period.before().bounds("Asia/Kolkata")[1] == first


@pytest.mark.parametrize("key", ["", "2026-Q5", "2026-13", "26", "2026-03-01", "2026-Q1 "])
def test_nothing_else_is_a_period(key: str) -> None:
    assert period_of(key) is None


def test_the_running_period_is_offered_first() -> None:
    offered = latest_periods(date(2026, 1, 31))
    assert [period.key for period in offered[:2]] == ["2026-01", "2025-12"]
    assert period_at(PeriodKind.QUARTER, date(2026, 12, 31)) == Period(PeriodKind.QUARTER, 2026 * 12 + 9)
    assert [period.key for period in offered if period.kind is PeriodKind.YEAR] == ["2026", "2025", "2024"]


def test_steps_are_counted_by_pillar_and_period_where_they_are_kept(world: World) -> None:
    for _ in range(3):
        world.at_look()
    lines = _lines(world, MARCH)
    reporting = lines["reporting"]
    assert (reporting.opened, reporting.done) == (3, 3)
    assert (
        sum(line.open for line in lines.values())
        == world.rows("SELECT count(*) FROM step WHERE status IN ('scheduled', 'held', 'ready', 'approval')")[0][0]
    )
    assert not any(line.done or line.opened for line in _lines(world, APRIL).values())
    theirs = world.engine.ask(pillars, world.other("supervisor"), MARCH)
    assert theirs.lines == ()
    assert {unit.name for unit in theirs.units} != {unit.name for unit in _ask(world, MARCH).units}


def test_what_is_late_now_and_which_limits_were_kept_is_counted(world: World) -> None:
    world.at_talk()
    world.later(days=40)
    world.fire()
    during, after = _lines(world, (START, START + timedelta(days=60))), _lines(world, APRIL)
    breached = world.rows("SELECT count(*) FROM deadline WHERE breached_at IS NOT NULL AND purpose <> 'opening'")[0][0]
    met = world.rows("SELECT count(*) FROM deadline WHERE status = 'met' AND breached_at IS NULL")[0][0]
    late = world.rows("SELECT count(DISTINCT step_id) FROM deadline WHERE breached_at IS NOT NULL AND status = 'open'")
    assert breached
    assert met
    assert sum(line.late for line in during.values()) == breached
    assert sum(line.kept for line in during.values()) == met
    assert sum(line.overdue for line in after.values()) == late[0][0], "what is late now is late whatever the period"


def test_a_unit_of_others_and_an_administrator_are_refused(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.engine.ask(pillars, world.who("supervisor"), MARCH, unit_id=world.other_unit)
    with pytest.raises(NotAllowedError):
        world.engine.ask(pillars, world.who("system_administrator"), MARCH)


def test_the_page_shows_all_twelve_with_a_picture_and_the_table_says_the_same(portal: Portal) -> None:
    report_case(portal.as_role("intake_officer"))
    manager = portal.as_role("case_manager")
    assert 'href="/numbers/pillars"' in manager.get("/cases").text
    page = manager.get("/numbers/pillars")
    assert page.status_code == 200
    assert "March 2026" in page.text
    assert page.text.count("<svg") == 2
    rows = list(csv.reader(io.StringIO(manager.get("/numbers/pillars.csv", params={"period": "2026-03"}).text)))
    assert len(rows) == 1 + 12
    reporting = next(row for row in rows if row[1] == "Reporting")
    assert int(reporting[2]) > 0
    assert f'<th scope="row">Reporting</th><td data-label="Opened">{reporting[2]}</td>' in page.text
    unit = manager.get("/numbers/pillars", params={"unit": str(portal.unit), "period": "2025"})
    assert '<td data-label="Opened">0</td>' in unit.text
    assert manager.get("/numbers/pillars", params={"unit": str(portal.people["lawyer"].actor_id)}).status_code == 404
    assert portal.as_role("system_administrator").get("/numbers/pillars").status_code == 403
    assert BEGIN.year == 2026


def test_a_bar_is_as_long_as_its_number_and_says_it() -> None:
    drawn = bars(
        "Steps <x>", [("A & B", [Bar(10, GREEN, "done"), Bar(5, GREEN, "open")]), ("C", [Bar(None, GREEN, "x")])]
    )
    assert 'width="54.0%"' in drawn
    assert 'width="27.0%"' in drawn
    assert "A &amp; B" in drawn
    assert "Steps &lt;x&gt;" in drawn
    assert "withheld" in drawn
    assert bars("Nothing", []) == ""


def test_no_cell_of_a_table_is_a_formula_and_what_is_withheld_is_empty() -> None:
    assert table_as_csv(("a", "b"), [("=1+1", None), ("x", 3)]) == "a,b\r\n'=1+1,\r\nx,3\r\n"


def _ask(world: World, span: tuple[datetime, datetime]) -> PillarsView:
    return world.engine.ask(pillars, world.who("supervisor"), span)


def _lines(world: World, span: tuple[datetime, datetime]) -> dict[str, PillarLine]:
    return {line.key: line for line in _ask(world, span).lines}
