"""How questions become controls, and posted forms become answers."""

from datetime import UTC, datetime

import pytest
from starlette.datastructures import FormData

from engine.plugin.fields import FieldKind
from engine.web.forms import controls, laid_out, typed_texts
from engine.web.posted import answers, with_typed
from engine.work.records import FieldView

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
ZONE = "Asia/Kathmandu"


def question(name: str, kind: FieldKind, **more: object) -> FieldView:
    facts: dict[str, object] = {
        "label": name.capitalize(), "help": "", "required": True, "first_bite": False, "sensitivity": "open",
        "choices": {}, "shown_when": "", "value": None, "proposed": False,
    }  # fmt: skip
    return FieldView.model_validate(facts | {"name": name, "kind": kind.value} | more)


@pytest.mark.parametrize(
    ("kind", "posted", "answer"),
    [
        (FieldKind.BOOL, "yes", True),
        (FieldKind.BOOL, "no", False),
        (FieldKind.BOOL, "not_known", "not_known"),
        (FieldKind.BOOL, "perhaps", "perhaps"),
        (FieldKind.INT, "12", 12),
        (FieldKind.INT, "twelve", "twelve"),
        (FieldKind.INT, "-3", "-3"),
        (FieldKind.MONEY, "1,500.50", "1500.50"),
        (FieldKind.DATETIME, "2026-03-07T18:55", "2026-03-07T13:10:00+00:00"),
        (FieldKind.DATETIME, "soon", "soon"),
        (FieldKind.DATE, "2026-03-07", "2026-03-07"),
        (FieldKind.LONGTEXT, "one\r\ntwo ", "one\ntwo"),
    ],
)
def test_each_kind_of_question_is_read_in_its_own_way(kind: FieldKind, posted: str, answer: object) -> None:
    assert answers(FormData([("a-it", posted)]), [question("it", kind)], ZONE) == {"it": answer}


@pytest.mark.parametrize("kind", list(FieldKind))
def test_a_question_without_an_answer_is_left_out(kind: FieldKind) -> None:
    assert answers(FormData([("a-it", "  ")]), [question("it", kind)], ZONE) == {}


def test_several_choices_and_several_journeys_are_all_read() -> None:
    form = FormData([
        ("a-many", "x"), ("a-many", "y"), ("a-trip-0-start", "2026-03-07T18:55"), ("a-trip-0-end", ""),
        ("a-trip-2-start", "2026-03-08T10:00"), ("a-trip-2-end", "2026-03-08T11:00"), ("a-trip-2-place", "Ferry"),
        ("a-trip-2-evidence", "Ticket 9"),
    ])  # fmt: skip
    fields = [question("many", FieldKind.MULTI), question("trip", FieldKind.INTERVALS)]
    assert answers(form, fields, ZONE) == {
        "many": ["x", "y"],
        "trip": [
            {"start": "2026-03-07T13:10:00+00:00", "place": ""},
            {
                "start": "2026-03-08T04:15:00+00:00",
                "place": "Ferry",
                "end": "2026-03-08T05:15:00+00:00",
                "evidence": "Ticket 9",
            },
        ],
    }


def test_every_line_of_a_journey_is_read_also_the_twenty_first() -> None:
    form = FormData([(f"a-trip-{index}-place", f"Place {index}") for index in range(40)])
    expected = [{"start": "", "place": f"Place {index}"} for index in range(40)]
    assert answers(form, [question("trip", FieldKind.INTERVALS)], ZONE) == {"trip": expected}


def test_nothing_but_the_questions_of_the_form_is_taken() -> None:
    form = FormData([("a-it", "yes"), ("a-other", "x"), ("it", "no"), ("revision", "9")])
    assert answers(form, [question("it", FieldKind.BOOL)], ZONE) == {"it": True}


def test_what_was_typed_comes_back_in_the_same_words() -> None:
    fields = [
        question("when", FieldKind.DATETIME),
        question("odd", FieldKind.DATETIME),
        question("many", FieldKind.MULTI, choices={"x": "X", "y": "Y"}),
        question("yes", FieldKind.BOOL),
    ]
    typed = {"when": "2026-03-07T13:10:00+00:00", "odd": "soon", "many": ["y"], "yes": False}
    when, odd, many, yes = controls(with_typed(fields, typed), zone=ZONE, now=NOW)
    assert (when.value, odd.value) == ("2026-03-07T18:55", "soon")
    assert [item.checked for item in many.items] == [False, True]
    assert [item.checked for item in yes.items] == [False, True, False]


