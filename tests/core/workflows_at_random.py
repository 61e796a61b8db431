"""Random workflows of a few steps that use every construct, with conditions over all that can be named."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

COLLECTIONS = ("case.victims", "case.suspects", "case.persons")
FACTS = {
    "safe": {"type": "bool"},
    "afraid": {"type": "bool", "default": False},
    "count": {"type": "number"},
    "found": {"type": "instant"},
}
_LIMITS = ("PT1H", "PT8H", "P2D", "P1M", "P3WD", "PT6WH")
_PERIODS = ("PT6H", "P1D", "P1M", "P2WD")


@st.composite
def workflows(draw: st.DrawFn, *, version: int = 1) -> dict[str, Any]:
    """Draw what a workflow of 3 to 9 steps without a circle says, to be compiled by `workflow(**drawn)`."""
    keys = [f"s{number}" for number in range(draw(st.integers(3, 9)))]
    steps = {key: draw(_steps(keys, keys[:number])) for number, key in enumerate(keys)}
    more: dict[str, Any] = {"steps": steps, "facts": FACTS, "version": version}
    if draw(st.booleans()):
        more["choices"] = {"way": draw(_choices(keys, steps))}
    more["gates"] = {
        f"gate-{number}": {"holds": draw(_some(keys, least=1)), "until": draw(_conditions(keys)), "reason": "Not yet."}
        for number in range(draw(st.integers(0, 2)))
    }
    if _rarely(draw, 4):
        undo = {draw(st.sampled_from(keys)): draw(st.sampled_from(keys))} if draw(st.booleans()) else {}
        one = {"when": draw(_conditions(keys)), "steps": draw(_some(keys, least=1)), "undo": undo}
        more["cancels"] = {"branch": one}
    if _rarely(draw, 8):
        more["close"] = {"abort": draw(_conditions(keys))}
    return more


def _some(keys: Sequence[str], *, least: int = 0, most: int = 3) -> st.SearchStrategy[list[str]]:
    if not keys:
        return st.just([])
    return st.lists(st.sampled_from(list(keys)), min_size=least, max_size=most, unique=True)


@st.composite
def _steps(draw: st.DrawFn, keys: Sequence[str], earlier: Sequence[str]) -> dict[str, Any]:
    step: dict[str, Any] = {"uses": draw(st.sampled_from(["test.ask"] * 6 + ["test.auto", "test.timed", "test.rare"]))}
    step["after"] = draw(_joins(earlier))
    if _rarely(draw, 3):
        step["when"] = draw(_conditions(keys))
    if _rarely(draw, 4):
        step["for_each"] = draw(st.sampled_from(COLLECTIONS))
    if _rarely(draw, 5):
        step["repeat"] = draw(
            st.fixed_dictionaries({"every": st.sampled_from(_PERIODS), "times": st.integers(1, 3)})
            | st.fixed_dictionaries({"every": st.lists(st.sampled_from(_PERIODS), min_size=1, max_size=3)})
        )
        if draw(st.booleans()):
            step["repeat"]["until"] = draw(_conditions(keys))
    if _rarely(draw, 5):
        starts = ["ready", "start", "found", *earlier, *(f"{key}.at" for key in earlier)]
        step["not_before"] = {"from": draw(st.sampled_from(starts)), "wait": draw(st.sampled_from(_PERIODS))}
    if _rarely(draw, 6):
        step["discretionary"] = True
    step |= draw(_ways(keys, earlier, has_rounds="repeat" in step))
    if _rarely(draw, 5):
        step["approve"] = {"role": "supervisor", "limit": "PT4H"}
    if _rarely(draw, 6):
        step["sets"] = {"afraid": draw(_conditions(keys))}
    step["time"] = draw(st.lists(_times(keys), max_size=2))
    return step


@st.composite
def _ways(draw: st.DrawFn, keys: Sequence[str], earlier: Sequence[str], *, has_rounds: bool) -> dict[str, Any]:
    """Draw what is not straight on, mostly nothing: back, at a time, at an event, standing by."""
    kind = draw(st.integers(1, 16))
    match kind:
        case 1 if earlier and not has_rounds:
            back = {"to": draw(st.sampled_from(list(earlier))), "when": draw(_conditions(keys))}
            return {"back": {**back, "times": draw(st.integers(1, 3))}}
        case 3 if not has_rounds:
            time_out = {"time_out": draw(st.sampled_from(_PERIODS))} if draw(st.booleans()) else {}
            wait = {"until": draw(_conditions(keys)), **time_out}
            if earlier and draw(st.booleans()):
                one, other = draw(st.sampled_from(list(earlier))), draw(st.sampled_from(list(keys)))
                field = draw(st.sampled_from(["count", "flag", "choice", "outcome"]))
                wait |= {"event": one, "until": f"{one}.{field} == {other}.{field}"}
            return {"uses": "test.auto", "wait": wait}
        case 4 if not has_rounds and len(earlier) == len(keys) - 1:  # nothing comes after a standing step
            return {"standing": True}
        case _:
            return {}


def _rarely(draw: st.DrawFn, often: int) -> bool:
    return draw(st.integers(1, often)) == 1


@st.composite
def _joins(draw: st.DrawFn, earlier: Sequence[str]) -> object:
    before = draw(_some(earlier, least=min(1, len(earlier))))
    if not before or draw(st.booleans()):
        return before
    if draw(st.booleans()):
        return {"any": before}
    return {"n": draw(st.integers(1, len(before))), "of": before}


@st.composite
def _times(draw: st.DrawFn, keys: Sequence[str]) -> dict[str, Any]:
    starts = ["ready", "ready", "start", "found", *keys, *(f"{key}.at" for key in keys)]
    time: dict[str, Any] = {
        "from": draw(st.sampled_from(starts)),
        "ladder": draw(st.sampled_from(["standard", "critical", "no-such"])),
        "warn": draw(st.sampled_from([[], ["50%"], ["PT30M", "80%"]])),
    }
    if _rarely(draw, 4):
        time["law"] = draw(st.sampled_from(["XX-PRODUCE-24H", "XX-UNKNOWN"]))
    else:
        time |= {"limit": draw(st.sampled_from(_LIMITS)), "exclude": ["journey"]}
    if _rarely(draw, 3):
        time["when"] = draw(_conditions(keys))
    if _rarely(draw, 4):
        time["on_breach"] = draw(_some(keys, least=1, most=2))
    return time


@st.composite
def _choices(draw: st.DrawFn, keys: Sequence[str], steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Let some of the later steps be reached by a choice after some of the earlier ones."""
    cut = draw(st.integers(1, len(keys) - 1))
    targets = draw(st.permutations(keys[cut:]))[:3]
    for key in targets:
        steps[key]["after"] = []
    size = len(targets)
    branches = [{"when": draw(_conditions(keys)), "to": [key]} for key in targets[: max(1, size - 1)]]
    default = targets[max(1, size - 1) :]
    return {"after": draw(_joins(keys[:cut])), "branches": branches, "default": default}


