"""What the assessment, the care plan and its reviews propose."""

from datetime import timedelta

from engine.plugin.steps import Concluded, JsonAnswer, Prepared, Scalar, StepContext
from engine.plugin.values import add_months, as_day, as_number, local_day, told_before, watch_for_day
from engine.plugin.watches import Watch
from pillars.rehabilitation.leaving import oldest_child, watch_leaving
from pillars.rehabilitation.needs import domains_of, in_words
from pillars.rehabilitation.practice import (
    FIRST_REVIEW_MONTHS,
    LOW_SCORE,
    LOW_SCORE_DAYS,
    MONTHLY_FOR,
    NEXT_SESSION_DAYS,
    OPENS_BEFORE_DAYS,
    PLAN_MONTHS,
    REVIEW_DAYS,
)

_ASSESSMENT, _REVIEWS = "rehabilitation.assess", "rehabilitation.progress"


def prepare_assess(context: StepContext) -> Prepared:
    """Take over the last assessment, to be confirmed; how the person is and what they want is asked anew."""
    names = ("domains", "individual_risk", "household_risk", "community_risk", "strengths")
    told = told_before(context, _ASSESSMENT, *names)
    note = "This is a review: ask what has changed." if told else "Ask in the person's language, alone, with breaks."
    return Prepared(prefill=told, notes=(note,))


def conclude_assess(context: StepContext) -> Concluded:
    """Open the next assessment after 90 days, as long as a need is open; a low score is looked at after 30."""
    score, before = as_number(context.answers.get("score")), context.earlier(_ASSESSMENT)
    is_low = score is not None and score <= LOW_SCORE
    now, earlier = domains_of(context.answers.get("domains")), domains_of(before.get("domains"))
    closed = earlier - now
    notes = []
    if is_low:
        notes.append("The person is doing badly: review this soon, and speak with the counsellor.")
    if closed:
        notes.append(f"Settled since the last time: {in_words(closed)}.")
    day = local_day(context.now, context.zone, plus_days=LOW_SCORE_DAYS if is_low else REVIEW_DAYS)
    title = "Needs: review them with the person"
    watch = watch_for_day("needs_review", _ASSESSMENT, title, day, zone=context.zone, days_before=OPENS_BEFORE_DAYS)
    return Concluded(facts={"needs_known": True, "doing_badly": is_low}, notes=tuple(notes), watches=(watch,))


def prepare_care_plan(context: StepContext) -> Prepared:
    """Propose six months from today, for the needs that were found."""
    today = local_day(context.now, context.zone)
    prefill: dict[str, JsonAnswer] = {
        "start": today.isoformat(),
        "planned_end": add_months(today, PLAN_MONTHS).isoformat(),
    }
    prefill |= told_before(context, "rehabilitation.care_plan", "plan_type", "objectives", "actions", "responsible")
    assessment = context.earlier(_ASSESSMENT)
    if assessment.get("domains"):
        prefill["plan_type"] = assessment["domains"]
    notes = [] if assessment.get("domains") else ["There is no needs assessment yet."]
    if _is_leaving(context):
        notes.append("Plan a home, papers, work or school, money and someone to call, from the day the person is 18.")
    return Prepared(prefill=prefill, notes=tuple(notes))


def conclude_care_plan(context: StepContext) -> Concluded:
    """Watch for the first review after a month, and for the eighteenth birthday of a child."""
    start, today = as_day(context.answers.get("start")), local_day(context.now, context.zone)
    review = max(add_months(start or today, FIRST_REVIEW_MONTHS), today + timedelta(days=1))
    missing = domains_of(context.earlier(_ASSESSMENT).get("domains")) - domains_of(context.answers.get("plan_type"))
    notes = (f"The plan does not cover needs that were found: {in_words(missing)}.",) if missing else ()
    title = "Care plan: review it together"
    watches: tuple[Watch, ...] = (
        watch_for_day("care_plan_review", _REVIEWS, title, review, zone=context.zone, days_before=OPENS_BEFORE_DAYS),
    )
    if not _is_leaving(context):
        watches += watch_leaving(context, oldest_child(context))
    return Concluded(facts={"has_care_plan": True}, notes=notes, watches=watches)


def prepare_progress(context: StepContext) -> Prepared:
    """Propose the next meeting: each month in the first three months of the plan, then each 90 days."""
    today, plan = local_day(context.now, context.zone), context.earlier("rehabilitation.care_plan")
    start, planned_end = as_day(plan.get("start")), as_day(plan.get("planned_end"))
    is_new = start is not None and today < add_months(start, MONTHLY_FOR)
    prefill: dict[str, JsonAnswer] = {
        "date": today.isoformat(),
        "next": (add_months(today, 1) if is_new else today + timedelta(days=REVIEW_DAYS)).isoformat(),
    }
    is_over = planned_end is not None and planned_end < today
    notes = ["The care plan has come to its planned end."] if is_over else []
    child = oldest_child(context)
    if child is not None and child.earliest <= add_months(today, 12):
        notes.append("A child in this case might turn 18 within a year: plan what comes after care.")
    prefill |= told_before(context, _REVIEWS, "members")
    return Prepared(prefill=prefill, notes=tuple(notes))


def conclude_progress(context: StepContext) -> Concluded:
    """Open the next meeting on its day, unless care ends; a plan that is to change is opened at once."""
    answers, zone = context.answers, context.zone
    decision, planned = answers.get("decision"), as_day(answers.get("next"))
    worse = {
        score.removesuffix("_worse") for score in domains_of(answers.get("domains_score")) if score.endswith("_worse")
    }
    notes = (f"Worse than before: {in_words(worse)}.",) if worse else ()
    facts: dict[str, Scalar] = {"is_ready_to_leave_care": decision == "ready_to_leave_care", "is_worse": bool(worse)}
    if decision in {"ready_to_leave_care", "end_plan"} or planned is None:
        over = tuple(Watch(name, is_over=True) for name in ("care_plan_review", "progress_review"))
        return Concluded(facts=facts, notes=notes, watches=over)
    title = "Care plan: review it together"
    watches = [
        Watch("care_plan_review", is_over=True),
        watch_for_day("progress_review", _REVIEWS, title, planned, zone=zone, days_before=OPENS_BEFORE_DAYS),
    ]
    if decision in {"change_plan", "more_support"}:
        due = local_day(context.now, zone, plus_days=NEXT_SESSION_DAYS)
        change = "Change the care plan, as the meeting decided"
        watches.append(
            watch_for_day(
                "plan_change", "rehabilitation.care_plan", change, due, zone=zone, days_before=NEXT_SESSION_DAYS
            )
        )
    return Concluded(facts=facts, notes=notes, watches=tuple(watches))


def _is_leaving(context: StepContext) -> bool:
    return bool(getattr(context.settings, "leaving_care", ""))
