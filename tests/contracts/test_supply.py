"""The list of parts is just what is locked, and a weakness that is known is found without asking anybody."""

import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "requirements" / "supply.py"
LOCK = """\
alpha==1.2.0 \\
    --hash=sha256:{0}
beta-two==3.0 ; sys_platform == 'win32' \\
    --hash=sha256:{1} \\
    --hash=sha256:{0}
""".format("a" * 64, "b" * 64)


@pytest.fixture(scope="module")
def supply() -> ModuleType:
    spec = importlib.util.spec_from_file_location("supply", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["supply"] = module
    spec.loader.exec_module(module)
    return module


def advisory(name: str, *, days_old: int = 1, **affected: Any) -> dict[str, Any]:
    at = datetime.now(tz=UTC) - timedelta(days=days_old)
    package = {"ecosystem": "PyPI", "name": name}
    return {"id": "X-1", "aliases": ["Y-1"], "modified": at.isoformat(), "affected": [{"package": package, **affected}]}


def between(*events: dict[str, str]) -> dict[str, Any]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_the_list_of_parts_is_what_is_locked_and_nothing_else() -> None:
    bill = json.loads(run("sbom").stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    lock = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", lock, re.MULTILINE)
    of_python = [one for one in bill["components"] if one["purl"].startswith("pkg:pypi/")]
    assert [(one["name"], one["version"]) for one in of_python] == pins
    assert [hash_["content"] for one in of_python for hash_ in one["hashes"]] == re.findall(r"sha256:(\w+)", lock)
    of_pages = {one["name"]: one["version"] for one in bill["components"] if one not in of_python}
    notices = (ROOT / "engine/web/static/THIRD-PARTY.txt").read_text(encoding="utf-8")
    assert {name for name in of_pages if f"{name} {of_pages[name]}" not in notices} == set()
    asked_for = json.loads((ROOT / "engine/web/frontend/package.json").read_text(encoding="utf-8"))["dependencies"]
    assert asked_for.items() <= of_pages.items()
    refs = {one["bom-ref"] for one in bill["components"]}
    assert len(refs) == len(bill["components"])
    assert set(bill["dependencies"][0]["dependsOn"]) == refs
    assert bill["metadata"]["component"]["name"] == "icmc"


def test_the_same_locks_give_the_same_list() -> None:
    assert run("sbom").stdout == run("sbom").stdout


def test_a_lock_is_read_with_markers_and_hashes(supply: ModuleType) -> None:
    first, second = supply.parts_of(LOCK)
    assert first == ("alpha", "1.2.0", "", ("a" * 64,))
    assert second == ("beta-two", "3.0", "sys_platform == 'win32'", ("b" * 64, "a" * 64))


@pytest.mark.parametrize(("name", "affected", "is_found"), [
    ("alpha", {"versions": ["1.1", "1.2.0"]}, True),
    ("Beta_Two", {"versions": ["3.0"]}, True),
    ("alpha", {"versions": ["1.1"]}, False),
    ("gamma", {"versions": ["1.2.0"]}, False),
    ("alpha", between({"introduced": "0"}), True),
    ("alpha", between({"introduced": "0"}, {"fixed": "1.2.1"}), True),
    ("alpha", between({"introduced": "0"}, {"fixed": "1.2.0"}), False),
    ("alpha", between({"introduced": "1.2.1"}), False),
    ("alpha", between({"introduced": "1.0"}, {"last_affected": "1.2.0"}), True),
    ("alpha", between({"introduced": "1.0"}, {"last_affected": "1.1.9"}), False),
    ("alpha", between({"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.2"}, {"fixed": "1.3"}), True),
    ("alpha", between({"introduced": "0"}, {"fixed": "1.10.0"}), True),
    ("alpha", between({"introduced": "no version"}), True),
])  # fmt: skip
def test_a_part_is_found_weak_in_the_versions_that_are_named(
    supply: ModuleType, name: str, affected: dict[str, Any], *, is_found: bool
) -> None:
    found = list(supply.weaknesses(supply.parts_of(LOCK), [advisory(name, **affected)]))
    assert bool(found) is is_found


def test_what_was_withdrawn_and_what_is_of_others_is_left_out(supply: ModuleType) -> None:
    gone = advisory("alpha", versions=["1.2.0"]) | {"withdrawn": "2026-01-01T00:00:00Z"}
    other = advisory("alpha", versions=["1.2.0"])
    other["affected"][0]["package"]["ecosystem"] = "npm"
    assert list(supply.weaknesses(supply.parts_of(LOCK), [gone, other])) == []


def test_the_locks_are_looked_up_in_a_folder_or_a_packed_one(tmp_path: Path) -> None:
    folder, packed = tmp_path / "advisories", tmp_path / "all.zip"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(advisory("fastapi", **between({"introduced": "0"}))))
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr("one.json", json.dumps(advisory("no-such-part", versions=["1"])))
    found = run("audit", str(folder))
    assert found.returncode == 1
    assert re.search(r"^fastapi \S+: X-1, Y-1; mended in no version yet$", found.stdout, re.MULTILINE)
    clean = run("audit", str(packed))
    assert (clean.returncode, "0 known weaknesses" in clean.stdout) == (0, True)


@pytest.mark.parametrize("what", ["missing", "broken", "empty", "old"])
def test_advisories_that_say_nothing_are_no_all_clear(tmp_path: Path, what: str) -> None:
    place = tmp_path / "advisories"
    if what != "missing":
        place.mkdir()
    if what == "broken":
        (place / "a.json").write_text("{")
    if what == "old":
        (place / "a.json").write_text(json.dumps(advisory("alpha", days_old=30)))
    said = run("audit", str(place))
    assert (said.returncode, said.stdout) == (2, "")
    assert "Traceback" not in said.stderr
    assert said.stderr


def test_how_fast_a_weakness_is_mended_is_promised() -> None:
    words = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert re.search(r"\| critical\b.+\| \d+ hours \|", words)
    assert "make audit-deps" in words
    assert "make sbom" in words
