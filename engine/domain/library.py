"""The published definitions that time is counted by: calendars, ladders, law packs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from engine.spec.calendars import Calendar, calendar_for
from engine.spec.ladders import Ladder
from engine.spec.law import LawLimit, LawPack, find_limit


@dataclass(frozen=True, slots=True)
class Library:
    """What runs now of each kind of definition, by name."""

    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    packs: Mapping[str, LawPack] = field(default_factory=dict)

    def law(self, limit_id: str, *, on: date) -> LawLimit | None:
        """Find a limit of the law as it stood on a date."""
        return find_limit(self.packs.values(), limit_id, on=on)

    def calendar(self, jurisdiction: str) -> Calendar:
        """Find the calendar of a jurisdiction; raises `NoCalendarError`."""
        return calendar_for(jurisdiction, self.calendars)
