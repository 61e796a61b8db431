"""Law packs: the time limits that the law of a jurisdiction sets, with their source and their scope, as data."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from engine.language.limits import Counting, TimeLimit, WarningPoint

PLACE = r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"

WATCH_AT_ONCE = TimeLimit("PT24H")
USUAL_WARNINGS = (WarningPoint("50%"), WarningPoint("80%"), WarningPoint("95%"))


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


class KeptUntil(StrEnum):
    """Until when on its last day a limit in days is kept: what comes later is late."""

    END_OF_DAY = "end_of_day"
    OFFICE_CLOSE = "office_close"
    INSTANT = "instant"


class Basis(StrEnum):
    """How we came to know the text: read in a copy, or written from memory."""

    READ = "read"
    MEMORY = "memory"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Alternative(_Record):
    """Another length of the same limit, when it applies instead, and the name by which a workflow chooses it.

    It applies by itself in a case that tells of one of its `sections`, as the report to the police names them.
    """

    option: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    limit: TimeLimit
    when: str = Field(min_length=1)
    sections: tuple[str, ...] = ()


class Signature(_Record):
    """A lawyer's word that limit, counting and source are right; `source_read` names the text that was read."""

    name: str = Field(min_length=1)
    on: date
    source_read: str = Field(min_length=1)


