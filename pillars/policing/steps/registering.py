"""What the report at the station proposes, and the two letters after a refusal."""

from datetime import date, datetime
from typing import Any

from engine.plugin import Asked, Concluded, Document, Form, Law, Prepared, StepContext
from pillars.policing.follow_ups import (
    AFTER_FIR,
    AFTER_MAGISTRATE,
    AFTER_REFUSAL,
    OF_A_FIR,
    of_a_fir,
    of_a_magistrate,
    registered_late,
)
from pillars.policing.forms import FirForm, MagistrateForm, RefusalForm

_NEW_CODE_FROM = date(2024, 7, 1)
_CODE_BY_COUNTRY = {"IN": "BNS", "BD": "BD", "NP": "NP", "MM": "MM"}
_SEXUAL = frozenset({"BNS64_71", "POCSO"})
_LETTERS_WAIT = (
    "The letter is prepared. It is sent only after someone has read and released it, among the documents of the case."
)


class Fir(
    Asked[FirForm],
    key="policing.fir",
    title="FIR or Zero FIR",
    roles=("police_liaison", "ahtu_officer"),
    documents=(Document("fir-complaint", "Complaint letter to the police station", on="prepare"),),
    time_limit=Law("IN-FIR-REG"),
    reads=("policing.fir",),
    computes=OF_A_FIR,
    follow_ups=AFTER_FIR,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose what was told before, and the code of the country."""
        known = ("station", "sections", "offence_date", "governing_code", "district", "zero_fir")
        before = context.told_before("policing.fir", *known)
        law = Prepared.given(governing_code=_CODE_BY_COUNTRY.get(context.country))
        law |= context.told_before("reporting.missing", "fir_no")
        note = "Any station must register it, wherever the crime happened. Take the complaint letter with you."
        return Prepared(prefill=law | before, notes=(note,))

    def conclude(self, answers: FirForm, context: StepContext) -> Concluded:
        """Say what the report still lacks, and go up the ladder of a refusal or watch for the news."""
        refused = answers.refused
        notes = list(_doubts_of_law(answers))
        if refused == Form.NOT_KNOWN:
            notes.append("It is not known whether the station registered it: ask today, and record what they say.")
            return Concluded(notes=tuple(notes), computed=of_a_fir(answers, context))
        if refused is not True and context.country == "IN":
            notes += _still_to_ask(answers)
        is_registered = refused is not True and answers.e_report is None
        facts: dict[str, Any] = {"fir_registered": is_registered, "fir_refused": refused is True}
        facts |= registered_late(answers, context)
        return Concluded(facts=facts, notes=tuple(notes), computed=of_a_fir(answers, context))


class Refusal(
    Asked[RefusalForm],
    key="policing.refusal",
    title="Letter to the Superintendent after a refusal",
    roles=("police_liaison", "lawyer", "case_manager"),
    stays_with=("policing.fir",),
    documents=(
        Document("fir-station-letter", "Letter to the officer in charge of the station", on="prepare"),
        Document("fir-refusal-letter", "Letter to the Superintendent of Police", on="prepare"),
    ),
    time_limit=Law("IN-FIR-SP"),
    follow_ups=AFTER_REFUSAL,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over when, where and by whom the report was refused."""
        fir = context.earlier("policing.fir", FirForm)
        if fir.refused is not True:
            return Prepared()
        told = context.told_before("policing.fir", "station", "refusal_officer", refused_at="fir_datetime")
        return Prepared(prefill=told, notes=(_LETTERS_WAIT,))

    def conclude(self, answers: RefusalForm, context: StepContext) -> Concluded:
        """Say what the Magistrate will ask for."""
        no_receipt = not answers.receipt
        notes = ("Keep the receipt: it shows the Magistrate that the Superintendent was asked.",) if no_receipt else ()
        return Concluded(facts={"superintendent_asked": True}, notes=notes)


class Magistrate(
    Asked[MagistrateForm],
    key="policing.magistrate",
    title="Application to the Magistrate after a refusal",
    roles=("lawyer", "police_liaison", "case_manager"),
    stays_with=("policing.refusal", "policing.fir"),
    documents=(Document("fir-magistrate-application", "Application to the Magistrate", on="prepare"),),
    time_limit="P3D",
    computes={"ask_on": datetime, "register_on": datetime},
    follow_ups=AFTER_MAGISTRATE,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over an application that was made."""
        return Prepared(
            prefill=context.told_before("policing.magistrate", "court", "applied_at", "affidavit"),
            notes=(_LETTERS_WAIT,),
        )

    def conclude(self, answers: MagistrateForm, context: StepContext) -> Concluded:
        """Return when the Magistrate is asked again, and by when the order is followed."""
        notes = () if answers.affidavit is True else ("No affidavit is known to be there yet: the lawyer adds it.",)
        facts: dict[str, Any] = {"magistrate_asked": True, "magistrate_ordered": answers.order == "register"}
        return Concluded(facts=facts, notes=notes, computed=of_a_magistrate(answers, context))


def _still_to_ask(answers: FirForm) -> list[str]:
    notes = [] if answers.copy_given_at else ["Ask for the free copy of the report now."]
    if Form.perhaps(answers.zero_fir) and not answers.transferred_to:
        is_sure = answers.zero_fir is True
        note = "Ask whether it is a Zero FIR, and to which station it is sent on."
        notes.append("Ask to which station the Zero FIR is forwarded." if is_sure else note)
    if _of_sexual_offence(answers):
        notes += Form.unless_yes(
            answers.woman_officer_present,
            no="A woman's report of a sexual offence is taken by a woman officer: ask for this to be corrected.",
            unknown="A woman's report of a sexual offence is taken by a woman officer: ask whether it was.",
        )
    return notes


def _doubts_of_law(answers: FirForm) -> tuple[str, ...]:
    offence, code = answers.offence_date, answers.governing_code
    if offence is None:
        return ()
    wrong = "BNS" if offence < _NEW_CODE_FROM else "IPC"
    text = "The day of the crime and the law do not fit: the BNS applies from 1 July 2024. Ask a lawyer."
    return (text,) if code == wrong else ()


def _of_sexual_offence(answers: FirForm) -> bool:
    return not _SEXUAL.isdisjoint(answers.sections)
