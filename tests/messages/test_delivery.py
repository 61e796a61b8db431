"""Messages are tried until they are taken or given up, through a real mail server, under one Message-ID."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from engine.jobs.records import ClaimedJob
from engine.jobs.store import JobStore
from engine.messages.actions.channels import save_preference
from engine.messages.actions.delivering import AWAY, MOST_UNEXPECTED, UNEXPECTED, next_try, wants_other_way
from engine.messages.mail import SmtpChannel
from engine.messages.records import ClaimedDelivery, DeliveryError, Outgoing
from engine.work.actions.items import claim_work_item
from tests.kit.servers import DEFERS, DIES, DIES_EARLY, TAKES, Mail, mail_server, self_signed
from tests.kit.world import World, with_channels

WRITTEN = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)


@pytest.fixture
def mail() -> Iterator[Mail]:
    """Serve SMTP on a free port."""
    with mail_server() as served:
        yield served


def _outgoing(message_id: str = "one", **more: str) -> Outgoing:
    words = {"to": "a@example.org", "subject": "Due", "body": "Look.\n", "html": "<p>Look.</p>"} | more
    return Outgoing(message_id=message_id, written_at=WRITTEN, **words)


def _send(channel: SmtpChannel, message_id: str = "one", **more: str) -> None:
    with channel.open() as sending:
        sending.send(_outgoing(message_id, **more))


def _refused(channel: SmtpChannel, **more: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        _send(channel, **more)
    return refused.value


def _parts(message: Message) -> dict[str, Any]:
    return {
        part.get_content_type(): part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()
    }


def test_a_second_try_has_the_same_message_id_and_the_same_bytes(mail: Mail) -> None:
    mail.mood = DEFERS
    assert not _refused(mail.channel()).permanent
    mail.mood = TAKES
    _send(mail.channel())
    assert [message["Message-ID"] for message in mail.seen] == ["<one@example.org>"] * 2
    assert mail.seen[0].as_bytes() == mail.seen[1].as_bytes()


def test_a_message_says_when_it_was_written_and_that_no_person_wrote_it_in_text_and_html(mail: Mail) -> None:
    _send(mail.channel())
    (message,) = mail.taken
    assert message["Date"] == "Sat, 07 Mar 2026 06:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert {kind: words.strip() for kind, words in _parts(message).items()} == {
        "text/plain": b"Look.", "text/html": b"<p>Look.</p>",
    }  # fmt: skip
    assert {name.lower() for name in message} <= {
        "from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type", "x-peer",
        "x-mailfrom", "x-rcptto",
    }  # fmt: skip


@pytest.mark.parametrize("html", ["", "<p>Wörter = Worte.</p>\r\n\r\n<p>--icmc-other--</p>"])
@pytest.mark.parametrize(
    "words", ["", "Look.\n", "From here\n.\n--icmc-other\n" + "lang, länger " * 20, "हिन्दी \t\n\n"]
)
def test_the_standard_library_reads_an_e_mail_as_it_was_meant(words: str, html: str) -> None:
    channel = SmtpChannel(host="localhost", port=25, sender="icmc@example.org", security="none")
    message = _outgoing("odd", subject=words, body=words, html=html)
    read = message_from_bytes(channel.written(message), EmailMessage, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    assert (read["Subject"] or "").split() == words.split()
    parts = {part.get_content_subtype(): part.get_content() for part in read.walk() if not part.is_multipart()}
    expected = {"plain": words} | ({"html": html} if html else {})
    assert {kind: text.splitlines() for kind, text in parts.items()} == {
        kind: text.splitlines() for kind, text in expected.items()
    }


def test_a_message_without_html_is_plain_text_alone(mail: Mail) -> None:
    _send(mail.channel(), html="")
    assert mail.taken[0].get_content_type() == "text/plain"


def test_a_refusal_for_good_is_not_tried_again(mail: Mail) -> None:
    mail.answers = {"a@example.org": "550 nobody here"}
    assert _refused(mail.channel()).permanent


@pytest.mark.parametrize("mood", [DIES, DIES_EARLY])
def test_a_connection_that_dies_is_opened_again_for_the_next_message(mail: Mail, mood: str) -> None:
    with mail.channel().open() as sending:
        mail.mood = mood
        with pytest.raises(DeliveryError) as refused:
            sending.send(_outgoing("one"))
        mail.mood = TAKES
        sending.send(_outgoing("two"))
        sending.send(_outgoing("three"))
    assert (refused.value.permanent, refused.value.away) == (False, False)
    assert mail.ids() == ["<two@example.org>", "<three@example.org>"]
    assert mail.connections == 2


def test_a_server_that_is_not_there_is_away_whatever_the_message(mail: Mail) -> None:
    channel = mail.channel()
    mail.refuse()
    assert _refused(channel).away


def test_a_line_break_in_a_subject_adds_no_header(mail: Mail) -> None:
    _send(mail.channel(), subject="Due\r\nBcc: b@example.org\nX: y")
    assert mail.taken[0]["Bcc"] is None
    assert mail.taken[0]["Subject"] == "Due Bcc: b@example.org X: y"


@pytest.mark.parametrize("to", ["a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "", "nobody"])
def test_an_address_that_is_more_or_less_than_one_address_is_refused_for_good(mail: Mail, to: str) -> None:
    assert _refused(mail.channel(), to=to).permanent
    assert mail.seen == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_proves_itself_to_nobody_gets_nothing(mail: Mail, security: str, tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with _server(context, security) as secure:
        refused = _refused(secure.channel(security=security), message_id=str(uuid4()))
    assert (refused.reason, refused.away, secure.seen) == ("SSLCertVerificationError", True, [])
    assert mail.seen == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_whose_certificate_is_trusted_gets_the_message_and_the_password(security: str, tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path)
    given: list[bytes] = []

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        given.append(login.password)
        return AuthResult(success=True)

    with _server(context, security, authenticator=known) as secure:
        trust = ssl.create_default_context(cafile=str(certificate))
        _send(secure.channel(security=security, trust=trust, user="icmc", password=SecretStr("sesame")))
    assert secure.ids() == ["<one@example.org>"]
    assert given == [b"sesame"]


def test_a_server_that_offers_no_encryption_gets_nothing(mail: Mail) -> None:
    assert _refused(mail.channel(security="starttls")).away
    assert mail.seen == []


def _server(context: ssl.SSLContext, security: str, **more: Any) -> Any:
    if security == "tls":
        return mail_server(wrap=context, more={"auth_require_tls": False} | more)
    return mail_server(tls=context, more=more)


NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
_SPACE = UUID(int=7)


def tried(attempt: int, *, minutes: float = 0, critical: bool = False, number: int = 0) -> ClaimedDelivery:
    """Return a delivery that was written and first tried so many minutes ago."""
    begun, unit = NOW - timedelta(minutes=minutes), uuid5(_SPACE, "unit")
    return ClaimedDelivery(
        id=uuid5(_SPACE, str(number)), message_id=unit, case_id=unit, unit_id=unit, recipient_id=unit, channel="email",
        address="asha@example.org", subject="", body="", html="", critical=critical, written_at=begun,
        first_tried_at=begun, attempt=attempt, last_code=None, lane=0, code_of=None,
    )  # fmt: skip


def wait(delivery: ClaimedDelivery, *, code: str = AWAY, has_other_way: bool = False) -> timedelta | None:
    again = next_try(delivery, code=code, has_other_way=has_other_way, now=NOW)
    return None if again is None else again - NOW


@pytest.mark.parametrize(
    ("attempt", "least", "most"), [(1, 60, 75), (2, 120, 150), (4, 480, 600), (6, 1440, 1800), (300, 1440, 1800)]
)
def test_a_try_is_repeated_after_1_to_30_minutes_and_not_by_all_at_once(attempt: int, least: int, most: int) -> None:
    waits = {wait(tried(attempt, number=number)) for number in range(50)}
    assert len(waits) > 40
    assert all(one is not None and timedelta(seconds=least) <= one <= timedelta(seconds=most) for one in waits)
    assert wait(tried(attempt)) == wait(tried(attempt))


def test_after_72_hours_there_is_one_last_try_and_then_none() -> None:
    assert wait(tried(99, minutes=72 * 60 - 5)) == timedelta(minutes=5)
    assert wait(tried(100, minutes=72 * 60)) is None


def test_what_breaks_in_an_unforeseen_way_is_given_up_after_a_few_tries() -> None:
    assert wait(tried(MOST_UNEXPECTED - 1), code=UNEXPECTED) is not None
    assert wait(tried(MOST_UNEXPECTED), code=UNEXPECTED) is None
    assert wait(tried(MOST_UNEXPECTED), code=AWAY) is not None


def test_a_critical_message_takes_another_way_after_ten_minutes_or_at_once_when_it_is_given_up() -> None:
    assert wait(tried(5, minutes=7, critical=True), has_other_way=True) == timedelta(minutes=3)
    for minutes, given_up, critical, wanted in ((9.9, False, True, False), (10, False, True, True),
                                                (0, True, True, True), (60, True, False, False)):  # fmt: skip
        delivery = tried(5, minutes=minutes, critical=critical)
        assert wants_other_way(delivery, is_given_up=given_up, now=NOW) is wanted


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
    save_preference(world.engine, viewer=world.who("caseworker"), digest="none")
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
