"""The step types of re-integration."""

from datetime import date, timedelta

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
from engine.plugin.values import add_months, add_months_to_instant, as_day, as_instant, as_number, local_day
from pillars.reintegration.forms import CloseForm, LivelihoodForm, MediationForm, PlanForm, VisitForm

REVIEW_MONTHS = 3
LATER_VISITS = timedelta(days=90)
FIRST_VISITS = (timedelta(days=7), timedelta(days=30), timedelta(days=90))


class ScheduleSettings(NoSettings):
    """Which step of the workflow knows when the person came home."""

    from_step: str = "repatriation.handover"
    from_field: str = "at"


def _prepare_plan(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    return Prepared(
        prefill={"start": today.isoformat(), "review_on": add_months(today, REVIEW_MONTHS).isoformat()},
    )


def _prepare_visit(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    due_on = as_day(context.earlier("reintegration.visit").get("next")) or today
    home_since = as_instant(context.earlier("repatriation.handover").get("at"))
    home_day = None if home_since is None else local_day(home_since, context.zone)
    prefill: dict[str, JsonAnswer] = {
        "due_on": due_on.isoformat(),
        "next": _next_visit(max(due_on, today), home_day).isoformat(),
    }
    return Prepared(prefill=prefill, notes=("Speak with the person alone.",))


def _next_visit(this_visit: date, home_day: date | None) -> date:
    if home_day is None:
        return this_visit + FIRST_VISITS[0]
    later = [home_day + after for after in FIRST_VISITS if home_day + after > this_visit]
    return later[0] if later else this_visit + LATER_VISITS


def _conclude_visit(context: StepContext) -> Concluded:
    was_reached = context.answers.get("mode") != "not_reached"
    was_alone = context.answers.get("alone_with_person") is True
    notes = []
    if not was_reached:
        notes.append("The person was not reached: try another safe way, and tell the supervisor.")
    elif not was_alone:
        notes.append("Nobody has spoken with the person alone at this visit: plan another one soon.")
    return Concluded(facts={"was_seen_alone": was_reached and was_alone}, notes=tuple(notes))


def _conclude_livelihood(context: StepContext) -> Concluded:
    before, after = as_number(context.answers.get("income_before")), as_number(context.answers.get("income_after"))
    return Concluded(facts={} if before is None or after is None else {"income_has_grown": after > before})


def _conclude_mediation(context: StepContext) -> Concluded:
    is_safe = context.answers.get("safe") is True
    notes = () if is_safe else ("The person does not feel safe with the agreement: look at the safety plan again.",)
    return Concluded(facts={"agreement_feels_safe": is_safe}, notes=notes)


def _prepare_close(context: StepContext) -> Prepared:
    visits = context.earlier("reintegration.visit")
    return Prepared(notes=() if visits else ("There is no follow-up visit in this case yet.",))


def _conclude_close(context: StepContext) -> Concluded:
    may_close = context.answers.get("all_pillars_settled") is True and context.answers.get("open_clocks") == 0
    return Concluded(facts={"may_close": may_close})


PLAN = ask(
    "reintegration.plan",
    title="Reintegration plan",
    form=PlanForm,
    roles=("caseworker", "partnership_manager"),
    time_limit="P15D",
    prepare=_prepare_plan,
)
VISIT = ask(
    "reintegration.visit",
    title="Follow-up visit or call",
    form=VisitForm,
    roles=("caseworker", "partnership_manager"),
    documents=(Document("follow-up-report", "Follow-up report"),),
    time_limit="P7D",
    prepare=_prepare_visit,
    conclude=_conclude_visit,
)
LIVELIHOOD = ask(
    "reintegration.livelihood",
    title="Livelihood support",
    form=LivelihoodForm,
    roles=("caseworker", "finance_officer"),
    time_limit="P60D",
    conclude=_conclude_livelihood,
)
MEDIATION = ask(
    "reintegration.mediation",
    title="Family or community mediation",
    form=MediationForm,
    roles=("caseworker", "counsellor"),
    conclude=_conclude_mediation,
)
CLOSE = ask(
    "reintegration.close",
    title="Closure review",
    form=CloseForm,
    roles=("supervisor", "case_manager"),
    documents=(Document("closure-minute", "Closure minute"),),
    time_limit="P30D",
    prepare=_prepare_close,
    conclude=_conclude_close,
)


@automatic(
    "reintegration.schedule",
    title="Dates of the follow-up visits",
    outputs={
        "is_known": OutputSpec(OutputKind.BOOL),
        "after_2_weeks_at": OutputSpec(OutputKind.INSTANT),
        "after_1_month_at": OutputSpec(OutputKind.INSTANT),
        "after_3_months_at": OutputSpec(OutputKind.INSTANT),
        "after_6_months_at": OutputSpec(OutputKind.INSTANT),
        "after_12_months_at": OutputSpec(OutputKind.INSTANT),
    },
    settings=ScheduleSettings,
)
def schedule(context: StepContext) -> Completed:
    """Work out when to visit after the return: after two weeks, and after one, three, six and twelve months."""
    settings = ScheduleSettings.model_validate(context.settings.model_dump())
    home_since = as_instant(context.earlier(settings.from_step).get(settings.from_field))
    if home_since is None:
        return Completed(outputs={"is_known": False}, notes=("It is not known yet since when the person is home.",))
    outputs: dict[str, Scalar] = {"is_known": True, "after_2_weeks_at": home_since + timedelta(weeks=2)}
    for name, months in (("1_month", 1), ("3_months", 3), ("6_months", 6), ("12_months", 12)):
        outputs[f"after_{name}_at"] = add_months_to_instant(home_since, months, context.zone)
    return Completed(outputs=outputs)


PILLAR = Pillar(
    key="reintegration",
    name="Re-integration",
    letter="R",
    summary="A safe life after the return: home, income, school, respect, and visits until it is safe.",
    step_types=(PLAN, VISIT, LIVELIHOOD, MEDIATION, CLOSE, schedule),
)
