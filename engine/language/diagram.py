"""A workflow as a picture: swim lanes by pillar in plain words, in the DOT language or as Mermaid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from textwrap import wrap
from typing import Any

from engine.language.catalogue import FollowUp, StepCatalogue, StepTypeInfo
from engine.language.lint.subject import Order
from engine.language.names import role_words
from engine.language.short_forms import starts_read_back
from engine.language.telling import Tell, both, in_english, running
from engine.language.words import LawWords, WorkflowWords, limit_words
from engine.language.workflow import (
    Gate,
    JoinMode,
    NotBefore,
    StepRepeat,
    StepSpec,
    TimeSpec,
    Workflow,
    follow_ups_of,
)

INK = "#111111"


@dataclass(frozen=True, slots=True)
class Colour:
    """The colours of one swim lane. The lane also bears its name, so nothing hangs on colour alone."""

    fill: str
    border: str


_COLOURS = {
    "partnership": Colour("#d6e4f5", "#1f4e8c"),
    "prevention": Colour("#d9f0d3", "#1e6b2e"),
    "protection": Colour("#fff2b3", "#7a5c00"),
    "policing": Colour("#c9d3e0", "#26364d"),
    "press": Colour("#f9d9e8", "#96205c"),
    "prosecution": Colour("#e3d7f2", "#5a2a91"),
    "reporting": Colour("#ffe0cc", "#99400a"),
    "rescue": Colour("#f8cfcb", "#9c1c14"),
    "rehabilitation": Colour("#cfeeee", "#0b5f61"),
    "repatriation": Colour("#e8e1d0", "#5e4a1f"),
    "reintegration": Colour("#e4f2c4", "#4a6208"),
    "restitution": Colour("#ead7cf", "#7a3b22"),
}
_OTHER = Colour("#ececec", "#444444")


def colour_of(pillar: str) -> Colour:
    """Return the colours of a pillar; grey for one that is not among the twelve."""
    return _COLOURS.get(pillar, _OTHER)


START, CLOSED = "start", "closed"


class Shape(StrEnum):
    """What a node stands for."""

    STEP = "step"
    AUTOMATIC = "automatic"
    STACK = "stack"
    CHOICE = "choice"
    GATE = "gate"
    EVENT = "event"


class EdgeLine(StrEnum):
    """What an edge stands for."""

    THEN = "then"
    BREACH = "breach"


@dataclass(frozen=True, slots=True)
class Node:
    """One node; `lines` are shown below its title."""

    id: str
    title: str
    shape: Shape
    lane: str = ""
    lines: tuple[str, ...] = ()
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge, perhaps with the condition under which it is taken."""

    source: str
    target: str
    label: str = ""
    line: EdgeLine = EdgeLine.THEN


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that a diagram shows."""

    name: str
    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
    """What the swim lanes are called, by their names."""

    @property
    def lanes(self) -> dict[str, tuple[Node, ...]]:
        """The nodes by swim lane, in the order of the workflow; choices, gates and events stand outside."""
        lanes = dict.fromkeys(node.lane for node in self.nodes if node.lane)
        return {lane: tuple(node for node in self.nodes if node.lane == lane) for lane in lanes}

    @property
    def names(self) -> dict[str, str]:
        """A name for each node by its id: its title, with a number where one before it bears the same."""
        names: dict[str, str] = {}
        taken: set[str] = set()
        to_try = {title: _numbered(title) for title in {node.title for node in self.nodes}}
        for node in self.nodes:
            names[node.id] = next(name for name in to_try[node.title] if name not in taken)
            taken.add(names[node.id])
        return names


def lane_title(lane: str) -> str:
    """Name a lane; what every workflow can use belongs to no pillar."""
    return "General" if lane == "core" else lane.capitalize()


def _numbered(title: str) -> Iterator[str]:
    yield title
    yield from (f"{title} ({number})" for number in count(2))


def draw(
    workflow: Workflow,
    catalogue: StepCatalogue | None = None,
    laws: LawWords | None = None,
    *,
    tell: Tell = in_english,
) -> Drawing:
    """Return the nodes and edges of a workflow, with every condition in words, and every limit that `laws` has.

    All is told as `tell` has it.
    """
    flattened = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    words = WorkflowWords(flattened, catalogue, laws, tell=tell)
    nodes = [
        Node(START, tell("A report arrives" if workflow.start.on == "report" else "Opened by hand"), Shape.EVENT),
        *(_step(workflow, key, words, catalogue) for key in workflow.steps),
        *(Node(f"choice-{name}", running(name, tell), Shape.CHOICE) for name in workflow.choices),
        *(_gate(name, one, words) for name, one in workflow.gates.items()),
        Node(CLOSED, tell("The case closes"), Shape.EVENT, lines=_aborted(workflow, words)),
    ]  # fmt: skip
    lanes = dict.fromkeys(node.lane for node in nodes if node.lane)
    edges = tuple(dict.fromkeys(_edges(workflow, words)))
    return Drawing(workflow.workflow, tell(workflow.title), tuple(nodes), edges, {
        lane: tell(lane_title(lane)) for lane in lanes
    })  # fmt: skip


def _gate(name: str, gate: Gate, words: WorkflowWords) -> Node:
    """Draw a gate by what it holds back, the first step and how many more, with why, and until when."""
    title, more = words.tell("Holds back {steps}", steps=words.steps(gate.holds[:1])), len(gate.holds) - 1
    if more > 0:
        title = words.tell("{words}, and {number} more", words=title, number=more)
    until = words.tell("until {condition}", condition=words.condition(gate.until))
    return Node(f"gate-{name}", title, Shape.GATE, lines=(words.tell(gate.reason), until))


def called_off(workflow: Workflow, key: str, words: WorkflowWords) -> Iterator[str]:
    """Yield each condition, in words, that calls a step off."""
    yield from (words.condition(one.when) for one in workflow.cancels.values() if key in one.steps)


def _aborted(workflow: Workflow, words: WorkflowWords) -> tuple[str, ...]:
    if not workflow.close.abort:
        return ()
    condition = words.condition(workflow.close.abort)
    return (words.tell("at once, with all that is open cancelled, if {condition}", condition=condition),)


def brought(workflow: Workflow, step: StepSpec, catalogue: StepCatalogue | None) -> list[tuple[str, FollowUp]]:
    """List the follow-ups of a step, by name: those of the workflow alone where step types are not known."""
    known = follow_ups_of(workflow, step, catalogue) if catalogue else {}
    return list(known.items()) or [(name, one) for name, one in step.follow_ups.items() if one is not None]


def _later(
    workflow: Workflow, step: StepSpec, words: WorkflowWords, catalogue: StepCatalogue | None
) -> tuple[str, ...]:
    """Name the steps that the answer of a step can bring, each title once, in one line; none where there are none."""
    titles: dict[str, None] = {}
    for name, one in brought(workflow, step, catalogue):
        info = catalogue.find(one.uses) if catalogue and one.uses else None
        if one.uses:
            title = one.title or (info.title if info else "")
            titles[words.tell(title) if title else running(name, words.tell)] = None
    return (words.tell("can bring: {steps}", steps="; ".join(titles)),) if titles else ()


def _step(workflow: Workflow, key: str, words: WorkflowWords, catalogue: StepCatalogue | None) -> Node:
    step = workflow.steps[key]
    info = catalogue.find(step.uses) if catalogue else None
    shape = Shape.STACK if step.for_each else Shape.AUTOMATIC if info and info.automatic else Shape.STEP
    off = (words.tell("cancelled if {condition}", condition=one) for one in called_off(workflow, key, words))
    lines = (*_lines(workflow, step, info, words), *off, *_later(workflow, step, words, catalogue))
    return Node(f"step-{key}", words.step(key), shape, step.uses.partition(".")[0], lines, step.discretionary)


def _lines(workflow: Workflow, step: StepSpec, info: StepTypeInfo | None, words: WorkflowWords) -> Iterator[str]:
    tell = words.tell
    if step.after.mode is JoinMode.ANY:
        yield tell("waits for any one before it")
    if step.after.mode is JoinMode.N:
        yield tell("waits for {number} of {all}", number=step.after.n, all=len(step.after.steps))
    if step.when:
        yield tell("if {condition}", condition=words.condition(step.when))
    if step.for_each:
        yield tell("for each of {list}", list=running(step.for_each.partition(".")[2], tell))
    yield from when_in_words(step, words)
    many = {key: {"for_each": one.for_each} for key, one in workflow.steps.items()}
    yield from map(words.full, starts_read_back(plain_times(step, info), {"for_each": step.for_each}, many))
    if step.discretionary:
        yield tell("can be added")
    if step.approve:
        yield tell("approved by {roles}", roles=", ".join(tell(role_words(role)) for role in step.approve.role))


def plain_times(step: StepSpec, info: StepTypeInfo | None) -> list[dict[str, Any]]:
    """Return the time limits of a step as a file has them: its own, or the one of its step type."""
    own = (TimeSpec(limit=info.time_limit, law=info.law_limit),) if info and (info.time_limit or info.law_limit) else ()
    return [time.model_dump(mode="json", by_alias=True, exclude_defaults=True) for time in step.time or own]


def when_in_words(step: StepSpec, words: WorkflowWords) -> Iterator[str]:
    """Say when a step opens at the earliest, how often it is done, and how it is not straight on."""
    tell = words.tell
    if step.not_before:
        yield _not_before(step.not_before, words)
    if step.repeat:
        yield _repeated(step.repeat, tell)
    if step.back:
        to, condition = words.step(step.back.to), words.condition(step.back.when)
        message = "goes back to “{step}” if {condition}, at most {number} times"
        yield tell(message, step=to, condition=condition, number=step.back.times)
    if step.wait:
        until = words.condition(step.wait.until)
        if step.wait.time_out:
            longest = limit_words(step.wait.time_out, tell)
            yield tell("waits until {condition}, at most {length}", condition=until, length=longest)
        else:
            yield tell("waits until {condition}", condition=until)
    if step.standing:
        yield tell("is there all the time")


def _not_before(earliest: NotBefore, words: WorkflowWords) -> str:
    length = limit_words(earliest.wait, words.tell) if earliest.wait != "PT0S" else ""
    if earliest.from_ == "ready":
        return words.tell("not before {moment}", moment=length)
    start = words.start({"from": earliest.from_})
    if not length:
        return words.tell("not before {moment}", moment=start)
    return words.tell("not before {length} after {start}", length=length, start=start)


def _repeated(repeat: StepRepeat, tell: Tell) -> str:
    often = both((limit_words(one, tell) for one in repeat.waits), tell)
    if repeat.same_limit:
        message = (
            "again every {length}, at most {number} times, all within the time of the first" if repeat.times
            else "again after {length}, at most {number} times, all within the time of the first"
        )  # fmt: skip
        return tell(message, length=often, number=repeat.rounds)
    message = (
        "again every {length}, at most {number} times" if repeat.times
        else "again after {length}, at most {number} times"
    )  # fmt: skip
    return tell(message, length=often, number=repeat.rounds)


def _edges(workflow: Workflow, words: WorkflowWords) -> Iterator[Edge]:
    order = Order(workflow)
    gates = {
        key: [f"gate-{name}" for name, gate in workflow.gates.items() if key in gate.holds] for key in workflow.steps
    }
    for key in workflow.steps:
        if key not in order.choice_of:
            yield from _into(f"step-{key}", _sources(workflow, order, key), gates.get(key, ()))
    for name, choice in workflow.choices.items():
        sources = [f"step-{step}" for step in choice.after.steps if step in workflow.steps]
        yield from _into(f"choice-{name}", sources or [START])
        for branch in choice.branches:
            for target in branch.to:
                label = words.tell("if {condition}", condition=words.condition(branch.when))
                yield from _branch(workflow, name, target, gates, label)
        for target in choice.default:
            yield from _branch(workflow, name, target, gates, words.tell("otherwise"))
    for key, step in workflow.steps.items():
        for target in dict.fromkeys(target for time in step.time for target in time.on_breach):
            if target in workflow.steps:
                yield Edge(f"step-{key}", f"step-{target}", words.tell("when too late"), EdgeLine.BREACH)
    yield from _ways_back(workflow, words)
    yield from _closing(workflow, order)


def _ways_back(workflow: Workflow, words: WorkflowWords) -> Iterator[Edge]:
    """Yield the ways that do not lead on: back in a loop, and to what undoes a step that is called off."""
    for key, step in workflow.steps.items():
        if step.back and step.back.to in workflow.steps:
            again = words.tell("again if {condition}", condition=words.condition(step.back.when))
            yield Edge(f"step-{key}", f"step-{step.back.to}", again, EdgeLine.BREACH)
    for one in workflow.cancels.values():
        for done, undo in one.undo.items():
            if {done, undo} <= workflow.steps.keys():
                yield Edge(f"step-{done}", f"step-{undo}", words.tell("undone if cancelled"), EdgeLine.BREACH)


def _sources(workflow: Workflow, order: Order, key: str) -> list[str]:
    before = [f"step-{step}" for step in order.before(key)]
    waits = workflow.steps[key].discretionary or key in order.opened_by_breach
    return before or ([] if waits else [START])


def _into(target: str, sources: list[str], gates: Sequence[str] = (), label: str = "") -> Iterator[Edge]:
    """Lead to a node, through each gate that holds it: all of them must be open."""
    for way in gates or (target,):
        yield from (Edge(source, way, label) for source in sources)
    yield from (Edge(gate, target) for gate in gates)


def _branch(
    workflow: Workflow, choice: str, target: str, gates: Mapping[str, Sequence[str]], label: str
) -> Iterator[Edge]:
    if target in workflow.steps:
        yield from _into(f"step-{target}", [f"choice-{choice}"], gates.get(target, ()), label)


def _closing(workflow: Workflow, order: Order) -> Iterator[Edge]:
    followed = {name for key in workflow.steps for name in order.before(key)}
    followed |= {step for choice in workflow.choices.values() for step in choice.after.steps}
    for key, step in workflow.steps.items():
        if key not in followed and not step.discretionary:
            yield Edge(f"step-{key}", CLOSED)


_WIDTH = 34
_SHAPES = {
    Shape.STEP: 'shape=box, style="{style}"',
    Shape.AUTOMATIC: 'shape=box, style="{style},diagonals"',
    Shape.STACK: 'shape=box3d, style="{style}"',
    Shape.CHOICE: 'shape=diamond, style="filled", fillcolor="#ffffff"',
    Shape.GATE: 'shape=diamond, style="filled", fillcolor="#f4f4f4", penwidth=2',
    Shape.EVENT: 'shape=oval, style="filled", fillcolor="#ffffff"',
}


def write_dot(drawing: Drawing) -> str:
    """Return the DOT text of a diagram. Everything that people wrote is quoted.

    A node is called by its title, as screen readers say its `<title>`; its id has the key of the file.
    """
    names = {key: quote(name) for key, name in drawing.names.items()}
    lines = [
        f"digraph {quote(drawing.title)} {{",
        "  graph [rankdir=TB, nodesep=0.35, ranksep=0.45, bgcolor=white, fontname=Arial, fontsize=13];",
        f'  node [fontname=Arial, fontsize=11, fontcolor="{INK}", color="#333333", margin="0.24,0.07"];',
        f'  edge [fontname=Arial, fontsize=10, fontcolor="{INK}", color="#333333"];',
    ]
    for lane, nodes in drawing.lanes.items():
        colour = colour_of(lane)
        look = f"style=rounded, color={quote(colour.border)}, fontcolor={quote(colour.border)}"
        label = f"label={quote(drawing.titles.get(lane, lane))}, labeljust=l, id={quote(f'lane-{lane}')}"
        lines += [f"  subgraph {quote(f'cluster_{lane}')} {{", f"    graph [{label}, {look}];"]
        lines += [*(f"    {_node(node, names[node.id])}" for node in nodes), "  }"]
    lines += [f"  {_node(node, names[node.id])}" for node in drawing.nodes if not node.lane]
    lines += [f"  {_edge(edge, names)}" for edge in drawing.edges]
    return "\n".join([*lines, "}", ""])


def quote(text: str) -> str:
    """Quote a text so that DOT takes it as it is: nothing in it is an escape, an entity or an end."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", " ")
    return f'"{plain}"'


