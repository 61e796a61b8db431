"""How old a person is and what they are in a case, over time."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.law.told import AgeRange, AgeSource, ages_of, in_words, is_child, oldest_on, strongest, youngest_on
from engine.core.persons import NOTE, LawyersNoteError, is_suspect, require_note_for_statement
from engine.core.records import AddedStep, CasePerson, PersonRole, RoleStatus
from engine.core.state import replay
from engine.errors import ConflictError, NotFoundError
from tests.core.small_world import ASHA, BINA, RUN, World, person, workflow

DAY = date(2026, 3, 7)
ages = st.builds(
    lambda low, more, source, as_of: AgeRange(youngest=low, oldest=low + more, source=source, as_of=as_of),
    st.integers(0, 60), st.integers(0, 20), st.sampled_from(AgeSource),
    st.none() | st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)  # fmt: skip


def age(youngest: int, oldest: int, as_of: date | None = DAY, source: AgeSource = AgeSource.STATED) -> AgeRange:
    return AgeRange(youngest=youngest, oldest=oldest, as_of=as_of, source=source)


@pytest.mark.parametrize(("known", "on", "child"), [
    (None, DAY, True),
    (age(15, 17), DAY, True),
    (age(16, 20), DAY, True),
    (age(18, 25), DAY, False),
    (age(17, 17), DAY + timedelta(days=364), True),
    (age(17, 17), DAY.replace(year=2027), False),
    (age(17, 17, None), DAY.replace(year=2040), True),
    (age(18, 18), DAY - timedelta(days=1), True),
])  # fmt: skip
def test_a_person_is_a_child_until_it_is_shown_otherwise(known: AgeRange | None, on: date, child: bool) -> None:  # noqa: FBT001
    assert is_child(known, on) is child


def test_who_was_seventeen_on_a_leap_day_is_of_age_on_the_first_of_march() -> None:
    known = age(17, 17, date(2024, 2, 29))
    assert is_child(known, date(2025, 2, 28))
    assert not is_child(known, date(2025, 3, 1))


def test_the_paper_of_a_school_counts_before_one_of_a_town_and_that_before_a_doctor() -> None:
    known = [age(17, 17, source=source) for source in reversed(AgeSource)]
    assert [found.source for found in sorted(known, key=lambda a: list(AgeSource).index(a.source))] == list(AgeSource)
    for left in range(len(known)):
        best = strongest(known[: left + 1])
        assert best.source is known[left].source


def test_of_two_papers_alike_the_later_one_counts_and_else_the_younger_age() -> None:
    earlier, later = age(14, 14, date(2020, 1, 1)), age(19, 19, date(2026, 1, 1))
    assert strongest([earlier, later]) == later
    assert strongest([age(19, 21), age(16, 20)]) == age(16, 20)
    assert strongest([]) is None


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        age(18, 17)


def test_what_was_written_down_is_read_again_and_what_cannot_be_is_left_out() -> None:
    known = {"age": 15, "ages": [age(16, 20).model_dump(mode="json"), {"youngest": 9, "oldest": 2}, "?"]}
    assert ages_of(known) == (age(16, 20), AgeRange(youngest=15, oldest=15))
    assert ages_of({"age": True, "ages": "no list"}) == ()


def test_an_age_is_written_as_a_number_or_a_range() -> None:
    assert in_words(age(15, 15), DAY) == "15"
    assert in_words(age(15, 15), DAY + timedelta(days=40)) == "15 to 16"
    assert in_words(age(14, 17), DAY) == "14 to 17"


@given(ages, st.dates(date(1990, 1, 1), date(2050, 1, 1)), st.integers(0, 4000))
def test_nobody_grows_younger_and_the_range_never_ends_before_it_begins(known: AgeRange, on: date, days: int) -> None:
    later = on + timedelta(days=days)
    assert youngest_on(known, on) <= oldest_on(known, on)
    assert youngest_on(known, on) <= youngest_on(known, later)
    assert oldest_on(known, on) <= oldest_on(known, later)
    assert is_child(known, on) or not is_child(known, later), "who is of age stays so"


@given(st.dates(date(1990, 1, 1), date(2010, 1, 1)), st.integers(0, 9000), st.integers(0, 9000))
def test_the_true_age_lies_within_what_is_known_of_it(born: date, seen: int, later: int) -> None:
    first, then = born + timedelta(days=seen), born + timedelta(days=seen + later)
    known = age(_years(born, first), _years(born, first), first)
    assert youngest_on(known, then) <= _years(born, then) <= oldest_on(known, then)


def _years(born: date, on: date) -> int:
    """Count birthdays, the plain way; who was born on 29 February has theirs on 1 March."""
    had = (on.month, on.day) >= (born.month, born.day)
    return on.year - born.year - (0 if had else 1)


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
