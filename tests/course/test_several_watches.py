"""Where a case has several of one thing, each is watched by itself: pieces of evidence, platforms, ways to appeal."""

from typing import Any
from uuid import UUID

import pytest

from engine.core.records import StepStatus
from engine.course.actions.steer import add_step
from engine.documents.views import document_text
from engine.rehearsal.world import World
from tests.kit.one_case import DAY, HOUR, Work


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
        if step.added is not None and step.added.watches.startswith(start):
            found.setdefault(step.added.watches, []).append(step.status)
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
