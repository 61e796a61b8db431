"""What Policing asks to be watched: the ladder of a refusal, news for the survivor, bail, certificates."""

from datetime import date, datetime, timedelta

from engine.plugin import Form, Law, StepContext, Watch
from pillars.policing.forms import ChargesheetForm, FirForm, MagistrateForm, RefusalForm, UpdateForm

LADDER, _AT_ONCE_LADDER = "fir-refused", "police-refusal"
_LETTER_LAW, _LETTER_OTHERWISE = "IN-FIR-SP", timedelta(hours=4)
"""In India the way to the Superintendent opens with the refusal; elsewhere the same time is our own promise."""
_POCSO_LAW = "IN-POCSO-24H-REPORT"
_FIR, _REFUSAL, _MAGISTRATE, _NEWS = "policing.fir", "policing.refusal", "policing.magistrate", "policing.update"
_ONE_DAY, _THREE_DAYS = timedelta(hours=24), timedelta(days=3)
"""Promises of the network: no law says how soon to go up the next rung after a refusal."""
_NEWS_LAWS = {"IN": ("IN-VICTIM-90D", 15), "BD": ("BD-UPDATE-1M", 9)}
"""By country: the limit of the law for news, and how many days before its end its first step is shown."""
_NEWS_DAYS, _CERTIFICATE_DAYS, _ASK_MAGISTRATE_DAYS = 90, 7, 14
"""Promises of the network; that for news counts where no law has one."""
_NEWS_AGAIN_OPENS_BEFORE_DAYS, _BAIL_OPENS_BEFORE_DAYS, _GUARD_BEFORE_DAYS, _TRIAL_OPENS_BEFORE_DAYS = 7, 14, 2, 15
"""Practice of the network: how many days before the day of the law a step is shown."""
_TRIAL_LAW, _TRIAL_OTHERWISE_DAYS = "IN-TRIAL-2M", 45
"""The time of a court for the trial of rape; and after how many days the step is shown where that is no law."""
_TO_THE_MAGISTRATE = "Apply to the Magistrate: station and Superintendent did not register it"


def watch_fir(answers: FirForm, context: StepContext) -> tuple[Watch, ...]:
    """Go up the ladder of a refusal, a letter at each rung: Superintendent, then Magistrate; or watch for the news.

    Where it is not known whether the station refused, it is asked again within a day: no time goes missing.
    """
    at = answers.fir_datetime or context.now
    child = _watch_report_of_child(answers, context, at)
    if answers.refused == Form.NOT_KNOWN:
        title = "Was it registered? Nobody knows yet: ask the station"
        return (Watch("superintendent", _FIR, title, due_at=at + _ONE_DAY, from_at=at, ladder=LADDER), *child)
    if answers.refused is not True:
        over = tuple(Watch(name, is_over=True) for name in ("refusal", "superintendent", "magistrate", "ordered"))
        return (*over, *_watch_news(answers, context), *child)
    was_asked = bool(context.earlier(_REFUSAL, RefusalForm))
    if not was_asked:
        return (_to_the_superintendent(context, at), *child)
    return (
        Watch("superintendent", is_over=True),
        Watch("magistrate", _MAGISTRATE, _TO_THE_MAGISTRATE, due_at=at + _THREE_DAYS, from_at=at, ladder=LADDER),
        *child,
    )


def _to_the_superintendent(context: StepContext, at: datetime) -> Watch:
    title = "Write to the Superintendent: the station did not register it"
    if context.country == "IN":
        return Watch("refusal", _REFUSAL, title, law=_LETTER_LAW, from_at=at, ladder=_AT_ONCE_LADDER)
    due = at + _LETTER_OTHERWISE
    return Watch("refusal", _REFUSAL, title, due_at=due, from_at=at, ladder=_AT_ONCE_LADDER)


def _watch_report_of_child(answers: FirForm, context: StepContext, at: datetime) -> tuple[Watch, ...]:
    """Watch that the police report a sexual offence against a child, from when they were told and rescue or not."""
    if context.country != "IN" or "POCSO" not in answers.sections:
        return ()
    title = "POCSO: have the police told the Committee and the Special Court?"
    return (Watch("pocso_report", "reporting.mandatory", title, law=_POCSO_LAW, from_at=at, ladder="critical"),)


def watch_refusal(answers: RefusalForm, context: StepContext) -> tuple[Watch, ...]:
    """See after three days (a target of the network) whether the Superintendent had the report registered."""
    at = answers.sent_at or context.now
    title = "Was it registered after the letter to the Superintendent?"
    return (Watch("superintendent", _FIR, title, opens_at=at + _ONE_DAY, due_at=at + _THREE_DAYS, ladder=LADDER),)


