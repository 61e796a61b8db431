"""Drive the real actions through a story, and compare what happened with what should have."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.open import open_case
from engine.cases.answers import questions_of
from engine.cases.store import CaseStore
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.consequences import WorkItem, compiled_step
from engine.core.policy import Viewer
from engine.core.records import LIVE, OPEN, CaseStatus, Deadline, Purpose, Step, StepStatus
from engine.core.state import CaseState
from engine.core.time.counting import unanswered_levels
from engine.course.actions.closing import answer_closing, close_case, reopen_case
from engine.course.actions.steer import add_step, identify_person, record_interval
from engine.errors import ConflictError, IcmcError, InvalidAnswersError
from engine.language.calendars import NoCalendarError
from engine.language.limits import TimeLimit
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.plugin.steps import StepKind
from engine.rehearsal.answers import CANARY, as_it_goes_on, canary, report_answers, step_answers
from engine.rehearsal.story import (
    MATCH,
    PROGRAMME,
    BreachOutcome,
    DueRule,
    EscalationOutcome,
    EventOutcome,
    MessageOutcome,
    ReplayOutcome,
    Story,
    StoryEvent,
)
from engine.rehearsal.world import World, people_of
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore

_EXCLUDED = "journey"
_WHATEVER = "reported-concern"
"""The workflow of a case about anything."""
_REPORT, _RESCUE = "reporting.intake", "rescue.execute"
_WAY = "from the place of the rescue to the Committee"
_SHORTLY = timedelta(minutes=1)
_AT_ONCE = timedelta(seconds=1)
_UNTOLD_BEFORE = 8
"""How many steps are done for an event that no other event tells of, before it is taken as not foreseen."""
_LOOKS = 4
"""How often an item is looked at anew that ladders, or people, change at the same moment."""


class _Act(IntEnum):
    """What is done at an instant: a late step is added before it is due, a journey ends, an event happens.

    One that is late but for its journey is added before it is due too: whoever adds it then tells of the journey.
    """

    AHEAD = 0
    JOURNEY = 1
    EVENT = 2


class _Planned(NamedTuple):
    """Something that the story does at an instant."""

    at: datetime
    order: int
    act: _Act
    event: StoryEvent


class Stage(Protocol):
    """Where a story is played: a scratch world whose clock stands still, or the living demo."""

    @property
    def engine(self) -> Engine:
        """The system that the story drives."""
        ...

    def now(self) -> datetime:
        """Return the stage's present time."""
        ...

    def pass_until(self, instant: datetime) -> int:
        """Let time pass, stopping wherever something is due; returns how many jobs were done."""
        ...

    def settle_jobs(self) -> int:
        """See to it that every due job is done; returns how many were."""
        ...


@dataclass
class Play:
    """A story being played on a stage; `complete` is how work is done, by the action itself unless told otherwise."""

    stage: Stage
    story: Story
    people: Mapping[str, Viewer]
    case_id: UUID
    jobs: int = 0
    events: list[EventOutcome] = field(default_factory=list)
    reopened: int = 0
    differences: list[str] = field(default_factory=list)
    done: dict[UUID, str] = field(default_factory=dict)
    untold: dict[UUID, datetime | None] = field(default_factory=dict)
    """What the team did although no event tells of it, each with when it was due."""
    complete: Callable[..., object] = complete_work_item


def replay_story(world: World, story: Story) -> ReplayOutcome:
    """Replay one story; whatever does not come out as told is a difference, in a sentence."""
    world.clock.move_to(story.opened_at)
    first_message = len(world.channel.sent)
    unit, people = people_of(world.engine, jurisdiction=story.lead_jurisdiction, label=story.id)
    for jurisdiction in story.other_jurisdictions:
        people_of(world.engine, jurisdiction=jurisdiction, label=story.id)
    play = begin(world, story, unit=unit, people=people)
    go_on(play, until=None)
    return _outcome(play, world.channel.sent[first_message:])


