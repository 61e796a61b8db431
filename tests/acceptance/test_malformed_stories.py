"""A story that cannot be told is refused in a sentence that names the line, and never by a traceback."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import app
from engine.rehearsal.story import StoryError, read_story

WHOLE = """id: OS-0
title: A story
opened_at: 2026-03-07T10:00+05:30
lead_jurisdiction: IN-AS
victims:
- {ref: V1, age: 12, sex: F}
timeline:
- label: report
  at: 2026-03-07T10:00+05:30
  tz: Asia/Kolkata
  step: reporting.intake
  expected: 'a call'
  due_rule: {from: start, limit: PT30M, clock: programme}
- label: doctor
  at: 2026-03-07T20:00+05:30
  step: protection.health
  due_rule:
    from: report
    limit: PT24H
"""
STEPS = frozenset({"reporting.intake", "protection.health"})


def _story(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in WHOLE
    file = folder / "story.yaml"
    file.write_text(WHOLE.replace(old, new) if old else WHOLE, encoding="utf-8")
    return file


def test_a_whole_story_is_read(tmp_path: Path) -> None:
    story = read_story(_story(tmp_path), step_types=STEPS)
    assert [event.label for event in story.timeline] == ["report", "doctor"]


@pytest.mark.parametrize(("old", "new", "line", "problem"), [
    ("protection.health", "protection.helth", 16, "no step type protection.helth: is protection.health meant?"),
    ("step: protection.health", "stepp: protection.health", 14, "timeline.1.step: Field required"),
    ("protection.health\n  due_rule:", "protection.health\n  due_rulee:", 14, "due_rulee: is due_rule meant?"),
    ("    limit: PT24H", "    limit: PT24H\n    clok: IN-FIR-REG", 14, "clok: is clock meant?"),
    ("limit: PT24H", "limit: a day", 19, "a day is no time limit"),
    ("from: report", "from: reprot", 18, "No event is called reprot: is report meant?"),
    ("label: doctor", "label: report", 8, "Two events are called report"),
    ("tz: Asia/Kolkata", "tz: Kolkata", 10, "There is no time zone Kolkata"),
    ("at: 2026-03-07T20:00+05:30", "at: 2026-03-07T20:00", 15, "timezone"),
    ("at: 2026-03-07T20:00+05:30", "at: in the evening", 15, "timeline.1.at"),
    ("age: 12", "age: twelve", 6, "victims.0.age"),
    ("title: A story\n", "", 1, "title: Field required"),
    ("title: A story", "title: A story\ntitle: Another", 3, ""),
    ("victims:", "victims: [", 6, ""),
    ("- label: doctor", "- label: doctor\n\tat: x", 15, ""),
])  # fmt: skip
def test_what_does_not_fit_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, problem: str) -> None:
    with pytest.raises(StoryError) as refused:
        read_story(_story(tmp_path, old, new), step_types=STEPS)
    assert "story.yaml" in str(refused.value)
    assert problem in str(refused.value)
    assert f"line {line}:" in str(refused.value), str(refused.value)


@pytest.mark.parametrize("content", [b"", b"- a\n- b\n", b"just words", b"\xff\xfe\x00", b"timeline: []\n"])
def test_a_file_that_holds_no_story_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "story.yaml"
    file.write_bytes(content)
    with pytest.raises(StoryError):
        read_story(file)


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.yaml"):
        with pytest.raises(StoryError):
            read_story(path)


def test_the_command_says_what_is_wrong_before_it_makes_a_world(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["replay", str(_story(tmp_path, "protection.health", "protection.magic"))])
    assert done.exit_code == 1
    assert "story.yaml cannot be read: line 16: There is no step type protection.magic" in done.output
    assert "Traceback" not in done.output
    none = CliRunner().invoke(app, ["replay", str(_story(tmp_path)), "--only", "OS-9"])
    assert (none.exit_code, "has the id OS-9" in none.output) == (2, True)
