"""What goes wrong between us and Prefect is one error that its callers live with; only what is missing is an answer."""

from collections.abc import Iterator

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectAlreadyExists, ObjectLimitReached, ObjectNotFound

from engine.errors import ServiceError
from engine.orchestration.calls import CallPool
from engine.orchestration.health import PrefectHealth

_WHY = httpx.HTTPError("invented")


@pytest.fixture
def calls() -> Iterator[CallPool]:
    pool = CallPool(PrefectHealth(), threads=1)
    yield pool
    pool.close()


@pytest.mark.parametrize(
    "error", [ObjectAlreadyExists(_WHY), ObjectLimitReached(_WHY), httpx.ReadTimeout("late"), OSError(), RuntimeError()]
)
def test_a_call_that_fails_raises_one_error_that_is_tried_again(calls: CallPool, error: Exception) -> None:
    with pytest.raises(ServiceError):
        calls.call(lambda client: _fail(client, error))


def test_what_is_not_there_is_an_answer(calls: CallPool) -> None:
    with pytest.raises(ObjectNotFound):
        calls.call(lambda client: _fail(client, ObjectNotFound(_WHY)))


def _fail(_client: SyncPrefectClient, error: Exception) -> None:
    raise error
