"""Say how many points of a rescue plan are still open."""

from collections.abc import Mapping

from engine.plugin.fields import specs_of
from engine.plugin.steps import JsonAnswer
from engine.plugin.values import as_number
from pillars.rescue.forms import PlanForm


def open_points(plan: Mapping[str, JsonAnswer]) -> int:
    """Count the required answers that are not given, and the given ones that are not yet good enough."""
    unanswered = sum(plan.get(spec.name) in (None, "", []) for spec in specs_of(PlanForm) if spec.required)
    return unanswered + sum(_not_good_enough(plan))


def _not_good_enough(plan: Mapping[str, JsonAnswer]) -> tuple[bool, ...]:
    return (
        plan.get("verified") is False,
        plan.get("medical_standby") is False,
        as_number(plan.get("team_women")) == 0,
        as_number(plan.get("vehicles")) == 0,
        plan.get("search_warrant") in {"asked_for", "refused"},
    )
