"""The unit that knew a person first is asked, and whoever wrote the person down learns nothing.

What an attacker would try is in `tests/attack/test_match_oracle.py`.
"""

from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.access.actions.recusals import recuse
from engine.core.access import RecusalReason
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, identify_person
from engine.errors import NotAllowedError, NotFoundError
from engine.overview.views.case import case_page
from engine.overview.views.history import case_history
from engine.persons.actions.matches import find_matches, mark_match_seen
from engine.persons.match_store import MatchStore
from engine.persons.store import PersonStore
from engine.sharing.views.sharing import matches
from tests.kit.world import World

KNOWN = {"name": "Rahima Khatun", "phone": "+91 98640-12345"}
UNKNOWN = {"name": "Sita Tamang", "phone": "+977 98410 00000"}


def test_the_leads_of_the_unit_that_knew_first_are_asked_once_and_told_only_who_asks(world: World) -> None:
    theirs, mine = cases(world)
    assert [find_matches(world.engine) for _ in range(2)] == [2, 0]
    assert told(world) == {
        world.other(role).actor_id for role in ("case_manager", "supervisor", "nodal_officer", "safeguarding_lead")
    }
    assert world.engine.ask(matches, world.who("supervisor")) == ()
    [there] = world.engine.ask(matches, world.other("supervisor"))
    assert (there.case_id, there.unit, there.contact) == (theirs, "Unit IN (Here)", "duty desk IN")
    assert str(mine) not in there.model_dump_json()
    words = " ".join(row.body + row.subject for row in world.rows("SELECT * FROM message WHERE kind = 'match_found'"))
    assert "Rahima" not in words
    assert "Here" not in words


def test_a_part_of_a_name_alone_tells_nobody(world: World) -> None:
    cases(world, theirs={"name": "Rahima Begum Ali"}, mine={"name": "Rahima Das"})
    find_matches(world.engine)
    assert told(world) == set()


def test_whoever_writes_a_person_down_sees_the_same_for_a_hit_and_a_miss(world: World) -> None:
    """Paired requests: what follows in the case, and what its pages and its history say, is the same."""
    theirs = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    name(world, theirs.case_id, world.other("caseworker"), KNOWN)
    seen = []
    for identity in (KNOWN, UNKNOWN):
        opened = world.at_look()
        name(world, opened.case_id, world.who("caseworker"), identity)
        world.do_jobs()
        find_matches(world.engine)
        world.do_jobs()
        page = world.engine.ask(case_page, world.who("caseworker"), opened.case_id)
        kinds = [event.type for event in world.engine.ask(case_history, world.who("caseworker"), opened.case_id)]
        steps = [(step.key, step.status, [answer.text for answer in step.answers]) for step in page.steps]
        seen.append((kinds, steps, page.findings, page.facts, len(page.persons)))
    assert seen[0] == seen[1]
    assert world.engine.ask(matches, world.other("supervisor"))
    for role in ("caseworker", "intake_officer", "counsellor"):
        with pytest.raises(NotAllowedError):
            world.engine.ask(matches, world.who(role))


def test_the_answer_to_adding_a_person_is_an_id_whatever_others_know(world: World) -> None:
    theirs, mine = cases(world)
    answers = [
        world.act(add_person, mine, by="caseworker", role=PersonRole.WITNESS,
            identity=identity,
        )
        for identity in (KNOWN, UNKNOWN)
    ]  # fmt: skip
    assert all(isinstance(answer, UUID) for answer in answers)
    with world.engine.transaction() as tx:
        people = [person.person_id for person in world.state(mine).persons]
        assert tx.of(PersonStore).matches(people, case_id=mine) == ()
    assert theirs != mine


def test_a_unit_that_must_not_see_a_case_is_not_told_of_it_nor_is_the_other(world: World) -> None:
    _, mine = cases(world)
    world.rows(
        "INSERT INTO recusal (id, case_id, unit_id, reason, reason_code, set_at)"
        " VALUES (:id, :case, :unit, 'denied', 'concern', :at)",
        id=uuid4(), case=mine, unit=world.other_unit, at=world.clock.now(),
    )  # fmt: skip
    find_matches(world.engine)
    assert told(world) == set()


def test_who_is_in_conflict_with_the_case_is_left_out(world: World) -> None:
    theirs, _ = cases(world)
    world.act(recuse, theirs, by=world.other("safeguarding_lead"),
        actor_id=world.other("supervisor").actor_id, reason=RecusalReason.CONFLICT_OF_INTEREST, reason_code="relative",
    )  # fmt: skip
    find_matches(world.engine)
    assert world.other("supervisor").actor_id not in told(world)
    assert world.other("case_manager").actor_id in told(world)


def test_an_alert_is_seen_by_a_lead_of_its_unit_only(world: World) -> None:
    cases(world)
    find_matches(world.engine)
    [there] = world.engine.ask(matches, world.other("supervisor"))
    world.refuses(NotFoundError, mark_match_seen, there.id, by="supervisor")
    world.refuses(NotAllowedError, mark_match_seen, there.id, by=world.other("caseworker"))
    mark_match_seen(world.engine, there.id, viewer=world.other("supervisor"))
    [seen] = world.engine.ask(matches, world.other("supervisor"))
    assert (seen.seen_by, seen.seen_at) == (world.other("supervisor").name, world.clock.now())


def test_one_person_who_cannot_be_compared_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compared ones are real; only one of them fails, as by a damaged row."""
    theirs, _ = cases(world)
    poison = world.state(theirs).persons[0].person_id
    shared = MatchStore.shared

    def failing(store: MatchStore, person_id: UUID) -> Any:
        if person_id == poison:
            raise ValueError
        return shared(store, person_id)

    monkeypatch.setattr(MatchStore, "shared", failing)
    assert find_matches(world.engine) == 1
    assert told(world)
    monkeypatch.undo()
    assert find_matches(world.engine) == 1


def cases(world: World, *, theirs: dict[str, Any] = KNOWN, mine: dict[str, Any] = KNOWN) -> tuple[UUID, UUID]:
    """Let both units write the same person down; returns their case and ours."""
    other = world.open(unit_id=world.other_unit, viewer=world.other("intake_officer"))
    ours = world.open()
    name(world, other.case_id, world.other("caseworker"), theirs)
    name(world, ours.case_id, world.who("caseworker"), mine)
    return other.case_id, ours.case_id


def name(world: World, case_id: UUID, viewer: Any, identity: dict[str, Any]) -> None:
    person = world.state(case_id).persons[0].person_id
    world.act(identify_person, person, case_id=case_id, by=viewer, identity=identity)


def told(world: World) -> set[UUID]:
    return {row.recipient_id for row in world.rows("SELECT recipient_id FROM message WHERE kind = 'match_found'")}
