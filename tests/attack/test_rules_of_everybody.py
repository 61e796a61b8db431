"""Attack: two people of one organisation change the rules of everybody, or one finds out what cases others have."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from engine.approvals.records import NoSecondPersonError
from engine.approvals.views import waiting
from engine.core.policy import Viewer
from engine.course.actions.steer import start_run
from engine.deadlines.actions.clock import audit_escalations
from engine.deadlines.actions.limits import recount_deadlines
from engine.definitions.actions.days import NewDay, add_special_day
from engine.definitions.actions.preview import preview_day, preview_files
from engine.definitions.actions.proposals import answer_proposal, propose_definition, propose_files, proposed_changes
from engine.definitions.actions.publish import Published, lint_source, publish_shipped
from engine.definitions.views import definitions
from engine.errors import ConflictError, NotAllowedError, NotFoundError
from engine.language.findings import DefinitionError, Finding
from engine.web.terminal import SYSTEM
from tests.kit.trial import CALENDAR, LADDER, STANDARD, VISIT
from tests.kit.world import World

CRITICAL = """ladder: critical
version: 1
title: Critical
overrides_quiet_hours: true
levels:
  - level: 1
    after: PT0M
    to: assignee
    channels: [in_app, email, sms]
    needs_acknowledgement: true
  - level: 2
    after: PT30M
    to: supervisor
    channels: [in_app, email, sms, call]
    needs_acknowledgement: true
  - level: 3
    after: PT4H
    to: {role: nodal_officer}
    channels: [in_app, email, sms, call]
    last_resort: true
