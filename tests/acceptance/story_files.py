"""The stories as the tests of the core need them: what happened when, and when it was due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.language.limits import TimeLimit
from tests.acceptance.shipped_files import read_yaml

STORIES = Path(__file__).parents[2] / "workflows" / "stories"


@dataclass(frozen=True)
class Event:
    """One event of a timeline."""

    label: str
    at: datetime
    step: str
    due: datetime | None
    on_time: bool | None
    journey: TimeLimit | None


@dataclass(frozen=True)
class Story:
    """One story, as far as the core is concerned."""

    id: str
    opened_at: datetime
    jurisdiction: str
    events: tuple[Event, ...]


def story(name: str) -> Story:
    """Read a story."""
    told = read_yaml(STORIES / f"{name}.yaml")
    return Story(told["id"], _at(told["opened_at"]), told["lead_jurisdiction"], tuple(map(_event, told["timeline"])))


def _event(told: Mapping[str, Any]) -> Event:
    rule = told.get("due_rule", {})
    due, journey = told.get("due"), rule.get("excluded_journey")
    return Event(
        label=told["label"],
        at=_at(told["at"]),
        step=told["step"],
        due=_at(due) if due else None,
        on_time=told.get("on_time"),
        journey=TimeLimit(journey) if journey else None,
    )


def _at(told: str | datetime) -> datetime:
    """Read an instant of a story; without an offset the reader of YAML has put it into UTC already."""
    found = datetime.fromisoformat(told) if isinstance(told, str) else told
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
