"""What an application for witness protection proposes, and what follows from it."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, FollowUp, Law, Prepared, StepContext
from pillars.protection.forms import WitnessForm, ending_of

_REPORT, _REPORT_WORKING_DAYS = "IN-WPS-TAR", 5
_ORDER, _ORDER_MONTHS = "IN-WPS-REVIEW", 3
"""How soon the threat report comes and how long an order lasts; the numbers are targets where that is no law."""
_RENEW_BEFORE_DAYS, _RENEW_OTHERWISE_DAYS = 14, 76
"""Practice of the network: so many days before an order ends a new one is asked for; or after so many where that is no
law."""


class Witness(
    Asked[WitnessForm],
    key="protection.witness",
    title="Witness protection application",
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    stays_with=("prosecution.engage",),
    documents=(Document("witness-application", "Application for witness protection"),),
    time_limit=Law("IN-WPS-TAR"),
    computes={
        "report_counts_from": datetime,
        "is_report_awaited": bool,
        "is_order_awaited": bool,
        "order_counts_from": datetime,
        "renewal_opens_at": datetime,
    },
    follow_ups={
        "witness_order": FollowUp(
            uses="protection.witness",
            title="Witness protection ends: ask for a new order",
            due="expires_on",
            opens_before=f"P{_RENEW_BEFORE_DAYS}D",
            ladder="high",
        ),
        "threat_report": FollowUp(
            uses="protection.witness",
            title="Threat Analysis Report: has it come?",
            otherwise="end",
            when='this.is_report_awaited && case.country == "IN"',
            from_="report_counts_from",
            law=_REPORT,
        ),
        "order_awaited": FollowUp(
            uses="protection.witness",
            title="The report is there: has the authority ordered protection?",
            otherwise="end",
            when="this.is_order_awaited",
            limit="P7D",
            ladder="high",
        ),
        # an order of which nobody told the end lasts as long as the law lets it
        "witness_order_by_law": FollowUp(
            uses="protection.witness",
            title="Witness protection ends: ask for a new order",
            when='has(this.order_counts_from) && case.country == "IN"',
            replaces="witness_order",
            from_="order_counts_from",
            opens="renewal_opens_at",
            law=_ORDER,
            ladder="high",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the day of the threat report, and take over what was asked for before."""
        names = ("applicant", "interim_sought", "threat_category", "measures", "report_ordered_at")
        before, today = context.told_before("protection.witness", *names), context.today
        ordered = context.earlier("protection.witness", WitnessForm).report_ordered_at
        note = "The report day leaves out Saturdays and Sundays, but not holidays."
        if ordered is None:
            note += (
                " It counts from the authority's order: until that is known, the application is taken, for planning."
            )
        since = context.day_of(ordered) if ordered else today
        times = context.told_before("protection.witness", "applied_on", "tar_due") or {
            "applied_on": today.isoformat(),
            "tar_due": _report_time(context).day_after(since).isoformat(),
        }
        return Prepared(prefill=before | times, notes=(note,))

    def conclude(self, answers: WitnessForm, context: StepContext) -> Concluded:
        """Return from when the threat report is counted, and until when the order lasts."""
        ordered, expires = answers.order_on, answers.expires_on
        notes = []
        if expires:
            notes.append(f"Ask for a new order by {expires - timedelta(days=_RENEW_BEFORE_DAYS):%d %b %Y}.")
        longest = context.law(_ORDER) or Law(_ORDER, months=_ORDER_MONTHS)
        if ordered and expires and expires > longest.day_after(ordered):
            notes.append(f"An order lasts {longest.in_words} at most: check its end.")
        facts: dict[str, Any] = {"protection_ordered": ordered is not None}
        return Concluded(
            facts=facts | ending_of(context, answers.expires_on, "protection_ends_at"),
            notes=tuple(notes),
            computed={
                "report_counts_from": _counted_from(answers, context),
                "is_report_awaited": _is_report_awaited(answers, context),
                "is_order_awaited": ordered is None and _has_just_come(answers, context),
                **_until_renewed(answers, context),
            },
        )


def _report_time(context: StepContext) -> Law:
    return context.law(_REPORT) or Law(_REPORT, working_days=_REPORT_WORKING_DAYS)


def _is_report_awaited(answers: WitnessForm, context: StepContext) -> bool:
    """Whether the report of what was asked for now, or ordered now, is to come: what was awaited before has come."""
    if answers.order_on is not None or answers.threat_category is not None:
        return False
    before = context.earlier("protection.witness", WitnessForm)
    is_new = before.applied_on is None or before.order_on is not None
    return is_new or before.report_ordered_at != answers.report_ordered_at


def _has_just_come(answers: WitnessForm, context: StepContext) -> bool:
    """Whether the report is there now, and was not when the step was done before."""
    return (
        answers.threat_category is not None and not context.earlier("protection.witness", WitnessForm).threat_category
    )


def _counted_from(answers: WitnessForm, context: StepContext) -> datetime:
    """Return from when (UTC) the time for the report runs: the order of the authority, else the application."""
    ordered, applied = answers.report_ordered_at, answers.applied_on
    if ordered is not None or applied is None:
        return ordered or context.now
    return min(context.now, context.end_of(applied))


def _until_renewed(answers: WitnessForm, context: StepContext) -> dict[str, Any]:
    """Return from when (UTC) an order whose end nobody told is counted, and from when its renewal is shown."""
    if answers.order_on is None or answers.expires_on is not None:
        return {}
    since = min(context.now, context.end_of(answers.order_on))
    shown = context.shown_from(
        context.law(_ORDER), since, days_before=_RENEW_BEFORE_DAYS, otherwise_days=_RENEW_OTHERWISE_DAYS
    )
    return {"order_counts_from": since, "renewal_opens_at": shown}
