"""Give an appointment out as a file for a calendar: number, room and time, and no name."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from icalendar import Alarm, Calendar, Component, Event

from engine.assembly import Engine
from engine.cases.actions.reasons import note_reading
from engine.core.policy import Viewer
from engine.errors import NotFoundError
from engine.plugin.following import Appointment
from engine.work.actions.reading import StepReading, read_step_of
from engine.work.records import WorkItemView
from engine.work.views.form import item_form


def calendar_file(
    *, uid: str, made_at: datetime, what: str, room: str, starts_at: datetime | None = None, day: date | None = None
) -> str:
    """Return an iCalendar file of one event: at an instant (aware), or on a whole day where its time is not known.

    A reminder comes a day before. Lines end with CRLF. Raises `ValueError` without a time.
    """
    start = starts_at.astimezone(UTC) if starts_at is not None else day
    if start is None:
        message = "an appointment has a time or a day"
        raise ValueError(message)
    length = {"duration": timedelta(hours=1)} if starts_at is not None else {"dtend": start + timedelta(days=1)}
    calendar = _filled(
        Calendar(), version="2.0", prodid="-//ICMC//Appointments//EN", calscale="GREGORIAN", method="PUBLISH"
    )
    event = _filled(
        Event(), uid=uid, dtstamp=made_at.astimezone(UTC), dtstart=start, **length, summary=what, location=room,
        **{"class": "PRIVATE"},
    )  # fmt: skip
    event.add_component(_filled(Alarm(), action="DISPLAY", description=what, trigger=timedelta(days=-1)))
    calendar.add_component(event)
    return str(calendar.to_ical(sorted=False), "utf-8")


def _filled(part: Component, **values: date | timedelta | str) -> Component:
    """Add what is not empty, in this order; of what was typed only what can be printed."""
    for name, value in values.items():
        if value:
            part.add(name, _printable(value) if isinstance(value, str) else value)
    return part


def _printable(words: str) -> str:
    return "".join(letter for letter in words if letter.isprintable() or letter == "\n")


class CalendarFile(NamedTuple):
    """A file for a calendar, with the name under which it is saved."""

    name: str
    text: str


def appointment_file(engine: Engine, item_id: UUID, *, viewer: Viewer) -> CalendarFile:
    """Return the appointment of an open item to who may do it; that they took it is written down.

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
    """Return whether an open item is an appointment that can be put into a calendar."""
    if engine.registry.get(item.uses).appointment is None:
        return False
    read = read_step_of(engine, item.case_id, item.step_id)
    return read is not None and appointment_of(read) is not None


def appointment_of(read: StepReading) -> Appointment | None:
    """Return the appointment of a step, if its type has some and one is known."""
    function = read.step_type.appointment
    found = function(read.context) if function else None
    return found if found and (found.starts_at or found.day) else None
