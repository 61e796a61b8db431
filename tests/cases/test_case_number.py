"""How people write the number of a case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cases.records import beginnings, written_number

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    "typed", ["C-7K3M-2Q9D", " c-7k3m-2q9d ", "c 7k3m 2q9d", "C7K3M2Q9D", "7k3m-2q9d", "C\u20137K3M\u20132Q9D"]
)
def test_a_number_is_known_however_it_was_typed(typed: str) -> None:
    assert written_number(typed) == "C-7K3M-2Q9D"


def test_letters_that_look_like_figures_are_read_as_figures() -> None:
    assert written_number("c-oil0-7k3m") == "C-0110-7K3M"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", ""), ("rahima", "RAHIMA"), ("C-7K3M", "C-7K3M"), ("%", "%"), ("C-1F00B-9A3C", "C-1F00B-9A3C")],
)
def test_what_is_no_whole_number_stays_as_it_is(typed: str, kept: str) -> None:
    assert written_number(typed) == kept


@given(st.text(alphabet=SIGNS, min_size=8, max_size=8))
def test_a_stored_number_is_never_changed(signs: str) -> None:
    number = f"C-{signs[:4]}-{signs[4:]}"
    assert written_number(number) == number


@given(st.text(alphabet=SIGNS, min_size=8, max_size=8), st.integers(1, 11))
def test_whatever_somebody_typed_of_a_number_finds_it(signs: str, typed: int) -> None:
    number = f"C-{signs[:4]}-{signs[4:]}"
    for text in (number[:typed], number.lower().replace("-", "")[:typed], number[2:].replace("-", " ")[:typed]):
        assert any(number.startswith(beginning) for beginning in beginnings(text)), text


def test_what_is_too_long_for_a_number_is_looked_for_as_it_is() -> None:
    assert beginnings("a name of somebody") == ("A NAME OF SOMEBODY",)
    assert beginnings("") == ("",)
