"""The published definitions that time is counted by: calendars, ladders, law packs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from engine.domain.applicability import choose
from engine.domain.law_told import NOTHING, Told
from engine.spec.calendars import Calendar, calendar_for
from engine.spec.ladders import Ladder
from engine.spec.law import LawLimit, LawPack


@dataclass(frozen=True, slots=True)
class Library:
    """What runs now of each kind of definition, by name."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    packs: Mapping[str, LawPack] = field(default_factory=dict)

    def law(self, limit_id: str, *, on: date, told: Told = NOTHING, option: str | None = None) -> LawLimit | None:
        """Find a limit of the law as it stood on a date, in the version that fits what is told of a case."""
        return choose(self.versions(limit_id), told, on=on, option=option)

    def versions(self, limit_id: str) -> tuple[LawLimit, ...]:
        """Give every version of a limit that the packs have; none for an unknown id."""
        return next((found for pack in self.packs.values() if (found := pack.by_id.get(limit_id))), ())

    def calendar(self, jurisdiction: str) -> Calendar:
        """Find the calendar of a jurisdiction; raises `NoCalendarError`."""
        return calendar_for(jurisdiction, self.calendars)
