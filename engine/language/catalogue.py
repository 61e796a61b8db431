"""What a definition needs to know of the installed step types, and the follow-ups that they declare."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.language.names import ConditionText, Id, Name, Sentence, StepTypeKey, as_tuple

NOW = "now"
"""What a follow-up counts from unless it says otherwise: the moment at which the step was concluded."""
THIS_STEP = "{step}"
"""What stands in a setting for the id of the step that brings the follow-up, and in `each` for one of each step."""
_HOW_LONG = frozenset({"limit", "law", "due"})


class FollowUp(BaseModel):
    """A step that the answer of another step brings. A workflow may change each part of it, by its name.

    It comes `when` a condition is true: of the step itself it asks as `this.output`, of its days (as their ends), of
    its outcome and of what its type computes too; of the case as `case.country` and `case.now`; of facts and other
    steps as other conditions do. Where it does not come, an earlier one stays, or ends with `otherwise: end`. One that
    comes takes the place of an earlier one of its name, or of the one that it `replaces`, for the same person, and ends
    those that `ends` names; one without `uses` only ends others. With `each` there is one for every value of an answer,
    such as one for each platform, or `{step}`: one for each step.

    It is due at a moment that the step tells (`due`: an instant, or the end of a day), or so long (`limit`), or by a
    limit of the `law`, after `from`. It opens at once; at a moment that the step tells (`opens`); so long before it is
    due (`opens_before`, days from the beginning of a day); or so long after `from` (`opens_after`). What the case sees
    to already is not added a second time: by the same limit of the law, or by a step of that type for that person that
    is open and has to be done in the same days. Of an act that is done `once`, such as a handover, a step that is open
    or waits is enough, whatever its limit. One that comes `at_once` comes with the answer itself, before the step is
    done, and also with one that is refused: what cannot wait.

    Where another body stands in the way of it, it comes again: it opens when half of the time is over that its own
    limit gives, `again_soonest` at the least and `again_latest` at the most. What has a ladder of its own presses: it
    has `again_soonest`. Without a limit it has `again_latest`.

    One that an `act` brings, which is told in words, comes with that act and not with an answer. Only the engine
    declares some, on the step type that they bring, by which a workflow names them: it changes `title`, `limit`,
    `ladder` and `roles`, and cannot leave them out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    uses: StepTypeKey | None = None
    title: Sentence | None = None
    when: ConditionText | None = None
    otherwise: Literal["keep", "end"] = "keep"
    replaces: Id | None = None
    ends: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()
    each: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,63}|\{step\})$")] | None = None
    from_: Id = Field(default=NOW, alias="from")
    limit: str | None = None
    law: str | None = None
    due: Id | None = None
    opens: Id | None = None
    opens_before: str | None = None
    opens_after: str | None = None
    ladder: Name = "standard"
    roles: Annotated[tuple[Id, ...], BeforeValidator(as_tuple)] = ()
    once: bool = False
    at_once: bool = False
    again_soonest: str = "P2D"
    again_latest: str = "P7D"
    act: Sentence | None = None
    settings: Mapping[str, str] = Field(default_factory=dict, alias="with")

    @property
    def moments(self) -> tuple[str, ...]:
        """Name the answers, or computed values, that it takes a moment from."""
        return tuple(name for name in (self.from_, self.due, self.opens) if name and name != NOW)


FollowUps = Mapping[str, FollowUp]
Changes = Mapping[Id, FollowUp | None]
"""What a workflow says of follow-ups, by name: another one, some parts of a declared one, or None: not here."""


def changed(declared: FollowUps, changes: Mapping[str, FollowUp | None]) -> dict[str, FollowUp]:
    """Return follow-ups with what a workflow changes of them; another length takes the place of the declared one.

    What an act brings is not left out.
    """
    found = dict(declared)
    for name, change in changes.items():
        before = found.pop(name, None)
        if change is None:
            found |= {name: before} if before is not None and before.act else {}
            continue
        said = {field: getattr(change, field) for field in change.model_fields_set}
        if before is not None:
            kept = {field: getattr(before, field) for field in before.model_fields_set}
            if _HOW_LONG & said.keys():
                kept = {field: value for field, value in kept.items() if field not in _HOW_LONG}
            said = kept | said
        found[name] = FollowUp(**said)
    return found


class ValueKind(StrEnum):
    """The types that outputs and facts may have."""

    CHOICE = "choice"
    BOOL = "bool"
    NUMBER = "number"
    INSTANT = "instant"


class Output(BaseModel):
    """One output of a step type or one fact of a case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ValueKind
    choices: tuple[str, ...] = ()
    default: bool | int | float | str | datetime | None = None


class StepTypeInfo(BaseModel):
    """One step type as definitions see it.

    `tells` names what its answers tell on which limits of the law depend, each with the choices it offers (none where
    anything may be written). `follow_ups` are the steps that its answer brings unless a workflow says otherwise, over
    its outputs, its `moments` (answers that are days or instants) and what it `computes` for them alone. `untold` names
    instants that nobody may know when it is done: not demanded, hidden, or answered with *Not known*; `not_known` all
    answers that can be that; `labels` its questions in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    title: str
    automatic: bool
    roles: tuple[str, ...]
    outcomes: tuple[str, ...]
    outputs: Mapping[str, Output]
    event_times: tuple[str, ...]
    event_time_field: str | None
    excluded_times: tuple[str, ...]
    field_names: tuple[str, ...]
    time_limit: str | None
    law_limit: str | None
    contract_hash: str
    contract: Mapping[str, Any] = {}
    tells: Mapping[str, tuple[str, ...]] = {}
    retries: int
    retry_delay: str
    timeout: str
    moments: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    not_known: tuple[str, ...] = ()
    labels: Mapping[str, str] = {}
    computes: Mapping[str, Output] = {}
    follow_ups: Mapping[str, FollowUp] = {}


class StepCatalogue(Protocol):
    """Looks step types up; the registry of pillars implements it."""

    def find(self, key: str) -> StepTypeInfo | None:
        """Return the step type, or None when no installed pillar has it."""
        ...

    def keys(self) -> tuple[str, ...]:
        """List every installed step type."""
        ...
