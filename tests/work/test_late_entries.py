"""A step that is written down late says why, and a draft keeps all that was typed."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from httpx2 import Response
from sqlalchemy import create_engine, text

from engine.core.consequences import WorkItem
from engine.course.actions.steer import add_step
from engine.web.posted import LATE_REASONS
from engine.work.store import ItemStore
from tests.kit.portal import Portal, hidden, report_case

WHY = "Say why this is being entered only now. Do not write names."
MEDIATED = {"a-parties": "The aunt", "a-issue": "Where to live", "a-safe": "yes"}


@pytest.fixture
def case_id(portal: Portal) -> UUID:
    return UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])


def added(portal: Portal, case_id: UUID, uses: str) -> WorkItem:
    portal.act(add_step, case_id, by="case_manager", uses=uses)
    return next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == uses)


def post(portal: Portal, item: WorkItem, by: str, **typed: str) -> Response:
    sent = {"action": "complete", "revision": str(item.revision), "command_id": str(uuid4())} | typed
    return portal.as_role(by).post(f"/items/{item.id}", data=sent, follow_redirects=False)


def ago(portal: Portal, **span: float) -> str:
    """Return an instant before now as the page writes it, in local time."""
    return f"{portal.clock.now() + timedelta(hours=5, minutes=30) - timedelta(**span):%Y-%m-%dT%H:%M}"


def test_what_happened_more_than_a_day_ago_needs_a_reason_and_nothing_typed_is_lost(
    portal: Portal, case_id: UUID
) -> None:
    portal.let_time_pass(timedelta(days=3))
    item = added(portal, case_id, "reintegration.mediation")
    long_ago = ago(portal, hours=25)
    refused = post(portal, item, "caseworker", **MEDIATED, happened_at=long_ago, late_reason="  ")
    assert refused.status_code == 422
    assert f'<a href="#late_reason">{WHY}</a>' in refused.text
    assert '<p id="late_reason-error"' in refused.text
    assert '<details class="govuk-details" open>' in refused.text
    for typed in ("The aunt", "Where to live", long_ago):
        assert typed in refused.text
    told = post(portal, item, "caseworker", **MEDIATED, happened_at=long_ago, late_reason="No network")
    assert told.status_code == 303, told.text
    assert portal.of(ItemStore).answers(item.step_id)["_late_reason"] == "No network"


@pytest.mark.parametrize("hours", [0, 23])
def test_what_happened_within_a_day_needs_none(portal: Portal, case_id: UUID, hours: int) -> None:
    portal.let_time_pass(timedelta(days=3))
    item = added(portal, case_id, "reintegration.mediation")
    when = ago(portal, hours=hours) if hours else ""
    assert post(portal, item, "caseworker", **MEDIATED, happened_at=when).status_code == 303


def test_where_a_question_asks_for_the_time_that_answer_counts(portal: Portal, case_id: UUID) -> None:
    item = added(portal, case_id, "protection.custody")
    typed = {"a-result": "released", "a-own_wish": "unsure", "a-decided_at": ago(portal, days=2)}
    refused = post(portal, item, "lawyer", **typed)
    assert refused.status_code == 422
    assert WHY in refused.text
    assert typed["a-decided_at"] in refused.text
    told = post(portal, item, "lawyer", **typed, late_reason="Reported to us later")
    assert told.status_code == 303, told.text


def test_what_cannot_be_done_says_also_why_it_is_told_late(portal: Portal, case_id: UUID) -> None:
    portal.let_time_pass(timedelta(days=3))
    item = added(portal, case_id, "reintegration.mediation")
    cannot = {
        "action": "cannot", "outcome": "refused_by_person", "reason": "He has moved away.",
        "happened_at": ago(portal, days=2),
    }  # fmt: skip
    refused = post(portal, item, "caseworker", **cannot)
    assert refused.status_code == 422
    assert WHY in refused.text
    assert "He has moved away." in refused.text
    assert post(portal, item, "caseworker", **cannot, late_reason="No network").status_code == 303


def test_short_reasons_are_offered_and_a_draft_needs_none(portal: Portal, case_id: UUID) -> None:
    item = added(portal, case_id, "reintegration.mediation")
    page = portal.as_role("caseworker").get(f"/items/{item.id}").text
    assert re.search(r'name="late_reason"[^>]* list="late_reason-ready"', page)
    assert all(f'<option value="{words}">' in page for words in LATE_REASONS)
    saved = post(portal, item, "caseworker", **MEDIATED, action="draft", happened_at=ago(portal, days=9))
    assert saved.status_code == 303


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
