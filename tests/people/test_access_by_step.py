"""A step that gives or ends a colleague's access changes their rights: a role with a second person, an end at once."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from httpx2 import Response

from engine.approvals.views import waiting
from engine.core.consequences import WorkItem
from engine.course.actions.steer import add_step
from engine.people.actions.by_step import NOT_A_COLLEAGUE
from engine.people.actions.manage import end_roles
from engine.people.store import DirectoryStore
from engine.rehearsal.world import people_of
from engine.work.actions.items import claim_work_item
from engine.work.store import ItemStore
from tests.kit.portal import Portal, report_case
from tests.oracle.answers import do_jobs

SHOWN = "/report"
"""A page that a press officer cannot open, and an intake officer can."""


def address(portal: Portal, role: str) -> str:
    """Return the address with which the one of a role signs in."""
    (row,) = portal.rows("SELECT email FROM actor WHERE id = :id", id=portal.people[role].actor_id)
    return str(row["email"])


def roles(portal: Portal, role: str) -> set[str]:
    """Return the roles that the one of a role has now."""
    return {one for _, one in portal.of(DirectoryStore).memberships(portal.people[role].actor_id)}


@pytest.fixture
def item(portal: Portal) -> WorkItem:
    """Return the item of a step about access, in a case of its own."""
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    portal.act(add_step, case_id, by="case_manager", uses="partnership.access")
    return next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "partnership.access")


def answer(portal: Portal, item: WorkItem, by: str, **typed: str) -> Response:
    """Complete the step on its page, and let the worker conclude it where it was taken."""
    said = {"is_colleague": "yes", "changes": "role_given", "role": "intake_officer", "training_done": "yes"} | typed
    sent = {"action": "complete", "revision": str(item.revision), "command_id": str(uuid4())}
    sent |= {f"a-{name}": value for name, value in said.items() if value}
    done = portal.as_role(by).post(f"/items/{item.id}", data=sent, follow_redirects=False)
    do_jobs(portal)
    return done


def noted(portal: Portal, item: WorkItem, *, by: str = "case_manager") -> str:
    """Return the page of the step, with what came of it."""
    return unescape(portal.as_role(by).get(f"/cases/{item.case_id}/steps/{item.step_id}").text)


def agree(portal: Portal, by: str, said: str = "yes") -> Response:
    """Answer, on the page for it, the one role that waits for who has a role."""
    (line,) = (one for one in portal.engine.ask(waiting, portal.people[by]) if one.kind == "role")
    return portal.as_role(by).post(f"/waiting/{line.id}", data={"answer": said})


def test_a_role_counts_when_a_second_lead_agrees_and_ends_at_once(portal: Portal, item: WorkItem) -> None:
    colleague = address(portal, "press_officer")
    assert portal.as_role("press_officer").get(SHOWN).status_code == 403
    assert answer(portal, item, "nodal_officer", colleague=colleague).status_code == 303
    assert "The role was asked for" in noted(portal, item)
    assert portal.as_role("press_officer").get(SHOWN).status_code == 403, "the nodal officer leads the unit, and asked"
    assert "Whoever asked for it cannot approve it" in agree(portal, "nodal_officer").text
    assert roles(portal, "press_officer") == {"press_officer"}
    signed_in = portal.as_role("press_officer")
    assert "Your answer was recorded" in agree(portal, "supervisor").text
    assert signed_in.get(SHOWN, follow_redirects=False).status_code == 303, "they sign in again"
    assert portal.as_role("press_officer").get(SHOWN).status_code == 200
    portal.act(add_step, item.case_id, by="case_manager", uses="partnership.access")
    ends = next(one for one in portal.of(ItemStore).open_of_case(item.case_id) if one.uses == item.uses)
    assert answer(
        portal, ends, "data_protection_officer", colleague=colleague, changes="role_taken"
    ).status_code == 303  # fmt: skip
    assert "The colleague has lost this" in noted(portal, ends)
    assert portal.as_role("press_officer").get(SHOWN).status_code == 403
    assert roles(portal, "press_officer") == {"press_officer"}


def test_a_role_with_a_last_day_ends_by_itself_at_its_end(portal: Portal, item: WorkItem) -> None:
    until = (portal.engine.wall_clock.now() + timedelta(days=3)).date()
    answer(portal, item, "nodal_officer", colleague=address(portal, "press_officer"), until=until.isoformat())
    assert f"(until {until:%a %d %b %Y}, 23:59)" in portal.as_role("supervisor").get("/waiting").text
    agree(portal, "supervisor")
    who = portal.people["press_officer"].actor_id
    assert f"until {until:%a %d %b %Y}, 23:59" in portal.as_role("system_administrator").get(f"/people/{who}").text
    assert f"until {until:%a %d %b %Y}, 23:59" in portal.as_role("system_administrator").get("/people").text
    assert (end_roles(portal.engine), roles(portal, "press_officer")) == (0, {"press_officer", "intake_officer"})
    signed_in = portal.as_role("press_officer")
    assert signed_in.get(SHOWN).status_code == 200
    over = portal.engine.wall_clock.now() - timedelta(seconds=1)
    portal.rows("UPDATE session SET created_at = :before WHERE actor_id = :who RETURNING 1", who=who,
        before=over - timedelta(minutes=1))  # fmt: skip
    portal.rows("UPDATE membership SET ends_at = :over WHERE ends_at IS NOT NULL RETURNING 1", over=over)
    assert signed_in.get(SHOWN, follow_redirects=False).status_code == 303, "its session is over with it"
    assert portal.as_role("press_officer").get(SHOWN).status_code == 403, "before anything has cleared up"
    portal.rows("UPDATE session SET ended_at = NULL WHERE actor_id = :who RETURNING 1", who=who)
    assert end_roles(portal.engine) == 1
    assert end_roles(portal.engine) == 0
    assert roles(portal, "press_officer") == {"press_officer"}
    assert not portal.rows("SELECT 1 FROM session WHERE actor_id = :who AND ended_at IS NULL", who=who)
    (told,) = portal.rows("SELECT actor_id, body FROM audit_event WHERE type = 'RoleTaken' ORDER BY at DESC LIMIT 1")
    assert (told["actor_id"], told["body"]["role"]) == (None, "intake_officer")


@pytest.mark.parametrize(("role", "days", "said"), [
    ("system_administrator", 3, "an administrator has no last day"), ("lawyer", -2, "is over already"),
])  # fmt: skip
def test_a_last_day_that_cannot_be_is_said_and_nothing_is_asked(
    portal: Portal, item: WorkItem, role: str, days: int, said: str
) -> None:
    until = (portal.engine.wall_clock.now() + timedelta(days=days)).date().isoformat()
    answer(portal, item, "nodal_officer", colleague=address(portal, "press_officer"), role=role, until=until)
    assert said in noted(portal, item)
    assert not [one for one in portal.engine.ask(waiting, portal.people["supervisor"]) if one.role == role]


def test_one_role_that_cannot_be_ended_keeps_no_other(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    over = portal.engine.wall_clock.now() - timedelta(days=1)
    admins = "role = 'system_administrator'"
    portal.rows(f"UPDATE membership SET ends_at = :over WHERE {admins} OR role = 'auditor' RETURNING 1", over=over)
    assert end_roles(portal.engine) > 0
    assert roles(portal, "auditor") == set()
    left = portal.rows(f"UPDATE membership SET ends_at = NULL WHERE {admins} RETURNING 1")
    assert left, "somebody manages people"
    assert "role_could_not_be_ended" in caplog.text


def test_the_form_offers_the_colleagues_and_nobody_else(portal: Portal, item: WorkItem) -> None:
    _, others = people_of(portal.engine, jurisdiction="BD", label="Elsewhere")
    page = portal.as_role("nodal_officer").get(f"/items/{item.id}").text
    offered = re.search(r'<select[^>]*name="a-colleague".*?</select>', page, re.DOTALL)
    assert offered
    assert address(portal, "press_officer") in offered[0]
    assert address(portal, "nodal_officer") not in offered[0], "nobody chooses themselves"
    (elsewhere,) = portal.rows("SELECT email FROM actor WHERE id = :id", id=others["caseworker"].actor_id)
    assert elsewhere["email"] not in offered[0]


def test_who_is_no_colleague_is_refused_in_a_sentence(portal: Portal, item: WorkItem) -> None:
    _, others = people_of(portal.engine, jurisdiction="BD", label="Elsewhere too")
    (elsewhere,) = portal.rows("SELECT email FROM actor WHERE id = :id", id=others["caseworker"].actor_id)
    for wrong in (elsewhere["email"], address(portal, "nodal_officer"), "nobody@example.org"):
        refused = answer(portal, item, "nodal_officer", colleague=wrong)
        assert refused.status_code == 422
        assert NOT_A_COLLEAGUE in unescape(refused.text)
    assert portal.of(ItemStore).get(item.id).status == "ready"
    refused = answer(portal, item, "nodal_officer", colleague="")
    assert "Choose the colleague, and what changes for them." in unescape(refused.text)


def test_whoever_does_not_lead_the_unit_ends_no_role(portal: Portal, item: WorkItem) -> None:
    portal.rows("UPDATE work_item SET candidate_roles = '{caseworker}' WHERE id = :id", id=item.id)
    before = roles(portal, "press_officer")
    colleague = address(portal, "press_officer")
    assert answer(portal, item, "caseworker", colleague=colleague, changes="all_ended", role="").status_code == 303
    assert "No right was changed: only someone who leads the unit" in noted(portal, item)
    assert roles(portal, "press_officer") == before != set()


def test_untrained_people_are_given_nothing(portal: Portal, item: WorkItem) -> None:
    given = {"colleague": address(portal, "press_officer"), "training_done": "no", "role": "lawyer"}
    assert answer(portal, item, "nodal_officer", **given).status_code == 303
    assert "Access has to wait" in noted(portal, item)
    assert not [one for one in portal.engine.ask(waiting, portal.people["supervisor"]) if one.role == "lawyer"]


def test_all_that_ends_ends_what_was_asked_for_and_gives_work_back(portal: Portal, item: WorkItem) -> None:
    colleague = address(portal, "counsellor")
    answer(portal, item, "nodal_officer", colleague=colleague, role="lawyer")
    portal.act(add_step, item.case_id, by="case_manager", uses="rehabilitation.counsel")
    portal.act(add_step, item.case_id, by="case_manager", uses="partnership.access")
    opened = {one.uses: one for one in portal.of(ItemStore).open_of_case(item.case_id)}
    portal.act(claim_work_item, opened["rehabilitation.counsel"].id, by="counsellor")
    answer(portal, opened[item.uses], "nodal_officer", colleague=colleague, changes="all_ended", role="")
    assert roles(portal, "counsellor") == set()
    assert portal.of(ItemStore).get(opened["rehabilitation.counsel"].id).assignee_id is None
    assert not [one for one in portal.engine.ask(waiting, portal.people["supervisor"]) if one.kind == "role"]
    (written,) = (
        row["body"]
        for row in portal.rows("SELECT body FROM audit_event WHERE type = 'RoleTaken' ORDER BY at DESC LIMIT 1")
    )
    assert written["actor_id"] == str(portal.people["counsellor"].actor_id)


def test_why_nothing_changed_is_said_where_nobody_would_be_left(portal: Portal, item: WorkItem) -> None:
    portal.act(add_step, item.case_id, by="case_manager", uses="partnership.access")
    ends = next(
        one for one in portal.of(ItemStore).open_of_case(item.case_id) if one.uses == item.uses and one.id != item.id
    )
    leads = [str(portal.people[lead].actor_id) for lead in ("supervisor", "safeguarding_lead", "case_manager")]
    portal.rows(
        "UPDATE actor SET disabled = true WHERE id::text = ANY(:leads) OR (id <> :admin AND id IN"
        " (SELECT actor_id FROM membership WHERE role = 'system_administrator'))",
        leads=leads, admin=portal.people["system_administrator"].actor_id,
    )  # fmt: skip
    answer(
        portal, ends, "nodal_officer", colleague=address(portal, "system_administrator"), changes="all_ended", role=""
    )
    assert roles(portal, "system_administrator") == {"system_administrator"}
    answer(portal, item, "nodal_officer", colleague=address(portal, "press_officer"), role="lawyer")
    assert not [one for one in portal.engine.ask(waiting, portal.people["supervisor"]) if one.role == "lawyer"]
    lasting = ("no one else would manage people", "no one else leads the unit")
    for one, said in zip((ends, item), lasting, strict=True):
        assert said in noted(portal, one, by="nodal_officer")
