"""What a workflow says beside its steps, as forms: its names; which lines of the text answers change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.condition_form import NUMBER, ConditionEditor, ConditionForm, askable
from engine.definitions.pages.drafting import new_id
from engine.definitions.pages.question_form import REMOVED, Edit, edited, or_posted, text_or_posted
from engine.definitions.pages.rule_form import Outputs
from engine.errors import InvalidAnswersError
from engine.language.catalogue import StepCatalogue, ValueKind
from engine.language.editing import value_at, without
from engine.language.extends import LoadedWorkflow
from engine.language.lint.short_names import used_at
from engine.language.lint.subject import Order
from engine.language.names import RESERVED, in_plain_words, in_running_words
from engine.language.words import FACT_KINDS, WorkflowWords, fact_words
from engine.language.workflow import FactSpec, Workflow
from engine.language.yaml_files import Path, Plain
from engine.web.forms import Item
from engine.web.posted import text

_CALLED: Final = "A few words in Latin letters, by which the text names it."
_NO_NAME: Final = "Write a name in Latin letters, such as in danger."
_NO_CONDITION: Final = "Choose what must be so."
_NO_STEP: Final = "Choose the step that comes first."
_LONGEST_NAME: Final = 60
_LONGEST_TITLE: Final = 200
_PLACES: Final = {
    "gates": "what keeps steps on hold:", "cancels": "what is cancelled by", "conditions": "the name",
    "choices": "the choice",
}  # fmt: skip


class PartField(NamedTuple):
    """One field of a form, by `how` it is answered; `lines` are those of a condition."""

    how: str
    id: str
    label: str
    value: str = ""
    items: tuple[Item, ...] = ()
    hint: str = ""
    blank: str = ""
    lines: ConditionForm | None = None


class PartForm(NamedTuple):
    """All that the form of a part shows; one without a `name` is new."""

    kind: str
    name: str
    title: str
    fields: tuple[PartField, ...]


class PartList(NamedTuple):
    """The parts of a kind that a workflow has: the name, title and words of each."""

    kind: str
    title: str
    add: str
    entries: tuple[tuple[str, str, str], ...]


class PartEditor:
    """Shows one part of a draft as a form, or a new one, and turns what was posted into changed lines."""

    title = add = kind = ""

    def __init__(self, loaded: LoadedWorkflow, workflow: Workflow, catalogue: StepCatalogue, name: str = "") -> None:
        self._raw, self._workflow, self._catalogue, self._name = loaded.merged.data, workflow, catalogue, name
        flattened = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self._words = WorkflowWords(flattened, catalogue)

    @property
    def is_there(self) -> bool:
        """Whether the part is new, or the file has or inherits it."""
        return not self._name or self._name in self._all()

    def form(self, posted: FormData | None = None) -> PartForm:
        """Return what the form shows; with what was `posted`, where that is shown again."""
        asked = PartField("input", "called", "What it is called", text_or_posted(posted, "called", ""), hint=_CALLED)
        fields = () if self._name else (asked,)
        return PartForm(self.kind, self._name, self._title(self._name), (*fields, *self._fields(posted)))

    def listed(self) -> PartList:
        """Return all parts of the kind that the file has, or inherits."""
        found = tuple((name, self._title(name), self._said(name)) for name in self._all())
        return PartList(self.kind, self.title, self.add, found)

    def changed(self, source: str, inherited: Mapping[str, Any], form: FormData) -> tuple[str, str]:
        """Return the text with the lines changed that the posted form means, and the name of the part.

        Raises `UneditableError`, and `InvalidAnswersError` for what does not fit.
        """
        problems = dict(self._problems(form))
        if not self._name and not self._new_name(form):
            problems = {"called": _NO_NAME} | problems
        if problems:
            raise InvalidAnswersError(problems)
        name = self._name or self._new_name(form)
        return edited(source, self._edits((self.kind, name), form), inherited), name

    def removed(self, source: str, inherited: Mapping[str, Any]) -> str:
        """Return the text without the part. Raises `InvalidAnswersError` where something refers to it."""
        if users := self._users():
            raise InvalidAnswersError({"gone": f"It is used by {users}. Change that first, then take it out."})
        return without(source, (self.kind, self._name), inherited=inherited)

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        raise NotImplementedError

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        raise NotImplementedError

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        raise NotImplementedError

    def _said(self, name: str) -> str:
        raise NotImplementedError

    def _title(self, name: str) -> str:
        return in_plain_words(name) if name else self.add

    def _all(self) -> Mapping[str, Any]:
        found = self._raw.get(self.kind)
        return {str(name): one for name, one in found.items() if one is not None} if isinstance(found, dict) else {}

    def _new_name(self, form: FormData) -> str:
        called, one = text(form, "called"), self._workflow
        taken = (*one.steps, *one.choices, *one.facts, *one.conditions, *one.starts, *self._all(), *RESERVED)
        if len(called) > _LONGEST_NAME or not any("a" <= letter <= "z" for letter in called.lower()):
            return ""
        return new_id(called, taken)

    def _users(self, quoting: str = "") -> str:
        """Name what refers to the part, and has some other text in it; empty where nothing does."""
        found = (path for path in used_at(self.kind, self._name, self._raw) if path[-2:] != ("sets", self._name))
        return ", ".join(dict.fromkeys(self._place(path) for path in found if quoting in self._condition(path)))

    def _place(self, path: Path) -> str:
        group, name = str(path[0]), str(path[1]) if len(path) > 1 else ""
        if group == "steps":
            return f"“{self._words.step(name)}”"
        whole = {"close": "how a case ends", "start": "how it begins"}
        return whole.get(group) or f"{_PLACES.get(group, 'the part')} “{in_running_words(name)}”"

    def _condition(self, at: Path) -> str:
        """Return a condition as the file has it, with the names that it uses."""
        found = value_at(self._raw, at)
        return found if isinstance(found, str) else ""

    def _lines(self, condition: str, lead: str = "", keys: Iterable[str] | None = None) -> ConditionEditor:
        return ConditionEditor(condition, self._outputs(keys), self._words, lead)

    def _outputs(self, keys: Iterable[str] | None) -> Outputs:
        """Return what a condition may ask for: names of others, and what some steps answer, or any."""
        known = self._raw.get("conditions")
        names = known if isinstance(known, dict) else {}
        ahead = [self._name] if self._name and self.kind == "conditions" else []
        around = set(ahead)
        while ahead:
            found = {str(path[1]) for path in used_at("conditions", ahead.pop(), {"conditions": names})} - around
            ahead, around = [*ahead, *found], around | found
        free = [name for name in names if name not in around]
        steps = self._workflow.steps if keys is None else keys
        return askable(self._workflow, self._catalogue, self._words, steps, names=free)

    def _steps(self, chosen: Sequence[str]) -> tuple[Item, ...]:
        return tuple(Item(key, self._words.step(key), checked=key in chosen) for key in self._workflow.steps)


class _NamedCondition(PartEditor):
    kind, title, add = "conditions", "Names of conditions", "Name a condition"

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        yield PartField("lines", "when-0", "It stands for", lines=self._editor().form(posted))

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        editor = self._editor()
        yield from editor.problems(form)
        if not editor.written(form):
            yield "when-0", _NO_CONDITION

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        return self._editor().edits(form, at)

    def _said(self, name: str) -> str:
        return self._words.condition(self._condition((self.kind, name)))

    def _editor(self) -> ConditionEditor:
        return self._lines(self._condition((self.kind, self._name)))


class _NamedStart(PartEditor):
    kind, title, add = "starts", "Names of starts", "Name a start"

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        known = self._known(self._name)
        for number in range(len(known) + 2):
            label, blank = ("Time counts from", "Choose") if not number else ("If that is left out, from", "Nothing")
            chosen = or_posted(posted, f"start-{number}", known[number : number + 1])
            yield PartField("select", f"start-{number}", label, items=self._steps(chosen), blank=blank)

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        if not self._posted(form):
            yield "start-0", _NO_STEP

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        if self._posted(form) != self._known(self._name):
            yield (*at, "any"), self._posted(form)

    def _said(self, name: str) -> str:
        return ", or else ".join(f"“{self._words.step(key)}”" for key in self._known(name))

    def _known(self, name: str) -> list[str]:
        start = self._workflow.starts.get(name)
        return list(start.any) if start else []

    def _posted(self, form: FormData) -> list[str]:
        posted = (text(form, f"start-{number}") for number in range(len(self._workflow.steps) + 2))
        return [*dict.fromkeys(key for key in posted if key in self._workflow.steps)]


class _Fact(PartEditor):
    kind, title, add = "facts", "Facts of the case", "Add a fact"

    @property
    def _fact(self) -> FactSpec:
        return self._workflow.facts.get(self._name) or FactSpec(type=ValueKind.BOOL, default=False)

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        fact = self._fact
        yield PartField("input", "title", "What is so, as people read it", text_or_posted(posted, "title", fact.title))
        kinds = or_posted(posted, "type", (fact.type.value,))
        yield PartField("select", "type", "Answered by", items=_items(FACT_KINDS, kinds))
        codes = text_or_posted(posted, "choices", "\n".join(in_plain_words(code) for code in fact.choices))
        few = "Only for one of several answers."
        yield PartField("textarea", "choices", "Its answers, one on each line", codes, hint=few)
        first = "Yes or no, a number, or one of the answers. Leave it empty where it is not known at first."
        yield PartField("input", "default", "At first", text_or_posted(posted, "default", _first(fact)), hint=first)
        for key, editor in self._setters().items():
            label = f"“{self._words.step(key)}” sets whether it is so"
            yield PartField("lines", f"{key}-when-0", label, lines=editor.form(posted))
        others = tuple(one for one in self._steps(or_posted(posted, "set-by", ())) if one.value not in self._setters())
        yield PartField("select", "set-by", "Set when this is done, too", items=others, blank="No other step")
        yield PartField("lines", "set-when-0", "It is so then, when", lines=self._lines("", "set-").form(posted))

    def _setters(self) -> dict[str, ConditionEditor]:
        """Return the condition by which each step sets the fact."""
        found = {key: self._condition(("steps", key, "sets", self._name)) for key in self._workflow.steps}
        order = Order(self._workflow).ancestors
        return {
            key: self._lines(condition, f"{key}-", [one for one in found if one == key or one in order.get(key, ())])
            for key, condition in found.items()
            if condition
        }

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        kind, fact, (codes, first) = text(form, "type"), self._fact, self._posted(form)
        if len(text(form, "title")) > _LONGEST_TITLE:
            yield "title", f"Write at most {_LONGEST_TITLE} letters."
        if kind not in FACT_KINDS:
            yield "type", "Choose one of the list."
        elif kind != fact.type and (users := self._users() or ", ".join(map(self._words.step, self._setters()))):
            yield "type", f"It is used by {users}. Change that first."
        if bool(codes) != (kind == ValueKind.CHOICE):
            yield (
                "choices",
                "Take the answers out, or choose one of several answers." if codes else "Write its answers.",
            )
        elif gone := [code for code in fact.choices if code not in codes and self._users(f'"{code}"')]:
            users = self._users(f'"{gone[0]}"')
            yield "choices", f"“{in_plain_words(gone[0])}” is used by {users}. Change that first, then take it out."
        if text(form, "default") and first is None:
            yield "default", "Write what fits how it is answered, such as yes or no, or leave it empty."
        new = self._lines("", "set-")
        for editor in (*self._setters().values(), new):
            yield from editor.problems(form)
        if bool(new.written(form)) != bool(text(form, "set-by")):
            yield ("set-by", "Choose a step.") if new.written(form) else ("set-when-0", _NO_CONDITION)
        elif text(form, "set-by") and kind != ValueKind.BOOL:
            yield "set-by", "A step sets only what is answered by yes or no."

    def _posted(self, form: FormData) -> tuple[list[str], bool | int | float | str | None]:
        """Return the codes of the answers that are posted, and what holds at first; None for what is nothing."""
        known, codes = {in_plain_words(code).lower(): code for code in self._fact.choices}, list[str]()
        for line in filter(None, map(str.strip, text(form, "choices").splitlines())):
            codes.append(known.get(line.lower()) or new_id(line, codes))
        said, kind = text(form, "default"), text(form, "type")
        if kind == ValueKind.BOOL:
            return codes, {"yes": True, "no": False}.get(said.lower())
        if kind == ValueKind.CHOICE:
            return codes, next((code for code in codes if in_plain_words(code).lower() == said.lower()), None)
        if kind == ValueKind.NUMBER:
            return codes, (float(said) if "." in said else int(said)) if NUMBER.fullmatch(said) else None
        return codes, said if said and said == self._fact.default else None

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        codes, first = self._posted(form)
        wanted: dict[str, Plain] = {"type": text(form, "type"), "choices": [*codes], "default": first}
        wanted |= {"title": text(form, "title")}
        if not self._name:
            yield at, {name: value for name, value in wanted.items() if value not in (None, "", [])}
        else:
            known = self._fact.model_dump(mode="json")
            for name, value in wanted.items():
                if value != known[name]:
                    yield (*at, name), REMOVED if value in (None, "", []) else value
        for key, editor in self._setters().items():
            yield from editor.edits(form, ("steps", key, "sets", at[1]))
        if key := text(form, "set-by"):
            yield from self._lines("", "set-").edits(form, ("steps", key, "sets", at[1]))

    def removed(self, source: str, inherited: Mapping[str, Any]) -> str:
        source = super().removed(source, inherited)
        return edited(source, ((("steps", key, "sets", self._name), REMOVED) for key in self._setters()), inherited)

    def _title(self, name: str) -> str:
        fact = self._workflow.facts.get(name)
        return (fact.title if fact else "") or super()._title(name)

    def _said(self, name: str) -> str:
        return fact_words(self._workflow.facts[name].model_dump(mode="json")) if name in self._workflow.facts else ""


EDITORS: Final[Mapping[str, type[PartEditor]]] = {one.kind: one for one in (_NamedCondition, _NamedStart, _Fact)}
"""The parts of a workflow that have forms, each by its key in the file."""


def _items(options: Mapping[str, str], chosen: Sequence[str]) -> tuple[Item, ...]:
    return tuple(Item(value, words, checked=value in chosen) for value, words in options.items())


def _first(fact: FactSpec) -> str:
    if isinstance(fact.default, bool):
        return "yes" if fact.default else "no"
    said = "" if fact.default is None else str(fact.default)
    return in_plain_words(said) if fact.type is ValueKind.CHOICE else said
