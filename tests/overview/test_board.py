"""The admin's board: what is late, failed or stuck."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from engine.core.policy import Viewer
from engine.db.tables import TABLES
from engine.deadlines.actions.clock import audit_escalations
from engine.errors import NotAllowedError
from engine.overview.records import BoardDay
from engine.overview.views import board as queries_of_board
from engine.overview.views import running as queries_of_firing
from engine.overview.views.board import admin_board, board_list
from tests.kit.network import START, Network
from tests.kit.world import World

pytestmark = pytest.mark.long


@pytest.fixture
def admin(network: Network) -> Viewer:
    return network.actor("Ada", network.unit("Head office"), "system_administrator")


def job(network: Network, case_id: UUID, unit_id: UUID, status: str, **values: object) -> None:
    row = {
        "kind": "run", "task": "field.check", "ready_at": START, "retries": 3, "retry_delay": "PT5S", "timeout": "PT1M",
        "attempt": 1, "token": 1, "critical": False, "gateway": "", "created_at": START, "announces": [],
    } | values  # fmt: skip
    network.add("job", id=uuid4(), case_id=case_id, unit_id=unit_id, status=status, payload={}, **row)


def silent(network: Network, case_id: UUID) -> None:
    """Take away all that could go on by itself or through somebody."""
    network.change("work_item", TABLES["work_item"].c.case_id == case_id, status="cancelled")
    network.change("job", TABLES["job"].c.case_id == case_id, status="done", finished_at=START)


def test_waiting_items_are_counted_by_role(network: Network, unit: UUID, admin: Viewer) -> None:
    for _ in range(2):
        network.open_case(unit)
    case_id = network.open_case(unit)
    network.item(case_id, "intake", candidate_roles=["intake_officer", "caseworker"])
    assert dict(network.ask_board(admin_board, admin).waiting) == {"intake_officer": 3, "caseworker": 1}


def test_late_items_are_listed_by_the_time_they_were_due(network: Network, unit: UUID, admin: Viewer) -> None:
    first = network.open_case(unit)
    network.later(minutes=10)
    second = network.open_case(unit)
    network.later(minutes=10)
    network.open_case(unit)
    network.later(minutes=50)
    assert [item.case_id for item in network.ask_board(admin_board, admin).overdue] == [first, second]


def test_each_of_the_last_two_weeks_days_says_what_it_brought_in_the_zone_of_whoever_looks(
    network: Network, unit: UUID, admin: Viewer
) -> None:
    late_at_night = datetime(2026, 3, 8, 19, 30, tzinfo=UTC)  # the 9th in Assam
    for opened_at, closed_at in ((late_at_night, START), (START - timedelta(days=20), late_at_night)):
        of_case = TABLES["case"].c.id == (case_id := network.open_case(unit))
        network.change("case", of_case, opened_at=opened_at, closed_at=closed_at, status="closed")
        job(network, case_id, unit, "done", finished_at=START, flow_run_id=uuid4())
        job(network, case_id, unit, "done", finished_at=START)
    missed = TABLES["deadline"].c.case_id == case_id
    network.change("deadline", missed, breached_at=late_at_night, discovered_at=late_at_night)
    looking = admin.model_copy(update={"zone": "Asia/Kolkata"})
    days = network.ask_board(admin_board, looking, with_days=True).days
    assert [day.day for day in days] == [date(2026, 2, 25) + timedelta(days=count) for count in range(14)]
    found = {
        day.day.day: (day.opened, day.closed, day.missed, day.done) for day in days if day != BoardDay(day=day.day)
    }
    assert found == {9: (1, 1, 1, 0), 10: (0, 1, 0, 2)}
    assert network.ask_board(admin_board, admin.model_copy(update={"zone": "UTC"}), with_days=True).days[-3].opened == 1
    sam = network.actor("Sam", network.unit("Elsewhere"), "supervisor")
    empty = network.ask_board(admin_board, sam, with_days=True).days
    assert len(empty) == 14
    assert network.ask_board(admin_board, admin).days == (), "only the page asks for them"
    assert all(day == BoardDay(day=day.day) for day in empty)


def test_what_is_late_stuck_or_failed_is_counted_beyond_what_is_listed(
    network: Network, unit: UUID, admin: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        network.open_case(unit)
        case_id = network.open_case(unit)
        silent(network, case_id)
        other = network.open_case(unit)
        job(network, other, unit, "aside")
        network.change("deadline", TABLES["deadline"].c.case_id == case_id, failures=7)
    network.later(hours=2)
    monkeypatch.setattr(queries_of_board, "_LINES", 2)
    monkeypatch.setattr(queries_of_firing, "_LINES", 2)
    board = network.ask_board(admin_board, admin)
    assert [len(lines) for lines in (board.overdue, board.stuck, board.failed_jobs, board.firing.aside)] == [2] * 4
    assert (board.overdue_count, board.stuck_count, board.failed_count, board.firing.aside_count) == (6, 3, 3, 3)
    empty = network.ask_board(admin_board, network.actor("Sam", network.unit("Elsewhere"), "supervisor"))
    assert (empty.overdue_count, empty.stuck_count, empty.failed_count, empty.firing.aside_count) == (0, 0, 0, 0)
    assert empty.firing.aside == ()


def test_each_list_of_the_board_reaches_its_last_line_by_pages(network: Network, unit: UUID, admin: Viewer) -> None:
    for _ in range(5):
        network.open_case(unit)
        silent(network, network.open_case(unit))
        other = network.open_case(unit)
        for status in ("aside", "ready", "held"):
            job(network, other, unit, status)
    network.later(hours=2)
    board = network.ask_board(admin_board, admin)
    known = {
        "overdue": board.overdue, "stuck": board.stuck, "failed": board.failed_jobs, "ready": board.ready_jobs,
        "held": board.held_jobs, "tried": board.tried_jobs, "unreached": board.unreached,
    }  # fmt: skip
    assert [len(known[name]) for name in ("overdue", "stuck", "failed", "ready", "held")] == [10, 5, 5, 15, 5]
    elsewhere = network.actor("Sam", network.unit("Elsewhere"), "supervisor")
    for name, lines in known.items():
        parts = [network.ask_board(board_list, admin, name, offset=offset, limit=2) for offset in range(0, 18, 2)]
        assert tuple(line for part in parts for line in part) == lines, name
        assert network.ask_board(board_list, elsewhere, name, offset=0, limit=2) == ()
    with pytest.raises(NotAllowedError):
        network.ask_board(board_list, network.actor("Cara", unit, "caseworker"), "failed", offset=0, limit=2)


def test_a_case_is_stuck_when_nobody_and_nothing_will_move_it(network: Network, unit: UUID, admin: Viewer) -> None:
    numbers = {
        name: network.open_case(unit, number=f"C-{name}") for name in ("STUCK", "ITEM", "JOB", "HELDJOB", "ASIDE")
    }
    for name, case_id in numbers.items():
        if name != "ITEM":
            silent(network, case_id)
    job(network, numbers["JOB"], unit, "ready")
    job(network, numbers["HELDJOB"], unit, "held")
    job(network, numbers["ASIDE"], unit, "aside")
    stuck = network.ask_board(admin_board, admin).stuck
    assert tuple(one.number for one in stuck) == ("C-ASIDE", "C-STUCK")


def test_each_stuck_case_says_what_it_waits_for_and_since_when(network: Network, unit: UUID, admin: Viewer) -> None:
    cases = {}
    for number, name in enumerate(("FAILED", "MISSING", "UNASKED", "NOTHING")):
        cases[name] = network.open_case(unit, number=f"C-{number}-{name}")
        silent(network, cases[name])
    of_step, hour = TABLES["step"].c.case_id, timedelta(hours=1)
    for back, code, kind in ((1, "late", "run"), (2, "step-failed", "run"), (3, "mail", "deliver")):
        values = {"kind": kind, "finished_at": START - back * hour, "error_code": code, "step_id": None}
        job(network, cases["FAILED"], unit, "aside", **values)
    network.change("step", of_step == cases["MISSING"], status="held", gate="missing-step-type")
    network.change("step", of_step == cases["UNASKED"], opened_at=START - 5 * hour)
    network.change("step", of_step == cases["NOTHING"], status="ended", ended_at=START - 7 * hour)
    stuck = network.ask_board(admin_board, admin).stuck
    assert [(one.case_id, one.why, START - one.since) for one in stuck] == [
        (cases["FAILED"], "failed", 2 * hour), (cases["MISSING"], "missing", 0 * hour),
        (cases["UNASKED"], "unasked", 5 * hour), (cases["NOTHING"], "nothing", 7 * hour),
    ]  # fmt: skip
    assert [(one.title, one.unit) for one in stuck[1:]] == [("Report", "Shillong")] * 2 + [("", "Shillong")]
    failed = stuck[0].job
    assert failed is not None
    assert (failed.error_code, failed.case_number) == ("step-failed", "C-0-FAILED"), "the first, and never a message"
    assert [one.job for one in stuck[1:]] == [None] * 3
    assert [one.step_id is None for one in stuck] == [True, False, False, True]


@pytest.mark.parametrize(("status", "gate", "stuck"), [
    ("scheduled", None, False), ("held", "safe-way", False), ("held", "missing-step-type", True), ("ready", None, True),
])  # fmt: skip
def test_a_step_that_is_held_back_explains_why_nothing_moves_unless_its_pillar_is_missing(
    network: Network, unit: UUID, admin: Viewer, status: str, gate: str | None, *, stuck: bool
) -> None:
    case_id = network.open_case(unit)
    silent(network, case_id)
    network.change("step", TABLES["step"].c.case_id == case_id, status=status, gate=gate)
    assert bool(network.ask_board(admin_board, admin).stuck) is stuck


def test_failed_waiting_and_recent_jobs_are_told_with_their_runs(network: Network, unit: UUID, admin: Viewer) -> None:
    case_id = network.open_case(unit, number="C-JOBS")
    silent(network, case_id)
    run = uuid4()
    job(network, case_id, unit, "aside", error_code="step-failed")
    job(network, case_id, unit, "ready", ready_at=START - timedelta(minutes=5))
    job(network, case_id, unit, "ready", ready_at=START + timedelta(minutes=5))
    job(network, case_id, unit, "done", flow_run_id=run, task_run_id=uuid4(), done_by="prefect", finished_at=START)
    board = network.ask_board(admin_board, admin)
    assert [(failed.case_number, failed.error_code) for failed in board.failed_jobs] == [("C-JOBS", "step-failed")]
    assert (board.waiting_jobs, board.oldest_waiting_job_at) == (2, START - timedelta(minutes=5))
    assert [recent.flow_run_id for recent in board.recent_flow_runs] == [run]


def test_the_board_says_when_deadlines_were_last_looked_at_and_who_does_it(network: Network, admin: Viewer) -> None:
    assert network.ask_board(admin_board, admin).deadlines_last_pass_at is None
    network.add("service", name="deadlines", state="passing", since=START, noted_at=START)
    board = network.ask_board(admin_board, admin)
    assert (board.deadlines_last_pass_at, board.fallback_since) == (START, None)
    network.change("service", TABLES["service"].c.name == "deadlines", state="fallback")
    assert network.ask_board(admin_board, admin).fallback_since == START


def test_a_supervisors_board_is_that_of_their_units(network: Network, unit: UUID, admin: Viewer) -> None:
    network.open_case(unit)
    network.open_case(network.unit("Elsewhere"))
    assert network.ask_board(admin_board, admin).open_cases == 2
    assert network.ask_board(admin_board, network.actor("Sam", unit, "supervisor")).open_cases == 1


def test_a_full_board_takes_as_many_statements_as_an_empty_one(network: Network, unit: UUID, admin: Viewer) -> None:
    empty = network.counted(lambda: network.ask_board(admin_board, admin))
    for _ in range(20):
        network.open_case(unit, victims=1)
    network.later(hours=3)
    assert len(network.ask_board(admin_board, admin).overdue) == 20
    assert network.counted(lambda: network.ask_board(admin_board, admin)) <= empty + 1


def test_the_board_counts_the_hours_of_a_leak_from_its_first_limit_until_none_of_it_is_open(
    network: Network, unit: UUID, admin: Viewer
) -> None:
    standard = network.library.ladders["standard"]
    leak = standard.model_copy(update={"name": "leak", "hours_since": "the leak"})
    network.library = replace(network.library, ladders={"standard": standard, "leak": leak})
    case_id, other = network.open_case(unit, number="C-LEAK"), network.open_case(unit)
    assert network.ask_board(admin_board, admin).running_hours == ()
    network.change("deadline", TABLES["deadline"].c.case_id == case_id, ladder="leak")
    network.later(hours=9)
    [line] = network.ask_board(admin_board, admin).running_hours
    assert (line.case_number, line.what, line.since) == ("C-LEAK", "the leak", START)
    assert set(line.model_dump()) == {"case_id", "case_number", "what", "since"}, "nothing tells what was leaked"
    elsewhere = network.actor("Sal", network.unit("Elsewhere"), "supervisor")
    assert network.ask_board(admin_board, elsewhere).running_hours == ()
    network.change("deadline", TABLES["deadline"].c.case_id == case_id, status="met")
    assert network.ask_board(admin_board, admin).running_hours == ()
    assert other


def said(network: Network, name: str, state: str, *, seconds_ago: int = 0) -> None:
    noted = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    network.add("service", name=name, state=state, since=noted, noted_at=noted)


def reasons(network: Network, admin: Viewer) -> dict[str, str]:
    return {reason.code: reason.problem for reason in network.ask_board(admin_board, admin).why_jobs_wait}


def test_the_board_says_why_jobs_wait(network: Network, unit: UUID, admin: Viewer) -> None:
    case_id = network.open_case(unit)
    silent(network, case_id)
    assert reasons(network, admin) == {}
    for _ in range(2):
        job(network, case_id, unit, "ready", ready_at=START)
    assert reasons(network, admin) == {"no-worker": "No worker is running: 2 jobs are waiting."}
    said(network, "fallback:one", "idle")
    assert reasons(network, admin) == {}
    said(network, "prefect:seconds", "3.1")
    said(network, "prefect", "slow")
    assert reasons(network, admin) == {"prefect-slow": "Prefect answers slowly (3.1 s a call): 2 jobs are waiting."}
    said(network, "prefect:paused", "work pool icmc")
    assert reasons(network, admin)["prefect-paused"] == "Paused in Prefect: work pool icmc. 2 jobs are waiting."
    pause = {
        "is_on": True,
        "is_told": True,
        "at": START.isoformat(),
        "reason_code": "repair",
        "by": str(admin.actor_id),
    }
    network.add("installation", key="jobs_paused", value=pause)
    network.change("service", TABLES["service"].c.name == "prefect:paused", state="queue cases")
    assert sorted(reasons(network, admin)) == ["jobs-paused", "prefect-slow"], "one pause is one reason"
    network.change("installation", TABLES["installation"].c.key == "jobs_paused", value={**pause, "is_on": False})
    assert "prefect-paused" in reasons(network, admin), "a pause in Prefect alone"
    network.change("service", TABLES["service"].c.name == "prefect", state="down")
    assert reasons(network, admin)["fallback"].startswith("Prefect has not answered since ")
    network.change("service", TABLES["service"].c.name == "fallback:one", noted_at=START)
    assert reasons(network, admin) == {"no-worker": "No worker is running: 2 jobs are waiting."}


def test_jobs_that_wait_long_though_all_answers_are_told(network: Network, unit: UUID, admin: Viewer) -> None:
    case_id = network.open_case(unit)
    silent(network, case_id)
    said(network, "fallback:one", "idle")
    said(network, "prefect", "answers")
    job(network, case_id, unit, "ready", ready_at=START)
    network.later(minutes=7)
    assert reasons(network, admin) == {
        "jobs-late": "1 job is waiting, the oldest for 7 minutes, though Prefect answers."
    }


def test_who_keeps_the_system_running_sees_its_workers_disks_backups_and_mail(
    network: Network, unit: UUID, admin: Viewer
) -> None:
    gone, here = "fallback:icmc-old.host.1-7-ab", ("fallback:icmc-alpha.one.42-7-ab", "fallback:icmc-alpha.one.42-9-cd")
    said(network, gone, "idle", seconds_ago=900)
    empty = network.ask_board(admin_board, admin, with_days=True).parts
    assert empty is not None
    assert (empty.machines, empty.backup_at, empty.mail_waiting) == ((), None, 0)
    assert timedelta(minutes=15) <= (empty.last_worker or timedelta()) < timedelta(minutes=20)
    for name in here:
        said(network, name, "idle")
    said(network, "disk:alpha.one.42", f"{3 * 10**9} {900 * 10**9}")
    network.add("installation", key="backup", value={"at": START.isoformat()})
    parts = network.ask_board(admin_board, admin, with_days=True).parts
    assert parts is not None
    [machine] = parts.machines
    assert (machine.name, machine.workers, machine.is_disk_small) == ("alpha.one", 2, True)
    assert machine.disk == "3.0 of 900 GB are free"
    assert machine.heard < timedelta(minutes=1)
    assert (parts.backup_at, parts.proved_at) == (START, None)
    network.change("service", TABLES["service"].c.name == "disk:alpha.one.42", state=f"{90 * 10**9} {900 * 10**9}")
    again = network.ask_board(admin_board, admin, with_days=True).parts
    assert [one.is_disk_small for one in again.machines] == [False] if again else False
    assert network.ask_board(admin_board, admin).parts is None, "only the page and the doctor ask for it"
    lead = network.actor("Sue", unit, "supervisor")
    assert network.ask_board(admin_board, lead, with_days=True).parts is None


def test_waiting_failed_and_stuck_are_told_for_each_day(network: Network, unit: UUID, admin: Viewer) -> None:
    cases = [network.open_case(unit) for _ in range(3)]
    of_items = TABLES["work_item"].c.case_id
    network.change("work_item", of_items == cases[0], opened_at=START - timedelta(days=3))
    network.change("work_item", of_items == cases[1], opened_at=START - timedelta(days=30), status="completed",
                   ended_at=START - timedelta(days=2))  # fmt: skip
    job(network, cases[0], unit, "aside", finished_at=START - timedelta(days=1), error_code="step-failed")
    job(network, cases[0], unit, "done", finished_at=START - timedelta(days=1))
    job(network, cases[0], unit, "ready", ready_at=START)
    network.add("installation", key="stuck_by_day", value={"2026-03-09": 4, "2026-01-01": 9})
    viewer = admin.model_copy(update={"zone": "UTC"})
    board = network.ask_board(admin_board, viewer, with_days=True)
    days = {day.day.day: day for day in board.days}
    assert [days[day].waiting for day in (6, 7, 8, 9, 10)] == [1, 2, 1, 1, 2]
    assert [days[day].failed for day in (8, 9, 10)] == [0, 1, 0]
    assert [days[day].stuck for day in (8, 9, 10)] == [None, 4, None]
    since = [one.ready_at for one in board.ready_jobs]
    assert (len(since), since, {one.status for one in board.ready_jobs}) == (4, sorted(since), {"ready"})
    lead = network.actor("Sue", unit, "supervisor").model_copy(update={"zone": "UTC"})
    of_lead = network.ask_board(admin_board, lead, with_days=True).days
    assert {day.stuck for day in of_lead} == {None}, "what is kept by day is of all units"


def test_held_jobs_are_listed_and_told(network: Network, unit: UUID, admin: Viewer) -> None:
    case_id = network.open_case(unit, number="C-HELD")
    silent(network, case_id)
    job(network, case_id, unit, "held")
    board = network.ask_board(admin_board, admin)
    assert ([held.case_number for held in board.held_jobs], board.held_count) == (["C-HELD"], 1)
    assert reasons(network, admin) == {"jobs-held": "1 job is held: a flow run was cancelled in Prefect."}


def test_a_hole_that_the_auditor_found_is_named_by_case_and_step_to_whom_the_case_is_shown(world: World) -> None:
    opened = world.at_look()
    world.clock.move_to(world.deadline(opened.case_id, "look").due_at + timedelta(hours=3))
    found = audit_escalations(world.engine)
    assert found
    number = world.state(opened.case_id).case.number
    for viewer, named in ((world.who("supervisor"), (number, "look")), (world.other("supervisor"), ("", ""))):
        audit = world.engine.ask_board(admin_board, viewer).firing.audit
        assert audit is not None
        assert {(one.case_number, one.step_key) for one in audit.problems} == {named}
        assert {one.level_words for one in audit.problems} == {"warning", "breach", "level 1", "level 2"}
