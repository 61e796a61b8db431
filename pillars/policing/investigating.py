"""What the work of the investigators proposes: their plan, the medical examination, news for the survivor."""

from engine.plugin import Concluded, Prepared, StepContext, Watch, as_day, given, local_day, told_before, watch_for_day
from pillars.policing.watching import next_news, watch_news_again

_REPORT_DAYS, _REVIEW_DAYS, _SPECIAL_REPORT_OPENS_BEFORE_DAYS = 7, 7, 3
"""Promises of the network: no pack of law has them."""


def prepare_ahtu(context: StepContext) -> Prepared:
    """Propose the next look at the plan, and take over who investigates."""
    review = local_day(context.now, context.zone, plus_days=_REVIEW_DAYS).isoformat()
    crosses = context.earlier("reporting.triage").get("border_crossing_risk")
    known = ("io_name", "io_contact", "unit", "plan", "other_units", "interstate", "inquiry_heads")
    told = given(interstate=True if crosses is True else None) | told_before(context, "policing.ahtu", *known)
    return Prepared(prefill=told | {"next_review": review})


def conclude_ahtu(context: StepContext) -> Concluded:
    """Watch for the next look at the plan and for the special report."""
    review, special = (as_day(context.answers.get(name)) for name in ("next_review", "special_report_due"))
    title, report = "Review the plan of the investigation", "The special report is due"
    watches = [watch_for_day("ahtu_review", "policing.ahtu", title, review, zone=context.zone)] if review else []
    if special:
        watches.append(
            watch_for_day(
                "special_report", "policing.ahtu", report, special,
                zone=context.zone, days_before=_SPECIAL_REPORT_OPENS_BEFORE_DAYS,
            )
        )  # fmt: skip
    return Concluded(facts={"investigator_named": True}, watches=tuple(watches))


def prepare_medical(context: StepContext) -> Prepared:
    """Propose when the report is due, and take over what was told."""
    due = local_day(context.now, context.zone, plus_days=_REPORT_DAYS).isoformat()
    known = ("consent_at", "hospital", "sent_at", "examined_at", "report_due")
    return Prepared(prefill={"report_due": due} | told_before(context, "policing.medical", *known))


def conclude_medical(context: StepContext) -> Concluded:
    """Watch for the report; what was agreed to and found stays sealed, and no note or fact tells it."""
    due, title = as_day(context.answers.get("report_due")), "Has the report of the examination come?"
    if due is None or context.answers.get("report_received"):
        return Concluded(watches=(Watch("medical_report", is_over=True),))
    return Concluded(watches=(watch_for_day("medical_report", "policing.medical", title, due, zone=context.zone),))


def prepare_update(context: StepContext) -> Prepared:
    """Propose by when the survivor hears how it goes, in which language, and how far it is."""
    language = (
        context.earlier("policing.update").get("read_to_survivor_in")
        or context.earlier("rescue.first_needs").get("language")
        or context.earlier("reporting.intake").get("language")
    )
    filed = context.earlier("policing.chargesheet").get("filed_on")
    stage = "charge_sheet_filed" if filed else context.earlier("policing.update").get("stage")
    told = given(due_on=next_news(context), read_to_survivor_in=language, stage=stage)
    return Prepared(
        prefill=told, notes=("A letter is prepared. Read it aloud; leave it with the person only if that is safe.",)
    )


def conclude_update(context: StepContext) -> Concluded:
    """Watch for the next news, and point out a channel that was not checked."""
    unchecked = context.answers.get("safe_channel_checked") is not True
    note = "Nobody is known to have checked that the channel is safe: inform the supervisor."
    return Concluded(
        facts={"survivor_told": True}, notes=(note,) if unchecked else (), watches=watch_news_again(context)
    )
