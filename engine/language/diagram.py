"""A workflow as a picture: swim lanes by pillar, in the DOT language or as Mermaid."""

from textwrap import wrap

from engine.language.catalogue import StepCatalogue
from engine.language.diagram_parts import INK, Drawing, Edge, EdgeLine, Node, Shape, colour_of, draw
from engine.language.workflow import Workflow

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
        f'  node [fontname=Arial, fontsize=11, fontcolor="{INK}", color="#333333", margin="0.12,0.07"];',
        f'  edge [fontname=Arial, fontsize=10, fontcolor="{INK}", color="#333333"];',
    ]
    for lane, nodes in drawing.lanes.items():
        colour = colour_of(lane)
        look = f"style=rounded, color={quote(colour.border)}, fontcolor={quote(colour.border)}"
        label = f"label={quote(lane.capitalize())}, labeljust=l, id={quote(f'lane-{lane}')}"
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
        lines.append(f'  subgraph lane_{lane}["{_escaped(lane.capitalize())}"]')
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
