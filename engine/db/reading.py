"""What every view is given, and whoever asks one: a transaction that only reads, for one viewer."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from threading import local
from typing import Any, Concatenate, Final, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Engine,
    Executable,
    Integer,
    RowMapping,
    bindparam,
    literal_column,
)

from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.library import Library
from engine.core.policy import Viewer, board_units
from engine.db.asking import AskedTogether, P, Soon, T, answer_in_types
from engine.db.embedded.databases import APP, READER, SYSTEM
from engine.db.rights import rights_beyond
from engine.db.store import Within
from engine.db.transaction import enter_for, in_hand, taken_from
from engine.db.walls import gaps_in_the_wall
from engine.keys.vault import Vault
from engine.language.names import in_plain_words, type_in_plain_words
from engine.language.workflow import Question
from engine.machine import Clock
from engine.plugin.fields import FieldSpec, Sensitivity
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import Registry
from engine.plugin.steps import StepType

_QUESTION_KINDS = {
    "bool": FieldKind.BOOL,
    "choice": FieldKind.CHOICE,
    "number": FieldKind.INT,
    "text": FieldKind.TEXT,
    "longtext": FieldKind.LONGTEXT,
    "date": FieldKind.DATE,
    "instant": FieldKind.DATETIME,
}


VIEWERS_KEPT: Final = 1_024
"""How many questions or conditions of one kind are kept for the next page, each for one viewer as they are now."""


def few(number: int) -> ColumnElement[int]:
    """Return a number of rows as part of the statement, so that its plan, which is kept, is one for so few."""
    return literal_column(str(int(number)), Integer)


@dataclass(frozen=True)
class Known:
    """Compiled definitions by content hash, the installed step types, and the library of time."""

    definitions: Callable[[str], CompiledWorkflow | None]
    registry: Registry
    library: Callable[[], Library]

    def step(self, definition_hash: str, key: str) -> CompiledStep | None:
        """Find what a definition says of a step; None for an added one, or an unknown definition."""
        compiled = self.definitions(definition_hash) if definition_hash else None
        return compiled.steps.get(key) if compiled else None

    def step_type(self, uses: str) -> StepType | None:
        """Find an installed step type."""
        return self.registry.step_types.get(uses)

    def title(self, definition_hash: str, key: str, uses: str, added: Mapping[str, Any] | None) -> str:
        """Return the title that people read: the caseworker's, else the workflow's, else the step type's."""
        if added:
            return str(added["title"])
        step = self.step(definition_hash, key)
        if step is not None and (step.spec.title or step.info):
            return step.title
        step_type = self.step_type(uses)
        return step_type.title if step_type else type_in_plain_words(uses) or in_plain_words(key)

    def fields(self, uses: str, step: CompiledStep | None) -> tuple[FieldSpec, ...]:
        """List the fields of a step: those of its step type, then the questions that the workflow adds."""
        step_type = self.step_type(uses)
        return (
            *(step_type.fields if step_type else ()),
            *(field_of(question) for question in (step.spec.questions if step else ())),
        )

    def choice_label(self, name: str, value: str) -> str:
        """Return the label of a choice of any installed form; for values that stand outside of their form."""
        return self._choice_labels.get((name, value), in_plain_words(value))

    @cached_property
    def _choice_labels(self) -> Mapping[tuple[str, str], str]:
        labels: dict[tuple[str, str], str] = {}
        for step_type in self.registry.step_types.values():
            for spec in step_type.fields:
                for value, label in spec.choices.items():
                    labels.setdefault((spec.name, value), label)
        return labels


def field_of(question: Question) -> FieldSpec:
    """Return the field that a question of a workflow is."""
    kind = _QUESTION_KINDS[question.type]
    sensitivity = Sensitivity(question.sensitivity)
    if sensitivity is Sensitivity.OPEN and kind in {FieldKind.TEXT, FieldKind.LONGTEXT}:
        sensitivity = Sensitivity.NARRATIVE
    return FieldSpec(
        name=question.id, kind=kind, label=question.label, help=question.help, required=question.required,
        sensitivity=sensitivity, choices=dict(question.choices), first_bite=False, event_time=False, excluded_time="",
        shown_when=question.when or "", output=None, default=None,
    )  # fmt: skip


Row = RowMapping
"""One row by the names of its columns."""


_ASKED_AT = local()
"""The instant of the question that this thread asks."""
PRESENT: Final = bindparam("present", callable_=lambda: _ASKED_AT.now, type_=DateTime(timezone=True))
"""The instant of the question that is asked: a condition that names it can be built once, and kept."""


@contextmanager
def _asked_at(now: datetime) -> Iterator[None]:
    before = getattr(_ASKED_AT, "now", None)
    _ASKED_AT.now = now
    try:
        yield
    finally:
        _ASKED_AT.now = before


