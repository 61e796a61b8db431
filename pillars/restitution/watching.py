"""What Restitution asks to be watched: the last day to claim and to appeal, and money that has not come."""

from datetime import date, timedelta

from engine.plugin import StepContext, Watch
from pillars.restitution.forms import AwardForm, EligibilityForm, InterimForm, PaymentForm, WagesForm
from pillars.restitution.schemes import paid_by
from pillars.restitution.tracker import paid_so_far

LADDER = "compensation"
_INTERIM, _AWARD, _PAYMENT, _WAGES = (f"restitution.{name}" for name in ("interim", "award", "payment", "wages"))
_PAID_DAYS, _ASK_AGAIN_DAYS = 30, 30
"""Promises of the network: after so many days ordered money is asked for where no law names a time, and asked again."""
_CASH_DAYS, _GRANT_DAYS = 1, 90
"""Promises of the network: the scheme for bonded labour says at once for the first help, and no day for the grant."""
_APPEAL_OPENS_BEFORE_DAYS, _CLAIM_OPENS_BEFORE_DAYS = 14, 30
"""Practice of the network: how many days before a last day the step is shown."""


def watch_claim(answers: EligibilityForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for the last day to claim while nothing is filed."""
    last_day = answers.limit_date
    if last_day is None or last_day < context.today:
        return ()
    title = "The last day to claim is near: file the claim"
    return (
        context.watch_for(
            "last_claim",
            "restitution.claim",
            title,
            last_day,
            days_before=_CLAIM_OPENS_BEFORE_DAYS,
            ladder=LADDER,
            once=True,
        ),
    )


def watch_interim(answers: InterimForm, context: StepContext) -> tuple[Watch, ...]:
    """Ask whether ordered money was paid, when the time for it is over, and each 30 days until it is."""
    ordered, paid = answers.order_on, answers.paid_on
    if ordered is None or paid is not None:
        return (Watch("interim_paid", is_over=True),)
    title, days = "Was the interim money paid?", _paid_days(context, ordered)
    return (_ask(context, "interim_paid", _INTERIM, title, ordered, days),)


def watch_award(answers: AwardForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for the last day to appeal, and for the payment of what was awarded."""
    today = context.today
    appeal_by, awarded_on = answers.appeal_by, answers.award_on
    watches = []
    is_new = answers.appeal_by != context.earlier(_AWARD, AwardForm).appeal_by
    if appeal_by is not None and appeal_by >= today and is_new:
        watches.append(
            context.watch_for(
                "appeal",
                _AWARD,
                "The last day to appeal is near: decide",
                appeal_by,
                days_before=_APPEAL_OPENS_BEFORE_DAYS,
                ladder=LADDER,
            )
        )
    is_awarded = (answers.amount or 0) > 0
    if is_awarded and awarded_on is not None and not context.earlier(_PAYMENT, PaymentForm):
        days = _paid_days(context, awarded_on)
        watches.append(_ask(context, "award_paid", _PAYMENT, "Was the award paid?", awarded_on, days))
    return tuple(watches)


def watch_payment(answers: PaymentForm, context: StepContext) -> tuple[Watch, ...]:
    """Ask for the rest, 30 days later, while less was paid than was awarded."""
    money, paid_on = paid_so_far(context, answers), answers.paid_on
    over = Watch("award_paid", is_over=True)
    if money is None or money.shortfall <= 0 or paid_on is None:
        return (over, Watch("rest_paid", is_over=True))
    title = "Less was paid than awarded: ask for the rest"
    return (over, _ask(context, "rest_paid", _PAYMENT, title, paid_on, _ASK_AGAIN_DAYS))


def watch_wages(answers: WagesForm, context: StepContext) -> tuple[Watch, ...]:
    """Ask for the help at once on the next day, then for the grant; both are looked at until they are paid."""
    first, final = answers.immediate_30k_on, answers.final_on
    before = context.earlier(_WAGES, WagesForm)
    if final is not None:
        return (Watch("grant_paid", is_over=True),)
    if first is not None:
        return (_ask(context, "grant_paid", _WAGES, "Was the rest of the grant paid?", first, _GRANT_DAYS),)
    days = _ASK_AGAIN_DAYS if before else _CASH_DAYS
    return (_ask(context, "grant_paid", _WAGES, "Was the first help paid in cash?", context.today, days),)


def _paid_days(context: StepContext, ordered: date) -> int:
    """Return within how many days ordered money comes: by the law of the person's route, else by our promise."""
    day = paid_by(context, ordered)
    return _PAID_DAYS if day is None else (day - ordered).days


def _ask(context: StepContext, name: str, uses: str, title: str, since: date, days: int) -> Watch:
    """Ask so many days after a day; where that has gone by, so many days (30 at most) from today."""
    today = context.today
    day = since + timedelta(days=days)
    if day <= today:
        day = today + timedelta(days=min(days, _ASK_AGAIN_DAYS))
    return context.watch_for(name, uses, title, day, ladder=LADDER)
