"""Signing in: one answer for whatever was wrong, sessions that end, and guessing that gets slow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest

from engine.errors import NotAllowedError
from engine.rehearsal.world import MovedClock
from engine.sign_in.actions.account import step_up
from engine.sign_in.actions.guarding import Tries
from engine.sign_in.actions.sessions import become, prove_code, sign_in, sign_out, viewer_of
from engine.sign_in.records import SignInError, TooSoonError, WrongCodeError
from tests.kit.world import World

PASSWORD = "three quiet boats at noon"


class Counting:
    """The real passwords, counting how often work was done."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.checked = 0

    def hash(self, password: str) -> str:
        return str(self._real.hash(password))

    def verify(self, password: str, kept: str | None) -> bool:
        self.checked += 1
        return bool(self._real.verify(password, kept))

    def is_outdated(self, kept: str) -> bool:
        return bool(self._real.is_outdated(kept))


@pytest.fixture
def email(world: World) -> str:
    """Return the address of somebody who has a password."""
    person = world.who("caseworker")
    world.change_actor(person, password_hash=world.engine.passwords.hash(PASSWORD))
    return str(world.rows("SELECT email FROM actor WHERE id = :id", id=person.actor_id)[0][0])


def test_the_right_password_signs_in_and_only_a_hash_of_the_token_is_kept(world: World, email: str) -> None:
    token = sign_in(world.engine, email=email.upper(), password=PASSWORD).token
    viewer = viewer_of(world.engine, token)
    assert viewer.actor_id == world.who("caseworker").actor_id
    assert token not in world.dump()


def test_unknown_wrong_and_disabled_get_the_same_words_for_the_same_work(world: World, email: str) -> None:
    counting = Counting(world.engine.passwords)
    object.__setattr__(world.engine, "passwords", counting)
    said = []
    for address, password in ((email, "wrong"), ("nobody@example.org", PASSWORD)):
        with pytest.raises(SignInError) as refused:
            sign_in(world.engine, email=address, password=password)
        said.append(str(refused.value))
    world.change_actor(world.who("caseworker"), disabled=True)
    with pytest.raises(SignInError) as refused:
        sign_in(world.engine, email=email, password=PASSWORD)
    said.append(str(refused.value))
    assert len(set(said)) == 1
    assert counting.checked == len(said)


def test_somebody_without_a_password_does_not_sign_in_with_the_stand_in(world: World) -> None:
    email = world.rows("SELECT email FROM actor WHERE id = :id", id=world.who("lawyer").actor_id)[0][0]
    for password in ("", "a password that nobody has"):
        with pytest.raises(SignInError):
            sign_in(world.engine, email=email, password=password)


@pytest.mark.parametrize(("column", "age"), [("seen_at", timedelta(minutes=31)), ("created_at", timedelta(hours=13))])
def test_a_session_that_is_idle_or_too_old_is_over(world: World, email: str, column: str, age: timedelta) -> None:
    token = sign_in(world.engine, email=email, password=PASSWORD).token
    world.rows(f"UPDATE session SET {column} = {column} - :age", age=age)
    assert viewer_of(world.engine, token) is None


def test_it_is_noted_once_a_minute_that_a_session_is_used(world: World, email: str) -> None:
    token = sign_in(world.engine, email=email, password=PASSWORD).token
    ((noted,),) = world.rows("UPDATE session SET seen_at = seen_at - interval '50 seconds' RETURNING seen_at")
    assert viewer_of(world.engine, token) is not None
    assert world.rows("SELECT seen_at FROM session") == [(noted,)]
    world.rows("UPDATE session SET seen_at = seen_at - interval '11 seconds'")
    assert viewer_of(world.engine, token) is not None
    ((again,),) = world.rows("SELECT seen_at FROM session")
    assert again > noted


def test_signing_out_ends_the_session_at_once(world: World, email: str) -> None:
    token = sign_in(world.engine, email=email, password=PASSWORD).token
    sign_out(world.engine, token)
    assert viewer_of(world.engine, token) is None


def test_somebody_who_was_disabled_is_signed_out(world: World, email: str) -> None:
    token = sign_in(world.engine, email=email, password=PASSWORD).token
    world.change_actor(world.who("caseworker"), disabled=True)
    assert viewer_of(world.engine, token) is None


def test_a_token_that_was_made_up_is_nobodys(world: World) -> None:
    assert viewer_of(world.engine, "made-up") is None


def test_outside_the_demo_nobody_becomes_somebody_else(world: World) -> None:
    with pytest.raises(NotAllowedError):
        become(world.engine, world.who("caseworker").actor_id)
    assert world.rows("SELECT 1 FROM session") == []


@pytest.fixture(autouse=True)
def clock(world: World) -> MovedClock:
    """Stop the clock of this machine: a wait is over when a test says so."""
    stopped = MovedClock(datetime.now(UTC))
    world.engine = replace(world.engine, wall_clock=stopped)
    return stopped


