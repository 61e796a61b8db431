"""What the use cases share: write messages to people about a step of a case, and the job that delivers them."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.domain.consequences import Job, JobKind, compiled_step
from engine.domain.records import Deadline
from engine.domain.state import CaseState
from engine.ports import ActorRecord, NewMessage
from engine.stores import UnitOfWork

EMAIL = "email"
IN_APP = "in_app"
DELIVER = "deliver"


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

    `rule` names what it is about within the case; with recipient and channel it makes the key of the message. Only
    e-mail leaves the system; a channel that is not set up is left out.
    """
    unit = work.directory.unit(state.case.unit_id)
    must_send = False
    for person in people:
        subject, body = engine.renderer.message(
            kind,
            person.language,
            {
                "case_number": state.case.number,
                "step_title": step_title,
                "due_time": local_time(due_at, unit.zone if unit else "UTC"),
                "link": f"{engine.portal_url}{link}",
                "level": str(level or ""),
                "unit": unit.name if unit else "",
            },
        )
        for channel in channels:
            if channel != IN_APP and (channel not in engine.channels or not person.email):
                continue
            message = NewMessage(
                key=f"{state.case.id}|{rule}|{person.id}|{channel}", case_id=state.case.id, kind=kind,
                recipient_id=person.id, channel=channel, subject=subject, body=body, link=link, critical=critical,
                escalation_id=escalation_id,
            )  # fmt: skip
            written = work.messages.add(message, unit_id=state.case.unit_id, address=person.email, at=now)
            must_send |= written and channel != IN_APP
    return must_send


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
    if step is not None and step.added is not None:
        return step.added.title
    if step is not None:
        compiled = compiled_step(step, state, engine.definitions)
        return compiled.title if compiled else step.uses
    known = engine.definitions[state.runs[deadline.run_id].definition_hash].steps.get(deadline.key)
    return known.title if known else deadline.key
