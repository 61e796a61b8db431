"""Jobs: handed out once, done once, given back when a worker is lost, set aside when they keep failing."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from engine.audit.commands import _ailments
from engine.course.actions.steer import identify_person, start_run
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.jobs.actions.serve import (
    abandon_batch,
    claim_jobs,
    claim_urgent_jobs,
    close_batch,
    dispatchable,
    fail_job,
    hold_batch,
    job_pause,
    note_failure,
    note_pause_known,
    pause_jobs,
    reconcile_jobs,
    refill_batch,
    release_job,
    resume_jobs,
    retry_job,
)
from engine.jobs.records import ClaimedJob, StaleJobError, StepFailedError
from engine.orchestration.tasks import tries_left
from engine.overview.views.board import admin_board
from engine.persons.store import PersonStore
from engine.web.terminal import SYSTEM
from engine.work.views.form import item_form
from tests.kit.trial import CANARY, SECRET
from tests.kit.world import World


def test_claiming_counts_the_attempt_and_renews_the_token(world: World) -> None:
    world.open()
    job = world.jobs()[0]
    release_job(world.engine, job)
    again = _claim_again(world, job)
    assert (job.attempt, job.token) == (1, 1)
    assert (again.attempt, again.token) == (1, 2)


def test_a_worker_that_froze_writes_nothing_once_another_has_its_job(world: World) -> None:
    opened = world.open()
    frozen = world.jobs()[0]
    world.rows("UPDATE job SET lease_until = now() - interval '1 second' WHERE id = :id", id=frozen.id)
    assert reconcile_jobs(world.engine) == 1
    new = _claim_again(world, frozen)
    with pytest.raises(StaleJobError):
        world.do(frozen)
    assert world.rows("SELECT 1 FROM message WHERE case_id = :case", case=opened.case_id) == []
    assert world.do(new) == "done"
    assert world.do(new) == "done"


def test_a_job_that_failed_five_times_is_set_aside_and_waits_longer_each_time(world: World) -> None:
    world.open()
    job, waits = world.jobs()[0], []
    for _ in range(4):
        assert fail_job(world.engine, job, code="unexpected") == "ready"
        ready_at = world.rows("SELECT ready_at FROM job WHERE id = :id", id=job.id)[0][0]
        waits.append(ready_at - world.clock.now())
        world.clock.move_to(ready_at)
        job = _claim_again(world, job)
    assert fail_job(world.engine, job, code="unexpected") == "aside"
    assert waits == sorted(waits)
    assert waits[0] < waits[-1] <= timedelta(minutes=30)
    assert world.jobs() == ()


def test_retries_are_one_budget_whoever_tries_again(world: World) -> None:
    world.open()
    job = world.jobs()[0]
    world.rows("UPDATE job SET retries = 3, retry_delay = 'PT5S' WHERE id = :id", id=job.id)
    release_job(world.engine, job)
    job = _claim_again(world, job)
    calls = 1
    assert tries_left(job) == 3
    assert note_failure(world.engine, job, code="step-failed", why="ValueError at one.steps:3 in f")
    calls += 1  # Prefect has called it a second time, and the worker is killed: another claims it
    world.rows("UPDATE job SET lease_until = now() - interval '1 second' WHERE id = :id", id=job.id)
    reconcile_jobs(world.engine)
    job = _claim_again(world, job)
    calls += 1
    assert tries_left(job) == 1
    assert fail_job(world.engine, job, code="step-failed") == "ready"
    world.clock.move_to(world.clock.now() + timedelta(seconds=5))
    job = _claim_again(world, job)
    calls += 1
    assert tries_left(job) == 0
    assert fail_job(world.engine, job, code="step-failed") == "aside"
    assert calls == job.retries + 1


def test_a_job_that_failed_is_on_the_board_and_in_doctor_while_it_is_tried_again(world: World) -> None:
    world.open()
    job = world.jobs()[0]
    assert not world.engine.ask_board(admin_board, SYSTEM).tried_jobs
    assert note_failure(world.engine, job, code="step-failed", why="ConnectError at one.steps:41 in f")
    [tried] = world.engine.ask_board(admin_board, SYSTEM).tried_jobs
    assert (tried.status, tried.attempt) == ("claimed", 2)
    assert tried.error_code == "step-failed: ConnectError at one.steps:41 in f"
    [found] = [one for one in _ailments(world.engine) if one.code == "tried-jobs"]
    assert "ConnectError at one.steps:41 in f" in found.problem
    world.do(job)
    assert not world.engine.ask_board(admin_board, SYSTEM).tried_jobs


def test_a_pause_keeps_jobs_back_from_every_batch_but_not_what_is_critical(world: World) -> None:
    admin, opened = world.who("system_administrator"), world.open()
    [out] = dispatchable(world.engine, limit=1)
    with pytest.raises(InvalidAnswersError):
        pause_jobs(world.engine, viewer=admin, reason_code="because")
    with pytest.raises(NotAllowedError):
        pause_jobs(world.engine, viewer=world.who("supervisor"), reason_code="because")
    assert pause_jobs(world.engine, viewer=admin, reason_code="repair")
    assert not pause_jobs(world.engine, viewer=admin, reason_code="wrong_work"), "who paused first is who is named"
    assert claim_jobs(world.engine, batch_id=out.id, worker="one", limit=5) == ()
    abandon_batch(world.engine, batch_id=out.id)
    assert dispatchable(world.engine, limit=5) == ()
    world.rows("UPDATE job SET critical = true, kind = 'deliver' WHERE case_id = :case", case=opened.case_id)
    [urgent] = claim_urgent_jobs(world.engine, worker="one", limit=1)
    release_job(world.engine, urgent)
    board = world.engine.ask_board(admin_board, SYSTEM)
    assert board.pause is not None
    assert (board.pause.by, board.pause.reason) == (admin.name, "This machine or its database is being repaired")
    [found] = [one for one in _ailments(world.engine) if one.code == "jobs-paused"]
    assert f"UTC by {admin.name}. This machine or its database is being repaired." in found.problem
    assert job_pause(world.engine) == (True, False)
    note_pause_known(world.engine, is_on=False)
    assert job_pause(world.engine) == (True, False), "Prefect was told what does not hold any more"
    note_pause_known(world.engine, is_on=True)
    assert job_pause(world.engine) == (True, True)
    with pytest.raises(NotAllowedError):
        resume_jobs(world.engine, viewer=world.who("supervisor"))
    assert resume_jobs(world.engine, viewer=admin)
    assert not resume_jobs(world.engine, viewer=admin)
    assert job_pause(world.engine) == (False, False)
    assert len(dispatchable(world.engine, limit=5)) == 1
    kept = world.rows(
        "SELECT type, body ->> 'reason_code', actor_id FROM audit_event WHERE stream = 'jobs' ORDER BY seq"
    )
    assert [tuple(row) for row in kept] == [
        ("JobsPaused", "repair", admin.actor_id), ("JobsResumed", None, admin.actor_id)
    ]  # fmt: skip


def test_only_who_keeps_the_system_running_tries_a_job_again_that_was_set_aside(world: World) -> None:
    world.open()
    job = world.jobs()[0]
    world.rows("UPDATE job SET status = 'aside', attempt = 5 WHERE id = :id", id=job.id)
    world.refuses(NotAllowedError, retry_job, job.id, by="caseworker")
    retry_job(world.engine, job.id, viewer=world.who("system_administrator"))
    assert _claim_again(world, job).attempt == 1


def test_a_batch_is_not_closed_while_one_of_its_cases_has_work(world: World) -> None:
    world.open()
    batch = dispatchable(world.engine, limit=5)[0]
    assert not close_batch(world.engine, batch_id=batch.id)
    for job in claim_jobs(world.engine, batch_id=batch.id, worker="w", limit=9):
        world.do(job)
    assert close_batch(world.engine, batch_id=batch.id)


def test_the_jobs_of_a_cancelled_batch_wait_until_it_is_tried_again(world: World) -> None:
    world.open()
    batch = dispatchable(world.engine, limit=5)[0]
    assert hold_batch(world.engine, batch_id=batch.id) == 1
    assert dispatchable(world.engine, limit=5) == ()
    assert len(claim_jobs(world.engine, batch_id=batch.id, worker="w", limit=9)) == 1


def test_the_work_of_a_lost_batch_is_handed_out_again(world: World) -> None:
    world.open()
    batch = dispatchable(world.engine, limit=5)[0]
    lost = claim_jobs(world.engine, batch_id=batch.id, worker="w", limit=9)
    abandon_batch(world.engine, batch_id=batch.id)
    assert {job.id for job in world.jobs()} == {job.id for job in lost}


def test_many_cases_go_out_together_and_few_each_by_itself(world: World) -> None:
    for _ in range(3):
        world.open()
    assert [len(batch.case_numbers) for batch in dispatchable(world.engine, limit=2)] == [3]
    for _ in range(2):
        world.open()
    assert [len(batch.case_numbers) for batch in dispatchable(world.engine, limit=9)] == [1, 1]


def test_preparing_a_step_proposes_answers_sealed_and_tells_who_may_do_it(world: World) -> None:
    opened = world.at_look()
    world.do_jobs()
    worker = world.who("caseworker")
    item = world.item(opened.case_id, "look")
    form = world.engine.ask(item_form, worker, item.id)
    assert any(field.value == CANARY or getattr(field, "proposal", None) == CANARY for field in form.fields)
    kinds = world.rows("SELECT kind FROM message WHERE recipient_id = :who", who=worker.actor_id)
    assert "assigned" in {row.kind for row in kinds}
    assert CANARY not in world.dump()


def test_concluding_a_step_keeps_its_paper_sealed_and_only_facts_that_are_declared(world: World) -> None:
    opened = world.at_talk()
    world.do_jobs()
    assert (
        world.rows("SELECT name FROM document WHERE case_id = :case", case=opened.case_id)[0].name == "production-memo"
    )
    assert set(world.state(opened.case_id).facts) == {"was_seen", "was_counted"}
    assert CANARY not in world.dump()


def test_an_automatic_step_ends_with_the_outputs_that_it_declares_and_no_others(world: World) -> None:
    opened = world.at_talk()
    world.do_jobs()
    step = next(step for step in world.state(opened.case_id).steps.values() if step.key == "count")
    assert step.status.value == "ended"
    assert dict(step.outputs) == {"found": 3, "at": world.clock.now().isoformat()}


@pytest.mark.parametrize("key", ["talk", "count"])
def test_a_pillars_function_that_raises_changes_nothing_and_its_words_go_nowhere(world: World, key: str) -> None:
    opened = world.open(workflow="fragile", report_type="reporting.intake")
    job = next(job for job in world.jobs() if _key(world, job) == key)
    before = world.state(opened.case_id).case
    with pytest.raises(StepFailedError) as failed:
        world.do(job)
    assert SECRET not in str(failed.value)
    assert re.search(r"ValueError at tests\.kit\.trial:\d+ in (_prepare_talk|COUNT)", str(failed.value))
    assert failed.value.__cause__ is None
    assert world.state(opened.case_id).case == before
    assert world.rows("SELECT status FROM job WHERE id = :id", id=job.id)[0].status == "claimed"


def test_an_output_that_was_not_declared_is_refused(world: World) -> None:
    opened = world.open(workflow="chatty", report_type="reporting.intake")
    job = next(job for job in world.jobs() if _key(world, job) == "count")
    with pytest.raises(StepFailedError, match="gave the output undeclared, which it does not declare"):
        world.do(job)
    assert world.rows("SELECT 1 FROM answer WHERE case_id = :case AND step_id = :step",
                      case=opened.case_id, step=job.step_id) == []  # fmt: skip


@pytest.mark.parametrize("other", [
    {"name": "রহিমা খাতুন"},
    {"name": "Rohima Khatoon"},
    {"name": "X", "aliases": ["Mst Rahima  Khatun"]},
    {"name": "Y", "phone": "+91 98640-12345"},
])  # fmt: skip
def test_a_person_known_in_another_case_of_the_unit_is_found_and_only_whom_to_call_is_told(
    world: World, other: dict[str, object]
) -> None:
    before, mine = world.open(), world.open()
    _name(world, before.case_id, world.who("caseworker"), other)
    _name(world, mine.case_id, world.who("caseworker"), {"name": "Rahima Khatun", "phone": "09864012345"})
    with world.engine.transaction() as tx:
        people = [person.person_id for person in world.state(mine.case_id).persons]
        found = tx.of(PersonStore).matches(people, case_id=mine.case_id)
    assert [(match.unit, match.contact) for match in found] == [("Unit IN (Here)", "duty desk IN")]


def test_nobody_like_them_is_nobody(world: World) -> None:
    before, mine = world.open(), world.open()
    _name(world, before.case_id, world.who("caseworker"), {"name": "Sita Tamang", "phone": "9841000000"})
    _name(world, mine.case_id, world.who("caseworker"), {"name": "Rahima Khatun", "phone": "09864012345"})
    with world.engine.transaction() as tx:
        people = [person.person_id for person in world.state(mine.case_id).persons]
        assert tx.of(PersonStore).matches(people, case_id=mine.case_id) == ()


def test_a_run_that_begins_later_has_its_jobs_too(world: World) -> None:
    opened = world.open()
    world.do_jobs()
    world.act(start_run, opened.case_id, by="case_manager", workflow="fragile")
    assert {_key(world, job) for job in world.jobs()} == {"talk", "count"}


def _name(world: World, case_id: UUID, viewer: object, identity: dict[str, object]) -> None:
    person = world.state(case_id).persons[0].person_id
    world.act(identify_person, person, case_id=case_id, by=viewer, identity=identity  # type: ignore[arg-type]
    )  # fmt: skip


def _key(world: World, job: ClaimedJob) -> str:
    return str(world.rows("SELECT key FROM step WHERE id = :id", id=job.step_id)[0].key)


def _claim_again(world: World, job: ClaimedJob) -> ClaimedJob:
    batch = world.rows("SELECT batch_id FROM dispatch WHERE case_id = :case", case=job.case_id)[0].batch_id
    found = claim_jobs(world.engine, batch_id=batch, worker="again", limit=9)
    return next(one for one in found if one.id == job.id)


def test_a_batch_at_work_takes_on_waiting_cases_of_its_workflow_when_asked_to(world: World) -> None:
    first = world.open()
    (batch,) = dispatchable(world.engine, limit=8, bundled=True)
    second, third = world.open(), world.open()
    assert refill_batch(world.engine, batch_id=batch.id, unless_fewer_open=8) == 0
    assert refill_batch(world.engine, batch_id=batch.id, unless_fewer_open=1) == 2
    jobs = claim_jobs(world.engine, batch_id=batch.id, worker="one", limit=50)
    assert {job.case_id for job in jobs} == {first.case_id, second.case_id, third.case_id}
    assert dispatchable(world.engine, limit=8) == ()
    assert refill_batch(world.engine, batch_id=batch.id, unless_fewer_open=0) == 0
    abandon_batch(world.engine, batch_id=batch.id)
    world.open()
    assert refill_batch(world.engine, batch_id=batch.id, unless_fewer_open=0) == 0


def test_few_cases_share_a_batch_only_where_they_are_to_be_bundled(world: World) -> None:
    for _ in range(3):
        world.open()
    (batch,) = dispatchable(world.engine, limit=8, bundled=True)
    assert len(batch.case_numbers) == 3
    abandon_batch(world.engine, batch_id=batch.id)
    assert len(dispatchable(world.engine, limit=8)) == 3
