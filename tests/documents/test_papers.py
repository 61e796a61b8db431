"""The papers of a case: how they are opened, printed and released, and what stands on every copy."""

import hashlib
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from engine.audit.views import readers
from engine.cases.housekeeping import HousekeepingStore
from engine.documents.printing import PdfPrinter
from engine.machine import data_folder
from engine.overview.views.case import case_page
from tests.kit.portal import Portal, Reported, hidden, report_case

SCRIPTS = "ৰাম স্ত্রী क्षत्रिय ကျောင်း Ādivāsī"
"""Words in which letters join: Assamese, Bengali, Hindi, Burmese, and Latin with marks."""


PRINTER = PdfPrinter(data_folder("templates") / "documents" / "fonts")
needs_pango = pytest.mark.skipif(
    "PDF cannot be made" in PRINTER.problem(),
    reason="Pango is missing (Debian, Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)",
)


def keep(
    portal: Portal, reported: Reported, *, name: str = "form-17", version: int = 1, step: UUID | None = None
) -> tuple[str, str]:
    html = (
        f"<!doctype html><html lang='en'><head><title>T</title></head><body><h1>Form 17</h1><p>{SCRIPTS}</p>"
        "<img src='http://127.0.0.1:9/x.png' alt=''><link rel='stylesheet' href='file:///etc/hostname'></body></html>"
    )
    sha256 = hashlib.sha256(html.encode()).hexdigest()
    with portal.engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).keep_document(
            case_id=UUID(reported.page.rpartition("/")[2]), unit_id=portal.unit, step_id=step, name=name,
            title="Form 17", html=html, sha256=sha256, number=f"{reported.number}-{name}", version=version,
            at=portal.clock.now(),
        )  # fmt: skip
        tx.commit()
    return f"/documents/{kept}", sha256


def release(portal: Portal, paper: str, role: str = "supervisor", command: str = "") -> int:
    given = {"command_id": command or str(uuid4())}
    return portal.as_role(role).post(f"{paper}/release", data=given, follow_redirects=False).status_code


@pytest.fixture
def reported(portal: Portal) -> Reported:
    return report_case(portal.as_role("intake_officer"))


def test_a_copy_says_whether_it_is_released_for_whom_it_was_made_and_the_hash_of_what_is_kept(
    portal: Portal, reported: Reported
) -> None:
    paper, sha256 = keep(portal, reported)
    page = portal.as_role("caseworker").get(paper).text
    assert "Not released: it must not leave the network." in page
    assert ">NOT RELEASED<" in page
    assert sha256 in page
    assert f"Copy made for {portal.people['caseworker'].name}, 07 Mar 2026, 18:40" in page
    assert page.endswith("</body></html>")


@pytest.mark.parametrize(("role", "opens"), [("caseworker", 200), ("auditor", 403)])
def test_a_paper_and_its_pdf_are_links_only_for_whom_they_open(
    portal: Portal, reported: Reported, role: str, opens: int
) -> None:
    paper, _ = keep(portal, reported)
    client = portal.as_role(role)
    page = client.get(f"{reported.page}/papers").text
    assert client.get(paper).status_code == opens
    assert "Form 17" in page
    assert (f'href="{paper}"' in page, f'href="{paper}/pdf"' in page) == (opens == 200, opens == 200)


@pytest.mark.parametrize(("role", "opens"), [("intake_officer", 200), ("auditor", 403)])
def test_work_is_a_link_only_for_whom_it_opens(portal: Portal, reported: Reported, role: str, opens: int) -> None:
    client = portal.as_role(role)
    page = client.get(reported.page).text
    assert client.get(reported.item).status_code == opens
    assert "What is next?" in page
    assert (f'href="{reported.item}"' in page) == (opens == 200)


