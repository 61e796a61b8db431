"""Named starts and `everything`: short forms of a workflow file, written out before it is read.

`starts: {safe: {any: [taken_charge, rescue]}}` lets steps say `after: safe` and `from: safe`: time counts from the
first of them that was not left out. `after: everything` waits for all that the file foresees and that does not wait for
the step itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from engine.language.findings import Finding
from engine.language.merged import Merged

EVERYTHING: Final = "everything"
_LEFT_OUT: Final = '["skipped", "cancelled"]'


def written_out(merged: Merged) -> tuple[Merged, list[Finding]]:
    """Return a workflow without short forms, and what does not fit of them."""
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
    return f"!({key}.outcome in {_LEFT_OUT})"


def _closing(key: str, step: dict[str, Any], steps: Mapping[str, Any]) -> dict[str, Any]:
    if step.get("after") != EVERYTHING:
        return step
    behind = _behind(key, steps)
    foreseen = [
        one for one, other in steps.items() if isinstance(other, dict) and other.get("discretionary") is not True
    ]
    return {**step, "after": [one for one in foreseen if one != key and one not in behind]}


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
