"""What payments and unpaid wages propose, and how much came so far."""

from datetime import datetime
from typing import Any

from engine.plugin import Asked, Completed, Concluded, Document, Law, Prepared, StepContext, automatic
from pillars.restitution.follow_ups import AFTER_PAYMENT, AFTER_WAGES, of_payment, of_wages, paid_so_far
from pillars.restitution.follow_ups import PAYMENT as PAYMENTS
from pillars.restitution.forms import AwardForm, PaymentForm, WagesForm
from pillars.restitution.schemes import age_of, based_on, bonded_labour_grant, is_minor_of
from pillars.restitution.shares import paid_whole, share

_WHOLE = (
    "Only the award of a scheme that says so is divided. A grant for bonded labour has an annuity part of its own; "
    "wages, help at once and interim relief are paid whole."
)
_LEAST = "It is the least that is held: the order can say more."


class Payment(
    Asked[PaymentForm],
    key="restitution.payment",
    title="Payment and safekeeping",
    counts_as="paid",
    roles=("finance_officer", "lawyer"),
    stays_with=("restitution.interim", "restitution.award"),
    documents=(Document("fd-receipt", "Receipt for the payment and the fixed deposit"),),
    time_limit="P30D",
    reads=(PAYMENTS,),
    computes={"ask_on": datetime},
    follow_ups=AFTER_PAYMENT,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose what is still to be paid, and how an award is divided by its scheme and the person's age."""
        money, is_minor = paid_so_far(context), is_minor_of(context)
        if money is None:
            return Prepared(notes=(_WHOLE,))
        rule = None if is_minor is None else share(context, is_minor=is_minor)
        if rule is None or not context.earlier("restitution.award", AwardForm):
            return Prepared(prefill={"amount": str(money.shortfall)}, notes=(*paid_whole(context), _WHOLE))
        free, deposit = rule.divide(money.shortfall)
        prefill: dict[str, Any] = {
            "amount": str(money.shortfall),
            "free_part": str(free),
            "fixed_deposit_part": str(deposit),
        }
        ends = rule.deposit_ends(context.today, age_of(context))
        if ends is not None:
            prefill["fd_until"] = ends.isoformat()
        least = _LEAST if rule.free_percent is None else ""
        basis = f"The deposit is fixed for: {rule.deposit}. {least} {based_on(rule.source, is_signed=rule.is_signed)}"
        notes = (" ".join(basis.split()), *paid_whole(context), _WHOLE)
        return Prepared(prefill=prefill, notes=notes)

    def conclude(self, answers: PaymentForm, context: StepContext) -> Concluded:
        """Say what is open about the money, and ask for the rest."""
        money, notes = paid_so_far(context, answers), []
        if answers.exploited_for_money_check is not True:
            notes.append("Nobody is known to have checked that the money stays with the person.")
        if answers.perhaps_some("fixed_deposit_part") and not answers.fd_until:
            notes.append("Record until when the deposit is fixed.")
        facts: dict[str, Any] = {"was_paid": True}
        if money is not None:
            facts["paid_in_full"] = money.shortfall == 0
            if money.shortfall:
                notes.append("Less was paid than was awarded: ask for the rest.")
        return Concluded(facts=facts, notes=tuple(notes), computed=of_payment(answers, context))


class Wages(
    Asked[WagesForm],
    key="restitution.wages",
    title="Unpaid wages and bonded-labour grant",
    roles=("lawyer", "caseworker", "finance_officer"),
    stays_with=("rehabilitation.entitlements", "restitution.claim"),
    documents=(
        Document("wage-claim", "Claim for unpaid wages"),
        Document("release-certificate-request", "Request for the release certificate"),
    ),
    time_limit=Law("IN-BL-ORDER"),
    computes={"ask_on": datetime},
    follow_ups=AFTER_WAGES,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what is known of the claim, and say what the grant is by the scheme of the day."""
        names = ("employer", "period", "days", "wage_rate", "due", "release_certificate_no", "category",
                 "immediate_30k_on", "final_on")  # fmt: skip
        grant = bonded_labour_grant(context.jurisdiction, context.today)
        notes: tuple[str, ...] = ()
        if grant is not None:
            notes = (f"{grant.in_words} {based_on(grant.source, is_signed=grant.is_signed)}",)
        return Prepared(prefill=context.told_before("restitution.wages", *names), notes=notes)

    def conclude(self, answers: WagesForm, context: StepContext) -> Concluded:
        """Say what the claim lacks, and watch the help at once and the grant."""
        days, rate = answers.days, answers.wage_rate
        due = answers.due
        has_certificate = bool(answers.release_certificate_no)
        notes = []
        if days is not None and rate is not None and due is not None and due < days * rate:
            notes.append("The sum claimed is less than days times wage: check it.")
        if not has_certificate:
            notes.append("There is no release certificate: send the request to the District Magistrate today.")
        return Concluded(
            facts={"has_release_certificate": has_certificate},
            notes=tuple(notes),
            computed=of_wages(answers, context),
        )


@automatic(
    "restitution.payments",
    title="Payments so far",
    outputs={
        "is_known": bool,
        "sanctioned": int,
        "credited": int,
        "shortfall": int,
    },
    reads=(PAYMENTS,),
)
def payments(context: StepContext) -> Completed:
    """Add up what was ordered for the person, what came, and what is still missing, in the currency of the payments."""
    money = paid_so_far(context)
    if money is None:
        return Completed(
            outputs={"is_known": False},
            notes=("Nothing was ordered yet, or it was paid in several currencies: add it up by hand.",),
        )
    return Completed(
        outputs={
            "is_known": True,
            "sanctioned": float(money.sanctioned),
            "credited": float(money.credited),
            "shortfall": float(money.shortfall),
        },
        notes=("Less was paid than was ordered.",) if money.shortfall else (),
    )
