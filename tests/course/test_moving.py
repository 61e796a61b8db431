"""Cases go on by another version of their workflow, one or all of them; looked at before, and undone by moving back."""

import re
from uuid import UUID, uuid4

import pytest
import yaml

from engine.access.actions.recusals import recuse
from engine.core.access import RecusalReason
from engine.core.policy import Viewer
from engine.course.actions.moving import move_run, preview_move
from engine.course.actions.moving_all import BulkPass, move_cases, plan_moves, start_moves, stop_moves, undo_moves
from engine.course.actions.steer import start_run
from engine.course.records import SeveralRunsError
from engine.definitions.actions.proposals import propose_definition
from engine.definitions.store import DefinitionStore
from engine.errors import NotAllowedError, NotFoundError
from engine.web.terminal import SYSTEM
from tests.kit.portal import Portal, Reported, agree, hidden, report_case
from tests.kit.trial import VISIT
from tests.kit.world import LOOKED, World
from tests.web.test_changes import WHOLE, complete_intake

pytestmark = pytest.mark.long

_FASTER = VISIT.replace("limit: PT10H", "limit: PT6H").replace(
    "  count:\n", "  knock:\n    uses: trial.talk\n    after: [intake]\n    time: {limit: PT3H}\n  count:\n"
)

_RENAMED = VISIT.replace("look", "visit_it").replace("trial.visit_it", "trial.look")


def _cases(world: World, number: int) -> list[UUID]:
    """Open cases that wait for the look, then publish a version in which there is less time for it, and a knock."""
    cases = [world.at_look().case_id for _ in range(number)]
    world.publish(_FASTER)
    return cases


def _by(world: World) -> list[int]:
    return [row.version for row in world.rows("SELECT version FROM run ORDER BY case_id")]


def _limits(world: World, key: str) -> list[str]:
    rows = world.rows("SELECT \"limit\" FROM deadline WHERE key = :key AND status = 'open' ORDER BY case_id", key=key)
    return [row[0] for row in rows]


def test_a_move_is_shown_before_it_is_made_and_then_does_what_was_shown(world: World) -> None:
    (case_id,) = _cases(world, 1)
    lead = world.who("case_manager")
    shown = preview_move(world.engine, case_id, viewer=lead, workflow="visit")
    assert (shown.called_off, shown.begins) == ((), ("Talk",))
    [(_, was, then)] = [line for line in shown.due if line[1] is not None]
    assert _by(world) == [1]
    world.act(move_run, case_id, by="case_manager", workflow="visit")
    assert _by(world) == [2]
    assert (_limits(world, "look"), _limits(world, "knock")) == (["PT6H"], ["PT3H"])
    assert (world.deadline(case_id, "look").due_at, was) != (was, then)
    assert world.deadline(case_id, "look").due_at == then
    world.complete(world.item(case_id, "look"), by="caseworker", answers=LOOKED)
    assert {row.key for row in world.rows("SELECT key FROM step WHERE status = 'ready'")} >= {"knock", "talk"}


def test_who_does_not_lead_the_case_moves_nothing(world: World) -> None:
    (case_id,) = _cases(world, 1)
    with pytest.raises(NotAllowedError):
        world.act(move_run, case_id, by="caseworker", workflow="visit")
    with pytest.raises(NotFoundError):
        preview_move(world.engine, case_id, viewer=world.other("case_manager"), workflow="visit")
    assert _by(world) == [1]


def _start(world: World, *, by: Viewer = SYSTEM, version: int = 2, cancels: bool = False) -> UUID:
    return start_moves(world.engine, "visit", viewer=by, command_id=uuid4(), version=version, cancels=cancels)


def _finish(world: World) -> int:
    moved = 0
    while True:
        done = move_cases(world.engine, limit=4)
        moved += done.moved
        if done.is_done:
            return moved


def test_all_cases_move_and_move_back_and_each_timer_is_that_of_its_version(world: World) -> None:
    _cases(world, 5)
    plan = plan_moves(world.engine, "visit", viewer=SYSTEM)
    assert (plan.version, plan.versions, plan.plain, plan.with_work, plan.stay) == (2, {1: 5}, 5, 0, ())
    assert _by(world) == [1] * 5
    begun = world.at_look()
    moved = _start(world)
    assert _finish(world) == 5
    assert (_by(world), _limits(world, "look")) == ([2] * 6, ["PT6H"] * 6)
    assert plan_moves(world.engine, "visit", viewer=SYSTEM).versions == {}
    undo_moves(world.engine, moved, viewer=SYSTEM, command_id=uuid4())
    assert _finish(world) == 5
    assert world.rows("SELECT version FROM run WHERE case_id = :id", id=begun.case_id)[0].version == 2
    assert sorted(_by(world)) == [1] * 5 + [2]
    assert (sorted(_limits(world, "look")), _limits(world, "knock")) == (["PT10H"] * 5 + ["PT6H"], ["PT3H"])


