"""The project around the code keeps its word: what pages name exists, and nothing of one machine is in it."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

import pytest
from typer.core import TyperGroup

from engine.builtin import CORE
from engine.cli.main import COMMANDS, load
from engine.plugin.registry import load_registry
from engine.settings import Settings
from hatch_build import for_an_index
from tests.contracts.house import grown, look

ROOT: Final = Path(__file__).parents[2]
MODEL: Final = ROOT / "docs" / "explanation" / "the-impulse-model.md"
PYPROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HERE: Final = Path(__file__).relative_to(ROOT).as_posix()

NAMED_PATH: Final = re.compile(
    r"`((?:engine|pillars|workflows|templates|tests|docs|requirements)/[\w./-]+?\w)/?(?:::(\w+))?`"
)
MODULE: Final = re.compile(r"`([\w/]+\.py)`")
RELATIVE: Final = re.compile(r"\]\((?!https?://|#)[^)]*\)")
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#([\w-]+))?\)")
OF_ONE_MACHINE: Final = {
    "an absolute path of a machine": r"(?<!engine)(?<!tests)/work/|/root/|/home/\w",
    "a package registry": r"pypi\.org|pythonhosted\.org|registry\.npmjs|registry\.yarnpkg|index-url [a-z]+:",
    "a folder that does not travel with the project": r"(?<![\w/])shared/",
    "an issue number": r"\bissue #?\d",
    "who wrote it": r"\b(this|earlier|previous|other|another) session\b|\bhelper session|\bthe lead's\b",
}


def _files() -> Iterator[Path]:
    """Return every file of the project: what Git knows or would add, or else what is not built."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    names = listed.stdout.split("\0") if listed.returncode == 0 else _names_without_git()
    return (ROOT / name for name in names if name and (ROOT / name).is_file())


def _names_without_git() -> list[str]:
    built = {".venv", "node_modules", "__pycache__", "dist", "build", "generated"}
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
    return [path.as_posix() for path in paths if not any(part in built or part.startswith(".") for part in path.parts)]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="ignore")


FILES: Final = sorted(_files())
PAGES: Final = [path for path in FILES if path.suffix == ".md"]
EXAMPLES: Final = ROOT / "docs" / "examples"
WITH_PATHS: Final = [page for page in PAGES if not page.is_relative_to(EXAMPLES) and not page.name.startswith("0001-")]
"""Pages whose paths are of this project: an example has its own, and the first decision says how others are named."""


@pytest.mark.parametrize("page", WITH_PATHS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_and_every_test_that_a_page_names_exists(page: Path) -> None:
    for name, test in NAMED_PATH.findall(_text(page)):
        assert (ROOT / name).exists(), f"{page.name} names {name}"
        if test:
            assert f"def {test}(" in _text(ROOT / name), f"{page.name} names {name}::{test}"
    for name in MODULE.findall(_text(page)):
        assert any(f"/{path.relative_to(ROOT).as_posix()}".endswith(f"/{name}") for path in FILES), (
            f"{page.name}: {name}"
        )


def test_every_step_type_that_the_page_of_the_model_names_is_installed() -> None:
    registry = load_registry(builtins=(CORE,))
    keys = {step.key for item in registry.installed for step in item.pillar.step_types}
    pillars = {key.partition(".")[0] for key in keys}
    named = {name for name in re.findall(r"`([a-z]+\.[a-z_]+)`", _text(MODEL)) if name.partition(".")[0] in pillars}
    assert named, "the page names step types"
    assert named <= keys


def test_the_page_of_the_model_has_a_row_for_each_pillar_with_a_workflow_that_uses_it() -> None:
    rows = re.findall(
        r"^\| \*\*[\w-]+\*\* \([PR]\) \|.*?`pillars/(\w+)`.*?`(workflows/\S+)`", _text(MODEL), re.MULTILINE
    )
    assert {pillar for pillar, _ in rows} == {path.parent.name for path in ROOT.glob("pillars/*/__init__.py")}
    for pillar, workflow in rows:
        assert re.search(rf"uses: {pillar}\.", _text(ROOT / workflow)), f"{workflow} uses {pillar}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_from_page_to_page_leads_somewhere(page: Path) -> None:
    for target, heading in LINK.findall(_text(page)):
        if "://" in target:
            continue
        assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", _text(page.parent / target), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}, heading


@pytest.mark.parametrize("what", OF_ONE_MACHINE)
def test_nothing_of_one_machine_or_workplace_is_in_the_project(what: str) -> None:
    pattern = re.compile(OF_ONE_MACHINE[what])
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in FILES
        if path.relative_to(ROOT).as_posix() != HERE
        for match in pattern.finditer(_text(path))
    ]
    assert found == []


