"""The slots of gateways with a rate, kept in Prefect, and which jobs wait for one."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from prefect.client.orchestration import SyncPrefectClient
from prefect.concurrency.sync import concurrency, rate_limit

from engine.errors import ServiceError
from engine.orchestration import api
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import runtime
from engine.orchestration.seams import Installation
from engine.ports import ClaimedJob

PREFIX: Final = "icmc-gateway-"
SLOTS: Final = 4
_SECONDS: Final = 60
_LIMITS_OF_A_RATE: Final = 6
_MOST_AT_ONCE: Final = 100


@dataclass(frozen=True)
class _Limit:
    name: str
    slots: int
    decay: float


def most_at_once(rate_per_minute: int) -> int:
    """Return how many messages may go at one time through a gateway with a rate: those of ten seconds."""
    return max(1, min(rate_per_minute // _LIMITS_OF_A_RATE, _MOST_AT_ONCE))


def ensure_limits(client: SyncPrefectClient, installation: Installation) -> None:
    """Make the limits that are missing, and change those of gateways whose rate was changed.

    What an admin changed in Prefect about a way out without a rate stays. Raises ServiceError when one is missing after
    all: Prefect would let everything through.
    """
    there = api.gateway_limits(client)
    for limit in _wanted(installation):
        if not _is_there(limit, there):
            api.set_limit(client, limit.name, slots=limit.slots, decay=limit.decay, exists=limit.name in there)
    there = api.gateway_limits(client)
    missing = [limit.name for limit in _wanted(installation) if limit.name not in there]
    if missing:
        raise ServiceError(
            service="Prefect",
            problem=f"these concurrency limits are missing: {', '.join(sorted(missing))}.",
            remedy="Without them everything would be sent at once. Create them in Prefect's page, or restart.",
        )


def are_there(client: SyncPrefectClient, installation: Installation) -> bool:
    """Tell whether every limit is there, with the rate that was set."""
    there = api.gateway_limits(client)
    return all(_is_there(limit, there) for limit in _wanted(installation))


def _is_there(limit: _Limit, there: dict[str, tuple[int, float]]) -> bool:
    if limit.name not in there:
        return False
    return limit.decay == 0 or there[limit.name] == (limit.slots, limit.decay)


def _wanted(installation: Installation) -> list[_Limit]:
    rates = dict(installation.rates)
    plain = [_Limit(PREFIX + name, SLOTS, 0) for name in installation.gateways if name not in rates]
    rated = [_Limit(PREFIX + name, most_at_once(rate), round(rate / _SECONDS, 4)) for name, rate in rates.items()]
    return plain + rated


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
        """Return all places back."""
        self.release()

    def take(self, job: ClaimedJob) -> ClaimedJob | None:
        """Wait for a place, or for as many as a gateway with a rate has messages; None when none came free in time."""
        if not job.gateway:
            return job
        share = runtime.work.share_of(job.gateway, most=most_at_once)
        name = PREFIX + job.gateway
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
        """Return the places back, unless asking for them again costs too much."""
        is_old = any(time.monotonic() - taken > _KEPT_SECONDS for taken in self._kept.values())
        if is_old or not self._health.is_slow:
            self.release()

    def release(self) -> None:
        """Return all places back."""
        self._kept.clear()
        self._stack.close()