def test_cases_with_open_work_that_the_version_does_not_have_stay_unless_it_is_to_be_cancelled(world: World) -> None:
    cases = [world.at_look().case_id for _ in range(3)]
    world.publish(_RENAMED)
    world.complete(world.item(cases[0], "look"), by="caseworker", answers=LOOKED)
    lead = world.who("case_manager")
    plan = plan_moves(world.engine, "visit", viewer=lead)
    assert (plan.plain, plan.with_work, dict(plan.called_off)) == (1, 2, {"Look": 2})
    _start(world, by=lead)
    assert (_finish(world), sorted(_by(world))) == (1, [1, 1, 2])
    (line,) = plan_moves(world.engine, "visit", viewer=lead).moves
    assert (line.cases, line.moved, line.total) == (3, 1, 3)
    moved = _start(world, by=lead, cancels=True)
    assert (_finish(world), _by(world)) == (2, [2, 2, 2])
    assert {row.status for row in world.rows("SELECT status FROM step WHERE key = 'look'")} == {"cancelled", "ended"}
    undo_moves(world.engine, moved, viewer=lead, command_id=uuid4())
    assert (_finish(world), sorted(_by(world))) == (2, [1, 1, 2])
    assert [row.status for row in world.rows("SELECT status FROM step WHERE key = 'look'")].count("ready") == 2


def test_before_all_are_moved_each_is_moved_to_see_what_would_be_late_and_what_begins(world: World) -> None:
    first = world.at_look().case_id
    world.later(hours=7)
    world.at_look()
    world.publish(_FASTER)
    lead = world.who("case_manager")
    plan = plan_moves(world.engine, "visit", viewer=lead)
    assert (plan.looked_at, plan.left_out, dict(plan.begins), dict(plan.ends)) == (2, 0, {"Talk": 2}, {})
    assert [line.case_id for line in plan.late] == [first]
    assert (plan.sooner, plan.later) == (2, 0)
    due = {(line.case_id, line.step_key): line.after for line in plan.due}
    assert _by(world) == [1, 1]
    _start(world, by=lead)
    assert _finish(world) == 2
    assert {(case_id, key): world.deadline(case_id, key).due_at for case_id, key in due} == due
    assert [world.deadline(line.case_id, "look").breached_at is None for line in plan.late] == [False]


def test_a_look_is_bounded_and_the_next_one_goes_on_where_it_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _cases(world, 3)
    monkeypatch.setattr("engine.course.actions.moving_all.MOST_LOOKED_AT", 2)
    plan = plan_moves(world.engine, "visit", viewer=SYSTEM)
    assert (plan.plain, plan.looked_at, plan.left_out) == (3, 2, 1)
    further = plan_moves(world.engine, "visit", viewer=SYSTEM, after=plan.last_id)
    assert (further.plain, further.looked_at, further.left_out) == (3, 1, 0)
    assert len({line.case_id for line in (*plan.due, *further.due)}) == 3


def test_what_would_be_cancelled_and_what_would_close_is_told_before(world: World) -> None:
    (case_id,) = _cases(world, 1)
    world.publish("workflow: visit\nversion: 3\ntitle: Visit\nsteps:\n"
                  "  intake: {uses: reporting.intake, time: {from: start, limit: PT1H}}\n")  # fmt: skip
    plan = plan_moves(world.engine, "visit", viewer=SYSTEM)
    assert (dict(plan.ends), [one for one, _ in plan.closes]) == ({"Look": 1}, [case_id])
    assert [(line.step_key, line.effect) for line in plan.due] == [("look", "ends")]


def test_a_case_from_which_a_lead_is_recused_is_neither_counted_nor_named(world: World) -> None:
    cases, lead = _cases(world, 2), world.who("case_manager")
    world.act(
        recuse,
        cases[0],
        by="supervisor",
        reason=RecusalReason.CONFLICT_OF_INTEREST,
        reason_code="relative",
        actor_id=lead.actor_id,
    )
    plan = plan_moves(world.engine, "visit", viewer=lead)
    assert ({line.case_id for line in plan.due}, plan.versions) == ({cases[1]}, {1: 1})
    _start(world, by=lead)
    assert (_finish(world), sorted(_by(world))) == (1, [1, 2])


