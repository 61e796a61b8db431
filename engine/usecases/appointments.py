"""Give an appointment out as a file for a calendar: the case's number, the room and the time, and no names."""

from typing import NamedTuple
from uuid import UUID

from engine.adapters.sql.queries.form import item_form
from engine.assembly import Engine
from engine.domain.icalendar import calendar_file
from engine.errors import NotFoundError
from engine.plugin.appointments import Appointment
from engine.usecases.readings import note_reading
from engine.usecases.step_reading import StepReading, read_step_of
from engine.views import Viewer, WorkItemView


class CalendarFile(NamedTuple):
    """A file for a calendar, with the name under which it is saved."""

    name: str
    text: str


def appointment_file(engine: Engine, item_id: UUID, *, viewer: Viewer) -> CalendarFile:
    """Give the appointment of an open item to who may do it; that they took it is written down.

    Raises `NotFoundError` where there is no appointment (yet), and as `item_form` does.
    """
    item = engine.ask(item_form, viewer, item_id).item
    read = read_step_of(engine, item.case_id, item.step_id)
    found = appointment_of(read) if read else None
    if read is None or found is None:
        raise NotFoundError(kind="appointment")
    note_reading(engine, viewer, item.case_id, "appointment", (), subject_id=item.step_id)
    text = calendar_file(
        uid=f"{read.step.id}@icmc.invalid", made_at=engine.clock.now(), room=found.room,
        what=f"{found.what}: case {read.context.case_number}", starts_at=found.starts_at, day=found.day,
    )  # fmt: skip
    return CalendarFile(f"{read.context.case_number}.ics", text)


def has_appointment(engine: Engine, item: WorkItemView) -> bool:
    """Say whether an open item is an appointment that can be put into a calendar."""
    if engine.registry.get(item.uses).appointment is None:
        return False
    read = read_step_of(engine, item.case_id, item.step_id)
    return read is not None and appointment_of(read) is not None


def appointment_of(read: StepReading) -> Appointment | None:
    """Give the appointment of a step, if its type has some and one is known."""
    function = read.step_type.appointment
    found = function(read.context) if function else None
    return found if found and (found.starts_at or found.day) else None
