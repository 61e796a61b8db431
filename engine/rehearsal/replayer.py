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
from engine.core.consequences import WorkItem, compiled_step
from engine.core.policy import Viewer
from engine.core.records import CaseStatus, Deadline, Purpose, Step
from engine.core.state import CaseState
from engine.core.time.counting import unanswered_levels
from engine.course.actions.closing import answer_closing, close_case, reopen_case
from engine.course.actions.steer import add_step, identify_person, record_interval
from engine.errors import ConflictError, IcmcError, InvalidAnswersError
from engine.language.calendars import NoCalendarError
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.plugin.steps import StepKind
from engine.rehearsal.answers import CANARY, as_it_goes_on, canary, report_answers, step_answers
from engine.rehearsal.matching import StoryMoment
from engine.rehearsal.story import (
    MATCH,
    BreachOutcome,
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
        moment = _moment(play)
        untold, opening = moment.next_left(play.stage.now(), until), _opening(play, moment.state, until)
        if opening is not None and (untold is None or opening < untold[0]):
            play.jobs += play.stage.pass_until(opening + _AT_ONCE)
            continue
        if untold is None:
            break
        due, step = untold
        play.jobs += play.stage.pass_until(max(due, play.stage.now()))
        _do_untold(play, moment, step, at=due)
    play.jobs += play.stage.pass_until(until)


def _do_untold(play: Play, moment: StoryMoment, step: Step, *, at: datetime) -> None:
    """Do a step of which no event tells."""
    play.untold[step.id] = moment.due_of(step)
    _complete(play, StoryEvent(label="", at=at, step=step.uses, tz=moment.zone), step)
    play.jobs += play.stage.settle_jobs()


def _opening(play: Play, state: CaseState, until: datetime) -> datetime | None:
    """Find when something may next open by itself before an instant: a round of a series, or what a breach opens."""
    opening = (
        at
        for deadline in state.deadlines.values()
        for at in (deadline.due_at, deadline.late_from)
        if deadline.purpose is Purpose.OPENING or (deadline.purpose is Purpose.LIMIT and deadline.breached_at is None)
    )
    return min((at for at in opening if play.stage.now() <= at < until), default=None)


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


def _moment(play: Play) -> StoryMoment:
    return StoryMoment(play.stage.engine, play.story, _state(play), play.done)


def _carry_out(play: Play, event: StoryEvent) -> None:
    steps, moment = _found(play, event)
    foreseen = bool(steps) and (steps[0].added is None or bool(steps[0].added.follow_up))
    same_act = [] if steps else moment.same_act(event)
    otherwise = [] if foreseen else moment.due_otherwise(event, play.untold)
    if not steps:
        steps = [_add(play, event)]
        moment = _moment(play)
    deadline = _tell_of_journey(play, event, steps, moment).deadline_of(steps[0])
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


def _add_ahead(play: Play, event: StoryEvent) -> None:
    """Add a step that will be late before it is due, as a caseworker would, unless the workflow has it open by then.

    One that gets another limit before the event is no such step: its own would not be late.
    """
    steps, moment = _found(play, event)
    if not steps or moment.can_move(steps[0], event):
        _add(play, event)


def _found(play: Play, event: StoryEvent) -> tuple[list[Step], StoryMoment]:
    """Find the open steps that the event is about; what these wait for, and no event tells of, the team does first."""
    moment = _moment(play)
    for _ in range(_UNTOLD_BEFORE):
        steps = moment.about(event) or moment.due_alike(event)
        if steps or (before := moment.left_before(event)) is None:
            return steps, moment
        _do_untold(play, moment, before, at=play.stage.now())
        moment = _moment(play)
    return moment.about(event), moment


def _add(play: Play, event: StoryEvent) -> Step:
    """Add the step as a caseworker would, with the limit that the event names."""
    rule, engine, moment = event.due_rule, play.stage.engine, _moment(play)
    started = play.story.instant_of(rule.from_) if rule else None
    step_id = add_step(
        engine, play.case_id, viewer=play.people["case_manager"], command_id=engine.entropy.uuid(),
        uses=event.step, limit=rule.limit if rule else None,
        law=moment.law_of(rule) if rule else None,
        from_at=started.astimezone(UTC) if started else None, place=_place_of(play, event, moment.zone),
        exclude=(_EXCLUDED,) if rule and rule.excluded_journey else (),
    )  # fmt: skip
    step = _state(play).steps[step_id]
    _interval(play, event, step)
    return step


def _place_of(play: Play, event: StoryEvent, ours: str) -> str:
    """Return where an event is told of: the other place of the story that has its time zone; empty for where we are."""
    library = play.stage.engine.library()
    zones: dict[str, str] = {}
    for place in play.story.other_jurisdictions:
        with suppress(NoCalendarError):  # of a country that no hub is in
            zones[place] = library.calendar(place).zone
    return next((place for place, zone in zones.items() if zone == event.tz != ours), "")


def _record_journey(play: Play, event: StoryEvent) -> None:
    """Record the journey as soon as it is over, on the step that is to come, if the workflow has it."""
    for step in _moment(play).about(event):
        _interval(play, event, step)


def _tell_of_journey(play: Play, event: StoryEvent, steps: list[Step], moment: StoryMoment) -> StoryMoment:
    """Record the journey on steps that opened only after it was over; returns the moment that knows of it."""
    told = {interval.step_id for interval in moment.state.intervals if interval.name == _EXCLUDED}
    is_new = [_interval(play, event, step) for step in steps if step.id not in told]
    return _moment(play) if any(is_new) else moment


def _interval(play: Play, event: StoryEvent, step: Step) -> bool:
    """Record the journey that is not counted for an event on a step; returns whether there is one."""
    rule = event.due_rule
    started = play.story.instant_of(rule.from_) if rule else None
    if rule is None or started is None or rule.excluded_journey is None:
        return False
    start = started.astimezone(UTC)
    record_interval(
        play.stage.engine, step.id, case_id=play.case_id, viewer=play.people["caseworker"],
        command_id=play.stage.engine.entropy.uuid(), name=_EXCLUDED, start=start, end=start + rule.excluded_journey,
        place=_WAY,
    )  # fmt: skip
    return True


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
    moment = _moment(play)
    questions = questions_of(compiled_step(step, moment.state, engine.definitions))
    answers = step_answers(play.story, event, engine.registry.get(event.step), questions)
    to_come = [one for one in moment.others_to_come(event) if one.at >= event.at]
    told = {one.label: one.step for one in play.story.timeline}
    going_on = as_it_goes_on(moment.workflow_of(step), step.key, questions, to_come, told)
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