def test_the_locks_hold_a_hash_for_each_package_and_no_address() -> None:
    for lock in ROOT.glob("requirements/*.txt"):
        text = _text(lock)
        pins = re.findall(r"^[a-z0-9][\w.-]*==", text, re.MULTILINE)
        assert pins
        assert len(re.findall(r"^[a-z0-9].*\\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)) == len(pins), (
            lock.name
        )
        assert "://" not in text
        assert not re.search(r"^--", text, re.MULTILINE)


def test_the_locks_hold_every_dependency_that_is_declared() -> None:
    declared = {"runtime": PYPROJECT["project"]["dependencies"], "dev": PYPROJECT["dependency-groups"]["dev"]}
    declared["dev"] = declared["dev"] + declared["runtime"]
    for name, requirements in declared.items():
        locked = set(re.findall(r"^([a-z0-9][\w.-]*)==", _text(ROOT / f"requirements/{name}.txt"), re.MULTILINE))
        wanted = {re.split(r"[\[<>=]", line)[0].replace(".", "-").replace("_", "-") for line in requirements}
        assert wanted <= locked


def test_no_public_class_of_the_engine_has_the_name_of_another_one() -> None:
    named: dict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "engine").rglob("*.py")):
        for node in ast.walk(ast.parse(_text(file))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named[node.name].append(file.relative_to(ROOT).as_posix())
    assert len(named) > 500
    assert {name: files for name, files in named.items() if len(files) > 1} == {}


def test_the_newest_version_of_the_changelog_is_the_one_that_is_declared() -> None:
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", _text(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert newest.group(1) == PYPROJECT["project"]["version"]


def test_the_changelog_of_an_unreleased_version_is_one_page() -> None:
    newest = re.split(r"^## \[", _text(ROOT / "CHANGELOG.md"), flags=re.MULTILINE)[1]
    lines = newest.splitlines()
    assert "Unreleased" not in lines[0] or len(lines) <= 80, "say what users get, not each fix"
    assert [line for line in lines if len(line) > 250] == []


def test_every_decision_is_in_the_index_under_its_title_and_no_number_is_used_twice() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    index = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", _text(ROOT / "docs/decisions/README.md"), re.MULTILINE)
    titles = [_text(page).partition("\n")[0].removeprefix("# ") for page in pages]
    assert [(f"{number}. {title}", name) for number, title, name in index] == [
        (title, page.name) for title, page in zip(titles, pages, strict=True)
    ]
    assert len({page.name[:4] for page in pages}) == len(pages)


def test_every_page_of_the_documentation_is_on_its_map() -> None:
    folder = ROOT / "docs"
    pages = {path.relative_to(folder).as_posix() for path in PAGES if path.is_relative_to(folder)}
    decisions = {page for page in pages if page.startswith("decisions/0")}
    mapped = {target for target, _ in LINK.findall(_text(folder / "README.md"))}
    assert pages - decisions - {"README.md"} <= mapped


def test_the_wheel_holds_what_a_hub_runs_and_no_benchmark_or_generator(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"engine", "pillars", "icmc"}
    assert {"engine/app.py", "pillars/rescue/__init__.py", "engine/py.typed", "pillars/py.typed"} <= set(names)
    (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    assert "Classifier: Typing :: Typed" in archive.read(metadata).decode()
    about = archive.read(metadata).decode()
    assert "Provides-Extra: testing" in about
    assert "Project-URL: " in about
    assert RELATIVE.findall(about.partition("\n\n")[2]) == [], "no page of ours is beside it on an index"
    assert any(name.startswith("engine/_data/workflows/") for name in names)
    assert [name for name in names if re.search(r"(bench|reference|handbook)\w*(/|\.py$)|^(tests|docs)/", name)] == []


def test_pictures_and_links_of_the_readme_lead_to_the_project_once_it_is_said_where_that_is() -> None:
    there = for_an_index(_text(ROOT / "README.md"), "https://example.org/icmc/")
    assert RELATIVE.findall(there) == []
    assert "![The home page with its four doors](https://example.org/icmc/docs/pictures/home.png)" in there


def test_figures_of_speed_agree_on_all_pages() -> None:
    table = _text(ROOT / "README.md").partition("| Measure (medians) |")[2].partition("\n\n")[0]
    measured = [figure for row in table.splitlines()[2:] for figure in re.findall(r"\d[\d.,]*", row.split("|")[3])]
    assert len(measured) > 3
    pages = {
        name: _text(ROOT / "docs" / name) for name in ("reference/measures.md", "explanation/how-prefect-is-used.md")
    }
    for figure in measured:
        assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.]*\d)", pages["reference/measures.md"]), figure
    told = re.findall(
        r"[\d.]+ (?:s after the commit|task runs? (?:are done )?(?:in )?a second)",
        pages["explanation/how-prefect-is-used.md"],
    )
    assert told == [], "figures of a run stand under measures"


