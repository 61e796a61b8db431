"""The step types of restitution."""

from decimal import Decimal

from engine.plugin.fields import OutputKind
from engine.plugin.pillar import Pillar
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    NoSettings,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import add_months, as_day, as_number, end_of_day, local_day
from pillars.restitution.forms import AwardForm, ClaimForm, EligibilityForm, InterimForm, PaymentForm, WagesForm
from pillars.restitution.schemes import claim_limit, governing_code, share

VICTIMS = frozenset({"victim", "possible_victim"})
ADULT = 18


class OffenceSettings(NoSettings):
    """Which step of the workflow knows the day of the offence."""

    from_step: str = "policing.fir"
    from_field: str = "offence_date"


def _prepare_eligibility(context: StepContext) -> Prepared:
    offence, limit = as_day(context.earlier("policing.fir").get("offence_date")), claim_limit(context.jurisdiction)
    if offence is None or limit is None:
        return Prepared(notes=("The last day to claim could not be worked out: ask the lawyer.",))
    last_day = add_months(offence, limit.months)
    return Prepared(
        prefill={"limit_date": last_day.isoformat()}, notes=(_based_on(limit.source, is_signed=limit.is_signed),)
    )


def _conclude_eligibility(context: StepContext) -> Concluded:
    last_day = as_day(context.answers.get("limit_date"))
    return Concluded(facts={"last_claim_at": end_of_day(last_day, context.zone)} if last_day else {})


def _prepare_claim(context: StepContext) -> Prepared:
    last_day = as_day(context.earlier("restitution.eligibility").get("limit_date"))
    today = local_day(context.now, context.zone)
    notes = []
    if last_day is not None and last_day < today:
        notes.append("The last day to claim has passed: ask for the delay to be excused, with reasons.")
    return Prepared(prefill={"filed_on": today.isoformat(), "interim_asked": True}, notes=tuple(notes))


def _prepare_award(context: StepContext) -> Prepared:
    return (
        Prepared(notes=("An earlier award for the same harm may be taken off.",))
        if _earlier_award(context)
        else Prepared()
    )


def _earlier_award(context: StepContext) -> bool:
    return (as_number(context.earlier("restitution.eligibility").get("earlier_awards")) or Decimal(0)) > 0


def _conclude_award(context: StepContext) -> Concluded:
    amount, lowest = as_number(context.answers.get("amount")), as_number(context.answers.get("min"))
    facts: dict[str, Scalar] = {"was_awarded": amount is not None and amount > 0}
    appeal_by = as_day(context.answers.get("appeal_by"))
    if appeal_by is not None:
        facts["appeal_by"] = end_of_day(appeal_by, context.zone)
    is_low = amount is not None and lowest is not None and amount < lowest
    return Concluded(
        facts=facts, notes=("The award is below the scheme's lowest amount: think of an appeal.",) if is_low else ()
    )


def _prepare_payment(context: StepContext) -> Prepared:
    amount = as_number(context.earlier("restitution.award").get("amount"))
    is_minor = _is_minor(context)
    rule = None if is_minor is None else share(context.jurisdiction, is_minor=is_minor)
    if amount is None or rule is None:
        return Prepared()
    free, deposit = rule.divide(amount)
    prefill: dict[str, JsonAnswer] = {"amount": str(amount), "free_part": str(free), "fixed_deposit_part": str(deposit)}
    return Prepared(prefill=prefill, notes=(f"The deposit is fixed for: {rule.deposit}.",))


def _conclude_payment(context: StepContext) -> Concluded:
    is_unchecked = context.answers.get("exploited_for_money_check") is not True
    notes = ("Nobody has checked yet that the money stays with the person.",) if is_unchecked else ()
    return Concluded(facts={"was_paid": True}, notes=notes)


def _conclude_wages(context: StepContext) -> Concluded:
    days, rate = as_number(context.answers.get("days")), as_number(context.answers.get("wage_rate"))
    due = as_number(context.answers.get("due"))
    is_short = days is not None and rate is not None and due is not None and due < days * rate
    has_certificate = bool(context.answers.get("release_certificate_no"))
    notes = ("The sum claimed is less than days times wage: check it.",) if is_short else ()
    return Concluded(facts={"has_release_certificate": has_certificate}, notes=notes)


