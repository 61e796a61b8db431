"""The follow-ups of Policing: the ladder of a refusal, news for the survivor, bail, certificates."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from engine.plugin import FollowUp, Form, Law, StepContext
from pillars.policing.forms import ChargesheetForm, Execute, FirForm, MagistrateForm, RefusalForm, UpdateForm

LADDER, _AT_ONCE_LADDER = "fir-refused", "police-refusal"
_FIR, _REFUSAL, _MAGISTRATE, _NEWS = "policing.fir", "policing.refusal", "policing.magistrate", "policing.update"
_NEWS_LAWS = {"IN": ("IN-VICTIM-90D", 15), "BD": ("BD-UPDATE-1M", 9)}
"""By country: the limit of the law for news, and how many days before its end its first step is shown."""
_NEWS_DAYS, _ASK_MAGISTRATE_DAYS = 90, 14
"""Promises of the network; that for news counts where no law has one. So are the limits below that are no law."""
_TRIAL_OPENS_BEFORE_DAYS = 15
"""Practice of the network: how many days before the day of the law a step is shown."""
_TRIAL_LAW, _TRIAL_OTHERWISE_DAYS = "IN-TRIAL-2M", 45
"""The time of a court for the trial of rape; and after how many days the step is shown where that is no law."""
_TO_THE_MAGISTRATE = "Apply to the Magistrate: station and Superintendent did not register it"


IN = 'case.country == "IN"'
_TO_THE_SUPERINTENDENT = "Write to the Superintendent: the station did not register it"
_UNTIL_REGISTERED = ("refusal", "superintendent", "magistrate", "ordered", "to_sign", "after_signing")
_SAME_ARREST, _LONG_AGO = timedelta(hours=6), timedelta(days=3)
"""What is told so near the rescue is its arrest; and of one so long ago the first hearing is over."""
ARREST: Mapping[str, Any] = {"is_new_arrest": bool, "arrest_key": ()}
AFTER_AN_ARREST: Mapping[str, FollowUp] = {
    "remand": FollowUp(
        uses="prosecution.hearing",
        title="The first hearing after the arrest",
        when=f"this.is_new_arrest && {IN}",
        each="arrest_key",
        from_="arrested_at",
        law="IN-REMAND-24H",
        ladder="high",
    ),
}
AFTER_FIR: Mapping[str, FollowUp] = {
    **AFTER_AN_ARREST,
    # where it is not known whether the station refused, it is asked again within a day: no time goes missing
    "superintendent": FollowUp(
        uses=_FIR,
        title="Was it registered? Nobody knows yet: ask the station",
        when='this.stage == "unknown"',
        from_="fir_datetime",
        limit="P1D",
        ladder=LADDER,
    ),
    "registered": FollowUp(when='this.stage == "registered"', ends=_UNTIL_REGISTERED),
    # in India the way to the Superintendent opens with the refusal; elsewhere the same time is our own promise
    "refusal": FollowUp(
        uses=_REFUSAL,
        title=_TO_THE_SUPERINTENDENT,
        when=f'this.stage == "refused" && {IN}',
        from_="fir_datetime",
        law="IN-FIR-SP",
        ladder=_AT_ONCE_LADDER,
    ),
    "refusal_abroad": FollowUp(
        uses=_REFUSAL,
        title=_TO_THE_SUPERINTENDENT,
        when=f'this.stage == "refused" && !({IN})',
        from_="fir_datetime",
        replaces="refusal",
        limit="PT4H",
        ladder=_AT_ONCE_LADDER,
    ),
    "magistrate": FollowUp(
        uses=_MAGISTRATE,
        title=_TO_THE_MAGISTRATE,
        when='this.stage == "refused_again"',
        from_="fir_datetime",
        limit="P3D",
        ladder=LADDER,
        ends="superintendent",
    ),
    # a report that was sent is registered only when it is signed (BNSS section 173(1)), and when the station says so
    "to_sign": FollowUp(
        uses=_FIR,
        title="Sign the electronic report at the station: else it is not registered",
        when=f'this.stage == "sent" && {IN}',
        from_="fir_datetime",
        law="IN-FIR-ESIGN",
        ladder=LADDER,
    ),
    "after_signing": FollowUp(
        uses=_FIR,
        title="It is signed: has the station registered it?",
        when='this.stage == "signed"',
        from_="fir_datetime",
        limit="P1D",
        ladder=LADDER,
        ends="to_sign",
    ),
    **{
        name: FollowUp(
            uses=_NEWS,
            title="Tell the survivor how the investigation is going",
            when=f'this.stage == "registered" && case.country == "{country}"',
            replaces=None if name == "news" else "news",
            from_="fir_datetime",
            opens="news_opens_at",
            law=law,
        )
        for name, country, law in (("news", "IN", "IN-VICTIM-90D"), ("news_in_a_month", "BD", "BD-UPDATE-1M"))
    },
    "pocso_report": FollowUp(
        uses="reporting.mandatory",
        title="POCSO: have the police told the Committee and the Special Court?",
        when=f"this.is_of_child && {IN}",
        from_="fir_datetime",
        law="IN-POCSO-24H-REPORT",
        ladder="critical",
    ),
}
"""The ladder of a refusal, a letter at each rung: Superintendent, then Magistrate; or the news by the law.

