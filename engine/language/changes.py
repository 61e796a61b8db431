"""What a new version of a definition changes, in sentences for the person who agrees to it: what is lost, first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import ndiff
from functools import partial
from itertools import groupby
from typing import Any, Final, NamedTuple

from engine.language.catalogue import FollowUp, StepCatalogue, changed
from engine.language.editing import differences
from engine.language.ladders import Ladder
from engine.language.rotas import rota_changes
from engine.language.short_forms import starts_read_back, with_names
from engine.language.telling import Tell, either, in_english, running
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
_CONDITIONS: Final = {
    "opens": {
        "always": "It opens by itself always; it was only when {before}.",
        "now": "It opens by itself when {now}, instead of always.",
        "other": "It opens by itself when {now}, instead of when {before}.",
    },
    "is done": {
        "always": "{step} is done always; it was only when {before}.",
        "now": "{step} is done when {now}, instead of always.",
        "other": "{step} is done when {now}, instead of when {before}.",
    },
    "holds": {
        "always": "The time limit of {step} holds always; it was only when {before}.",
        "now": "The time limit of {step} holds when {now}, instead of always.",
        "other": "The time limit of {step} holds when {now}, instead of when {before}.",
    },
    "sets": {"other": "{step} sets that {fact} is so when {now}, instead of when {before}."},
    "cancelled": {"other": "{steps}: cancelled when {now}, instead of when {before}."},
}
_LADDERS: Final = {
    "step": "When {what} is late, the ladder is “{now}” instead of “{before}”.",
    "where": "When {what} is late, where {condition}, the ladder is “{now}” instead of “{before}”.",
    "approval": "When the approval of {what} is late, the ladder is “{now}” instead of “{before}”.",
    "follow-up": "{what}: when it is late, the ladder is “{now}” instead of “{before}”.",
}
_DUE: Final = {
    "unknown": "{step} is due: {instead}.",
    "later": "{step} is due later: {instead}.",
    "sooner": "{step} is due sooner: {instead}.",
    "by later": "{step} is due {length} later: {instead}.",
    "by sooner": "{step} is due {length} sooner: {instead}.",
}

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
    *,
    tell: Tell = in_english,
) -> tuple[ChangeSentence, ...]:
    """Say each difference between two flattened definitions of a kind, losses first; the version alone is none.

    Where the ladders are known, it is said what is lost where one takes the place of another. All is told as `tell`
    has it.
    """
    if before is None:
        return (ChangeSentence(tell("It is new.")),)
    if kind in {"message", "document"}:
        return tuple(_texts(before, after, tell))
    found: Iterator[ChangeSentence]
    if kind == "workflow":
        found = _Workflows(before, after, catalogue, laws, ladders or {}, tell).all()
    elif kind == "rota":
        found = (ChangeSentence(words, is_loss) for words, is_loss in rota_changes(before, after))
    elif kind == "calendar":
        found = _calendars(before, after, tell)
    else:
        found = _ladders(before, after, tell) if kind == "ladder" else _others("", before, after, tell)
    return tuple(sorted(dict.fromkeys(found), key=lambda one: not one.is_loss))


def name_changes(
    before: str, after: str, flattened: Plain, catalogue: StepCatalogue, *, tell: Tell = in_english
) -> tuple[ChangeSentence, ...]:
    """Say what differs in the names that two texts of a workflow give: they are no part of what runs."""
    old, new = (read_yaml(text, file="workflow.yaml").data for text in (before, after))
    return tuple(_names(WorkflowWords(flattened, catalogue, tell=tell), old, new))


def _names(words: WorkflowWords, before: Any, after: Any) -> Iterator[ChangeSentence]:  # noqa: ANN401 - as they stand in a file
    for group in NAMED:
        old, new = (one.get(group) or {} if isinstance(one, dict) else {} for one in (before, after))
        renamed = _renamed(old, new)
        for name, becomes in renamed.items():
            said, said_now = (running(str(one), words.tell) for one in (name, becomes))
            message = "The name “{name}” is “{now}” now, and stands for the same."
            yield ChangeSentence(words.tell(message, name=said, now=said_now))
        old = _by_other_names(old, renamed)
        for name, was, becomes in _pairs(old, new):
            said, said_now = (_stands_for(words, one) for one in (was, becomes))
            told = (
                "The name “{name}” stands for {now} instead of {before}." if was and becomes
                else "The name “{name}” is new: it stands for {now}." if becomes
                else "The name “{name}” is gone: it stood for {before}."
            )  # fmt: skip
            yield ChangeSentence(words.tell(told, name=running(str(name), words.tell), now=said_now, before=said))


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
    if isinstance(steps, list) and steps:
        return words.or_else(steps)
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
        tell: Tell,
    ) -> None:
        self.tell = tell
        self._old, self._new, self._catalogue, self._ladders = before, after, catalogue, ladders
        self._was, self._is = (WorkflowWords(one, catalogue, laws, tell=tell) for one in (before, after))

    def all(self) -> Iterator[ChangeSentence]:
        for key, old, new in _pairs(self._old.get("steps", {}), self._new.get("steps", {})):
            yield from self._step(key, old, new)
        for key, old, new in _pairs(self._old.get("gates", {}), self._new.get("gates", {})):
            yield from self._gate(key, old, new)
        for key, old, new in _pairs(self._old.get("choices", {}), self._new.get("choices", {})):
            yield self._choice(running(key, self.tell), old, new)
        for key, old, new in _pairs(self._old.get("cancels", {}), self._new.get("cancels", {})):
            yield from self._cancel(key, old, new)
        yield from self._begin_and_end()
        for key, old, new in _pairs(self._old.get("facts", {}), self._new.get("facts", {})):
            yield self._fact(key, old, new)
        for uses, old, new in _pairs(self._old.get("follow_ups", {}), self._new.get("follow_ups", {})):
            yield from self._follow_ups(uses, self.tell("Each “{kind}”", kind=self._is.type(uses)), old, new)
        told = {"steps", "gates", "choices", "follow_ups", "cancels", "start", "close", "facts"}
        rest = ({name: value for name, value in one.items() if name not in told} for one in (self._old, self._new))
        yield from self._by_line("", *rest)

    def _begin_and_end(self) -> Iterator[ChangeSentence]:
        """Say what differs in how a case begins by the workflow, and in how it ends."""
        was, becomes = (one.get("start", {}) for one in (self._old, self._new))
        if was.get("on") != becomes.get("on"):
            by_hand = "on" in becomes
            words = "No report opens it any more: someone begins it." if by_hand else "A report opens it by itself."
            yield ChangeSentence(self.tell(words), by_hand)
        if was.get("when") != becomes.get("when"):
            yield self._condition("opens", was.get("when"), becomes.get("when"))
        old, new = (one.get("close", {}) for one in (self._old, self._new))
        if old.get("unless") != new.get("unless"):
            is_loss = "unless" in new
            words = "The case also closes while limits run." if is_loss else "The case does not close while limits run."
            yield ChangeSentence(self.tell(words), is_loss)
        if old.get("abort") != new.get("abort"):
            is_loss = "abort" in new
            words = (
                "The case ends at once, and all that is open is cancelled, when {condition}." if is_loss
                else "The case ends at once, and all that is open is cancelled, no longer when {condition}."
            )  # fmt: skip
            condition = self._is.condition(new["abort"]) if is_loss else self._was.condition(old["abort"])
            yield ChangeSentence(self.tell(words, condition=condition), is_loss)

    def _choice(self, name: str, old: Plain | None, new: Plain | None) -> ChangeSentence:
        words = (
            "The choice “{name}” is now: {now}; it was: {before}." if old and new
            else "The choice “{name}” is new: {now}." if new
            else "The choice “{name}” is gone: {before}."
        )  # fmt: skip
        now, before = self._is.ways(new) if new else "", self._was.ways(old) if old else ""
        return ChangeSentence(self.tell(words, name=name, now=now, before=before), is_loss=new is None)

    def _cancel(self, key: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = old or {}, new or {}
        gone, more = (
            [step for step in one.get("steps", ()) if step not in other.get("steps", ())]
            for one, other in ((was, becomes), (becomes, was))
        )
        if gone:
            steps, when = self._was.steps(gone), self._was.condition(was["when"])
            words = self.tell("{steps}: no longer cancelled when {condition}.", steps=steps, condition=when)
            yield ChangeSentence(words)
        if more:
            steps, when = self._is.steps(more), self._is.condition(becomes["when"])
            words = self.tell("{steps}: cancelled when {condition}.", steps=steps, condition=when)
            yield ChangeSentence(words, is_loss=True)
        if old and new:
            if old["when"] != new["when"]:
                yield self._condition("cancelled", old["when"], new["when"], steps=self._is.steps(new["steps"]))
            rest = ({name: value for name, value in one.items() if name == "undo"} for one in (old, new))
            what = self.tell("What is cancelled by “{name}”", name=running(key, self.tell))
            yield from self._by_line(f"{what}: ", *rest)

    def _step(self, key: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        if old is None or new is None:
            words = (self._was if new is None else self._is).step(key)
            yield (
                ChangeSentence(self.tell("The step “{step}” is gone.", step=words), is_loss=True)
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
        roles = new.get("assign", {}).get("role")
        values = {
            "step": title, "people": people(roles or (), self.tell), "before": self._is.before(new.get("after", {})),
            "times": either(times, self.tell),
        }  # fmt: skip
        if roles:
            words = (
                "New step: “{step}”, done by {people}, after {before}, {times}." if times
                else "New step: “{step}”, done by {people}, after {before}."
            )  # fmt: skip
            return ChangeSentence(self.tell(words, **values))
        plain = "New step: “{step}”, after {before}, {times}." if times else "New step: “{step}”, after {before}."
        return ChangeSentence(self.tell(plain, **values))

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
            yield ChangeSentence(
                self.tell("{step} no longer has the time limit: {limit}.", step=title, limit=self._was.full(time)),
                is_loss=True,
            )
        for time in (one for one in becomes if one not in was):
            yield ChangeSentence(
                self.tell("{step} has a new time limit: {limit}.", step=title, limit=self._is.full(time))
            )

    def _time(self, uses: str, title: str, old: Plain, new: Plain) -> Iterator[ChangeSentence]:
        where = self._is.condition(new["when"]) if "when" in new else ""
        long = ("limit", "law", "option", "from")
        if any(old.get(name) != new.get(name) for name in long):
            what = self.tell("{step}, where {condition}", step=title, condition=where) if where else title
            yield self._longer(uses, what, old, new)
        if _ladder(old) != _ladder(new):
            yield self._other_ladder("where" if where else "step", title, old, new, condition=where)
        if old.get("when") != new.get("when"):
            yield self._condition("holds", old.get("when"), new.get("when"), step=title)
        told = warning_changes(title, old.get("warn", ()), new.get("warn", ()), self.tell)
        yield from (ChangeSentence(*one) for one in told)
        yield from self._breach(title, where, old.get("on_breach", ()), new.get("on_breach", ()))
        said = {*long, "ladder", "when", "warn", "on_breach"}
        rest = ({name: value for name, value in one.items() if name not in said} for one in (old, new))
        yield from self._by_line(f"{title}: ", *rest)

    def _breach(self, title: str, where: str, old: Sequence[str], new: Sequence[str]) -> Iterator[ChangeSentence]:
        """Say what opens no longer, and what does now, when a step is late."""
        for key in (one for one in old if one not in new):
            words = (
                "When {late} is late, where {condition}, “{step}” no longer opens." if where
                else "When {late} is late, “{step}” no longer opens."
            )  # fmt: skip
            yield ChangeSentence(self.tell(words, late=title, condition=where, step=self._was.step(key)), is_loss=True)
        for key in (one for one in new if one not in old):
            opens = (
                "When {late} is late, where {condition}, “{step}” opens." if where
                else "When {late} is late, “{step}” opens."
            )  # fmt: skip
            yield ChangeSentence(self.tell(opens, late=title, condition=where, step=self._is.step(key)))

    def _other_ladder(self, of: str, what: str, old: Plain, new: Plain, *, condition: str = "") -> ChangeSentence:
        was, becomes = (self._ladders.get(_ladder(one)) for one in (old, new))
        before, now = (running(_ladder(one), self.tell) for one in (old, new))
        words = self.tell(_LADDERS[of], what=what, condition=condition, now=now, before=before)
        whole = (one.model_dump(mode="json", by_alias=True) for one in (was, becomes) if one)
        lost = lost_by(*whole, tell=self.tell) if was and becomes else ""
        return ChangeSentence(f"{words} {lost}".strip(), bool(lost))

    def _for_each(self, title: str, old: str | None, new: str | None) -> Iterator[ChangeSentence]:
        was, becomes = (running(one.partition(".")[2], self.tell) if one else "" for one in (old, new))
        words = (
            "{step} is done for each of {now}; it was for each of {before}." if old and new
            else "{step} is done for each of {now}; it was once." if new
            else "{step} is done once; it was for each of {before}."
        )  # fmt: skip
        yield ChangeSentence(self.tell(words, step=title, now=becomes, before=was), new is None)

    def _sets(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        for name, was, becomes in _pairs(old or {}, new or {}):
            said = {"step": title, "fact": (self._is if becomes else self._was).fact(name)}
            if becomes and was:
                yield self._condition("sets", was, becomes, **said)
            elif becomes:
                condition = self._is.condition(becomes)
                words = self.tell("{step} sets that {fact} is so when {condition}.", condition=condition, **said)
                yield ChangeSentence(words)
            else:
                gone = "{step} no longer sets that {fact} is so when {condition}."
                yield ChangeSentence(self.tell(gone, condition=self._was.condition(was), **said), is_loss=True)

    def _uses(self, title: str, old: str, new: str) -> Iterator[ChangeSentence]:
        words = "{step} is another kind of step: “{now}” instead of “{before}”."
        said = self.tell(words, step=title, now=self._is.type(new), before=self._was.type(old))
        yield ChangeSentence(said, is_loss=True)

    def _longer(self, uses: str, title: str, old: Plain, new: Plain) -> ChangeSentence:
        is_later = self._is_later(uses, old, new)
        if old.get("from") != new.get("from"):
            now, before = self._is.limit(new), self._was.limit(old)
            words = self.tell("{step} is due {now}; it was {before}.", step=title, now=now, before=before)
            return ChangeSentence(words, is_later)
        is_law = "law" in old or "law" in new
        by = None if is_law else sooner_or_later(old.get("limit", ""), new.get("limit", ""), self.tell)
        becomes, was = self._lengths(old, new)
        message = "{now} instead of {before}, counted from {start}" if "from" in new else "{now} instead of {before}"
        start = self._is.start(new) if "from" in new else ""
        instead = self.tell(message, now=becomes, before=was.removeprefix("within "), start=start)
        said = self.tell(_DUE[_moved(by)], step=title, instead=instead, length=by.length if by else "")
        return ChangeSentence(said, is_later)

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
            before, now = (people(one.get("role", ()), self.tell) for one in (was, becomes))
            words = self.tell("{step} is done by {now} instead of {before}.", step=title, now=now, before=before)
            yield ChangeSentence(words)
        for key in (one for one in was.get("not", ()) if one not in becomes.get("not", ())):
            gone = "{step} may be done by the same person as “{other}”: four eyes are gone."
            yield ChangeSentence(self.tell(gone, step=title, other=self._was.step(key)), is_loss=True)
        for key in (one for one in becomes.get("not", ()) if one not in was.get("not", ())):
            other = "{step} is no longer done by the same person as “{other}”."
            yield ChangeSentence(self.tell(other, step=title, other=self._is.step(key)))
        rest = ({name: value for name, value in one.items() if name not in {"role", "not"}} for one in (was, becomes))
        yield from self._by_line(f"{title}: ", *rest)

    def _when(self, title: str, old: str | None, new: str | None) -> Iterator[ChangeSentence]:
        if old != new:
            yield self._condition("is done", old, new, step=title)

    def _condition(self, what: str, old: str | None, new: str | None, **said: str) -> ChangeSentence:
        before, now = self._was.condition(old or ""), self._is.condition(new or "")
        how = "always" if new is None else "now" if old is None else "other"
        return ChangeSentence(self.tell(_CONDITIONS[what][how], now=now, before=before, **said), how == "now")

    def _after(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = self._was.before(old or {}), self._is.before(new or {})
        if was != becomes:
            words = self.tell(
                "{step} comes after {now} instead of after {before}.", step=title, now=becomes, before=was
            )
            yield ChangeSentence(words)

    def _questions(
        self, title: str, old: Sequence[Plain] | None, new: Sequence[Plain] | None
    ) -> Iterator[ChangeSentence]:
        was, becomes = ({one["id"]: one for one in some or ()} for some in (old, new))
        for _, before, after in _pairs(was, becomes):
            label = self.tell((after or before or {})["label"])
            if before and after:
                yield from self._by_line(f"{title}, “{label}”: ", before, after)
                continue
            words = (
                "{step}: the question “{question}” is new." if after else "{step}: the question “{question}” is gone."
            )
            yield ChangeSentence(self.tell(words, step=title, question=label), is_loss=not after)

    def _approval(self, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        if old and not new:
            gone = "Nobody approves {step} any more; it was {people}."
            yield ChangeSentence(self.tell(gone, step=title, people=people(old["role"], self.tell)), is_loss=True)
            return
        was, becomes = old or {}, new or {}
        if any(was.get(name) != becomes.get(name) for name in ("role", "limit")):
            is_loss = "limit" in was and _may_be_longer(was["limit"], becomes.get("limit", ""))
            before, now = (
                ", ".join(filter(None, (people(one["role"], self.tell), within(one.get("limit", ""), self.tell))))
                if one else "" for one in (was, becomes)
            )  # fmt: skip
            words = "{step} is approved by {now}, instead of {before}." if was else "{step} is approved by {now}."
            yield ChangeSentence(self.tell(words, step=title, now=now, before=before), is_loss)
        if was and _ladder(was) != _ladder(becomes):
            yield self._other_ladder("approval", title, was, becomes)

    def _discretionary(self, title: str, _: object, new: object) -> Iterator[ChangeSentence]:
        words = (
            "{step} no longer opens by itself: somebody has to add it." if new
            else "{step} opens by itself; it had to be added."
        )  # fmt: skip
        yield ChangeSentence(self.tell(words, step=title), is_loss=bool(new))

    def _follow_ups(self, uses: str, title: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        was, becomes = dict(old or {}), dict(new or {})
        for name in dict.fromkeys((*was, *becomes)):
            brought = (self._is if becomes.get(name) else self._was).brought(name, uses)
            what = self.tell("{step}: the follow-up “{name}”", step=title, name=brought)
            was_off, is_off = (name in one and one[name] is None for one in (was, becomes))
            if was_off is not is_off:
                words = "{what} no longer comes." if is_off else "{what} comes again."
                yield ChangeSentence(self.tell(words, what=what), is_off)
            if not is_off:
                before, after = (self._follow_up(uses, name, one.get(name)) for one in (was, becomes))
                yield from self._follow_up_changes(uses, what, before, after)

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
            words = self.tell("{what} is due {now} instead of {before}.", what=what, now=becomes, before=was)
            yield ChangeSentence(words, is_later)
        if old and new and self._ladders and _ladder(old) != _ladder(new):
            yield self._other_ladder("follow-up", what, old, new)
            long |= {"ladder"}
        rest = ({name: value for name, value in one.items() if name not in long} for one in (old, new))
        yield from self._by_line(f"{what}: ", *rest)

    def _gate(self, key: str, old: Plain | None, new: Plain | None) -> Iterator[ChangeSentence]:
        name = running(key, self.tell)
        if old is None or new is None:
            if old:
                gone = "The gate “{gate}” is gone: it held back {steps}."
                yield ChangeSentence(self.tell(gone, gate=name, steps=self._was.steps(old["holds"])), is_loss=True)
            if new:
                words = "The gate “{gate}” is new: it holds back {steps} until {condition}."
                steps, until = self._is.steps(new["holds"]), self._is.condition(new["until"])
                yield ChangeSentence(self.tell(words, gate=name, steps=steps, condition=until))
            return
        for step in (one for one in old["holds"] if one not in new["holds"]):
            less = "The gate “{gate}” no longer holds back “{step}”."
            yield ChangeSentence(self.tell(less, gate=name, step=self._was.step(step)), is_loss=True)
        for step in (one for one in new["holds"] if one not in old["holds"]):
            yield ChangeSentence(
                self.tell("The gate “{gate}” also holds back “{step}”.", gate=name, step=self._is.step(step))
            )
        if old["until"] != new["until"]:
            was, becomes = self._was.condition(old["until"]), self._is.condition(new["until"])
            opens = "The gate “{gate}” opens when {now}, instead of when {before}."
            yield ChangeSentence(self.tell(opens, gate=name, now=becomes, before=was))
        rest = ({n: value for n, value in one.items() if n not in {"holds", "until"}} for one in (old, new))
        yield from self._by_line(f"{self.tell('The gate “{gate}”', gate=name)}: ", *rest)

    def _fact(self, key: str, old: Plain | None, new: Plain | None) -> ChangeSentence:
        was = f"{self._was.fact(key)} ({fact_words(old, self.tell)})" if old else ""
        becomes = f"{self._is.fact(key)} ({fact_words(new, self.tell)})" if new else ""
        words = (
            "The fact {before} is now {now}." if old and new
            else "New fact of the case: {now}." if new
            else "The fact {before} is gone."
        )  # fmt: skip
        return ChangeSentence(self.tell(words, now=becomes, before=was), is_loss=not new)

    def _by_line(self, lead: str, old: Plain, new: Plain) -> Iterator[ChangeSentence]:
        yield from _others(lead, {k: v for k, v in old.items() if v}, {k: v for k, v in new.items() if v}, self.tell)


def _ladders(before: Plain, after: Plain, tell: Tell) -> Iterator[ChangeSentence]:
    for what, told, old, new in ladder_changes(before, after, tell):
        yield from (ChangeSentence(words, is_loss) for words, is_loss in told)
        yield from _others(what, old, new, tell)


def _calendars(before: Plain, after: Plain, tell: Tell) -> Iterator[ChangeSentence]:
    told = calendar_changes(before, after)
    yield from (ChangeSentence(words, is_loss) for some in told.values() for words, is_loss in some)
    was, becomes = ({name: value for name, value in one.items() if name not in told} for one in (before, after))
    yield from _others("", was, becomes, tell)


def _texts(before: Plain, after: Plain, tell: Tell) -> Iterator[ChangeSentence]:
    """Say which lines of a message or paper are gone and which are new, in the order of the text."""
    lines = ndiff(str(before.get("text", "")).splitlines(), str(after.get("text", "")).splitlines())
    for is_changed, some in groupby((one for one in lines if one[0] != "?"), key=lambda one: one[0] != " "):
        said = [one for one in some if is_changed and one[2:].strip()]
        is_loss = all(one[0] == "-" for one in said)
        for one in said:
            words = "No longer said: “{line}”" if one[0] == "-" else "Now said: “{line}”"
            yield ChangeSentence(tell(words, line=one[2:].strip()), is_loss)
    if before.get("proofread") != after.get("proofread"):
        who = (
            "Somebody whose own language it is has looked at it." if after.get("proofread")
            else "It counts as not looked at by a native speaker."
        )  # fmt: skip
        yield ChangeSentence(tell(who))


def _others(lead: str, before: Plain, after: Plain, tell: Tell) -> Iterator[ChangeSentence]:
    """Say lines that have no sentence of their own; one that weighs and is gone is a loss."""
    for line in (one for one in differences(before, after) if one.where):
        parts = line.where.split(" / ")
        where = " / ".join(tell(_TITLES[part]) if part in _TITLES else running(part, tell) for part in parts)
        words = (
            "{what} is gone: {before}." if not line.after
            else "{what} is new: {now}." if not line.before
            else "{what} is now {now} instead of {before}."
        )  # fmt: skip
        said = tell(words, what=f"{lead}{where}" if lead else _first(where), now=line.after, before=line.before)
        yield ChangeSentence(said, is_loss=not line.after and (line.is_weighty or line.before == "yes"))


def _pairs(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Go through what stands in either of two mappings and differs."""
    for key in dict.fromkeys((*old, *new)):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _moved(by: LimitMove | None) -> str:
    """Return which sentence of `_DUE` tells of a limit that is moved."""
    return f"{'by ' if by.length else ''}{'later' if by.is_later else 'sooner'}" if by else "unknown"


def _may_be_longer(old: str, new: str) -> bool:
    by = sooner_or_later(old, new)
    return old != new and (by is None or by[1])


def _ladder(time: Plain) -> str:
    return str(time.get("ladder", "standard"))


def _first(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
