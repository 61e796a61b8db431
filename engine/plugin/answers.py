"""The forms of step types, and their answers as functions of pillars read them."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, to_jsonable_python

from engine.plugin.fields import asks_yes_or_no, kind_of, takes_not_known
from engine.plugin.kinds import NOT_KNOWN, FieldKind, Interval, WordsOfForms, require_rules

_WANTED = re.compile(r'\s*(!?)([a-z][a-z0-9_]*)\s*(?:(==|!=)\s*(true|false|"[^"]*"))?\s*')
_TURNED = {"true": "false", "false": "true"}


class NeededAnswer(NamedTuple):
    """The answer that another question needs: a choice, `true` or `false`; any other one when it `is_not`."""

    name: str
    value: str
    is_not: bool


@cache
def wanted_answers(condition: str) -> tuple[NeededAnswer, ...]:
    """Return the answers of which one is enough; none for no condition, and for one that is not as simple as that."""
    parts = [_WANTED.fullmatch(part) for part in condition.split("||")] if condition else []
    return tuple(_wanted(part) for part in parts if part) if all(parts) else ()


def _wanted(part: re.Match[str]) -> NeededAnswer:
    turned, name, sign, value = part.groups()
    plain = (value or "true").strip('"')
    return NeededAnswer(name, _TURNED.get(plain, plain) if turned else plain, sign == "!=")


BOTH: Final = "Give an answer or tick Not known, not both."
"""What is said of a question that was answered, and of which *Not known* was said too."""
_OF_THE_QUESTION: Final = frozenset({"title", "description", "icmc", "default"})
"""What a schema says of a question itself, and not of the values that it takes."""
JsonAnswer = str | bool | int | float | list[object] | dict[str, object] | None
_Form = TypeVar("_Form", bound="Form")


class Form(BaseModel, WordsOfForms):
    """The base of every form; the first line of its docstring tells the caseworker what the step is for.

    Every yes-or-no question takes *Not known* as well, and so does each number, day and instant that is required; rules
    see it as None. A function of a step type is given its answers as one of these, as far as there are any: what nobody
    answered is None, or no choices at all, also where the question is required. *Not known* is `NOT_KNOWN` there for a
    yes-or-no question, and None for the others: `is_unknown` tells it apart. Instants are in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)
    left_open: ClassVar[frozenset[str]] = frozenset()
    """The required questions that need no answer here, since they are hidden."""
    unread: ClassVar[frozenset[str]] = frozenset()
    """The questions whose answers do not fit: no rule that looks at one of them is broken yet."""

    def __bool__(self) -> bool:
        """Return whether anything was answered."""
        return bool(self.model_fields_set)

    @classmethod
    def unanswered(cls) -> Self:
        """Return the form without any answer."""
        return read_answers(cls, {})

    def told(self, *names: str) -> dict[str, Any]:
        """Return answers that say something as JSON, to be taken over."""
        found = {name: _as_json(getattr(self, name)) for name in names}
        return {name: answer for name, answer in found.items() if answer not in (None, "", [])}

    def is_unknown(self, name: str) -> bool:
        """Whether a question was answered, and what is kept of it is no value: *Not known*."""
        stored = type(self).model_fields[name].alias or name
        return stored in self.model_fields_set and getattr(self, name) in (None, NOT_KNOWN)

    def perhaps_some(self, name: str) -> bool:
        """Whether a number is above zero, or *Not known*: a danger that nobody rules out counts."""
        return bool(getattr(self, name)) or self.is_unknown(name)

    @field_validator("*", mode="wrap")
    @classmethod
    def _take_not_known(cls, value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
        name = info.field_name or ""
        field = cls.model_fields[name]
        if name in cls.left_open:
            return validate(value)
        if value is None and asks_yes_or_no(field):
            if field.is_required():
                raise PydanticKnownError("missing")
            return None
        if isinstance(value, list) and NOT_KNOWN in value and takes_not_known(field):
            raise PydanticCustomError("both", BOTH)
        return None if value == NOT_KNOWN and takes_not_known(field) else validate(value)

    @model_validator(mode="after")
    def _keep_rules(self) -> Self:
        is_whole = not self.left_open and all(getattr(self, name) is not None for name in _valued(type(self)))
        require_rules(self, is_whole=is_whole, unread=self.unread)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the schema of the form, in which every question to which *Not known* is an answer takes it."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        for name, field in cls.model_fields.items():
            asked = schema["properties"].get(field.alias or name)
            if asked is None or name in cls.left_open or not takes_not_known(field):
                continue
            value = {said: asked.pop(said) for said in [*asked] if said not in _OF_THE_QUESTION}
            if asks_yes_or_no(field):
                value = {"type": "boolean"}
            left_out = [] if field.is_required() else [{"type": "null"}]
            asked["anyOf"] = [value, {"const": str(NOT_KNOWN)}, *left_out]
        return schema


def read_answers(form: type[_Form], answers: Mapping[str, Any]) -> _Form:
    """Read stored answers as a form, without its rules: what is not there, or cannot be read, is None or no choices."""
    told: dict[str, Any] = {name: _read(kind, answers.get(stored)) for name, stored, kind in _questions(form)}
    read: _Form = form.model_construct(_fields_set=set(answers), **told)  # type: ignore[assignment]
    return read


@lru_cache(maxsize=256)
def without(form: type[Form], names: frozenset[str], *, unread: frozenset[str] = frozenset()) -> type[Form]:
    """Return a form in which questions can stay open that it has otherwise to be answered; its rules stay.

    A rule that looks at one of the `unread` questions, whose answers do not fit, is taken as kept.
    """
    names |= unread
    open_now: dict[str, Any] = {
        name: (Any, Field(default=None, alias=info.alias))
        for name, info in form.model_fields.items()
        if (info.alias or name) in names
    }
    if not open_now:
        return form
    made = create_model(form.__name__, __base__=form, **open_now)
    made.left_open = frozenset(open_now)
    made.unread = frozenset(name for name in open_now if (form.model_fields[name].alias or name) in unread)
    return made


@cache
def _questions(form: type[Form]) -> tuple[tuple[str, str, FieldKind], ...]:
    return tuple((name, info.alias or name, kind_of(info)) for name, info in form.model_fields.items())


@cache
def _valued(form: type[Form]) -> tuple[str, ...]:
    """Return the questions that are answered with a number, a day or an instant, or with *Not known*."""
    asked = form.model_fields.items()
    return tuple(
        n for n, info in asked if n not in form.left_open and not asks_yes_or_no(info) and takes_not_known(info)
    )


def _as_json(answer: Any) -> JsonAnswer:  # noqa: ANN401 - of any kind
    if isinstance(answer, date):
        return answer.isoformat()
    told: JsonAnswer = to_jsonable_python(answer)
    return told


def _read(kind: FieldKind, answer: object) -> object:
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(answer)
    return answer if isinstance(answer, str) else None


def _yes_or_no(answer: object) -> object:
    return NOT_KNOWN if answer == NOT_KNOWN else answer if isinstance(answer, bool) else None


def _count(answer: object) -> int | None:
    count = as_number(answer)
    return None if count is None else int(count)


def _choices(answer: object) -> tuple[str, ...]:
    return tuple(map(str, answer)) if isinstance(answer, list | tuple) else ()


def _intervals(answer: object) -> tuple[Interval, ...]:
    return tuple(map(_interval, answer)) if isinstance(answer, list | tuple) else ()


def _interval(answer: Any) -> Interval:  # noqa: ANN401 - what was stored
    try:
        return Interval.model_validate(answer)
    except ValidationError:
        nothing: dict[str, Any] = {"start": None}
        return Interval.model_construct(**nothing)


def as_day(answer: object) -> date | None:
    """Read a day from an answer; None where there is none or it cannot be read."""
    if isinstance(answer, datetime):
        return answer.date()
    if isinstance(answer, date):
        return answer
    try:
        return date.fromisoformat(answer[:10]) if isinstance(answer, str) else None
    except ValueError:
        return None


def as_instant(answer: object) -> datetime | None:
    """Read an instant, in UTC, from an answer; None where there is none, it has no zone, or no calendar reaches it."""
    try:
        instant = datetime.fromisoformat(answer) if isinstance(answer, str) else answer
        return instant.astimezone(UTC) if isinstance(instant, datetime) and instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def as_number(answer: object) -> Decimal | None:
    """Read an amount or a count from an answer; None where there is none or it cannot be read."""
    if isinstance(answer, bool) or not isinstance(answer, str | int | float | Decimal):
        return None
    try:
        number = Decimal(str(answer))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


_READERS: Mapping[FieldKind, Callable[[object], object]] = {
    FieldKind.DATE: as_day,
    FieldKind.DATETIME: as_instant,
    FieldKind.MONEY: as_number,
    FieldKind.INT: _count,
    FieldKind.BOOL: _yes_or_no,
    FieldKind.MULTI: _choices,
    FieldKind.INTERVALS: _intervals,
}


def in_zone(value: str | datetime, zone: str) -> str:
    """Write an instant as the clock on the wall in `zone` shows it: `Thu 21 May 2026, 10:00 (UTC+06:00, Asia/Dhaka)`.

    `zone` is an IANA name; one that is not known is shown in UTC, and says so.
    """
    instant = as_instant(value)
    if instant is None:
        return str(value)
    try:
        local = instant.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return f"{instant:%a %d %b %Y, %H:%M} (UTC)"
    offset = f"{local:%z}"
    return f"{local:%a %d %b %Y, %H:%M} (UTC{offset[:3]}:{offset[3:5]}, {zone})"


FILTERS: Mapping[str, Callable[..., str]] = {"in_zone": in_zone}
