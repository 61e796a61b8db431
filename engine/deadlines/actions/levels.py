"""What a level of a ladder does beside telling: a letter, calls, the priority of the item, who has it, a partner."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import consequences as verbs
from engine.core import events as ev
from engine.core.case_links import Referral, ReferralKind, ReferralStatus
from engine.core.consequences import WorkItem
from engine.core.deadlines.keep import LevelStep, is_over
from engine.core.records import Deadline
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.ladders import ChannelName, Level
from engine.messages.actions.notifying import notify, title_of
from engine.messages.actions.recipients import people_of_partner, reachable
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.sharing.store import ReferralStore
from engine.work.store import ItemStore


class Offered(NamedTuple):
    """The referral to the next partner, if there is one, with what the ledger says of it."""

    referral: Referral | None = None
    people: tuple[ActorRecord, ...] = ()
    note: str = ""

    def write(self, engine: Engine, tx: Transaction, state: CaseState, *, now: datetime) -> bool:
        """Write the referral and tell the partner's people; returns whether any message must be sent."""
        if self.referral is None or not tx.of(ReferralStore).add(self.referral):
            return False
        return notify_of_referral(engine, tx, state, self.referral, kind="referred", people=self.people, now=now)


def calls_of(
    state: CaseState, event: ev.LevelRaised, level: Level, people: Iterable[ActorRecord]
) -> cm.AskCalls | None:
    """Return whom a level asks to ring: each of those it tells, or the body of law that it turns to."""
    if ChannelName.CALL not in level.channels or is_over(state, event.deadline):
        return None
    body = level.to.law_route or ""
    whom = () if body else tuple(person.id for person in people)
    return cm.AskCalls(event.deadline.id, event.level, event.round, whom, body) if body or whom else None


def open_and_ask(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    step: LevelStep | None,
    calls: cm.AskCalls | None,
    *,
    now: datetime,
) -> CaseState:
    """Add the step of a level that is not there yet, and ask for its calls; returns the case after it."""
    commands: list[cm.Command] = []
    if step is not None and step.id not in state.steps:
        commands.append(cm.AddStep(step.run_id, step.key, step.added, step.path))
    if calls is not None:
        commands.append(calls)
    for command in commands:
        state = carry_out(engine, tx, state, command, actor_id=None, now=now).state
    return state


def act_on_item(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    event: ev.LevelRaised,
    item: WorkItem,
    level: Level,
    told: tuple[ActorRecord, ...],
    *,
    now: datetime,
) -> tuple[CaseState, bool]:
    """Raise an item's priority, and give it to the first of those told who may do it; who had it is told.

    Returns the case after it, and whether any message must be sent.
    """
    changed = verbs.raise_priority(item) if level.raise_priority else item
    taker = next((person for person in told if _may_do(item, person)), None) if level.reassign else None
    is_given = taker is not None and taker.id != item.assignee_id
    if taker is not None and is_given:
        given = verbs.give_to(item, actor_id=taker.id)
        changed = changed.model_copy(update={"status": given.status, "assignee_id": given.assignee_id})
    if changed is item:
        return state, False
    tx.of(ItemStore).save(changed.model_copy(update={"revision": item.revision + 1}))
    if taker is None or not is_given:
        return state, False
    body = {"item_id": str(item.id), "step_key": item.step_key, "assignee_id": str(taker.id)}
    after = tx.of(CaseStore).note(state, "WorkItemDelegated", body, actor_id=None, at=now)
    return after, _notify_of_loss(engine, tx, after, event, item, now)


def _notify_of_loss(
    engine: Engine, tx: Transaction, state: CaseState, event: ev.LevelRaised, item: WorkItem, now: datetime
) -> bool:
    """Notify who had an item that it was given to somebody else; returns whether any message must be sent."""
    before = tx.of(DirectoryStore).actor(item.assignee_id) if item.assignee_id else None
    return notify(
        engine,
        tx,
        state,
        kind="reassigned",
        rule=f"{item.id}|reassigned|{item.revision + 1}",
        people=reachable(tx, state, (before,), now=now).people if before else (),
        channels=(IN_APP,),
        step_title=title_of(engine, state, event.deadline),
        due_at=event.deadline.due_at,
        late_at=event.deadline.late_at,
        link=f"/cases/{state.case.id}",
        now=now,
    )


