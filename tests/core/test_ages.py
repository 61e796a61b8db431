"""How old a person is: ranges that grow, sources in the order of the law, child until shown otherwise."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.law.ages import AgeRange, AgeSource, ages_of, in_words, is_child, oldest_on, strongest, youngest_on

DAY = date(2026, 3, 7)
ages = st.builds(
    lambda low, more, source, as_of: AgeRange(youngest=low, oldest=low + more, source=source, as_of=as_of),
    st.integers(0, 60), st.integers(0, 20), st.sampled_from(AgeSource),
    st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)  # fmt: skip


def age(youngest: int, oldest: int, as_of: date | None = DAY, source: AgeSource = AgeSource.STATED) -> AgeRange:
    return AgeRange(youngest=youngest, oldest=oldest, as_of=as_of, source=source)


@pytest.mark.parametrize(
    ("known", "on", "child"),
    [
        (None, DAY, True),
        (age(15, 17), DAY, True),
        (age(16, 20), DAY, True),
        (age(18, 25), DAY, False),
        (age(17, 17), DAY + timedelta(days=364), True),
        (age(17, 17), DAY.replace(year=2027), False),
        (age(17, 17, None), DAY.replace(year=2040), True),
        (age(18, 18), DAY - timedelta(days=1), True),
    ],
)
def test_a_person_is_a_child_until_it_is_shown_otherwise(known: AgeRange | None, on: date, child: bool) -> None:  # noqa: FBT001
    assert is_child(known, on) is child


def test_who_was_seventeen_on_a_leap_day_is_of_age_on_the_first_of_march() -> None:
    known = age(17, 17, date(2024, 2, 29))
    assert is_child(known, date(2025, 2, 28))
    assert not is_child(known, date(2025, 3, 1))


def test_the_paper_of_a_school_counts_before_one_of_a_town_and_that_before_a_doctor() -> None:
    known = [age(17, 17, source=source) for source in reversed(AgeSource)]
    assert [found.source for found in sorted(known, key=lambda a: list(AgeSource).index(a.source))] == list(AgeSource)
    for left in range(len(known)):
        best = strongest(known[: left + 1])
        assert best.source is known[left].source


def test_of_two_papers_alike_the_later_one_counts_and_else_the_younger_age() -> None:
    earlier, later = age(14, 14, date(2020, 1, 1)), age(19, 19, date(2026, 1, 1))
    assert strongest([earlier, later]) == later
    assert strongest([age(19, 21), age(16, 20)]) == age(16, 20)
    assert strongest([]) is None


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        age(18, 17)


def test_what_was_written_down_is_read_again_and_what_cannot_be_is_left_out() -> None:
    known = {"age": 15, "ages": [age(16, 20).model_dump(mode="json"), {"youngest": 9, "oldest": 2}, "?"]}
    assert ages_of(known) == (age(16, 20), AgeRange(youngest=15, oldest=15))
    assert ages_of({"age": True, "ages": "no list"}) == ()


def test_an_age_is_written_as_a_number_or_a_range() -> None:
    assert in_words(age(15, 15), DAY) == "15"
    assert in_words(age(15, 15), DAY + timedelta(days=40)) == "15 to 16"
    assert in_words(age(14, 17), DAY) == "14 to 17"


@given(ages, st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(0, 4000))
def test_nobody_grows_younger_and_the_range_never_ends_before_it_begins(known: AgeRange, on: date, days: int) -> None:
    later = on + timedelta(days=days)
    assert youngest_on(known, on) <= oldest_on(known, on)
    assert youngest_on(known, on) <= youngest_on(known, later)
    assert oldest_on(known, on) <= oldest_on(known, later)
    assert is_child(known, on) or not is_child(known, later), "who is of age stays so"


@given(st.dates(date(1990, 1, 1), date(2010, 1, 1)), st.integers(0, 9000), st.integers(0, 9000))
def test_the_true_age_lies_within_what_is_known_of_it(born: date, seen: int, later: int) -> None:
    first, then = born + timedelta(days=seen), born + timedelta(days=seen + later)
    known = age(_years(born, first), _years(born, first), first)
    assert youngest_on(known, then) <= _years(born, then) <= oldest_on(known, then)


def _years(born: date, on: date) -> int:
    """Count birthdays, the plain way; who was born on 29 February has theirs on 1 March."""
    had = (on.month, on.day) >= (born.month, born.day)
    return on.year - born.year - (0 if had else 1)
