"""A sign-in from a new browser, an unusual network or at an unusual hour is proved once more, and told of."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from engine.core.policy import Viewer
from engine.messages.actions.delivering import deliver_unattended
from engine.people.actions.invitations import new_link, set_first_password
from engine.people.actions.second_factor import confirm, proposal, propose
from engine.rehearsal.world import MovedClock, RecordingChannel
from engine.sign_in.actions.account import forget_sign_ins
from engine.sign_in.actions.sessions import Begun, Device, become, prove_code, sign_in, viewer_of
from engine.sign_in.records import SignInError, TooSoonError, WrongSentCodeError
from engine.web.terminal import SYSTEM
from tests.kit.world import World, with_channels

pytestmark = pytest.mark.long

PASSWORD = "three quiet boats at noon"
OTHER = "seven herons under a bridge"
NOON = datetime(2026, 3, 9, 6, 30, tzinfo=UTC)
"""A Monday, 12:00 in the unit's zone."""
OFFICE, ABROAD = "203.0.113.7", "198.51.100.9"
DESK = Device("desk", "Firefox on Linux")


@pytest.fixture(autouse=True)
def clock(world: World) -> MovedClock:
    """Return a caseworker a password, and let tests move the clock of the machine."""
    found = MovedClock(NOON)
    world.engine = replace(world.engine, wall_clock=found, channels={"email": RecordingChannel()})
    world.change_actor(world.who("caseworker"), password_hash=world.engine.passwords.hash(PASSWORD))
    return found


def _email(world: World) -> str:
    return str(world.rows("SELECT email FROM actor WHERE id = :id", id=world.who("caseworker").actor_id)[0][0])


def _begin(world: World, device: Device = DESK, network: str = OFFICE, password: str = PASSWORD) -> Begun:
    return sign_in(world.engine, email=_email(world), password=password, network=network, device=device)


def _kinds(world: World) -> list[str]:
    found = world.rows("SELECT kind FROM message WHERE recipient_id = :id", id=world.who("caseworker").actor_id)
    return sorted({str(row[0]) for row in found})


def _codes(world: World) -> list[str]:
    """Return the codes that were mailed, each as it left, and see that none is kept in any table."""
    deliver_unattended(world.engine)
    channel = world.engine.channels["email"]
    assert isinstance(channel, RecordingChannel)
    bodies = [body for _, subject, body, _ in channel.sent if subject == "ICMC: a code to sign in"]
    found = [match.group() for body in bodies if (match := re.search(r"^\d{8}$", body, re.MULTILINE))]
    kept = world.dump()
    assert len(found) == len(bodies) == len(world.rows("SELECT 1 FROM message WHERE kind = 'sign_in_code'"))
    assert not [code for code in found if code in kept]
    return found


def _viewer(world: World, token: str) -> Viewer:
    found = viewer_of(world.engine, token)
    assert found is not None
    return found


def _reasons(world: World) -> list[list[str]]:
    rows = world.rows("SELECT body FROM audit_event WHERE type = 'SignedIn' ORDER BY seq")
    return [row[0]["unusual"] for row in rows]


def _work_for_weeks(world: World, clock: MovedClock, *, weeks: int = 5) -> None:
    """Sign in on Monday and Tuesday at noon."""
    for week in range(weeks):
        for day in (0, 1):
            clock.move_to(NOON + timedelta(weeks=week, days=day))
            assert not _begin(world).needs_code
    clock.move_to(NOON + timedelta(weeks=weeks))


def test_the_first_sign_in_and_those_like_it_ask_for_no_more_than_the_password(world: World) -> None:
    assert not _begin(world).needs_code
    assert not _begin(world).needs_code
    assert not _begin(world, network="203.0.9.44").needs_code, "the same provider"
    assert _kinds(world) == []
    assert _reasons(world) == [[], [], []]


@pytest.mark.parametrize(("device", "network", "reason", "told"), [
    (Device("phone", "Chrome"), OFFICE, "device", "new_device"),
    (DESK, ABROAD, "network", "unusual_sign_in"),
])  # fmt: skip
def test_an_unusual_place_asks_for_the_code_that_is_sent_once(
    world: World, clock: MovedClock, device: Device, network: str, reason: str, told: str
) -> None:
    _begin(world)
    begun = _begin(world, device, network)
    assert begun.needs_code
    assert viewer_of(world.engine, begun.token) is None
    assert _kinds(world) == ["sign_in_code"]
    [code] = _codes(world)
    for wrong in ("", "00000000" if code != "00000000" else "11111111", code[:6]):
        with pytest.raises(WrongSentCodeError):
            prove_code(world.engine, begun.token, code=wrong, network=network, device=device)
        clock.move_to(clock.now() + timedelta(minutes=1))
    token = prove_code(world.engine, begun.token, code=f"{code[:4]} {code[4:]}", network=network, device=device)
    viewer = _viewer(world, token)
    assert (viewer.actor_id, viewer.by_factor) == (world.who("caseworker").actor_id, False)
    assert _kinds(world) == sorted(["sign_in_code", told])
    assert _reasons(world) == [[], [reason]]
    with pytest.raises(SignInError):
        prove_code(world.engine, begun.token, code=code, network=network, device=device)
    assert not _begin(world, device, network).needs_code, "it is usual now"


