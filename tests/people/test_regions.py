"""Where a unit works is read by name."""

import pytest

from engine.people.records import region_words
from tests.acceptance.shipped_files import library


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("IN-AS", "Assam, India"),
        ("NP", "Nepal"),
        ("BD-G", "Sylhet, Bangladesh"),
        ("MM-14", "Chin, Myanmar"),
        ("IN-XX", "India (IN-XX)"),
        ("ZZ-1", "ZZ-1"),
        ("", ""),
    ],
)
def test_a_code_of_iso_3166_reads_as_a_name(code: str, words: str) -> None:
    assert region_words(code) == words


def test_every_place_with_a_calendar_has_a_name_of_its_own() -> None:
    places = library().calendars
    names = {region_words(place) for place in places}
    assert len(names) == len(places) > 10
    assert not [name for name in names if any(place in name for place in places)]
