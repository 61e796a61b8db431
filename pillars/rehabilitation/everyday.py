"""What counselling, learning and help from the State propose."""

from engine.plugin.steps import Concluded, JsonAnswer, Prepared, StepContext
from engine.plugin.values import as_day, as_number, local_day, told_before, unless_yes, watch_for_day
from engine.plugin.watches import Watch
from pillars.rehabilitation.needs import domains_of
from pillars.rehabilitation.practice import (
    ASK_AGAIN_DAYS,
    ASK_FOR_CASH_DAYS,
    LOW_SCORE_DAYS,
    NEXT_SESSION_DAYS,
    OFTEN_THERE,
    OPENS_BEFORE_DAYS,
    REVIEW_DAYS,
    SESSION_OPENS_BEFORE_DAYS,
)


def prepare_counsel(context: StepContext) -> Prepared:
    """Propose the next session and the language."""
    before = context.earlier("rehabilitation.counsel")
    prefill: dict[str, JsonAnswer] = {
        "next": local_day(context.now, context.zone, plus_days=NEXT_SESSION_DAYS).isoformat()
    }
    lang = before.get("lang") or context.earlier("rescue.first_needs").get("language")
    if lang:
        prefill["lang"] = lang
    return Prepared(prefill=prefill)


def conclude_counsel(context: StepContext) -> Concluded:
    """Open the next session on its day; how great the risk was stays with counsellors."""
    planned, today = as_day(context.answers.get("next")), local_day(context.now, context.zone)
    if planned is None or planned < today:
        return Concluded(facts={"was_counselled": True}, watches=(Watch("next_session", is_over=True),))
    title = "Counselling: the next session"
    watch = watch_for_day(
        "next_session", "rehabilitation.counsel", title, planned,
        zone=context.zone, days_before=SESSION_OPENS_BEFORE_DAYS,
    )  # fmt: skip
    return Concluded(facts={"was_counselled": True}, watches=(watch,))


def prepare_learning(context: StepContext) -> Prepared:
    """Take over where the person learns, or propose to begin today."""
    names = ("track", "provider", "start", "stipend", "savings_account")
    told = told_before(context, "rehabilitation.learning", *names)
    if told:
        return Prepared(prefill=told, notes=("Ask how it is going: attendance, money, how others treat the person.",))
    today = local_day(context.now, context.zone)
    return Prepared(prefill={"start": today.isoformat()}, notes=("The school or trainer does not learn why.",))


def conclude_learning(context: StepContext) -> Concluded:
    """Ask every 90 days how it goes until there is a certificate; many days missed is a sign of its own."""
    answers = context.answers
    attendance = as_number(answers.get("attendance"))
    is_away = attendance is not None and attendance < OFTEN_THERE
    notes = ["The person is often away: ask why, alone. It can be a sign of danger."] if is_away else []
    if answers.get("stipend"):
        notes += unless_yes(
            answers.get("savings_account"),
            no="The person receives money but has no account: open one in their name.",
            unknown="The person gets money: ask whether they have an account, and open one in their name if not.",
        )
    if answers.get("certificate"):
        return Concluded(
            facts={"is_learning": True, "has_certificate": True}, notes=tuple(notes),
            watches=(Watch("learning_review", is_over=True),),
        )  # fmt: skip
    day = local_day(context.now, context.zone, plus_days=LOW_SCORE_DAYS if is_away else REVIEW_DAYS)
    title = "School or training: how is it going?"
    watch = watch_for_day(
        "learning_review", "rehabilitation.learning", title, day, zone=context.zone, days_before=OPENS_BEFORE_DAYS
    )
    return Concluded(facts={"is_learning": True, "has_certificate": False}, notes=tuple(notes), watches=(watch,))


def prepare_entitlements(context: StepContext) -> Prepared:
    """Take over what was applied for, or propose to apply today."""
    names = ("scheme", "papers_missing", "applied_on", "ref_no", "granted_on", "amount", "bank_ready")
    told = told_before(context, "rehabilitation.entitlements", *names)
    prefill: dict[str, JsonAnswer] = {"applied_on": local_day(context.now, context.zone).isoformat()}
    return Prepared(prefill=prefill | told)


def conclude_entitlements(context: StepContext) -> Concluded:
    """Ask again after 30 days until the help is granted; help for bonded labour at once is asked for the next day."""
    answers = context.answers
    is_granted, has_account = bool(answers.get("granted_on")), answers.get("bank_ready") is True
    notes = []
    if is_granted and not has_account:
        notes.append("Help was granted, and no account is known to be ready for it: open one.")
    if is_granted:
        watches: tuple[Watch, ...] = (Watch("entitlement", is_over=True),)
    else:
        is_urgent = "bonded_labour_cash" in domains_of(answers.get("scheme"))
        is_first = not context.earlier("rehabilitation.entitlements")
        days = ASK_FOR_CASH_DAYS if is_urgent and is_first else ASK_AGAIN_DAYS
        day = local_day(context.now, context.zone, plus_days=days)
        title = "Help from the State: was it granted?"
        watches = (watch_for_day("entitlement", "rehabilitation.entitlements", title, day, zone=context.zone),)
    return Concluded(facts={"help_was_granted": is_granted}, notes=tuple(notes), watches=watches)
