"""What the report at the station proposes, and the two letters after a refusal."""

from collections.abc import Mapping
from datetime import date

from engine.plugin import (
    NOT_KNOWN,
    Concluded,
    JsonAnswer,
    Prepared,
    Scalar,
    StepContext,
    as_day,
    given,
    perhaps,
    told_before,
    unless_yes,
)
from pillars.policing.places import country_of
from pillars.policing.watching import watch_fir, watch_magistrate, watch_refusal

_NEW_CODE_FROM = date(2024, 7, 1)
_CODE_BY_COUNTRY = {"IN": "BNS", "BD": "BD", "NP": "NP", "MM": "MM"}
_SEXUAL = frozenset({"BNS64_71", "POCSO"})
_LETTERS_WAIT = (
    "The letter is prepared. It is sent only after someone has read and released it, among the documents of the case."
)


def prepare_fir(context: StepContext) -> Prepared:
    """Propose what was told before, and the code of the country."""
    known = ("station", "sections", "offence_date", "governing_code", "district", "zero_fir")
    before = told_before(context, "policing.fir", *known)
    law = given(governing_code=_CODE_BY_COUNTRY.get(country_of(context)))
    law |= told_before(context, "reporting.missing", "fir_no")
    note = "Any station must register it, wherever the crime happened. Take the complaint letter with you."
    return Prepared(prefill=law | before, notes=(note,))


def conclude_fir(context: StepContext) -> Concluded:
    """Say what the report still lacks, and go up the ladder of a refusal or watch for the news."""
    answers = context.answers
    refused = answers.get("refused")
    notes = list(_doubts_of_law(answers))
    if refused == NOT_KNOWN:
        notes.append("It is not known whether the station registered it: ask today, and record what they say.")
        return Concluded(notes=tuple(notes), watches=watch_fir(context))
    if refused is not True and country_of(context) == "IN":
        notes += _still_to_ask(answers)
    facts: dict[str, Scalar] = {"fir_registered": refused is not True, "fir_refused": refused is True}
    return Concluded(facts=facts, notes=tuple(notes), watches=watch_fir(context))


def _still_to_ask(answers: Mapping[str, JsonAnswer]) -> list[str]:
    notes = [] if answers.get("copy_given_at") else ["Ask for the free copy of the report now."]
    if perhaps(answers.get("zero_fir")) and not answers.get("transferred_to"):
        is_sure = answers.get("zero_fir") is True
        note = "Ask whether it is a Zero FIR, and to which station it is sent on."
        notes.append("Ask to which station the Zero FIR is forwarded." if is_sure else note)
    if _of_sexual_offence(answers):
        notes += unless_yes(
            answers.get("woman_officer_present"),
            no="A woman's report of a sexual offence is taken by a woman officer: ask for this to be corrected.",
            unknown="A woman's report of a sexual offence is taken by a woman officer: ask whether it was.",
        )
    return notes


def _doubts_of_law(answers: Mapping[str, JsonAnswer]) -> tuple[str, ...]:
    offence, code = as_day(answers.get("offence_date")), answers.get("governing_code")
    if offence is None:
        return ()
    wrong = "BNS" if offence < _NEW_CODE_FROM else "IPC"
    text = "The day of the crime and the law do not fit: the BNS applies from 1 July 2024. Ask a lawyer."
    return (text,) if code == wrong else ()


def _of_sexual_offence(answers: Mapping[str, JsonAnswer]) -> bool:
    sections = answers.get("sections")
    return isinstance(sections, list) and not _SEXUAL.isdisjoint(str(one) for one in sections)


def prepare_refusal(context: StepContext) -> Prepared:
    """Take over when, where and by whom the report was refused."""
    fir = context.earlier("policing.fir")
    if fir.get("refused") is not True:
        return Prepared()
    told = given(
        station=fir.get("station"), refused_at=fir.get("fir_datetime"), refusal_officer=fir.get("refusal_officer")
    )
    return Prepared(prefill=told, notes=(_LETTERS_WAIT,))


def conclude_refusal(context: StepContext) -> Concluded:
    """Watch whether the Superintendent has it registered."""
    no_receipt = not context.answers.get("receipt")
    notes = ("Keep the receipt: it shows the Magistrate that the Superintendent was asked.",) if no_receipt else ()
    return Concluded(facts={"superintendent_asked": True}, notes=notes, watches=watch_refusal(context))


def prepare_magistrate(context: StepContext) -> Prepared:
    """Take over an application that was made."""
    return Prepared(
        prefill=told_before(context, "policing.magistrate", "court", "applied_at", "affidavit"), notes=(_LETTERS_WAIT,)
    )


def conclude_magistrate(context: StepContext) -> Concluded:
    """Watch for the order of the Magistrate, and for what follows it."""
    answers = context.answers
    notes = () if answers.get("affidavit") is True else ("No affidavit is known to be there yet: the lawyer adds it.",)
    facts: dict[str, Scalar] = {"magistrate_asked": True, "magistrate_ordered": answers.get("order") == "register"}
    return Concluded(facts=facts, notes=notes, watches=watch_magistrate(context))
