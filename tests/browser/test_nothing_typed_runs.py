"""Whatever is typed into any field of any form, in a real browser: nothing of it runs, there or where it is shown."""

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from tests.kit.crawl import OfferedForm, crawl
from tests.kit.portal import Portal, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]

CORPUS: Final = (
    "<script>ran(1)</script>", "<img src=x onerror=ran(2)>", '"><svg onload=ran(3)>', "' onfocus='ran(4)' autofocus='",
    "javascript:ran(5)", "{{ran(6)}}${ran(6)}{% raw %}<%=7*7%>", "</textarea></title><xss-mark>",
    "<style>@import'//elsewhere.example/x';*{background:url(//elsewhere.example/y)}</style>",
    "&lt;script&gt;ran(9)&lt;/script&gt;&#60;xss-mark&#62;", "\u202e<b onmouseover=ran(10)>\u2066\ufeff",
    "\uff1cscript\uff1eran(11)\uff1c/script\uff1e", "--!>]]><iframe srcdoc='<script>parent.ran(13)</script>'>",
    "<a href=JaVaScRiPt:ran(14)>x</a>[x](javascript:ran(14))", "<meta http-equiv=refresh content=0;url=//else.example>",
    "<base href=//else.example><form action=//else.example>", "<svg><animate onbegin=ran(16) attributeName=x>",
    "'-ran(17)-'\\u003cxss-mark\\u003e", "`${ran(18)}`</script><script>ran(18)</script>",
)  # fmt: skip
ROLES: Final = ("case_manager", "system_administrator", "intake_officer")
LAST: Final = ("close", "end", "withdraw", "deactivate", "move", "merge", "cancel", "reopen", "split", "refuse", "keys")
"""What takes away others' forms comes after them."""
SHOWN_BY_A_CLICK: Final = ("reveal", "words", "held", "reason", "places")
MARKS: Final = ("ran(", "xss-mark", "else.example", "elsewhere.example")
"""One of them is in each text of the corpus: a page without any of them shows nothing that was typed."""
FEWEST: Final = 20
"""So many sorts of forms take what was typed, at the least."""

_HOOK = """
  window.ran = (which) => { window.whatRan = [...(window.whatRan || []), which]; };
  window.isIt = (form, action) => form.getAttribute('method') === 'post'
    && new URL(form.getAttribute('action') || location.href, location.href).pathname === action;
"""
_FOUND = """() => [
  ...(window.whatRan || []).map((which) => `number ${which} ran`),
  ...[...document.querySelectorAll(`xss-mark, script:not([src]), iframe, base, meta[http-equiv], [onerror], [onload],
    [onfocus], [onmouseover], [onbegin], a[href^="javascript" i], form[action^="//"]`)].map((one) => one.outerHTML),
]"""
_FILL = """([action, words]) => {
  const form = [...document.forms].find((one) => isIt(one, action));
  if (!form) return 0;
  form.noValidate = true;
  for (const part of form.querySelectorAll('details')) part.open = true;
  let typed = 0;
  const chosen = new Set();
  for (const field of form.elements) {
    if (!field.name || field.type === 'hidden' || field.type === 'password' || field.disabled) continue;
    if (field.tagName === 'TEXTAREA') { field.value = words.join('\\n'); typed += 1; }
    else if (['text', 'search', 'email', 'tel', 'url'].includes(field.type)) {
      field.value = words[(typed + words.length - 1) % words.length]; typed += 1;
    }
    else if (field.tagName === 'SELECT') {
      field.value = field.value || ([...field.options].find((one) => one.value) || field).value;
    }
    else if (['radio', 'checkbox'].includes(field.type) && !chosen.has(field.name)) {
      field.checked = true; chosen.add(field.name);
    }
    else if (field.type === 'number') field.value = field.min || '1';
    else if (field.type === 'date') field.value = field.value || '2026-03-20';
    else if (field.type === 'datetime-local') field.value = field.value || '2026-03-07T10:00';
  }
  return typed;
}"""
_SEND = """(action) => [...document.forms].find((one) => isIt(one, action))
    .querySelector('button:not([type=button])').click()"""