def test_every_built_in_step_that_a_page_names_is_there() -> None:
    known = {step.key for step in CORE.step_types}
    named = {name for page in PAGES for name in re.findall(r"(?:`|uses: )(core\.[a-z_]+)", _text(page))}
    assert named
    assert named - known == set()


@pytest.mark.parametrize("name", ["engine", "pillars"])
def test_nothing_that_is_installed_beside_it_has_a_name_of_the_wheel(name: str) -> None:
    assert set(packages_distributions().get(name, [])) <= {"icmc"}


def test_the_licence_is_apache_2() -> None:
    text = _text(ROOT / "LICENSE")
    assert "Apache License" in text.partition("\n\n")[0]
    assert "Version 2.0, January 2004" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


def test_every_command_that_the_pages_name_exists() -> None:
    commands = {path for name in COMMANDS for path in (name, *_commands(load(name), f"{name} "))}
    groups = {name.partition(" ")[0] for name in commands if " " in name}
    for page in PAGES:
        for first, second in re.findall(
            r"(?:`|^(?:\$ )?)(?:\.venv/bin/)?icmc ([a-z][a-z-]*)(?: ([a-z][a-z-]*)\b)?", _text(page), re.MULTILINE
        ):
            assert first in commands, f"{page.name} names icmc {first}"
            if first in groups and second:
                assert f"{first} {second}" in commands, f"{page.name} names icmc {first} {second}"


def _commands(command: object, path: str = "") -> set[str]:
    if not isinstance(command, TyperGroup):
        return set()
    found = set()
    for name, inner in command.commands.items():
        found |= {f"{path}{name}", *_commands(inner, f"{path}{name} ")}
    return found


def test_every_setting_that_the_pages_name_exists() -> None:
    known = {f"ICMC_{name.upper()}" for name in Settings.model_fields}
    named = {name for page in PAGES for name in re.findall(r"`(ICMC_[A-Z_]+)[`=]", _text(page))}
    assert named
    assert named <= known


