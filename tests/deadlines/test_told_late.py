"""What is written down late yields a limit that is broken at once, and no flood of those that went by before it."""

from datetime import timedelta

from engine.core.records import StepStatus
from tests.kit.cases import DAY, HOUR, SECOND, Work


def test_the_first_call_after_a_handover_that_is_told_late_is_broken_at_once(case: Work) -> None:
    at = case.world.now() - 3 * DAY
    due = at + 48 * HOUR
    case.do("repatriation.handover", at=at.isoformat(), tz="Asia/Kolkata", first_call_on=due.isoformat())
    [call] = case.watched("first_call")
    limit = case.limit(call)
    assert (call.status, limit.started_at, limit.due_at) == (StepStatus.READY, at, due)
    case.world.pass_until(case.world.now() + SECOND)
    assert case.told("first_call") == ["1: +24 h", "2: +24 h", "3: +24 h"]
    assert case.limit(call).breached_at is not None


def test_of_a_request_that_is_told_late_the_last_day_that_has_come_is_asked_for(case: Work) -> None:
    sent = (case.world.now() - 70 * DAY).date()
    case.do(
        "repatriation.nationality", claimed_country="BD", sent_on=sent.isoformat(), stateless_risk=False,
        asylum_claim=False, legal_advice_on=sent.isoformat(),
    )  # fmt: skip
    statuses = {days: [step.status for step in case.watched(f"nationality_{days}")] for days in (30, 60, 90)}
    assert statuses == {30: [], 60: [StepStatus.READY], 90: [StepStatus.SCHEDULED]}
    [asked] = case.watched("nationality_60")
    assert case.limit(asked).due_at < case.world.now()
    case.answer(
        asked.id, claimed_country="BD", sent_on=sent.isoformat(), stateless_risk=False, asylum_claim=False,
        legal_advice_on=sent.isoformat(), result="no_answer",
    )  # fmt: skip
    assert [step.status for step in case.watched("nationality_60")] == [StepStatus.ENDED], "it does not come back"


def test_the_visit_that_a_late_handover_has_missed_is_due_and_no_older_one(case: Work) -> None:
    at = case.world.now() - timedelta(days=20)
    case.do("repatriation.handover", at=at.isoformat(), tz="Asia/Kolkata", first_call_on=(at + HOUR).isoformat())
    case.add("reintegration.schedule")
    case.world.settle_jobs()
    names = ("1_week", "2_weeks", "1_month")
    assert {name: [step.status for step in case.watched(f"visit_{name}")] for name in names} == {
        "1_week": [], "2_weeks": [StepStatus.READY], "1_month": [StepStatus.SCHEDULED],
    }  # fmt: skip
