"""Write a diagram in the DOT language of Graphviz."""

from textwrap import wrap

from engine.language.drawing.palette import INK, colour_of
from engine.language.drawing.parts import Drawing, Edge, EdgeLine, Node, Shape

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
    """Return the DOT text of a diagram. Everything that people wrote is quoted."""
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
        lines += [*(f"    {_node(node)}" for node in nodes), "  }"]
    lines += [f"  {_node(node)}" for node in drawing.nodes if not node.lane]
    names = {node.id: _name(node) for node in drawing.nodes}
    lines += [f"  {_edge(edge, names)}" for edge in drawing.edges]
    return "\n".join([*lines, "}", ""])


def quote(text: str) -> str:
    """Quote a text so that DOT takes it as it is: nothing in it is an escape, an entity or an end."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;").replace("\n", " ")
    return f'"{plain}"'


def _node(node: Node) -> str:
    rows = [row for line in (node.title, *node.lines) for row in wrap(line, _WIDTH) or [""]]
    label = "\\n".join(quote(row)[1:-1] for row in rows)
    style = "rounded,filled,dashed" if node.is_optional else "rounded,filled"
    if node.shape is Shape.STACK:
        style = style.removeprefix("rounded,")
    shape = _SHAPES[node.shape].format(style=style)
    colour = colour_of(node.lane)
    if node.lane:
        shape += f", fillcolor={quote(colour.fill)}, color={quote(colour.border)}"
    return f'{_name(node)} [label="{label}", id={quote(node.id)}, {shape}];'


def _name(node: Node) -> str:
    """Name a node so that its `<title>`, which screen readers say, is its own title."""
    return quote(f"{node.title} ({node.id.partition('-')[2] or node.id})")


def _edge(edge: Edge, names: dict[str, str]) -> str:
    label = "\\n".join(quote(row)[1:-1] for row in wrap(edge.label, _WIDTH))
    look = ', style=dotted, color="#9c1c14"' if edge.line is EdgeLine.BREACH else ""
    return f'{names[edge.source]} -> {names[edge.target]} [label="{label}"{look}];'
