"""A story: an invented case told as a timeline, to drive the real system by."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.errors import StoryError
from engine.spec.yaml_files import read_yaml_file


class _Part(BaseModel):
    """The base of the parts of a story; what only people read is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class DueRule(_Part):
    """How the story says that a due time comes about; it only checks what the engine counts."""

    from_: str = Field(alias="from")
    limit: str
    clock: str = "programme"
    excluded_journey: timedelta | None = None


class StoryEvent(_Part):
    """One step carried out: when, which, and by when it was due."""

    label: str
    at: AwareDatetime
    tz: str = "Asia/Kolkata"
    step: str
    expected: str = ""
    due: AwareDatetime | None = None
    due_rule: DueRule | None = None
    on_time: bool = True


class Victim(_Part):
    """A victim of the story's profile."""

    age: int | None = None
    sex: str = ""


class Story(_Part):
    """A story with its profile and timeline."""

    id: str
    title: str
    opened_at: AwareDatetime
    lead_jurisdiction: str
    other_jurisdictions: tuple[str, ...] = ()
    victims: tuple[Victim, ...] = ()
    htcds: Mapping[str, Any] = Field(default_factory=dict)
    timeline: tuple[StoryEvent, ...] = Field(min_length=1)
    workflow: str | None = None

    @property
    def concern(self) -> str:
        """What the report is about, as the profile tells it."""
        first = self.timeline[0].step
        if first.startswith("press."):
            return "identity_leak"
        if first == "reporting.missing":
            return "missing_person"
        kinds = " ".join(str(kind) for kind in _list(self.htcds.get("vic_TypeOfExploitation")))
        for word, concern in _CONCERNS:
            if word in kinds:
                return concern
        return "other" if self.victims else "unsafe_migration"

    @property
    def is_child(self) -> bool:
        """Whether any victim is under 18."""
        return any(victim.age is not None and victim.age < 18 for victim in self.victims)  # noqa: PLR2004 - of age

    def moved(self, by: timedelta) -> "Story":
        """Give the same story, every instant of it moved."""
        timeline = tuple(
            event.model_copy(update={"at": event.at + by, "due": event.due + by if event.due else None})
            for event in self.timeline
        )
        return self.model_copy(update={"opened_at": self.opened_at + by, "timeline": timeline})

    def without_due(self) -> "Story":
        """Give the same story without its due times: months have other lengths at another time of the year."""
        return self.model_copy(
            update={"timeline": tuple(event.model_copy(update={"due": None}) for event in self.timeline)}
        )

    def instant_of(self, label: str) -> datetime | None:
        """Give the instant of an event by its label, or of the opening for `start`."""
        if label == "start":
            return self.opened_at
        return next((event.at for event in self.timeline if event.label == label), None)


_CONCERNS = (
    ("ChildLabour", "child_labour"),
    ("ForcedCriminality", "forced_criminality"),
    ("SexualExploitation", "sexual_exploitation"),
    ("ForcedLabour", "forced_labour"),
    ("DebtBondage", "forced_labour"),
    ("Marriage", "early_marriage"),
    ("Organ", "organ_removal"),
)


def read_story(path: Path) -> Story:
    """Read a story file; raises `StoryError` that says where it does not fit."""
    document = read_yaml_file(path)
    errors = [finding for finding in document.findings if finding.severity == "error"]
    if document.data is None or errors:
        problem = errors[0] if errors else None
        raise StoryError(file=path.name, problem=problem.message if problem else "It is not a story.")
    try:
        return Story.model_validate(document.data)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in detail["loc"])
        raise StoryError(file=path.name, problem=f"{where}: {detail['msg']}.") from None


def _list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