def test_a_case_that_cannot_move_is_named_before_and_stays_while_the_others_move(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    first, broken, last = sorted(_cases(world, 3))
    number = world.rows("UPDATE step SET uses = 'trial.talk' WHERE case_id = :id AND key = 'look' RETURNING "
                        '(SELECT number FROM "case" WHERE id = :id)', id=broken)[0][0]  # fmt: skip
    plan = plan_moves(world.engine, "visit", viewer=SYSTEM)
    assert [(case_id, shown) for case_id, shown, _ in plan.stay] == [(broken, number)]
    world.rows("UPDATE step SET status = 'broken' WHERE case_id = :id AND key = 'intake'", id=first)
    _start(world)
    assert _finish(world) == 1
    assert {run.version for run in world.state(broken).runs.values()} == {1}
    assert "case_could_not_be_moved" in caplog.text
    assert world.rows("SELECT version FROM run WHERE case_id = :id", id=last)[0].version == 2


def test_a_move_goes_as_far_as_who_asked_for_it_may_at_that_moment_and_ends_when_it_is_stopped(world: World) -> None:
    _cases(world, 6)
    lead = world.who("case_manager")
    with pytest.raises(NotAllowedError):
        plan_moves(world.engine, "visit", viewer=world.who("caseworker"))
    move = _start(world, by=lead)
    assert move_cases(world.engine, limit=2) == BulkPass(2, 2, is_done=False)
    with pytest.raises(NotFoundError):
        stop_moves(world.engine, move, viewer=world.other("case_manager"))
    stop_moves(world.engine, move, viewer=lead)
    assert (_finish(world), sorted(_by(world))) == (0, [1, 1, 1, 1, 2, 2])
    _start(world, by=lead)
    world.change_actor(lead, disabled=True)
    assert (_finish(world), sorted(_by(world))) == (0, [1, 1, 1, 1, 2, 2])


def test_who_leads_other_cases_plans_and_moves_none_of_these(world: World) -> None:
    _cases(world, 2)
    other = world.other("case_manager")
    plan = plan_moves(world.engine, "visit", viewer=other)
    assert (plan.versions, plan.plain, plan.stay) == ({}, 0, ())
    _start(world, by=other)
    assert (_finish(world), _by(world)) == (0, [1, 1])


def test_of_several_open_workflows_it_is_asked_which_one_moves(world: World) -> None:
    (case_id,) = _cases(world, 1)
    world.act(start_run, case_id, by="case_manager", workflow="visit")
    with pytest.raises(SeveralRunsError, match="Say which one is meant"):
        world.act(move_run, case_id, by="case_manager", workflow="visit")
    (old,) = [row.id for row in world.rows("SELECT id FROM run WHERE version = 1")]
    world.act(move_run, case_id, by="case_manager", workflow="visit", run_id=old)
    assert _by(world) == [2, 2]


def test_an_answer_to_a_form_of_the_old_version_counts_for_its_step(world: World) -> None:
    (case_id,) = _cases(world, 1)
    item = world.item(case_id, "look")
    world.act(move_run, case_id, by="case_manager", workflow="visit")
    world.complete(item, by="caseworker", answers=LOOKED)
    assert world.rows("SELECT outcome FROM step WHERE key = 'look'")[0].outcome == "done"


def test_an_unknown_workflow_or_version_is_said(world: World) -> None:
    (case_id,) = _cases(world, 1)
    with pytest.raises(NotFoundError):
        world.act(move_run, case_id, by="case_manager", workflow="nowhere")
    with pytest.raises(NotFoundError):
        plan_moves(world.engine, "visit", viewer=SYSTEM, version=9)


def test_a_case_goes_on_by_another_workflow_from_its_page(portal: Portal) -> None:
    case, _ = complete_intake(portal)
    lead = portal.as_role("case_manager")
    assert f'href="{case.page}/move"' in lead.get(f"{case.page}/begin").text
    shown = lead.get(f"{case.page}/move?workflow=missing-adult").text
    assert "Begins:" in shown
    done = lead.post(f"{case.page}/move", data=_given_move(shown))
    assert "The case follows this workflow now." in done.text
    proposed = lead.get(f"{case.page}/move").text
    assert "This one fits best: " in proposed
    assert "The report was about this: " in proposed
    assert hidden(proposed, "workflow") != "missing-adult", "what fits best is shown with what would change"
    assert "The case was moved to the workflow" in lead.get(f"{case.page}/history").text
    wrong = lead.post(f"{case.page}/move", data={"command_id": str(uuid4()), "workflow": "no-such"})
    assert wrong.status_code == 422
    lead.post(f"{case.page}/begin", data={"command_id": str(uuid4()), "workflow": "missing-adult"})
    unsaid = lead.post(f"{case.page}/move", data={"command_id": str(uuid4()), "workflow": "missing-adult"})
    assert (unsaid.status_code, "Say which one is meant." in unsaid.text) == (422, True)
    assert portal.as_role("caseworker").get(f"{case.page}/move").status_code in {403, 404}


def _publish(portal: Portal, case: Reported, *, renames: bool) -> str:
    """Publish a version in which the first step has another name, or comes after a new one; returns the workflow."""
    where = {"id": case.page.removeprefix("/cases/")}
    (name,) = portal.rows("SELECT workflow FROM run WHERE case_id = :id", **where)[0].values()
    (key,) = portal.rows("SELECT key FROM step WHERE case_id = :id AND status = 'ready'", **where)[0].values()
    source = yaml.safe_dump(dict(portal.of(DefinitionStore).current("workflow", name).flattened), sort_keys=False)
    new = "  first:\n    uses: rescue.first_needs\n    time: {from: start, limit: PT1H}"
    if renames:
        source = re.sub(rf"(?<!reporting\.)\b{key}\b", f"{key}_too", source)
    else:
        source = source.replace(f"  {key}:\n", f"{new}\n  {key}:\n    after: first\n")
    portal.act(propose_definition, source=source, by="case_manager")
    agree(portal)
    return name


def _move_by_hand(portal: Portal, case: Reported, workflow: str) -> None:
    lead = portal.as_role("case_manager")
    shown = lead.get(f"{case.page}/move?workflow={workflow}").text
    assert "follows this workflow now" in lead.post(f"{case.page}/move", data=_given_move(shown)).text


def test_all_cases_of_a_workflow_move_and_come_back_from_the_page_of_its_version(portal: Portal) -> None:
    lead = portal.as_role("case_manager")
    cases = [report_case(portal.as_role("intake_officer")) for _ in range(3)]
    of = {"ids": [case.page[7:] for case in cases]}
    versions = "SELECT DISTINCT version FROM run WHERE case_id = ANY (CAST(:ids AS uuid[]))"
    before = portal.rows(versions, **of)
    name = _publish(portal, cases[0], renames=True)
    here = f"/workflows/{name}/move"
    assert f'href="{here}?version=' in lead.get(f"/workflows/{name}").text
    shown = lead.get(here).text
    assert "What follows was worked out in" in shown
    assert re.search(r"<dt>Begins</dt><dd>.*?<li>[^<]+: in \d+</li>", shown)
    given = {part: hidden(shown, part) for part in ("command_id", "version", "action")}
    refused = lead.post(here, data=given)
    assert refused.status_code == 422
    assert "Choose what becomes of the work" in refused.text
    done = lead.post(here, data=given | {"with_work": "cancel"})
    assert re.search(r"done</strong>, asked [^:]+:\d\d: (\d+) of \1 were moved", done.text)
    assert [str(row["version"]) for row in portal.rows(versions, **of)] == [given["version"]]
    back = {part: hidden(done.text, part) for part in ("command_id", "move_id", "version")} | {"action": "undo"}
    assert "Moving back: done" in lead.post(here, data=back).text
    assert portal.rows(versions, **of) == before
    assert portal.as_role("caseworker").get(here).status_code == 403
    assert portal.as_role("caseworker").post(here, data=given).status_code == 403
    assert lead.get(f"{here}?version=999").status_code == 404


def test_an_answer_to_a_form_that_was_open_while_its_case_moved_counts_for_its_step_or_is_kept(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    one, other = report_case(client), report_case(client)
    keys = [{name: hidden(client.get(case.item).text, name) for name in ("command_id", "revision")}
            for case in (one, other)]  # fmt: skip
    _move_by_hand(portal, one, _publish(portal, one, renames=False))
    received = {"a-received_at": "2026-03-07T18:30"}
    client.post(one.item, data=WHOLE | keys[0] | received)
    answered = "SELECT status FROM step WHERE case_id = :id AND uses = 'reporting.intake'"
    assert [row["status"] for row in portal.rows(answered, id=one.page[7:])] == ["ended"]
    assert "first" in {row["key"] for row in portal.rows("SELECT key FROM step WHERE case_id = :id", id=one.page[7:])}
    _move_by_hand(portal, other, _publish(portal, other, renames=True))
    refused = client.post(other.item, data=WHOLE | keys[1] | received)
    assert WHOLE["a-narrative"] in refused.text
    assert {row["status"] for row in portal.rows(answered, id=other.page[7:])} == {"cancelled"}


def _given_move(page: str) -> dict[str, str]:
    return {name: hidden(page, name) for name in ("command_id", "run_id", "workflow")}
