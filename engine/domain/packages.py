"""What people call the parts of a case that can be shared, and the fields that each of them means."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from engine.domain.consent import is_covered
from engine.domain.narrowing import ADD_FILES


class Package(NamedTuple):
    """A part of a case in the words of a form of consent, with its fields named as in a grant."""

    title: str
    fields: tuple[str, ...]


PACKAGES: Final[Mapping[str, Package]] = {
    "case_summary": Package(
        "Steps, time limits and what was decided at the beginning", ("case.*", "reporting.triage.*")
    ),
    "name": Package("Name and other names", ("person.name", "person.aliases")),
    "age_and_sex": Package(
        "Age and sex", ("person.age", "reporting.triage.age_band", "reporting.missing.age", "reporting.missing.sex")
    ),
    "contact": Package("Phone number", ("person.phone",)),
    "photo": Package("Pictures", ("class:images",)),
    "home_address": Package(
        "Where the person lives or was seen",
        ("person.address", "reporting.intake.place_last_seen", "reporting.missing.last_seen_place"),
    ),
    "language": Package("Language", ("reporting.intake.language", "rescue.first_needs.language")),
    "risks": Package(
        "Dangers", ("reporting.triage.risk_level", "protection.safety.level", "protection.safety.threats")
    ),
    "health_needs": Package("Health", ("class:health",)),
    "family": Package(
        "Family and home",
        ("repatriation.hir.family_identity", "repatriation.hir.income_source", "repatriation.hir.recommendation"),
    ),
    "police_papers": Package("What the police have", ("policing.fir.*", "policing.ahtu.*", "policing.chargesheet.*")),
    "court_papers": Package("What the court has", ("prosecution.hearing.*", "prosecution.statement.*")),
    "shelter": Package("Where the person is kept safe", ("class:shelter_address", "protection.placement.*")),
    "counselling": Package("Counselling", ("class:counselling",)),
}
"""The parts that can be chosen. A sealed class is in one only by its own name."""

RIGHTS: Final[Mapping[str, Package]] = {"add_files": Package("Can add files to the case", (ADD_FILES,))}
"""What another unit can be allowed to do, beside what it is shown: no consent is asked for it, and none gives it."""

_LOCATING: Final = frozenset({"person.address", "class:shelter_address"})


def fields_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Give the fields of some parts, each once; a code that names no part adds nothing."""
    found = (name for code in codes for name in (PACKAGES[code].fields if code in PACKAGES else ()))
    return tuple(dict.fromkeys(found))


def rights_of(codes: Iterable[str]) -> tuple[str, ...]:
    """Give what a grant names for some rights, each once; a code that names no right adds nothing."""
    return tuple(dict.fromkeys(name for code in codes if code in RIGHTS for name in RIGHTS[code].fields))


def titles_of(fields: Iterable[str]) -> tuple[str, ...]:
    """Name the parts and rights that some fields make up, and then the fields that are in none of them."""
    known = tuple(fields)
    whole = [PACKAGES[code] for code in parts_within(known)]
    whole += [right for right in RIGHTS.values() if set(right.fields) <= set(known)]
    named = {name for part in whole for name in part.fields}
    return (*(part.title for part in whole), *(name for name in known if name not in named))


def parts_within(fields: Collection[str]) -> tuple[str, ...]:
    """List the parts of which every field is among those given."""
    return tuple(code for code, part in PACKAGES.items() if all(is_covered(name, fields) for name in part.fields))


def locating(fields: Iterable[str], places: Collection[str]) -> tuple[str, ...]:
    """List the fields by which somebody can be found; `places` names the questions that ask for a place or a way."""
    return tuple(
        name
        for name in fields
        if name in _LOCATING or name in places or (name.endswith(".*") and _holds_one(name, places))
    )


def _holds_one(name: str, places: Collection[str]) -> bool:
    stem = name.removesuffix("*")
    return any(place.startswith(stem) for place in (*places, *_LOCATING))
