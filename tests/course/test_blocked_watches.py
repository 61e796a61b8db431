"""What was to be watched does not go silent when its step ends without an answer, and hides no earlier answer."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.core.records import LIVE, Step
from engine.documents.views import document_text
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.one_case import DAY, HOUR, Work

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
