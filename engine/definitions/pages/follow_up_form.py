"""The follow-ups of a step, or of all steps of a kind, as a form; which lines of the text answers change."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.core.library import Library
from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.question_form import REMOVED, Edit, or_posted, text_or_posted
from engine.language.catalogue import FollowUp, StepCatalogue, changed
from engine.language.words import WorkflowWords
from engine.language.workflow import Workflow, follow_ups_of
from engine.language.yaml_files import Path
from engine.web.forms import Item
from engine.web.posted import text, texts, whole_number

_NO_AMOUNT: Final = "Write a whole number, such as 2."


class FollowUpForm(NamedTuple):
    """A follow-up as it is changed; one without units adds no step, and only ends others; an act's always comes."""

    name: str
    title: str
    words: str
    amount: str
    units: tuple[Item, ...]
    ladders: tuple[Item, ...]
    is_off: bool
    is_by_act: bool


class FollowUpEditor:
    """Shows the follow-ups of a step, or those of all steps of a kind, and turns what was posted into changes."""

    def __init__(self, workflow: Workflow, catalogue: StepCatalogue, uses: str, key: str = "") -> None:
        info, step = catalogue.find(uses), workflow.steps.get(key)
        declared = info.follow_ups if info else {}
        self._uses, self._step, self._at = uses, step, ("steps", key, "follow_ups") if step else ("follow_ups", uses)
        self.own = step.follow_ups if step else workflow.follow_ups.get(uses, {})
        self._usual: Mapping[str, FollowUp] = declared
        if step:
            declared = {name: one for name, one in declared.items() if not one.act}
            self._usual = follow_ups_of(workflow, step.model_copy(update={"follow_ups": {}}), catalogue)
        self._comes = changed(self._usual, self.own)
        self._all: Mapping[str, FollowUp] = {**declared, **self._usual, **self._comes}

    def forms(
        self, words: WorkflowWords, ladders: Mapping[str, str], posted: FormData | None
    ) -> tuple[FollowUpForm, ...]:
        """Return the form of each; with what was `posted`, where that is shown again."""
        added = self._step.questions if self._step else ()
        asked = words.asked(self._uses, ((one.id, one.label) for one in added))
        said = {name: (words.brought(name, self._uses), words.follow_up(one, asked)) for name, one in self._all.items()}
        return tuple(self._form(name, one, said[name], ladders, posted) for name, one in self._all.items())

    def _form(
        self, name: str, one: FollowUp, said: tuple[str, str], ladders: Mapping[str, str], posted: FormData | None
    ) -> FollowUpForm:
        amount, unit = split_limit(one.limit or "")
        units = or_posted(posted, f"f-{name}-unit", (unit,)) if one.uses else ()
        ladder = or_posted(posted, f"f-{name}-ladder", (one.ladder,))
        return FollowUpForm(
            name, *said,
            text_or_posted(posted, f"f-{name}-amount", amount),
            tuple(Item(value, label, checked=value in units) for value, label in UNITS.items()) if one.uses else (),
            tuple(Item(value, title, checked=value in ladder) for value, title in ladders.items()),
            name not in self._comes if posted is None else name in texts(posted, "follow_up_off"),
            one.act is not None,
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
            if name in off and name in self._comes and not self._comes[name].act:
                yield (*self._at, name), None if name in self._usual else REMOVED
        for name, one in self._posted(form):
            at: Path = (*self._at, name)
            said = self.own.get(name)
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


def titles_of(library: Library) -> dict[str, str]:
    """Return the titles of all ladders by their names."""
    return {name: ladder.title for name, ladder in sorted(library.ladders.items())}
