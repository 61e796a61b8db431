"""What the steps around counsel and the statement before a magistrate propose, and what follows from them."""

from datetime import datetime, timedelta

from engine.plugin import Asked, Concluded, Document, FollowUp, Form, Prepared, StepContext
from pillars.prosecution.forms import EngageForm, Identify, StatementForm

_ASK_AGAIN_DAYS = 14
"""A promise of the network: no law names it."""
_SECTION_BY_COUNTRY = {"IN": "BNSS183", "NP": "NP6", "BD": "BD"}
_LANGUAGE_WAS_TOLD = (
    ("prosecution.engage", "language"),
    ("rescue.identify", "interview_lang"),
    ("rescue.first_needs", "language"),
    ("reporting.intake", "language"),
)


class Engage(
    Asked[EngageForm],
    key="prosecution.engage",
    title="Engage counsel and explain rights",
    roles=("lawyer", "case_manager"),
    documents=(Document("rights-sheet", "Your rights in court", leaves=False),),
    time_limit="P7D",
    computes={"ask_on": datetime},
    follow_ups={
        "court_wish": FollowUp(
            uses="prosecution.engage",
            title="Does the survivor want to go to court?",
            otherwise="end",
            when='this.wishes_to_proceed in ["unsure", "not_asked"]',
            due="ask_on",
            opens_before="P3D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose today, the language that was told, and what is known of the counsel."""
        known = ("counsel", "kind", "appointed_on", "rights_explained", "victim_right_to_be_heard")
        before = context.told_before("prosecution.engage", *known)
        told = Prepared.given(appointed_on=context.today.isoformat(), language=language_told(context))
        note = "Ask again whether the survivor wants to go to court. Whatever the answer, help goes on."
        was_engaged = bool(context.earlier("prosecution.engage", EngageForm))
        return Prepared(prefill=told | before, notes=(note,) if was_engaged else ())

    def conclude(self, answers: EngageForm, context: StepContext) -> Concluded:
        """Ask again after two weeks where the survivor is not sure yet."""
        wish = answers.wishes_to_proceed
        ask_on = context.today + timedelta(days=_ASK_AGAIN_DAYS)
        return Concluded(facts={"wants_court": wish == "yes"}, computed={"ask_on": ask_on})


class Statement(
    Asked[StatementForm],
    key="prosecution.statement",
    title="Magistrate statement",
    takes_statement=True,
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    stays_with=("prosecution.engage",),
    time_limit="P7D",
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose the section of the place, the language and the interpreter."""
        section = _SECTION_BY_COUNTRY.get(context.country, "other")
        interpreter = context.earlier("rescue.identify", Identify).interpreter
        return Prepared(prefill=Prepared.given(section=section, lang=language_told(context), interpreter=interpreter))

    def conclude(self, answers: StatementForm, context: StepContext) -> Concluded:
        """Say what was missing, for the next time."""
        notes = list(
            Form.unless_yes(
                answers.support_person_present,
                no="No one supported the survivor: arrange for someone before the next time.",
                unknown="Ask whether someone supported the survivor, and arrange for someone before the next time.",
            )
        )
        if answers.copy_status in {"asked_for", "not_asked"}:
            notes.append("A copy of the statement is still missing: the lawyer has to ask for it.")
        return Concluded(facts={"statement_taken": True}, notes=tuple(notes))


def language_told(context: StepContext) -> str | None:
    """Return the language that the survivor was said to speak."""
    told = (context.told_before(step, language=name) for step, name in _LANGUAGE_WAS_TOLD)
    return next((one["language"] for one in told if one), None)
