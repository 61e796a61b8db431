"""The workflow of a story opens a step of every pillar that the path of the story names, by itself or in time."""

import pytest

from tests.acceptance.test_replay import WORKFLOWS
from tests.kit.shipped import STORIES, read_yaml, shipped


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_a_workflow_opens_every_pillar_of_its_story_by_itself(name: str) -> None:
    told = read_yaml(STORIES / f"{name}.yaml")
    path = {*told["expected_pillar_path"], *told.get("pillars_opened_after_this_timeline", ())}
    steps = shipped(WORKFLOWS[name]).workflow.steps.values()
    opened = {step.uses.partition(".")[0] for step in steps if not step.discretionary}
    assert path <= opened


@pytest.mark.parametrize("name", sorted(set(WORKFLOWS.values())))
def test_a_file_is_short_enough_to_be_read_aloud(name: str) -> None:
    lines = (STORIES.parent / "cases" / f"{name}.yaml").read_text("utf-8").splitlines()
    assert len(lines) <= 150
    assert lines[0].startswith("# ")
