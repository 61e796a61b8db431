"""The step types of restitution."""

from engine.plugin import Document, Law, OutputKind, OutputSpec, Pillar, ask, automatic
from pillars.restitution.awarding import conclude_award, conclude_interim, divide_award, prepare_award, prepare_interim
from pillars.restitution.claiming import (
    conclude_claim,
    conclude_eligibility,
    prepare_claim,
    prepare_eligibility,
    work_out_last_days,
)
from pillars.restitution.forms import AwardForm, ClaimForm, EligibilityForm, InterimForm, PaymentForm, WagesForm
from pillars.restitution.paying import add_up_payments, conclude_payment, conclude_wages, prepare_payment, prepare_wages
from pillars.restitution.settings import OffenceSettings
from pillars.restitution.tracker import PAYMENT as PAYMENTS

ELIGIBILITY = ask(
    "restitution.eligibility",
    title="Find every route",
    form=EligibilityForm,
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.engage",),
    time_limit="P15D",
    prepare=prepare_eligibility,
    conclude=conclude_eligibility,
)
CLAIM = ask(
    "restitution.claim",
    title="File the claim",
    form=ClaimForm,
    roles=("lawyer", "case_manager"),
    stays_with=("restitution.eligibility", "prosecution.engage"),
    documents=(Document("claim-form-i", "Form I: claim for compensation"),),
    time_limit="P30D",
    prepare=prepare_claim,
    conclude=conclude_claim,
)
INTERIM = ask(
    "restitution.interim",
    title="Interim relief",
    form=InterimForm,
    roles=("lawyer", "finance_officer"),
    stays_with=("restitution.claim",),
    time_limit="P15D",
    prepare=prepare_interim,
    conclude=conclude_interim,
)
AWARD = ask(
    "restitution.award",
    title="Award and appeal",
    form=AwardForm,
    roles=("lawyer",),
    stays_with=("restitution.claim", "restitution.eligibility"),
    documents=(Document("award-note", "Note on the award", leaves=False),),
    time_limit=Law("IN-COMP-60D"),
    prepare=prepare_award,
    conclude=conclude_award,
)
PAYMENT = ask(
    "restitution.payment",
    title="Payment and safekeeping",
    form=PaymentForm,
    roles=("finance_officer", "lawyer"),
    stays_with=("restitution.interim", "restitution.award"),
    documents=(Document("fd-receipt", "Receipt for the payment and the fixed deposit"),),
    time_limit="P30D",
    history=(PAYMENTS,),
    prepare=prepare_payment,
    conclude=conclude_payment,
)
WAGES = ask(
    "restitution.wages",
    title="Unpaid wages and bonded-labour grant",
    form=WagesForm,
    roles=("lawyer", "caseworker", "finance_officer"),
    stays_with=("rehabilitation.entitlements", "restitution.claim"),
    documents=(
        Document("wage-claim", "Claim for unpaid wages"),
        Document("release-certificate-request", "Request for the release certificate"),
    ),
    time_limit=Law("IN-BL-ORDER"),
    prepare=prepare_wages,
    conclude=conclude_wages,
)
limit_dates = automatic(
    "restitution.limit_dates",
    title="Last days to claim",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "is_past": OutputSpec(OutputKind.BOOL),
        "governing_code": OutputSpec(OutputKind.CHOICE, ("BNS", "IPC", "BD", "NP", "MM")),
        "last_claim_at": OutputSpec(OutputKind.INSTANT),
        "first_warning_at": OutputSpec(OutputKind.INSTANT),
        "second_warning_at": OutputSpec(OutputKind.INSTANT),
        "third_warning_at": OutputSpec(OutputKind.INSTANT),
    },
    settings=OffenceSettings,
)(work_out_last_days)
split = automatic(
    "restitution.split",
    title="Shares of the award",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "free_percent": OutputSpec(OutputKind.NUMBER),
        "free_part": OutputSpec(OutputKind.NUMBER),
        "fixed_deposit_part": OutputSpec(OutputKind.NUMBER),
    },
)(divide_award)
payments = automatic(
    "restitution.payments",
    title="Payments so far",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "sanctioned": OutputSpec(OutputKind.NUMBER),
        "credited": OutputSpec(OutputKind.NUMBER),
        "shortfall": OutputSpec(OutputKind.NUMBER),
    },
    history=(PAYMENTS,),
)(add_up_payments)

PILLAR = Pillar(
    key="restitution",
    name="Restitution",
    letter="R",
    summary="Get money and rights back: compensation, wages, bonded-labour grants, and keep the money with the person.",
    step_types=(ELIGIBILITY, CLAIM, INTERIM, AWARD, PAYMENT, WAGES, limit_dates, split, payments),
)
