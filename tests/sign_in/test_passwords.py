"""Which passwords are taken."""

import unicodedata

import pytest

from engine.sign_in.records import LONGEST_PASSWORD as LONGEST
from engine.sign_in.records import normalised, problem_of

COMMON = {"password", "correcthorsebatterystaple", "iloveyou", "sunshine1"}
CONTEXT = ("Mary Lyngdoh", "mary.lyngdoh@example.org", "Hill office", "Impulse Network")


def problem(password: str, *, has_factor: bool = False) -> str:
    return problem_of(
        password, has_factor=has_factor, context=CONTEXT, is_common=lambda word: word.casefold() in COMMON
    )


@pytest.mark.parametrize(
    ("length", "has_factor", "fits"), [(14, False, False), (15, False, True), (7, True, False), (8, True, True)]
)
def test_how_long_it_must_be_depends_on_a_second_factor(length: int, *, has_factor: bool, fits: bool) -> None:
    assert (problem("qzvkwxjpmhbftdc"[:length], has_factor=has_factor) == "") is fits


@pytest.mark.parametrize(
    "password",
    [
        "three quiet boats at noon", "नदी के पार तीन नावें हैं", "🚣🚣🛶 at noon, slowly", "   spaces around it   ",
        "nineteen larks, " + "no rows of keys and no runs " * 4,
    ],
)  # fmt: skip
def test_no_kind_of_character_is_asked_for_or_refused(password: str) -> None:
    assert problem(password) == ""


def test_longer_than_anybody_types_is_refused() -> None:
    assert problem("ab cd" * (LONGEST // 5)) == ""
    assert problem("ab cd" * (LONGEST // 5) + "x")


@pytest.mark.parametrize(
    "password",
    ["CorrectHorseBatteryStaple", "passwordpassword", "Password1234567!", "!!!iloveyou!!!!!2026", "sunshine1sunshine1"],
)
def test_what_is_tried_first_is_refused_however_it_is_dressed(password: str) -> None:
    assert "easy to guess" in problem(password)


@pytest.mark.parametrize(
    "password",
    [
        "qqqqqqqqqqqqqqqqqq", "q" * 7 + "w" * 58 + "e" * 63, "abcdefghijklmnopqr", "ABCDEFGHIJKLMNOPQR",
        "qwertyuiopasdfgh", "qwertzuiopyxcvbnm", "qwerty123456asdfgh", "poiuytrewq987654321",
        "483920175639201", "!$%/()=?*#+-_.:;", "\u0430" * 18, "१२३४५६७८९०१२३४५",
    ],
)  # fmt: skip
def test_one_kind_of_sign_runs_and_rows_of_keys_are_refused(password: str) -> None:
    assert "easy to guess" in problem(password)


@pytest.mark.parametrize("password", ["qzvkwxjp", "abc-herons-9", "qwertyboats12345herons"])
def test_a_run_among_other_signs_is_fine(password: str) -> None:
    assert problem(password, has_factor=True) == ""


@pytest.mark.parametrize(
    "password", ["marylyngdoh2026!!", "HillOffice-Impulse", "icmc-icmc-icmc-icmc", "Lyngdoh Lyngdoh x"]
)
def test_what_is_known_of_somebody_makes_no_password(password: str) -> None:
    assert "name" in problem(password)


def test_a_name_among_other_words_is_fine() -> None:
    assert problem("mary counts seven herons") == ""


def test_one_password_is_the_same_on_every_keyboard() -> None:
    composed = "trois fenêtres ouvertes"
    apart = unicodedata.normalize("NFD", composed)
    assert apart != composed
    assert normalised(apart) == normalised(composed)
    assert normalised("  kept as it is  ") == "  kept as it is  "
