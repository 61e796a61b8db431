"""Name the points of a rescue plan that are still open; they hold nothing up, and nobody overlooks them."""

from engine.plugin import Form
from pillars.rescue.forms import PlanForm

_WORDS = {
    "site": "the place", "information_source": "who told us", "verified": "whether the information was checked",
    "expected_persons": "how many people", "expected_children": "how many children", "shelter_reserved": "a shelter",
    "team_women": "how many women are in the team", "ngo_members": "who comes from an NGO",
    "interpreter_langs": "the languages of the interpreters", "vehicles": "how many vehicles",
    "medical_standby": "whether a doctor or nurse is ready", "search_warrant": "the search warrant",
    "secrecy_level": "who may know", "abort_rule": "when to call the rescue off",
    "contingency": "what to do if it goes wrong",
}  # fmt: skip
_TWO_VEHICLES = 2


def open_points(plan: PlanForm) -> tuple[str, ...]:
    """Name the required answers that are not given, and the given ones that are not yet good enough.

    The words are those of the form and never those of an answer, so that they may stand in a note.
    """
    unanswered = [
        _WORDS[name] for name, asked in PlanForm.model_fields.items() if asked.is_required() and _is_open(plan, name)
    ]
    return (*unanswered, *(words for words, is_open in _not_good_enough(plan) if is_open))


def in_words(points: tuple[str, ...]) -> tuple[str, ...]:
    """Say in one sentence what is open; nothing when nothing is."""
    return (f"Still open in the rescue plan: {', '.join(points)}.",) if points else ()


def _is_open(plan: PlanForm, name: str) -> bool:
    return getattr(plan, name) in (None, Form.NOT_KNOWN, "", ())


def _not_good_enough(plan: PlanForm) -> tuple[tuple[str, bool], ...]:
    return (
        ("no one has checked the information", plan.verified is False),
        ("no doctor or nurse is ready", plan.medical_standby is False),
        ("no woman is in the team", plan.team_women == 0),
        ("a second vehicle, for survivors and suspects never ride together", plan.vehicles in range(_TWO_VEHICLES)),
        ("a social worker for the children", bool(plan.expected_children) and _has_no_social_worker(plan)),
        ("the search warrant is not there", plan.search_warrant in {"asked_for", "refused"}),
    )


def _has_no_social_worker(plan: PlanForm) -> bool:
    return bool(plan.ngo_members) and "social_worker" not in plan.ngo_members