def offer_on(tx: Transaction, state: CaseState, event: ev.LevelRaised, level: Level, *, now: datetime) -> Offered:
    """Find the next partner of a level that offers the work on, and what the ledger says of it; nothing is written."""
    if not level.offer_next_partner:
        return Offered()
    deadline = event.deadline
    known = [
        one
        for one in tx.of(ReferralStore).of_case(state.case.id)
        if deadline.step_id in {one.step_id, one.answer_step_id}
    ]
    if any(one.status is ReferralStatus.ACCEPTED and _is_by_level(one, deadline) for one in known):
        return Offered(note="A partner has already accepted.")
    place = _place_of(tx, state, deadline)
    asked = frozenset(one.to_unit_id for one in known if one.to_unit_id)
    to = next_unit(tx, state, place, asked, now=now)
    if to is None:
        return Offered(note="There is no other partner in this place to ask.")
    referral = Referral(
        id=uuid5(deadline.id, f"referral|{event.level}|{event.round}"), case_id=state.case.id,
        unit_id=state.case.unit_id, to_unit_id=to, deadline_id=deadline.id, sent_at=now,
        due_at=deadline.due_at if deadline.due_at > now else None, **_work_of(known, deadline),
    )  # fmt: skip
    people = people_of_partner(tx, state, to, now=now)
    return Offered(referral, people, note="The work was offered to the next partner, without personal data.")


def next_unit(tx: Transaction, state: CaseState, place: str, asked: frozenset[UUID], *, now: datetime) -> UUID | None:
    """Return the next unit of a place (a jurisdiction) that was not asked yet and has somebody to answer."""
    for unit_id in tx.of(ReferralStore).partners(place, but=asked | {state.case.unit_id}):
        if people_of_partner(tx, state, unit_id, now=now):
            return unit_id
    return None


def notify_of_referral(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    referral: Referral,
    *,
    kind: str,
    people: tuple[ActorRecord, ...],
    now: datetime,
) -> bool:
    """Tell people of a referral, or of its answer: the case's number and nothing of its content."""
    return notify(
        engine,
        tx,
        state,
        kind=kind,
        rule=rule_of_referral(referral, kind),
        people=people,
        channels=(IN_APP, EMAIL),
        step_title="",
        due_at=referral.due_at,
        link=_link(state, referral, kind),
        now=now,
    )


def rule_of_referral(referral: Referral, kind: str) -> str:
    """Name what is told of a referral: that the help is given is told after its acceptance was."""
    is_end = kind == "answered" and referral.ended_at is not None
    return f"{referral.id}|{kind}{'|ended' if is_end else ''}"


def _link(state: CaseState, referral: Referral, kind: str) -> str:
    """Say where a message of a referral leads: not to the case for who was asked, or has handed it over."""
    if kind in {"referred", "recalled"}:
        return "/referrals"
    if kind == "to_telephone":
        return f"/cases/{state.case.id}/sent"
    if kind == "answered" and referral.kind is ReferralKind.TRANSFER:
        return "/transmit"
    return f"/cases/{state.case.id}"


def _work_of(known: list[Referral], deadline: Deadline) -> dict[str, Any]:
    """Say what the next partner is offered: the same work, without personal data, where an answer was waited for."""
    waited = next((one for one in known if one.answer_step_id == deadline.step_id), None)
    if waited is None:
        return {"step_id": deadline.step_id}
    same = ("step_id", "answer_step_id", "purpose", "help", "urgency")
    return {name: getattr(waited, name) for name in same} | {"after_id": waited.id}


def _is_by_level(referral: Referral, deadline: Deadline) -> bool:
    """Return whether a level of this deadline made the offer; what people arranged before is what is late now."""
    return referral.deadline_id == deadline.id and referral.released_by is None


def _place_of(tx: Transaction, state: CaseState, deadline: Deadline) -> str:
    """Name the place in which work on a step is done: where the partner is who took it on, else that of the run."""
    partner = tx.of(ReferralStore).partner_of(state.case.id, deadline.step_id)
    unit = tx.of(DirectoryStore).unit(partner) if partner else None
    return unit.jurisdiction if unit else state.runs[deadline.run_id].jurisdiction


def _may_do(item: WorkItem, person: ActorRecord) -> bool:
    """Whether an item can be given to somebody: they have one of its roles, and four eyes do not exclude them."""
    return person.id not in item.excluded_ids and not set(person.roles).isdisjoint(item.candidate_roles)
