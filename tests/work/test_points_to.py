"""What the answers of a case point to stands on its page, for those who may read and reveal them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.open import open_case
from engine.core.policy import Viewer
from engine.course.actions.steer import add_step
from engine.deadlines.views.law_here import points_to
from engine.errors import NotFoundError
from engine.rehearsal.world import people_of
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.portal import Portal, report_case

REPORT = {
    "narrative": "x", "concern": "child_labour", "is_child_suspected": "yes", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip
TRIAGE = {
    "risk_level": "high", "decision": "police", "reason": "x", "age_band": "12_to_17",
    "exploitation_suspected": ["forced_labour"], "act_elements": ["transportation"], "means_elements": ["none_seen"],
}  # fmt: skip


def triaged(portal: Portal, case_id: UUID, people: dict[str, Viewer], answers: dict[str, Any]) -> None:
    engine = portal.engine
    portal.let_time_pass(timedelta(minutes=5))
    step_id = add_step(
        engine, case_id, viewer=people["case_manager"], command_id=uuid4(), uses="reporting.triage", limit="PT4H"
    )
    with engine.transaction() as tx:
        item = tx.of(ItemStore).open_of_step(step_id)
    complete_work_item(
        engine, item.id, viewer=people["supervisor"], revision=item.revision, command_id=uuid4(), answers=answers
    )


def test_the_page_of_the_law_says_which_limits_count_in_a_case_and_why(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    number = report_case(portal.as_role("intake_officer"))
    page = client.get(f"{number.page}/law")
    assert page.status_code == 200
    assert "IN-FIR-REG" in page.text
    assert "The day of the offence is not known: until it is, the limit counts." in page.text
    assert f'href="{number.page}/law"' in client.get(f"{number.page}/papers").text
    assert portal.as_role("press_officer").get(f"{number.page}/law").status_code == 403
    assert client.get(f"/cases/{uuid4()}/law").status_code == 404


def test_the_latest_answers_are_held_against_both_definitions(portal: Portal) -> None:
    engine = portal.engine
    unit, people = people_of(engine, jurisdiction="IN-AS", label="Points")
    _, others = people_of(engine, jurisdiction="IN-AS", label="Others")
    case = open_case(engine, answers=REPORT, unit_id=unit, viewer=people["case_manager"], command_id=uuid4()).case_id
    assert engine.ask(points_to, people["caseworker"], case) == ()
    triaged(portal, case, people, TRIAGE)
    palermo, bns = engine.ask(points_to, people["caseworker"], case)
    assert (palermo.law, palermo.truth, bns.law, bns.truth) == ("palermo", "true", "bns143", "false")
    assert palermo.words == "Points to trafficking under the Palermo Protocol"
    triaged(portal, case, people, TRIAGE | {"age_band": "25_to_59", "means_elements": ["deception"]})
    assert [one.truth for one in engine.ask(points_to, people["caseworker"], case)] == ["true", "true"]
    triaged(portal, case, people, TRIAGE | {"age_band": "25_to_59", "means_elements": ["none_seen"]})
    assert [one.truth for one in engine.ask(points_to, people["caseworker"], case)] == ["false", "false"]
    said = " ".join(reason for one in engine.ask(points_to, people["lawyer"], case) for reason in one.reasons)
    assert "forced" not in said
    for role in ("press_officer", "auditor", "finance_officer"):
        assert engine.ask(points_to, people[role], case) == ()
    with pytest.raises(NotFoundError):
        engine.ask(points_to, others["caseworker"], case)
