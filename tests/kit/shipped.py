"""The definitions and stories that travel with ICMC and the real pillars, read once for all tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from engine.builtin import CORE
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.definitions.holidays import with_public_holidays
from engine.language.calendars import Calendar
from engine.language.extends import Source, load_workflow
from engine.language.ladders import Ladder
from engine.language.law import LawPack
from engine.language.library import Definitions, load_definitions
from engine.language.limits import TimeLimit
from engine.plugin.registry import Registry, RegistryCatalogue, load_registry

WORKFLOWS = Path(__file__).parents[2] / "workflows"
CASES = WORKFLOWS / "cases"


@cache
def registry() -> Registry:
    """Load the real pillars, once."""
    return load_registry(builtins=(CORE,))


@cache
def library() -> Library:
    """Read the shipped calendars (with public holidays), ladders and law packs, once."""
    calendars = (Calendar.model_validate(read_yaml(path)) for path in (WORKFLOWS / "calendars").glob("*.yaml"))
    ladders = (Ladder.model_validate(read_yaml(path)) for path in (WORKFLOWS / "ladders").glob("*.yaml"))
    packs = (LawPack.model_validate(read_yaml(path)) for path in (WORKFLOWS / "law").glob("*.yaml"))
    return Library(
        calendars={one.name: with_public_holidays(one, first_year=2026, last_year=2030) for one in calendars},
        ladders={one.name: one for one in ladders},
        packs={one.name: one for one in packs},
    )


@cache
def definitions() -> Definitions:
    """Load all that is shipped, once."""
    return load_definitions(WORKFLOWS)


@cache
def shipped(name: str) -> CompiledWorkflow:
    """Compile a shipped workflow, once."""
    workflow, findings = load_workflow(CASES / f"{name}.yaml", library=source_of)
    assert workflow is not None, findings
    return compile_workflow(workflow, RegistryCatalogue(registry()))


def source_of(name: str) -> Source | None:
    """Find the text of a shipped workflow."""
    path = CASES / f"{name}.yaml"
    return Source(path.name, path.read_text("utf-8")) if path.is_file() else None


def read_yaml(path: Path) -> Any:
    """Read a file of ours as plain data."""
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


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
        label=told["label"], at=_at(told["at"]), step=told["step"], due=_at(due) if due else None,
        on_time=told.get("on_time"), journey=TimeLimit(journey) if journey else None,
    )  # fmt: skip


def _at(told: str | datetime) -> datetime:
    """Read an instant of a story; without an offset the reader of YAML has put it into UTC already."""
    found = datetime.fromisoformat(told) if isinstance(told, str) else told
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
