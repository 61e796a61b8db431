"""The pillar keeps the contract, and its steps do what its page says."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from icmc_transport import PILLAR
from icmc_transport.forms import BookingForm
from icmc_transport.steps import Booking, notices
from pydantic import ValidationError

from engine.plugin.testing import PersonView, contract_problems, fake_context, run_step

GOOD = {
    "leaves_at": "2026-03-05T06:00:00Z", "arrives_at": "2026-03-05T12:00:00Z", "seats": 3, "driver_vetted": True,
    "woman_escort": "yes", "driver_name": "A driver", "vehicle_number": "AS 01 0000",
}  # fmt: skip


def test_it_keeps_the_contract() -> None:
    assert contract_problems(PILLAR, "icmc_transport") == ()


def test_a_journey_that_ends_before_it_begins_is_refused() -> None:
    assert BookingForm.model_validate(GOOD)
    with pytest.raises(ValidationError, match="cannot end before it begins"):
        BookingForm.model_validate(GOOD | {"arrives_at": "2026-03-04T12:00:00Z"})


def test_seats_are_proposed_and_a_driver_nobody_looked_at_is_pointed_out() -> None:
    child = PersonView(UUID(int=1), "victim", "A child", (), "", 12)
    assert run_step(Booking, fake_context(persons=(child,))).prefill == {"seats": 3}
    assert run_step(Booking, fake_context(answers=GOOD)).notes == ()
    assert "not looked at" in run_step(Booking, fake_context(answers=GOOD | {"driver_vetted": False})).notes[0]


def test_whoever_travels_is_asked_for_when_they_should_be_there() -> None:
    asked = Booking.step_type.follow_ups["safe_arrival"]
    assert (asked.uses, asked.due, asked.opens_before) == ("transport.booking", "arrives_at", "PT1H")


def test_notices_are_counted_when_the_file_is_whole(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "notices"
    monkeypatch.setenv("ICMC_ROAD_NOTICES", str(file))
    file.write_text("NH 6\nEND\n")
    assert run_step(notices, fake_context()).outputs == {"closed_roads": 1, "is_clear": False}
    file.write_text("NH 6\n")
    with pytest.raises(TimeoutError):
        run_step(notices, fake_context(remaining=timedelta(seconds=0)))
