"""The past-tense facts of a case: what commands lead to, and all that its state is made of."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field, TypeAdapter

from engine.core.records import (
    CallEnd,
    CallOutcome,
    Case,
    CasePerson,
    Deadline,
    Record,
    Run,
    Scalar,
    Step,
    StepInterval,
)


class CaseOpened(Record):
    """A report became a case; `report` holds its open answers only."""

    type: Literal["CaseOpened"] = "CaseOpened"
    case: Case
    report: dict[str, Scalar]


class CaseClosed(Record):
    """Nothing is open any more; with a reason, somebody called off what was."""

    type: Literal["CaseClosed"] = "CaseClosed"
    at: datetime
    reason_code: str = ""


class CaseReopened(Record):
    """A closed case goes on."""

    type: Literal["CaseReopened"] = "CaseReopened"
    at: datetime
    reason_code: str


class PersonAdded(Record):
    """A person came into the case."""

    type: Literal["PersonAdded"] = "PersonAdded"
    person: CasePerson


class PersonRemoved(Record):
    """A person turned out not to belong to the case."""

    type: Literal["PersonRemoved"] = "PersonRemoved"
    person_id: UUID
    role: str
    at: datetime


class PersonRoleChanged(Record):
    """What a person is in the case changed, or how sure that is; `role` is what it was before."""

    type: Literal["PersonRoleChanged"] = "PersonRoleChanged"
    role: str
    person: CasePerson
    at: datetime
    reason_code: str = ""


class CaseMerged(Record):
    """The case became a stub: work goes on in another one."""

    type: Literal["CaseMerged"] = "CaseMerged"
    into: UUID
    rests: bool = False
    at: datetime
    reason_code: str


class CaseUnmerged(Record):
    """A stub became a case of its own again."""

    type: Literal["CaseUnmerged"] = "CaseUnmerged"
    was_into: UUID
    at: datetime
    reason_code: str


class RunStarted(Record):
    """The case began a passage through a definition."""

    type: Literal["RunStarted"] = "RunStarted"
    run: Run


class RunMoved(Record):
    """A run goes on by another definition; `before` is the content hash of the one that it had."""

    type: Literal["RunMoved"] = "RunMoved"
    run: Run
    before: str


class RunEnded(Record):
    """All steps of a run are settled, or the run was aborted."""

    type: Literal["RunEnded"] = "RunEnded"
    run_id: UUID
    aborted: bool = False
    at: datetime


class RunReopened(Record):
    """A run that was over goes on: a step was added to it."""

    type: Literal["RunReopened"] = "RunReopened"
    run_id: UUID
    at: datetime


class StepOpened(Record):
    """Somebody, or a machine, can work on a step now."""

    type: Literal["StepOpened"] = "StepOpened"
    step: Step


class StepHeld(Record):
    """A step could begin, but a gate is shut."""

    type: Literal["StepHeld"] = "StepHeld"
    step: Step


class StepScheduled(Record):
    """A step will open at an appointed time."""

    type: Literal["StepScheduled"] = "StepScheduled"
    step: Step


class StepSkipped(Record):
    """A step will not be done: its condition is false, or nothing leads to it."""

    type: Literal["StepSkipped"] = "StepSkipped"
    step: Step


class StepSubmitted(Record):
    """A step was answered and waits for the approval of a second person."""

    type: Literal["StepSubmitted"] = "StepSubmitted"
    step: Step


class StepReturned(Record):
    """The second person sent the step back."""

    type: Literal["StepReturned"] = "StepReturned"
    step: Step
    by: UUID | None = None


class StepEnded(Record):
    """A step ended with an outcome. `answers_hash` is over the sealed answers."""

    type: Literal["StepEnded"] = "StepEnded"
    step: Step
    answers_hash: str = ""
    reason_code: str = ""


class StepCancelled(Record):
    """A step was called off before it ended."""

    type: Literal["StepCancelled"] = "StepCancelled"
    step: Step
    reason_code: str = ""


class FactRecorded(Record):
    """A fact of the case became known or changed."""

    type: Literal["FactRecorded"] = "FactRecorded"
    name: str
    value: Scalar
    source: str = ""


class IntervalRecorded(Record):
    """A stretch of time that a limit may leave out was recorded on a step."""

    type: Literal["IntervalRecorded"] = "IntervalRecorded"
    interval: StepInterval


class DeadlineSet(Record):
    """A time limit began to run."""

    type: Literal["DeadlineSet"] = "DeadlineSet"
    deadline: Deadline


class DeadlineMoved(Record):
    """What a deadline depends on changed; `cause` names the change when it was none of the case itself."""

    type: Literal["DeadlineMoved"] = "DeadlineMoved"
    before: datetime
    deadline: Deadline
    cause: str = ""


class DeadlineWarned(Record):
    """A deadline comes near."""

    type: Literal["DeadlineWarned"] = "DeadlineWarned"
    deadline: Deadline
    firing: str
    planned_at: datetime


class DeadlineBreached(Record):
    """A deadline passed unmet, at the instant at which it was due, whenever that was discovered."""

    type: Literal["DeadlineBreached"] = "DeadlineBreached"
    deadline: Deadline


class LevelRaised(Record):
    """The next ones of the ladder are told."""

    type: Literal["LevelRaised"] = "LevelRaised"
    deadline: Deadline
    level: int
    round: int = 1
    planned_at: datetime


class LevelMissed(Record):
    """Nobody could be told of a level, for the reason given; the next one comes at once."""

    type: Literal["LevelMissed"] = "LevelMissed"
    deadline: Deadline
    level: int
    round: int = 1
    reason_code: str


class DeadlinePaused(Record):
    """A limit of the programme stands still until an instant."""

    type: Literal["DeadlinePaused"] = "DeadlinePaused"
    deadline: Deadline
    before: datetime
    by: UUID | None = None


class DeadlineResumed(Record):
    """A limit goes on before its pause was over."""

    type: Literal["DeadlineResumed"] = "DeadlineResumed"
    deadline: Deadline
    before: datetime
    by: UUID | None = None


class ExtensionAsked(Record):
    """Somebody asked for more time."""

    type: Literal["ExtensionAsked"] = "ExtensionAsked"
    deadline: Deadline
    by: UUID | None = None


class ExtensionAnswered(Record):
    """A second person gave more time, or refused it."""

    type: Literal["ExtensionAnswered"] = "ExtensionAnswered"
    deadline: Deadline
    before: datetime
    is_approved: bool
    by: UUID | None = None


class DelayOwnerNamed(Record):
    """It was said whose delay it is."""

    type: Literal["DelayOwnerNamed"] = "DelayOwnerNamed"
    deadline: Deadline
    by: UUID | None = None


class DeadlineAcknowledged(Record):
    """Somebody who was told said that they have seen it."""

    type: Literal["DeadlineAcknowledged"] = "DeadlineAcknowledged"
    deadline: Deadline
    by: UUID | None = None


class CallAsked(Record):
    """A level asked that someone is rung about what is late."""

    type: Literal["CallAsked"] = "CallAsked"
    deadline: Deadline
    call_id: UUID
    level: int
    round: int = 1


class CallMade(Record):
    """Someone rang about what is late; what was said is sealed beside the event."""

    type: Literal["CallMade"] = "CallMade"
    deadline: Deadline
    call_id: UUID
    outcome: CallOutcome
    by: UUID | None = None


class CallEnded(Record):
    """Someone need not be rung any more."""

    type: Literal["CallEnded"] = "CallEnded"
    deadline: Deadline
    call_id: UUID
    ended: CallEnd


class DeadlineEnded(Record):
    """A deadline was met, or its step needs it no more."""

    type: Literal["DeadlineEnded"] = "DeadlineEnded"
    deadline: Deadline


Event = Annotated[
    CaseOpened
    | CaseClosed
    | CaseReopened
    | PersonAdded
    | PersonRemoved
    | PersonRoleChanged
    | CaseMerged
    | CaseUnmerged
    | RunStarted
    | RunMoved
    | RunEnded
    | RunReopened
    | StepOpened
    | StepHeld
    | StepScheduled
    | StepSkipped
    | StepSubmitted
    | StepReturned
    | StepEnded
    | StepCancelled
    | FactRecorded
    | IntervalRecorded
    | DeadlineSet
    | DeadlineMoved
    | DeadlineWarned
    | DeadlineBreached
    | LevelRaised
    | LevelMissed
    | DeadlinePaused
    | DeadlineResumed
    | ExtensionAsked
    | ExtensionAnswered
    | DelayOwnerNamed
    | DeadlineAcknowledged
    | CallAsked
    | CallMade
    | CallEnded
    | DeadlineEnded,
    Field(discriminator="type"),
]

STEP_EVENTS = (StepOpened, StepHeld, StepScheduled, StepSkipped, StepSubmitted, StepReturned, StepEnded, StepCancelled)
DEADLINE_EVENTS = (
    DeadlineSet,
    DeadlineMoved,
    DeadlineWarned,
    DeadlineBreached,
    LevelRaised,
    LevelMissed,
    DeadlinePaused,
    DeadlineResumed,
    ExtensionAsked,
    ExtensionAnswered,
    DelayOwnerNamed,
    DeadlineAcknowledged,
    CallAsked,
    CallMade,
    CallEnded,
    DeadlineEnded,
)
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
EVENT_TYPES: frozenset[str] = frozenset(one.model_fields["type"].default for one in get_args(get_args(Event)[0]))
"""What the chain calls the events that change a record of a case; others stand between them."""
