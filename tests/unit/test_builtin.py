"""The steps that every workflow can use."""

from engine.builtin import APPROVE, ASK, CORE, DECIDE, NOTE
from engine.plugin.fields import OutputKind
from engine.plugin.registry import problems_of
from tests.pillars.support import FakeContext, accepts_its_examples, example, form_of, problems


def test_the_built_in_steps_keep_the_contract_of_pillars() -> None:
    assert problems_of(CORE) == ()
    assert [step.key for step in CORE.step_types] == ["core.ask", "core.decide", "core.note", "core.approve"]


def test_each_takes_good_answers_and_refuses_strangers() -> None:
    for step in CORE.step_types:
        accepts_its_examples(step)
        assert problems(form_of(step), example(form_of(step), stranger=1)) == {"stranger"}


def test_a_question_step_asks_nothing_of_its_own() -> None:
    assert ASK.fields == ()


def test_a_workflow_can_branch_on_a_decision_an_approval_and_whose_delay_it_is() -> None:
    assert DECIDE.outputs["decision"].choices == ("yes", "no")
    assert APPROVE.outputs["approved"].kind is OutputKind.BOOL
    assert NOTE.outputs["delay_owner"].choices == ("ours", "other_body", "persons_choice", "force_majeure")


def test_a_delay_note_is_signed_and_says_why() -> None:
    assert problems(form_of(NOTE), {}) == {"reason", "delay_owner", "signed"}


def test_sending_back_without_a_word_is_noted() -> None:
    assert APPROVE.conclude is not None
    assert APPROVE.conclude(FakeContext(answers={"approved": False})).notes
    assert not APPROVE.conclude(FakeContext(answers={"approved": False, "remark": "the date"})).notes
    assert not APPROVE.conclude(FakeContext(answers={"approved": True})).notes
