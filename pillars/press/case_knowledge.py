"""What a case knows that must not be in a text, gathered from its persons and from what was told before."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from engine.plugin import StepContext
from pillars.press.identity import KINDS, Found, Known
from pillars.press.online_names import names_online
from pillars.press.told_names import names_told

_Sources = tuple[tuple[str, str], ...]
_NAMES: Final[_Sources] = (
    ("reporting.missing", "missing_name"), ("reporting.intake", "informant_name"), ("prevention.recruiter", "name"),
)  # fmt: skip
_PEOPLE: Final[_Sources] = (
    ("reporting.missing", "companion"), ("reporting.missing", "last_contact"), ("restitution.claim", "guardian"),
    ("prevention.intercept", "recruiter"), ("rescue.first_needs", "fear_of"), ("protection.safety", "threat_source"),
    ("protection.safety", "safe_contacts"), ("repatriation.hir", "family_identity"),
    ("reintegration.mediation", "parties"), ("policing.evidence", "witness_names"),
)  # fmt: skip
"""Answers with names among other words."""
_PHONES: Final[_Sources] = (
    ("reporting.intake", "informant_phone"), ("reporting.missing", "phone_and_handles"),
    ("reporting.intake", "online_handle"), ("prevention.recruiter", "phone"), ("prevention.recruiter", "handles"),
)  # fmt: skip
_ONLINE: Final[_Sources] = (
    ("reporting.missing", "phone_and_handles"), ("reporting.intake", "online_handle"),
    ("prevention.recruiter", "handles"),
)  # fmt: skip
_PLACES: Final[_Sources] = (
    ("reporting.intake", "place_last_seen"), ("reporting.missing", "last_seen_place"), ("rescue.plan", "site"),
    ("rescue.production", "placed_at"), ("protection.placement", "shelter"), ("prevention.intercept", "point"),
    ("repatriation.handover", "place"), ("policing.evidence", "place"),
)  # fmt: skip
_SCHOOLS: Final[_Sources] = (("rehabilitation.learning", "provider"),)
_DAYS: Final[_Sources] = (
    ("reporting.missing", "last_seen_at"), ("rescue.execute", "start_at"), ("rescue.production", "produced_at"),
    ("prevention.intercept", "at"), ("repatriation.handover", "at"),
)  # fmt: skip
_ALL: Final = (*_NAMES, *_PEOPLE, *_PHONES, *_ONLINE, *_PLACES, *_SCHOOLS, *_DAYS)
TELLING_STEPS: Final = tuple(dict.fromkeys(step for step, _ in _ALL))
"""The step types of whose answers a search needs all, of every person, and not the latest alone."""
_IN_WORDS: Final = {
    "names": "names", "aliases": "other names", "phones": "phone numbers", "places": "places", "schools": "schools",
    "vehicles": "number plates", "papers": "numbers of papers", "days": "days of the case", "hints": "hints",
}  # fmt: skip
_SORTS: Final = {
    "age": "an age", "only_one": "the only one of a place", "family": "a family",
    "class_or_school": "a class or school",
    "caption": "the caption of a picture", "looks": "what someone looks like", "home": "where someone lives",
}  # fmt: skip


def known_of(context: StepContext) -> Known:
    """Gather names of all persons (parents and others too), places, schools, numbers and days of the case.

    Of a home the village or part of town is a place; the district, in which others live and work too, is not.
    """
    people, online = _told(context, _PEOPLE), _told(context, _ONLINE)
    parents = (parent for person in context.persons for parent in person.parents)
    homes = (person.home.partition(",")[0].strip() for person in context.persons)
    return Known(
        names=(
            *(person.name for person in context.persons), *parents, *_told(context, _NAMES),
            *(name for text in people for name in names_told(text)),
        ),
        aliases=tuple(alias for person in context.persons for alias in person.aliases),
        handles=tuple(dict.fromkeys(name for text in online for name in names_online(text))),
        phones=(*(person.phone for person in context.persons), *_told(context, _PHONES)),
        places=(*(home for home in homes if home), *_told(context, _PLACES)),
        schools=tuple(_told(context, _SCHOOLS)),
        days=tuple(_days(context)),
    )  # fmt: skip


def in_words(what: str, found: Found) -> str:
    """Return how many of each kind were found and what sorts of hints, never which; and that a person must read it."""
    counts = ", ".join(f"{_IN_WORDS[kind]} {getattr(found, kind)}" for kind in KINDS)
    hints = f" Hints: {', '.join(_SORTS[sort] for sort in found.sorts)}." if found.sorts else ""
    return f"Found in {what}: {counts}.{hints} A person must still read it: details together can show who someone is."


def _told(context: StepContext, sources: _Sources) -> Iterator[str]:
    answers = (answer for step, name in sources for answer in context.all_told(step, name))
    yield from (answer for answer in answers if isinstance(answer, str))


def _days(context: StepContext) -> Iterator[date]:
    yield from (context.day_of(at) for step, name in _DAYS for at in context.all_instants(step, name))
