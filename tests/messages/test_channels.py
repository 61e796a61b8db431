"""Gateways that administrators set up: what the list allows, sealed, fresh at once, and a second way for danger."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from uuid import uuid4

import pytest

from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.messages.actions.channels import disable_channel, save_preference, set_channel, set_contact, try_channel
from engine.messages.actions.writing import ways_to
from engine.messages.channel_store import ChannelStore
from engine.messages.chat import SERVICES, AppriseGateways, Service, is_public
from engine.messages.deliveries import DeliveryStore
from engine.messages.records import DeliveryError, GatewayError, NewMessage
from engine.messages.store import MessageStore
from engine.people.store import DirectoryStore
from engine.web.terminal import SYSTEM
from tests.kit.servers import DEFERS, TAKES, Gateway, Mail, http_gateway, mail_server
from tests.kit.world import World, with_channels

pytestmark = pytest.mark.long

LOCAL = AppriseGateways(
    hosts=frozenset({"127.0.0.1", "localhost"}),
    services={**SERVICES, "json": Service(frozenset({"sms", "matrix"}), None, "15550100000")},
    loopback=True,
)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Serve HTTP."""
    with http_gateway() as served:
        yield served


@pytest.fixture
def mail() -> Iterator[Mail]:
    """Serve e-mail."""
    with mail_server() as served:
        yield served


def _here(world: World) -> str:
    """Return the organisation of the world's unit a name of its own, and give it."""
    world.rows(
        "UPDATE organisation SET name = 'Here' WHERE id = (SELECT organisation_id FROM unit WHERE id = :unit)",
        unit=world.unit,
    )
    return "Here"


def _with_gateways(world: World) -> World:
    return replace(world, engine=replace(world.engine, gateways=LOCAL))


def _set(world: World, url: str, *, channel: str = "sms", **more: int) -> None:
    set_channel(world.engine, viewer=SYSTEM, organisation=_here(world), channel=channel, url=url, **more)


def _ways(world: World, role: str = "caseworker") -> frozenset[str]:
    with world.engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(world.who(role).actor_id)
        assert person is not None
        return ways_to(world.engine, tx, person, unit_id=world.unit)


def _email(world: World, role: str = "caseworker") -> str:
    return str(world.rows("SELECT email FROM actor WHERE id = :id", id=world.who(role).actor_id)[0][0])


def _reach(world: World, address: str = "+919812345678", channel: str = "sms") -> None:
    set_contact(world.engine, viewer=SYSTEM, email=_email(world), channel=channel, address=address)


@pytest.mark.parametrize(("channel", "url"), [
    ("sms", "json://user:sesame@127.0.0.1/x"),
    ("sms", "jsons://user:sesame@example.org/x"),
    ("sms", "file:///etc/passwd"),
    ("sms", "smseagles://sesame@gateway.example.org"),
    ("matrix", "matrixs://user:sesame@10.0.0.5"),
    ("sms", "twilio://sesame"),
    ("telegram", "twilio://AC1:sesame@15551234567"),
    ("telegram", "tgram://123456789:sesame_hijklmnop/?redirect=yes&verify=no"),
    ("telegram", "tgram://123456789:sesame_hijklmnop/99999999"),
    ("sms", "sesame"),
    ("sms", "json://[sesame"),
])  # fmt: skip
def test_an_address_outside_the_list_is_refused_in_words_that_do_not_repeat_it(
    world: World, channel: str, url: str
) -> None:
    with pytest.raises(GatewayError) as refused:
        _set(world, url, channel=channel)
    assert "sesame" not in str(refused.value)
    assert world.rows("SELECT count(*) FROM channel_setting") == [(0,)]


@pytest.mark.parametrize(("channel", "url", "host"), [
    ("sms", f"twilio://AC{'a' * 32}:{'b' * 32}@15551234567", "api.twilio.com"),
    ("sms", f"msg91://template@{'a' * 23}", "control.msg91.com"),
    ("sms", "vonage://key12345:secret1234567890@15551234567", "rest.nexmo.com"),
    ("sms", "httpsms://key@15551234567", "api.httpsms.com"),
    ("sms", "smseagles://token@gateway.example.org", "gateway.example.org"),
    ("whatsapp", f"whatsapp://{'a' * 120}@123456789012", "graph.facebook.com"),
    ("telegram", "tgram://123456789:abcdefg_hijklmnop", "api.telegram.org"),
    ("matrix", "matrixs://user:pass@gateway.example.org", "gateway.example.org"),
])  # fmt: skip
def test_every_service_of_the_list_can_be_set_up(channel: str, url: str, host: str) -> None:
    gateways = AppriseGateways(hosts=frozenset({"gateway.example.org"}))
    gateways.channel(channel, url)
    assert gateways.host(channel, url) == host


