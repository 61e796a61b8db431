"""Days are added to calendars by hand: open deadlines are counted again, once, and everybody sees who said so."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.app import build_engine
from engine.core.time.explain import explain
from engine.deadlines.actions.limits import recount_deadlines
from engine.definitions.actions.days import NewDay, add_special_day, days_of_year, remove_special_day
from engine.definitions.actions.preview import preview_day, preview_files, preview_removal
from engine.definitions.records import PreviewView, SpecialDayError
from engine.errors import NotAllowedError, NotFoundError
from engine.language.limits import TimeLimit
from engine.settings import Settings
from tests.kit.fixtures import Filled
from tests.kit.trial import CALENDAR, LADDER, VISIT
from tests.kit.world import World

pytestmark = pytest.mark.long

MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
STRIKE = NewDay("IN", MONDAY, "General strike", "Order 12 of the District Magistrate")
IN_DAYS = VISIT.replace("limit: PT1H}", "limit: P2WD}", 1)
"""The intake is due two working days after Saturday 7 March 2026, 11:30: Tuesday the 10th, or later by a strike."""
PLAIN, LATER = datetime(2026, 3, 10, 6, tzinfo=UTC), datetime(2026, 3, 11, 6, tzinfo=UTC)


@pytest.fixture
def counted(world: World) -> World:
    """Return a world whose visits count in working days."""
    world.publish(IN_DAYS)
    return world


def due(world: World, case_id: object) -> datetime:
    return world.deadline(case_id, "intake").due_at  # type: ignore[arg-type]


def moved_events(world: World) -> list[tuple[str, str]]:
    query = "SELECT body->>'before', body->'deadline'->>'due_at' FROM event WHERE type = 'DeadlineMoved' ORDER BY seq"
    return [tuple(row) for row in world.rows(query)]


def test_an_added_holiday_moves_what_is_open_once_and_keeps_before_and_after(counted: World) -> None:
    opened = counted.open()
    assert due(counted, opened.case_id) == PLAIN
    add_special_day(counted.engine, STRIKE, viewer=counted.who("system_administrator"))
    first, second = recount_deadlines(counted.engine), recount_deadlines(counted.engine)
    assert (first.cases, first.moved, first.is_done) == (1, 1, True)
    assert (second.cases, second.moved) == (0, 0)
    assert due(counted, opened.case_id) == LATER
    assert [(b[:10], a[:10]) for b, a in moved_events(counted)] == [("2026-03-10", "2026-03-11")]
    row = counted.rows("SELECT kind, name, cases, moved, done_at IS NOT NULL FROM recount")
    assert [tuple(one) for one in row] == [("calendar", "IN", 1, 1, True)]
    assert list(counted.engine.broken_chains()) == []


def test_what_opens_after_a_day_was_added_counts_with_it_in_every_process_at_once(
    counted: World, filled: Filled
) -> None:
    other = build_engine(
        Settings(data_folder=filled.folder),
        counted.urls, clock=counted.clock, channels={}, registry=counted.engine.registry,
    )  # fmt: skip
    try:
        assert other.library().calendars["IN"].is_working_day(MONDAY)
        add_special_day(counted.engine, STRIKE, viewer=counted.who("system_administrator"))
        with other.transaction() as tx:
            assert not tx.library().calendars["IN"].is_working_day(MONDAY)
    finally:
        other.dispose()
    assert due(counted, counted.open().case_id) == LATER


def test_taking_a_day_back_moves_the_deadlines_back(counted: World) -> None:
    admin = counted.who("system_administrator")
    opened = counted.open()
    add_special_day(counted.engine, STRIKE, viewer=admin)
    recount_deadlines(counted.engine)
    remove_special_day(counted.engine, calendar="IN", day=MONDAY, viewer=admin)
    assert recount_deadlines(counted.engine).moved == 1
    assert due(counted, opened.case_id) == PLAIN
    (kept,) = counted.rows("SELECT id, encrypted_words, added_by, removed_by FROM special_day")
    assert (kept.added_by, kept.removed_by) == (admin.actor_id, admin.actor_id)
    words = counted.engine.vault.decrypt(
        bytes(kept.encrypted_words), table="special_day", row=kept.id, column="encrypted_words"
    )
    assert words == {"name": "General strike", "reason": "Order 12 of the District Magistrate"}
    assert "Order 12" not in counted.dump()
    add_special_day(counted.engine, STRIKE, viewer=admin)


def test_an_explanation_names_the_day_and_who_says_so(counted: World) -> None:
    admin = counted.who("system_administrator")
    add_special_day(counted.engine, STRIKE, viewer=admin)
    calendar = counted.engine.library().calendars["IN"]
    told = explain(counted.clock.now(), TimeLimit("P2WD"), zone="Asia/Kolkata", calendar=calendar)
    words = f"General strike (Order 12 of the District Magistrate, added by {admin.name})."
    assert f"Monday 9 March 2026 does not count: {words}" in [reason.text for reason in told]
    listed = [day for day in days_of_year(counted.engine, "IN", 2026) if day.is_added]
    assert [(day.day, day.kind, day.name) for day in listed] == [(MONDAY, "holiday", "General strike")]


def test_what_is_added_by_hand_wins_over_the_file_and_the_file_over_the_computed_days(world: World) -> None:
    admin = world.who("system_administrator")
    gandhi, republic = date(2026, 10, 2), date(2026, 8, 15)
    file = f"""{CALENDAR}version: 2
