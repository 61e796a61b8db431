"""Whether somebody has typed something into a form, and how its problems are said."""

from datetime import UTC, datetime

import pytest
from starlette.datastructures import FormData, UploadFile

from engine.web.forms import Control, controls, is_touched, problem_lines
from engine.work.records import FieldView

SHOWN_AT = datetime(2026, 3, 7, 18, 40, tzinfo=UTC)
KNOWN = {
    "what": ("longtext", "A sentence.\nAnother one."),
    "when": ("datetime", "2026-03-07T13:10:42+00:00"),
    "safe": ("bool", True),
    "ways": ("multi", ["a", "c"]),
    "way": ("intervals", [{"start": "2026-03-07T13:10:00+00:00", "place": "ferry"}]),
    "free": ("text", None),
}
UNTOUCHED: list[tuple[str, str | UploadFile]] = [
    ("a-what", "A sentence.\r\nAnother one.\r\n"), ("a-when", "2026-03-07T18:40"), ("a-safe", "yes"), ("a-ways", "a"),
    ("a-ways", "c"), ("a-way-0-start", "2026-03-07T18:40"), ("a-way-0-end", ""), ("a-way-0-place", "ferry"),
    ("a-free", " "), ("action", "take"), ("revision", "3"),
]  # fmt: skip


def shown(errors: dict[str, str] | None = None) -> tuple[Control, ...]:
    fields = [
        FieldView(
            name=name, kind=kind, label=f"What about {name}?" if name == "safe" else name.capitalize(), help="",
            required=name != "free", first_bite=True, sensitivity="open",
            choices={"a": "A", "b": "B", "c": "C"} if kind == "multi" else {}, shown_when="", value=value,
            proposed=True,
        )
        for name, (kind, value) in KNOWN.items()
    ]  # fmt: skip
    return controls(fields, zone="Asia/Kolkata", now=SHOWN_AT, errors=errors)


def test_a_form_that_comes_back_as_it_was_shown_is_untouched() -> None:
    assert not is_touched(FormData(UNTOUCHED), shown())


@pytest.mark.parametrize("place", range(9))
def test_whatever_is_taken_out_of_a_form_touches_it(place: int) -> None:
    was_filled_in = bool(str(UNTOUCHED[place][1]).strip())
    assert is_touched(FormData(UNTOUCHED[:place] + UNTOUCHED[place + 1 :]), shown()) is was_filled_in


@pytest.mark.parametrize("more", [("a-free", "x"), ("a-ways", "b"), ("a-way-1-place", "bus")])
def test_whatever_is_put_into_a_form_touches_it(more: tuple[str, str | UploadFile]) -> None:
    assert is_touched(FormData([*UNTOUCHED, more]), shown())


def test_a_problem_is_said_with_its_question_in_the_order_of_the_form() -> None:
    problems = {"safe": "Answer yes or no.", "free": "This answer is too long.", "reason": "Say why."}
    assert problem_lines(shown(problems), problems) == [
        ("#a-safe", "What about safe? Answer yes or no."),
        ("#a-free", "Free: This answer is too long."),
    ]
