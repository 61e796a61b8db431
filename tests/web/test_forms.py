"""How questions become controls, posted forms become answers, and what was typed is shown again."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import pytest
from starlette.datastructures import FormData, UploadFile

from engine.documents.pages import with_files
from engine.plugin.answers import Form
from engine.plugin.fields import field, specs_of
from engine.plugin.kinds import FieldKind, LongText
from engine.plugin.steps import asked_of
from engine.web.dependencies import typed_lines
from engine.web.forms import Control, controls, is_touched, laid_out, problem_lines, questions, typed_texts
from engine.web.posted import answers, with_typed
from engine.work.records import FieldView, FileView
from pillars.policing.forms import EvidenceForm

NOW = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
ZONE = "Asia/Kathmandu"


def question(name: str, kind: FieldKind, **more: object) -> FieldView:
    facts: dict[str, object] = {
        "label": name.capitalize(), "help": "", "required": True, "first_bite": False, "sensitivity": "open",
        "choices": {}, "shown_when": "", "value": None, "proposed": False,
    }  # fmt: skip
    return FieldView.model_validate(facts | {"name": name, "kind": kind.value} | more)


@pytest.mark.parametrize(("kind", "posted", "answer"), [
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
    (FieldKind.INT, "not_known", "not_known"),
    (FieldKind.MONEY, "not_known", "not_known"),
    (FieldKind.DATE, "not_known", "not_known"),
    (FieldKind.DATETIME, "not_known", "not_known"),
    (FieldKind.LONGTEXT, "one\r\ntwo ", "one\ntwo"),
])  # fmt: skip
def test_each_kind_of_question_is_read_in_its_own_way(kind: FieldKind, posted: str, answer: object) -> None:
    assert answers(FormData([("a-it", posted)]), [question("it", kind)], ZONE) == {"it": answer}


@pytest.mark.parametrize("kind", list(FieldKind))
def test_a_question_without_an_answer_is_left_out(kind: FieldKind) -> None:
    assert answers(FormData([("a-it", "  ")]), [question("it", kind)], ZONE) == {}


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (FieldKind.INT, "3", 3), (FieldKind.MONEY, "1,500", "1500"), (FieldKind.DATE, "2026-03-07", "2026-03-07"),
        (FieldKind.DATETIME, "2026-03-07T18:55", "2026-03-07T13:10:00+00:00"),
    ],
)  # fmt: skip
def test_a_value_and_a_tick_at_not_known_are_both_kept_and_shown_again(
    kind: FieldKind, typed: str, value: object
) -> None:
    asked = question("it", kind, takes_not_known=True)
    empty = FormData([("a-it", ""), ("a-it", "not_known")])
    assert answers(empty, [asked], ZONE) == {"it": "not_known"}
    assert [line.text for line in typed_texts(empty, [asked])] == ["Not known"]
    (ticked,) = controls(with_typed([asked], {"it": "not_known"}), zone=ZONE, now=NOW)
    assert (ticked.value, ticked.not_known, is_touched(empty, [ticked])) == ("", True, False)
    assert is_touched(FormData([("a-it", "")]), [ticked])
    both = FormData([("a-it", typed), ("a-it", "not_known")])
    assert answers(both, [asked], ZONE) == {"it": [value, "not_known"]}
    (again,) = controls(with_typed([asked], {"it": [value, "not_known"]}), zone=ZONE, now=NOW)
    assert (again.value, again.not_known) == (typed.replace(",", ""), True)
    assert not is_touched(FormData([("a-it", typed.replace(",", "")), ("a-it", "not_known")]), [again])


def test_what_must_be_known_has_no_tick_and_shows_no_code_that_was_proposed() -> None:
    (must,) = controls([question("it", FieldKind.DATE, value="not_known", proposed=True)], zone=ZONE, now=NOW)
    assert (must.value, must.not_known) == ("", None)
    assert must.hint.startswith("This cannot be left as not known.")
    (may,) = controls([question("it", FieldKind.DATE, required=False)], zone=ZONE, now=NOW)
    assert (may.not_known, may.hint) == (None, "")


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


@pytest.mark.parametrize(("condition", "value", "words"), [
    ("anonymous == false", "no", "Only if you answered “No” to “Anonymous”."),
    ("anonymous", "yes", "Only if you answered “Yes” to “Anonymous”."),
    ("!anonymous", "no", "Only if you answered “No” to “Anonymous”."),
    ('kind != "b"', "", "Leave it out if you answered “Bee” to “Kind”."),
    ('kind == "b"', "b", "Only if you answered “Bee” to “Kind”."),
    ("anonymous && kind", "", ""),
    ("unheard == true", "", ""),
])  # fmt: skip
def test_a_question_says_when_it_is_asked(condition: str, value: str, words: str) -> None:
    fields = [
        question("anonymous", FieldKind.BOOL),
        question("kind", FieldKind.CHOICE, choices={"a": "Ay", "b": "Bee"}),
        question("name", FieldKind.TEXT, shown_when=condition),
    ]
    control = controls(fields, zone=ZONE, now=NOW)[2]
    assert (control.when_value, control.hint) == (value, words)


def test_the_first_bite_stands_alone_until_it_is_answered_or_something_is_wrong_in_the_rest() -> None:
    first, rest = question("first", FieldKind.TEXT, first_bite=True), question("rest", FieldKind.TEXT, required=False)
    shown = controls([first, rest], zone=ZONE, now=NOW)
    assert not laid_out([first, rest], shown).is_open
    answered = [first.model_copy(update={"value": "x"}), rest]
    assert laid_out(answered, controls(answered, zone=ZONE, now=NOW)).is_open
    wrong = controls([first, rest], zone=ZONE, now=NOW, errors={"rest": "Answer this question."})
    assert laid_out([first, rest], wrong).is_open


def test_no_question_that_must_be_answered_is_folded_away_and_the_form_counts_them() -> None:
    fields = [
        question("first", FieldKind.TEXT, first_bite=True), question("later", FieldKind.TEXT, required=False),
        question("needed", FieldKind.TEXT), question("perhaps", FieldKind.TEXT, shown_when='first == "x"'),
    ]  # fmt: skip
    layout = laid_out(fields, controls(fields, zone=ZONE, now=NOW))
    assert [control.name for control in layout.first] == ["a-first", "a-needed", "a-perhaps"]
    assert [control.name for control in layout.rest] == ["a-later"]
    assert layout.required == 2


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


ADDED_AT = datetime(2026, 3, 10, 6, 30, tzinfo=UTC)
FILE = FileView(
    id=UUID(int=5), kind="picture", media_type="image/png", size=2_400_000, copy_size=None, scan="clean",
    added_at=ADDED_AT, added_by="Asha", classes=("images",), may_open=False,
)  # fmt: skip
ASKED = tuple(one for one in questions(specs_of(EvidenceForm)) if one.name in {"file", "bsa63_certificate"})


def test_the_files_of_the_case_are_offered_where_the_system_writes_the_hash_and_nowhere_else() -> None:
    shown = with_files(ASKED, frozenset({"file"}), (FILE,), "Asia/Kolkata")
    drawn = {one.name: one for one in controls(shown, zone="Asia/Kolkata", now=ADDED_AT)}
    assert (drawn["a-file"].draw, drawn["a-bsa63_certificate"].draw) == ("select", "input")
    [item] = drawn["a-file"].items
    assert (item.value, item.text) == (str(FILE.id), "1. Picture or film, 2400 kB, 10 Mar 2026, 12:00")


def test_a_file_that_can_be_read_no_more_is_not_offered_and_the_others_keep_their_numbers() -> None:
    gone, other = FILE.model_copy(update={"id": UUID(int=6), "is_readable": False}), FILE
    [field, _] = with_files(ASKED, frozenset({"file"}), (gone, other), "Asia/Kolkata")
    assert {key: text[:2] for key, text in field.choices.items()} == {str(FILE.id): "2."}


def test_without_files_the_question_stays_as_it_was() -> None:
    assert with_files(ASKED, frozenset({"file"}), (), "UTC") == ASKED
