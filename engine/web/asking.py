"""What a form asks beside its questions, and who somebody is, read from a posted form."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from starlette.datastructures import FormData

from engine.core.law.ages import OLDEST, AgeRange
from engine.errors import InvalidAnswersError
from engine.ports import JsonValue
from engine.web.posted import fitting, instant, text
from engine.web.times import for_input

BESIDE: Final = ("happened_at", "late_reason", "reason", "outcome")
LATE_REASONS: Final = (
    "No network", "Paper form typed in later", "Reported to us later", "No time earlier: an emergency",
    "The person was not ready to talk", "Waiting for a document",
)  # fmt: skip
"""What is offered to say why something is entered late; other words do as well."""
_INSTANT: Final = "happened_at"


def posted(form: FormData) -> dict[str, str]:
    """Give what was typed, as it was typed."""
    return {name: text(form, name) for name in BESIDE}


def to_keep(form: FormData, zone: str) -> dict[str, str]:
    """Give what was typed as a draft keeps it: local time of `zone` as an instant in UTC, if it can be read."""
    typed, at = posted(form), instant(form, _INSTANT, zone)
    return typed | {_INSTANT: at.isoformat()} if at else typed


def drawn(kept: Mapping[str, str], zone: str) -> dict[str, str]:
    """Give what a draft has kept as the page shows it: an instant in local time of `zone`."""
    shown = {name: kept.get(name, "") for name in BESIDE}
    try:
        at = datetime.fromisoformat(shown[_INSTANT])
        return shown | {_INSTANT: for_input(at, zone)} if at.tzinfo else shown
    except (ValueError, OverflowError):
        return shown


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
