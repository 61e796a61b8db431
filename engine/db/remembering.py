"""Answer the same question to a store once, for as long as its transaction lasts."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

S = TypeVar("S")


def remembering(store: S, *questions: str) -> S:
    """Give a store that remembers its answers to these questions; anything else makes it forget all of them."""
    return cast("S", _Remembering(store, frozenset(questions)))


def forget(store: object) -> None:
    """Make a store that remembers forget: what it was asked about has been changed elsewhere."""
    if isinstance(store, _Remembering):
        store.known.clear()


def remember(store: object, question: str, answers: Mapping[Any, Any]) -> None:
    """Tell a store that remembers what it would answer to a question about each of some things."""
    if isinstance(store, _Remembering):
        store.known.update({(question, (one,), ()): answer for one, answer in answers.items()})


class _Remembering:
    """Stands before a store. Questions about anything but plain values, and tuples of them, are asked each time."""

    def __init__(self, store: object, questions: frozenset[str]) -> None:
        """Ask `store`."""
        self._store = store
        self._questions = questions
        self.known: dict[object, Any] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has under this name
        """Give a method of the store, which remembers."""
        method = getattr(self._store, name)
        return self._remembering(name, method) if name in self._questions else self._forgetting(method)

    def _remembering(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: object, **more: object) -> Any:  # noqa: ANN401 - what the store answers
            if not all(map(_is_plain, (*args, *more.values()))):
                return method(*args, **more)
            question = (name, args, tuple(sorted(more.items())))
            if question not in self.known:
                self.known[question] = method(*args, **more)
            return self.known[question]

        return ask

    def _forgetting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: object, **more: object) -> Any:  # noqa: ANN401 - what the store answers
            self.known.clear()
            return method(*args, **more)

        return change


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, UUID | str | int | datetime)
