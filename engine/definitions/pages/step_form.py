"""The form of one step of a workflow: what it shows, and which lines of the text its answers change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.core.library import Library
from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.question_form import REMOVED, Edit, MovedTo, QuestionForm, question_edits, question_forms
from engine.errors import ConditionSyntaxError
from engine.language.catalogue import Output, StepCatalogue, ValueKind
from engine.language.conditions.building import WORDS, Built, BuiltRow, RowAsk, offers, put_together, rows_of
from engine.language.editing import moved, value_at, with_value, without
from engine.language.extends import LoadedWorkflow
from engine.language.lint.subject import Order
from engine.language.names import Role, in_running_words
from engine.language.words import WorkflowWords, limit_words
from engine.language.workflow import JoinMode, TimeSpec, Workflow
from engine.language.yaml_files import Path, Plain
from engine.web.forms import Item
from engine.web.posted import text, texts, whole_number

_ROWS: Final = 6


class TimeForm(NamedTuple):
    """One time limit: an amount and its unit, or a limit of the law; what cannot be shown so stays as `written`."""

    number: int
    amount: str
    units: tuple[Item, ...]
    laws: tuple[Item, ...]
    starts: tuple[Item, ...]
    ladders: tuple[Item, ...]
    written: str
    condition: str


class RowForm(NamedTuple):
    """One row of a condition: groups of what may be asked, how, and a number where one is compared."""

    number: int
    groups: tuple[tuple[str, tuple[Item, ...]], ...]
    tests: tuple[Item, ...]
    amount: str


@dataclass(frozen=True, slots=True)
class StepForm:
    """All that the form of a step shows."""

    key: str
    title: str
    own_title: str
    is_automatic: bool
    roles: tuple[Item, ...]
    not_by: tuple[Item, ...]
    times: tuple[TimeForm, ...]
    after: tuple[Item, ...]
    is_any: bool
    is_of_choice: bool
    optional: bool
    condition: str
    rows: tuple[RowForm, ...]
    is_rich: bool
    joins: tuple[Item, ...]
    questions: tuple[QuestionForm, ...]
    approvers: tuple[Item, ...]


class StepEditor:
    """Shows one step of a draft as a form, and turns what was posted into changed lines."""

    def __init__(self, loaded: LoadedWorkflow, workflow: Workflow, catalogue: StepCatalogue, key: str) -> None:
        self._raw = loaded.merged.data
        self._workflow, self._catalogue, self._key = workflow, catalogue, key
        self._step = workflow.steps[key]
        flattened = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self._words = WorkflowWords(flattened, catalogue)
        self._order = Order(workflow)
        self._built = _apart(self._step.when)

    def form(self, library: Library) -> StepForm:
        """Return what the form shows."""
        step, info = self._step, self._catalogue.find(self._step.uses)
        before = self._order.ancestors.get(self._key, frozenset())
        others = [key for key in self._workflow.steps if key != self._key]
        times = step.time or (TimeSpec(limit=info.time_limit if info else None),)
        return StepForm(
            key=self._key, title=self._words.step(self._key), own_title=step.title or "",
            is_automatic=bool(info and info.automatic),
            roles=_items({role.value: role.label for role in Role}, step.assign.role or (info.roles if info else ())),
            not_by=_items(self._titles(key for key in others if key in before), step.assign.not_[:1]),
            times=tuple(self._time(number, time, library) for number, time in enumerate(times)),
            after=_items(self._titles(others), step.after.steps), is_any=step.after.mode is JoinMode.ANY,
            is_of_choice=self._key in self._order.choice_of, optional=step.discretionary,
            condition=self._words.condition(step.when) if step.when else "",
            rows=self._rows(), is_rich=bool(step.when) and self._built is None,
            joins=_items({"all": "All of these are true", "any": "Any of these is true"},
                         ("any" if self._built and self._built.is_any else "all",)),
            questions=question_forms(step.questions, info),
            approvers=_items({role.value: role.label for role in Role}, step.approve.role[:1] if step.approve else ()),
        )  # fmt: skip

    def changed(self, source: str, inherited: Mapping[str, Any], form: FormData) -> str:
        """Return the text with the lines changed that the posted form means; raises `UneditableError`."""
        for path, value in self._edits(form):
            if value is REMOVED:
                source = without(source, path, inherited=inherited)
            elif isinstance(value, MovedTo):
                source = moved(source, path, value.number, inherited=inherited)
            else:
                source = with_value(source, path, value, inherited=inherited)
        return source

    def _titles(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self._words.step(key) for key in keys}

    def _time(self, number: int, time: TimeSpec, library: Library) -> TimeForm:
        amount, unit = split_limit(time.limit or "")
        laws = {limit.id: f"{limit.id}: {limit.what}" for pack in library.packs.values() for limit in pack.limits}
        starts = {"ready": "the step can begin", "start": "the case begins"}
        starts |= {key: f"“{title}” is done" for key, title in self._titles(self._workflow.steps).items()}
        starts |= {} if time.from_ in starts else {time.from_: in_running_words(time.from_.replace(".", ": "))}
        ladders = {name: ladder.title for name, ladder in sorted(library.ladders.items())}
        return TimeForm(
            number, amount, _items(UNITS, (unit,)), _items(laws, (time.law or "",)), _items(starts, (time.from_,)),
            _items(ladders, (time.ladder,)), "" if amount or not time.limit else limit_words(time.limit),
            self._words.condition(time.when) if time.when else "",
        )  # fmt: skip

    def _outputs(self) -> dict[str, dict[str, Output]]:
        """Return what a condition may ask for, by step: the typed outputs of what comes before, and facts."""
        before = self._order.ancestors.get(self._key, frozenset())
        found = {f"“{self._words.step(key)}”": self._of_step(key) for key in self._workflow.steps if key in before}
        facts = {name: fact.output for name, fact in self._workflow.facts.items()}
        return found | ({"Facts of the case": facts} if facts else {})

    def _of_step(self, key: str) -> dict[str, Output]:
        step = self._workflow.steps[key]
        info = self._catalogue.find(step.uses)
        found = {f"{key}.outcome": Output(kind=ValueKind.CHOICE, choices=info.outcomes)} if info else {}
        found |= {f"{key}.{name}": output for name, output in info.outputs.items()} if info else {}
        kinds = {kind.value for kind in ValueKind}
        asked = (one for one in step.questions if one.sensitivity == "open" and one.type in kinds)
        return found | {
            f"{key}.{one.id}": Output(kind=ValueKind(one.type), choices=tuple(one.choices)) for one in asked
        }

    def _rows(self) -> tuple[RowForm, ...]:
        rows = self._built.rows if self._built else ()
        outputs = self._outputs()
        return tuple(
            RowForm(
                number, tuple(_group(label, some, row) for label, some in outputs.items()),
                _items({test.value: words for test, words in WORDS.items()}, ((row.test if row else RowAsk.IS).value,)),
                row.value if row and row.value.isdecimal() else "",
            )
            for number, row in enumerate((*rows, None))
        )  # fmt: skip

    def _edits(self, form: FormData) -> Iterator[Edit]:
        at: Path = ("steps", self._key)
        step = self._step
        yield from _text_edit((*at, "title"), step.title or "", text(form, "title"))
        roles = texts(form, "role")
        if sorted(roles) != sorted(item.value for item in self._shown_roles()):
            yield (*at, "assign", "role"), _one_or_many(roles) if roles else REMOVED
        not_by = [text(form, "not_by")] if text(form, "not_by") else []
        if "not_by" in form and not_by != list(step.assign.not_[:1]):
            yield (*at, "assign", "not"), _one_or_many(not_by) if not_by else REMOVED
        for number in range(max(1, len(step.time))):
            yield from self._time_edits(form, number)
        yield from self._after_edits(form)
        yield from self._condition_edits(form)
        if ("optional" in form) != step.discretionary:
            yield (*at, "discretionary"), True if "optional" in form else REMOVED
        approver = text(form, "approver")
        if approver != (step.approve.role[0] if step.approve else ""):
            yield (*at, "approve"), {"role": approver} if approver else REMOVED
        yield from question_edits((*at, "questions"), step.questions, self._catalogue.find(step.uses), form)

    def _shown_roles(self) -> list[Item]:
        info = self._catalogue.find(self._step.uses)
        chosen = self._step.assign.role or (info.roles if info else ())
        return [Item(role, role, checked=True) for role in chosen]

    def _time_edits(self, form: FormData, number: int) -> Iterator[Edit]:
        at: Path = ("steps", self._key, "time")
        raw = value_at(self._raw, at)
        path: Path = (*at, number) if isinstance(raw, list) else at
        time = self._step.time[number] if self._step.time else None
        info = self._catalogue.find(self._step.uses)
        shown = time or TimeSpec(limit=info.time_limit if info else None)
        wanted = self._wanted(form, number, shown)
        changed = {
            name: value for name, value in wanted.items() if value != getattr(shown, name.replace("from", "from_"))
        }
        if not changed:
            return
        if time is None:
            defaults = {"from": "ready", "ladder": "standard", "law": None}
            yield at, {name: value for name, value in wanted.items() if value and value != defaults.get(name)}
            return
        for name, value in changed.items():
            yield (*path, name), value or REMOVED

    def _wanted(self, form: FormData, number: int, shown: TimeSpec) -> dict[str, str | None]:
        law = text(form, f"law-{number}") or None
        amount, unit = whole_number(form, f"amount-{number}"), text(form, f"unit-{number}")
        written = text(form, f"amount-{number}") == "" and not split_limit(shown.limit or "")[0]
        limit = shown.limit if written else unit.format(amount) if amount >= 0 and unit in UNITS else None
        if limit and shown.limit and split_limit(limit) == split_limit(shown.limit):
            limit = shown.limit
        return {
            "law": law, "limit": None if law else limit, "from": text(form, f"from-{number}") or shown.from_,
            "ladder": text(form, f"ladder-{number}") or shown.ladder,
        }  # fmt: skip

    def _after_edits(self, form: FormData) -> Iterator[Edit]:
        join, steps = self._step.after, texts(form, "after")
        if self._key in self._order.choice_of or join.mode is JoinMode.N or "after_shown" not in form:
            return
        is_any = text(form, "after_mode") == "any"
        ordered = [key for key in join.steps if key in steps] + [key for key in steps if key not in join.steps]
        if set(steps) == set(join.steps) and (is_any and len(steps) > 1) == (join.mode is JoinMode.ANY):
            return
        value: Plain = {"any": [*ordered]} if is_any and len(ordered) > 1 else _one_or_many(ordered)
        yield ("steps", self._key, "after"), value if ordered else REMOVED

    def _condition_edits(self, form: FormData) -> Iterator[Edit]:
        if "when_shown" not in form:
            return
        outputs = {name: output for some in self._outputs().values() for name, output in some.items()}
        rows = tuple(_posted_rows(form))
        built = Built(rows, is_any=len(rows) > 1 and text(form, "when_join") == "any")
        known = self._built or Built(())
        if built.rows == known.rows and built.is_any == (known.is_any and len(known.rows) > 1):
            return
        written = put_together(built, outputs)
        if written != (self._step.when or ""):
            yield ("steps", self._key, "when"), written or REMOVED


def _apart(when: str | None) -> Built | None:
    try:
        return rows_of(when) if when else None
    except ConditionSyntaxError:
        return None


def _posted_rows(form: FormData) -> Iterator[BuiltRow]:
    for number in range(_ROWS):
        output, _, value = text(form, f"when-{number}").partition("|")
        if output:
            test = text(form, f"test-{number}")
            amount = text(form, f"number-{number}")
            asks = RowAsk(test) if test in set(RowAsk) else RowAsk.IS
            said = "" if asks in {RowAsk.KNOWN, RowAsk.NOT_KNOWN} else value or (amount if amount.isdecimal() else "")
            yield BuiltRow(output, said, asks)


def _group(label: str, outputs: Mapping[str, Output], row: BuiltRow | None) -> tuple[str, tuple[Item, ...]]:
    items = []
    for name, output in outputs.items():
        said = in_running_words(name.partition(".")[2] or name)
        for one in offers(name, output):
            words = f"{said} is “{in_running_words(one.value)}”" if one.value else said
            is_chosen = row is not None and row.output == name and row.value == one.value
            items.append(Item(f"{name}|{one.value}", words, checked=is_chosen))
    return label, tuple(items) if row is None or any(item.checked for item in items) else _first_of(row, items)


def _first_of(row: BuiltRow, items: Sequence[Item]) -> tuple[Item, ...]:
    """Choose the first line of the output of a row that asks only whether it is answered."""
    first = next((item for item in items if item.value.startswith(f"{row.output}|")), None)
    return tuple(Item(item.value, item.text, checked=item is first) for item in items)


def _items(options: Mapping[str, str], chosen: Sequence[str]) -> tuple[Item, ...]:
    return tuple(Item(value, words, checked=value in chosen) for value, words in options.items())


def _text_edit(path: Path, before: str, after: str) -> Iterator[Edit]:
    if before != after:
        yield path, after or REMOVED


def _one_or_many(values: Sequence[str]) -> Plain:
    return values[0] if len(values) == 1 else [*values]