def _node(node: Node, name: str) -> str:
    rows = [row for line in (node.title, *node.lines) for row in wrap(line, _WIDTH) or [""]]
    label = "\\n".join(quote(row)[1:-1] for row in rows)
    style = "rounded,filled,dashed" if node.is_optional else "rounded,filled"
    if node.shape is Shape.STACK:
        style = style.removeprefix("rounded,")
    shape = _SHAPES[node.shape].format(style=style)
    colour = colour_of(node.lane)
    if node.lane:
        shape += f", fillcolor={quote(colour.fill)}, color={quote(colour.border)}"
    return f'{name} [label="{label}", id={quote(node.id)}, {shape}];'


def _edge(edge: Edge, names: dict[str, str]) -> str:
    label = "\\n".join(quote(row)[1:-1] for row in wrap(edge.label, _WIDTH))
    look = ', style=dotted, color="#9c1c14"' if edge.line is EdgeLine.BREACH else ""
    return f'{names[edge.source]} -> {names[edge.target]} [label="{label}"{look}];'


_BRACKETS = {
    Shape.STEP: ("(", ")"),
    Shape.AUTOMATIC: ("[", "]"),
    Shape.STACK: ("[[", "]]"),
    Shape.CHOICE: ("{", "}"),
    Shape.GATE: ("{{", "}}"),
    Shape.EVENT: ("([", "])"),
}
_ENTITIES = str.maketrans(
    {
        "#": "#35;", "&": "#38;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", ";": "#59;", "\n": " ",
        "{": "#123;", "}": "#125;", "|": "#124;", "\\": "#92;", "%": "#37;",
    },
)  # fmt: skip


