"""Say until when somebody may be held, and see to it that a lawyer hears before that."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from engine.plugin import StepContext, Watch
from pillars.protection.forms import CustodyForm, PlacementForm, Production

STEP, LADDER = "protection.custody", "detention-limit"
_INTERIM, _INQUIRY, _HOME = "IN-ITPA-10D", "IN-ITPA-3W", "IN-ITPA-HOME"
_ORDER_ENDS = "The order ends: release, or a new order"
_LAWS = {
    "s17_1": (_INTERIM, "Interim custody ends: release, or a new order"),
    "s17_3": (_INQUIRY, "Custody during the home inquiry ends: release, or a new order"),
    "s17_4": (_HOME, "The time in the protective home ends: release"),
}
"""By the sub-section of ITPA s.17: each starts a limit of its own. Of an order whose sub-section nobody knows the first
one counts, which is the shortest."""
_ANOTHER_LAW = "other"
_WANTS_TO_LEAVE = "The person wants to leave: is there an order?"
_NO_ORDER_YET = "No order is known to us: ask for one, or let the person go"
_SAME_DAY, _ONE_DAY = timedelta(hours=12), timedelta(hours=24)
_ORDER_OPENS_BEFORE_DAYS = 3
"""Promises of the network, as are the twelve hours and the day above; how long somebody may be held is the law's."""
_ORDERS = frozenset({"committee_order", "magistrate_order", "court_order"})


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


def watch_placement(answers: PlacementForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for the reviews of a placement, the end of its order, and how long anybody may be held on it."""
    basis, admitted = answers.legal_basis, answers.admitted_at or context.now
    review, ends = answers.review_on, answers.order_expires
    watches = []
    if review is not None:
        title = "Look at the placement again, with the person"
        watches.append(context.watch_for("placement_review", "protection.placement", title, review))
    if ends is not None and basis in _ORDERS:
        watches.append(_order_ends(context, "custody_order", ends, is_child=basis == "committee_order"))
    under = held_under(context, answers)
    since = first_held_at(context, (*context.all_earlier("protection.placement", PlacementForm), answers), under)
    if since is not None and context.country == "IN":
        watches.append(_held_by_law(under, since))
    if basis not in _ORDERS and answers.own_wish == "wants_to_leave":
        watches.append(
            Watch("no_order", STEP, _WANTS_TO_LEAVE, due_at=admitted + _SAME_DAY, from_at=admitted, ladder=LADDER)
        )
    elif basis == "police_emergency":
        watches.append(
            Watch("no_order", STEP, _NO_ORDER_YET, due_at=admitted + _ONE_DAY, from_at=admitted, ladder=LADDER)
        )
    else:
        watches.append(Watch("no_order", is_over=True))
    return tuple(watches)


def watch_custody(answers: CustodyForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for what follows the end of custody: nothing after a release, the new order's end, or the same day."""
    decided, ends = answers.decided_at or context.now, answers.new_end
    over = tuple(Watch(name, is_over=True) for name in ("custody_law", "custody_order", "no_order", "custody_inquiry"))
    under = answers.order_under
    match answers.result:
        case "released":
            return (*over, Watch("placement_review", is_over=True))
        case "new_order" if ends is not None:
            order = _order_ends(context, "custody_order", ends, is_child=False)
            return (*over[1:], _held_by_law(under, decided) if under in _LAWS else over[0], order)
        case "home_inquiry":
            law, title = _LAWS["s17_3"]
            return (*over, Watch("custody_inquiry", STEP, title, law=law, from_at=decided, ladder=LADDER))
        case "still_held":
            title = "The person is held, and no order is known to us: the lawyer goes to court"
            return (*over, Watch("no_order", STEP, title, due_at=decided + _SAME_DAY, from_at=decided, ladder=LADDER))
    return ()


def _held_by_law(under: str, since: datetime) -> Watch:
    """Watch how long ITPA s.17 lets somebody be held; of an order under another law it says nothing."""
    if under == _ANOTHER_LAW:
        return Watch("custody_law", is_over=True)
    law, title = _LAWS.get(under, _LAWS["s17_1"])
    return Watch("custody_law", STEP, title, law=law, from_at=since, ladder=LADDER)


def _order_ends(context: StepContext, name: str, ends: date, *, is_child: bool) -> Watch:
    ladder = "high" if is_child else LADDER
    return context.watch_for(name, STEP, _ORDER_ENDS, ends, days_before=_ORDER_OPENS_BEFORE_DAYS, ladder=ladder)