def _rest(world: World) -> None:
    """Let the longest wait pass."""
    clock = world.engine.wall_clock
    assert isinstance(clock, MovedClock)
    clock.move_to(clock.now() + timedelta(seconds=10))


def _wait(world: World, account: str, network: str) -> timedelta:
    return Tries(world.engine, account=account, network=network).wait()


def _fail(world: World, email: str, network: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(SignInError):
            sign_in(world.engine, email=email, password="wrong", network=network)
        _rest(world)


def test_failures_are_counted_in_the_database_without_an_address(world: World, email: str) -> None:
    _fail(world, email, "10.0.0.1", 4)
    assert _wait(world, email, "10.0.0.1") == timedelta(seconds=2)
    assert _wait(world, email.upper() + " ", "10.0.0.1") == timedelta(seconds=2)
    kept = str(world.rows("SELECT key, count FROM sign_in_try"))
    assert email not in kept
    assert "10.0.0.1" not in kept


def test_the_owner_of_a_guessed_account_is_not_kept_out_elsewhere(world: World, email: str) -> None:
    _fail(world, email, "10.0.0.1", 5)
    assert _wait(world, email, "10.0.0.2") == timedelta()
    assert sign_in(world.engine, email=email, password=PASSWORD, network="10.0.0.1").token, (
        "slowed down, not locked out"
    )
    assert _wait(world, email, "10.0.0.1") == timedelta()


def test_one_account_is_guarded_against_many_networks_and_one_network_for_many_accounts(
    world: World, email: str
) -> None:
    for number in range(11):
        _fail(world, email, f"10.0.1.{number}", 1)
    assert _wait(world, email, "10.9.9.9") == timedelta(seconds=2)
    for number in range(31):
        Tries(world.engine, account=f"nobody{number}@example.org", network="10.0.0.3").count()
    assert _wait(world, "fresh@example.org", "10.0.0.3") == timedelta(seconds=2)


def test_entering_codes_is_slowed_down_like_passwords(world: World, email: str) -> None:
    viewer = world.who("caseworker")
    begun = sign_in(world.engine, email=email, password=PASSWORD, network="10.0.0.8")
    world.rows("UPDATE session SET pending = true")
    for _ in range(4):
        with pytest.raises(WrongCodeError):
            prove_code(world.engine, begun.token, code="000000", network="10.0.0.8")
        _rest(world)
    assert _wait(world, str(viewer.actor_id), "10.0.0.8") == timedelta(seconds=2)
    for _ in range(4):
        world.refuses(SignInError, step_up, by=viewer, token="none", password="wrong", code="", network="10.0.0.9")
        _rest(world)
    assert _wait(world, str(viewer.actor_id), "10.0.0.9") == timedelta(seconds=2)


def test_somebody_who_does_not_exist_is_counted_alike(world: World, email: str) -> None:
    for address in (email, "nobody@example.org"):
        _fail(world, address, "10.0.0.4", 4)
    assert _wait(world, email, "10.0.0.4") == _wait(world, "nobody@example.org", "10.0.0.4") == timedelta(seconds=2)


def test_a_quarter_of_an_hour_without_a_failure_is_a_new_beginning(world: World, email: str) -> None:
    _fail(world, email, "10.0.0.1", 6)
    world.rows("UPDATE sign_in_try SET last_at = last_at - interval '16 minutes'")
    assert _wait(world, email, "10.0.0.1") == timedelta()
    _fail(world, email, "10.0.0.1", 1)
    assert _wait(world, email, "10.0.0.1") == timedelta()


def test_a_try_before_the_wait_is_over_is_not_looked_at(world: World, email: str) -> None:
    _fail(world, email, "10.0.0.5", 3)
    with pytest.raises(SignInError):
        sign_in(world.engine, email=email, password="wrong", network="10.0.0.5")
    with pytest.raises(TooSoonError, match="Wait 2 seconds"):
        sign_in(world.engine, email=email, password=PASSWORD, network="10.0.0.5")
    assert sign_in(world.engine, email=email, password=PASSWORD, network="10.0.0.6").token, "elsewhere nothing waits"
    _rest(world)
    assert sign_in(world.engine, email=email, password=PASSWORD, network="10.0.0.5").token


def test_many_tries_at_once_take_turns(world: World, email: str) -> None:
    _fail(world, email, "10.0.0.7", 4)
    barrier, told = Barrier(12), []

    def guess() -> None:
        barrier.wait()
        try:
            sign_in(world.engine, email=email, password="wrong", network="10.0.0.7")
        except SignInError as error:
            told.append(type(error))

    threads = [Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kind.__name__ for kind in told) == ["SignInError"] + ["TooSoonError"] * 11


def test_each_wrong_password_is_in_the_audit_trail_without_an_address(world: World, email: str) -> None:
    _fail(world, email, "10.0.0.1", 1)
    _fail(world, "nobody@example.org", "10.0.0.1", 1)
    rows = world.rows("SELECT actor_id, body FROM audit_event WHERE type = 'WrongPassword' ORDER BY seq")
    assert [tuple(row) for row in rows] == [(world.who("caseworker").actor_id, {}), (None, {})]
