"""A part of a workflow beside its steps, as a form: what all have in common, and which lines they change."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.condition_form import ConditionEditor, ConditionForm, askable
from engine.definitions.pages.drafting import new_id
from engine.definitions.pages.follow_up_form import FollowUpForm
from engine.definitions.pages.question_form import Edit, edited, or_posted, text_or_posted
from engine.definitions.pages.rule_form import Outputs
from engine.errors import InvalidAnswersError
from engine.language.catalogue import StepCatalogue
from engine.language.editing import value_at, without
from engine.language.extends import LoadedWorkflow
from engine.language.names import RESERVED, in_plain_words, in_running_words
from engine.language.used_names import renamed, used_at
from engine.language.words import WorkflowWords
from engine.language.workflow import Workflow
from engine.language.yaml_files import Path, Plain
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import text

_CALLED: Final = "A few words in Latin letters, by which the text names it."
_CALLED_NOW: Final = "A few words in Latin letters, by which the text names it. What uses it changes with it."
_NO_NAME: Final = "Write a name in Latin letters, such as “in danger”."
NO_CONDITION: Final = "Choose what must be so."
_LONGEST_NAME: Final = 60
_LATIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*", re.ASCII)
_PLACES: Final = {
    "gates": "what keeps steps on hold:", "cancels": "what is cancelled by", "conditions": "the name",
    "choices": "the choice",
}  # fmt: skip


class PartField(NamedTuple):
    """One field of a form, by `how` it is answered; `lines` are those of a condition, `brings` is a follow-up."""

    how: str
    id: str
    label: str
    value: str = ""
    items: tuple[Item, ...] = ()
    hint: str = ""
    blank: str = ""
    lines: ConditionForm | None = None
    brings: FollowUpForm | None = None


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
    is_counted: bool


class PartEditor:
    """Shows one part of a draft as a form, or a new one, and turns what was posted into changed lines."""

    title = add = kind = ""
    is_one, is_named, is_renamed = False, True, False

    def __init__(
        self,
        loaded: LoadedWorkflow,
        workflow: Workflow,
        catalogue: StepCatalogue,
        name: str = "",
        inherited: Mapping[str, Any] | None = None,
        ladders: Mapping[str, str] | None = None,
    ) -> None:
        self._raw, self._workflow, self._catalogue, self._name = loaded.merged.data, workflow, catalogue, name
        self._inherited, self._ladders = inherited or {}, ladders or {}
        flattened = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self._words = WorkflowWords(flattened, catalogue, tell=say)

    @property
    def is_there(self) -> bool:
        """Whether the part is new, or the file has or inherits it."""
        return not self._name or self._name in self._all()

    def form(self, posted: FormData | None = None) -> PartForm:
        """Return what the form shows; with what was `posted`, where that is shown again."""
        asked = PartField("input", "called", "What it is called", text_or_posted(posted, "called", ""), hint=_CALLED)
        if self._may_rename:
            called = text_or_posted(posted, "called", self._title(self._name))
            asked = asked._replace(value=called, hint=_CALLED_NOW)
        fields = () if self.is_one or (self._name and not self._may_rename) else (asked,)
        return PartForm(self.kind, self._name, self._title(self._name), (*fields, *self._fields(posted)))

    def listed(self) -> PartList:
        """Return all parts of the kind that the file has, or inherits."""
        names = [""] if self.is_one else self._all()
        found = tuple((name, self._title(name), self._said(name)) for name in names)
        return PartList(self.kind, self.title, self.add, found, is_counted=not self.is_one)

    def changed(self, source: str, inherited: Mapping[str, Any], form: FormData) -> tuple[str, str]:
        """Return the text with the lines changed that the posted form means, and the name of the part.

        Raises `UneditableError`, and `InvalidAnswersError` for what does not fit.
        """
        problems, new = dict(self._problems(form)), self._posted_name(form)
        problems = dict(self._problems_of_name(form, new)) | problems
        name = self._name or ("" if self.is_one else self._new_name(form))
        if not name and not self.is_one:
            problems = {"called": _NO_NAME} | problems
        if problems:
            raise InvalidAnswersError(problems)
        source = edited(source, self._edits((self.kind, name) if name else (self.kind,), form), inherited)
        return (renamed(source, self.kind, name, new), new) if new else (source, name)

    def require_free(self, form: FormData, others: Callable[[], Mapping[str, dict[str, Plain]]]) -> None:
        """Refuse another name that is posted for what `others` use: what is made from this workflow, by titles."""
        if not self._posted_name(form):
            return
        users = [title for title, data in others().items() if any(used_at(self.kind, self._name, data))]
        if users:
            said = ", ".join(f"“{title}”" for title in users)
            raise InvalidAnswersError({"called": say(
                "{titles} is made from this workflow and uses the name: it can change only there and here at once.",
                titles=said,
            )})  # fmt: skip

    @property
    def _may_rename(self) -> bool:
        """Whether the file gives the name itself, and does not change what it inherits by it."""
        return self.is_renamed and bool(self._name) and value_at(self._inherited, (self.kind, self._name)) is None

    def _posted_name(self, form: FormData) -> str:
        """Return another name that is posted for the part; empty where none is."""
        called = text(form, "called")
        if not self._may_rename or "called" not in form or called == self._title(self._name):
            return ""
        new = re.sub(r"[^a-z0-9]+", "_", called.lower()).strip("_") or "_"
        return "" if new == self._name else new

    def _problems_of_name(self, form: FormData, new: str) -> Iterator[tuple[str, str]]:
        called = text(form, "called")
        if new and (len(called) > _LONGEST_NAME or not _LATIN.fullmatch(called)):
            yield (
                "called",
                say(
                    "Write a name in Latin letters, such as “in danger”, with at most {number} letters.",
                    number=_LONGEST_NAME,
                ),
            )
        elif new in self._taken():
            yield "called", say("Choose another name: “{name}” is taken.", name=in_running_words(new))

    def removed(self, source: str, inherited: Mapping[str, Any]) -> str:
        """Return the text without the part. Raises `InvalidAnswersError` where something refers to it."""
        if users := self._users():
            raise InvalidAnswersError(
                {"gone": say("It is used by {value}. Change that first, then take it out.", value=users)}
            )
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
        return in_plain_words(name) if name else self.add or self.title

    def _all(self) -> Mapping[str, Any]:
        found = self._raw.get(self.kind)
        return {str(name): one for name, one in found.items() if one is not None} if isinstance(found, dict) else {}

    def _new_name(self, form: FormData) -> str:
        called = text(form, "called")
        if len(called) > _LONGEST_NAME or not any("a" <= letter <= "z" for letter in called.lower()):
            return ""
        name = new_id(called, self._taken())
        return name.replace("_", "-") if self.kind in {"gates", "cancels"} else name

    def _taken(self) -> set[str]:
        """Return the names that a condition can mean, or that the file gives something of the kind."""
        one = self._workflow
        asked = (question.id for step in one.steps.values() for question in step.questions)
        names = (*one.steps, *one.choices, *one.facts, *one.conditions, *one.starts, *self._all(), *RESERVED, *asked)
        return {name.replace("-", "_") for name in names}

    def _users(self, quoting: str = "", named: str = "") -> str:
        """Name what refers to the part, or to another one, and has some text in it; empty where nothing does."""
        name = named or self._name
        users = used_at(self.kind, name, self._raw) if self.is_named else ()
        found = (path for path in users if path[-2:] != ("sets", name))
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

    def _lines(
        self, condition: str, lead: str = "", keys: Iterable[str] | None = None, whole: str | None = None
    ) -> ConditionEditor:
        return ConditionEditor(condition, self._outputs(keys), self._words, lead, whole)

    def _needed(self, form: FormData, field: str, editor: ConditionEditor) -> Iterator[tuple[str, str]]:
        """Find steps that are not chosen, and a condition that is not written."""
        yield from editor.problems(form)
        if not self._chosen(form, field):
            yield f"{field}-0", "Choose at least one step."
        if not editor.written(form):
            yield "when-0", NO_CONDITION

    def _choosers(
        self, field: str, labels: tuple[str, str], known: Sequence[str], posted: FormData | None
    ) -> Iterator[PartField]:
        """Yield a list of steps for each that is chosen, and two more; the first has another label."""
        for number in range(len(known) + 2):
            chosen = or_posted(posted, f"{field}-{number}", known[number : number + 1])
            items, blank = self._steps(chosen), "Nothing" if number else "Choose"
            yield PartField("select", f"{field}-{number}", labels[number > 0], items=items, blank=blank)

    def _chosen(self, form: FormData, field: str) -> list[str]:
        """Return the steps that are chosen, each once."""
        posted = (text(form, f"{field}-{number}") for number in range(len(self._workflow.steps) + 2))
        return [*dict.fromkeys(key for key in posted if key in self._workflow.steps)]

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
