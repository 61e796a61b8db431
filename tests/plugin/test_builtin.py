"""The steps that every workflow can use."""

from engine.builtin import CORE, Approve, Ask, Call, Decide, Note, Release, ReleaseSettings
from engine.plugin.fields import OutputKind
from engine.plugin.registry import problems_of
from tests.kit.pillars import accepts_its_examples, conclude, example, form_of, prepare, problems


def test_the_built_in_steps_keep_the_contract_of_pillars() -> None:
    assert problems_of(CORE) == ()
    assert [step.key for step in CORE.step_types] == [
        "core.ask", "core.decide", "core.note", "core.approve", "core.release", "core.call",
        "core.await_answer", "core.lawyers_note",
    ]  # fmt: skip


def test_each_takes_good_answers_and_refuses_strangers() -> None:
    for step in CORE.step_types:
        accepts_its_examples(step)
        assert problems(form_of(step), example(form_of(step), stranger=1)) == {"stranger"}


def test_a_question_step_asks_nothing_of_its_own() -> None:
    assert Ask.step_type.fields == ()


def test_a_workflow_can_branch_on_a_decision_an_approval_and_whose_delay_it_is() -> None:
    assert Decide.step_type.outputs["decision"].choices == ("yes", "no", "not_known")
    assert Approve.step_type.outputs["approved"].kind is OutputKind.BOOL
    assert Note.step_type.outputs["delay_owner"].choices == ("ours", "other_body", "persons_choice", "force_majeure")


def test_a_delay_note_is_signed_and_says_why() -> None:
    assert problems(form_of(Note.step_type), {}) == {"reason", "delay_owner", "signed"}


def test_sending_back_without_a_word_is_noted() -> None:
    assert conclude(Approve, {"approved": False}).notes
    assert not conclude(Approve, {"approved": False, "remark": "the date"}).notes
    assert not conclude(Approve, {"approved": True}).notes


def test_a_letter_that_is_released_says_how_and_when_it_was_sent() -> None:
    form = form_of(Release.step_type)
    kept = {"decision": "not_released", "reason": "They have answered."}
    sent = {"decision": "released", "reason": "No answer.", "sent_by": "post", "sent_at": "2026-03-09T04:30:00+00:00"}
    assert problems(form, kept) == set()
    assert problems(form, sent) == set()
    assert problems(form, {"decision": "released", "reason": "No answer."})
    assert problems(form, {"decision": "released"}) == {"reason"}


def test_a_letter_tells_its_releaser_that_nothing_leaves_by_itself() -> None:
    notes = prepare(Release, settings=ReleaseSettings(to="District Magistrate")).notes
    assert "District Magistrate" in notes[0]
    assert "Nothing is sent by itself" in notes[1]


def test_a_call_notes_whether_somebody_was_reached_and_when_and_has_no_room_for_a_name() -> None:
    assert Call.step_type.event_time_field == "called_at"
    assert all(spec.is_open for spec in Call.step_type.fields)
    assert Call.step_type.outputs["answer"].choices == ("reached", "not_reached")
