"""Rules across the fields of a form, each with the one sentence that a caseworker reads when it is broken."""

from collections.abc import Callable, Collection
from itertools import pairwise
from typing import Annotated, Any, ClassVar, TypeVar

from annotated_types import MinLen
from pydantic import BaseModel, model_validator
from pydantic_core import PydanticCustomError

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

    def declare(is_kept: Callable[[_Form], bool]) -> Any:  # noqa: ANN401 - pydantic's descriptor
        def check(form: _Form) -> _Form:
            if not is_kept(form):
                raise PydanticCustomError("rule", "{sentence}", {"sentence": sentence})
            return form

        check.__name__ = is_kept.__name__
        return model_validator(mode="after")(check)

    return declare


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
