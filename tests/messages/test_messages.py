"""Messages say nothing of a person, and nothing in a value can change what they are."""

import re
from functools import cache
from html import unescape
from pathlib import Path

import pytest
from jinja2.exceptions import UndefinedError

from engine.errors import SettingsError
from engine.machine import data_folder
from engine.messages.templates import ALLOWED, TemplateRenderer
from engine.web.languages import page_languages

KINDS = sorted(path.stem for path in (data_folder("templates") / "messages" / "en").glob("*.txt"))
LANGUAGES = ("as", "bn", "en", "hi", "my", "ne")
LAYOUT = (data_folder("templates") / "messages" / "layout.html").read_text(encoding="utf-8")
VALUES = {
    "case_number": "K7M2-9QXD",
    "step_title": "Safety plan",
    "due_time": "08 Mar 2026, 22:40 (Asia/Kolkata)",
    "link": "https://icmc.example/items/1",
    "level": "2",
    "unit": "Unit One",
    "count": "12",
    "overdue": "3",
    "due_today": "2",
    "mine": "7",
    "to_acknowledge": "1",
    "code": "04711815",
}


@cache
def shipped_texts() -> TemplateRenderer:
    """Return what renders the texts of the release: to read them all takes longer than any test."""
    return TemplateRenderer(data_folder("templates"))


def _renderer(folder: Path, **messages: str) -> TemplateRenderer:
    for name, text in messages.items():
        language, _, kind = name.partition("_")
        file = folder / "messages" / language / f"{kind}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "documents").mkdir(exist_ok=True)
    (folder / "messages").mkdir(exist_ok=True)
    (folder / "messages" / "layout.html").write_text(LAYOUT, encoding="utf-8")
    return TemplateRenderer(folder)


def _draft(renderer: TemplateRenderer, kind: str, language: str) -> dict[str, str]:
    """Return a text of the release as if two people had agreed to it: only then does it leave."""
    text = renderer.shipped(f"{kind}.{language}")
    return {f"{kind}.{language}": text} if text else {}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_message_has_a_short_subject_and_a_body_with_the_link(kind: str) -> None:
    subject, body, _ = shipped_texts().message(kind, ("en",), VALUES)
    assert 0 < len(subject) <= 70
    assert "\n" not in subject
    assert VALUES["link"] in body
    assert len(body) < 500


@pytest.mark.long
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"due_soon", "escalated", "overdue"}))
def test_every_message_that_is_not_about_a_deadline_reads_well_without_a_due_time(kind: str) -> None:
    body = shipped_texts().message(kind, ("en",), VALUES | {"due_time": ""}).body
    assert "  " not in body
    assert " ." not in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_sticks_to_the_one_before(language: str) -> None:
    renderer = shipped_texts()
    for kind in sorted(path.stem for path in (data_folder("templates") / "messages" / language).glob("*.txt")):
        values = VALUES | {"step_title": "Safety plan", "link": ""}
        body = renderer.message(kind, (language,), values, published=_draft(renderer, kind, language)).body
        assert not re.search(r"[.।။?!)][^\W\d]", body), f"{language}/{kind}: {body}"


@pytest.mark.parametrize("language", ["bn", "hi"])
def test_hindi_and_bengali_say_every_kind_with_what_the_english_words_name(language: str) -> None:
    folder = data_folder("templates") / "messages"
    assert len(KINDS) > 25
    assert sorted(path.stem for path in (folder / language).glob("*.txt")) == KINDS
    for kind in KINDS:
        theirs, english = (
            set(re.findall(r"{[{%].*?[}%]}", (folder / one / f"{kind}.txt").read_text(encoding="utf-8")))
            for one in (language, "en")
        )
        assert theirs == english, kind


def test_a_subject_line_never_names_the_step_or_the_unit() -> None:
    renderer = shipped_texts()
    subjects = [renderer.message(kind, ("en",), VALUES)[0] for kind in KINDS]
    assert not [subject for subject in subjects if VALUES["step_title"] in subject or VALUES["unit"] in subject]


