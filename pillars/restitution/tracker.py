"""Follow the money of one person: what was ordered, what came, what is missing."""

from dataclasses import dataclass
from decimal import Decimal

from engine.plugin import StepContext
from pillars.restitution.forms import AwardForm, InterimForm, PaymentForm

PAYMENT = "restitution.payment"


@dataclass(frozen=True, slots=True)
class Money:
    """What was ordered and what came, in one currency."""

    sanctioned: Decimal
    credited: Decimal

    @property
    def shortfall(self) -> Decimal:
        """What is still missing; never less than nothing."""
        return max(self.sanctioned - self.credited, Decimal(0))


def paid_so_far(context: StepContext, *more: PaymentForm) -> Money | None:
    """Add up the award and interim relief, and what was paid of both; `more` payments count too.

    None where nothing was ordered yet, or payments came in several currencies. Interim relief is counted as ordered
    beside the award; where an order sets it off, the award is written down as what is left to pay.
    """
    award, interim = (
        context.earlier("restitution.award", AwardForm),
        context.earlier("restitution.interim", InterimForm),
    )
    ordered = [number for number in (award.amount, interim.amount) if number]
    payments = (*context.all_earlier(PAYMENT, PaymentForm), *more)
    if not ordered or len({payment.currency for payment in payments}) > 1:
        return None
    came = [payment.amount or Decimal(0) for payment in payments]
    if interim.paid_on:
        came.append(interim.amount or Decimal(0))
    return Money(sum(ordered, Decimal(0)), sum(came, Decimal(0)))
