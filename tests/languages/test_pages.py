"""Pages in other languages: chosen by device and address, whole as far as their catalogue is, else never unlike."""

import re
import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import polib
import pytest
from jinja2 import Environment

from engine.web import languages
from engine.web.languages import LANGUAGE_COOKIE, PageLanguage, head_of, language_called, page_languages, retell, say
from engine.web.pages import environment
from engine.web.translation import Translation, fits
from tests.kit.portal import REPORT, Portal, report_case
from tests.languages.catalogues import CATALOGUES, messages, update
from tests.languages.pseudo import CODE, pseudo_language, untranslated
from tests.web.test_templates import NASTY, PAGES, contexts, framed

pytestmark = pytest.mark.long

FILES = sorted(CATALOGUES.glob("*.po"))
_TOLD_IN_ENGLISH = re.compile(r"^Unit |^Case .* your attention|^SMS$")
"""Names of units, notices as they were sent, and what has no other name."""
WHOLE = 0.98
"""How much of a whole catalogue is translated at least."""
WORDS_ONLY = [file for file in FILES if not head_of(file).is_whole]
FEWEST = 150
"""How many words one that has words only has at least, those that are doubtful among them."""
MOST_AT_ONCE = 5
"""How many words a message of such a catalogue has at most."""


def _with(monkeypatch: pytest.MonkeyPatch, one: PageLanguage) -> None:
    known = dict(page_languages()) | {one.code: one}
    monkeypatch.setattr(languages, "page_languages", lambda: known)


def _bare(page: str) -> str:
    return re.sub(r"\s+", " ", page.replace(' aria-current="true"', ""))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_catalogue_says_what_pages_say_with_the_values_and_links_of_the_english(file: Path) -> None:
    said = {line.msgid: line.msgstr for line in polib.pofile(str(file)) if line.msgstr}
    assert said.keys() <= messages().keys(), "bring it up to date: python -m tests.languages.catalogues"
    assert {english: words for english, words in said.items() if not fits(english, words)} == {}
    assert {english for english, words in said.items() if words[0].isspace() != english[0].isspace()} == set()


@pytest.mark.parametrize("file", [file for file in FILES if file not in WORDS_ONLY], ids=lambda file: file.stem)
def test_a_whole_catalogue_has_every_message_of_pages(file: Path) -> None:
    lines = polib.pofile(str(file))
    assert {line.msgid for line in lines} == messages().keys(), "bring it up to date"
    assert len(lines.translated_entries()) >= WHOLE * len(lines)


@pytest.mark.parametrize("file", WORDS_ONLY, ids=lambda file: file.stem)
def test_a_catalogue_of_words_has_those_that_are_met_most_and_uses_none_that_is_doubtful(file: Path) -> None:
    lines = polib.pofile(str(file))
    assert len({line.msgid for line in lines if line.msgstr}) >= FEWEST
    assert {line.msgid for line in lines if not line.msgstr or line.msgstr == line.msgid} == set()
    assert {line.msgid for line in lines if len(line.msgid.split()) > MOST_AT_ONCE} == set()
    doubtful = {line.msgid for line in lines if line.fuzzy}
    used = language_called(file.stem).words
    assert doubtful
    assert used.keys() == {line.msgid for line in lines} - doubtful


def test_a_catalogue_that_is_brought_up_to_date_stays_small_and_doubtful_and_names_what_is_gone(tmp_path: Path) -> None:
    file = Path(shutil.copy(CATALOGUES / "lus.po", tmp_path))
    before = polib.pofile(str(file))
    before.append(polib.POEntry(msgid="Nobody says this", msgstr="Hei hi"))
    before.save()
    made, dropped = update(file)
    assert dropped == ["Nobody says this"]
    after = {line.msgid: (line.msgstr, line.fuzzy) for line in polib.pofile(str(file))}
    assert after == {line.msgid: (line.msgstr, line.fuzzy) for line in before if line.msgid not in dropped}
    assert len(made) == len(after)
    assert not head_of(file).is_whole


