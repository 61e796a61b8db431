"""What a case knows that must not be in a text, gathered from its persons and from what was told before."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from engine.plugin.steps import JsonAnswer, StepContext
from engine.plugin.values import as_instant, local_day
from pillars.press.identity import KINDS, Found, Known

_NAMES: Final = (
    ("reporting.missing", "missing_name"), ("reporting.missing", "companion"), ("reporting.intake", "informant_name"),
    ("restitution.claim", "guardian"), ("prevention.recruiter", "name"),
)  # fmt: skip
_PHONES: Final = (
    ("reporting.intake", "informant_phone"), ("reporting.missing", "phone_and_handles"),
    ("reporting.intake", "online_handle"), ("prevention.recruiter", "handles"),
)  # fmt: skip
_PLACES: Final = (
    ("reporting.intake", "place_last_seen"), ("reporting.missing", "last_seen_place"), ("rescue.plan", "site"),
    ("rescue.production", "placed_at"), ("protection.placement", "shelter"), ("prevention.intercept", "point"),
)  # fmt: skip
_SCHOOLS: Final = (("rehabilitation.learning", "provider"),)
_DAYS: Final = (
    ("reporting.missing", "last_seen_at"), ("rescue.execute", "start_at"), ("rescue.production", "produced_at"),
    ("prevention.intercept", "at"),
)  # fmt: skip
_IN_WORDS: Final = {
    "names": "names", "aliases": "other names", "phones": "phone numbers", "places": "places", "schools": "schools",
    "vehicles": "number plates", "papers": "numbers of papers", "days": "days of the case", "hints": "hints",
}  # fmt: skip
_SORTS: Final = {
    "age": "an age", "only_one": "the only one of a place", "family": "a family",
    "class_or_school": "a class or school",
    "caption": "the caption of a picture", "looks": "how somebody looks", "home": "where somebody lives",
}  # fmt: skip


def known_of(context: StepContext) -> Known:
    """Gather names of all persons (parents and others too), places, schools, numbers and days of the case."""
    return Known(
        names=(*(person.name for person in context.persons), *_told(context, _NAMES)),
        aliases=tuple(alias for person in context.persons for alias in person.aliases),
        handles=tuple(word for text in _told(context, _PHONES) for word in text.split() if word.startswith("@")),
        phones=(*(person.phone for person in context.persons), *_told(context, _PHONES)),
        places=tuple(_told(context, _PLACES)),
        schools=tuple(_told(context, _SCHOOLS)),
        days=tuple(_days(context)),
    )


def in_words(what: str, found: Found) -> str:
    """Say how many of each kind were found and what sorts of hints, never which; and that a person must read it."""
    counts = ", ".join(f"{_IN_WORDS[kind]} {getattr(found, kind)}" for kind in KINDS)
    hints = f" Hints: {', '.join(_SORTS[sort] for sort in found.sorts)}." if found.sorts else ""
    return f"Found in {what}: {counts}.{hints} A person must still read it: details together can show who somebody is."


def _told(context: StepContext, sources: tuple[tuple[str, str], ...]) -> Iterator[str]:
    answers = (context.earlier(step).get(name) for step, name in sources)
    yield from (answer for answer in answers if isinstance(answer, str))


def _days(context: StepContext) -> Iterator[date]:
    answers: Iterator[JsonAnswer] = (context.earlier(step).get(name) for step, name in _DAYS)
    for answer in answers:
        instant = as_instant(answer)
        if instant is not None:
            yield local_day(instant, context.zone)
