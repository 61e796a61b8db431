"""A workflow as lanes: one row a step, one column a lane, and the lines between them as plain SVG."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from html import escape
from itertools import accumulate

from engine.language.catalogue import StepCatalogue
from engine.language.diagram import (
    CLOSED,
    START,
    Drawing,
    Edge,
    EdgeLine,
    Node,
    Shape,
    brought,
    called_off,
    colour_of,
    draw,
    lane_title,
    plain_times,
)
from engine.language.names import role_words
from engine.language.short_forms import starts_read_back
from engine.language.telling import Tell, either, in_english
from engine.language.words import LawWords, WorkflowWords
from engine.language.workflow import StepSpec, Workflow, follow_ups_by_type

ROW, HEAD = 34, 120
_CLOSE_ROW, _MANY = 16, 54
"""How high a row is where there are more than so many: the page stays within reach."""
"""The height of a row and that of the names of the lanes, in pixels: the style sheet has the same."""
_WIDE, _LETTER, _LETTER_CLOSE, _LETTER_SAID, _MARKED, _BETWEEN = 1210, 9.6, 8.2, 7.6, 90, " · "
"""What a page is wide, a letter of a title, of a close one, and of the words after it, and a mark, in pixels."""
_CASE, _MACHINE, _ANYBODY, _GENERAL = "case", "automatic", "anybody", "core"
_LONGEST, _FEW = 20, 6
_NODE, _TRACK, _MARGIN, _CURVE, _SYMBOL = 24, 6, 4, 6, 7


class LaneView(StrEnum):
    """What a lane stands for."""

    PILLAR = "pillar"
    ROLE = "role"


class Mark(StrEnum):
    """What became of a node since another version."""

    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"


_SIGNS = {Mark.NEW: "+", Mark.CHANGED: "≠", Mark.GONE: "x"}


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One row: a step with its key, or without one a gate, a choice, or how the case begins and ends.

    `said` tells in a few words who does it and how long it may take, `mark` how it differs from another version. Beside
    the picture there is room for the first `shown` of these words; the others stand where a row is as wide as the page.
    """

    node: Node
    key: str
    said: tuple[str, ...]
    mark: Mark | None = None
    shown: int = 0


@dataclass(frozen=True, slots=True)
class Lanes:
    """The rows from first to last, and the picture that stands beside them, row by row."""

    rows: tuple[LaneRow, ...]
    svg: str

    @property
    def is_close(self) -> bool:
        """Whether there are so many rows that they stand close."""
        return len(self.rows) > _MANY

    @property
    def marked(self) -> dict[str, int]:
        """How many rows are new, changed and gone."""
        return {mark.value: sum(row.mark is mark for row in self.rows) for mark in Mark}


@dataclass(frozen=True, slots=True)
class _Line:
    """The edges into one node that run down one track of its lane."""

    target: Node
    sources: tuple[Node, ...]
    is_breach: bool


def in_lanes(
    workflow: Workflow,
    catalogue: StepCatalogue | None = None,
    *,
    by: LaneView = LaneView.PILLAR,
    chosen: str = "",
    before: Workflow | None = None,
    laws: LawWords | None = None,
    tell: Tell = in_english,
) -> Lanes:
    """Lay a workflow out: rows in the order of the work, lanes in the order in which they are first needed.

    `laws` has the words for a limit of the law; one that is not among them is called by its id. All is told as `tell`
    has it.

    The lines of the step with the key `chosen` are drawn strongly. What differs from the version `before` is marked;
    what is gone since stands where it was.
    """
    drawing, marks = draw(workflow, catalogue, tell=tell), _marks(before, workflow) if before else {}
    if before:
        drawing = _with_gone(drawing, draw(before, catalogue, tell=tell))
    nodes = _in_order(drawing)
    of = {f"step-{key}": one for one in (before, workflow) if one for key in one.steps}
    steps = {name: one.steps[name.removeprefix("step-")] for name, one in of.items()}
    roles = {one: _roles(step, catalogue) for one, step in steps.items()}
    lane = {node.id: (roles[node.id][0] if by is LaneView.ROLE else node.lane) for node in nodes if node.id in steps}
    for edge in reversed(drawing.edges):
        if edge.source not in steps and edge.source != START and edge.target in lane:
            lane[edge.source] = lane[edge.target]
    words = WorkflowWords({}, catalogue, laws, tell=tell)
    rows = tuple(
        LaneRow(
            node, node.id.removeprefix("step-"),
            tuple(_said(of[node.id], steps[node.id], roles[node.id], catalogue, words)), marks.get(node.id),
        )
        if node.id in steps
        else LaneRow(node, "", node.lines[:1], marks.get(node.id))
        for node in nodes
    )  # fmt: skip
    picture = _Picture(nodes, drawing.edges, lane, f"step-{chosen}", marks, tell)
    return Lanes(tuple(_fitted(row, _WIDE - picture.width, is_close=len(rows) > _MANY) for row in rows), picture.svg())