def begin(stage: Stage, story: Story, *, unit: UUID, people: Mapping[str, Viewer]) -> Play:
    """Open the case of a story from its profile and first event."""
    opened = open_case(
        stage.engine, answers=report_answers(story), unit_id=unit, viewer=people["intake_officer"],
        command_id=stage.engine.entropy.uuid(), workflow=story.begins, victims=max(1, len(story.victims)),
    )  # fmt: skip
    play = Play(stage, story, people, opened.case_id, complete=complete_work_item)
    if any(event.step == MATCH for event in story.timeline):
        _know_elsewhere(play, unit)
    play.jobs += stage.settle_jobs()
    return play


def _know_elsewhere(play: Play, unit: UUID) -> None:
    """Record the person of the story by name, as somebody of a case that is over: there is a match to be answered."""
    engine, lead = play.stage.engine, play.people["supervisor"]
    before = open_case(
        engine, answers=report_answers(play.story), unit_id=unit, viewer=play.people["intake_officer"],
        command_id=engine.entropy.uuid(), workflow=_WHATEVER,
    )  # fmt: skip
    for case_id in (before.case_id, play.case_id):
        with engine.transaction() as tx:
            person_id = tx.of(CaseStore).lock(case_id).persons[0].person_id
        identify_person(
            engine, person_id, case_id=case_id, viewer=lead, command_id=engine.entropy.uuid(),
            identity={"name": canary(play.story.id, "name")},
        )  # fmt: skip
    close_case(
        engine, before.case_id, viewer=play.people["case_manager"], command_id=engine.entropy.uuid(),
        reason_code="nothing_more",
    )  # fmt: skip
    answer_closing(engine, before.case_id, viewer=lead, approved=True)


def go_on(play: Play, *, after: datetime | None = None, until: datetime | None) -> None:
    """Play what the story tells after one instant and until another, which is included; None has no bound."""
    for planned in _plan(play.story):
        if (after is not None and planned.at <= after) or (until is not None and planned.at > until):
            continue
        wait(play, until=max(planned.at, play.stage.now()))
        try:
            _go_on_with_case(play, planned)
            _ACTS[planned.act](play, planned.event)
        except IcmcError as error:
            play.differences.append(f"{planned.event.label}: {error} {_problems(error)}".strip())
        play.jobs += play.stage.settle_jobs()


def _go_on_with_case(play: Play, planned: _Planned) -> None:
    """Open the case again, as a person would, when it closed and something more happens or will be late."""
    if planned.act is _Act.JOURNEY or _state(play).case.status is not CaseStatus.CLOSED:
        return
    engine = play.stage.engine
    reopen_case(
        engine, play.case_id, viewer=play.people["supervisor"], command_id=engine.entropy.uuid(),
        reason_code="new_facts", words=canary(play.story.id, "reopened"),
    )  # fmt: skip
    play.reopened += 1


def wait(play: Play, *, until: datetime) -> None:
    """Let time pass; what the story never tells of is done by the team at the last moment that is on time."""
    while True:
        state = _state(play)
        untold, opening = _untold(play, state, until), _opening(play, state, until)
        if opening is not None and (untold is None or opening < untold[0]):
            play.jobs += play.stage.pass_until(opening + _AT_ONCE)
            continue
        if untold is None:
            break
        due, step = untold
        play.jobs += play.stage.pass_until(max(due, play.stage.now()))
        _complete(play, StoryEvent(label="", at=due, step=step.uses, tz=_zone_of(state)), step)
        play.jobs += play.stage.settle_jobs()
    play.jobs += play.stage.pass_until(until)


def _opening(play: Play, state: CaseState, until: datetime) -> datetime | None:
    """Find when something may next open by itself before an instant: a round of a series, or what a breach opens."""
    opening = (
        at
        for deadline in state.deadlines.values()
        for at in (deadline.due_at, deadline.late_from)
        if deadline.purpose is Purpose.OPENING or (deadline.purpose is Purpose.LIMIT and deadline.breached_at is None)
    )
    return min((at for at in opening if play.stage.now() <= at < until), default=None)


