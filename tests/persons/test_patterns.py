"""Cases that share a way, a number or a recruiter are told to units that had one before, without what they hold."""

from uuid import UUID, uuid4

import pytest

from engine.cases.store import CaseStore
from engine.core.matching import stage_of
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person
from engine.persons.actions.matches import find_matches
from engine.persons.actions.persons import keep_persons
from engine.persons.store import PersonStore
from engine.persons.tokens import NameTokens
from engine.plugin.context import PersonTold
from engine.sharing.views.sharing import matches
from tests.kit.world import World

WAY = "Silchar - Siliguri - New Delhi by train"
BACK = "from New Delhi over Siliguri to Silchar"


def test_a_way_is_found_again_in_whichever_direction_it_is_written() -> None:
    one, other = (set(NameTokens().tokens({"routes": [text]})) for text in (WAY, BACK))
    assert {kind for kind, _ in one} == {"route"}
    assert one == other
    assert not one & set(NameTokens().tokens({"routes": ["Imphal to Moreh"]}))


@pytest.mark.parametrize(("cases", "stage"), [(0, 0), (2, 0), (3, 3), (4, 3), (5, 5), (60, 50)])
def test_a_pattern_is_told_from_three_cases_on_and_when_it_has_grown(cases: int, stage: int) -> None:
    assert stage_of(cases) == stage


def test_three_cases_on_one_way_are_told_to_the_unit_that_had_one_before_and_two_are_not(world: World) -> None:
    first = travel(world, ours=True, way=WAY)
    travel(world, ours=False, way=BACK)
    find_matches(world.engine)
    assert told(world) == set()
    travel(world, ours=True, way=WAY)
    find_matches(world.engine)
    assert told(world) == {
        world.other(role).actor_id for role in ("case_manager", "supervisor", "nodal_officer", "safeguarding_lead")
    }
    assert world.engine.ask(matches, world.who("supervisor")) == ()
    [there] = world.engine.ask(matches, world.other("supervisor"))
    assert there.unit == "Unit IN (Here)"
    assert str(first) not in there.model_dump_json()
    words = " ".join(row.body + row.subject for row in world.rows("SELECT * FROM message WHERE kind = 'pattern_found'"))
    assert "Silchar" not in words
    assert "Here" not in words


def test_a_unit_from_which_a_case_is_kept_does_not_learn_of_it_by_a_pattern(world: World) -> None:
    kept = travel(world, ours=True, way=WAY)
    world.rows(
        "INSERT INTO recusal (id, case_id, unit_id, reason, reason_code, set_at)"
        " VALUES (:id, :case, :unit, 'denied', 'concern', :at)",
        id=uuid4(), case=kept, unit=world.other_unit, at=world.clock.now(),
    )  # fmt: skip
    travel(world, ours=False, way=WAY)
    travel(world, ours=True, way=WAY)
    find_matches(world.engine)
    assert world.other("supervisor").actor_id not in told(world)
    travel(world, ours=True, way=WAY)
    find_matches(world.engine)
    assert world.who("supervisor").actor_id in told(world), "three cases of its own need no other unit"


def test_what_is_older_than_ninety_days_makes_no_pattern(world: World) -> None:
    travel(world, ours=True, way=WAY)
    travel(world, ours=True, way=WAY)
    world.later(days=91)
    travel(world, ours=True, way=WAY)
    find_matches(world.engine)
    assert told(world) == set()


def test_whom_a_step_has_told_of_comes_into_the_case_once_sealed_and_as_a_suspect(world: World) -> None:
    opened = world.at_look()
    persons = (PersonTold(name="Rahima Khatun", routes=(WAY,)), PersonTold(), PersonTold(role="no_role", name="X Y"))
    for _ in range(2):
        with world.engine.transaction() as tx:
            state = tx.of(CaseStore).lock(opened.case_id)
            step = next(step for step in state.steps.values() if step.key == "intake")
            keep_persons(world.engine, tx, state, step, persons, now=world.clock.now())
            tx.commit()
    suspects = [one for one in world.state(opened.case_id).persons if one.role is PersonRole.SUSPECT]
    assert len(suspects) == 1
    assert world.of(PersonStore).identity(suspects[0].person_id) == {"name": "Rahima Khatun", "routes": [WAY]}


def travel(world: World, *, ours: bool, way: str) -> UUID:
    """Open a case of one of both units, with somebody who sent a person on a way."""
    if ours:
        opened, viewer = world.open(), world.who("caseworker")
    else:
        opened = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
        viewer = world.other("caseworker")
    world.act(add_person, opened.case_id, by=viewer, role=PersonRole.SUSPECT, identity={"routes": [way]})
    return opened.case_id


def told(world: World) -> set[UUID]:
    return {row.recipient_id for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'pattern_found'")}