@pytest.mark.parametrize(
    ("condition", "value", "words"),
    [
        ("anonymous == false", "no", "Only if you answered “No” to “Anonymous”."),
        ("anonymous", "yes", "Only if you answered “Yes” to “Anonymous”."),
        ("!anonymous", "no", "Only if you answered “No” to “Anonymous”."),
        ('kind != "b"', "", "Leave it out if you answered “Bee” to “Kind”."),
        ('kind == "b"', "b", "Only if you answered “Bee” to “Kind”."),
        ("anonymous && kind", "", ""),
        ("unheard == true", "", ""),
    ],
)
def test_a_question_says_when_it_is_asked(condition: str, value: str, words: str) -> None:
    fields = [
        question("anonymous", FieldKind.BOOL),
        question("kind", FieldKind.CHOICE, choices={"a": "Ay", "b": "Bee"}),
        question("name", FieldKind.TEXT, shown_when=condition),
    ]
    control = controls(fields, zone=ZONE, now=NOW)[2]
    assert (control.when_value, control.hint) == (value, words)


def test_the_first_bite_stands_alone_until_it_is_answered_or_something_is_wrong_in_the_rest() -> None:
    first, rest = question("first", FieldKind.TEXT, first_bite=True), question("rest", FieldKind.TEXT)
    shown = controls([first, rest], zone=ZONE, now=NOW)
    assert not laid_out([first, rest], shown).is_open
    answered = [first.model_copy(update={"value": "x"}), rest]
    assert laid_out(answered, controls(answered, zone=ZONE, now=NOW)).is_open
    wrong = controls([first, rest], zone=ZONE, now=NOW, errors={"rest": "Answer this question."})
    assert laid_out([first, rest], wrong).is_open


def test_what_cannot_be_sent_is_given_back_with_the_words_of_its_question() -> None:
    form = FormData([("a-kind", "b"), ("a-gone", "text"), ("reason", "ill"), ("command_id", "1"), ("a-blank", " ")])
    fields = [question("kind", FieldKind.CHOICE, choices={"b": "Bee"})]
    assert [(line.label, line.text) for line in typed_texts(form, fields)] == [
        ("Kind", "Bee"), ("Gone", "text"), ("Reason", "ill"),
    ]  # fmt: skip


def test_a_language_is_chosen_by_name_and_nobody_is_asked_for_a_code() -> None:
    field = FieldView(
        name="language", kind="lang", label="What language do they speak?", help="A language code, such as as or bn.",
        required=True, first_bite=True, sensitivity="open", choices={}, shown_when="", value="grt", proposed=False,
    )  # fmt: skip
    (shown,) = controls([field], zone=ZONE, now=NOW)
    assert shown.draw == "select"
    assert shown.hint == ""
    assert [(one.value, one.text) for one in shown.items if one.checked] == [("grt", "Garo")]
    (other,) = controls([field.model_copy(update={"help": "Of the letter."})], zone=ZONE, now=NOW)
    assert other.hint == "Of the letter."


def test_an_instant_outside_the_years_of_the_calendar_is_shown_as_it_was_typed() -> None:
    typed = "9999-12-31T23:59-14:00"
    (shown,) = controls((question("at", FieldKind.DATETIME, value=typed),), zone=ZONE, now=NOW)
    assert shown.value == typed


def test_what_comes_first_is_on_top_and_a_question_that_is_asked_first_is_not_called_optional() -> None:
    first = question("first", FieldKind.TEXT, first_bite=True)
    asked = question("asked", FieldKind.BOOL, required=False, comes_first=True, is_asked_first=True)
    shown = controls([first, asked], zone=ZONE, now=NOW)
    layout = laid_out([first, asked], shown)
    assert [control.name for control in (*layout.before, *layout.first)] == ["a-asked", "a-first"]
    assert "(optional)" not in shown[1].label
