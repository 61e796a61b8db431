"""What is due by a policy is proposed and never done by itself; a restricted case is there for its holder only."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from engine.access.actions.restrict import answer_opening, ask_to_open, restrict_case
from engine.approvals.records import NoSecondPersonError, OwnApprovalError
from engine.cases.views.lists import cases, count_cases
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.actions.publish import publish_shipped
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from engine.language.library import load_definitions
from engine.language.retention import DataClass, RetentionPolicy, missing_classes, policy_for
from engine.machine import data_folder
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.people.actions.manage import deactivate, give_role
from engine.retention.actions.retention import decide_proposal, retention_policies, run_retention
from engine.retention.records import Act, Proposed, proposed, still_kept
from engine.web.terminal import SYSTEM
from engine.work.actions.items import claim_work_item
from engine.work.views.worklist import worklist
from tests.kit.cases import close_at_once
from tests.kit.world import World, replace_roles

POLICY = """
retention: trial
title: Trial
jurisdiction: "*"
rules:
  - {data: identity, at_least: P1Y, at_most: P2Y, source: a text, confidence: low}
  - {data: evidence, at_least: P3Y, at_most: P5Y, source: a text, confidence: low}
"""


def test_a_closed_case_is_proposed_once_when_its_time_is_over_and_nothing_is_touched(world: World) -> None:
    publish_shipped(world.engine, {"trial.yaml": POLICY})
    world.at_look()
    case_id = _closed(world)
    assert run_retention(world.engine) == ()
    world.later(days=2 * 366)
    before = world.rows("SELECT count(*) FROM data_key WHERE destroyed_at IS NULL")
    assert [due.act for due in run_retention(world.engine, dry_run=True)] == ["seal"]
    assert world.rows("SELECT * FROM retention_proposal") == []
    [due] = run_retention(world.engine)
    assert (due.case_id, due.act, due.policy) == (case_id, "seal", "trial")
    assert run_retention(world.engine) == (), "it waits already"
    assert world.rows("SELECT count(*) FROM data_key WHERE destroyed_at IS NULL") == before
    proposal = world.rows("SELECT id FROM retention_proposal")[0].id
    world.refuses(NotAllowedError, decide_proposal, proposal, by="caseworker", decision="kept")
    world.refuses(InvalidAnswersError, decide_proposal, proposal, by="case_manager", decision="whatever")
    decide_proposal(world.engine, proposal, viewer=world.who("case_manager"), decision="kept")
    world.refuses(AlreadyEndedError, decide_proposal, proposal, by="case_manager", decision="taken")
    assert run_retention(world.engine) == (), "it was decided"
    world.later(days=2 * 366)
    assert [due.act for due in run_retention(world.engine)] == ["erase"], "what is due then is another thing"


def test_only_a_data_protection_officer_sets_how_long_data_is_kept(world: World) -> None:
    world.refuses(NotAllowedError, propose_definition, source=POLICY, by="case_manager")
    world.publish(POLICY, by="data_protection_officer")
    assert [policy.name for policy in retention_policies(world.engine)] == ["trial"]
    assert world.rows("SELECT * FROM recount") == [], "no deadline counts by it"


def test_a_sealed_case_is_there_for_its_holder_and_the_officer_only(world: World) -> None:
    case_id = world.at_look().case_id
    officer, holder = world.who("data_protection_officer"), world.who("lawyer")
    look = world.item(case_id, "look")
    _seal(world, case_id)
    for role in ("case_manager", "supervisor", "nodal_officer", "caseworker"):
        viewer = world.who(role)
        with pytest.raises(NotFoundError):
            world.engine.ask(case_page, viewer, case_id)
        with pytest.raises(NotFoundError):
            world.engine.ask(case_history, viewer, case_id)
        assert world.engine.ask(cases, viewer) == ()
        assert world.engine.ask(count_cases, viewer) == 0
        assert world.engine.ask(worklist, viewer) == ()
    world.refuses(NotFoundError, claim_work_item, look.id, by="caseworker")
    for viewer in (officer, holder):
        assert world.engine.ask(case_page, viewer, case_id).id == case_id
        assert len(world.engine.ask(cases, viewer)) == 1
    with pytest.raises(AlreadyEndedError):
        _seal(world, case_id)


def test_two_people_open_a_sealed_case_again(world: World) -> None:
    case_id = world.at_look().case_id
    officer, holder = world.who("data_protection_officer"), world.who("lawyer")
    _seal(world, case_id)
    ask_to_open(world.engine, case_id, viewer=holder)
    world.refuses(OwnApprovalError, answer_opening, case_id, by=holder, agreed=True)
    answer_opening(world.engine, case_id, viewer=officer, agreed=False)
    world.refuses(AlreadyEndedError, answer_opening, case_id, by=officer, agreed=True)
    ask_to_open(world.engine, case_id, viewer=officer)
    answer_opening(world.engine, case_id, viewer=holder, agreed=True)
    assert world.engine.ask(case_page, world.who("case_manager"), case_id).id == case_id
    world.refuses(NotFoundError, ask_to_open, case_id, by=officer)
    assert not list(world.engine.broken_chains())


def test_when_the_holder_of_a_seal_is_gone_the_officers_hear_and_nobody_asks_whom_nobody_can_answer(
    world: World,
) -> None:
    case_id = world.at_look().case_id
    officer, holder = world.who("data_protection_officer"), world.who("lawyer")
    _seal(world, case_id)
    deactivate(world.engine, holder.actor_id, viewer=SYSTEM)
    told = world.rows("SELECT recipient_id FROM message WHERE link = :link", link=f"/cases/{case_id}")
    assert {row[0] for row in told} == {officer.actor_id}
    with pytest.raises(NoSecondPersonError, match="data protection officer"):
        ask_to_open(world.engine, case_id, viewer=officer)
    second = world.who("nodal_officer")
    give_role(world.engine, second.actor_id, viewer=SYSTEM, unit_id=world.unit, role="data_protection_officer")
    ask_to_open(world.engine, case_id, viewer=officer)
    asked = world.rows("SELECT recipient_id FROM message WHERE kind = 'second_needed'")
    assert {row[0] for row in asked} == {second.actor_id}
    answer_opening(world.engine, case_id, viewer=replace_roles(second, "data_protection_officer"), agreed=True)


def test_a_seal_needs_a_ground_and_a_holder_who_is_not_the_officer(world: World) -> None:
    case_id = world.at_look().case_id
    officer = world.who("data_protection_officer")
    wrong = {"ground_code": "because"}, {"holder_id": uuid4()}, {"holder_id": officer.actor_id}
    for more in wrong:
        with pytest.raises(InvalidAnswersError):
            _seal(world, case_id, **more)
    with pytest.raises(NotAllowedError):
        _seal(world, case_id, viewer=world.who("case_manager"))
    with pytest.raises(NotFoundError):
        _seal(world, case_id, viewer=world.other("data_protection_officer"))


def _seal(world: World, case_id: UUID, **more: object) -> None:
    wanted = {
        "viewer": world.who("data_protection_officer"), "command_id": uuid4(), "ground_code": "objection",
        "holder_id": world.who("lawyer").actor_id,
    }  # fmt: skip
    restrict_case(world.engine, case_id, **{**wanted, **more})  # type: ignore[arg-type]


def _closed(world: World) -> UUID:
    case_id = world.at_look().case_id
    close_at_once(world.engine, case_id, world.who("case_manager"))
    return case_id


CLOSED = datetime(2024, 2, 29, 10, 0, tzinfo=UTC)


def policy(*rules: dict[str, str], jurisdiction: str = "*") -> RetentionPolicy:
    whole = [{"source": "text", "confidence": "low", **rule} for rule in rules]
    given = {"retention": "trial", "title": "Trial", "jurisdiction": jurisdiction, "rules": whole}
    return RetentionPolicy.model_validate(given)


IDENTITY = {"data": "identity", "at_least": "P1Y", "at_most": "P3Y"}
EVIDENCE = {"data": "evidence", "at_least": "P4Y", "at_most": "P10Y"}


@pytest.mark.parametrize(("rules", "now", "act"), [
    ([IDENTITY], datetime(2027, 2, 28, 9, 59, tzinfo=UTC), None),
    ([IDENTITY], datetime(2027, 2, 28, 10, 0, tzinfo=UTC), Act.ERASE),
    ([{**IDENTITY, "then": "review"}], datetime(2027, 3, 1, tzinfo=UTC), Act.REVIEW),
    ([IDENTITY, EVIDENCE], datetime(2027, 3, 1, tzinfo=UTC), Act.RESTRICT),
    ([IDENTITY, EVIDENCE], datetime(2028, 3, 1, tzinfo=UTC), Act.ERASE),
    ([EVIDENCE], datetime(2028, 3, 1, tzinfo=UTC), None),
    ([{"data": "log", "at_least": "P1Y", "at_most": "P2Y"}], datetime(2040, 1, 1, tzinfo=UTC), None),
])  # fmt: skip
def test_a_case_is_due_when_a_longest_time_is_over_and_sealed_while_a_shortest_one_runs(
    rules: list[dict[str, str]], now: datetime, act: Act | None
) -> None:
    found = proposed(policy(*rules), closed_at=CLOSED, zone="UTC", now=now)
    assert (found.act if found else None) is act


def test_what_is_sealed_says_until_when_and_since_when_it_is_due() -> None:
    now = datetime(2027, 3, 1, tzinfo=UTC)
    found = proposed(policy(IDENTITY, EVIDENCE), closed_at=CLOSED, zone="UTC", now=now)
    assert found == Proposed(
        Act.RESTRICT, datetime(2027, 2, 28, 10, 0, tzinfo=UTC), datetime(2028, 2, 29, 10, 0, tzinfo=UTC)
    )


def test_an_open_case_is_never_due_and_every_class_of_it_is_kept() -> None:
    now = datetime(2040, 1, 1, tzinfo=UTC)
    assert proposed(policy(IDENTITY), closed_at=None, zone="UTC", now=now) is None
    assert [rule.data for rule in still_kept(policy(IDENTITY), closed_at=None, zone="UTC", now=now)] == ["identity"]


def test_only_the_classes_whose_shortest_time_runs_are_still_kept() -> None:
    kept = still_kept(policy(IDENTITY, EVIDENCE), closed_at=CLOSED, zone="UTC", now=datetime(2026, 1, 1, tzinfo=UTC))
    assert [rule.data for rule in kept] == [DataClass.EVIDENCE]


def test_a_place_has_its_own_policy_else_its_countrys_else_that_for_everywhere() -> None:
    known = [policy(IDENTITY, jurisdiction=place) for place in ("*", "IN", "IN-AS")]
    assert [getattr(policy_for(place, known), "jurisdiction", None) for place in ("IN-AS", "IN-WB", "NP")] == [
        "IN-AS", "IN", "*",
    ]  # fmt: skip
    assert policy_for("NP", known[1:]) is None


@pytest.mark.parametrize("rule", [
    {"data": "identity", "at_least": "P3Y", "at_most": "P1Y"},
    {"data": "identity", "at_least": "P5WD", "at_most": "P1Y"},
    {"data": "gossip", "at_least": "P1Y", "at_most": "P3Y"},
])  # fmt: skip
def test_a_rule_that_cannot_be_kept_is_refused(rule: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        policy(rule)


def test_a_class_has_one_rule() -> None:
    with pytest.raises(ValidationError):
        policy(IDENTITY, IDENTITY)


def test_what_ships_covers_every_class_and_says_that_a_lawyer_has_still_to_set_it() -> None:
    found = load_definitions(data_folder("workflows") / "retention")
    assert not found.findings
    assert {one.jurisdiction for one in found.retentions.values()} >= {"*", "IN"}
    for one in found.retentions.values():
        assert not missing_classes(one)
        assert not one.is_set
        assert "lawyer" in one.note
