"""Read who somebody is from a posted form."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from starlette.datastructures import FormData

from engine.domain.ages import OLDEST, AgeRange
from engine.errors import InvalidAnswersError
from engine.portal.posted import fitting, text
from engine.ports import JsonValue

LONGEST: Final[Mapping[str, int]] = {
    "name": 300,
    "aliases": 300,
    "phone": 40,
    "parents": 300,
    "home_village": 150,
    "home_district": 150,
}
"""How many letters of each are kept; what is longer is refused, never cut."""


def identity_of(form: FormData) -> dict[str, JsonValue]:
    """Read what is told of a person; raises `InvalidAnswersError` for what is too long and for an age without a day."""
    told = fitting(form, LONGEST)
    identity: dict[str, JsonValue] = {
        "name": told["name"],
        "aliases": [*names_in(told["aliases"])],
        "phone": told["phone"],
        "parents": [*names_in(told["parents"])],
        "home": _home(told["home_village"], told["home_district"]),
    }
    age = _age(form)
    if age is not None:
        identity["ages"] = [age.model_dump(mode="json")]
    return {name: value for name, value in identity.items() if value not in ("", [])}


def names_in(told: str) -> tuple[str, ...]:
    """List names that are written with commas between them."""
    return tuple(name.strip() for name in told.split(",") if name.strip())


def _home(village: str, district: str) -> str:
    """Write where somebody is at home: the village or part of town, then the district after a comma."""
    village, district = (part.strip().strip(",") for part in (village, district))
    return f"{village}, {district}" if district else village


def _age(form: FormData) -> AgeRange | None:
    """Read how old somebody is, and on which day that was so: without the day nobody knows when they come of age."""
    years, on = text(form, "age").strip(), text(form, "age_on").strip()
    if not years:
        return None
    problems = {}
    if not (years.isascii() and years.isdigit() and int(years) <= OLDEST):
        problems["age"] = f"Write whole years, {OLDEST} at most."
    try:
        day = date.fromisoformat(on)
    except ValueError:
        problems["age_on"] = "Give the date on which the person was this age, such as 2026-03-07."
    if problems:
        raise InvalidAnswersError(problems)
    return AgeRange(youngest=int(years), oldest=int(years), as_of=day)
