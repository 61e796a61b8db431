"""A workflow definition: an immutable description of the steps of one kind of case."""

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from engine.language.catalogue import Changes, FollowUp, Output, StepCatalogue, ValueKind, changed
from engine.language.names import (
    AnswerName,
    ChoiceCode,
    ConditionText,
    Id,
    JurisdictionCode,
    Name,
    Sentence,
    StepTypeKey,
    as_tuple,
)

MOMENT: Final = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$"
"""What time starts from: a step, a fact, a named start, or the event time of a step."""


class SpecModel(BaseModel):
    """The base of every part of a definition: frozen, strict about keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Start(SpecModel):
    """What opens a run of this workflow."""

    on: Literal["report", "hand"] = "report"
    when: ConditionText | None = None


class JoinMode(StrEnum):
    """How many of the steps before must have ended."""

    ALL = "all"
    ANY = "any"
    N = "n"


class Join(SpecModel):
    """The steps that come before a step, and how many of them are waited for."""

    mode: JoinMode = JoinMode.ALL
    steps: tuple[Id, ...] = ()
    n: int = 0


def _as_join(value: Any) -> Any:  # noqa: ANN401 - runs before validation
    if isinstance(value, str):
        return {"mode": "all", "steps": (value,)}
    if isinstance(value, list | tuple):
        return {"mode": "all", "steps": tuple(value)}
    if isinstance(value, Mapping) and not {"mode", "steps"} & set(value):
        return _join_of_mapping(value)
    return value


def _join_of_mapping(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - runs before validation
    if set(value) == {"all"}:
        return {"mode": "all", "steps": value["all"]}
    if set(value) == {"any"}:
        return {"mode": "any", "steps": value["any"]}
    if set(value) == {"n", "of"}:
        return {"mode": "n", "steps": value["of"], "n": value["n"]}
    if set(value) <= {"also", "except"}:
        message = "this changes the list of steps that another file has here, and there is none: write [..]"
        raise ValueError(message)
    message = "write a step, a list of steps, {all: [..]}, {any: [..]} or {n: 2, of: [..]}"
    raise ValueError(message)


class Assign(SpecModel):
    """Who may claim the work item; `not` names steps whose assignee may not (four eyes).

    `unit` is a place whose calendar counts; `unit_from` names answers that say which: the first that is known.
    """

    role: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()
    not_: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = Field(default=(), alias="not")
    unit: JurisdictionCode | None = None
    unit_from: Annotated[tuple[AnswerName, ...], BeforeValidator(as_tuple)] = ()


class TimeSpec(SpecModel):
    """A time limit of a step: when it applies, what starts it, how long it is, who is told.

    `pause` and `extend` say for how long in all it may stand still, or be given more time; by default 30 days, and as
    long as the limit itself in at most two requests. A limit of the law allows neither.
    """

    when: ConditionText | None = None
    from_: str = Field(default="ready", alias="from", pattern=MOMENT)
    limit: str | None = None
    law: str | None = None
    option: str | None = None
    ladder: Name = "standard"
    warn: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    exclude: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()
    on_breach: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()
    pause: str | None = None
    extend: str | None = None


def _as_not_before(value: Any) -> Any:  # noqa: ANN401 - runs before validation
    if isinstance(value, str):
        return {"from" if re.fullmatch(MOMENT, value) else "wait": value}
    return value


class NotBefore(SpecModel):
    """The earliest moment at which a step opens: so long after a moment, by default after it could begin."""

    from_: str = Field(default="ready", alias="from", pattern=MOMENT)
    wait: str = "PT0S"


class StepRepeat(SpecModel):
    """Does a step again and again: every so often, so many times at most, until a condition holds.

    A list of waits says how long each further time comes after the one before it was to begin, and so how many there
    are: after `[P2M, P3M]` it is done three times. Each time has a limit of its own, from when it opens, unless all
    have the `same_limit`: that of the first, from where it began.
    """

    every: str | tuple[str, ...]
    times: int | None = Field(default=None, ge=1, le=500)
    until: ConditionText | None = None
    same_limit: bool = False

    @model_validator(mode="after")
    def _says_how_often(self) -> Self:
        if isinstance(self.every, str) == (self.times is None):
            message = 'write how many "times" beside one duration, or a list of waits without "times": [P2M, P3M]'
            raise ValueError(message)
        return self

    @property
    def rounds(self) -> int:
        """How many times at most the step is done."""
        return self.times or len(self.every) + 1

    @property
    def waits(self) -> tuple[str, ...]:
        """The waits between its times, each as it is written: one for all, or one after each but the last."""
        return (self.every,) if isinstance(self.every, str) else self.every


class Back(SpecModel):
    """Goes back to an earlier step while a condition holds, so many times at most: all in between is done again."""

    to: Id
    when: ConditionText
    times: int = Field(ge=1, le=50)


class Wait(SpecModel):
    """Waits for an event: ends by itself once a condition holds, or as blocked when its time is out.

    Where the event is an answer of a step, `event` names that step: the condition is asked of each answer of it, of
    earlier rounds too, so that it finds the one that belongs to what is waited for.
    """

    until: ConditionText
    event: Id | None = None
    time_out: str | None = None


class Cancel(SpecModel):
    """Calls steps off once a condition holds; for each that was done already, the step that undoes it opens."""

    when: ConditionText
    steps: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = Field(min_length=1)
    undo: Mapping[Id, Id] = Field(default_factory=dict)


class Attempts(SpecModel):
    """How often Prefect tries the automatic work of a step again, after which wait, and how long one try may take.

    What is left out is the step type's own.
    """

    retries: int | None = Field(default=None, ge=0, le=10)
    delay: str | None = None
    timeout: str | None = None


class ApprovalRule(SpecModel):
    """A second person must approve what was answered before the step ends."""

    role: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)]
    limit: str | None = None
    ladder: Name = "standard"


class Question(SpecModel):
    """A question that a coordinator adds to a step without code."""

    id: Id
    type: Literal["bool", "choice", "number", "text", "longtext", "date", "instant"]
    label: Sentence
    help: str = Field(default="", max_length=500)
    choices: Mapping[ChoiceCode, str] = Field(default_factory=dict)
    required: bool = False
    sensitivity: Literal["open", "sensitive", "identifying"] = "open"
    when: ConditionText | None = None


class StepSpec(SpecModel):
    """One step of a workflow."""

    uses: StepTypeKey
    title: Sentence | None = None
    help: str = Field(default="", max_length=1000)
    after: Annotated[Join, BeforeValidator(_as_join)] = Field(default_factory=Join)
    when: ConditionText | None = None
    assign: Assign = Field(default_factory=Assign)
    time: Annotated[tuple[TimeSpec, ...], BeforeValidator(as_tuple)] = ()
    for_each: Literal["case.victims", "case.suspects", "case.persons"] | None = None
    not_before: Annotated[NotBefore | None, BeforeValidator(_as_not_before)] = None
    repeat: StepRepeat | None = None
    discretionary: bool = False
    standing: bool = False
    back: Back | None = None
    wait: Wait | None = None
    approve: ApprovalRule | None = None
    attempts: Attempts | None = None
    questions: tuple[Question, ...] = ()
    sets: Mapping[Id, ConditionText] = Field(default_factory=dict)
    settings: Mapping[str, str | int | float | bool] = Field(default_factory=dict, alias="with")
    follow_ups: Changes = Field(default_factory=dict)


class Branch(SpecModel):
    """One way out of a choice."""

    when: ConditionText
    to: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)]


class Choice(SpecModel):
    """An exclusive choice: the first branch whose condition holds is taken, the default when none does."""

    after: Annotated[Join, BeforeValidator(_as_join)] = Field(default_factory=Join)
    branches: tuple[Branch, ...] = Field(min_length=1)
    default: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()


class Gate(SpecModel):
    """Holds steps until a condition is true, and says why."""

    holds: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)]
    until: ConditionText
    reason: Sentence


class FactSpec(SpecModel):
    """Something true of the whole case, which conditions may name."""

    type: ValueKind
    choices: tuple[Id, ...] = ()
    default: bool | int | float | str | None = None
    title: str = ""

    @property
    def output(self) -> Output:
        """The fact as conditions see it."""
        return Output(kind=self.type, choices=self.choices, default=self.default)


class NamedStart(SpecModel):
    """Steps of which the first that was not left out begins something: `after: safe`, `from: safe`."""

    any: tuple[Id, ...] = Field(min_length=1)


class Close(SpecModel):
    """When the run is over: all steps, and whether open deadlines hold it; or before, when a condition aborts it."""

    when: Literal["all"] = "all"
    unless: Literal["open_deadlines", "nothing"] = "open_deadlines"
    abort: ConditionText | None = None


class Part(SpecModel):
    """Another workflow as a part of this one: its steps stand here, their ids led by the name of the part."""

    workflow: Name
    after: Any = ()
    when: ConditionText | None = None
    for_each: Literal["case.victims", "case.suspects", "case.persons"] | None = None


class Workflow(SpecModel):
    """A workflow as one file says it, with everything inherited already merged in.

    `starts`, `conditions`, `parameters` and `parts` are short forms that were written out: no part of what is
    published. `follow_ups` are, by step type, those of steps that stand in no file: of steps that people, ladders or
    follow-ups add. One that `is_whole`, as what is published is, holds every follow-up: nothing more is taken from step
    types.
    """

    workflow: Name
    version: int = Field(ge=1, le=100_000)
    title: Sentence
    description: str = Field(default="", max_length=2000)
    case_type: Name = "trafficking"
    jurisdictions: tuple[JurisdictionCode, ...] = ()
    priority: int = Field(default=0, ge=0, le=1000)
    start: Start = Field(default_factory=Start)
    facts: Mapping[Id, FactSpec] = Field(default_factory=dict)
    parameters: Mapping[Id, str | int | float | bool] = Field(default_factory=dict, exclude=True)
    conditions: Mapping[Id, str] = Field(default_factory=dict, exclude=True)
    starts: Mapping[Id, NamedStart] = Field(default_factory=dict, exclude=True)
    parts: Mapping[Id, Part] = Field(default_factory=dict, exclude=True)
    steps: Mapping[Id, StepSpec] = Field(min_length=1)
    choices: Mapping[Id, Choice] = Field(default_factory=dict)
    gates: Mapping[Name, Gate] = Field(default_factory=dict)
    cancels: Mapping[Name, Cancel] = Field(default_factory=dict)
    close: Close = Field(default_factory=Close)
    follow_ups: Mapping[StepTypeKey, Changes] = Field(default_factory=dict)
    is_whole: bool = False

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the flattened definition: what a run is pinned to."""
        content = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def whole(workflow: Workflow, catalogue: StepCatalogue) -> Workflow:
    """Return a workflow as it is published: nothing more is taken from step types, whatever they declare later."""
    if workflow.is_whole:
        return workflow
    steps = {
        key: step.model_copy(update={"follow_ups": follow_ups_of(workflow, step, catalogue)})
        for key, step in workflow.steps.items()
    }
    by_type = follow_ups_by_type(workflow, catalogue)
    return workflow.model_copy(update={"steps": steps, "follow_ups": by_type, "is_whole": True})


