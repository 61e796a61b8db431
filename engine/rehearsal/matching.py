"""Which steps of a case the events of its story are about, at one moment of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from engine.assembly import Engine
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.records import LIVE, OPEN, Deadline, Purpose, Step, StepStatus
from engine.core.state import CaseState
from engine.language.limits import TimeLimit
from engine.rehearsal.story import PROGRAMME, DueRule, Story, StoryEvent

_RESCUE = "rescue.execute"


@dataclass(frozen=True)
class StoryMoment:
    """A case as it is now, beside its story; `done` has the label of the event that told of each step so far."""

    engine: Engine
    story: Story
    state: CaseState
    done: Mapping[UUID, str]

    @property
    def zone(self) -> str:
        """The time zone of the case."""
        return next(iter(self.state.runs.values())).zone

    def workflow_of(self, step: Step) -> CompiledWorkflow:
        """Return the workflow to which a step belongs."""
        return self.engine.definitions[self.state.runs[step.run_id].definition_hash]

    def deadline_of(self, step: Step) -> Deadline | None:
        """Return the deadline of a step's own limit; None for a step without one."""
        deadlines = self.state.deadlines.values()
        return next((one for one in deadlines if one.step_id == step.id and one.purpose is Purpose.LIMIT), None)

    def due_of(self, step: Step) -> datetime | None:
        """Return when a step is due; None for one without a limit."""
        deadline = self.deadline_of(step)
        return deadline.due_at if deadline else None

    def law_of(self, rule: DueRule) -> str | None:
        """Give the limit of the law that a rule names; None for a promise, and for one that no pack has on that day."""
        if rule.clock == PROGRAMME:
            return None
        on = self.story.instant_of(rule.from_) or self.story.opened_at
        return rule.clock if self.engine.library().law(rule.clock, on=on.date()) is not None else None

    def others_to_come(self, event: StoryEvent) -> list[StoryEvent]:
        """List the events other than one that have told of no step yet."""
        return [one for one in self.story.timeline if one.label not in self.done.values() and one.label != event.label]

    def about(self, event: StoryEvent) -> list[Step]:
        """Find the steps that an event is about; one of which a later event tells by its limit is kept for it."""
        by_itself = [step for step in self.state.steps.values() if self._has_done(event, step)]
        if by_itself:
            return by_itself
        fitting = [step for step in self._open() if self._is_about(event, step)]
        if event.due_rule is None and fitting:
            dated = [one for one in self.others_to_come(event) if one.due_rule is not None]
            fitting = [step for step in fitting if self._comes_again(step) or not self._is_about_any(dated, step)]
        starts = self._starts_of_what_follows(event)
        fitting.sort(
            key=lambda step: (
                self._is_there(step) != (event.tz != self.zone), step.key not in starts, step.added is not None,
                self.due_of(step) is None, self.due_of(step) or step.opened_at,
            )
        )  # fmt: skip
        exact = [step for step in fitting if event.due and self.due_of(step) == event.due.astimezone(UTC)]
        chosen = (exact or fitting)[:1]
        return [step for step in fitting if chosen and step.key == chosen[0].key]

    def due_alike(self, event: StoryEvent) -> list[Step]:
        """Find the step that is due when the event is, from the same start, by a law other than the one that it names.

        One of which an event to come tells by its own law is kept for it.
        """
        started = self.story.instant_of(event.due_rule.from_) if event.due_rule else None
        if started is None or event.due is None:
            return []
        times = (started.astimezone(UTC), event.due.astimezone(UTC))
        to_come = self.others_to_come(event)
        alike = [
            step
            for step in self._open()
            if step.uses == event.step and (deadline := self.deadline_of(step)) is not None
            and (deadline.started_at, deadline.due_at) == times and not self._is_about_any(to_come, step)
        ]  # fmt: skip
        return alike[:1]

    def same_act(self, event: StoryEvent) -> list[Step]:
        """Find the step of an event's type that the workflow counts otherwise: nobody does the same thing twice.

        One of which an event to come tells is another one.
        """
        of_type = [step for step in self._open() if step.uses == event.step and step.added is None]
        to_come = self.others_to_come(event)
        same = [step for step in of_type if not self._is_about_any(to_come, step)]
        return [step for step in same if step.key == same[0].key]

    def due_otherwise(self, event: StoryEvent, untold: Mapping[UUID, datetime | None]) -> list[datetime | None]:
        """List when those steps of an event's type were due that the workflow has open, or had until the team did them.

        `untold` has what the team did, each with when it was due.
        """
        return [
            untold.get(step.id) or self.due_of(step)
            for step in self.state.steps.values()
            if step.uses == event.step
            and (step.added is None or step.added.follow_up)
            and (step.status in OPEN or step.id in untold)
        ]

    def next_left(self, now: datetime, until: datetime) -> tuple[datetime, Step] | None:
        """Find the open step, of which the story tells no more, that falls due first until an instant.

        The last thing that keeps a case open, and that nothing follows, is left alone while the story goes on.
        """
        to_come = [one for one in self.story.timeline if one.at >= now and one.label not in self.done.values()]
        if to_come and self._is_at_its_last():
            return None
        due = [
            (deadline.due_at, step)
            for deadline in self.state.deadlines.values()
            if deadline.purpose is Purpose.LIMIT
            and now <= deadline.due_at <= until
            and (step := self.state.steps.get(deadline.step_id)) is not None
            and step.status in OPEN
            and not step.automatic
            and not any(self._is_about(event, step) or self._is_told_otherwise(event, step) for event in to_come)
        ]
        return min(due, key=lambda one: (one[0], one[1].key, one[1].path), default=None)

    def can_move(self, step: Step, event: StoryEvent) -> bool:
        """Whether a step's time counts also from what the team does before an event, and of which no event tells."""
        compiled = self.workflow_of(step).steps.get(step.key)
        starts = {time.spec.from_ for time in compiled.times} if compiled else set()
        to_come = self.others_to_come(event)
        return any(
            one.key in starts and (due := self.due_of(one)) is not None and due <= event.at
            and not self._is_about_any(to_come, one)
            for one in self._open()
        )  # fmt: skip

    def left_before(self, event: StoryEvent) -> Step | None:
        """Return the first step for which a step of the event's type waits, and of which no event to come tells.

        One of whose type an event to come tells with another limit comes last: what is done before can give it that
        one. An undated one is left to an event of its type: what it counts from can be still to come.
        """
        to_come = self.others_to_come(event)
        types = {one.step for one in to_come}
        found = [
            step
            for step in self._open()
            if not step.automatic and step.added is None and step.key in self._before(self.workflow_of(step), event)
            and not (step.uses in types and self.deadline_of(step) is None)
            and not any(self._is_about(one, step) or self._is_told_otherwise(one, step) for one in to_come)
        ]  # fmt: skip
        return min(
            found, default=None,
            key=lambda step: (step.uses in types, self.due_of(step) or step.opened_at, step.key, step.path),
        )  # fmt: skip

    def _open(self) -> list[Step]:
        return [step for step in self.state.steps.values() if step.status in OPEN]

    def _is_at_its_last(self) -> bool:
        """Whether one step alone keeps the case open, and none follows it; not one that watches for a day to come."""
        live = [
            step for step in self.state.steps.values()
            if step.status in LIVE and not (step.added is not None and step.status is StepStatus.SCHEDULED)
        ]  # fmt: skip
        if len(live) != 1:
            return False
        return all(live[0].key not in step.after.steps for step in self.workflow_of(live[0]).steps.values())

    def _before(self, compiled: CompiledWorkflow, event: StoryEvent) -> set[str]:
        """List the steps that come before those that have not been reached and of which the event can tell."""
        known = {step.key for step in self.state.steps.values()}
        ahead = [
            step
            for step in compiled.steps.values()
            if step.spec.uses == event.step and step.key not in known and self._can_count(compiled, step, event)
        ]
        found: set[str] = set()
        while ahead:
            before = set(ahead.pop().after.steps) - found
            found |= before
            ahead += [compiled.steps[key] for key in before if key in compiled.steps]
        return found

    def _can_count(self, compiled: CompiledWorkflow, step: CompiledStep, event: StoryEvent) -> bool:
        """Whether a limit of a step can count from what the event counts from: the same act, or one of that instant."""
        rule = event.due_rule
        if rule is None or not step.times:
            return True
        at = self.story.instant_of(rule.from_)
        types = {one.step for one in self.story.timeline if one.label == rule.from_}
        for start in (time.spec.from_ for time in step.times):
            instants = {one.ended_at for one in self.state.steps.values() if one.key == start}
            if start not in compiled.steps or compiled.steps[start].spec.uses in types or at in instants:
                return True
        return False

    def _comes_again(self, step: Step) -> bool:
        """Whether a further round has the same limit: of a rescue that found nobody, for whoever goes again."""
        compiled = self.workflow_of(step).steps.get(step.key)
        return compiled is not None and compiled.spec.repeat is not None and step.uses == _RESCUE

    def _is_there(self, step: Step) -> bool:
        """Whether the workflow has a step done at the other place of the case, by the partner there."""
        compiled = self.workflow_of(step).steps.get(step.key)
        return compiled is not None and bool(compiled.spec.assign.unit_from)

    def _starts_of_what_follows(self, event: StoryEvent) -> set[str]:
        """List the steps from which the workflow counts what the story counts from an event, and by the same law."""
        rules = ((one.step, one.due_rule) for one in self.story.timeline)
        counted = {(step, self.law_of(rule)) for step, rule in rules if rule is not None and rule.from_ == event.label}
        return {
            time.spec.from_
            for name in {run.definition_hash for run in self.state.runs.values()}
            for step in self.engine.definitions[name].steps.values()
            for time in step.times
            if (step.spec.uses, time.spec.law) in counted
        }

    def _has_done(self, event: StoryEvent, step: Step) -> bool:
        """Whether the system has done by itself what an event tells of, and no other event has told of it."""
        is_done = step.automatic and step.status is StepStatus.ENDED and step.id not in self.done
        return is_done and step.uses == event.step and event.due_rule is None

    def _is_told_otherwise(self, event: StoryEvent, step: Step) -> bool:
        """Whether an event can only tell of a step, if with another limit: nothing else of its type can count so."""
        if event.step != step.uses or event.due_rule is None or step.added is not None:
            return False
        compiled = self.workflow_of(step)
        others = (one for key, one in compiled.steps.items() if one.spec.uses == step.uses and key != step.key)
        return not any(self._can_count(compiled, other, event) for other in others)

    def _is_about_any(self, events: list[StoryEvent], step: Step) -> bool:
        return any(self._is_about(one, step) for one in events)

    def _is_about(self, event: StoryEvent, step: Step) -> bool:
        """Whether an event tells of a step: one of its type, with the limit and the start that it names, if any.

        A step of the same type that counts from something else is another one, such as the safety plan of the family
        beside that of the person.
        """
        if step.uses != event.step or (step.uses == "reporting.intake" and not self.story.is_report(event)):
            return False
        rule, deadline = event.due_rule, self.deadline_of(step)
        if rule is None or deadline is None:
            return rule is None
        if not self._is_same_limit(deadline, rule):
            return False
        started = self.story.instant_of(rule.from_)
        return started is None or deadline.started_at == started.astimezone(UTC)

    def _is_same_limit(self, deadline: Deadline, rule: DueRule) -> bool:
        law = self.law_of(rule)
        if law is not None or deadline.law is not None:
            return deadline.law == law
        return _length(deadline.limit) == _length(rule.limit)


def _length(limit: str) -> tuple[str, int, int, int]:
    """Return what a limit comes to: `P7D` and `PT168H` are the same, `P1M` and `P30D` are not."""
    read = TimeLimit.parse(limit)
    return read.counting.value, read.months, read.days, read.seconds
