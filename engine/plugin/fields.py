"""What a form says of each of its questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypedDict, Union, Unpack, cast, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo

from engine.language.catalogue import FollowUp
from engine.language.names import RestrictedCategory, in_plain_words
from engine.plugin.kinds import (
    KINDS_NOT_KNOWN,
    NOT_KNOWN,
    FieldKind,
    KindMarker,
)


class Sensitivity(StrEnum):
    """How a field is shown: open ones to who reads the case, the others masked. All are kept encrypted."""

    OPEN = "open"
    NARRATIVE = "narrative"
    SENSITIVE = "sensitive"
    IDENTIFYING = "identifying"


class OutputKind(StrEnum):
    """The types that an output of a step or a fact may have."""

    CHOICE = "choice"
    BOOL = "bool"
    NUMBER = "number"
    INSTANT = "instant"


_OUTPUT_KINDS: Mapping[FieldKind, OutputKind] = {
    FieldKind.CHOICE: OutputKind.CHOICE,
    FieldKind.BOOL: OutputKind.BOOL,
    FieldKind.INT: OutputKind.NUMBER,
    FieldKind.DATETIME: OutputKind.INSTANT,
}


TELLABLE = ("offence_day", "sections", "age", "age_band", "age_paper", "sex", "district")
"""What an answer may tell on which limits of the law depend: `field(tells=...)`."""


ELEMENTS = ("acts", "means", "purposes")
"""What choices may tell, open or sensitive, of the elements of trafficking; they are read, and never stored open."""


SAFETY = "safety"
"""What an answer tells that says how safe somebody is now: the first page of a case shows the latest."""


_OF_COPY = frozenset({FieldKind.FILE, FieldKind.HASH})


_FREE_TEXT = frozenset(
    {
        FieldKind.TEXT, FieldKind.LONGTEXT, FieldKind.PHONE, FieldKind.GEO, FieldKind.ORG, FieldKind.PERSON,
        FieldKind.COLLEAGUE, FieldKind.FILE, FieldKind.SIGN, FieldKind.CASE, FieldKind.HASH, FieldKind.INTERVALS,
    },
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """All that the engine, the pages and the printed forms need to know of one field."""

    name: str
    kind: FieldKind
    label: str
    help: str
    required: bool
    sensitivity: Sensitivity
    choices: Mapping[str, str]
    first_bite: bool
    event_time: bool
    excluded_time: str
    shown_when: str
    output: OutputKind | None
    default: object | None
    restricted_category: RestrictedCategory | None = None
    tells: str = ""
    hash_of: str = ""
    kept_anyway: str = ""
    copies_after: str = ""
    of_copy: bool = False
    comes_first: bool = False
    opens: Mapping[str, FollowUp] = attribute(default_factory=dict)
    asks_consent: bool = False
    must_be_known: bool = False
    public_label: str = ""
    public_help: str = ""

    @property
    def takes_not_known(self) -> bool:
        """Whether *Not known* is an answer: to yes or no, and to a number, day or instant that is required."""
        if self.kind is FieldKind.BOOL:
            return True
        return self.required and self.kind in KINDS_NOT_KNOWN and not (self.event_time or self.must_be_known)

    @property
    def tells_when(self) -> bool:
        """Whether the answer says when somebody will be somewhere, as a masked date or instant does."""
        return self.kind in {FieldKind.DATE, FieldKind.DATETIME} and not self.is_open

    @property
    def is_open(self) -> bool:
        """Return whether the answer is shown without being revealed."""
        return self.sensitivity is Sensitivity.OPEN


class FieldOptions(TypedDict, total=False):
    """What a form may say of one of its questions beside its words; each is false or empty when left out."""

    help: str
    """The hint below the label."""
    identifying: bool
    """The answer is encrypted and masked, as free text is always encrypted."""
    sensitive: bool
    """The same, for what does not name somebody."""
    restricted: str
    """The class of an answer kept apart even within a unit, as `RestrictedCategory` has them; it is sensitive too."""
    choices: Mapping[str, str]
    """The words for the values of a choice."""
    now: bool
    """It stands on the first screen, which can be saved by itself."""
    event_time: bool
    """It is the instant at which the step happened."""
    excluded_time: str
    """The name of the intervals that a time limit may leave out."""
    shown_when: str
    """A condition on the same form's fields."""
    output: bool | None
    """An open choice, bool, number or instant is an output, on which workflows may decide, unless this is false.

    A sensitive one is with true alone: it is masked, and a time can still be counted from it. *Not known* is none.
    """
    tells: str
    """What an open answer says of the case on which limits of the law may depend, one of `TELLABLE`; an element of
    trafficking, one of `ELEMENTS`; or how safe somebody is, `SAFETY`."""
    hash_of: str
    """The question of the same form for a file: the system writes that file's SHA-256 hash here."""
    kept_anyway: bool | str
    """The law or the work needs it even of a person who does not allow that anything is written down: always, or on a
    condition as for `shown_when`."""
    copies_after: str
    """A condition, in the words of `shown_when`, on this answer and perhaps on others: before it holds, the form takes
    no file, no hash and no other answer that is `of_copy`, and asks for none (`engine.plugin.copies`)."""
    of_copy: bool
    """It can only be given by looking at something or keeping it."""
    comes_first: bool
    """It is drawn before all others."""
    opens: Mapping[str, FollowUp]
    """Follow-ups that the step type declares for this answer: those that come `at_once`."""
    asks_consent: bool
    """The choice by which who tells something allows that it is written down: after a no only the answers that are
    `kept_anyway` are taken, and the others are neither demanded nor stored."""
    must_be_known: bool
    """*Not known* is no answer to this required number, day or instant, since the step means nothing without it: a
    consent needs its last day. The instant of the `event_time` always must."""
    public_label: str
    """The words in which somebody without an account is asked; left out, they are those for staff."""
    public_help: str
    colleague: bool
    """A person with an account, whom the form offers: somebody else of a unit of who answers and of the organisation
    of the case, named by the address with which they sign in."""


