"""Paper forms are printed blank by whoever is signed in; what is typed in later counts from when it happened."""

from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader

from engine.core.consequences import WorkItem
from engine.course.actions.steer import add_step
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
