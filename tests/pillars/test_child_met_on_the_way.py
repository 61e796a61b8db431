"""A child who is kept safe at a border is brought before the Committee within 24 hours of when they were met."""

from datetime import timedelta

from engine.core.records import StepStatus
from tests.kit.one_case import HOUR, Work


def test_a_child_kept_safe_at_a_border_starts_the_limit_of_the_law(case: Work) -> None:
    met = case.world.now() - timedelta(hours=3)
    case.do("prevention.intercept", at=met.isoformat(), outcome="shelter", wants_to_continue="no")
    [production] = case.watched("production")
    assert (production.uses, production.status) == ("rescue.production", StepStatus.READY)
    assert case.limit(production).law == "IN-JJ-PROD-24H"
    assert case.limit(production).due_at == met + 24 * HOUR
