"""What the fallback does of the housekeeping while Prefect is down."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from engine.deadlines.records import FiredReport
from engine.jobs.records import JobPause
from engine.orchestration.fallback import Fallback
from engine.orchestration.health import PrefectHealth

pytestmark = pytest.mark.long


@dataclass
class Quiet:
    """Work of which nothing is due."""

    done: list[str] = field(default_factory=list)

    def fire_deadlines(self, *, limit: int) -> FiredReport:
        return FiredReport(count=min(limit, 0), next_due_at=None)

    def run_chore(self, name: str) -> None:
        self.done.append(name)

    def claim_urgent_jobs(self, **_more: Any) -> tuple[()]:
        return ()

    def job_pause(self) -> JobPause:
        return JobPause()

    def note_service(self, **_more: Any) -> None:
        return

    def service_age(self, _service: str) -> timedelta:
        return timedelta()


def test_a_checkpoint_is_signed_each_minute_while_prefect_is_down_and_none_by_us_while_it_works() -> None:
    for is_down, signed in ((True, 2), (False, 0)):
        work = Quiet()
        health = PrefectHealth()
        for at in range(3):
            health.note(at=at, seconds=0.1, answered=not is_down)
        fallback = Fallback(work, worker_name="one", health=health, stop=threading.Event())  # type: ignore[arg-type]
        for second in range(120):
            fallback.round(is_to_be_noted=second % 10 == 0)
        assert work.done.count("sign-checkpoint") == signed
        assert work.done.count("tell-of-trouble") == (12 if is_down else 0)
