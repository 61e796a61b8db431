"""Time limits as they are written in definition files: ISO 8601 durations, working days and working hours."""

import re
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, Self

from pydantic import ConfigDict, RootModel, field_validator
from pydantic_core import PydanticCustomError

from engine.language.telling import Tell, in_english, length_in

LONGEST_YEARS = 100

_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?P<time>T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?",
    re.ASCII,
)
_WORKING = re.compile(r"P(?:(?P<days>\d+)WD|T(?P<hours>\d+)WH)", re.ASCII)
_LONGEST_TEXT = 40
_PERCENT = re.compile(r"(?P<percent>[1-9]\d?)%", re.ASCII)
_LONGEST = {"months": LONGEST_YEARS * 12, "days": LONGEST_YEARS * 366, "seconds": LONGEST_YEARS * 366 * 86_400}


class Counting(StrEnum):
    """How the time of a limit is counted."""

    ELAPSED = "elapsed"
    CALENDAR = "calendar"
    WORKING_DAYS = "working_days"
    WORKING_HOURS = "working_hours"


class _Parts(NamedTuple):
    """What a written limit amounts to; which parts count depends on `counting`."""

    counting: Counting
    months: int = 0
    days: int = 0
    seconds: int = 0
    words: str = "at once"


class TimeLimit(RootModel[str]):
    """How long something may take, as written: `PT24H`, `P15D`, `P4M`, `P1Y6M`, `P5WD` or `PT8WH`.

    Days, hours, minutes and seconds are elapsed time, so `P1D` is 24 hours and goes on through nights and weekends.
    Years and months follow the calendar, so `P1M` is never 30 days; days written after them are calendar days. `P5WD`
    is five working days and `PT8WH` eight working hours of a named calendar. Two limits are equal when written alike.
    """

    model_config = ConfigDict(frozen=True)

    @field_validator("root")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        _read(text)
        return text

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a limit; raises pydantic's `ValidationError` with one sentence that says what is wrong."""
        return cls.model_validate(text)

    @property
    def counting(self) -> Counting:
        """How this limit is counted."""
        return _read(self.root).counting

    @property
    def months(self) -> int:
        """Months of a calendar limit, twelve for each year; 0 for the other kinds."""
        return _read(self.root).months

    @property
    def days(self) -> int:
        """Calendar days after the months, or the working days; 0 for the other kinds."""
        return _read(self.root).days

    @property
    def seconds(self) -> int:
        """Seconds of an elapsed limit, or of working time; 0 for the other kinds."""
        return _read(self.root).seconds

    @property
    def is_at_once(self) -> bool:
        """Whether the limit leaves no time at all, like `PT0H`."""
        parts = _read(self.root)
        return not (parts.months or parts.days or parts.seconds)

    @property
    def is_in_days(self) -> bool:
        """Whether it is written in days or more, working days too: `P1D` is, `PT24H` is not."""
        return "T" not in self.root and not self.is_at_once

    @property
    def about(self) -> timedelta:
        """Roughly how long this is, to put limits in order; never to work out a due time."""
        if self.counting is Counting.WORKING_HOURS:
            return timedelta(seconds=self.seconds) * 4.2
        days = self.months * 30.44 + self.days * (1.4 if self.counting is Counting.WORKING_DAYS else 1)
        return timedelta(days=days, seconds=self.seconds)

    def in_words(self, tell: Tell = in_english) -> str:
        """Say it in words: `24 hours`, `5 working days`, `1 year and 6 months`, `at once`."""
        return length_in(_read(self.root).words, tell)

    def __str__(self) -> str:
        """Give back the text as it was written."""
        return self.root


class Offset(RootModel[str]):
    """An instant relative to a due time, as written: `-PT48H` is before it, `PT0M` at it, `P1D` after it."""

    model_config = ConfigDict(frozen=True)

    @field_validator("root")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        _read(text.removeprefix("-"))
        return text

    @property
    def is_before(self) -> bool:
        """Whether this lies before the due time."""
        return self.root[0] == "-" and not self.limit.is_at_once

    @property
    def limit(self) -> TimeLimit:
        """How far from the due time, without the direction."""
        return limit_of(self.root.removeprefix("-"))

    @property
    def about(self) -> timedelta:
        """Roughly how far after the due time (negative: before), to put levels in order."""
        return -self.limit.about if self.is_before else self.limit.about

    def in_words(self, tell: Tell = in_english) -> str:
        """Say it in words: `48 hours before it is due`, `when it is due`, `1 day after it was due`."""
        if self.limit.is_at_once:
            return tell("when it is due")
        message = "{length} before it is due" if self.is_before else "{length} after it was due"
        return tell(message, length=self.limit.in_words(tell))

    def __str__(self) -> str:
        """Give back the text as it was written."""
        return self.root


