"""The admin's board: what is late, failed or stuck."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from engine.core.policy import Viewer
from engine.db import tables as tb
from engine.overview.views import board as queries_of_board
from engine.overview.views import running as queries_of_firing
from engine.overview.views.board import admin_board
from tests.integration.queries.world import START, World


@pytest.fixture
def admin(world: World) -> Viewer:
    return world.actor("Ada", world.unit("Head office"), "system_administrator")


def job(world: World, case_id: UUID, unit_id: UUID, status: str, **values: object) -> None:
    row = {
        "kind": "run", "task": "field.check", "ready_at": START, "retries": 3, "retry_delay": "PT5S", "timeout": "PT1M",
        "attempt": 1, "token": 1, "critical": False, "gateway": "", "created_at": START, "announces": [],
    } | values  # fmt: skip
    world.add(tb.JobRow, id=uuid4(), case_id=case_id, unit_id=unit_id, status=status, payload={}, **row)


def silent(world: World, case_id: UUID) -> None:
    """Take away all that could go on by itself or through somebody."""
    world.change(tb.WorkItemRow, tb.WorkItemRow.case_id == case_id, status="cancelled")
    world.change(tb.JobRow, tb.JobRow.case_id == case_id, status="done", finished_at=START)


def test_waiting_items_are_counted_by_role(world: World, unit: UUID, admin: Viewer) -> None:
    for _ in range(2):
        world.open_case(unit)
    case_id = world.open_case(unit)
    world.item(case_id, "intake", candidate_roles=["intake_officer", "caseworker"])
    assert dict(world.ask_board(admin_board, admin).waiting) == {"intake_officer": 3, "caseworker": 1}


def test_late_items_are_listed_by_the_time_they_were_due(world: World, unit: UUID, admin: Viewer) -> None:
    first = world.open_case(unit)
    world.later(minutes=10)
    second = world.open_case(unit)
    world.later(minutes=10)
    world.open_case(unit)
    world.later(minutes=50)
    assert [item.case_id for item in world.ask_board(admin_board, admin).overdue] == [first, second]


def test_what_is_late_stuck_or_failed_is_counted_beyond_what_is_listed(
    world: World, unit: UUID, admin: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        world.open_case(unit)
        case_id = world.open_case(unit)
        silent(world, case_id)
        other = world.open_case(unit)
        job(world, other, unit, "aside")
        world.change(tb.DeadlineRow, tb.DeadlineRow.case_id == case_id, failures=7)
    world.later(hours=2)
    monkeypatch.setattr(queries_of_board, "_LINES", 2)
    monkeypatch.setattr(queries_of_firing, "_LINES", 2)
    board = world.ask_board(admin_board, admin)
    assert [len(lines) for lines in (board.overdue, board.stuck, board.failed_jobs, board.firing.aside)] == [2] * 4
    assert (board.overdue_count, board.stuck_count, board.failed_count, board.firing.aside_count) == (6, 3, 3, 3)
    empty = world.ask_board(admin_board, world.actor("Sam", world.unit("Elsewhere"), "supervisor"))
    assert (empty.overdue_count, empty.stuck_count, empty.failed_count, empty.firing.aside_count) == (0, 0, 0, 0)
    assert empty.firing.aside == ()


def test_a_case_is_stuck_when_nobody_and_nothing_will_move_it(world: World, unit: UUID, admin: Viewer) -> None:
    numbers = {name: world.open_case(unit, number=f"C-{name}") for name in ("STUCK", "ITEM", "JOB", "HELDJOB", "ASIDE")}
    for name, case_id in numbers.items():
        if name != "ITEM":
            silent(world, case_id)
    job(world, numbers["JOB"], unit, "ready")
    job(world, numbers["HELDJOB"], unit, "held")
    job(world, numbers["ASIDE"], unit, "aside")
    assert world.ask_board(admin_board, admin).stuck == ("C-ASIDE", "C-STUCK")


@pytest.mark.parametrize(("status", "gate", "stuck"), [
    ("scheduled", None, False), ("held", "safe-way", False), ("held", "missing-step-type", True), ("ready", None, True),
])  # fmt: skip
def test_a_step_that_is_held_back_explains_why_nothing_moves_unless_its_pillar_is_missing(
    world: World, unit: UUID, admin: Viewer, status: str, gate: str | None, *, stuck: bool
) -> None:
    case_id = world.open_case(unit)
    silent(world, case_id)
    world.change(tb.StepRow, tb.StepRow.case_id == case_id, status=status, gate=gate)
    assert bool(world.ask_board(admin_board, admin).stuck) is stuck


def test_failed_waiting_and_recent_jobs_are_told_with_their_runs(world: World, unit: UUID, admin: Viewer) -> None:
    case_id = world.open_case(unit, number="C-JOBS")
    silent(world, case_id)
    run = uuid4()
    job(world, case_id, unit, "aside", error_code="step-failed")
    job(world, case_id, unit, "ready", ready_at=START - timedelta(minutes=5))
    job(world, case_id, unit, "ready", ready_at=START + timedelta(minutes=5))
    job(world, case_id, unit, "done", flow_run_id=run, task_run_id=uuid4(), done_by="prefect", finished_at=START)
    board = world.ask_board(admin_board, admin)
    assert [(failed.case_number, failed.error_code) for failed in board.failed_jobs] == [("C-JOBS", "step-failed")]
    assert (board.waiting_jobs, board.oldest_waiting_job_at) == (2, START - timedelta(minutes=5))
    assert [recent.flow_run_id for recent in board.recent_flow_runs] == [run]


def test_the_board_says_when_deadlines_were_last_looked_at_and_who_does_it(world: World, admin: Viewer) -> None:
    assert world.ask_board(admin_board, admin).deadlines_last_pass_at is None
    world.add(tb.ServiceRow, name="deadlines", state="passing", since=START, noted_at=START)
    board = world.ask_board(admin_board, admin)
    assert (board.deadlines_last_pass_at, board.fallback_since) == (START, None)
    world.change(tb.ServiceRow, tb.ServiceRow.name == "deadlines", state="fallback")
    assert world.ask_board(admin_board, admin).fallback_since == START


def test_a_supervisors_board_is_that_of_their_units(world: World, unit: UUID, admin: Viewer) -> None:
    world.open_case(unit)
    world.open_case(world.unit("Elsewhere"))
    assert world.ask_board(admin_board, admin).open_cases == 2
    assert world.ask_board(admin_board, world.actor("Sam", unit, "supervisor")).open_cases == 1


def test_a_full_board_takes_as_many_statements_as_an_empty_one(world: World, unit: UUID, admin: Viewer) -> None:
    empty = world.counted(lambda: world.ask_board(admin_board, admin))
    for _ in range(20):
        world.open_case(unit, victims=1)
    world.later(hours=3)
    assert len(world.ask_board(admin_board, admin).overdue) == 20
    assert world.counted(lambda: world.ask_board(admin_board, admin)) <= empty + 1


def test_the_board_counts_the_hours_of_a_leak_from_its_first_limit_until_none_of_it_is_open(
    world: World, unit: UUID, admin: Viewer
) -> None:
    standard = world.library.ladders["standard"]
    leak = standard.model_copy(update={"name": "leak", "hours_since": "the leak"})
    world.library = replace(world.library, ladders={"standard": standard, "leak": leak})
    case_id, other = world.open_case(unit, number="C-LEAK"), world.open_case(unit)
    assert world.ask_board(admin_board, admin).running_hours == ()
    world.change(tb.DeadlineRow, tb.DeadlineRow.case_id == case_id, ladder="leak")
    world.later(hours=9)
    [line] = world.ask_board(admin_board, admin).running_hours
    assert (line.case_number, line.what, line.since) == ("C-LEAK", "the leak", START)
    assert set(line.model_dump()) == {"case_id", "case_number", "what", "since"}, "nothing tells what was leaked"
    elsewhere = world.actor("Sal", world.unit("Elsewhere"), "supervisor")
    assert world.ask_board(admin_board, elsewhere).running_hours == ()
    world.change(tb.DeadlineRow, tb.DeadlineRow.case_id == case_id, status="met")
    assert world.ask_board(admin_board, admin).running_hours == ()
    assert other


def said(world: World, name: str, state: str, *, seconds_ago: int = 0) -> None:
    noted = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    world.add(tb.ServiceRow, name=name, state=state, since=noted, noted_at=noted)


def reasons(world: World, admin: Viewer) -> dict[str, str]:
    return {reason.code: reason.problem for reason in world.ask_board(admin_board, admin).why_jobs_wait}


def test_the_board_says_why_jobs_wait(world: World, unit: UUID, admin: Viewer) -> None:
    case_id = world.open_case(unit)
    silent(world, case_id)
    assert reasons(world, admin) == {}
    for _ in range(2):
        job(world, case_id, unit, "ready", ready_at=START)
    assert reasons(world, admin) == {"no-worker": "No worker is running: 2 jobs are waiting."}
    said(world, "fallback:one", "idle")
    assert reasons(world, admin) == {}
    said(world, "prefect:seconds", "3.1")
    said(world, "prefect", "slow")
    assert reasons(world, admin) == {"prefect-slow": "Prefect answers slowly (3.1 s a call): 2 jobs are waiting."}
    said(world, "prefect:paused", "work pool icmc")
    assert reasons(world, admin)["prefect-paused"] == "Paused in Prefect: work pool icmc. 2 jobs are waiting."
    world.change(tb.ServiceRow, tb.ServiceRow.name == "prefect", state="down")
    assert reasons(world, admin)["fallback"].startswith("Prefect has not answered since ")
    world.change(tb.ServiceRow, tb.ServiceRow.name == "fallback:one", noted_at=START)
    assert reasons(world, admin) == {"no-worker": "No worker is running: 2 jobs are waiting."}


def test_jobs_that_wait_long_though_all_answers_are_told(world: World, unit: UUID, admin: Viewer) -> None:
    case_id = world.open_case(unit)
    silent(world, case_id)
    said(world, "fallback:one", "idle")
    said(world, "prefect", "answers")
    job(world, case_id, unit, "ready", ready_at=START)
    world.later(minutes=7)
    assert reasons(world, admin) == {"jobs-late": "1 job is waiting, the oldest for 7 minutes, though Prefect answers."}


def test_held_jobs_are_listed_and_told(world: World, unit: UUID, admin: Viewer) -> None:
    case_id = world.open_case(unit, number="C-HELD")
    silent(world, case_id)
    job(world, case_id, unit, "held")
    board = world.ask_board(admin_board, admin)
    assert ([held.case_number for held in board.held_jobs], board.held_count) == (["C-HELD"], 1)
    assert reasons(world, admin) == {"jobs-held": "1 job is held: a flow run was cancelled in Prefect."}
