"""The words for the parts of a flattened workflow, for whoever compares, looks at or changes it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from engine.language.catalogue import NOW, FollowUp, StepCatalogue, StepTypeInfo
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.rendering import in_words
from engine.language.conditions.tree import ConditionSyntaxError
from engine.language.limits import Counting, TimeLimit
from engine.language.names import OF_PERSONS, PERSON, in_plain_words, role_words, type_in_plain_words
from engine.language.telling import Tell, either, in_english, running

Plain = Mapping[str, Any]
LawWords = Mapping[tuple[str, str | None], str]
"""How long each limit of the law is in words, such as `within 24 hours by law`: by its id and option."""
FACT_KINDS: Final = {
    "bool": "yes or no", "choice": "one of several answers", "number": "a number", "instant": "a day and a time"
}  # fmt: skip
THIS: Final = "this"
"""How a condition of a follow-up names the step that brings it."""
_SAME_DAY: Final = "P0D"
_REPORT: Final = "reporting.intake"
"""The step type whose questions a report answers."""


class WorkflowWords:
    """The words for the parts of a flattened workflow: titles, conditions and limits as people say them.

    All is told as `tell` has it, in the reader's words.
    """

    def __init__(
        self, workflow: Plain, catalogue: StepCatalogue | None, laws: LawWords | None = None, *, tell: Tell = in_english
    ) -> None:
        self._steps, self._facts, self.tell = workflow.get("steps", {}), workflow.get("facts", {}), tell
        self._by_type = workflow.get("follow_ups", {})
        self._catalogue, self._laws = catalogue, laws or {}

    def of_this(self, step: Plain) -> "WorkflowWords":
        """Return the words by which a follow-up of a step speaks, for which it is `this`."""
        workflow = {"steps": {**self._steps, THIS: step}, "facts": self._facts, "follow_ups": self._by_type}
        return WorkflowWords(workflow, self._catalogue, self._laws, tell=self.tell)

    def step(self, key: str) -> str:
        """Return the title of a step: its own, that of its step type, or its key in plain words."""
        step = self._steps.get(key, {})
        info = self._info(step.get("uses", ""))
        return self.tell(str(step.get("title") or (info.title if info else "") or in_plain_words(key)))

    def type(self, uses: str) -> str:
        """Return the title of a step type, or its key in plain words where it is not installed."""
        info = self._info(uses)
        return self.tell(info.title if info else type_in_plain_words(uses))

    def steps(self, keys: Sequence[str]) -> str:
        """Name some steps."""
        return ", ".join(f"“{self.step(key)}”" for key in keys) or self.tell("nothing")

    def condition(self, text: str, asked: Mapping[str, str] | None = None) -> str:
        """Tell a condition, with what the step itself is `asked`; one that cannot be read stays as it was written."""

        def titled(path: tuple[str, ...]) -> str:
            label = (asked or {}).get(path[1]) if path[0] == THIS and len(path) > 1 else ""
            return f"“{label}”" if label else self._field(path)

        try:
            return in_words(parse_condition(text), titled, self.tell)
        except ConditionSyntaxError:
            return text

    def ways(self, choice: Plain) -> str:
        """Say what each way of a choice opens and when, and after what it is made."""
        found = [
            self.tell("{steps} when {condition}", steps=self.steps(one["to"]), condition=self.condition(one["when"]))
            for one in choice["branches"]
        ]
        last = [self.tell("else {steps}", steps=self.steps(choice["default"]))] if choice.get("default") else []
        ways = reduce(lambda one, other: self.tell("{one}, or {other}", one=one, other=other), (*found, *last))
        return self.tell("after {steps}, {ways}", steps=self.before(choice.get("after", {})), ways=ways)

    def _field(self, path: tuple[str, ...]) -> str:
        owner, rest = path[0], "_".join(path[1:])
        if owner == "report":
            return self.tell("the report's {field}", field=self.answer(owner, rest))
        if owner == PERSON:
            what = OF_PERSONS.get(path[-1])
            return self.tell("whether the person is {what}", what=self.tell(what) if what else running(rest, self.tell))
        field = running(rest, self.tell)
        if owner in {THIS, "case"}:
            return field if owner == THIS else self.tell("the case's {field}", field=field)
        if rest:
            return self.tell("{field} of “{step}”", field=self.answer(owner, rest), step=self.step(owner))
        return f"“{self.step(owner)}”" if owner in self._steps else self.fact(owner)

    def fact(self, name: str) -> str:
        """Return the title of a fact of the case, or its name in plain words where it has none."""
        title = self._facts.get(name, {}).get("title")
        return f"“{self.tell(title) if title else running(name, self.tell)}”"

    def answer(self, owner: str, field: str) -> str:
        """Name an answer of a step, or of the report, by the question that it answers, else in plain words."""
        step: Plain = {"uses": _REPORT} if owner == "report" else self._steps.get(owner, {})
        info = self._info(step.get("uses", ""))
        added = {one["id"]: one["label"] for one in step.get("questions", ())}
        label = added.get(field) or (info.labels.get(field) if info else "")
        return f"“{self.tell(label)}”" if label else running(field.removeprefix("is_"), self.tell)

    def _info(self, uses: str) -> StepTypeInfo | None:
        return self._catalogue.find(uses) if self._catalogue else None

    def limit(self, time: Plain) -> str:
        """Say how long a time limit is, and from when it counts where that is not at once."""
        long = self.length(time)
        if time.get("from", "ready") == "ready":
            return long
        return self.tell("{length}, counted from {start}", length=long, start=self.start(time))

    def length(self, time: Plain) -> str:
        """Say how long a time limit is, by law or by its own words; a law that is not known keeps its id."""
        if "law" not in time:
            return within(time.get("limit", ""), self.tell) or self.tell("the limit of its step type")
        law, option = time["law"], time.get("option")
        return self._laws.get((law, option)) or self._laws.get((law, None)) or self.tell("the limit {law}", law=law)

    def full(self, time: Plain) -> str:
        """Say a time limit with its condition, and by which ladder people are notified when it is late."""
        values = {"limit": self.limit(time), "ladder": running(time.get("ladder", "standard"), self.tell)}
        if "when" not in time:
            return self.tell("{limit}, with the ladder “{ladder}”", **values)
        where = self.condition(time["when"])
        return self.tell("{limit}, where {condition}, with the ladder “{ladder}”", condition=where, **values)

    def asked(self, uses: str, added: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        """Return what a follow-up of a step type can ask, in words by name: its questions, those `added`, the rest.

        What is worked out from the answers has no words: it is there with none.
        """
        info = self._info(uses)
        worked_out = dict.fromkeys(info.computes, "") if info else {}
        return worked_out | {name: self.tell(label) for name, label in (*(info.labels if info else {}).items(), *added)}

    def follow_up(self, one: FollowUp, asked: Mapping[str, str]) -> str:
        """Tell a follow-up of a step in one sentence: what comes, if what, when it opens, by when, by which ladder."""
        when = self._comes(one, asked)
        ends = (
            self.tell("Ends {names}", names=", ".join(f"“{self.brought(end)}”" for end in one.ends)) if one.ends else ""
        )
        if {"again_soonest", "again_latest"} & one.model_fields_set:
            again = self.tell(
                "Again {soonest} to {latest} after another agency stood in the way.",
                soonest=limit_words(one.again_soonest, self.tell), latest=limit_words(one.again_latest, self.tell),
            )  # fmt: skip
            ends = f"{again} {ends}".strip()
        if not one.uses:
            return f"{ends} {when}".strip()
        opens, due = self._opens(one, asked), self.due(one, asked)
        ladder = self.tell("with the ladder “{ladder}”", ladder=running(one.ladder, self.tell))
        said = (when, *((due, opens) if one.opens_before else (opens, due)), ladder)
        comes = f"“{self.tell(one.title) if one.title else self.type(one.uses)}”: {', '.join(filter(None, said))}"
        return f"{comes}. {ends}".removesuffix(". ")

    def brought(self, name: str, uses: str = "") -> str:
        """Name a follow-up, of a step type or wherever it stands, by the title of the step that it brings."""
        for one in self._declared(name, uses):
            if one.get("title") or one.get("uses"):
                return self.tell(one["title"]) if one.get("title") else self.type(one["uses"])
        return running(name, self.tell)

    def _declared(self, name: str, uses: str) -> Iterator[Plain]:
        """Yield what is said of a follow-up: by the steps of the workflow, of all steps of a kind, by step types."""
        steps = ((one.get("uses"), one.get("follow_ups", {})) for one in self._steps.values())
        for of, said in (*steps, *self._by_type.items()):
            if uses in {"", of} and said.get(name):
                yield said[name]
        for of in self._catalogue.keys() if self._catalogue else ():
            if uses in {"", of} and (info := self._info(of)) and name in info.follow_ups:
                yield info.follow_ups[name].model_dump()

    def _comes(self, one: FollowUp, asked: Mapping[str, str]) -> str:
        if one.act:
            return self.tell("when {act}", act=self.tell(one.act))
        return self.tell("if {condition}", condition=self.condition(one.when, asked)) if one.when else ""

    def _opens(self, one: FollowUp, asked: Mapping[str, str]) -> str:
        if one.opens:
            return self.tell("opens at {moment}", moment=self._moment(one.opens, asked))
        if one.opens_before == _SAME_DAY:
            return self.tell("opens on that day")
        if one.opens_before:
            return self.tell("opens {length} before", length=limit_words(one.opens_before, self.tell))
        later = limit_words(one.opens_after or "", self.tell)
        return self.tell("opens {length} later", length=later) if later else ""

    def due(self, one: FollowUp, asked: Mapping[str, str]) -> str:
        """Say when a follow-up is due."""
        if one.due:
            return self.tell("by {moment}", moment=self._moment(one.due, asked))
        long = self.length(_said(limit=one.limit, law=one.law))
        if one.from_ == NOW:
            return long
        return self.tell("{length} after {moment}", length=long, moment=self._moment(one.from_, asked))

    def _moment(self, name: str, asked: Mapping[str, str]) -> str:
        """Say where a moment comes from: the question that asks for it, or all answers where it is worked out."""
        if label := asked.get(name):
            return self.tell("the time given in “{question}”", question=label)
        return self.tell("a time worked out from the answers") if name in asked else running(name, self.tell)

    def start(self, time: Plain) -> str:
        """Say from when a time limit counts; of the steps of a named start, from the first that is not left out."""
        start = time.get("from", "ready")
        if isinstance(start, list):
            return self.or_else(start)
        if start in {"ready", "start"}:
            return self.tell("when the step can begin" if start == "ready" else "the beginning of the case")
        owner, _, field = start.partition(".")
        if owner in self._facts:
            return self.fact(owner)
        return f"“{self.step(owner)}”{f' ({self.answer(owner, field)})' if field else ''}"

    def or_else(self, keys: Iterable[object]) -> str:
        """Name some steps of which the first counts that is not left out."""
        named = (f"“{self.step(str(key))}”" for key in keys)
        return reduce(lambda one, other: self.tell("{one}, or else {other}", one=one, other=other), named)

    def before(self, join: Plain) -> str:
        """Say what comes before a step."""
        if not join.get("steps"):
            return self.tell("the beginning of the case")
        words = self.steps(join["steps"])
        if join.get("mode", "all") == "any":
            return self.tell("any of {steps}", steps=words)
        return self.tell("{number} of {steps}", number=join.get("n"), steps=words) if join.get("mode") == "n" else words


def _said(**parts: str | None) -> dict[str, str]:
    return {name: text for name, text in parts.items() if text}


def fact_words(fact: Plain, tell: Tell = in_english) -> str:
    """Say how a fact of a case is answered, and what holds at first."""
    codes, first = fact.get("choices") or (), fact.get("default")
    said = (
        tell("one of {answers}", answers=", ".join(running(code, tell) for code in codes)) if codes
        else tell(FACT_KINDS.get(fact.get("type", ""), ""))
    )  # fmt: skip
    if first is None:
        return said
    at_first = tell("yes" if first else "no") if isinstance(first, bool) else running(str(first), tell)
    return tell("{answers}; at first {answer}", answers=said, answer=at_first)


def within(limit: str, tell: Tell = in_english) -> str:
    """Say a limit as `within 24 hours`; empty where none is written."""
    words = limit_words(limit, tell)
    return tell("within {length}", length=words) if words else ""


def people(roles: Sequence[str], tell: Tell = in_english) -> str:
    """Name roles as `the supervisor or the caseworker`."""
    named = (tell(f"the {_lowered(role_words(role))}") for role in roles)
    return either(named, tell) or tell("whoever its step type names")


def limit_words(limit: str, tell: Tell = in_english) -> str:
    """Say a limit as `24 hours`; what cannot be read stays as it was written."""
    try:
        return TimeLimit.parse(limit).in_words(tell) if limit else ""
    except ValidationError:
        return limit


def _lowered(words: str) -> str:
    return words if words[1:2].isupper() else f"{words[:1].lower()}{words[1:]}"


class LimitMove(NamedTuple):
    """How much sooner or later a limit is: the `length`, empty where it is not known, and whether it is later."""

    length: str
    is_later: bool


def sooner_or_later(old: str, new: str, tell: Tell = in_english) -> LimitMove | None:
    """Return by how much a limit is sooner or later; None where they cannot be compared."""
    try:
        was, becomes = TimeLimit.parse(old), TimeLimit.parse(new)
    except ValidationError:
        return None
    is_later = becomes.about > was.about
    if was.counting is not becomes.counting:
        return LimitMove("", is_later)
    match was.counting:
        case Counting.WORKING_DAYS:
            by = f"P{abs(was.days - becomes.days)}WD"
        case Counting.WORKING_HOURS:
            by = f"PT{abs(was.seconds - becomes.seconds) // 3600}WH"
        case Counting.CALENDAR if was.days == becomes.days:
            by = f"P{abs(was.months - becomes.months)}M"
        case Counting.CALENDAR:
            return LimitMove("", is_later)
        case _:
            return LimitMove(span(abs(was.seconds - becomes.seconds), tell), is_later)
    return LimitMove(limit_words(by, tell), is_later)


def span(seconds: float, tell: Tell = in_english) -> str:
    """Say a span: whole days as days from three on, else hours, else minutes."""
    whole = int(seconds)
    day, few, hour = 86_400, 3, 3_600
    if whole % day == 0 and whole >= few * day:
        return limit_words(f"P{whole // day}D", tell)
    return limit_words(f"PT{whole // hour}H" if whole % hour == 0 else f"PT{whole // 60}M", tell)
