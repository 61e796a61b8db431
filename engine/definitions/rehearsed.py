"""What would happen by a workflow: to one case, and to many cases by two versions of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.core.records import Scalar
from engine.language.workflow import Workflow


class ReportAsked(NamedTuple):
    """What somebody says of the report of a simulation: open answers, how many people, where; the rest is drawn."""

    answers: Mapping[str, Scalar] = {}
    victims: int | None = None
    jurisdiction: str = ""


class Rehearsed(NamedTuple):
    """What would happen to one report: at (UTC), what, the key of the step, and a detail.

    `messages` counts those that people get, by role; `waits_for` says what would keep the case open. `report` is what
    arrived, and `is_taken` whether a workflow opens by itself on it.
    """

    opened_at: datetime
    lines: tuple[tuple[datetime, str, str, str], ...]
    messages: Mapping[str, int]
    closed_at: datetime | None
    waits_for: tuple[str, ...]
    report: ReportAsked = ReportAsked()
    is_taken: bool = True


MOST_PEOPLE, WEEK_HOURS = 1000, 168
"""So many people a role can have in a simulation, and so many hours there are in a week."""


class Staff(NamedTuple):
    """How many people have a role in a simulation, and the hours that each of them works in a week."""

    role: str
    people: int
    hours: float


class ComparisonAsked(NamedTuple):
    """How two versions are compared: on how many cases, drawn by which seed, and with which staff.

    With staff, so many cases arrive in a week (`a_week`), and each step takes somebody `effort` hours of work. Roles
    that are not named have people enough; in the first version all have where `is_of_staff`, so that what differs is
    what the staff brings.
    """

    cases: int
    seed: int = 1
    staff: tuple[Staff, ...] = ()
    a_week: float = 5.0
    effort: float = 1.0
    is_of_staff: bool = False


class RoleLoad(NamedTuple):
    """What waited for people of a role: how often, how many hours (mean, longest), and how busy they are (1 is all)."""

    taken: int
    mean_hours: float
    longest_hours: float
    busy: float


@dataclass(frozen=True)
class Load:
    """Messages a person gets a day: of half the days at most `median`, of 95 in 100 at most `p95`, at most `worst`."""

    median: float
    p95: int
    worst: int
    worst_person: str


@dataclass(frozen=True)
class AlertBudget:
    """What a workflow brings people a day: what leaves by e-mail, and in-app notices; critical ones apart."""

    workflow: str
    open_cases: int
    sent: Load
    in_app: Load
    critical: Load
    rules: Mapping[str, float]

    def as_json(self) -> dict[str, object]:
        """Return the budget as it is printed with `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class Figures:
    """What became of the cases of one version, by step: how often it ended and was late, and the median of its days.

    A follow-up is named by its line. `a_day` are the messages that each role gets on a day of a case, `never` the steps
    that no case came to. With staff, `waited` are the hours for which a step waited for somebody (mean), and `loads`
    say the same by role. `a_person` is None where messages were not counted person by person.
    """

    version: int
    cases: int
    closed: int
    days: float
    ended: Mapping[str, int]
    late: Mapping[str, int]
    step_days: Mapping[str, float]
    a_day: Mapping[str, float]
    never: tuple[str, ...]
    waited: Mapping[str, float] = field(default_factory=dict)
    loads: Mapping[str, RoleLoad] = field(default_factory=dict)
    a_person: AlertBudget | None = None


class FigureDifference(NamedTuple):
    """One figure that is another in the new version: of a step, a role or the whole (empty)."""

    what: str
    of: str
    before: float
    after: float


@dataclass(frozen=True)
class VersionsCompared:
    """The figures of what is compared with (`before`) and of what it would become (`after`)."""

    before: Figures
    after: Figures

    def differences(self) -> tuple[FigureDifference, ...]:
        """List the figures that are not the same, the greatest changes of each kind first."""
        one, other = self.before, self.after
        whole = [
            FigureDifference("closed", "", one.closed, other.closed),
            FigureDifference("days", "", one.days, other.days),
        ]
        kinds = ("late", "step_days", "waited", "a_day", "ended")
        by_step = [found for what in kinds for found in _changed(what, getattr(one, what), getattr(other, what))]
        return tuple(found for found in (*whole, *by_step) if found.before != found.after)

    def as_json(self) -> dict[str, object]:
        """Return both sets of figures, and what differs, as they are printed with `--json`."""
        return {**asdict(self), "differences": [one._asdict() for one in self.differences()]}


def _changed(what: str, before: Mapping[str, float], after: Mapping[str, float]) -> list[FigureDifference]:
    found = [FigureDifference(what, name, before.get(name, 0), after.get(name, 0)) for name in {**before, **after}]
    return sorted(found, key=lambda one: -abs(one.after - one.before))


class ComparedSoFar(NamedTuple):
    """How far a comparison has come: `found` once it is over, which is early where it was stopped."""

    done: int
    found: VersionsCompared | None = None


class Rehearsal(Protocol):
    """What the portal is given to say what would happen by a workflow; nothing of it is stored."""

    def one(self, workflow: Workflow, seed: int, given: ReportAsked) -> Rehearsed:
        """Let one case of a workflow run from a report as it is `given`, the rest drawn by a number."""

    def compared(
        self, who: UUID, before: Workflow, after: Workflow, asked: ComparisonAsked, *, stop: bool = False
    ) -> ComparedSoFar:
        """Begin to compare two versions for somebody, or look how far it has come, or `stop` it there.

        Each person has one at a time: another takes its place. Raises `BusyError` where too many are under way.
        """
