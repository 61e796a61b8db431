"""What waits for a channel is tried until it is taken, or given up as work for a person."""

from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import DeliveryError
from engine.jobs.store import JobStore
from engine.ports import ClaimedJob, Outgoing
from engine.work.actions.items import claim_work_item
from tests.kit.world import World, with_channels


class Refusing:
    """A channel that refuses everything, for now or for good."""

    def __init__(self, *, permanent: bool) -> None:
        self.permanent = permanent
        self.tried: list[str] = []

    @contextmanager
    def open(self) -> Iterator["Refusing"]:
        yield self

    def send(self, message: Outgoing) -> None:
        self.tried.append(message.message_id)
        raise DeliveryError(channel="email", reason="no", permanent=self.permanent)


def _mail_to_send(world: World) -> ClaimedJob:
    case_id = world.at_look().case_id
    item = world.item(case_id, "look")
    world.act(claim_work_item, item.id, by="caseworker")
    world.do_jobs()
    world.later(hours=6)
    world.fire()
    return next(job for job in world.jobs() if job.kind == "deliver")


def _close_and_do(world: World) -> None:
    """Give back the batches that are out, and do all that is due."""
    with world.engine.transaction() as tx:
        for (batch_id,) in world.rows("SELECT id FROM batch WHERE closed_at IS NULL"):
            tx.of(JobStore).abandon_batch(batch_id)
        tx.commit()
    world.do_jobs()


def _states(world: World) -> set[str]:
    return {row[0] for row in world.rows("SELECT status FROM delivery WHERE channel = 'email'")}


def test_a_message_that_is_taken_is_sent_once(world: World) -> None:
    job = _mail_to_send(world)
    assert world.do(job) == "done"
    assert world.do(job) == "done"
    assert len(world.channel.sent) == 1
    assert _states(world) == {"delivered"}


def test_a_message_that_is_refused_for_now_is_tried_again_later_under_the_same_id(world: World) -> None:
    job = _mail_to_send(world)
    refusing = Refusing(permanent=False)
    assert with_channels(world, email=refusing).do(job) == "ready"
    assert _states(world) == {"waiting"}
    world.later(minutes=2)
    _close_and_do(world)
    assert _states(world) == {"delivered"}
    assert [message_id for *_, message_id in world.channel.sent] == refusing.tried


def test_a_message_that_is_refused_for_good_is_given_up_and_the_job_ends(world: World) -> None:
    job = _mail_to_send(world)
    assert with_channels(world, email=Refusing(permanent=True)).do(job) == "done"
    assert _states(world) == {"dead"}


def test_a_channel_that_is_no_longer_set_up_loses_nothing(world: World) -> None:
    job = _mail_to_send(world)
    assert with_channels(world).do(job) == "ready"
    assert _states(world) == {"waiting"}
