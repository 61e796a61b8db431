"""The step types of Policing, what they propose and what they do by themselves."""

from datetime import date, timedelta
from typing import Literal

from engine.plugin.fields import OutputKind
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    NoSettings,
    OutputSpec,
    Prepared,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import add_months, as_day, as_instant, local_day
from pillars.policing import forms

_NEW_CODE_FROM = date(2024, 7, 1)
_CODE_BY_COUNTRY = {"IN": "BNS", "BD": "BD", "NP": "NP", "MM": "MM"}
_DIGITAL = frozenset({"phone", "computer", "storage_device", "chat_export", "photo_or_video", "cctv"})
_DEFAULT_BAIL_DAYS = 60
_UPDATE_DAYS = 90
_REPORT_DAYS = 7
_REVIEW_DAYS = 7
_WATCH_BEFORE = timedelta(hours=48)


class DefaultBailSettings(NoSettings):
    """After how many days of investigation bail becomes a right: 60, or 90 for the gravest crimes (BNSS s.187(3))."""

    days: Literal[60, 90] = 60


def _country(context: StepContext) -> str:
    return context.jurisdiction.partition("-")[0]


def _days_after_fir(context: StepContext, days: int) -> str | None:
    registered = as_instant(context.earlier("policing.fir").get("fir_datetime"))
    return local_day(registered, context.zone, plus_days=days).isoformat() if registered else None


def _given(**answers: JsonAnswer) -> dict[str, JsonAnswer]:
    return {name: answer for name, answer in answers.items() if answer not in (None, "", [])}


def _prepare_fir(context: StepContext) -> Prepared:
    return Prepared(prefill=_given(governing_code=_CODE_BY_COUNTRY.get(_country(context))))


def _conclude_fir(context: StepContext) -> Concluded:
    refused = context.answers.get("refused") is True
    offence = as_day(context.answers.get("offence_date"))
    is_old = offence is not None and offence < _NEW_CODE_FROM
    doubtful = (is_old and context.answers.get("governing_code") == "BNS") or (
        offence is not None and not is_old and context.answers.get("governing_code") == "IPC"
    )
    notes = (
        ("The day of the crime and the law do not fit: the BNS applies from 1 July 2024. Ask a lawyer.",)
        if doubtful
        else ()
    )
    return Concluded(facts={"fir_registered": not refused, "fir_refused": refused}, notes=notes)


def _prepare_refusal(context: StepContext) -> Prepared:
    fir = context.earlier("policing.fir")
    if fir.get("refused") is not True:
        return Prepared()
    told = _given(
        station=fir.get("station"), refused_at=fir.get("fir_datetime"), refusal_officer=fir.get("refusal_officer")
    )
    return Prepared(prefill=told)


def _prepare_ahtu(context: StepContext) -> Prepared:
    review = local_day(context.now, context.zone, plus_days=_REVIEW_DAYS).isoformat()
    crosses = context.earlier("reporting.triage").get("border_crossing_risk")
    return Prepared(prefill=_given(next_review=review, interstate=True if crosses is True else None))


def _conclude_evidence(context: StepContext) -> Concluded:
    is_digital = context.answers.get("item_type") in _DIGITAL
    notes = []
    if is_digital and not context.answers.get("sha256"):
        notes.append("Make the hash of the files now: without it a court may not trust them.")
    if is_digital and not context.answers.get("bsa63_certificate"):
        notes.append("A certificate under BSA section 63(4) is still needed.")
    if context.answers.get("sealed") is False:
        notes.append("The item is not sealed yet.")
    return Concluded(notes=tuple(notes))


def _prepare_medical(context: StepContext) -> Prepared:
    return Prepared(prefill={"report_due": local_day(context.now, context.zone, plus_days=_REPORT_DAYS).isoformat()})


def _prepare_update(context: StepContext) -> Prepared:
    language = context.earlier("rescue.first_needs").get("language") or context.earlier("reporting.intake").get(
        "language"
    )
    return Prepared(prefill=_given(due_on=_next_update(context), read_to_survivor_in=language))


def _next_update(context: StepContext) -> str | None:
    """Propose 90 days after the FIR in India; in Bangladesh a month after the last news, or after the FIR."""
    if _country(context) != "BD":
        return _days_after_fir(context, _UPDATE_DAYS)
    last = context.earlier("policing.update").get("due_on") or _days_after_fir(context, 0)
    day = as_day(last)
    return add_months(day, 1).isoformat() if day else None


