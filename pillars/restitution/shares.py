"""How money is divided: by the scheme or order by which it was awarded, and by nothing else."""

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from engine.plugin import StepContext
from pillars.restitution.forms import AwardForm, EligibilityForm, WagesForm
from pillars.restitution.schemes import based_on, bonded_labour_grant, entries_of

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Share:
    """How a payment is divided: a free part in percent, or all but a sum that is held; the rest in a deposit."""

    free_percent: int | None
    deposit: str
    source: str
    is_signed: bool
    deposit_months: int | None = None
    deposit_until_age: int | None = None
    held: Decimal = Decimal(0)

    def divide(self, amount: Decimal) -> tuple[Decimal, Decimal]:
        """Divide an amount; the free part is rounded down to the smallest coin, so nothing is lost."""
        if self.free_percent is None:
            return max(amount - self.held, Decimal(0)), min(amount, self.held)
        free = (amount * self.free_percent / 100).quantize(_CENT, rounding=ROUND_DOWN)
        return free, amount - free

    def deposit_ends(self, paid: date, age: int | None) -> date | None:
        """Give the day the deposit ends: so many months after the payment, or the latest day that the birthday can be.

        Ages are known in whole years, so the deposit never ends too early. None where the age is not known.
        """
        if self.deposit_months is not None:
            return StepContext.add_months(paid, self.deposit_months)
        if self.deposit_until_age is None or age is None:
            return None
        return StepContext.add_months(paid, 12 * max(self.deposit_until_age - age, 0))


def share(context: StepContext, *, is_minor: bool) -> Share | None:
    """Find how an award is divided by its own scheme, or by those of the person; None where none of them divides it.

    A scheme divides its own awards only: wages and what a court orders are paid whole. Of a grant for bonded labour, at
    least a fixed sum goes into an annuity.
    """
    routes = _routes_of_award(context)
    if routes == ("BLSA",):
        return _annuity(context)
    for entry in entries_of("shares", context.jurisdiction):
        if entry["who"] == ("minor" if is_minor else "adult") and entry["if_route"] in routes:
            return Share(
                entry["free_percent"], entry["deposit"], entry["source"], entry["signed_by"] is not None,
                entry["deposit_months"], entry["deposit_until_age"],
            )  # fmt: skip
    return None


def paid_whole(context: StepContext) -> tuple[str, ...]:
    """Say of each route of the award that divides nothing how it is paid, and what that rests on."""
    routes = _routes_of_award(context)
    return tuple(
        f"{entry['words']} {based_on(entry['source'], is_signed=entry['signed_by'] is not None)}"
        for entry in entries_of("wholes", context.jurisdiction)
        if entry["route"] in routes
    )


def _routes_of_award(context: StepContext) -> tuple[str, ...]:
    """Return the route by which the award was made; where nobody said it, all that are open to the person."""
    own = context.earlier("restitution.award", AwardForm).route
    return (own,) if own else context.earlier("restitution.eligibility", EligibilityForm).routes


def _annuity(context: StepContext) -> Share | None:
    """Return the part of a grant for bonded labour that goes into an annuity, by its class; None where none does."""
    grant = bonded_labour_grant(context.jurisdiction, context.today)
    held = grant.annuity_at_least.get(str(context.earlier("restitution.wages", WagesForm).category)) if grant else None
    if grant is None or held is None:
        return None
    return Share(None, "an annuity", grant.source, grant.is_signed, held=Decimal(held))