def _fitted(row: LaneRow, room: float, *, is_close: bool) -> LaneRow:
    """Say how many of the words of a row have room beside its title, so many pixels being there for both."""
    room -= len(row.node.title) * (_LETTER_CLOSE if is_close else _LETTER) + (_MARKED if row.mark else 0)
    letters = accumulate(len(words) + len(_BETWEEN) for words in row.said)
    return replace(row, shown=sum(_LETTER_SAID * so_far <= room for so_far in letters))


def _marks(before: Workflow, after: Workflow) -> dict[str, Mark]:
    """Say of each node by its id how it differs; a step also by what the workflow says of all steps of its type."""
    old, new = _parts(before), _parts(after)
    gone = dict.fromkeys(old.keys() - new.keys(), Mark.GONE)
    differing = {name: Mark.CHANGED if name in old else Mark.NEW for name in new if old.get(name) != new[name]}
    return gone | differing


def _parts(workflow: Workflow) -> dict[str, object]:
    steps = {f"step-{key}": (one, workflow.follow_ups.get(one.uses)) for key, one in workflow.steps.items()}
    choices = {f"choice-{name}": one for name, one in workflow.choices.items()}
    gates = {f"gate-{name}": one for name, one in workflow.gates.items()}
    return {**steps, **choices, **gates, START: workflow.start, CLOSED: workflow.close}


def _with_gone(drawing: Drawing, before: Drawing) -> Drawing:
    """Put what was drawn before and is gone behind what it stood behind, with its lines."""
    nodes, last = list(drawing.nodes), 0
    known = {node.id for node in nodes}
    for node in before.nodes:
        if node.id in known:
            last = next(place for place, one in enumerate(nodes) if one.id == node.id)
        else:
            last += 1
            nodes.insert(last, node)
    lines = (edge for edge in before.edges if not {edge.source, edge.target} <= known)
    return replace(drawing, nodes=tuple(nodes), edges=(*drawing.edges, *lines))


