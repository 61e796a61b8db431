"""Follow the money of one person: what was ordered, what came, what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.plugin import JsonAnswer, StepContext, as_number

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


def paid_so_far(context: StepContext, *, with_this: bool = False) -> Money | None:
    """Add up the award and interim relief, and what was paid of both; `with_this` counts the answers of this step.

    None where nothing was ordered yet, or payments came in several currencies. Interim relief is counted as ordered
    beside the award; where an order sets it off, the award is written down as what is left to pay.
    """
    award, interim = context.earlier("restitution.award"), context.earlier("restitution.interim")
    ordered = [number for number in (as_number(award.get("amount")), as_number(interim.get("amount"))) if number]
    payments: list[Mapping[str, JsonAnswer]] = [*context.all_earlier(PAYMENT)]
    if with_this:
        payments.append(context.answers)
    if not ordered or len({payment.get("currency") for payment in payments}) > 1:
        return None
    came = [as_number(payment.get("amount")) or Decimal(0) for payment in payments]
    if interim.get("paid_on"):
        came.append(as_number(interim.get("amount")) or Decimal(0))
    return Money(sum(ordered, Decimal(0)), sum(came, Decimal(0)))
