"""What a pillar offers: step types that a person answers, and step types that a machine does."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ConfigDict

from engine.language.catalogue import FollowUp
from engine.plugin.answers import Form, read_answers
from engine.plugin.context import (
    Appointment,
    Completed,
    Computed,
    Concluded,
    Document,
    Law,
    Outcome,
    Prepared,
    Scalar,
    StepContext,
)
from engine.plugin.fields import FieldSpec, OutputKind, specs_of
from engine.plugin.kinds import FieldKind


class StepKind(StrEnum):
    """How a step ends: by a person's answer, by a function, or by an event that is waited for."""

    ASKED = "asked"
    AUTOMATIC = "automatic"


class NoSettings(BaseModel):
    """The settings of a step type that has none: every key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Prepare = Callable[[StepContext], Prepared]


Conclude = Callable[[StepContext], Concluded]


Automatic = Callable[[StepContext], Completed]


AppointmentOf = Callable[[StepContext], Appointment | None]


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """An output that workflows may decide on: never an identifying or sensitive value."""

    kind: OutputKind
    choices: tuple[str, ...] = ()
    default: Scalar | None = None


Output = OutputSpec | type[bool | int | datetime] | bool | int | tuple[str, ...]


_KINDS: Mapping[type, OutputKind] = {
    bool: OutputKind.BOOL, int: OutputKind.NUMBER, datetime: OutputKind.INSTANT,
}  # fmt: skip


BECAUSE: Final = "because"
"""The output that says which of the reasons that a step type declares was chosen."""
NO_REASON: Final = "none"
COUNTED_AS: Final = ("rescued", "returned", "paid", "visited")
"""What a step that is done can say of a survivor for published numbers; a visit counts 11 months after the return."""
AForm = TypeVar("AForm", bound=Form)


@dataclass(frozen=True, slots=True)
class StepType:
    """One step type of a pillar. Its key never changes; a pillar may only add to it."""

    key: str
    title: str
    doc: str
    kind: StepKind
    roles: tuple[str, ...] = ()
    form: type[Form] | None = None
    outcomes: tuple[Outcome, ...] = tuple(Outcome)
    outputs: Mapping[str, OutputSpec] = attribute(default_factory=dict)
    documents: tuple[Document, ...] = ()
    time_limit: str | Law | None = None
    settings: type[BaseModel] = NoSettings
    prepare: Prepare | None = None
    conclude: Conclude | None = None
    run: Automatic | None = None
    retries: int = 3
    retry_delay: str = "PT5S"
    timeout: str = "PT1M"
    reads: tuple[str, ...] = ()
    appointment: AppointmentOf | None = None
    stays_with: tuple[str, ...] = ()
    takes_statement: bool = False
    counts_as: str = ""
    consent: str = ""
    computes: Mapping[str, OutputSpec] = attribute(default_factory=dict)
    follow_ups: Mapping[str, FollowUp] = attribute(default_factory=dict)
    reasons: Mapping[Outcome, Mapping[str, str]] = attribute(default_factory=dict)

    @property
    def purpose(self) -> str:
        """What the step is for: the first paragraph of its docstring, on one line."""
        return " ".join(self.doc.split("\n\n")[0].split())

    @property
    def pillar(self) -> str:
        """The pillar that offers this step type."""
        return self.key.partition(".")[0]

    @property
    def history(self) -> tuple[str, ...]:
        """The step types of which it needs all earlier answers, and not the latest alone."""
        return tuple(name for name in self.reads if "." in name)

    @property
    def compares(self) -> bool:
        """Whether it asks for `similar_persons`, which costs a look at every person of the unit."""
        return "similar_persons" in self.reads

    @property
    def seeks_partner(self) -> bool:
        """Whether it asks for the directory of partners."""
        return "partners" in self.reads

    @property
    def knows_everybody(self) -> bool:
        """Whether it is given the other survivors too where it is done for one person."""
        return "everybody" in self.reads

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of its form, in order; none for an automatic step."""
        return specs_of(self.form) if self.form else ()

    @property
    def moments(self) -> tuple[str, ...]:
        """The questions of its form that are answered with a day or an instant."""
        return tuple(spec.name for spec in self.fields if spec.kind in {FieldKind.DATE, FieldKind.DATETIME})

    def told_to_follow_ups(self, answers: Mapping[str, Any], computed: Mapping[str, Computed]) -> dict[str, Computed]:
        """Return what the follow-ups of a step are worked out from, beside its outputs."""
        known = read_answers(self.form, answers) if self.form else None
        told = {name: getattr(known, name) for name in self.moments if hasattr(known, name)}
        return told | {name: value for name, value in computed.items() if name in self.computes}

    @property
    def event_time_field(self) -> str | None:
        """The field that says when the step happened, if the form has one."""
        return next((spec.name for spec in self.fields if spec.event_time), None)

    @property
    def contract_hash(self) -> str:
        """A hash of what a published workflow relies on: form, outcomes and outputs."""
        contract = {
            "key": self.key,
            "kind": self.kind,
            "fields": [
                [spec.name, spec.kind, spec.required, spec.sensitivity, sorted(spec.choices)] for spec in self.fields
            ],
            "outcomes": sorted(self.outcomes),
            "outputs": {name: [spec.kind, sorted(spec.choices)] for name, spec in sorted(self.outputs.items())},
        }
        return hashlib.sha256(json.dumps(contract, sort_keys=True).encode()).hexdigest()


