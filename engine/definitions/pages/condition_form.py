"""A condition as a form: lines of what is asked and what it must be, and the text that they amount to."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from starlette.datastructures import FormData

from engine.builtin import REPORT
from engine.definitions.pages.question_form import REMOVED, Edit, items_of, or_posted
from engine.definitions.pages.rule_form import Outputs, is_offered, offered
from engine.language.catalogue import Output, StepCatalogue, ValueKind
from engine.language.conditions.building import WORDS, Built, BuiltRow, RowAsk, put_together, rows_of
from engine.language.conditions.tree import ConditionSyntaxError
from engine.language.names import OF_PERSONS, PERSON
from engine.language.words import WorkflowWords
from engine.language.workflow import Question, Workflow
from engine.language.yaml_files import Path
from engine.web.forms import Item
from engine.web.posted import text

_ROWS: Final = 6
NO_NUMBER: Final = "Write a number, such as 2 or 2.5."
NUMBER: Final = re.compile(r"-?\d{1,9}(\.\d{1,4})?", re.ASCII)
YES_OR_NO: Final = {"yes": "Yes", "no": "No"}
_JOINS: Final = {"all": "All of these are true", "any": "Any of these is true"}


def number_of(said: str) -> float | int | None:
    """Return the number that somebody wrote; None for what is none."""
    return (float(said) if "." in said else int(said)) if NUMBER.fullmatch(said) else None


class RowForm(NamedTuple):
    """One row of a condition: groups of what may be asked, how, and a number where one is compared."""

    number: int
    groups: tuple[tuple[str, tuple[Item, ...]], ...]
    tests: tuple[Item, ...]
    amount: str


class ConditionForm(NamedTuple):
    """A condition in words and in rows; one that `is_rich` is more than rows can show. `lead` begins its fields."""

    lead: str
    words: str
    rows: tuple[RowForm, ...]
    joins: tuple[Item, ...]
    is_rich: bool


class ConditionEditor:
    """Shows a condition, or a new one, as rows, and turns what was posted into its text; `lead` begins its fields.

    `whole` is the same with what its names stand for written out, as it is told in words.
    """

    def __init__(
        self, condition: str | None, outputs: Outputs, words: WorkflowWords, lead: str = "", whole: str | None = None
    ) -> None:
        self._condition, self._outputs, self._words, self._lead = condition or "", outputs, words, lead
        self._whole = whole or self._condition
        self._known = {name: output for some in outputs.values() for name, output in some.items()}
        self._built = self._apart()

    def form(self, posted: FormData | None) -> ConditionForm:
        """Return what the form shows; with what was `posted`, where that is shown again."""
        rows = (self._built.rows if self._built else ()) if posted is None else tuple(self._posted(posted))
        return ConditionForm(
            self._lead, self._words.condition(self._whole) if self._whole else "",
            tuple(self._row(number, row) for number, row in enumerate((*rows, None))),
            items_of(_JOINS, or_posted(posted, f"{self._lead}when_join",
                                     ("any" if self._built and self._built.is_any else "all",))),
            self.is_rich,
        )  # fmt: skip

    @property
    def is_rich(self) -> bool:
        """Whether the condition is more than rows can show."""
        return bool(self._condition) and self._built is None

    def problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        """Find what is no number where one is compared."""
        for number, row in enumerate(self._posted(form)):
            kind = self._known[row.output].kind if row.output in self._known else None
            if kind is ValueKind.NUMBER and row.value and not NUMBER.fullmatch(row.value):
                yield f"{self._lead}number-{number}", NO_NUMBER

    def written(self, form: FormData) -> str:
        """Return the text that the posted rows amount to: as it was where they are, or where they were not shown."""
        if f"{self._lead}when_shown" not in form:
            return self._condition
        rows = tuple(self._posted(form))
        built = Built(rows, is_any=len(rows) > 1 and text(form, f"{self._lead}when_join") == "any")
        known = self._built or Built(())
        is_same = built.rows == known.rows and built.is_any == (known.is_any and len(known.rows) > 1)
        return self._condition if is_same else put_together(built, self._known)

    def edits(self, form: FormData, at: Path) -> Iterator[Edit]:
        """Yield what the posted rows change of the condition at a path."""
        written = self.written(form)
        if written != self._condition:
            yield at, written or REMOVED

    def _apart(self) -> Built | None:
        """Return the rows of the condition; None where they cannot show it, or ask of what they do not offer."""
        try:
            built = rows_of(self._condition) if self._condition else None
        except ConditionSyntaxError:
            return None
        fits = built and len(built.rows) <= _ROWS and all(is_offered(row, self._known) for row in built.rows)
        return built if fits else None

    def _row(self, number: int, row: BuiltRow | None) -> RowForm:
        output = self._known.get(row.output) if row else None
        return RowForm(
            number, tuple(_group(label, some, row, self._words) for label, some in self._outputs.items()),
            items_of({test.value: words for test, words in WORDS.items()}, ((row.test if row else RowAsk.IS).value,)),
            row.value if row and output and output.kind is ValueKind.NUMBER else "",
        )  # fmt: skip

    def _posted(self, form: FormData) -> Iterator[BuiltRow]:
        for number in range(_ROWS):
            output, _, value = text(form, f"{self._lead}when-{number}").partition("|")
            if output:
                test = text(form, f"{self._lead}test-{number}")
                amount = text(form, f"{self._lead}number-{number}")
                asks = RowAsk(test) if test in set(RowAsk) else RowAsk.IS
                yield BuiltRow(output, "" if asks in {RowAsk.KNOWN, RowAsk.NOT_KNOWN} else value or amount, asks)


def askable(
    workflow: Workflow,
    catalogue: StepCatalogue,
    words: WorkflowWords,
    keys: Iterable[str],
    *,
    of_person: bool = False,
    names: Iterable[str] = (),
) -> Outputs:
    """Return what a condition may ask for: names of others, outputs of some steps; of the person, the report, facts."""
    named = {name: Output(kind=ValueKind.BOOL) for name in names}
    found: dict[str, dict[str, Output]] = {"Names of conditions": named} if named else {}
    for key in keys:
        found.setdefault(f"“{words.step(key)}”", {}).update(_of_step(workflow, catalogue, key))
    facts = {name: fact.output for name, fact in workflow.facts.items()}
    report = catalogue.find(REPORT)
    asked = {f"report.{name}": output for name, output in (report.outputs if report else {}).items()}
    person = {f"{PERSON}.{name}": Output(kind=ValueKind.BOOL) for name in OF_PERSONS} if of_person else {}
    more = {"The person it is done for": person, "The report": asked, "Facts of the case": facts}
    return found | {label: some for label, some in more.items() if some}


def _of_step(workflow: Workflow, catalogue: StepCatalogue, key: str) -> dict[str, Output]:
    step = workflow.steps[key]
    info = catalogue.find(step.uses)
    found = {f"{key}.outcome": Output(kind=ValueKind.CHOICE, choices=info.outcomes)} if info else {}
    return found | outputs_of(key, info.outputs if info else {}, step.questions)


def outputs_of(owner: str, outputs: Mapping[str, Output], added: Iterable[Question]) -> dict[str, Output]:
    """Return what may be asked of a step, as its `owner` is called: its outputs, and the questions `added` to it."""
    kinds = {kind.value for kind in ValueKind}
    asked = (one for one in added if one.sensitivity == "open" and one.type in kinds)
    found = {f"{owner}.{name}": output for name, output in outputs.items()}
    return found | {f"{owner}.{one.id}": Output(kind=ValueKind(one.type), choices=tuple(one.choices)) for one in asked}


def _group(
    label: str, outputs: Mapping[str, Output], row: BuiltRow | None, words: WorkflowWords
) -> tuple[str, tuple[Item, ...]]:
    chosen = f"{row.output}|{row.value}" if row else ""
    items = [
        Item(value, said, checked=value == chosen)
        for name, output in outputs.items()
        for value, said in offered(name, output, words)
    ]
    return label, tuple(items) if row is None or any(item.checked for item in items) else _first_of(row, items)


def _first_of(row: BuiltRow, items: Sequence[Item]) -> tuple[Item, ...]:
    """Choose the first line of the output of a row that asks only whether it is answered."""
    first = next((item for item in items if item.value.startswith(f"{row.output}|")), None)
    return tuple(Item(item.value, item.text, checked=item is first) for item in items)