def test_a_released_paper_bears_the_name_of_who_answers_for_it(portal: Portal, reported: Reported) -> None:
    paper, _ = keep(portal, reported)
    assert release(portal, paper) == 303
    page = portal.as_role("caseworker").get(paper).text
    assert "NOT RELEASED" not in page
    assert f"Released by {portal.people['supervisor'].name}, 07 Mar 2026, 18:40" in page
    history = portal.as_role("supervisor").get(f"{reported.page}/history").text
    assert history.count("A document was released: it may leave the network.") == 1


def test_the_page_asks_first_and_pressing_twice_releases_once(portal: Portal, reported: Reported) -> None:
    paper, _ = keep(portal, reported)
    command = hidden(portal.as_role("supervisor").get(f"{paper}/release").text, "command_id")
    assert [release(portal, paper, command=command) for _ in range(2)] == [303, 303]
    assert release(portal, paper) == 409
    history = portal.as_role("supervisor").get(f"{reported.page}/history").text
    assert history.count("A document was released") == 1


def test_who_may_not_answer_for_what_leaves_releases_nothing(portal: Portal, reported: Reported) -> None:
    paper, _ = keep(portal, reported)
    assert release(portal, paper, "caseworker") == 403
    assert portal.as_role("caseworker").get(f"{paper}/release").status_code == 403
    assert "/release" not in portal.as_role("caseworker").get(f"{reported.page}/papers").text
    assert f"{paper}/release" in portal.as_role("supervisor").get(f"{reported.page}/papers").text
    assert "NOT RELEASED" in portal.as_role("caseworker").get(paper).text


def test_only_the_newest_version_can_be_released(portal: Portal, reported: Reported) -> None:
    case_id = UUID(reported.page.rpartition("/")[2])
    step = portal.engine.ask(case_page, portal.people["supervisor"], case_id).steps[0].id
    first, _ = keep(portal, reported, step=step)
    second, _ = keep(portal, reported, step=step, version=2)
    assert release(portal, first) == 409
    assert ">REPLACED<" in portal.as_role("supervisor").get(first).text
    assert release(portal, second) == 303


def test_a_paper_for_the_person_does_not_wait_for_a_release(portal: Portal, reported: Reported) -> None:
    paper, _ = keep(portal, reported, name="acknowledgement-slip")
    page = portal.as_role("caseworker").get(paper).text
    assert "NOT RELEASED" not in page
    assert "Do not give it to anyone outside the network." in page


@needs_pango
def test_a_paper_prints_as_pdf_with_every_script_and_fetches_nothing(portal: Portal, reported: Reported) -> None:
    paper, sha256 = keep(portal, reported)
    answer = portal.as_role("caseworker").get(f"{paper}/pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{reported.number}-form-17-1.pdf"'
    pdf = PdfReader(BytesIO(answer.content))
    shown = "".join(page.extract_text() for page in pdf.pages)
    assert "Form 17" in shown
    assert sha256[:20] in shown
    assert "1 / 1" in shown
    fonts = {
        font.get_object()["/BaseFont"]
        for page in pdf.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    for script in ("latin", "bengali", "devanagari", "myanmar"):
        assert any(f"ICMC-{script}" in str(font) for font in fonts), (script, fonts)
    assert pdf.metadata is None or not (pdf.metadata.author or pdf.metadata.subject)


def test_every_copy_is_written_down_before_it_is_given(portal: Portal, reported: Reported) -> None:
    paper, _ = keep(portal, reported)
    client = portal.as_role("caseworker")
    for address in (paper, f"{paper}/pdf") if not PRINTER.problem() else (paper,):
        before = _readings(portal, reported)
        assert client.get(address).status_code == 200
        assert _readings(portal, reported) == before + 1


def _readings(portal: Portal, reported: Reported) -> int:
    page = portal.engine.ask(case_page, portal.people["supervisor"], UUID(reported.page.rpartition("/")[2]))
    return sum(line.times for line in portal.engine.ask(readers, portal.people["supervisor"], page.id))
