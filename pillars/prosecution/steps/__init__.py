"""The step types of Prosecution."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Pillar,
    Prepared,
    StepContext,
    automatic,
)
from pillars.prosecution.forms import EngageForm, HearingForm, Identify, OutcomeForm, StatementForm
from pillars.prosecution.hearings import next_hearing
from pillars.prosecution.steps.in_court import Hearing, Testimony

_ASK_AGAIN_DAYS = 14
"""A promise of the network: no law names it."""
_SECTION_BY_COUNTRY = {"IN": "BNSS183", "NP": "NP6", "BD": "BD"}
_LANGUAGE_WAS_TOLD = (
    ("prosecution.engage", "language"),
    ("rescue.identify", "interview_lang"),
    ("rescue.first_needs", "language"),
    ("reporting.intake", "language"),
)
_AT_RISK = frozenset({"free_now", "soon"})


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


class Outcome(
    Asked[OutcomeForm],
    key="prosecution.outcome",
    title="Judgment and appeal",
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.hearing", "prosecution.engage"),
    time_limit="PT24H",
    follow_ups={
        "judgment_appeal": FollowUp(
            uses="prosecution.outcome",
            title="The time for an appeal is ending",
            otherwise="end",
            when="!has(this.appeal_filed) || !this.appeal_filed",
            due="appeal_by",
            opens_before="P14D",
            ladder="high",
        ),
        "release_risk": FollowUp(
            uses="protection.safety",
            title="The accused could be free: review the safety plan",
            when='this.release_risk in ["free_now", "soon"]',
            limit="PT12H",
            ladder="high",
        ),
        "judged": FollowUp(ends=("judgment", "trial", "charge")),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over an earlier judgment: the step is opened again for its appeal."""
        known = (
            "result",
            "told_survivor_at",
            "sections_convicted",
            "sentence",
            "fine",
            "compensation_ordered",
            "appeal_by",
        )
        language = language_told(context)
        note = f"Tell the survivor first, in their language ({language})." if language else "Tell the survivor first."
        return Prepared(prefill=context.told_before("prosecution.outcome", *known), notes=(note,))

    def conclude(self, answers: OutcomeForm, context: StepContext) -> Concluded:
        """Return whether the survivor is at risk and until when an appeal can be made."""
        at_risk = answers.release_risk in _AT_RISK
        facts: dict[str, Any] = {"release_risk_high": at_risk}
        notes = []
        appeal_by = answers.appeal_by
        if appeal_by and answers.appeal_filed is not True:
            facts["appeal_ends_at"] = context.end_of(appeal_by)
        if at_risk:
            notes.append("The accused is or will soon be free: review the safety plan today.")
        if answers.compensation_ordered:
            notes.append("Compensation was ordered: make sure it is paid.")
        return Concluded(facts=facts, notes=tuple(notes))


@automatic(
    "prosecution.calendar",
    title="Make the hearing slip",
    outputs={"has_hearing": False, "hearing_at": datetime},
    documents=(Document("hearing-slip", "Hearing slip", leaves=False),),
)
def calendar(context: StepContext) -> Completed:
    """Find the next hearing and make a slip with its day that tells nothing of the case."""
    hearing_at = next_hearing(context, context.earlier("prosecution.hearing", HearingForm))
    if hearing_at is None:
        return Completed(outputs={"has_hearing": False}, notes=("No coming hearing is recorded.",))
    return Completed(outputs={"has_hearing": True, "hearing_at": hearing_at})


def language_told(context: StepContext) -> str | None:
    """Return the language that the survivor was said to speak."""
    told = (context.told_before(step, language=name) for step, name in _LANGUAGE_WAS_TOLD)
    return next((one["language"] for one in told if one), None)


PILLAR = Pillar(
    key="prosecution",
    name="Prosecution",
    letter="P",
    summary="Carry the case through court with the survivor informed, prepared and not harmed again.",
    step_types=(
        Engage,
        Statement,
        Hearing,
        calendar,
        Testimony,
        Outcome,
    ),
)
