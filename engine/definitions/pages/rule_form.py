"""What else a workflow says of a step, as a form: how often, how early, what holds it; and which lines that changes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.question_form import REMOVED, Edit, items_of, or_posted, text_or_posted
from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.building import Built, BuiltRow, RowAsk, offers, put_together, rows_of
from engine.language.conditions.tree import ConditionSyntaxError
from engine.language.editing import value_at
from engine.language.limits import limit_of
from engine.language.names import OF_PERSONS, PERSON, in_running_words
from engine.language.short_forms import is_asked_in
from engine.language.words import WorkflowWords, limit_words
from engine.language.workflow import Gate, Workflow
from engine.language.yaml_files import Path
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import text, texts, whole_number

Outputs = Mapping[str, Mapping[str, Output]]
_SAME: Final = {"1": "All times are within the limit of the first"}
_FOR_EACH: Final = {
    "case.victims": "For each victim", "case.suspects": "For each suspect", "case.persons": "For each person"
}  # fmt: skip
_NO_AMOUNT: Final = "Write a whole number, such as 2."
_NO_CONDITION: Final = "Choose what must be so."
NEW_TIME: Final = "time-new"
"""The name of the fields of a time limit that is to be added."""
_LONGEST_REASON: Final = 500
_MOST: Final = {"again": 500, "back": 50}
ASKABLE: Final = {ValueKind.BOOL, ValueKind.CHOICE}


class SpanForm(NamedTuple):
    """An amount of time and its unit; what cannot be shown so stays as `written`."""

    amount: str
    units: tuple[Item, ...]
    written: str


class ConditionChoice(NamedTuple):
    """A condition of one line, chosen from a list; one that is richer is only told in words."""

    words: str
    groups: tuple[tuple[str, tuple[Item, ...]], ...]
    is_rich: bool


class GateForm(NamedTuple):
    """A gate that holds the step: what people read while it does, and what opens it."""

    name: str
    reason: str
    until: ConditionChoice


class RulesForm(NamedTuple):
    """The rules of a step beside who does it, how long it takes and what comes before; `waits` is None for others."""

    for_each: tuple[Item, ...]
    early: SpanForm
    early_from: tuple[Item, ...]
    again: SpanForm
    again_times: str
    again_until: ConditionChoice
    again_same: tuple[Item, ...]
    back_to: tuple[Item, ...]
    back_times: str
    back_when: ConditionChoice
    waits: SpanForm | None
    wait_until: ConditionChoice
    wait_event: tuple[Item, ...]
    gates: tuple[Item, ...]
    held: tuple[GateForm, ...]
    times: Mapping[str, ConditionChoice]
    cancels: tuple[Item, ...]
    choices: tuple[str, ...]


class RuleEditor:
    """Shows these rules of one step, and turns what was posted into changes."""

    def __init__(
        self,
        workflow: Workflow,
        key: str,
        outputs: Outputs,
        earlier: Sequence[str],
        words: WorkflowWords,
        raw: Mapping[str, Any],
    ) -> None:
        self._workflow, self._key, self._step, self._raw = workflow, key, workflow.steps[key], raw
        self._outputs = {
            label: {name: one for name, one in some.items() if one.kind in ASKABLE} for label, some in outputs.items()
        }
        self._earlier, self._words = earlier, words
        step = self._step
        self._early = step.not_before.wait if step.not_before else ""
        self._again = step.repeat.every if step.repeat and isinstance(step.repeat.every, str) else ""
        self._whole = {
            "again": step.repeat.until if step.repeat else None, "back": step.back.when if step.back else None,
            "wait": step.wait.until if step.wait else None, NEW_TIME: None,
            **{f"time-{number}": time.when for number, time in enumerate(step.time)},
            **{f"gate-{name}": gate.until for name, gate in self._gates().items()},
        }  # fmt: skip
        self._conditions = self._whole | dict(self._named())

    def _named(self) -> Iterator[tuple[str, str]]:
        """Yield the conditions that the file says by a name, each as it stands there."""
        at: Path = ("steps", self._key)
        time, count = value_at(self._raw, (*at, "time")), len(self._step.time)
        limits = time if isinstance(time, list) else [time]
        places: dict[str, Path] = {
            "again": (*at, "repeat", "until"), "back": (*at, "back", "when"), "wait": (*at, "wait", "until"),
            **{f"gate-{name}": ("gates", name, "until") for name in self._gates()},
        }  # fmt: skip
        if len(limits) == count:  # a limit that counts from a named start is several
            places |= {
                f"time-{number}": (*at, "time", *((number,) if isinstance(time, list) else ()), "when")
                for number in range(count)
            }
        for field, path in places.items():
            said = value_at(self._raw, path)
            if isinstance(said, str) and any(is_asked_in(said, name) for name in self._workflow.conditions):
                yield field, said

    def form(self, starts: Mapping[str, str], posted: FormData | None) -> RulesForm:
        """Return what the form shows; with what was `posted`, where that is shown again."""
        step, is_wait = self._step, self._step.wait is not None or self._step.uses == "core.wait"
        others = {key: self._words.step(key) for key in self._workflow.steps if key != self._key}
        earlier = {key: self._words.step(key) for key in (*self._earlier, self._key)}
        again, rounds = self._rounds(posted)
        return RulesForm(
            for_each=items_of(_FOR_EACH, or_posted(posted, "for_each", (step.for_each or "",))),
            early=_span(posted, "early", "" if self._early == "PT0S" else self._early),
            early_from=items_of(
                starts, or_posted(posted, "early-from", (step.not_before.from_ if step.not_before else "ready",))
            ),
            again=again,
            again_times=text_or_posted(posted, "again-times", rounds), again_until=self._ask("again", posted),
            again_same=items_of(_SAME, or_posted(posted, "again-same", ("1",) if self._keeps_limit() else ())),
            back_to=items_of(earlier, or_posted(posted, "back-to", (step.back.to if step.back else "",))),
            back_times=text_or_posted(posted, "back-times", str(step.back.times) if step.back else ""),
            back_when=self._ask("back", posted),
            waits=_span(posted, "wait", (step.wait.time_out if step.wait else "") or "") if is_wait else None,
            wait_until=self._ask("wait", posted),
            wait_event=items_of(
                others, or_posted(posted, "wait-event", ((step.wait.event if step.wait else "") or "",))
            ),
            gates=self._ticked(posted, "gate", (
                (name, f"{one.reason} Until {self._words.condition(one.until)}.", one.holds)
                for name, one in self._workflow.gates.items()
            )),
            held=tuple(
                GateForm(name, text_or_posted(posted, f"gate-{name}-reason", gate.reason),
                         self._ask(f"gate-{name}", posted))
                for name, gate in self._gates().items()
            ),
            times={name: self._ask(name, posted) for name in self._conditions if name.startswith("time-")},
            cancels=self._ticked(posted, "cancel", (
                (name, self._words.condition(one.when), one.steps) for name, one in self._workflow.cancels.items()
            )),
            choices=tuple(
                self._words.condition(branch.when) for one in self._workflow.choices.values()
                for branch in one.branches if self._key in branch.to
            ),
        )  # fmt: skip

    def _ticked(
        self, posted: FormData | None, field: str, found: Iterable[tuple[str, str, Collection[str]]]
    ) -> tuple[Item, ...]:
        """Return what can be ticked: what is found, each with its words and the steps for which it is ticked now."""
        return tuple(
            Item(name, words, checked=name in or_posted(posted, field, (name,) if self._key in steps else ()))
            for name, words, steps in found
        )

    def _keeps_limit(self) -> bool:
        return self._step.repeat is not None and self._step.repeat.same_limit

    def _rounds(self, posted: FormData | None) -> tuple[SpanForm, str]:
        """Return after how long the step is done again, and how many times; several amounts are told in words."""
        span, repeat = _span(posted, "again", self._again), self._step.repeat
        if repeat is None or self._again:
            return span, str(repeat.times) if repeat else ""
        written = ", ".join(limit_words(one, say) for one in repeat.waits)
        return span._replace(written=written) if written else span, ""

    def problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        """Find amounts that are none, and what a rule needs and does not say."""
        if "rules_shown" not in form:
            return
        for name in ("early", "again", "wait"):
            if text(form, f"{name}-amount") and not _posted_span(form, name):
                yield f"{name}-amount", _NO_AMOUNT
        has = {"again": bool(text(form, "again-amount")), "back": bool(text(form, "back-to"))}
        for name, most in _MOST.items():
            if has[name] and not 1 <= whole_number(form, f"{name}-times") <= most:
                yield (
                    f"{name}-times",
                    say("Write how many times at most: a whole number from 1 to {number}.", number=most),
                )
            elif not has[name] and text(form, f"{name}-times") and not self._was(name):
                yield ("again-amount", _NO_AMOUNT) if name == "again" else ("back-to", "Choose a step.")
        if has["back"] and not text(form, "back-when") and not self._is_rich("back"):
            yield "back-when", _NO_CONDITION
        is_asked = text(form, "wait-amount") or text(form, "wait-event")
        if is_asked and not text(form, "wait-when") and not self._is_rich("wait"):
            yield "wait-when", _NO_CONDITION
        yield from self._gate_problems(form)

    def _gate_problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        for name in self._gates():
            if (field := f"gate-{name}-reason") in form and not 1 <= len(text(form, field)) <= _LONGEST_REASON:
                held = say(
                    "Write what people read while it is held, in at most {number} letters.", number=_LONGEST_REASON
                )
                yield field, held
            if f"gate-{name}-when" in form and not text(form, f"gate-{name}-when"):
                yield f"gate-{name}-when", _NO_CONDITION

    def edits(self, form: FormData) -> Iterator[Edit]:
        """Yield what the posted form changes of them; nothing of what the form did not show."""
        if "rules_shown" not in form:
            return
        at: Path = ("steps", self._key)
        step, for_each = self._step, text(form, "for_each")
        if for_each != (step.for_each or "") and for_each in {*_FOR_EACH, ""}:
            yield (*at, "for_each"), for_each or REMOVED
        yield from self._early_edits(form, (*at, "not_before"))
        yield from self._again_edits(form, (*at, "repeat"))
        yield from self._back_edits(form, (*at, "back"))
        if "wait-shown" in form:
            yield from self._wait_edits(form, (*at, "wait"))
        for kind, part, field in (("gates", "holds", "gate"), ("cancels", "steps", "cancel")):
            for name, one in getattr(self._workflow, kind).items():
                known = getattr(one, part)
                if (name in texts(form, field)) != (self._key in known):
                    wanted = [key for key in known if key != self._key]
                    wanted += [] if self._key in known else [self._key]
                    yield ((kind, name, part), wanted) if wanted else ((kind, name), REMOVED)
        yield from self._gate_edits(form)

    def _gates(self) -> dict[str, Gate]:
        """Return the gates that hold the step."""
        return {name: gate for name, gate in self._workflow.gates.items() if self._key in gate.holds}

    def _gate_edits(self, form: FormData) -> Iterator[Edit]:
        for name, gate in self._gates().items():
            if name not in texts(form, "gate"):
                continue
            reason = text(form, f"gate-{name}-reason")
            if reason and reason != gate.reason:
                yield ("gates", name, "reason"), reason
            if f"gate-{name}-when" in form:
                yield from self.condition_edit(form, f"gate-{name}", ("gates", name, "until"))

    def _early_edits(self, form: FormData, at: Path) -> Iterator[Edit]:
        was = self._step.not_before
        wait, start = _posted_span(form, "early"), text(form, "early-from") or "ready"
        wait = "" if wait == "PT0S" or _is_same(wait, "PT0S") else wait
        known = "" if self._early == "PT0S" else self._early
        if known and not split_limit(known)[0] and not wait:
            wait = known
        if (start, _split(wait)) == (was.from_ if was else "ready", _split(known)):
            return
        if not wait and start == "ready":
            yield at, REMOVED
        elif not wait or start == "ready":
            yield at, wait or start
        else:
            yield at, {"from": start, "wait": wait}

    def _again_edits(self, form: FormData, at: Path) -> Iterator[Edit]:
        was, every, times = self._step.repeat, _posted_span(form, "again"), whole_number(form, "again-times")
        if was is not None and not self._again:
            return  # its waits are unequal
        if not every:
            if was is not None and split_limit(self._again)[0]:
                yield at, REMOVED
            return
        if was is None:
            same = {"same_limit": True} if text(form, "again-same") else {}
            yield at, {"every": every, "times": times} | self._said(form, "again", "until") | same
            return
        if not _is_same(every, self._again):
            yield (*at, "every"), every
        if times != was.times:
            yield (*at, "times"), times
        yield from self.condition_edit(form, "again", (*at, "until"))
        if bool(text(form, "again-same")) != was.same_limit:
            yield (*at, "same_limit"), REMOVED if was.same_limit else True

    def _back_edits(self, form: FormData, at: Path) -> Iterator[Edit]:
        was, to, times = self._step.back, text(form, "back-to"), whole_number(form, "back-times")
        if was is None and to:
            yield at, {"to": to, "times": times} | self._said(form, "back", "when")
        elif was is not None and not to:
            yield at, REMOVED
        elif was is not None:
            if to != was.to:
                yield (*at, "to"), to
            if times != was.times:
                yield (*at, "times"), times
            yield from self.condition_edit(form, "back", (*at, "when"))

    def _wait_edits(self, form: FormData, at: Path) -> Iterator[Edit]:
        was, out, event = self._step.wait, _posted_span(form, "wait"), text(form, "wait-event")
        said = self._said(form, "wait", "until")
        if was is None:
            if said:
                yield at, said | ({"event": event} if event else {}) | ({"time_out": out} if out else {})
            return
        if not said and not self._is_rich("wait"):
            yield at, REMOVED
            return
        if event != (was.event or ""):
            yield (*at, "event"), event or REMOVED
        known = was.time_out or ""
        if not _is_same(out, known) and (out or split_limit(known)[0]):
            yield (*at, "time_out"), out or REMOVED
        yield from self.condition_edit(form, "wait", (*at, "until"))

    def condition_edit(self, form: FormData, name: str, at: Path) -> Iterator[Edit]:
        """Yield what is posted of a condition of one line, by the name of its field."""
        wanted = text(form, f"{name}-when")
        if not self._is_rich(name) and wanted != chosen_of(self._conditions[name]):
            yield at, self.written(wanted) or REMOVED

    def _said(self, form: FormData, name: str, part: str) -> dict[str, str]:
        written = self.written(text(form, f"{name}-when"))
        return {part: written} if written else {}

    def written(self, chosen: str) -> str:
        """Return the text of a condition that was chosen from a list."""
        return written_condition(chosen, self._outputs)

    def _was(self, name: str) -> bool:
        return (self._step.repeat if name == "again" else self._step.back) is not None

    def _is_rich(self, name: str) -> bool:
        return is_rich(self._conditions[name], self._outputs)

    def _ask(self, name: str, posted: FormData | None) -> ConditionChoice:
        whole = self._whole[name]
        return condition_choice(name, self._conditions[name], self._outputs, self._words, posted, whole)


def condition_choice(
    name: str,
    condition: str | None,
    outputs: Outputs,
    words: WorkflowWords,
    posted: FormData | None,
    whole: str | None = None,
) -> ConditionChoice:
    """Return a condition of one line as a list shows it, by the name of its field; `whole` is what its names say."""
    chosen = or_posted(posted, f"{name}-when", (chosen_of(condition),))
    groups = tuple(
        (label, tuple(
            Item(value, said, checked=value in chosen)
            for key, output in some.items() for value, said in offered(key, output, words)
        ))
        for label, some in outputs.items() if some
    )  # fmt: skip
    said = whole or condition
    return ConditionChoice(words.condition(said) if said else "", groups, is_rich(condition, outputs))


def chosen_of(condition: str | None) -> str:
    """Return what a list has chosen for a condition of one line; empty for any other."""
    single = _single(condition)
    return f"{single.output}|{single.value}" if single else ""


def is_rich(condition: str | None, outputs: Outputs) -> bool:
    """Whether a condition is more than a list of some outputs can show."""
    known = {one: output for some in outputs.values() for one, output in some.items()}
    single = _single(condition)
    return bool(condition) and (single is None or not is_offered(single, known))


def written_condition(chosen: str, outputs: Outputs) -> str:
    """Return the text of a condition that was chosen from a list of some outputs; empty where none was."""
    output, _, value = chosen.partition("|")
    known = {name: one for some in outputs.values() for name, one in some.items()}
    return put_together(Built((BuiltRow(output, value),)), known)


def offered(name: str, output: Output, words: WorkflowWords) -> Iterator[tuple[str, str]]:
    """Yield what a list offers of an output, each with its words as a sentence has them."""
    owner, _, part = name.partition(".")
    said = words.answer(owner, part) if part else words.fact(name)
    if owner == PERSON:
        said = f"the person is {OF_PERSONS[part]}"
    for one in offers(name, output):
        yield f"{name}|{one.value}", f"{said} is “{in_running_words(one.value)}”" if one.value else said


def is_offered(row: BuiltRow, outputs: Mapping[str, Output]) -> bool:
    """Whether a list of some outputs can show what a line of a condition asks."""
    output = outputs.get(row.output)
    return output is not None and (output.kind is not ValueKind.CHOICE or row.value in {"", *output.choices})


def _single(condition: str | None) -> BuiltRow | None:
    """Return the one line of a condition that asks whether something is so; None for any other."""
    try:
        built = rows_of(condition) if condition else None
    except ConditionSyntaxError:
        return None
    return built.rows[0] if built and len(built.rows) == 1 and built.rows[0].test is RowAsk.IS else None


def _span(posted: FormData | None, name: str, limit: str) -> SpanForm:
    amount, unit = split_limit(limit)
    units = items_of(UNITS, or_posted(posted, f"{name}-unit", (unit if limit else "P{}D",)))
    written = limit_words(limit, say) if limit and not amount else ""
    return SpanForm(text_or_posted(posted, f"{name}-amount", amount), units, written)


def _posted_span(form: FormData, name: str) -> str:
    amount, unit = whole_number(form, f"{name}-amount"), text(form, f"{name}-unit")
    return unit.format(amount) if amount >= 0 and unit in UNITS else ""


def _split(limit: str) -> object:
    return split_limit(limit) if split_limit(limit)[0] else limit


def _is_same(one: str, other: str) -> bool:
    return bool(one) == bool(other) and (not one or limit_of(one) == limit_of(other) or _split(one) == _split(other))