def _conclude_update(context: StepContext) -> Concluded:
    unchecked = context.answers.get("safe_channel_checked") is not True
    return Concluded(notes=("The channel was not checked to be safe: tell the supervisor.",) if unchecked else ())


def _prepare_chargesheet(context: StepContext) -> Prepared:
    bail_on = _days_after_fir(context, _DEFAULT_BAIL_DAYS)
    sections = context.earlier("policing.fir").get("sections")
    notes = ("The bail day is counted from the FIR. Correct it when the first remand is known.",) if bail_on else ()
    return Prepared(prefill=_given(default_bail_on=bail_on, sections=sections), notes=notes)


def _conclude_chargesheet(context: StepContext) -> Concluded:
    filed, bail_on = (as_day(context.answers.get(name)) for name in ("filed_on", "default_bail_on"))
    is_late = filed is not None and bail_on is not None and filed >= bail_on
    notes = ("The charge sheet came on or after the bail day: look at the survivor's safety now.",) if is_late else ()
    return Concluded(facts={"charge_sheet_filed": filed is not None}, notes=notes)


FIR = ask(
    "policing.fir",
    title="FIR or Zero FIR",
    form=forms.FirForm,
    roles=("police_liaison", "ahtu_officer"),
    documents=(Document("fir-complaint", "Complaint letter to the police station", on="prepare"),),
    time_limit=Law("IN-FIR-REG"),
    prepare=_prepare_fir,
    conclude=_conclude_fir,
)

REFUSAL = ask(
    "policing.refusal",
    title="Letter to the Superintendent after a refusal",
    form=forms.RefusalForm,
    roles=("police_liaison", "lawyer", "case_manager"),
    documents=(Document("fir-refusal-letter", "Letter to the Superintendent of Police"),),
    time_limit="PT24H",
    prepare=_prepare_refusal,
)

AHTU = ask(
    "policing.ahtu",
    title="AHTU assignment and plan",
    form=forms.AhtuForm,
    roles=("ahtu_officer", "police_liaison"),
    time_limit="PT24H",
    prepare=_prepare_ahtu,
)

EVIDENCE = ask(
    "policing.evidence",
    title="Evidence and seizure",
    form=forms.EvidenceForm,
    roles=("ahtu_officer", "police_liaison"),
    time_limit="PT24H",
    conclude=_conclude_evidence,
)

MEDICAL = ask(
    "policing.medical",
    title="Medical examination",
    form=forms.MedicalForm,
    roles=("police_liaison", "ahtu_officer", "medical_officer"),
    time_limit=Law("IN-MED-RAPE"),
    prepare=_prepare_medical,
)

UPDATE = ask(
    "policing.update",
    title="Victim progress notice",
    form=forms.UpdateForm,
    roles=("police_liaison", "ahtu_officer"),
    documents=(Document("progress-letter", "Progress letter"),),
    time_limit=Law("IN-VICTIM-90D"),
    prepare=_prepare_update,
    conclude=_conclude_update,
)

CHARGESHEET = ask(
    "policing.chargesheet",
    title="Charge sheet",
    form=forms.ChargesheetForm,
    roles=("ahtu_officer", "police_liaison", "lawyer"),
    time_limit=Law("IN-DEFAULT-BAIL"),
    prepare=_prepare_chargesheet,
    conclude=_conclude_chargesheet,
)


@automatic(
    "policing.default_bail",
    title="Work out the bail day",
    outputs={
        "known": OutputSpec(OutputKind.BOOL, default=False),
        "default_bail_at": OutputSpec(OutputKind.INSTANT),
        "watch_from": OutputSpec(OutputKind.INSTANT),
    },
    settings=DefaultBailSettings,
)
def DEFAULT_BAIL(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Work out when a suspect may get bail for want of a charge sheet, and from when to guard the survivor."""
    registered = as_instant(context.earlier("policing.fir").get("fir_datetime"))
    if registered is None:
        return Completed(outputs={"known": False}, notes=("The FIR has no time yet, so the bail day is not known.",))
    days = context.settings.days if isinstance(context.settings, DefaultBailSettings) else _DEFAULT_BAIL_DAYS
    bail_at = registered + timedelta(days=days)
    return Completed(outputs={"known": True, "default_bail_at": bail_at, "watch_from": bail_at - _WATCH_BEFORE})
