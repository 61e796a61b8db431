"""What a shelter placement and the end of custody propose, and what follows from them."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, Form, Law, Prepared, StepContext
from pillars.protection.follow_ups import AFTER_A_PLACEMENT, AFTER_CUSTODY, computed, first_held_at, held_under
from pillars.protection.forms import CustodyForm, FirstNeeds, PlacementForm, Plan, Production, ending_of

_REVIEW_DAYS = 7
"""A promise of the network: so soon a placement is looked at again."""
_MOST_NAMED, _ADULT = 5, 18
_BASIS_BY_AUTHORITY = {"CWC": "committee_order", "Magistrate": "magistrate_order"}


class Placement(
    Asked[PlacementForm],
    key="protection.placement",
    title="Shelter placement",
    roles=("shelter_manager", "case_manager", "caseworker"),
    documents=(Document("admission-form", "Admission form", leaves=False),),
    time_limit="PT4H",
    reads=("protection.placement", "protection.custody", "partners"),
    computes={"under": (), "held_since": datetime},
    follow_ups=AFTER_A_PLACEMENT,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the place that was reserved or ordered, and the first look at it; say who has a free bed."""
        before = context.told_before(
            "protection.placement",
            "shelter",
            "legal_basis",
            "order_no",
            "order_under",
            "bed",
            "accompanied_children",
        )
        production = context.earlier("rescue.production", Production)
        told = Prepared.given(
            order_under=production.order_under,
            shelter=production.placed_at or context.earlier("rescue.plan", Plan).shelter_reserved,
            order_no=production.order_no,
            accompanied_children=context.earlier("rescue.first_needs", FirstNeeds).companion_children,
            legal_basis=_BASIS_BY_AUTHORITY.get(str(production.authority)),
        )
        review = (context.today + timedelta(days=_REVIEW_DAYS)).isoformat()
        return Prepared(prefill=told | before | {"review_on": review}, notes=_free_beds(context))

    def conclude(self, answers: PlacementForm, context: StepContext) -> Concluded:
        """Return whether the person wants to leave, and watch the end of the order and of custody."""
        wants_to_leave = answers.own_wish == "wants_to_leave"
        notes = []
        if wants_to_leave:
            notes.append("The person wants to leave. An adult may not be kept without an order: ask the lawyer today.")
        fits = (answers.gender_fit, answers.language_fit)
        notes += Form.unless_yes(
            False if False in fits else Form.NOT_KNOWN if Form.NOT_KNOWN in fits else None,
            no="The place does not fit the person: look for a better one.",
            unknown="It is not known whether the place fits the person: ask them, and look for a better one if not.",
        )
        facts: dict[str, Any] = {"wants_to_leave": wants_to_leave}
        facts |= ending_of(context, answers.order_expires, "placement_ends_at")
        return Concluded(facts=facts, notes=tuple(notes), computed=computed(answers, context))


class Custody(
    Asked[CustodyForm],
    key="protection.custody",
    title="End of custody",
    roles=("lawyer", "case_manager", "shelter_manager"),
    stays_with=("protection.placement",),
    documents=(Document("habeas-petition", "Petition to set the person free", on="prepare"),),
    time_limit=Law("IN-ITPA-10D"),
    reads=("protection.placement", "protection.custody"),
    computes={"under": ()},
    follow_ups=AFTER_CUSTODY,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Say from when custody is counted, and that nobody is held against their will without an order."""
        placements = context.all_earlier("protection.placement", PlacementForm)
        under = held_under(context, placements[-1] if placements else PlacementForm.unanswered())
        since = first_held_at(context, placements, under)
        notes = [
            "No adult stays in a home against their will without an order. Ask the person today, and tell the lawyer."
        ]
        if since is not None:
            notes.append(
                f"Counted from {context.day_of(since):%d %b %Y}: moving to another home does not start a new"
                f" time limit."
            )
        return Prepared(notes=tuple(notes))

    def conclude(self, answers: CustodyForm, context: StepContext) -> Concluded:
        """Return whether the person is held, with or without an order, and watch what follows."""
        result = answers.result or ""
        notes = (
            ("The person is held, and no order is known to us: the lawyer goes to court today.",)
            if result == "still_held"
            else ()
        )
        facts: dict[str, Any] = {"is_held": result != "released", "held_without_order": result == "still_held"}
        return Concluded(facts=facts, notes=notes, computed={"under": answers.order_under or "unknown"})


def _free_beds(context: StepContext) -> tuple[str, ...]:
    """Say which shelters of the directory have a free bed for this person, here first; nothing where it names none."""
    shelters = [one for one in context.partners() if "shelter" in one.services]
    is_child = any(person.age is not None and person.age < _ADULT for person in context.persons)
    near = {context.jurisdiction, context.country, f"{context.country}-other"}
    fitting = [
        one for one in shelters if one.free and near & set(one.areas) and not (is_child and one.takes_children is False)
    ]
    if fitting:
        said = ", ".join(f"{one.name} ({one.free})" for one in fitting[:_MOST_NAMED])
        return (f"Free beds, as the directory has it: {said}. Call before anyone goes there.",)
    return ("No shelter of the directory is known to have a free bed here: ask the next district.",) if shelters else ()
