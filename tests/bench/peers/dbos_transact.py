"""DBOS Transact: a durable workflow a case, which says what is open and waits for the message that it is done."""

import os
import time
import uuid

from common import TASK, asked, connect, measure, tell
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._serialization import DefaultSerializer

what = asked()
separator = "&" if "?" in what.url else "?"
DBOS(
    config=DBOSConfig(
        name="bench",
        log_level="ERROR",
        system_database_url=f"{what.url}{separator}options=-c%20synchronous_commit%3Don",
    ),
)
STEP_OF = {DefaultSerializer().serialize(step): step for step in range(what.steps)}
POLL = 0.0005
"""Seconds."""


@DBOS.workflow()
def case_workflow(steps: int) -> int:
    """Do the steps of a case."""
    for step in range(steps):
        DBOS.set_event("task", step)
        DBOS.recv("done", timeout_seconds=7 * 86_400)
    return steps


DBOS.launch()
onlooker = connect(what.url)
OPEN = "SELECT value FROM dbos.workflow_events WHERE workflow_uuid = %s AND key = 'task'"
OVER = "SELECT 1 FROM dbos.workflow_status WHERE workflow_uuid = %s AND status = 'SUCCESS'"
done: dict[str, int] = {}


def _see(case: str) -> TASK | None:
    """Wait until the workflow says which step is open, or that it is over."""
    wanted = done.get(case, 0)
    while True:
        if wanted == what.steps:
            if onlooker.execute(OVER, (case,)).fetchone():
                return None
        else:
            found = onlooker.execute(OPEN, (case,)).fetchone()
            if found and STEP_OF.get(found[0]) == wanted:
                return case, wanted
        time.sleep(POLL)


def _begin() -> str:
    case = uuid.uuid4().hex
    with SetWorkflowID(case):
        DBOS.start_workflow(case_workflow, what.steps)
    return case


def _complete(case: str, _task: str, step: int) -> None:
    DBOS.send(case, {"by": "u"}, "done", idempotency_key=f"{case}-{step}")
    done[case] = step + 1


tell(measure([_begin() for _ in range(what.cases)], what.steps, see=_see, complete=_complete))
os._exit(0)  # its threads wait for ever
