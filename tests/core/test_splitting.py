"""A case that is split off takes along what is true of the case and of the persons who go, and nothing of others."""

from datetime import timedelta
from typing import Any

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.case_links import facts_that_go, tellings_that_go
from engine.core.law.told import for_report, told_before, told_in, without_told
from engine.core.state import CaseState
from tests.core.small_world import ASHA, BINA, CHITRA, T0, World, workflow

FACTS: dict[str, Any] = {name: {"type": "bool", "default": False} for name in ("safe", "afraid", "told", "planned")}
STEPS: dict[str, Any] = {
    "plan": {"sets": {"planned": "plan.flag"}},
    "fear": {"for_each": "case.victims", "sets": {"afraid": "fear.flag"}},
    "later": {"after": "fear", "for_each": "case.victims"},
}
ZONE = "Asia/Kolkata"


def case() -> World:
    return World(workflow(STEPS, facts=FACTS), victims=(ASHA, BINA, CHITRA))


def answer(world: World, key: str, *, path: str = "", **outputs: Any) -> None:
    [step] = [one for one in world.state.steps.values() if (one.key, one.path) == (key, path)]
    world.now += timedelta(minutes=1)
    world.do(cm.CompleteStep(step.id, "done", world.now, outputs=outputs))


def taken(world: World, *going: Any) -> dict[str, Any]:
    sources = {event.name: event.source for event in world.events if isinstance(event, ev.FactRecorded)}
    return dict(facts_that_go(world.state, world.definitions, sources, going))


def test_facts_of_the_case_go_along_whoever_said_them() -> None:
    world = case()
    answer(world, "plan", flag=True)
    world.do(cm.RecordFact("safe", True, "person"))
    assert taken(world, ASHA) == {"planned": True, "safe": True} == taken(world, BINA, CHITRA)


@pytest.mark.parametrize(("going", "afraid"), [((ASHA,), True), ((BINA,), False), ((ASHA, BINA), False)])
def test_a_fact_that_was_said_of_each_is_that_of_those_who_go(going: tuple[Any, ...], *, afraid: bool) -> None:
    world = case()
    answer(world, "fear", path=f"person:{ASHA}", flag=True)
    answer(world, "fear", path=f"person:{BINA}", flag=False)
    assert world.state.facts == {"afraid": False}, "in the case the last word counts"
    assert taken(world, *going) == {"afraid": afraid}
    assert taken(world, CHITRA) == {}, "nothing was said of this one"


def test_a_fact_that_no_condition_makes_goes_only_when_all_go_of_whom_it_may_be() -> None:
    world = case()
    for person in (ASHA, BINA):
        answer(world, "fear", path=f"person:{person}", flag=True)
        answer(world, "later", path=f"person:{person}")
    world.do(cm.RecordFact("told", True, "later"))
    assert "told" not in taken(world, ASHA)
    assert taken(world, ASHA, BINA)["told"] is True


def told_of_all() -> World:
    world = case()
    answer(world, "plan", flag=True, **{"tells:offence_day": "2024-06-30", "tells:district": "Kamrup"})
    answer(world, "fear", path=f"person:{ASHA}", **{"tells:sex": "female", "tells:age_band": "12_to_17"})
    answer(world, "fear", path=f"person:{BINA}", **{"tells:sex": "male", "tells:age": "30"})
    return world


def test_what_was_told_for_the_law_goes_along_with_its_day_and_only_of_those_who_go() -> None:
    world = told_of_all()
    report = {"kind": "a"} | for_report(tellings_that_go(world.state, [ASHA]))
    apart = CaseState(case=world.state.case, report=report)
    of_her, before = (told_in(state, f"person:{ASHA}", zone=ZONE) for state in (apart, world.state))
    assert of_her == before
    assert of_her.ages[0] is not None
    assert of_her.ages[0].as_of == T0.date(), "the age is as old as the word on it"
    assert (of_her.offence_on, of_her.district, of_her.sexes) == (before.offence_on, "Kamrup", ("female",))
    assert told_in(apart, f"person:{BINA}", zone=ZONE).sexes == (None,)
    assert str(BINA) not in str(report)
    assert without_told(report) == {"kind": "a"}


def test_what_is_told_later_in_the_case_of_its_own_counts_and_all_of_it_goes_along_when_it_is_split_again() -> None:
    world = told_of_all()
    apart = World(
        workflow(STEPS, facts=FACTS), victims=(ASHA,), report=for_report(tellings_that_go(world.state, [ASHA]))
    )
    apart.now = world.now + timedelta(days=1)
    answer(apart, "plan", flag=True, **{"tells:offence_day": "2024-07-02"})
    again = for_report(tellings_that_go(apart.state, [ASHA]))
    told = told_in(CaseState(case=apart.state.case, report=again), f"person:{ASHA}", zone=ZONE)
    assert str(told.offence_on) == "2024-07-02"
    assert (told.district, told.sexes) == ("Kamrup", ("female",))
    assert len(told_before(again)) == len(tellings_that_go(apart.state, [ASHA]))


def test_a_case_that_was_never_split_off_has_nothing_told_before() -> None:
    assert told_before({"kind": "a", "tells:sex": "female"}) == []
