"""Each part of a workflow beside its steps as a form: names, facts, how a case ends, what is held or cancelled."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.datastructures import FormData

from engine.definitions.pages.choice_form import ChoiceEditor
from engine.definitions.pages.condition_form import ConditionEditor, number_of
from engine.definitions.pages.drafting import new_id
from engine.definitions.pages.kind_form import KindEditor
from engine.definitions.pages.parameter_form import ParameterEditor
from engine.definitions.pages.part_form import NO_CONDITION, PartEditor, PartField
from engine.definitions.pages.question_form import REMOVED, Edit, edited, items_of, or_posted, text_or_posted
from engine.language.catalogue import ValueKind
from engine.language.lint.subject import Order
from engine.language.names import in_plain_words
from engine.language.words import FACT_KINDS, fact_words
from engine.language.workflow import FactSpec
from engine.language.yaml_files import Path, Plain
from engine.web.languages import say
from engine.web.posted import text

_NO_STEP: Final = "Choose the step that comes first."
_LONGEST_TITLE: Final = 200
_LONGEST_REASON: Final = 500
_CLOSES: Final = {"open_deadlines": "Not while time limits run", "nothing": "Also while time limits run"}


class _NamedCondition(PartEditor):
    kind, title, add = "conditions", "Names of conditions", "Name a condition"
    is_renamed = True

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        yield PartField("lines", "when-0", "It stands for", lines=self._editor().form(posted))

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        editor = self._editor()
        yield from editor.problems(form)
        if not editor.written(form):
            yield "when-0", NO_CONDITION

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        return self._editor().edits(form, at)

    def _said(self, name: str) -> str:
        return self._words.condition(self._condition((self.kind, name)))

    def _editor(self) -> ConditionEditor:
        return self._lines(self._condition((self.kind, self._name)))


class _NamedStart(PartEditor):
    kind, title, add = "starts", "Names of starts", "Name a start"
    is_renamed = True

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        labels = ("Time counts from", "If that is left out, from")
        return self._choosers("start", labels, self._known(self._name), posted)

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        if not self._chosen(form, "start"):
            yield "start-0", _NO_STEP

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        if (chosen := self._chosen(form, "start")) != self._known(self._name):
            yield (*at, "any"), chosen

    def _said(self, name: str) -> str:
        return self._words.or_else(self._known(name))

    def _known(self, name: str) -> list[str]:
        start = self._workflow.starts.get(name)
        return list(start.any) if start else []


class _Fact(PartEditor):
    kind, title, add = "facts", "Facts of the case", "Add a fact"

    @property
    def _fact(self) -> FactSpec:
        return self._workflow.facts.get(self._name) or FactSpec(type=ValueKind.BOOL, default=False)

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        fact = self._fact
        yield PartField("input", "title", "What is so, as people read it", text_or_posted(posted, "title", fact.title))
        kinds = or_posted(posted, "type", (fact.type.value,))
        yield PartField("select", "type", "Answered by", items=items_of(FACT_KINDS, kinds))
        codes = text_or_posted(posted, "choices", "\n".join(in_plain_words(code) for code in fact.choices))
        few = "Only for one of several answers."
        yield PartField("textarea", "choices", "Its answers, one on each line", codes, hint=few)
        first = "Yes or no, a number, or one of the answers. Leave it empty where it is not known at first."
        yield PartField("input", "default", "At first", text_or_posted(posted, "default", _first(fact)), hint=first)
        for key, editor in self._setters().items():
            label = say("“{title}” sets whether it is so", title=say(self._words.step(key)))
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
            yield "title", say("Write at most {number} letters.", number=_LONGEST_TITLE)
        if kind not in FACT_KINDS:
            yield "type", "Choose one of the list."
        elif kind != fact.type and (users := self._users() or ", ".join(map(self._words.step, self._setters()))):
            yield "type", say("It is used by {value}. Change that first.", value=users)
        if bool(codes) != (kind == ValueKind.CHOICE):
            yield (
                "choices",
                "Take the answers out, or choose one of several answers." if codes else "Write its answers.",
            )
        elif gone := [code for code in fact.choices if code not in codes and self._users(f'"{code}"')]:
            named, users = in_plain_words(gone[0]), self._users(f'"{gone[0]}"')
            told = say("“{answer}” is used by {users}. Change that first, then take it out.", answer=named, users=users)
            yield "choices", told
        if text(form, "default") and first is None:
            yield "default", "Write what fits how it is answered, such as yes or no, or leave it empty."
        new = self._lines("", "set-")
        for editor in (*self._setters().values(), new):
            yield from editor.problems(form)
        if bool(new.written(form)) != bool(text(form, "set-by")):
            yield ("set-by", "Choose a step.") if new.written(form) else ("set-when-0", NO_CONDITION)
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
            return codes, number_of(said)
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
        """Return the text without the fact, and without what sets it."""
        source = super().removed(source, inherited)
        return edited(source, ((("steps", key, "sets", self._name), REMOVED) for key in self._setters()), inherited)

    def _title(self, name: str) -> str:
        fact = self._workflow.facts.get(name)
        return (fact.title if fact else "") or super()._title(name)

    def _said(self, name: str) -> str:
        fact = self._workflow.facts.get(name)
        return fact_words(fact.model_dump(mode="json"), say) if fact else ""


class _Close(PartEditor):
    kind, title, is_one = "close", "How a case ends", True

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        chosen = or_posted(posted, "unless", (self._workflow.close.unless,))
        yield PartField("radio", "unless", "When all steps are over, it closes", items=items_of(_CLOSES, chosen))
        ends = "It ends at once, and all that is open is cancelled, when"
        yield PartField("lines", "when-0", ends, lines=self._editor().form(posted))

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        yield from self._editor().problems(form)
        if text(form, "unless") not in _CLOSES:
            yield "unless", "Choose one of the list."

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        if text(form, "unless") != self._workflow.close.unless:
            yield (*at, "unless"), text(form, "unless")
        yield from self._editor().edits(form, (*at, "abort"))

    def _said(self, name: str) -> str:  # noqa: ARG002 - there is one
        abort = self._workflow.close.abort
        closes = say(_CLOSES[self._workflow.close.unless])
        if not abort:
            return closes
        condition = self._words.condition(abort)
        return say("{closes}. It ends at once when {condition}", closes=closes, condition=condition)

    def _editor(self) -> ConditionEditor:
        return self._lines(self._condition(("close", "abort")), whole=self._workflow.close.abort)


class _Gate(PartEditor):
    kind, title, add = "gates", "What keeps steps on hold", "Keep steps on hold"
    is_named = False

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        gate = self._workflow.gates.get(self._name)
        reason = text_or_posted(posted, "reason", gate.reason if gate else "")
        yield PartField("input", "reason", "What people read while it is on hold", reason)
        yield from self._choosers("holds", ("On hold", "And also"), gate.holds if gate else (), posted)
        yield PartField("lines", "when-0", "Held until", lines=self._editor().form(posted))

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        yield from self._needed(form, "holds", self._editor())
        if not 1 <= len(text(form, "reason")) <= _LONGEST_REASON:
            held = say("Write what people read while it is held, in at most {number} letters.", number=_LONGEST_REASON)
            yield "reason", held

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        gate = self._workflow.gates.get(self._name)
        holds = self._chosen(form, "holds")
        if gate is None:
            yield at, {"holds": holds, "until": self._editor().written(form), "reason": text(form, "reason")}
            return
        if set(holds) != set(gate.holds):
            yield (*at, "holds"), holds
        yield from self._editor().edits(form, (*at, "until"))
        if text(form, "reason") != gate.reason:
            yield (*at, "reason"), text(form, "reason")

    def _said(self, name: str) -> str:
        gate = self._workflow.gates.get(name)
        if gate is None:
            return ""
        held = self._words.steps(gate.holds)
        return say("{steps}, until {condition}", steps=held, condition=self._words.condition(gate.until))

    def _editor(self) -> ConditionEditor:
        gate = self._workflow.gates.get(self._name)
        return self._lines(self._condition((self.kind, self._name, "until")), whole=gate.until if gate else None)


class _Cancel(PartEditor):
    kind, title, add = "cancels", "What is cancelled, and when", "Cancel steps when something is so"
    is_named = False

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        cancel = self._workflow.cancels.get(self._name)
        yield PartField("lines", "when-0", "Cancelled when", lines=self._editor().form(posted))
        steps, undone = (cancel.steps, cancel.undo) if cancel else ((), {})
        yield from self._choosers("steps", ("What is cancelled", "And also"), steps, posted)
        for key in steps:
            items = self._steps(or_posted(posted, f"undo-{key}", (undone.get(key, ""),)))
            label = say("Where “{title}” is done already, it is undone by", title=say(self._words.step(key)))
            yield PartField("select", f"undo-{key}", label, items=items, blank="Nothing")

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        yield from self._needed(form, "steps", self._editor())
        for key in self._chosen(form, "steps"):
            if text(form, f"undo-{key}") == key:
                yield f"undo-{key}", "Choose another step: none undoes itself."

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        cancel = self._workflow.cancels.get(self._name)
        steps = self._chosen(form, "steps")
        undo = {key: by for key in steps if (by := text(form, f"undo-{key}")) in self._workflow.steps}
        if cancel is None:
            more: dict[str, Plain] = {"undo": {**undo}} if undo else {}
            yield at, {"when": self._editor().written(form), "steps": [*steps], **more}
            return
        yield from self._editor().edits(form, (*at, "when"))
        if set(steps) != set(cancel.steps):
            yield (*at, "steps"), [*steps]
        for key in dict.fromkeys((*cancel.undo, *undo)):
            if undo.get(key) != cancel.undo.get(key):
                yield (*at, "undo", key), undo.get(key) or REMOVED

    def _said(self, name: str) -> str:
        cancel = self._workflow.cancels.get(name)
        if cancel is None:
            return ""
        steps = self._words.steps(cancel.steps)
        return say("{steps}, when {condition}", steps=steps, condition=self._words.condition(cancel.when))

    def _editor(self) -> ConditionEditor:
        cancel = self._workflow.cancels.get(self._name)
        return self._lines(self._condition((self.kind, self._name, "when")), whole=cancel.when if cancel else None)


EDITORS: Final[Mapping[str, type[PartEditor]]] = {
    one.kind: one
    for one in (_NamedCondition, _NamedStart, ParameterEditor, _Fact, _Close, _Gate, _Cancel, ChoiceEditor, KindEditor)
}
"""The parts of a workflow that have forms, each by its key in the file."""


def _first(fact: FactSpec) -> str:
    if isinstance(fact.default, bool):
        return "yes" if fact.default else "no"
    said = "" if fact.default is None else str(fact.default)
    return in_plain_words(said) if fact.type is ValueKind.CHOICE else said
