"""Law packs: the time limits that the law of a jurisdiction sets, with their source, as data."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.spec.limits import Counting, TimeLimit, WarningPoint

WATCH_AT_ONCE = TimeLimit("PT24H")
USUAL_WARNINGS = (WarningPoint("50%"), WarningPoint("80%"), WarningPoint("95%"))


class Measure(StrEnum):
    """What kind of rule it is: only the first two count time by themselves."""

    TIME = "time"
    RECURRING = "recurring"
    AMOUNT = "amount"
    STANDING = "standing"
    WITH_THE_STEP = "with_the_step"
    NO_NUMBER = "no_number"


class Force(StrEnum):
    """Whether a limit obliges its duty holder, or guides."""

    BINDING = "binding"
    ADVISORY = "advisory"


class Basis(StrEnum):
    """How we came to know the text: read in a copy, or written from memory."""

    READ = "read"
    MEMORY = "memory"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Alternative(_Record):
    """Another length of the same limit, when it applies instead, and the name by which a workflow chooses it."""

    option: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    limit: TimeLimit
    when: str = Field(min_length=1)


class Signature(_Record):
    """A lawyer's word that limit, counting and source are right; `source_read` names the text that was read."""

    name: str = Field(min_length=1)
    on: date
    source_read: str = Field(min_length=1)


class LawLimit(_Record):
    """One time limit of the law, or one rule of law that has no time.

    `limit` is what the text says; where it says "at once" or no number, `watch` is our own target, by default 24 hours
    for "at once". `excludes` names the kinds of interval that do not count. `starts` lists the step types whose event
    time starts the limit (or `start`, the opening of the case); the first one found in the run wins, and a workflow may
    name its own start instead. `duty` says in words who must keep it, `owed_by` whether that is one of us: then a
    breach is our delay, until somebody says otherwise.
    """

    id: str = Field(pattern=r"^[A-Z]{2,3}(-[A-Z0-9]+)+$")
    jurisdiction: str = Field(pattern=r"^(\*|[A-Z]{2}(-[A-Z0-9]{1,3})?)$")
    what: str = Field(min_length=1)
    trigger: str = Field(min_length=1)
    starts: tuple[str, ...] = ()
    measure: Measure = Measure.TIME
    limit: TimeLimit | None = None
    watch: TimeLimit | None = None
    alternatives: tuple[Alternative, ...] = ()
    counting: Counting | None = None
    excludes: tuple[str, ...] = ()
    duty: str = Field(min_length=1)
    owed_by: Literal["ours", "other_body"] = "other_body"
    source: str = Field(min_length=1)
    basis: Basis
    confidence: str = Field(min_length=1)
    if_missed: str = Field(min_length=1)
    force: Force = Force.BINDING
    advisory_in: tuple[str, ...] = ()
    in_force_from: date | None = None
    in_force_until: date | None = None
    warn: tuple[WarningPoint, ...] = USUAL_WARNINGS
    note: str = ""
    signature: Signature | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        timed = self.measure in {Measure.TIME, Measure.RECURRING}
        if timed != (self.limit is not None):
            message = f"a rule of measure {self.measure} {'needs a limit' if timed else 'has no limit'}"
            raise ValueError(message)
        counted = self.counted_limit
        if counted and counted.counting is not self.counting:
            message = f"{counted} is counted as {counted.counting}, but the file says {self.counting}"
            raise ValueError(message)
        if self.in_force_from and self.in_force_until and self.in_force_until < self.in_force_from:
            message = "a limit cannot go out of force before it comes into force"
            raise ValueError(message)
        return self

    @property
    def counted_limit(self) -> TimeLimit | None:
        """The time that is counted: the limit itself, or what we watch when it says "at once" or names no number."""
        if self.limit is not None and not self.limit.is_at_once:
            return self.limit
        return self.watch or (WATCH_AT_ONCE if self.limit is not None else None)

    def limit_for(self, option: str | None = None) -> TimeLimit | None:
        """Give the time to count: that of a named alternative, else the usual one; None for an unknown name."""
        if option is None:
            return self.counted_limit
        return next((other.limit for other in self.alternatives if other.option == option), None)

    @property
    def is_watched(self) -> bool:
        """Whether the counted time is our own target rather than a number of the text."""
        return self.counted_limit is not None and self.counted_limit != self.limit

    def is_in_force(self, on: date) -> bool:
        """Say whether the text is in force on this date."""
        return (self.in_force_from or date.min) <= on <= (self.in_force_until or date.max)

    def force_in(self, jurisdiction: str) -> Force:
        """Say whether the limit obliges in a jurisdiction, or only guides there."""
        return Force.ADVISORY if jurisdiction in self.advisory_in else self.force


class LawPack(_Record):
    """The limits of one jurisdiction, published together; a limit may stand in it once for each period in force."""

    name: str = Field(alias="law", pattern=r"^[a-z]{2,3}$")
    version: int = Field(default=1, ge=1)
    title: str
    note: str = ""
    limits: tuple[LawLimit, ...]

    @model_validator(mode="after")
    def _periods_do_not_overlap(self) -> Self:
        until: dict[str, date] = {}
        for limit in sorted(self.limits, key=lambda limit: limit.in_force_from or date.min):
            if limit.id in until and (limit.in_force_from or date.min) <= until[limit.id]:
                message = f"{limit.id} stands here twice for the same days"
                raise ValueError(message)
            until[limit.id] = limit.in_force_until or date.max
        return self

    def find(self, limit_id: str, *, on: date) -> LawLimit | None:
        """Find a limit as it stood on a date; outside every period the nearest version, which is only a target then."""
        versions = [limit for limit in self.limits if limit.id == limit_id]
        return min(versions, key=lambda limit: _days_from_force(limit, on), default=None)


def find_limit(packs: Iterable[LawPack], limit_id: str, *, on: date) -> LawLimit | None:
    """Find a limit in whichever pack has it, as `LawPack.find` does; None when none has."""
    return next((found for pack in packs if (found := pack.find(limit_id, on=on))), None)


def law_term(limit: LawLimit, *, on: date, jurisdiction: str | None = None) -> str:
    """Name what kind of limit this is, for pages and letters.

    Until a lawyer has signed it, and outside the days it is in force, it is never called law: it is a network target,
    based on its source. The same holds for a time that the text does not name.
    """
    if limit.signature is None or limit.is_watched or not limit.is_in_force(on):
        return f"network target, based on {limit.source}"
    force = limit.force_in(jurisdiction or limit.jurisdiction)
    return f"{'legal deadline' if force is Force.BINDING else 'advisory limit'}, {limit.source}"


def is_quotable(limit: LawLimit, *, on: date, jurisdiction: str | None = None) -> bool:
    """Say whether a letter may quote this limit as law: only a signed and binding one that is in force."""
    return law_term(limit, on=on, jurisdiction=jurisdiction).startswith("legal deadline")


def _days_from_force(limit: LawLimit, on: date) -> timedelta:
    if limit.in_force_from and on < limit.in_force_from:
        return limit.in_force_from - on
    if limit.in_force_until and on > limit.in_force_until:
        return on - limit.in_force_until
    return timedelta(0)
