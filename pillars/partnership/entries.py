"""What a step says of a partner for the directory, and who of it fits a purpose. No person is ever in it."""

from typing import Any, Final

from engine.plugin import Concluded, Form, StepContext

_SERVICE_FOR: Final = {
    "shelter": "shelter", "health": "medical", "counselling": "counselling", "legal_aid": "legal_aid",
    "home_investigation": "home_visit", "rehabilitation": "training", "livelihood": "livelihood",
}  # fmt: skip
"""What a referral is for, and the service that the directory has for it."""


def told_of(*forms: Form) -> Concluded.Partner | None:
    """Read from answers what the directory keeps, of each the first that was given: the contact stays out of it."""

    def said(name: str) -> Any:  # noqa: ANN401 - what the form has
        return next((getattr(one, name) for one in forms if name in one.model_fields_set), None)

    name = said("org")
    if not name or not name.strip():
        return None
    men, children, foreigners = (_yes_or_no(said(f"takes_{who}")) for who in ("men", "children", "foreigners"))
    return Concluded.Partner(
        name=name, kind=said("type") or "", services=said("service") or (), areas=said("areas") or (),
        languages=said("languages") or (), hours=said("hours") or "", takes_men=men, takes_children=children,
        takes_foreigners=foreigners, capacity_free=said("capacity_free"), valid_until=said("valid_until"),
        agreement_until=said("mou_to"),
    )  # fmt: skip


def fitting(context: StepContext, purpose: str) -> tuple[StepContext.Partner, ...]:
    """List the partners of the directory that offer what a purpose needs, in the place of the case."""
    service, place = _SERVICE_FOR.get(purpose, ""), context.jurisdiction
    country = place.partition("-")[0]
    return tuple(
        one
        for one in context.partners()
        if (not service or service in one.services) and {place, country, f"{country}-other"} & set(one.areas)
    )


def _yes_or_no(answer: object) -> bool | None:
    return answer if isinstance(answer, bool) else None
