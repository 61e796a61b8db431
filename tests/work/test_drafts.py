"""A draft keeps all that was typed into the page of an item, also beside its questions."""

import re
from html import unescape
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from engine.course.actions.steer import add_step
from engine.work.store import ItemStore
from tests.kit.portal import Portal, hidden, report_case

PLAIN = "reintegration.mediation"
BESIDE = {
    "happened_at": "2026-03-02T08:15", "late_reason": "The road was closed.", "reason": "He has moved away.",
    "outcome": "refused_by_person",
}  # fmt: skip


def plain_item(portal: Portal) -> str:
    """Add a step whose form does not ask when it happened, and give the address of its item; nobody has it."""
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    portal.act(add_step, case_id, by="case_manager", uses=PLAIN)
    [item] = [one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == PLAIN]
    return f"/items/{item.id}"


def in_page(page: str) -> dict[str, str]:
    """Read what stands beside the questions of a form."""
    chosen = re.search(r'name="outcome" value="(\w+)"[^>]* checked', page)
    words = re.search(r'<textarea[^>]+name="reason"[^>]*>([^<]*)<', page)
    typed = dict(re.findall(r'name="(happened_at|late_reason)" [^>]*value="([^"]*)"', page))
    return typed | {
        "reason": unescape(words.group(1)).strip() if words else "",
        "outcome": chosen.group(1) if chosen else "",
    }


@pytest.mark.parametrize("action", ["draft", "take"])
def test_a_draft_keeps_what_was_typed_beside_the_questions(portal: Portal, action: str) -> None:
    client = portal.as_role("caseworker")
    item = plain_item(portal)
    page = client.get(item).text
    assert in_page(page) == dict.fromkeys(BESIDE, "")
    sent = {"action": action, "command_id": hidden(page, "command_id")}
    assert client.post(item, data=sent | BESIDE).status_code == 200
    assert in_page(client.get(item).text) == BESIDE
    assert client.post(item, data={"action": "draft"}).status_code == 200
    assert in_page(client.get(item).text) == dict.fromkeys(BESIDE, "")


def test_a_time_that_cannot_be_read_is_kept_as_it_was_typed(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    item = plain_item(portal)
    for typed in ("last Tuesday", "0001-01-01T00:00", "9999-12-31T23:59"):
        client.post(item, data={"action": "draft", "happened_at": typed})
        assert in_page(client.get(item).text)["happened_at"] == typed


def test_what_a_draft_keeps_beside_its_questions_is_sealed(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    item = plain_item(portal)
    client.post(item, data={"action": "draft"} | BESIDE)
    of_item = {"item": item.rpartition("/")[2]}
    sql = create_engine(portal.urls.admin)
    with sql.connect() as connection:
        kept = connection.execute(
            text("SELECT encrypted_answers FROM draft WHERE item_id = :item"), of_item
        ).scalar_one()
    sql.dispose()
    assert BESIDE["reason"].encode() not in bytes(kept)
    assert BESIDE["outcome"].encode() not in bytes(kept)
