"""Short forms of a workflow file, written out before it is read: parameters, parts, named conditions and starts.

`parameters: {rescue_within: PT48H}` stands for `$rescue_within`; a file that extends this one may give another value.
`parts: {care: {workflow: aftercare, after: rescue}}` puts the steps of another workflow here, as `care_x`.
`conditions: {is_child: 'report.age < 18'}` is a name for a condition within others.
`starts: {safe: {any: [taken_charge, rescue]}}` lets steps say `after: safe` and `from: safe`: time counts from the
first of them that was not left out.
`after: everything` waits for all that the file foresees and that does not wait for the step itself.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from engine.language.findings import Finding
from engine.language.merged import Merged
from engine.language.names import LEFT_OUT, meant, nearest, shown

Load = Callable[[str], Merged | None]
"""Finds another workflow, written out, by its name."""
CONDITIONS: Final = frozenset({"when", "until", "abort"})
_REFERENCES: Final = frozenset({"after", "all", "any", "of", "not", "on_breach", "to", "holds", "steps", "default"})
_STARTS: Final = frozenset({"from", "unit_from"})
PARAMETER: Final = re.compile(r"\$([a-z][a-z0-9_]*)")
_QUOTED: Final = re.compile(r"""("(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*')""")


def written_out(merged: Merged, load: Load, known: Iterable[str] = ()) -> tuple[Merged, list[Finding]]:
    """Return a workflow without short forms, and what does not fit of them; `known` are the names of workflows."""
    findings: list[Finding] = []
    for form in (_parameters, _conditions, starts_written_out):
        if form is _conditions:
            merged, found = _parts(merged, load, known)
            findings += found
        merged, found = form(merged)
        findings += found
    return merged, findings


