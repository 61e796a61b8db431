"""Answer the same question to a store once, for as long as its transaction lasts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast
from uuid import UUID

S = TypeVar("S")

_CHANGES = ("add_", "set_", "save", "touch_", "end_", "change", "put", "note", "cancel", "remove", "mark")


def remembering(store: S) -> S:
    """Give a store that remembers what it has answered; what changes something makes it forget all of it."""
    return cast("S", _Remembering(store))


class _Remembering:
    """Stands before a store. Questions about anything but plain values, and tuples of them, are asked each time."""

    def __init__(self, store: object) -> None:
        """Ask `store`."""
        self._store = store
        self._known: dict[object, Any] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has under this name
        """Give a method of the store, which remembers."""
        method = getattr(self._store, name)
        return self._forgetting(method) if name.startswith(_CHANGES) else self._remembering(name, method)

    def _remembering(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*args: object, **more: object) -> Any:  # noqa: ANN401 - what the store answers
            if not all(map(_is_plain, (*args, *more.values()))):
                return method(*args, **more)
            question = (name, args, tuple(sorted(more.items())))
            if question not in self._known:
                self._known[question] = method(*args, **more)
            return self._known[question]

        return ask

    def _forgetting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def change(*args: object, **more: object) -> Any:  # noqa: ANN401 - what the store answers
            self._known.clear()
            return method(*args, **more)

        return change


def _is_plain(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, UUID | str | int | datetime)
