"""How people write the number of a case, why cases end or go on, and which questions must be answered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.builtin import Note
from engine.cases.answers import check_answers
from engine.cases.records import CANCEL_REASONS, CLOSE_REASONS, REOPEN_REASONS, beginnings, case_reason, written_number
from engine.errors import InvalidAnswersError
from engine.language.conditions.values import UNKNOWN, Value
from engine.language.workflow import Question

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    "typed", ["C-7K3M-2Q9D", " c-7k3m-2q9d ", "c 7k3m 2q9d", "C7K3M2Q9D", "7k3m-2q9d", "C\u20137K3M\u20132Q9D"]
)
def test_a_number_is_known_however_it_was_typed(typed: str) -> None:
    assert written_number(typed) == "C-7K3M-2Q9D"


def test_letters_that_look_like_figures_are_read_as_figures() -> None:
    assert written_number("c-oil0-7k3m") == "C-0110-7K3M"


@pytest.mark.parametrize(("typed", "kept"), [
    ("", ""), ("rahima", "RAHIMA"), ("C-7K3M", "C-7K3M"), ("%", "%"), ("C-1F00B-9A3C", "C-1F00B-9A3C"),
])  # fmt: skip
def test_what_is_no_whole_number_stays_as_it_is(typed: str, kept: str) -> None:
    assert written_number(typed) == kept


@given(st.text(alphabet=SIGNS, min_size=8, max_size=8))
def test_a_stored_number_is_never_changed(signs: str) -> None:
    number = f"C-{signs[:4]}-{signs[4:]}"
    assert written_number(number) == number


@given(st.text(alphabet=SIGNS, min_size=8, max_size=8), st.integers(1, 11))
def test_whatever_somebody_typed_of_a_number_finds_it(signs: str, typed: int) -> None:
    number = f"C-{signs[:4]}-{signs[4:]}"
    for text in (number[:typed], number.lower().replace("-", "")[:typed], number[2:].replace("-", " ")[:typed]):
        assert any(number.startswith(beginning) for beginning in beginnings(text)), text


def test_what_is_too_long_for_a_number_is_looked_for_as_it_is() -> None:
    assert beginnings("a name of somebody") == ("A NAME OF SOMEBODY",)
    assert beginnings("") == ("",)


def test_no_reason_means_two_things_so_that_a_history_tells_the_right_one() -> None:
    keys = [*REOPEN_REASONS, *CLOSE_REASONS, *CANCEL_REASONS]
    assert len(set(keys)) == len(keys)


def test_a_reason_is_told_in_its_words_and_an_older_one_by_its_key() -> None:
    assert case_reason("new_facts") == "There is new information"
    assert case_reason("run_over") == "Its workflow was over"
    assert case_reason("wrong_person") == "Wrong person"
    assert case_reason("") == ""


TOLD = {"reason": "Flood", "delay_owner": "force_majeure", "signed": "Mira Devi"}
ASKED = Question.model_validate({"id": "interpreter", "type": "bool", "label": "An interpreter?"})
LANGUAGE = {"id": "language", "type": "text", "label": "Which language?", "required": True}


@pytest.mark.parametrize(("when", "answers", "is_needed"), [
    (None, {}, True),
    ("interpreter", {"interpreter": True}, True),
    ("interpreter", {"interpreter": False}, False),
    ("interpreter", {}, False),
    ('delay_owner == "ours"', {}, False),
    ('delay_owner == "force_majeure"', {}, True),
    ("abroad", {}, True),
])  # fmt: skip
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
