"""The kinds of answers to the questions of a form, and the rules that hold across them."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Final, TypeGuard, TypeVar

from annotated_types import MinLen
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    ValidationError,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError


class FieldKind(StrEnum):
    """What sort of answer a field takes; pages and printed forms draw each kind in one way."""

    CHOICE = "choice"
    MULTI = "multi"
    BOOL = "bool"
    INT = "int"
    MONEY = "money"
    TEXT = "text"
    LONGTEXT = "longtext"
    DATETIME = "datetime"
    DATE = "date"
    DURATION = "duration"
    PHONE = "phone"
    GEO = "geo"
    ORG = "org"
    PERSON = "person"
    COLLEAGUE = "colleague"
    FILE = "file"
    HASH = "hash"
    SIGN = "sign"
    LANG = "lang"
    COUNTRY = "country"
    CASE = "case"
    INTERVALS = "intervals"


class NotKnown(str):
    """The answer *Not known*, as functions and papers of pillars see it.

    It is neither `True` nor `False`. Ask for one of these by `is`, and decide what an unknown must lead to.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        """Return false: what is not known is never taken for a yes."""
        return False


NOT_KNOWN: Final = NotKnown("not_known")
"""What is kept for *Not known*: an answer of its own, told apart from a question that nobody has answered."""


KINDS_NOT_KNOWN: Final = frozenset({FieldKind.BOOL, FieldKind.INT, FieldKind.MONEY, FieldKind.DATE, FieldKind.DATETIME})
"""The kinds of questions to which *Not known* is an answer: yes or no always, the others where one is required."""


YES_NO: Final[Mapping[str, tuple[str, bool | str]]] = {
    "yes": ("Yes", True), "no": ("No", False), str(NOT_KNOWN): ("Not known", str(NOT_KNOWN)),
}  # fmt: skip
"""The answers that every yes-or-no question offers, as pages send them: their words, and what is kept of them."""


class Interval(BaseModel):
    """A stretch of time that may not count, such as a journey; open-ended while it runs.

    `evidence` names what shows it: a ticket, an entry of a log book.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: AwareDatetime
    end: AwareDatetime | None = None
    place: Annotated[str, StringConstraints(max_length=200)] = ""
    evidence: Annotated[str, StringConstraints(max_length=200)] = ""


@dataclass(frozen=True, slots=True)
class KindMarker:
    """The marker inside the annotated types below."""

    kind: FieldKind


class _YesOrNo:
    """Validates a yes-or-no question as a plain truth value: the form itself takes *Not known*."""

    def __get_pydantic_core_schema__(self, _source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(bool | None)


def _text(kind: FieldKind, longest: int, pattern: str | None = None) -> Any:  # noqa: ANN401 - builds an annotation
    rule = StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=pattern)
    return Annotated[str, KindMarker(kind), rule]


YesNo = Annotated[bool | NotKnown | None, KindMarker(FieldKind.BOOL), _YesOrNo()]
"""A yes-or-no question; every such question takes *Not known*, also a required one.

