"""What a new version of a definition changes, in sentences for the person who agrees to it: what is lost, first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import ndiff
from functools import partial
from itertools import groupby
from typing import Any, Final, NamedTuple

from engine.language.catalogue import FollowUp, StepCatalogue, changed
from engine.language.editing import differences
from engine.language.ladders import Ladder
from engine.language.names import in_running_words
from engine.language.rotas import rota_changes
from engine.language.short_forms import starts_read_back, with_names
from engine.language.time_changes import (
    COURSE,
    calendar_changes,
    course_changes,
    ladder_changes,
    lost_by,
    warning_changes,
)
from engine.language.words import LawWords, LimitMove, Plain, WorkflowWords, fact_words, people, sooner_or_later, within
from engine.language.yaml_files import read_yaml

_TITLES: Final = {
    "after": "what comes before", "not_before": "when it opens at the earliest",
    "for_each": "for whom it is repeated", "with": "settings",
    "until": "condition", "exclude": "time that does not count", "on_breach": "what opens when it is late",
    "back": "way back", "wait": "event that it waits for", "times": "at most so many times",
    "standing": "is there all the time", "cancels": "what is called off", "undo": "what undoes it",
    "warn": "warnings", "option": "length of the law's limit", "pause": "longest pause", "extend": "most extra time",
}  # fmt: skip

NAMED: Final = ("conditions", "starts")
"""What a text gives names to that are no part of what runs."""


class ChangeSentence(NamedTuple):
    """One change as a sentence; `is_loss` when somebody is told later, or something is held back or checked no more."""

    words: str
    is_loss: bool = False


def changes_in_words(
    kind: str,
    before: Plain | None,
    after: Plain,
    catalogue: StepCatalogue | None = None,
    laws: LawWords | None = None,
    ladders: Mapping[str, Ladder] | None = None,
) -> tuple[ChangeSentence, ...]:
    """Say each difference between two flattened definitions of a kind, losses first; the version alone is none.

    Where the ladders are known, it is said what is lost where one takes the place of another.
    """
    if before is None:
        return (ChangeSentence("It is new."),)
    if kind in {"message", "document"}:
        return tuple(_texts(before, after))
    found: Iterator[ChangeSentence]
    if kind == "workflow":
        found = _Workflows(before, after, catalogue, laws, ladders or {}).all()
    elif kind == "rota":
        found = (ChangeSentence(words, is_loss) for words, is_loss in rota_changes(before, after))
    elif kind == "calendar":
        found = _calendars(before, after)
    else:
        found = _ladders(before, after) if kind == "ladder" else _others("", before, after)
    return tuple(sorted(dict.fromkeys(found), key=lambda one: not one.is_loss))


def name_changes(before: str, after: str, flattened: Plain, catalogue: StepCatalogue) -> tuple[ChangeSentence, ...]:
    """Say what differs in the names that two texts of a workflow give: they are no part of what runs."""
    old, new = (read_yaml(text, file="workflow.yaml").data for text in (before, after))
    return tuple(_names(WorkflowWords(flattened, catalogue), old, new))


def _names(words: WorkflowWords, before: Any, after: Any) -> Iterator[ChangeSentence]:  # noqa: ANN401 - as they stand in a file
    for group in NAMED:
        old, new = (one.get(group) or {} if isinstance(one, dict) else {} for one in (before, after))
        renamed = _renamed(old, new)
        for name, becomes in renamed.items():
            said, said_now = in_running_words(str(name)), in_running_words(str(becomes))
            yield ChangeSentence(f"The name “{said}” is “{said_now}” now, and stands for the same.")
        old = _by_other_names(old, renamed)
        for name, was, becomes in _pairs(old, new):
            named, (said, said_now) = in_running_words(str(name)), (_stands_for(words, one) for one in (was, becomes))
            if not was or not becomes:
                is_new = "is new: it stands for" if becomes else "is gone: it stood for"
                yield ChangeSentence(f"The name “{named}” {is_new} {said_now or said}.")
            else:
                yield ChangeSentence(f"The name “{named}” stands for {said_now} instead of {said}.")


def _renamed(old: Plain, new: Plain) -> dict[str, str]:
    """Return the names that are gone while another one stands for just the same, each with that one."""
    found: dict[str, str] = {}
    while True:
        said = _by_other_names(old, found)
        free = [name for name in new if name not in said]
        more = ((name, next((one for one in free if new[one] == said[name]), "")) for name in said if name not in new)
        name, becomes = next((one for one in more if one[1]), ("", ""))
        if not becomes:
            return found
        found[name] = becomes


def _by_other_names(said: Plain, names: Mapping[str, str]) -> Plain:
    """Return what names stand for, with other names for some of them."""
    if not names:
        return said
    return {
        names.get(name, name): with_names(one, names) if isinstance(one, str) else one for name, one in said.items()
    }


def _stands_for(words: WorkflowWords, said: Any) -> str:  # noqa: ANN401 - as it stands in a file
    steps = said.get("any") if isinstance(said, dict) else None
    if isinstance(steps, list):
        return ", or else ".join(f"“{words.step(str(key))}”" for key in steps)
    return words.condition(said) if isinstance(said, str) else ""


class _Workflows:
    """Compares two workflows part by part; what has no words of its own is told by its lines."""

    def __init__(
        self,
        before: Plain,
        after: Plain,
        catalogue: StepCatalogue | None,
        laws: LawWords | None,
        ladders: Mapping[str, Ladder],
    ) -> None:
        self._old, self._new, self._catalogue, self._ladders = before, after, catalogue, ladders
        self._was, self._is = (WorkflowWords(one, catalogue, laws) for one in (before, after))

    def all(self) -> Iterator[ChangeSentence]:
        for key, old, new in _pairs(self._old.get("steps", {}), self._new.get("steps", {})):
            yield from self._step(key, old, new)
        for key, old, new in _pairs(self._old.get("gates", {}), self._new.get("gates", {})):
            yield from self._gate(key, old, new)
        for key, old, new in _pairs(self._old.get("choices", {}), self._new.get("choices", {})):
            yield self._choice(f"The choice “{in_running_words(key)}”", old, new)
        for key, old, new in _pairs(self._old.get("cancels", {}), self._new.get("cancels", {})):
            yield from self._cancel(key, old, new)
        yield from self._begin_and_end()
        for key, old, new in _pairs(self._old.get("facts", {}), self._new.get("facts", {})):
            yield self._fact(key, old, new)
        for uses, old, new in _pairs(self._old.get("follow_ups", {}), self._new.get("follow_ups", {})):
            yield from self._follow_ups(uses, f"Each “{self._is.type(uses)}”", old, new)
        told = {"steps", "gates", "choices", "follow_ups", "cancels", "start", "close", "facts"}
        rest = ({name: value for name, value in one.items() if name not in told} for one in (self._old, self._new))
        yield from self._by_line("", *rest)

    def _begin_and_end(self) -> Iterator[ChangeSentence]:
        """Say what differs in how a case begins by the workflow, and in how it ends."""
        was, becomes = (one.get("start", {}) for one in (self._old, self._new))
        if was.get("on") != becomes.get("on"):
            by_hand = "on" in becomes
            words = "No report opens it any more: someone begins it." if by_hand else "A report opens it by itself."
            yield ChangeSentence(words, by_hand)
        if was.get("when") != becomes.get("when"):
            yield self._condition("It opens by itself", was.get("when"), becomes.get("when"))
        old, new = (one.get("close", {}) for one in (self._old, self._new))
        if old.get("unless") != new.get("unless"):
            is_loss = "unless" in new
            yield ChangeSentence(
                f"The case {'also closes' if is_loss else 'does not close'} while limits run.", is_loss
            )
        if old.get("abort") != new.get("abort"):
            ends = "The case ends at once, and all that is open is cancelled"
            if "abort" in new:
                yield ChangeSentence(f"{ends}, when {self._is.condition(new['abort'])}.", is_loss=True)
            else:
                yield ChangeSentence(f"{ends}, no longer when {self._was.condition(old['abort'])}.")

    def _choice(self, name: str, old: Plain | None, new: Plain | None) -> ChangeSentence:
        if new is None:
            return ChangeSentence(f"{name} is gone: {self._was.ways(old or {})}.", is_loss=True)
        before = f"now: {self._is.ways(new)}; it was: {self._was.ways(old)}" if old else f"new: {self._is.ways(new)}"
        return ChangeSentence(f"{name} is {before}.")

    def _cancel(self, key: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = old or {}, new or {}
        gone, more = (
            [step for step in one.get("steps", ()) if step not in other.get("steps", ())]
            for one, other in ((was, becomes), (becomes, was))
        )
        if gone:
            yield ChangeSentence(
                f"{self._was.steps(gone)}: no longer cancelled when {self._was.condition(was['when'])}."
            )
        if more:
            words = f"{self._is.steps(more)}: cancelled when {self._is.condition(becomes['when'])}."
            yield ChangeSentence(words, is_loss=True)
        if old and new:
            if old["when"] != new["when"]:
                yield self._condition(f"{self._is.steps(new['steps'])}: cancelled", old["when"], new["when"])
            rest = ({name: value for name, value in one.items() if name == "undo"} for one in (old, new))
            yield from self._by_line(f"What is cancelled by “{in_running_words(key)}”: ", *rest)

    def _step(self, key: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        if old is None or new is None:
            words = (self._was if new is None else self._is).step(key)
            yield (
                ChangeSentence(f"The step “{words}” is gone.", is_loss=True)
                if new is None
                else self._new_step(words, new or {})
            )
            return
        title, uses = f"“{self._was.step(key)}”", new.get("uses", "")
        parts: Mapping[str, Callable[[str, Any, Any], Iterator[ChangeSentence]]] = {
            "time": partial(self._times, old, new), "assign": self._assign, "when": self._when, "after": self._after,
            "questions": self._questions, "approve": self._approval, "discretionary": self._discretionary,
            "follow_ups": partial(self._follow_ups, uses), "for_each": self._for_each, "uses": self._uses,
            "sets": self._sets,
        }  # fmt: skip
        for name, was, becomes in _pairs(old, new):
            if name in parts:
                yield from parts[name](title, was, becomes)
            elif name in COURSE:
                told = course_changes(name, title, (was, self._was), (becomes, self._is))
                yield from (ChangeSentence(*one) for one in told)
            else:
                yield from self._by_line(f"{title}: ", {name: was}, {name: becomes})

    def _new_step(self, title: str, new: Plain) -> ChangeSentence:
        times = [self._is.limit(time) for time in starts_read_back(new.get("time", ()), new, self._new["steps"])]
        who = f", done by {people(new['assign']['role'])}" if new.get("assign", {}).get("role") else ""
        return ChangeSentence(f"New step: “{title}”{who}, after {self._is.before(new.get('after', {}))}{_and(times)}.")

    def _times(self, old: Plain, new: Plain, title: str, *_: object) -> Iterator[ChangeSentence]:
        was, becomes = (
            starts_read_back(one.get("time", ()), one, whole["steps"])
            for one, whole in ((old, self._old), (new, self._new))
        )
        for some in ((was, becomes), (old.get("time", ()), new.get("time", ()))):
            if len(some[0]) == len(some[1]):
                for one, other in zip(*some, strict=True):
                    yield from self._time(new.get("uses", ""), title, one, other)
                return
        for time in (one for one in was if one not in becomes):
            yield ChangeSentence(f"{title} no longer has the time limit: {self._was.full(time)}.", is_loss=True)
        for time in (one for one in becomes if one not in was):
            yield ChangeSentence(f"{title} has a new time limit: {self._is.full(time)}.")

    def _time(self, uses: str, title: str, old: Plain, new: Plain) -> Iterator[ChangeSentence]:
        where = f", where {self._is.condition(new['when'])}" if "when" in new else ""
        long = ("limit", "law", "option", "from")
        if any(old.get(name) != new.get(name) for name in long):
            yield self._longer(uses, f"{title}{where}", old, new)
        if _ladder(old) != _ladder(new):
            yield self._other_ladder(f"When {title} is late{where}", old, new)
        if old.get("when") != new.get("when"):
            yield self._condition(f"The time limit of {title} holds", old.get("when"), new.get("when"))
        yield from (ChangeSentence(*one) for one in warning_changes(title, old.get("warn", ()), new.get("warn", ())))
        for key in (one for one in old.get("on_breach", ()) if one not in new.get("on_breach", ())):
            yield ChangeSentence(f"When {title} is late{where}, “{self._was.step(key)}” no longer opens.", is_loss=True)
        for key in (one for one in new.get("on_breach", ()) if one not in old.get("on_breach", ())):
            yield ChangeSentence(f"When {title} is late{where}, “{self._is.step(key)}” opens.")
        told = {*long, "ladder", "when", "warn", "on_breach"}
        rest = ({name: value for name, value in one.items() if name not in told} for one in (old, new))
        yield from self._by_line(f"{title}: ", *rest)

    def _other_ladder(self, late: str, old: Plain, new: Plain) -> ChangeSentence:
        was, becomes = (self._ladders.get(one.get("ladder", "standard")) for one in (old, new))
        words = f"{late}, the ladder is “{_ladder(new)}” instead of “{_ladder(old)}”."
        lost = (
            lost_by(*(one.model_dump(mode="json", by_alias=True) for one in (was, becomes))) if was and becomes else ""
        )
        return ChangeSentence(f"{words} {lost}".strip(), bool(lost))

    def _for_each(self, title: str, old: str | None, new: str | None) -> Iterator[ChangeSentence]:
        was, becomes = (
            f"for each of {in_running_words(one.partition('.')[2])}" if one else "once" for one in (old, new)
        )
        yield ChangeSentence(f"{title} is done {becomes}; it was {was}.", new is None)

    def _sets(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        for name, was, becomes in _pairs(old or {}, new or {}):
            fact = (self._is if becomes else self._was).fact(name)
            if becomes and was:
                yield self._condition(f"{title} sets that {fact} is so", was, becomes)
            elif becomes:
                yield ChangeSentence(f"{title} sets that {fact} is so when {self._is.condition(becomes)}.")
            else:
                words = f"{title} no longer sets that {fact} is so when {self._was.condition(was)}."
                yield ChangeSentence(words, is_loss=True)

    def _uses(self, title: str, old: str, new: str) -> Iterator[ChangeSentence]:
        words = f"{title} is another kind of step: “{self._is.type(new)}” instead of “{self._was.type(old)}”."
        yield ChangeSentence(words, is_loss=True)

    def _longer(self, uses: str, title: str, old: Plain, new: Plain) -> ChangeSentence:
        is_later = self._is_later(uses, old, new)
        if old.get("from") != new.get("from"):
            return ChangeSentence(f"{title} is due {self._is.limit(new)}; it was {self._was.limit(old)}.", is_later)
        by = None if "law" in old or "law" in new else sooner_or_later(old.get("limit", ""), new.get("limit", ""))
        since = f", counted from {self._is.start(new)}" if "from" in new else ""
        becomes, was = self._lengths(old, new)
        words = f"{title} is due{_moved(by) if by else ''}: {becomes} instead of {was.removeprefix('within ')}{since}."
        return ChangeSentence(words, is_later)

    def _lengths(self, old: Plain, new: Plain) -> tuple[str, str]:
        """Say how long something is now and was before; two limits of the law that are as long, with their ids."""
        becomes, was = self._is.length(new), self._was.length(old)
        if becomes != was or old.get("law") == new.get("law"):
            return becomes, was
        return f"{becomes} ({new.get('law')})", f"{was} ({old.get('law')})"

    def _is_later(self, uses: str, old: Plain, new: Plain) -> bool:
        """Whether something is due later, or no more; by the law or from elsewhere, also where nothing shows that."""
        info = self._catalogue.find(uses) if self._catalogue else None
        others, usual = {"law", "option", "due"}, (info.time_limit if info else None) or ""
        was, becomes = (one.get("limit", "" if others & one.keys() else usual) for one in (old, new))
        if not was and not others & old.keys():
            return False
        is_first = new.get("from") == "start" and "." not in old.get("from", "ready")
        is_moved = old.get("from") != new.get("from") and not is_first
        return is_moved or any(old.get(one) != new.get(one) for one in others) or _may_be_longer(was, becomes)

    def _assign(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = dict(old or {}), dict(new or {})
        if was.get("role") != becomes.get("role"):
            roles = people(becomes.get("role", ())), people(was.get("role", ()))
            yield ChangeSentence(f"{title} is done by {roles[0]} instead of {roles[1]}.")
        for key in (one for one in was.get("not", ()) if one not in becomes.get("not", ())):
            words = f"{title} may be done by the same person as “{self._was.step(key)}”: four eyes are gone."
            yield ChangeSentence(words, is_loss=True)
        for key in (one for one in becomes.get("not", ()) if one not in was.get("not", ())):
            yield ChangeSentence(f"{title} is no longer done by the same person as “{self._is.step(key)}”.")
        rest = ({name: value for name, value in one.items() if name not in {"role", "not"}} for one in (was, becomes))
        yield from self._by_line(f"{title}: ", *rest)

    def _when(self, title: str, old: str | None, new: str | None) -> Iterator[ChangeSentence]:
        if old != new:
            yield self._condition(f"{title} is done", old, new)

    def _condition(self, what: str, old: str | None, new: str | None) -> ChangeSentence:
        if new is None:
            return ChangeSentence(f"{what} always; it was only when {self._was.condition(old or '')}.")
        before = f"instead of when {self._was.condition(old)}" if old is not None else "instead of always"
        return ChangeSentence(f"{what} when {self._is.condition(new)}, {before}.", old is None)

    def _after(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = self._was.before(old or {}), self._is.before(new or {})
        if was != becomes:
            yield ChangeSentence(f"{title} comes after {becomes} instead of after {was}.")

    def _questions(
        self, title: str, old: Sequence[Plain] | None, new: Sequence[Plain] | None
    ) -> Iterator[ChangeSentence]:
        was, becomes = ({one["id"]: one for one in some or ()} for some in (old, new))
        for _, before, after in _pairs(was, becomes):
            label = (after or before or {})["label"]
            yield from _whole(f"{title}: the question “{label}”", before, after) or self._by_line(
                f"{title}, “{label}”: ", before or {}, after or {}
            )

    def _approval(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        if old and not new:
            yield ChangeSentence(f"Nobody approves {title} any more; it was {people(old['role'])}.", is_loss=True)
            return
        was, becomes = old or {}, new or {}
        if any(was.get(name) != becomes.get(name) for name in ("role", "limit")):
            is_loss = "limit" in was and _may_be_longer(was["limit"], becomes.get("limit", ""))
            limit = _comma(within(becomes.get("limit", "")))
            before = f", instead of {people(was['role'])}{_comma(within(was.get('limit', '')))}" if was else ""
            words = f"{title} is approved by {people(becomes['role'])}{limit}{before}."
            yield ChangeSentence(words, is_loss)
        if was and _ladder(was) != _ladder(becomes):
            yield self._other_ladder(f"When the approval of {title} is late", was, becomes)

    def _discretionary(self, title: str, _: object, new: object) -> Iterator[ChangeSentence]:
        if new:
            yield ChangeSentence(f"{title} no longer opens by itself: somebody has to add it.", is_loss=True)
        else:
            yield ChangeSentence(f"{title} opens by itself; it had to be added.")

    def _follow_ups(self, uses: str, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = dict(old or {}), dict(new or {})
        for name in dict.fromkeys((*was, *becomes)):
            words = f"{title}: the follow-up “{(self._is if becomes.get(name) else self._was).brought(name, uses)}”"
            was_off, is_off = (name in one and one[name] is None for one in (was, becomes))
            if was_off is not is_off:
                yield ChangeSentence(f"{words} {'no longer comes' if is_off else 'comes again'}.", is_off)
            if not is_off:
                before, after = (self._follow_up(uses, name, one.get(name)) for one in (was, becomes))
                yield from self._follow_up_changes(uses, words, before, after)

    def _follow_up(self, uses: str, name: str, said: Plain | None) -> Plain:
        """Return a follow-up whole: what its step type declares, with what is said of it."""
        info = self._catalogue.find(uses) if self._catalogue else None
        declared = info.follow_ups if info and not (said and "uses" in said) else {}
        whole = changed(declared, {name: FollowUp(**said)} if said else {}).get(name)
        return whole.model_dump(mode="json", by_alias=True, exclude_defaults=True) if whole else {}

    def _follow_up_changes(self, uses: str, what: str, old: Plain, new: Plain) -> Iterator[ChangeSentence]:
        long = {"limit", "law", "due", "from"} if old and new else set()
        if any(old.get(name) != new.get(name) for name in long):
            asked = self._is.asked(uses)
            becomes, was = self._is.due(FollowUp(**new), asked), self._was.due(FollowUp(**old), asked)
            is_later = self._is_later(new.get("uses", ""), old, new)
            yield ChangeSentence(f"{what} is due {becomes} instead of {was}.", is_later)
        if old and new and self._ladders and _ladder(old) != _ladder(new):
            yield self._other_ladder(f"{what}: when it is late", old, new)
            long |= {"ladder"}
        rest = ({name: value for name, value in one.items() if name not in long} for one in (old, new))
        yield from self._by_line(f"{what}: ", *rest)

    def _gate(self, key: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        name = f"The gate “{in_running_words(key)}”"
        if old is None or new is None:
            if old:
                yield ChangeSentence(f"{name} is gone: it held back {self._was.steps(old['holds'])}.", is_loss=True)
            if new:
                until = self._is.condition(new["until"])
                yield ChangeSentence(f"{name} is new: it holds back {self._is.steps(new['holds'])} until {until}.")
            return
        for step in (one for one in old["holds"] if one not in new["holds"]):
            yield ChangeSentence(f"{name} no longer holds back “{self._was.step(step)}”.", is_loss=True)
        for step in (one for one in new["holds"] if one not in old["holds"]):
            yield ChangeSentence(f"{name} also holds back “{self._is.step(step)}”.")
        if old["until"] != new["until"]:
            was, becomes = self._was.condition(old["until"]), self._is.condition(new["until"])
            yield ChangeSentence(f"{name} opens when {becomes}, instead of when {was}.")
        rest = ({n: value for n, value in one.items() if n not in {"holds", "until"}} for one in (old, new))
        yield from self._by_line(f"{name}: ", *rest)

    def _fact(self, key: str, old: Plain | None, new: Plain | None) -> ChangeSentence:
        was = f"{self._was.fact(key)} ({fact_words(old)})" if old else ""
        becomes = f"{self._is.fact(key)} ({fact_words(new)})" if new else ""
        if not old or not new:
            words = f"New fact of the case: {becomes}." if new else f"The fact {was} is gone."
            return ChangeSentence(words, is_loss=not new)
        return ChangeSentence(f"The fact {was} is now {becomes}.")

    def _by_line(self, lead: str, old: Plain, new: Plain) -> Iterator[ChangeSentence]:
        yield from _others(lead, {k: v for k, v in old.items() if v}, {k: v for k, v in new.items() if v})


def _ladders(before: Plain, after: Plain) -> Iterator[ChangeSentence]:
    for what, told, old, new in ladder_changes(before, after):
        yield from (ChangeSentence(words, is_loss) for words, is_loss in told)
        yield from _others(what, old, new)


def _calendars(before: Plain, after: Plain) -> Iterator[ChangeSentence]:
    told = calendar_changes(before, after)
    yield from (ChangeSentence(words, is_loss) for some in told.values() for words, is_loss in some)
    rest = [{name: value for name, value in one.items() if name not in told} for one in (before, after)]
    yield from _others("", *rest)


def _texts(before: Plain, after: Plain) -> Iterator[ChangeSentence]:
    """Say which lines of a message or paper are gone and which are new, in the order of the text."""
    lines = ndiff(str(before.get("text", "")).splitlines(), str(after.get("text", "")).splitlines())
    for is_changed, some in groupby((one for one in lines if one[0] != "?"), key=lambda one: one[0] != " "):
        said = [one for one in some if is_changed and one[2:].strip()]
        is_loss = all(one[0] == "-" for one in said)
        for one in said:
            words = "No longer said" if one[0] == "-" else "Now said"
            yield ChangeSentence(f"{words}: “{one[2:].strip()}”", is_loss)
    if before.get("proofread") != after.get("proofread"):
        who = "Somebody whose own language it is has looked at it."
        yield ChangeSentence(who if after.get("proofread") else "It counts as not looked at by a native speaker.")


def _others(lead: str, before: Plain, after: Plain) -> Iterator[ChangeSentence]:
    """Say lines that have no sentence of their own; one that weighs and is gone is a loss."""
    for line in (one for one in differences(before, after) if one.where):
        where = " / ".join(_TITLES.get(part, in_running_words(part)) for part in line.where.split(" / "))
        named = f"{lead}{where}" if lead else _first(where)
        if not line.after:
            yield ChangeSentence(f"{named} is gone: {line.before}.", is_loss=line.is_weighty or line.before == "yes")
        elif not line.before:
            yield ChangeSentence(f"{named} is new: {line.after}.")
        else:
            yield ChangeSentence(f"{named} is now {line.after} instead of {line.before}.")


def _whole(what: str, old: object, new: object) -> Iterator[ChangeSentence] | None:
    """Say that something is new or gone; None where it is there before and after."""
    if old is None:
        return iter((ChangeSentence(f"{what} is new."),))
    return iter((ChangeSentence(f"{what} is gone.", is_loss=True),)) if new is None else None


def _pairs(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Go through what stands in either of two mappings and differs."""
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _moved(by: LimitMove) -> str:
    return f"{f' {by.length}' if by.length else ''} {'later' if by.is_later else 'sooner'}"


def _may_be_longer(old: str, new: str) -> bool:
    by = sooner_or_later(old, new)
    return old != new and (by is None or by[1])


def _ladder(time: Plain) -> str:
    return in_running_words(time.get("ladder", "standard"))


def _and(times: Sequence[str]) -> str:
    return f", {' or '.join(times)}" if times else ""


def _comma(words: str) -> str:
    return f", {words}" if words else ""


def _first(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
