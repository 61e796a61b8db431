"""A value that is changed by a form changes its own lines in the text, and no other."""

from difflib import ndiff
from typing import Any

import pytest

from engine.language.editing import UneditableError, value_at, with_value, without
from engine.language.extends import assemble
from engine.language.yaml_files import read_yaml
from tests.kit.shipped import CASES, definitions

TEXT = """\
# A comment on top.
workflow: w          # its name
version: 1
title: "Quoted: here"
steps:
  # The first.
  intake:
    uses: reporting.intake
    time: {from: start, limit: PT30M, ladder: critical}   # half an hour
    help: >-
      Several lines
      of text.

  # The second.
  triage:
    uses: reporting.triage
    after: [intake]
    time:
      - {when: intake.immediate_danger, limit: PT1H}
      - limit: PT24H
        ladder: standard
  empty:
gates:
  g: {holds: [triage], until: 'intake.immediate_danger', reason: "R"}
"""
BASE = {"steps": {"later": {"time": [{"limit": "P1D"}, {"limit": "P2D"}], "when": "fear"}}}


def changed(after: str, before: str = TEXT) -> list[str]:
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[:2] in {"+ ", "- "}]


@pytest.mark.parametrize(("path", "value", "lines"), [
    (("steps", "intake", "time", "limit"), "PT20M", [
        "-     time: {from: start, limit: PT30M, ladder: critical}   # half an hour",
        "+     time: {from: start, limit: PT20M, ladder: critical}   # half an hour",
    ]),
    (("title",), "Other", ['- title: "Quoted: here"', "+ title: Other"]),
    (("steps", "triage", "time", 1, "limit"), "PT12H", ["-       - limit: PT24H", "+       - limit: PT12H"]),
    (("steps", "triage", "time", 1, "from"), "start", ["+         from: start"]),
    (("steps", "triage", "assign", "role"), ["supervisor"], ["+     assign: {role: [supervisor]}"]),
    (("steps", "intake", "help"), "Short: yes", ["-     help: >-", "-       Several lines", "-       of text.",
                                                "+     help: 'Short: yes'"]),
    (("steps", "empty"), {"uses": "a.b"}, ["-   empty:", "+   empty: {uses: a.b}"]),
    (("steps", "new"), {"uses": "a.b"}, ["+   new: {uses: a.b}"]),
    (("gates", "g", "holds"), ["intake", "triage"], [
        "-   g: {holds: [triage], until: 'intake.immediate_danger', reason: \"R\"}",
        "+   g: {holds: [intake, triage], until: 'intake.immediate_danger', reason: \"R\"}",
    ]),
    (("steps", "triage", "time", 2), {"limit": "P9D"}, ["+       - {limit: P9D}"]),
    (("steps", "triage", "after", 1), "empty", ["-     after: [intake]", "+     after: [intake, empty]"]),
    (("facts", "fear"), {"type": "bool"}, ["+ facts: {fear: {type: bool}}"]),
    (("steps", "triage", "time"), {"limit": "P1D"}, [
        "-     time:", "-       - {when: intake.immediate_danger, limit: PT1H}", "-       - limit: PT24H",
        "-         ladder: standard", "+     time: {limit: P1D}",
    ]),
])  # fmt: skip
def test_setting_a_value_changes_its_lines_only(path: tuple[str | int, ...], value: Any, lines: list[str]) -> None:
    after = with_value(TEXT, path, value)
    assert sorted(changed(after)) == sorted(lines)
    assert value_at(read_yaml(after, file="w.yaml").data, path) == value


@pytest.mark.parametrize(("path", "lines"), [
    (("steps", "triage", "after"), ["-     after: [intake]"]),
    (("steps", "triage", "time", 0), ["-       - {when: intake.immediate_danger, limit: PT1H}"]),
    (("steps", "intake", "time", "ladder"), [
        "-     time: {from: start, limit: PT30M, ladder: critical}   # half an hour",
        "+     time: {from: start, limit: PT30M}   # half an hour",
    ]),
    (("steps", "intake", "time", "from"), [
        "-     time: {from: start, limit: PT30M, ladder: critical}   # half an hour",
        "+     time: {limit: PT30M, ladder: critical}   # half an hour",
    ]),
    (("gates", "g"), ["- gates:", "-   g: {holds: [triage], until: 'intake.immediate_danger', reason: \"R\"}"]),
    (("steps", "nothing"), []),
])  # fmt: skip
def test_taking_a_value_out_changes_its_lines_only(path: tuple[str | int, ...], lines: list[str]) -> None:
    after = without(TEXT, path)
    assert sorted(changed(after)) == sorted(lines)
    assert read_yaml(after, file="w.yaml").data is not None


def test_of_an_inherited_list_the_whole_is_written_and_null_takes_out_what_is_inherited() -> None:
    path = ("steps", "later", "time", 1, "limit")
    assert changed(with_value(TEXT, path, "P3D", inherited=BASE)) == ["+   later: {time: [{limit: P1D}, {limit: P3D}]}"]
    assert changed(without(TEXT, ("steps", "later", "when"), inherited=BASE)) == ["+   later: {when: null}"]


def test_what_cannot_be_read_is_not_changed() -> None:
    with pytest.raises(UneditableError):
        with_value("a: [", ("a",), 1)


@pytest.mark.parametrize("name", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_each_value_of_each_shipped_workflow_can_be_changed_alone(name: str) -> None:
    """Each text that a file says becomes another one: everything else reads as before, and few lines change."""
    source = definitions().sources["workflow", name].text  # type: ignore[index]
    document = read_yaml(source, file="w.yaml")
    texts = [path for path in document.places if isinstance(value_at(document.data, path), str)]
    for path in texts[::9]:
        after = with_value(source, path, "another")
        again = read_yaml(after, file="w.yaml")
        assert value_at(again.data, path) == "another", path
        assert {p: v for p, v in _texts(again) if p != path} == {p: v for p, v in _texts(document) if p != path}
        before, now = source.splitlines(), after.splitlines()
        same = next((n for n, lines in enumerate(zip(before, now, strict=False)) if lines[0] != lines[1]), len(now))
        assert now[same + 1 :] == before[len(before) - len(now) + same + 1 :], path


@pytest.mark.long
def test_a_step_of_each_shipped_workflow_is_changed_wherever_it_comes_from() -> None:
    for name, loaded in definitions().loaded.items():
        source = definitions().sources["workflow", name].text  # type: ignore[index]
        base = loaded.merged.data
        for key, step in list(loaded.workflow.steps.items())[::9] if loaded.workflow else ():
            raw = value_at(base, ("steps", key, "time"))
            if not step.time:
                continue
            path = ("steps", key, "time", *((0,) if isinstance(raw, list) else ()), "limit")
            after = with_value(source, path, "P99D", inherited=base)
            again = assemble(read_yaml(after, file="w.yaml"), library=definitions().workflow_source)
            assert value_at(again.merged.data, path) == "P99D", (name, path)


def _texts(document: Any) -> list[tuple[Any, str]]:
    return [(path, value) for path in document.places if isinstance(value := value_at(document.data, path), str)]
