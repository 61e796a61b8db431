"""What a person is in a case: it changes over time, and what is to be done for them follows."""

from datetime import date

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.persons import NOTE, is_suspect, require_note_for_statement
from engine.core.records import AddedStep, CasePerson, PersonRole, RoleStatus
from engine.core.state import replay
from engine.errors import ConflictError, LawyersNoteError, NotFoundError
from tests.core.small_world import ASHA, BINA, RUN, World, person, workflow

EACH = {"for_each": "case.victims"}
STEPS = {"help": EACH, "charge": {"for_each": "case.suspects"}, "end": {"after": ["help", "charge"]}}
VICTIM, SUSPECT = PersonRole.VICTIM, PersonRole.SUSPECT


def at_help(*victims: object) -> World:
    return World(workflow(STEPS), victims=victims)  # type: ignore[arg-type]


def links(world: World) -> list[tuple[str, bool]]:
    return [(link.role.value, link.removed_at is None) for link in world.state.persons if link.person_id == ASHA]


def noted(world: World, outcome: str = "done") -> None:
    """Let a lawyer answer what is asked of ASHA."""
    added = AddedStep(uses=NOTE, title="Non-punishment", roles=("lawyer",))
    world.do(cm.AddStep(RUN, "lawyers_note_1", added, person(ASHA)))
    world.do(cm.CompleteStep(world.step("lawyers_note_1", person(ASHA)).id, outcome, world.now))


@pytest.mark.parametrize("role", [VICTIM, PersonRole.POSSIBLE_VICTIM])
def test_a_victim_is_written_down_as_a_suspect_only_after_a_lawyers_note(role: PersonRole) -> None:
    world = World(workflow(STEPS))
    world.do(cm.AddPerson(ASHA, role))
    for command in (cm.ChangePersonRole(ASHA, role, SUSPECT), cm.AddPerson(ASHA, SUSPECT)):
        with pytest.raises(LawyersNoteError, match="recorded as a suspect"):
            world.do(command)
    noted(world)
    world.do(cm.AddPerson(ASHA, SUSPECT))
    assert links(world) == [(role.value, True), ("suspect", True)]


def test_a_note_that_was_not_written_or_is_about_somebody_else_opens_nothing() -> None:
    world = at_help(ASHA, BINA)
    noted(world, outcome="refused_by_person")
    with pytest.raises(LawyersNoteError):
        world.do(cm.AddPerson(ASHA, SUSPECT))
    world = at_help(ASHA, BINA)
    noted(world)
    with pytest.raises(LawyersNoteError):
        world.do(cm.AddPerson(BINA, SUSPECT))


def test_taking_a_victim_out_first_is_no_way_round_but_who_never_was_one_can_be_a_suspect() -> None:
    world = at_help(ASHA, BINA)
    world.do(cm.RemovePerson(ASHA, VICTIM))
    with pytest.raises(LawyersNoteError):
        world.do(cm.AddPerson(ASHA, SUSPECT))
    world.do(cm.ChangePersonRole(BINA, VICTIM, VICTIM, RoleStatus.DISPROVED, reason_code="mistaken"))
    world.do(cm.AddPerson(BINA, SUSPECT))
    assert is_suspect(world.state, BINA)


def test_who_is_victim_and_suspect_is_heard_only_after_a_lawyers_note() -> None:
    world = World(workflow(STEPS))
    world.do(cm.AddPerson(ASHA, SUSPECT))
    require_note_for_statement(world.state, ASHA)
    world.do(cm.AddPerson(ASHA, VICTIM))
    with pytest.raises(LawyersNoteError, match="be heard"):
        require_note_for_statement(world.state, ASHA)
    noted(world)
    require_note_for_statement(world.state, ASHA)


def test_a_victim_who_turns_out_to_be_a_suspect_leaves_one_set_of_steps_for_the_other() -> None:
    world = at_help(ASHA, BINA)
    noted(world)
    world.do(cm.ChangePersonRole(ASHA, VICTIM, SUSPECT, reason_code="new_evidence"))
    assert (world.status("help", person(ASHA)), world.status("charge", person(ASHA))) == ("cancelled", "ready")
    assert world.status("help", person(BINA)) == "ready"
    assert links(world) == [("victim", False), ("suspect", True)], "what they were is kept"


def test_a_possible_victim_gets_what_a_victim_gets_and_keeps_it_when_it_is_sure() -> None:
    world = World(workflow(STEPS))
    world.do(cm.AddPerson(ASHA, PersonRole.POSSIBLE_VICTIM))
    opened = world.step("help", person(ASHA))
    world.do(cm.ChangePersonRole(ASHA, PersonRole.POSSIBLE_VICTIM, VICTIM, RoleStatus.CONFIRMED))
    assert world.step("help", person(ASHA)) == opened


def test_a_role_has_a_status_and_days_and_the_same_words_again_change_nothing() -> None:
    world = at_help(ASHA)
    said = cm.ChangePersonRole(ASHA, VICTIM, VICTIM, RoleStatus.CONFIRMED, date(2025, 11, 3), date(2026, 1, 2))
    (event,) = world.do(said)
    assert isinstance(event, ev.PersonRoleChanged)
    added = world.state.persons[0].added_at
    assert world.state.persons == (
        CasePerson(
            person_id=ASHA, role=VICTIM, added_at=added, status=RoleStatus.CONFIRMED,
            from_on=date(2025, 11, 3), until_on=date(2026, 1, 2),
        ),
    )  # fmt: skip
    assert world.do(said) == ()


def test_a_role_that_is_disproved_is_over_and_its_steps_are_called_off() -> None:
    world = at_help(ASHA, BINA)
    world.do(cm.ChangePersonRole(ASHA, VICTIM, VICTIM, RoleStatus.DISPROVED, reason_code="mistaken"))
    assert world.status("help", person(ASHA)) == "cancelled"
    assert links(world) == [("victim", False)]
    with pytest.raises(NotFoundError):
        world.do(cm.ChangePersonRole(ASHA, VICTIM, SUSPECT))


def test_a_role_can_come_back() -> None:
    world = at_help(ASHA)
    noted(world)
    world.do(cm.ChangePersonRole(ASHA, VICTIM, SUSPECT))
    world.do(cm.ChangePersonRole(ASHA, SUSPECT, VICTIM))
    assert sorted(links(world)) == [("suspect", False), ("victim", True)]


def test_a_role_does_not_change_into_one_that_the_person_has_beside_it() -> None:
    world = at_help(ASHA)
    world.do(cm.AddPerson(ASHA, PersonRole.WITNESS))
    with pytest.raises(ConflictError):
        world.do(cm.ChangePersonRole(ASHA, VICTIM, PersonRole.WITNESS))


def test_the_history_alone_gives_the_same_case() -> None:
    world = at_help(ASHA, BINA)
    noted(world)
    world.do(cm.ChangePersonRole(ASHA, VICTIM, SUSPECT))
    world.do(cm.ChangePersonRole(BINA, VICTIM, VICTIM, RoleStatus.LIKELY, date(2026, 1, 1)))
    told = [ev.EVENT.validate_python(event.model_dump(mode="json", exclude_defaults=True) | {"type": event.type})
            for event in world.events]  # fmt: skip
    assert replay(told) == world.state
