"""Follow-ups: which steps the answer of a step brings, as its definition declares them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledFollowUp, CompiledStep, CompiledWorkflow
from engine.core.draft import Draft
from engine.core.library import Library
from engine.core.origins import Find, declared_as
from engine.core.records import LIVE, AddedStep, CaseStatus, Origin, Purpose, Run, RunStatus, Step, StepStatus, step_id
from engine.core.steps import add, cancel
from engine.core.time.counting import before, due_at
from engine.core.values import truth_of, typed
from engine.errors import NotFoundError
from engine.language.catalogue import NOW, THIS_STEP, FollowUp
from engine.language.conditions.values import UNKNOWN, Lookup, Truth, Unknown, Value
from engine.language.limits import TimeLimit

REPLACED: Final = "replaced_by_a_later_answer"
"""Why a step is called off that watched for something which a later answer has settled, or moved."""
GOES_ON: Final = "something_is_to_be_watched"
"""Why a case is opened again that its last step closed, though that step asked for something to be watched."""
ORDINARY_LADDER = "standard"
"""The ladder of what names none."""
_DONE, _BLOCKED = "done", "blocked_by_other_body"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def bring(draft: Draft, command: cm.BringFollowUps) -> None:
    """Add the follow-ups of a step to its run, and call off what they replace.

    Nothing is added to what is there already, nor a step of a pillar that is not installed; doing it again changes
    nothing. What opens at once makes a run go on that this step was the last of, and opens its case again: an alarm is
    not lost because a case closes before it is set. What is to open later does not. Nothing is added to a run that
    somebody stopped, or to a case that rests.
    """
    step = draft.state.steps[command.step_id]
    if draft.state.case.rests or draft.state.runs[step.run_id].status is RunStatus.ABORTED:
        return
    following = _at_once(draft, step, command.told) if command.at_once else _following(draft, step, command.told)
    gone: set[object] = set()
    for one in sorted(following, key=lambda one: _waits(one, draft.now)):
        _bring_one(draft, step, one, gone, shut=command.shut)


def _following(draft: Draft, step: Step, told: Mapping[str, cm.Told]) -> tuple[cm.Following, ...]:
    """Work out what follows: what is declared, or the same once more where another body stands in the way of it."""
    if step.outcome is None:
        return ()
    repeated = (again(step.added, draft.definitions.get, draft.now),) if step.added and is_asked_again(step) else ()
    return (*repeated, *_of_definition(draft, step, told))


def is_asked_again(step: Step) -> bool:
    """Whether a follow-up comes once more, since another body stood in the way of it."""
    return step.outcome == _BLOCKED and step.added is not None and bool(step.added.follow_up)


def own_step(compiled: CompiledWorkflow, step: Step) -> CompiledStep | None:
    """Return what a definition says of a step; None of one that was added."""
    return compiled.steps.get(step.key) if step.added is None else None


def declared_for(compiled: CompiledWorkflow, step: Step) -> tuple[CompiledFollowUp, ...]:
    """Return the follow-ups that a definition declares for a step that has ended: by its key, else by its type.

    Where it was not done, only those come whose condition asks how it ended.
    """
    declared = tuple(one for one in _declared(compiled, step) if not one.spec.at_once)
    return declared if step.outcome == _DONE else tuple(one for one in declared if one.asks_outcome)


def _declared(compiled: CompiledWorkflow, step: Step) -> tuple[CompiledFollowUp, ...]:
    own = own_step(compiled, step)
    return own.follow_ups if own else tuple(o for o in compiled.follow_ups.get(step.uses, ()) if not o.spec.act)


def at_once_for(compiled: CompiledWorkflow, step: Step) -> tuple[CompiledFollowUp, ...]:
    """Return the follow-ups that a definition declares to come at once with an answer of a step."""
    return tuple(one for one in _declared(compiled, step) if one.spec.at_once)


def _bring_one(draft: Draft, step: Step, following: cm.Following, gone: set[object], *, shut: bool) -> None:
    key = f"watch_{following.name}_{step.id.hex[:8]}_{step.turn}"
    added = None if following.is_over else _added(following, draft.now)
    earlier = _earlier(draft, step, following.name, key)
    if added is not None and any(_is_same(one.added, added) for one in earlier):
        return
    for one in earlier:
        gone.add(one.id)
        cancel(draft, one, REPLACED)
    is_new = added is not None and step_id(step.run_id, key, step.base_path) not in draft.state.steps
    if added is None or not is_new or _is_there(draft, step, following, gone):
        return
    is_alarm = not following.automatic and not _waits(following, draft.now)
    if draft.state.case.status is CaseStatus.CLOSED and is_alarm:
        if shut or draft.state.case.merged_into is not None:
            return
        draft.emit(ev.CaseReopened(at=draft.now, reason_code=GOES_ON))
    if is_alarm or draft.state.runs[step.run_id].status is RunStatus.OPEN:
        add(draft, cm.AddStep(step.run_id, key, added, step.base_path, automatic=following.automatic))


def again(added: AddedStep, find: Find, now: datetime) -> cm.Following:
    """Want a follow-up once more that another body stands in the way of: it opens when half of the wait is over.

    A limit of the law is not counted a second time: what was told of it stays as it is.
    """
    declared = declared_as(added.origin, find) if added.origin else None
    wait = _wait(added, declared.spec if declared else FollowUp())
    return cm.Following(
        added.follow_up, added.uses, added.title, opens_at=now + wait / 2, due_at=now + wait, from_at=now + wait / 2,
        ladder=added.ladder, roles=added.roles, settings=added.settings,
        origin=added.origin.model_copy(update={"again": True}) if added.origin else None,
    )  # fmt: skip


def _wait(added: AddedStep, spec: FollowUp) -> timedelta:
    """Return how long to wait, as is declared: what presses, by its ladder, waits no longer than at the least."""
    soonest, latest = (timedelta(seconds=TimeLimit(one).seconds) for one in (spec.again_soonest, spec.again_latest))
    if added.ladder != ORDINARY_LADDER:
        return soonest
    if added.limit is None:
        return latest
    return min(max(timedelta(seconds=TimeLimit(added.limit).seconds), soonest), latest)


def brought_by_act(
    run: Run, uses: str, name: str, definitions: Mapping[str, CompiledWorkflow], library: Library
) -> AddedStep:
    """Return the step that an act adds to a run, as its definition says; raises `NotFoundError` without that.

    Where its ladder is not installed, people are told by the ordinary one: nobody is told by none.
    """
    origin = Origin(definition=run.definition_hash, step=uses, follow_up=name)
    declared = declared_as(origin, definitions.get)
    if declared is None or declared.info is None:
        raise NotFoundError(kind="definition")
    spec, info = declared.spec, declared.info
    return AddedStep(
        uses=uses, title=spec.title or info.title, limit=spec.limit, roles=spec.roles or info.roles,
        ladder=spec.ladder if spec.ladder in library.ladders else ORDINARY_LADDER, settings=spec.settings,
        origin=origin,
    )  # fmt: skip


def _at_once(draft: Draft, step: Step, told: Mapping[str, cm.Told]) -> tuple[cm.Following, ...]:
    """Work out what comes at once; what is said in no step, as of a file, brings the same as in a step of some type."""
    compiled = draft.view(step.run_id).compiled
    if THIS_STEP not in told:
        at = step.key if own_step(compiled, step) else step.uses
        return _worked_out(draft, step, told, at, at_once_for(compiled, step))
    by_type = ((uses, [one for one in each if one.spec.at_once]) for uses, each in compiled.follow_ups.items())
    at, declared = next(((uses, found) for uses, found in by_type if found), ("", []))
    return _worked_out(draft, step, told, at, tuple(declared))


def _of_definition(draft: Draft, step: Step, told: Mapping[str, cm.Told]) -> tuple[cm.Following, ...]:
    """Work out the follow-ups that the definition of a run declares for a step of it."""
    compiled = draft.view(step.run_id).compiled
    at = step.key if own_step(compiled, step) else step.uses
    return _worked_out(draft, step, told, at, declared_for(compiled, step))


def _worked_out(
    draft: Draft, step: Step, told: Mapping[str, cm.Told], at: str, declared: tuple[CompiledFollowUp, ...]
) -> tuple[cm.Following, ...]:
    run = draft.state.runs[step.run_id]
    view = draft.view(run.id)
    own = own_step(view.compiled, step)
    around = view.lookup(step.base_path, own.spec.for_each if own else None)
    country = draft.state.case.jurisdiction.partition("-")[0]
    found = following_of(declared, step, told, around, now=draft.now, zone=run.zone, country=country)
    return tuple(
        replace(one, origin=Origin(definition=run.definition_hash, step=at, follow_up=name)) for name, one in found
    )


def following_of(
    declared: Iterable[CompiledFollowUp],
    step: Step,
    told: Mapping[str, cm.Told],
    around: Lookup,
    *,
    now: datetime,
    zone: str,
    country: str,
) -> Iterator[tuple[str, cm.Following]]:
    """Yield, each under the name by which it is declared, what follows from what a step has told, each thing once.

    `told` are its moments and what its type computed; its outputs are those of the step, and `around` answers for
    facts and other steps.
    """
    found: list[tuple[str, cm.Following]] = []
    for one in declared:
        known = _Known(one, step, told, around, now=now, zone=zone, country=country)
        name = (one.spec.replaces or one.name) + known.suffix()
        comes = known.holds()
        over = [f"{other}{known.suffix()}" for other in one.spec.ends] if comes else []
        over += [name] if not comes and one.spec.otherwise == "end" else []
        found += [(one.name, cm.Following(other, is_over=True)) for other in over]
        if comes and one.info is not None:
            found.append((one.name, known.following(name)))
    coming, seen = {following.name for _, following in found if not following.is_over}, set[str]()
    for line, following in found:
        if not following.is_over or following.name not in coming | seen:
            yield line, following
        seen |= {following.name} if following.is_over else set()


class _Known:
    """What is known of one follow-up when its step has ended."""

    def __init__(
        self,
        declared: CompiledFollowUp,
        step: Step,
        told: Mapping[str, cm.Told],
        around: Lookup,
        *,
        now: datetime,
        zone: str,
        country: str,
    ) -> None:
        self.declared, self.spec = declared, declared.spec
        self.step, self.told, self.around = step, told, around
        self.now, self.zone, self.country = now, zone, country

    def holds(self) -> bool:
        """Whether it comes: its condition is true, and the moments by which it opens and is due are known."""
        condition = self.declared.condition
        if condition is not None and truth_of(condition, self.lookup) is not Truth.TRUE:
            return False
        return all(self._moment(name) is not None for name in (self.spec.due, self.spec.opens) if name)

    def lookup(self, path: tuple[str, ...]) -> Value:
        """Find what a condition asks for: what this step told, and what is so of the case, as other conditions do."""
        match path:
            case ("this", "outcome") if "outcome" not in self.declared.of:
                return self.step.outcome or UNKNOWN
            case ("this", name):
                return self._own(name)
            case ("case", "country"):
                return self.country
            case ("case", "now"):
                return self.now
        return self.around(path)

    def _own(self, name: str) -> Value:
        value = self.told.get(name)
        if value is None:
            return typed(self.step.outputs.get(name), self.declared.of.get(name))
        return _end(value, self.zone) if isinstance(value, date) else value

    def suffix(self) -> str:
        """Return what tells one of several apart in its name; nothing where there is only one."""
        if self.spec.each is None:
            return ""
        this = self.told.get(THIS_STEP, self.step.id.hex)
        value = this if self.spec.each == THIS_STEP else self.lookup(("this", self.spec.each))
        return "_unknown" if isinstance(value, Unknown) else f"_{value}"

    def following(self, name: str) -> cm.Following:
        """Work out when it opens and when it is due."""
        spec, info = self.spec, self.declared.info
        told = self._moment(spec.from_) if spec.from_ != NOW else None
        begin = _start(told, self.zone) if told else self.now
        due = self._due(begin)
        return cm.Following(
            name, spec.uses or "", spec.title or (info.title if info else ""), opens_at=self._opens(begin, due),
            due_at=due, law=spec.law or "", from_at=begin if told or spec.law or spec.limit else None,
            ladder=spec.ladder, roles=spec.roles or (info.roles if info else ()), once=spec.once,
            is_one_of_several=spec.each not in {None, THIS_STEP}, automatic=bool(info and info.automatic),
            settings={key: self.step.id.hex if text == THIS_STEP else text for key, text in spec.settings.items()},
        )  # fmt: skip

    def _due(self, begin: datetime) -> datetime | None:
        if self.spec.limit:
            return due_at(begin, TimeLimit(self.spec.limit), zone=self.zone)
        told = self._moment(self.spec.due) if self.spec.due else None
        return _end(told, self.zone) if told else None

    def _opens(self, begin: datetime, due: datetime | None) -> datetime | None:
        spec = self.spec
        if spec.opens:
            told = self._moment(spec.opens)
            return _start(told, self.zone) if told else None
        if spec.opens_after:
            return due_at(begin, TimeLimit(spec.opens_after), zone=self.zone)
        if spec.opens_before is None or due is None:
            return None
        at = before(due, TimeLimit(spec.opens_before), zone=self.zone)
        return at if "T" in spec.opens_before else _start(at.astimezone(ZoneInfo(self.zone)).date(), self.zone)

    def _moment(self, name: str) -> date | None:
        """Return a day or an instant that the step told, or an instant that is a fact; None where nobody knows it."""
        told = self.told.get(name)
        if isinstance(told, date):
            return told
        found = self._own(name) if name in self.declared.of else self.around((name,))
        return found if isinstance(found, datetime) else None


def _start(moment: date, zone: str) -> datetime:
    """Return an instant as it is, and the first instant of a day in a zone (UTC)."""
    return (
        moment if isinstance(moment, datetime) else datetime.combine(moment, time.min, ZoneInfo(zone)).astimezone(UTC)
    )


def _end(moment: date, zone: str) -> datetime:
    """Return an instant as it is, and the last second of a day in a zone (UTC)."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def _waits(following: cm.Following, now: datetime) -> bool:
    return following.opens_at is not None and following.opens_at > now


