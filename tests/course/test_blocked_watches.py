"""What is watched goes on when its step ends without an answer, and each of several by itself."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.records import LIVE, Step, StepStatus
from engine.course.actions.steer import add_step
from engine.documents.views import document_text
from engine.rehearsal.world import World
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.cases import DAY, HOUR, Work

pytestmark = pytest.mark.long

BLOCKED, REFUSED = "blocked_by_other_body", "refused_by_person"


def end(case: Work, step_id: UUID, outcome: str) -> None:
    """End a step without an answer."""
    item = case.of(ItemStore).open_of_step(step_id)
    case.act(complete_work_item, item.id, by=case.people[item.candidate_roles[0]], revision=item.revision,
        answers={}, outcome=outcome, reason="they do not do it",
    )  # fmt: skip
    case.world.settle_jobs()


def live(case: Work, name: str) -> list[Step]:
    return [step for step in case.watched(name) if step.status in LIVE]


def opened(case: Work, name: str) -> Step:
    """Let the time pass until what is watched opens."""
    [waits] = live(case, name)
    if waits.opens_at is not None:
        case.world.pass_until(waits.opens_at + HOUR)
    return case.state.steps[waits.id]


def refuse(case: Work, **changes: Any) -> None:
    """Let the station refuse, and write to the Superintendent."""
    case.do("policing.fir", refused=True, refusal_officer="head", fir_no="refused", **changes)
    [letter] = case.watched("refusal")
    now = case.world.now().isoformat()
    case.answer(letter.id, refused_at=now, sent_at=now)


def test_whether_it_was_registered_is_asked_again_until_there_is_an_answer(case: Work) -> None:
    refuse(case)
    for _ in range(2):
        asked = opened(case, "superintendent")
        now: datetime = case.world.now()
        end(case, asked.id, BLOCKED)
        [again] = live(case, "superintendent")
        assert (again.uses, again.added and again.added.title) == (asked.uses, asked.added and asked.added.title)
        assert again.opens_at == now + DAY
        limit = case.limit(opened(case, "superintendent"))
        assert (limit.due_at, limit.ladder) == (now + 2 * DAY, "fir-refused")
        day = (now + 2 * DAY + timedelta(hours=5, minutes=30)).strftime("%d %b %Y")
        assert case.page_of(asked.id).notes == (f"This step will open again, and is due on {day}.",)
    case.answer(opened(case, "superintendent").id, refused=True, refusal_officer="head", fir_no="refused")
    assert (len(live(case, "superintendent")), len(live(case, "magistrate"))) == (0, 1)


def test_what_does_not_press_is_asked_again_after_its_own_time_and_at_most_a_week(case: Work) -> None:
    case.do("policing.fir", fir_datetime=case.world.now().isoformat(), refused=False)
    news = opened(case, "news")
    assert case.limit(news).law == "IN-VICTIM-90D"
    now = case.world.now()
    end(case, news.id, BLOCKED)
    [again] = live(case, "news")
    limit = case.limit(opened(case, "news"))
    assert (again.opens_at, limit.due_at, limit.law) == (now + 3.5 * DAY, now + 7 * DAY, None)
    case.answer(again.id, due_on=case.world.now().date().isoformat())
    assert (len(live(case, "news")), len(live(case, "news_again"))) == (0, 1)


def test_what_the_person_refused_or_is_not_needed_does_not_come_again_and_the_page_says_so(case: Work) -> None:
    said = {}
    for outcome in (REFUSED, "not_needed"):
        review = case.world.now().date() + 2 * DAY
        case.do("protection.safety", level="critical", review_on=review.isoformat())
        asked = opened(case, "safety_review")
        end(case, asked.id, outcome)
        assert live(case, "safety_review") == []
        said[outcome] = case.page_of(asked.id).notes
    assert said == {
        REFUSED: ("This step does not open again by itself. Add it when the person wants it.",), "not_needed": (),
    }  # fmt: skip


def test_a_step_that_nothing_watched_for_does_not_come_again(case: Work) -> None:
    step = case.add("policing.fir")
    case.world.settle_jobs()
    before = len(case.state.steps)
    end(case, step, BLOCKED)
    assert (len(case.state.steps), case.page_of(step).notes) == (before, ())


@pytest.mark.parametrize("outcome", [BLOCKED, REFUSED, "not_needed"])
def test_a_step_that_was_not_done_hides_no_earlier_answer(case: Work, outcome: str) -> None:
    refuse(case, station="Station X")
    end(case, opened(case, "superintendent").id, outcome)
    step = case.add("policing.magistrate")
    case.world.settle_jobs()
    [application] = case.page_of(step).documents
    assert "Station X" in case.engine.ask(document_text, case.people["supervisor"], application.id)


def test_a_step_that_was_not_done_is_not_counted_among_the_earlier_ones(case: Work) -> None:
    for outcome in (BLOCKED, "not_needed"):
        step = case.add("policing.evidence")
        case.world.settle_jobs()
        end(case, step, outcome)
    following = case.add("policing.evidence")
    case.world.settle_jobs()
    assert case.proposed(following, "label") == "E1"


def test_every_digital_piece_has_a_certificate_of_its_own_in_whichever_order_they_are_written_down(
    case: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two are written down before the system comes to the first; the third was taken before both."""
    now = case.world.now()
    steps = [case.add("policing.evidence") for _ in range(3)]
    case.world.settle_jobs()
    with monkeypatch.context() as patched:
        patched.setattr(World, "settle_jobs", lambda _: None)
        for number, taken in ((1, 2), (2, 1)):
            _evidence(case, steps[number], label=f"E{number}", collected_at=(now - taken * HOUR).isoformat())
    case.world.settle_jobs()
    _evidence(case, steps[0], label="E0", collected_at=(now - 5 * HOUR).isoformat())
    marks = []
    for step in steps:
        [certificate] = case.watched(f"certificate_{step.hex}")
        [paper] = case.page_of(certificate.id).documents
        html = case.engine.ask(document_text, case.people["caseworker"], paper.id)
        marks.append((case.proposed(certificate.id, "label"), [mark for mark in ("E0", "E1", "E2") if mark in html]))
    assert marks == [("E0", ["E0"]), ("E1", ["E1"]), ("E2", ["E2"])]


