"""Tests of public holidays as the library works them out."""

from datetime import date
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from engine.definitions.holidays import public_holidays, with_public_holidays
from engine.errors import HolidaysUnknownError
from engine.language.calendars import Calendar

FILES = sorted((Path(__file__).parents[2] / "workflows" / "calendars").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_calendar_gets_its_holidays(path: Path) -> None:
    bare = Calendar.model_validate(YAML(typ="safe", pure=True).load(path.read_text("utf-8")))
    full = with_public_holidays(bare, first_year=2026, last_year=2027)
    assert {special.day.year for special in full.holidays} >= {2026, 2027}
    assert full.holidays_known_until == date(2027, 12, 31)


@pytest.mark.parametrize(
    ("place", "day", "name"),
    [
        ("IN", date(2026, 1, 26), "Republic Day"),
        ("IN/AS", date(2026, 1, 14), "Magh Bihu"),
        ("BD", date(2026, 3, 26), "Independence Day"),
        ("TH", date(2026, 4, 13), "Songkran Festival"),
    ],
)
def test_names_are_english(place: str, day: date, name: str) -> None:
    found = {special.day: special.name for special in public_holidays(place, first_year=2026, last_year=2026)}
    assert found[day] == name


def test_a_calendar_without_a_source_stays_as_it_is() -> None:
    plain = Calendar.model_validate({"calendar": "XX", "title": "Test", "zone": "Asia/Kolkata", "weekend": ["sun"]})
    assert with_public_holidays(plain, first_year=2026, last_year=2026) is plain


@pytest.mark.parametrize("place", ["ZZ", "IN/ZZ"])
def test_an_unknown_place_is_an_error_that_names_it(place: str) -> None:
    with pytest.raises(HolidaysUnknownError, match=place):
        public_holidays(place, first_year=2026, last_year=2026)
