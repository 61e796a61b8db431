"""Write a diagram as Mermaid text."""

from engine.language.drawing.palette import INK, colour_of
from engine.language.drawing.parts import Drawing, Edge, EdgeLine, Node, Shape

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
        lines += [f"    {_node(node)}" for node in nodes]
        lines.append("  end")
    lines += [f"  {_node(node)}" for node in drawing.nodes if not node.lane]
    lines += [f"  {_edge(edge)}" for edge in drawing.edges]
    lines += [f"  {_look(node)}" for node in drawing.nodes if node.lane]
    return "\n".join([*lines, ""])


def _node(node: Node) -> str:
    opening, closing = _BRACKETS[node.shape]
    label = "<br/>".join(_escaped(line) for line in (node.title, *node.lines))
    return f'{_id(node.id)}{opening}"{label}"{closing}'


def _edge(edge: Edge) -> str:
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