def _names(case: Work, start: str) -> dict[str, list[StepStatus]]:
    """Return what is watched by names that start so, and how each of its steps stands."""
    found: dict[str, list[StepStatus]] = {}
    for step in case.state.steps.values():
        if step.added is not None and step.added.follow_up.startswith(start):
            found.setdefault(step.added.follow_up, []).append(step.status)
    return found


def test_the_notice_to_each_platform_is_followed_by_itself(case: Work) -> None:
    at = case.world.now().isoformat()
    first = case.add("press.takedown")
    second = case.act(add_step, case.case_id, by="case_manager", uses="press.takedown", limit="PT30H")
    case.world.settle_jobs()
    asked: dict[str, Any] = {"door": "platform", "ground": "urgent_complaint", "sent_at": at}
    case.answer(first, platform="Site A", answer="none_yet", **asked)
    [name] = _names(case, "takedown_")
    case.answer(second, platform="Site B", answer="removed", removed_at=at, **asked)
    assert _names(case, "takedown_") == {name: [StepStatus.SCHEDULED]}
    case.world.pass_until(case.world.now() + 2 * HOUR)
    [look] = case.watched(name)
    assert case.proposed(look.id, "platform") == "Site A"
    case.answer(look.id, platform="site a", answer="removed", removed_at=at, **asked)
    assert _names(case, "takedown_") == {name: [StepStatus.ENDED]}
    away = _names(case, "stays_away_")
    assert len(away) == 6
    assert all(status == [StepStatus.SCHEDULED] for status in away.values())


def test_a_judgment_calls_off_no_appeal_against_an_award(case: Work) -> None:
    now, day = case.world.now(), (case.world.now() + 30 * DAY).date().isoformat()
    case.do("restitution.award", amount="100000.00", award_on=now.date().isoformat(), appeal_by=day)
    case.do("prosecution.outcome", result="acquitted", told_survivor_at=now.isoformat(), release_risk="later")
    assert _names(case, "appeal") == {"appeal": [StepStatus.SCHEDULED]}


def _evidence(case: Work, step: UUID, **changes: Any) -> None:
    case.answer(step, item_type="phone", sensitive_image=False, sealed=True, description=changes["label"], **changes)
