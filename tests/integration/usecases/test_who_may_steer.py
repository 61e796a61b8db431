"""Belonging to the unit is not enough: what somebody may do to a case hangs on their roles."""

from uuid import uuid4

import pytest

from engine.errors import NotAllowedError
from engine.usecases.open_case import open_case
from engine.usecases.steer_case import abort_run, add_step
from tests.integration.usecases.world import SIX, World, replace_roles


def test_a_press_officer_adds_no_step_to_a_case(world: World) -> None:
    opened = world.open()
    viewer = replace_roles(world.who("caseworker"), "press_officer")
    with pytest.raises(NotAllowedError, match="add a step"):
        add_step(world.engine, opened.case_id, viewer=viewer, command_id=uuid4(), uses="trial.look")


def test_a_caseworker_ends_no_run_and_a_supervisor_does(world: World) -> None:
    opened = world.open()
    (run,) = world.state(opened.case_id).runs
    given = {"case_id": opened.case_id, "reason_code": "duplicate"}
    with pytest.raises(NotAllowedError):
        abort_run(world.engine, run, viewer=world.who("caseworker"), command_id=uuid4(), **given)  # type: ignore[arg-type]
    supervisor = replace_roles(world.who("caseworker"), "supervisor")
    abort_run(world.engine, run, viewer=supervisor, command_id=uuid4(), **given)  # type: ignore[arg-type]
    assert world.state(opened.case_id).case.status == "closed"


def test_an_auditor_opens_no_case(world: World) -> None:
    viewer = replace_roles(world.who("caseworker"), "auditor")
    with pytest.raises(NotAllowedError, match="open a case"):
        open_case(world.engine, answers=SIX, unit_id=world.unit, viewer=viewer, command_id=uuid4())
