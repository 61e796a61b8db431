"""Lint: time limits can be counted, start at something that happens, and tell somebody."""

from pydantic import RootModel, ValidationError

from engine.language.catalogue import StepTypeInfo, ValueKind
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import ConditionSyntaxError
from engine.language.limits import Counting, TimeLimit, WarningPoint
from engine.language.lint.fields import places_of
from engine.language.lint.subject import Subject
from engine.language.names import meant, shown
from engine.language.workflow import Attempts, NotBefore, TimeSpec
from engine.language.yaml_files import Path


def check_times(subject: Subject) -> None:
    """Find time limits that cannot be counted, and steps without any."""
    for key, step in subject.workflow.steps.items():
        _presence(subject, key)
        for path, time in subject.times(key):
            _limit(subject, key, path, time)
            _start(subject, key, path, time)
            _breach(subject, key, path, time)
            _exclusions(subject, key, path, time)
            _caps(subject, path, time)
            for place, point in subject.each((*path, "warn"), time.warn):
                is_readable(subject, place, "bad-warning", WarningPoint, point)
        if step.repeat:
            _waits(subject, ("steps", key, "repeat", "every"), step.repeat.every)
        if step.not_before:
            _start(subject, key, ("steps", key, "not_before"), step.not_before)
            is_readable(subject, ("steps", key, "not_before", "wait"), "bad-limit", TimeLimit, step.not_before.wait)
        if step.attempts:
            _attempts(subject, ("steps", key, "attempts"), step.attempts)
        if step.approve and step.approve.limit:
            is_readable(subject, ("steps", key, "approve", "limit"), "bad-limit", TimeLimit, step.approve.limit)


def _waits(subject: Subject, path: Path, every: str | tuple[str, ...]) -> None:
    for place, text in [(path, every)] if isinstance(every, str) else subject.each(path, every):
        _every(subject, place, text)


def _every(subject: Subject, path: Path, text: str) -> None:
    if is_readable(subject, path, "bad-limit", TimeLimit, text) and TimeLimit(text).is_at_once:
        subject.error(path, "bad-limit", "A repetition needs some time in between, like P1M.")


def _attempts(subject: Subject, path: Path, attempts: Attempts) -> None:
    """Find waits and times of automatic work that no clock of a machine counts: days of work, months, nothing."""
    for name, text in (("delay", attempts.delay), ("timeout", attempts.timeout)):
        if text is None or not is_readable(subject, (*path, name), "bad-limit", TimeLimit, text):
            continue
        if TimeLimit(text).counting is not Counting.ELAPSED or TimeLimit(text).is_at_once:
            message = "A machine waits in hours, minutes or seconds, like PT30S or PT2M."
            subject.error((*path, name), "bad-limit", message)


def _presence(subject: Subject, key: str) -> None:
    step, info = subject.workflow.steps[key], subject.infos[key]
    path: Path = ("steps", key)
    times = step.time
    if not times:
        if info and not (info.automatic or info.time_limit or info.law_limit or step.discretionary or step.standing):
            message = 'Nobody is told when this step takes too long: give it a "time", like {limit: P3D}.'
            subject.warn(path, "no-time-limit", message, of_key=True)
        return
    for number, time in enumerate(times[:-1]):
        if time.when is None:
            message = "The limits after this one never apply, since it has no condition: move it to the end."
            subject.error((*path, "time", number), "time-never-applies", message)
            return
    if times[-1].when is not None:
        message = "When none of these conditions holds, the step has no limit: end with one that has no condition."
        subject.warn((*path, "time"), "time-only-sometimes", message)


def _limit(subject: Subject, key: str, path: Path, time: TimeSpec) -> None:
    if time.limit is not None and time.law is not None:
        _both(subject, path, time)
    if time.limit is None and time.law is None:
        subject.error(
            path, "time-without-limit", 'This time names no "limit" (like PT24H) and no "law": add one of them.'
        )
    if time.limit is not None:
        is_readable(subject, (*path, "limit"), "bad-limit", TimeLimit, time.limit)
    if time.law is not None:
        _law(subject, key, path, time)
    elif time.option is not None:
        subject.error(
            (*path, "option"),
            "unknown-option",
            'An "option" chooses among the lengths of a "law", which is missing: name the law, or take this out.',
        )


def _both(subject: Subject, path: Path, time: TimeSpec) -> None:
    """Find a time with two lengths; what one of them inherits is taken away by a null."""
    own, other = ("limit", "law") if subject.merged.is_own((*path, "limit")) else ("law", "limit")
    remedy = "take one out"
    if subject.merged.is_own((*path, own)) and not subject.merged.is_own((*path, other)):
        gone = ("law", "option") if other == "law" and time.option is not None else (other,)
        nulls = ", ".join(f"{part}: null" for part in gone if not subject.merged.is_own((*path, part)))
        remedy = f'the "{other}" is inherited, so write "{nulls}" beside this'
    subject.error((*path, own), "limit-and-law", f'A time has a "limit" or a "law", not both: {remedy}.')