def watch_magistrate(answers: MagistrateForm, context: StepContext) -> tuple[Watch, ...]:
    """See whether the Magistrate has decided, and whether the police did what was ordered."""
    decided = answers.order_on
    match answers.order:
        case "pending":
            day = answers.next_on or context.today + timedelta(days=_ASK_MAGISTRATE_DAYS)
            title = "Has the Magistrate decided?"
            return (context.watch_for("magistrate", _MAGISTRATE, title, day, ladder="high"),)
        case "register" if decided is not None:
            title, day = "Register it as the Magistrate ordered", decided + _ONE_DAY
            return (
                Watch("magistrate", is_over=True), context.watch_for("ordered", _FIR, title, day, ladder=LADDER),
            )  # fmt: skip
    return (Watch("magistrate", is_over=True),)


def next_news(context: StepContext) -> str | None:
    """Return the day by which the survivor hears how it goes.

    It is as long after the last news, or the report, as the law of the country says; where none does, 90 days.
    """
    told = context.earlier(_NEWS, UpdateForm).due_on
    registered = context.earlier(_FIR, FirForm).fir_datetime
    day = told or (context.day_of(registered) if registered else None)
    if day is None:
        return None
    return _news_after(context, day).isoformat()


def _news_after(context: StepContext, day: date) -> date:
    law, _ = _NEWS_LAWS.get(context.country, ("", 0))
    length = context.law(law) if law else None
    return (length or Law(law, days=_NEWS_DAYS)).day_after(day)


def _watch_news(answers: FirForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for the first news by the law of the country."""
    at = answers.fir_datetime
    law, before = _NEWS_LAWS.get(context.country, ("", 0))
    if at is None or not law:
        return ()
    title = "Tell the survivor how the investigation is going"
    opens = context.shown_from(
        context.law(law), at, days_before=before, otherwise_days=_NEWS_DAYS - before
    )  # fmt: skip
    return (Watch("news", _NEWS, title, law=law, from_at=at, opens_at=opens),)


def watch_news_again(answers: UpdateForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for the next news, as long after the last as the law says; none once the police have closed it."""
    told = answers.due_on
    if told is None or answers.stage in {"closed_by_police", "judgment"}:
        return (Watch("news_again", is_over=True),)
    day, before = _news_after(context, told), _NEWS_AGAIN_OPENS_BEFORE_DAYS
    title = "Tell the survivor again how the investigation is going"
    return (context.watch_for("news_again", _NEWS, title, day, days_before=before),)


def watch_certificate(context: StepContext) -> Watch:
    """Open the certificate of a digital piece at once, one for each; within a week two people have signed it."""
    piece, title = context.step_id.hex, "Certificate for electronic evidence"
    due = context.now + timedelta(days=_CERTIFICATE_DAYS)
    return Watch(
        f"certificate_{piece}", "policing.certificate", title, due_at=due, from_at=context.now,
        settings={"piece": piece},
    )  # fmt: skip


def watch_chargesheet(answers: ChargesheetForm, context: StepContext) -> tuple[Watch, ...]:
    """Watch for the bail day while the charge sheet is not filed, and look at the survivor's safety before it."""
    filed, bail_on = answers.filed_on, answers.default_bail_on
    over = (Watch("bail_day", is_over=True), Watch("bail_safety", is_over=True))
    if filed is not None:
        return (*over, *_watch_trial(answers, context))
    if bail_on is None:
        return over
    last = bail_on - _ONE_DAY
    title, guard = "Bail by default: is the charge sheet filed?", "A suspect could get bail: review the safety plan"
    return (
        context.watch_for(
            "bail_day", "policing.chargesheet", title, last, days_before=_BAIL_OPENS_BEFORE_DAYS, ladder="high",
        ),
        context.watch_for(
            "bail_safety", "protection.safety", guard, last, days_before=_GUARD_BEFORE_DAYS, ladder="high"
        ),
    )  # fmt: skip


def _watch_trial(answers: ChargesheetForm, context: StepContext) -> tuple[Watch, ...]:
    """Follow the time that a court has for the trial of a rape and related crimes, from the charge sheet."""
    filed = answers.filed_on
    if filed is None or "BNS64_71" not in answers.sections or context.country != "IN":
        return ()
    at, title = context.start_of(filed), "The trial should be over by now"
    opens = context.shown_from(
        context.law(_TRIAL_LAW), at,
        days_before=_TRIAL_OPENS_BEFORE_DAYS, otherwise_days=_TRIAL_OTHERWISE_DAYS,
    )  # fmt: skip
    return (Watch("trial_2m", "prosecution.outcome", title, law=_TRIAL_LAW, from_at=at, opens_at=opens),)
