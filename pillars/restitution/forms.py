"""The forms of restitution."""

from typing import Literal

from engine.plugin import (
    Count,
    Day,
    FileRef,
    Form,
    LongText,
    Money,
    NoSettings,
    OrganisationRef,
    PersonRef,
    Some,
    Text,
    YesNo,
    field,
)

Route = Literal[
    "NALSA", "StateVCS", "POCSO33_8", "BNSS395", "BLSA", "wages", "BD", "NP17", "civil", "SCST", "CALPRA", "NPFUND",
]  # fmt: skip
ROUTES = {
    "NALSA": "Compensation scheme for women (NALSA 2018)",
    "StateVCS": "The State's victim compensation scheme",
    "POCSO33_8": "Special Court for a child (POCSO section 33(8))",
    "BNSS395": "Order of the criminal court (BNSS section 395)",
    "BLSA": "Bonded labour grant",
    "wages": "Unpaid wages",
    "BD": "Bangladesh: tribunal or fund",
    "NP17": "Nepal: compensation by the court (section 17)",
    "civil": "Civil claim",
    "SCST": "Relief for a member of a Scheduled Caste or Tribe (1995 rules)",
    "CALPRA": "Fund for children and adolescents who worked (1986 Act)",
    "NPFUND": "Nepal: rehabilitation fund (section 14)",
}


class EligibilityForm(Form):
    """Find every way in which the person can get money or rights back, and the last day for each."""

    routes: Some[Route] = field(label="Which routes are open to the person?", choices=ROUTES, now=True)
    excluded: tuple[Route, ...] = field(
        label="Which routes were considered but are closed?", choices=ROUTES, default=()
    )
    earlier_awards: Money | None = field(label="How much was already awarded for the same harm?", default=None)
    limit_date: Day = field(
        label="What is the last day to claim?",
        help="The earliest of the routes. A lawyer must have checked this date.",
        now=True,
        must_be_known=True,
    )
    documents_missing: tuple[
        Literal[
            "fir_copy",
            "medical_report",
            "age_proof",
            "identity_paper",
            "bank_account",
            "affidavit",
            "wage_proof",
            "other",
        ],
        ...,
    ] = field(label="Which papers are still missing?", choices={"fir_copy": "Copy of the FIR"}, default=())

    @Form.rule("A route cannot be both open and closed.")
    def _route_is_open_or_closed(self) -> bool:
        return not set(self.routes) & set(self.excluded)


class ClaimForm(Form):
    """File the claim for compensation, complete and in time."""

    forum: OrganisationRef = field(label="Where is the claim filed?", now=True)
    form: FileRef = field(label="Add the signed claim form")
    filed_on: Day = field(label="When was it filed?", now=True)
    fir_copy: YesNo = field(label="Is a copy of the FIR with it?", now=True)
    medical: YesNo = field(label="Is a medical report with it?", default=None, sensitive=True)
    bank_account: Text | None = field(label="Which bank account should be paid?", default=None, identifying=True)
    guardian: PersonRef | None = field(label="Who is the guardian, if the person is a child?", default=None)
    interim_asked: YesNo = field(label="Was immediate money requested, before the decision?", now=True)
    amount_asked: Money = field(label="How much is asked for, in local money?", now=True)
    reference: Text = field(label="What number did the office give?", now=True)


class InterimForm(Form):
    """Record the first money, ordered before the final decision."""

    order_on: Day | None = field(label="When was the order made?", default=None)
    amount: Money | None = field(label="How much was ordered, in local money?", default=None)
    at_least_25pct: YesNo = field(label="Is it at least a quarter of the highest amount of the scheme?", default=None)
    cash_card: YesNo = field(label="Was it given on a cash card?", default=None)
    paid_on: Day | None = field(label="When was it paid?", default=None)

    @Form.rule("Say how much was ordered, if it was paid.")
    def _payment_has_an_amount(self) -> bool:
        return self.paid_on is None or self.amount is not None

    @Form.rule("The payment cannot be earlier than the order.")
    def _payment_follows_order(self) -> bool:
        return self.in_order(self.order_on, self.paid_on)


