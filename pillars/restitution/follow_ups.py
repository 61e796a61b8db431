"""The follow-ups of Restitution: the last day to claim and to appeal, and money that has not come."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from engine.plugin import FollowUp, StepContext
from pillars.restitution.forms import AwardForm, InterimForm, PaymentForm, WagesForm
from pillars.restitution.schemes import paid_by

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


LADDER = "compensation"
_INTERIM, _AWARD, _PAYMENT, _WAGES = (f"restitution.{name}" for name in ("interim", "award", "payment", "wages"))
_PAID_DAYS, _ASK_AGAIN_DAYS = 30, 30
"""Promises of the network: after so many days ordered money is asked for where no law names a time, and asked again."""
_CASH_DAYS, _GRANT_DAYS = 1, 90
"""Promises of the network: the scheme for bonded labour says at once for the first help, and no day for the grant."""


def _asked(uses: str, title: str, when: str | None = None, replaces: str | None = None) -> FollowUp:
    return FollowUp(
        uses=uses, title=title, when=when, replaces=replaces, otherwise="end", due="ask_on", opens_before="P0D",
        ladder=LADDER,
    )  # fmt: skip


AFTER_ELIGIBILITY: Mapping[str, FollowUp] = {
    "last_claim": FollowUp(
        uses="restitution.claim",
        title="The last day to claim is near: file the claim",
        when="this.limit_date > case.now",
        due="limit_date",
        opens_before="P30D",
        ladder=LADDER,
        once=True,
    ),
}
"""The last day to claim while nothing is filed."""
AFTER_INTERIM: Mapping[str, FollowUp] = {"interim_paid": _asked(_INTERIM, "Was the interim money paid?")}
"""Whether ordered money was paid, when the time for it is over, and each 30 days until it is."""
AFTER_AWARD: Mapping[str, FollowUp] = {
    "appeal": FollowUp(
        uses=_AWARD,
        title="The last day to appeal is near: decide",
        when="this.appeal_is_new && this.appeal_by > case.now",
        due="appeal_by",
        opens_before="P14D",
        ladder=LADDER,
    ),
    "award_paid": FollowUp(uses=_PAYMENT, title="Was the award paid?", due="ask_on", opens_before="P0D", ladder=LADDER),
}
AFTER_PAYMENT: Mapping[str, FollowUp] = {
    "paid": FollowUp(ends="award_paid"),
    "rest_paid": _asked(_PAYMENT, "Less was paid than awarded: ask for the rest"),
}
AFTER_WAGES: Mapping[str, FollowUp] = {
    "first_help_paid": _asked(_WAGES, "Was the first help paid in cash?", "!has(this.immediate_30k_on)", "grant_paid"),
    "grant_paid": _asked(_WAGES, "Was the rest of the grant paid?", "has(this.immediate_30k_on)"),
}
"""The help at once on the next day, then the grant; both are looked at until they are paid."""


def of_interim(answers: InterimForm, context: StepContext) -> dict[str, date | None]:
    """Return when it is asked whether the money came."""
    ordered = answers.order_on
    if ordered is None or answers.paid_on is not None:
        return {}
    return {"ask_on": _ask_on(context, ordered, _paid_days(context, ordered))}


def of_award(answers: AwardForm, context: StepContext) -> dict[str, bool | date]:
    """Return whether the last day to appeal is a new one, and when it is asked whether the award was paid."""
    awarded_on = answers.award_on
    found: dict[str, bool | date] = {"appeal_is_new": answers.appeal_by != context.earlier(_AWARD, AwardForm).appeal_by}
    is_awarded = (answers.amount or 0) > 0
    if is_awarded and awarded_on is not None and not context.earlier(_PAYMENT, PaymentForm):
        found["ask_on"] = _ask_on(context, awarded_on, _paid_days(context, awarded_on))
    return found


def of_payment(answers: PaymentForm, context: StepContext) -> dict[str, date | None]:
    """Return when the rest is asked for, 30 days later, while less was paid than was awarded."""
    money, paid_on = paid_so_far(context, answers), answers.paid_on
    if money is None or money.shortfall <= 0 or paid_on is None:
        return {}
    return {"ask_on": _ask_on(context, paid_on, _ASK_AGAIN_DAYS)}


def of_wages(answers: WagesForm, context: StepContext) -> dict[str, date | None]:
    """Return when it is asked whether the help at once, or the grant, came."""
    first = answers.immediate_30k_on
    if answers.final_on is not None:
        return {}
    if first is not None:
        return {"ask_on": _ask_on(context, first, _GRANT_DAYS)}
    days = _ASK_AGAIN_DAYS if context.earlier(_WAGES, WagesForm) else _CASH_DAYS
    return {"ask_on": _ask_on(context, context.today, days)}


def _paid_days(context: StepContext, ordered: date) -> int:
    """Return within how many days ordered money comes: by the law of the person's route, else by our promise."""
    day = paid_by(context, ordered)
    return _PAID_DAYS if day is None else (day - ordered).days


def _ask_on(context: StepContext, since: date, days: int) -> date:
    """Return the day so many days after a day; where that has gone by, so many days (30 at most) from today."""
    day = since + timedelta(days=days)
    return day if day > context.today else context.today + timedelta(days=min(days, _ASK_AGAIN_DAYS))