def _untold(play: Play, state: CaseState, until: datetime) -> tuple[datetime, Step] | None:
    """Find the open step, of which the story tells no more, that falls due first until an instant.

    The last thing that keeps a case open, and that nothing follows, is left alone while the story goes on.
    """
    now = play.stage.now()
    to_come = [event for event in play.story.timeline if event.at >= now and event.label not in play.done.values()]
    if to_come and _is_at_its_last(play, state):
        return None
    due = [
        (deadline.due_at, step)
        for deadline in state.deadlines.values()
        if deadline.purpose is Purpose.LIMIT
        and now <= deadline.due_at <= until
        and (step := state.steps.get(deadline.step_id)) is not None
        and step.status in OPEN
        and not step.automatic
        and not any(
            _is_about(play, state, event, step) or _is_told_otherwise(play, state, event, step) for event in to_come
        )
    ]
    return min(due, key=lambda one: (one[0], one[1].key, one[1].path), default=None)


def _is_told_otherwise(play: Play, state: CaseState, event: StoryEvent, step: Step) -> bool:
    """Whether an event can only tell of a step, if with another limit: nothing else of its type can count so."""
    if event.step != step.uses or event.due_rule is None or step.added is not None:
        return False
    compiled = play.stage.engine.definitions[state.runs[step.run_id].definition_hash]
    others = (one for key, one in compiled.steps.items() if one.spec.uses == step.uses and key != step.key)
    return not any(_can_count(play, compiled, state, other, event) for other in others)


def _is_at_its_last(play: Play, state: CaseState) -> bool:
    live = [step for step in state.steps.values() if _keeps_open(step)]
    compiled = play.stage.engine.definitions[state.runs[live[0].run_id].definition_hash] if live else None
    followed = {key for step in compiled.steps.values() for key in step.after.steps} if compiled else set()
    return len(live) == 1 and live[0].key not in followed


def _keeps_open(step: Step) -> bool:
    """Return whether a step keeps its case open: not one that only watches for a day to come."""
    return step.status in LIVE and not (step.added is not None and step.status is StepStatus.SCHEDULED)


def _zone_of(state: CaseState) -> str:
    return next(iter(state.runs.values())).zone


def _plan(story: Story) -> list[_Planned]:
    planned = []
    for order, event in enumerate(story.timeline):
        at = event.at.astimezone(UTC)
        planned.append(_Planned(at, order, _Act.EVENT, event))
        rule = event.due_rule
        started = story.instant_of(rule.from_) if rule else None
        if rule is not None and rule.excluded_journey and started:
            over = started.astimezone(UTC) + rule.excluded_journey
            planned.append(_Planned(min(at, over), order, _Act.JOURNEY, event))
        journey = (rule.excluded_journey if rule else None) or timedelta()
        if started is not None and event.due is not None and event.at > event.due - journey:
            before_due = max(started, event.due - journey - _SHORTLY).astimezone(UTC)
            planned.append(_Planned(min(at, before_due), order, _Act.AHEAD, event))
    return sorted(planned, key=lambda one: (one.at, one.order, one.act))


def _state(play: Play) -> CaseState:
    with play.stage.engine.transaction() as tx:
        return tx.of(CaseStore).lock(play.case_id)


