"""The step types of rehabilitation."""

from datetime import timedelta

from engine.plugin.fields import OutputKind
from engine.plugin.pillar import Pillar
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    NoSettings,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import add_months, as_day, local_day
from pillars.rehabilitation.forms import (
    AssessForm,
    CarePlanForm,
    CounselForm,
    EntitlementsForm,
    LearningForm,
    ProgressForm,
)

VICTIMS = frozenset({"victim", "possible_victim"})
ADULT = 18
PLAN_MONTHS = 6
REVIEW_DAYS = 90
NEXT_SESSION_DAYS = 7


class AgeingOutSettings(NoSettings):
    """How many days before the eighteenth birthday the plan for leaving care should begin."""

    plan_days_before: int = 365


def _prepare_care_plan(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    prefill: dict[str, JsonAnswer] = {
        "start": today.isoformat(),
        "planned_end": add_months(today, PLAN_MONTHS).isoformat(),
    }
    domains = context.earlier("rehabilitation.assess").get("domains")
    if domains:
        prefill["plan_type"] = domains
    return Prepared(prefill=prefill, notes=() if domains else ("There is no needs assessment yet.",))


def _prepare_counsel(context: StepContext) -> Prepared:
    return Prepared(prefill={"next": local_day(context.now, context.zone, plus_days=NEXT_SESSION_DAYS).isoformat()})


def _prepare_entitlements(context: StepContext) -> Prepared:
    return Prepared(prefill={"applied_on": local_day(context.now, context.zone).isoformat()})


def _conclude_entitlements(context: StepContext) -> Concluded:
    has_money_without_account = context.answers.get("bank_ready") is not True and bool(
        context.answers.get("granted_on")
    )
    notes = ("Help was granted, but it cannot be paid yet: open an account.",) if has_money_without_account else ()
    return Concluded(facts={"help_was_granted": bool(context.answers.get("granted_on"))}, notes=notes)


def _prepare_progress(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    prefill: dict[str, JsonAnswer] = {
        "date": today.isoformat(),
        "next": (today + timedelta(days=REVIEW_DAYS)).isoformat(),
    }
    planned_end = as_day(context.earlier("rehabilitation.care_plan").get("planned_end"))
    is_over = planned_end is not None and planned_end < today
    return Prepared(prefill=prefill, notes=("The care plan has come to its planned end.",) if is_over else ())


def _conclude_progress(context: StepContext) -> Concluded:
    return Concluded(facts={"is_ready_to_leave_care": context.answers.get("decision") == "ready_to_leave_care"})


ASSESS = ask(
    "rehabilitation.assess",
    title="Needs assessment",
    form=AssessForm,
    roles=("caseworker", "counsellor"),
    time_limit="P7D",
)
CARE_PLAN = ask(
    "rehabilitation.care_plan",
    title="Individual care plan",
    form=CarePlanForm,
    roles=("caseworker", "case_manager"),
    documents=(Document("care-plan", "Individual care plan"),),
    time_limit="P30D",
    prepare=_prepare_care_plan,
)
COUNSEL = ask(
    "rehabilitation.counsel",
    title="Counselling session",
    form=CounselForm,
    roles=("counsellor",),
    time_limit="P7D",
    prepare=_prepare_counsel,
)
LEARNING = ask(
    "rehabilitation.learning",
    title="Education or skills enrolment",
    form=LearningForm,
    roles=("caseworker", "shelter_manager"),
    time_limit="P30D",
)
ENTITLEMENTS = ask(
    "rehabilitation.entitlements",
    title="Identity papers and schemes",
    form=EntitlementsForm,
    roles=("caseworker", "case_manager"),
    time_limit="P30D",
    prepare=_prepare_entitlements,
    conclude=_conclude_entitlements,
)
PROGRESS = ask(
    "rehabilitation.progress",
    title="Progress review",
    form=ProgressForm,
    roles=("case_manager", "supervisor"),
    time_limit="P90D",
    prepare=_prepare_progress,
    conclude=_conclude_progress,
)


@automatic(
    "rehabilitation.ageing_out",
    title="Leaving care at 18",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "plan_now": OutputSpec(OutputKind.BOOL),
        "days_at_least": OutputSpec(OutputKind.NUMBER),
        "days_at_most": OutputSpec(OutputKind.NUMBER),
    },
    settings=AgeingOutSettings,
)
def ageing_out(context: StepContext) -> Completed:
    """Work out how many days are left until the oldest child of the case turns 18, and whether to plan for it now."""
    settings = AgeingOutSettings.model_validate(context.settings.model_dump())
    ages = [person.age for person in context.persons if person.role in VICTIMS and person.age is not None]
    children = [age for age in ages if age < ADULT]
    if not children:
        return Completed(outputs={"is_known": bool(ages), "plan_now": False})
    today, oldest = local_day(context.now, context.zone), max(children)
    at_least = (add_months(today, 12 * (ADULT - 1 - oldest)) - today).days
    at_most = (add_months(today, 12 * (ADULT - oldest)) - today).days
    outputs: dict[str, Scalar] = {"is_known": True, "days_at_least": at_least, "days_at_most": at_most}
    plan_now = at_least < settings.plan_days_before
    notes = ("A child of this case may turn 18 soon: plan what comes after care.",) if plan_now else ()
    return Completed(outputs=outputs | {"plan_now": plan_now}, notes=notes)


PILLAR = Pillar(
    key="rehabilitation",
    name="Rehabilitation",
    letter="R",
    summary="Recovery of health, learning and income while in care, by a plan in which the person has a say.",
    step_types=(ASSESS, CARE_PLAN, COUNSEL, LEARNING, ENTITLEMENTS, PROGRESS, ageing_out),
)
