"""The step types of re-integration."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Law,
    NoSettings,
    Pillar,
    Prepared,
    StepContext,
    automatic,
)
from pillars.reintegration import visits
from pillars.reintegration.forms import CloseForm, Handover, Hir, LivelihoodForm, MediationForm, PlanForm, VisitForm
from pillars.reintegration.visits import LAST_MONTH, milestone_days, missed, next_visit, red_flag

REVIEW_MONTHS = 3
"""A promise of the network: when a plan is looked at again."""
VISITS = "reintegration.visit"


class ScheduleSettings(NoSettings):
    """Which step of the workflow knows when the person came home."""

    from_step: str = "repatriation.handover"
    from_field: str = "at"


class Plan(
    Asked[PlanForm],
    key="reintegration.plan",
    title="Reintegration plan",
    roles=("caseworker", "partnership_manager"),
    time_limit="P15D",
    follow_ups={
        "plan_review": FollowUp(
            uses="reintegration.plan",
            title="Review the plan for life after the return, with the person",
            when='this.review_on - duration("24h") > case.now',
            due="review_on",
            opens_before="P7D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose what is known: the care plan's goals are the person's own, so they are a note and not an answer."""
        today = context.today
        prefill: dict[str, Any] = {
            "start": today.isoformat(),
            "review_on": StepContext.add_months(today, REVIEW_MONTHS).isoformat(),
        }
        names = ("economic", "social", "psychosocial", "owner", "budget")
        hopes = context.earlier("repatriation.hir", Hir).school_or_work_option
        if hopes:
            prefill["economic"] = hopes
        notes = () if _home_since(context) else ("It is not known yet since when the person is home.",)
        return Prepared(prefill=prefill | context.told_before("reintegration.plan", *names), notes=notes)

    def conclude(self, answers: PlanForm, context: StepContext) -> Concluded:
        return Concluded(facts={"has_reintegration_plan": True})


class Visit(
    Asked[VisitForm],
    key="reintegration.visit",
    title="Follow-up visit or call",
    counts_as="visited",
    roles=("caseworker", "partnership_manager"),
    stays_with=("reintegration.plan",),
    documents=(Document("follow-up-report", "Follow-up report"),),
    time_limit="P7D",
    reads=(VISITS,),
    computes=visits.FOUND,
    follow_ups=visits.AFTER_A_VISIT,
):
    def prepare(self, context: StepContext) -> Prepared:
        today, home_since = context.today, _home_since(context)
        before = context.earlier(VISITS, VisitForm)
        due_on = before.next or today
        prefill: dict[str, Any] = {
            "due_on": due_on.isoformat(),
            "next": next_visit(home_since, max(due_on, today), context).isoformat(),
        }
        prefill |= context.told_before(VISITS, "school_or_work", "income")
        notes = ["Speak with the person alone.", *_say_missed(context)]
        if before and red_flag(before):
            notes.append("Read what was written at the last visit first.")
        return Prepared(prefill=prefill, notes=tuple(notes))

    def conclude(self, answers: VisitForm, context: StepContext) -> Concluded:
        flag = red_flag(answers)
        was_reached = answers.mode != "not_reached"
        was_alone = answers.alone_with_person is True
        notes = []
        if not was_reached:
            notes.append("The person was not reached: try another safe way, and inform the supervisor.")
        elif not was_alone:
            notes += Form.unless_yes(
                False if answers.alone_with_person is None else answers.alone_with_person,
                no="No one has spoken with the person alone at this visit: plan another one soon.",
                unknown="Nobody knows whether the person was spoken with alone at this visit: plan another one soon.",
            )
        if was_reached and not answers.done_at:
            notes.append("Record when the visit took place.")
        if flag == "danger":
            notes.append("Call the supervisor now, and do not wait for the next visit.")
        return Concluded(
            facts={"was_seen_alone": was_reached and was_alone},
            notes=tuple(notes),
            computed=visits.computed(answers, context, _home_since(context)),
        )


