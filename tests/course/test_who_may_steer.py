"""Belonging to the unit is not enough: what somebody may do to a case hangs on their roles."""

from uuid import uuid4

import pytest

from engine.cases.actions.open import open_case
from engine.course.actions.closing import close_case
from engine.course.actions.steer import add_step
from engine.errors import NotAllowedError
from tests.kit.world import SIX, World, replace_roles


def test_a_press_officer_adds_no_step_to_a_case(world: World) -> None:
    opened = world.open()
    viewer = replace_roles(world.who("caseworker"), "press_officer")
    with pytest.raises(NotAllowedError, match="add or cancel a step"):
        world.act(add_step, opened.case_id, by=viewer, uses="trial.look")


def test_a_caseworker_asks_for_no_closing_and_a_supervisor_does(world: World) -> None:
    opened = world.open()
    given = {"command_id": uuid4(), "reason_code": "duplicate"}
    with pytest.raises(NotAllowedError):
        close_case(world.engine, opened.case_id, viewer=world.who("caseworker"), **given)  # type: ignore[arg-type]
    supervisor = replace_roles(world.who("caseworker"), "supervisor")
    assert not close_case(world.engine, opened.case_id, viewer=supervisor, **given)  # type: ignore[arg-type]
    assert world.state(opened.case_id).case.status == "open", "a second person has to agree"


def test_an_auditor_opens_no_case(world: World) -> None:
    viewer = replace_roles(world.who("caseworker"), "auditor")
    with pytest.raises(NotAllowedError, match="open a case"):
        world.act(open_case, answers=SIX, unit_id=world.unit, by=viewer)