class WarningPoint(RootModel[str]):
    """When to warn, as written: `80%` of the way from start to due time, or `PT48H` before the due time."""

    model_config = ConfigDict(frozen=True)

    @field_validator("root")
    @classmethod
    def _is_readable(cls, text: str) -> str:
        if _PERCENT.fullmatch(text):
            return text
        if "%" in text:
            raise _problem(text, "a warning is a whole percentage from 1% to 99%")
        if TimeLimit(text).is_at_once:
            raise _problem(text, "a warning comes some time before the due time")
        return text

    @property
    def percent(self) -> int | None:
        """How far along the way, 1 to 99; None when it is a time before the due time."""
        match = _PERCENT.fullmatch(self.root)
        return int(match["percent"]) if match else None

    @property
    def before(self) -> TimeLimit | None:
        """How long before the due time; None when it is a percentage."""
        return None if self.percent else TimeLimit(self.root)

    def in_words(self, tell: Tell = in_english) -> str:
        """Say it in words: `80% of the time`, `48 hours before it is due`."""
        if self.before:
            return tell("{length} before it is due", length=self.before.in_words(tell))
        return tell("{number}% of the time", number=self.percent)

    def __str__(self) -> str:
        """Give back the text as it was written."""
        return self.root


@lru_cache(maxsize=1024)
def limit_of(text: str) -> TimeLimit:
    """Return the limit that a text says, read once; raises as `TimeLimit` does."""
    return TimeLimit(text)


@lru_cache(maxsize=1024)
def _read(text: str) -> _Parts:
    """Read a written limit into its parts, or say in one sentence why it is none."""
    if len(text) > _LONGEST_TEXT:
        raise _problem(text, "it is too long to be a time limit")
    if match := _WORKING.fullmatch(text):
        parts = _working(match)
    elif match := _DURATION.fullmatch(text):
        parts = _duration(text, match)
    else:
        raise _problem(text, _what_is_wrong(text))
    if any(getattr(parts, part) > longest for part, longest in _LONGEST.items()):
        raise _problem(text, f"it is longer than {LONGEST_YEARS} years")
    return parts


def _working(match: re.Match[str]) -> _Parts:
    if match["days"]:
        days = int(match["days"])
        return _Parts(Counting.WORKING_DAYS, days=days, words=amounts_in_words((days, "working day")))
    hours = int(match["hours"])
    return _Parts(Counting.WORKING_HOURS, seconds=hours * 3600, words=amounts_in_words((hours, "working hour")))


def _duration(text: str, match: re.Match[str]) -> _Parts:
    if match["time"] == "T" or text == "P":
        raise _problem(text, "it names no amount of time")
    given = {name: int(value or 0) for name, value in match.groupdict().items() if name != "time"}
    words = amounts_in_words(*((amount, unit.removesuffix("s")) for unit, amount in given.items()))
    months = given["years"] * 12 + given["months"]
    days = given["weeks"] * 7 + given["days"]
    seconds = given["hours"] * 3600 + given["minutes"] * 60 + given["seconds"]
    if not (match["years"] or match["months"]):
        return _Parts(Counting.ELAPSED, seconds=days * 86_400 + seconds, words=words)
    if match["time"]:
        raise _problem(text, "months and years go with days only, not with hours or minutes")
    return _Parts(Counting.CALENDAR, months=months, days=days, words=words)


def amounts_in_words(*amounts: tuple[int, str]) -> str:
    """Say some amounts of time: `1 year and 6 months`; `at once` where all are none."""
    said = [f"{amount} {unit}{'' if amount == 1 else 's'}" for amount, unit in amounts if amount]
    if not said:
        return "at once"
    return " and ".join([", ".join(said[:-1]), said[-1]]) if said[1:] else said[0]


def _what_is_wrong(text: str) -> str:
    if text.startswith("-"):
        return "a time limit cannot be negative"
    if re.search(r"\d[.,]\d", text):
        return "only whole numbers count, so write a smaller unit instead of a fraction"
    if "W" in text:
        return "working time stands alone and whole, like P5WD (5 working days) or PT8WH (8 working hours)"
    like = "write it like PT30M (30 minutes), PT24H, P15D, P4M (4 months), P3Y, P5WD (5 working days) or PT8WH"
    meant = _meant(text)
    return f"did you mean {meant}? Or {like}" if meant else like


_LETTERS = {"mi": "M", "h": "H", "d": "D", "w": "W", "mo": "M", "y": "Y", "m": "M", "s": "S"}
_OFTEN = {"hourly": "PT1H", "daily": "P1D", "weekly": "P7D", "monthly": "P1M", "yearly": "P1Y"}


def _meant(text: str) -> str:
    """Return what somebody means who writes `48h`, `2 days`, `P48H`, `PT2D` or `monthly`; empty for anything else."""
    found = re.fullmatch(r"(pt?)?\s*(\d{1,4})\s*(mi|mo|[hdwyms])[a-z]*", text.strip().lower())
    if found is None:
        return _OFTEN.get(text.strip().lower(), "")
    has_time = found[3] in {"h", "mi", "s"} or (found[1] == "pt" and found[3] == "m")
    return f"P{'T' if has_time else ''}{found[2]}{_LETTERS[found[3]]}"


def _problem(text: str, why: str) -> PydanticCustomError:
    return PydanticCustomError(
        "time_limit", "'{text}' cannot be used: {why}.", {"text": text[:_LONGEST_TEXT], "why": why}
    )
