"""A case stays open until a supervisor says that nothing is left to do: in the pure core."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, Step, StepStatus
from tests.acceptance.core_story import CoreCase
from tests.kit.shipped import CASES, shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
LEFT_TO_DO: Mapping[str, Scalar] = {"all_pillars_settled": False, "open_clocks": 1}
SETTLED: Mapping[str, Scalar] = {"all_pillars_settled": True, "open_clocks": 0}


def _at_its_review(name: str) -> CoreCase:
    """Return a case of which nothing is left but the review."""
    case = CoreCase(workflow=shipped(name), opened_at=OPENED, jurisdiction="IN-AS", left=frozenset({"closure"}))
    standing = {key for key, step in case.workflow.steps.items() if step.spec.standing}
    for _ in range(500):
        if _latest(case) is not None and case.live() - standing == {"closure"}:
            return case
        left = case.left | standing
        undated = [step for step in case.ready() if step.key not in left and case.deadline(step) is None]
        if undated:
            case.complete(undated[0])
        else:
            case.until(max(case.now, min(stop[0] for stop in case._stops())))
    raise AssertionError(name)


def _latest(case: CoreCase) -> Step | None:
    return case.step("closure")


def _answer(case: CoreCase, answers: Mapping[str, Scalar], *, outcome: str = "done") -> None:
    [review] = [step for step in case.ready() if step.key == "closure"]
    case.do(cm.CompleteStep(review.id, outcome, case.now, outputs=answers))


@pytest.mark.parametrize("name", NAMES)
def test_a_case_in_which_something_is_left_to_do_stays_open_and_is_reviewed_again(name: str) -> None:
    case = _at_its_review(name)
    _answer(case, LEFT_TO_DO)
    again = _latest(case)
    assert again.round == 2
    assert again.status in {StepStatus.SCHEDULED, StepStatus.READY}
    assert not case.is_closed()
    case.until(max(case.now, again.opens_at or case.now) + timedelta(minutes=1))
    _answer(case, SETTLED)
    assert case.is_closed()


@pytest.mark.parametrize("name", NAMES)
def test_a_case_closes_at_once_when_nothing_is_left(name: str) -> None:
    case = _at_its_review(name)
    _answer(case, SETTLED)
    assert case.is_closed()


@pytest.mark.parametrize(
    ("outcome", "closes"), [("not_needed", True), ("blocked_by_other_body", False), ("refused_by_person", False)]
)
def test_a_review_that_is_not_needed_closes_a_case_and_one_that_was_blocked_or_refused_does_not(
    outcome: str, *, closes: bool
) -> None:
    case = _at_its_review("reported-concern")
    _answer(case, {}, outcome=outcome)
    assert case.is_closed() is closes
