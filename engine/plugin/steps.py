"""What a pillar offers: step types that a person answers, and step types that a machine does."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_core import CoreSchema, PydanticKnownError

from engine.plugin.appointments import Appointment
from engine.plugin.fields import NOT_KNOWN, FieldSpec, OutputKind, asks_yes_or_no, specs_of
from engine.plugin.laws import LawTime
from engine.plugin.told import PartnerOffer, PartnerTold, PersonTold
from engine.plugin.watches import Watch

Scalar = str | bool | int | float | datetime
JsonAnswer = str | bool | int | float | list[object] | dict[str, object] | None


class Outcome(StrEnum):
    """How a step can end; a person's own will is an outcome like any other."""

    DONE = "done"
    REFUSED_BY_PERSON = "refused_by_person"
    NOT_NEEDED = "not_needed"
    BLOCKED_BY_OTHER_BODY = "blocked_by_other_body"


class StepKind(StrEnum):
    """How a step ends: by a person's answer, by a function, or by an event that is waited for."""

    ASKED = "asked"
    AUTOMATIC = "automatic"


class Form(BaseModel):
    """The base of every form; the first line of its docstring tells the caseworker what the step is for.

    Every yes-or-no question takes *Not known* as well, which rules see as None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _take_not_known(cls, value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if value not in (None, NOT_KNOWN) or not asks_yes_or_no(field):
            return validate(value)
        if value is None and field.is_required():
            raise PydanticKnownError("missing")
        return None

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the form, in which every yes-or-no question takes *Not known*."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        for name, field in cls.model_fields.items():
            asked = schema["properties"].get(field.alias or name)
            if asked is not None and asks_yes_or_no(field):
                left_out = [] if field.is_required() else [{"type": "null"}]
                asked.pop("type", None)
                asked["anyOf"] = [{"type": "boolean"}, {"const": str(NOT_KNOWN)}, *left_out]
        return schema


class NoSettings(BaseModel):
    """The settings of a step type that has none: every key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Law:
    """Names a time limit of a law pack as the default limit of a step type."""

    limit_id: str


