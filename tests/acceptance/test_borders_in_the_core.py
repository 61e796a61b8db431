"""Nothing crosses a border before a lawyer or a supervisor has looked, and a child of India keeps what is theirs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.core import commands as cm
from engine.core.consequences import WorkItem, consequences
from engine.core.records import Scalar, Step, StepStatus
from tests.acceptance.core_story import ACROSS, CASEWORKER, INTAKE_OFFICER, RUN, VICTIM, CoreCase
from tests.kit.shipped import shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
PATH, OTHER = (f"person:{UUID(int=VICTIM.int + 100 * number)}" for number in (0, 1))
ABROAD = {"nationality_request", "nationality_answer", "home_abroad", "family_news", "rights", "conference_abroad"}
LOOKS = frozenset({"border", "border_again"})
NAMES = ("cross-border-child", "child-sexual-exploitation")


def _case(*left: str, answers: Mapping[str, Mapping[str, Scalar]] | None = None, victims: int = 1) -> CoreCase:
    return CoreCase(
        workflow=shipped("child-sexual-exploitation"), opened_at=OPENED, jurisdiction="IN-TR", answers=answers or {},
        left=frozenset(left), victims=victims,
    )  # fmt: skip


def _looked(crosses: str, *left: str, country: str | None = "BD", victims: int = 1) -> CoreCase:
    """Let a case go on until somebody has looked, for the first child, whether it crosses a border."""
    case = _case("border", "border_again", *left, victims=victims)
    _until_ready(case, "border")
    _look(case, crosses, country=country)
    return case


def _until_ready(case: CoreCase, key: str, path: str = PATH) -> Step:
    for _ in range(300):
        if (found := next((one for one in case.ready() if (one.key, one.base_path) == (key, path)), None)) is not None:
            return found
        case.until(max(case.now, min(stop[0] for stop in case._stops())))
    raise AssertionError(key)


def _look(case: CoreCase, crosses: str, *, key: str = "border", path: str = PATH, country: str | None = "BD") -> None:
    told: dict[str, Scalar] = {"crosses": crosses} | ({"country": country} if country else {})
    case.do(cm.CompleteStep(_until_ready(case, key, path).id, "done", case.now, outputs=told))


def _begun(case: CoreCase, path: str = PATH) -> set[str]:
    """Name the steps that lead to another country and that anybody was asked to do."""
    return {
        step.key for step in case.state.steps.values()
        if step.key in ABROAD and step.status is not StepStatus.SKIPPED and step.base_path in {path, ""}
    }  # fmt: skip


def test_no_request_for_a_nationality_opens_by_itself_however_long_nobody_looks() -> None:
    case = _case(*LOOKS)
    _until_ready(case, "border")
    case.until(case.now + timedelta(days=120))
    assert _begun(case) == set()
    assert "border" in case.live()


def test_who_took_the_report_does_not_look_and_who_looked_does_not_send_the_request() -> None:
    case = _case(*LOOKS)
    before = len(case.events)
    _until_ready(case, "border")
    [look] = [one for one in _items(case, before) if one.uses == "repatriation.border"]
    assert look.candidate_roles == ("lawyer", "supervisor")
    assert INTAKE_OFFICER in look.excluded_ids or CASEWORKER in look.excluded_ids
    before = len(case.events)
    lawyer = UUID(int=77)
    case.do(cm.CompleteStep(_until_ready(case, "border").id, "done", case.now, outputs=ACROSS["border"], by=lawyer))
    [request] = [one for one in _items(case, before) if one.uses == "repatriation.nationality"]
    assert request.candidate_roles == ("repatriation_coordinator",)
    assert lawyer in request.excluded_ids


@pytest.mark.parametrize("name", NAMES)
def test_a_case_within_india_goes_its_whole_way_with_the_report_of_15_days_and_nothing_abroad(name: str) -> None:
    case = CoreCase(workflow=shipped(name), opened_at=OPENED, jurisdiction="IN-TR", left=frozenset({"home_report"}))
    report = _until_ready(case, "home_report")
    deadline = case.deadline(report)
    produced = case.step("production")
    assert (deadline.law, deadline.started_at) == ("IN-JJ-SIR-15D", produced.ended_at)
    case.left = frozenset()
    case.finish()
    assert case.is_closed()
    assert _begun(case) == set()
    for key in ("home_report", "decision", "handover", "visits"):
        step = case.step(key)
        assert step.status is StepStatus.ENDED, key


def test_across_a_border_the_request_opens_and_the_partners_report_takes_the_place_of_the_one_of_15_days() -> None:
    case = _looked("across", "nationality_request")
    assert _begun(case) == {"nationality_request"}
    case.do(cm.CompleteStep(_until_ready(case, "nationality_request").id, "done", case.now))
    assert _begun(case) == ABROAD - {"rights"}
    report = case.step("home_report")
    assert report.status is StepStatus.SKIPPED
    case.left = frozenset()
    case.finish()
    assert case.is_closed()
    assert _begun(case) == ABROAD


def test_what_is_not_known_waits_is_looked_at_again_and_keeps_the_report_of_15_days_and_the_case_open() -> None:
    case = _looked("not_known", country=None)
    first = case.now
    assert {"home_report", "border_again"} <= case.live()
    for week in range(3):
        _look(case, "not_known", key="border_again", country=None)
        case.until(first + timedelta(days=7 * (week + 1)))
        assert "border_again" in case.live()
    case.until(first + timedelta(days=200))
    assert _begun(case) == set()
    assert case.step("decision") is None
    assert case.step("closure") is None
    _look(case, "across", key="border_again")
    assert _begun(case) == {"nationality_request"}


def test_where_nothing_may_be_asked_the_child_stays_a_child_of_this_country_in_all_that_is_done() -> None:
    case = _looked("across_not_asked")
    assert "home_report" in case.live()
    case.left = frozenset()
    case.finish()
    assert case.is_closed()
    assert _begun(case) == set()


def test_of_two_children_each_has_an_answer_of_their_own() -> None:
    case = _looked("across", "nationality_request", "home_report", victims=2)
    _look(case, "within", path=OTHER, country=None)
    assert _begun(case, PATH) == {"nationality_request"}
    assert _begun(case, OTHER) == set()
    assert [step.base_path for step in case.ready() if step.key == "home_report"] == [OTHER]


@pytest.mark.parametrize(("country", "zone", "law"), [
    ("BD", "Asia/Dhaka", "BD-UPDATE-1M"), ("NP", "Asia/Kathmandu", None), ("other", "Asia/Kolkata", None),
])  # fmt: skip
def test_the_partner_counts_by_the_calendar_of_the_country_that_was_found(
    country: str, zone: str, law: str | None
) -> None:
    case = _looked("across", "home_abroad", "family_news", country=country)
    news, report = _until_ready(case, "family_news"), _until_ready(case, "home_abroad")
    deadlines = [case.deadline(news), case.deadline(report)]
    assert [one.zone for one in deadlines if one] == [zone, zone]
    assert deadlines[0] is not None
    assert deadlines[0].law == law


def test_a_return_abroad_goes_by_the_report_from_there_and_by_no_other() -> None:
    case = _looked("not_known", "decision", "home_abroad", country=None)
    case.do(cm.CompleteStep(_until_ready(case, "home_report").id, "done", case.now, outputs={"recommendation": "safe"}))
    _look(case, "across", key="border_again")
    unsafe = {"recommendation": "unsafe"}
    case.do(cm.CompleteStep(_until_ready(case, "home_abroad").id, "done", case.now, outputs=unsafe))
    for _ in range(300):
        if (decision := case.step("decision")) is not None:
            break
        case.until(min(stop[0] for stop in case._stops()))
    assert decision.gate == "decision-needs-home-report"


def test_nothing_goes_to_the_police_abroad_in_a_case_within_india() -> None:
    case = _looked("within", country=None)
    case.do(cm.AddStep(RUN, "share_abroad", path=PATH))
    sharing = case.step("share_abroad")
    assert sharing.gate == "share-abroad-with-consent"


def _items(case: CoreCase, since: int) -> Sequence[WorkItem]:
    return list(
        consequences(case.events[since:], case.state, {case.workflow.content_hash: case.workflow}, case.now).items
    )