def _carry_out(play: Play, event: StoryEvent) -> None:
    steps, state = _found(play, event)
    foreseen = bool(steps) and (steps[0].added is None or bool(steps[0].added.follow_up))
    same_act = [] if steps else _same_act(play, state, event)
    otherwise = [] if foreseen else _due_otherwise(play, state, event)
    if not steps:
        steps = [_add(play, event)]
        state = _state(play)
    state = _tell_of_journey(play, event, steps, state)
    deadline = _deadline_of(state, steps[0])
    _compare_due(play, event, deadline)
    step_type = play.stage.engine.registry.get(event.step)
    if step_type.kind is StepKind.ASKED:
        for step in (*steps, *same_act):
            _complete(play, event, step)
    for step in steps:
        play.done[step.id] = event.label
    play.events.append(
        EventOutcome(
            label=event.label, step=event.step, at=event.at, foreseen=foreseen, due_expected=event.due,
            due=deadline.due_at if deadline else None, breached_at=deadline.breached_at if deadline else None,
            was_open=bool(otherwise), due_otherwise=min(filter(None, otherwise), default=None),
        ),
    )  # fmt: skip


def _due_otherwise(play: Play, state: CaseState, event: StoryEvent) -> list[datetime | None]:
    """List when those steps of an event's type were due that the workflow has open, or had until the team did them."""
    return [
        play.untold.get(step.id) or _due_of(state, step)
        for step in state.steps.values()
        if step.uses == event.step
        and (step.added is None or step.added.follow_up)
        and (step.status in OPEN or step.id in play.untold)
    ]


def _others_to_come(play: Play, event: StoryEvent) -> list[StoryEvent]:
    return [one for one in play.story.timeline if one.label not in play.done.values() and one.label != event.label]


def _same_act(play: Play, state: CaseState, event: StoryEvent) -> list[Step]:
    """Find the open step of an event's type that the workflow counts otherwise: nobody does the same thing twice.

    One of which an event to come tells is another one.
    """
    to_come = _others_to_come(play, event)
    same = [
        step
        for step in state.steps.values()
        if step.status in OPEN and step.uses == event.step and step.added is None
        and not any(_is_about(play, state, one, step) for one in to_come)
    ]  # fmt: skip
    return [step for step in same if step.key == same[0].key]


def _add_ahead(play: Play, event: StoryEvent) -> None:
    """Add a step that will be late before it is due, as a caseworker would, unless the workflow has it open by then."""
    if not _found(play, event)[0]:
        _add(play, event)


def _found(play: Play, event: StoryEvent) -> tuple[list[Step], CaseState]:
    """Find the open steps that the event is about; what these wait for, and no event tells of, the team does first."""
    state = _state(play)
    for _ in range(_UNTOLD_BEFORE):
        steps = _matching(play, state, event) or _due_alike(play, state, event)
        if steps or (before := _untold_before(play, state, event)) is None:
            return steps, state
        _complete(play, StoryEvent(label="", at=play.stage.now(), step=before.uses, tz=_zone_of(state)), before)
        play.jobs += play.stage.settle_jobs()
        state = _state(play)
    return _matching(play, state, event), state


def _due_alike(play: Play, state: CaseState, event: StoryEvent) -> list[Step]:
    """Find the open step that is due when the event is, from the same start, by a law other than the one that it names.

    One of which an event to come tells by its own law is kept for it.
    """
    started = play.story.instant_of(event.due_rule.from_) if event.due_rule else None
    if started is None or event.due is None:
        return []
    to_come = _others_to_come(play, event)
    alike = [
        step
        for step in state.steps.values()
        if step.status in OPEN and step.uses == event.step and (deadline := _deadline_of(state, step)) is not None
        and (deadline.started_at, deadline.due_at) == (started.astimezone(UTC), event.due.astimezone(UTC))
        and not any(_is_about(play, state, one, step) for one in to_come)
    ]  # fmt: skip
    return alike[:1]