def _parameters(merged: Merged) -> tuple[Merged, list[Finding]]:
    known = merged.data.get("parameters")
    values = known if isinstance(known, dict) else {}
    findings: list[Finding] = []

    def put(value: Any, path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - as it stands in the file
        if isinstance(value, dict):
            return {key: put(one, (*path, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [put(one, (*path, number)) for number, one in enumerate(value)]
        if not isinstance(value, str) or "$" not in value:
            return value
        for name in (one for one in PARAMETER.findall(value) if one not in values):
            problem = f"There is no parameter {shown(name)}. {meant(name, values)}"
            findings.append(merged.finding(path, "unknown-parameter", problem))
        alone = PARAMETER.fullmatch(value)
        if alone:
            return values.get(alone[1], value)
        return PARAMETER.sub(lambda found: str(values.get(found[1], found[0])), value)

    data = {key: value if key == "parameters" else put(value, (key,)) for key, value in merged.data.items()}
    return replace(merged, data=data), findings


def _conditions(merged: Merged) -> tuple[Merged, list[Finding]]:
    """Put each named condition into those that name it; they may name each other, but not themselves."""
    known = merged.data.get("conditions")
    named = (
        {name: f"({text})" for name, text in known.items() if isinstance(text, str)} if isinstance(known, dict) else {}
    )
    if not named:
        return merged, []
    findings = []
    for _ in named:
        named = {name: with_names(text, named) for name, text in named.items()}
    for name, text in named.items():
        if with_names(text, named) != text:
            problem = f'"{name}" names itself, or one that names it: say it without.'
            findings.append(merged.finding(("conditions", name), "condition-circle", problem))
    if findings:
        return merged, findings
    data = {key: value if key == "conditions" else _in_conditions(value, named) for key, value in merged.data.items()}
    return replace(merged, data=data), []


def _in_conditions(value: Any, named: Mapping[str, str], key: str = "") -> Any:  # noqa: ANN401 - as it stands in the file
    if isinstance(value, dict):
        return {name: _in_conditions(one, named, "when" if key == "sets" else str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [_in_conditions(one, named, key) for one in value]
    return with_names(value, named) if isinstance(value, str) and key in CONDITIONS else value


def with_names(condition: str, names: Mapping[str, str]) -> str:
    """Return a condition with other words for some names; what stands in quotes, or after a dot, stays."""
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, names))})(?![\w(])")
    parts = _QUOTED.split(condition)
    return "".join(
        part if number % 2 else pattern.sub(lambda found: names[found[1]], part) for number, part in enumerate(parts)
    )


def is_asked_in(condition: str, name: str) -> bool:
    """Whether a condition asks for a name, outside of quotes and not as the output of a step."""
    return with_names(condition, {name: ""}) != condition


def _parts(merged: Merged, load: Load, known: Iterable[str]) -> tuple[Merged, list[Finding]]:
    """Put the steps of other workflows where they are parts of this one."""
    parts, steps = merged.data.get("parts"), merged.data.get("steps")
    if not isinstance(parts, dict) or not isinstance(steps, dict):
        return merged, []
    data: dict[str, Any] = {**merged.data, "steps": dict(steps)}
    findings, ends = [], dict[str, list[str]]()
    for name, part in parts.items():
        inner = load(str(part.get("workflow"))) if isinstance(part, dict) else None
        if not isinstance(part, dict) or inner is None or not isinstance(inner.data.get("steps"), dict):
            wanted = str(part.get("workflow") if isinstance(part, dict) else part)
            problem = f"There is no workflow {shown(wanted)} to put here: check the name."
            problem += f' Did you mean "{near}"?' if (near := nearest(wanted, {*known} - {wanted})) else ""
            findings.append(merged.finding(("parts", name), "unknown-part", problem))
            continue
        ends[name] = _take_part(data, name, part, inner.data)
    data["steps"] = {
        key: _after_parts(step, ends) if isinstance(step, dict) else step for key, step in data["steps"].items()
    }
    return replace(merged, data=data), findings


def _take_part(data: dict[str, Any], name: str, part: Mapping[str, Any], inner: Mapping[str, Any]) -> list[str]:
    """Take the steps, facts, choices, gates and cancels of a part over; returns the steps with which it ends."""
    steps: Mapping[str, Any] = inner["steps"]
    chosen = {
        to for one in inner.get("choices", {}).values() for branch in one["branches"] for to in _listed(branch["to"])
    }
    chosen |= {to for one in inner.get("choices", {}).values() for to in _listed(one.get("default"))}
    ids = {key: f"{name}_{key}" for key in (*steps, *inner.get("choices", {}))}
    for key, step in steps.items():
        own = _renamed(step, ids)
        own |= {"time": _from_its_opening(own["time"])} if own.get("time") and part.get("after") else {}
        if not step.get("after") and key not in chosen:
            own |= {"after": part["after"]} if part.get("after") else {}
            whens = [f"({one})" for one in (part.get("when"), own.get("when")) if one]
            own |= {"when": " && ".join(whens)} if whens else {}
        own |= {"for_each": part["for_each"]} if part.get("for_each") and "for_each" not in own else {}
        data["steps"].setdefault(ids[key], own)
    data["facts"] = {**inner.get("facts", {}), **data.get("facts", {})} if inner.get("facts") else data.get("facts", {})
    for group, mark in (("choices", "_"), ("gates", "-"), ("cancels", "-")):
        taken = {f"{name}{mark}{key}": _renamed(one, ids) for key, one in inner.get(group, {}).items()}
        data |= {group: {**taken, **data.get(group, {})}} if taken else {}
    followed = {str(one) for step in steps.values() for one in _names(step)}
    return [ids[key] for key, step in steps.items() if key not in followed and not _is_never_waited_for(step)]


def _from_its_opening(time: Any) -> Any:  # noqa: ANN401 - as it stands in the file
    """Let a limit that counts from the start of its workflow count from when the step opens: a part begins later."""
    if isinstance(time, list):
        return [_from_its_opening(one) for one in time]
    if isinstance(time, dict) and time.get("from") == "start":
        return {key: one for key, one in time.items() if key != "from"}
    return time


def _renamed(value: Any, ids: Mapping[str, str], key: str = "") -> Any:  # noqa: ANN401 - as it stands in the file
    if isinstance(value, dict):
        other = {ids.get(name, name) if key == "undo" else name: one for name, one in value.items()}
        inside = "to" if key == "undo" else "when" if key == "sets" else ""
        return {name: _renamed(one, ids, inside or str(name)) for name, one in other.items()}
    if isinstance(value, list):
        return [_renamed(one, ids, key) for one in value]
    if not isinstance(value, str):
        return value
    if key in CONDITIONS:
        return with_names(value, ids)
    if key in _STARTS:
        head, dot, field = value.partition(".")
        return f"{ids.get(head, head)}{dot}{field}"
    return ids.get(value, value) if key in _REFERENCES else value


def _after_parts(step: dict[str, Any], ends: Mapping[str, list[str]]) -> dict[str, Any]:
    """Let what comes after a part come after the steps with which that ends."""
    after = step.get("after")
    if isinstance(after, dict):
        return {
            **step,
            "after": {how: _ended(one, ends) if isinstance(one, list) else one for how, one in after.items()},
        }
    listed = _listed(after)
    return {**step, "after": _ended(listed, ends)} if any(one in ends for one in listed) else step


def _ended(listed: list[Any], ends: Mapping[str, list[str]]) -> list[Any]:
    return [key for one in listed for key in (ends.get(one, [one]) if isinstance(one, str) else [one])]


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - as it stands in the file
    return value if isinstance(value, list) else [] if value is None else [value]


EVERYTHING: Final = "everything"


def starts_written_out(merged: Merged) -> tuple[Merged, list[Finding]]:
    """Return a workflow without named starts and `everything`, and what does not fit of them."""
    steps = merged.data.get("steps")
    if not isinstance(steps, dict):
        return merged, []
    starts = _starts(merged)
    findings = [problem for key, step in steps.items() for problem in _mixed(merged, key, step, starts)]
    findings += [
        merged.finding(
            ("starts", name), "start-like-a-step", f'A step is called "{name}" too: give the start another name.'
        )
        for name in starts
        if name in steps
    ]
    findings += [
        merged.finding(
            ("starts", name, "any", number), "unknown-step", f"There is no step {shown(one)}. {meant(one, steps)}"
        )
        for name in starts
        for number, one in enumerate(starts[name])
        if one not in steps and merged.is_own(("starts", name))
    ]
    written = {key: _step(step, starts, steps) if isinstance(step, dict) else step for key, step in steps.items()}
    written = {key: _closing(key, step, written) if isinstance(step, dict) else step for key, step in written.items()}
    return replace(merged, data={**merged.data, "steps": written}), findings


def _starts(merged: Merged) -> dict[str, list[str]]:
    named = merged.data.get("starts")
    if not isinstance(named, dict):
        return {}
    found = {name: one.get("any") for name, one in named.items() if isinstance(one, dict)}
    listed = {name: [str(step) for step in steps] for name, steps in found.items() if isinstance(steps, list)}
    return {name: steps for name, steps in listed.items() if steps}


def _mixed(merged: Merged, key: str, step: object, starts: Mapping[str, Any]) -> list[Finding]:
    """Find a short form that stands beside steps: it stands for several, and says how many are waited for."""
    after = step.get("after") if isinstance(step, dict) else None
    listed = after if isinstance(after, list) else next(iter(after.values()), None) if isinstance(after, dict) else None
    short = [one for one in listed if one in starts or one == EVERYTHING] if isinstance(listed, list) else []
    problem = (
        f'"{short[0]}" stands alone, like "after: {short[0]}": it says itself what is waited for.' if short else ""
    )
    return [merged.finding(("steps", key, "after"), "start-not-alone", problem)] if short else []


def _step(step: dict[str, Any], starts: Mapping[str, list[str]], steps: Mapping[str, Any]) -> dict[str, Any]:
    after, time = step.get("after"), step.get("time")
    result = dict(step)
    if isinstance(after, str) and after in starts:
        result["after"] = {"any": starts[after]}
    limits = [one if isinstance(one, dict) else {} for one in (time if isinstance(time, list) else [time])]
    if any(one.get("from") in starts for one in limits):
        result["time"] = [limit for one in limits for limit in _limits(one, step, starts, steps)]
    return result


def _limits(
    limit: dict[str, Any], step: Mapping[str, Any], starts: Mapping[str, list[str]], steps: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Write one limit for each step of a named start: the last counts when all before it were left out."""
    if limit.get("from") not in starts:
        return [limit]
    *first, last = starts[limit["from"]]
    own = limit.get("when")
    found = [
        {
            **limit,
            "from": key,
            "when": f"({own}) && {_was_done(key, step, steps)}" if own else _was_done(key, step, steps),
        }
        for key in first
    ]
    return [*found, {**limit, "from": last}]


def _was_done(key: str, step: Mapping[str, Any], steps: Mapping[str, Any]) -> str:
    other = steps.get(key)
    many = other.get("for_each") if isinstance(other, dict) else None
    if many is not None and step.get("for_each") != many:
        return f'{key}.outcome.exists(c, c == "done")'
    return f"!({key}.outcome in {json.dumps(LEFT_OUT)})"


def starts_read_back(
    limits: Sequence[dict[str, Any]], step: Mapping[str, Any], steps: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the limits of a step with those of a named start as one again, whose `from` lists the start's steps."""
    found: list[dict[str, Any]] = []
    rest = list(limits)
    while rest:
        for count in range(len(rest), 0, -1):
            names, one = [str(limit.get("from")) for limit in rest[:count]], {**rest[count - 1], "from": EVERYTHING}
            if count == 1 or _limits(one, step, {EVERYTHING: names}, steps) == rest[:count]:
                break
        found.append({**one, "from": names} if count > 1 else rest[0])
        rest = rest[count:]
    return found


def _closing(key: str, step: dict[str, Any], steps: Mapping[str, Any]) -> dict[str, Any]:
    if step.get("after") != EVERYTHING:
        return step
    behind = _behind(key, steps)
    foreseen = [one for one, other in steps.items() if isinstance(other, dict) and not _is_never_waited_for(other)]
    return {**step, "after": [one for one in foreseen if one != key and one not in behind]}


def _is_never_waited_for(step: Mapping[str, Any]) -> bool:
    return step.get("discretionary") is True or step.get("standing") is True


def _behind(key: str, steps: Mapping[str, Any]) -> set[str]:
    """List the steps that wait for a step, directly or not."""
    found: set[str] = set()
    ahead = [key]
    while ahead:
        before = ahead.pop()
        new = [one for one, step in steps.items() if one not in found and before in _names(step)]
        found.update(new)
        ahead += new
    return found


def _names(step: Any) -> list[Any]:  # noqa: ANN401 - as it stands in the file
    after = step.get("after") if isinstance(step, dict) else None
    if isinstance(after, dict):
        return [one for value in after.values() for one in (value if isinstance(value, list) else [value])]
    return after if isinstance(after, list) else [after]
