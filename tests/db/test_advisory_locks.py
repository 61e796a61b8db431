"""The numbers of PostgreSQL's advisory locks."""

from engine.db import locks as advisory_locks


def test_no_two_purposes_share_a_lock() -> None:
    numbers = [number for number in vars(advisory_locks).values() if isinstance(number, int)]
    assert len(numbers) > 1
    assert len(set(numbers)) == len(numbers)
