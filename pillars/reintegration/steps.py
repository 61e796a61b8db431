"""The step types of re-integration."""

from datetime import datetime, timedelta

from engine.plugin import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    NoSettings,
    OutputKind,
    OutputSpec,
    Pillar,
    Prepared,
    Scalar,
    StepContext,
    Watch,
    add_months,
    add_months_to_instant,
    as_day,
    as_instant,
    as_number,
    ask,
    automatic,
    local_day,
    told_before,
    unless_yes,
    watch_for_day,
)
from pillars.reintegration.forms import CloseForm, LivelihoodForm, MediationForm, PlanForm, VisitForm
from pillars.reintegration.visits import LAST_MONTH, missed, next_visit, red_flag, watch_milestones, watch_visit

REVIEW_MONTHS, REVIEW_OPENS_BEFORE_DAYS, SAFETY_WITHIN = 3, 7, timedelta(days=3)
"""Promises of the network: when a plan is looked at again, and a safety plan after an agreement that feels unsafe."""
VISITS = "reintegration.visit"


class ScheduleSettings(NoSettings):
    """Which step of the workflow knows when the person came home."""

    from_step: str = "repatriation.handover"
    from_field: str = "at"


def _prepare_plan(context: StepContext) -> Prepared:
    """Propose what is known: the care plan's goals are the person's own, so they are a note and not an answer."""
    today = local_day(context.now, context.zone)
    prefill: dict[str, JsonAnswer] = {
        "start": today.isoformat(),
        "review_on": add_months(today, REVIEW_MONTHS).isoformat(),
    }
    names = ("economic", "social", "psychosocial", "owner", "budget")
    hopes = context.earlier("repatriation.hir").get("school_or_work_option")
    if hopes:
        prefill["economic"] = hopes
    notes = () if _home_since(context) else ("It is not known yet since when the person is home.",)
    return Prepared(prefill=prefill | told_before(context, "reintegration.plan", *names), notes=notes)


def _conclude_plan(context: StepContext) -> Concluded:
    review = as_day(context.answers.get("review_on"))
    if review is None or review <= local_day(context.now, context.zone):
        return Concluded(facts={"has_reintegration_plan": True})
    title = "Review the plan for life after the return, with the person"
    watch = watch_for_day(
        "plan_review", "reintegration.plan", title, review, zone=context.zone, days_before=REVIEW_OPENS_BEFORE_DAYS
    )
    return Concluded(facts={"has_reintegration_plan": True}, watches=(watch,))


def _prepare_visit(context: StepContext) -> Prepared:
    today, home_since = local_day(context.now, context.zone), _home_since(context)
    before = context.earlier(VISITS)
    due_on = as_day(before.get("next")) or today
    prefill: dict[str, JsonAnswer] = {
        "due_on": due_on.isoformat(),
        "next": next_visit(home_since, max(due_on, today), context.zone).isoformat(),
    }
    prefill |= told_before(context, VISITS, "school_or_work", "income")
    notes = ["Speak with the person alone.", *_say_missed(context)]
    if before and red_flag(before):
        notes.append("Read what was written at the last visit first.")
    return Prepared(prefill=prefill, notes=tuple(notes))


def _say_missed(context: StepContext) -> tuple[str, ...]:
    gone = missed(_home_since(context), context.all_earlier(VISITS), local_day(context.now, context.zone), context.zone)
    return (f"No one saw the person at the visit after: {', '.join(gone)}.",) if gone else ()


def _conclude_visit(context: StepContext) -> Concluded:
    answers, flag = context.answers, red_flag(context.answers)
    was_reached = answers.get("mode") != "not_reached"
    was_alone = answers.get("alone_with_person") is True
    notes = []
    if not was_reached:
        notes.append("The person was not reached: try another safe way, and inform the supervisor.")
    elif not was_alone:
        notes += unless_yes(
            answers.get("alone_with_person", False),
            no="No one has spoken with the person alone at this visit: plan another one soon.",
            unknown="Nobody knows whether the person was spoken with alone at this visit: plan another one soon.",
        )
    if was_reached and not answers.get("done_at"):
        notes.append("Record when the visit took place.")
    if flag == "danger":
        notes.append("Call the supervisor now, and do not wait for the next visit.")
    return Concluded(
        facts={"was_seen_alone": was_reached and was_alone},
        notes=tuple(notes),
        watches=watch_visit(context, _home_since(context)),
    )


def _prepare_livelihood(context: StepContext) -> Prepared:
    """Take over what the person earned at the last visit, as what they earned before this help."""
    prefill = told_before(context, "reintegration.livelihood", "kind", "amount", "assets", "mentor", "income_before")
    income = context.earlier(VISITS).get("income")
    if income not in (None, ""):
        prefill.setdefault("income_before", income)
    return Prepared(prefill=prefill)


