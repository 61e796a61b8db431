"""To whom and where a limit of the law applies: conditions, areas with their own rule, and notifications, as data."""

from datetime import date
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PLACE = r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"


class Scoping(BaseModel):
    """The base of what is said of the scope of a limit: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class AgeOn(StrEnum):
    """On which day the age counts: when the limit starts, or when the offence happened."""

    TRIGGER = "trigger"
    OFFENCE = "offence"


class Scope(Scoping):
    """When a limit applies: each condition that is given must hold. What is not known yet never rules a limit out.

    Ages are completed years. `offence_from` and `offence_until` are days of the offence, both included. `why` says in
    words, for pages, why it is for these cases only.
    """

    offence_from: date | None = None
    offence_until: date | None = None
    age_from: int | None = Field(default=None, ge=1, le=120)
    age_under: int | None = Field(default=None, ge=1, le=120)
    age_on: AgeOn = AgeOn.TRIGGER
    sex: tuple[Literal["female", "male", "transgender", "other"], ...] = ()
    why: str = ""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.offence_from and self.offence_until and self.offence_until < self.offence_from:
            message = "the last day of the offence is before the first one"
            raise ValueError(message)
        if self.age_from and self.age_under and self.age_under <= self.age_from:
            message = "nobody is both as old as age_from and younger than age_under"
            raise ValueError(message)
        return self

    @property
    def is_for_all(self) -> bool:
        """Whether there is no condition at all."""
        return not (self.offence_from or self.offence_until or self.age_from or self.age_under or self.sex)

    def is_apart_from(self, other: "Scope") -> bool:
        """Return whether no offence can be in the scope of both, by its day."""
        first, second = sorted((self, other), key=lambda scope: scope.offence_from or date.min)
        return (first.offence_until or date.max) < (second.offence_from or date.min)


class Area(Scoping):
    """A part of one or several States with another rule: whole States, or districts by the keys of answers."""

    title: str = Field(min_length=1)
    states: tuple[str, ...] = Field(min_length=1)
    districts: tuple[str, ...] = ()
    source: str = Field(min_length=1)
    confidence: str = Field(min_length=1)


class Notified(Scoping):
    """A State's notification that brings a law into force in an area (or a State) from a day on, with its source."""

    place: str = Field(alias="in", min_length=1)
    on: date = Field(alias="from")
    source: str = Field(min_length=1)


class Exemption(Scoping):
    """A place in which a limit only guides, until the day on which a notification ends that."""

    name: str
    title: str
    states: tuple[str, ...]
    districts: tuple[str, ...] = ()
    until: date | None = None
    source: str = ""

    def covers(self, jurisdiction: str, district: str | None, *, on: date) -> bool | None:
        """Return whether a place is exempt on a day; None when that depends on a district that is not known."""
        if jurisdiction not in self.states or (self.until is not None and on >= self.until):
            return False
        if not self.districts:
            return True
        return None if district is None else district in self.districts
