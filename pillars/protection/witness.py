"""What an application for witness protection proposes, and what follows from it."""

from datetime import datetime, timedelta

from engine.plugin import (
    Concluded,
    LawTime,
    Prepared,
    Scalar,
    StepContext,
    Watch,
    as_day,
    as_instant,
    day_by_law,
    end_of_day,
    local_day,
    told_before,
    watch_for_day,
)
from pillars.protection.days import ending_of, today_of

_REPORT, _REPORT_WORKING_DAYS = "IN-WPS-TAR", 5
_ORDER, _ORDER_MONTHS = "IN-WPS-REVIEW", 3
"""How soon the threat report comes and how long an order lasts; the numbers are targets where that is no law."""
_RENEW_BEFORE_DAYS = 14
"""Practice of the network: so many days before an order ends a new one is asked for."""


def prepare_witness(context: StepContext) -> Prepared:
    """Propose the day of the threat report, and take over what was asked for before."""
    names = ("applicant", "interim_sought", "threat_category", "measures", "report_ordered_at")
    before, today = told_before(context, "protection.witness", *names), today_of(context)
    ordered = as_instant(before.get("report_ordered_at"))
    note = "The report day leaves out Saturdays and Sundays, but not holidays."
    if ordered is None:
        note += " It counts from the authority's order: until that is known, the application is taken, for planning."
    since = local_day(ordered, context.zone) if ordered else today
    times = told_before(context, "protection.witness", "applied_on", "tar_due") or {
        "applied_on": today.isoformat(),
        "tar_due": day_by_law(_report_time(context), since).isoformat(),
    }
    return Prepared(prefill=before | times, notes=(note,))


def _report_time(context: StepContext) -> LawTime:
    return context.law(_REPORT) or LawTime(_REPORT, working_days=_REPORT_WORKING_DAYS)


def _counted_from(context: StepContext) -> datetime:
    """Give from when (UTC) the time for the report runs: the order of the authority, else the application."""
    ordered, applied = as_instant(context.answers.get("report_ordered_at")), as_day(context.answers.get("applied_on"))
    if ordered is not None or applied is None:
        return ordered or context.now
    return min(context.now, end_of_day(applied, context.zone))


def conclude_witness(context: StepContext) -> Concluded:
    """Watch for the threat report and for the end of the order."""
    ordered, expires = (as_day(context.answers.get(name)) for name in ("order_on", "expires_on"))
    notes, watches = [], []
    if expires:
        notes.append(f"Ask for a new order by {expires - timedelta(days=_RENEW_BEFORE_DAYS):%d %b %Y}.")
        title = "Witness protection ends: ask for a new order"
        watches.append(
            watch_for_day(
                "witness_order", "protection.witness", title, expires,
                zone=context.zone, days_before=_RENEW_BEFORE_DAYS, ladder="high",
            )
        )  # fmt: skip
    is_waiting = not ordered and not context.answers.get("threat_category")
    if is_waiting and context.jurisdiction.partition("-")[0] == "IN":
        title = "Threat Analysis Report: has it come?"
        since = _counted_from(context)
        watches.append(Watch("threat_report", "protection.witness", title, law=_REPORT, from_at=since))
    else:
        watches.append(Watch("threat_report", is_over=True))
    longest = context.law(_ORDER) or LawTime(_ORDER, months=_ORDER_MONTHS)
    if ordered and expires and expires > day_by_law(longest, ordered):
        notes.append(f"An order lasts {longest.in_words} at most: check its end.")
    facts: dict[str, Scalar] = {"protection_ordered": ordered is not None}
    return Concluded(
        facts=facts | ending_of(context, "expires_on", "protection_ends_at"), notes=tuple(notes), watches=tuple(watches)
    )