def step_in_words(
    workflow: Workflow,
    key: str,
    catalogue: StepCatalogue | None = None,
    laws: LawWords | None = None,
    *,
    tell: Tell = in_english,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Say all that a workflow says of a step, by headings, as `tell` has it; nothing for a key that is no step."""
    step = workflow.steps.get(key)
    if step is None:
        return ()
    flattened = workflow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    words, plain = WorkflowWords(flattened, catalogue, laws, tell=tell), flattened["steps"][key]
    asked = words.asked(step.uses, ((one.id, one.label) for one in step.questions))
    times = (_first(words.full(one)) for one in starts_read_back(plain.get("time", ()), plain, flattened["steps"]))
    gates = [
        tell("{reason} Until {condition}.", reason=tell(gate.reason), condition=words.condition(gate.until))
        for gate in workflow.gates.values()
        if key in gate.holds
    ]
    off = (tell("If {condition}.", condition=one) for one in called_off(workflow, key, words))
    follows = [other for other, one in workflow.steps.items() if key in one.after.steps]
    found = {
        tell("Who"): (either((tell(_first(role_words(one))) for one in _roles(step, catalogue)), tell),),
        tell("Not the person who did"): tuple(words.step(one) for one in step.assign.not_),
        tell("How long"): tuple(times), tell("After"): (_first(words.before(plain.get("after", {}))),),
        tell("Only when"): (_first(words.condition(step.when)),) if step.when else (),
        tell("Held back"): tuple(gates), tell("Cancelled"): tuple(off),
        tell("Then"): tuple(f"“{words.step(one)}”" for one in follows),
        tell("Can bring later"): tuple(words.follow_up(one, asked) for _, one in brought(workflow, step, catalogue)),
        tell("Approved by"): tuple(tell(role_words(one)) for one in step.approve.role) if step.approve else (),
        tell("Questions added"): tuple(tell(one.label) for one in step.questions),
    }  # fmt: skip
    return ((words.step(key), ()), *((heading, said) for heading, said in found.items() if said))


def acts_in_words(
    workflow: Workflow,
    catalogue: StepCatalogue,
    laws: LawWords | None = None,
    *,
    tell: Tell = in_english,
) -> tuple[str, ...]:
    """Tell, in one sentence each, what comes by an act and not by an answer: its name, when, how long, who is told."""
    words, every = WorkflowWords({}, catalogue, laws, tell=tell), follow_ups_by_type(workflow, catalogue)
    return tuple(
        words.follow_up(one, words.asked(uses)) for uses, said in every.items() for one in said.values() if one.act
    )


def _roles(step: StepSpec, catalogue: StepCatalogue | None) -> tuple[str, ...]:
    """Name who does a step, at least one: by its own line, or as its step type has it."""
    info = catalogue.find(step.uses) if catalogue else None
    if info and info.automatic:
        return (_MACHINE,)
    return step.assign.role or (info.roles if info else ()) or (_ANYBODY,)


def _said(
    workflow: Workflow,
    step: StepSpec,
    roles: tuple[str, ...],
    catalogue: StepCatalogue | None,
    words: WorkflowWords,
) -> Iterator[str]:
    info, tell = catalogue.find(step.uses) if catalogue else None, words.tell
    if found := dict.fromkeys(map(words.length, plain_times(step, info))):
        yield either(found, tell)
    if roles[0] in {_MACHINE, _ANYBODY} or len(roles) > _FEW:
        yield tell(_first(roles[0] if len(roles) == 1 else _ANYBODY))
    else:
        yield either((tell(role_words(role)) for role in roles), tell)
    if step.when:
        yield tell("on a condition")
    if step.for_each:
        yield tell("for each person")
    if step.repeat:
        yield tell("again and again")
    if step.not_before:
        yield tell("not before its time")
    if step.discretionary:
        yield tell("can be added")
    if step.approve:
        yield tell("approved by a second person")
    if brought(workflow, step, catalogue):
        yield tell("can bring more steps")


def _in_order(drawing: Drawing) -> tuple[Node, ...]:
    """Put what comes before first, in the order of the file otherwise; what goes round in a circle stays as written."""
    place = _places(drawing)
    before: dict[str, set[str]] = defaultdict(set)
    for edge in drawing.edges:
        if edge.line is EdgeLine.THEN:
            before[edge.target].add(edge.source)
    left = {node.id: node for node in sorted(drawing.nodes, key=lambda node: place[node.id])}
    done: list[Node] = []
    while left:
        free = (one for one in left if one != CLOSED and not before[one] & left.keys())
        done.append(left.pop(next(free, next(iter(left)))))
    return tuple(done)


def _places(drawing: Drawing) -> dict[str, float]:
    """Say where each node belongs if nothing else decides: a gate or a choice stands before what it leads to."""
    place = {node.id: float(number) for number, node in enumerate(drawing.nodes)}
    for node in drawing.nodes:
        if node.shape in {Shape.GATE, Shape.CHOICE}:
            led = [place[edge.target] for edge in drawing.edges if edge.source == node.id]
            place[node.id] = min(led, default=place[node.id]) - 0.5
    return place | {START: -1.0, CLOSED: float("inf")}


class _Picture:
    """Draws the lanes: a node in the column of its lane, each line down a track beside the node that it leads to."""

    def __init__(
        self,
        nodes: tuple[Node, ...],
        edges: Iterable[Edge],
        lane: Mapping[str, str],
        chosen: str,
        marks: Mapping[str, Mark],
        tell: Tell,
    ) -> None:
        self._nodes, self._tell = nodes, tell
        self._marks = marks
        self._lane = lane
        self._row = {node.id: number for number, node in enumerate(nodes)}
        self._chosen = chosen
        self._lines = tuple(self._lines_of(edges))
        self._lanes = tuple(dict.fromkeys(self._of(node) for node in nodes))
        self._high = _CLOSE_ROW if len(nodes) > _MANY else ROW
        self._track, self._left = self._laid_out()

    @property
    def width(self) -> int:
        return max(self._left.values()) + _NODE

    def svg(self) -> str:
        width = self.width
        height = HEAD + self._high * len(self._nodes)
        parts = [*self._heads(height), *self._drawn(chosen=False), *self._drawn(chosen=True), *self._symbols()]
        box = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {box} aria-hidden="true">{"".join(parts)}</svg>'

    def _lines_of(self, edges: Iterable[Edge]) -> Iterator[_Line]:
        """Bundle the edges into each node; that all ends lead to the end of the case is not drawn."""
        sources: dict[tuple[str, bool], list[Node]] = defaultdict(list)
        for edge in edges:
            if edge.target != CLOSED and edge.source in self._row and edge.target in self._row:
                sources[edge.target, edge.line is EdgeLine.BREACH].append(self._nodes[self._row[edge.source]])
        for (target, is_breach), found in sources.items():
            yield _Line(self._nodes[self._row[target]], tuple(found), is_breach)

    def _laid_out(self) -> tuple[Mapping[_Line, int | None], Mapping[str, int]]:
        """Give each line the first track of its lane that is free on its way; a straight line down needs none."""
        track: dict[_Line, int | None] = {}
        left: dict[str, int] = {}
        x = _MARGIN
        for lane in self._lanes:
            taken: list[list[tuple[int, int]]] = []
            for line in (one for one in self._lines if self._of(one.target) == lane):
                track[line] = None if self._is_straight(line) else _first_free(taken, self._way(line))
            x += _TRACK * len(taken) + (_MARGIN if taken else 0)
            left[lane] = x
            x += _NODE
        return track, left

    def _way(self, line: _Line) -> tuple[int, int]:
        rows = [self._row[node.id] for node in (line.target, *line.sources)]
        return min(rows), max(rows)

    def _is_straight(self, line: _Line) -> bool:
        """Whether its only source stands above it in the same lane, with nothing of the lane in between."""
        first, last = self._way(line)
        same = [self._of(node) == self._of(line.target) for node in self._nodes[first : last + 1]]
        return len(line.sources) == 1 and not line.is_breach and same[0] and sum(same) == 2  # noqa: PLR2004 - both ends

    def _heads(self, height: int) -> Iterator[str]:
        for lane in self._lanes:
            x = self._left[lane] + _NODE // 2
            title = lane_title(lane) if lane in {_MACHINE, _ANYBODY, _GENERAL} else role_words(lane)
            name = escape(_short(self._tell(title)))
            yield f'<line x1="{x}" y1="{HEAD}" x2="{x}" y2="{height}" stroke="#e3e8ea" stroke-width="{_NODE - 4}"/>'
            yield (
                f'<text x="{x}" y="{HEAD - 8}" transform="rotate(-40 {x} {HEAD - 8})" font-size="13"'
                f' font-weight="700" fill="{colour_of(lane).border}">{name}</text>'
            )

    def _drawn(self, *, chosen: bool) -> Iterator[str]:
        for line in self._lines:
            for source in line.sources:
                if (self._chosen in {source.id, line.target.id}) is chosen:
                    yield self._path(line, source, chosen=chosen)

    def _path(self, line: _Line, source: Node, *, chosen: bool) -> str:
        colour = "#9c1c14" if line.is_breach else "#111111" if chosen else "#7b868c"
        look = f'fill="none" stroke="{colour}" stroke-width="{2.5 if chosen else 1.3}"'
        is_gone = Mark.GONE in {self._marks.get(source.id), self._marks.get(line.target.id)}
        dashes = ' stroke-dasharray="3 3"' if line.is_breach else ' stroke-dasharray="1 4"' if is_gone else ""
        (x1, y1), (x2, y2) = self._middle(source), self._middle(line.target)
        track = self._track[line]
        if track is None:
            return f'<path d="M{x1} {y1}V{y2 - _SYMBOL}" {look}{dashes}/>{_head(x2, y2 - _SYMBOL, 0, colour)}'
        x = self._left[self._of(line.target)] - _MARGIN - _TRACK * track
        down, aside = (1 if y2 > y1 else -1), (1 if x > x1 else -1)
        end = x2 - _SYMBOL
        way = (
            f"M{x1} {y1}H{x - aside * _CURVE}Q{x} {y1} {x} {y1 + down * _CURVE}"
            f"V{y2 - down * _CURVE}Q{x} {y2} {min(x + _CURVE, end)} {y2}H{end}"
        )
        return f'<path d="{way}" {look}{dashes}/>{_head(end, y2, 1, colour)}'

    def _middle(self, node: Node) -> tuple[int, int]:
        return self._left[self._of(node)] + _NODE // 2, HEAD + self._high * self._row[node.id] + self._high // 2

    def _of(self, node: Node) -> str:
        return self._lane.get(node.id, _CASE)

    def _symbols(self) -> Iterator[str]:
        for node in self._nodes:
            x, y = self._middle(node)
            yield _symbol(node, x, y, is_chosen=node.id == self._chosen)
            if mark := self._marks.get(node.id):
                yield (
                    f'<text x="{x}" y="{y + 5}" text-anchor="middle" font-size="15" font-weight="700">'
                    f"{_SIGNS[mark]}</text>"
                )


def _first(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _first_free(taken: list[list[tuple[int, int]]], way: tuple[int, int]) -> int:
    for number, ways in enumerate(taken):
        if all(way[1] < first or last < way[0] for first, last in ways):
            ways.append(way)
            return number
    taken.append([way])
    return len(taken) - 1


def _head(x: int, y: int, sideways: int, colour: str) -> str:
    points = f"{x},{y} {x - 5},{y - 3} {x - 5},{y + 3}" if sideways else f"{x},{y} {x - 3},{y - 5} {x + 3},{y - 5}"
    return f'<polygon points="{points}" fill="{colour}"/>'


def _symbol(node: Node, x: int, y: int, *, is_chosen: bool) -> str:
    colour = colour_of(node.lane)
    dashes = ' stroke-dasharray="3 2"' if node.is_optional else ""
    look = f'fill="{colour.fill}" stroke="{colour.border}" stroke-width="{3 if is_chosen else 2}"{dashes}'
    r = _SYMBOL
    match node.shape:
        case Shape.AUTOMATIC:
            return f'<rect x="{x - r}" y="{y - r}" width="{2 * r}" height="{2 * r}" {look}/>'
        case Shape.CHOICE | Shape.GATE:
            return f'<polygon points="{x},{y - r} {x + r},{y} {x},{y + r} {x - r},{y}" {look}/>'
        case Shape.STACK:
            behind = f'<circle cx="{x + 3}" cy="{y - 2}" r="{r}" {look}/>'
            return f'{behind}<circle cx="{x}" cy="{y}" r="{r}" {look}/>'
        case _:
            return f'<circle cx="{x}" cy="{y}" r="{r - 2 if node.shape is Shape.EVENT else r}" {look}/>'