@dataclass(frozen=True, slots=True)
class Document:
    """A paper that a step makes from `templates/documents/<name>.html`, before it is answered or after.

    One that `leaves` is for a body outside the network, and says that it must not go until a named person has released
    it. One that does not is for the work with the person: a slip, a consent to sign, a plan.
    """

    name: str
    title: str
    on: str = "conclude"
    leaves: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """A person in another case that may be the same: only whom to ask is told, never what they know."""

    owning_unit: str
    contact: str
    kind: str
    score: int


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person of the case, as far as the step may know them.

    `home` is a village or part of town and, after a comma, the district.
    """

    id: UUID
    role: str
    name: str
    aliases: tuple[str, ...]
    phone: str
    age: int | None
    parents: tuple[str, ...] = ()
    home: str = ""


class StepContext(Protocol):
    """What a pillar's function is given. All instants are aware, in UTC; `zone` is the unit's IANA zone."""

    @property
    def case_number(self) -> str: ...  # noqa: D102 - named by itself
    @property
    def step_id(self) -> UUID:
        """The id of this step: it names a watch, or a later step, that is about what this one tells of."""
        ...

    @property
    def step_key(self) -> str: ...  # noqa: D102
    @property
    def step_type(self) -> str: ...  # noqa: D102
    @property
    def now(self) -> datetime: ...  # noqa: D102
    @property
    def zone(self) -> str: ...  # noqa: D102
    @property
    def jurisdiction(self) -> str: ...  # noqa: D102
    @property
    def settings(self) -> BaseModel: ...  # noqa: D102
    @property
    def remaining(self) -> timedelta:
        """The time that is left before the step is given up; pass it to every call that can block."""
        ...

    @property
    def answers(self) -> Mapping[str, JsonAnswer]:
        """The answers of this step, all classes; empty while it is being prepared."""
        ...

    def earlier(self, step_type: str) -> Mapping[str, JsonAnswer]:
        """Give the answers of the latest step of a type that was done; empty if there is none.

        Of a step that is done for one person, those of the same person, or of the case as a whole.
        """
        ...

    def all_earlier(self, step_type: str) -> tuple[Mapping[str, JsonAnswer], ...]:
        """Give the answers of all steps of a type that were done, of those its type has in its `history`, oldest first.

        A step that is done for one person is given those of other people only if its type `knows_everybody`.
        """
        ...

    def answers_of(self, step_id: UUID) -> Mapping[str, JsonAnswer]:
        """Give the answers of one of these steps by its id; empty if there is none."""
        ...

    @property
    def persons(self) -> tuple[PersonView, ...]:
        """The persons of this case.

        For a step that is done for one person, without the other survivors, unless its type `knows_everybody`.
        """
        ...

    def similar_persons(self) -> tuple[Match, ...]:
        """Find persons of other cases of the same unit that may be the same as one of this case.

        Nobody is found for a step type that does not say that it `compares`.
        """
        ...

    def partners(self) -> tuple[PartnerOffer, ...]:
        """Give the directory of partners, those with free places first; empty unless the type `seeks_partner`."""
        ...

    def law(self, limit_id: str, option: str = "") -> LawTime | None:
        """Give the time of a limit of the law, or of one of its options, in the version that counts for this case.

        It is read as of now, with the offence, ages and sexes that the case has told. An option that this version lacks
        has its usual length. None when no pack of law has the limit, or it is known not to apply.
        """
        ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparing a step proposes: answers to confirm, and notes for the caseworker (never names)."""

    prefill: Mapping[str, JsonAnswer] = attribute(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """What a person, or who decides for them, has agreed to in a step: it goes into the ledger of consents.

    `kind` is consent, assent, guardian, committee or court; `recipients` are kinds of body, and `parts` those of a case
    that the ledger knows: case_summary, name, age_and_sex, contact, photo, home_address, language, risks, health_needs,
    family, police_papers, court_papers. A code that it does not know shares nothing. `valid_until` is a day in the zone
    of the case, the last one. `read_aloud` is None where nobody knows.
    """

    kind: str
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    parts: tuple[str, ...]
    valid_until: date | None
    language: str = ""
    read_aloud: bool | None = None
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Concluded:
    """What follows from the answers beyond the workflow: facts, dates to watch, and a consent for the ledger."""

    facts: Mapping[str, Scalar] = attribute(default_factory=dict)
    notes: tuple[str, ...] = ()
    consent: ConsentGiven | None = None
    watches: tuple[Watch, ...] = ()
    persons: tuple[PersonTold, ...] = ()
    partner: PartnerTold | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """What an automatic step found: its outputs, facts, notes for the case page (never names), dates to watch."""

    outputs: Mapping[str, Scalar] = attribute(default_factory=dict)
    facts: Mapping[str, Scalar] = attribute(default_factory=dict)
    matches: tuple[Match, ...] = ()
    notes: tuple[str, ...] = ()
    outcome: Outcome = Outcome.DONE
    watches: tuple[Watch, ...] = ()


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
    history: tuple[str, ...] = ()
    compares: bool = False
    seeks_partner: bool = False
    knows_everybody: bool = False
    appointment: AppointmentOf | None = None
    stays_with: tuple[str, ...] = ()
    takes_statement: bool = False
    consent: str = ""

    @property
    def pillar(self) -> str:
        """The pillar that offers this step type."""
        return self.key.partition(".")[0]

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """The fields of its form, in order; none for an automatic step."""
        return specs_of(self.form) if self.form else ()

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


def ask(
    key: str,
    *,
    title: str,
    form: type[Form],
    roles: tuple[str, ...],
    documents: tuple[Document, ...] = (),
    time_limit: str | Law | None = None,
    prepare: Prepare | None = None,
    conclude: Conclude | None = None,
    outcomes: tuple[Outcome, ...] = tuple(Outcome),
    settings: type[BaseModel] = NoSettings,
    history: tuple[str, ...] = (),
    compares: bool = False,
    seeks_partner: bool = False,
    knows_everybody: bool = False,
    appointment: AppointmentOf | None = None,
    stays_with: tuple[str, ...] = (),
    takes_statement: bool = False,
    consent: str = "",
) -> StepType:
    """Declare a step type that a person answers.

    `time_limit` is an ISO 8601 duration or a `Law`; `roles` are the candidate roles in order of preference; `history`
    names the step types of which it needs all earlier answers and not the latest alone; `compares` says that it asks
    for `similar_persons`, which costs a look at every person of the unit; `seeks_partner` that it
    asks for the directory; `knows_everybody` that it is given the other survivors too where it is done for one person:
    only to keep their names out of a text, so it makes no paper. `appointment` says, while the step is open,
    when and where somebody must be: its doers get that for their calendar. Who did such a step last is proposed for
    the next one; `stays_with` names the step types whose doer is proposed where nobody did, the best first.
    `takes_statement` says that somebody is heard: of whoever is victim and suspect only after a lawyer's note, and what
    they said is not sent on. `consent` names the question by which who tells something allows that it is written down:
    after a no only the answers that are `kept_anyway` are taken, and the others are neither demanded nor stored.
    """
    outputs = {
        spec.name: OutputSpec(spec.output, tuple(spec.choices), _default(spec.default))
        for spec in specs_of(form)
        if spec.output is not None
    }
    return StepType(
        key=key, title=title, doc=(form.__doc__ or "").strip(), kind=StepKind.ASKED, roles=roles, form=form,
        outcomes=outcomes, outputs=outputs, documents=documents, time_limit=time_limit, settings=settings,
        prepare=prepare, conclude=conclude, history=history, compares=compares, seeks_partner=seeks_partner,
        knows_everybody=knows_everybody, appointment=appointment, stays_with=stays_with,
        takes_statement=takes_statement, consent=consent,
    )  # fmt: skip


def automatic(
    key: str,
    *,
    title: str,
    outputs: Mapping[str, OutputSpec] | None = None,
    documents: tuple[Document, ...] = (),
    retries: int = 3,
    retry_delay: str = "PT5S",
    timeout: str = "PT1M",
    time_limit: str | Law | None = None,
    settings: type[BaseModel] = NoSettings,
    history: tuple[str, ...] = (),
    compares: bool = False,
    seeks_partner: bool = False,
    knows_everybody: bool = False,
) -> Callable[[Automatic], StepType]:
    """Declare a step type that a machine does; the decorated function's docstring says what it is for.

    `retry_delay` and `timeout` are ISO 8601 durations. The function may be called again after a crash, so its effects
    must be the same the second time.
    """

    def declare(function: Automatic) -> StepType:
        return StepType(
            key=key, title=title, doc=(function.__doc__ or "").strip(), kind=StepKind.AUTOMATIC, outputs=outputs or {},
            documents=documents, retries=retries, retry_delay=retry_delay, timeout=timeout, time_limit=time_limit,
            settings=settings, run=function, history=history, compares=compares, seeks_partner=seeks_partner,
            knows_everybody=knows_everybody,
        )  # fmt: skip

    return declare


def _default(value: object) -> Scalar | None:
    return value if isinstance(value, str | bool | int | float | datetime) else None
