"""What the portal serves of its own: nothing is fetched from elsewhere, and no mark of a government is in it."""

import gzip
import json
import re
import stat
from pathlib import Path

import pytest
from httpx import Response
from jinja2 import Environment

from engine.machine import data_folder
from engine.web import pages
from engine.web.languages import LANGUAGE_COOKIE
from engine.web.pages import STATIC, static_url
from tests.kit.portal import Portal, hidden, report_case
from tests.languages.catalogues import messages

FRONTEND = STATIC.parent / "frontend"
LARGEST_STYLE = 9_000
LARGEST_LOAD = 60_000
"""Bytes, compressed: what a page weighs with all that it needs, where nothing of ours was loaded before."""
LARGEST_AFTER = 20_000
"""The same, for a page whose style sheet and script were loaded before, and for the answer to a form."""
TABS = (
    "",
    "/steps",
    "/people",
    "/time",
    "/papers",
    "/sharing",
    "/diary",
    "/history",
    "/add-step",
    "/add-person",
    "/send",
    "/consents",
    "/sent",
    "/files",
    "/links",
    "/law",
    "/account",
)
TASKS = (
    "/worklist",
    "/account",
    "/cases",
    "/find",
    "/transmit",
    "/referrals",
    "/matches",
    "/import",
    "/numbers",
    "/on-call",
)
LARGEST_EDITOR = 150_000
_LOADED = re.compile(r'(?:href|src)="(/static/[^"]+)"')
_CLASS = r"(?:govuk|icmc)-[\w!-]+"
BARE = {"govuk-radios", "govuk-file-upload--error", "icmc-break", "icmc-call", "icmc-qr"}
"""Classes that only say what something is."""


def test_the_style_sheet_loads_nothing_and_brings_no_foreign_font_or_crest() -> None:
    css = (STATIC / "portal.css").read_text(encoding="utf-8").lower()
    for foreign in ("@font-face", "@import", "gds transport", "crown", "crest"):
        assert foreign not in css, foreign
    assert all(address.startswith("data:") for address in re.findall(r"url\([\"']?([^)]*)", css))


def test_the_script_sends_and_stores_nothing() -> None:
    script = (STATIC / "portal.js").read_text(encoding="utf-8")
    for forbidden in ("fetch(", "XMLHttpRequest", "sendBeacon", "localStorage", "sessionStorage", "eval(", "innerHTML"):
        assert forbidden not in script, forbidden


def test_the_editor_is_small_and_neither_stores_anything_nor_knows_another_address() -> None:
    script = (STATIC / "editor.js").read_text(encoding="utf-8")
    assert len(gzip.compress(script.encode())) <= LARGEST_EDITOR
    for forbidden in ("XMLHttpRequest", "sendBeacon", "localStorage", "sessionStorage", "eval(", "new Function"):
        assert forbidden not in script, forbidden
    assert set(re.findall(r"\w+://[^\"'\s]*", script)) == {"http://www.w3.org/2000/svg"}
    asked = [re.sub(r"\w+(?=\.dataset)", "form", address) for address in re.findall(r"fetch\((.*?)[,)]", script)]
    assert sorted(asked) == ["`${form.dataset.editor}/findings`", "`${form.dataset.editor}/words`"]


def test_what_the_editor_says_is_brought_by_its_page_where_it_can_be_translated() -> None:
    script = (STATIC / "editor.js").read_text(encoding="utf-8")
    short = re.search(r"function ([\w$]+)\((\w+),(\w+)\)\{return \2\.state\.phrase\(\3\)\}", script)
    assert short is not None
    said = set(re.findall(r"\.phrase\(\"([^\"]+)\"", script))
    said |= set(re.findall(rf"(?<![\w$]){re.escape(short[1])}\(\w+,\"([^\"]+)\"", script))
    said |= {
        words
        for source in (FRONTEND / "src").glob("*.js")
        for words in re.findall(r"\bsay\(\s*\"([^\"]+)\"", source.read_text(encoding="utf-8"))
    }
    assert {"Find", "Replace", "Completions", "Found: $1, $2.", "is answered"} <= said
    page = (data_folder("templates") / "portal" / "_editor.html").read_text(encoding="utf-8")
    brought = dict(re.findall(r"<li data-say=\"([^\"]+)\">([^<]+)</li>", page))
    assert said - brought.keys() == set()
    assert all(words == key for key, words in brought.items()), "English is what the key says"
    assert brought.keys() - set(messages()) == set(), "what no catalogue asks for"


def test_the_licence_of_what_is_vendored_is_there() -> None:
    assert "Permission is hereby granted" in (STATIC / "THIRD-PARTY.txt").read_text(encoding="utf-8")


def test_the_lock_of_the_build_has_checksums_and_no_addresses() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    fetched = {name: entry for name, entry in packages.items() if name}
    assert fetched
    assert all("integrity" in entry for entry in fetched.values())
    assert not any("resolved" in entry for entry in fetched.values())


def test_the_address_of_a_file_changes_with_its_content() -> None:
    assert static_url("portal.css") != static_url("portal.js")
    assert static_url("portal.css").startswith("/static/portal.css?")


