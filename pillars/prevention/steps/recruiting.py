"""What the check of a recruiter proposes, and what speaks against them."""

import re
from typing import Any

from engine.plugin import Asked, Concluded, Prepared, StepContext
from pillars.prevention.forms import InterceptForm, RecruiterForm, SafeMigrationForm
from pillars.prevention.licences import EXPIRED, NONE_TOLD, NOT_LISTED, READ_ON, VALID, licence_state


class Recruiter(
    Asked[RecruiterForm],
    key="prevention.recruiter",
    title="Recruiter or agent check",
    roles=("prevention_officer", "case_manager"),
    stays_with=("prevention.safe_migration",),
    time_limit="P5WD",
    reads=("similar_persons",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose whom an earlier step named, and how many cases know somebody alike."""
        seen = context.similar_persons()
        prefill: dict[str, Any] = {"linked_cases": len(seen)} if seen else {}
        offer = context.earlier("prevention.safe_migration", SafeMigrationForm).job_offer_from
        met = context.earlier("prevention.intercept", InterceptForm).recruiter
        if met or offer:
            prefill["name"] = met or offer
        return Prepared(
            prefill=prefill, notes=("Other cases might name this recruiter: ask who has them.",) if seen else ()
        )

    def conclude(self, answers: RecruiterForm, context: StepContext) -> Concluded:
        """Look the licence up in the list of this installation, and say what speaks against the recruiter."""
        state = licence_state(answers.licence_no, context.today)
        complaints, linked = answers.complaints or 0, answers.linked_cases or 0
        checks = (
            (state == EXPIRED, "The licence has expired."),
            (
                state == NOT_LISTED,
                f"The licence is not on the list of {READ_ON:%d %b %Y}: ask the office that issues it.",
            ),
            (state == NONE_TOLD, "No licence was shown."),
            (
                complaints > 0 and answers.action == "no_action",
                "There are complaints, but nothing has been done: say why.",
            ),
            (linked > 0, "The recruiter is named in other cases of this unit."),
        )
        has_doubt = state != VALID or complaints > 0 or linked > 0
        return Concluded(
            facts={"recruiter_is_doubtful": has_doubt, "licence_is_valid": state == VALID},
            notes=tuple(sentence for is_seen, sentence in checks if is_seen),
            persons=(_recruiter(answers),) if has_doubt else (),
        )


def _recruiter(answers: RecruiterForm) -> Concluded.Person:
    handles = tuple(re.split(r"[\s,;]+", answers.handles.strip())) if answers.handles else ()
    return Concluded.Person(name=answers.name or "", phone=answers.phone or "", handles=handles)
