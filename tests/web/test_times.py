"""How instants and the time that is left are written."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.web.times import countdown, due_words, for_input, from_input, local, moment, month_words, span, zone_words

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)


@pytest.mark.parametrize(("length", "words"), [
    (timedelta(seconds=20), "less than a minute"),
    (timedelta(minutes=12, seconds=59), "12 min"),
    (timedelta(hours=1), "1 h"),
    (timedelta(hours=3, minutes=20), "3 h 20 min"),
    (timedelta(days=1, hours=4, minutes=59), "1 day 4 h"),
    (timedelta(days=1), "1 day"),
    (timedelta(days=2), "2 days"),
    (timedelta(days=40, hours=23), "40 days"),
])  # fmt: skip
def test_a_length_of_time_is_written_in_its_two_largest_units(length: timedelta, words: str) -> None:
    assert span(length) == words


def test_a_countdown_says_how_long_is_left_and_then_how_late_it_is() -> None:
    assert countdown(NOW + timedelta(hours=3, minutes=20), NOW) == "in 3 h 20 min"
    assert countdown(NOW - timedelta(days=2), NOW) == "overdue by 2 days"
    assert countdown(NOW, NOW) == "overdue by less than a minute"


@pytest.mark.parametrize(("zone", "shown"), [
    ("Asia/Kolkata", "Sat 07 Mar 2026, 18:40 (Asia/Kolkata)"),
    ("Asia/Kathmandu", "Sat 07 Mar 2026, 18:55 (Asia/Kathmandu)"),
    ("Asia/Yangon", "Sat 07 Mar 2026, 19:40 (Asia/Yangon)"),
    ("Nowhere/Known", "Sat 07 Mar 2026, 13:10 (UTC)"),
])  # fmt: skip
def test_an_instant_is_shown_in_the_zone_of_the_unit_with_its_name(zone: str, shown: str) -> None:
    assert local(NOW, zone) == shown


def test_a_zone_is_named_with_its_offset_to_the_quarter_of_an_hour() -> None:
    assert zone_words("Asia/Kathmandu", NOW) == "Asia/Kathmandu, UTC+05:45"


@pytest.mark.parametrize("typed", ["2026-03-07T18:40", "2026-03-07 18:40", " 2026-03-07T18:40 ", "2026-03-07T13:10Z"])
def test_what_is_typed_as_local_time_becomes_the_instant_it_names(typed: str) -> None:
    assert from_input(typed, "Asia/Kolkata") == NOW


@pytest.mark.parametrize("typed", ["", "yesterday", "07/03/2026 18:40", "2026-13-01T00:00"])
def test_what_is_no_time_is_not_guessed(typed: str) -> None:
    assert from_input(typed, "Asia/Kolkata") is None


def test_an_instant_goes_into_an_input_and_comes_out_the_same() -> None:
    assert from_input(for_input(NOW, "Asia/Kathmandu"), "Asia/Kathmandu") == NOW


@pytest.mark.parametrize(("state", "left", "tone"), [
    ("running", "in 1 h", "running"),
    ("near", "in 1 h", "near"),
    ("met", "done in time", "quiet"),
    ("ended", "no longer runs", "quiet"),
])  # fmt: skip
def test_the_state_of_a_deadline_has_words_and_a_colour(state: str, left: str, tone: str) -> None:
    shown = moment(NOW + timedelta(hours=1), state, now=NOW, zone="Asia/Kolkata")
    assert (shown.left, shown.tone) == (left, tone)


def test_a_month_is_written_in_words() -> None:
    assert month_words("2026-03") == "March 2026"


def test_a_deadline_that_was_met_late_says_how_late() -> None:
    shown = moment(NOW, "late", now=NOW + timedelta(days=9), zone="UTC", ended_at=NOW + timedelta(hours=3))
    assert (shown.left, shown.tone) == ("done 3 h late", "late")


@pytest.mark.parametrize(("hours", "state", "left", "tone"), [
    (-1, "running", "in 1 h", "running"),
    (0, "running", "due, late in 21 h 55 min", "near"),
    (20, "near", "due, late in 1 h 55 min", "near"),
    (22, "overdue", "overdue by 5 min", "late"),
])  # fmt: skip
def test_a_limit_that_is_kept_until_the_end_of_its_last_day_says_both_instants(
    hours: int, state: str, left: str, tone: str
) -> None:
    due, late = from_input("2026-08-14T02:05", "Asia/Kolkata"), from_input("2026-08-15T00:00", "Asia/Kolkata")
    assert due is not None
    shown = moment(due, state, now=due + timedelta(hours=hours), zone="Asia/Kolkata", late_at=late)
    assert shown.at == "by the end of Fri 14 Aug 2026 (due from 02:05, Asia/Kolkata)"
    assert (shown.left, shown.tone) == (left, tone)


@pytest.mark.parametrize(("late", "zone", "words"), [
    ("2026-08-14T17:00", "Asia/Kolkata", "by 17:00 on Fri 14 Aug 2026 (due from 02:05, Asia/Kolkata)"),
    ("2026-08-17T17:00", "Asia/Kolkata", "by 17:00 on Mon 17 Aug 2026 (due from Fri 14 Aug 2026, 02:05, Asia/Kolkata)"),
    (
        "2026-08-15T00:00",
        "Asia/Kathmandu",
        "by 00:15 on Sat 15 Aug 2026 (due from Fri 14 Aug 2026, 02:20, Asia/Kathmandu)",
    ),
])  # fmt: skip
def test_an_office_that_closes_and_a_reader_elsewhere_are_told_the_hour(late: str, zone: str, words: str) -> None:
    due, ends = from_input("2026-08-14T02:05", "Asia/Kolkata"), from_input(late, "Asia/Kolkata")
    assert due is not None
    assert due_words(due, zone, ends) == words
