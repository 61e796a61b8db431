"""What a person with a keyboard does, and what a checker of accessibility finds."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from axe_playwright_python.sync_playwright import DEFAULT_OPTIONS, Axe
from playwright.sync_api import Page

from tests.kit.portal import Portal

_TOLD = """(it) => {
  if (!it || it === document.body) return "";
  const label = it.labels && it.labels.length ? it.labels[0].innerText : "";
  const legend = it.type === "radio" ? it.closest("fieldset").querySelector("legend").innerText + " " : "";
  return legend + (label || it.innerText || it.value || "");
}"""
"""What is said of a part of a page to whom it has the focus."""
_FOCUSED = f"() => ({_TOLD})(document.activeElement)"
_MATCHES = "(it, wanted) => it.matches(wanted)"
_IS_CALLED = f"(it, wanted) => ({_TOLD})(it).includes(wanted)"
_AWAY = """(wanted) => {
  const is = %s, groups = {};
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
    .filter((it) => it.tabIndex >= 0 && !it.matches(":disabled, [type=hidden]")
      && it.checkVisibility({visibilityProperty: true}));
  for (const it of all.filter((it) => it.type === "radio" && (it.checked || !groups[it.name]))) groups[it.name] = it;
  const stops = all.filter((it) => it.type !== "radio" || groups[it.name] === it);
  const named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const from = document.activeElement === document.body ? named : document.activeElement;
  const start = stops.filter((it) => from && (it === from
    || it.compareDocumentPosition(from) & Node.DOCUMENT_POSITION_FOLLOWING)).length;
  return [...stops.slice(start), ...stops.slice(0, start)].findIndex((it) => is(it, wanted));
}"""
"""How many stops of the tab key lie before what is wanted, as far as a page can say; -1 for what it does not find."""
_MOST_TABS = 200

DESK = 1280
BUT_COLOURS = DEFAULT_OPTIONS | {"rules": {"color-contrast": {"enabled": False}}}
"""All that the checker of accessibility looks at, but the contrast of colours."""

TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter((part) => part.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 5).map((part) => `${part.tagName}.${part.className}: ${part.textContent.trim().slice(0, 60)}`)"""
"""Names the parts of a page that reach beyond the window."""
SHAPE = """() => {
  const said = ["class", "role", "type", "style", "tabindex", "scope", "fill", "open", "hidden", "disabled", "checked",
    "aria-hidden", "aria-expanded", "aria-current", "aria-live", "aria-invalid", "aria-checked", "aria-pressed"];
  const named = ["for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "list"];
  const ids = new Set(), twice = new Set();
  for (const one of document.querySelectorAll("[id]")) (ids.has(one.id) ? twice : ids).add(one.id);
  const found = (value) => value.split(" ").map((id) => ids.has(id) + (twice.has(id) ? "2" : ""));
  const shape = (one) => {
    const attributes = [...one.attributes].map(({name, value}) => named.includes(name) ? name + found(value)
      : said.includes(name) ? name + "=" + value
      : name === "id" ? "id" + (twice.has(value) ? "2" : "") : name + !!value.trim()).sort();
    const spills = one.scrollWidth > one.clientWidth && !one.querySelector("a[href], button, input, select, textarea")
      && ["auto", "scroll"].includes(getComputedStyle(one).overflowX) ? "+" : "";
    const below = [];
    for (const child of one.childNodes) {
      const next = child.nodeType === 1 ? shape(child) : child.nodeType === 3 && child.data.trim() ? "*" : "";
      if (next && next !== below[below.length - 1]) below.push(next);
    }
    return one.localName + spills + "[" + attributes + "](" + below.join() + ")";
  };
  return shape(document.documentElement);
}"""
"""How a page is built, without what it says: lines that are built alike and stand one below the other count once."""
_LOOKED_AT: set[tuple[int, bool]] = set()
"""The shapes of pages that the checker has looked at, and whether at their colours too."""
_NOTHING_LEAVES = """() => document.readyState === "complete"
    && ![...document.forms].some((it) => it.dataset.waits || it.dataset.reached || it.dataset.sentAt)"""
"""Whether no form of a page is on its way: it asks for the line first, and the next page comes after that."""


_ANSWERABLE = """() => [...document.querySelector('#form').elements].filter((one) => one.name.startsWith('a-'))
    .map((one) => [one.name.slice(2), one.type])"""
_IS_FOLDED = """(name) => {
  const part = document.getElementsByName('a-' + name)[0].closest('details');
  return part && !part.open;
}"""


def _come_near(page: Page, test: str, wanted: str) -> None:
    """Hold the tab key down until what is wanted is near; the rest of the way is looked at stop by stop."""
    for _ in range(page.evaluate(_AWAY % test, wanted) - 1):
        page.keyboard.down("Tab")
    page.keyboard.up("Tab")


def go_to_part(page: Page, selector: str) -> None:
    """Press the tab key until what a selector names has the focus."""
    _come_near(page, _MATCHES, selector)
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector} on {page.url}")