def _untold_before(play: Play, state: CaseState, event: StoryEvent) -> Step | None:
    """Return the first open step for which a step of the event's type waits, and of which no event to come tells.

    One of whose type an event to come tells with another limit comes last: what is done before can give it that one.
    """
    to_come = _others_to_come(play, event)
    types, found = {one.step for one in to_come}, []
    for step in state.steps.values():
        if step.status not in OPEN or step.automatic or step.added is not None:
            continue
        compiled = play.stage.engine.definitions[state.runs[step.run_id].definition_hash]
        if step.key not in _before(play, compiled, state, event):
            continue
        is_undated = _deadline_of(state, step) is None  # what it counts from can be still to come
        if not any(
            _is_about(play, state, one, step)
            or (is_undated and one.step == step.uses)
            or _is_told_otherwise(play, state, one, step)
            for one in to_come
        ):
            found.append(step)
    return min(
        found, default=None,
        key=lambda step: (step.uses in types, _due_of(state, step) or step.opened_at, step.key, step.path),
    )  # fmt: skip


def _before(play: Play, compiled: CompiledWorkflow, state: CaseState, event: StoryEvent) -> set[str]:
    """List the steps that come before those that have not been reached and of which the event can tell."""
    known = {step.key for step in state.steps.values()}
    ahead = [
        step
        for step in compiled.steps.values()
        if step.spec.uses == event.step and step.key not in known and _can_count(play, compiled, state, step, event)
    ]
    found: set[str] = set()
    while ahead:
        before = set(ahead.pop().after.steps) - found
        found |= before
        ahead += [compiled.steps[key] for key in before if key in compiled.steps]
    return found


def _can_count(play: Play, compiled: CompiledWorkflow, state: CaseState, step: CompiledStep, event: StoryEvent) -> bool:
    """Whether a limit of a step can count from what the event counts from: the same act, or one of the same instant."""
    rule = event.due_rule
    if rule is None or not step.times:
        return True
    at = play.story.instant_of(rule.from_)
    types = {one.step for one in play.story.timeline if one.label == rule.from_}
    for start in (time.spec.from_ for time in step.times):
        instants = {one.ended_at for one in state.steps.values() if one.key == start}
        if start not in compiled.steps or compiled.steps[start].spec.uses in types or at in instants:
            return True
    return False


def _matching(play: Play, state: CaseState, event: StoryEvent) -> list[Step]:
    """Find the open steps that the event is about; one of which a later event tells by its limit is kept for it."""
    by_itself = [step for step in state.steps.values() if _has_done(play, event, step)]
    if by_itself:
        return by_itself
    fitting = [step for step in state.steps.values() if step.status in OPEN and _is_about(play, state, event, step)]
    if event.due_rule is None and fitting:
        dated = [one for one in _others_to_come(play, event) if one.due_rule is not None]
        fitting = [
            step
            for step in fitting
            if _comes_again(play, state, step) or not any(_is_about(play, state, one, step) for one in dated)
        ]
    starts = _starts_of_what_follows(play, state, event)
    fitting.sort(
        key=lambda step: (
            _is_there(play, state, step) != (event.tz != _zone_of(state)), step.key not in starts,
            step.added is not None, _due_of(state, step) is None, _due_of(state, step) or step.opened_at,
        )
    )  # fmt: skip
    exact = [step for step in fitting if event.due and _due_of(state, step) == event.due.astimezone(UTC)]
    chosen = (exact or fitting)[:1]
    return [step for step in fitting if chosen and step.key == chosen[0].key]


def _comes_again(play: Play, state: CaseState, step: Step) -> bool:
    """Whether a further round of a step has the same limit: of a rescue that found nobody, for whoever goes again."""
    compiled = play.stage.engine.definitions[state.runs[step.run_id].definition_hash].steps.get(step.key)
    return compiled is not None and compiled.spec.repeat is not None and step.uses == _RESCUE


def _is_there(play: Play, state: CaseState, step: Step) -> bool:
    """Whether the workflow has a step done at the other place of the case, by the partner there."""
    compiled = play.stage.engine.definitions[state.runs[step.run_id].definition_hash].steps.get(step.key)
    return compiled is not None and bool(compiled.spec.assign.unit_from)