_UNSAID: Mapping[str, Any] = {
    "identifying": False, "sensitive": False, "sealed": "", "choices": {}, "now": False, "event_time": False,
    "excluded_time": "", "shown_when": "", "output": None, "tells": "", "hash_of": "", "kept_anyway": "false",
    "copies_after": "", "of_copy": False, "comes_first": False, "opens": {},
}  # fmt: skip


def field(*, label: str, default: object = ..., key: str | None = None, **options: Unpack[FieldOptions]) -> Any:  # noqa: ANN401 - stands as the default of an annotated field
    """Describe a field of a form.

    `default=...` (left out) makes it required; `default=None` makes it optional. `key` is the stored name where the
    attribute cannot bear it (`from`). Raise `TypeError` for an option that `FieldOptions` does not have.
    """
    unknown = options.keys() - FieldOptions.__annotations__.keys()
    if unknown:
        message = f"a field has no option {', '.join(sorted(unknown))}"
        raise TypeError(message)
    said: dict[str, Any] = dict(options)
    hint, restricted, kept = said.pop("help", ""), said.pop("restricted", ""), said.pop("kept_anyway", False)
    extra = {"label": label, "help": hint, **_UNSAID} | {name: value for name, value in said.items() if value}
    extra |= {"sensitive": bool(said.get("sensitive") or restricted), "sealed": restricted}
    extra |= {"output": said.get("output"), "kept_anyway": str(kept).lower() if isinstance(kept, bool) else kept}
    return Field(default=default, alias=key, title=label, description=hint or None, json_schema_extra={"icmc": extra})


@cache
def specs_of(form: type[BaseModel]) -> tuple[FieldSpec, ...]:
    """List the fields of a form in the order in which they were written."""
    return tuple(_spec(info.alias or name, info) for name, info in form.model_fields.items())


def kind_of(info: FieldInfo) -> FieldKind:
    """Return what sort of answer a field of a form takes."""
    return _kind_of(info)[0]


def asks_yes_or_no(info: FieldInfo) -> bool:
    """Whether a field of a form is a yes-or-no question."""
    return kind_of(info) is FieldKind.BOOL


def takes_not_known(info: FieldInfo) -> bool:
    """Whether *Not known* is an answer to a field of a form."""
    return _spec(info.alias or "", info).takes_not_known