That the police report a sexual offence against a child is followed from when they were told, rescue or not.
"""
OF_A_FIR: Mapping[str, Any] = {
    "stage": ("unknown", "registered", "refused", "refused_again", "sent", "signed"), "is_of_child": bool,
    "news_opens_at": datetime,
    **ARREST,
}  # fmt: skip


def of_a_fir(answers: FirForm, context: StepContext) -> dict[str, Any]:
    """Return how far a report has come, and from when the first news for the survivor is shown."""
    at = answers.fir_datetime
    found: dict[str, Any] = {
        "stage": _stage(answers, context), "is_of_child": "POCSO" in answers.sections,
        **of_an_arrest(answers.arrested_at, context),
    }  # fmt: skip
    law, before = _NEWS_LAWS.get(context.country, ("", 0))
    if at is not None and law:
        found["news_opens_at"] = context.shown_from(
            context.law(law), at, days_before=before, otherwise_days=_NEWS_DAYS - before
        )
    return found


def registered_late(answers: FirForm, context: StepContext) -> dict[str, datetime]:
    """Return, as a fact, when the police first registered what they had refused, or what had only been sent to them.

    The time for the news and for the investigation begins with it. A later report of something else moves nothing.
    """
    before = context.all_earlier(_FIR, FirForm)
    is_first = bool(before) and not any(_is_registered(one) for one in before)
    at = answers.fir_datetime
    return {"registered_late_at": at} if at is not None and is_first and _is_registered(answers) else {}


def _is_registered(answers: FirForm) -> bool:
    return answers.refused is False and answers.e_report is None


def of_an_arrest(at: datetime | None, context: StepContext) -> dict[str, Any]:
    """Return whether an arrest is of these days and not the one at the rescue, and what tells it from another."""
    if at is None:
        return {"is_new_arrest": False}
    rescue = context.earlier("rescue.execute", Execute)
    held_at = rescue.end_at if rescue.suspects_held != 0 else None
    is_of_the_rescue = held_at is not None and abs(at - held_at) < _SAME_ARREST
    is_new = context.now - at < _LONG_AGO and not is_of_the_rescue
    return {"is_new_arrest": is_new, "arrest_key": f"{at.astimezone(UTC):%Y%m%d%H%M}"}


def _stage(answers: FirForm, context: StepContext) -> str:
    if answers.refused == Form.NOT_KNOWN:
        return "unknown"
    if answers.refused is not True:
        return answers.e_report or "registered"
    return "refused_again" if context.earlier(_REFUSAL, RefusalForm) else "refused"


AFTER_REFUSAL: Mapping[str, FollowUp] = {
    "superintendent": FollowUp(
        uses=_FIR,
        title="Was it registered after the letter to the Superintendent?",
        from_="sent_at",
        opens_after="P1D",
        limit="P3D",
        ladder=LADDER,
    ),
}
AFTER_MAGISTRATE: Mapping[str, FollowUp] = {
    "magistrate": FollowUp(
        uses=_MAGISTRATE,
        title="Has the Magistrate decided?",
        otherwise="end",
        due="ask_on",
        opens_before="P0D",
        ladder="high",
    ),
    "ordered": FollowUp(
        uses=_FIR, title="Register it as the Magistrate ordered", due="register_on", opens_before="P0D", ladder=LADDER
    ),
}


def of_a_magistrate(answers: MagistrateForm, context: StepContext) -> dict[str, Any]:
    """Return when the Magistrate is asked again, or by when the police do what was ordered: the day after."""
    match answers.order:
        case "pending":
            return {"ask_on": answers.next_on or context.today + timedelta(days=_ASK_MAGISTRATE_DAYS)}
        case "register" if answers.order_on is not None:
            return {"register_on": answers.order_on + timedelta(days=1)}
    return {}


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


AFTER_NEWS: Mapping[str, FollowUp] = {
    "news_again": FollowUp(
        uses=_NEWS,
        title="Tell the survivor again how the investigation is going",
        otherwise="end",
        due="next_news_on",
        opens_before="P7D",
    ),
}


def of_news(answers: UpdateForm, context: StepContext) -> dict[str, Any]:
    """Return the day of the next news, as long after the last as the law says; none once the police closed the case."""
    told = answers.due_on
    if told is None or answers.stage in {"closed_by_police", "judgment"}:
        return {}
    return {"next_news_on": _news_after(context, told)}


AFTER_EVIDENCE: Mapping[str, FollowUp] = {
    "certificate": FollowUp(
        uses="policing.certificate",
        title="Certificate for electronic evidence",
        when="this.needs_certificate",
        each="{step}",
        limit="P7D",
        settings={"piece": "{step}"},
    ),
}
"""The certificate of a digital piece opens at once, one for each; within a week two people have signed it."""
AFTER_CHARGESHEET: Mapping[str, FollowUp] = {
    "bail_day": FollowUp(
        uses="policing.chargesheet",
        title="Bail by default: is the charge sheet filed?",
        when="!has(this.filed_on)",
        otherwise="end",
        due="last_day_on",
        opens_before="P14D",
        ladder="high",
    ),
    "bail_safety": FollowUp(
        uses="protection.safety",
        title="A suspect could get bail: review the safety plan",
        when="!has(this.filed_on)",
        otherwise="end",
        due="last_day_on",
        opens_before="P2D",
        ladder="high",
    ),
    "trial_2m": FollowUp(
        uses="prosecution.outcome",
        title="The trial should be over by now",
        from_="filed_on",
        opens="trial_opens_at",
        law=_TRIAL_LAW,
    ),
}
"""The bail day while the charge sheet is not filed, and the survivor's safety before it; then the trial of a rape."""


def of_a_chargesheet(answers: ChargesheetForm, context: StepContext) -> dict[str, Any]:
    """Return the last day before bail by default, and from when the end of the trial of a rape is shown."""
    filed, bail_on = answers.filed_on, answers.default_bail_on
    found: dict[str, Any] = {"last_day_on": bail_on - timedelta(days=1)} if bail_on else {}
    if filed is not None and "BNS64_71" in answers.sections and context.country == "IN":
        found["trial_opens_at"] = context.shown_from(
            context.law(_TRIAL_LAW), context.start_of(filed),
            days_before=_TRIAL_OPENS_BEFORE_DAYS, otherwise_days=_TRIAL_OTHERWISE_DAYS,
        )  # fmt: skip
    return found
