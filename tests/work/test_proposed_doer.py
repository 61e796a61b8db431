"""Who did a step before is proposed for the next one; a lead gives it with one press, and nobody gets it by itself."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import recuse
from engine.core.access import RecusalReason
from engine.core.consequences import WorkItem
from engine.core.policy import Viewer
from engine.course.actions.steer import add_step
from engine.people.actions.duty import note_absence
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from engine.work.views.worklist import proposed_doer
from tests.kit.pillars import example, form_of
from tests.kit.portal import Portal, Reported, report_case

MEDIATION = "reintegration.mediation"


@pytest.fixture
def case(portal: Portal) -> Reported:
    return report_case(portal.as_role("intake_officer"))


def _added(portal: Portal, case: Reported, uses: str) -> WorkItem:
    case_id = UUID(case.page.rpartition("/")[2])
    before = {item.id for item in _open(portal, case_id)}
    portal.act(add_step, case_id, by="case_manager", uses=uses)
    [new] = [item for item in _open(portal, case_id) if item.id not in before]
    return new


def _open(portal: Portal, case_id: UUID) -> tuple[WorkItem, ...]:
    return portal.of(ItemStore).open_of_case(case_id)


def _did(portal: Portal, case: Reported, who: str, uses: str, **changes: object) -> None:
    """Let somebody do a step of a type, just now."""
    step = portal.engine.registry.get(uses)
    when = {step.event_time_field: portal.clock.now().isoformat()} if step.event_time_field else {}
    item = _added(portal, case, uses)
    portal.act(complete_work_item, item.id, by=portal.people[who], revision=item.revision,
        answers=example(form_of(step), full=False, **(when | changes)),
    )  # fmt: skip


def _held(portal: Portal, case: Reported, who: str) -> WorkItem:
    """Let somebody hold a mediation; returns the item of the next one."""
    _did(portal, case, who, MEDIATION)
    return _added(portal, case, MEDIATION)


def _button(viewer: Viewer) -> str:
    return f"Give it to {viewer.name}"


def test_who_did_it_last_is_proposed_and_a_lead_gives_it_with_one_press(portal: Portal, case: Reported) -> None:
    item, counsellor, lead = (
        _held(portal, case, "counsellor"),
        portal.people["counsellor"],
        portal.as_role("case_manager"),
    )
    step = f"{case.page}/steps/{item.step_id}"
    page = lead.get(step).text
    assert f"Suggested: <strong>{counsellor.name}</strong>" in page
    assert _button(counsellor) in page
    answer = lead.post(f"/items/{item.id}/delegate", data={"to": str(counsellor.actor_id), "command_id": str(uuid4())})
    assert answer.status_code == 200
    [given] = [one for one in _open(portal, item.case_id) if one.id == item.id]
    assert given.assignee_id == counsellor.actor_id
    assert "Proposed" not in lead.get(step).text, "it is given"


def test_the_one_who_is_proposed_is_told_so_and_a_colleague_sees_the_name_without_the_button(
    portal: Portal, case: Reported
) -> None:
    item, counsellor = _held(portal, case, "counsellor"), portal.people["counsellor"]
    assert "You are suggested for this" in portal.as_role("counsellor").get(f"/items/{item.id}").text
    colleague = portal.as_role("caseworker").get(f"/items/{item.id}").text
    assert f"Suggested: <strong>{counsellor.name}</strong>" in colleague
    assert _button(counsellor) not in colleague


def test_a_step_stays_with_who_did_the_one_before_it_and_then_with_who_did_it_last(
    portal: Portal, case: Reported
) -> None:
    visit, viewer = _added(portal, case, "reintegration.visit"), portal.people["caseworker"]
    assert portal.engine.ask(proposed_doer, viewer, visit.id) is None, "nobody did anything before"
    _did(portal, case, "caseworker", "reintegration.plan")
    planned = portal.engine.ask(proposed_doer, viewer, visit.id)
    assert planned
    assert (planned.actor_id, planned.did) == (viewer.actor_id, "Reintegration plan")
    _did(portal, case, "partnership_manager", "reintegration.visit")
    visited = portal.engine.ask(proposed_doer, viewer, visit.id)
    assert visited
    assert (visited.actor_id, visited.did) == (portal.people["partnership_manager"].actor_id, "Follow-up visit or call")


def test_who_did_a_step_is_not_proposed_for_one_that_they_may_not_do(portal: Portal, case: Reported) -> None:
    item, lawyer = _added(portal, case, "policing.magistrate"), portal.people["lawyer"]
    _did(portal, case, "ahtu_officer", "policing.fir", refused=False)
    assert portal.engine.ask(proposed_doer, lawyer, item.id) is None
    _did(portal, case, "police_liaison", "policing.fir", refused=False)
    proposed = portal.engine.ask(proposed_doer, lawyer, item.id)
    assert proposed
    assert proposed.actor_id == portal.people["police_liaison"].actor_id


def test_nobody_is_proposed_who_is_away(portal: Portal, case: Reported) -> None:
    item, caseworker, now = _held(portal, case, "caseworker"), portal.people["caseworker"], portal.clock.now()
    assert portal.engine.ask(proposed_doer, caseworker, item.id)
    portal.act(note_absence, by=caseworker, actor_id=caseworker.actor_id, starts_at=now,
        ends_at=now + timedelta(hours=1), deputy_id=None,
    )  # fmt: skip
    assert portal.engine.ask(proposed_doer, caseworker, item.id) is None
    portal.let_time_pass(timedelta(hours=2))
    assert portal.engine.ask(proposed_doer, caseworker, item.id)


def test_nobody_is_proposed_who_has_a_conflict_of_interest_with_the_case(portal: Portal, case: Reported) -> None:
    item, lead = _held(portal, case, "counsellor"), portal.people["case_manager"]
    assert portal.engine.ask(proposed_doer, lead, item.id)
    portal.act(recuse, item.case_id, by=lead, actor_id=portal.people["counsellor"].actor_id,
        reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="knows_suspect",
    )  # fmt: skip
    assert portal.engine.ask(proposed_doer, lead, item.id) is None
    assert "Proposed" not in portal.as_role("case_manager").get(f"{case.page}/steps/{item.step_id}").text