class AwardForm(Form):
    """Record what was awarded, and decide whether to appeal."""

    award_on: Day | None = field(label="When was the award made?", default=None)
    route: Route | None = field(
        label="By which scheme or order was it awarded?",
        help="How the money is divided depends on it.",
        choices=ROUTES,
        default=None,
    )
    amount: Money = field(label="How much was awarded, in local money?", now=True, must_be_known=True)
    min: Money | None = field(label="What is the lowest amount of the scheme?", default=None)
    max: Money | None = field(label="What is the highest amount of the scheme?", default=None)
    minor_uplift_50: YesNo = field(label="Was half more given because the person is a child?", default=None)
    reasons_exceed: LongText | None = field(label="If the award is outside these amounts, why?", default=None)
    appeal_by: Day | None = field(label="What is the last day to appeal?", default=None)

    @Form.rule("The lowest amount of the scheme cannot be more than the highest.")
    def _scheme_is_in_order(self) -> bool:
        return self.in_order(self.min, self.max)

    @Form.rule("If the award is outside the amounts of the scheme, say why.")
    def _outside_has_reasons(self) -> bool:
        return self.in_order(self.min, self.amount, self.max) or self.reasons_exceed is not None

    @Form.rule("The last day to appeal cannot be before the award.")
    def _appeal_follows_award(self) -> bool:
        return self.in_order(self.award_on, self.appeal_by)


class PaymentForm(Form):
    """Record the payment, and that the money is safe with the person."""

    paid_on: Day = field(label="When was it paid?", now=True, must_be_known=True)
    amount: Money = field(label="How much was paid?", now=True, must_be_known=True)
    currency: Literal["INR", "BDT", "NPR", "MMK", "THB", "USD", "other"] = field(label="In what currency?", now=True)
    free_part: Money = field(label="How much can the person use at once?", now=True)
    fixed_deposit_part: Money = field(label="How much is in a fixed deposit?", now=True)
    fd_until: Day | None = field(label="Until when is the deposit fixed?", default=None)
    account_holder: Literal["person", "guardian_and_child", "cwc_and_child", "cash_card", "other"] = field(
        label="In whose name is the account?",
        choices={
            "person": "The person alone",
            "guardian_and_child": "Guardian and child",
            "cwc_and_child": "Child Welfare Committee and child",
            "cash_card": "Cash card, no account",
        },
    )
    exploited_for_money_check: YesNo = field(
        label="Did you check that no one takes the money from the person?",
        help="Ask alone: family, agent, employer.",
        now=True,
    )
    fx_rate: Text | None = field(label="At which rate was it exchanged?", default=None, shown_when='currency != "INR"')

    @Form.rule("The free part and the deposit together cannot be more than the amount paid.")
    def _parts_fit(self) -> bool:
        return self.free_part + self.fixed_deposit_part <= self.amount

    @Form.rule("The deposit cannot end before the payment.")
    def _deposit_follows_payment(self) -> bool:
        return self.in_order(self.paid_on, self.fd_until)


class WagesForm(Form):
    """Claim unpaid wages, and the grant for a person freed from bonded labour."""

    employer: OrganisationRef = field(label="Who must pay the wages?", now=True)
    period: Text = field(label="In which months did the person work?", help="For example: August 2024 to March 2026.")
    days: Count = field(label="How many days were worked?", now=True)
    wage_rate: Money = field(
        label="What is the wage for one day, in local money?", help="At least the minimum wage.", now=True
    )
    due: Money = field(label="How much is owed, in local money?", now=True)
    release_certificate_no: Text | None = field(label="What is the number of the release certificate?", default=None)
    category: Literal["1L", "2L", "3L"] = field(
        label="Which grant can the person get?",
        choices={
            "1L": "1 lakh rupees: adult man",
            "2L": "2 lakh rupees: woman or child",
            "3L": "3 lakh rupees: extreme case (trafficking, sexual exploitation, transgender or disabled person)",
        },
        help="The District Magistrate decides what is an extreme case. Ask for it with the reasons.",
        now=True,
    )
    immediate_30k_on: Day | None = field(label="When was the first help (up to 30,000 rupees) paid?", default=None)
    final_on: Day | None = field(label="When was the rest of the grant paid?", default=None)

    @Form.rule("The rest of the grant cannot be paid before the first help.")
    def _rest_follows_first_help(self) -> bool:
        return self.in_order(self.immediate_30k_on, self.final_on)


class OffenceSettings(NoSettings):
    """Which step of the workflow knows the day of the offence."""

    from_step: str = "policing.fir"
    from_field: str = "offence_date"


class Fir(Form):
    """Of `policing.fir`: FIR or Zero FIR."""

    offence_date: Day | None = None
    sections: tuple[Text, ...] = ()
