"""Lint: ways that are not straight on lead somewhere: follow-ups, back, at a time, at an event, called off."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from pydantic import ValidationError

from engine.language.catalogue import NOW, THIS_STEP, Changes, FollowUp, FollowUps, StepCatalogue, StepTypeInfo, changed
from engine.language.conditions.check import check_condition
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import ConditionSyntaxError
from engine.language.limits import TimeLimit
from engine.language.lint.fields import fields_of_type
from engine.language.lint.subject import Subject
from engine.language.lint.timing import is_readable
from engine.language.names import as_tuple, meant, shown
from engine.language.workflow import StepSpec, follow_ups_by_type
from engine.language.yaml_files import Path

_OF_ACTS = frozenset({"title", "limit", "ladder", "roles"})
"""What a workflow may change of a follow-up that an act brings."""


def check_ways(subject: Subject) -> None:
    """Find loops that cannot be gone back to, waits that never end, and what follows a step that never does."""
    for key, step in subject.workflow.steps.items():
        if step.back is not None:
            _back(subject, key, step.back.to)
        if step.wait is not None:
            _wait(subject, key, step)
        if step.standing:
            _standing(subject, key, step)
    _cancels(subject)


def _back(subject: Subject, key: str, to: str) -> None:
    path: Path = ("steps", key, "back", "to")
    steps, order = subject.workflow.steps, subject.order
    if to not in steps:
        subject.unknown(path, "unknown-step", "step", to, frozenset(steps))
        return
    if to != key and to not in order.ancestors.get(key, ()):
        message = f'"{to}" does not come before "{key}", so there is no way back: name a step that leads here.'
        subject.error(path, "loop-crossed", message)
        return
    around = {one for one, of in order.loops.items() if of == key} | {key}
    mine = steps[key]
    for one in sorted(around):
        step = steps[one]
        if step.back is not None and one != key:
            message = f'"{one}" goes back itself: a step is done again by one loop only. Let one of them begin later.'
        elif step.repeat or step.standing:
            message = (
                f'"{one}" has rounds of its own: leave it out of the loop, or take its "repeat" or "standing" out.'
            )
        elif step.for_each != mine.for_each:
            message = f'"{one}" is done for others than "{key}": write the same "for_each", or go back to a later step.'
        else:
            continue
        subject.error(path, "loop-crossed", message)
        return


def _wait(subject: Subject, key: str, step: StepSpec) -> None:
    path: Path = ("steps", key, "wait")
    info = subject.infos[key]
    if info is not None and not info.automatic:
        message = f'{info.key} asks a person, but this step ends by itself: write "uses: core.wait".'
        subject.error(path, "wait-asks", message, of_key=True)
    if step.wait is not None and step.wait.event is not None:
        _event(subject, (*path, "event"), key, step.wait.event, step.wait.until)
    if step.wait is not None and step.wait.time_out is None:
        message = 'If it never happens, this step waits for ever: say how long with "time_out", like P30D.'
        subject.warn(path, "wait-without-end", message, of_key=True)
    elif step.wait is not None:
        is_readable(subject, (*path, "time_out"), "bad-limit", TimeLimit, step.wait.time_out or "")


def _event(subject: Subject, path: Path, key: str, event: str, until: str) -> None:
    """Find an event that is no other step, or whose answers the condition does not tell apart."""
    steps = subject.workflow.steps
    try:
        asked = {mention.path[0] for mention in parse_condition(until).fields}
    except ConditionSyntaxError:
        return  # found where conditions are read
    if event not in steps or event == key:
        subject.unknown(path, "unknown-step", "step", event, frozenset(steps) - {key})
        return
    if event not in asked:
        message = (
            f'"until" does not ask for an answer of "{event}": compare it, like {event}.receipt == letter.receipt.'
        )
        subject.error(path, "event-not-asked", message)
    elif asked == {event}:
        message = (
            f'Any answer of "{event}" can end this: compare it with one of another step, such as a receipt number.'
        )
        subject.warn(path, "event-not-matched", message)


def _standing(subject: Subject, key: str, step: StepSpec) -> None:
    path: Path = ("steps", key, "standing")
    followers = [one for one in subject.workflow.steps if key in subject.order.before(one)]
    if followers:
        message = f'"{key}" is there as long as the case is, so "{followers[0]}" would never begin: name another step.'
        subject.error(("steps", followers[0], "after"), "after-standing", message)
    if step.repeat or step.discretionary:
        message = 'A standing step is there all the time: take its "repeat" or "discretionary" out.'
        subject.error(path, "after-standing", message, of_key=True)


def _cancels(subject: Subject) -> None:
    steps = frozenset(subject.workflow.steps)
    for name, one in subject.workflow.cancels.items():
        path: Path = ("cancels", name)
        for place, key in subject.each((*path, "steps"), one.steps):
            if key not in steps:
                subject.unknown(place, "unknown-step", "step", key, steps)
        for key, undo in one.undo.items():
            if key not in one.steps:
                message = f'"{key}" is not called off here, so nothing undoes it: add it to "steps".'
                subject.error((*path, "undo", key), "undo-of-nothing", message, of_key=True)
            if undo not in steps:
                subject.unknown((*path, "undo", key), "unknown-step", "step", undo, steps)


_LENGTHS = ("limit", "law", "due")


class Problem(NamedTuple):
    """What is wrong with one part of a follow-up."""

    part: str
    code: str
    message: str


def check_follow_ups(subject: Subject) -> None:
    """Find what a workflow says of follow-ups that does not exist, or cannot be."""
    for key, step in subject.workflow.steps.items():
        info = subject.infos[key]
        of_type = {**info.follow_ups} if info else {}
        of_type |= changed(of_type, subject.workflow.follow_ups.get(step.uses, {}))
        _check(subject, ("steps", key, "follow_ups"), step.follow_ups, info, of_type)
    for uses, said in subject.workflow.follow_ups.items():
        info = subject.catalogue.find(uses)
        if info is None:
            known = frozenset(subject.catalogue.keys())
            subject.unknown(("follow_ups", uses), "unknown-step-type", "step type", uses, known)
        _check(subject, ("follow_ups", uses), said, info, info.follow_ups if info else {})
    circle = endless(follow_ups_by_type(subject.workflow, subject.catalogue))
    if circle:
        message = f"{' brings '.join(circle)}: this never ends. Give one of these follow-ups a condition."
        subject.error(("steps",), "endless-follow-ups", message, of_key=True)


def _check(subject: Subject, path: Path, said: Changes, info: StepTypeInfo | None, declared: FollowUps) -> None:
    if info is None:
        return
    whole = changed(declared, said)
    own = {name: change for name, change in said.items() if change is None or change != declared.get(name)}
    for name, change in own.items():
        place = (*path, name)
        if problem := _problem_of_act(info.follow_ups.get(name), change, of_step=path[0] == "steps"):
            subject.error(place, "follow-up-of-act", f"{shown(name)} {problem}", of_key=True)
        elif name not in declared and (change is None or not (change.uses or change.ends)):
            others = meant(name, declared) if declared else "It brings none by itself."
            remedy = 'For one of your own say what it "uses".' if change else "There is nothing to leave out here."
            message = f"{info.key} brings no follow-up {shown(name)}. {others} {remedy}"
            subject.error(place, "unknown-follow-up", message, of_key=True)
        elif change is not None:
            problems = [*_problems(whole[name], info, subject.catalogue), *_names(subject, whole[name])]
            for part, code, problem in problems:
                parts = (part, *_LENGTHS) if code == "limit-and-law" else (part,)
                at = next((one for one in parts if subject.merged.is_own((*place, one))), part)
                subject.error((*place, at), code, problem)
            _warn_of_not_known(subject, place, change, info)
            for part in ("replaces", "ends"):
                known = {*whole, *_all_names(subject)}
                for other in {*as_tuple(getattr(change, part) or ())} - known:
                    message = f"There is no follow-up {shown(other)}. {meant(other, known)}"
                    subject.error((*place, part), "unknown-follow-up", message)


def _problem_of_act(declared: FollowUp | None, change: FollowUp | None, *, of_step: bool) -> str:
    """Say what is wrong with what a workflow says of what an act brings; empty where nothing is, or no act does."""
    if declared is None or not declared.act:
        return "is brought by no act of this system: take `act` out." if change and change.act else ""
    if of_step:
        return "comes when something else is done: write it in the `follow_ups` beside `steps`, by the step type."
    if change is None:
        return f"cannot be left out: without it nobody would hear that {declared.act}. Change its limit or ladder."
    if "limit" in change.model_fields_set and change.limit is None:
        return "needs a limit: without it nobody would hear that it was not done."
    said = {part for part in change.model_fields_set if getattr(change, part) != getattr(declared, part)}
    others = ", ".join(sorted(said - _OF_ACTS))
    return f"comes as declared: take out {others}. Change its title, limit, ladder or roles." if others else ""


def _warn_of_not_known(subject: Subject, place: Path, change: FollowUp, info: StepTypeInfo) -> None:
    """Warn of what a workflow makes wait for an answer that may be *Not known*: then it never comes."""
    asked = [(part, name) for part, name in (("due", change.due), ("opens", change.opens)) if name in info.not_known]
    for part, name in asked:
        message = (
            f"{name} may be answered with Not known, and then this never comes: give it a limit, or one that opens "
            "without that answer."
        )
        subject.warn((*place, part), "may-never-start", message)
    try:
        mentions = parse_condition(change.when).fields if change.when else ()
    except ConditionSyntaxError:
        return
    tested = {mention.path for mention in mentions if mention.tested}
    for path in dict.fromkeys(mention.path for mention in mentions if mention.path not in tested):
        of = info if path[0] == "this" else subject.infos.get(path[0])
        if of is not None and path[-1] in of.not_known and not _has_default(of, path[-1]):
            field = ".".join(path)
            message = (
                f"{field} may be answered with Not known, and then this never comes: ask has({field}) in its when, "
                f"such as !has({field}) || {field}, or an answer that must be known."
            )
            subject.warn((*place, "when"), "may-never-start", message)


def _has_default(info: StepTypeInfo, name: str) -> bool:
    known = info.outputs.get(name)
    return known is not None and known.default is not None


def _all_names(subject: Subject) -> set[str]:
    infos = (subject.catalogue.find(uses) for uses in subject.catalogue.keys())  # noqa: SIM118 - not a mapping
    own = (step.follow_ups for step in subject.workflow.steps.values())
    return {name for info in infos if info for name in info.follow_ups} | {name for said in own for name in said}


def _names(subject: Subject, spec: FollowUp) -> Iterator[Problem]:
    names = subject.names
    if spec.ladder not in names.ladders:
        yield Problem(
            "ladder", "unknown-ladder", f"There is no ladder {shown(spec.ladder)}. {meant(spec.ladder, names.ladders)}"
        )
    if spec.law is not None and spec.law not in names.laws:
        yield Problem(
            "law", "unknown-law", f"No law pack has the limit {shown(spec.law)}. {meant(spec.law, names.laws)}"
        )
    for role in spec.roles:
        if role not in names.roles:
            yield Problem("roles", "unknown-role", f"There is no role {shown(role)}. {meant(role, names.roles)}")


def _problems(spec: FollowUp, info: StepTypeInfo, catalogue: StepCatalogue) -> Iterator[Problem]:
    """Find what is wrong with a follow-up of a step of a type, but for its condition."""
    if spec.uses is not None and catalogue.find(spec.uses) is None:
        message = f"There is no step type {shown(spec.uses)}. {meant(spec.uses, catalogue.keys())}"
        yield Problem("uses", "unknown-step-type", message)
    lengths = [part for part in _LENGTHS if getattr(spec, part)]
    if len(lengths) > 1:
        message = (
            "A follow-up has a limit, a law or a moment at which it is due: keep one of them. One that is inherited is "
            f'taken away by a null, like "{lengths[-1]}: null".'
        )
        yield Problem(lengths[1], "limit-and-law", message)
    again = ("again_soonest", "again_latest")
    read = {}
    for part in ("limit", "opens_before", "opens_after", *again):
        text = getattr(spec, part)
        try:
            read[part] = TimeLimit.model_validate(text or "PT0S")
        except ValidationError as error:
            yield Problem(part, "bad-limit", str(error.errors(include_url=False)[0]["msg"]))
    if any(read[part].months or read[part].days or read[part].is_at_once for part in again if part in read):
        yield Problem("again_latest", "bad-limit", "How soon it comes again is said in hours or in days of 24 hours.")
    elif read.keys() >= {*again} and read["again_soonest"].about > read["again_latest"].about:
        yield Problem("again_latest", "bad-limit", "It is due again at the latest before it is due at the soonest.")
    known = moments_of(info)
    for part, name in (("from", spec.from_), ("due", spec.due), ("opens", spec.opens)):
        if name and name != NOW and name not in known:
            message = f"{info.key} tells no day or instant {shown(name)}. {meant(name, known)}"
            yield Problem(part, "bad-from", message)
    each = {*info.outputs, *info.computes}
    if spec.each and spec.each != THIS_STEP and spec.each not in each:
        message = f"{info.key} has no output {shown(spec.each)}. {meant(spec.each, each)}"
        yield Problem("each", "unknown-field", message)


def moments_of(info: StepTypeInfo) -> frozenset[str]:
    """Name what a step tells or computes that is a day or an instant."""
    found = {**info.outputs, **info.computes}
    return frozenset({*info.moments, *(name for name, output in found.items() if output.kind.value == "instant")})


def problems_of_type(info: StepTypeInfo, catalogue: StepCatalogue) -> tuple[str, ...]:
    """List, in sentences, what is wrong with the follow-ups that a step type declares."""
    found = []
    for name, spec in info.follow_ups.items():
        found += [f"{name}: {problem.message}" for problem in _problems(spec, info, catalogue)]
        try:
            condition = parse_condition(spec.when) if spec.when else None
        except ConditionSyntaxError as error:
            found.append(f"{name}: {error}")
            continue
        types = fields_of_type(info)
        found += [f"{name}: {problem.message}" for problem in (check_condition(condition, types) if condition else ())]
    return tuple(found)


def endless(of: Mapping[str, Mapping[str, FollowUp]]) -> tuple[str, ...]:
    """Name the step types that bring each other always and for ever, first and last the same; empty when none do."""
    graph = {
        uses: {one.uses for one in said.values() if one.uses and not (one.when or one.moments or one.act)}
        for uses, said in of.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()
