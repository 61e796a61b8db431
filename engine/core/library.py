"""The published definitions that time is counted by: calendars, ladders, law packs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from engine.core.law.applicability import choose
from engine.core.law.told import NOTHING, LawFacts
from engine.core.records import Deadline
from engine.language.calendars import Calendar, calendar_for
from engine.language.ladders import Ladder
from engine.language.law import LawLimit, LawPack


@dataclass(frozen=True, slots=True)
class Library:
    """What runs now of each kind of definition, by name.

    `versions_of` are the versions that a ladder has had, each from the instant (UTC) on at which it was published, the
    oldest first: an escalation goes on by the one that it began with.
    """

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    packs: Mapping[str, LawPack] = field(default_factory=dict)
    versions_of: Mapping[str, tuple[tuple[datetime, Ladder], ...]] = field(default_factory=dict)

    def ladder_of(self, deadline: Deadline) -> Ladder | None:
        """Find the ladder of a deadline: the one that its escalation began with, else the one that runs."""
        since, versions = deadline.escalating_since, self.versions_of.get(deadline.ladder, ())
        if since is None or not versions:
            return self.ladders.get(deadline.ladder)
        return next((ladder for at, ladder in reversed(versions) if at <= since), versions[0][1])

    def ladder_in(self, name: str, version: int) -> Ladder | None:
        """Find a version of a ladder, the one that runs where the version is not known."""
        known = (ladder for _, ladder in self.versions_of.get(name, ()) if ladder.version == version)
        return next(known, self.ladders.get(name))

    def law(self, limit_id: str, *, on: date, told: LawFacts = NOTHING, option: str | None = None) -> LawLimit | None:
        """Find a limit of the law as it stood on a date, in the version that fits what is told of a case."""
        return choose(self.versions(limit_id), told, on=on, option=option)

    def versions(self, limit_id: str) -> tuple[LawLimit, ...]:
        """Return every version of a limit that the packs have; none for an unknown id."""
        return next((found for pack in self.packs.values() if (found := pack.by_id.get(limit_id))), ())

    def calendar(self, jurisdiction: str) -> Calendar:
        """Find the calendar of a jurisdiction; raises `NoCalendarError`."""
        return calendar_for(jurisdiction, self.calendars)
