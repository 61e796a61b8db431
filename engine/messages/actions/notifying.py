"""Write messages to people about a step of a case; many at once become one."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core.consequences import Job, JobKind, compiled_step
from engine.core.records import Deadline, Step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.names import in_plain_words, type_in_plain_words
from engine.messages.actions.writing import UnaddressedMessage, reachable, unit_of, write, zone_of
from engine.messages.channel_store import PreferenceStore
from engine.messages.deliveries import DeliveryStore
from engine.messages.records import EMAIL, IN_APP, WARNING, Deferred, Preference, ways_for
from engine.messages.store import BundleStore
from engine.people.records import ActorRecord, Unit
from engine.people.store import DirectoryStore

log = logging.getLogger(__name__)

STORM: Final = "storm"
INBOX: Final = "/transmit"
_MINUTE: Final = timedelta(minutes=1)
_MOST_OF_A_KIND: Final = 10
_MOST_OF_ALL: Final = 30


def held_back_for(
    tx: Transaction, *, recipient_id: UUID, channel: str, kind: str, critical: bool, now: datetime
) -> str:
    """Return whether the next message is one too many for a person and channel within a minute: then `storm`, else "".

    More than 10 of a kind, or 30 of any, that are not critical become one: those not tried yet are held back too. Of
    critical ones the first 10 go out as they come.
    """
    since = now - _MINUTE
    recent = tx.of(BundleStore).recent(recipient_id=recipient_id, channel=channel, since=since, critical=critical)
    if True not in [one.is_held for one in recent]:
        is_much = len(recent) >= _MOST_OF_ALL or [one.kind for one in recent].count(kind) >= _MOST_OF_A_KIND
        if critical:
            is_much = len(recent) >= _MOST_OF_A_KIND
        if not is_much:
            return ""
        if not critical:
            tx.of(BundleStore).defer(recipient_id=recipient_id, channel=channel, since=since)
    return STORM


def bundle_storms(engine: Engine) -> int:
    """Write one message for each person and channel for whom too much came at once; returns how many were written.

    Critical ones are written at once, the others when a minute has passed; never more than one a minute each. A person
    whose message cannot be written is logged by id, and the others get theirs.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        held = tx.of(BundleStore).held_back(STORM)
    written = 0
    for one in held:
        try:
            written += _bundle(engine, one, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("storm_could_not_be_written", extra={"actor_id": str(one.recipient_id)})  # noqa: TRY400
    return written


def _bundle(engine: Engine, held: Deferred, now: datetime) -> bool:
    with engine.transaction() as tx:
        last = tx.of(BundleStore).last_at(
            recipient_id=held.recipient_id, channel=held.channel, kind=STORM, critical=held.critical
        )
        since = last if held.critical else max(held.first_at, last or held.first_at)
        person = tx.of(DirectoryStore).actor(held.recipient_id)
        if person is None or (since is not None and now < since + _MINUTE):
            return False
        about = f"-|{STORM}|{now.isoformat()}{'|critical' if held.critical else ''}"
        note = UnaddressedMessage(about, STORM, INBOX, held.critical, {}, unit=unit_of(tx, person))
        count = tx.of(BundleStore).bundle(held, deferred_for=STORM, by=note.id(person.id, held.channel))
        if count:
            counted = replace(note, variables={"count": str(count)})
            preference = tx.of(PreferenceStore).of((person.id,)).get(person.id)
            write(engine, tx, counted, person, preference, held.channel, now=now)
            tx.commit()
        return bool(count)


DELIVER = "deliver"


class WantedMessage(NamedTuple):
    """That something of a case must be sent; `rule` names what it is about."""

    state: CaseState
    rule: str
    critical: bool


def notify(
    engine: Engine,
    tx: Transaction,
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
    late_at: datetime | None = None,
    follows_at: datetime | None = None,
) -> bool:
    """Write one message a person and channel, each at most once for the same rule; returns whether any must be sent.

    `rule` names what it is about within the case; with recipient and channel it makes the key of the message. What is
    not critical follows the recipient's own choice: which channels, at which hours, or in the daily digest. What tells
    of late work (`follows_at`, as in the note) comes in the digest of the morning, if it can wait; a warning whose due
    time is later than that stands in-app only then, too. A channel that is not set up, or does not reach the person,
    is left out. A line of the ledger (`escalation_id`) asks for an
    acknowledgement: its message carries a link of its own for that. When a step falls due that watches for a hearing,
    a journey or a visit stands on its page only.
    """
    if _is_where_somebody_will_be(engine, state, due_at):
        due_at = late_at = None
    unit = tx.of(DirectoryStore).unit(state.case.unit_id)
    note = UnaddressedMessage(
        about=f"{state.case.id}|{rule}", kind=kind, link=link, critical=critical, due_at=due_at, case_id=state.case.id,
        late_at=late_at, unit=unit, escalation_id=escalation_id, follows_at=follows_at,
        variables={
            "case_number": state.case.number, "step_title": step_title, "level": str(level or ""),
            "unit": unit.name if unit else "",
        },
    )  # fmt: skip
    return _notify_all(engine, tx, note, people, channels, now)


def _is_where_somebody_will_be(engine: Engine, state: CaseState, due_at: datetime | None) -> bool:
    """Whether a due time follows from an answer that says when somebody is at court, travels or is visited."""
    steps = (state.steps.get(one.step_id) for one in state.deadlines.values() if one.due_at == due_at)
    watching = {step.uses for step in steps if step is not None and step.added is not None and step.added.follow_up}
    return any(spec.tells_when for uses in watching for spec in engine.registry.get(uses).fields)


def notify_of_system(
    engine: Engine,
    tx: Transaction,
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
    code_of: bytes | None = None,
) -> bool:
    """Write messages that belong to no case, in the same way as `tell`.

    `code_of` is the hash of the sign-in that waits for a code: it is put into the words when they are sent.
    """
    variables = {"unit": unit.name if unit else "", "case_number": "", "code": ""}
    note = UnaddressedMessage(f"-|{rule}", kind, link, critical, variables, due_at, unit=unit, code_of=code_of)
    return _notify_all(engine, tx, note, people, channels, now)


def add_delivery_job(tx: Transaction, state: CaseState, *, rule: str, critical: bool, now: datetime) -> None:
    """Put the sending of what was written into the outbox: a job for each channel on which something waits."""
    job = Job(
        id=uuid5(state.case.id, f"deliver|{rule}"), case_id=state.case.id, run_id=None, step_id=None,
        kind=JobKind.DELIVER, task=DELIVER, ready_at=now, retries=0,
    )  # fmt: skip
    tx.of(CaseStore).add_jobs(state, [job], at=now, payload={"channel": EMAIL}, gateway=EMAIL, critical=critical)
    for channel in tx.of(DeliveryStore).waiting_channels(state.case.id):
        if channel != EMAIL:
            other = uuid5(state.case.id, f"deliver|{rule}|{channel}")
            tx.of(DeliveryStore).queue(state.case.id, channel=channel, job_id=other, critical=critical, now=now)


def add_delivery_jobs(tx: Transaction, wanted: Iterable[WantedMessage], *, now: datetime) -> None:
    """Put the sending of what was written of several cases into the outbox: a job for each case and channel."""
    of = {one.state.case.id: one for one in wanted}
    for case_id, channel in tx.of(DeliveryStore).waiting_of(list(of)) if of else ():
        one = of[case_id]
        name = f"deliver|{one.rule}" if channel == EMAIL else f"deliver|{one.rule}|{channel}"
        job = Job(
            id=uuid5(case_id, name), case_id=case_id, run_id=None, step_id=None, kind=JobKind.DELIVER, task=DELIVER,
            ready_at=now, retries=0,
        )  # fmt: skip
        payload = {"channel": channel}
        tx.of(CaseStore).add_jobs(one.state, [job], at=now, payload=payload, gateway=channel, critical=one.critical)


def title_of(engine: Engine, state: CaseState, deadline: Deadline) -> str:
    """Name the step of a deadline as its workflow does; a step not reached yet by its title in the definition."""
    step = state.steps.get(deadline.step_id)
    if step is not None:
        return title_of_step(engine, state, step)
    known = engine.definitions[state.runs[deadline.run_id].definition_hash].steps.get(deadline.key)
    return known.title if known else in_plain_words(deadline.key)


def title_of_step(engine: Engine, state: CaseState, step: Step) -> str:
    """Name a step in published words only: an added one by its step type, never by what somebody typed."""
    compiled = None if step.added is not None else compiled_step(step, state, engine.definitions)
    if compiled is not None:
        return compiled.title
    step_type = engine.registry.step_types.get(step.uses)
    return step_type.title if step_type else type_in_plain_words(step.uses)


def _notify_all(
    engine: Engine,
    tx: Transaction,
    note: UnaddressedMessage,
    people: Iterable[ActorRecord],
    channels: Iterable[str],
    now: datetime,
) -> bool:
    hidden = tx.of(AccessStore).recused(note.case_id) if note.case_id else frozenset()
    meant, wanted = [person for person in people if person.id not in hidden], tuple(channels)
    chosen = tx.of(PreferenceStore).of(tuple(person.id for person in meant))
    must_send = False
    for person in meant:
        preference = chosen.get(person.id)
        considered = (*wanted, *(preference.channels if preference else ()))
        can = reachable(engine, tx, person, considered, note.unit)
        for channel in ways_for(wanted, preference=preference, reachable=can, critical=note.critical):
            digest_at = _digest_at(tx, note, person, preference, channel, now)
            storm = "" if digest_at else _held_for(tx, note, person, channel, now)
            must_send |= write(
                engine, tx, note, person, preference, channel, now=now, deferred_for=storm, digest_at=digest_at
            )
    return must_send


def _digest_at(
    tx: Transaction,
    note: UnaddressedMessage,
    person: ActorRecord,
    preference: Preference | None,
    channel: str,
    now: datetime,
) -> datetime | None:
    """Return when the digest comes that will stand for this one, if any."""
    if note.critical or (channel == IN_APP and note.kind != WARNING):
        return None
    chosen = preference or Preference(actor_id=person.id)
    waits_until = chosen.notice_at if channel == IN_APP else chosen.digest_at
    return waits_until(note.follows_at, now=now, zone=zone_of(tx, person, preference, note.unit))


def _held_for(tx: Transaction, note: UnaddressedMessage, person: ActorRecord, channel: str, now: datetime) -> str:
    """Say whether the message for many at once will stand for this one."""
    if channel == IN_APP:
        return ""
    return held_back_for(tx, recipient_id=person.id, channel=channel, kind=note.kind, critical=note.critical, now=now)
