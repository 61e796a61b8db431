"""What a step says of a partner for the directory, and who of it fits a purpose. No person is ever in it."""

from collections.abc import Mapping
from typing import Final

from engine.plugin import JsonAnswer, PartnerOffer, PartnerTold, StepContext, as_day, as_instant, as_number, as_words

_SERVICE_FOR: Final = {
    "shelter": "shelter", "health": "medical", "counselling": "counselling", "legal_aid": "legal_aid",
    "home_investigation": "home_visit", "rehabilitation": "training", "livelihood": "livelihood",
}  # fmt: skip
"""What a referral is for, and the service that the directory has for it."""


def told_of(answers: Mapping[str, JsonAnswer]) -> PartnerTold | None:
    """Read from answers what the directory keeps: the contact person stays out of it."""
    name = answers.get("org")
    if not isinstance(name, str) or not name.strip():
        return None
    free = as_number(answers.get("capacity_free"))
    men, children, foreigners = (_yes_or_no(answers.get(f"takes_{who}")) for who in ("men", "children", "foreigners"))
    return PartnerTold(
        name=name, kind=as_words(answers.get("type")), services=_texts(answers.get("service")),
        areas=_texts(answers.get("areas")), languages=_texts(answers.get("languages")),
        hours=as_words(answers.get("hours")), takes_men=men, takes_children=children, takes_foreigners=foreigners,
        capacity_free=None if free is None else int(free), valid_until=as_instant(answers.get("valid_until")),
        agreement_until=as_day(answers.get("mou_to")),
    )  # fmt: skip


def fitting(context: StepContext, purpose: str) -> tuple[PartnerOffer, ...]:
    """List the partners of the directory that offer what a purpose needs, in the place of the case."""
    service, place = _SERVICE_FOR.get(purpose, ""), context.jurisdiction
    country = place.partition("-")[0]
    return tuple(
        one
        for one in context.partners()
        if (not service or service in one.services) and {place, country, f"{country}-other"} & set(one.areas)
    )


def _texts(answer: JsonAnswer) -> tuple[str, ...]:
    return tuple(str(one) for one in answer) if isinstance(answer, list | tuple) else ()


def _yes_or_no(answer: JsonAnswer) -> bool | None:
    return answer if isinstance(answer, bool) else None
