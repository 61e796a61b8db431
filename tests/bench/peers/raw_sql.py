"""Raw SQL: tables written by hand and no engine; a transaction a completed step, a statement a row.

It writes the task's end, its timer's, an event, the next task, its timer, a message and the case. Nothing is worked
out, nothing is encrypted or chained.
"""

import time
import uuid

from common import TASK, asked, connect, measure, tell

TABLES = """
CREATE TABLE cases (id text PRIMARY KEY, def text, version int, state text, step int, data text);
CREATE TABLE task (id text PRIMARY KEY, case_id text, step int, status text, created float8, done float8);
CREATE INDEX task_open ON task (case_id, status);
CREATE TABLE event (id text PRIMARY KEY, case_id text, kind text, body text, at float8);
CREATE TABLE timer (id text PRIMARY KEY, case_id text, task_id text, due float8, status text);
CREATE INDEX timer_task ON timer (task_id);
CREATE INDEX timer_due ON timer (due) WHERE status = 'open';
CREATE TABLE outbox (id text PRIMARY KEY, topic text, body text, sent int);
"""
DAY = 86_400
what = asked()
writer, onlooker = connect(what.url), connect(what.url)
writer.execute(TABLES)


def _id() -> str:
    return uuid.uuid4().hex


def _open(case: str, step: int, now: float) -> None:
    task = _id()
    writer.execute("INSERT INTO task VALUES (%s, %s, %s, 'open', %s, NULL)", (task, case, step, now))
    writer.execute("INSERT INTO timer VALUES (%s, %s, %s, %s, 'open')", (_id(), case, task, now + DAY))
    writer.execute("INSERT INTO outbox VALUES (%s, 'task.created', %s, 0)", (_id(), task))


def _begin() -> str:
    case, now = _id(), time.time()
    with writer.transaction():
        writer.execute("INSERT INTO cases VALUES (%s, 'linear', 1, 'running', 0, '{}')", (case,))
        _open(case, 0, now)
    return case


def _complete(case: str, task: str, step: int) -> None:
    now, is_last = time.time(), step == what.steps - 1
    with writer.transaction():
        ended = writer.execute(
            "UPDATE task SET status = 'done', done = %s WHERE id = %s AND status = 'open'", (now, task)
        )
        if ended.rowcount != 1:
            raise RuntimeError(task)
        writer.execute("UPDATE timer SET status = 'cancelled' WHERE task_id = %s AND status = 'open'", (task,))
        writer.execute("INSERT INTO event VALUES (%s, %s, 'task.completed', %s, %s)", (_id(), case, task, now))
        if not is_last:
            _open(case, step + 1, now)
        state = "done" if is_last else "running"
        writer.execute("UPDATE cases SET step = %s, state = %s WHERE id = %s", (step + 1, state, case))


def _see(case: str) -> TASK | None:
    return onlooker.execute("SELECT id, step FROM task WHERE case_id = %s AND status = 'open'", (case,)).fetchone()


tell(measure([_begin() for _ in range(what.cases)], what.steps, see=_see, complete=_complete))
