"""Ladders: who is told, in which order and by which way, when time runs out."""

from enum import StrEnum
from itertools import pairwise
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.language.limits import Offset, TimeLimit
from engine.language.names import Role
from engine.language.telling import Tell, in_english


class ItemPerson(StrEnum):
    """Somebody who is found through the work item itself."""

    ASSIGNEE = "assignee"
    SUPERVISOR = "supervisor"
    ON_CALL = "on_call"


class RecipientKind(StrEnum):
    """The ways of naming whom a level tells."""

    PERSON = "person"
    ROLE = "role"
    PARTNER = "partner"
    LAW_ROUTE = "law_route"


class ChannelName(StrEnum):
    """By which way somebody is told; `call` asks that somebody rings them."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    MATRIX = "matrix"
    CALL = "call"


_RELEASE: Final = ("letter", "released_by", "release_within")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class LevelRecipient(_Record):
    """Whom a level tells: a person of the item, a role of the unit, a role at the partner, or a body of law.

    `supervisor` is the assignee's supervisor, or the unit's when nobody has claimed the item. A body of law is outside
    the network and is never told by the system: the level prepares `letter`, and somebody with the role `released_by`
    decides within `release_within` whether it leaves.
    """

    person: ItemPerson | None = None
    role: Role | None = None
    partner: Role | None = None
    law_route: str | None = Field(default=None, min_length=1)
    letter: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$")
    released_by: Role | None = None
    release_within: TimeLimit | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: object) -> object:
        return {"person": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one_recipient(self) -> Self:
        if sum(getattr(self, kind) is not None for kind in RecipientKind) != 1:
            message = "name exactly one of: assignee, supervisor, on_call, role, partner, law_route"
            raise ValueError(message)
        lacking = [part for part in _RELEASE if getattr(self, part) is None]
        if self.law_route and lacking:
            message = f"a law_route tells by a letter that somebody releases: add {' and '.join(lacking)}"
            raise ValueError(message)
        if not self.law_route and len(lacking) < len(_RELEASE):
            given = [part for part in _RELEASE if part not in lacking]
            message = f"only a law_route has a letter that somebody releases: take out {' and '.join(given)}"
            raise ValueError(message)
        return self

    @property
    def kind(self) -> RecipientKind:
        """Which way of naming is used."""
        return next(kind for kind in RecipientKind if getattr(self, kind) is not None)

    def in_words(self, tell: Tell = in_english) -> str:
        """Say it in words, for pages and diagrams."""
        if self.role:
            return tell(f"the {self.role.label.lower()} of the unit")
        if self.partner:
            return tell(f"the {self.partner.label.lower()} of the partner")
        if self.law_route:
            return tell("{agency}, by a letter that someone releases", agency=self.law_route)
        is_on_call = self.person in {None, ItemPerson.ON_CALL}
        return tell("whoever is on call" if is_on_call else f"the {self.person}")


class LevelRepeat(_Record):
    """How often a level is told again while the item stays open: `times` more times, `every` so long."""

    every: TimeLimit
    times: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.every.is_at_once:
            message = "a repetition needs some time in between, like PT1H"
            raise ValueError(message)
        return self


class Level(_Record):
    """One rung of a ladder.

    `after` places it before, at or after the due time. A level whose alert is not acknowledged within
    `acknowledge_within` lets the next one fire at once. A level `at_once` is told at any hour, by all its channels and
    in no digest, though its ladder waits for the morning: at night to whoever is on call. `reassign` gives the item to
    the recipient; `offer_next_partner` offers the work to the next partner of the place, without personal data.
    """

    level: int = Field(ge=1, le=20)
    after: Offset
    to: LevelRecipient
    channels: tuple[ChannelName, ...] = Field(default=(ChannelName.IN_APP,), min_length=1)
    needs_acknowledgement: bool = False
    acknowledge_within: TimeLimit | None = None
    at_once: bool = False
    raise_priority: bool = False
    reassign: bool = False
    offer_next_partner: bool = False
    repeat: LevelRepeat | None = None
    last_resort: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.acknowledge_within and not self.needs_acknowledgement:
            message = "acknowledge_within needs an acknowledgement: write needs_acknowledgement: true beside it"
            raise ValueError(message)
        if self.reassign and self.to.kind in {RecipientKind.PARTNER, RecipientKind.LAW_ROUTE}:
            message = "an item can be given only to somebody of the unit: take reassign out, or name a role or a person"
            raise ValueError(message)
        return self

    @property
    def is_outward(self) -> bool:
        """Whether the level speaks to a body outside the network, so that a person must release its letter."""
        return self.to.kind is RecipientKind.LAW_ROUTE


class Ladder(_Record):
    """Named escalation levels; the first ones may come before the due time.

    A level marked `last_resort` is told even to people who are away, by every channel that reaches them. A ladder that
    `overrides_quiet_hours` is delivered at any hour. `delay_owner` is whose delay a breach is until somebody says; of a
    ladder without one it is that of whoever owes a limit of the law, else ours. With `hours_since`, the words for what
    it is ("the leak"), the board counts the hours of each case in which a limit of the ladder runs.
    """

    name: str = Field(alias="ladder", pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(default=1, ge=1)
    title: str
    overrides_quiet_hours: bool = False
    delay_owner: Literal["ours", "other_body", "persons_choice", "force_majeure"] | None = None
    hours_since: str = Field(default="", max_length=60)
    levels: tuple[Level, ...] = Field(min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        if [level.level for level in self.levels] != list(range(1, len(self.levels) + 1)):
            message = "the levels of a ladder are numbered 1, 2, 3 and so on, in that order"
            raise ValueError(message)
        for lower, upper in pairwise(self.levels):
            if upper.after.about < lower.after.about:
                message = f"level {upper.level} comes before level {lower.level}: put levels in the order of their time"
                raise ValueError(message)
        if any(level.last_resort for level in self.levels[:-1]):
            message = "only the highest level can be the last resort: take it out of the others"
            raise ValueError(message)
        return self
