"""No shell, nothing unpickled, no secret guessed or leaked by time; and no call waits without a limit."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = pytest.mark.long

ROOT: Final = Path(__file__).parents[2]
STARTS_PROGRAMS: Final = {
    "engine/documents/looking.py",
    "engine/machine.py",
    "engine/db/embedded/accounts.py",
    "engine/db/embedded/databases.py",
    "engine/db/embedded/cluster.py",
    "engine/orchestration/settings.py",
    "engine/orchestration/server.py",
}
RANDOM_FOR_STORIES: Final = {
    "engine/rehearsal/drawn.py", "engine/rehearsal/world.py", "engine/rehearsal/many_cases.py",
}  # fmt: skip
"""Stories and simulated cases: the same seed gives the same ones."""
UNPICKLES: Final = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "jsonpickle"}
SHELLS: Final = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"}
EVALUATES: Final = {"eval", "exec", "__import__"}
SECRET: Final = re.compile(r"(^|_)(token|secret|password|csrf|otp|(session|token|code|key|password|device)_hash)$")
"""How what must not leak is called. The hash of a definition or of a link of the history is known to everybody."""
NUMBERS_OF_CLAIMS: Final = {("engine/jobs/store.py", "row.token != token")}
"""The token of a claim is a number that counts up, and no secret."""


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    """Return the modules of the engine and of the pillars, read once."""
    paths = [path for folder in ("engine", "pillars") for path in sorted((ROOT / folder).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _imported(tree: ast.Module) -> set[str]:
    return {name.partition(".")[0] for name in _modules_of(tree)}


def _modules_of(tree: ast.Module) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def _called(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Return every call with its dotted name, as it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def _is_secret(node: ast.expr) -> bool:
    """Return whether an operand is named like a secret; what the database compares in a query is a column of `.c`."""
    while isinstance(node, ast.Call):
        node = node.func
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return bool(SECRET.search(name)) and ".c." not in ast.unparse(node)


def _compared(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            sides = [node.left, *node.comparators]
            if any(_is_secret(one) for one in sides) and not any(".c." in ast.unparse(one) for one in sides):
                yield ast.unparse(node)


def _shells(tree: ast.Module) -> list[str]:
    found = [name for name, _ in _called(tree) if name in SHELLS]
    return found + [
        name
        for name, call in _called(tree)
        for word in call.keywords
        if word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
    ]


def _unpickled(tree: ast.Module) -> list[str]:
    """Return what makes objects of a text; of YAML, only the events of its parser are taken, and it is written."""
    taken = {
        *(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_yaml(node.value)),
        *(name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names
          if node.module in {"yaml", "yaml.loader", "yaml.constructor", "ruamel.yaml"}),
    }  # fmt: skip
    return sorted(_imported(tree) & UNPICKLES) + sorted(taken - {"parse", "CSafeLoader", "safe_dump"})


def _is_yaml(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "yaml"


def test_no_shell_is_started_and_programs_only_where_that_is_a_modules_work(modules: dict[str, ast.Module]) -> None:
    assert {name: found for name, tree in modules.items() if (found := _shells(tree))} == {}
    starting = {name for name, tree in modules.items() if "subprocess" in _imported(tree)}
    assert starting == STARTS_PROGRAMS


def test_nothing_is_unpickled_evaluated_or_made_of_yaml(modules: dict[str, ast.Module]) -> None:
    assert {name: found for name, tree in modules.items() if (found := _unpickled(tree))} == {}
    evaluated = {name for name, tree in modules.items() for called, _ in _called(tree) if called in EVALUATES}
    assert evaluated == set()


def test_no_reader_of_xml_that_follows_entities_is_there(modules: dict[str, ast.Module]) -> None:
    readers = {"lxml", "xml.etree", "xml.dom", "xml.sax", "xml.parsers", "pyexpat", "defusedxml"}
    found = {
        (name, module)
        for name, tree in modules.items()
        for module in _modules_of(tree)
        if any(module == one or module.startswith(f"{one}.") for one in readers)
    }
    assert not found


def test_chance_that_can_be_guessed_is_for_what_is_invented_only(modules: dict[str, ast.Module]) -> None:
    assert {name for name, tree in modules.items() if "random" in _imported(tree)} == RANDOM_FOR_STORIES


def test_secrets_are_never_compared_so_that_time_tells_how_much_of_them_fits(modules: dict[str, ast.Module]) -> None:
    found = {(name, written) for name, tree in modules.items() for written in _compared(tree)}
    assert found == NUMBERS_OF_CLAIMS


@pytest.mark.parametrize(("written", "finds"), [
    ("subprocess.run(line, shell=True)", _shells),
    ("subprocess.run(line, shell=wanted)", _shells),
    ("os.system(line)", _shells),
    ("import pickle", _unpickled),
    ("from yaml import load", _unpickled),
    ("yaml.load(text, Loader=yaml.CSafeLoader)", _unpickled),
    ("from ruamel.yaml import YAML", _unpickled),
    ("copy.token_hash != _hash(token)", _compared),
    ("given == link.session_hash", _compared),
])  # fmt: skip
def test_each_of_these_is_found_where_somebody_writes_it(written: str, finds: Callable[[ast.Module], Any]) -> None:
    assert list(finds(ast.parse(written)))


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
    ("engine/deadlines/actions/firing.py", "going.popleft().result()"): "the time limit of a statement",
    ("engine/deadlines/actions/firing.py", "batch_going.result()"): "the time limit of a statement",
    ("engine/orchestration/server_main.py", "session.stopping.wait()"): "the end of the server",
    ("engine/orchestration/worker.py", "stop.wait()"): "the end of the worker",
    ("engine/orchestration/worker.py", "asked.wait()"): "the wait_for around it",
    ("engine/web/turns.py", "_LANES.get()"): "it waits for nothing",
    ("engine/web/turns.py", "called.wait()"): "the fail_after around it",
    ("engine/language/library.py", "gathering.result()"): "it waits for nothing",
}
"""What ends each of them."""


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


def test_every_call_that_waits_has_a_limit(modules: dict[str, ast.Module]) -> None:
    found = {(file, words) for file, module in modules.items() for words in endless(module)}
    assert sorted(found - ENDED_OTHERWISE.keys()) == []


def test_what_ends_otherwise_is_still_there(modules: dict[str, ast.Module]) -> None:
    found = {(file, words) for file, module in modules.items() for words in endless(module)}
    assert sorted(ENDED_OTHERWISE.keys() - found) == []


@pytest.mark.parametrize("code", [
    "subprocess.run(['a'])", "urlopen(x)", "smtplib.SMTP('a')", "psycopg.connect(a)", "thread.join()",
    "future.result()", "event.wait()", "lock.acquire()", "items.get()", "fcntl.flock(f, fcntl.LOCK_EX)",
    "create_engine(a)", "process.communicate()",
])  # fmt: skip
def test_the_look_finds_what_waits_for_ever(code: str) -> None:
    assert list(endless(ast.parse(code)))


@pytest.mark.parametrize("code", [
    "subprocess.run(['a'], timeout=3)", "urlopen(x, timeout=3)", "thread.join(3)", "thread.join(timeout=3)",
    "future.result(3)", "'-'.join(words)", "known.get('a')", "psycopg.connect(a, connect_timeout=3)",
    "fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)", "lock.acquire(timeout=3)",
])  # fmt: skip
def test_the_look_lets_pass_what_has_a_limit(code: str) -> None:
    assert not list(endless(ast.parse(code)))


def test_the_page_of_waits_names_what_ends_otherwise() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for file, _ in ENDED_OTHERWISE:
        assert file.removeprefix("engine/") in page or file == "engine/language/library.py", file
