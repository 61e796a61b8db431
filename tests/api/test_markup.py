"""Markup in every field of a report by the API: no page runs it, and no answer repeats it."""

from typing import Final
from uuid import UUID

import pytest

from engine.api.records import asked
from engine.builtin import REPORT
from engine.plugin.kinds import FieldKind
from tests.api.programs import TOLD, key_for, send
from tests.kit.portal import Portal

pytestmark = pytest.mark.long

CORPUS: Final = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "javascript:alert(1)",
    "</textarea><svg onload=alert(1)>", "{{ 7 * 191 }}", "{% include 'base.html' %}", "<b>&amp;lt;script&amp;gt;",
    '" autofocus onfocus="alert(1)', "</title><body onload=alert(1)>", "\u202e<iframe src=//x.example>",
    "<a href='data:text/html,<script>alert(1)</script>'>",
)  # fmt: skip
TEXTS: Final = frozenset({FieldKind.TEXT, FieldKind.LONGTEXT, FieldKind.GEO})
WHOLE: Final = {
    "received_at": "2026-03-07T12:00:00Z", "channel": "helpline", "informant_relation": "neighbour",
    "informant_anonymous": False, "language": "as", "interpreter_needed": False, "recruited_online": True,
}  # fmt: skip


@pytest.mark.parametrize("markup", CORPUS)
def test_markup_in_any_answer_stays_words_on_every_page(portal: Portal, markup: str) -> None:
    specs = asked(portal.engine.registry.get(REPORT))
    texts = {name: f"{markup} {name}" for name, spec in specs.items() if spec.kind in TEXTS}
    assert len(texts) > 4
    sent = send(portal, key_for(portal, "report"), {"answers": TOLD | WHOLE | texts})
    assert sent.status_code == 201, sent.text
    assert markup not in sent.text
    case_id = UUID(sent.json()["id"])
    client = portal.as_role("intake_officer")
    [item] = portal.rows("SELECT id FROM work_item WHERE case_id = :id AND status = 'ready'", id=case_id)
    client.post(f"/items/{item['id']}/claim")
    form = client.get(f"/items/{item['id']}")
    shown = [form.text, *(client.get(path).text for path in (f"/cases/{case_id}", f"/cases/{case_id}/history"))]
    assert f"{texts['narrative'][-9:]}" in form.text, "the form shows what was sent"
    assert not [page for page in shown if markup in page and any(sign in markup for sign in "<\"'")]
    assert "1337 narrative" not in form.text, "it was worked out"


@pytest.mark.parametrize("markup", CORPUS)
def test_a_refusal_is_json_that_no_browser_reads_as_a_page(portal: Portal, markup: str) -> None:
    key = key_for(portal, "report")
    for name in asked(portal.engine.registry.get(REPORT)):
        answer = send(portal, key, {"answers": TOLD | {name: [markup, 1]}, markup: markup})
        assert answer.status_code == 422, name
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
