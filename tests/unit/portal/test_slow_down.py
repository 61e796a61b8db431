"""How guessing passwords is slowed down."""

from datetime import UTC, datetime, timedelta

from engine.portal.slow_down import FORGOTTEN_AFTER, FREE, LONGEST, SlowDown

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)


def test_the_first_mistakes_cost_nothing_and_each_further_one_doubles_the_wait() -> None:
    slow = SlowDown()
    waits = []
    for _ in range(FREE + 3):
        waits.append(slow.wait_for("a", NOW))
        slow.note_failure("a", NOW)
    assert waits == [timedelta()] * FREE + [timedelta(seconds=1), timedelta(seconds=2), timedelta(seconds=4)]


def test_nobody_is_locked_out_for_good() -> None:
    slow = SlowDown()
    for _ in range(1000):
        slow.note_failure("a", NOW)
    assert slow.wait_for("a", NOW) == LONGEST
    assert slow.wait_for("a", NOW + FORGOTTEN_AFTER + timedelta(seconds=1)) == timedelta()


def test_the_right_password_ends_the_waiting() -> None:
    slow = SlowDown()
    for _ in range(10):
        slow.note_failure("a", NOW)
    slow.note_success("a")
    assert slow.wait_for("a", NOW) == timedelta()


def test_another_person_or_another_place_is_not_slowed_down() -> None:
    slow = SlowDown()
    for _ in range(10):
        slow.note_failure("a", NOW)
    assert slow.wait_for("b", NOW) == timedelta()