class Livelihood(
    Asked[LivelihoodForm],
    key="reintegration.livelihood",
    title="Livelihood support",
    roles=("caseworker", "finance_officer"),
    stays_with=("reintegration.visit", "reintegration.plan"),
    time_limit="P60D",
    computes={"ask_on": datetime},
    follow_ups={
        "livelihood_review": FollowUp(
            uses="reintegration.livelihood",
            title="Does the person earn more now than before the help?",
            otherwise="end",
            due="ask_on",
            opens_before="P0D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over what the person earned at the last visit, as what they earned before this help."""
        prefill = context.told_before("reintegration.livelihood", "kind", "amount", "assets", "mentor", "income_before")
        return Prepared(prefill=context.told_before(VISITS, income_before="income") | prefill)

    def conclude(self, answers: LivelihoodForm, context: StepContext) -> Concluded:
        before, after = answers.income_before, answers.income_after
        if before is not None and after is not None:
            return Concluded(facts={"income_has_grown": after > before})
        return Concluded(computed={"ask_on": StepContext.add_months(context.today, REVIEW_MONTHS)})


class Mediation(
    Asked[MediationForm],
    key="reintegration.mediation",
    title="Family or community mediation",
    roles=("caseworker", "counsellor"),
    stays_with=("reintegration.visit", "reintegration.plan"),
    follow_ups={
        "unsafe_agreement": FollowUp(
            uses="protection.safety",
            title="An agreement does not feel safe: review the safety plan",
            when="!has(this.safe) || !this.safe",
            limit="P3D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        notes = ["Ask the person alone, before and after, whether they want this."]
        if context.earlier("repatriation.hir", Hir):
            notes.append("Read first what the home report says on violence and on who helped the traffickers.")
        return Prepared(prefill=context.told_before("reintegration.mediation", "parties", "issue"), notes=tuple(notes))

    def conclude(self, answers: MediationForm, context: StepContext) -> Concluded:
        if answers.safe is True:
            return Concluded(facts={"agreement_feels_safe": True})
        notes = Form.unless_yes(
            answers.safe,
            no="The person does not feel safe with the agreement: review the safety plan.",
            unknown="It is not known whether the person feels safe with the agreement: ask them alone.",
        )
        return Concluded(facts={"agreement_feels_safe": False}, notes=notes)


class Close(
    Asked[CloseForm],
    key="reintegration.close",
    title="Closure review",
    roles=("supervisor", "case_manager"),
    documents=(Document("closure-minute", "Closure minute", leaves=False),),
    time_limit="P30D",
    reads=(VISITS,),
):
    def prepare(self, context: StepContext) -> Prepared:
        today = context.today
        notes = [] if context.earlier(VISITS, VisitForm) else ["There is no follow-up visit in this case yet."]
        notes += _say_missed(context)
        home_since = _home_since(context)
        if home_since and StepContext.add_months(context.day_of(home_since), LAST_MONTH) > today:
            notes.append("Two years of visits are not over yet: close earlier only if the person asks.")
        return Prepared(notes=tuple(notes))

    def conclude(self, answers: CloseForm, context: StepContext) -> Concluded:
        may_close = answers.all_pillars_settled is True and answers.open_clocks == 0
        notes = () if may_close else ("Something is left to do: the case stays open, and this review will open again.",)
        return Concluded(facts={"may_close": may_close}, notes=notes)


@automatic(
    "reintegration.schedule",
    title="Dates of the follow-up visits",
    outputs={
        "is_known": bool,
        "after_2_weeks_at": datetime,
        "after_1_month_at": datetime,
        "after_3_months_at": datetime,
        "after_6_months_at": datetime,
        "after_12_months_at": datetime,
    },
    settings=ScheduleSettings,
    reads=(VISITS,),
    computes=visits.DAYS,
    follow_ups=visits.AFTER_THE_RETURN,
)
def schedule(context: StepContext) -> Completed:
    """Work out when to visit after the return, from two weeks to twelve months, and open each visit in time."""
    settings = context.settings_as(ScheduleSettings)
    home_since = context.told_instant(settings.from_step, settings.from_field)
    if home_since is None:
        return Completed(outputs={"is_known": False}, notes=("It is not known yet since when the person is home.",))
    outputs: dict[str, Any] = {"is_known": True, "after_2_weeks_at": home_since + timedelta(weeks=2)}
    for name, months in (("1_month", 1), ("3_months", 3), ("6_months", 6), ("12_months", 12)):
        outputs[f"after_{name}_at"] = Law("visits", months=months).instant_after(home_since, context.zone)
    return Completed(
        outputs=outputs, computed=milestone_days(home_since, context, context.all_earlier(VISITS, VisitForm))
    )


def _say_missed(context: StepContext) -> tuple[str, ...]:
    gone = missed(_home_since(context), context.all_earlier(VISITS, VisitForm), context)
    return (f"No one saw the person at the visit after: {', '.join(gone)}.",) if gone else ()


def _home_since(context: StepContext) -> datetime | None:
    return context.earlier("repatriation.handover", Handover).at


PILLAR = Pillar(
    key="reintegration",
    name="Re-integration",
    letter="R",
    summary="A safe life after the return: home, income, school, respect, and visits until it is safe.",
    step_types=(Plan, Visit, Livelihood, Mediation, Close, schedule),
)
