"""The page of a form that takes what was found asks first whether a child is shown, and keeps what was typed."""

import re
from html import unescape
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.cases.store import CaseStore
from engine.plugin.copies import LABEL
from tests.kit.portal import Portal, hidden, report_case
from tests.web.test_every_step_type import added

HASH = "b" * 64
ADDRESS = "https://example.org/page-7"


def leak(portal: Portal) -> tuple[TestClient, str]:
    """Add a leak to a case; returns who may do it, and the address of its form."""
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    step = portal.engine.registry.get("press.leak")
    item = added(portal, case_id, step)
    client = portal.as_role(next(role for role in item.candidate_roles if role in portal.people))
    return client, f"/items/{item.id}"


def test_the_question_is_on_top_and_the_typed_address_stays_while_the_hash_is_refused(portal: Portal) -> None:
    client, item = leak(portal)
    page = client.get(item).text
    assert page.index('name="a-child_shown"') < page.index('name="a-url_or_issue"') < page.index("a-evidence_hash")
    assert f"{LABEL} (optional)" not in page
    typed = {
        "a-child_shown": "not_sure", "a-url_or_issue": ADDRESS, "a-evidence_hash": HASH,
        "revision": hidden(page, "revision"),
    }  # fmt: skip
    for action in ("draft", "complete"):
        answer = client.post(item, data={**typed, "action": action, "command_id": str(uuid4())})
        assert answer.status_code == 422
        words = unescape(answer.text)
        assert "make no hash, and keep none" in words
        assert "Do not look any further." in words
        assert ADDRESS in words
        assert 'name="a-what_leaked"' not in words
    del typed["a-evidence_hash"]
    saved = client.post(item, data={**typed, "action": "draft", "command_id": str(uuid4())})
    assert saved.status_code == 200
    assert ADDRESS in saved.text
    assert "a-evidence_hash" not in saved.text


def test_nothing_is_completed_on_a_page_before_the_question_is_answered(portal: Portal) -> None:
    client, item = leak(portal)
    revision = hidden(client.get(item).text, "revision")
    sent = {"a-url_or_issue": ADDRESS, "revision": revision, "action": "complete", "command_id": str(uuid4())}
    words = unescape(client.post(item, data=sent).text)
    assert "Answer this first. Before that, no file and no hash is taken." in words


@pytest.mark.parametrize("file", [("page.txt", b"some words"), ("", b"")], ids=["chosen", "none"])
def test_a_file_that_might_show_a_child_opens_the_steps_that_tell_of_it_once(
    portal: Portal, file: tuple[str, bytes]
) -> None:
    case = report_case(portal.as_role("intake_officer")).page
    client = portal.as_role("case_manager")
    for said in ("not_sure", "yes"):
        answer = client.post(f"{case}/files", data={"kind": "other", "child_shown": said}, files={"file": file})
        assert answer.status_code == 422
        assert "two next steps are ready on the page of the case" in unescape(answer.text)
    case_id = UUID(case.rpartition("/")[2])
    added = [step.added.title for step in portal.of(CaseStore).lock(case_id).steps.values() if step.added is not None]
    assert sorted(added) == [
        "Report the address: cybercrime portal, helpline and platform",
        "Tell the police now: a child might be shown naked or abused",
    ]
    assert set(added) <= set(re.findall(r"|".join(added), unescape(client.get(case).text)))


def test_a_file_is_taken_only_after_it_was_said_that_no_child_is_shown(portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer")).page
    client = portal.as_role("case_manager")
    assert LABEL in client.get(f"{case}/files").text
    for said in ({}, {"child_shown": "yes"}, {"child_shown": "not_sure"}):
        sent = {"file": ("page.txt", b"some words")}
        answer = client.post(f"{case}/files", data={"kind": "other", **said}, files=sent)
        assert answer.status_code == 422
        assert "There are no files yet." in answer.text
        assert ("Nothing was taken." if said else "Answer this first.") in unescape(answer.text)
