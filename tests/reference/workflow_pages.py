"""Write a workflow as a page for people: a picture, who does what, by when, and what holds a case back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from engine.language.catalogue import StepCatalogue, StepTypeInfo
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.rendering import in_words
from engine.language.diagram import brought, to_mermaid
from engine.language.ladders import Ladder
from engine.language.lanes import acts_in_words
from engine.language.law import Force, LawLimit, LawPack, find_limit
from engine.language.limits import TimeLimit
from engine.language.names import Role
from engine.language.words import WorkflowWords
from engine.language.workflow import JoinMode, StepSpec, TimeSpec, Workflow

_OPENS = {"report": "by itself, from a report", "hand": "by hand"}
_EACH = {"case.victims": "for each victim", "case.suspects": "for each suspect", "case.persons": "for each person"}
_ASKED_FIRST = re.compile(r"has\(([\w.]+)\) && (?=[^|()]*\b\1\b)")
"""That a question was answered goes without saying where its answer is asked for right after."""
_STARTS = {"start": "the report", "ready": "when it opens"}


@dataclass(frozen=True)
class Handbook:
    """What the pages of workflows draw on: step types, ladders, law packs; a limit is shown as it stands on `on`."""

    catalogue: StepCatalogue
    ladders: Mapping[str, Ladder]
    packs: Mapping[str, LawPack]
    on: date

    def page(self, workflow: Workflow, *, intro: str = "") -> str:
        """Return the page of a workflow as Markdown; `intro` is what its file says at the top."""
        return "\n".join(_Page(self, workflow).lines(intro)).rstrip() + "\n"


@dataclass(frozen=True)
class _Page:
    book: Handbook
    workflow: Workflow

    def lines(self, intro: str) -> Iterator[str]:
        yield f"# {self.workflow.title}\n"
        yield f"Workflow `{self.workflow.workflow}`. This page is generated from its file; do not edit it.\n"
        if intro:
            yield f"{intro}\n"
        yield from self._opens()
        yield "## The picture\n"
        yield f"```mermaid\n{to_mermaid(self.workflow, self.book.catalogue).rstrip()}\n```\n"
        yield from self._who()
        yield from self._steps()
        yield from self._follow_ups()
        yield from self._law()
        yield from self._gates()

    def _opens(self) -> Iterator[str]:
        start, places = self.workflow.start, self.workflow.jurisdictions
        condition = f" when {self._words(start.when)}" if start.when else ""
        yield f"- **Opens** {_OPENS[start.on]}{condition}."
        yield f"- **Used in** {', '.join(places) if places else 'every place'}."
        yield f"- **Closes** when {self._closes()} and what was added beside them is over.\n"

    def _closes(self) -> str:
        last = [key for key, step in self.workflow.steps.items() if step.uses == "reintegration.close"]
        return f"“{self.title(last[0])}” is done" if last else "all steps are over"

    def _who(self) -> Iterator[str]:
        yield "## Who does what\n"
        yield "| Who | Does |"
        yield "|---|---|"
        by_role: dict[str, list[str]] = {}
        for key, step in self.workflow.steps.items():
            roles = step.assign.role or (info.roles if (info := self._info(step)) else ())
            for role in roles[:1] if not step.assign.role else roles:
                by_role.setdefault(role, []).append(key)
        for role in Role:
            if keys := by_role.get(role.value):
                yield f"| {role.label} | {'; '.join(_cell(self.title(key)) for key in keys)} |"
        machine = [key for key, step in self.workflow.steps.items() if (info := self._info(step)) and info.automatic]
        if machine:
            yield f"| The system by itself | {'; '.join(_cell(self.title(key)) for key in machine)} |"
        four_eyes = [key for key, step in self.workflow.steps.items() if step.assign.not_]
        yield ""
        for key in four_eyes:
            others = ", ".join(f"“{self.title(one)}”" for one in self.workflow.steps[key].assign.not_)
            yield f"Four eyes: whoever did {others} may not do “{self.title(key)}”.\n"

    def _steps(self) -> Iterator[str]:
        by_breach = {
            target: key for key, step in self.workflow.steps.items() for time in step.time for target in time.on_breach
        }
        yield "## The steps, and by when\n"
        yield "| Step | Opens | By when | When late |"
        yield "|---|---|---|---|"
        for key, step in self.workflow.steps.items():
            if step.discretionary:
                continue
            opens = f"when “{self.title(by_breach[key])}” is late" if key in by_breach else self._after(step)
            yield self._row(key, step, opens)
        added = [(key, step) for key, step in self.workflow.steps.items() if step.discretionary]
        if added:
            yield "\nWhoever works on the case adds these when they are needed:\n"
            yield "| Step | Opens | By when | When late |"
            yield "|---|---|---|---|"
            for key, step in added:
                yield self._row(key, step, "when added")
        yield ""

    def _row(self, key: str, step: StepSpec, opens: str) -> str:
        if step.when:
            opens += f", if {self._words(step.when)}"
        if step.for_each:
            opens += f"; {_EACH[step.for_each]}"
        if step.repeat:
            often = " and ".join(map(_duration, step.repeat.waits))
            opens += f"; again {'every' if step.repeat.times else 'after'} {often}, at most {step.repeat.rounds} times"
        if step.assign.unit:
            opens += f"; done in {step.assign.unit}"
        if step.assign.unit_from:
            opens += f"; done in the country that “{self.title(step.assign.unit_from[-1].partition('.')[0])}” names"
        times = list(self._times(step))
        when = "<br>".join(dict.fromkeys(self._time(time) for time in times)) or "no limit"
        late = ", ".join(dict.fromkeys(self._ladder(time.ladder) for time in times)) or "nobody is told"
        return f"| {_cell(self.title(key))} | {_cell(opens)} | {_cell(when)} | {_cell(late)} |"

    def _after(self, step: StepSpec) -> str:
        before = [f"“{self.title(one)}”" for one in step.after.steps if one in self.workflow.steps]
        if not before:
            return "at once"
        if step.after.mode is JoinMode.ANY:
            return f"after {' or '.join(before)}"
        if step.after.mode is JoinMode.N:
            return f"after {step.after.n} of {', '.join(before)}"
        return f"after {', '.join(before)}"

    def _times(self, step: StepSpec) -> Iterator[TimeSpec]:
        yield from step.time
        info = self._info(step)
        if not step.time and info and (info.time_limit or info.law_limit):
            yield TimeSpec(limit=info.time_limit, law=info.law_limit)

    def _time(self, time: TimeSpec) -> str:
        since = "" if time.from_ == "ready" else f" from {self._start(time.from_)}"
        condition = f" (if {self._words(time.when)})" if time.when else ""
        return f"{self._length(time)}{since}{condition}"

    def _length(self, time: TimeSpec) -> str:
        if not time.law:
            return _duration(time.limit or "")
        limit = self._limit(time.law)
        counted = limit.limit_for(time.option) if limit else None
        return f"{counted.in_words() if counted else ''} (`{time.law}`)".strip()

    def _start(self, start: str) -> str:
        step, _, field = start.partition(".")
        if step in self.workflow.steps:
            return f"“{self.title(step)}”{f', {_plain(field)}' if field else ''}"
        return _STARTS.get(step, _plain(start))

    def _follow_ups(self) -> Iterator[str]:
        flattened = self.workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        words, steps = WorkflowWords(flattened, self.book.catalogue), self.workflow.steps.items()
        found = {key: brought(self.workflow, step, self.book.catalogue) for key, step in steps}
        if any(found.values()):
            yield "## What answers bring later\n"
            yield "| The answer of | Can bring |"
            yield "|---|---|"
            for key, later in found.items():
                asked = words.asked(self.workflow.steps[key].uses)
                said = "<br>".join(words.follow_up(one, asked) for _, one in later)
                yield from (f"| {_cell(self.title(key))} | {_cell(said)} |",) if later else ()
            yield ""
        yield "## What is done with a case outside its steps\n"
        yield from (f"- {said}" for said in acts_in_words(self.workflow, self.book.catalogue))
        yield ""

    def _law(self) -> Iterator[str]:
        used = dict.fromkeys(
            time.law for step in self.workflow.steps.values() for time in self._times(step) if time.law
        )
        if not used:
            return
        yield "## The limits of the law\n"
        yield "Until a lawyer has signed one, it counts as a target of the network, based on its source.\n"
        yield "| Limit | Says | Counted | Whose duty | Source | Force |"
        yield "|---|---|---|---|---|---|"
        for name in used:
            if limit := self._limit(name):
                yield _law_row(limit)
        yield ""

    def _gates(self) -> Iterator[str]:
        if not self.workflow.gates:
            return
        yield "## What holds a case back\n"
        for gate in self.workflow.gates.values():
            held = ", ".join(f"“{self.title(one)}”" for one in gate.holds)
            yield f"- {held} is held until {self._words(gate.until)}. {gate.reason}"
        yield ""

    def title(self, key: str) -> str:
        """Return the words by which people know a step."""
        step = self.workflow.steps[key]
        info = self._info(step)
        return step.title or (info.title if info else _plain(key))

    def _info(self, step: StepSpec) -> StepTypeInfo | None:
        return self.book.catalogue.find(step.uses)

    def _limit(self, name: str) -> LawLimit | None:
        return find_limit(self.book.packs.values(), name, on=self.book.on)

    def _ladder(self, name: str) -> str:
        ladder = self.book.ladders.get(name)
        return ladder.title if ladder else name

    def _words(self, condition: str) -> str:
        return in_words(parse_condition(_ASKED_FIRST.sub("", condition)), self._field)

    def _field(self, name: tuple[str, ...]) -> str:
        first, *rest = name
        if first in self.workflow.facts:
            return f"“{self.workflow.facts[first].title or _plain(first)}”"
        if first in self.workflow.steps:
            return f"“{self.title(first)}”: {_plain('.'.join(rest))}"
        return f"the report's “{_plain('.'.join(rest))}”" if first == "report" else _plain(".".join(name))


def _law_row(limit: LawLimit) -> str:
    counted = limit.counted_limit
    said = limit.limit.in_words() if limit.limit else "no number"
    watched = f", watched with {counted.in_words()}" if counted and limit.is_watched else ""
    excluded = f", less {', '.join(limit.excludes)}" if limit.excludes else ""
    force = "binding" if limit.force is Force.BINDING else "advisory"
    advisory = f"; advisory in {', '.join(limit.advisory_in)}" if limit.advisory_in else ""
    cells = (
        f"`{limit.id}`",
        limit.what,
        f"{said}{watched}{excluded}",
        limit.duty,
        limit.source,
        f"{force}{advisory}",
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _duration(limit: str) -> str:
    return TimeLimit(limit).in_words() if limit else ""


def _plain(name: str) -> str:
    return name.replace("_", " ").replace(".", ", ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
