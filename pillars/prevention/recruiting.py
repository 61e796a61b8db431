"""What the check of a recruiter proposes, and what speaks against them."""

import re
from collections.abc import Mapping

from engine.plugin import Concluded, JsonAnswer, PersonTold, Prepared, StepContext, as_number, as_words, local_day
from pillars.prevention.licences import EXPIRED, NONE_TOLD, NOT_LISTED, READ_ON, VALID, licence_state


def prepare_recruiter(context: StepContext) -> Prepared:
    """Propose whom an earlier step named, and how many cases know somebody alike."""
    seen = context.similar_persons()
    prefill: dict[str, JsonAnswer] = {"linked_cases": len(seen)} if seen else {}
    offer = context.earlier("prevention.safe_migration").get("job_offer_from")
    met = context.earlier("prevention.intercept").get("recruiter")
    if met or offer:
        prefill["name"] = met or offer
    return Prepared(
        prefill=prefill, notes=("Other cases might name this recruiter: ask who has them.",) if seen else ()
    )


def conclude_recruiter(context: StepContext) -> Concluded:
    """Look the licence up in the list of this installation, and say what speaks against the recruiter."""
    answers = context.answers
    state = licence_state(answers.get("licence_no"), local_day(context.now, context.zone))
    complaints, linked = (as_number(answers.get(name)) or 0 for name in ("complaints", "linked_cases"))
    checks = (
        (state == EXPIRED, "The licence has expired."),
        (state == NOT_LISTED, f"The licence is not on the list of {READ_ON:%d %b %Y}: ask the office that issues it."),
        (state == NONE_TOLD, "No licence was shown."),
        (
            complaints > 0 and answers.get("action") == "no_action",
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


def _recruiter(answers: Mapping[str, JsonAnswer]) -> PersonTold:
    name, phone, handles = (as_words(answers.get(name)) for name in ("name", "phone", "handles"))
    return PersonTold(name=name, phone=phone, handles=tuple(re.split(r"[\s,;]+", handles.strip())) if handles else ())