def own_changes(flattened: Mapping[str, Any], catalogue: StepCatalogue) -> dict[str, Any]:
    """Return a published workflow without the follow-ups that are as their step types declare them.

    One that is declared and left out of it is null, as in a file.
    """
    plain = {key: value for key, value in flattened.items() if key not in {"follow_ups", "is_whole"}}
    if not flattened.get("is_whole"):
        return dict(flattened)
    by_type = {uses: _own(uses, said, catalogue) for uses, said in flattened.get("follow_ups", {}).items()}
    steps = {
        key: _without(step, _own(step["uses"], step.get("follow_ups", {}), catalogue))
        for key, step in plain["steps"].items()
    }
    return _without(plain | {"steps": steps}, {uses: said for uses, said in by_type.items() if said})


def _without(part: Mapping[str, Any], follow_ups: Mapping[str, Any]) -> dict[str, Any]:
    others = {key: value for key, value in part.items() if key != "follow_ups"}
    return others | ({"follow_ups": dict(follow_ups)} if follow_ups else {})


def _own(uses: str, said: Mapping[str, Any], catalogue: StepCatalogue) -> dict[str, Any]:
    info = catalogue.find(uses)
    known = info.follow_ups.items() if info else ()
    declared = {name: one.model_dump(mode="json", by_alias=True, exclude_defaults=True) for name, one in known}
    gone = dict.fromkeys(name for name, one in known if name not in said and not one.act)
    return {name: one for name, one in said.items() if declared.get(name) != one} | gone