def test_time_comes_from_one_clock_and_nothing_sleeps() -> None:
    calls = [
        (path.relative_to(ROOT).as_posix(), f"{call.func.value.id}.{call.func.attr}")
        for folder in ("engine", "pillars")
        for path in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(_text(path)))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    ]
    present = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    assert {path for path, name in calls if name in present} == {"engine/machine.py"}
    assert [path for path, name in calls if name == "time.sleep"] == []


def test_no_module_of_the_engine_is_open_to_pillars_but_the_contract() -> None:
    contracts = {contract["id"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}
    closed = set(contracts["pillars-know-the-plug-in-contract-only"]["forbidden_modules"])
    modules = {
        f"engine.{path.stem}"
        for path in (ROOT / "engine").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }
    assert modules - closed == {"engine.plugin"}


THREATS: Final = (ROOT / "docs" / "explanation" / "threat-model.md").read_text(encoding="utf-8")
CHECKLIST: Final = (ROOT / "docs" / "reference" / "security-checklist.md").read_text(encoding="utf-8")
STATES: Final = {"held", "not yet", "not applicable"}
_ITEM = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_PATH = re.compile(r"^\| P(\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[\w/]+\.py)`")


def test_every_way_in_is_told_with_what_stands_against_it_and_a_test() -> None:
    found = _PATH.findall(THREATS)
    assert [int(number) for number, *_ in found] == list(range(1, 33))
    for number, way, who, against, proof in found:
        assert way.strip(), number
        assert re.search(r"T\d", who), number
        assert against.strip(), number
        assert _TEST.findall(proof), f"P{number} has no test"


def test_no_item_of_the_checklist_is_missing_and_each_has_a_state() -> None:
    found = _ITEM.findall(CHECKLIST)
    assert [int(number) for number, *_ in found] == list(range(1, 101))
    for number, _, state, proof in found:
        assert state in STATES, number
        assert state != "held" or _TEST.findall(proof), f"{number} is held by no test"


def test_what_is_not_yet_is_explained_in_words() -> None:
    words = CHECKLIST.partition("## What is not yet")[2]
    explained = {
        int(number) for line in re.findall(r"^- \*\*([\d, ]+)\*\*", words, re.MULTILINE) for number in line.split(", ")
    }
    assert explained == {int(number) for number, _, state, _ in _ITEM.findall(CHECKLIST) if state == "not yet"}


@pytest.mark.parametrize("page", [THREATS, CHECKLIST], ids=["model", "checklist"])
def test_every_test_that_is_named_exists_and_tests_something(page: str) -> None:
    named = set(_TEST.findall(page))
    assert len(named) > 30
    for name in named:
        assert (ROOT / name).is_file(), name
        assert "def test_" in (ROOT / name).read_text(encoding="utf-8") or name.endswith("_machine.py"), name


WIDE: Final = {
    "engine/here/a.py": """from engine.there.b import soon
from sqlalchemy.sql._typing import _Name


def read(form):
    return text(form, "name")
""",
    "engine/there/b.py": """from engine.here.a import read


def soon(): ...


class Old:
    a: int
    b: int
    c: int
    d: int
    e: int


class New:
    a: int
    b: int
    c: int
    d: int
    f: int
    e: int
""",
}


def test_the_house_counts_what_makes_it_wide(tmp_path: Path) -> None:
    for path, text in WIDE.items():
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    found = look(tmp_path).figures
    assert found == {
        "rooms": 2,
        "pairs of rooms that import each other": 1,
        "rooms that stand in a circle": 2,
        "most names that a room offers": 1,
        "modules of engine": 2,
        "lines of engine and pillars": 19,
        "lines of tests": 0,
        "lines of imports": 3,
        "modules over 500 lines": 0,
        "private names of libraries": 2,
        "pairs of classes with the same fields": 1,
        "fields read as text outside the renderer": 1,
        "names in words of this project only": 1,
    }
    assert not grown(found, found)
    assert grown({**found, "rooms": 1}, found) == ["rooms: 1 before, 2 now"]