ELIGIBILITY = ask(
    "restitution.eligibility",
    title="Find every route",
    form=EligibilityForm,
    roles=("lawyer", "case_manager"),
    time_limit="P15D",
    prepare=_prepare_eligibility,
    conclude=_conclude_eligibility,
)
CLAIM = ask(
    "restitution.claim",
    title="File the claim",
    form=ClaimForm,
    roles=("lawyer", "case_manager"),
    documents=(Document("claim-form-i", "Form I: claim for compensation"),),
    time_limit="P30D",
    prepare=_prepare_claim,
)
INTERIM = ask(
    "restitution.interim",
    title="Interim relief",
    form=InterimForm,
    roles=("lawyer", "finance_officer"),
    time_limit="P15D",
)
AWARD = ask(
    "restitution.award",
    title="Award and appeal",
    form=AwardForm,
    roles=("lawyer",),
    time_limit=Law("IN-COMP-60D"),
    prepare=_prepare_award,
    conclude=_conclude_award,
)
PAYMENT = ask(
    "restitution.payment",
    title="Payment and safekeeping",
    form=PaymentForm,
    roles=("finance_officer", "lawyer"),
    time_limit="P30D",
    prepare=_prepare_payment,
    conclude=_conclude_payment,
)
WAGES = ask(
    "restitution.wages",
    title="Unpaid wages and bonded-labour grant",
    form=WagesForm,
    roles=("lawyer", "caseworker", "finance_officer"),
    documents=(Document("wage-claim", "Claim for unpaid wages"),),
    time_limit=Law("IN-BL-ORDER"),
    conclude=_conclude_wages,
)


@automatic(
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
)
def limit_dates(context: StepContext) -> Completed:
    """Work out, from the day of the offence, which code governs, the last day to claim, and when to warn."""
    settings = OffenceSettings.model_validate(context.settings.model_dump())
    offence = as_day(context.earlier(settings.from_step).get(settings.from_field))
    if offence is None:
        return Completed(outputs={"is_known": False}, notes=("The day of the offence is not known: ask the lawyer.",))
    code, limit = governing_code(context.jurisdiction, offence), claim_limit(context.jurisdiction)
    outputs: dict[str, Scalar] = {"is_known": limit is not None}
    if code is not None:
        outputs["governing_code"] = code.code
    if limit is None:
        return Completed(outputs=outputs, notes=("No limit for claims is on record for this country: ask the lawyer.",))
    last_claim_at = end_of_day(add_months(offence, limit.months), context.zone)
    outputs |= {"last_claim_at": last_claim_at, "is_past": context.now > last_claim_at}
    names = ("first_warning_at", "second_warning_at", "third_warning_at")
    for name, months in zip(names, limit.warn_after_months, strict=False):
        outputs[name] = end_of_day(add_months(offence, months), context.zone)
    return Completed(outputs=outputs, notes=(_based_on(limit.source, is_signed=limit.is_signed),))


@automatic(
    "restitution.split",
    title="Shares of the award",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "free_percent": OutputSpec(OutputKind.NUMBER),
        "free_part": OutputSpec(OutputKind.NUMBER),
        "fixed_deposit_part": OutputSpec(OutputKind.NUMBER),
    },
)
def split(context: StepContext) -> Completed:
    """Divide an award into the part the person may use at once and the part in a fixed deposit."""
    amount, is_minor = as_number(context.earlier("restitution.award").get("amount")), _is_minor(context)
    if amount is None or is_minor is None:
        return Completed(
            outputs={"is_known": False}, notes=("Amount or age is not known: ask the lawyer how to divide it.",)
        )
    rule = share(context.jurisdiction, is_minor=is_minor)
    if rule is None:
        return Completed(outputs={"is_known": False}, notes=("No rule for shares is on record for this country.",))
    free, deposit = rule.divide(amount)
    return Completed(
        outputs={
            "is_known": True,
            "free_percent": rule.free_percent,
            "free_part": float(free),
            "fixed_deposit_part": float(deposit),
        },
        notes=(f"The deposit is fixed for: {rule.deposit}.", _based_on(rule.source, is_signed=rule.is_signed)),
    )


def _is_minor(context: StepContext) -> bool | None:
    ages = [person.age for person in context.persons if person.role in VICTIMS]
    answers = {None if age is None else age < ADULT for age in ages}
    return answers.pop() if len(answers) == 1 else None


def _based_on(source: str, *, is_signed: bool) -> str:
    return f"Based on {source}." if is_signed else f"Network target, based on {source}; a lawyer must confirm it."


PILLAR = Pillar(
    key="restitution",
    name="Restitution",
    letter="R",
    summary="Get money and rights back: compensation, wages, bonded-labour grants, and keep the money with the person.",
    step_types=(ELIGIBILITY, CLAIM, INTERIM, AWARD, PAYMENT, WAGES, limit_dates, split),
)
