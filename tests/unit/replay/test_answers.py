"""The invented answers of stories fit every form that is installed, whatever the story is about."""

import pytest

from engine.plugin.steps import StepKind
from engine.replay.answers import step_answers
from engine.replay.story import read_story
from engine.usecases.answers import check_answers
from tests.acceptance.shipped_files import registry
from tests.acceptance.story_files import STORIES

NAMES = sorted(path.stem for path in STORIES.glob("*.yaml"))
ASKED = sorted(key for key, step in registry().step_types.items() if step.kind is StepKind.ASKED)


@pytest.mark.parametrize("step", ASKED)
def test_the_invented_answers_of_a_step_are_valid_in_every_story(step: str) -> None:
    step_type = registry().get(step)
    for name in NAMES:
        story = read_story(STORIES / f"{name}.yaml")
        event = story.timeline[-1].model_copy(update={"step": step})
        answers = step_answers(story, event, step_type)
        check_answers(step_type, answers)
        assert answers == step_answers(story, event, step_type)
