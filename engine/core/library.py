"""The published definitions that time is counted by, and which limit of the law counts in a case."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from engine.core.law.applicability import Applicability, ScopeReason, choose, judge, place_reasons
from engine.core.law.told import NOTHING, LawFacts, told_in
from engine.core.records import Deadline, Run
from engine.core.state import CaseState
from engine.language.calendars import Calendar, calendar_for
from engine.language.ladders import Ladder
from engine.language.law import LawLimit, LawPack, is_called_law, is_quotable, law_term
from engine.language.limits import TimeLimit
from engine.language.telling import Tell, in_english
from engine.language.words import LawWords

T = TypeVar("T")
_KEPT: Final = 8192
"""How much is kept of what was worked out by one library."""
_LENGTHS: Final[Mapping[tuple[bool, bool | None], str]] = {
    (True, True): "within {length} by law",
    (True, False): "within {length} by the law pack",
    (True, None): "within {length}, our own target",
    (False, True): "{length} by law",
    (False, False): "{length} by the law pack",
}
"""How long a limit of the law is: one that leaves time or none, by law, by a pack that no lawyer signed, or by us."""


@dataclass(frozen=True, slots=True)
class Library:
    """What runs now of each kind of definition, by name.

    `versions_of` are the versions that a ladder has had, each from the instant (UTC) on at which it was published, the
    oldest first: an escalation goes on by the one that it began with. `messages` are the texts that take the place of
    those of the release, by kind and language (`due_soon.hi`); `papers` the words of papers that do, by paper and words
    of the release. What was worked out by it is `kept`: the same limits are asked for again at every change of a case.
    """

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    packs: Mapping[str, LawPack] = field(default_factory=dict)
    versions_of: Mapping[str, tuple[tuple[datetime, Ladder], ...]] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    papers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kept: dict[tuple[object, ...], Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    def once(self, key: tuple[object, ...], work_out: Callable[[], T]) -> T:
        """Return what was worked out by this library under a key, or work it out and keep it for a while."""
        found: T | None = self.kept.get(key)
        if found is None:
            if len(self.kept) >= _KEPT:
                self.kept.clear()
            found = self.kept[key] = work_out()
        return found

    def ladder_of(self, deadline: Deadline) -> Ladder | None:
        """Find the ladder of a deadline: the one that its escalation began with, else the one that runs."""
        versions = self.versions_of.get(deadline.ladder, ())
        since = deadline.escalating_since if versions else None
        if since is None:
            return self.ladders.get(deadline.ladder)
        return next((ladder for at, ladder in reversed(versions) if at <= since), versions[0][1])

    def ladder_in(self, name: str, version: int) -> Ladder | None:
        """Find a version of a ladder, the one that runs where the version is not known."""
        known = (ladder for _, ladder in self.versions_of.get(name, ()) if ladder.version == version)
        return next(known, self.ladders.get(name))

    def law(self, limit_id: str, *, on: date, told: LawFacts = NOTHING, option: str | None = None) -> LawLimit | None:
        """Find a limit of the law as it stood on a date, in the version that fits what is told of a case."""
        key = ("law", limit_id, on, told, option)
        return self.once(key, lambda: choose(self.versions(limit_id), told, on=on, option=option))

    def versions(self, limit_id: str) -> tuple[LawLimit, ...]:
        """Return every version of a limit that the packs have; none for an unknown id."""
        return next((found for pack in self.packs.values() if (found := pack.by_id.get(limit_id))), ())

    def law_words(self, on: date, tell: Tell = in_english) -> LawWords:
        """Say of each limit of the law how long it is on a date, such as `within 24 hours by law`, where it says so.

        What no lawyer has signed is called no law: it is `by the law pack`.
        """
        found = self.once(("law words", on), lambda: tuple(self._law_lengths(on)))
        return {key: tell(_LENGTHS[how], length=length.in_words(tell)) for key, how, length in found}

    def _law_lengths(self, on: date) -> Iterator[tuple[tuple[str, str | None], tuple[bool, bool | None], TimeLimit]]:
        """Return each limit with how it is said: whether it leaves time, and whether it is law; None for a target."""
        limits = [one for pack in self.packs.values() for one in pack.limits]
        options = {(one.id, other.option) for one in limits for other in one.alternatives}
        for limit_id, option in options | {(one.id, None) for one in limits}:
            limit = self.law(limit_id, on=on, option=option)
            if limit is None:
                continue
            named = (other.limit for other in limit.alternatives if other.option == option)
            if length := next(named, limit.limit):
                yield (limit_id, option), (not length.is_at_once, is_called_law(limit, on=on)), length
            elif limit.watch:
                yield (limit_id, option), (True, None), limit.watch

    def calendar(self, jurisdiction: str) -> Calendar:
        """Find the calendar of a jurisdiction; raises `NoCalendarError`."""
        return calendar_for(jurisdiction, self.calendars)


@dataclass(frozen=True, slots=True)
class LawInCase:
    """The version of a limit that counts in a case on a day (of the case's zone), and why it does or does not apply."""

    limit: LawLimit
    on: date
    told: LawFacts
    judged: Applicability

    @property
    def is_used(self) -> bool:
        """Whether it is counted."""
        return self.judged.is_used

    def limit_for(self, option: str | None) -> TimeLimit | None:
        """Return the time to count: that of a named option, else the one for the sections that are told."""
        return self.limit.limit_for(option, sections=self.told.sections)

    def term(self, jurisdiction: str) -> str:
        """Name what kind of limit it is in a place; see `law_term`."""
        return law_term(self.limit, on=self.on, jurisdiction=jurisdiction, district=self.told.district)

    def is_quotable(self, jurisdiction: str) -> bool:
        """Return whether a letter may quote it as law in a place: only when nothing that it depends on is unknown."""
        quotable = is_quotable(self.limit, on=self.on, jurisdiction=jurisdiction, district=self.told.district)
        lines = place_reasons(self.limit, self.told, jurisdiction=jurisdiction, on=self.on)
        return quotable and not self.judged.missing and not any(is_open(line) for line in lines)


def law_in_case(
    state: CaseState, run: Run, limit_id: str, library: Library, *, started: datetime, element: str = "",
    option: str | None = None,
) -> LawInCase | None:  # fmt: skip
    """Find the version of a limit that counts when it starts at an instant (UTC), and judge it; None for an unknown id.

    `element` is the person it is about (`person:ID`), or empty for the whole case.
    """
    told = told_in(state, element, zone=run.zone) if depends_on_case(library.versions(limit_id)) else NOTHING
    return law_for(library, limit_id, told=told, zone=run.zone, started=started, option=option)


def law_for(
    library: Library, limit_id: str, *, told: LawFacts, zone: str, started: datetime, option: str | None = None
) -> LawInCase | None:
    """Judge a limit for what is told; None for an unknown id."""
    on = started.astimezone(ZoneInfo(zone)).date()
    limit = library.law(limit_id, on=on, told=told, option=option)
    if limit is None:
        return None
    key = ("judged", limit_id, on, told, option)
    return library.once(key, lambda: LawInCase(limit, on, told, judge(limit, told, on=on)))


def depends_on_case(versions: Iterable[LawLimit]) -> bool:
    """Return whether what a case has told can make a difference to a limit."""
    return any(
        not one.applies.is_for_all
        or one.exemptions
        or one.is_of_one_state
        or any(other.sections for other in one.alternatives)
        for one in versions
    )


def is_open(line: ScopeReason) -> bool:
    """Return whether a line speaks of something that is not known."""
    return line.truth.value == "unknown"
