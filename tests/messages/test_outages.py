"""Outages of the way out: nothing is lost, nothing is doubled once it was taken, and what is dangerous goes first."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.errors import InvalidAnswersError, NotFoundError
from engine.jobs.store import JobStore
from engine.messages.actions.channels import drop_delivery, retry_delivery
from engine.messages.actions.delivering import LEASE, MOST_DELIVERIES, deliver_unattended
from engine.messages.deliveries import DeliveryStore
from engine.messages.mail import SmtpSending
from engine.messages.records import NewMessage, Outgoing
from engine.messages.store import MessageStore
from engine.web.terminal import SYSTEM
from tests.kit.servers import DEFERS, DIES, DIES_EARLY, TAKES, Mail, mail_server
from tests.kit.world import World, with_channels

pytestmark = pytest.mark.long


@pytest.fixture
def mail() -> Iterator[Mail]:
    """Serve e-mail."""
    with mail_server() as served:
        yield served


def _case(world: World) -> UUID:
    """Open a case, and do what its jobs do by themselves."""
    case_id = world.open().case_id
    world.do_jobs()
    return case_id


def _write(world: World, case_id: UUID | None, name: str, *, critical: bool = False, to: str = "caseworker") -> str:
    """Write a message and the job that sends it; returns its Message-ID."""
    person = world.who(to).actor_id
    message = NewMessage(
        key=f"{case_id}|{name}|{person}|email", case_id=case_id, kind="escalated" if critical else "assigned",
        recipient_id=person, channel="email", subject=name, body=f"{name}.\n", link="/", critical=critical,
        html=f"<p>{name}.</p>",
    )  # fmt: skip
    now = world.later(seconds=1)
    with world.engine.transaction() as tx:
        tx.of(MessageStore).add(message, unit_id=world.unit, at=now)
        if case_id is not None:
            tx.of(DeliveryStore).queue(case_id, channel="email", job_id=uuid4(), critical=critical, now=now)
        tx.commit()
    (row,) = world.rows("SELECT id FROM message WHERE subject = :name", name=name)
    return f"<{row[0]}@example.org>"


def _pass(world: World, until: datetime) -> None:
    """Let time pass, doing every job when it comes due."""
    while world.clock.now() < until:
        (row,) = world.rows("SELECT min(ready_at) FROM job WHERE status = 'ready'")
        world.clock.move_to(min(until, max(row[0] or until, world.clock.now() + timedelta(seconds=1))))
        world.do_jobs()


def _give_back_and_do(world: World) -> None:
    """Give back the batches that are out, as a worker that is gone would, and do all that is due."""
    with world.engine.transaction() as tx:
        for (batch_id,) in world.rows("SELECT id FROM batch WHERE closed_at IS NULL"):
            tx.of(JobStore).abandon_batch(batch_id)
        tx.commit()
    world.do_jobs()


def _states(world: World) -> dict[str, str]:
    rows = world.rows("SELECT m.subject, d.status FROM delivery d JOIN message m ON m.id = d.message_id "
                      "WHERE d.channel = 'email'")  # fmt: skip
    return {row[0]: row[1] for row in rows}


def test_after_eight_hours_of_outage_all_arrives_once_in_order_of_danger_under_one_id(world: World, mail: Mail) -> None:
    world = with_channels(world, email=mail.channel())
    cases = [_case(world) for _ in range(3)]
    ordinary = [_write(world, case_id, f"plain{place}{n}") for place, case_id in enumerate(cases) for n in range(2)]
    mail.mood = DIES
    begun = world.clock.now()
    world.do_jobs()
    critical = [_write(world, case_id, f"danger{place}", critical=True) for place, case_id in enumerate(cases)]
    moods = [None, DIES, DEFERS, DIES_EARLY]
    for hour in range(8):
        mood = moods[hour % len(moods)]
        if mood is None:
            mail.refuse()
        else:
            mail.serve()
            mail.mood = mood
        _pass(world, begun + timedelta(hours=hour + 1))
    assert mail.taken == []
    tried = list(mail.seen)
    mail.mood = TAKES
    mail.serve()
    _pass(world, begun + timedelta(hours=9))
    assert mail.ids()[:3] == critical
    assert sorted(mail.ids()) == sorted(critical + ordinary)
    assert set(_states(world).values()) == {"delivered"}
    bytes_of = {str(message["Message-ID"]): message.as_bytes() for message in mail.taken}
    assert tried
    assert all(message.as_bytes() == bytes_of[str(message["Message-ID"])] for message in tried)


def test_critical_messages_of_any_case_go_before_all_others(world: World, mail: Mail) -> None:
    world = with_channels(world, email=mail.channel())
    first, second = _case(world), _case(world)
    plain = [_write(world, first, f"plain{number}") for number in range(30)]
    critical = _write(world, second, "danger", critical=True)
    job = next(job for job in world.jobs() if job.case_id == first and job.kind == "deliver")
    world.do(job)
    assert mail.ids() == [critical, *plain]


def test_one_job_sends_what_waits_for_many_cases_over_one_connection_and_the_other_jobs_are_spared(
    world: World, mail: Mail
) -> None:
    world = with_channels(world, email=mail.channel())
    cases = [_case(world) for _ in range(12)]
    for place, case_id in enumerate(cases):
        for number in range(10):
            _write(world, case_id, f"m{place}x{number}")
    (batch, *_) = [job for job in world.jobs() if job.case_id == cases[0] and job.kind == "deliver"]
    assert world.do(batch) == "ready"
    assert (len(mail.taken), mail.connections) == (MOST_DELIVERIES, 1)
    _give_back_and_do(world)
    assert len(set(mail.ids())) == len(mail.ids()) == 120
    assert world.rows("SELECT count(*) FROM job WHERE kind = 'deliver' AND status <> 'done'") == [(0,)]
    assert mail.connections < 20


class Broken(SmtpSending):
    """A connection in which one message breaks something that nobody foresaw."""

    def __init__(self, inner: Any, subject: str) -> None:
        self.inner, self.subject = inner, subject

    def send(self, message: Outgoing) -> None:
        if message.subject == self.subject:
            raise ZeroDivisionError
        self.inner.send(message)


class Breaking:
    """A channel with such a connection; what is good goes through the real one."""

    def __init__(self, channel: Any, subject: str) -> None:
        self.channel, self.subject = channel, subject

    @contextmanager
    def open(self) -> Iterator[Broken]:
        with self.channel.open() as inner:
            yield Broken(inner, self.subject)


def test_a_poisoned_message_is_given_up_and_its_neighbours_are_sent(world: World, mail: Mail) -> None:
    mail.answers = {"gone@example.org": "550 nobody here"}
    world = with_channels(world, email=Breaking(mail.channel(), "poison"))
    world.change_actor(world.who("counsellor"), email="x@example.org\r\nBcc: y@example.org")
    world.change_actor(world.who("supervisor"), email="gone@example.org")
    case_id = _case(world)
    good = [_write(world, case_id, "before")]
    _write(world, case_id, "poison")
    _write(world, case_id, "broken", to="counsellor")
    _write(world, case_id, "gone", to="supervisor")
    good.append(_write(world, case_id, "after"))
    world.do_jobs()
    assert mail.ids() == good
    assert _states(world) == {
        "before": "delivered", "poison": "waiting", "broken": "dead", "gone": "dead", "after": "delivered",
    }  # fmt: skip
    _pass(world, world.clock.now() + timedelta(hours=2))
    rows = world.rows(
        "SELECT m.subject, d.error_code, d.attempt FROM delivery d JOIN message m ON m.id = d.message_id "
        "WHERE d.status = 'dead' ORDER BY m.subject"
    )
    assert [row[0] for row in rows] == ["broken", "gone", "poison"]
    assert [row[1:] for row in rows][1:] == [("answer-550", 1), ("unexpected", 5)]


def test_what_nobody_takes_for_72_hours_becomes_work_for_a_person_who_may_try_again_or_drop_it(
    world: World, mail: Mail
) -> None:
    world = with_channels(world, email=mail.channel())
    mail.mood = DEFERS
    case_id = _case(world)
    wanted = _write(world, case_id, "wanted")
    _write(world, case_id, "stale")
    begun = world.clock.now()
    world.do_jobs()
    _pass(world, begun + timedelta(hours=71, minutes=50))
    assert set(_states(world).values()) == {"waiting"}
    _pass(world, begun + timedelta(hours=72, minutes=30))
    assert set(_states(world).values()) == {"dead"}
    assert world.rows("SELECT count(*) FROM job WHERE kind = 'deliver' AND status <> 'done'") == [(0,)]
    ids = {
        row[0]: row[1]
        for row in world.rows("SELECT m.subject, d.id FROM delivery d JOIN message m ON m.id = d.message_id")
    }
    mail.mood = TAKES
    retry_delivery(world.engine, ids["wanted"], viewer=SYSTEM)
    world.refuses(InvalidAnswersError, drop_delivery, ids["stale"], by=SYSTEM, reason="Sabitri was told by telephone")
    drop_delivery(world.engine, ids["stale"], viewer=SYSTEM, reason="told_otherwise")
    world.refuses(NotFoundError, retry_delivery, ids["stale"], by=SYSTEM)
    world.do_jobs()
    assert mail.ids() == [wanted]
    assert _states(world) == {"wanted": "delivered", "stale": "dropped"}


def test_a_crash_after_sending_sends_a_copy_under_the_same_id_when_the_lease_is_over(world: World, mail: Mail) -> None:
    class Dying:
        @contextmanager
        def open(self) -> Iterator["Dying"]:
            yield self

        def send(self, message: Outgoing) -> None:
            with mail.channel().open() as sending:
                sending.send(message)
            raise SystemExit

    case_id = _case(world)
    wanted = _write(world, case_id, "one")
    job = next(job for job in world.jobs() if job.kind == "deliver")
    with pytest.raises(SystemExit):
        with_channels(world, email=Dying()).do(job)
    world = with_channels(world, email=mail.channel())
    assert world.do(job) == "ready"
    assert mail.ids() == [wanted]
    world.clock.move_to(world.clock.now() + LEASE)
    _give_back_and_do(world)
    assert mail.ids() == [wanted, wanted]
    assert mail.taken[0].as_bytes() == mail.taken[1].as_bytes()
    assert _states(world) == {"one": "delivered"}


def test_two_workers_at_once_send_each_message_once(world: World, mail: Mail) -> None:
    world = with_channels(world, email=mail.channel())
    cases = [_case(world), _case(world)]
    wanted = [_write(world, cases[number % 2], f"m{number}") for number in range(60)]
    claimed = [job for job in world.jobs() if job.kind == "deliver"]
    jobs = [next(job for job in claimed if job.case_id == case_id) for case_id in cases]
    barrier = Barrier(2)

    def run(job: Any) -> None:
        barrier.wait()
        world.do(job)

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail.ids()) == sorted(wanted)


def test_a_message_of_no_case_is_sent_by_the_housekeeping(world: World, mail: Mail) -> None:
    world = with_channels(world, email=mail.channel())
    wanted = _write(world, None, "digest")
    assert deliver_unattended(world.engine) == 1
    assert deliver_unattended(world.engine) == 0
    assert mail.ids() == [wanted]
