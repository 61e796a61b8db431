"""What a published workflow relies on in a step type, and the steps that every workflow can use."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from engine.builtin import CORE, Approve, Ask, Call, Decide, Note, Release, ReleaseSettings
from engine.plugin.answers import Form
from engine.plugin.context import Completed, Outcome, StepContext
from engine.plugin.fields import OutputKind, field
from engine.plugin.kinds import Count, Text
from engine.plugin.registry import Pillar, broken_promises, contract_of, problems_of
from engine.plugin.steps import OutputSpec, StepType, asked_of, automatic
from tests.kit.pillars import accepts_its_examples, conclude, example, form_of, prepare, problems


class OldForm(Form):
    """Ask."""

    way: Literal["road", "rail"] = field(label="How?")
    seats: Count | None = field(label="How many?", default=None)
    who: Text = field(label="Who?", identifying=True)


class AddedForm(OldForm):
    """Ask more."""

    note: Text | None = field(label="Anything else?", default=None)
    way: Literal["road", "rail", "boat"] = field(label="How?")


class GoneForm(Form):
    """Ask less."""

    way: Literal["road", "rail"] = field(label="How?")
    who: Text = field(label="Who?", identifying=True)


class NarrowedForm(OldForm):
    """Allow less."""

    way: Literal["road"] = field(label="How?")


class RequiredForm(OldForm):
    """Demand more."""

    seats: Count = field(label="How many?")


class OtherKindForm(OldForm):
    """Ask otherwise."""

    seats: Text | None = field(label="How many?", default=None)


class OpenForm(OldForm):
    """Keep less to itself."""

    who: Text = field(label="Who?")


def step(form: type[Form], **more: Any) -> StepType:
    return asked_of(form, key="x.y", title="T", roles=("caseworker",), **more)


OLD = contract_of(step(OldForm))


@pytest.mark.parametrize(("now", "problem"), [
    (step(GoneForm), "the question seats is gone."),
    (step(NarrowedForm), "the question way can no longer be rail."),
    (step(RequiredForm), "the question seats must be answered, and had not to."),
    (step(OtherKindForm), "the question seats was of the kind int and is of the kind text."),
    (step(OldForm, outcomes=(Outcome.DONE,)), "the outcome blocked_by_other_body is gone."),
])  # fmt: skip
def test_what_is_taken_away_or_demanded_is_a_broken_promise(now: StepType, problem: str) -> None:
    assert problem in broken_promises(OLD, now)


def test_what_is_no_longer_kept_apart_is_a_broken_promise() -> None:
    (problem,) = broken_promises(OLD, step(OpenForm))
    assert problem.startswith("the question who was identifying and is ")


def test_what_is_added_breaks_nothing() -> None:
    assert broken_promises(OLD, step(AddedForm)) == ()
    assert broken_promises(OLD, replace(step(OldForm), title="Another title", roles=("lawyer",))) == ()


def test_an_output_that_is_gone_or_of_another_kind_is_a_broken_promise() -> None:
    def made(**outputs: OutputSpec) -> StepType:
        @automatic("x.z", title="T", outputs=outputs)
        def run(context: StepContext) -> Completed:
            """Do nothing."""
            raise AssertionError(context)

        return run

    old = contract_of(made(count=OutputSpec(OutputKind.NUMBER)))
    assert broken_promises(old, made()) == ("the output count is gone.",)
    assert broken_promises(old, made(count=OutputSpec(OutputKind.BOOL))) == (
        "the output count was of the kind number and is of the kind bool.",
    )
    assert broken_promises(old, step(OldForm))[0] == "it was automatic and is asked."


def test_a_step_type_counts_as_something_that_numbers_know() -> None:
    pillar = Pillar(key="x", name="X", letter="", summary="X.", step_types=(step(OldForm, counts_as="saved"),))
    assert any("counts as 'saved'" in found for found in problems_of(pillar))


def test_reasons_for_an_outcome_are_an_output_and_part_of_the_contract() -> None:
    given = step(OldForm, reasons={Outcome.NOT_NEEDED: {"went_home": "They had gone home"}})
    assert given.outputs["because"] == OutputSpec(OutputKind.CHOICE, ("went_home", "none"), "none")
    assert broken_promises(OLD, given) == ()
    less = step(OldForm, reasons={Outcome.NOT_NEEDED: {"moved_on": "They had moved on"}})
    assert broken_promises(contract_of(given), less) == ("the output because can no longer be went_home.",)


@pytest.mark.parametrize(("reasons", "problem"), [
    ({Outcome.DONE: {"well": "It went well"}}, "x.y: reasons say why a step was not done; 'done' has none."),
    ({Outcome.NOT_NEEDED: {"none": "None"}}, "x.y: the reason 'none' needs a lower-case name"),
    ({Outcome.NOT_NEEDED: {"gone": " "}}, "x.y: the reason 'gone' needs a lower-case name"),
])  # fmt: skip
def test_a_reason_has_a_name_and_words_and_belongs_to_what_was_not_done(
    reasons: Mapping[Outcome, Mapping[str, str]], problem: str
) -> None:
    pillar = Pillar(key="x", name="X", letter="", summary="X.", step_types=(step(OldForm, reasons=reasons),))
    assert any(found.startswith(problem) for found in problems_of(pillar))


def test_the_built_in_steps_keep_the_contract_of_pillars() -> None:
    assert problems_of(CORE) == ()
    assert [step.key for step in CORE.step_types] == [
        "core.ask", "core.decide", "core.note", "core.approve", "core.release", "core.call",
        "core.await_answer", "core.lawyers_note", "core.wait",
    ]  # fmt: skip


def test_each_takes_good_answers_and_refuses_strangers() -> None:
    for step in (one for one in CORE.step_types if one.key != "core.wait"):
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
