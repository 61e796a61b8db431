"""The workflow that fits a case best once more is known: proposed with its reasons, and never by itself."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from engine.core import commands as cm
from engine.core.compiled import CompiledWorkflow
from engine.core.moving import choose_workflow, propose_workflow
from engine.core.records import Scalar
from tests.acceptance.core_story import RUN, CoreCase
from tests.kit.shipped import CASES, shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
OTHER: Mapping[str, Scalar] = {"concern": "other", "is_child_suspected": "unsure"}


def _workflows() -> Mapping[str, CompiledWorkflow]:
    return {path.stem: shipped(path.stem) for path in CASES.glob("*.yaml")}


def _case(place: str = "IN-AS", **report: Scalar) -> CoreCase:
    return CoreCase(
        workflow=shipped("reported-concern"), opened_at=OPENED, jurisdiction=place, report={**OTHER, **report},
        left=frozenset({"triage"}),
    )  # fmt: skip


def _triaged(case: CoreCase, purposes: str, band: str) -> CoreCase:
    case.complete(case.ready("reporting.intake")[0])
    told = {"risk_level": "high", "decision": "refer", "tells:purposes": purposes, "tells:age_band": band}
    case.do(cm.CompleteStep(case.ready("reporting.triage")[0].id, "done", case.now, outputs=told))
    return case


def _proposed(case: CoreCase, follows: str = "reported-concern") -> str | None:
    found = propose_workflow(_workflows(), case.state, follows=follows, zone="Asia/Kolkata")
    return found.workflow if found else None


@pytest.mark.parametrize(("purposes", "band", "workflow"), [
    ("forced_marriage", "12_to_17", "early-marriage"),
    ("forced_marriage", "18_to_24", "forced-marriage"),
    ("domestic_servitude", "25_to_59", "domestic-work-adult"),
    ("domestic_servitude", "unknown", "domestic-work"),
    ("forced_labour,sexual_exploitation", "12_to_17", "child-sexual-exploitation"),
    ("forced_labour,bonded_labour", "25_to_59", "bonded-labour"),
    ("forced_begging", "6_to_11", "child-labour"),
    ("organ_removal", "25_to_59", "organ-removal"),
    ("surrogacy", "18_to_24", "child-sale"),
    ("other", "18_to_24", None),
])  # fmt: skip
def test_what_was_found_points_to_a_workflow_by_the_age_too(purposes: str, band: str, workflow: str | None) -> None:
    assert _proposed(_triaged(_case(), purposes, band)) == workflow


def test_a_proposal_says_why_in_sentences() -> None:
    case = _triaged(_case(is_child_suspected="no"), "forced_marriage", "12_to_17")
    found = propose_workflow(_workflows(), case.state, follows="reported-concern", zone="Asia/Kolkata")
    assert found is not None
    assert found.reasons == (
        "What was found points to this: forced marriage.", "Someone is under 18, or could be, as was found out.",
    )  # fmt: skip


def test_a_step_that_somebody_added_points_to_a_workflow() -> None:
    case = _case(is_child_suspected="no")
    assert _proposed(case) is None
    case.do(cm.AddStep(RUN, "missing"))
    assert _proposed(case) == "missing-adult"


def test_what_is_followed_already_is_not_proposed_and_what_takes_every_report_never() -> None:
    case = _triaged(_case(), "organ_removal", "25_to_59")
    assert _proposed(case, "organ-removal") is None
    assert _proposed(_triaged(_case("TH"), "organ_removal", "25_to_59")) is None


def test_the_workflow_of_the_country_is_proposed() -> None:
    assert _proposed(_triaged(_case("NP"), "organ_removal", "25_to_59")) == "led-from-nepal"


@pytest.mark.parametrize("child", ["yes", "unsure", "no"])
@pytest.mark.parametrize(("place", "name"), [
    ("IN-AS", "coming-home"), ("IN-WB", "coming-home"), ("NP", "coming-home"),
    ("BD-G", "home-to-bangladesh"), ("MM-11", "home-to-myanmar"),
])  # fmt: skip
def test_whoever_was_found_elsewhere_comes_home_whatever_their_age_and_wherever_home_is(
    place: str, name: str, child: str
) -> None:
    report = {"concern": "coming_home", "is_child_suspected": child}
    chosen = choose_workflow(_workflows(), place, report)
    assert chosen is not None
    assert chosen.workflow.workflow == name


@pytest.mark.parametrize("purpose", ["domestic_servitude", "sexual_exploitation", "forced_labour", "organ_removal"])
@pytest.mark.parametrize(("concern", "stays"), [("coming_home", True), ("other", False)])
@pytest.mark.parametrize("band", ["12_to_17", "25_to_59"])
def test_what_was_done_to_somebody_whom_we_receive_moves_their_case_nowhere(
    purpose: str, band: str, concern: str, *, stays: bool
) -> None:
    case = _triaged(_case(concern=concern), purpose, band)
    follows = "coming-home" if stays else "reported-concern"
    assert (_proposed(case, follows) is None) is stays
    if stays:
        assert _proposed(case) == "coming-home", "a case that began elsewhere by mistake is led there"
