"""What interim relief and the award propose, and how an award is divided."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.plugin import Asked, Completed, Concluded, Document, Form, Law, Prepared, StepContext, automatic
from pillars.restitution.follow_ups import AFTER_AWARD, AFTER_INTERIM, of_award, of_interim
from pillars.restitution.forms import AwardForm, EligibilityForm, InterimForm
from pillars.restitution.schemes import based_on, is_minor_of, last_day_to_appeal, routes_told, target
from pillars.restitution.shares import share


class Interim(
    Asked[InterimForm],
    key="restitution.interim",
    title="Interim relief",
    roles=("lawyer", "finance_officer"),
    stays_with=("restitution.claim",),
    time_limit="P15D",
    computes={"ask_on": datetime},
    follow_ups=AFTER_INTERIM,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Say what is due at once by the routes of the person, and take over what was told."""
        notes = []
        for rule in routes_told(context):
            if rule.cash_at_once:
                least, most = rule.cash_at_once
                notes.append(f"{least:,} to {most:,} rupees are due at once, by card. {target(rule.source)}")
            if rule.interim_percent:
                notes.append(f"Interim relief is at least {rule.interim_percent} % of the highest amount, paid whole.")
            if rule.order_is_paid:
                time = rule.order_is_paid.length(context).in_words
                notes.append(f"What the court orders is paid within {time}. {target(rule.source)}")
        told = context.told_before(
            "restitution.interim", "order_on", "amount", "at_least_25pct", "cash_card", "paid_on"
        )
        return Prepared(prefill=told, notes=tuple(notes))

    def conclude(self, answers: InterimForm, context: StepContext) -> Concluded:
        """Return whether it is too low, and watch until it is paid."""
        notes = Form.unless_yes(
            answers.at_least_25pct,
            no="The interim relief is less than a quarter of the highest amount: consider an appeal.",
            unknown="It is not known whether the interim relief is a quarter of the highest amount: work it out.",
        )
        return Concluded(
            facts={"interim_paid": bool(answers.paid_on)}, notes=notes, computed=of_interim(answers, context)
        )


class Award(
    Asked[AwardForm],
    key="restitution.award",
    title="Award and appeal",
    roles=("lawyer",),
    stays_with=("restitution.claim", "restitution.eligibility"),
    documents=(Document("award-note", "Note on the award", leaves=False),),
    time_limit=Law("IN-COMP-60D"),
    computes={"appeal_is_new": bool, "ask_on": datetime},
    follow_ups=AFTER_AWARD,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over an award that was written down, with its last day to appeal: as told, else by the law."""
        names = ("award_on", "amount", "min", "max", "minor_uplift_50", "reasons_exceed", "appeal_by")
        notes = ["An earlier award for the same harm can be deducted."] if _earlier_award(context) else []
        if is_minor_of(context):
            notes.append("For a child the highest amount is half as much again, by the scheme for women of 2018.")
        told = context.told_before("restitution.award", *names)
        awarded = context.earlier("restitution.award", AwardForm).award_on
        last_day = last_day_to_appeal(context, awarded) if awarded else None
        if last_day is not None:
            told.setdefault("appeal_by", last_day.isoformat())
        return Prepared(prefill=told, notes=tuple(notes))

    def conclude(self, answers: AwardForm, context: StepContext) -> Concluded:
        """Say what speaks for an appeal, and watch its last day and the payment."""
        amount, lowest = answers.amount, answers.min
        facts: dict[str, Any] = {"was_awarded": amount is not None and amount > 0}
        appeal_by = answers.appeal_by
        notes = []
        if appeal_by is not None:
            facts["appeal_by"] = context.end_of(appeal_by)
        if amount is not None and lowest is not None and amount < lowest:
            notes.append("The award is below the scheme's lowest amount: consider an appeal.")
        if is_minor_of(context):
            notes += Form.unless_yes(
                answers.minor_uplift_50,
                no="The person is a child, and half more was not given: consider an appeal.",
                unknown="The person is a child: find out whether half more was given, and think of an appeal if not.",
            )
        return Concluded(facts=facts, notes=tuple(notes), computed=of_award(answers, context))


@automatic(
    "restitution.split",
    title="Shares of the award",
    outputs={
        "is_known": bool,
        "free_percent": int,
        "free_part": int,
        "fixed_deposit_part": int,
    },
)
def split(context: StepContext) -> Completed:
    """Divide an award into the part the person may use at once and the part in a fixed deposit."""
    amount, is_minor = context.earlier("restitution.award", AwardForm).amount, is_minor_of(context)
    if amount is None or is_minor is None:
        return Completed(
            outputs={"is_known": False}, notes=("Amount or age is not known: ask the lawyer how to divide it.",)
        )
    rule = share(context, is_minor=is_minor)
    if rule is None:
        return Completed(
            outputs={"is_known": False}, notes=("No route of the person has a rule that divides an award.",)
        )
    free, deposit = rule.divide(amount)
    return Completed(
        outputs={
            "is_known": True,
            **({} if rule.free_percent is None else {"free_percent": rule.free_percent}),
            "free_part": float(free),
            "fixed_deposit_part": float(deposit),
        },
        notes=(f"The deposit is fixed for: {rule.deposit}.", based_on(rule.source, is_signed=rule.is_signed)),
    )


def _earlier_award(context: StepContext) -> bool:
    return (context.earlier("restitution.eligibility", EligibilityForm).earlier_awards or Decimal(0)) > 0
