"""A choice between ways as a form: after what it is made, when which way is taken, and what each opens."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from starlette.datastructures import FormData

from engine.definitions.pages.condition_form import ConditionEditor
from engine.definitions.pages.part_form import NO_CONDITION, PartEditor, PartField
from engine.definitions.pages.question_form import REMOVED, Edit, edited
from engine.language.editing import value_at
from engine.language.workflow import Branch, Choice, JoinMode
from engine.language.yaml_files import Path, Plain
from engine.web.languages import say


class ChoiceEditor(PartEditor):
    """Shows a choice between ways. A step that a way opens says nothing itself of what comes before it."""

    kind, title, add = "choices", "Choices between ways", "Add a choice between ways"

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        choice = self._workflow.choices.get(self._name)
        after = choice.after.steps if choice else ()
        yield from self._choosers("after", ("It is made after", "And after"), after, posted)
        for number, (lead, branch, lines) in enumerate(self._ways()):
            label = say("Way {number} is taken when", number=number + 1) if branch else "Another way is taken when"
            yield PartField("lines", f"{lead}when-0", label, lines=lines.form(posted))
            yield from self._choosers(f"{lead}to", ("Then it opens", "And also"), branch.to if branch else (), posted)
        last = ("Where none of these is so, it opens", "And also")
        yield from self._choosers("default", last, choice.default if choice else (), posted)

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        ways, known = self._ways(), self._workflow.choices.get(self._name)
        for lead, branch, lines in ways:
            yield from lines.problems(form)
            written, to = lines.written(form), self._chosen(form, f"{lead}to")
            if to and not written:
                yield f"{lead}when-0", NO_CONDITION
            elif written and not to and branch is None:
                yield f"{lead}to-0", "Choose at least one step."
        if not self._opened(form)[0]:
            yield "w0-to-0", "Choose at least one step."
        taken = {key for name, one in self._workflow.choices.items() if one is not known for key in _opened_by(one)}
        if both := [key for key in self._opened(form)[1] if key in taken]:
            yield "w0-to-0", say("“{title}” is opened by another choice already.", title=say(self._words.step(both[0])))

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        choice, ways = self._workflow.choices.get(self._name), self._ways()
        after, default = self._chosen(form, "after"), self._chosen(form, "default")
        said = [(lines.written(form), self._chosen(form, f"{lead}to")) for lead, _, lines in ways]
        if choice is None:
            branches: list[Plain] = [{"when": when, "to": [*to]} for when, to in said if to]
            yield at, {"after": [*after], "branches": branches, **({"default": [*default]} if default else {})}
        else:
            yield from self._changes(at, choice, form)
        opened, known = self._opened(form)[1], _opened_by(choice) if choice else []
        for key in (one for one in opened if one not in known and value_at(self._raw, ("steps", one, "after"))):
            yield ("steps", key, "after"), REMOVED
        for key in (one for one in known if one not in opened and after):
            yield ("steps", key, "after"), self._joined(after)

    def _changes(self, at: Path, choice: Choice, form: FormData) -> Iterator[Edit]:
        after, default = self._chosen(form, "after"), self._chosen(form, "default")
        if set(after) != set(choice.after.steps):
            how = {JoinMode.ANY: (*at, "after", "any"), JoinMode.N: (*at, "after", "of")}.get(choice.after.mode)
            yield how or (*at, "after"), [*after]
        gone = []
        for number, (lead, branch, lines) in enumerate(self._ways()):
            path, to = (*at, "branches", number), self._chosen(form, f"{lead}to")
            if branch and to:
                yield from lines.edits(form, (*path, "when"))
                if set(to) != set(branch.to):
                    yield (*path, "to"), [*to]
            elif branch:
                gone.append(path)
            elif to:
                yield path, {"when": lines.written(form), "to": [*to]}
        yield from ((path, REMOVED) for path in reversed(gone))
        if set(default) != set(choice.default):
            yield (*at, "default"), [*default] or REMOVED

    def removed(self, source: str, inherited: Mapping[str, Any]) -> str:
        """Return the text without the choice; what it opened comes after what the choice did."""
        source, choice = super().removed(source, inherited), self._workflow.choices[self._name]
        after = self._joined(choice.after.steps)
        edits = ((("steps", key, "after"), after) for key in _opened_by(choice) if choice.after.steps)
        return edited(source, edits, inherited)

    def _joined(self, after: Iterable[str]) -> Plain:
        """Return what comes before the choice as its steps say it: after all of these, any, or so many."""
        said = value_at(self._raw, (self.kind, self._name, "after")) if self._name else None
        known = said if isinstance(said, dict) else {}
        how = next((key for key in ("any", "of") if key in known), "")
        return {**known, how: [*after]} if how else [*after]

    def _said(self, name: str) -> str:
        choice = self._workflow.choices.get(name)
        return self._words.ways(choice.model_dump(mode="json")) if choice else ""

    def _opened(self, form: FormData) -> tuple[list[str], list[str]]:
        """Return the steps that the posted ways open, and those with what opens where none is taken."""
        ways = [key for lead, _, _ in self._ways() for key in self._chosen(form, f"{lead}to")]
        return ways, [*dict.fromkeys((*ways, *self._chosen(form, "default")))]

    def _ways(self) -> list[tuple[str, Branch | None, ConditionEditor]]:
        """Return what begins the fields of each way out and of a new one, and its condition."""
        choice, found = self._workflow.choices.get(self._name), list[tuple[str, Branch | None, ConditionEditor]]()
        for number, branch in enumerate((*(choice.branches if choice else ()), None)):
            written = self._condition((self.kind, self._name, "branches", number, "when"))
            lead = f"w{number}-"
            found.append((lead, branch, self._lines(written, lead, whole=branch.when if branch else None)))
        return found


def _opened_by(choice: Choice) -> list[str]:
    return [*dict.fromkeys((*(key for branch in choice.branches for key in branch.to), *choice.default))]