holidays_from: IN
not_holidays: [{{day: {republic}, name: "Not here", source: the file}}]
extra_working_days: [{{day: 2026-03-15, name: "Sunday shift", source: the file}}]
holidays: [{{day: 2026-03-16, name: "Local feast", source: the file}}]
"""
    world.publish(file, by="system_administrator")
    calendar = world.engine.library().calendars["IN"]
    assert calendar.why_closed(gandhi) is not None
    assert calendar.is_working_day(republic)
    add_special_day(world.engine, NewDay("IN", gandhi, "Count", "Order 1", is_working=True), viewer=admin)
    add_special_day(world.engine, NewDay("IN", republic, "After all", "Order 2"), viewer=admin)
    add_special_day(world.engine, NewDay("IN", date(2026, 3, 15), "No shift", "Order 3"), viewer=admin)
    add_special_day(world.engine, NewDay("IN", date(2026, 3, 16), "Open", "Order 4", is_working=True), viewer=admin)
    calendar = world.engine.library().calendars["IN"]
    assert (calendar.why_open(gandhi), calendar.why_closed(republic)) == ("Count", "After all")
    assert calendar.why_closed(date(2026, 3, 15)) == "No shift"
    assert calendar.why_open(date(2026, 3, 16)) == "Open"


@pytest.mark.parametrize(("new", "problem"), [
    (replace(STRIKE, day=date(2026, 3, 6)), "it is over"),
    (replace(STRIKE, day=date(2026, 3, 8)), "it is already not a working day (Sunday)"),
    (replace(STRIKE, is_working=True), "it is already a working day"),
    (replace(STRIKE, name=" "), "it needs a name and a source"),
    (replace(STRIKE, reason=""), "it needs a name and a source"),
    (replace(STRIKE, name="x" * 201), "at most 200 characters"),
])  # fmt: skip
def test_a_day_that_makes_no_sense_is_refused_in_words(world: World, new: NewDay, problem: str) -> None:
    for refuse in (add_special_day, preview_day):
        with pytest.raises(SpecialDayError, match="2026-03-") as refused:
            refuse(world.engine, new, viewer=world.who("system_administrator"))
        assert problem in str(refused.value)
    assert world.rows("SELECT id FROM special_day") == []


def test_a_day_is_added_once_by_who_may_and_to_a_calendar_that_is_there(world: World) -> None:
    admin = world.who("system_administrator")
    world.refuses(NotAllowedError, add_special_day, STRIKE, by="case_manager")
    world.refuses(NotFoundError, add_special_day, replace(STRIKE, calendar="XX"), by=admin)
    with pytest.raises(SpecialDayError, match="no one added it"):
        remove_special_day(world.engine, calendar="IN", day=MONDAY, viewer=admin)
    together, refused = threading.Barrier(2), []

    def add() -> None:
        together.wait()
        try:
            add_special_day(world.engine, STRIKE, viewer=admin)
        except SpecialDayError as error:
            refused.append(error)

    both = [threading.Thread(target=add) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(refused) == 1
    assert len(world.rows("SELECT id FROM special_day")) == 1


def test_a_recount_goes_on_where_it_stopped_and_no_case_holds_up_the_others(counted: World) -> None:
    cases = sorted(counted.open().case_id for _ in range(4))
    add_special_day(counted.engine, STRIKE, viewer=counted.who("system_administrator"))
    counted.rows("UPDATE deadline SET \"limit\" = 'P2WD', warn = '{nonsense}' WHERE case_id = :id", id=cases[0])
    counted.rows("UPDATE step SET encrypted_outputs = '\\x00' WHERE case_id = :id", id=cases[1])
    first = recount_deadlines(counted.engine, limit=3)
    assert (first.cases, first.is_done) == (3, False)
    assert due(counted, cases[2]) == LATER
    assert due(counted, cases[3]) == PLAIN
    second = recount_deadlines(counted.engine, limit=3)
    assert (second.cases, second.moved, second.is_done) == (1, 1, True)
    assert due(counted, cases[3]) == LATER


def test_two_who_recount_at_once_move_each_deadline_once(counted: World) -> None:
    for _ in range(3):
        counted.open()
    add_special_day(counted.engine, STRIKE, viewer=counted.who("system_administrator"))
    together = threading.Barrier(2)

    def count() -> None:
        together.wait()
        recount_deadlines(counted.engine)

    both = [threading.Thread(target=count) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(moved_events(counted)) == 3
    assert [tuple(row) for row in counted.rows("SELECT cases, moved FROM recount")] == [(3, 3)]


def test_a_preview_lists_what_would_move_and_changes_nothing(counted: World) -> None:
    opened = counted.open()
    before = counted.dump()
    told = preview_day(counted.engine, STRIKE, viewer=counted.who("system_administrator"))
    assert (told.lines, told.looked_at) == ((), 0), "who keeps calendars sees no case, nor how many there are"
    everything = counted.who("case_manager").model_copy(update={"is_system": True})
    line = preview_day(counted.engine, STRIKE, viewer=everything).lines[0]
    assert (line.case_id, line.before, line.after, line.effect) == (opened.case_id, PLAIN, LATER, "moves")
    assert counted.dump() == before
    add_special_day(counted.engine, STRIKE, viewer=everything)
    recount_deadlines(counted.engine)
    back = preview_removal(counted.engine, calendar="IN", day=MONDAY, viewer=everything).lines[0]
    assert (back.before, back.after, back.effect) == (LATER, PLAIN, "moves")


def test_a_preview_says_which_would_be_breached_and_that_a_breach_stays(counted: World) -> None:
    counted.open()
    counted.clock.move_to(PLAIN - timedelta(hours=1))
    shorter = CALENDAR.replace("[sun]", "[]")
    everything = counted.who("case_manager").model_copy(update={"is_system": True})
    told = preview_files(counted.engine, {"in.yaml": shorter}, viewer=everything)
    assert [line.effect for line in told.lines] == ["would_breach"]
    counted.clock.move_to(PLAIN + timedelta(hours=1))
    counted.fire()
    later = preview_day(counted.engine, replace(STRIKE, day=TUESDAY), viewer=everything)
    assert [line.effect for line in later.lines] == ["stays_breached"]


def test_a_preview_of_a_workflow_says_in_sentences_what_changes(world: World) -> None:
    told = preview_files(world.engine, {"visit.yaml": IN_DAYS}, viewer=world.who("case_manager"))
    later = "within 2 working days instead of 1 hour, counted from the beginning of the case"
    assert [(one.workflow, one.words, one.is_loss) for one in told.changes] == [
        ("visit", f"“Record report” is due later: {later}.", True)
    ]
    assert told.lines == ()
    assert preview_files(world.engine, {"s.yaml": LADDER}, viewer=world.who("case_manager")).looked_at == 0


def test_a_preview_says_that_only_names_change_and_which(world: World) -> None:
    named = f"{VISIT}conditions: {{at_once: report.is_child_suspected}}\n"
    told = preview_files(world.engine, {"visit.yaml": named}, viewer=world.who("case_manager"))
    stands = "the report's “Could the person be under 18?” is true"
    assert [one.words for one in told.changes] == [
        "Only names change: what runs stays as it is.", f"The name “at once” is new: it stands for {stands}.",
    ]  # fmt: skip
    assert preview_files(world.engine, {"visit.yaml": VISIT}, viewer=world.who("case_manager")).changes == ()


def test_a_case_of_another_unit_is_not_even_counted_in_a_preview(counted: World) -> None:
    counted.open()
    calendar = CALENDAR.replace("[sun]", "[sun, mon]")
    mine = preview_files(counted.engine, {"in.yaml": calendar}, viewer=counted.who("case_manager"))
    theirs = preview_files(counted.engine, {"in.yaml": calendar}, viewer=counted.other("case_manager"))
    assert (len(mine.lines), mine.looked_at) == (1, 1)
    assert theirs == PreviewView(lines=(), looked_at=0, left_out=0)


def test_a_faster_ladder_holds_for_open_deadlines_and_not_for_escalations_that_have_begun(world: World) -> None:
    begun = world.at_look()
    due_at = world.deadline(begun.case_id, "look").due_at
    world.clock.move_to(due_at + timedelta(minutes=1))
    world.fire()
    faster = LADDER.replace("after: PT1H", "after: PT30M")
    assert preview_files(world.engine, {"steps-up.yaml": faster}, viewer=world.who("case_manager")).lines == ()
    world.publish(faster)
    recount_deadlines(world.engine)
    assert world.deadline(begun.case_id, "look").next_at == due_at + timedelta(hours=1), "it keeps its ladder"
    fresh = world.at_look()
    fresh_due = world.deadline(fresh.case_id, "look").due_at
    world.clock.move_to(fresh_due + timedelta(minutes=1))
    world.fire()
    assert world.deadline(fresh.case_id, "look").next_at == fresh_due + timedelta(minutes=30)


LAW = """
law: in
title: India
limits:
  - {id: IN-TEST, jurisdiction: IN, what: The report, trigger: the report, limit: PT10H, counting: elapsed,
     duty: police, source: Visits Act 2020, basis: read, confidence: high, if_missed: Magistrate}
"""


def test_a_changed_limit_of_the_law_holds_for_open_deadlines_once_and_keeps_before_and_after(world: World) -> None:
    manager = world.who("case_manager")
    world.publish(LAW)
    world.publish(VISIT.replace("limit: PT1H}", "law: IN-TEST}", 1))
    opened = world.open()
    before = due(world, opened.case_id)
    told = preview_files(world.engine, {"in.yaml": LAW.replace("PT10H", "PT12H")}, viewer=manager)
    assert [(line.before, line.after) for line in told.lines] == [(before, before + timedelta(hours=2))]
    assert due(world, opened.case_id) == before
    world.publish(LAW.replace("PT10H", "PT12H"))
    moved = [recount_deadlines(world.engine).moved for _ in range(2)]
    assert moved == [1, 0]
    assert due(world, opened.case_id) == before + timedelta(hours=2)
    assert [(b[:16], a[:16]) for b, a in moved_events(world)] == [("2026-03-07T16:00", "2026-03-07T18:00")]
