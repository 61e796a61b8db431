"""The page of a case's files, over HTTP: added as they arrive, saved by the browser and never shown in it."""

import re
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from engine.core.files import LARGEST
from engine.keys.store import KeyStore
from tests.documents.test_file_types import CANARY, jpeg, office, pdf
from tests.kit.portal import Portal, report_case

pytestmark = pytest.mark.long


@pytest.fixture
def case(portal: Portal) -> str:
    """Return the address of a case without files."""
    return report_case(portal.as_role("intake_officer")).page


def send(portal: Portal, case: str, *, name: str = "order.pdf", content: bytes = b"", kind: str = "order") -> Response:
    sent = {"file": (name, content or pdf())}
    return portal.as_role("case_manager").post(f"{case}/files", data={"kind": kind, "child_shown": "no"}, files=sent)


def first_file(page: str) -> str:
    found = re.search(r'action="(/cases/[0-9a-f-]+/files/[0-9a-f-]+)/original"', page)
    return found.group(1)


def test_a_file_is_added_on_the_page_that_the_case_links_to_and_opened_there(portal: Portal, case: str) -> None:
    client = portal.as_role("case_manager")
    assert f'href="{case}/files"' in client.get(f"{case}/papers").text
    page = send(portal, case)
    assert page.status_code == 200, page.text
    assert "encrypted and stored" in page.text
    assert "application/pdf" in page.text
    copy = client.post(f"{first_file(page.text)}/copy")
    assert copy.status_code == 200
    assert CANARY.encode() not in copy.content
    original = client.post(f"{first_file(page.text)}/original")
    assert original.content == pdf()


def test_an_office_file_opens_as_it_came_and_its_page_says_how_to_share_one(portal: Portal, case: str) -> None:
    packed, client = office(), portal.as_role("case_manager")
    page = send(portal, case, name="order.docx", content=packed)
    address = first_file(page.text)
    assert f"{address}/copy" not in page.text
    assert "save it as PDF first" in page.text
    assert "add it as PDF" in client.post(f"{address}/copy").text
    assert client.post(f"{address}/original").content == packed


def test_a_telephone_is_not_asked_for_heic_so_that_it_sends_a_jpeg(portal: Portal, case: str) -> None:
    accepted = re.search(r'accept="([^"]+)"', portal.as_role("case_manager").get(f"{case}/files").text)
    assert ".jpg,.jpeg,.png" in accepted.group(1)
    assert "heic" not in accepted.group(1)


def test_a_file_is_saved_and_can_do_nothing_in_the_browser(portal: Portal, case: str) -> None:
    page = send(portal, case, name='নাম "x"\\..\\order.pdf')
    answer = portal.as_role("case_manager").post(f"{first_file(page.text)}/original")
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    assert "\n" not in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_letters_of_any_script_are_kept_in_the_name_to_be_saved_under(portal: Portal, case: str) -> None:
    page = send(portal, case, name="আদেশ.pdf")
    answer = portal.as_role("case_manager").post(f"{first_file(page.text)}/original")
    assert "filename*=UTF-8''%E0%A6%86%E0%A6%A6%E0%A7%87%E0%A6%B6.pdf" in answer.headers["content-disposition"]


@pytest.mark.parametrize(("name", "content", "kind", "said"), [
    ("x.html", b"<script>alert(1)</script>", "order", "Files of this kind are not taken"),
    ("x.pdf", b"no paper", "order", "not what its name says"),
    ("x.pdf", b"%PDF-", "", "Say what it is."),
    ("x.pdf", b"%PDF-", "no-such-kind", "Say what it is."),
    ("x.txt", b"x" * (LARGEST + 1), "other", "too large"),
], ids=("kind of file", "content", "nothing said", "unknown", "too large"))  # fmt: skip
def test_what_does_not_fit_is_said_beside_its_field_and_nothing_is_kept(
    portal: Portal, case: str, name: str, content: bytes, kind: str, said: str
) -> None:
    answer = send(portal, case, name=name, content=content, kind=kind)
    assert answer.status_code == 422
    assert said in answer.text
    assert "There are no files yet." in answer.text


def test_a_form_without_a_file_or_with_two_is_refused(portal: Portal, case: str) -> None:
    client = portal.as_role("case_manager")
    for body in (
        {"data": {"kind": "order"}},
        {"data": {"kind": "order"}, "files": {"file": ("", b"")}},
        {"data": {"kind": "order"}, "files": [("file", ("a.pdf", pdf())), ("file", ("b.pdf", pdf()))]},
        {"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"content": b"", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"{}", "headers": {"content-type": "application/json"}},
    ):
        answer = client.post(f"{case}/files", **body)
        assert answer.status_code == 422, body
        assert "There are no files yet." in answer.text


def test_only_where_files_are_added_a_long_body_is_taken_and_there_not_one_beyond_a_file(
    portal: Portal, case: str
) -> None:
    client = portal.as_role("case_manager")
    long = b"x" * 2_000_000
    for path in ("/report", f"{case}/access", f"{case}/files/{uuid4()}/copy", f"{case}/files/x/y", "/cases//files"):
        assert client.post(path, content=long).status_code == 413, path
    assert send(portal, case, name="x.txt", content=long, kind="other").status_code == 200
    beyond = client.post(f"{case}/files", content=b"x" * (LARGEST + 200_000))
    assert beyond.status_code == 413


def test_who_may_not_see_pictures_reads_that_they_are_kept_apart(portal: Portal, case: str) -> None:
    page = send(portal, case, name="a.jpg", content=jpeg(), kind="picture")
    address = first_file(page.text)
    client = portal.as_role("caseworker")
    assert "Set aside" in client.get(f"{case}/files").text
    assert client.post(f"{address}/copy").status_code == 403
    assert client.post(f"{address}/original").status_code == 403
    assert portal.as_role("case_manager").post(f"{address}/copy").status_code == 200


def test_nobody_who_is_not_signed_in_sends_or_gets_a_file(portal: Portal, case: str) -> None:
    anybody = portal.anybody()
    address = first_file(send(portal, case).text)
    for path in (f"{case}/files", f"{address}/copy", f"{address}/original"):
        answer = anybody.post(path, files={"file": ("a.pdf", pdf())}, follow_redirects=False)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")


def test_a_file_of_another_case_or_none_is_not_there(portal: Portal, case: str) -> None:
    address = first_file(send(portal, case).text)
    other = report_case(portal.as_role("intake_officer")).page
    client = portal.as_role("case_manager")
    file_id, nowhere = address.rpartition("/")[2], f"/cases/{uuid4()}/files"
    for path in (f"{other}/files/{file_id}/copy", f"{case}/files/{uuid4()}/copy"):
        assert client.post(path).status_code == 404, path
    assert client.post(nowhere, data={"kind": "order"}, files={"file": ("a.pdf", pdf())}).status_code == 404
    assert client.get(nowhere).status_code == 404


def test_a_file_whose_key_was_destroyed_is_still_listed_and_says_that_it_cannot_be_opened(
    portal: Portal, case: str
) -> None:
    address = first_file(send(portal, case).text)
    client = portal.as_role("case_manager")
    with portal.engine.transaction() as tx:
        tx.of(KeyStore).destroy(UUID(case.rpartition("/")[2]), portal.engine.clock.now())
        tx.commit()
    portal.engine.vault.forget()  # type: ignore[attr-defined]
    page = client.get(f"{case}/files")
    assert page.status_code == 200
    assert "application/pdf" in page.text
    assert "This file can no longer be opened" in page.text
    refused = client.post(f"{address}/copy")
    assert refused.status_code == 422
    assert "Its key was destroyed" in refused.text
