"""The workflows that travel with ICMC are clean, use every pillar, and open from the reports meant for them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product

import pytest

from engine.core import commands as cm
from engine.core.moving import choose_workflow
from engine.core.records import Scalar, StepStatus
from engine.language.lint.files import lint_workflow
from engine.language.lint.subject import KnownNames
from engine.plugin.registry import RegistryCatalogue
from tests.acceptance.core_story import RUN, VICTIM, CoreCase
from tests.kit.shipped import CASES, library, registry, shipped, source_of, story

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
REPORTS: Mapping[str, tuple[Mapping[str, Scalar], str]] = {
    "cs-01": ({"concern": "child_labour", "is_child_suspected": "yes"}, "child-labour"),
    "cs-02": ({"concern": "sexual_exploitation", "is_child_suspected": "yes"}, "child-sexual-exploitation"),
    "cs-04": ({"concern": "forced_criminality", "is_child_suspected": "no"}, "forced-scamming"),
    "cs-06": ({"concern": "sexual_exploitation", "is_child_suspected": "no"}, "adult-exploitation"),
    "cs-07": ({"concern": "missing_person", "is_child_suspected": "yes"}, "missing-child"),
    "cs-09": ({"concern": "identity_leak", "is_child_suspected": "yes"}, "identity-leak"),
}
OTHER_REPORTS = {
    ("bonded_labour", "yes"): "bonded-labour", ("bonded_labour", "no"): "bonded-labour",
    ("forced_labour", "no"): "bonded-labour", ("forced_labour", "unsure"): "child-labour",
    ("domestic_work", "yes"): "domestic-work", ("domestic_work", "no"): "domestic-work-adult",
    ("early_marriage", "unsure"): "early-marriage", ("early_marriage", "no"): "forced-marriage",
    ("missing_person", "no"): "missing-adult", ("organ_removal", "no"): "organ-removal",
    ("online_abuse", "yes"): "online-abuse", ("child_sale", "yes"): "child-sale",
    ("stopped_on_the_way", "no"): "stopped-on-the-way", ("unsafe_migration", "no"): "unsafe-migration",
    ("coming_home", "yes"): "coming-home", ("compensation", "no"): "compensation", ("other", "no"): "reported-concern",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_a_shipped_workflow(name: str) -> None:
    catalogue = RegistryCatalogue(registry())
    report = catalogue.find("reporting.intake")
    names = KnownNames.of(
        ladders=library().ladders, packs=library().packs.values(), calendars=library().calendars, workflows=NAMES,
        report=report.outputs,
    )  # fmt: skip
    assert lint_workflow(CASES / f"{name}.yaml", catalogue=catalogue, names=names, library=source_of) == ()


def test_every_step_type_of_a_pillar_stands_in_a_shipped_workflow() -> None:
    used = {step.uses for name in NAMES for step in shipped(name).workflow.steps.values()}
    known = {key for key in registry().step_types if not key.startswith("core.")}
    assert known - used == {"policing.custody_check", "prosecution.calendar"}, "two follow from answers alone"


@pytest.mark.parametrize("name", sorted(REPORTS))
def test_the_report_of_a_story_opens_the_workflow_meant_for_it(name: str) -> None:
    report, expected = REPORTS[name]
    chosen = choose_workflow({one: shipped(one) for one in NAMES}, story(name).jurisdiction, report)
    assert chosen.workflow.workflow == expected


@pytest.mark.parametrize(("concern", "child"), sorted(OTHER_REPORTS))
def test_a_report_of_each_kind_opens_the_workflow_meant_for_it(concern: str, child: str) -> None:
    report = {"concern": concern, "is_child_suspected": child}
    chosen = choose_workflow({one: shipped(one) for one in NAMES}, "IN-AS", report)
    assert chosen.workflow.workflow == OTHER_REPORTS[concern, child]


@pytest.mark.parametrize("place", ["IN-TR", "IN-AS", "IN-WB", "IN-NL", "IN-DL", "IN"])
@pytest.mark.parametrize("child", ["yes", "unsure"])
def test_a_child_in_sexual_exploitation_opens_the_same_neutral_workflow_wherever_in_india(
    place: str, child: str
) -> None:
    report = {"concern": "sexual_exploitation", "is_child_suspected": child}
    chosen = choose_workflow({one: shipped(one) for one in NAMES}, place, report)
    assert chosen.workflow.workflow == "child-sexual-exploitation"


@pytest.mark.parametrize(
    ("place", "workflow"), [("BD-G", "bangladesh"), ("NP", "nepal"), ("MM", "myanmar"), ("TH", None)]
)
def test_outside_india_the_workflow_of_that_country_opens_and_elsewhere_the_single_window(
    place: str, workflow: str | None
) -> None:
    report, _ = REPORTS["cs-02"]
    chosen = choose_workflow({one: shipped(one) for one in NAMES}, place, report)
    assert chosen.workflow.workflow == (f"led-from-{workflow}" if workflow else "reported-concern")


def test_whatever_is_reported_wherever_opens_a_case() -> None:
    outputs = registry().get("reporting.intake").outputs
    everything = product(
        outputs["concern"].choices, outputs["is_child_suspected"].choices, ("IN-TR", "BD-G", "NP", "MM")
    )
    workflows = {one: shipped(one) for one in NAMES}
    for concern, child, place in everything:
        assert choose_workflow(workflows, place, {"concern": concern, "is_child_suspected": child}) is not None


@pytest.mark.parametrize("name", NAMES)
def test_every_step_that_a_person_does_has_a_time_limit_and_a_ladder_that_exists(name: str) -> None:
    for key, step in shipped(name).steps.items():
        assert step.info.automatic or step.spec.standing or step.times, key
        assert {time.spec.ladder for time in step.times} <= set(library().ladders), key


@pytest.mark.long
@pytest.mark.parametrize("victims", [0, 1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_a_case_with_nobody_one_child_or_several_comes_to_its_end(name: str, victims: int) -> None:
    case = CoreCase(workflow=shipped(name), opened_at=OPENED, jurisdiction="IN-AS", victims=victims)
    case.finish()
    assert case.is_closed()
    assert case.breaches() == []


COMMON = {
    "partnership": "partner", "press": "identity-leak", "prevention": "prevention-programme",
    "prosecution": "bonded-labour", "restitution": "compensation", "policing": "adult-exploitation",
} | dict.fromkeys(
    ("protection", "rehabilitation", "reintegration", "repatriation", "reporting", "rescue"), "child-labour"
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(COMMON.values())))
def test_of_each_pillar_three_step_types_open_by_themselves_in_a_common_case(name: str) -> None:
    case = CoreCase(workflow=shipped(name), opened_at=OPENED, jurisdiction="IN-AS")
    case.finish()
    done = {step.uses for step in case.state.steps.values() if step.status is StepStatus.ENDED and step.added is None}
    for pillar in {key for key in COMMON if COMMON[key] == name}:
        assert len([uses for uses in done if uses.startswith(f"{pillar}.")]) >= 3, (pillar, done)


def test_the_common_cases_speak_of_all_twelve_pillars() -> None:
    assert {key.partition(".")[0] for key in registry().step_types} - {"core"} == set(COMMON)


@pytest.mark.parametrize("outcome", ["not_needed", "refused_by_person", "blocked_by_other_body"])
@pytest.mark.parametrize("name", NAMES)
def test_a_case_in_which_nothing_could_be_done_is_held_by_the_return_decision_alone_and_then_closes(
    name: str, outcome: str
) -> None:
    case = CoreCase(workflow=shipped(name), opened_at=OPENED, jurisdiction="IN-AS", outcome=outcome)
    case.finish()
    if case.live() == {"decision"}:
        case.do(cm.AddStep(RUN, "other_plan", path=f"person:{VICTIM}"))
        plan = case.ready("core.decide")[0]
        case.do(cm.CompleteStep(plan.id, "done", case.now, outputs={"decision": "yes"}))
        case.finish()
    assert case.is_closed()