Rules see `None` for it, and what reads the answers of a step `NOT_KNOWN`.
"""


Text = _text(FieldKind.TEXT, 300)


LongText = _text(FieldKind.LONGTEXT, 20_000)


Phone = _text(FieldKind.PHONE, 40, r"^\+?[0-9 ()./-]{3,40}$")


Geo = _text(FieldKind.GEO, 300)


OrganisationRef = _text(FieldKind.ORG, 200)


PersonRef = _text(FieldKind.PERSON, 200)


FileRef = _text(FieldKind.FILE, 200)


Sha256 = _text(FieldKind.HASH, 64, r"^[0-9a-fA-F]{64}$")


Signature = _text(FieldKind.SIGN, 200)


Language = _text(FieldKind.LANG, 35, r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")


Country = _text(FieldKind.COUNTRY, 2, r"^[A-Z]{2}$")


CaseRef = _text(FieldKind.CASE, 40)


Duration = _text(FieldKind.DURATION, 20, r"^P(\d+D(T(\d+H(\d+M)?|\d+M))?|T(\d+H(\d+M)?|\d+M))$")


Count = Annotated[int, KindMarker(FieldKind.INT), Field(ge=0, le=1_000_000)]


Money = Annotated[Decimal, KindMarker(FieldKind.MONEY), Field(ge=0, le=Decimal(10) ** 12, decimal_places=2)]


Instant = Annotated[AwareDatetime, KindMarker(FieldKind.DATETIME)]


Day = Annotated[date, KindMarker(FieldKind.DATE)]


Intervals = Annotated[tuple[Interval, ...], KindMarker(FieldKind.INTERVALS)]


_Value = TypeVar("_Value")


_Form = TypeVar("_Form", bound=BaseModel)


Some = Annotated[tuple[_Value, ...], MinLen(1)]
"""Several choices, at least one of them: `Some[Literal["a", "b"]]`."""


def rule(sentence: str) -> Callable[[Callable[[_Form], bool]], Any]:
    """Make a method of a form a rule that its answers must keep.

    The method returns whether the rule is kept. When it is not, the form is refused with `sentence`, which must not
    quote an answer: it is shown, and may be logged.
    """

    def declare(is_kept: Callable[[_Form], bool]) -> Callable[[_Form], bool]:
        is_kept.sentence_of_rule = sentence  # type: ignore[attr-defined]
        return is_kept

    return declare


@cache
def _rules_of(form: type[BaseModel]) -> tuple[tuple[str, Callable[[BaseModel], bool]], ...]:
    """Return the rules of a form, each with its sentence, those of its bases first."""
    named = {name: one for base in reversed(form.__mro__) for name, one in vars(base).items()}
    return tuple((one.sentence_of_rule, one) for one in named.values() if _is_rule(one))


def _is_rule(one: Any) -> TypeGuard[Any]:  # noqa: ANN401 - an attribute of any kind
    return callable(one) and hasattr(one, "sentence_of_rule")


class _Read:
    """A form as a rule sees it: to look at an answer that could not be read is an `AttributeError`."""

    def __init__(self, form: BaseModel, unread: Collection[str]) -> None:
        self._form, self._unread = form, unread

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - an answer of any kind
        if name in self._unread:
            raise AttributeError(name)
        return getattr(self._form, name)


def require_rules(form: BaseModel, *, is_whole: bool, unread: Collection[str] = ()) -> None:
    """Raise pydantic's `ValidationError` with the sentence of every rule that a form's answers break.

    Where required answers are not there, since they are hidden, a rule that fails without them is kept; so is one that
    looks at an answer of the `unread` ones.
    """
    read: Any = _Read(form, unread) if unread else form
    broken = [sentence for sentence, is_kept in _rules_of(type(form)) if not _keeps(read, is_kept, is_whole=is_whole)]
    if broken:
        errors = [
            InitErrorDetails(type=PydanticCustomError("rule", "{sentence}", {"sentence": one}), input=None)
            for one in broken
        ]
        raise ValidationError.from_exception_data(type(form).__name__, errors)


def _keeps(form: BaseModel, is_kept: Callable[[BaseModel], bool], *, is_whole: bool) -> bool:
    try:
        return is_kept(form)
    except (TypeError, AttributeError):
        if is_whole:
            raise
        return True


def in_order(*values: Any) -> bool:  # noqa: ANN401 - dates, instants or numbers
    """Return whether the values that are given (not None) never go down."""
    given = [value for value in values if value is not None]
    return all(earlier <= later for earlier, later in pairwise(given))


def stands_alone(value: str, chosen: Collection[str]) -> bool:
    """Return whether an answer such as `none` was not combined with others."""
    return value not in chosen or len(chosen) == 1


def perhaps(answer: object) -> bool:
    """Whether a yes-or-no question was answered with yes or with *Not known*: a danger that nobody rules out counts."""
    return answer is True or answer == NOT_KNOWN


def unless_yes(answer: object, *, no: str, unknown: str) -> tuple[str, ...]:
    """Return what is to be said of a yes-or-no question after a no, or after *Not known*; nothing after a yes.

    A question that nobody has answered says nothing either.
    """
    if answer == NOT_KNOWN:
        return (unknown,)
    return (no,) if answer is False else ()


class WordsOfForms:
    """What every form has: the rules above, and what is said of *Not known*."""

    NOT_KNOWN: ClassVar[NotKnown] = NOT_KNOWN
    rule = staticmethod(rule)
    in_order = staticmethod(in_order)
    stands_alone = staticmethod(stands_alone)
    perhaps = staticmethod(perhaps)
    unless_yes = staticmethod(unless_yes)