class _AskedParts:
    Appointment: TypeAlias = Appointment


class Asked(_AskedParts, Generic[AForm]):
    """A step type that a person answers: a class for each, with the form between the brackets.

    `key` never changes; `roles` are the candidate roles in order of preference; `time_limit` is an ISO 8601 duration or
    a `Law`. `reads` names what it is given beyond the latest answers: step types of which it needs all earlier ones,
    `similar_persons`, which costs a look at every person of the unit, `partners`, the directory, or `everybody`, the
    other survivors too where it is done for one person: only to keep their names out of a text, so it makes no paper.
    Who did such a step last is proposed for the next one; `stays_with` names the step types whose doer is proposed
    where nobody did, the best first. `takes_statement` says that somebody is heard: of whoever is victim and suspect
    only after a lawyer's note, and what they said is not sent on. `counts_as` names what became of a survivor when it
    is done, one of `COUNTED_AS`, for published numbers. `follow_ups` are the steps that its answer brings, by
    name; `computes` declares, like outputs, what `conclude` works out for their conditions and moments alone. `reasons`
    are offered, by outcome, where the step cannot be done: each a code, on which workflows decide as `step.because`,
    and its words.
    """

    step_type: ClassVar[StepType]

    def __init_subclass__(
        cls,
        *,
        key: str,
        title: str,
        roles: tuple[str, ...],
        stays_with: tuple[str, ...] = (),
        documents: tuple[Document, ...] = (),
        time_limit: str | Law | None = None,
        settings: type[BaseModel] = NoSettings,
        reads: tuple[str, ...] = (),
        takes_statement: bool = False,
        counts_as: str = "",
        computes: Mapping[str, Output] | None = None,
        follow_ups: Mapping[str, FollowUp] | None = None,
        reasons: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Declare the step type of a class."""
        super().__init_subclass__()
        form, step = _form_of(cls), cls()
        cls.step_type = asked_of(
            form, key=key, title=title, roles=roles, documents=documents, time_limit=time_limit, settings=settings,
            stays_with=stays_with, reads=reads, takes_statement=takes_statement, counts_as=counts_as,
            prepare=step.prepare,
            reasons={Outcome(outcome): dict(codes) for outcome, codes in (reasons or {}).items()},
            computes={name: _declared(kind) for name, kind in (computes or {}).items()}, follow_ups=follow_ups or {},
            conclude=lambda context: step.conclude(read_answers(form, context.answers), context),
            appointment=None if cls.appointment is Asked.appointment else step.appointment,
        )  # fmt: skip

    def prepare(self, context: StepContext) -> Prepared:  # noqa: ARG002 - for those that propose something
        """Return what is proposed when the step opens: answers to confirm, and notes."""
        return Prepared()

    def conclude(self, answers: AForm, context: StepContext) -> Concluded:  # noqa: ARG002 - as above
        """Return what follows from the answers when the step was done."""
        return Concluded()

    def appointment(self, context: StepContext) -> Appointment | None:  # noqa: ARG002 - as above
        """Return when and where somebody must be while the step is open: its doers get that for their calendar."""
        return None


def _form_of(step: type[Asked[AForm]]) -> type[AForm]:
    form: type[AForm]
    (form,) = (get_args(base)[0] for base in getattr(step, "__orig_bases__", ()) if get_args(base))
    return form


def asked_of(form: type[Form], *, key: str, title: str, roles: tuple[str, ...], **more: Any) -> StepType:  # noqa: ANN401
    """Return the step type of a form; its outputs and the question for consent are read from the form."""
    at_once = {name: one for spec in specs_of(form) for name, one in spec.opens.items()}
    return StepType(
        key=key, title=title, doc=(form.__doc__ or "").strip(), kind=StepKind.ASKED, roles=roles, form=form,
        follow_ups={**at_once, **(more.pop("follow_ups", None) or {})},
        outputs=_outputs_of(form) | _because(more.get("reasons") or {}),
        consent=next((one.name for one in specs_of(form) if one.asks_consent), ""), **more,
    )  # fmt: skip


def _because(reasons: Mapping[Outcome, Mapping[str, str]]) -> dict[str, OutputSpec]:
    """Return the output of a step that declares reasons: the one that was chosen, `none` where none was."""
    codes = dict.fromkeys(code for offered in reasons.values() for code in offered)
    return {BECAUSE: OutputSpec(OutputKind.CHOICE, (*codes, NO_REASON), NO_REASON)} if codes else {}


def _outputs_of(form: type[Form]) -> dict[str, OutputSpec]:
    return {
        spec.name: OutputSpec(spec.output, tuple(spec.choices), _default(spec.default))
        for spec in specs_of(form)
        if spec.output is not None
    }


def automatic(
    key: str,
    *,
    title: str,
    outputs: Mapping[str, Output] | None = None,
    documents: tuple[Document, ...] = (),
    retries: int = 3,
    retry_delay: str = "PT5S",
    timeout: str = "PT1M",
    time_limit: str | Law | None = None,
    settings: type[BaseModel] = NoSettings,
    reads: tuple[str, ...] = (),
    computes: Mapping[str, Output] | None = None,
    follow_ups: Mapping[str, FollowUp] | None = None,
) -> Callable[[Automatic], StepType]:
    """Declare a step type that a machine does; the decorated function's docstring says what it is for.

    `outputs` says of each output what it is: `bool`, `int` or `datetime`, a value that it has by default, or the
    choices as a tuple of words. `retry_delay` and `timeout` are ISO 8601 durations. The function may be called again
    after a crash, so its effects must be the same the second time.
    """

    def declare(function: Automatic) -> StepType:
        return StepType(
            key=key, title=title, doc=(function.__doc__ or "").strip(), kind=StepKind.AUTOMATIC,
            outputs={name: _declared(output) for name, output in (outputs or {}).items()}, documents=documents,
            retries=retries, retry_delay=retry_delay, timeout=timeout, time_limit=time_limit,
            settings=settings, run=function, reads=reads, follow_ups=follow_ups or {},
            computes={name: _declared(output) for name, output in (computes or {}).items()},
        )  # fmt: skip

    return declare


def _declared(output: Output) -> OutputSpec:
    match output:
        case OutputSpec():
            return output
        case tuple():
            return OutputSpec(OutputKind.CHOICE, output)
        case type():
            return OutputSpec(_KINDS[output])
    return OutputSpec(_KINDS[type(output)], default=output)


def _default(value: object) -> Scalar | None:
    return value if isinstance(value, str | bool | int | float | datetime) else None
