"""How a deadline stands, to the second."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.deadlines.lateness import DeadlineState, deadline_state, is_overdue
from engine.core.records import Deadline, DeadlineStatus
from engine.language.calendars import Calendar

START = datetime(2026, 3, 9, 4, 30, tzinfo=UTC)
DUE = START + timedelta(hours=100)
SECOND = timedelta(seconds=1)


def deadline(**changes: Any) -> Deadline:
    values = {
        "id": UUID(int=1), "run_id": UUID(int=2), "step_id": UUID(int=3), "key": "visit", "path": "", "limit": "PT100H",
        "law": None, "ladder": "standard", "zone": "Asia/Kolkata", "calendar": None, "warn": (), "started_at": START,
        "due_at": DUE,
    }  # fmt: skip
    return Deadline.model_validate(values | changes)


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (START, DeadlineState.RUNNING),
        (START + timedelta(hours=80) - SECOND, DeadlineState.RUNNING),
        (START + timedelta(hours=80), DeadlineState.NEAR),
        (DUE - SECOND, DeadlineState.NEAR),
        (DUE, DeadlineState.OVERDUE),
        (DUE + SECOND, DeadlineState.OVERDUE),
    ],
)
def test_an_open_deadline_runs_comes_near_in_its_last_fifth_and_passes_at_its_due_instant(
    now: datetime, state: DeadlineState
) -> None:
    assert deadline_state(deadline(), now) is state
    assert is_overdue(DUE, now) is (state is DeadlineState.OVERDUE)


@pytest.mark.parametrize(
    ("warn", "hours"), [(("50%", "60%"), 60), (("95%",), 80), (("PT30H",), 70), (("10%", "PT90H"), 10)]
)
def test_it_is_near_from_the_last_warning_on_or_from_the_last_fifth_if_that_is_earlier(
    warn: tuple[str, ...], hours: int
) -> None:
    near = START + timedelta(hours=hours)
    assert deadline_state(deadline(warn=warn), near - SECOND) is DeadlineState.RUNNING
    assert deadline_state(deadline(warn=warn), near) is DeadlineState.NEAR


def test_a_warning_in_working_time_counts_only_with_a_calendar() -> None:
    calendar = Calendar.model_validate({"calendar": "IN", "title": "India", "zone": "Asia/Kolkata", "weekend": ["sun"]})
    warned = deadline(warn=("P3WD",))
    assert deadline_state(warned, START + timedelta(hours=50), calendar=calendar) is DeadlineState.NEAR
    assert deadline_state(warned, START + timedelta(hours=50)) is DeadlineState.RUNNING


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": DeadlineStatus.MET, "ended_at": DUE}, DeadlineState.MET),
        ({"status": DeadlineStatus.MET, "ended_at": DUE + SECOND, "breached_at": DUE}, DeadlineState.LATE),
        ({"status": DeadlineStatus.ENDED, "ended_at": START}, DeadlineState.ENDED),
    ],
)
def test_what_has_ended_is_never_overdue_however_late_it_is(changes: dict[str, Any], state: DeadlineState) -> None:
    assert deadline_state(deadline(**changes), DUE + timedelta(days=400)) is state


def test_what_has_no_due_time_is_never_overdue() -> None:
    assert not is_overdue(None, DUE)