@pytest.mark.parametrize("name", ["person_name", "answers", "address", "narrative", "workflow_title", "concern"])
def test_a_template_that_names_anything_else_is_refused_before_it_is_used(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        _renderer(tmp_path, en_assigned=f"Subject: Work\n\n{{{{ {name} }}}}\n")


def test_a_template_without_a_subject_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Subject"):
        _renderer(tmp_path, en_assigned="{{ case_number }}\n")


def test_a_value_outside_the_list_does_not_reach_a_message(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_assigned="Subject: Work\n\nCase {{ case_number }}\n")
    assert renderer.message("assigned", ("en",), VALUES | {"person_name": "Withheld"})[:2] == (
        "Work",
        "Case K7M2-9QXD\n",
    )


def test_a_variable_that_was_not_given_is_an_error_and_no_gap(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_assigned="Subject: Work\n\n{{ link }}\n")
    with pytest.raises(UndefinedError):
        renderer.message("assigned", ("en",), {})


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
def test_a_line_break_in_a_value_cannot_add_a_header_line(tmp_path: Path, ending: str) -> None:
    renderer = _renderer(tmp_path, en_assigned="Subject: {{ step_title }}\n\nBody\n")
    subject, body, _ = renderer.message("assigned", ("en",), {"step_title": f"Plan{ending}Bcc: all@example.org"})
    assert subject.splitlines() == ["Plan Bcc: all@example.org"]
    assert body == "Body\n"


def test_what_a_value_says_is_never_run_as_a_template(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_assigned="Subject: Work\n\n{{ step_title }}\n")
    assert renderer.message("assigned", ("en",), {"step_title": "{{ 7 * 7 }}"})[1] == "{{ 7 * 7 }}\n"


@pytest.mark.parametrize("trick", [
    "{{ link.__class__.__mro__ }}", "{{ link['__class__'] }}", "{{ link() }}", "{{ link|attr('x') }}",
    "{% for one in link %}{% endfor %}", "{% include 'en/other.txt' %}", "{% set link = case_number %}",
    "{% macro x() %}{% endmacro %}", "{{ case_number ~ unit }}", "{{ self }}", "{% extends 'layout.html' %}", "{{ link",
])  # fmt: skip
def test_a_template_can_print_and_compare_and_nothing_else(tmp_path: Path, trick: str) -> None:
    with pytest.raises(SettingsError):
        _renderer(tmp_path, en_assigned=f"Subject: Work\n\n{trick}\n")


@pytest.mark.parametrize("trick", [
    '<img src="x">', "<script>1</script>", '<a href="https://elsewhere.example">x</a>', '<p style="x:url(y)">',
])  # fmt: skip
def test_an_html_frame_that_fetches_or_leads_elsewhere_is_refused(tmp_path: Path, trick: str) -> None:
    (tmp_path / "messages").mkdir()
    (tmp_path / "documents").mkdir()
    (tmp_path / "messages" / "layout.html").write_text(LAYOUT + trick, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"layout\.html"):
        TemplateRenderer(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_html_has_the_words_of_the_text_and_one_link_as_a_button(kind: str, language: str) -> None:
    renderer = shipped_texts()
    message = renderer.message(kind, (language,), VALUES, published=_draft(renderer, kind, language))
    assert message.html.count(f'<a href="{VALUES["link"]}"') == 1
    shown = unescape(re.sub(r"<[^>]+>", " ", message.html)).split()
    assert [word for word in message.body.split() if word.rstrip(":") not in {w.rstrip(":") for w in shown}] == []
    assert message.subject in unescape(message.html)


def test_a_value_is_no_markup_in_the_html_of_a_message(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_assigned="Subject: Work\n\n{{ step_title }}\n")
    html = renderer.message("assigned", ("en",), VALUES | {"step_title": "<b>x</b>"}).html
    assert "&lt;b&gt;x&lt;/b&gt;" in html


def test_a_count_that_is_no_number_is_not_shown(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_storm="Subject: Work\n\n{{ count }}\n")
    with pytest.raises(UndefinedError):
        renderer.message("storm", ("en",), VALUES | {"count": "Withheld"})


def test_a_kind_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_storm="Subject: Work\n\n{{ count }}\n")
    with pytest.raises(SettingsError, match="hail"):
        renderer.message("hail", ("en",), VALUES)
    with pytest.raises(SettingsError):
        renderer.message("../en/storm", ("en", "../en"), VALUES)


def test_a_message_leaves_in_english_where_nobody_agreed_to_a_text_in_another_language(tmp_path: Path) -> None:
    renderer = _renderer(tmp_path, en_assigned="Subject: Work\n\nEn\n", as_assigned="Subject: কাম\n\nAs\n")
    ours = {"assigned.as": "Subject: নতুন কাম\n\nAs\n", "assigned.bn": "Subject: {{ gone }}\n\nBn\n"}
    for languages in (("as",), ("kha", "as"), ("kha", "trp"), ()):
        assert renderer.message("assigned", languages, VALUES)[0] == "Work", "a draft of the release stays here"
    for languages, subject in (
        (("as",), "নতুন কাম"), (("kha", "as"), "নতুন কাম"), (("en", "as"), "Work"), (("bn",), "Work"),
    ):  # fmt: skip
        assert renderer.message("assigned", languages, VALUES, published=ours)[0] == subject


@pytest.mark.parametrize(("language", "case", "lawsuit"), [("ne", "केस", "मुद्दा"), ("my", "ကေ့စ်", "အမှု")])
def test_a_case_is_no_lawsuit(language: str, case: str, lawsuit: str) -> None:
    folder = data_folder("templates") / "messages"
    for kind in KINDS:
        english, text = ((folder / code / f"{kind}.txt").read_text(encoding="utf-8") for code in ("en", language))
        assert case in text or not re.search(r"\bcases?\b", english, re.IGNORECASE), kind
        assert lawsuit not in text, kind


@pytest.mark.parametrize("language", [code for code, one in page_languages().items() if one.is_whole])
def test_a_language_that_has_all_pages_has_all_messages(language: str) -> None:
    folder = data_folder("templates") / "messages" / language
    assert sorted(path.stem for path in folder.glob("*.txt")) == KINDS


def test_the_list_holds_nothing_that_could_name_a_person() -> None:
    assert set(VALUES) == ALLOWED
