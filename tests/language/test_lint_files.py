"""Whatever a definition file holds, the linter answers with findings, never with an exception."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from engine.language.findings import CODES, Finding
from engine.language.lint.files import lint_paths
from engine.language.lint.subject import KnownNames
from tests.language.step_types import CATALOGUE, NAMES
from tests.language.test_lint_workflows import EXAMPLE

HEAD = "workflow: w\nversion: 1\ntitle: W\n"
STEP = "steps: {a: {uses: protection.safety, time: {limit: P1D}}}\n"
CALENDAR = "calendar: IN\ntitle: India\nzone: Asia/Kolkata\n"
GOOD = HEAD + STEP


def _step(rest: str) -> str:
    return f"{HEAD}steps: {{a: {{uses: protection.safety, time: {{limit: P1D}}, {rest}}}}}\n"


HOSTILE: dict[str, str | bytes] = {
    "empty": "",
    "only spaces": "   \n  \n",
    "only a comment": "# nothing\n",
    "null": "null",
    "a number": "42",
    "a list": "- a\n- b\n",
    "a sentence": "This is not a definition.",
    "no kind": "title: x\n",
    "two kinds at once": "workflow: w\nladder: l\n",
    "binary": bytes(range(256)) * 40,
    "zeros": b"\x00" * 500,
    "an image": b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02" * 99,
    "a zip": b"PK\x03\x04" + b"\xff" * 60,
    "utf-16": GOOD.encode("utf-16"),
    "utf-16 without mark": GOOD.encode("utf-16-le"),
    "utf-32": GOOD.encode("utf-32"),
    "latin-1": GOOD.replace("title: W", "title: Café").encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "overlong utf-8": GOOD.encode().replace(b"title: W", b"title: \xc0\xaf"),
    "a half surrogate": GOOD.encode().replace(b"title: W", b"title: \xed\xa0\x80"),
    "five megabytes": "a: b\n" * 1_000_000,
    "many short lines": "# x\n" * 200_000,
    "one long line": "title: " + "x" * 900_000,
    "long key": f"{'k' * 9_000}: 1\n",
    "many keys": HEAD + "".join(f"k{n}: 1\n" for n in range(9_000)),
    "many values": HEAD + "x: [" + ",\n".join(["1"] * 19_000) + ",\n{a: b}, {a: b}, [c], [d], " + "1, " * 1_000 + "]\n",
    "billion laughs": "a: &a [l, l]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(20)),
    "merge keys": "base: &b {x: 1}\nworkflow: w\n<<: *b\n",
    "nested lists": "workflow: " + "[" * 5_000,
    "nested maps": "workflow: " + "{a: " * 2_000,
    "nested dashes": "workflow:\n" + "- " * 4_000,
    "python tag": "workflow: !!python/object/apply:os.system ['true']\n",
    "own tag": GOOD.replace("title: W", "title: !secret W"),
    "plain tag": GOOD.replace("version: 1", "version: !!int 1"),
    "duplicate key": GOOD + "title: again\n",
    "duplicate step": HEAD + "steps:\n  a: {uses: protection.safety}\n  a: {uses: protection.safety}\n",
    "two documents": GOOD + "---\n" + GOOD,
    "directive": "%YAML 1.1\n---\n" + GOOD,
    "tabs": HEAD + "steps:\n\ta: {uses: protection.safety}\n",
    "bad indentation": HEAD + "steps:\n    a: {uses: protection.safety}\n  b: {uses: protection.safety}\n",
    "unclosed quote": GOOD.replace("title: W", 'title: "W'),
    "unclosed brace": HEAD + "steps: {a: {uses: protection.safety}\n",
    "stray colon": GOOD.replace("title: W", "title: W: X"),
    "at sign": GOOD.replace("title: W", "title: @W"),
    "zero width": GOOD.replace("safety, ", "safety\u200b, "),
    "right to left": GOOD.replace("title: W", "title: W\u202eX"),
    "look-alike key": GOOD.replace("title", "t\u0456tle"),
    "look-alike id": GOOD.replace("{a:", "{\u0430:"),
    "look-alike step type": GOOD.replace("protection.safety", "prot\u0435ction.safety"),
    "look-alike digit": GOOD.replace("limit: P1D", "limit: P\u0661D"),
    "number as key": GOOD + "1: x\n",
    "true as key": GOOD + "true: x\n",
    "no name": GOOD.replace("workflow: w", "workflow:"),
    "name is a list": GOOD.replace("workflow: w", "workflow: [w]"),
    "version is a text": GOOD.replace("version: 1", "version: one"),
    "version in quotes": GOOD.replace("version: 1", "version: '1'"),
    "version not a number": GOOD.replace("version: 1", "version: .nan"),
    "version endless": GOOD.replace("version: 1", "version: .inf"),
    "version huge": GOOD.replace("version: 1", "version: 1" + "0" * 400),
    "steps is a list": HEAD + "steps: [a]\n",
    "steps is empty": HEAD + "steps: {}\n",
    "step is null": HEAD + "steps: {a: }\n",
    "unknown key": _step("tme: 1"),
    "cycle": HEAD + "steps: {a: {uses: protection.safety, after: b}, b: {uses: protection.safety, after: a}}\n",
    "after itself": _step("after: a"),
    "after nobody": _step("after: zz"),
    "unknown step type": _step("help: x").replace("protection.safety", "protection.danger"),
    "unknown role": _step("assign: {role: wizard}"),
    "bad duration": GOOD.replace("P1D", "1 day"),
    "negative duration": GOOD.replace("P1D", "-P1D"),
    "endless duration": GOOD.replace("P1D", "P" + "9" * 30 + "D"),
    "condition with code": _step('when: \'__import__("os").system("true")\''),
    "condition with a template": _step("when: '{{ 7 * 7 }}'"),
    "condition too long": _step("when: '" + "a && " * 99 + "a'"),
    "condition nested": _step("when: '" + "(" * 200 + "a" + ")" * 200 + "'"),
    "condition with look-alikes": _step("when: '\u0430 == 1'"),
    "condition on the unknown": _step("when: 'b.c == 1'"),
    "condition unfinished": _step("when: 'a.risk =='"),
    "condition empty": _step("when: ''"),
    "condition is a list": _step("when: [a]"),
    "extends itself": GOOD + "extends: w\n",
    "extends nobody": GOOD + "extends: nobody\n",
    "extends a path": GOOD + "extends: ../../etc/passwd\n",
    "repeat for ever": _step("repeat: {every: P1D, times: 100000}"),
    "ladder without levels": "ladder: l\ntitle: L\nlevels: []\n",
    "ladder in disorder": "ladder: l\ntitle: L\nlevels: [{level: 2, after: P1D, to: supervisor}]\n",
    "ladder to nobody": "ladder: l\ntitle: L\nlevels: [{level: 1, after: P1D, to: {role: wizard}}]\n",
    "law without source": "law: in\ntitle: L\nlimits: [{id: IN-X, jurisdiction: IN}]\n",
    "calendar nowhere": "calendar: IN\ntitle: India\nzone: Asia/Nowhere\nweekend: [sun]\n",
    "calendar without work": CALENDAR + "weekend: [mon, tue, wed, thu, fri, sat, sun]\n",
    "calendar with no such day": CALENDAR + "weekend: [sun]\nholidays: [{day: 2026-02-30, name: x}]\n",
}


def _lint(*paths: Path, names: KnownNames = NAMES) -> tuple[Finding, ...]:
    return lint_paths(paths, catalogue=CATALOGUE, names=names)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_file_gets_findings_with_place_code_and_sentence(name: str, tmp_path: Path) -> None:
    content = HOSTILE[name]
    path = tmp_path / "bad.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    findings = _lint(path)
    assert findings
    for finding in findings:
        assert finding.file == str(path)
        assert (finding.line, finding.column) >= (1, 1)
        assert finding.column >= 1
        assert finding.code in CODES
        assert finding.message[-1] in ".?"
        assert len(finding.message) < 400
        assert not {"pydantic", "Input should", "Traceback", "ruamel"} & set(_pieces(finding.message))


def _pieces(message: str) -> Iterator[str]:
    words = message.split()
    yield from words
    yield from (" ".join(pair) for pair in pairwise(words))


def test_a_folder_of_bad_files_is_linted_whole(tmp_path: Path) -> None:
    for number, content in enumerate(HOSTILE.values()):
        path = tmp_path / f"{number:02}.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = {finding.file for finding in _lint(tmp_path)}
    assert len(found) >= len(HOSTILE) - 2


def test_missing_files_empty_folders_and_odd_paths_are_findings(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    odd = (tmp_path / "none.yaml", tmp_path, Path("a\0b.yaml"))
    assert {(finding.code, finding.line, finding.column) for finding in _lint(*odd)} == {("cannot-open", 1, 1)}


def test_kinds_are_told_apart_and_know_each_other(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(
        GOOD.replace("{limit: P1D}", "{law: NP-X, ladder: mine}") + "jurisdictions: [BD]\n"
    )
    names = KnownNames(ladders=frozenset({"standard"}))
    assert {finding.code for finding in _lint(tmp_path, names=names)} == {
        "unknown-law",
        "unknown-ladder",
        "unknown-calendar",
    }
    (tmp_path / "l.yaml").write_text(
        "ladder: mine\ntitle: L\nlevels: [{level: 1, after: P1D, to: supervisor, last_resort: true}]\n"
    )
    (tmp_path / "c.yml").write_text("calendar: BD\ntitle: B\nzone: Asia/Dhaka\nweekend: [fri, sat]\n")
    (tmp_path / "law.yaml").write_text(
        "law: np\ntitle: L\nlimits:\n"
        "  - {id: NP-X, jurisdiction: '*', what: w, trigger: t, limit: P3D, counting: elapsed, duty: d, source: s,"
        " basis: read, confidence: high, if_missed: m}\n"
    )
    assert _lint(tmp_path, names=names) == ()


def test_a_name_used_twice_is_found(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(GOOD)
    assert [(Path(finding.file).name, finding.code) for finding in _lint(tmp_path)] == [("b.yaml", "name-used-twice")]


def test_a_workflow_extends_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(EXAMPLE)
    (tmp_path / "own.yaml").write_text(
        "workflow: own\nversion: 1\nextends: child-domestic-labour\n"
        "steps: {visit: null, triage: {uses: reporting.tri}}\n"
    )
    findings = _lint(tmp_path)
    assert [(Path(finding.file).name, finding.line, finding.code) for finding in findings] == [
        ("own.yaml", 4, "unknown-step-type")
    ]


def test_a_story_is_no_definition_and_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(GOOD)
    story = tmp_path / "story.yaml"
    story.write_text("id: CS-01\nworkflow: w\ntimeline: []\n")
    assert _lint(tmp_path) == ()
    assert [finding.code for finding in _lint(story)] == ["unknown-kind"]
