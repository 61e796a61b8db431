"""Rules across the fields of a form, each with the one sentence that a caseworker reads when it is broken."""

from collections.abc import Callable, Collection
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, ClassVar, TypeGuard, TypeVar

from annotated_types import MinLen
from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from engine.plugin.fields import NOT_KNOWN, NotKnown

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


def require_rules(form: BaseModel, *, is_whole: bool) -> None:
    """Raise pydantic's `ValidationError` with the sentence of every rule that a form's answers break.

    Where required answers are not there, since they are hidden, a rule that fails without them is kept.
    """
    broken = [sentence for sentence, is_kept in _rules_of(type(form)) if not _keeps(form, is_kept, is_whole=is_whole)]
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
