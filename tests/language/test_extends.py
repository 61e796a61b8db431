"""A workflow may extend another one, and what differs between two versions is told completely."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from engine.language.editing import differences
from engine.language.extends import Library, Source, assemble, load_workflow, load_workflow_text
from engine.language.findings import Finding
from engine.language.workflow import JoinMode, Workflow
from engine.language.yaml_files import read_yaml
from tests.core.workflows_at_random import HEAD, SMALL, extending, file_sets, read_together, values

BASE = """\
workflow: base
version: 4
title: Base
jurisdictions: [IN, BD]
facts:
  seen: {type: bool}
steps:
  intake: {uses: reporting.intake, when: seen, assign: {role: intake_officer}}
  triage: {uses: reporting.triage, after: [intake]}
"""
CHILD = """\
workflow: child
version: 1
extends: base
jurisdictions: [NP]
steps:
  intake: {when: null, assign: {unit: IN}}
  extra: {uses: protection.safety, after: triage}
"""


def _library(**texts: str) -> Library:
    return lambda name: Source(f"cases/{name}.yaml", texts[name]) if name in texts else None


def _load(text: str, **texts: str) -> tuple[Workflow | None, tuple[Finding, ...]]:
    return load_workflow_text(text, file="child.yaml", library=_library(**texts))


def test_mappings_are_merged_deep_lists_replaced_and_null_removes() -> None:
    workflow, findings = _load(CHILD, base=BASE)
    assert findings == ()
    assert (workflow.workflow, workflow.version, workflow.title) == ("child", 1, "Base")
    assert workflow.jurisdictions == ("NP",)
    assert list(workflow.steps) == ["intake", "triage", "extra"]
    assert workflow.steps["intake"].when is None
    assert workflow.steps["intake"].assign.role == ("intake_officer",)
    assert workflow.steps["intake"].assign.unit == "IN"
    assert workflow.steps["extra"].after.mode is JoinMode.ALL


@pytest.mark.parametrize(("change", "after", "found"), [
    ("{also: [extra, more]}", ("intake", "extra", "more"), []),
    ("{also: extra, except: [intake]}", ("extra",), []),
    ("{except: [extra]}", ("intake",), [("removes-nothing", 5, '"extra" is not among the inherited steps')]),
    ("{also: [extra], any: [intake]}", None, [("bad-value", 5, "{all: [..]}, {any: [..]}")]),
])  # fmt: skip
def test_a_list_of_steps_before_is_added_to_or_shortened(
    change: str, after: tuple[str, ...] | None, found: list[tuple[str, int, str]]
) -> None:
    child = "workflow: child\nversion: 1\nextends: base\nsteps:\n  triage: {after: %s}\n" % change  # noqa: UP031
    workflow, findings = _load(child, base=BASE)
    assert (workflow.steps["triage"].after.steps if workflow else None) == after
    assert [(one.code, one.line) for one in findings] == [(code, line) for code, line, _ in found]
    assert all(words in one.message for one, (_, _, words) in zip(findings, found, strict=True))


@pytest.mark.parametrize("before", ["", ", after: everything", ", after: {any: [intake]}"])
def test_what_is_added_to_a_list_that_is_not_there_is_found(before: str) -> None:
    base = BASE.replace(", after: [intake]", before)
    child = "workflow: child\nversion: 1\nextends: base\nsteps:\n  triage: {after: {also: intake}}\n"
    workflow, findings = _load(child, base=base)
    assert workflow is None
    assert [(one.code, one.file, one.line) for one in findings] == [("bad-value", "child.yaml", 5)]


def test_the_name_and_version_of_the_extended_workflow_are_not_inherited() -> None:
    _, findings = _load("extends: base", base=BASE)
    assert [(finding.code, finding.message) for finding in findings] == [
        ("missing-key", 'The key "version" is missing here: add it, like version: 1.'),
        ("missing-key", 'The key "workflow" is missing here: add it.'),
    ]


def test_a_mistake_in_an_inherited_value_is_found_in_its_own_file() -> None:
    _, findings = _load(CHILD, base=BASE.replace("uses: reporting.triage", "uses: triage"))
    assert [(finding.file, finding.line, finding.column) for finding in findings] == [("cases/base.yaml", 9, 18)]


@pytest.mark.parametrize("child", ["title: Own", "steps: {intake: {title: Own}}"])
def test_an_inherited_step_without_a_type_is_no_misspelt_one(child: str) -> None:
    base = BASE.replace("uses: reporting.intake, ", "")
    _, [found] = _load(f"workflow: child\nversion: 1\nextends: base\n{child}\n", base=base)
    assert found.message == 'The key "uses" is missing here: add it, like uses: reporting.intake.'


def test_each_line_remembers_its_file() -> None:
    merged = assemble(read_yaml(CHILD, file="child.yaml"), library=_library(base=BASE)).merged
    origins = {path: (file, line) for path, file, line in merged.origins()}
    assert origins["steps.intake.uses"] == ("cases/base.yaml", 8)
    assert origins["steps.intake.assign.unit"] == ("child.yaml", 6)
    assert origins["steps.triage.after.0"] == ("cases/base.yaml", 9)
    assert origins["jurisdictions.0"] == ("child.yaml", 4)
    assert "jurisdictions.1" not in origins


def test_a_chain_of_three_is_merged_from_the_bottom() -> None:
    middle = "workflow: middle\nversion: 1\nextends: base\ntitle: Middle\nsteps: {triage: null}\n"
    workflow, findings = _load(CHILD.replace("base", "middle").replace("triage", "intake"), middle=middle, base=BASE)
    assert findings == ()
    assert (workflow.title, list(workflow.steps)) == ("Middle", ["intake", "extra"])


@pytest.mark.parametrize(("child", "texts", "code"), [
    (CHILD, {}, "unknown-workflow"),
    (CHILD.replace("base", "child"), {}, "extends-cycle"),
    (CHILD, {"base": BASE + "extends: child\n"}, "extends-cycle"),
    (CHILD.replace("extends: base", "extends: [base]"), {"base": BASE}, "extends-not-a-name"),
    (CHILD, {"base": "a: ["}, "yaml-syntax"),
    (CHILD, {"base": ""}, "empty-file"),
])  # fmt: skip
def test_a_broken_chain_is_one_finding(child: str, texts: dict[str, str], code: str) -> None:
    workflow, findings = _load(child, **texts)
    assert workflow is None
    assert [finding.code for finding in findings] == [code]


def test_a_chain_without_end_is_cut() -> None:
    workflow, findings = load_workflow_text(
        "workflow: w0\nextends: w1",
        file="w0.yaml",
        library=lambda name: f"workflow: {name}\nextends: w{int(name[1:]) + 1}\n",
    )
    assert workflow is None
    assert [finding.code for finding in findings] == ["extends-too-long"]


def test_removing_what_is_not_there_is_a_warning() -> None:
    workflow, findings = _load(CHILD + "  gone: null\n", base=BASE)
    assert workflow is not None
    assert [(finding.code, finding.severity, finding.line) for finding in findings] == [
        ("removes-nothing", "warning", 8)
    ]


@pytest.mark.parametrize(("line", "code", "place", "words"), [
    ("tiitle: x", "unknown-key", (1, 1), 'Did you mean "title"?'),
    ("version: '1'", "wrong-type", (1, 10), "without quotes"),
    ("version: true", "wrong-type", (1, 10), ""),
    ("version: 0", "out-of-bounds", (1, 10), "1 or more"),
    ("title: 5", "wrong-type", (1, 8), "Expected a text here, but this is the number 5."),
    ("title: " + "x" * 501, "out-of-bounds", (1, 8), "at most 500"),
    ("steps: []", "wrong-type", (1, 8), "keys with values"),
    ("steps: {Bad: {uses: a.b}}", "bad-name", (1, 9), "cannot be a key"),
    ("steps: {a: {uses: ab}}", "bad-name", (1, 19), "like reporting.intake"),
    ("steps: {\u0430: {uses: a.b}}", "look-alike", (1, 9), "CYRILLIC"),
    ("steps: {a: {uses: 'a.\u0430'}}", "look-alike", (1, 19), "CYRILLIC"),
    ("steps: {a: {uses: a.b, time: {limti: P1D}}}", "unknown-key", (1, 31), 'Did you mean "limit"?'),
    ("steps: {a: {uses: a.b, time: [{warn: 3}]}}", "wrong-type", (1, 38), "a text"),
    ("steps: {a: {uses: a.b, after: {x: y}}}", "bad-value", (1, 31), "any: [..]"),
    ("steps: {a: {uses: a.b, discretionary: 'yes'}}", "wrong-type", (1, 39), "without quotes"),
    ("steps: {a: {uses: a.b, repeat: {times: 2}}}", "missing-key", (1, 24), '"every" is missing'),
    (
        "steps: {a: {uses: a.b, for_each: case.dogs}}",
        "unknown-word",
        (1, 34),
        "There are: case.persons, case.suspects, case.victims.",
    ),
    ("facts: {f: {type: choice, default: [1]}}", "wrong-type", (1, 36), "but this is a list"),
])  # fmt: skip
def test_what_does_not_fit_is_said_plainly_and_placed(line: str, code: str, place: tuple[int, int], words: str) -> None:
    whole = {
        "workflow": "workflow: w",
        "version": "version: 1",
        "title": "title: W",
        "steps": "steps: {a: {uses: a.b}}",
    }
    key = line.partition(":")[0]
    text = "\n".join([line, *(value for name, value in whole.items() if name != key)])
    workflow, findings = _load(text)
    assert workflow is None
    assert [(finding.code, (finding.line, finding.column)) for finding in findings] == [(code, place)]
    assert words in findings[0].message
    assert "Input should" not in findings[0].message
    assert len(findings[0].message) < 250


def test_a_workflow_is_loaded_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BASE)
    workflow, findings = load_workflow(tmp_path / "base.yaml", library=lambda _: None)
    assert (workflow is not None, findings) == (True, ())


BEFORE: dict[str, Any] = {
    "version": 1, "title": "Visit",
    "steps": {"look": {"uses": "trial.look", "time": [{"limit": "PT4H", "ladder": "standard"}]}},
    "levels": [{"level": 1, "to": "supervisor"}, {"level": 2, "to": "nodal_officer"}],
    "days": [{"name": "Feast", "date": "2026-01-01"}, {"name": "Feast", "date": "2026-02-01"}],
}  # fmt: skip


def changed(**values: Any) -> list[tuple[str, str, str, bool]]:
    return [tuple(one) for one in differences(BEFORE, BEFORE | values)]  # type: ignore[misc]


def test_the_number_alone_is_no_difference() -> None:
    assert changed(version=2) == []


def test_a_changed_limit_is_told_with_its_place_before_a_title() -> None:
    steps = {"look": {"uses": "trial.look", "time": [{"limit": "PT8H", "ladder": "standard"}]}}
    assert changed(title="Look", steps=steps) == [
        ("steps / look / time / 1 / limit", "PT4H", "PT8H", True), ("title", "Visit", "Look", False),
    ]  # fmt: skip


def test_a_level_that_is_put_in_or_taken_out_moves_no_other() -> None:
    assert changed(levels=[BEFORE["levels"][1]]) == [
        ("levels / 1 / level", "1", "", True), ("levels / 1 / to", "supervisor", "", True),
    ]  # fmt: skip


def test_parts_that_share_a_name_are_told_one_by_one() -> None:
    days = [BEFORE["days"][0], {"name": "Feast", "date": "2026-03-01"}]
    assert changed(days=days) == [("days / 2 / date", "2026-02-01", "2026-03-01", False)]


@pytest.mark.parametrize(("value", "said"), [(True, "yes"), (["a", "b"], "a, b"), (None, "nothing"), ({}, "nothing")])
def test_values_are_told_in_words(value: object, said: str) -> None:
    assert changed(note=value) == [("note", "", said, False)]


def test_a_difference_far_into_a_long_text_is_told_too() -> None:
    before, after = ("x" * 5000 + end for end in "ab")
    (line,) = differences({"note": before}, {"note": after})
    assert len(line.before) < 400


def test_where_nothing_runs_everything_is_new() -> None:
    assert all(not line.before and line.after for line in differences(None, BEFORE))


STARTS = """\
workflow: starts
version: 1
title: Starts
starts:
  safe: {any: [taken, rescue]}