@pytest.mark.parametrize(("address", "is_open"), [
    ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False), ("172.16.0.1", False),
    ("169.254.169.254", False), ("100.64.0.1", False), ("240.0.0.1", False), ("224.0.0.1", False), ("::1", False),
    ("fe80::1", False), ("fc00::1", False), ("::ffff:10.0.0.1", False), ("1.1.1.1", True),
    ("2606:4700:4700::1111", True),
])  # fmt: skip
def test_only_addresses_of_the_public_network_are_spoken_to(address: str, *, is_open: bool) -> None:
    assert is_public(ip_address(address)) is is_open


def test_a_host_that_turns_out_to_be_private_gets_nothing(world: World, gateway: Gateway) -> None:
    inside = replace(LOCAL, loopback=False)
    channel = inside.channel("sms", gateway.url())
    with pytest.raises(DeliveryError) as refused, channel.open():
        pytest.fail("it opened")
    assert refused.value.reason == "private-host"
    assert gateway.came == []
    assert world.channel.sent == []


def test_a_trial_is_sent_once_however_often_its_button_is_pressed(world: World, gateway: Gateway) -> None:
    world, command_id = _with_gateways(world), uuid4()
    _set(world, gateway.url())

    def tried() -> None:
        try_channel(
            world.engine, viewer=SYSTEM, organisation="Here", channel="sms", to="15550100000", command_id=command_id
        )

    tried()
    with pytest.raises(InvalidAnswersError):
        tried()
    assert len(gateway.came) == 1


def test_a_gateway_that_sends_elsewhere_is_not_followed(world: World, gateway: Gateway) -> None:
    world = _with_gateways(world)
    with http_gateway() as elsewhere:
        gateway.status, gateway.location = 307, f"http://127.0.0.1:{elsewhere.port}/stolen"
        _set(world, gateway.url())
        world.refuses(DeliveryError, try_channel, by=SYSTEM, organisation="Here", channel="sms", to="15550100000")
        assert len(gateway.came) == 1
        assert elsewhere.came == []


def test_a_gateway_serves_at_once_and_is_left_out_again_when_it_is_disabled(world: World, gateway: Gateway) -> None:
    world = _with_gateways(world)
    _reach(world)
    assert _ways(world) == {"email"}
    _set(world, gateway.url())
    assert _ways(world) == {"email", "sms"}
    assert _ways(world, "supervisor") == {"email"}
    disable_channel(world.engine, viewer=SYSTEM, organisation="Here", channel="sms")
    assert _ways(world) == {"email"}
    world.refuses(DeliveryError, try_channel, by=SYSTEM, organisation="Here", channel="sms", to="15550100000")


def test_a_gateway_serves_its_own_organisation_only(world: World, gateway: Gateway) -> None:
    world = _with_gateways(world)
    _set(world, gateway.url())
    with world.engine.transaction() as tx:
        assert tx.of(ChannelStore).set_up(world.unit) == ("sms",)
        assert tx.of(ChannelStore).set_up(world.other_unit) == ()


def test_setting_a_gateway_twice_changes_nothing_and_each_change_is_noted_with_its_author(
    world: World, gateway: Gateway
) -> None:
    world = _with_gateways(world)
    admin = world.who("system_administrator")
    for rate in (60, 60, 30):
        set_channel(
            world.engine, viewer=admin, organisation=_here(world), channel="sms", url=gateway.url(),
            rate_per_minute=rate,
        )  # fmt: skip
        world.later(minutes=1)
    lines = world.rows("SELECT act, host, rate_per_minute, changed_by FROM channel_change ORDER BY changed_at")
    assert lines == [("set", "127.0.0.1", rate, admin.actor_id) for rate in (60, 30)]
    world.refuses(NotAllowedError, set_channel, by="caseworker", organisation="Here", channel="sms", url=gateway.url())
    world.refuses(NotFoundError, set_channel, by=SYSTEM, organisation="Nobody", channel="sms", url=gateway.url())
    world.refuses(
        InvalidAnswersError, set_channel, by=SYSTEM, organisation="Here", channel="sms", url=gateway.url(),
        rate_per_minute=0,
    )  # fmt: skip


