"""Two versions of a workflow on the same cases: what differs is what was changed, and what follows from it."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from engine.cli.main import app
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.definitions.pages.simulating import StaffForm
from engine.definitions.rehearsed import ComparisonAsked, Staff, VersionsCompared
from engine.errors import InvalidAnswersError
from engine.language.workflow import TimeSpec
from engine.plugin.registry import RegistryCatalogue
from engine.rehearsal.many_cases import worked
from engine.rehearsal.running import compare, compared_lines
from tests.kit.shipped import library, registry, shipped

pytestmark = pytest.mark.long

CATALOGUE = RegistryCatalogue(registry())


def _compared(after: CompiledWorkflow, how: ComparisonAsked | None = None, *, most: int = 12) -> VersionsCompared:
    asked = CATALOGUE.find("reporting.intake")
    return compare(
        shipped("reported-concern"), after, library(), how or ComparisonAsked(12),
        report=asked.outputs if asked else {}, jurisdiction="IN", goes_on=lambda done: done < most,
    )  # fmt: skip


def _with(key: str, **changes: object) -> CompiledWorkflow:
    workflow = shipped("reported-concern").workflow
    step = workflow.steps[key].model_copy(update=changes)
    return compile_workflow(workflow.model_copy(update={"steps": {**workflow.steps, key: step}}), CATALOGUE)


def test_nothing_differs_between_a_version_and_itself() -> None:
    found = _compared(shipped("reported-concern"))
    assert found.differences() == ()
    assert found.before == found.after
    assert found.after.closed == found.after.cases == 12
    assert "  Nothing differs." in list(compared_lines(found))


def test_a_limit_ten_times_as_long_shows_as_days_of_its_step() -> None:
    longer = _with("triage", time=(TimeSpec(limit="P10D"),))
    changed = {(one.what, one.of) for one in _compared(longer).differences()}
    assert ("step_days", "triage") in changed
    assert {of for what, of in changed if what == "ended"} == set(), "each step is done as often, by the same answers"
    [line] = [one for one in compared_lines(_compared(longer)) if "triage" in one and "days (median)" in one]
    assert "#" in line


def test_a_step_that_no_case_comes_to_is_named() -> None:
    assert "refer" in _compared(_with("refer", when='triage.decision == "never"')).after.never


def test_it_stops_where_it_is_told_and_says_what_was_found_so_far() -> None:
    assert _compared(shipped("reported-concern"), most=3).after.cases == 3


def _with_staff(people: int, hours: float) -> VersionsCompared:
    staff = tuple(Staff(role, people, hours) for role in ("caseworker", "case_manager", "intake_officer"))
    return _compared(shipped("reported-concern"), ComparisonAsked(12, 1, staff, 12, 1, is_of_staff=True))


def test_steps_wait_for_people_and_limits_are_missed_where_there_are_few() -> None:
    few = _with_staff(1, 5)
    assert _with_staff(1, 5) == few, "the same seed gives the same"
    assert few.before.loads == few.before.waited == {}
    assert sum(few.after.late.values()) > sum(few.before.late.values())
    assert few.after.days > few.before.days
    assert few.after.loads["case_manager"].busy > 0.5
    assert few.after.loads["case_manager"].longest_hours > few.after.waited["intake"] > 0
    assert "case_manager" in "".join(line for line in compared_lines(few) if "busy" in line)
    many = _with_staff(200, 168)
    assert {load.longest_hours for load in many.after.loads.values()} == {0}
    assert many.after.closed == few.after.closed == 12


@pytest.mark.parametrize(
    ("start", "hours", "a_week", "end"),
    [
        ("2026-03-02 09:00", 2, 40, "2026-03-02 11:00"),
        ("2026-03-02 16:00", 2, 40, "2026-03-03 10:00"),
        ("2026-03-06 16:30", 1, 40, "2026-03-09 09:30"),
        ("2026-03-07 03:00", 1, 168, "2026-03-07 04:00"),
        ("2026-03-06 10:30", 3, 10, "2026-03-10 09:30"),
    ],
)
def test_work_goes_on_in_the_hours_of_whoever_does_it(start: str, hours: float, a_week: float, end: str) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    begun, ends = (datetime.fromisoformat(one).replace(tzinfo=zone) for one in (start, end))
    assert worked(begun, timedelta(hours=hours), Staff("caseworker", 1, a_week), zone) == ends


@pytest.mark.parametrize("more", [["--against", "training"], ["--json", "--staff", "caseworker=1x20", "--a-week", "9"]])
def test_the_command_compares_two_versions_or_with_staff(more: list[str]) -> None:
    done = CliRunner().invoke(app, ["simulate", "reported-concern", "--many", "4", *more])
    assert done.exit_code == 0, done.output
    if "--json" in more:
        assert {"before", "after", "differences"} == json.loads(done.stdout).keys()
    else:
        assert "4 cases, version" in done.stdout


def test_staff_that_cannot_be_read_is_refused_with_an_example() -> None:
    for wrong in ("caseworker", "caseworker=0x40", "caseworker=1x200", "nobody=1x40"):
        done = CliRunner().invoke(app, ["simulate", "training", "--many", "4", "--staff", wrong])
        assert (done.exit_code, "caseworker=3x40" in done.output) == (2, True)


@pytest.mark.parametrize(("people", "hours"), [("0.5", "40"), ("0", "40"), ("1", "0.01"), ("1", "169"), ("nan", "1")])
def test_the_page_takes_no_part_of_a_person_and_no_week_without_hours(people: str, hours: str) -> None:
    form = StaffForm({"people-caseworker": people, "hours-caseworker": hours}, ["caseworker"])
    with pytest.raises(InvalidAnswersError) as refused:
        form.asked(20, 1, is_same=True)
    assert len(refused.value.problems) == 1
