"""Shares of one thing tell who is the last to use it."""

from pathlib import Path

from engine.db.embedded.locks import Share


def test_only_the_last_user_to_leave_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    first, second, third = Share.take(path), Share.take(path), Share.take(path)
    assert [second.leave(), first.leave(), third.leave()] == [False, False, True]


def test_leaving_twice_is_leaving_once(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    first, second = Share.take(path), Share.take(path)
    assert [first.leave(), first.leave(), second.leave(), second.leave()] == [False, False, True, False]
