"""The invented answers of stories fit every form that is installed, whatever the story is about."""

import pytest

from engine.cases.answers import check_answers
from engine.plugin.steps import StepKind
from engine.rehearsal.answers import step_answers
from engine.rehearsal.story import read_story
from tests.acceptance.shipped_files import registry
from tests.acceptance.story_files import STORIES

pytestmark = pytest.mark.long

NAMES = sorted(path.stem for path in STORIES.glob("*.yaml"))
ASKED = sorted(key for key, step in registry().step_types.items() if step.kind is StepKind.ASKED)


@pytest.mark.parametrize(("citizenship", "places", "asks", "crosses", "country"), [
    (["BD (to be verified)"], ("BD-G", "IN-AS"), True, "across", "BD"),
    ("NP", (), False, "across", "NP"),
    (["FR"], (), False, "across", "other"),
    (["IN"], ("IN-AS", "BD-G"), False, "within", None),
    ((), ("IN-AS",), False, "within", None),
    (["not known"], ("MM-11",), True, "across", "MM"),
    ((), (), True, "across", "other"),
])  # fmt: skip
def test_whether_a_case_crosses_a_border_is_answered_as_its_story_tells_it(
    *, citizenship: object, places: tuple[str, ...], asks: bool, crosses: str, country: str | None
) -> None:
    story = read_story(STORIES / "cs-02.yaml")
    victims = (story.victims[0].model_copy(update={"citizenship": citizenship}),)
    timeline = tuple(event for event in story.timeline if asks or event.step != "repatriation.nationality")
    told = story.model_copy(update={"victims": victims, "other_jurisdictions": places, "timeline": timeline})
    step_type = registry().get("repatriation.border")
    answers = step_answers(told, told.timeline[-1], step_type)
    check_answers(step_type, answers)
    assert (answers["crosses"], answers.get("country")) == (crosses, country)


@pytest.mark.parametrize("step", ASKED)
def test_the_invented_answers_of_a_step_are_valid_in_every_story(step: str) -> None:
    step_type = registry().get(step)
    for name in NAMES:
        story = read_story(STORIES / f"{name}.yaml")
        event = story.timeline[-1].model_copy(update={"step": step})
        answers = step_answers(story, event, step_type)
        check_answers(step_type, answers)
        assert answers == step_answers(story, event, step_type)
