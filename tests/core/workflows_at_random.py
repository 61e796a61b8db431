"""Random workflow files of a few steps that use every construct, with conditions over all that can be named."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import note
from hypothesis import strategies as st

from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.language.extends import load_workflow_text
from engine.language.workflow import Workflow
from tests.core.small_world import Catalogue

COLLECTIONS = ("case.victims", "case.suspects", "case.persons")
FACTS = {
    "safe": {"type": "bool"},
    "afraid": {"type": "bool", "default": False},
    "count": {"type": "number"},
    "found": {"type": "instant"},
}
HEAD = {
    "facts": FACTS,
    "parameters": {"within": "PT8H", "most": 2},
    "conditions": {"calm": "!afraid && count <= $most", "sure": "calm || safe"},
}
QUESTIONS = [
    {"id": "place", "type": "choice", "label": "Where?", "choices": {"IN-AS": "Assam", "IN": "India"}},
    {"id": "urgent", "type": "bool", "label": "Is it urgent?", "when": "flag"},
]
ASKING = frozenset({"s0", "s3", "s6", "p0"})
"""The steps that ask questions of their own: others name their answers."""
PART, BASE, SMALL = "part", "base", "small"
_LIMITS = ("PT1H", "$within", "P2D", "P1M", "P3WD", "PT6WH")
_PERIODS = ("PT6H", "P1D", "P1M", "P2WD")


@st.composite
def workflows(draw: st.DrawFn, *, version: int = 1) -> CompiledWorkflow:
    """Draw a workflow of 3 to 9 steps without a circle, and perhaps with a part, and read what its files say."""
    files = {SMALL: draw(_files(version))}
    files |= {PART: draw(_parts())} if "parts" in files[SMALL] else {}
    if draw(st.booleans()):
        files = extending(files, draw(values()))
    note(str(files))
    return compile_workflow(read_together(files), Catalogue())


@st.composite
def file_sets(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Draw what the files of a workflow say that extends nothing, each by its name."""
    files = {SMALL: draw(_files(1))}
    return files | ({PART: draw(_parts())} if "parts" in files[SMALL] else {})


def values() -> st.SearchStrategy[dict[str, Any]]:
    """Draw the values that a workflow gives to some parameters of what it extends."""
    return st.fixed_dictionaries(
        {}, optional={"within": st.sampled_from(["PT2H", "P3D", "P1M"]), "most": st.sampled_from([0, 1, 2.5, 7])}
    )


