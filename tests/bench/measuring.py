"""Print when task runs began by Prefect's own records: ids come in as JSON, instants go out (`python -m`)."""

import json
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterId

_PAGE: Final = 100
_WAIT_SECONDS: Final = 30.0
"""Prefect records task runs from events, some seconds after they began."""


def main() -> None:
    """Read the ids, wait until Prefect has recorded them all or half a minute is over, and print what there is."""
    wanted = [UUID(text) for text in json.load(sys.stdin)]
    ends_at = time.monotonic() + _WAIT_SECONDS
    with get_client(sync_client=True) as client:
        starts = task_starts(client, wanted)
        while len(starts) < len(wanted) and time.monotonic() < ends_at:
            threading.Event().wait(0.5)
            starts = task_starts(client, wanted)
    json.dump(starts, sys.stdout)


def task_starts(client: SyncPrefectClient, ids: Sequence[UUID]) -> dict[str, str]:
    """Return the instant, in UTC and ISO 8601, at which each of these task runs first was `Running`."""
    starts: dict[str, str] = {}
    for first in range(0, len(ids), _PAGE):
        chosen = TaskRunFilter(id=TaskRunFilterId(any_=list(ids[first : first + _PAGE])))
        runs = client.read_task_runs(task_run_filter=chosen, limit=_PAGE)
        starts |= {str(run.id): run.start_time.isoformat() for run in runs if run.start_time is not None}
    return starts


if __name__ == "__main__":
    main()
