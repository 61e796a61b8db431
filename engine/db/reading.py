"""What every view is given: a read-only connection, the present time, and what definitions say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Executable, RowMapping

from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.library import Library
from engine.language.plain_words import in_plain_words, type_in_plain_words
from engine.language.workflow import Question
from engine.plugin.fields import FieldKind, FieldSpec, Sensitivity
from engine.plugin.registry import Registry
from engine.plugin.steps import StepType
from engine.ports import Vault

_QUESTION_KINDS = {
    "bool": FieldKind.BOOL,
    "choice": FieldKind.CHOICE,
    "number": FieldKind.INT,
    "text": FieldKind.TEXT,
    "longtext": FieldKind.LONGTEXT,
    "date": FieldKind.DATE,
    "instant": FieldKind.DATETIME,
}


@dataclass(frozen=True)
class Known:
    """Compiled definitions by content hash, the installed step types, and the library of time."""

    definitions: Callable[[str], CompiledWorkflow | None]
    registry: Registry
    library: Callable[[], Library]

    def step(self, definition_hash: str, key: str) -> CompiledStep | None:
        """Find what a definition says of a step; None for an added one, or an unknown definition."""
        compiled = self.definitions(definition_hash)
        return compiled.steps.get(key) if compiled else None

    def step_type(self, uses: str) -> StepType | None:
        """Find an installed step type."""
        return self.registry.step_types.get(uses)

    def title(self, definition_hash: str, key: str, uses: str, added: Mapping[str, Any] | None) -> str:
        """Give the title that people read: the caseworker's, else the workflow's, else the step type's."""
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
            *(_of_question(question) for question in (step.spec.questions if step else ())),
        )

    def choice_label(self, name: str, value: str) -> str:
        """Give the label of a choice of any installed form; for values that stand outside of their form."""
        return self._choice_labels.get((name, value), in_plain_words(value))

    @cached_property
    def _choice_labels(self) -> Mapping[tuple[str, str], str]:
        labels: dict[tuple[str, str], str] = {}
        for step_type in self.registry.step_types.values():
            for spec in step_type.fields:
                for value, label in spec.choices.items():
                    labels.setdefault((spec.name, value), label)
        return labels


def _of_question(question: Question) -> FieldSpec:
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


@dataclass(frozen=True, slots=True)
class Reading:
    """One question in its own transaction: all of its statements see the same state of the database."""

    connection: Connection
    now: datetime
    known: Known
    vault: Vault

    def rows(self, statement: Executable) -> list[Row]:
        """Give all rows."""
        return list(self.connection.execute(statement).mappings())

    def first(self, statement: Executable) -> Row | None:
        """Give the first row, or None."""
        return self.connection.execute(statement).mappings().first()

    def count(self, statement: Executable) -> int:
        """Give the number that a statement counts."""
        return int(self.connection.execute(statement).scalar_one())
