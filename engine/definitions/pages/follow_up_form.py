"""The follow-ups of a step, or of all steps of a kind, as a form; which lines of the text answers change."""

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.core.library import Library
from engine.definitions.pages.condition_form import ConditionEditor, ConditionForm, outputs_of
from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.question_form import REMOVED, Edit, or_posted, text_or_posted
from engine.definitions.pages.rule_form import Outputs
from engine.language.catalogue import FollowUp, Output, StepCatalogue, ValueKind, changed
from engine.language.names import COUNTRIES
from engine.language.words import THIS, WorkflowWords
from engine.language.workflow import Workflow, follow_ups_of
from engine.language.yaml_files import Path
from engine.web.forms import Item
from engine.web.posted import text, texts, whole_number

_NO_AMOUNT: Final = "Write a whole number, such as 2."


class FollowUpForm(NamedTuple):
    """A follow-up as it is changed; one without units adds no step, and only ends others.

    One that an act brings always comes, and has no condition.
    """

    name: str
    title: str
    words: str
    amount: str
    units: tuple[Item, ...]
    ladders: tuple[Item, ...]
    is_off: bool
    when: ConditionForm | None


class FollowUpEditor:
    """Shows the follow-ups of a step, or those of all steps of a kind, and turns what was posted into changes."""

    def __init__(
        self, workflow: Workflow, catalogue: StepCatalogue, words: WorkflowWords, uses: str, key: str = ""
    ) -> None:
        info, step = catalogue.find(uses), workflow.steps.get(key)
        declared = info.follow_ups if info else {}
        self._uses, self._at = uses, ("steps", key, "follow_ups") if step else ("follow_ups", uses)
        self.own = step.follow_ups if step else workflow.follow_ups.get(uses, {})
        self._usual: Mapping[str, FollowUp] = declared
        if step:
            declared = {name: one for name, one in declared.items() if not one.act}
            self._usual = follow_ups_of(workflow, step.model_copy(update={"follow_ups": {}}), catalogue)
        self._comes = changed(self._usual, self.own)
        self._all: Mapping[str, FollowUp] = {**declared, **self._usual, **self._comes}
        self._words, self._info, self._facts = words, info, workflow.facts
        self._added = step.questions if step else ()

    @cached_property
    def _when(self) -> dict[str, ConditionEditor]:
        """The conditions of those that no act brings, over the answers of the step, facts and where the case is."""
        info, facts = self._info, {name: fact.output for name, fact in self._facts.items()}
        days = dict.fromkeys(info.moments, Output(kind=ValueKind.INSTANT)) if info else {}
        answers = {**days, **info.outputs, **info.computes} if info else {}
        outputs: Outputs = {
            "Answers": outputs_of(THIS, answers, self._added),
            "Facts of the case": {
                **facts, "case.country": Output(kind=ValueKind.CHOICE, choices=tuple(COUNTRIES))
            },
        }  # fmt: skip
        this = self._words.of_this({"uses": self._uses, "questions": [one.model_dump() for one in self._added]})
        return {
            name: ConditionEditor(one.when, outputs, this, f"f-{name}-") for name, one in self._all.items()
            if not one.act
        }  # fmt: skip

    def forms(self, ladders: Mapping[str, str], posted: FormData | None) -> tuple[FollowUpForm, ...]:
        """Return the form of each; with what was `posted`, where that is shown again."""
        words = self._words
        asked = words.asked(self._uses, ((one.id, one.label) for one in self._added))
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
            self._when[name].form(posted) if name in self._when else None,
        )  # fmt: skip

    def problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        """Find amounts and numbers that are none, of those that come."""
        for name, one in self._posted(form):
            if name in self._when:
                yield from self._when[name].problems(form)
            amount, was = f"f-{name}-amount", split_limit(one.limit or "")[0]
            is_number = whole_number(form, amount) >= 0 and text(form, f"f-{name}-unit") in UNITS
            if one.uses and not is_number and (was or text(form, amount)):
                yield amount, _NO_AMOUNT

    def edits(self, form: FormData, inherited: Mapping[str, Any]) -> Iterator[Edit]:
        """Yield what the posted form changes: which come no more, or again; when, by what limit and ladder.

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
            when = self._when[name].written(form) if name in self._when else one.when or ""
            if when != (one.when or ""):
                yield (*at, "when"), when or None
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
