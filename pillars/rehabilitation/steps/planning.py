"""What the assessment, the care plan and its reviews propose."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, FollowUp, Prepared, StepContext
from pillars.rehabilitation.forms import (
    FIRST_REVIEW_MONTHS,
    LOW_SCORE,
    LOW_SCORE_DAYS,
    MONTHLY_FOR,
    NEXT_SESSION_DAYS,
    PLAN_MONTHS,
    REVIEW_DAYS,
    AssessForm,
    CarePlanForm,
    CarePlanSettings,
    ProgressForm,
)
from pillars.rehabilitation.leaving import COMPUTES, FOLLOW_UPS, computed, oldest_child

_ASSESSMENT, _REVIEWS, _REVIEW = "rehabilitation.assess", "rehabilitation.progress", "Care plan: review it together"
_CARE_ENDS = '(has(this.decision) && this.decision in ["ready_to_leave_care", "end_plan"])'


class Assess(
    Asked[AssessForm],
    key="rehabilitation.assess",
    title="Needs assessment",
    roles=("caseworker", "counsellor"),
    stays_with=("protection.safety", "rescue.first_needs"),
    time_limit="P7D",
    computes={"review_on": datetime},
    follow_ups={
        "needs_review": FollowUp(
            uses=_ASSESSMENT, title="Needs: review them with the person", due="review_on", opens_before="P7D"
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over the last assessment, to be confirmed; how the person is and what they want is asked anew."""
        names = ("domains", "individual_risk", "household_risk", "community_risk", "strengths")
        told = context.told_before(_ASSESSMENT, *names)
        note = (
            "This is a review: ask what has changed." if told else "Ask in the person's language, alone, with breaks."
        )
        return Prepared(prefill=told, notes=(note,))

    def conclude(self, answers: AssessForm, context: StepContext) -> Concluded:
        """Open the next assessment after 90 days, as long as a need is open; a low score is looked at after 30."""
        score, before = answers.score, context.earlier(_ASSESSMENT, AssessForm)
        is_low = score <= LOW_SCORE if score is not None else answers.is_unknown("score")
        now, earlier = set(answers.domains), set(before.domains)
        closed = earlier - now
        notes = []
        if is_low and score is None:
            notes.append("It is not known how the person is doing: ask them soon.")
        elif is_low:
            notes.append("The person is doing badly: review this soon, and speak with the counsellor.")
        if closed:
            notes.append(f"Settled since the last time: {in_words(closed)}.")
        day = context.today + timedelta(days=LOW_SCORE_DAYS if is_low else REVIEW_DAYS)
        facts = {"needs_known": True, "doing_badly": is_low}
        return Concluded(facts=facts, notes=tuple(notes), computed={"review_on": day})


class CarePlan(
    Asked[CarePlanForm],
    key="rehabilitation.care_plan",
    title="Individual care plan",
    roles=("caseworker", "case_manager"),
    stays_with=("rehabilitation.assess",),
    documents=(Document("care-plan", "Individual care plan (Form 7 for a child)", leaves=False),),
    time_limit="P30D",
    settings=CarePlanSettings,
    computes={"review_on": datetime, **COMPUTES},
    follow_ups={
        "care_plan_review": FollowUp(uses=_REVIEWS, title=_REVIEW, due="review_on", opens_before="P7D"),
        **FOLLOW_UPS,
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose six months from today, for the needs that were found."""
        today = context.today
        prefill: dict[str, Any] = {
            "start": today.isoformat(),
            "planned_end": StepContext.add_months(today, PLAN_MONTHS).isoformat(),
        }
        prefill |= context.told_before("rehabilitation.care_plan", "plan_type", "objectives", "actions", "responsible")
        needs = context.told_before(_ASSESSMENT, plan_type="domains")
        prefill |= needs
        notes = [] if needs else ["There is no needs assessment yet."]
        if _is_leaving(context):
            notes.append(
                "Plan a home, papers, work or school, money and someone to call, from the day the person is 18."
            )
        return Prepared(prefill=prefill, notes=tuple(notes))

    def conclude(self, answers: CarePlanForm, context: StepContext) -> Concluded:
        """Return when the first review is, after a month, and the eighteenth birthday of a child."""
        start, today = answers.start, context.today
        review = max(StepContext.add_months(start or today, FIRST_REVIEW_MONTHS), today + timedelta(days=1))
        missing = {*context.earlier(_ASSESSMENT, AssessForm).domains} - {*answers.plan_type}
        notes = (f"The plan does not cover needs that were found: {in_words(missing)}.",) if missing else ()
        leaving = {} if _is_leaving(context) else computed(context, oldest_child(context))
        return Concluded(facts={"has_care_plan": True}, notes=notes, computed={"review_on": review, **leaving})


class Progress(
    Asked[ProgressForm],
    key="rehabilitation.progress",
    title="Progress review",
    roles=("case_manager", "supervisor"),
    time_limit="P90D",
    computes={"change_by": datetime},
    follow_ups={
        "reviewed": FollowUp(ends="care_plan_review"),
        "progress_review": FollowUp(
            uses=_REVIEWS, title=_REVIEW, when=f"!{_CARE_ENDS}", otherwise="end", due="next", opens_before="P7D"
        ),
        "plan_change": FollowUp(
            uses="rehabilitation.care_plan",
            title="Change the care plan, as the meeting decided",
            when='has(this.next) && this.decision in ["change_plan", "more_support"]',
            due="change_by",
            opens_before=f"P{NEXT_SESSION_DAYS}D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the next meeting: each month in the first three months of the plan, then each 90 days."""
        today, plan = context.today, context.earlier("rehabilitation.care_plan", CarePlanForm)
        start, planned_end = plan.start, plan.planned_end
        is_new = start is not None and today < StepContext.add_months(start, MONTHLY_FOR)
        prefill: dict[str, Any] = {
            "date": today.isoformat(),
            "next": (StepContext.add_months(today, 1) if is_new else today + timedelta(days=REVIEW_DAYS)).isoformat(),
        }
        is_over = planned_end is not None and planned_end < today
        notes = ["The care plan has come to its planned end."] if is_over else []
        child = oldest_child(context)
        if child is not None and child.earliest <= StepContext.add_months(today, 12):
            notes.append("A child in this case might turn 18 within a year: plan what comes after care.")
        prefill |= context.told_before(_REVIEWS, "members")
        return Prepared(prefill=prefill, notes=tuple(notes))

    def conclude(self, answers: ProgressForm, context: StepContext) -> Concluded:
        """Open the next meeting on its day, unless care ends; a plan that is to change is opened at once."""
        decision = answers.decision
        worse = {score.removesuffix("_worse") for score in answers.domains_score if score.endswith("_worse")}
        notes = (f"Worse than before: {in_words(worse)}.",) if worse else ()
        facts: dict[str, Any] = {
            "is_ready_to_leave_care": decision == "ready_to_leave_care",
            "is_worse": bool(worse),
        }
        change_by = context.today + timedelta(days=NEXT_SESSION_DAYS)
        return Concluded(facts=facts, notes=notes, computed={"change_by": change_by})


def in_words(domains: Iterable[str]) -> str:
    """Name choices in one line, in order."""
    return ", ".join(sorted(domains))


def _is_leaving(context: StepContext) -> bool:
    return bool(context.settings_as(CarePlanSettings).leaving_care)
