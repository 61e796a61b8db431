"""Old cases come from a spreadsheet all together or not at all, and what does not fit is named by row and column."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from engine.builtin import REPORT
from engine.cases.answers import check_answers
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.imports.actions import check_table, import_cases
from engine.imports.records import MOST_ROWS, TableError, columns_of, read_table
from engine.persons.store import PersonStore
from engine.plugin.fields import field
from engine.plugin.kinds import Count, Day, Instant, Money
from engine.work.store import ItemStore
from pillars.reporting.forms import IntakeForm
from tests.kit.portal import Portal, hidden
from tests.kit.shipped import registry
from tests.kit.world import World

HEADER = (
    "old_number", "first_reported_on", "narrative", "concern", "is_child_suspected", "immediate_danger",
    "safe_to_call", "consent_to_record", "person_name", "person_age",
)  # fmt: skip
ROW = ("17/2024", "2024-05-31", "Seen at the mill.", "forced_labour", "yes", "no", "not known", "yes", "Zulekha", "15")
NOW = datetime(2026, 3, 7, tzinfo=UTC)


def table(*rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> str:
    made = io.StringIO()
    csv.writer(made).writerows([header, *rows])
    return made.getvalue()


def changed(place: int, **cells: str) -> tuple[str, ...]:
    return tuple(
        cells.get(name, f"{place}/2024" if name == "old_number" else cell)
        for name, cell in zip(HEADER, ROW, strict=True)
    )


def test_two_hundred_faulty_rows_of_two_thousand_are_each_named_and_nothing_is_done(world: World) -> None:
    faults = [
        ("concern", "unheard_of"), ("person_age", "fifteen"), ("first_reported_on", "31.5.2024"), ("narrative", ""),
        ("is_child_suspected", "maybe so"),
    ]  # fmt: skip
    wrong = {place: faults[place // 10 % len(faults)] for place in range(2, 2_002) if place % 10 == 0}
    assert len(wrong) == 200
    rows = [changed(place, **dict([wrong[place]] if place in wrong else [])) for place in range(2, 2_002)]
    with pytest.raises(TableError) as caught:
        import_cases(
            world.engine, table(*rows), viewer=world.who("case_manager"), unit_id=world.unit, command_id=uuid4()
        )
    named = {(problem.row, problem.column) for problem in caught.value.problems}
    assert named == {(place, column) for place, (column, _) in wrong.items()}
    assert world.rows('SELECT count(*) FROM "case"')[0][0] == 0
    assert world.rows("SELECT count(*) FROM command")[0][0] == 0


def test_all_are_taken_over_once_and_nothing_that_passed_is_breached(world: World) -> None:
    rows = table(*(changed(place) for place in range(2, 42)))
    given = {"viewer": world.who("case_manager"), "unit_id": world.unit}
    assert check_table(world.engine, rows, **given) == 40
    assert world.rows('SELECT count(*) FROM "case"')[0][0] == 0
    command = uuid4()
    numbers = import_cases(world.engine, rows, command_id=command, **given)
    assert len(set(numbers)) == 40
    assert import_cases(world.engine, rows, command_id=command, **given) == numbers, "the same command is done once"
    assert world.rows('SELECT count(*) FROM "case"')[0][0] == 40
    world.fire()
    assert world.rows("SELECT count(*) FROM deadline WHERE breached_at IS NOT NULL")[0][0] == 0
    assert world.rows('SELECT DISTINCT opened_at FROM "case"')[0][0] == datetime(2024, 5, 30, 18, 30, tzinfo=UTC)
    assert world.rows("SELECT min(started_at) FROM deadline")[0][0] == world.engine.clock.now()
    row = world.rows('SELECT c.id, p.person_id FROM "case" c JOIN case_person p ON p.case_id = c.id LIMIT 1')[0]
    with world.engine.transaction() as tx:
        assert tx.of(PersonStore).identity(row.person_id)["name"] == "Zulekha"
        item = tx.of(ItemStore).open_of_case(row.id)[0]
    assert "17/2024" not in world.dump(), "not even the earlier number is readable"
    assert item.uses == REPORT


def test_only_those_who_lead_take_cases_over_and_only_into_their_unit(world: World) -> None:
    for viewer, unit in ((world.who("caseworker"), world.unit), (world.who("case_manager"), world.other_unit)):
        with pytest.raises(NotAllowedError):
            import_cases(world.engine, table(ROW), viewer=viewer, unit_id=unit, command_id=uuid4())


@pytest.mark.parametrize(
    ("text", "row", "column", "words"),
    [
        ("", 1, "", "There is no row with a case."),
        (table(ROW[:2], header=("narrative", "colour")), 1, "colour", "There is no such column"),
        (table(ROW[:2], header=("narrative", "narrative")), 1, "narrative", "there twice"),
        (table(ROW[:2], header=("narrative", "")), 1, "column 2", "has no name"),
        (table((*ROW, "more")), 2, "", "more cells"),
        (table(changed(2), changed(3, old_number="2/2024")), 3, "old_number", "stands in row 2"),
        (table(changed(2, first_reported_on="2027-01-01")), 2, "first_reported_on", "not come yet"),
        (table(changed(2, person_age="130")), 2, "person_age", "at most 120"),
        (table(*[changed(place) for place in range(MOST_ROWS + 1)]), 1, "", f"at most {MOST_ROWS}"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(text: str, row: int, column: str, words: str) -> None:
    found = read_table(text, registry().get(REPORT), now=NOW, zone="Asia/Kolkata").problems
    assert [(one.row, one.column) for one in found] == [(row, column)]
    assert words in found[0].words


def test_labels_semicolons_tabs_and_a_mark_of_the_spreadsheet_are_read() -> None:
    kind = registry().get(REPORT)
    label = next(spec for spec in kind.fields if spec.name == "concern").choices["forced_labour"]
    rows = table(changed(2, concern=label, safe_to_call="NOT KNOWN")).replace(",", "\t")
    (case,) = read_table(f"\ufeff{rows}", kind, now=NOW, zone="Asia/Kolkata").cases
    assert (case.answers["concern"], case.answers["safe_to_call"]) == ("forced_labour", "not_known")
    needed = {name for name, _, is_needed in columns_of(kind) if is_needed}
    assert needed <= set(HEADER) | {"safe_to_leave_message"}
    assert "received_at" not in {name for name, _, _ in columns_of(kind)}


class Asked(IntakeForm):
    """Ask what the report of a programme of one's own may ask."""

    found: Count = field(label="How many were there?")
    owed: Money = field(label="How much is owed?")
    since: Day = field(label="Since when?")
    seen_at: Instant = field(label="When were they seen last?")
    beds: Count = field(label="How many beds are there?", must_be_known=True)
    fee: Money = field(label="What was the fee?", must_be_known=True)
    until: Day = field(label="Until when?", must_be_known=True)
    next_at: Instant = field(label="When next?", must_be_known=True)
    left: Count | None = field(label="How many have left?", default=None)
    ended: Day | None = field(label="When did it end?", default=None)


