"""Until when somebody may be held: the follow-ups of a placement and of custody, before which a lawyer hears."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from engine.plugin import FollowUp, StepContext
from pillars.protection.forms import CustodyForm, PlacementForm, Production

STEP, LADDER = "protection.custody", "detention-limit"
_INTERIM, _INQUIRY, _HOME = "IN-ITPA-10D", "IN-ITPA-3W", "IN-ITPA-HOME"
_TITLES = {
    "custody_law": (_INTERIM, "Interim custody ends: release, or a new order"),
    "custody_law_inquiry": (_INQUIRY, "Custody during the home inquiry ends: release, or a new order"),
    "custody_law_home": (_HOME, "The time in the protective home ends: release"),
}
"""By the sub-section of ITPA s.17: each starts a limit of its own. Of an order whose sub-section nobody knows the first
one counts, which is the shortest."""
_UNDER = {
    "custody_law": '!(this.under in ["s17_3", "s17_4", "other"])',
    "custody_law_inquiry": 'this.under == "s17_3"',
    "custody_law_home": 'this.under == "s17_4"',
}
_AN_ORDER = '(has(this.legal_basis) && this.legal_basis in ["committee_order", "magistrate_order", "court_order"])'
_WISH = '(has(this.own_wish) && this.own_wish == "wants_to_leave")'


def _held_by_law(since: str, condition: str) -> dict[str, FollowUp]:
    """Follow how long ITPA s.17 lets somebody be held; of an order under another law it says nothing."""
    return {
        name: FollowUp(
            uses=STEP, title=title, when=f"{condition} && {_UNDER[name]}", law=law, from_=since, ladder=LADDER,
            replaces=None if name == "custody_law" else "custody_law",
        )
        for name, (law, title) in _TITLES.items()
    }  # fmt: skip


def _order_ends(due: str, condition: str, *, is_child: bool = False) -> FollowUp:
    return FollowUp(
        uses=STEP, title="The order ends: release, or a new order", when=condition, due=due, opens_before="P3D",
        ladder="high" if is_child else LADDER, replaces="custody_order" if is_child else None,
    )  # fmt: skip


AFTER_A_PLACEMENT: Mapping[str, FollowUp] = {
    "placement_review": FollowUp(
        uses="protection.placement",
        title="Look at the placement again, with the person",
        due="review_on",
        opens_before="P0D",
    ),
    "custody_order": _order_ends("order_expires", 'this.legal_basis in ["magistrate_order", "court_order"]'),
    "custody_order_child": _order_ends("order_expires", 'this.legal_basis == "committee_order"', is_child=True),
    **_held_by_law("held_since", "has(this.held_since)"),
    "custody_under_another_law": FollowUp(when='has(this.held_since) && this.under == "other"', ends="custody_law"),
    "wish_to_leave": FollowUp(
        uses=STEP,
        title="The person wants to leave: is there an order?",
        when=f"!{_AN_ORDER} && {_WISH}",
        replaces="no_order",
        otherwise="end",
        from_="admitted_at",
        limit="PT12H",
        ladder=LADDER,
    ),
    "no_order": FollowUp(
        uses=STEP,
        title="No order is known to us: ask for one, or let the person go",
        otherwise="end",
        when=f'this.legal_basis == "police_emergency" && !{_WISH}',
        from_="admitted_at",
        limit="P1D",
        ladder=LADDER,
    ),
}
"""The reviews of a placement, the end of its order, and how long anybody may be held on it."""
AFTER_CUSTODY: Mapping[str, FollowUp] = {
    "custody_over": FollowUp(
        when='this.result in ["released", "home_inquiry", "still_held"]',
        ends=("custody_law", "custody_order", "no_order", "custody_inquiry"),
    ),
    "released": FollowUp(when='this.result == "released"', ends="placement_review"),
    "another_order": FollowUp(
        when='this.result == "new_order" && has(this.new_end)', ends=("custody_order", "no_order", "custody_inquiry")
    ),
    **_held_by_law(
        "decided_at", 'this.result == "new_order" && has(this.new_end) && this.under in ["s17_1", "s17_3", "s17_4"]'
    ),
    "custody_under_another_law": FollowUp(
        when='this.result == "new_order" && has(this.new_end) && !(this.under in ["s17_1", "s17_3", "s17_4"])',
        ends="custody_law",
    ),
    "custody_order": _order_ends("new_end", 'this.result == "new_order"'),
    "custody_inquiry": FollowUp(
        uses=STEP,
        title=_TITLES["custody_law_inquiry"][1],
        when='this.result == "home_inquiry"',
        from_="decided_at",
        law=_INQUIRY,
        ladder=LADDER,
    ),
    "no_order": FollowUp(
        uses=STEP,
        title="The person is held, and no order is known to us: the lawyer goes to court",
        when='this.result == "still_held"',
        from_="decided_at",
        limit="PT12H",
        ladder=LADDER,
    ),
}
"""What follows the end of custody: nothing after a release, the new order's end, or the same day.

The twelve hours and the days above are promises of the network; how long somebody may be held is the law's.
"""


def held_under(context: StepContext, placement: PlacementForm) -> str:
    """Say under which sub-section of ITPA s.17 somebody is held: as told at the placement, else at the production."""
    return placement.order_under or context.earlier("rescue.production", Production).order_under or "unknown"


def first_held_at(context: StepContext, placements: Iterable[PlacementForm], under: str = "unknown") -> datetime | None:
    """Return since when (UTC) a Magistrate's order has held the person; None where none does.

    That is the production before the Magistrate or the first placement on such an order since the last release,
    whichever came first: being moved to another home starts no new time, being held again after a release does. An
    order under a later sub-section starts its own time with the first that names it.
    """
    is_later = under in {"s17_3", "s17_4"}
    ordered = [
        one
        for one in placements
        if one.legal_basis == "magistrate_order" and (not is_later or held_under(context, one) == under)
    ]
    production, released = context.earlier("rescue.production", Production), _last_released_at(context)
    held = [at for one in ordered if (at := one.admitted_at) is not None and (released is None or at >= released)]
    if not held:
        return None
    counts = production.authority == "Magistrate" and (not is_later or production.order_under == under)
    produced = production.produced_at if counts else None
    return min(held) if produced is None or (released and produced < released) else min(*held, produced)


def _last_released_at(context: StepContext) -> datetime | None:
    """Return when a custody of the person last ended with a release."""
    released = (one for one in context.all_earlier(STEP, CustodyForm) if one.result == "released")
    return max((at for one in released if (at := one.decided_at) is not None), default=None)


def computed(answers: PlacementForm, context: StepContext) -> dict[str, Any]:
    """Return under which sub-section, and since when, somebody is held by an order of a Magistrate in India."""
    under = held_under(context, answers)
    placements = (*context.all_earlier("protection.placement", PlacementForm), answers)
    since = first_held_at(context, placements, under) if context.country == "IN" else None
    return {"under": under, "held_since": since}
