"""What follows when travellers are met at a border or a station: a child is kept safe, an adult decides."""

from collections.abc import Mapping

from engine.plugin.steps import Concluded, JsonAnswer, Prepared, Scalar, StepContext
from engine.plugin.told import PersonTold
from engine.plugin.values import as_words


def prepare_intercept(context: StepContext) -> Prepared:
    """Propose now as the time."""
    return Prepared(
        prefill={"at": context.now.isoformat()},
        notes=("Speak with each person apart. An adult decides for themselves whether to travel on.",),
    )


def conclude_intercept(context: StepContext) -> Concluded:
    """Tell whether somebody was stopped who wanted to go on, and put a talk with those who did go into the worklist."""
    answers = context.answers
    was_stopped = answers.get("outcome") != "continued"
    is_child = answers.get("age_group") in {"children", "both", "unknown"}
    against_wish = (
        was_stopped
        and not is_child_alone(answers)
        and (answers.get("wants_to_continue") == "yes" or answers.get("free_choice_noted") is False)
    )
    notes = []
    if against_wish:
        notes.append("People who want to travel on were stopped: if they are adults, tell the supervisor now.")
    if is_child and answers.get("outcome") in {"shelter", "police"}:
        notes.append(
            "A child was kept safe: it is to be brought before the Committee within 24 hours, the journey apart."
        )
    if answers.get("story_mismatch") is True and not was_stopped:
        notes.append("Their stories differ and they travelled on: tell the post where they will arrive, if they agree.")
    facts: dict[str, Scalar] = {"was_stopped_against_wish": against_wish, "let_go": not was_stopped}
    return Concluded(facts=facts, notes=tuple(notes), persons=_whoever_sent_them(answers))


def _whoever_sent_them(answers: Mapping[str, JsonAnswer]) -> tuple[PersonTold, ...]:
    """Give whoever sent the travellers on their way, known or not: others may have met them."""
    vehicle, route = (as_words(answers.get(name)) for name in ("vehicle", "route"))
    told = PersonTold(
        name=as_words(answers.get("recruiter")),
        vehicles=(vehicle,) if vehicle else (),
        routes=(route,) if route else (),
    )
    return (told,) if told != PersonTold() and answers.get("signs") != ["none"] else ()


def is_child_alone(answers: Mapping[str, JsonAnswer]) -> bool:
    """Say whether only children were met: a child's wish to go on does not decide."""
    return answers.get("age_group") == "children"