steps:
  rescue: {uses: rescue.execute}
  taken: {uses: rescue.first_needs, for_each: case.victims}
  health:
    uses: protection.health
    after: safe
    for_each: case.victims
    time: {from: safe, limit: PT24H, ladder: critical}
  news: {uses: press.monitor, after: safe, time: [{when: news_wanted, from: safe, limit: P3D}, {limit: P9D}]}
  later: {uses: protection.safety, discretionary: true}
  review: {uses: reintegration.close, after: everything}
  archive: {uses: core.ask, after: review}
facts:
  news_wanted: {type: bool, default: false}
"""


def test_a_named_start_is_written_out_as_a_join_and_as_one_time_limit_for_each_of_its_steps() -> None:
    workflow, findings = _load(STARTS)
    assert findings == ()
    health, news = workflow.steps["health"], workflow.steps["news"]
    assert (health.after.mode, health.after.steps) == (JoinMode.ANY, ("taken", "rescue"))
    assert [(one.when, one.from_, one.limit, one.ladder) for one in health.time] == [
        ('!(taken.outcome in ["skipped", "cancelled"])', "taken", "PT24H", "critical"),
        (None, "rescue", "PT24H", "critical"),
    ]
    assert [(one.when, one.from_, one.limit) for one in news.time] == [
        ('(news_wanted) && taken.outcome.exists(c, c == "done")', "taken", "P3D"),
        ("news_wanted", "rescue", "P3D"),
        (None, "ready", "P9D"),
    ]


def test_everything_is_all_that_the_file_foresees_and_that_does_not_wait_for_the_step() -> None:
    workflow, _ = _load(STARTS)
    assert workflow.steps["review"].after.steps == ("rescue", "taken", "health", "news")


def test_what_is_published_is_the_same_with_and_without_the_short_form() -> None:
    short, _ = _load(STARTS)
    long, _ = _load(
        STARTS.replace("after: everything", "after: [rescue, taken, health, news]")
        .replace("after: safe", "after: {any: [taken, rescue]}")
        .replace("starts:\n  safe: {any: [taken, rescue]}\n", "")
        .replace(
            "time: {from: safe, limit: PT24H, ladder: critical}",
            """time: [
           {when: '!(taken.outcome in ["skipped", "cancelled"])', from: taken, limit: PT24H, ladder: critical},
           {from: rescue, limit: PT24H, ladder: critical}]""",
        )
        .replace(
            "{when: news_wanted, from: safe, limit: P3D}",
            """{when: '(news_wanted) && taken.outcome.exists(c, c == "done")', from: taken, limit: P3D},
           {when: news_wanted, from: rescue, limit: P3D}""",
        ),
    )
    assert short.content_hash == long.content_hash


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("after: safe\n", "after: [safe, later]\n", "start-not-alone", 11),
        ("after: everything", "after: {any: [everything, rescue]}", "start-not-alone", 16),
        ("  safe: {any: [taken, rescue]}", "  rescue: {any: [taken, rescue]}", "start-like-a-step", 5),
        ("  safe: {any: [taken, rescue]}", "  safe: [taken, rescue]", "wrong-type", 5),
        ("  safe: {any: [taken, rescue]}", "  safe: {any: []}", "out-of-bounds", 5),
    ],
)
def test_a_start_that_cannot_be_written_out_is_found_at_its_line(old: str, new: str, code: str, line: int) -> None:
    workflow, findings = _load(STARTS.replace(old, new, 1))
    assert workflow is None
    assert (code, line) in [(finding.code, finding.line) for finding in findings]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(file_sets(), values(), values())
def test_a_value_given_to_what_is_extended_counts_as_if_it_stood_there(
    files: dict[str, dict[str, Any]], given_there: dict[str, Any], given_here: dict[str, Any]
) -> None:
    base = {**files[SMALL], "parameters": {**HEAD["parameters"], **given_there}}
    whole = {**base, "parameters": {**base["parameters"], **given_here}}
    read = read_together(extending({**files, SMALL: base}, given_here))
    assert read.content_hash == read_together({**files, SMALL: whole}).content_hash
    assert read.parameters == whole["parameters"]