def extending(files: dict[str, dict[str, Any]], given: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Let the workflow of some files extend one that says all that it did, and give values to its parameters."""
    own = {"version": files[SMALL]["version"], "extends": BASE} | ({"parameters": given} if given else {})
    return {**files, BASE: files[SMALL], SMALL: own}


def read_together(files: dict[str, dict[str, Any]]) -> Workflow:
    """Read the workflow that files amount to together."""
    heads = {name: {} if "extends" in said else HEAD for name, said in files.items()}
    texts = {name: json.dumps({"workflow": name, "title": name, **heads[name], **said}) for name, said in files.items()}
    read, findings = load_workflow_text(texts[SMALL], file="small.yaml", library=texts.get)
    assert read is not None, findings
    return read


@st.composite
def _files(draw: st.DrawFn, version: int) -> dict[str, Any]:
    keys = tuple(f"s{number}" for number in range(draw(st.integers(3, 9))))
    steps = {key: draw(_steps(keys, keys[:number])) for number, key in enumerate(keys)}
    more: dict[str, Any] = {"steps": steps, "version": version}
    free: Sequence[str] = keys
    if draw(st.booleans()):
        more["choices"] = {"way": draw(_choices(keys, steps))}
        free = [key for key in keys if key == keys[0] or steps[key]["after"]]
    more |= draw(_short_forms(keys, {key: steps[key] for key in free}))
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
    if draw(st.booleans()):
        more["follow_ups"] = {"test.rare": draw(_follow_ups(keys))}
    return more


@st.composite
def _parts(draw: st.DrawFn) -> dict[str, Any]:
    keys = tuple(f"p{number}" for number in range(draw(st.integers(1, 3))))
    return {"version": 1, "steps": {key: draw(_steps(keys, keys[:number])) for number, key in enumerate(keys)}}


@st.composite
def _short_forms(draw: st.DrawFn, keys: tuple[str, ...], steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Let some steps come after a named start, a part or everything; `steps` are those that may say what is before."""
    more: dict[str, Any] = {}
    *between, last = [key for key in steps if key != keys[0]] or [keys[0]]
    if between and draw(st.booleans()):
        key = draw(st.sampled_from(between))
        more["starts"] = {"early": {"any": draw(_some(keys[: keys.index(key)], least=1))}}
        steps[key]["after"] = "early"
        steps[key]["time"] = [*steps[key]["time"], {"from": "early", "limit": "P2D"}]
    if last != keys[0] and _rarely(draw, 3):
        conditions = {"when": draw(_conditions(keys))} if draw(st.booleans()) else {}
        many = {"for_each": draw(st.sampled_from(COLLECTIONS))} if _rarely(draw, 3) else {}
        more["parts"] = {PART: {"workflow": PART, "after": draw(_some(keys[:1])), **conditions, **many}}
        steps[last]["after"] = [*keys[:1], PART]
    if last == keys[-1] and last != keys[0] and draw(st.booleans()):
        steps[last]["after"] = "everything"
    return more


@cache
def _some(keys: tuple[str, ...], *, least: int = 0, most: int = 3) -> st.SearchStrategy[list[str]]:
    if not keys:
        return st.just([])
    return st.lists(st.sampled_from(keys), min_size=least, max_size=most, unique=True)


@st.composite
def _steps(draw: st.DrawFn, keys: tuple[str, ...], earlier: tuple[str, ...]) -> dict[str, Any]:
    step: dict[str, Any] = {"uses": draw(st.sampled_from(["test.ask"] * 6 + ["test.auto", "test.timed", "test.rare"]))}
    step["after"] = draw(_joins(earlier))
    if _rarely(draw, 3):
        step["when"] = draw(_conditions(keys))
    if _rarely(draw, 4):
        step["for_each"] = draw(st.sampled_from(COLLECTIONS))
    step |= draw(_again_and_later(keys, earlier))
    if _rarely(draw, 6):
        step["discretionary"] = True
    step |= draw(_ways(keys, earlier, has_rounds="repeat" in step))
    if _rarely(draw, 5):
        step["approve"] = {"role": "supervisor", "limit": "PT4H"}
    if _rarely(draw, 6):
        step["sets"] = {"afraid": draw(_conditions(keys))}
    step["time"] = draw(st.lists(_times(keys), max_size=2))
    step |= draw(_asked_and_brought(keys, earlier))
    return step


@st.composite
def _again_and_later(draw: st.DrawFn, keys: tuple[str, ...], earlier: tuple[str, ...]) -> dict[str, Any]:
    step: dict[str, Any] = {}
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
    return step


@st.composite
def _asked_and_brought(draw: st.DrawFn, keys: tuple[str, ...], earlier: tuple[str, ...]) -> dict[str, Any]:
    step: dict[str, Any] = {"questions": QUESTIONS} if keys[len(earlier)] in ASKING else {}
    if _rarely(draw, 4):
        told = [f"{key}.place" for key in earlier if key in ASKING]
        step["assign"] = {"unit_from": told} if told and draw(st.booleans()) else {"unit": "IN-AS"}
    if draw(st.booleans()):
        step["follow_ups"] = draw(_follow_ups(keys))
    return step


@st.composite
def _follow_ups(draw: st.DrawFn, keys: tuple[str, ...]) -> dict[str, Any]:
    """Draw what an answer brings: by a length, the law or a moment; one may take the place of another, or end it."""
    found = {}
    for name in draw(st.sampled_from([["look"], ["look", "see"]])):
        this = st.sampled_from(['this.choice == "yes"', "this.flag", 'this.outcome != "done"', 'case.country == "IN"'])
        lengths = [{}, {"limit": "P5D"}, {"limit": "$within", "from": "at"}, {"due": "at", "opens_before": "P1D"}]
        one = {
            "uses": draw(st.sampled_from(["test.rare", "test.rare", "test.ask", "test.auto", "test.timed"])),
            **draw(st.sampled_from([*lengths, {"law": "XX-PRODUCE-24H", "from": "at"}, {"opens": "at"}])),
            **draw(st.sampled_from([{}, {}, {"at_once": True}, {"ladder": "critical"}, {"once": True}])),
            **draw(st.sampled_from([{}, {}, {"each": "choice"}, {"each": "{step}"}, {"otherwise": "end"}])),
        }
        if draw(st.booleans()):
            one["when"] = draw(this | _conditions(keys))
        if name == "see":
            one |= draw(st.sampled_from([{}, {"ends": ["look"]}, {"replaces": "look"}]))
        found[name] = one
    return found


@st.composite
def _ways(draw: st.DrawFn, keys: tuple[str, ...], earlier: tuple[str, ...], *, has_rounds: bool) -> dict[str, Any]:
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
def _joins(draw: st.DrawFn, earlier: tuple[str, ...]) -> object:
    before = draw(_some(earlier, least=min(1, len(earlier))))
    if not before or draw(st.booleans()):
        return before
    if draw(st.booleans()):
        return {"any": before}
    return {"n": draw(st.integers(1, len(before))), "of": before}


@st.composite
def _times(draw: st.DrawFn, keys: tuple[str, ...]) -> dict[str, Any]:
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
def _choices(draw: st.DrawFn, keys: tuple[str, ...], steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Let some of the later steps be reached by a choice after some of the earlier ones."""
    cut = draw(st.integers(1, len(keys) - 1))
    targets = draw(st.permutations(keys[cut:]))[:3]
    for key in targets:
        steps[key]["after"] = []
    size = len(targets)
    branches = [{"when": draw(_conditions(keys)), "to": [key]} for key in targets[: max(1, size - 1)]]
    default = targets[max(1, size - 1) :]
    return {"after": draw(_joins(keys[:cut])), "branches": branches, "default": default}


@cache
def _conditions(keys: tuple[str, ...]) -> st.SearchStrategy[str]:
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
        *(f'{key}.place == "IN-AS"' for key in keys if key in ASKING),
        *(f"{key}.urgent" for key in keys if key in ASKING),
        "calm",
        "!sure",
        "count > $most",
        "person.is_victim",
        "!person.is_suspect && person.is_child",
        "safe",
        "!afraid",
        "count >= 3",
        'report.kind == "a"',
        'found < timestamp("2026-01-08T00:00:00Z")',
    ]
    plain = st.sampled_from([*asked, *told])
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
            "place": st.sampled_from(["IN-AS", "IN", "nowhere"]),
            "urgent": st.booleans(),
        },
    )
