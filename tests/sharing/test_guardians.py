"""A parent can be the trafficker: who stands for a child and is a suspect is flagged, and cannot agree for it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core.case_links import LinkKind
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person
from engine.errors import InvalidAnswersError
from engine.overview.views.case import case_page
from engine.persons.actions.links import end_link, link_cases
from engine.persons.actions.same import merge_persons
from engine.sharing.actions.consents import GivenConsent, record_consent
from engine.sharing.records.consent import GivenBy
from engine.work.views.form import item_form
from tests.kit.world import World


def _by(world: World, role: str = "case_manager") -> dict[str, Any]:
    return {"viewer": world.who(role), "command_id": uuid4()}


def _add(world: World, case_id: UUID, role: PersonRole) -> UUID:
    return add_person(world.engine, case_id, role=role, identity={}, **_by(world))


def _agree(world: World, case_id: UUID, kind: GivenBy = GivenBy.GUARDIAN) -> UUID:
    child = world.state(case_id).persons[0].person_id
    agreed = GivenConsent(
        child, kind, ("shelter",), ("kind:shelter",), ("person.name",), world.clock.now() + timedelta(days=9),
        assent="yes",
    )  # fmt: skip
    return record_consent(world.engine, case_id, agreed=agreed, **_by(world, "counsellor"))


def _warnings(world: World, case_id: UUID) -> tuple[str, ...]:
    return world.engine.ask(case_page, world.who("caseworker"), case_id).warnings


def _same(world: World, case_id: UUID, first: UUID, other_id: UUID, second: UUID) -> None:
    merge_persons(
        world.engine, first, second, case_id=case_id, other_case_id=other_id, reason_code="same_details", **_by(world)
    )


def test_a_guardian_who_is_a_suspect_of_the_same_case_cannot_agree_for_the_child(world: World) -> None:
    case_id = world.at_look().case_id
    guardian = _add(world, case_id, PersonRole.GUARDIAN)
    assert _agree(world, case_id)
    suspect = _add(world, case_id, PersonRole.SUSPECT)
    assert _warnings(world, case_id) == ()
    _same(world, case_id, guardian, case_id, suspect)
    [warning] = _warnings(world, case_id)
    assert "acts for the child and is a suspect" in warning
    item = world.item(case_id, "look")
    assert warning in world.engine.ask(item_form, world.who("caseworker"), item.id).notes
    with pytest.raises(InvalidAnswersError, match="kind"):
        _agree(world, case_id)
    assert _agree(world, case_id, GivenBy.COMMITTEE)
    _add(world, case_id, PersonRole.GUARDIAN)
    assert _agree(world, case_id), "there is a guardian who is no suspect"


def test_a_family_member_who_is_a_suspect_of_a_linked_case_is_flagged_as_long_as_the_link_holds(world: World) -> None:
    case_id, other_id = world.at_look().case_id, world.open().case_id
    aunt, suspect = _add(world, case_id, PersonRole.FAMILY), _add(world, other_id, PersonRole.SUSPECT)
    _same(world, case_id, aunt, other_id, suspect)
    assert _warnings(world, case_id) == ()
    link = link_cases(world.engine, case_id, other_id, kind=LinkKind.SAME_EVENT, **_by(world))
    assert len(_warnings(world, case_id)) == 1
    assert _warnings(world, other_id) == ()
    with pytest.raises(InvalidAnswersError):
        _agree(world, case_id)
    end_link(world.engine, link, case_id=case_id, **_by(world))
    assert _warnings(world, case_id) == ()
    assert _agree(world, case_id)
