"""What the use cases share: write messages to people about a step of a case, and the job that delivers them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.domain.consequences import Job, JobKind, compiled_step
from engine.domain.records import Deadline, Step
from engine.domain.safe_hours import EMAIL, IN_APP, Preference, safe_instant, ways_for
from engine.domain.state import CaseState
from engine.ports import ActorRecord, NewMessage, Rendered
from engine.stores import Unit, UnitOfWork
from engine.usecases.storms import held_back_for

__all__ = ["EMAIL", "IN_APP", "add_delivery_job", "local_time", "tell", "tell_of_system", "title_of", "title_of_step"]

DELIVER = "deliver"
_UTC = "UTC"


@dataclass(frozen=True, slots=True)
class _Note:
    """What is told, before it is known to whom; `about` names it within its key."""

    about: str
    kind: str
    link: str
    critical: bool
    variables: Mapping[str, str]
    due_at: datetime | None = None
    case_id: UUID | None = None
    unit: Unit | None = None
    escalation_id: UUID | None = None


def tell(
    engine: Engine,
    work: UnitOfWork,
    state: CaseState,
    *,
    kind: str,
    rule: str,
    people: Iterable[ActorRecord],
    channels: Iterable[str],
    step_title: str,
    due_at: datetime | None,
    link: str,
    now: datetime,
    critical: bool = False,
    escalation_id: UUID | None = None,
    level: int = 0,
) -> bool:
    """Write one message a person and channel, each at most once for the same rule; gives whether any must be sent.

    `rule` names what it is about within the case; with recipient and channel it makes the key of the message. What is
    not critical follows the recipient's own choice: which channels, at which hours, or in the daily digest. A channel
    that is not set up, or does not reach the person, is left out. A line of the ledger (`escalation_id`) asks for an
    acknowledgement: its message carries a link of its own for that.
    """
    unit = work.directory.unit(state.case.unit_id)
    note = _Note(
        about=f"{state.case.id}|{rule}", kind=kind, link=link, critical=critical, due_at=due_at, case_id=state.case.id,
        unit=unit, escalation_id=escalation_id,
        variables={
            "case_number": state.case.number,
            "step_title": step_title,
            "level": str(level or ""),
            "unit": unit.name if unit else "",
        },
    )  # fmt: skip
    return _tell_all(engine, work, note, people, channels, now)


def tell_of_system(
    engine: Engine,
    work: UnitOfWork,
    *,
    kind: str,
    rule: str,
    people: Iterable[ActorRecord],
    channels: Iterable[str],
    link: str,
    now: datetime,
    critical: bool = False,
    unit: Unit | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Write messages that belong to no case, in the same way as `tell`."""
    variables = {"unit": unit.name if unit else ""}
    note = _Note(f"-|{rule}", kind, link, critical, variables, due_at, unit=unit)
    return _tell_all(engine, work, note, people, channels, now)


