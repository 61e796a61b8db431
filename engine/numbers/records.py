"""Periods that numbers are of, and how numbers are shown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.law.told import OLDEST
from engine.core.policy import View
from engine.core.records import Record
from engine.core.time.counting import first_working_day
from engine.language.calendars import Calendar

_KEY: Final = re.compile(r"(?P<year>20\d\d)(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?")
_MONTHS_OF: Final = {"month": 1, "quarter": 3, "year": 12}
_SHOWN: Final = {"month": 12, "quarter": 8, "year": 3}
_IN_A_YEAR: Final = 12
_ORDINALS: Final = ("first", "second", "third", "fourth")


class PeriodKind(StrEnum):
    """The lengths of a period: numbers are of whole calendar months, quarters and years only."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Period(NamedTuple):
    """A whole calendar month, quarter or year; `first` counts the months from the year 0 to its first one."""

    kind: PeriodKind
    first: int

    @property
    def key(self) -> str:
        """How it is written: `2026`, `2026-Q1`, `2026-03`."""
        year, month = divmod(self.first, _IN_A_YEAR)
        ends = {PeriodKind.YEAR: "", PeriodKind.QUARTER: f"-Q{month // 3 + 1}", PeriodKind.MONTH: f"-{month + 1:02}"}
        return f"{year}{ends[self.kind]}"

    @property
    def words(self) -> str:
        """How people say it: `2026`, `first quarter of 2026`, `March 2026`."""
        year, month = divmod(self.first, _IN_A_YEAR)
        if self.kind is PeriodKind.YEAR:
            return str(year)
        if self.kind is PeriodKind.QUARTER:
            return f"{_ORDINALS[month // 3]} quarter of {year}"
        return f"{date(year, month + 1, 1):%B %Y}"

    def bounds(self, zone: str) -> tuple[datetime, datetime]:
        """Return its beginning and its end (excluded) in a time zone, in UTC."""
        return _start(self.first, zone), _start(self.first + _MONTHS_OF[self.kind], zone)

    def days(self) -> tuple[datetime, datetime]:
        """Return its first midnight and that after its last day, on whichever clock."""
        first, end = _first_day(self.first), _first_day(self.first + _MONTHS_OF[self.kind])
        return datetime.combine(first, time()), datetime.combine(end, time())

    def quarters(self) -> tuple[str, ...]:
        """Return how the quarters in it are written; none for a month."""
        firsts = range(self.first, self.first + _MONTHS_OF[self.kind], 3)
        return () if self.kind is PeriodKind.MONTH else tuple(Period(PeriodKind.QUARTER, one).key for one in firsts)

    def before(self) -> "Period":
        """Return the period of the same length that ends where this one begins."""
        return self._replace(first=self.first - _MONTHS_OF[self.kind])