def as_told(specs: Iterable[FieldSpec], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return kept answers as functions and papers read them: *Not known* is never true, and never a plain text."""
    asked = {spec.name for spec in specs if spec.kind in KINDS_NOT_KNOWN}
    return {name: NOT_KNOWN if name in asked and value == NOT_KNOWN else value for name, value in answers.items()}


def _spec(name: str, info: FieldInfo) -> FieldSpec:
    extra = info.json_schema_extra
    said = cast("dict[str, Any]", extra.get("icmc", {})) if isinstance(extra, dict) else {}
    kind, values = _kind_of(info)
    if said.get("colleague"):
        kind = FieldKind.COLLEAGUE
    sensitivity = _sensitivity(kind, said)
    return FieldSpec(
        name=name,
        kind=kind,
        label=str(said.get("label", "")),
        help=str(said.get("help", "")),
        required=info.is_required(),
        sensitivity=sensitivity,
        choices={value: said.get("choices", {}).get(value, _label(value)) for value in values},
        first_bite=bool(said.get("now", False)),
        event_time=bool(said.get("event_time", False)),
        excluded_time=str(said.get("excluded_time", "")),
        shown_when=str(said.get("shown_when", "")),
        output=_OUTPUT_KINDS.get(kind) if _is_output(sensitivity, said.get("output")) else None,
        default=None if info.is_required() else info.default,
        restricted_category=RestrictedCategory(said["sealed"]) if said.get("sealed") else None,
        tells=_told(name, str(said.get("tells", "")), sensitivity),
        hash_of=str(said.get("hash_of", "")),
        kept_anyway=str(said.get("kept_anyway", "")).replace("false", ""),
        copies_after=str(said.get("copies_after", "")),
        of_copy=kind in _OF_COPY or bool(said.get("of_copy", False)),
        comes_first=bool(said.get("comes_first", False)),
        opens=said.get("opens", {}),
        asks_consent=bool(said.get("asks_consent", False)),
        must_be_known=bool(said.get("must_be_known", False)),
        public_label=str(said.get("public_label", "")),
        public_help=str(said.get("public_help", "")),
    )


def _is_output(sensitivity: Sensitivity, wanted: object) -> bool:
    """Whether workflows may decide on an answer: an open one unless it says no, a sensitive one only if it says so."""
    return (
        wanted is True
        if sensitivity is Sensitivity.SENSITIVE
        else sensitivity is Sensitivity.OPEN and wanted is not False
    )


def _told(name: str, tells: str, sensitivity: Sensitivity) -> str:
    is_of_case = tells in {*ELEMENTS, SAFETY} and sensitivity is not Sensitivity.IDENTIFYING
    if tells and not is_of_case and (tells not in TELLABLE or sensitivity is not Sensitivity.OPEN):
        known = ", ".join((*TELLABLE, *ELEMENTS, SAFETY))
        message = f"the field {name} cannot tell {tells}: it must be open, and tell one of {known}"
        raise TypeError(message)
    return tells


def _label(value: str) -> str:
    return in_plain_words(value) if value.islower() else value.replace("_", " ")


def _sensitivity(kind: FieldKind, said: Mapping[str, Any]) -> Sensitivity:
    if said.get("identifying"):
        return Sensitivity.IDENTIFYING
    if said.get("sensitive"):
        return Sensitivity.SENSITIVE
    return Sensitivity.NARRATIVE if kind in _FREE_TEXT else Sensitivity.OPEN


def _kind_of(info: FieldInfo) -> tuple[FieldKind, tuple[str, ...]]:
    for marker in info.metadata:
        if isinstance(marker, KindMarker):
            return marker.kind, ()
    return _kind_of_annotation(info.annotation)


def _kind_of_annotation(annotation: object) -> tuple[FieldKind, tuple[str, ...]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return FieldKind.CHOICE, tuple(str(value) for value in arguments)
    if origin is Annotated:
        for marker in arguments[1:]:
            if isinstance(marker, KindMarker):
                return marker.kind, ()
        return _kind_of_annotation(arguments[0])
    if origin in (Union, UnionType):
        return _kind_of_annotation(next(inner for inner in arguments if inner is not type(None)))
    if origin is tuple:
        return FieldKind.MULTI, _kind_of_annotation(arguments[0])[1]
    simple = {bool: FieldKind.BOOL, int: FieldKind.INT, datetime: FieldKind.DATETIME, date: FieldKind.DATE}
    kind = simple.get(cast("type", annotation))
    if kind is None:
        message = f"a form field cannot have the type {annotation!r}"
        raise TypeError(message)
    return kind, ()
