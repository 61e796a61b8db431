"""What a person with a keyboard does, and what a checker of accessibility finds."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.kit.portal import Portal

_FOCUSED = """() => {
  const it = document.activeElement;
  if (!it || it === document.body) return "";
  const label = it.labels && it.labels.length ? it.labels[0].innerText : "";
  const legend = it.type === "radio" ? it.closest("fieldset").querySelector("legend").innerText + " " : "";
  return legend + (label || it.innerText || it.value || "");
}"""
_MOST_TABS = 200

_TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter((part) => part.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 5).map((part) => `${part.tagName}.${part.className}: ${part.textContent.trim().slice(0, 60)}`)"""
"""Names the parts of a page that reach beyond the window."""


def go_to(page: Page, words: str) -> None:
    """Press the tab key until something with these words has the focus."""
    seen = []
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        focused = str(page.evaluate(_FOCUSED)).strip()
        if words in focused:
            return
        seen.append(focused)
    raise AssertionError(f"the keyboard does not reach {words!r}; it came by {list(dict.fromkeys(seen))}")


def become(page: Page, portal: Portal, role: str) -> None:
    """Sign in to the demo as who has a role."""
    page.goto("/sign-in")
    press(page, portal.people[role].name)


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
    """Find no serious fault of accessibility, and no sideways scrolling."""
    found = Axe().run(page).response["violations"]
    serious = [
        (fault["id"], [node["html"][:200] for node in fault["nodes"]])
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]
    assert not serious, f"{page.url}: {serious}"
    must_fit(page)


def must_fit(page: Page) -> None:
    """Find no sideways scrolling. A page without script is looked at so: what checks the rest would wait for ever."""
    width = page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1], f"{page.url} scrolls sideways ({width}): {page.evaluate(_TOO_WIDE)}"
