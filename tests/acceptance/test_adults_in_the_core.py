"""What is never done to an adult: the gates and ways of the workflows for adults, in the pure core."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, StepStatus
from tests.acceptance.core_story import RUN, VICTIM, CoreCase
from tests.kit.shipped import shipped

PATH = f"person:{VICTIM}"
Answers = Mapping[str, Mapping[str, Scalar]]


def _case(workflow: str, *, answers: Answers | None = None, left: frozenset[str] = frozenset()) -> CoreCase:
    opened = datetime(2026, 5, 15, 17, 35, tzinfo=UTC)
    return CoreCase(
        workflow=shipped(workflow), opened_at=opened, jurisdiction="IN-NL", answers=answers or {}, left=left
    )


def _done(case: CoreCase, *keys: str) -> None:
    """Do steps one after the other, each as soon as it is ready."""
    for key in keys:
        step = case.step(key)
        assert step is not None, key
        case.complete(step)


def _status(case: CoreCase, key: str) -> StepStatus | None:
    step = case.step(key)
    return step.status if step else None


@pytest.fixture
def out() -> CoreCase:
    """Return a case of somebody who is out of the compound, accused there, and fears to go back."""
    case = _case(
        "forced-scamming",
        answers={
            "non_punishment": {"was_made_to": True, "is_accused": True},
            "decision": {"decision": "return", "wishes_return": "yes"},
        },
    )
    _done(case, "intake", "triage", "fir", "rescue")
    return case


def test_who_fears_to_go_back_is_not_taken_there_whatever_was_decided(out: CoreCase) -> None:
    _done(out, "identify", "fear", "decision")
    assert _status(out, "handover") is StepStatus.SKIPPED
    assert _status(out, "refugee_body") in {StepStatus.READY, None}
    out.do(cm.AddStep(RUN, "travel", path=PATH))
    assert _status(out, "travel") is StepStatus.HELD


def test_a_fear_that_is_not_known_closes_the_road_back_and_tells_no_authority(out: CoreCase) -> None:
    out.answers = {**out.answers, "fear": {"decision": "not_known"}}
    _done(out, "identify", "fear", "decision")
    assert _status(out, "handover") is StepStatus.SKIPPED
    _done(out, "consent")
    assert _status(out, "refugee_body") is not StepStatus.READY
    out.do(cm.AddStep(RUN, "travel", path=PATH))
    assert _status(out, "travel") is StepStatus.HELD


def test_who_does_not_fear_and_wants_to_go_home_is_not_held_back(out: CoreCase) -> None:
    out.answers = {**out.answers, "fear": {"decision": "no"}}
    _done(out, "identify", "fear", "decision")
    assert _status(out, "handover") is StepStatus.READY


def test_the_last_word_counts(out: CoreCase) -> None:
    out.answers = {
        "fear": {"decision": "no"},
        "decision": {"decision": "return", "wishes_return": "no"},
        "new_will": {"decision": "yes"},
    }
    _done(out, "identify", "fear", "decision")
    assert _status(out, "handover") is StepStatus.HELD
    out.do(cm.AddStep(RUN, "new_will", path=PATH))
    _done(out, "new_will")
    assert _status(out, "handover") is StepStatus.READY


def test_a_statement_waits_for_the_time_to_recover_and_for_the_note_on_non_punishment(out: CoreCase) -> None:
    out.do(cm.AddStep(RUN, "statement", path=PATH))
    assert _status(out, "statement") is StepStatus.HELD
    _done(out, "non_punishment")
    assert _status(out, "statement") is StepStatus.HELD
    _done(out, "reflection")
    assert _status(out, "statement") is StepStatus.READY


def test_who_is_accused_gets_a_lawyer_and_help_does_not_wait(out: CoreCase) -> None:
    assert _status(out, "health") is _status(out, "safety") is StepStatus.READY
    _done(out, "non_punishment")
    assert _status(out, "defence") is StepStatus.READY


def test_the_state_they_come_from_hears_nothing_without_consent_or_against_fear(out: CoreCase) -> None:
    out.do(cm.AddStep(RUN, "tell_home_state", path=PATH))
    assert _status(out, "tell_home_state") is StepStatus.HELD
    out.worked_out = {"protection.consent_check": {"live": True, "covers_sharing": True}}
    _done(out, "identify", "fear", "consent")
    assert _status(out, "tell_home_state") is StepStatus.HELD


def test_a_refused_examination_holds_nothing_up() -> None:
    case = _case("adult-exploitation")
    _done(case, "intake", "triage", "fir", "rescue")
    medical = case.step("medical")
    before = case.live()
    case.do(cm.CompleteStep(medical.id, "refused_by_person", case.now))
    assert case.live() == before - {"medical"}
    case.finish()
    assert case.is_closed()


@pytest.mark.parametrize(
    ("order", "is_kept"), [("released", False), ("restored_to_family", False), ("placement", True)]
)
def test_custody_is_watched_only_for_who_is_kept(order: str, *, is_kept: bool) -> None:
    case = _case("adult-exploitation", answers={"production": {"order_type": order}})
    _done(case, "intake", "triage", "fir", "rescue", "production")
    custody = case.step("custody")
    assert custody.status is (StepStatus.READY if is_kept else StepStatus.SKIPPED)
    if is_kept:
        deadline = case.deadline(custody)
        assert (deadline.law, deadline.ladder) == ("IN-ITPA-10D", "detention-limit")


@pytest.mark.parametrize(("under", "law", "limit"), [
    (None, "IN-ITPA-10D", "P10D"), ("unknown", "IN-ITPA-10D", "P10D"), ("s17_1", "IN-ITPA-10D", "P10D"),
    ("s17_3", "IN-ITPA-3W", "P21D"), ("s17_4", "IN-ITPA-HOME", "P3Y"),
])  # fmt: skip
def test_how_long_she_can_be_held_depends_on_the_sub_section_of_the_order(
    under: str | None, law: str, limit: str
) -> None:
    told = {"order_type": "placement"} | ({"order_under": under} if under else {})
    case = _case("adult-exploitation", answers={"production": told})
    _done(case, "intake", "triage", "fir", "rescue", "production")
    custody = case.step("custody")
    assert custody is not None
    deadline = case.deadline(custody)
    assert (deadline.law, deadline.limit, deadline.started_at) == (law, limit, case.now)


@pytest.mark.parametrize("known", [False, True])
def test_the_time_of_the_threat_report_runs_from_the_order_of_the_authority(*, known: bool) -> None:
    ordered = datetime(2026, 5, 20, 6, tzinfo=UTC)
    told: Answers = {"protection_asked": {"report_ordered_at": ordered}} if known else {}
    case = _case("adult-exploitation", answers=told)
    _done(case, "intake", "triage", "fir", "rescue", "protection_asked")
    report = case.step("threat_report")
    assert report is not None
    deadline = case.deadline(report)
    assert (deadline.law, deadline.started_at) == ("IN-WPS-TAR", ordered if known else case.now)
    heard = datetime(2026, 5, 21, 6, tzinfo=UTC)
    case.do(cm.RecordFact("threat_report_ordered_at", heard))
    later = case.deadline(report)
    assert later.started_at == (ordered if known else heard), "of a person what was told of her goes first"


@pytest.mark.parametrize(("key", "law"), [("inquiry_custody", "IN-ITPA-3W"), ("home_order", "IN-ITPA-HOME")])
def test_what_a_later_hearing_orders_counts_from_that_hearing(key: str, law: str) -> None:
    case = _case("adult-exploitation", answers={"production": {"order_type": "placement", "order_under": "s17_1"}})
    _done(case, "intake", "triage", "fir", "rescue", "production")
    case.until(case.now + timedelta(days=3))
    custody = case.step("custody")
    assert custody is not None
    heard_at = case.now
    case.complete(custody)
    case.do(cm.AddStep(RUN, key, path=PATH))
    added = case.step(key)
    assert added is not None
    deadline = case.deadline(added)
    assert (deadline.law, deadline.started_at) == (law, heard_at)


@pytest.mark.parametrize(
    ("sections", "limit"), [("BNS143,JJ79", "P60D"), ("BNS143_2", "P60D"), ("JJ79,BNS143_4", "P90D"), (None, "P60D")]
)
def test_bail_by_default_counts_from_the_remand_and_by_the_section(sections: str | None, limit: str) -> None:
    told = {"tells:offence_day": "2026-05-01"} | ({"tells:sections": sections} if sections else {})
    case = _case("adult-base", answers={"fir": told}, left=frozenset({"chargesheet"}))
    _done(case, "intake", "triage", "fir")
    registered = case.now
    sheet = case.step("chargesheet")
    assert sheet is not None
    planned = case.deadline(sheet)
    assert (planned.law, planned.limit, planned.started_at) == ("IN-DEFAULT-BAIL", limit, registered)
    counts_from = datetime(2026, 5, 31, 18, 29, 59, tzinfo=UTC)
    case.do(cm.RecordFact("bail_counts_from", counts_from))
    counted = case.deadline(sheet)
    assert (counted.law, counted.limit, counted.started_at) == ("IN-DEFAULT-BAIL", limit, counts_from)


def test_a_home_that_somebody_wants_to_leave_keeps_the_case_open_until_they_have_left() -> None:
    case = _case("adult-base", answers={"placement": {"own_wish": "wants_to_leave"}, "let_out": {"result": "released"}})
    _done(case, "intake", "triage", "fir", "rescue", "own_will")
    case.do(cm.AddStep(RUN, "placement", path=PATH))
    _done(case, "placement")
    case.finish()
    assert not case.is_closed()
    assert _status(case, "closure") is StepStatus.HELD
    case.do(cm.AddStep(RUN, "let_out", path=PATH))
    _done(case, "let_out")
    case.finish()
    assert case.is_closed()


def test_nobody_is_put_into_a_home_who_does_not_want_help_and_they_go_well() -> None:
    case = _case("adult-base", answers={"own_will": {"decision": "no"}})
    _done(case, "intake", "triage", "fir", "rescue", "own_will")
    case.do(cm.AddStep(RUN, "placement", path=PATH))
    assert _status(case, "placement") is StepStatus.HELD
    assert _status(case, "leave_well") is StepStatus.READY
    assert _status(case, "needs") is StepStatus.SKIPPED


# Money for what was done long ago, and whoever leaves for work.


def _of_old(stage: str) -> CoreCase:
    """Return a case of an old offence, reported then, whose papers say how far it is."""
    case = _case("compensation", answers={"intake": {"reported_before": "earlier"}, "stage": {"stage": stage}})
    _done(case, "intake", "stage", "routes")
    return case


def test_a_claim_waits_for_no_judgment_and_its_three_years_begin_with_one() -> None:
    case = _of_old("trial")
    claim = case.step("claim")
    assert claim is not None
    assert (claim.status, case.deadline(claim)) == (StepStatus.READY, None)
    case.answers = {**case.answers, "hearing": {"purpose": "judgment"}}
    case.until(case.now + timedelta(days=3))
    _done(case, "hearing")
    deadline = case.deadline(claim)
    assert deadline is not None
    assert (deadline.law, deadline.started_at) == ("IN-COMP-LIMIT", case.now)


@pytest.mark.parametrize(("stage", "known"), [("judgment", True), ("trial", False), ("investigation", False)])
def test_a_judgment_of_then_is_fetched_and_explained(stage: str, *, known: bool) -> None:
    case = _of_old(stage)
    assert (_status(case, "old_judgment") is StepStatus.READY) == known
    assert (_status(case, "hearing") is StepStatus.READY) == (stage == "trial")


def test_a_hearing_of_a_claim_can_be_noted_as_often_as_there_is_one_and_keeps_no_case_open() -> None:
    case = _of_old("investigation")
    _done(case, "claim", "claim_heard", "claim_heard")
    assert _status(case, "claim_heard") is StepStatus.READY
    assert "claim_heard" not in case.live()


@pytest.mark.parametrize("silent", [True, False])
def test_whoever_leaves_for_work_checks_in_a_week_later_and_is_looked_for_when_silent(*, silent: bool) -> None:
    case = _case(
        "unsafe-migration", answers={"travel_check": {"leaves": True}, "arrived": {"silent": silent}},
        left=frozenset({"leaving", "arrived"}),
    )  # fmt: skip
    _done(case, "intake", "travel_check")
    case.until(case.now + timedelta(days=5))
    _done(case, "leaving")
    arrived = case.step("arrived")
    assert arrived is not None
    deadline = case.deadline(arrived)
    assert deadline is not None
    assert deadline.due_at == case.now + timedelta(days=7)
    _done(case, "arrived")
    assert (_status(case, "look_for") is StepStatus.READY) == silent


@pytest.mark.parametrize("heard_of", [True, False])
def test_a_person_in_danger_of_whom_a_session_hears_is_looked_for_where_they_are(*, heard_of: bool) -> None:
    case = _case("unsafe-migration", answers={"session": {"heard_of": heard_of}})
    _done(case, "session")
    assert (_status(case, "in_danger_there") is StepStatus.READY) == heard_of
