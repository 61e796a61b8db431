"""Say what is missing before somebody may go home, and before a journey."""

from engine.plugin import StepContext
from pillars.repatriation.forms import DecisionForm, HomeInvestigationForm, TravelForm

SAFE = frozenset({"safe", "safe_with_conditions"})
_VICTIMS = frozenset({"victim", "possible_victim"})
_ADULT = 18


def has_child(context: StepContext) -> bool:
    """Return whether somebody of the case, of those it is for, is known to be under 18."""
    return any(person.role in _VICTIMS and person.age is not None and person.age < _ADULT for person in context.persons)


def return_missing(context: StepContext) -> tuple[str, ...]:
    """Name what is missing before a return: a safe home, the person's own will, the decision, an order for a child."""
    home, decision = (
        context.earlier("repatriation.hir", HomeInvestigationForm),
        context.earlier("repatriation.decision", DecisionForm),
    )
    checks = (
        (home.recommendation in SAFE, "There is no home report that calls the home safe."),
        (decision.wishes_return == "yes", "The person's own wish to return is not recorded."),
        (decision.decision == "return", "The return is not decided."),
        (
            bool(decision.order_no) or not has_child(context),
            "The order that lets the child go home is not recorded.",
        ),
    )
    return _missing(checks)


def travel_missing(travel: TravelForm) -> tuple[str, ...]:
    """Name what is missing before a journey: paper, escort, a woman among them, health, a route kept secret."""
    checks = (
        (bool(travel.document), "There is no travel document."),
        (bool(travel.escort_names), "There is no escort."),
        (travel.female_escort is True, "No woman is known to be among the escorts."),
        (travel.medical_fit is True, "The health check before the journey is not settled."),
        (
            travel.route_secret is True,
            "It is not certain that the route is known only to those who need to know it.",
        ),
    )
    return _missing(checks)


def _missing(checks: tuple[tuple[bool, str], ...]) -> tuple[str, ...]:
    return tuple(sentence for is_there, sentence in checks if not is_there)
