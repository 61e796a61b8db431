"""When a message is tried again: 1 to 30 minutes later, for 72 hours; a critical one takes another way after ten."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from engine.messages.actions.delivering import AWAY, MOST_UNEXPECTED, UNEXPECTED, next_try, wants_other_way
from engine.messages.records import ClaimedDelivery

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
