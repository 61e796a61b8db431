"""Whatever is typed into any field of any form, taken or refused, comes back as text: no tag is made of it."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from starlette.testclient import TestClient
from tinyhtml5 import parse

from tests.kit.crawl import OfferedForm, crawl
from tests.oracle.world import OracleWorld

pytestmark = pytest.mark.long

TEXTS: Final = ("""'"><xss-mark onclick=ran(1)></textarea></title></script><xss-mark>""", "javascript:ran(2)")
"""What closes whatever it stands in, and what would be an address."""
COMES_BACK: Final = "&lt;xss-mark"
KEPT: Final = ("command_id", "revision", "action", "csrf")
"""What no person types."""
LAST: Final = ("sign-out", "end-others", "/end", "keys", "deactivate", "/become", "/exit", "second-factor", "/password")
"""What ends a session, or takes away others' forms, comes after them."""
ADDRESSES: Final = {"href", "src", "action", "formaction"}
WHO_LOOKS: Final = ("lead", "manager", "intake", "officer", "admin", "partner", "")
FEWEST, MET = 40, 110
"""How many sorts of forms say again what was typed, and are met, at the least."""


def test_the_look_for_marks_sees_what_is_not_escaped() -> None:
    assert _marks(f"<p>{TEXTS[0]}</p>")
    assert _marks(f"<input value='{TEXTS[0]}'>")
    assert _marks(f'<a href="{TEXTS[1]}">x</a>')
    assert not _marks(f"<textarea>{TEXTS[0].replace('<', '&lt;')}</textarea>")


def test_what_is_typed_into_any_form_makes_no_tag(world: OracleWorld) -> None:
    met, came_back, wrong = set[str](), set[str](), list[object]()
    for who in WHO_LOOKS:
        client = world.clients[who] if who else TestClient(world.app, base_url="http://127.0.0.1")
        forms = crawl(client, *_starts(world, who), most_of_a_sort=1).forms
        for form in sorted(forms, key=lambda one: (one.sort.endswith(LAST), one.sort)):
            if form.sort in met:
                continue
            met.add(form.sort)
            for typed in _typed(form):
                answer = client.post(form.action, data=typed)
                if (found := _marks(answer.text)) or answer.status_code >= 500:
                    wrong.append((who, form.action, typed, answer.status_code, found))
                if COMES_BACK in answer.text:
                    came_back.add(form.sort)
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert len(met) >= MET
    assert len(came_back) >= FEWEST, sorted(met - came_back)


def _starts(world: OracleWorld, who: str) -> tuple[str, ...]:
    if not who:
        return "/tell", "/progress", "/sign-in"
    return "/", "/worklist", f"/cases/{world.objects['own'].ids['case_id']}", "/cases", "/definitions/message"


def _typed(form: OfferedForm) -> Iterator[dict[str, list[str]]]:
    """Fill what is written only, and then everything that a person can send, with each text."""
    for text in TEXTS:
        for is_all in (False, True):
            yield {
                name: [
                    text if name not in KEPT and (is_all or value.startswith("Some words")) else value
                    for value in given
                ]
                for name, given in form.fields.items()
            }


def _marks(page: str) -> list[str]:
    """Return what an HTML parser takes for more than text of what was typed."""
    return [
        f"{part.tag} {dict(part.attrib)}" for part in parse(page, namespace_html_elements=False).iter() if _runs(part)
    ]


def _runs(part: Any) -> bool:
    if part.tag == "xss-mark" or (part.tag in {"script", "style"} and "ran(" in (part.text or "")):
        return True
    return any(
        "ran(" in value and (name.startswith("on") or (name in ADDRESSES and value.lower().startswith("javascript:")))
        for name, value in part.attrib.items()
    )