def _added(following: cm.Following, now: datetime) -> AddedStep:
    from_at, limit = following.from_at, None
    if following.due_at is not None:
        from_at = min(from_at or following.opens_at or now, following.due_at)
        limit = _written(following.due_at - from_at)
    return AddedStep(
        uses=following.uses, title=following.title, from_at=from_at, limit=limit, law=following.law or None,
        ladder=following.ladder, roles=following.roles, settings=following.settings, opens_at=following.opens_at,
        follow_up=following.name, origin=following.origin,
    )  # fmt: skip


def _is_same(known: AddedStep | None, added: AddedStep) -> bool:
    """Whether the same is waited for already, whichever version of a definition says so."""
    return known is not None and known.model_copy(update={"origin": added.origin}) == added


def _earlier(draft: Draft, step: Step, name: str, key: str) -> list[Step]:
    """List the steps that watch for the same thing, for the same person, since an earlier answer."""
    return [
        one
        for one in draft.state.steps.values()
        if one.run_id == step.run_id and one.base_path == step.base_path and one.key != key and one.status in LIVE
        if one.added is not None and one.added.follow_up == name
    ]


def _is_there(draft: Draft, step: Step, following: cm.Following, gone: set[object]) -> bool:
    """Return whether the case sees to it already: by the same limit of the law, or by an open step of the same type.

    A limit of the law that is over counts only for the same stretch of time: who is held a second time has a second
    ten days. So does one that runs, of what there is one of for each value of an answer: two arrests have a first
    hearing each. What other answers asked to be watched does not count as a step: it is there for something else. A
    follow-up that says in its settings what it is about, such as one platform of several, is only there for that.
    """
    state = draft.state
    if following.law:
        live = () if following.is_one_of_several else state.deadlines.values()
        since = (
            one for one in (*state.deadlines.values(), *state.past.values()) if one.started_at == following.from_at
        )
        return any(
            one.law == following.law and one.step_id not in gone and _same_person(one.path, step.base_path)
            for one in (*live, *since)
        )
    if following.settings:
        return following.once and any(
            one.status in LIVE and one.uses == following.uses and one.added is not None
            and one.added.settings == following.settings
            for one in state.steps.values()
        )  # fmt: skip
    return any(
        one.uses == following.uses and one.id != step.id and one.run_id == step.run_id
        and _same_person(one.path, step.base_path) and (one.added is None or not one.added.follow_up)
        and (one.status in LIVE if following.once else _sees_to_it(draft, one, following))
        for one in state.steps.values()
    )  # fmt: skip


