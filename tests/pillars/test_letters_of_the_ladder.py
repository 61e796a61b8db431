"""The letters to the police name the law of the country, and of the day of the offence."""

import pytest

from pillars.policing.steps import Fir, Refusal
from tests.kit.pillars import render

LETTERS = (
    ("fir-complaint", Fir.step_type),
    ("fir-station-letter", Refusal.step_type),
    ("fir-refusal-letter", Refusal.step_type),
)


@pytest.mark.parametrize("jurisdiction", ["BD", "NP-BA", "MM"])
def test_a_letter_to_the_police_of_another_country_cites_no_law_of_india(jurisdiction: str) -> None:
    for name, step in LETTERS:
        letter = render(name, step, {"station": "Station One"}, jurisdiction=jurisdiction)
        assert "Station One" in letter
        assert not [law for law in ("Bharatiya", "173", "Criminal Procedure") if law in letter], name


@pytest.mark.parametrize(
    ("offence", "cited", "other"),
    [("2024-06-30", "section 154(", "173"), ("2024-07-01", "section 173(", "154")],
)
def test_all_letters_of_an_offence_name_the_same_code(offence: str, cited: str, other: str) -> None:
    fir = {"station": "Station One", "offence_date": offence}
    for name, step in LETTERS:
        letter = render(name, step, {}, earlier=lambda uses: fir if uses == "policing.fir" else {})
        assert cited in letter.replace("under section", "section"), name
        assert other not in letter, name


def test_the_complaint_goes_by_the_day_that_is_proposed() -> None:
    assert "section 154(1)" in render("fir-complaint", Fir.step_type, {"offence_date": "2024-03-01"})
    assert "section 173(1)" in render("fir-complaint", Fir.step_type, {})