@pytest.mark.parametrize(("language", "lawsuit"), [("ne", "मुद्दा"), ("my", "အမှု")])
def test_only_a_court_has_a_lawsuit(language: str, lawsuit: str) -> None:
    lines = polib.pofile(str(CATALOGUES / f"{language}.po"))
    assert [
        line.msgid
        for line in lines
        if lawsuit in line.msgstr and not re.search("court|trial|old case|ITPA", line.msgid)
    ] == []


def test_every_language_says_its_name_and_that_nobody_has_checked_it() -> None:
    known = page_languages()
    assert list(known) == ["en", *(file.stem for file in FILES)]
    assert {one.code for one in known.values() if one.is_proofread} == {"en"}
    assert all(one.name.isalpha() or not one.name.isascii() for one in known.values())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_translated_into_the_same_words_is_the_same_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, PageLanguage("en-same", "Same", is_proofread=True, words={one: one for one in messages()}))
    english, same = (
        environment(code).get_template(name).render(**framed(contexts(full=True)[name], full=True))
        for code in ("en", "en-same")
    )
    assert _bare(same.replace('lang="en-same"', 'lang="en"')) == _bare(english)


@pytest.mark.parametrize("name", PAGES)
def test_what_people_wrote_is_escaped_in_every_language(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _with(monkeypatch, pseudo_language())
    page = environment(CODE).get_template(name).render(**framed(contexts(full=True)[name], full=True))
    assert NASTY not in page
    assert "<b>" not in page
    assert f'lang="{CODE}"' in page


def test_the_pages_of_whoever_reports_follow_browser_and_address_and_leave_nothing_behind(portal: Portal) -> None:
    portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": "yes"})
    asked = portal.anybody().get("/tell", headers={"Accept-Language": "kha, hi;q=0.8, en;q=0.5"})
    assert 'lang="hi"' in asked.text
    assert "set-cookie" not in asked.headers
    named = portal.anybody().get("/tell?lang=bn", headers={"Accept-Language": "hi"})
    assert 'lang="bn"' in named.text
    assert 'action="/tell?lang=bn"' in named.text
    assert 'href="/progress?lang=bn"' in named.text
    assert "set-cookie" not in named.headers
    refused = portal.anybody().post("/tell?lang=bn", data={})
    assert 'lang="bn"' in refused.text
    assert 'action="/tell?lang=bn"' in refused.text
    for strange in ("/tell?lang=xx", "/tell?lang=..%2Fhi", "/tell?lang="):
        page = portal.anybody().get(strange, headers={"Accept-Language": ";;q=x, *"})
        assert 'lang="en"' in page.text


def test_pages_of_work_are_in_english_until_another_language_is_chosen_on_the_device(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    assert 'lang="en"' in client.get("/worklist", headers={"Accept-Language": "hi"}).text
    chosen = client.get("/account?lang=hi")
    assert 'lang="hi"' in chosen.text
    kept = chosen.headers["set-cookie"]
    assert f"{LANGUAGE_COOKIE}=hi" in kept
    assert "HttpOnly" in kept
    page = client.get("/worklist").text
    assert '<html lang="hi"' in page
    assert "no native speaker has checked it yet" not in page, "it is said in the language itself"
    assert "lang=en" in page
    client.get("/account?lang=en")
    assert '<html lang="en"' in client.get("/worklist").text
    client.cookies.set(LANGUAGE_COOKIE, "<b>")
    assert '<html lang="en"' in client.get("/worklist").text


def test_a_page_in_words_only_is_an_english_one_and_says_so(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    offered = client.get("/account").text
    assert re.search(r"nobody who speaks them has checked them:</span> <a[^>]*lang=grt[^>]*>A·chik", offered)
    client.get("/account?lang=lus")
    page = client.get("/worklist").text
    assert '<html lang="en"' in page
    assert "Only some words are in the language that you chose" in page
    assert ">Ka hna<" in page
    assert "Chhuahna" in page


def test_whoever_reports_is_shown_words_only_when_they_choose_them(portal: Portal) -> None:
    portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": "yes"})
    remark = "Only some words are in the language that you chose"
    assert remark not in portal.anybody().get("/tell", headers={"Accept-Language": "kha"}).text
    chosen = portal.anybody().get("/tell?lang=kha", headers={"Accept-Language": "hi"}).text
    assert remark in chosen
    assert '<html lang="en"' in chosen
    assert 'action="/tell?lang=kha"' in chosen
    assert "Hooid" in chosen


def test_the_language_of_a_person_comes_with_them_to_a_new_device(portal: Portal) -> None:
    client, who = portal.as_role("counsellor"), {"actor_id": str(portal.people["counsellor"].actor_id)}
    assert 'action="/account/language"' in client.get("/account?lang=bn").text
    assert client.post("/account/language").status_code == 200
    assert '<html lang="bn"' in client.get("/worklist").text
    client.post("/preferences", data={"digest": "none"})
    for code in ("bn", "en"):
        device = portal.anybody()
        device.cookies.set(LANGUAGE_COOKIE, "hi")
        device.post("/become", data=who)
        assert f'<html lang="{code}"' in device.get("/worklist").text
        device.get("/account?lang=en")
        device.post("/account/language")
    assert portal.rows("SELECT digest FROM preference WHERE page_language = 'en'")[0]["digest"] == "none"
    other = portal.anybody()
    other.cookies.set(LANGUAGE_COOKIE, "hi")
    other.post("/become", data={"actor_id": str(portal.people["lawyer"].actor_id)})
    assert '<html lang="hi"' in other.get("/worklist").text, "who never chose has what the device keeps"


@pytest.mark.parametrize("path", ["/static/portal.css", "/api/v1/cases"])
def test_what_is_no_page_has_no_language(portal: Portal, path: str) -> None:
    assert "set-cookie" not in portal.anybody().get(f"{path}?lang=hi").headers


def test_no_text_of_ours_on_the_pages_of_a_day_stands_outside_the_catalogues(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, pseudo_language())
    client = portal.as_role("case_manager")
    case = report_case(client)
    portal.let_time_pass(timedelta(hours=3))
    client.get(f"/account?lang={CODE}")
    pages = ("/", "/worklist", "/report", "/cases", "/find", "/account", "/preferences", case.page, case.item)
    shown = {path: client.get(path) for path in pages}
    shown |= {path: portal.anybody().get(f"{path}?lang={CODE}") for path in ("/tell", "/progress", "/sign-in")}
    assert {path: page.status_code for path, page in shown.items()} == dict.fromkeys(shown, 200)
    names = {who.name for who in portal.people.values()} | {"ICMC", "C-", "IN-AS", "Asia/Kolkata"}
    names |= {one.name for one in page_languages().values()}
    found = {text for page in shown.values() for text in untranslated(page.text, but={*names, case.number})}
    assert {text for text in found if not _TOLD_IN_ENGLISH.search(text)} == set()


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Fall {number}: <1>{title}</1>", 'Fall 7: <a href="/x">Rina &amp; Co</a>'),
        ("<1>{title}</1> (Fall {number})", '<a href="/x">Rina &amp; Co</a> (Fall 7)'),
        ("Fall <1>{title}</1>", 'Case 7, <a href="/x">Rina &amp; Co</a>'),
        ("<script>{number}</script> <1>{title}</1>", 'Case 7, <a href="/x">Rina &amp; Co</a>'),
        ("{{ 7 * 7 }} {number} <1>{title}</1>", '{{ 7 * 7 }} 7 <a href="/x">Rina &amp; Co</a>'),
    ],
    ids=["order", "turned", "a-value-is-missing", "tags-of-its-own", "code"],
)
def test_a_translation_can_turn_a_sentence_and_brings_nothing_else(words: str, shown: str) -> None:
    known = {"Case {number}, <1>{title}</1>": words, "More": 'Mehr "davon"'}
    made = Environment(autoescape=True, extensions=[Translation])
    made.extend(translate=known.get)
    page = made.from_string('<p aria-label="More">Case {{ it.number }}, <a href="{{ to }}">{{ it.title }}</a></p>')
    told = page.render(it={"number": 7, "title": "Rina & Co"}, to="/x")
    assert told == f'<p aria-label="Mehr &quot;davon&quot;">{shown}</p>'


def test_why_something_is_refused_is_said_in_the_language_of_the_page(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with(monkeypatch, pseudo_language())
    client = portal.as_role("caseworker")
    client.get(f"/account?lang={CODE}")
    wrong = REPORT | {"command_id": str(uuid4()), "a-victims_estimate": "-3", "a-narrative": "x" * 30_000}
    pages = [client.post("/report", data=wrong), client.get("/board"), client.get("/people")]
    assert [page.status_code for page in pages] == [422, 403, 403]
    assert "20000" in pages[0].text
    names = {who.name for who in portal.people.values()} | {one.name for one in page_languages().values()}
    found = {text for page in pages for text in untranslated(page.text, but=names | {"ICMC", "IN-AS", "Asia/Kolkata"})}
    assert found == set()


def test_what_was_put_together_is_found_by_its_sentence_and_each_of_several_by_itself() -> None:
    words = {
        "{most} characters fit.": "Es passen {most} Zeichen.",
        "{who} is not allowed to {act}.": "{who} darf nicht: {act}.",
        "open a case": "einen Fall anlegen",
        "Choose one.": "Wähle etwas.",
        "{all} together": "zusammen {all}",
        "It starts with {value}: {value2}.": "Ab {value2}, denn dann war {value}.",
        "the end of “{title}”": "„{title}“ zu Ende",
        "Triage": "Sichtung",
        "Saturday": "Samstag",
        "March": "März",
        "{weekday} {day} {month} {year}": "{weekday}, {day}. {month} {year}",
        "{day}, {time}": "{day}, {time} Uhr",
        "{month} {year}": "{year} im {month}",
    }
    token = languages._SPOKEN.set(languages._Spoken(PageLanguage("de", "Deutsch", is_proofread=True, words=words)))
    try:
        assert retell("20 characters fit.") == "Es passen 20 Zeichen."
        assert retell("Mina Das is not allowed to open a case.") == "Mina Das darf nicht: einen Fall anlegen."
        assert retell("Choose one. 3 characters fit. Go on.") == "Wähle etwas. Es passen 3 Zeichen. Go on."
        assert retell("a (b together") == "a (b together"
        told = retell("It starts with the end of “Triage”: Saturday 7 March 2026, 18:40.")
        assert told == "Ab Samstag, 7. März 2026, 18:40 Uhr, denn dann war „Sichtung“ zu Ende."
        assert retell("March 2026") == "2026 im März"
        assert retell("Act 2012") == "Act 2012"
        assert retell("the end of the world") == "the end of the world"
    finally:
        languages._SPOKEN.reset(token)
    assert retell("Choose one.") == "Choose one."


def test_a_number_in_what_is_said_stands_where_the_other_language_wants_it() -> None:
    words = {"Person {number}": "{number}. Mensch", "in {span}": "noch {span}"}
    spoken = languages._Spoken(PageLanguage("de", "Deutsch", is_proofread=True, words=words))
    token = languages._SPOKEN.set(spoken)
    try:
        assert say("Person 12") == "12. Mensch"
        assert say("in {span}", span="2 h") == "noch 2 h"
        assert say("Person 1 of 2") == "Person 1 of 2"
        assert say("Nothing is known of this") == "Nothing is known of this"
    finally:
        languages._SPOKEN.reset(token)
