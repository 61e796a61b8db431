"""The routes to compensation that are proposed are those of the person: the scheme for women is not for a man."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from engine.domain.paths import path_of_person
from engine.domain.records import PersonRole
from engine.replay.world import World, scratch_world
from engine.usecases.steer_case import add_person
from tests.integration.usecases.test_watches import Work


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with scratch_world() as made:
        yield made


@pytest.mark.parametrize(
    ("sex", "routes"),
    [("male", ["StateVCS"]), ("female", ["NALSA", "StateVCS"]), ("unknown", ["NALSA", "StateVCS"])],
)
def test_the_scheme_for_women_is_proposed_unless_another_sex_was_told(
    world: World, sex: str, routes: list[str]
) -> None:
    case = Work(world)
    person_id = add_person(
        case.engine, case.case_id, viewer=case.people["case_manager"], command_id=uuid4(), role=PersonRole.VICTIM,
        identity={"name": "Alpha Person", "age": 30},
    )  # fmt: skip
    path = path_of_person(person_id)
    case.answer(case.add_for("rescue.identify", path), sex=sex)
    assert case.proposed(case.add_for("restitution.eligibility", path), "routes") == routes
