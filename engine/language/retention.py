"""Retention policies: how long each class of data is kept in a jurisdiction, at least and at most, as data."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.language.law import Signature
from engine.language.limits import Counting, TimeLimit

EVERYWHERE = "*"


class DataClass(StrEnum):
    """The classes of data that have a time of their own."""

    IDENTITY = "identity"
    LOCATING = "locating"
    NARRATIVE = "narrative"
    EVIDENCE = "evidence"
    HEALTH = "health"
    COUNSELLING = "counselling"
    IMAGES = "images"
    LOG = "log"

    @property
    def is_of_a_case(self) -> bool:
        """Whether it goes with the case, and not with the records of who did what."""
        return self is not DataClass.LOG


class AtTheEnd(StrEnum):
    """What is proposed when the longest time is over."""

    ERASE = "erase"
    REVIEW = "review"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RetentionRule(_Record):
    """How long one class is kept after the case has closed: never shorter than the one, never longer than the other.

    `source` names the text that sets it, `confidence` how sure that is. An instant at which the longest time is over
    brings a proposal to a person; nothing is erased without two approvals.
    """

    data: DataClass
    at_least: TimeLimit
    at_most: TimeLimit
    then: AtTheEnd = AtTheEnd.ERASE
    source: str = Field(min_length=1)
    confidence: str = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for limit in (self.at_least, self.at_most):
            if limit.counting in {Counting.WORKING_DAYS, Counting.WORKING_HOURS}:
                message = "data is kept for years, months or days, not for working time"
                raise ValueError(message)
        if self.at_least.about > self.at_most.about:
            message = f"{self.data.value} cannot be kept at least {self.at_least} and at most {self.at_most}"
            raise ValueError(message)
        return self


class RetentionPolicy(_Record):
    """The policy of one jurisdiction; `*` is for those without one of their own.

    Values are set by the lawyer of the body that runs the system: `set_by` is their word, with name, date and the text
    that was read. Without it the values are conservative defaults, and every page says so.
    """

    retention: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    version: int = Field(default=1, ge=1)
    title: str = Field(min_length=1)
    jurisdiction: str = Field(pattern=r"^(\*|[A-Z]{2}(-[A-Z0-9]{1,3})?)$")
    note: str = ""
    set_by: Signature | None = None
    rules: tuple[RetentionRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_each_class_once(self) -> Self:
        named = [rule.data for rule in self.rules]
        if len(set(named)) != len(named):
            message = "each class of data has one rule"
            raise ValueError(message)
        return self

    @property
    def name(self) -> str:
        """The name under which it is published."""
        return self.retention

    @property
    def is_set(self) -> bool:
        """Whether a lawyer has set its values."""
        return self.set_by is not None


def policy_for(jurisdiction: str, policies: Iterable[RetentionPolicy]) -> RetentionPolicy | None:
    """Find the policy of a place: its own, else its country's, else the one for everywhere; None when there is none."""
    by_place = {policy.jurisdiction: policy for policy in policies}
    country = jurisdiction.partition("-")[0]
    return by_place.get(jurisdiction) or by_place.get(country) or by_place.get(EVERYWHERE)


def missing_classes(policy: RetentionPolicy) -> tuple[DataClass, ...]:
    """Name the classes for which a policy says nothing: they are then kept until a person decides."""
    named = {rule.data for rule in policy.rules}
    return tuple(one for one in DataClass if one not in named)