def follow_ups_of(workflow: Workflow, step: StepSpec, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    """Return the follow-ups of a step of a workflow, by name; none that an act brings."""
    declared = {} if workflow.is_whole else _of_type(workflow, step.uses, catalogue)
    return changed({name: one for name, one in declared.items() if not one.act}, step.follow_ups)


def follow_ups_by_type(workflow: Workflow, catalogue: StepCatalogue) -> dict[str, dict[str, FollowUp]]:
    """Return the follow-ups of steps that stand in no file, by step type and name: anybody may add any step.

    What acts bring is among them, as declared where a workflow was published before it was.
    """
    every = dict.fromkeys((*catalogue.keys(), *workflow.follow_ups))
    if workflow.is_whole:
        found = {uses: changed(by_acts(uses, catalogue), workflow.follow_ups.get(uses, {})) for uses in every}
    else:
        found = {uses: _of_type(workflow, uses, catalogue) for uses in every}
    return {uses: declared for uses, declared in found.items() if declared}


def by_acts(uses: str, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    """Return the follow-ups of a step type that acts bring, as it declares them."""
    info = catalogue.find(uses)
    return {name: one for name, one in info.follow_ups.items() if one.act} if info else {}


def _of_type(workflow: Workflow, uses: str, catalogue: StepCatalogue) -> dict[str, FollowUp]:
    info = catalogue.find(uses)
    return changed(info.follow_ups if info else {}, workflow.follow_ups.get(uses, {}))