def period_of(key: str) -> Period | None:
    """Read how a period is written; None for what is none."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    first = int(found["year"]) * _IN_A_YEAR
    if found["month"]:
        return Period(PeriodKind.MONTH, first + int(found["month"]) - 1)
    if found["quarter"]:
        return Period(PeriodKind.QUARTER, first + 3 * (int(found["quarter"]) - 1))
    return Period(PeriodKind.YEAR, first)


def period_at(kind: PeriodKind, day: date) -> Period:
    """Return the month, quarter or year that a day is in."""
    months = day.year * _IN_A_YEAR + day.month - 1
    return Period(kind, months - months % _MONTHS_OF[kind])


def latest_periods(day: date) -> tuple[Period, ...]:
    """List the periods that are offered on a day: the one that runs and those before it, by length."""
    found = []
    for kind, number in _SHOWN.items():
        period = period_at(PeriodKind(kind), day)
        for _ in range(number):
            found.append(period)
            period = period.before()
    return tuple(found)


def _start(months: int, zone: str) -> datetime:
    return datetime.combine(_first_day(months), time(), ZoneInfo(zone)).astimezone(UTC)


def _first_day(months: int) -> date:
    year, month = divmod(months, _IN_A_YEAR)
    return date(year, month + 1, 1)


class PillarLine(View):
    """What there was of one pillar: steps that opened and were done in a period, and how it stands now.

    `kept` and `late` count the time limits that fell due in the period: met in time, or breached. `overdue` counts the
    open steps that are late now.
    """

    key: str
    opened: int = 0
    done: int = 0
    open: int = 0
    overdue: int = 0
    kept: int = 0
    late: int = 0


class OwnUnit(View):
    """A unit whose cases somebody may count."""

    id: UUID
    name: str


class PillarsView(View):
    """The pillars of some units in a period, and the units that can be chosen."""

    units: tuple[OwnUnit, ...]
    lines: tuple[PillarLine, ...]


NOT_KNOWN: Final = "not_known"
ELSEWHERE: Final = "elsewhere"
OTHERS: Final = "*"
"""The partner that stands for all bodies outside the network together."""
AGES: Final[Mapping[str, tuple[int, int]]] = {
    "under_12": (0, 11), "12_to_17": (12, 17), "18_to_24": (18, 24), "25_and_over": (25, OLDEST + 1), NOT_KNOWN: (1, 0),
}  # fmt: skip
"""The age groups that are published, with their first and last year; nobody is known to be in the last one."""
SEXES: Final = ("female", "male", "other", NOT_KNOWN)
ANSWERED: Final = ("in_time", "late", "none")
"""Whether a referral was answered by its time, after it, or not at all."""
TABLES_OF: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "survivors": (
        ("age", "By age"), ("sex", "By sex"), ("form", "By form of exploitation, as it was reported"),
        ("place", "By State or country of the case"),
    ),
    "help": (("pillar", "Helped for the first time, by pillar"), ("outcome", "What became of survivors")),
    "work": (
        ("limits/law", "Limits of the law that fell due"), ("limits/promise", "Targets of the network that fell due"),
        ("answer", "Referrals, by answer"), ("partner", "Referrals, by partner"),
    ),
}  # fmt: skip
"""The published tables by the page that they stand on: how their figures begin, and their titles."""


TIMES: Final = "times"
"""The tables of the time to each step, as they are chosen together."""
CHOSEN_TABLES: Final[Mapping[str, str]] = {
    **{start: title for tables in TABLES_OF.values() for start, title in tables}, TIMES: "Time to each step",
}  # fmt: skip
"""The tables that somebody can save, with their titles."""


class SavedPeriod(StrEnum):
    """Which published quarters saved numbers are of, on the day on which they are asked for."""

    LATEST = "latest"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"

    def on(self, day: date) -> Period | None:
        """Return the year that is meant on a day; None for the latest quarter that was published."""
        year = period_at(PeriodKind.YEAR, day)
        return {SavedPeriod.LATEST: None, SavedPeriod.THIS_YEAR: year, SavedPeriod.LAST_YEAR: year.before()}[self]


class SavedNumbers(Record):
    """What somebody asks of the published figures again and again, and since when it is made for them each month."""

    id: UUID
    owner_id: UUID
    unit_id: UUID | None
    tables: tuple[str, ...]
    period: SavedPeriod
    saved_at: datetime
    monthly_since: datetime | None = None


class MonthlyNumbers(Record):
    """Saved numbers as they were published when they were made: figures with whether a part is withheld."""

    id: UUID
    saved_id: UUID
    owner_id: UUID
    unit_id: UUID | None
    month: str
    made_at: datetime
    quarters: tuple[str, ...]
    figures: dict[str, tuple[int | None, bool]]
    medians: dict[str, dict[str, float]]


class Counted(NamedTuple):
    """Exact counts of a period by unit and by what they count, how they are parted, and which lie within others.

    `medians` are hours from the opening of a case to the end of a step, by unit and step type.
    """

    counts: Mapping[tuple[str, str], int]
    splits: Mapping[str, Sequence[Sequence[str]]]
    within: tuple[tuple[tuple[str, str], tuple[str, str]], ...]
    medians: Mapping[str, Mapping[str, float]]


class NumberSheet(Record):
    """The published figures of a quarter, of one unit or (without one) of all: None stands for what is withheld."""

    id: UUID
    period: str
    unit_id: UUID | None
    published_at: datetime
    figures: dict[str, int | None]
    medians: dict[str, float]


class Figure(View):
    """One published figure: how many, or None where it is withheld; `at_least` when a part of it is withheld."""

    words: str
    number: int | None
    at_least: bool = False


class FigureTable(View):
    """Figures under a title, and the page on which they stand."""

    page: str
    title: str
    lines: tuple[Figure, ...]


class MedianLine(View):
    """How many hours passed from the opening of a case to the end of a step: in half of the cases fewer."""

    words: str
    hours: float


class MedianTable(View):
    """The steps of a pillar that were done in a quarter, the fastest first."""

    period: str
    pillar: str
    lines: tuple[MedianLine, ...]


class NumbersView(View):
    """The published figures of a period, the periods that there are (the latest first), and the units to choose."""

    periods: tuple[str, ...]
    units: tuple[OwnUnit, ...]
    survivors: Figure | None
    tables: tuple[FigureTable, ...]
    medians: tuple[MedianTable, ...]


class SavedLine(View):
    """Saved numbers in a list: what they are called, of which unit (empty for all), and since when they are made."""

    id: UUID
    name: str
    unit: str
    period: str
    monthly_since: datetime | None
    made: int = 0


class MonthlyLine(View):
    """One month for which saved numbers were made."""

    id: UUID
    month: str
    made_at: datetime


class SavedView(View):
    """Saved numbers as they are now, or as they were made in a month; the months are those that were made."""

    saved_id: UUID
    name: str
    unit: str
    period: str
    monthly_since: datetime | None
    quarters: tuple[str, ...]
    survivors: Figure | None
    tables: tuple[FigureTable, ...]
    medians: tuple[MedianTable, ...]
    made: tuple[MonthlyLine, ...] = ()
    month: str = ""
    made_at: datetime | None = None


def due_month(now: datetime, calendar: Calendar) -> tuple[str, datetime]:
    """Return the latest month that has reached its first working day, as `2026-03`, and when that day began (UTC)."""
    first = now.astimezone(calendar.zone_info).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for start in (first, (first - timedelta(days=1)).replace(day=1)):
        day = first_working_day(start, calendar)
        began = datetime.combine(day, time(), calendar.zone_info).astimezone(UTC)
        if began <= now:
            break
    return f"{start:%Y-%m}", began


def added_up(sheets: Iterable[Mapping[str, int | None]]) -> dict[str, tuple[int | None, bool]]:
    """Add published quarters up, and say where one is withheld: nothing is told that they do not tell themselves."""
    found: dict[str, list[int | None]] = {}
    for sheet in sheets:
        for key, number in sheet.items():
            found.setdefault(key, []).append(number)
    return {key: _sum(numbers) for key, numbers in found.items()}


def _sum(numbers: list[int | None]) -> tuple[int | None, bool]:
    known = [number for number in numbers if number is not None]
    return (sum(known), len(known) < len(numbers)) if known else (None, False)