def _sees_to_it(draft: Draft, one: Step, following: cm.Following) -> bool:
    """Return whether a step that somebody can do now must be done in the days of a follow-up.

    Its own limit has to be over by the day that is watched, and not before the follow-up opens: a visit in the first
    week is not the one after a month, nor is next month's the one of tomorrow. What waits for its time, is held by a
    gate or has no limit sees to nothing: nobody would hear that it was not done.
    """
    if one.status is not StepStatus.READY:
        return False
    if following.due_at is None:
        return not _waits(following, draft.now)
    from_at = following.opens_at if _waits(following, draft.now) else None
    limits = [d for d in draft.state.deadlines.values() if d.step_id == one.id and d.purpose is Purpose.LIMIT]
    return any(d.due_at <= following.due_at and (from_at is None or from_at <= d.due_at) for d in limits)


def _same_person(path: str, of: str) -> bool:
    if not of:
        return True
    base = "/".join(part for part in path.split("/") if not part.startswith("r:"))
    return base in {"", of}


def _written(length: timedelta) -> str:
    """Write a length of time as a limit, in days or hours where it is whole ones."""
    for unit, form in ((_DAY, "P{}D"), (_HOUR, "PT{}H")):
        if length and not length % unit:
            return form.format(length // unit)
    return f"PT{int(length.total_seconds())}S"
