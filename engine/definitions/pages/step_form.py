"""The form of one step of a workflow: what it shows, and which lines of the text its answers change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from starlette.datastructures import FormData

from engine.core.library import Library
from engine.definitions.pages.approval_form import ApprovalForm, approval_edits, approval_form, approval_problems
from engine.definitions.pages.condition_form import ConditionEditor, ConditionForm, askable
from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.follow_up_form import FollowUpEditor, FollowUpForm, titles_of
from engine.definitions.pages.ladders import time_line
from engine.definitions.pages.question_form import (
    REMOVED,
    Edit,
    MovedTo,
    QuestionForm,
    edited,
    items_of,
    or_posted,
    question_edits,
    question_forms,
    text_or_posted,
)
from engine.definitions.pages.rule_form import NEW_TIME, Outputs, RuleEditor, RulesForm
from engine.errors import InvalidAnswersError
from engine.language.catalogue import StepCatalogue
from engine.language.editing import value_at
from engine.language.extends import LoadedWorkflow
from engine.language.limits import WarningPoint
from engine.language.lint.subject import Order
from engine.language.names import Role, in_running_words
from engine.language.words import LawWords, WorkflowWords, limit_words
from engine.language.workflow import Join, JoinMode, TimeSpec, Workflow
from engine.language.yaml_files import Path, Plain
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import text, texts, whole_number

_FEW: Final = 2
_LONGEST_HELP: Final = 1_000
_NO_AMOUNT: Final = "Write a whole number, such as 2."
_NO_WARNING: Final = "Write parts of the time or times before it is due, such as 50%, 2 hours."
_NO_LIMIT: Final = "Write a whole number, such as 2, or choose a limit of the law."


class TimeForm(NamedTuple):
    """One time limit: an amount and its unit, or a limit of the law; what cannot be shown so stays as `written`.

    `told` says each level of its ladder: when, whom it notifies, and by which ways. `missed` are the steps that begin
    when it is.
    """

    number: int
    amount: str
    units: tuple[Item, ...]
    laws: tuple[Item, ...]
    starts: tuple[Item, ...]
    ladders: tuple[Item, ...]
    written: str
    condition: str
    warn: str
    told: tuple[tuple[str, str, str], ...]
    ladder: str
    missed: tuple[Item, ...]
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class StepForm:
    """All that the form of a step shows."""

    key: str
    title: str
    own_title: str
    help: str
    is_automatic: bool
    roles: tuple[Item, ...]
    not_by: tuple[Item, ...]
    times: tuple[TimeForm, ...]
    has_own_times: bool
    new_time: TimeForm
    after: tuple[Item, ...]
    after_modes: tuple[Item, ...]
    is_of_choice: bool
    optional: bool
    when: ConditionForm
    questions: tuple[QuestionForm, ...]
    approval: ApprovalForm
    follow_ups: tuple[FollowUpForm, ...]
    rules: RulesForm


class StepEditor:
    """Shows one step of a draft as a form, and turns what was posted into changed lines."""

    def __init__(
        self,
        loaded: LoadedWorkflow,
        workflow: Workflow,
        catalogue: StepCatalogue,
        key: str,
        laws: LawWords | None = None,
    ) -> None:
        self._raw = loaded.merged.data
        self._workflow, self._catalogue, self._key = workflow, catalogue, key
        self._step = workflow.steps[key]
        flattened = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        self._words = WorkflowWords(flattened, catalogue, laws, tell=say)
        self._order = Order(workflow)
        self._follow_ups = FollowUpEditor(workflow, catalogue, self._words, self._step.uses, key)
        earlier = [one for one in workflow.steps if one in self._order.ancestors.get(key, ())]
        when, asked = value_at(self._raw, ("steps", key, "when")), self._outputs(earlier, names=workflow.conditions)
        written = when if isinstance(when, str) else self._step.when
        self._when = ConditionEditor(written, asked, self._words, whole=self._step.when)
        rules = self._outputs((*earlier, key), names=workflow.conditions)
        self._rules = RuleEditor(workflow, key, rules, earlier, self._words, self._raw)

    def form(self, library: Library, posted: FormData | None = None) -> StepForm:
        """Return what the form shows; where something that was `posted` does not fit, all of that again."""
        step, info = self._step, self._catalogue.find(self._step.uses)
        before = self._order.ancestors.get(self._key, frozenset())
        others = [key for key in self._workflow.steps if key != self._key]
        times = step.time or (TimeSpec(limit=info.time_limit if info else None),)
        return StepForm(
            key=self._key, title=self._words.step(self._key),
            own_title=text_or_posted(posted, "title", step.title or ""),
            help=text_or_posted(posted, "help", step.help), is_automatic=bool(info and info.automatic),
            roles=items_of(_ROLES, or_posted(posted, "role", step.assign.role or (info.roles if info else ()))),
            not_by=items_of(self._titles(key for key in others if key in before),
                          or_posted(posted, "not_by", step.assign.not_[:1])),
            times=tuple(self._time(number, time, library, posted) for number, time in enumerate(times)),
            has_own_times=bool(step.time), new_time=self._new_time_form(library, posted),
            after=items_of(self._titles(others), or_posted(posted, "after", step.after.steps)),
            after_modes=items_of(_modes(step.after), or_posted(posted, "after_mode", (_mode(step.after),))),
            is_of_choice=self._key in self._order.choice_of,
            optional=step.discretionary if posted is None else "optional" in posted,
            when=self._when.form(posted),
            questions=question_forms(step.questions, info, posted),
            approval=approval_form(step.approve, _ROLES, titles_of(library), posted),
            follow_ups=self._follow_ups.forms(titles_of(library), posted),
            rules=self._rules.form(self._starts(step.not_before.from_ if step.not_before else "ready"), posted),
        )  # fmt: skip

    def changed(self, source: str, inherited: Mapping[str, Any], form: FormData) -> str:
        """Return the text with the lines changed that the posted form means.

        Raises `UneditableError`, and `InvalidAnswersError` for what is no number where one is asked.
        """
        problems = dict(self._problems(form)) | dict(self._follow_ups.problems(form)) | dict(self._rules.problems(form))
        if problems:
            raise InvalidAnswersError(problems)
        return edited(source, self._edits(form, inherited), inherited)

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        """Find amounts that are none: left as they are, they would take a time limit or a condition away."""
        if len(text(form, "help")) > _LONGEST_HELP:
            yield "help", say("Write at most {number} letters.", number=_LONGEST_HELP)
        yield from self._new_time_problems(form)
        yield from approval_problems(self._step.approve, form)
        for number in range(max(1, len(self._step.time))):
            if _is_gone(form, number):
                continue
            name, shown = f"amount-{number}", self._shown_time(number)
            has_amount, is_asked = bool(text(form, name)), not text(form, f"law-{number}") and name in form
            if is_asked and has_amount and (whole_number(form, name) < 0 or text(form, f"unit-{number}") not in UNITS):
                yield name, _NO_AMOUNT
            elif is_asked and not has_amount and (shown.law or split_limit(shown.limit or "")[0]):
                yield name, _NO_LIMIT
            if _warnings(text(form, f"warn-{number}")) is None:
                yield f"warn-{number}", _NO_WARNING
        yield from self._when.problems(form)

    def _shown_time(self, number: int) -> TimeSpec:
        """Return a time limit of the step: its own, or the one of its type."""
        info = self._catalogue.find(self._step.uses)
        return self._step.time[number] if self._step.time else TimeSpec(limit=info.time_limit if info else None)

    def _titles(self, keys: Iterable[str]) -> dict[str, str]:
        return {key: self._words.step(key) for key in keys}

    def _time(self, number: int, time: TimeSpec, library: Library, posted: FormData | None) -> TimeForm:
        amount, unit = split_limit(time.limit or "")
        laws = {limit.id: f"{limit.what} ({limit.id})" for pack in library.packs.values() for limit in pack.limits}
        others = self._titles(key for key in self._workflow.steps if key != self._key)
        ladder = library.ladders.get(time.ladder)
        return TimeForm(
            number, text_or_posted(posted, f"amount-{number}", amount),
            items_of(UNITS, or_posted(posted, f"unit-{number}", (unit,))),
            items_of(laws, or_posted(posted, f"law-{number}", (time.law or "",))),
            items_of(self._starts(time.from_), or_posted(posted, f"from-{number}", (time.from_,))),
            items_of(titles_of(library), or_posted(posted, f"ladder-{number}", (time.ladder,))),
            "" if amount or not time.limit else limit_words(time.limit, say),
            self._words.condition(time.when) if time.when else "",
            text_or_posted(posted, f"warn-{number}", ", ".join(_warning(one) for one in time.warn)),
            time_line(ladder.levels) if ladder else (), time.ladder,
            items_of(others, or_posted(posted, f"missed-{number}", time.on_breach)),
            is_gone=posted is not None and _is_gone(posted, number),
        )  # fmt: skip

    def _new_time_form(self, library: Library, posted: FormData | None) -> TimeForm:
        """Return the form of a time limit to be added; it has no number yet, and nobody is told by it."""
        blank = self._time(0, TimeSpec(), library, None)
        return blank._replace(
            amount=text_or_posted(posted, f"{NEW_TIME}-amount", ""),
            units=items_of(UNITS, or_posted(posted, f"{NEW_TIME}-unit", ("PT{}H",))),
            laws=tuple(
                replace(one, checked=one.value in or_posted(posted, f"{NEW_TIME}-law", ())) for one in blank.laws
            ),
            starts=tuple(
                replace(one, checked=one.value in or_posted(posted, f"{NEW_TIME}-from", ("ready",)))
                for one in blank.starts
            ),
            ladders=tuple(
                replace(one, checked=one.value in or_posted(posted, f"{NEW_TIME}-ladder", ("standard",)))
                for one in blank.ladders
            ),
        )

    def _starts(self, known: str) -> dict[str, str]:
        """Return the moments from which time can count, with one that is `known` already."""
        starts = {"ready": "the step can begin", "start": "the case begins"}
        starts |= {
            key: say("“{title}” is done", title=title) for key, title in self._titles(self._workflow.steps).items()
        }
        return starts | ({} if known in starts else {known: in_running_words(known.replace(".", ": "))})

    def _outputs(self, keys: Iterable[str], names: Iterable[str] = ()) -> Outputs:
        by_person = bool(self._step.for_each)
        return askable(self._workflow, self._catalogue, self._words, keys, of_person=by_person, names=names)

    def _edits(self, form: FormData, inherited: Mapping[str, Any]) -> Iterator[Edit]:
        at: Path = ("steps", self._key)
        step = self._step
        yield from _text_edit((*at, "title"), step.title or "", text(form, "title"))
        yield from _text_edit((*at, "help"), step.help, text(form, "help") if "help" in form else step.help)
        roles = texts(form, "role")
        if sorted(roles) != sorted(item.value for item in self._shown_roles()):
            yield (*at, "assign", "role"), _one_or_many(roles) if roles else REMOVED
        not_by = [text(form, "not_by")] if text(form, "not_by") else []
        if "not_by" in form and not_by != list(step.assign.not_[:1]):
            yield (*at, "assign", "not"), _one_or_many(not_by) if not_by else REMOVED
        yield from self._all_time_edits(form)
        yield from self._after_edits(form, value_at(inherited, (*at, "after")))
        yield from self._when.edits(form, (*at, "when"))
        if ("optional" in form) != step.discretionary:
            yield (*at, "discretionary"), True if "optional" in form else REMOVED
        yield from approval_edits((*at, "approve"), step.approve, form)
        yield from question_edits((*at, "questions"), step.questions, self._catalogue.find(step.uses), form)
        yield from self._follow_ups.edits(form, value_at(inherited, (*at, "follow_ups")) or {})
        yield from self._rules.edits(form)

    def _shown_roles(self) -> list[Item]:
        info = self._catalogue.find(self._step.uses)
        chosen = self._step.assign.role or (info.roles if info else ())
        return [Item(role, role, checked=True) for role in chosen]

    def _all_time_edits(self, form: FormData) -> Iterator[Edit]:
        """Yield the changes of the time limits, without those that are taken out and with the one that is added."""
        at: Path = ("steps", self._key, "time")
        known, gone = self._step.time, {number for number in range(len(self._step.time)) if _is_gone(form, number)}
        raw, new = value_at(self._raw, at), self._new_time(form)
        if gone and len(gone) == len(known):
            yield at, new or REMOVED
            return
        edits = [
            edit
            for number in range(max(1, len(known)))
            if number not in gone
            for edit in (*self._time_edits(form, number), *self._when_edits(form, number))
        ]
        if not new or isinstance(raw, list):
            yield from edits
            yield from (((*at, number), REMOVED) for number in sorted(gone, reverse=True))
            count = len(known) - len(gone)
            if new:
                yield (*at, count), new
            if new and self._is_open(form):
                yield (*at, count), MovedTo(count - 1)
            return
        shown = self._shown_time(0)
        one: dict[str, Any] = dict(raw) if isinstance(raw, Mapping) else {"limit": shown.limit} if shown.limit else {}
        for path, value in edits:
            one |= {str(path[-1]): value} if path != at else value if isinstance(value, dict) else {}
        one = {name: value for name, value in one.items() if value is not REMOVED}
        yield at, ([new, one] if self._is_open(form) else [one, new]) if one else new

    def _is_open(self, form: FormData) -> bool:
        """Whether the last time limit that stays is for all other cases: the first whose condition holds counts."""
        shown = self._step.time or (self._shown_time(0),)
        stays = [number for number in range(len(shown)) if not _is_gone(form, number)]
        if not stays or not (shown[stays[-1]].limit or shown[stays[-1]].law):
            return False
        field = f"time-{stays[-1]}-when"
        return not text(form, field) if field in form else shown[stays[-1]].when is None

    def _when_edits(self, form: FormData, number: int) -> Iterator[Edit]:
        at: Path = ("steps", self._key, "time")
        path: Path = (*at, number) if isinstance(value_at(self._raw, at), list) else at
        if self._step.time and f"time-{number}-when" in form:
            yield from self._rules.condition_edit(form, f"time-{number}", (*path, "when"))

    def _new_time(self, form: FormData) -> dict[str, Plain]:
        """Return the time limit that is to be added; empty where none is."""
        law, amount = text(form, f"{NEW_TIME}-law"), whole_number(form, f"{NEW_TIME}-amount")
        if not law and amount < 0:
            return {}
        when, start = self._rules.written(text(form, f"{NEW_TIME}-when")), text(form, f"{NEW_TIME}-from")
        found: dict[str, Plain] = {"when": when} if when else {}
        found |= {"from": start} if start not in {"", "ready"} else {}
        found |= {"law": law} if law else {"limit": text(form, f"{NEW_TIME}-unit").format(amount)}
        ladder = text(form, f"{NEW_TIME}-ladder")
        return found | ({"ladder": ladder} if ladder not in {"", "standard"} else {})

    def _new_time_problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        amount, law = text(form, f"{NEW_TIME}-amount"), text(form, f"{NEW_TIME}-law")
        has_unit = text(form, f"{NEW_TIME}-unit") in UNITS
        if amount and not law and (whole_number(form, f"{NEW_TIME}-amount") < 0 or not has_unit):
            yield f"{NEW_TIME}-amount", _NO_AMOUNT
        if text(form, f"{NEW_TIME}-when") and not amount and not law:
            yield f"{NEW_TIME}-amount", _NO_LIMIT
        if (amount or law) and not text(form, f"{NEW_TIME}-when") and self._is_open(form):
            yield f"{NEW_TIME}-when", "Choose when it holds: the time limit above is for all other cases."

    def _time_edits(self, form: FormData, number: int) -> Iterator[Edit]:
        at: Path = ("steps", self._key, "time")
        raw = value_at(self._raw, at)
        path: Path = (*at, number) if isinstance(raw, list) else at
        time = self._step.time[number] if self._step.time else None
        shown = self._shown_time(number)
        wanted = self._wanted(form, number, shown)
        changed = {
            name: value for name, value in wanted.items() if value != getattr(shown, name.replace("from", "from_"))
        }
        if not changed:
            return
        if time is None:
            defaults = {"from": "ready", "ladder": "standard", "law": None}
            said = {name: _plain(value) for name, value in wanted.items() if value and value != defaults.get(name)}
            yield at, {"limit": said.pop("limit")} | said if "limit" in said else said
            return
        for name, value in changed.items():
            yield (*path, name), _plain(value) or REMOVED

    def _wanted(self, form: FormData, number: int, shown: TimeSpec) -> dict[str, str | tuple[str, ...] | None]:
        law = text(form, f"law-{number}") or None
        amount, unit = whole_number(form, f"amount-{number}"), text(form, f"unit-{number}")
        written = text(form, f"amount-{number}") == ""
        limit = shown.limit if written else unit.format(amount) if amount >= 0 and unit in UNITS else None
        if limit and shown.limit and split_limit(limit) == split_limit(shown.limit):
            limit = shown.limit
        warn = _warnings(text(form, f"warn-{number}")) or ()
        missed = texts(form, f"missed-{number}")
        kept = [key for key in shown.on_breach if key in missed]
        return {
            "warn": shown.warn if f"warn-{number}" not in form or _is_same(warn, shown.warn) else warn,
            "on_breach": (*kept, *(key for key in missed if key not in kept and key in self._workflow.steps))
            if f"missed-{number}-shown" in form else shown.on_breach,
            "law": law, "limit": None if law else limit, "from": text(form, f"from-{number}") or shown.from_,
            "ladder": text(form, f"ladder-{number}") or shown.ladder,
        }  # fmt: skip

    def _after_edits(self, form: FormData, inherited: object) -> Iterator[Edit]:
        join, steps, at = self._step.after, texts(form, "after"), ("steps", self._key, "after")
        if self._key in self._order.choice_of or "after_shown" not in form:
            return
        ordered = [key for key in join.steps if key in steps] + [key for key in steps if key not in join.steps]
        wanted, known = text(form, "after_mode") if len(ordered) > 1 else JoinMode.ALL, _mode(join)
        if set(ordered) == set(join.steps) and wanted == known:
            return
        if wanted == known and join.mode is JoinMode.N:
            yield (*at, "of"), [*ordered]
            return
        value: dict[str, Plain] = {"any": [*ordered]} if wanted == JoinMode.ANY else {}
        value |= {"n": int(wanted), "of": [*ordered]} if wanted in _modes(join) and wanted.isdecimal() else {}
        if not value and isinstance(inherited, list):
            also: list[Plain] = [one for one in ordered if one not in inherited]
            gone = [one for one in inherited if one not in ordered]
            value |= ({"also": also} if also else {}) | ({"except": gone} if gone else {})
        elif value and isinstance(inherited, Mapping):
            value = dict.fromkeys(name for name in inherited if name not in value) | value
        yield at, (value or _one_or_many(ordered)) if ordered else REMOVED


def _is_gone(form: FormData, number: int) -> bool:
    return str(number) in texts(form, "time_gone")


_ROLES: Final = {role.value: role.label for role in Role}


def _mode(join: Join) -> str:
    """Name how many of the steps before are waited for: all, any, or a number of them."""
    return str(join.n) if join.mode is JoinMode.N else join.mode.value


def _modes(join: Join) -> dict[str, str]:
    most = max(len(join.steps) - 1, join.n, _FEW)
    numbers = {str(number): say("{number} of them", number=number) for number in range(_FEW, most + 1)}
    return {JoinMode.ALL.value: "all of them", JoinMode.ANY.value: "any one of them"} | numbers


def _text_edit(path: Path, before: str, after: str) -> Iterator[Edit]:
    if before != after:
        yield path, after or REMOVED


def _plain(value: str | tuple[str, ...] | None) -> Plain:
    return value or None if value is None or isinstance(value, str) else _one_or_many(value) if value else None


def _warning(written: str) -> str:
    """Show a warning as people write it: `50%`, `2 hours`."""
    amount, unit = split_limit(written)
    return f"{amount} {UNITS[unit]}" if amount else written


def _warnings(said: str) -> tuple[str, ...] | None:
    """Read warnings as people write them, with commas between; None where one is none."""
    found = []
    for one in filter(None, (part.strip() for part in said.split(","))):
        amount, _, words = one.partition(" ")
        units = {name: unit for unit, several in UNITS.items() for name in (several, several.removesuffix("s"))}
        written = units[words].format(amount) if amount.isdecimal() and words in units else one.replace(" ", "")
        try:
            found.append(str(WarningPoint(written)))
        except ValidationError:
            return None
    return tuple(found)


def _is_same(warn: Sequence[str], known: Sequence[str]) -> bool:
    """Whether warnings are those that are known, each written as it may be."""
    return [_warning(one) for one in warn] == [_warning(one) for one in known]


def _one_or_many(values: Sequence[str]) -> Plain:
    return values[0] if len(values) == 1 else [*values]
