"""The limits of the ways out, as Prefect's global concurrency limits: slots at once, or messages a minute."""

from dataclasses import dataclass
from typing import Final

from prefect.client.orchestration import SyncPrefectClient

from engine.errors import ServiceError
from engine.orchestration import api
from engine.orchestration.seams import Installation

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
    """Give how many messages may go at one time through a gateway with a rate: those of ten seconds."""
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
