"""The order in which a case shows what waits to be done."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from engine.deadlines.records.limits import DeadlineView
from engine.overview.pages.plan import what_waits
from engine.overview.records.cases import StepView

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)


def _step(key: str, due_in: int | None = None, *, status: str = "ready", timed: bool = True) -> StepView:
    due_at = None if due_in is None else NOW + timedelta(hours=due_in)
    deadline = DeadlineView.model_construct(due_at=due_at) if timed else None
    return StepView.model_construct(key=key, status=status, item_id=uuid4(), deadline=deadline)


def test_what_is_late_or_due_first_stands_on_top_and_what_has_no_due_time_last() -> None:
    steps = (
        _step("no limit", timed=False), _step("in days", 80), _step("not counted yet"), _step("late", -4),
        _step("to approve", 2, status="approval"), _step("over", -9, status="ended"),
    )  # fmt: skip
    assert [step.key for step in what_waits(steps)] == ["late", "to approve", "in days", "no limit", "not counted yet"]
