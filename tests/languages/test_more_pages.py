"""The pages of the portal in a language that nobody speaks: what stays English on them is no text of ours."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Final

import pytest
from starlette.testclient import TestClient

from engine.definitions.records import RetirementError, SpecialDayError
from engine.web import languages
from engine.web.languages import PageLanguage, page_languages
from tests.kit.crawl import routes_of
from tests.kit.portal import Portal, report_case
from tests.languages.pseudo import CODE, pseudo_language, strange, untranslated

LOOKS: Final = ("case_manager", "system_administrator")
"""Who opens a page: the first of them who may."""
FEWEST: Final = 60
"""How many pages are opened at least."""
IN_ENGLISH: Final = re.compile(
    r"^/(definitions|workflows|ladders|calendars|law)\b|^/cases/\{case_id\}/law$|^/keeping/policies$"
    r"|^/demo$|^/(exit|health|audit\.csv|numbers.*\.csv|account/practise)"
)
"""What definitions and laws say is kept in the language in which it was written; the last are no pages."""
TOLD_IN_ENGLISH: Final = re.compile(
    r"^(Case|C-)[^⟦]*your attention"  # a notice, as it was sent
    r"|^⟦Át móşt⟧ \d+ ⟦MB:⟧ [a-z0-9, ]+⟦"  # endings of files
    r"|^[a-z_, -]+$"  # codes of what was looked at
    r"|^Intake$"  # a step type that has no other name than its code
    r"|\bSMS\b|^(read|sign-in|people): \w+$|@example\.org$"  # a channel, entries in the log, addresses
)
"""What stays as it is, and why."""
STUDIO: Final = Path(__file__).parents[2] / "engine" / "definitions" / "pages"
POSTED: Final = STUDIO.parents[1] / "web" / "posted.py"


def _addresses(portal: Portal, known: dict[str, str]) -> Iterator[str]:
    """Return the address of each page that is of nothing else than is known."""
    for route in routes_of(portal.app):
        path = route.path
        is_page = "GET" in route.methods and not path.startswith("/api/") and not IN_ENGLISH.search(path)
        if is_page and set(re.findall(r"\{(\w+)", path)) <= known.keys():
            yield path.format(**known)


def _one(client: TestClient, page: str, pattern: str) -> str:
    return re.search(pattern + r"([0-9a-f-]{36})", client.get(page).text).group(1)


def _open(portal: Portal, case: str) -> Iterator[tuple[str, str]]:
    """Open each page as the first who may, in the language."""
    clients = [portal.as_role(role) for role in LOOKS]
    known = {
        "case_id": case.rpartition("/")[2],
        "person_id": _one(clients[0], f"{case}/people", f"{case}/persons/"),
        "step_id": _one(clients[0], f"{case}/steps", f"{case}/steps/"),
        "deadline_id": _one(clients[0], f"{case}/time", f"{case}/deadlines/"),
    }
    for client in clients:
        client.get(f"/account?lang={CODE}")
    for path in _addresses(portal, known):
        for client in clients:
            answer = client.get(path, follow_redirects=False)
            if answer.status_code == 200 and answer.headers["content-type"].startswith("text/html"):
                yield path, answer.text
                break


def _speak(monkeypatch: pytest.MonkeyPatch) -> dict[str, PageLanguage]:
    """Add the language to those of pages, and return all of them."""
    spoken = dict(page_languages()) | {CODE: pseudo_language()}
    monkeypatch.setattr(languages, "page_languages", lambda: spoken)
    return spoken


@pytest.mark.long
def test_no_text_of_ours_on_any_page_stands_outside_the_catalogues(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = _speak(monkeypatch)
    case = report_case(portal.as_role("case_manager"))
    portal.let_time_pass(timedelta(hours=3))
    shown = dict(_open(portal, case.page))
    assert len(shown) >= FEWEST
    units = {"Unit IN-AS (Demo)", "Partner in IN-AS"}
    names = {who.name for who in portal.people.values()} | {one.name for one in spoken.values()}
    names |= {"ICMC", "C-", "IN-AS", "Asia/Kolkata", case.number, *units}
    found = {
        path: [text for text in untranslated(page, but=names) if not TOLD_IN_ENGLISH.search(text)]
        for path, page in shown.items()
    }
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_the_board_tells_in_the_language_of_its_reader_which_pillar_is_missing(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _speak(monkeypatch)
    case_id = report_case(portal.as_role("case_manager")).page.rpartition("/")[2]
    portal.rows("UPDATE step SET uses = 'moon.walk' WHERE case_id = :case RETURNING id", case=case_id)
    board = portal.as_role("supervisor").get(f"/board?lang={CODE}").text
    assert strange("No installed pillar has the step type {uses}.").format(uses="moon.walk") in unescape(board)


def test_no_sentence_of_the_studio_or_of_what_is_posted_is_put_together_where_catalogues_do_not_look() -> None:
    """What a page makes with values is a message with marks for them, and goes through `say`."""
    found = {
        (file.name, words)
        for file in (*sorted(STUDIO.glob("*.py")), POSTED)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr)
        and (words := "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values))
        and re.match(r"[A-Z“]", words)
        and len(re.findall(r"[a-z]{2,}", words)) > 1
    }
    assert found == set()


def test_a_limit_of_the_law_says_its_length_and_what_it_is_called_in_the_language_of_its_reader(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _speak(monkeypatch)
    page = unescape(portal.as_role("case_manager").get(f"/law/IN-DEFAULT-BAIL?lang={CODE}").text)
    assert strange("network target, based on {source}").format(source="BNSS s.187(3)") in page
    assert strange("{number} days").format(number=90) in page


def test_why_a_definition_is_not_retired_is_said_in_the_language_of_the_page() -> None:
    error = RetirementError(
        refused="The ladder critical cannot be retired yet.",
        problem="The workflow “Other” uses it. Open time limits lead to it: 3.",
    )
    token = languages._SPOKEN.set(languages._Spoken(pseudo_language()))
    try:
        said = languages.error_words(error)
        asked = languages.retell("Ladder “Spare”, version 2: it would be retired. No one uses it.")
        day = languages.error_words(
            SpecialDayError(day="2026-01-06", calendar="IN", problem="no one added it by hand.")
        )
    finally:
        languages._SPOKEN.reset(token)
    assert list(untranslated(f"<p>{said}</p>", but=("critical", "Other", "3"))) == []
    assert asked.startswith(
        strange("Ladder “{title}”, version {version}: it would be retired.").format(title="Spare", version=2)
    )
    assert list(untranslated(f"<p>{day}</p>", but=("IN",))) == []


@pytest.mark.parametrize("words", ["every 3 months", "at once; 24 hours are watched", "no number; 30 days are watched"])
def test_how_long_a_limit_of_the_law_is_is_said_in_the_language_of_the_page(words: str) -> None:
    token = languages._SPOKEN.set(languages._Spoken(pseudo_language()))
    try:
        said = languages.retell(words)
    finally:
        languages._SPOKEN.reset(token)
    assert list(untranslated(f"<p>{said}</p>")) == []