"""
EMPTIED = "ladder: critical\nversion: 2\ntitle: Critical\nlevels:\n  - {level: 1, after: P30D, to: assignee}\n"
SLOWER = LADDER.replace("after: PT1H", "after: PT4H")
RETENTION = (
    "retention: in\nversion: 1\ntitle: India\njurisdiction: IN\nrules:\n"
    "  - {{data: identity, at_least: {0}, at_most: {1}, source: a text, confidence: low}}\n"
)
LAW = (
    "law: in\ntitle: India\nlimits:\n"
    "  - {id: IN-TEST, jurisdiction: IN, what: w, trigger: t, limit: PT10H, counting: elapsed,\n"
    "     duty: police, source: s, basis: read, confidence: high, if_missed: m}\n"
)
OF_EVERYBODY = {
    "a ladder": (SLOWER, "case_manager"),
    "a workflow": (VISIT.replace("title: Visit", "title: Other"), "case_manager"),
    "a law pack": (LAW, "nodal_officer"),
    "a calendar": (CALENDAR.replace("[sun]", "[sat, sun]"), "system_administrator"),
    "retention": (RETENTION.format("P1Y", "P2Y"), "data_protection_officer"),
}
AGREE = (
    "case_manager", "nodal_officer", "repatriation_coordinator", "partnership_manager", "system_administrator",
    "data_protection_officer",
)  # fmt: skip


def _propose(world: World, source: str, by: Viewer) -> Published:
    return propose_definition(world.engine, source=source, viewer=by)


def _subject(world: World) -> UUID:
    rows = world.rows("SELECT subject_id FROM approval_request WHERE answered_at IS NULL ORDER BY asked_at DESC")
    return UUID(str(rows[0][0]))


def _findings(source: str, world: World) -> list[Finding]:
    return [one for one in lint_source(world.engine, source) if one.code == "below-floor"]


@pytest.mark.parametrize("what", OF_EVERYBODY)
def test_nobody_of_one_organisation_agrees_to_what_is_everybodys(world: World, what: str) -> None:
    source, author = OF_EVERYBODY[what]
    done = _propose(world, source, world.other(author))
    assert done.waits_for
    subject = _subject(world)
    for role in AGREE:
        world.refuses(NotAllowedError, answer_proposal, subject, by=world.other(role), approved=True)
        if role != author:
            assert world.engine.ask(waiting, world.other(role)) == ()
            world.refuses(NotFoundError, proposed_changes, done.waits_for, by=world.other(role))
    assert proposed_changes(world.engine, done.waits_for, viewer=world.other(author)), "its author reaches it"
    assert world.rows("SELECT id FROM definition_version WHERE status = 'published' AND author <> 'shipped'") == []
    answer_proposal(world.engine, subject, viewer=world.who("nodal_officer"), approved=True)
    assert world.rows("SELECT owner_unit_id FROM definition_version WHERE author <> 'shipped'") == [(None,)]


def test_whom_a_proposal_waits_for_is_named_to_its_author_and_on_the_command_line(world: World) -> None:
    hub = {world.who(role).name for role in AGREE}
    for by in (world.other("case_manager"), SYSTEM):
        done = _propose(world, SLOWER if by is SYSTEM else SLOWER.replace("PT4H", "PT3H"), by)
        assert set(done.people) == hub, "the machine's proposals go to the hub, never to an arbitrary unit"
        asked = world.rows("SELECT unit_id FROM approval_request WHERE id = :id", id=done.waits_for)
        assert asked == [(world.unit,)]
    (line,) = world.engine.ask(waiting, world.other("case_manager"))
    assert (line.is_mine, set(line.waits_for)) == (True, hub)
    told = {row[0] for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'second_needed'")}
    assert told == {world.who(role).actor_id for role in AGREE}


def test_what_was_asked_of_another_unit_before_is_answered_there_by_nobody(world: World) -> None:
    _propose(world, SLOWER, world.who("case_manager"))
    subject = _subject(world)
    world.rows("UPDATE approval_request SET unit_id = :unit", unit=world.other_unit)
    world.refuses(ConflictError, answer_proposal, subject, by=world.other("nodal_officer"), approved=True)
    assert world.rows("SELECT id FROM definition_version WHERE status = 'published' AND author <> 'shipped'") == []


def test_the_leads_of_all_units_concerned_are_told_when_rules_change(world: World) -> None:
    world.publish(SLOWER)
    told = {row[0] for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'rules_changed'")}
    leads = ("case_manager", "supervisor", "nodal_officer", "safeguarding_lead")
    wanted = {one(role).actor_id for one in (world.who, world.other) for role in leads}
    assert told == wanted - {world.who("case_manager").actor_id, world.who("nodal_officer").actor_id}


@pytest.mark.parametrize(("lowered", "floor"), [
    (EMPTIED, "within 30 minutes"),
    (CRITICAL.replace("overrides_quiet_hours: true\n", ""), "at any hour"),
    (CRITICAL.replace("after: PT0M", "after: -PT1M").replace("PT30M", "PT31M"), "within 30 minutes"),
    (CRITICAL.replace("after: PT30M", "after: PT3H"), "other than the assignee"),
    (CRITICAL.replace("to: supervisor", "to: assignee"), "other than the assignee"),
    (CRITICAL.replace(", call]", "]"), "is rung"),
    (CRITICAL.replace("    needs_acknowledgement: true\n", ""), "needs an acknowledgement"),
    (CRITICAL.replace("[in_app, email, sms]", "[in_app]").replace("PT30M", "PT45M"), "within 30 minutes"),
])  # fmt: skip
def test_nobody_lowers_the_floor_of_a_ladder_for_people_in_danger(world: World, lowered: str, floor: str) -> None:
    publish_shipped(world.engine, {"critical.yaml": CRITICAL})
    assert _findings(CRITICAL, world) == []
    assert any(floor in one.message for one in _findings(lowered, world))
    for by in (world.who("case_manager"), world.other("case_manager"), SYSTEM):
        with pytest.raises(DefinitionError, match="no author can lower its floor"):
            _propose(world, lowered, by)


@pytest.mark.parametrize(("least", "most"), [("P2D", "P2D"), ("P2D", "P7Y"), ("P11M", "P7Y"), ("P364D", "P400D")])
def test_nobody_lowers_the_floor_of_retention(world: World, least: str, most: str) -> None:
    world.publish(RETENTION.format("P1Y", "P2Y"), by="data_protection_officer")
    for by in (world.who("data_protection_officer"), world.other("data_protection_officer"), SYSTEM):
        with pytest.raises(DefinitionError, match="No author can lower the floor of retention"):
            _propose(world, RETENTION.format(least, most), by)
    assert _findings(RETENTION.format("P365D", "P2Y"), world) == []


def test_a_running_escalation_keeps_the_ladder_that_it_began_with(world: World) -> None:
    opened = world.at_look()
    due_at = world.deadline(opened.case_id, "look").due_at
    world.clock.move_to(due_at + timedelta(minutes=1))
    world.fire()
    planned = world.deadline(opened.case_id, "look").next_at
    assert planned == due_at + timedelta(hours=1)
    world.publish("ladder: steps-up\ntitle: Steps up\nlevels:\n  - {level: 1, after: P30D, to: assignee}\n")
    recount_deadlines(world.engine)
    assert world.deadline(opened.case_id, "look").next_at == planned
    world.clock.move_to(due_at + timedelta(hours=1, minutes=3))
    assert audit_escalations(world.engine), "a level that is due by its own ladder is missed by the auditor"
    world.fire()
    levels = world.rows("SELECT level, ladder_version FROM escalation ORDER BY level")
    assert [tuple(row) for row in levels] == [(1, 1), (2, 1)]
    world.later(minutes=10)
    assert audit_escalations(world.engine) == ()


def test_a_unit_makes_definitions_for_its_own_cases_and_for_nobody_elses(world: World) -> None:
    own = VISIT.replace("workflow: visit", "workflow: theirs").replace("title: Visit", "title: Theirs\npriority: 99")
    done = _propose(world, own, world.other("case_manager"))
    assert set(done.people) == {world.other(role).name for role in AGREE if role != "case_manager"}
    answer_proposal(world.engine, _subject(world), viewer=world.other("nodal_officer"), approved=True)
    (line,) = [one for one in world.engine.ask_all(definitions) if one.name == "theirs"]
    assert line.owner == world.rows("SELECT name FROM unit WHERE id = :id", id=world.other_unit)[0][0]
    with pytest.raises(NotFoundError):
        world.open(workflow="theirs")
    opened = world.open()
    with pytest.raises(NotFoundError):
        start_run(
            world.engine, opened.case_id, viewer=world.who("case_manager"), command_id=UUID(int=5), workflow="theirs"
        )
    there: dict[str, Any] = {"unit_id": world.other_unit, "viewer": world.other("intake_officer")}
    assert world.open(workflow="theirs", **there)


def test_a_workflow_of_everybody_leads_to_no_ladder_that_one_unit_changes_alone(world: World) -> None:
    theirs = LADDER.replace("ladder: steps-up", "ladder: theirs")
    _propose(world, theirs, world.other("case_manager"))
    answer_proposal(world.engine, _subject(world), viewer=world.other("nodal_officer"), approved=True)
    with pytest.raises(DefinitionError, match="that of a unit for its own cases"):
        _propose(world, VISIT.replace("ladder: steps-up", "ladder: theirs"), world.other("case_manager"))


def test_files_of_several_owners_are_agreed_to_by_the_hub(world: World) -> None:
    own = VISIT.replace("workflow: visit", "workflow: theirs")
    done = propose_files(world.engine, {"a.yaml": own, "b.yaml": SLOWER}, viewer=world.other("case_manager"))
    assert {one.waits_for for one in done} == {done[0].waits_for}
    world.refuses(NotAllowedError, answer_proposal, _subject(world), by=world.other("nodal_officer"), approved=True)


def test_an_installation_without_a_hub_changes_no_rule_of_everybody(world: World) -> None:
    world.rows("UPDATE organisation SET is_hub = false")
    for by in (world.who("case_manager"), world.other("case_manager"), SYSTEM):
        with pytest.raises(NoSecondPersonError):
            _propose(world, SLOWER, by)


def test_no_preview_counts_the_cases_of_others(world: World) -> None:
    world.open()
    there = {"unit_id": world.other_unit, "viewer": world.other("intake_officer")}
    for _ in range(3):
        world.open(**there)
    changed = {
        "calendar.yaml": CALENDAR.replace("[sun]", "[sun, mon]"),
        "ladder.yaml": STANDARD.replace("PT0M", "PT1M"),
    }
    mine = preview_files(world.engine, changed, viewer=world.who("case_manager"))
    theirs = preview_files(world.engine, changed, viewer=world.other("case_manager"))
    assert (mine.looked_at, theirs.looked_at) == (1, 3)
    strike = NewDay("IN", world.clock.now().date() + timedelta(days=2), "Strike", "The order")
    admin = preview_day(world.engine, strike, viewer=world.other("system_administrator"))
    assert (admin.looked_at, admin.left_out, admin.lines) == (0, 0, ())
    words = str(mine.model_dump(mode="json")) + str(admin.model_dump(mode="json"))
    assert "others" not in words


def test_nobody_moves_the_deadlines_of_another_organisation_by_a_special_day(world: World) -> None:
    strike = NewDay("IN", world.clock.now().date() + timedelta(days=2), "Strike", "The order")
    with pytest.raises(NotAllowedError, match="other organisations"):
        add_special_day(world.engine, strike, viewer=world.other("system_administrator"))
    assert add_special_day(world.engine, strike, viewer=world.who("system_administrator"))