def answer_by_keyboard(page: Page, answers: Mapping[str, object], zone: str) -> int:
    """Answer the questions of a form of work in their order; returns how many were answered."""
    kinds = dict(reversed(page.evaluate(_ANSWERABLE)))
    asked = [(name, kind) for name, kind in kinds.items() if answers.get(name) is not None]
    for name, kind in reversed(asked):
        if page.evaluate(_IS_FOLDED, name):
            go_to_part(page, "summary")
            page.keyboard.press("Enter")
        if page.locator(f'[name="a-{name}"]').first.is_hidden():
            continue  # what the answers before do not ask
        _answer(page, f'[name="a-{name}"]', kind, answers[name], zone)
    return len(asked)


def _answer(page: Page, field: str, kind: str, answer: object, zone: str) -> None:
    if kind == "checkbox":
        for value in answer if isinstance(answer, list) else ():
            go_to_part(page, f'{field}[value="{value}"]')
            if not page.evaluate("() => document.activeElement.checked"):
                page.keyboard.press("Space")
        return
    text = {True: "yes", False: "no"}.get(answer, str(answer)) if isinstance(answer, bool) else str(answer)
    go_to_part(page, field)
    if kind == "radio":
        page.keyboard.press("Space")
        for _ in range(page.locator(field).count()):
            if page.evaluate("() => document.activeElement.value") == text:
                return
            page.keyboard.press("ArrowDown")
        raise AssertionError(f"{field} has no {text!r} to choose on {page.url}")
    if kind == "select-one":
        option = page.locator(f'{field} option[value="{text}"]').inner_text()
        page.keyboard.type(option)
    elif kind in {"date", "datetime-local"}:
        local = datetime.fromisoformat(text).astimezone(ZoneInfo(zone)) if "T" in text else date.fromisoformat(text)
        page.keyboard.type(f"{local:%m%d%Y}")
        if kind == "datetime-local":
            page.keyboard.press("ArrowRight")
            page.keyboard.type(f"{local:%I%M%p}")
    else:
        page.keyboard.press("Control+A")
        page.keyboard.type(text)


def go_to(page: Page, words: str) -> None:
    """Press the tab key until something with these words has the focus."""
    seen = []
    _come_near(page, _IS_CALLED, words)
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        focused = str(page.evaluate(_FOCUSED)).strip()
        if words in focused:
            return
        seen.append(focused)
    raise AssertionError(f"the keyboard does not reach {words!r}; it came by {list(dict.fromkeys(seen))}")


def become(page: Page, portal: Portal, role: str) -> None:
    """Sign in to the demo as who has a role; the page stays where it is. By the keyboard `test_by_keyboard` does it."""
    page.request.post("/become", form={"actor_id": str(portal.people[role].actor_id)}, max_redirects=0)


def press(page: Page, words: str) -> None:
    """Go to a link or button, and press Enter."""
    go_to(page, words)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def write(page: Page, words: str, text: str) -> None:
    """Go to a field, and type."""
    go_to(page, words)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def choose(page: Page, question: str, steps: int) -> None:
    """Go to a question with radio buttons and choose one by arrow keys: 0 is the first."""
    go_to(page, question)
    page.keyboard.press("Space")
    for _ in range(steps):
        page.keyboard.press("ArrowDown")


def unfold(page: Page, words: str) -> None:
    """Open what is folded away, unless it is open already."""
    go_to(page, words)
    if not page.evaluate("() => document.activeElement.closest('details').open"):
        page.keyboard.press("Enter")


def pick(page: Page, words: str, option: str) -> None:
    """Go to a list, and pick an option by typing how it begins."""
    go_to(page, words)
    page.keyboard.type(option)


def must_be_pleasant(page: Page) -> None:
    """Find no serious fault of accessibility, and no sideways scrolling.

    What was sent is waited for, so that no page is looked at that goes away meanwhile. Colours are looked at on a desk:
    that takes most of the time, and `test_every_page` looks at those of a telephone.
    """
    page.wait_for_function(_NOTHING_LEAVES)
    colours = (page.viewport_size or {"width": 0})["width"] >= DESK
    if not looked_at(page.evaluate(SHAPE), colours=colours):
        found = serious(Axe().run(page, options=DEFAULT_OPTIONS if colours else BUT_COLOURS).response)
        assert not found, f"{page.url}: {found}"
    must_fit(page)


def looked_at(shape: str, *, colours: bool) -> bool:
    """Whether the checker has looked at a page of this shape, and note that it does now.

    It takes half a second for each page, and finds the same in what is built alike.
    """
    known = bool({(hash(shape), True), (hash(shape), colours)} & _LOOKED_AT)
    _LOOKED_AT.add((hash(shape), colours))
    return known


def serious(response: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the serious faults that a checker of accessibility found, each with where."""
    return [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in response["violations"]
        if fault["impact"] in {"serious", "critical"}
    ]


def must_fit(page: Page) -> None:
    """Find no sideways scrolling. A page without script is looked at so: what checks the rest would wait for ever."""
    width = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{page.url} scrolls sideways ({width}): {page.evaluate(TOO_WIDE)}"
