"""Short ways to act and to look, for whatever has an engine and people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any
from uuid import uuid4

import pytest

from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.store import Store


class Acting:
    """What worlds, portals and cases of tests share."""

    engine: Engine
    people: Mapping[str, Viewer]

    def who(self, role: str) -> Viewer:
        return self.people[role]

    def act(self, action: Callable[..., Any], *about: Any, by: str | Viewer, **given: Any) -> Any:
        """Do an action as somebody, or as who has a role, under a command of its own where it takes one."""
        command = {"command_id": uuid4()} if "command_id" in signature(action).parameters else {}
        viewer = self.who(by) if isinstance(by, str) else by
        return action(self.engine, *about, viewer=viewer, **command | given)

    def refuses(self, error: type[Exception], action: Callable[..., Any], *about: Any, **given: Any) -> None:
        """Demand that an action fails with an error."""
        with pytest.raises(error):
            self.act(action, *about, **given)

    def of(self, store: type[Store]) -> Any:
        """Return a store of which each question is asked in a transaction of its own."""
        return _Asked(self.engine, store)


@dataclass(frozen=True)
class _Asked:
    engine: Engine
    store: type[Store]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*about: Any, **given: Any) -> Any:
            with self.engine.transaction() as tx:
                return getattr(tx.of(self.store), name)(*about, **given)

        return ask
