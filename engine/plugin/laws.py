"""How long a limit of the law leaves, as the packs of law have it: a pillar reads the number, and never knows it."""

from dataclasses import dataclass

_HOURS_A_DAY = 24
_SAID_IN_HOURS = 48
"""Up to so many hours are said in hours, as the packs of law do."""


@dataclass(frozen=True, slots=True)
class LawTime:
    """The time of one limit, in the version that counts for a case: calendar months, days after them, whole hours.

    Of a limit that is counted in elapsed time only `hours` is not 0, of one in working days only `working_days`.
    `source` names the law; `is_signed` says whether a lawyer has signed it. Until then it is a target of the network,
    and no letter quotes it. Where no pack of law has a limit, a pillar counts with a promise of the network instead:
    `context.law("IN-X") or LawTime("IN-X", days=30)`.
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
