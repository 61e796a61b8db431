"""What a judgment proposes, and what is watched after it: the time for an appeal, and a release."""

from datetime import timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Prepared, StepContext, Watch
from pillars.prosecution.forms import OutcomeForm
from pillars.prosecution.steps.engaging import language_told

_APPEAL_OPENS_BEFORE_DAYS, _SAME_DAY = 14, timedelta(hours=12)
"""Promises of the network: no law names them."""
_AT_RISK = frozenset({"free_now", "soon"})


class Outcome(
    Asked[OutcomeForm],
    key="prosecution.outcome",
    title="Judgment and appeal",
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.hearing", "prosecution.engage"),
    time_limit="PT24H",
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
        """Watch the time for an appeal and the safety of the survivor; the limits of the trial are over."""
        at_risk = answers.release_risk in _AT_RISK
        facts: dict[str, Any] = {"release_risk_high": at_risk}
        watches, notes = [], []
        appeal_by = answers.appeal_by
        if appeal_by and answers.appeal_filed is not True:
            facts["appeal_ends_at"] = context.end_of(appeal_by)
            title = "The time for an appeal is ending"
            watches.append(
                context.watch_for(
                    "judgment_appeal",
                    "prosecution.outcome",
                    title,
                    appeal_by,
                    days_before=_APPEAL_OPENS_BEFORE_DAYS,
                    ladder="high",
                )
            )
        else:
            watches.append(Watch("judgment_appeal", is_over=True))
        if at_risk:
            notes.append("The accused is or will soon be free: review the safety plan today.")
            title = "The accused could be free: review the safety plan"
            watches.append(
                Watch("release_risk", "protection.safety", title, due_at=context.now + _SAME_DAY, ladder="high")
            )
        watches += [Watch(name, is_over=True) for name in ("judgment", "trial", "charge")]
        if answers.compensation_ordered:
            notes.append("Compensation was ordered: make sure it is paid.")
        return Concluded(facts=facts, notes=tuple(notes), watches=tuple(watches))
