"""Paper forms are printed blank by whoever is signed in, and a machine that cannot print says what it lacks."""

import subprocess
import sys
from ctypes.util import find_library
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from engine.core.consequences import WorkItem
from engine.course.actions.steer import add_step
from engine.documents.printing import PdfPrinter
from engine.documents.records import PrintingError
from engine.machine import data_folder
from engine.web.security import PAPER_POLICY
from engine.work.store import ItemStore
from tests.documents.test_papers import PRINTER
from tests.kit.portal import Portal, report_case


@pytest.fixture
def mediation(portal: Portal) -> WorkItem:
    """Return the item of a step that has no question for when it happened, and is due within six days."""
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    lead = portal.people["case_manager"]
    portal.act(add_step, case_id, by=lead, uses="reintegration.mediation", limit="P7D")
    return next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "reintegration.mediation")


def test_the_forms_are_listed_shown_and_printed_and_the_work_item_leads_to_its_own(
    portal: Portal, mediation: WorkItem
) -> None:
    client = portal.as_role("caseworker")
    listed = client.get("/paper-forms").text
    assert all(
        f'href="/paper-forms/{step.key}"' in listed for step in portal.engine.registry.step_types.values() if step.form
    )
    assert 'href="/paper-forms/reintegration.mediation/pdf"' in client.get(f"/items/{mediation.id}").text
    assert 'href="/paper-forms"' in client.get("/worklist").text
    blank = client.get("/paper-forms/reintegration.mediation")
    assert blank.headers["content-security-policy"] == PAPER_POLICY
    assert "Who took part?" in blank.text


@pytest.mark.skipif(bool(PRINTER.problem()), reason="PDF cannot be made here")
def test_a_form_is_given_as_pdf(portal: Portal) -> None:
    answer = portal.as_role("caseworker").get("/paper-forms/reintegration.mediation/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="paper-form-reintegration-mediation.pdf"'
    assert len(PdfReader(BytesIO(answer.content)).pages) == 1


def test_there_is_no_form_of_what_nobody_answers_and_none_for_who_is_not_signed_in(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    for key in ("rescue.checklist", "no.such", "..%2Fetc"):
        assert client.get(f"/paper-forms/{key}").status_code == 404
        assert client.get(f"/paper-forms/{key}/pdf").status_code == 404
    anybody = portal.anybody().get("/paper-forms/reintegration.mediation", follow_redirects=False)
    assert anybody.status_code == 303
    assert "/sign-in" in anybody.headers["location"]


def test_what_is_typed_in_later_happened_when_the_paper_says_and_keeps_why_it_is_late(
    portal: Portal, mediation: WorkItem
) -> None:
    portal.let_time_pass(timedelta(days=2))
    client = portal.as_role("caseworker")
    answers = {
        "a-parties": "The aunt", "a-issue": "Where to live", "a-safe": "yes", "action": "complete",
        "happened_at": "2026-03-08T09:30", "late_reason": "No network in the village.",
        "revision": str(mediation.revision), "command_id": str(uuid4()),
    }  # fmt: skip
    refused = client.post(f"/items/{mediation.id}", data=answers | {"happened_at": "2027-03-08T09:30"})
    assert refused.status_code == 422
    assert "This is in the future." in refused.text
    assert "No network in the village." in refused.text, "nothing that was typed is lost"
    done = client.post(f"/items/{mediation.id}", data=answers, follow_redirects=False)
    assert done.status_code == 303, done.text
    step = f"/cases/{mediation.case_id}/steps/{mediation.step_id}"
    page = client.get(step).text
    assert "Sun 8 Mar 2026, 09:30" in page or "08 Mar 2026, 09:30" in page
    assert "Recorded" in page
    revealed = client.post(f"{step}/reveal").text
    assert "No network in the village." in revealed


FONTS = data_folder("templates") / "documents" / "fonts"


def test_without_its_fonts_the_printer_names_the_command_that_helps(tmp_path: Path) -> None:
    problem = PdfPrinter(tmp_path).problem()
    assert problem.startswith("PDF cannot be made on this machine. Print the page itself")
    assert "apt-get install libpango-1.0-0" in problem


def test_without_pango_the_printer_says_so_instead_of_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoPango:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library")

    for name in [name for name in sys.modules if name.startswith(("weasyprint", "engine.documents.pdf"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    with pytest.raises(PrintingError, match="PDF cannot be made on this machine"):
        PdfPrinter(FONTS).pdf("<p>x</p>")


@pytest.mark.long
@pytest.mark.skipif(not find_library("pangoft2-1.0"), reason="Pango is not installed")
def test_a_process_that_printed_leaves_nothing_behind(tmp_path: Path) -> None:
    prints = (
        "import tempfile; from pathlib import Path; from engine.documents.printing import PdfPrinter;"
        f"tempfile.tempdir = {str(tmp_path)!r};"
        f"assert PdfPrinter(Path({str(FONTS)!r})).pdf('<p>x</p>');"
        f"assert list(Path({str(tmp_path)!r}).iterdir()), 'the fonts are in a folder while it runs'"
    )
    done = subprocess.run([sys.executable, "-c", prints], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())