def test_the_style_sheet_has_every_class_of_a_template_and_little_else() -> None:
    css = (STATIC / "portal.css").read_text(encoding="utf-8")
    styled = set(re.findall(rf"\.({_CLASS})", css.replace("\\!", "!")))
    templates = "".join(page.read_text(encoding="utf-8") for page in (data_folder("templates") / "portal").glob("*"))
    used = set(re.findall(rf"(?<![\w/.-]){_CLASS}(?<!-)", templates))
    assert used - styled == BARE
    assert len(gzip.compress(css.encode())) < LARGEST_STYLE


def test_compiled_templates_are_kept_between_starts_where_nobody_else_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert _compiled() == 1
    assert _compiled() == 0
    (folder,) = tmp_path.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o770)
    assert _compiled() == 1, "what others could have written is not run"


def test_the_style_sheet_and_the_script_are_kept_for_a_year_by_the_address_that_holds_their_hash(
    portal: Portal,
) -> None:
    client = portal.anybody()
    for name in ("portal.css", "portal.js"):
        kept = client.get(static_url(name))
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.headers["content-encoding"] == "gzip"
        again = client.get(static_url(name), headers={"If-None-Match": kept.headers["etag"]})
        assert again.status_code == 304
        assert client.get(f"/static/{name}").headers["cache-control"] == "no-store"
        assert client.get(f"/static/{name}?000000000000").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("asked_by", "is_compressed"), [
    ("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False), ("", False),
])  # fmt: skip
def test_a_page_is_compressed_for_our_own_pages_alone(portal: Portal, asked_by: str, *, is_compressed: bool) -> None:
    headers = {"Sec-Fetch-Site": asked_by} if asked_by else {}
    page = portal.as_role("caseworker").get("/worklist", headers=headers)
    assert page.status_code == 200
    assert (page.headers.get("content-encoding") == "gzip") is is_compressed
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "my"])
def test_each_task_loads_sixty_kilobytes_the_first_time_and_twenty_after_at_most(portal: Portal, language: str) -> None:
    case = report_case(portal.as_role("intake_officer"))
    clients = {role: portal.as_role(role) for role in ("intake_officer", "case_manager", "system_administrator")}
    for client in clients.values():
        client.headers["Sec-Fetch-Site"] = "same-origin"
        client.cookies.set(LANGUAGE_COOKIE, language)
    person = re.search(rf'href="({case.page}/persons/[^"/]+)"', clients["case_manager"].get(f"{case.page}/people").text)
    for role, path in (
        ("intake_officer", "/report"), ("intake_officer", case.item), ("system_administrator", "/board"),
        *(("case_manager", f"{case.page}{tab}") for tab in TABS), ("case_manager", person.group(1)),
        *(("case_manager", path) for path in TASKS),
    ):  # fmt: skip
        page = clients[role].get(path)
        assert f'<html lang="{language}"' in page.text, path
        needed = [clients[role].get(one) for one in set(_LOADED.findall(page.text))]
        assert len(needed) > 1, "with its style sheet and its script"
        assert all(one.headers["content-encoding"] == "gzip" for one in (page, *needed))
        assert sum(map(_weight, (page, *needed))) <= LARGEST_LOAD, path
        assert _weight(page) <= LARGEST_AFTER, path
    revision = hidden(clients["intake_officer"].get(case.item).text, "revision")
    empty = {"command_id": "", "revision": revision, "action": "complete", "act": "check"}
    sent = [("intake_officer", "/report"), ("intake_officer", case.item), ("case_manager", "/import")]
    sent += [
        ("case_manager", f"{case.page}/{form}") for form in ("consents", "send", "add-step", "add-person", "diary")
    ]
    for role, path in sent:
        answer = clients[role].post(path, data=empty, follow_redirects=False)
        assert answer.status_code == 422, path
        assert _weight(answer) <= LARGEST_AFTER, path


def _weight(answer: Response) -> int:
    """Return how many bytes an answer is on its way."""
    is_compressed = answer.headers.get("content-encoding") == "gzip"
    return len(gzip.compress(answer.content)) if is_compressed else len(answer.content)


def test_an_answer_that_shows_a_secret_is_never_compressed_and_a_form_that_comes_back_is_for_our_pages(
    portal: Portal,
) -> None:
    client, case = portal.as_role("caseworker"), report_case(portal.as_role("caseworker"))
    person = re.search(rf'href="({case.page}/persons/[^"/]+)"', client.get(f"{case.page}/people").text)
    for headers in ({"Sec-Fetch-Site": "same-origin"}, {}):
        shown = client.post(f"{person.group(1)}/reveal", data={}, headers=headers)
        refused = client.post("/report", data={}, headers=headers)
        assert len(shown.content) > 1_000
        assert "content-encoding" not in shown.headers
        assert (refused.headers.get("content-encoding") == "gzip") is bool(headers)
    plain = client.post("/report", data={}, headers={"Sec-Fetch-Site": "same-origin", "Accept-Encoding": "identity"})
    assert (plain.status_code, plain.headers.get("content-encoding")) == (422, None)


def _compiled() -> int:
    """Open a page as a process that has just started; returns how many templates it compiled."""
    count = 0

    class Counting(Environment):
        def compile(self, *given: object, **more: object) -> object:  # type: ignore[override]
            nonlocal count
            count += 1
            return super().compile(*given, **more)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "Environment", Counting)
        pages.environment.__wrapped__().get_template("refused.html")
    return count
