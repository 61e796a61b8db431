"""The follow-ups of a step, each as a form, and which lines of the text its answers change."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.question_form import REMOVED, Edit, or_posted, text_or_posted
from engine.language.catalogue import FollowUp, StepCatalogue
from engine.language.names import in_plain_words
from engine.language.words import WorkflowWords
from engine.language.workflow import Workflow, follow_ups_of
from engine.language.yaml_files import Path
from engine.web.forms import Item
from engine.web.posted import text, texts, whole_number

_NO_AMOUNT: Final = "Write a whole number, such as 2."


class FollowUpForm(NamedTuple):
    """A follow-up as it is changed; one without units adds no step, and only ends others."""

    name: str
    title: str
    words: str
    amount: str
    units: tuple[Item, ...]
    ladders: tuple[Item, ...]
    is_off: bool


class FollowUpEditor:
    """Shows the follow-ups of one step, of its type and of the workflow, and turns what was posted into changes."""

    def __init__(self, workflow: Workflow, catalogue: StepCatalogue, key: str) -> None:
        self._step, self._at = workflow.steps[key], ("steps", key, "follow_ups")
        plain = self._step.model_copy(update={"follow_ups": {}})
        info = catalogue.find(self._step.uses)
        self._comes = follow_ups_of(workflow, self._step, catalogue)
        self._usual = follow_ups_of(workflow, plain, catalogue)
        declared = {name: one for name, one in info.follow_ups.items() if not one.act} if info else {}
        self._all: Mapping[str, FollowUp] = declared | self._usual | self._comes

    def forms(
        self, words: WorkflowWords, ladders: Mapping[str, str], posted: FormData | None
    ) -> tuple[FollowUpForm, ...]:
        """Return the form of each; with what was `posted`, where that is shown again."""
        return tuple(self._form(name, one, words, ladders, posted) for name, one in self._all.items())

    def _form(
        self, name: str, one: FollowUp, words: WorkflowWords, ladders: Mapping[str, str], posted: FormData | None
    ) -> FollowUpForm:
        amount, unit = split_limit(one.limit or "")
        units = or_posted(posted, f"f-{name}-unit", (unit,)) if one.uses else ()
        ladder = or_posted(posted, f"f-{name}-ladder", (one.ladder,))
        return FollowUpForm(
            name, in_plain_words(name), words.follow_up(name, one),
            text_or_posted(posted, f"f-{name}-amount", amount),
            tuple(Item(value, said, checked=value in units) for value, said in UNITS.items()) if one.uses else (),
            tuple(Item(value, said, checked=value in ladder) for value, said in ladders.items()),
            name not in self._comes if posted is None else name in texts(posted, "follow_up_off"),
        )  # fmt: skip

    def problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        """Find amounts that are none, of those that come."""
        for name, one in self._posted(form):
            amount, was = f"f-{name}-amount", split_limit(one.limit or "")[0]
            is_number = whole_number(form, amount) >= 0 and text(form, f"f-{name}-unit") in UNITS
            if one.uses and not is_number and (was or text(form, amount)):
                yield amount, _NO_AMOUNT

    def edits(self, form: FormData, inherited: Mapping[str, Any]) -> Iterator[Edit]:
        """Yield what the posted form changes of them: those that come no more, or again, their limits and ladders.

        `inherited` is what the definition that is extended says of them: what comes no more by that is written out.
        """
        off = texts(form, "follow_up_off")
        for name in texts(form, "follow_up"):
            if name in off and name in self._comes:
                yield (*self._at, name), None if name in self._usual else REMOVED
        for name, one in self._posted(form):
            at: Path = (*self._at, name)
            said = self._step.follow_ups.get(name)
            written: Collection[str] = said.model_fields_set if said else ()
            if name not in self._comes and name in self._usual and name not in inherited:
                yield at, REMOVED
            elif name not in self._comes:
                whole = one.model_dump(mode="json", by_alias=True, exclude_defaults=True)
                written = whole.keys()
                yield at, whole
            amount, unit = whole_number(form, f"f-{name}-amount"), text(form, f"f-{name}-unit")
            if one.uses and amount >= 0 and (str(amount), unit) != split_limit(one.limit or ""):
                yield from (((*at, part), REMOVED) for part in ("law", "due") if part in written)
                yield (*at, "limit"), unit.format(amount)
            ladder = text(form, f"f-{name}-ladder")
            if one.uses and ladder and ladder != one.ladder:
                yield (*at, "ladder"), ladder

    def _posted(self, form: FormData) -> Iterator[tuple[str, FollowUp]]:
        off = texts(form, "follow_up_off")
        shown = (name for name in dict.fromkeys(texts(form, "follow_up")) if name in self._all)
        return ((name, self._all[name]) for name in shown if name not in off)
