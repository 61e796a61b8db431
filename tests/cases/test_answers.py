"""Tests of which questions of a form must be answered."""

import pytest

from engine.builtin import Note
from engine.cases.answers import check_answers
from engine.errors import InvalidAnswersError
from engine.language.conditions.values import UNKNOWN, Value
from engine.language.workflow import Question

TOLD = {"reason": "Flood", "delay_owner": "force_majeure", "signed": "Mira Devi"}
ASKED = Question.model_validate({"id": "interpreter", "type": "bool", "label": "An interpreter?"})
LANGUAGE = {"id": "language", "type": "text", "label": "Which language?", "required": True}


@pytest.mark.parametrize(
    ("when", "answers", "is_needed"),
    [
        (None, {}, True),
        ("interpreter", {"interpreter": True}, True),
        ("interpreter", {"interpreter": False}, False),
        ("interpreter", {}, False),
        ('delay_owner == "ours"', {}, False),
        ('delay_owner == "force_majeure"', {}, True),
        ("abroad", {}, True),
    ],
)
def test_a_required_question_must_be_answered_only_where_its_condition_holds(
    when: str | None, answers: dict[str, bool], *, is_needed: bool
) -> None:
    questions = (ASKED, Question.model_validate({**LANGUAGE, "when": when}))
    if not is_needed:
        check_answers(Note.step_type, {**TOLD, **answers}, questions=questions, elsewhere=_abroad)
        return
    with pytest.raises(InvalidAnswersError) as refused:
        check_answers(Note.step_type, {**TOLD, **answers}, questions=questions, elsewhere=_abroad)
    assert set(refused.value.problems) == {"language"}


def _abroad(name: tuple[str, ...]) -> Value:
    return True if name == ("abroad",) else UNKNOWN