@dataclass(frozen=True, slots=True)
class Reading:
    """One question in its own transaction: all of its statements see the same state of the database."""

    connection: AskedTogether
    now: datetime
    known: Known
    vault: Vault

    @property
    def present(self) -> ColumnElement[datetime]:
        """Now, as conditions name it that are built once and kept."""
        return PRESENT

    @property
    def within(self) -> Within:
        """What a store is made of that only asks."""
        return Within(cast("Connection", self.connection), self.vault)

    def soon(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Soon[T]:
        """Return what a function will say; what it asks goes out in one statement with what others ask beside it."""
        return self.connection.soon(question, *args, **kwargs)

    def rows(self, statement: Executable, **values: object) -> list[Row]:
        """Return all rows; a statement that is built once and kept is given the `values` of what it names."""
        return list(self.connection.execute(statement, values or None).mappings())

    def first(self, statement: Executable, **values: object) -> Row | None:
        """Return the first row, or None."""
        return self.connection.execute(statement, values or None).mappings().first()

    def count(self, statement: Executable) -> int:
        """Return the number that a statement counts."""
        return int(self.connection.execute(statement).scalar_one())


class Together:
    """Views that a viewer asks together: all that wait when the first answer is needed, in one transaction."""

    def __init__(self, reading: Callable[[], AbstractContextManager[Reading]], viewer: Viewer) -> None:
        """Ask for a viewer, each time in a new `reading`."""
        self._reading = reading
        self._viewer = viewer
        self._waiting: list[Soon[Any]] = []

    def soon(self, view: Callable[Concatenate[Reading, Viewer, P], T], *args: P.args, **kwargs: P.kwargs) -> Soon[T]:
        """Return what a view will show, once it is called for; raises then what the view raises."""
        one = Soon(lambda: view(self._now, self._viewer, *args, **kwargs), self._ask)
        self._waiting.append(one)
        return one

    def _ask(self) -> None:
        some, self._waiting = self._waiting, []
        with self._reading() as self._now:
            asked = [self._now.soon(one.run) for one in some]
            asked[0]()


class Asks(ABC):
    """Asks views. What a viewer may not see does not exist for them, whatever they ask."""

    @abstractmethod
    def reading(self, viewer: Viewer | None = None) -> AbstractContextManager[Reading]:
        """Begin a transaction that only reads what a viewer may see; without one all rows, for the system itself."""

    def ask(
        self, view: Callable[Concatenate[Reading, Viewer, P], T], viewer: Viewer, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what a view shows to a viewer: the database itself gives only the rows that they may see.

        Raises what the view raises.
        """
        with self.reading(viewer) as reading:
            return view(reading, viewer, *args, **kwargs)

    def together(self, viewer: Viewer) -> Together:
        """Return what asks several views of a viewer together."""
        return Together(partial(self.reading, viewer), viewer)

    def ask_board(
        self, view: Callable[Concatenate[Reading, Viewer, P], T], viewer: Viewer, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do the same for what only counts cases: those of all units for a viewer who keeps the system running."""
        with self.reading(None if board_units(viewer) is None else viewer) as reading:
            return view(reading, viewer, *args, **kwargs)

    def ask_all(self, view: Callable[Concatenate[Reading, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a view shows to the system itself, which sees all rows."""
        with self.reading() as reading:
            return view(reading, *args, **kwargs)


class Reader(Asks):
    """Asks views of a database."""

    def __init__(
        self,
        engine: Engine,
        reader: Engine,
        *,
        writer: Engine,
        secret: bytes,
        known: Known,
        vault: Vault,
        clock: Clock,
    ) -> None:
        """Read for the system from `engine`, and for a viewer from `reader`, whose role no session can let out.

        `secret` proves for which viewer. `writer` writes for a viewer; here its rights are looked at.
        """
        for role in (engine, reader):
            answer_in_types(role)
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._roles = {SYSTEM: engine, APP: writer, READER: reader}
        self._secret = secret
        self._known = known
        self._vault = vault
        self._clock = clock

    @contextmanager
    def reading(self, viewer: Viewer | None = None) -> Iterator[Reading]:
        """Begin a transaction that only reads; what was read, the time and the definitions outlive it.

        What the system asks while it changes something is read over the connection in hand, as it is then.
        """
        now = self._clock.now()
        in_use = in_hand(self._engine) if viewer is None or viewer.is_system else None
        if in_use is not None:
            with _asked_at(now):
                yield Reading(AskedTogether(in_use.connection), now, self._known, self._vault)
            return
        bound = None if viewer is None or viewer.is_system else viewer
        with taken_from(self._reader if bound else self._engine, is_still=True) as taken, _asked_at(now):
            if bound is not None:
                enter_for(taken.connection, bound, now, self._secret)
            yield Reading(AskedTogether(taken.connection), now, self._known, self._vault)
            taken.connection.commit()  # after a roll-back the driver would prepare every statement anew

    def gaps_in_the_wall(self) -> tuple[str, ...]:
        """Name the tables that row-level security does not guard as it should; none where all is well."""
        with self.reading() as reading:
            return gaps_in_the_wall(reading.connection.connection)

    def rights_beyond(self) -> tuple[str, ...]:
        """Name what the roles that write and read can in the database beyond what they should."""
        found: list[str] = []
        for role, sql in self._roles.items():
            with sql.connect() as connection:
                found += rights_beyond(connection, role)
        return tuple(found)