def _starts_of_what_follows(play: Play, state: CaseState, event: StoryEvent) -> set[str]:
    """List the steps from which the workflow counts what the story counts from an event, and by the same law."""
    rules = ((one.step, one.due_rule) for one in play.story.timeline)
    counted = {(step, _law_of(play, rule)) for step, rule in rules if rule is not None and rule.from_ == event.label}
    return {
        time.spec.from_
        for name in {run.definition_hash for run in state.runs.values()}
        for step in play.stage.engine.definitions[name].steps.values()
        for time in step.times
        if (step.spec.uses, time.spec.law) in counted
    }


def _has_done(play: Play, event: StoryEvent, step: Step) -> bool:
    """Return whether the system has done by itself what an event tells of, and no other event has told of it."""
    is_done = step.automatic and step.status is StepStatus.ENDED and step.id not in play.done
    return is_done and step.uses == event.step and event.due_rule is None


def _is_about(play: Play, state: CaseState, event: StoryEvent, step: Step) -> bool:
    """Return whether an event tells of a step: one of its type, with the limit and the start that it names, if any.

    A step of the same type that counts from something else is another one, such as the safety plan of the family beside
    that of the person.
    """
    if step.uses != event.step or (step.uses == _REPORT and not play.story.is_report(event)):
        return False
    rule, deadline = event.due_rule, _deadline_of(state, step)
    if rule is None or deadline is None:
        return rule is None
    if not _is_same_limit(play, deadline, rule):
        return False
    started = play.story.instant_of(rule.from_)
    return started is None or deadline.started_at == started.astimezone(UTC)


def _is_same_limit(play: Play, deadline: Deadline, rule: DueRule) -> bool:
    law = _law_of(play, rule)
    if law is not None or deadline.law is not None:
        return deadline.law == law
    return _length(deadline.limit) == _length(rule.limit)


def _length(limit: str) -> tuple[str, int, int, int]:
    """Return what a limit comes to: `P7D` and `PT168H` are the same, `P1M` and `P30D` are not."""
    read = TimeLimit.parse(limit)
    return read.counting.value, read.months, read.days, read.seconds


def _due_of(state: CaseState, step: Step) -> datetime | None:
    deadline = _deadline_of(state, step)
    return deadline.due_at if deadline else None


def _deadline_of(state: CaseState, step: Step) -> Deadline | None:
    return next((d for d in state.deadlines.values() if d.step_id == step.id and d.purpose is Purpose.LIMIT), None)


def _add(play: Play, event: StoryEvent) -> Step:
    """Add the step as a caseworker would, with the limit that the event names."""
    rule = event.due_rule
    started = play.story.instant_of(rule.from_) if rule else None
    engine = play.stage.engine
    step_id = add_step(
        engine, play.case_id, viewer=play.people["case_manager"], command_id=engine.entropy.uuid(),
        uses=event.step, limit=rule.limit if rule else None,
        law=_law_of(play, rule) if rule else None,
        from_at=started.astimezone(UTC) if started else None, place=_place_of(play, event),
        exclude=(_EXCLUDED,) if rule and rule.excluded_journey else (),
    )  # fmt: skip
    step = _state(play).steps[step_id]
    if rule and rule.excluded_journey and started:
        _interval(play, step_id, started, rule.excluded_journey)
    return step


def _place_of(play: Play, event: StoryEvent) -> str:
    """Return where an event is told of: the other place of the story that has its time zone; empty for where we are."""
    library, ours = play.stage.engine.library(), _zone_of(_state(play))
    zones: dict[str, str] = {}
    for place in play.story.other_jurisdictions:
        with suppress(NoCalendarError):  # of a country that no hub is in
            zones[place] = library.calendar(place).zone
    return next((place for place, zone in zones.items() if zone == event.tz != ours), "")


