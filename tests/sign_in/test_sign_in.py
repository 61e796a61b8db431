"""Signing in: one answer for whatever was wrong, and sessions that end."""

from datetime import timedelta
from typing import Any

import pytest

from engine.errors import NotAllowedError, SignInError
from engine.sign_in.actions.sessions import become, sign_in, sign_out, viewer_of
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
