"""What a person caused is done with the rights that this person has when it is done."""

from uuid import uuid4

import pytest

from engine.access.store import AccessStore
from engine.core.access import Recusal, RecusalReason
from engine.core.consequences import JobKind
from engine.core.policy import Viewer
from engine.jobs.actions.serve import claim_jobs, retry_job
from engine.jobs.records import ClaimedJob
from engine.sharing.store import TransferStore
from engine.work.actions.reading import HAS_NO_ACCESS, IS_DISABLED, OF_A_PERSON
from tests.kit.world import World


def concluding(world: World) -> tuple[ClaimedJob, Viewer]:
    """Return the job that follows from the caseworker's look, claimed, and who asked for it."""
    world.at_talk()
    asker = world.who("caseworker")
    mine = [job for job in world.jobs() if job.asked_by == asker.actor_id and job.kind == JobKind.CONCLUDE]
    assert len(mine) == 1
    return mine[0], asker


def disable(world: World, asker: Viewer, _: ClaimedJob) -> None:
    world.rows("UPDATE actor SET disabled = true WHERE id = :id", id=asker.actor_id)


def take_roles(world: World, asker: Viewer, _: ClaimedJob) -> None:
    world.rows("DELETE FROM membership WHERE actor_id = :id", id=asker.actor_id)


def deny(world: World, asker: Viewer, job: ClaimedJob) -> None:
    denial = Recusal(
        reason=RecusalReason.DENIED, id=uuid4(), case_id=job.case_id, actor_id=asker.actor_id, reason_code="safety",
        set_at=world.clock.now(),
    )  # fmt: skip
    with world.engine.transaction() as tx:
        tx.of(AccessStore).recuse(denial)
        tx.commit()


def note_conflict(world: World, asker: Viewer, job: ClaimedJob) -> None:
    world.rows(
        "INSERT INTO recusal (id, case_id, actor_id, reason, reason_code, set_at)"
        " VALUES (gen_random_uuid(), :case, :actor, 'conflict_of_interest', 'relative', now())",
        case=job.case_id, actor=asker.actor_id,
    )  # fmt: skip


@pytest.mark.parametrize(("happens", "reason"), [
    (disable, IS_DISABLED), (take_roles, HAS_NO_ACCESS), (deny, HAS_NO_ACCESS), (note_conflict, HAS_NO_ACCESS),
])  # fmt: skip
def test_a_job_is_set_aside_when_who_asked_for_it_may_no_longer(world: World, happens: object, reason: str) -> None:
    job, asker = concluding(world)
    assert callable(happens)
    happens(world, asker, job)
    before = world.rows('SELECT revision, chain_length FROM "case" WHERE id = :id', id=job.case_id)
    papers = world.rows("SELECT count(*) FROM document WHERE case_id = :id", id=job.case_id)
    assert world.do(job) == "aside"
    assert world.rows("SELECT status, error_code FROM job WHERE id = :id", id=job.id) == [("aside", reason)]
    assert world.rows('SELECT revision, chain_length FROM "case" WHERE id = :id', id=job.case_id) == before
    assert world.rows("SELECT count(*) FROM document WHERE case_id = :id", id=job.case_id) == papers


def test_whoever_has_it_tried_again_is_who_asks_for_it(world: World) -> None:
    job, asker = concluding(world)
    disable(world, asker, job)
    assert world.do(job) == "aside"
    mender = world.who("system_administrator")
    retry_job(world.engine, job.id, viewer=mender)
    again = _claim_again(world, job)
    assert again.asked_by == mender.actor_id
    assert world.do(again) == "done"


def test_what_readies_the_next_work_and_what_is_sent_goes_on(world: World) -> None:
    """A colleague who left must not keep others from being told."""
    world.at_talk()
    asker = world.who("caseworker")
    for job in (jobs := world.jobs()):
        take_roles(world, asker, job)
    assert {JobKind(job.kind) for job in jobs if world.do(job) == "aside"} == OF_A_PERSON
    world.do_jobs()
    assert world.rows("SELECT 1 FROM job WHERE status = 'aside' AND kind = 'deliver'") == []
    talk = world.rows(
        "SELECT 1 FROM job WHERE status = 'done' AND kind = 'prepare' AND asked_by = :by", by=asker.actor_id
    )
    assert len(talk) == 1


def test_who_still_has_the_role_gets_it_done(world: World) -> None:
    job, _ = concluding(world)
    assert world.do(job) == "done"


def test_what_the_system_does_by_itself_names_nobody(world: World) -> None:
    world.at_talk()
    world.do_jobs()
    assert world.rows("SELECT 1 FROM job WHERE kind IN ('deliver', 'escalate') AND asked_by IS NOT NULL") == []


def test_what_waits_when_a_case_moves_to_another_unit_goes_on(world: World) -> None:
    opened = world.at_talk()
    with world.engine.transaction() as tx:
        tx.of(TransferStore).move(opened.case_id, to_unit_id=world.other_unit)
        tx.commit()
    jobs = world.jobs()
    assert {JobKind(job.kind) for job in jobs} >= OF_A_PERSON
    assert {world.do(job) for job in jobs} == {"done"}


def _claim_again(world: World, job: ClaimedJob) -> ClaimedJob:
    batch = world.rows("SELECT batch_id FROM dispatch WHERE case_id = :case", case=job.case_id)[0].batch_id
    found = claim_jobs(world.engine, batch_id=batch, worker="again", limit=9)
    return next(one for one in found if one.id == job.id)
