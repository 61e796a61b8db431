"""The words for the parts of a flattened workflow, for whoever compares, looks at or changes it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from engine.language.catalogue import NOW, FollowUp, StepCatalogue
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.rendering import in_words
from engine.language.conditions.tree import ConditionSyntaxError
from engine.language.limits import Counting, TimeLimit
from engine.language.names import (
    OF_PERSONS,
    PERSON,
    in_plain_words,
    in_running_words,
    role_words,
    type_in_plain_words,
)

Plain = Mapping[str, Any]
LawWords = Mapping[tuple[str, str | None], str]
"""How long each limit of the law is in words, such as `within 24 hours by law`: by its id and option."""
FACT_KINDS: Final = {
    "bool": "yes or no", "choice": "one of several answers", "number": "a number", "instant": "a day and a time"
}  # fmt: skip
_SAME_DAY: Final = "P0D"
_OWN_LIMIT: Final = "the limit of its step type"


class WorkflowWords:
    """The words for the parts of a flattened workflow: titles, conditions and limits as people say them.

    Questions and titles that stand in a sentence about a follow-up are told as `tell` has them, in the reader's words.
    """

    def __init__(
        self,
        workflow: Plain,
        catalogue: StepCatalogue | None,
        laws: LawWords | None = None,
        *,
        tell: Callable[[str], str] = str,
    ) -> None:
        self._steps, self._tell = workflow.get("steps", {}), tell
        self._catalogue, self._laws = catalogue, laws or {}

    def step(self, key: str) -> str:
        """Return the title of a step: its own, that of its step type, or its key in plain words."""
        step = self._steps.get(key, {})
        info = self._catalogue.find(step.get("uses", "")) if self._catalogue else None
        return str(step.get("title") or (info.title if info else "") or in_plain_words(key))

    def type(self, uses: str) -> str:
        """Return the title of a step type, or its key in plain words where it is not installed."""
        info = self._catalogue.find(uses) if self._catalogue else None
        return info.title if info else type_in_plain_words(uses)

    def steps(self, keys: Sequence[str]) -> str:
        """Name some steps."""
        return ", ".join(f"“{self.step(key)}”" for key in keys) or "nothing"

    def condition(self, text: str, asked: Mapping[str, str] | None = None) -> str:
        """Tell a condition, with what the step itself is `asked`; one that cannot be read stays as it was written."""

        def titled(path: tuple[str, ...]) -> str:
            label = (asked or {}).get(path[1]) if path[0] == "this" and len(path) > 1 else ""
            return f"“{label}”" if label else self._field(path)

        try:
            return in_words(parse_condition(text), titled)
        except ConditionSyntaxError:
            return text

    def ways(self, choice: Plain) -> str:
        """Say what each way of a choice opens and when, and after what it is made."""
        found = [f"{self.steps(one['to'])} when {self.condition(one['when'])}" for one in choice["branches"]]
        last = [f"else {self.steps(choice['default'])}"] if choice.get("default") else []
        return f"after {self.before(choice.get('after', {}))}, {', or '.join((*found, *last))}"

    def _field(self, path: tuple[str, ...]) -> str:
        owner, rest = path[0], in_running_words(" ".join(path[1:]))
        if owner == "report":
            return f"the report's {rest.removeprefix('is ')}"
        if owner == PERSON:
            return f"whether the person is {OF_PERSONS.get(path[-1], rest)}"
        if owner in {"this", "case"}:
            return rest if owner == "this" else f"the case's {rest}"
        titled = f"“{self.step(owner)}”" if owner in self._steps else in_running_words(owner)
        return f"{rest} of “{self.step(owner)}”" if rest else titled

    def limit(self, time: Plain) -> str:
        """Say how long a time limit is, and from when it counts where that is not at once."""
        long = self.length(time)
        return f"{long}, counted from {self.start(time)}" if time.get("from", "ready") != "ready" else long

    def length(self, time: Plain) -> str:
        """Say how long a time limit is, by law or by its own words; a law that is not known keeps its id."""
        if "law" not in time:
            return within(time.get("limit", "")) or _OWN_LIMIT
        law, option = time["law"], time.get("option")
        return self._laws.get((law, option)) or self._laws.get((law, None)) or f"the limit {law}"

    def full(self, time: Plain) -> str:
        """Say a time limit with its condition, and by which ladder people are notified when it is late."""
        where = f", where {self.condition(time['when'])}" if "when" in time else ""
        return f"{self.limit(time)}{where}, with the ladder “{in_running_words(time.get('ladder', 'standard'))}”"

    def asked(self, uses: str, added: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
        """Return what a follow-up of a step type can ask, in words by name: its questions, those `added`, the rest.

        What is worked out from the answers has no words: it is there with none.
        """
        info = self._catalogue.find(uses) if self._catalogue else None
        worked_out = dict.fromkeys(info.computes, "") if info else {}
        return worked_out | {
            name: self._tell(label) for name, label in (*(info.labels if info else {}).items(), *added)
        }

    def follow_up(self, name: str, one: FollowUp, asked: Mapping[str, str]) -> str:
        """Tell a follow-up of a step in one sentence: what comes, if what, when it opens, by when, by which ladder."""
        title = self._tell(one.title or (self.type(one.uses) if one.uses else in_plain_words(name)))
        opens = (
            f"opens at {_moment(one.opens, asked)}" if one.opens
            else "opens on that day" if one.opens_before == _SAME_DAY
            else f"opens {limit_words(one.opens_before)} before" if one.opens_before
            else f"opens {limit_words(one.opens_after)} later" if one.opens_after else ""
        )  # fmt: skip
        ladder = f"with the ladder “{in_running_words(one.ladder)}”"
        when = f"when {one.act}" if one.act else f"if {self.condition(one.when, asked)}" if one.when else ""
        due = self.due(one, asked) if one.uses else ""
        said = (when, *((due, opens) if one.opens_before else (opens, due)), ladder)
        ends = f"Ends {', '.join(map(in_running_words, one.ends))}" if one.ends else ""
        if {"again_soonest", "again_latest"} & one.model_fields_set:
            soonest, latest = limit_words(one.again_soonest), limit_words(one.again_latest)
            ends = f"Again {soonest} to {latest} after another agency stood in the way. {ends}".strip()
        comes = f"“{title}”: {', '.join(filter(None, said))}" if one.uses else f"{ends} {said[0]}".strip()
        return f"{comes}. {ends}".removesuffix(". ") if one.uses else comes

    def due(self, one: FollowUp, asked: Mapping[str, str]) -> str:
        """Say when a follow-up is due."""
        if one.due:
            return f"by {_moment(one.due, asked)}"
        since = f" after {_moment(one.from_, asked)}" if one.from_ != NOW else ""
        return self.length(_said(limit=one.limit, law=one.law)) + since

    def start(self, time: Plain) -> str:
        """Say from when a time limit counts; of the steps of a named start, from the first that is not left out."""
        start = time.get("from", "ready")
        if isinstance(start, list):
            return ", or else ".join(f"“{self.step(key)}”" for key in start)
        if start in {"ready", "start"}:
            return "when the step can begin" if start == "ready" else "the beginning of the case"
        owner, _, field = start.partition(".")
        return f"“{self.step(owner)}”{f' ({in_running_words(field)})' if field else ''}"

    def before(self, join: Plain) -> str:
        """Say what comes before a step."""
        words = self.steps(join.get("steps", ()))
        many = {"any": "any of ", "n": f"{join.get('n')} of "}.get(join.get("mode", "all"), "")
        return f"{many}{words}" if join.get("steps") else "the beginning of the case"


def _moment(name: str, asked: Mapping[str, str]) -> str:
    """Say where a moment comes from: the question that asks for it, or all answers where it is worked out."""
    if label := asked.get(name):
        return f"the time given in “{label}”"
    return "a time worked out from the answers" if name in asked else in_running_words(name)


def _said(**parts: str | None) -> dict[str, str]:
    return {name: text for name, text in parts.items() if text}


def fact_words(fact: Plain) -> str:
    """Say how a fact of a case is answered, and what holds at first."""
    codes, first = fact.get("choices") or (), fact.get("default")
    said = f"one of {', '.join(map(in_running_words, codes))}" if codes else FACT_KINDS.get(fact.get("type", ""), "")
    at_first = {True: "yes", False: "no"}[first] if isinstance(first, bool) else in_running_words(str(first))
    return said if first is None else f"{said}; at first {at_first}"


def within(limit: str) -> str:
    """Say a limit as `within 24 hours`; empty where none is written."""
    words = limit_words(limit)
    return f"within {words}" if words else ""


def people(roles: Sequence[str]) -> str:
    """Name roles as `the supervisor or the caseworker`."""
    return " or ".join(f"the {_lowered(role_words(role))}" for role in roles) or "whoever its step type names"


def limit_words(limit: str) -> str:
    """Say a limit as `24 hours`; what cannot be read stays as it was written."""
    try:
        return TimeLimit.parse(limit).in_words() if limit else ""
    except ValidationError:
        return limit


def _lowered(words: str) -> str:
    return words if words[1:2].isupper() else f"{words[:1].lower()}{words[1:]}"


def sooner_or_later(old: str, new: str) -> tuple[str, bool] | None:
    """Say by how much a limit is sooner or later, and whether it is later; None where they cannot be compared."""
    try:
        was, becomes = TimeLimit.parse(old), TimeLimit.parse(new)
    except ValidationError:
        return None
    is_later = becomes.about > was.about
    word = "later" if is_later else "sooner"
    if was.counting is not becomes.counting:
        return (word, is_later)
    match was.counting:
        case Counting.WORKING_DAYS:
            by = f"P{abs(was.days - becomes.days)}WD"
        case Counting.WORKING_HOURS:
            by = f"PT{abs(was.seconds - becomes.seconds) // 3600}WH"
        case Counting.CALENDAR if was.days == becomes.days:
            by = f"P{abs(was.months - becomes.months)}M"
        case Counting.CALENDAR:
            return (word, is_later)
        case _:
            return (f"{span(abs(was.seconds - becomes.seconds))} {word}", is_later)
    return (f"{limit_words(by)} {word}", is_later)


def span(seconds: float) -> str:
    """Say a span: whole days as days from three on, else hours, else minutes."""
    whole = int(seconds)
    day, few, hour = 86_400, 3, 3_600
    if whole % day == 0 and whole >= few * day:
        return limit_words(f"P{whole // day}D")
    return limit_words(f"PT{whole // hour}H" if whole % hour == 0 else f"PT{whole // 60}M")
