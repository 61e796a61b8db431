"""How long a limit of the law leaves, and calendar time counted for functions of pillars."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta


def add_months(day: date, months: int) -> date:
    """Add calendar months: 31 December and two months is the last day of February."""
    return day + relativedelta(months=months)


def add_months_to_instant(instant: datetime, months: int, zone: str) -> datetime:
    """Add calendar months by the clock on the wall in `zone`; the answer is in UTC."""
    local = instant.astimezone(ZoneInfo(zone))
    return datetime.combine(add_months(local.date(), months), local.timetz()).astimezone(UTC)


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of a day in `zone`, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """Return the last second of a day in `zone`, in UTC."""
    return datetime.combine(day, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str, *, plus_days: int = 0) -> date:
    """Return the day that an instant, or some days after it, falls on in `zone`."""
    return (instant.astimezone(ZoneInfo(zone)) + timedelta(days=plus_days)).date()


_HOURS_A_DAY, _SATURDAY = 24, 5
_SAID_IN_HOURS = 48
"""Up to so many hours are said in hours, as the packs of law do."""


@dataclass(frozen=True, slots=True)
class Law:
    """A time limit of a law pack: its id alone as the default limit of a step type, and its time as a case is given it.

    The time is that of the version that counts for a case: calendar months, days after them, whole hours.

    Of a limit that is counted in elapsed time only `hours` is not 0, of one in working days only `working_days`.
    `source` names the law; `is_signed` says whether a lawyer has signed it. Until then it is a target of the network,
    and no letter quotes it. Where no pack of law has a limit, a pillar counts with a promise of the network instead:
    `context.law("IN-X") or Law("IN-X", days=30)`.
    """

    limit_id: str
    months: int = 0
    days: int = 0
    hours: int = 0
    source: str = ""
    is_signed: bool = False
    working_days: int = 0

    @property
    def whole_days(self) -> int:
        """The days of a limit without months, such as 60 for `P60D`; 0 for one of less than a day."""
        return self.days + self.hours // _HOURS_A_DAY

    @property
    def in_words(self) -> str:
        """Say it in English: `3 months`, `30 days`, `36 hours`, `5 working days`, `at once`."""
        is_of_days = self.hours > _SAID_IN_HOURS and self.hours % _HOURS_A_DAY == 0
        days, hours = (self.whole_days, 0) if is_of_days else (self.days, self.hours)
        parts = ((self.months, "month"), (days, "day"), (hours, "hour"), (self.working_days, "working day"))
        told = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
        return " and ".join(told) or "at once"

    def day_after(self, since: date) -> date:
        """Return the day on which this limit is over that began on another; in a shorter month, its last day.

        Of working days Saturdays and Sundays are left out, holidays are not: by the calendar of the place it may be
        later.
        """
        return self._after_working_days(add_months(since, self.months) + timedelta(days=self.whole_days))

    def instant_after(self, since: datetime, zone: str) -> datetime:
        """Return when this limit is over that began at an instant, in UTC; it leaves out what `day_after` does."""
        ends = add_months_to_instant(since, self.months, zone) + timedelta(days=self.days, hours=self.hours)
        day = local_day(ends, zone)
        return ends + (self._after_working_days(day) - day)

    def _after_working_days(self, day: date) -> date:
        left = self.working_days
        while left:
            day += timedelta(days=1)
            left -= day.weekday() < _SATURDAY
        return day