def _law(subject: Subject, key: str, path: Path, time: TimeSpec) -> None:
    known = subject.names.laws.get(time.law or "")
    if known is None:
        message = f"No law pack has the limit {shown(time.law)}. {meant(time.law or '', subject.names.laws)}"
        subject.error((*path, "law"), "unknown-law", message)
        return
    if not known.is_timed:
        subject.error(
            (*path, "law"), "law-without-time", f'{time.law} is a rule without a time: write a "limit" of your own.'
        )
    if time.option is not None and time.option not in known.options:
        message = f"{time.law} has no option {shown(time.option)}. {meant(time.option, known.options)}"
        if time.option in known.in_some:
            message = f"A version of {time.law} has no option {shown(time.option)}: add it to that one too."
        subject.error((*path, "option"), "unknown-option", message)
    assign = subject.workflow.steps[key].assign
    unit = assign.unit or assign.unit_from
    told = tuple(place for name in assign.unit_from for place in places_of(subject, name))
    places = (assign.unit,) if assign.unit else told or subject.workflow.jurisdictions
    country = known.jurisdiction.partition("-")[0]
    if places and known.jurisdiction != "*" and country not in {place.partition("-")[0] for place in places}:
        what = "step" if unit else "workflow"
        message = f"{time.law} is law of {known.jurisdiction}, but this {what} is for {', '.join(places)}: check both."
        subject.warn((*path, "law"), "law-of-another-place", message)


def _start(subject: Subject, key: str, path: Path, time: TimeSpec | NotBefore) -> None:
    head, _, field = time.from_.partition(".")
    place = (*path, "from")
    if head in {"start", "ready"}:
        if field:
            subject.error(place, "bad-from", f'"{head}" has no fields: write "from: {head}".')
    elif head in subject.workflow.steps:
        if head == key or key in subject.order.surely_before.get(head, ()):
            late = f'"{head}" ends after this step begins, so no deadline could start with it.'
            subject.error(place, "bad-from", f'{late} Write "from: start", or name a step before it.')
        elif field and (info := subject.infos[head]) is not None:
            _start_at(subject, place, time, head, field, info)
    elif head in subject.workflow.facts and not field:
        if subject.workflow.facts[head].type is not ValueKind.INSTANT:
            subject.error(
                place, "bad-from", f'The fact "{head}" is no instant, so no time can start with it: name one that is.'
            )
    else:
        known = {"start", "ready", *subject.workflow.steps, *subject.workflow.facts, *subject.workflow.starts}
        starts = 'Write "from: start", "ready", a step before it or a fact that is an instant.'
        subject.error(place, "bad-from", f"Time cannot start from {shown(time.from_)}. {meant(head, known)} {starts}")


def _start_at(
    subject: Subject, place: Path, time: TimeSpec | NotBefore, head: str, field: str, info: StepTypeInfo
) -> None:
    """Find a start at what is no instant of a step, or at one that may not be known when it is done."""
    instants = _instants(info)
    if field not in instants:
        subject.error(place, "bad-from", f'"{head}" has no event time "{field}". {meant(field, instants)}')
    elif field in info.untold and not _is_told(time, head, field):
        known = [head, *(f"{head}.{name}" for name in sorted(instants - {*info.untold}))]
        also = f", or give limits for both: the first with when: has({time.from_})" * isinstance(time, TimeSpec)
        message = (
            f"{time.from_} may be left open or answered with Not known, and then this never starts: "
            f"count from {' or '.join(known)}{also}."
        )
        subject.warn(place, "may-never-start", message)


def _is_told(time: TimeSpec | NotBefore, head: str, field: str) -> bool:
    """Whether a limit is one only for when an instant is known; what cannot be read is found elsewhere."""
    try:
        asked = parse_condition(time.when).fields if isinstance(time, TimeSpec) and time.when else ()
    except ConditionSyntaxError:
        return True
    return any(mention.tested and mention.path == (head, field) for mention in asked)


def _instants(info: StepTypeInfo) -> frozenset[str]:
    outputs = {name for name, output in info.outputs.items() if output.kind is ValueKind.INSTANT}
    return frozenset({*info.event_times, *outputs})


def _breach(subject: Subject, key: str, path: Path, time: TimeSpec) -> None:
    for place, target in subject.each((*path, "on_breach"), time.on_breach):
        if target == key or target in subject.order.ancestors.get(key, ()):
            message = f'"{target}" has begun before this deadline, so a breach cannot open it: name another step.'
            subject.error(place, "bad-breach-target", message)
        elif target in subject.order.choice_of:
            message = f'"{target}" is opened by a choice: a breach opens a step of its own.'
            subject.error(place, "bad-breach-target", message)


def _exclusions(subject: Subject, key: str, path: Path, time: TimeSpec) -> None:
    if time.law is not None and time.exclude:
        message = "What a law does not count is said by its law pack: take this out."
        subject.error((*path, "exclude"), "law-excludes", message)
    info = subject.infos[key]
    for place, name in subject.each((*path, "exclude"), time.exclude):
        if info is not None and name not in info.excluded_times:
            message = f"{info.key} records no interval {shown(name)}. {meant(name, info.excluded_times)}"
            subject.error(place, "unknown-interval", message)


def _caps(subject: Subject, path: Path, time: TimeSpec) -> None:
    """Find caps of pauses and extensions that cannot be read, or that stand on a limit of the law."""
    for name, text in (("pause", time.pause), ("extend", time.extend)):
        if text is None:
            continue
        is_readable(subject, (*path, name), "bad-limit", TimeLimit, text)
        if time.law is not None:
            message = "A limit of the law can be neither paused nor extended: take this out."
            subject.error((*path, name), "law-not-pausable", message)


def is_readable(subject: Subject, path: Path, code: str, kind: type[RootModel[str]], text: str) -> bool:
    """Whether a text can be read as a kind of length; records a finding where it cannot."""
    try:
        kind.model_validate(text)
    except ValidationError as error:
        subject.error(path, code, str(error.errors(include_url=False)[0]["msg"]))
        return False
    return True
