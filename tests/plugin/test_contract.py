"""What a published workflow relies on in a step type, and what of it may change."""

from dataclasses import replace
from typing import Any, Literal

import pytest

from engine.plugin.answers import Form
from engine.plugin.context import StepContext
from engine.plugin.fields import Count, OutputKind, Text, field
from engine.plugin.registry import broken_promises, contract_of
from engine.plugin.steps import Completed, Outcome, OutputSpec, StepType, asked_of, automatic


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


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        (step(GoneForm), "the question seats is gone."),
        (step(NarrowedForm), "the question way can no longer be rail."),
        (step(RequiredForm), "the question seats must be answered, and had not to."),
        (step(OtherKindForm), "the question seats was of the kind int and is of the kind text."),
        (step(OldForm, outcomes=(Outcome.DONE,)), "the outcome blocked_by_other_body is gone."),
    ],
)
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