def _law_of(play: Play, rule: DueRule) -> str | None:
    """Give the limit of the law that a rule names; None for a promise, and for one that no law pack has on that day."""
    if rule.clock == PROGRAMME:
        return None
    on = play.story.instant_of(rule.from_) or play.story.opened_at
    return rule.clock if play.stage.engine.library().law(rule.clock, on=on.date()) is not None else None


def _record_journey(play: Play, event: StoryEvent) -> None:
    """Record the journey as soon as it is over, on the step that is to come, if the workflow has it."""
    rule = event.due_rule
    started = play.story.instant_of(rule.from_) if rule else None
    if rule is None or started is None or rule.excluded_journey is None:
        return
    for step in _matching(play, _state(play), event):
        _interval(play, step.id, started, rule.excluded_journey)


def _tell_of_journey(play: Play, event: StoryEvent, steps: list[Step], state: CaseState) -> CaseState:
    """Record the journey on steps that opened only after it was over; returns the state that knows of it."""
    rule = event.due_rule
    started = play.story.instant_of(rule.from_) if rule else None
    if rule is None or started is None or rule.excluded_journey is None:
        return state
    told = {interval.step_id for interval in state.intervals if interval.name == _EXCLUDED}
    for step in steps:
        if step.id not in told:
            _interval(play, step.id, started, rule.excluded_journey)
    return _state(play)


def _interval(play: Play, step_id: UUID, started: datetime, length: timedelta) -> None:
    start = started.astimezone(UTC)
    record_interval(
        play.stage.engine, step_id, case_id=play.case_id, viewer=play.people["caseworker"],
        command_id=play.stage.engine.entropy.uuid(), name=_EXCLUDED, start=start, end=start + length, place=_WAY,
    )  # fmt: skip


def _compare_due(play: Play, event: StoryEvent, deadline: Deadline | None) -> None:
    if event.due is None:
        return
    if deadline is None:
        play.differences.append(f"{event.label}: {event.step} has no deadline, but should be due at {event.due}.")
        return
    if deadline.due_at != event.due.astimezone(UTC):
        play.differences.append(f"{event.label}: due at {deadline.due_at}, but should be due at {event.due}.")
    if event.on_time and deadline.breached_at is not None:
        play.differences.append(f"{event.label}: breached at {deadline.breached_at}, but was on time.")
    if not event.on_time and deadline.breached_at != event.due.astimezone(UTC):
        play.differences.append(f"{event.label}: was late, but its breach is dated {deadline.breached_at}.")


def _complete(play: Play, event: StoryEvent, step: Step) -> None:
    """Answer the open item of a step, if there is one; look again, as a person would, when it changed meanwhile.

    Whoever takes charge of a person says when they came into care, which may be before anybody wrote it down.
    """
    if not event.label:
        play.untold[step.id] = _due_of(_state(play), step)
    if event.step == "rescue.first_needs" and play.story.taken_charge_at is not None:
        event = event.model_copy(update={"at": min(play.story.taken_charge_at, event.at)})
    command_id = play.stage.engine.entropy.uuid()
    for _ in range(_LOOKS):
        try:
            return _complete_once(play, event, step, command_id)
        except ConflictError:
            continue
    return _complete_once(play, event, step, command_id)


def _complete_once(play: Play, event: StoryEvent, step: Step, command_id: UUID) -> None:
    engine = play.stage.engine
    with engine.transaction() as tx:
        item = tx.of(ItemStore).open_of_step(step.id)
    if item is None:
        return
    state = _state(play)
    compiled = engine.definitions[state.runs[step.run_id].definition_hash]
    questions = questions_of(compiled_step(step, state, engine.definitions))
    answers = step_answers(play.story, event, engine.registry.get(event.step), questions)
    to_come = [one for one in _others_to_come(play, event) if one.at >= event.at]
    told = {one.label: one.step for one in play.story.timeline}
    going_on = as_it_goes_on(compiled, step.key, questions, to_come, told)
    answers = {name: given for name, given in (answers | going_on).items() if going_on.get(name, name) is not None}
    play.complete(
        engine, item.id, viewer=_who(play, item), revision=item.revision, command_id=command_id, answers=answers,
        happened_at=event.at,
    )  # fmt: skip


