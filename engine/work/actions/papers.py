"""What a step makes: its papers, and its appointment for a calendar."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Component, Event
from pydantic import BaseModel

from engine.assembly import Engine
from engine.cases.actions.deciding import note_reading
from engine.cases.answers import for_templates, jurisdiction_in_words, key_in_words
from engine.cases.housekeeping import HousekeepingStore
from engine.core.deadlines.lateness import is_overdue
from engine.core.follow_ups import again
from engine.core.library import law_in_case
from engine.core.policy import Viewer
from engine.core.records import Deadline
from engine.core.retention import key_of_step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import NotFoundError
from engine.language.limits import TimeLimit
from engine.messages.actions.notifying import title_of
from engine.messages.actions.writing import due_time, local_time
from engine.plugin.context import Appointment, Concluded, Document, Outcome
from engine.work.actions.answers import told_apart
from engine.work.actions.reading import StepReading, read_step_of
from engine.work.records import WorkItemView
from engine.work.views.form import item_form


class Paper(NamedTuple):
    """A document that was made, and not kept yet; `tells_where` says that what tells where somebody is went into it."""

    document: Document
    html: str
    tells_where: bool = False


def make_papers(engine: Engine, read: StepReading, on: str, answers: Mapping[str, object]) -> tuple[Paper, ...]:
    """Make the documents that a step has before it is answered (`prepare`) or after (`conclude`).

    A step whose settings name a letter has that one too, before it is answered.
    """
    context, settings = read.context, read.context.settings
    tells_where = any(answers.get(name) is not None for name in told_apart(engine, read.step.uses))
    wanted = [document for document in (*read.step_type.documents, *_letter(settings)) if document.on == on]
    return tuple(
        Paper(
            document,
            engine.papers.document(
                document.name,
                {
                    "case_number": context.case_number,
                    "unit": read.unit,
                    "jurisdiction": jurisdiction_in_words(context.jurisdiction),
                    "made_at": context.now,
                    **_told(engine, read, answers),
                    "fields": read.step_type.fields,
                    "settings": settings.model_dump(),
                    "late": _late(engine, read),
                    "step_title": read.step_type.title,
                    "version": read.step.turn,
                    "zone": context.zone,
                    "document_number": f"{context.case_number}-{document.name}",
                    "draft": False,
                },
                published=engine.library().papers,
            ),
            tells_where,
        )
        for document in wanted
    )


def keep_papers(tx: Transaction, state: CaseState, read: StepReading, papers: tuple[Paper, ...], now: datetime) -> None:
    """Keep what was made, sealed and numbered."""
    for paper in papers:
        tx.of(HousekeepingStore).keep_document(
            case_id=state.case.id, unit_id=state.case.unit_id, step_id=read.step.id, name=paper.document.name,
            title=paper.document.title, html=paper.html, sha256=hashlib.sha256(paper.html.encode()).hexdigest(),
            number=f"{state.case.number}-{paper.document.name}", version=read.step.turn, at=now,
            key_of=key_of_step(read.step), tells_where=paper.tells_where,
        )  # fmt: skip


def release_papers(tx: Transaction, read: StepReading, now: datetime) -> None:
    """Write who has released the letter of a step, when its answers say that it leaves."""
    step, answers = read.step, read.context.answers
    if _letter(read.context.settings) and step.outcome == "done" and answers.get("decision") == "released":
        tx.of(HousekeepingStore).release_documents(step.id, by=step.completed_by, at=step.ended_at or now)


def _told(engine: Engine, read: StepReading, answers: Mapping[str, object]) -> Mapping[str, object]:
    """Give the answers and the people of a case as templates get them: the words of what was chosen, never its code."""
    context = read.context

    def of_type(uses: str, told: Mapping[str, object]) -> Mapping[str, object]:
        return for_templates(engine.registry.get(uses).fields if told else (), told)

    def earlier(uses: str) -> Mapping[str, object]:
        return of_type(uses, context.before.get(uses, {}))

    def all_earlier(uses: str) -> tuple[Mapping[str, object], ...]:
        return tuple(of_type(uses, told) for told in context.history.get(uses, {}).values())

    def answers_of(step_id: UUID) -> Mapping[str, object]:
        found = ((uses, told[step_id]) for uses, told in context.history.items() if step_id in told)
        return next((of_type(uses, told) for uses, told in found), {})

    return {
        "answers": for_templates(read.step_type.fields, answers),
        "persons": tuple(asdict(person) | {"role": key_in_words(person.role)} for person in context.persons),
        "earlier": earlier,
        "all_earlier": all_earlier,
        "answers_of": answers_of,
    }


def _letter(settings: BaseModel) -> tuple[Document, ...]:
    letter = getattr(settings, "letter", "")
    return (Document(letter, f"Letter to {getattr(settings, 'to', 'a body')}", on="prepare"),) if letter else ()


def _late(engine: Engine, read: StepReading) -> Mapping[str, str]:
    """Say what is late, in published words only; a limit is quoted as law only where it may be. Empty for no letter."""
    deadline_id = read.step.added.for_deadline if read.step.added else None
    state = read.state
    deadline = (state.deadlines.get(deadline_id) or state.past.get(deadline_id)) if deadline_id else None
    if deadline is None:
        return {}
    return {
        "what": title_of(engine, state, deadline),
        "since": local_time(deadline.started_at, deadline.zone),
        "due": due_time(deadline.due_at, deadline.zone, deadline.late_at),
        "is_over": "yes" if is_overdue(deadline.late_from, read.context.now) else "",
        "law": _quoted(engine, state, deadline),
    }


def _quoted(engine: Engine, state: CaseState, deadline: Deadline) -> str:
    """Quote the law that a deadline follows, where a lawyer has signed it and it surely applies; else nothing."""
    run = state.runs[deadline.run_id]
    element = "/".join(part for part in deadline.path.split("/") if not part.startswith("r:"))
    library = engine.library()
    law = (
        law_in_case(state, run, deadline.law, library, started=deadline.started_at, element=element)
        if deadline.law
        else None
    )
    if law is None or not law.is_quotable(run.jurisdiction):
        return ""
    return f"{law.limit.source}: {TimeLimit(deadline.limit).in_words()}"


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


def unanswered(engine: Engine, read: StepReading) -> Concluded:
    """Say of a follow-up that it comes again where another body stands in its way, and not where the person said no.

    It comes again each time, until there is an answer or it is not needed any more. Of another step nothing is said.
    """
    added, now = read.step.added, read.context.now
    if added is None or not added.follow_up:
        return Concluded()
    match read.step.outcome:
        case Outcome.BLOCKED_BY_OTHER_BODY:
            due_at = again(added, engine.definitions.get, now).due_at or now
            day = f"{due_at.astimezone(ZoneInfo(read.context.zone)):%d %b %Y}"
            return Concluded(notes=(f"This step will open again, and is due on {day}.",))
        case Outcome.REFUSED_BY_PERSON:
            return Concluded(notes=("This step does not open again by itself. Add it when the person wants it.",))
    return Concluded()
