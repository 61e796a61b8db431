"""What may be asked of a case: each command leads to events, or is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from engine.core.records import (
    AddedStep,
    CallEnd,
    CallOutcome,
    DelayOwner,
    Origin,
    PersonRole,
    RoleStatus,
    Scalar,
    StepInterval,
)


@dataclass(frozen=True, slots=True)
class StartRun:
    """Begin a passage through a definition. `started_at` is when the start event happened (UTC)."""

    run_id: UUID
    definition_hash: str
    started_at: datetime
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class CompleteStep:
    """End a step. `happened_at` is when it happened, not when it is told; `outputs` are its open answers."""

    step_id: UUID
    outcome: str
    happened_at: datetime
    outputs: Mapping[str, Scalar] = field(default_factory=dict)
    facts: Mapping[str, Scalar] = field(default_factory=dict)
    intervals: tuple[StepInterval, ...] = ()
    by: UUID | None = None
    answers_hash: str = ""
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class ApproveStep:
    """Approve what was answered, or send it back."""

    step_id: UUID
    approved: bool
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class AddStep:
    """Add a step that the workflow did not foresee, or call a discretionary one of the workflow by its key."""

    run_id: UUID
    key: str
    added: AddedStep | None = None
    path: str = ""
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Following:
    """A follow-up as it is worked out for one case: a step that is to be done later, or that is over.

    Instants are aware, in UTC: it opens at `opens_at` (left out: at once) and is due at `due_at`, or a limit of the
    `law` says how long, counted from `from_at`. One that `is_over` only calls the earlier one off; of one that
    `is_one_of_several` there is one for each value of an answer.
    """

    name: str
    uses: str = ""
    title: str = ""
    opens_at: datetime | None = None
    due_at: datetime | None = None
    law: str = ""
    from_at: datetime | None = None
    ladder: str = "standard"
    roles: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    is_over: bool = False
    once: bool = False
    is_one_of_several: bool = False
    automatic: bool = False
    origin: Origin | None = None


Told = bool | int | float | str | datetime | date | None


@dataclass(frozen=True, slots=True)
class BringFollowUps:
    """Bring the follow-ups of a step that was done: those that its definition declares.

    `told` are its moments and what its type computed, by name. A case that is closed is opened again for what cannot
    wait, unless it is `shut`. With `at_once` come those alone that come with an answer, whether or not the step is
    done; where `told` marks what it was said of (`{step}`), such as a file, those of any step type.
    """

    step_id: UUID
    told: Mapping[str, Told] = field(default_factory=dict)
    shut: bool = False
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class CancelStep:
    """Call a step off before it ends."""

    step_id: UUID
    reason_code: str


@dataclass(frozen=True, slots=True)
class RecordFact:
    """Say that a fact is so."""

    name: str
    value: Scalar
    source: str = ""


@dataclass(frozen=True, slots=True)
class RecordInterval:
    """Record, begin or end a stretch of time that a limit may leave out."""

    interval: StepInterval


@dataclass(frozen=True, slots=True)
class AddPerson:
    """Bring a person into the case."""

    person_id: UUID
    role: PersonRole


@dataclass(frozen=True, slots=True)
class RemovePerson:
    """Take a person out of the case in one role."""

    person_id: UUID
    role: PersonRole


@dataclass(frozen=True, slots=True)
class ChangePersonRole:
    """Say what a person is in the case now, how sure that is, and from which day until which."""

    person_id: UUID
    role: PersonRole
    to_role: PersonRole
    status: RoleStatus = RoleStatus.STATED
    from_on: date | None = None
    until_on: date | None = None
    reason_code: str = ""


@dataclass(frozen=True, slots=True)
class MergeCase:
    """Make the case a stub of another one; with `rests`, nothing of it goes on until it is unmerged."""

    into: UUID
    rests: bool
    reason_code: str


@dataclass(frozen=True, slots=True)
class UnmergeCase:
    """Let a case that was merged be a case of its own again."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class FireDeadline:
    """Do what is due of a deadline: warn, breach, raise levels, open a scheduled step."""

    deadline_id: UUID


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say that an escalation has been seen."""

    deadline_id: UUID
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class MissLevel:
    """Say that nobody could be told of a level that was raised, and why: the next one comes at once."""

    deadline_id: UUID
    level: int
    round: int
    reason_code: str


@dataclass(frozen=True, slots=True)
class AskCalls:
    """Ask, by a level that was raised, that people of the network, or a body outside it, are rung."""

    deadline_id: UUID
    level: int
    round: int
    actor_ids: tuple[UUID, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class NoteCall:
    """Say that someone was rung about a step, when, and what came of it; `has_words` when what was said is kept."""

    step_id: UUID
    call_id: UUID
    outcome: CallOutcome
    at: datetime
    by: UUID | None = None
    has_words: bool = False


@dataclass(frozen=True, slots=True)
class EndCalls:
    """Say that an actor need not be rung any more, about one step or about the whole case."""

    actor_id: UUID
    ended: CallEnd
    step_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PauseDeadline:
    """Let a limit of the programme stand still from now until an instant (UTC), at which it goes on by itself."""

    deadline_id: UUID
    until: datetime
    reason_code: str
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class ResumeDeadline:
    """Let a limit go on before its pause is over."""

    deadline_id: UUID
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class AskExtension:
    """Ask for more time (`P3D`, in any counting mode); it counts once a second person approves."""

    deadline_id: UUID
    more: str
    reason_code: str
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class AnswerExtension:
    """Approve or refuse the extension that somebody else has asked for."""

    deadline_id: UUID
    approved: bool
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class NameDelayOwner:
    """Say whose delay it is that a limit is not kept."""

    deadline_id: UUID
    owner: DelayOwner
    by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Recount:
    """Count every open deadline again, since a limit, a calendar or a ladder has changed; `cause` names it."""

    cause: str = ""


@dataclass(frozen=True, slots=True)
class MoveRun:
    """Let a run go on by another definition, keeping what was done; `cancels` open steps that are not in it."""

    run_id: UUID
    definition_hash: str
    cancels: bool = True


@dataclass(frozen=True, slots=True)
class AbortRun:
    """End a run before its steps are settled."""

    run_id: UUID
    reason_code: str


@dataclass(frozen=True, slots=True)
class CloseCase:
    """End the case before its steps are settled: what is open is called off, with the reason."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class ReopenCase:
    """Go on with a closed case."""

    reason_code: str


Command = (
    StartRun
    | CompleteStep
    | ApproveStep
    | AddStep
    | BringFollowUps
    | CancelStep
    | RecordFact
    | RecordInterval
    | AddPerson
    | RemovePerson
    | ChangePersonRole
    | MergeCase
    | UnmergeCase
    | FireDeadline
    | Acknowledge
    | MissLevel
    | AskCalls
    | NoteCall
    | EndCalls
    | PauseDeadline
    | ResumeDeadline
    | AskExtension
    | AnswerExtension
    | NameDelayOwner
    | Recount
    | MoveRun
    | AbortRun
    | CloseCase
    | ReopenCase
)