class LawLimit(_Record):
    """One time limit of the law, or one rule of law that has no time.

    `limit` is what the text says; where it says "at once" or no number, `watch` is our own target, by default 24 hours
    for "at once". `applies` says to which cases it applies; `advisory_in` names States, and areas of its pack, in which
    it only guides. `excludes` names the kinds of interval that do not count. `starts` lists the step types whose event
    time starts the limit (or `start`, the opening of the case); the first one found in the run wins, and a workflow may
    name its own start instead. `duty` says in words who must keep it, `owed_by` whether that is one of us: then a
    breach is our delay, until somebody says otherwise. A limit in days is kept until the end of its last day, unless
    `kept_until` says otherwise: `office_close` for what an office receives, `instant` for a time that can not be
    longer, such as custody.
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
    applies: Scope = Scope()
    force: Force = Force.BINDING
    advisory_in: tuple[str, ...] = ()
    in_force_from: date | None = None
    in_force_until: date | None = None
    warn: tuple[WarningPoint, ...] = USUAL_WARNINGS
    kept_until: KeptUntil | None = None
    note: str = ""
    signature: Signature | None = None
    _exempt: tuple[Exemption, ...] = PrivateAttr(default=())

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
        lengths = (self.limit, *(other.limit for other in self.alternatives))
        if self.kept_until and not any(length and length.is_in_days for length in lengths):
            message = "kept_until is for limits in days: one in hours ends at its instant"
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

    def limit_for(self, option: str | None = None, *, sections: Collection[str] = ()) -> TimeLimit | None:
        """Give the time to count: that of a named alternative, else of one for a section that is told, else the usual.

        A version of the law that has no such alternative still counts, by its usual length.
        """
        named = (other for other in self.alternatives if option and other.option == option)
        chosen = next(named, None) or self.alternative_of(sections)
        return chosen.limit if chosen else self.counted_limit

    def alternative_of(self, sections: Collection[str]) -> Alternative | None:
        """Find the alternative that applies by itself where these sections are told."""
        return next((other for other in self.alternatives if not set(sections).isdisjoint(other.sections)), None)

    @property
    def is_of_one_state(self) -> bool:
        """Whether it is the text of one State, which goes before that of the country there, and counts nowhere else."""
        return "-" in self.jurisdiction

    def kept_until_of(self, counted: TimeLimit) -> KeptUntil:
        """Say until when on its last day a length of this limit is kept.

        Hours end at their instant, and so does a length that is not the text's but ours.
        """
        lengths = (self.limit, *(other.limit for other in self.alternatives))
        if not counted.is_in_days or counted not in lengths:
            return KeptUntil.INSTANT
        return self.kept_until or KeptUntil.END_OF_DAY

    @property
    def is_watched(self) -> bool:
        """Whether the counted time is our own target rather than a number of the text."""
        return self.counted_limit is not None and self.counted_limit != self.limit

    def is_in_force(self, on: date) -> bool:
        """Return whether the text is in force on this date."""
        return (self.in_force_from or date.min) <= on <= (self.in_force_until or date.max)

    @property
    def exemptions(self) -> tuple[Exemption, ...]:
        """The places in which it only guides, as its pack knows them; a limit without its pack knows States only."""
        states = (name for name in self.advisory_in if re.match(PLACE, name))
        return self._exempt or tuple(Exemption(name=name, title=name, states=(name,)) for name in states)

    @property
    def text_hash(self) -> str:
        """The SHA-256 of all that a lawyer signs: the limit with the places in which it only guides."""
        text = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"signature"})
        text["exemptions"] = [one.model_dump(mode="json", exclude_defaults=True) for one in self.exemptions]
        return hashlib.sha256(json.dumps(text, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def force_in(self, jurisdiction: str, *, district: str | None = None, on: date | None = None) -> Force:
        """Return whether the limit obliges in a place on a day, or only guides there.

        Where that depends on a district that is not known, it obliges: that is the stricter reading.
        """
        at = on or date.max
        is_exempt = any(one.covers(jurisdiction, district, on=at) for one in self.exemptions)
        return Force.ADVISORY if is_exempt else self.force

    def with_exemptions(self, exemptions: tuple[Exemption, ...]) -> Self:
        """Return the limit with the places in which it only guides."""
        if not exemptions:
            return self
        placed = self.model_copy()
        placed._exempt = exemptions  # noqa: SLF001 - its own copy
        return placed


class LawPack(_Record):
    """The limits of one jurisdiction, published together; a limit may stand in it once for each period in force.

    It may also stand again for offences of other days, as an older code has it, and for one State. `areas` are places
    with a rule of their own that `advisory_in` may name; `notified` ends that from a day on.
    """

    name: str = Field(alias="law", pattern=r"^[a-z]{2,3}$")
    version: int = Field(default=1, ge=1)
    title: str
    note: str = ""
    areas: Mapping[str, Area] = Field(default_factory=dict)
    notified: tuple[Notified, ...] = ()
    limits: tuple[LawLimit, ...]

    @model_validator(mode="after")
    def _no_two_hold_at_once(self) -> Self:
        for number, limit in enumerate(self.limits):
            for other in self.limits[:number]:
                if limit.jurisdiction != other.jurisdiction:
                    continue
                if limit.id == other.id and _meet(limit, other) and not limit.applies.is_apart_from(other.applies):
                    message = f"{limit.id} stands here twice for the same days"
                    raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _places_are_known(self) -> Self:
        named = {name for limit in self.limits for name in limit.advisory_in} | {one.place for one in self.notified}
        unknown = sorted(name for name in named if name not in self.areas and not re.match(PLACE, name))
        if unknown:
            message = f"{unknown[0]} is neither a State nor an area of this pack"
            raise ValueError(message)
        return self

    @cached_property
    def by_id(self) -> Mapping[str, tuple[LawLimit, ...]]:
        """Every version of each limit, with the places in which it only guides."""
        found: dict[str, tuple[LawLimit, ...]] = {}
        for limit in self.limits:
            placed = limit.with_exemptions(tuple(map(self._exemption, limit.advisory_in)))
            found[limit.id] = (*found.get(limit.id, ()), placed)
        return found

    def find(self, limit_id: str, *, on: date) -> LawLimit | None:
        """Find a limit as it stood on a date; outside every period the nearest version, which is only a target then.

        Of two that differ by the day of the offence it gives the one for the later offences; the text of the country
        goes before that of one State.
        """
        return min(self.by_id.get(limit_id, ()), key=lambda limit: nearness(limit, on), default=None)

    def with_signatures(self, signatures: Mapping[str, Signature]) -> "LawPack":
        """Return the pack with those signatures alone, by the hash of the text that they stand under."""
        placed = (limit for versions in self.by_id.values() for limit in versions)
        signed = tuple(one.model_copy(update={"signature": signatures.get(one.text_hash)}) for one in placed)
        pack = self.model_copy(update={"limits": signed})
        pack.__dict__.pop("by_id", None)
        return pack

    def _exemption(self, name: str) -> Exemption:
        area = self.areas.get(name)
        ends = min((one for one in self.notified if one.place == name), key=lambda one: one.on, default=None)
        return Exemption(
            name=name, title=area.title if area else name, states=area.states if area else (name,),
            districts=area.districts if area else (), until=ends.on if ends else None,
            source=ends.source if ends else area.source if area else "",
        )  # fmt: skip


def find_limit(packs: Iterable[LawPack], limit_id: str, *, on: date) -> LawLimit | None:
    """Find a limit in whichever pack has it, as `LawPack.find` does; None when none has."""
    return next((found for pack in packs if (found := pack.find(limit_id, on=on))), None)


def nearness(limit: LawLimit, on: date) -> tuple[timedelta, bool, int]:
    """Put versions of a limit in order: in force on a day, of the whole country, for the later offences."""
    newest = -(limit.applies.offence_from or date.min).toordinal()
    return _days_from_force(limit, on), limit.is_of_one_state, newest


def law_term(limit: LawLimit, *, on: date, jurisdiction: str | None = None, district: str | None = None) -> str:
    """Name what kind of limit this is, for pages and letters.

    Until a lawyer has signed it, and outside the days it is in force, it is never called law: it is a network target,
    based on its source. The same holds for a time that the text does not name.
    """
    if not is_called_law(limit, on=on):
        return f"network target, based on {limit.source}"
    force = limit.force_in(jurisdiction or limit.jurisdiction, district=district, on=on)
    return f"{'legal deadline' if force is Force.BINDING else 'advisory limit'}, {limit.source}"


def is_called_law(limit: LawLimit, *, on: date) -> bool:
    """Whether pages may call a limit law on a day: a lawyer has signed it, its text names the time, it is in force."""
    return limit.signature is not None and not limit.is_watched and limit.is_in_force(on)


def is_quotable(limit: LawLimit, *, on: date, jurisdiction: str | None = None, district: str | None = None) -> bool:
    """Return whether a letter may quote this limit as law: only a signed and binding one that is in force."""
    return law_term(limit, on=on, jurisdiction=jurisdiction, district=district).startswith("legal deadline")


def _meet(limit: LawLimit, other: LawLimit) -> bool:
    first, second = sorted((limit, other), key=lambda one: one.in_force_from or date.min)
    return (second.in_force_from or date.min) <= (first.in_force_until or date.max)


def _days_from_force(limit: LawLimit, on: date) -> timedelta:
    if limit.in_force_from and on < limit.in_force_from:
        return limit.in_force_from - on
    if limit.in_force_until and on > limit.in_force_until:
        return on - limit.in_force_until
    return timedelta(0)
