"""Lay the steps of a case out: in lanes, one for each pillar, and what waits by when it is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from engine.plugin.pillar import Pillar
from engine.views import StepView

_LIVE = frozenset({"scheduled", "held", "ready", "approval"})
_GROUPS = (("R", "for the person"), ("P", "around the person"), ("", "In every workflow"))


@dataclass(frozen=True, slots=True)
class PillarLane:
    """One pillar with its steps, live ones first."""

    key: str
    name: str
    steps: tuple[StepView, ...]
    live: int
    is_late: bool

    @property
    def tone(self) -> str:
        """The colour of the lane: late, live or empty."""
        if self.is_late:
            return "late"
        return "live" if self.live else ("quiet" if self.steps else "empty")


@dataclass(frozen=True, slots=True)
class LaneGroup:
    """The lanes of one letter of the Impulse Model: P, R, or none for what every workflow can use."""

    letter: str
    title: str
    lanes: tuple[PillarLane, ...]


def lane_groups(pillars: Iterable[Pillar], steps: Iterable[StepView]) -> tuple[LaneGroup, ...]:
    """Give every pillar its lane; a pillar without letter has one only when the case has steps of it."""
    known = list(pillars)
    by_pillar: dict[str, list[StepView]] = {pillar.key: [] for pillar in known}
    for step in steps:
        by_pillar.setdefault(step.pillar, []).append(step)
    names = {pillar.key: pillar for pillar in known}
    groups = []
    for letter, title in _GROUPS:
        lanes = tuple(
            _lane(key, names[key].name if key in names else key.capitalize(), found)
            for key, found in by_pillar.items()
            if (names[key].letter if key in names else "") == letter and (letter or found)
        )
        if lanes:
            groups.append(LaneGroup(letter, title, lanes))
    return tuple(groups)


def what_waits(steps: Iterable[StepView]) -> list[StepView]:
    """Give the steps that wait for a person, the first due first; those without a due time come last."""
    waiting = [step for step in steps if step.status in {"ready", "approval"} and step.item_id]
    due = [(step.deadline.due_at if step.deadline else None, step) for step in waiting]
    timed = sorted(((at, step) for at, step in due if at is not None), key=itemgetter(0))
    return [step for _, step in timed] + [step for at, step in due if at is None]


def _lane(key: str, name: str, steps: list[StepView]) -> PillarLane:
    ordered = sorted(steps, key=lambda step: step.status not in _LIVE)
    late = any(step.deadline is not None and step.deadline.state == "overdue" for step in steps)
    return PillarLane(key, name, tuple(ordered), sum(step.status in _LIVE for step in steps), late)