Open = Callable[[str], Page]


@pytest.fixture
def open_as(browser: Browser, address: str, portal: Portal) -> Iterator[Open]:
    """Return a way to open a page as who has a role; in the end, nothing may have asked elsewhere, or been blocked."""
    faults: list[str] = []

    def new(role: str) -> Page:
        context = browser.new_context(base_url=address)
        context.add_init_script(_HOOK)
        kept = portal.as_role(role).cookies if role else {}
        context.add_cookies([{"name": name, "value": value, "url": address} for name, value in dict(kept).items()])
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda asked: (faults.append(asked.message), asked.dismiss()))
        page.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else faults.append(asked.url))
        return page

    yield new
    for context in list(browser.contexts):
        context.close()
    assert not faults, "\n".join(faults)


def test_the_hook_sees_what_runs(browser: Browser, address: str) -> None:
    context = browser.new_context(base_url=address)
    context.add_init_script(_HOOK)
    page = context.new_page()
    page.goto("about:blank")
    found = set[str]()
    assert all(any(mark in text for mark in MARKS) for text in CORPUS)
    for text in (*CORPUS[:3], CORPUS[6]):
        page.set_content(text)
        page.wait_for_timeout(200)
        found |= {*page.evaluate(_FOUND)}
    assert {"number 1 ran", "number 2 ran", "number 3 ran", "<xss-mark></xss-mark>"} <= found
    context.close()


def test_nothing_that_is_typed_into_any_form_runs_where_it_is_shown(open_as: Open, portal: Portal) -> None:
    portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": "yes"})
    report_case(portal.as_role("intake_officer"))
    words, taken, met = cycle(range(len(CORPUS))), set[str](), set[str]()
    for role in ("", *ROLES):
        page = open_as(role)
        for form in _forms(portal, role):
            if form.sort not in met:
                met.add(form.sort)
                if _typed_and_taken(page, form, next(words)):
                    taken.add(form.sort)
    assert len(taken) >= FEWEST, "\n".join(sorted(met - taken))
    shown = 0
    for role in ("", *ROLES):
        page, found = open_as(role), crawl(portal.client_of(role), *_starts(role), most_of_a_sort=1)
        for path, text in found.pages.items():
            shown += "ran(" in text
            if any(mark in text for mark in MARKS):
                page.goto(path)
                assert page.evaluate(_FOUND) == [], path
        for form in found.forms:
            if form.sort.endswith(SHOWN_BY_A_CLICK) and page.goto(form.page).ok:
                _send(page, form)
    assert shown >= FEWEST


def _starts(role: str) -> tuple[str, ...]:
    return ("/", "/worklist", "/cases", "/definitions/message") if role else ("/tell", "/progress")


def _forms(portal: Portal, role: str) -> list[OfferedForm]:
    """Return the forms that somebody is offered, those last that take others away."""
    found = crawl(portal.client_of(role), *_starts(role), most_of_a_sort=1).forms
    return sorted(found, key=lambda form: form.sort.rpartition("/")[2] in LAST)


def _typed_and_taken(page: Page, form: OfferedForm, first: int) -> bool:
    """Fill every field of a form, each with another text, and send it; return whether it was taken."""
    answer = page.goto(form.page)
    if answer is None or not answer.ok:
        return False
    words = [CORPUS[(first + place) % len(CORPUS)] for place in range(len(CORPUS))]
    if not page.evaluate(_FILL, [form.action.partition("?")[0], words]):
        return False
    return _send(page, form)


def _send(page: Page, form: OfferedForm) -> bool:
    """Send a form, and look at the page that answers; return whether it was taken."""
    with page.expect_navigation() as arrived:
        page.evaluate(_SEND, form.action.partition("?")[0])
    assert page.evaluate(_FOUND) == [], (form.page, form.sort)
    return arrived.value is not None and arrived.value.ok
