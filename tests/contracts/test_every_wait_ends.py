"""No call in the code waits without a limit: each has a time-out of its own, or stands here with what ends it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "reference" / "time-limits-of-waits.md"
WAITS: Final = frozenset({"wait", "join", "result", "acquire", "communicate", "get"})
"""Methods that wait for ever when they are given nothing; `get` is that of a queue."""
NEEDS: Final = {
    "subprocess.run": "timeout", "subprocess.check_output": "timeout", "subprocess.call": "timeout",
    "urlopen": "timeout", "smtplib.SMTP": "timeout", "smtplib.SMTP_SSL": "timeout",
    "socket.create_connection": "timeout", "psycopg.connect": "connect_timeout", "httpx.Client": "timeout",
    "httpx.AsyncClient": "timeout", "create_engine": "pool_timeout",
}  # fmt: skip
"""Functions that wait for ever, or for minutes, unless they are told how long."""
ENDED_OTHERWISE: Final = {
    ("engine/audit/chain_reading.py", "coming.result()"): "the time limit of a statement",
    ("engine/orchestration/worker.py", "stop.wait()"): "the end of the worker",
    ("engine/orchestration/worker.py", "asked.wait()"): "the wait_for around it",
    ("engine/web/turns.py", "_LANES.get()"): "it waits for nothing",
    ("engine/web/turns.py", "called.wait()"): "the fail_after around it",
    ("engine/language/library.py", "gathering.result()"): "it waits for nothing",
}
"""What ends each of them."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("engine", "pillars"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def endless(module: ast.Module) -> Iterator[str]:
    """Return the calls of a module that may wait for ever."""
    for call in ast.walk(module):
        if isinstance(call, ast.Call) and _is_endless(call):
            yield ast.unparse(call)


def _is_endless(call: ast.Call) -> bool:
    name, given = ast.unparse(call.func), {word.arg for word in call.keywords}
    if name in NEEDS:
        return NEEDS[name] not in given
    if name == "fcntl.flock":
        return "LOCK_NB" not in ast.unparse(call)
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr in WAITS
    return is_method and not call.args and not given & {"timeout", "seconds"} and not name.endswith("Context.get")


def test_every_call_that_waits_has_a_limit() -> None:
    found = {(file, words) for file, module in _modules() for words in endless(module)}
    assert sorted(found - ENDED_OTHERWISE.keys()) == []


def test_what_ends_otherwise_is_still_there() -> None:
    found = {(file, words) for file, module in _modules() for words in endless(module)}
    assert sorted(ENDED_OTHERWISE.keys() - found) == []


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run(['a'])", "urlopen(x)", "smtplib.SMTP('a')", "psycopg.connect(a)", "thread.join()",
        "future.result()", "event.wait()", "lock.acquire()", "items.get()", "fcntl.flock(f, fcntl.LOCK_EX)",
        "create_engine(a)", "process.communicate()",
    ],
)  # fmt: skip
def test_the_look_finds_what_waits_for_ever(code: str) -> None:
    assert list(endless(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "subprocess.run(['a'], timeout=3)", "urlopen(x, timeout=3)", "thread.join(3)", "thread.join(timeout=3)",
        "future.result(3)", "'-'.join(words)", "known.get('a')", "psycopg.connect(a, connect_timeout=3)",
        "fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)", "lock.acquire(timeout=3)",
    ],
)  # fmt: skip
def test_the_look_lets_pass_what_has_a_limit(code: str) -> None:
    assert not list(endless(ast.parse(code)))


def test_the_page_of_waits_names_what_ends_otherwise() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for file, _ in ENDED_OTHERWISE:
        assert file.removeprefix("engine/") in page or file == "engine/language/library.py", file
