"""What a simulation is given and says."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from engine.core.records import Scalar


@dataclass(frozen=True)
class SimulatedReport:
    """What arrives: its open answers, where, and when (aware)."""

    answers: Mapping[str, Scalar]
    opened_at: datetime
    jurisdiction: str
    victims: int = 1


@dataclass(frozen=True, order=True)
class Happening:
    """One thing that happened in the simulation, at an instant in UTC."""

    at: datetime
    what: str
    step: str
    detail: str = ""


@dataclass(frozen=True)
class SimulatedMessage:
    """One message of the simulation: to whom by role, by which rule, and whether it leaves by e-mail too.

    `follows_at` is given of late work: what follows then if nobody acts. `about` names the step that it is about, and
    `alike` what else of the case it can come with in one message: warnings, or breaches, of one due time.
    """

    at: datetime
    role: str
    rule: str
    is_sent: bool
    critical: bool
    follows_at: datetime | None = None
    about: str = ""
    is_warning: bool = False
    alike: str = ""


@dataclass(frozen=True)
class Simulated:
    """What would happen, in order; `waits_for` says what keeps the case open.

    `laws` counts, for each limit of the law that a step ended under, whether it applied: `true`, `false`, `unknown`.
    """

    workflow: str
    seed: int
    happenings: tuple[Happening, ...]
    messages: Mapping[str, int]
    closed_at: datetime | None
    waits_for: tuple[str, ...] = ()
    told: tuple[SimulatedMessage, ...] = ()
    called_off: tuple[str, ...] = ()
    laws: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the outcome as it is printed with `--json`."""
        return asdict(self)
