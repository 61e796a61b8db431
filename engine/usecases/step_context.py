"""What a pillar's function is given: a view of its case, read when it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel

from engine.plugin.laws import LawTime
from engine.plugin.steps import JsonAnswer, Match, PersonView
from engine.plugin.told import PartnerOffer


def _no_law(_limit_id: str, _option: str) -> LawTime | None:
    return None


@dataclass(frozen=True, slots=True)
class JobContext:
    """Implements the plug-in contract's `StepContext`; all was read from the database before the function runs."""

    case_number: str
    step_id: UUID
    step_key: str
    step_type: str
    now: datetime
    zone: str
    jurisdiction: str
    settings: BaseModel
    answers: Mapping[str, JsonAnswer]
    answers_by_type: Mapping[str, Mapping[str, JsonAnswer]]
    persons: tuple[PersonView, ...]
    matches: tuple[Match, ...]
    known_partners: tuple[PartnerOffer, ...]
    deadline: Callable[[], timedelta]
    history: Mapping[str, Mapping[UUID, Mapping[str, JsonAnswer]]] = field(default_factory=dict)
    law_of: Callable[[str, str], LawTime | None] = _no_law

    @property
    def remaining(self) -> timedelta:
        """The time that is left before the step is given up."""
        return self.deadline()

    def earlier(self, step_type: str) -> Mapping[str, JsonAnswer]:
        """Give the answers of the latest step of a type that was done, for the same person; empty if there is none."""
        return self.answers_by_type.get(step_type, {})

    def all_earlier(self, step_type: str) -> tuple[Mapping[str, JsonAnswer], ...]:
        """Give the answers of all steps of a type that were done and that the step's own type names, oldest first."""
        return tuple(self.history.get(step_type, {}).values())

    def answers_of(self, step_id: UUID) -> Mapping[str, JsonAnswer]:
        """Give the answers of one of these steps by its id; empty if there is none."""
        return next((told[step_id] for told in self.history.values() if step_id in told), {})

    def similar_persons(self) -> tuple[Match, ...]:
        """Give the persons of other cases of the same unit that may be the same as one of this case."""
        return self.matches

    def partners(self) -> tuple[PartnerOffer, ...]:
        """Give the directory of partners, those with free places first."""
        return self.known_partners

    def law(self, limit_id: str, option: str = "") -> LawTime | None:
        """Give the time of a limit of the law in the version that counts for the case; None where there is none."""
        return self.law_of(limit_id, option)
