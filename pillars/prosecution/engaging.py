"""What the steps around counsel and the statement before a magistrate propose, and what follows from them."""

from datetime import date, timedelta

from engine.plugin import (
    Concluded,
    JsonAnswer,
    Prepared,
    StepContext,
    Watch,
    given,
    local_day,
    unless_yes,
    watch_for_day,
)

_ASK_AGAIN_DAYS, _WISH_OPENS_BEFORE_DAYS = 14, 3
"""Promises of the network: no law names them."""
_SECTION_BY_COUNTRY = {"IN": "BNSS183", "NP": "NP6", "BD": "BD"}
_LANGUAGE_WAS_TOLD = (
    ("prosecution.engage", "language"),
    ("rescue.identify", "interview_lang"),
    ("rescue.first_needs", "language"),
    ("reporting.intake", "language"),
)


def prepare_engage(context: StepContext) -> Prepared:
    """Propose today, the language that was told, and what is known of the counsel."""
    before = context.earlier("prosecution.engage")
    known = ("counsel", "kind", "appointed_on", "rights_explained", "victim_right_to_be_heard")
    told = given(appointed_on=_today(context).isoformat(), language=language_told(context))
    note = "Ask again whether the survivor wants to go to court. Whatever the answer, help goes on."
    return Prepared(prefill=told | given(**{name: before.get(name) for name in known}), notes=(note,) if before else ())


def conclude_engage(context: StepContext) -> Concluded:
    """Ask again after two weeks where the survivor is not sure yet."""
    wish = context.answers.get("wishes_to_proceed")
    title = "Does the survivor want to go to court?"
    ask_on = _today(context) + timedelta(days=_ASK_AGAIN_DAYS)
    again = watch_for_day(
        "court_wish", "prosecution.engage", title, ask_on, zone=context.zone, days_before=_WISH_OPENS_BEFORE_DAYS
    )
    watches = (again,) if wish in {"unsure", "not_asked"} else (Watch("court_wish", is_over=True),)
    return Concluded(facts={"wants_court": wish == "yes"}, watches=watches)


def prepare_statement(context: StepContext) -> Prepared:
    """Propose the section of the place, the language and the interpreter."""
    section = _SECTION_BY_COUNTRY.get(context.jurisdiction.partition("-")[0], "other")
    interpreter = context.earlier("rescue.identify").get("interpreter")
    return Prepared(prefill=given(section=section, lang=language_told(context), interpreter=interpreter))


def conclude_statement(context: StepContext) -> Concluded:
    """Say what was missing, for the next time."""
    answers = context.answers
    notes = list(
        unless_yes(
            answers.get("support_person_present"),
            no="No one supported the survivor: arrange for someone before the next time.",
            unknown="Ask whether someone supported the survivor, and arrange for someone before the next time.",
        )
    )
    if answers.get("copy_status") in {"asked_for", "not_asked"}:
        notes.append("A copy of the statement is still missing: the lawyer has to ask for it.")
    return Concluded(facts={"statement_taken": True}, notes=tuple(notes))


def language_told(context: StepContext) -> JsonAnswer:
    """Give the language that the survivor was said to speak."""
    told = (context.earlier(step).get(name) for step, name in _LANGUAGE_WAS_TOLD)
    return next((language for language in told if language), None)


def _today(context: StepContext) -> date:
    return local_day(context.now, context.zone)