@pytest.mark.parametrize("words", ["not known", "Not known", "NOT_KNOWN", " unknown "])
def test_not_known_is_taken_where_the_form_takes_it_and_is_elsewhere_named_by_row_and_column(
    world: World, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    kind = replace(world.engine.registry.get(REPORT), form=Asked)
    monkeypatch.setitem(world.engine.registry.step_types, REPORT, kind)
    names = tuple(Asked.__annotations__)
    header, given = (*HEADER, *names), {"viewer": world.who("case_manager"), "unit_id": world.unit}
    with pytest.raises(TableError) as caught:
        check_table(world.engine, table(changed(2), (*changed(3), *(words for _ in names)), header=header), **given)
    refused = {problem.column: problem.words for problem in caught.value.problems if problem.row == 3}
    assert list(refused) == sorted(names[4:])
    assert len(caught.value.problems) == len(refused)
    with pytest.raises(InvalidAnswersError) as by_form:
        check_answers(kind, dict.fromkeys(names, "not_known"), partly=True)
    assert set(by_form.value.problems) & set(names) == set(refused)
    said = ("Write a whole number, such as 3.", "Give a date, such as 2026-03-07.")
    assert (refused["beds"], refused["until"]) == said
    fits = table((*changed(2), *(words for _ in names[:4])), header=header)
    assert len(import_cases(world.engine, fits, command_id=uuid4(), **given)) == 1
    ((row, kept),) = world.rows("SELECT id, encrypted_answers FROM report")
    answers = world.engine.vault.decrypt(bytes(kept), table="report", row=row, column="encrypted_answers")
    assert [answers.get(name) for name in names] == [*(["not_known"] * 4), *([None] * 6)]


def test_the_page_checks_first_and_takes_over_then(portal: Portal) -> None:
    manager = portal.as_role("case_manager")
    page = manager.get("/import").text
    assert "first_reported_on" in page
    given = {"unit": str(portal.unit), "command_id": hidden(page, "command_id")}
    wrong = manager.post("/import", data={**given, "table": table(changed(2, concern="x")), "act": "import"})
    assert wrong.status_code == 422
    assert '<td data-label="Row">2</td><td data-label="Column">concern</td>' in wrong.text
    fits = manager.post("/import", data={**given, "table": table(ROW), "act": "check"})
    assert "All 1 row fits" in fits.text
    done = manager.post("/import", data={**given, "table": table(ROW), "act": "import"})
    assert "1 case was taken over: C-" in done.text
    assert manager.post("/import", data={"table": table(ROW)}).status_code == 422
    assert portal.as_role("caseworker").get("/import").status_code == 403
