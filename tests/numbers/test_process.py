"""The picture of a workflow over real cases: rounded, withheld where cases are few, and only of the viewer's units."""

from datetime import timedelta

import pytest

from engine.errors import NotAllowedError
from engine.numbers.views.figures import StepNumbers, process
from tests.kit.portal import Portal, report_case
from tests.kit.trial import VISIT
from tests.kit.world import LOOKED, World


def test_it_counts_who_is_where_how_long_half_stayed_and_what_is_late(world: World) -> None:
    cases = [world.at_look().case_id for _ in range(12)]
    for some in (cases[:5], cases[5:10]):
        world.later(hours=3)
        now = world.clock.now().isoformat()
        for case_id in some:
            world.complete(world.item(case_id, "look"), by="caseworker", answers=LOOKED | {"seen_at": now})
    world.later(hours=2)
    world.fire()
    found = world.engine.ask(process, world.who("case_manager"), "visit")
    assert (found["talk"].here, found["talk"].late) == (10, 5)
    assert found["look"] == StepNumbers(None, None, timedelta(hours=4, minutes=30))
    assert world.engine.ask(process, world.other("case_manager"), "visit") == {}
    with pytest.raises(NotAllowedError):
        world.engine.ask(process, world.reported_by(), "visit")


def test_of_few_cases_nothing_is_told(world: World) -> None:
    for _ in range(4):
        world.at_talk()
    found = world.engine.ask(process, world.who("case_manager"), "visit")
    assert found
    assert set(found.values()) == {StepNumbers()}


def test_a_follow_up_is_counted_apart_with_what_brought_it(world: World) -> None:
    brings = "    follow_ups: {look_again: {uses: trial.look, limit: PT24H}}\n    questions:"
    assert VISIT.count("    questions:") == 1
    world.publish(VISIT.replace("    questions:", brings))
    cases = [world.at_talk().case_id for _ in range(11)]
    world.do_jobs()
    known = [
        next(one for one in world.state(case_id).steps.values() if one.added and one.added.follow_up == "look_again")
        for case_id in cases
    ]
    world.later(hours=25)
    world.fire()
    looked = {name: said for name, said in LOOKED.items() if name != "colour"}
    for case_id, step in zip(cases[:6], known, strict=False):
        now = world.clock.now().isoformat()
        world.complete(world.item(case_id, step.key), by="caseworker", answers=looked | {"seen_at": now})
    for _ in range(5):
        world.at_talk()
    world.do_jobs()
    found = world.engine.ask(process, world.who("case_manager"), "visit")
    assert found["look look_again"] == StepNumbers(10, 5, timedelta(hours=25), "trial.look", "look")
    assert found["talk"].uses == "", "a step of the file is none"
    assert {key for key, one in found.items() if one.uses} == {"look look_again"}


def test_the_page_says_it_beside_the_picture(portal: Portal) -> None:
    for _ in range(6):
        report_case(portal.as_role("intake_officer"))
    client = portal.as_role("case_manager")
    name = portal.rows("SELECT workflow FROM run GROUP BY workflow ORDER BY count(*) DESC LIMIT 1")[0]["workflow"]
    assert f'href="/workflows/{name}/cases"' in client.get(f"/workflows/{name}").text
    page = client.get(f"/workflows/{name}/cases").text
    assert "about 5 cases" in page
    assert "few or none" in page
    assert "No answer has brought a follow-up yet." in page
    assert client.get("/workflows/nowhere/cases").status_code == 404