def _conditions(keys: Sequence[str]) -> st.SearchStrategy[str]:
    """Draw a condition over the outputs of any steps, facts and the report; it may fit its values or not."""
    asked = [
        text
        for key in keys
        for text in (
            f"{key}.flag", f'{key}.choice == "yes"', f"{key}.count > 2", f"!{key}.usual", f'{key}.outcome == "done"',
            f'{key}.choice.exists(c, c == "yes")', f'{key}.choice.all(c, c != "no")', f"has({key}.choice)",
            f'{key}.at > timestamp("2026-01-06T00:00:00Z")',
        )
    ]  # fmt: skip
    told = [
        "person.is_victim",
        "!person.is_suspect && person.is_child",
        "safe",
        "!afraid",
        "count >= 3",
        'report.kind == "a"',
        'found < timestamp("2026-01-08T00:00:00Z")',
    ]
    plain = st.sampled_from(asked) | st.sampled_from(told)
    return plain | st.tuples(plain, st.sampled_from(["&&", "||"]), plain).map(" ".join)


def outputs() -> st.SearchStrategy[dict[str, Any]]:
    """Draw the answers of a step, some of them of a wrong type or not given."""
    return st.fixed_dictionaries(
        {},
        optional={
            "choice": st.sampled_from(["yes", "no", "unsure", 3]),
            "flag": st.sampled_from([True, False, True, False, "perhaps"]),
            "count": st.sampled_from([1, 3, 2.5, "many"]),
            "at": st.sampled_from(["2026-01-05T10:00:00+05:30", "2026-01-07T00:00:00Z", "soon", 4]),
            "usual": st.booleans(),
        },
    )
