"""Persons: their names, ages and roles; who they may be; two who are one, and one who is two."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.store import CaseStore
from engine.core.law.told import AgeSource
from engine.core.persons import NOTE, LawyersNoteError
from engine.core.records import PersonRole, RoleStatus
from engine.course.actions.steer import add_person, identify_person
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.persons.actions import persons as ps
from engine.persons.actions.same import bring_person, merge_persons, split_person, unmerge_persons
from engine.persons.records import candidates_of, names_of
from engine.persons.store import PersonStore
from engine.sharing.actions.referrals import accept_referral, offer_referral
from engine.work.actions.reading import likely_the_same
from tests.kit.world import START, World

NAMES = ("Kamala of the blue house", "कमला", "কমলা বেগম")
VICTIM, SUSPECT, WITNESS = PersonRole.VICTIM, PersonRole.SUSPECT, PersonRole.WITNESS
AT_FIRST = PersonRole.POSSIBLE_VICTIM
"""What the person is with whom a case begins."""


def ask(world: World, by: str = "case_manager") -> dict[str, Any]:
    return {"viewer": world.who(by), "command_id": uuid4()}


def known(world: World, person_id: UUID) -> Any:
    return world.of(PersonStore).identity(person_id)


def same(world: World, person_id: UUID) -> set[UUID]:
    return set(world.of(PersonStore).same_as(person_id))


def person_of(world: World, case_id: UUID) -> UUID:
    return world.state(case_id).persons[0].person_id


def named(world: World, case_id: UUID, *names: str, role: PersonRole = VICTIM) -> UUID:
    identity: dict[str, Any] = {"name": names[0], "aliases": list(names[1:])}
    return add_person(world.engine, case_id, role=role, identity=identity, **ask(world))


def write_note(world: World, case_id: UUID) -> None:
    """Let the lawyer answer what the refusal opened."""
    item = world.item(case_id, "lawyers_note_1")
    assert item.candidate_roles == ("lawyer",)
    note = {"was_made_to": True, "is_accused": True, "lawyers_note": "Invented: he was held and made to write."}
    world.complete(item, by="lawyer", answers=note)
    assert "held and made" not in world.dump()


def event_types(world: World, case_id: UUID) -> list[str]:
    rows = world.rows("SELECT type FROM event WHERE case_id = :id ORDER BY seq", id=case_id)
    return [row.type for row in rows]


def test_names_in_any_script_are_sealed_and_each_of_them_finds_the_person(world: World) -> None:
    mine, other = world.open(), world.open()
    person = person_of(world, mine.case_id)
    for name in NAMES:
        ps.add_name(world.engine, person, case_id=mine.case_id, name=name, **ask(world))
    assert names_of(known(world, person)) == NAMES
    assert not [name for name in NAMES if name in world.dump()]
    for name in NAMES:
        alike = named(world, other.case_id, name)
        assert person in {m.person_id for m in world.of(PersonStore).matches([alike], case_id=other.case_id)}, name


def test_a_name_is_added_once_by_one_command_and_an_empty_one_never(world: World) -> None:
    opened, command = world.open(), ask(world)
    person = person_of(world, opened.case_id)
    for _ in range(2):
        ps.add_name(world.engine, person, case_id=opened.case_id, name="Moni", **command)
    assert event_types(world, opened.case_id).count("NameAdded") == 1
    for bad in (" ", "x" * 301):
        with pytest.raises(InvalidAnswersError):
            ps.add_name(world.engine, person, case_id=opened.case_id, name=bad, **ask(world))


def test_what_is_written_over_keeps_ages_and_the_name_before(world: World) -> None:
    opened = world.open()
    person = person_of(world, opened.case_id)
    ps.add_name(world.engine, person, case_id=opened.case_id, name="Moni", **ask(world))
    told: dict[str, Any] = {"youngest": 15, "oldest": 17, "source": AgeSource.APPEARANCE, "as_of": START.date()}
    ps.record_age(world.engine, person, case_id=opened.case_id, **told, **ask(world))
    identify_person(world.engine, person, case_id=opened.case_id, identity={"name": "Monira"}, **ask(world))
    assert names_of(known(world, person)) == ("Monira", "Moni")
    assert known(world, person)["ages"] == [told | {"source": "appearance", "as_of": "2026-03-07"}]
    [(body,)] = world.rows("SELECT body FROM event WHERE type = 'AgeRecorded'")
    assert body == {"person_id": str(person), "source": "appearance"}


@pytest.mark.parametrize(
    ("youngest", "oldest", "days", "field"), [(17, 15, 0, "youngest"), (1, 500, 0, "youngest"), (9, 9, 2, "as_of")]
)
def test_an_age_that_cannot_be_is_refused(world: World, youngest: int, oldest: int, days: int, field: str) -> None:
    opened = world.open()
    with pytest.raises(InvalidAnswersError) as refused:
        ps.record_age(
            world.engine, person_of(world, opened.case_id), case_id=opened.case_id, youngest=youngest, oldest=oldest,
            source=AgeSource.STATED, as_of=START.date() + timedelta(days=days), **ask(world),
        )  # fmt: skip
    assert set(refused.value.problems) == {field}


def test_a_person_of_uncertain_identity_is_found_as_any_of_them_until_it_is_settled(world: World) -> None:
    mine, other = world.open(), world.open()
    person = named(world, mine.case_id, "Girl in red")
    one, two = (
        ps.propose_identity(world.engine, person, case_id=mine.case_id, name=name, **ask(world))
        for name in ("Farida Khatun", "Sunita Oraon")
    )
    alike = named(world, other.case_id, "Sunita Oraon")
    assert [m.person_id for m in world.of(PersonStore).matches([alike], case_id=other.case_id)] == [person]
    for candidate, is_confirmed in ((two, False), (one, True)):
        ps.settle_identity(
            world.engine, person, case_id=mine.case_id, candidate_id=candidate, is_confirmed=is_confirmed, **ask(world)
        )
    assert world.of(PersonStore).matches([alike], case_id=other.case_id) == ()
    assert names_of(known(world, person)) == ("Farida Khatun", "Girl in red")
    assert [one["status"] for one in candidates_of(known(world, person))] == ["confirmed", "ruled_out"]
    with pytest.raises(NotFoundError):
        ps.settle_identity(
            world.engine, person, case_id=mine.case_id, candidate_id=uuid4(), is_confirmed=True, **ask(world)
        )


def test_a_role_changes_with_its_days_and_what_is_stored_is_what_the_history_gives(world: World) -> None:
    opened = world.open()
    person = person_of(world, opened.case_id)
    said: dict[str, Any] = {"from_on": date(2026, 1, 1), "until_on": date(2026, 2, 1), "status": RoleStatus.LIKELY}
    become: dict[str, Any] = {"case_id": opened.case_id, "role": AT_FIRST, "to_role": SUSPECT} | said
    with pytest.raises(LawyersNoteError):
        ps.change_role(world.engine, person, **become, **ask(world))
    write_note(world, opened.case_id)
    ps.change_role(world.engine, person, **become, **ask(world))
    links = world.state(opened.case_id).persons
    assert [(link.role, link.removed_at is None, link.status, link.from_on) for link in links] == [
        (AT_FIRST, False, RoleStatus.STATED, None), (SUSPECT, True, RoleStatus.LIKELY, date(2026, 1, 1)),
    ]  # fmt: skip
    ps.change_role(
        world.engine, person, case_id=opened.case_id, role=SUSPECT, to_role=VICTIM, status=RoleStatus.CONFIRMED,
        **ask(world),
    )  # fmt: skip
    now = {link.role: link for link in world.state(opened.case_id).persons}
    assert now[VICTIM].removed_at is None
    assert now[VICTIM].status is RoleStatus.CONFIRMED
    assert now[SUSPECT].removed_at is not None


@pytest.mark.parametrize(("more", "field"), [
    ({"from_on": date(2026, 2, 1), "until_on": date(2026, 1, 1)}, "until_on"),
    ({"to_role": WITNESS}, "to_role"),
    ({"reason_code": "Because Moni said so"}, "reason_code"),
])  # fmt: skip
def test_a_role_that_cannot_be_is_refused(world: World, more: dict[str, Any], field: str) -> None:
    opened = world.open()
    person = person_of(world, opened.case_id)
    bring: dict[str, Any] = {"role": AT_FIRST, "to_role": AT_FIRST, "status": RoleStatus.STATED} | more
    if "to_role" in more:
        second = world.open()
        both: dict[str, Any] = {"from_case_id": opened.case_id, "case_id": second.case_id}
        for role in (AT_FIRST, WITNESS):
            bring_person(world.engine, person, role=role, **both, **ask(world))
        opened = second
    with pytest.raises(InvalidAnswersError) as refused:
        ps.change_role(world.engine, person, case_id=opened.case_id, **bring, **ask(world))
    assert set(refused.value.problems) == {field}


def test_a_victim_in_one_case_is_a_suspect_in_another(world: World) -> None:
    mine, other = world.open(), world.open()
    person = person_of(world, mine.case_id)
    both: dict[str, Any] = {"from_case_id": mine.case_id, "case_id": other.case_id, "role": SUSPECT}
    for _ in range(2):
        with pytest.raises(LawyersNoteError):
            bring_person(world.engine, person, **both, **ask(world))
    asked = [step for step in world.state(mine.case_id).steps.values() if step.uses == NOTE]
    assert len(asked) == 1, "a lawyer is asked once"
    assert person not in {link.person_id for link in world.state(other.case_id).persons}
    write_note(world, mine.case_id)
    bring_person(world.engine, person, **both, **ask(world))
    roles = {
        case: [link.role for link in world.state(case).persons if link.person_id == person]
        for case in (mine.case_id, other.case_id)
    }
    assert roles == {mine.case_id: [AT_FIRST], other.case_id: [SUSPECT]}


def test_merging_two_persons_and_unmerging_them_leaves_everything_as_it_was(world: World) -> None:
    mine, other = world.open(), world.open()
    one, two = named(world, mine.case_id, "Moni"), named(world, other.case_id, "Monira", role=SUSPECT)
    before = (known(world, one), known(world, two), _parts(world, mine.case_id), _parts(world, other.case_id))
    merge_persons(
        world.engine, one, two, case_id=mine.case_id, other_case_id=other.case_id, reason_code="same_name", **ask(world)
    )
    assert same(world, one) == same(world, two) == {one, two}
    for case in (mine.case_id, other.case_id):
        assert event_types(world, case)[-1] == "PersonsMerged"
    unmerge_persons(world.engine, two, case_id=other.case_id, reason_code="mistaken", **ask(world))
    assert (same(world, one), same(world, two)) == ({one}, {two})
    after = (known(world, one), known(world, two), _parts(world, mine.case_id), _parts(world, other.case_id))
    assert after == before
    assert [event_types(world, case)[-1] for case in (mine.case_id, other.case_id)] == ["PersonsUnmerged"] * 2
    merge_persons(
        world.engine, two, one, case_id=other.case_id, other_case_id=mine.case_id, reason_code="papers", **ask(world)
    )
    assert same(world, two) == {one, two}, "an undone merge stands in nobody's way"


def test_who_was_found_to_be_the_same_is_no_match_and_is_looked_for_by_the_names_of_both(world: World) -> None:
    mine, other, third = world.open(), world.open(), world.open()
    one, two = named(world, mine.case_id, "Moni Khatun"), named(world, other.case_id, "Moni Khatun", "Tumpa Das")

    def matches() -> int:
        with world.engine.transaction() as tx:
            return len(likely_the_same(world.engine, tx, one, case_id=mine.case_id))

    assert matches() == 1
    merge_persons(
        world.engine, one, two, case_id=mine.case_id, other_case_id=other.case_id, reason_code="papers", **ask(world)
    )
    assert matches() == 0
    named(world, third.case_id, "Tumpa Das")
    assert matches() == 1


def test_all_that_were_found_to_be_one_are_named_whichever_is_asked_about(world: World) -> None:
    opened = world.open()
    a, b, c = (named(world, opened.case_id, name) for name in ("A One", "B Two", "C Three"))
    both: dict[str, Any] = {"case_id": opened.case_id, "other_case_id": opened.case_id, "reason_code": "same_name"}
    merge_persons(world.engine, a, b, **both, **ask(world))
    merge_persons(world.engine, c, a, **both, **ask(world))
    assert same(world, a) == same(world, b) == same(world, c) == {a, b, c}
    for first, second in ((b, c), (a, b), (a, a)):
        with pytest.raises(InvalidAnswersError):
            merge_persons(world.engine, first, second, **both, **ask(world))
    with pytest.raises(NotFoundError):
        merge_persons(world.engine, a, uuid4(), **both, **ask(world))


def test_a_person_who_is_two_is_parted_and_a_merge_puts_them_together_again(world: World) -> None:
    opened = world.open()
    person = named(world, opened.case_id, "Moni", "Tumpa")
    apart = split_person(
        world.engine, person, case_id=opened.case_id, names=("Tumpa",), role=WITNESS, reason_code="two_people",
        **ask(world),
    )  # fmt: skip
    assert (names_of(known(world, person)), names_of(known(world, apart))) == (("Moni",), ("Tumpa",))
    links = [(link.person_id, link.role) for link in world.state(opened.case_id).persons][-2:]
    assert links == [(person, VICTIM), (apart, WITNESS)]
    for names in ((), ("Moni",), ("Somebody",)):
        with pytest.raises(InvalidAnswersError):
            split_person(
                world.engine, person, case_id=opened.case_id, names=names, role=WITNESS, reason_code="two_people",
                **ask(world),
            )  # fmt: skip


def test_nobody_of_another_unit_merges_brings_or_names(world: World) -> None:
    mine = world.open()
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    a, b = person_of(world, mine.case_id), person_of(world, theirs.case_id)
    with pytest.raises(NotFoundError):
        ps.add_name(world.engine, b, case_id=theirs.case_id, name="x", **ask(world))
    with pytest.raises(NotFoundError):
        ps.add_name(world.engine, b, case_id=mine.case_id, name="x", **ask(world))
    for first, second in (((a, mine), (b, theirs)), ((b, theirs), (a, mine))):
        with pytest.raises(NotFoundError):
            merge_persons(
                world.engine, first[0], second[0], case_id=first[1].case_id, other_case_id=second[1].case_id,
                reason_code="same_name", **ask(world),
            )  # fmt: skip
    with pytest.raises(NotFoundError):
        bring_person(world.engine, b, from_case_id=theirs.case_id, case_id=mine.case_id, role=SUSPECT, **ask(world))
    with pytest.raises(NotAllowedError):
        merge_persons(
            world.engine, a, a, case_id=mine.case_id, other_case_id=mine.case_id, reason_code="same_name",
            **ask(world, "auditor"),
        )  # fmt: skip


def test_who_took_work_on_and_is_shown_nobody_says_nothing_of_who_is_one_or_two(world: World) -> None:
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer")).case_id
    person = person_of(world, theirs)
    by_them = {"viewer": world.other("case_manager"), "command_id": uuid4()}
    identify_person(world.engine, person, case_id=theirs, identity={"name": "Asha", "aliases": ["Usha"]}, **by_them)
    by_them["command_id"] = uuid4()
    offered = offer_referral(world.engine, theirs, to_unit_id=world.unit, **by_them)
    accept_referral(world.engine, offered, **ask(world))
    parting = {"case_id": theirs, "role": VICTIM, "reason_code": "two_people"}
    for names in (("Usha",), ("Nobody",)):
        with pytest.raises(NotFoundError):
            split_person(world.engine, person, names=names, **parting, **ask(world))


def _parts(world: World, case_id: UUID) -> Any:
    """Return all of a case but the length of its history."""
    state = world.state(case_id)
    return (state.persons, state.runs, state.steps, state.deadlines, state.past, state.facts, state.case.status)


@pytest.mark.parametrize("role", ["press_officer", "finance_officer", "partnership_manager"])
def test_who_works_on_a_case_without_caring_for_the_person_does_not_write_who_they_are(world: World, role: str) -> None:
    case_id = world.open().case_id
    person = world.of(CaseStore).read(case_id).persons[0].person_id
    given: dict[str, Any] = {"viewer": world.who(role), "command_id": uuid4()}
    with pytest.raises(NotAllowedError):
        identify_person(world.engine, person, case_id=case_id, identity={"name": "Somebody"}, **given)
    with pytest.raises(NotAllowedError):
        add_person(world.engine, case_id, role=PersonRole.WITNESS, identity={"name": "Somebody"}, **given)
