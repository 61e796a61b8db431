"""What a pillar's function is given: a view of its case, read when it is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel

from engine.plugin.steps import JsonAnswer, Match, PersonView


@dataclass(frozen=True, slots=True)
class JobContext:
    """Implements the plug-in contract's `StepContext`; all was read from the database before the function runs."""

    case_number: str
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
    deadline: Callable[[], timedelta]

    @property
    def remaining(self) -> timedelta:
        """The time that is left before the step is given up."""
        return self.deadline()

    def earlier(self, step_type: str) -> Mapping[str, JsonAnswer]:
        """Give the answers of the latest ended step of a step type in this case; empty if there is none."""
        return self.answers_by_type.get(step_type, {})

    def similar_persons(self) -> tuple[Match, ...]:
        """Give the persons of other cases of the same unit that may be the same as one of this case."""
        return self.matches
