"""What somebody had typed is shown to them in the words of their form, without ids and codes."""

from typing import Literal

from engine.plugin.answers import Form
from engine.plugin.fields import LongText, field
from engine.plugin.steps import asked_of
from engine.web.kept import typed_lines


class ReportForm(Form):
    """Write down what was reported."""

    narrative: LongText = field(label="What happened?", identifying=True)
    concern: Literal["forced_labour", "marriage"] = field(
        label="What is it about?", choices={"forced_labour": "Work by force", "marriage": "Marriage"}
    )


class OtherForm(Form):
    """Ask something else."""

    narrative: LongText = field(label="Why?")
    is_safe: bool = field(label="Is it safe?")


STEP_TYPES = {
    one.key: one
    for one in (
        asked_of(OtherForm, key="a.other", title="Other", roles=("caseworker",)),
        asked_of(ReportForm, key="b.report", title="Report", roles=("caseworker",)),
    )
}
ID = "6e6e0c62-7a4e-4c6f-9b70-0f5f1c2d3e4f"


def test_answers_are_shown_with_their_questions_and_choices() -> None:
    typed = [("a-narrative", "She works_there."), ("a-concern", "forced_labour"), ("command_id", ID), ("revision", "2")]
    assert typed_lines(typed, STEP_TYPES) == (
        ("What happened?", "She works_there."),
        ("What is it about?", "Work by force"),
    )


def test_ids_are_left_out_codes_become_words_and_what_was_chosen_stands_together() -> None:
    typed = [
        ("person_id", ID), ("basis", f"consent:{ID}"), ("reason_code", "person_unwell"), ("parts", "name"),
        ("parts", "home_address"), ("note", "call at 5"), ("to", ""), ("action", "draft"),
    ]  # fmt: skip
    assert typed_lines(typed, STEP_TYPES) == (
        ("Reason", "Person unwell"),
        ("Parts", "name, Home address"),
        ("Note", "call at 5"),
    )
    assert typed_lines([("a-is_safe", "no")], STEP_TYPES) == (("Is it safe?", "No"),)
    assert typed_lines([("a-gone", "x")], {}) == (("Gone", "x"),)
