"""A place at the ways out, by Prefect's limits: taken for one message, or kept for several where calls are slow."""

import time
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from prefect.concurrency.sync import concurrency, rate_limit

from engine.orchestration import gateways
from engine.orchestration.health import PrefectHealth
from engine.orchestration.process import runtime
from engine.ports import ClaimedJob

_WAIT_SECONDS: Final = 10.0
_WAIT_IN_CALLS: Final = 4
_KEPT_SECONDS: Final = 30.0
"""A place is kept for no longer while others may wait for it."""


class GatewaySlots:
    """The places that one flow run has; leaving it gives them back."""

    def __init__(self, health: PrefectHealth) -> None:
        self._health = health
        self._stack = ExitStack()
        self._kept: dict[str, float] = {}

    def __enter__(self) -> Self:
        """Begin without a place."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give all places back."""
        self.release()

    def take(self, job: ClaimedJob) -> ClaimedJob | None:
        """Wait for a place, or for as many as a gateway with a rate has messages; None when none came free in time."""
        if not job.gateway:
            return job
        share = runtime.work.share_of(job.gateway, most=gateways.most_at_once)
        name = gateways.PREFIX + job.gateway
        patience = min(max(_WAIT_SECONDS, _WAIT_IN_CALLS * self._health.usual), job.timeout / 2)
        try:
            if share is not None:
                rate_limit(name, occupy=share, strict=True, timeout_seconds=patience)
                return replace(job, payload={**job.payload, "most": share})
            if name not in self._kept:
                self._stack.enter_context(concurrency(name, strict=True, timeout_seconds=patience))
                self._kept[name] = time.monotonic()
        except TimeoutError:
            return None
        return job

    def used(self) -> None:
        """Give the places back, unless asking for them again costs too much."""
        is_old = any(time.monotonic() - taken > _KEPT_SECONDS for taken in self._kept.values())
        if is_old or not self._health.is_slow:
            self.release()

    def release(self) -> None:
        """Give all places back."""
        self._kept.clear()
        self._stack.close()
