"""Whoever reported asks how far it is, without saying who they are; without the code nobody learns anything."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.public import Progress, come_back, progress_of, receipt_code, tries_of
from engine.cases.store import CaseStore
from engine.core.records import CaseStatus, StepStatus
from engine.errors import NotAllowedError, NotFoundError
from tests.kit.portal import Portal, Reported, report_case

WRONG = "This number and this code do not match."


@pytest.fixture
def reported(portal: Portal) -> Reported:
    return report_case(portal.as_role("intake_officer"))


def case_of(reported: Reported) -> UUID:
    return UUID(reported.page.rpartition("/")[2])


def code_of(portal: Portal, reported: Reported) -> str:
    return receipt_code(portal.engine, case_of(reported), viewer=portal.people["intake_officer"])


def ask(portal: Portal, number: str, code: str) -> tuple[int, str]:
    answer = portal.anybody().post("/progress", data={"number": number, "code": code})
    return answer.status_code, answer.text


def test_whoever_has_number_and_code_reads_how_far_it_is_and_nothing_of_the_case(
    portal: Portal, reported: Reported
) -> None:
    code = code_of(portal, reported)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code)
    status, page = ask(portal, reported.number.lower(), code.lower().replace("-", " "))
    assert status == 200
    assert "Received" in page
    for secret in (reported.page, str(case_of(reported)), "Unit"):
        assert secret not in page


@pytest.mark.parametrize("code", ["", "AAAAA-AAAAA", "ゼロ", "x" * 40])
def test_a_wrong_code_and_a_number_that_is_none_get_the_same_answer(
    portal: Portal, reported: Reported, code: str
) -> None:
    known, unknown = ask(portal, reported.number, code), ask(portal, "C-0000-0000", code)
    assert known[0] == unknown[0] == 403
    assert WRONG in known[1]
    assert known[1].replace(reported.number, "C-0000-0000") == unknown[1]


def test_the_code_of_one_case_opens_no_other(portal: Portal, reported: Reported) -> None:
    other = report_case(portal.as_role("intake_officer"))
    assert code_of(portal, reported) != code_of(portal, other)
    assert ask(portal, other.number, code_of(portal, reported))[0] == 403


def test_wrong_codes_make_the_next_one_wait_and_the_right_one_is_still_taken(
    portal: Portal, reported: Reported
) -> None:
    tries = tries_of(portal.engine, number=reported.number, network="203.0.113.9")
    for _ in range(6):
        found = come_back(portal.engine, number=reported.number, code="AAAAA-AAAAA", network="203.0.113.9")
        assert found.progress is Progress.UNKNOWN
    assert tries.wait() > timedelta(0)
    right = code_of(portal, reported)
    found = come_back(portal.engine, number=reported.number, code=right, network="203.0.113.9")
    assert found.progress is Progress.RECEIVED


def test_a_case_at_work_and_a_closed_one_are_said_to_be(portal: Portal, reported: Reported) -> None:
    state = portal.of(CaseStore).read(case_of(reported))
    step = next(iter(state.steps.values()))
    done = step.model_copy(update={"status": StepStatus.ENDED, "completed_by": uuid4(), "uses": "reporting.intake"})
    for uses, said in (("reporting.intake", Progress.RECEIVED), ("reporting.triage", Progress.AT_WORK)):
        steps = {step.id: done.model_copy(update={"uses": uses})}
        assert progress_of(replace(state, steps=steps)) is said
    machine = done.model_copy(update={"uses": "reporting.dedupe", "completed_by": None})
    assert progress_of(replace(state, steps={step.id: machine})) is Progress.RECEIVED
    closed = state.case.model_copy(update={"status": CaseStatus.CLOSED})
    assert progress_of(replace(state, case=closed)) is Progress.CLOSED


def test_the_code_is_shown_to_the_unit_of_the_case_on_the_page_of_a_saved_report_and_to_nobody_else(
    portal: Portal, reported: Reported
) -> None:
    page = portal.as_role("intake_officer").get(f"{reported.page}/saved?who=theirs").text
    assert code_of(portal, reported) in page
    assert "Give it to them in person" in page
    portal.refuses((NotFoundError, NotAllowedError), receipt_code, case_of(reported), by="system_administrator")
    portal.refuses(NotFoundError, receipt_code, uuid4(), by="intake_officer")