def _who(play: Play, item: WorkItem) -> Viewer:
    """Choose who does an item: its assignee, else the first candidate role whose actor may."""
    for viewer in play.people.values():
        if viewer.actor_id == item.assignee_id:
            return viewer
    able = [play.people[role] for role in item.candidate_roles if role in play.people]
    return next((viewer for viewer in able if viewer.actor_id not in item.excluded_ids), play.people["supervisor"])


def _problems(error: IcmcError) -> str:
    return str(error.problems) if isinstance(error, InvalidAnswersError) else ""


def _outcome(play: Play, sent: list[tuple[str, str, str, str]]) -> ReplayOutcome:
    view = play.stage.engine.ask(case_page, play.people["supervisor"], play.case_id)
    _compare_escalations(play, view)
    _look_for_leaks(play, sent)
    play.differences += [
        f"the chain of {number} does not verify at {seq}" for number, seq in play.stage.engine.broken_chains()
    ]
    return ReplayOutcome(
        story=play.story.id,
        case=view.number,
        workflow=view.runs[0].workflow if view.runs else "",
        events=tuple(play.events),
        breaches=tuple(
            BreachOutcome(step=d.step_key, due_at=d.due_at, breached_at=d.breached_at, label=play.done.get(d.step_id))
            for d in view.deadlines
            if d.breached_at is not None
        ),
        escalations=tuple(
            EscalationOutcome(
                step=e.step_title, level=e.level, round=e.round, planned_at=e.planned_at, fired_at=e.fired_at,
                recipients=e.recipients, note=e.note,
            )
            for e in view.escalations
        ),
        messages=tuple(MessageOutcome(to=to, subject=subject) for to, subject, _, _ in sent),
        jobs=play.jobs,
        closed=view.status == "closed",
        reopened=play.reopened,
        differences=tuple(play.differences),
    )  # fmt: skip


def _compare_escalations(play: Play, view: CaseView) -> None:
    """Hold the ledger against the ladder: for each event that was late, every level planned before it was done.

    After a level that found nobody the next one is raised at once.
    """
    library = play.stage.engine.library()
    for event in play.story.timeline:
        step_id = next((step for step, label in play.done.items() if label == event.label), None)
        deadline = next((d for d in view.deadlines if d.step_id == step_id), None)
        if event.on_time or deadline is None or deadline.ladder not in library.ladders:
            continue
        zone = view.zone
        calendar = library.calendar(view.jurisdiction)
        plan = unanswered_levels(
            library.ladders[deadline.ladder],
            start=deadline.started_at,
            due=deadline.due_at,
            late=deadline.late_at,
            zone=zone,
            calendar=calendar,
        )
        expected = {(p.level, p.repetition + 1) for p in plan if p.fires_at < event.at}
        raised = [e for e in view.escalations if e.deadline_id == deadline.id]
        fired, nobody = {(e.level, e.round) for e in raised}, {e.level for e in raised if not e.recipients}
        at_once = {(level, turn) for level, turn in fired - expected if level - 1 in nobody}
        if expected != fired - at_once:
            play.differences.append(
                f"{event.label}: levels {sorted(fired)} were raised, but {sorted(expected)} were due."
            )


def _look_for_leaks(play: Play, sent: list[tuple[str, str, str, str]]) -> None:
    for to, subject, body, _ in sent:
        if CANARY in subject or CANARY in body:
            play.differences.append(f"a message to {to} holds what somebody typed into a form.")


_ACTS: Mapping[_Act, Callable[[Play, StoryEvent], None]] = {
    _Act.AHEAD: _add_ahead,
    _Act.JOURNEY: _record_journey,
    _Act.EVENT: _carry_out,
}