def test_a_code_fits_only_the_sign_in_for_which_it_was_sent_and_for_ten_minutes(
    world: World, clock: MovedClock
) -> None:
    _begin(world)
    first = _begin(world, network=ABROAD)
    [old] = _codes(world)
    clock.move_to(NOON + timedelta(minutes=1))
    second = _begin(world, network=ABROAD)
    [new] = [code for code in _codes(world) if code != old]
    with pytest.raises(WrongSentCodeError):
        prove_code(world.engine, second.token, code=old)
    clock.move_to(NOON + timedelta(minutes=10))
    with pytest.raises(SignInError):
        prove_code(world.engine, first.token, code=old)
    assert prove_code(world.engine, second.token, code=new)


def test_an_hour_is_unusual_once_somebody_is_known_and_with_a_tolerance(world: World, clock: MovedClock) -> None:
    _work_for_weeks(world, clock)
    monday = NOON + timedelta(weeks=5)
    for at, is_asked in (
        (monday + timedelta(hours=3), False),
        (monday + timedelta(hours=8), True),
        (monday + timedelta(days=2), True),
    ):
        clock.move_to(at)
        assert _begin(world).needs_code is is_asked, at


def test_until_somebody_is_known_no_hour_is_unusual(world: World, clock: MovedClock) -> None:
    _work_for_weeks(world, clock, weeks=4)
    clock.move_to(NOON + timedelta(weeks=4, days=4))
    assert not _begin(world).needs_code, "eight sign-ins are too few"


def test_after_an_unusual_hour_was_proved_it_is_told_and_usual(world: World, clock: MovedClock) -> None:
    _work_for_weeks(world, clock)
    clock.move_to(NOON + timedelta(weeks=5, hours=12))
    begun = _begin(world)
    prove_code(world.engine, begun.token, code=_codes(world)[-1], network=OFFICE, device=DESK)
    assert _kinds(world) == ["sign_in_code", "unusual_sign_in"]
    assert _reasons(world)[-1] == ["hour"]
    assert not _begin(world).needs_code


def test_somebody_with_a_second_factor_gives_its_code_and_is_told(world: World) -> None:
    token = _begin(world).token
    propose(world.engine, viewer=_viewer(world, token))
    found = proposal(world.engine, viewer=_viewer(world, token))
    now = world.engine.wall_clock.now()
    confirm(world.engine, viewer=_viewer(world, token), token=token, code=pyotp.TOTP(found.secret).at(now))
    begun = _begin(world, network=ABROAD)
    assert begun.needs_code
    assert _codes(world) == []
    later = pyotp.TOTP(found.secret).at(now + timedelta(seconds=30))
    prove_code(world.engine, begun.token, code=later, network=ABROAD, device=DESK)
    assert "unusual_sign_in" in _kinds(world)
    assert _reasons(world)[-1] == ["network"]


def test_where_no_message_can_be_sent_nobody_is_kept_out_and_the_owner_is_told_on_the_page(world: World) -> None:
    world = with_channels(world)
    _begin(world)
    begun = _begin(world, Device("phone", "Chrome"), ABROAD)
    assert not begun.needs_code
    assert _kinds(world) == ["new_device", "unusual_sign_in"]
    assert _reasons(world) == [[], ["device", "network"]]


def test_in_a_demo_nothing_is_unusual_and_nothing_is_learnt(world: World) -> None:
    _begin(world)
    world.engine = replace(world.engine, demo=True)
    assert not _begin(world, Device("phone", "Chrome"), ABROAD).needs_code
    world.change_actor(world.who("caseworker"), demo=True)
    become(world.engine, world.who("caseworker").actor_id)
    assert world.rows("SELECT count(*) FROM sign_in_habit WHERE sort = 'network'") == [(1,)]


def test_neither_addresses_nor_hours_are_kept_and_codes_have_no_table(world: World) -> None:
    _begin(world)
    rows = world.rows("SELECT * FROM sign_in_habit")
    assert {row.sort for row in rows} == {"hour", "network"}
    dump = str(rows) + str(world.rows("SELECT * FROM session")) + str(world.rows("SELECT body FROM audit_event"))
    assert "203.0" not in dump
    assert {len(bytes(row.mark)) for row in rows} == {16}


def test_a_link_of_an_administrator_lets_everything_begin_anew(world: World) -> None:
    _begin(world)
    assert _begin(world, Device("phone", "Chrome"), ABROAD).needs_code
    link = new_link(world.engine, world.who("caseworker").actor_id, viewer=SYSTEM).token
    set_first_password(world.engine, link, password=OTHER)
    assert not _begin(world, Device("phone", "Chrome"), ABROAD, OTHER).needs_code


def test_who_signs_in_again_and_again_without_a_code_is_slowed_down(world: World, clock: MovedClock) -> None:
    _begin(world)
    for _ in range(4):
        assert _begin(world, network=ABROAD).needs_code
        clock.move_to(clock.now() + timedelta(seconds=15))
    assert world.rows("SELECT max(count) FROM sign_in_try WHERE count > 0")[0][0] >= 4
    _begin(world, network=ABROAD)
    with pytest.raises(TooSoonError):
        _begin(world, network=ABROAD)


def test_what_did_not_come_for_long_is_forgotten(world: World, clock: MovedClock) -> None:
    _begin(world)
    clock.move_to(NOON + timedelta(days=399))
    forget_sign_ins(world.engine)
    assert world.rows("SELECT count(*) FROM sign_in_habit") == [(2,)]
    clock.move_to(NOON + timedelta(days=401))
    forget_sign_ins(world.engine)
    assert world.rows("SELECT count(*) FROM sign_in_habit") == [(0,)]
