"""The stories go through the real use cases, on a real database, as they are told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.cli.main import app
from engine.replay.outcome import ReplayOutcome
from engine.replay.replayer import replay_story
from engine.replay.story import read_story
from engine.replay.world import World, scratch_world
from tests.acceptance.story_files import STORIES


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with scratch_world() as made:
        yield made


def _replay(world: World, name: str) -> ReplayOutcome:
    return replay_story(world, read_story(STORIES / f"{name}.yaml"))


@pytest.mark.parametrize("name", ["cs-01", "cs-02", "cs-07"])
def test_a_story_with_a_workflow_of_its_own_comes_out_as_told_and_was_foreseen(world: World, name: str) -> None:
    outcome = _replay(world, name)
    assert outcome.differences == ()
    assert outcome.foreseen_share >= 0.8
    assert outcome.jobs > 20


@pytest.mark.parametrize("name", ["cs-04", "cs-06", "cs-09"])
def test_a_story_of_another_kind_goes_through_with_steps_that_caseworkers_add(world: World, name: str) -> None:
    outcome = _replay(world, name)
    assert outcome.differences == ()
    assert len(outcome.events) == len(read_story(STORIES / f"{name}.yaml").timeline)


def test_the_late_answer_of_a_mission_is_one_breach_dated_when_it_was_due_and_the_ladder_climbs(world: World) -> None:
    outcome = _replay(world, "cs-02")
    late = [breach for breach in outcome.breaches if breach.label == "natok"]
    assert [breach.breached_at.isoformat() for breach in late] == ["2026-04-04T10:40:00+00:00"]
    assert any(escalation.planned_at >= late[0].due_at for escalation in outcome.escalations)


def test_a_due_time_that_is_told_wrongly_is_a_difference(world: World) -> None:
    story = read_story(STORIES / "cs-01.yaml")
    wrong = [
        event.model_copy(update={"due": event.due.replace(minute=41)}) if event.label == "cwc" and event.due else event
        for event in story.timeline
    ]
    outcome = replay_story(world, story.model_copy(update={"timeline": tuple(wrong)}))
    assert len(outcome.differences) == 1
    assert outcome.differences[0].startswith("cwc: due at 2026-03-08 18:10")


def test_the_command_prints_json_and_says_by_its_status_that_all_went_as_told() -> None:
    done = CliRunner().invoke(app, ["replay", str(STORIES / "cs-01.yaml"), "--json"])
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads(done.output)
    wanted = {"story", "case", "events", "breaches", "escalations", "messages", "closed", "differences", "foreseen"}
    assert wanted <= set(outcome)
    assert outcome["differences"] == []


def test_a_file_that_is_no_story_is_refused_in_words(tmp_path: Path) -> None:
    file = tmp_path / "no.yaml"
    file.write_text("title: nothing\n")
    done = CliRunner().invoke(app, ["replay", str(file)])
    assert done.exit_code == 1
    assert "no.yaml cannot be read" in done.output
    assert "Traceback" not in done.output