def local_time(at: datetime | None, zone: str) -> str:
    """Say an instant in the local time of a zone, naming the zone."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M} ({zone})" if at else ""


def add_delivery_job(work: UnitOfWork, state: CaseState, *, rule: str, critical: bool, now: datetime) -> None:
    """Put the sending of what was written into the outbox."""
    job = Job(
        id=uuid5(state.case.id, f"deliver|{rule}"), case_id=state.case.id, run_id=None, step_id=None,
        kind=JobKind.DELIVER, task=DELIVER, ready_at=now, retries=0,
    )  # fmt: skip
    work.cases.add_jobs(state, [job], at=now, payload={"channel": EMAIL}, gateway=EMAIL, critical=critical)


def title_of(engine: Engine, state: CaseState, deadline: Deadline) -> str:
    """Name the step of a deadline as its workflow does; a step not reached yet by its title in the definition."""
    step = state.steps.get(deadline.step_id)
    if step is not None:
        return title_of_step(engine, state, step)
    known = engine.definitions[state.runs[deadline.run_id].definition_hash].steps.get(deadline.key)
    return known.title if known else deadline.key


def title_of_step(engine: Engine, state: CaseState, step: Step) -> str:
    """Name a step in published words only: an added one by its step type, never by what somebody typed."""
    compiled = None if step.added is not None else compiled_step(step, state, engine.definitions)
    if compiled is not None:
        return compiled.title
    step_type = engine.registry.step_types.get(step.uses)
    return step_type.title if step_type else step.uses


def _tell_all(
    engine: Engine,
    work: UnitOfWork,
    note: _Note,
    people: Iterable[ActorRecord],
    channels: Iterable[str],
    now: datetime,
) -> bool:
    hidden = work.duty.conflicted(note.case_id) if note.case_id else frozenset()
    meant = [person for person in people if person.id not in hidden]
    chosen = work.preferences.of(tuple(person.id for person in meant))
    wanted, must_send = tuple(channels), False
    for person in meant:
        preference = chosen.get(person.id)
        ways = ways_for(
            wanted, preference=preference, reachable=_reachable(engine, person), critical=note.critical
        )
        for channel in ways:
            must_send |= _write(engine, work, note, person, preference, channel, now)
    return must_send


def _write(
    engine: Engine,
    work: UnitOfWork,
    note: _Note,
    person: ActorRecord,
    preference: Preference | None,
    channel: str,
    now: datetime,
) -> bool:
    """Write one message; gives whether it must be sent by itself."""
    zone = _zone(work, person, preference, note.unit)
    token = engine.entropy.token() if note.escalation_id and channel != IN_APP else None
    link = f"/a/{token}" if token else note.link
    words = _words(engine, note, person, zone, link)
    send_at, held_for = now, ""
    if channel != IN_APP:
        held_for = _held_for(work, note, person, preference, channel, now)
        if not note.critical:
            send_at = safe_instant(now, channel=channel, preference=preference, zone=zone)
    message = NewMessage(
        key=f"{note.about}|{person.id}|{channel}", case_id=note.case_id, kind=note.kind, recipient_id=person.id,
        channel=channel, subject=words.subject, body=words.body, html=words.html, link=note.link,
        critical=note.critical, escalation_id=note.escalation_id, token=token, send_at=send_at, held_for=held_for,
    )  # fmt: skip
    written = work.messages.add(message, unit_id=note.unit.id if note.unit else None, address=person.email, at=now)
    return written and channel != IN_APP and not held_for


def _words(engine: Engine, note: _Note, person: ActorRecord, zone: str, link: str) -> Rendered:
    languages = (person.language, note.unit.language) if note.unit else (person.language,)
    variables = {"due_time": local_time(note.due_at, zone), "link": f"{engine.portal_url}{link}"}
    return engine.renderer.message(note.kind, languages, {**note.variables, **variables})


def _held_for(
    work: UnitOfWork, note: _Note, person: ActorRecord, preference: Preference | None, channel: str, now: datetime
) -> str:
    """Say which message will stand for this one, if any: that of the day, or the one for many at once."""
    if preference is not None and preference.is_daily and not note.critical:
        return "digest"
    return held_back_for(
        work, recipient_id=person.id, channel=channel, kind=note.kind, critical=note.critical, now=now
    )


def _zone(work: UnitOfWork, person: ActorRecord, preference: Preference | None, unit: Unit | None) -> str:
    """Give the zone in which somebody lives: their own choice, else that of the unit if theirs, else of their first."""
    if preference is not None and preference.zone:
        return preference.zone
    if unit is not None and (unit.id in person.unit_ids or not person.unit_ids):
        return unit.zone
    own = work.directory.unit(person.unit_ids[0]) if person.unit_ids else None
    return own.zone if own else _UTC


def _reachable(engine: Engine, person: ActorRecord) -> tuple[str, ...]:
    return tuple(channel for channel in engine.channels if person.email)
