"""What a case knows that must not be in a text, and whether a text may go out with what is found in it."""

from collections.abc import Collection, Iterator
from datetime import date
from typing import Final

from engine.plugin import Form, StepContext
from pillars.press.forms import ReleaseForm
from pillars.press.identity import KINDS, Found, Known, find_in, names_a_ground
from pillars.press.marks import names_online
from pillars.press.names import names_told

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


HELD: Final = "It must not go out yet: it is in the worklist again, with what was found, for two people to look at."


def is_allowed(answers: ReleaseForm, found: Found, earlier: Collection[str]) -> bool:
    """Return whether a text may go out with what was found in it; `earlier` are the texts whose findings were shown.

    That all of it belongs to no one in the case can be said only once it was shown what the case knows of it.
    """
    text, checked = (answers.text or ""), answers.identity_check
    by_ground = names_a_ground(
        kind=(answers.kind or ""), basis=(answers.legal_basis or ""),
        is_child=Form.perhaps(answers.child_involved), leave=(answers.permission_no or ""),
        consent=(answers.survivor_consent or ""), checked=checked,
    )  # fmt: skip
    was_shown = text in earlier or found.total == find_in(text, Known()).total
    return found.total == 0 or by_ground or (answers.findings == "of_nobody" and was_shown)


def held_text(context: StepContext, known: Known) -> ReleaseForm:
    """Give the answers to the latest approval when its text had to be held; empty when there is none, or it may go."""
    *before, latest = context.all_earlier("press.release", ReleaseForm) or (
        context.earlier("press.release", ReleaseForm),
    )
    text = latest.text or ""
    shown = {(one.text or "") for one in before}
    return latest if text and not is_allowed(latest, find_in(text, known), shown) else ReleaseForm.unanswered()


def texts_shown(context: StepContext) -> frozenset[str]:
    """Return the texts of earlier approvals: what was found in them stands on their steps and on the next one."""
    earlier = context.all_earlier("press.release", ReleaseForm) or (context.earlier("press.release", ReleaseForm),)
    return frozenset((one.text or "") for one in earlier) - {""}
