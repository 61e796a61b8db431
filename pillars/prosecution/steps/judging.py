"""What a judgment proposes, and what is watched after it: the time for an appeal, and a release."""

from typing import Any

from engine.plugin import Asked, Concluded, FollowUp, Prepared, StepContext
from pillars.prosecution.forms import OutcomeForm
from pillars.prosecution.steps.engaging import language_told

_AT_RISK = frozenset({"free_now", "soon"})


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
