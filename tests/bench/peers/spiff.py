"""SpiffWorkflow: a BPMN process of user tasks. The library has no store, so a row a workflow and one a task are ours.

Every completion loads the workflow first, as a web application must; the specification is kept in memory.
"""

import io
import json
import uuid
from itertools import pairwise
from typing import Any

from common import TASK, asked, connect, measure, tell
from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.serializer.config import SPIFF_CONFIG
from SpiffWorkflow.util.task import TaskState

NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"
what = asked()
writer, onlooker = connect(what.url), connect(what.url)
writer.execute("CREATE TABLE wf (id text PRIMARY KEY, body text)")
writer.execute("CREATE TABLE task (id text PRIMARY KEY, wf text, name text, status text)")
writer.execute("CREATE INDEX task_open ON task (wf, status)")


def _specification(steps: int) -> Any:
    names = ["s", *(f"t{number}" for number in range(steps)), "e"]
    tasks = "".join(f'<userTask id="t{number}" name="Step {number}"/>' for number in range(steps))
    flows = "".join(
        f'<sequenceFlow id="f{number}" sourceRef="{one}" targetRef="{other}"/>'
        for number, (one, other) in enumerate(pairwise(names))
    )
    process = f'<process id="p" isExecutable="true"><startEvent id="s"/>{tasks}<endEvent id="e"/>{flows}</process>'
    parser = SpiffBpmnParser()
    source = f'<definitions xmlns="{NAMESPACE}" targetNamespace="x" id="d">{process}</definitions>'
    parser.add_bpmn_xml(etree.parse(io.StringIO(source)))
    return parser.get_spec("p")


specification = _specification(what.steps)
serializer = BpmnWorkflowSerializer(BpmnWorkflowSerializer.configure(SPIFF_CONFIG))
_restore = serializer.registry.restore
serializer.registry.restore = lambda kept, **more: specification if kept == "@spec" else _restore(kept, **more)


def _kept(workflow: Any) -> str:
    state = serializer.to_dict(workflow)
    return json.dumps({**state, "spec": "@spec", "subprocess_specs": {}})


def _add_open(workflow: Any, case: str) -> None:
    for task in workflow.get_tasks(state=TaskState.READY, manual=True):
        writer.execute("INSERT INTO task VALUES (%s, %s, %s, 'open')", (str(task.id), case, task.task_spec.name))


def _begin() -> str:
    case, workflow = uuid.uuid4().hex, BpmnWorkflow(specification)
    workflow.do_engine_steps()
    with writer.transaction():
        writer.execute("INSERT INTO wf VALUES (%s, %s)", (case, _kept(workflow)))
        _add_open(workflow, case)
    return case


def _complete(case: str, task: str, _step: int) -> None:
    (body,) = onlooker.execute("SELECT body FROM wf WHERE id = %s", (case,)).fetchone() or ("",)
    workflow = serializer.registry.restore(json.loads(body))
    workflow.get_task_from_id(uuid.UUID(task)).run()
    workflow.do_engine_steps()
    with writer.transaction():
        ended = writer.execute("UPDATE task SET status = 'done' WHERE id = %s AND status = 'open'", (task,))
        if ended.rowcount != 1:
            raise RuntimeError(task)
        writer.execute("UPDATE wf SET body = %s WHERE id = %s", (_kept(workflow), case))
        _add_open(workflow, case)


def _see(case: str) -> TASK | None:
    found = onlooker.execute("SELECT id, name FROM task WHERE wf = %s AND status = 'open'", (case,)).fetchone()
    return found and (found[0], int(found[1].removeprefix("t")))


tell(measure([_begin() for _ in range(what.cases)], what.steps, see=_see, complete=_complete))