def _conclude_livelihood(context: StepContext) -> Concluded:
    before, after = as_number(context.answers.get("income_before")), as_number(context.answers.get("income_after"))
    if before is not None and after is not None:
        return Concluded(
            facts={"income_has_grown": after > before}, watches=(Watch("livelihood_review", is_over=True),)
        )
    day = add_months(local_day(context.now, context.zone), REVIEW_MONTHS)
    title = "Does the person earn more now than before the help?"
    watch = watch_for_day("livelihood_review", "reintegration.livelihood", title, day, zone=context.zone)
    return Concluded(watches=(watch,))


def _prepare_mediation(context: StepContext) -> Prepared:
    notes = ["Ask the person alone, before and after, whether they want this."]
    if context.earlier("repatriation.hir"):
        notes.append("Read first what the home report says on violence and on who helped the traffickers.")
    return Prepared(prefill=told_before(context, "reintegration.mediation", "parties", "issue"), notes=tuple(notes))


def _conclude_mediation(context: StepContext) -> Concluded:
    if context.answers.get("safe") is True:
        return Concluded(facts={"agreement_feels_safe": True})
    title = "An agreement does not feel safe: review the safety plan"
    watch = Watch(
        "unsafe_agreement", "protection.safety", title, due_at=context.now + SAFETY_WITHIN, from_at=context.now
    )
    notes = unless_yes(
        context.answers.get("safe"),
        no="The person does not feel safe with the agreement: review the safety plan.",
        unknown="It is not known whether the person feels safe with the agreement: ask them alone.",
    )
    return Concluded(facts={"agreement_feels_safe": False}, notes=notes, watches=(watch,))


def _prepare_close(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone)
    notes = [] if context.earlier(VISITS) else ["There is no follow-up visit in this case yet."]
    notes += _say_missed(context)
    home_since = _home_since(context)
    if home_since and add_months(local_day(home_since, context.zone), LAST_MONTH) > today:
        notes.append("Two years of visits are not over yet: close earlier only if the person asks.")
    return Prepared(notes=tuple(notes))


def _conclude_close(context: StepContext) -> Concluded:
    may_close = context.answers.get("all_pillars_settled") is True and context.answers.get("open_clocks") == 0
    notes = () if may_close else ("Something is left to do: the case stays open, and this review will open again.",)
    return Concluded(facts={"may_close": may_close}, notes=notes)


def _home_since(context: StepContext) -> datetime | None:
    return as_instant(context.earlier("repatriation.handover").get("at"))


PLAN = ask(
    "reintegration.plan",
    title="Reintegration plan",
    form=PlanForm,
    roles=("caseworker", "partnership_manager"),
    time_limit="P15D",
    prepare=_prepare_plan,
    conclude=_conclude_plan,
)
VISIT = ask(
    "reintegration.visit",
    title="Follow-up visit or call",
    form=VisitForm,
    roles=("caseworker", "partnership_manager"),
    stays_with=("reintegration.plan",),
    documents=(Document("follow-up-report", "Follow-up report"),),
    time_limit="P7D",
    history=(VISITS,),
    prepare=_prepare_visit,
    conclude=_conclude_visit,
)
LIVELIHOOD = ask(
    "reintegration.livelihood",
    title="Livelihood support",
    form=LivelihoodForm,
    roles=("caseworker", "finance_officer"),
    stays_with=("reintegration.visit", "reintegration.plan"),
    time_limit="P60D",
    prepare=_prepare_livelihood,
    conclude=_conclude_livelihood,
)
MEDIATION = ask(
    "reintegration.mediation",
    title="Family or community mediation",
    form=MediationForm,
    roles=("caseworker", "counsellor"),
    stays_with=("reintegration.visit", "reintegration.plan"),
    prepare=_prepare_mediation,
    conclude=_conclude_mediation,
)
CLOSE = ask(
    "reintegration.close",
    title="Closure review",
    form=CloseForm,
    roles=("supervisor", "case_manager"),
    documents=(Document("closure-minute", "Closure minute", leaves=False),),
    time_limit="P30D",
    history=(VISITS,),
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
    history=(VISITS,),
)
def schedule(context: StepContext) -> Completed:
    """Work out when to visit after the return, from two weeks to twelve months, and open each visit in time."""
    settings = ScheduleSettings.model_validate(context.settings.model_dump())
    home_since = as_instant(context.earlier(settings.from_step).get(settings.from_field))
    if home_since is None:
        return Completed(outputs={"is_known": False}, notes=("It is not known yet since when the person is home.",))
    outputs: dict[str, Scalar] = {"is_known": True, "after_2_weeks_at": home_since + timedelta(weeks=2)}
    for name, months in (("1_month", 1), ("3_months", 3), ("6_months", 6), ("12_months", 12)):
        outputs[f"after_{name}_at"] = add_months_to_instant(home_since, months, context.zone)
    return Completed(outputs=outputs, watches=watch_milestones(home_since, context, context.all_earlier(VISITS)))


PILLAR = Pillar(
    key="reintegration",
    name="Re-integration",
    letter="R",
    summary="A safe life after the return: home, income, school, respect, and visits until it is safe.",
    step_types=(PLAN, VISIT, LIVELIHOOD, MEDIATION, CLOSE, schedule),
)
