"""The step types of Transport."""

import os
import time
from datetime import timedelta
from pathlib import Path

from engine.plugin import Asked, Completed, Concluded, Document, FollowUp, Pillar, Prepared, StepContext, automatic
from icmc_transport.forms import BookingForm

_NOTICES = "ICMC_ROAD_NOTICES"
"""Names the file that the office fills each morning: a road in each line, and END as the last one."""
_LOOK_EVERY = 0.1


class Booking(
    Asked[BookingForm],
    key="transport.booking",
    title="Book a journey",
    roles=("caseworker", "shelter_manager"),
    documents=(Document("transport-slip", "Slip for the driver", leaves=False),),
    time_limit="P2D",
    follow_ups={
        "safe_arrival": FollowUp(
            uses="transport.booking",
            title="Have they arrived? If not, book the rest of the way",
            when="this.arrives_at > case.now",
            due="arrives_at",
            opens_before="PT1H",
            ladder="high",
        ),
    },
):
    """A journey is booked with a place for each child and two adults."""

    def prepare(self, context: StepContext) -> Prepared:
        """Propose the places."""
        children = [person for person in context.persons if person.role == "victim"]
        return Prepared(prefill={"seats": len(children) + 2}, notes=("Two adults travel with them: change it if not.",))

    def conclude(self, answers: BookingForm, context: StepContext) -> Concluded:
        """Say what makes the journey unsafe."""
        notes = []
        if answers.driver_vetted is not True:
            notes.append("The driver was not looked at: ask the coordinator before anybody gets in.")
        if answers.woman_escort == "no":
            notes.append("No woman travels with them: find one before the journey.")
        return Concluded(notes=tuple(notes))


@automatic(
    "transport.notices",
    title="Are roads closed?",
    outputs={"closed_roads": int, "is_clear": bool},
    retries=3,
    retry_delay="PT1S",
    timeout="PT5S",
)
def notices(context: StepContext) -> Completed:
    """Count the roads that the office's file of this morning says are closed."""
    roads = _read_whole(Path(os.environ[_NOTICES]), within=context.remaining)
    return Completed(
        outputs={"closed_roads": len(roads), "is_clear": not roads},
        notes=(f"Roads closed this morning: {len(roads)}.",),
    )


def _read_whole(file: Path, *, within: timedelta) -> list[str]:
    """Read the file once it is complete; raises `TimeoutError` when it is not within the time that is left.

    A time-out does not interrupt a function that waits by itself, so whoever waits asks how long it still may.
    """
    until = time.monotonic() + within.total_seconds()
    while True:
        lines = file.read_text(encoding="utf-8").splitlines()
        if lines and lines[-1] == "END":
            return lines[:-1]
        if time.monotonic() + _LOOK_EVERY > until:
            raise TimeoutError
        time.sleep(_LOOK_EVERY)


PILLAR = Pillar(
    key="transport",
    name="Transport",
    letter="",
    summary="Safe journeys, with drivers who were looked at.",
    step_types=(Booking, notices),
)