def write_mermaid(drawing: Drawing) -> str:
    """Return the Mermaid text of a diagram. Everything that people wrote is escaped."""
    lines = ["flowchart TB", f"  accTitle: {_escaped(drawing.title)}"]
    for lane, nodes in drawing.lanes.items():
        lines.append(f'  subgraph lane_{lane}["{_escaped(drawing.titles.get(lane, lane))}"]')
        lines += [f"    {_mermaid_node(node)}" for node in nodes]
        lines.append("  end")
    lines += [f"  {_mermaid_node(node)}" for node in drawing.nodes if not node.lane]
    lines += [f"  {_mermaid_edge(edge)}" for edge in drawing.edges]
    lines += [f"  {_look(node)}" for node in drawing.nodes if node.lane]
    return "\n".join([*lines, ""])


def _mermaid_node(node: Node) -> str:
    opening, closing = _BRACKETS[node.shape]
    label = "<br/>".join(_escaped(line) for line in (node.title, *node.lines))
    return f'{_id(node.id)}{opening}"{label}"{closing}'


def _mermaid_edge(edge: Edge) -> str:
    arrow = "-.->" if edge.line is EdgeLine.BREACH else "-->"
    label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
    return f"{_id(edge.source)} {arrow}{label} {_id(edge.target)}"


def _look(node: Node) -> str:
    colour = colour_of(node.lane)
    dashed = ",stroke-dasharray:5 4" if node.is_optional else ""
    return f"style {_id(node.id)} fill:{colour.fill},stroke:{colour.border},color:{INK}{dashed}"


def _id(name: str) -> str:
    """Make a word of Mermaid of an id; the ids of nodes have a prefix, so none is a word of its own there."""
    return name.replace("-", "_") if "-" in name else f"event_{name}"


def _escaped(text: str) -> str:
    return text.translate(_ENTITIES)


def to_dot(workflow: Workflow, catalogue: StepCatalogue | None = None) -> str:
    """Return the diagram in the DOT language; `catalogue` gives the titles and limits of step types."""
    return write_dot(draw(workflow, catalogue))


def to_mermaid(workflow: Workflow, catalogue: StepCatalogue | None = None) -> str:
    """Return the diagram as Mermaid text, for pages that render it themselves."""
    return write_mermaid(draw(workflow, catalogue))
