"""What follows when travellers are met at a border or a station: a child is kept safe, an adult decides."""

from collections.abc import Mapping
from typing import Any, Final

from engine.plugin import Asked, Concluded, Document, FollowUp, Form, Prepared, StepContext
from pillars.prevention.forms import InterceptForm

_PRODUCTION_LAW: Final = "IN-JJ-PROD-24H"
_PRODUCTION: Final = "Bring the child who was met on the way before the Committee"
_LADDER: Final = "child-not-produced"
_BODIES: Final[Mapping[str, str]] = {
    "NP": "the child welfare authority of the place and the police",
    "BD": "the child affairs officer of the police and the probation officer",
    "MM": "the social welfare officer",
}


class Intercept(
    Asked[InterceptForm],
    key="prevention.intercept",
    title="Border or station interception",
    roles=("prevention_officer", "police_liaison", "partnership_manager"),
    documents=(Document("interception-form", "Interception form"),),
    time_limit="PT6H",
    computes={"must_be_produced": bool, "law_counts": bool},
    follow_ups={
        "production": FollowUp(
            uses="rescue.production",
            title=_PRODUCTION,
            when="this.must_be_produced && this.law_counts",
            from_="at",
            law=_PRODUCTION_LAW,
            ladder=_LADDER,
        ),
        # of a child met beside people of a case who are of age, the limit of the case says nothing: as many hours
        "production_in_time": FollowUp(
            uses="rescue.production",
            title=_PRODUCTION,
            when="this.must_be_produced && !this.law_counts",
            replaces="production",
            from_="at",
            limit="P1D",
            ladder=_LADDER,
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose now as the time."""
        return Prepared(
            prefill={"at": context.now.isoformat()},
            notes=("Speak with each person separately. An adult decides for themselves whether to travel on.",),
        )

    def conclude(self, answers: InterceptForm, context: StepContext) -> Concluded:
        """Return whether somebody was stopped who wanted to go on, and watch what is due for a child."""
        was_stopped = answers.outcome != "continued"
        against_wish = (
            was_stopped
            and not is_child_alone(answers)
            and (answers.wants_to_continue == "yes" or answers.free_choice_noted is False)
        )
        notes = []
        if against_wish:
            notes.append("People who want to travel on were stopped: if they are adults, inform the supervisor now.")
        if is_child_kept_safe(answers, context):
            notes.append(_what_is_due(context))
        if answers.story_mismatch is True and not was_stopped:
            notes.append(
                "Their stories differ and they travelled on: inform the post where they will arrive, if they agree."
            )
        if answers.story_mismatch == Form.NOT_KNOWN and not was_stopped:
            notes.append("They travelled on before their stories were compared: tell the post there, if they agree.")
        if answers.free_choice_noted == Form.NOT_KNOWN and was_stopped and not against_wish:
            notes.append("It is not known whether it was their free choice: ask them. An adult may not be held.")
        facts: dict[str, Any] = {"was_stopped_against_wish": against_wish, "let_go": not was_stopped}
        return Concluded(
            facts=facts,
            notes=tuple(notes),
            persons=_whoever_sent_them(answers),
            computed={
                "must_be_produced": answers.at is not None
                and _is_india(context)
                and is_child_kept_safe(answers, context),
                "law_counts": _has_law(context),
            },
        )


def is_child_kept_safe(answers: InterceptForm, context: StepContext) -> bool:
    """Return whether somebody is with the police or in a shelter who is or may be a child.

    Not known, or not said, counts as one, unless ages were told by which the law for children is known not to apply.
    """
    group = answers.age_group or "unknown"
    may_be = group in {"children", "both"} or (group == "unknown" and (not _is_india(context) or _has_law(context)))
    return may_be and answers.outcome in {"shelter", "police"}


def _what_is_due(context: StepContext) -> str:
    kept = "A child, or someone who could be one, was kept safe:"
    if _is_india(context):
        return f"{kept} bring them before the Committee within 24 hours of when you met them, the journey apart."
    body = _BODIES.get(context.country, "the body that looks after children here")
    return f"{kept} tell {body} now, and ask the lawyer until when the law of this country wants it done."


def _is_india(context: StepContext) -> bool:
    return context.country == "IN"


def _has_law(context: StepContext) -> bool:
    return context.law(_PRODUCTION_LAW) is not None


def _whoever_sent_them(answers: InterceptForm) -> tuple[Concluded.Person, ...]:
    """Return whoever sent the travellers on their way, known or not: others may have met them."""
    told = Concluded.Person(
        name=answers.recruiter or "",
        vehicles=(answers.vehicle,) if answers.vehicle else (),
        routes=(answers.route,) if answers.route else (),
    )
    return (told,) if told != Concluded.Person() and answers.signs != ("none",) else ()


def is_child_alone(answers: InterceptForm) -> bool:
    """Return whether only children were met: a child's wish to go on does not decide."""
    return answers.age_group == "children"
