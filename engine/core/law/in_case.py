"""A limit of the law as it stands in a case: which version counts, whether it applies, and what was told for that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine.core.law.applicability import Applicability, ScopeReason, judge, place_reasons
from engine.core.law.told import NOTHING, LawFacts, told_in
from engine.core.library import Library
from engine.core.records import Run
from engine.core.state import CaseState
from engine.language.law import LawLimit, is_quotable, law_term
from engine.language.limits import TimeLimit


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
    return None if limit is None else LawInCase(limit, on, told, judge(limit, told, on=on))


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