def test_neither_credentials_nor_numbers_of_people_are_stored_or_logged_in_clear(
    world: World, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world = _with_gateways(world)
    gateway.status = 500
    _set(world, gateway.url())
    _reach(world)
    with pytest.raises(DeliveryError) as refused:
        try_channel(world.engine, viewer=SYSTEM, organisation="Here", channel="sms", to="+919812345678")
    dump = world.dump()
    for secret in ("sesame", "919812345678"):
        assert secret not in dump
        assert secret not in caplog.text
        assert secret not in str(refused.value)
    assert gateway.came[0][0] == "/send/+919812345678"


def _write(world: World, *, critical: bool, channel: str = "email") -> None:
    case_id = world.open().case_id
    world.do_jobs()
    person = world.who("caseworker").actor_id
    now = world.clock.now()
    message = NewMessage(
        key=f"{case_id}|rule|{person}|{channel}", case_id=case_id, kind="escalated", recipient_id=person,
        channel=channel, subject="Overdue", body="Look at C-1.\n", link="/", critical=critical,
    )  # fmt: skip
    with world.engine.transaction() as tx:
        tx.of(MessageStore).add(message, unit_id=world.unit, at=now)
        tx.of(DeliveryStore).queue(case_id, channel=channel, job_id=uuid4(), critical=critical, now=now)
        tx.commit()


def _states(world: World) -> dict[str, str]:
    rows = world.rows("SELECT channel, status FROM delivery WHERE channel <> 'in_app'")
    return {row[0]: row[1] for row in rows}


def test_a_message_goes_by_its_gateway_with_a_reference_by_which_a_copy_is_known(
    world: World, gateway: Gateway
) -> None:
    world = _with_gateways(world)
    _set(world, gateway.url())
    _reach(world)
    gateway.status = 503
    _write(world, critical=False, channel="sms")
    world.do_jobs()
    gateway.status = 200
    world.later(minutes=2)
    world.do_jobs()
    assert _states(world) == {"sms": "delivered"}
    (message_id,) = world.rows("SELECT id FROM message WHERE subject = 'Overdue'")[0]
    assert [path for path, _ in gateway.came] == ["/send/+919812345678"] * 2
    assert gateway.came[0] == gateway.came[1]
    assert gateway.came[0][1]["message"] == f"Look at C-1.\n(#{str(message_id)[:8]})"


def test_somebody_without_a_number_any_more_is_given_up_at_once(world: World, gateway: Gateway) -> None:
    world = _with_gateways(world)
    _set(world, gateway.url())
    _write(world, critical=False, channel="sms")
    world.do_jobs()
    assert _states(world) == {"sms": "dead"}


def test_a_critical_message_undelivered_for_ten_minutes_takes_the_next_channel_and_others_do_not(
    world: World, gateway: Gateway, mail: Mail
) -> None:
    world = _with_gateways(with_channels(world, email=mail.channel()))
    _set(world, gateway.url())
    _reach(world)
    mail.mood = DEFERS
    _write(world, critical=True)
    _write(world, critical=False)
    world.do_jobs()
    begun = world.clock.now()
    while world.clock.now() < begun + timedelta(minutes=9):
        world.later(minutes=1)
        world.do_jobs()
    assert gateway.came == []
    world.later(minutes=1)
    world.do_jobs()
    assert len(gateway.came) == 1
    for _ in range(40):
        world.later(minutes=1)
        world.do_jobs()
    mail.mood = TAKES
    world.later(minutes=31)
    world.do_jobs()
    assert len(gateway.came) == 1
    rows = world.rows(
        "SELECT m.critical, d.channel, d.status, d.second_of IS NOT NULL FROM delivery d "
        "JOIN message m ON m.id = d.message_id WHERE d.channel <> 'in_app' ORDER BY m.critical, d.channel"
    )
    assert rows == [
        (False, "email", "delivered", False), (True, "email", "delivered", False), (True, "sms", "delivered", True),
    ]  # fmt: skip


def test_a_critical_message_that_is_refused_for_good_takes_the_next_channel_at_once(
    world: World, gateway: Gateway, mail: Mail
) -> None:
    world = _with_gateways(with_channels(world, email=mail.channel()))
    mail.answers = {_email(world): "550 nobody here"}
    _set(world, gateway.url())
    _reach(world)
    _write(world, critical=True)
    world.do_jobs()
    assert _states(world) == {"email": "dead", "sms": "delivered"}


def test_a_level_of_a_ladder_tells_by_sms_where_a_gateway_serves_the_unit_and_wakes_nobody(
    world: World, gateway: Gateway
) -> None:
    world = _with_gateways(world)
    set_contact(world.engine, viewer=SYSTEM, email=_email(world, "supervisor"), channel="sms", address="+919812345678")
    save_preference(world.engine, viewer=world.who("supervisor"), digest="none")
    _set(world, gateway.url())
    case_id = world.at_look().case_id
    world.do_jobs()
    deadline = world.deadline(case_id, "look")
    world.clock.move_to(deadline.due_at + timedelta(hours=1))
    world.fire()
    world.do_jobs()
    assert gateway.came == []
    world.later(hours=9)
    world.do_jobs()
    assert [path for path, _ in gateway.came] == ["/send/+919812345678"]
    rows = world.rows("SELECT channels FROM escalation WHERE deadline_id = :id AND level = 2", id=deadline.id)
    assert rows == [(["email", "in_app", "sms"],)]
