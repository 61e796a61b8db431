"""How many messages a workflow brings each person a day, simulated on many cases."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from statistics import fmean, median
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.definitions.rehearsed import AlertBudget, Load
from engine.messages.records import NEVER, Preference
from engine.rehearsal.drawn import SimulatedMessage, SimulatedReport
from engine.rehearsal.simulator import simulate

SAMPLES = 42
CASELOAD = 60
"""How many open cases one person who does the work has; those who lead are one for all."""
_LATE = 1 / 3
_LEADING = (
    ("supervisor", "on_call", "safeguarding_lead"),
    ("lawyer", "finance_officer", "partnership_manager"),
    ("nodal_officer", "data_protection_officer", "system_administrator"),
)
_WORKING = (
    ("intake_officer", "case_manager", "caseworker"),
    ("counsellor", "medical_officer", "shelter_manager"),
    ("police_liaison", "ahtu_officer", "repatriation_coordinator"),
    ("press_officer", "prevention_officer", "auditor"),
)
"""A small hub: each person has three roles."""
_NOBODY = UUID(int=0)
_MONDAY = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
_WINDOW = 56
_LONGEST = 400
_A_WEEK = 7


@dataclass(frozen=True)
class _Sample:
    """A case that was simulated: how long it was open, and whom it told what, after how long."""

    weekday: int
    opened_at: datetime
    days: float
    told: tuple[SimulatedMessage, ...]


def alert_budget(
    workflow: CompiledWorkflow,
    library: Library,
    *,
    jurisdiction: str,
    open_cases: int = 200,
    seed: int = 1,
    samples: int = SAMPLES,
) -> AlertBudget:
    """Let `open_cases` cases be open at a time, arriving evenly, a third of the steps late, people with three roles.

    They are `samples` different cases, at least one for each day of the week. The same seed always gives the same.
    """
    simulated = [_sample(workflow, library, jurisdiction, number, seed) for number in range(samples)]
    arrivals = list(_arrivals(simulated, open_cases))
    zone = ZoneInfo(library.calendar(jurisdiction).zone)
    days = [(_MONDAY + timedelta(days=_LONGEST + number)).astimezone(zone).date() for number in range(_WINDOW)]
    counted = _Count(days, zone, max(1, ceil(open_cases / CASELOAD)))
    for number, (at, sample) in enumerate(arrivals):
        counted.add(number, at - sample.opened_at, sample.told)
    return AlertBudget(
        workflow=workflow.workflow.workflow,
        open_cases=open_cases,
        sent=counted.load("sent"),
        in_app=counted.load("in_app"),
        critical=counted.load("critical"),
        rules=counted.rules(),
    )


def _sample(workflow: CompiledWorkflow, library: Library, jurisdiction: str, number: int, seed: int) -> _Sample:
    opened_at = _MONDAY + timedelta(days=number % _A_WEEK, hours=number % 8)
    report = SimulatedReport({}, opened_at, jurisdiction)
    done = simulate(workflow, library, report, seed=seed * 1000 + number, late=_LATE)
    last = done.closed_at or max((one.at for one in done.happenings), default=opened_at)
    days = min((last - opened_at) / timedelta(days=1), _LONGEST)
    return _Sample(number % _A_WEEK, opened_at, max(days, 0.5), done.told)


def _arrivals(samples: Sequence[_Sample], open_cases: int) -> Iterator[tuple[datetime, _Sample]]:
    """Return when each case arrives: as many a day as keep so many open at a time."""
    by_weekday = defaultdict(list)
    for sample in samples:
        by_weekday[sample.weekday].append(sample)
    a_day = open_cases / fmean(sample.days for sample in samples)
    number, due = 0, 0.0
    for day in range(_LONGEST + _WINDOW):
        due += a_day
        while due >= 1:
            due -= 1
            fitting = by_weekday[day % _A_WEEK]
            sample = fitting[number % len(fitting)]
            number += 1
            weeks = timedelta(days=day - sample.weekday)
            yield sample.opened_at + weeks, sample


class _Count:
    """Counts the messages of each person on each day of a window."""

    def __init__(self, days: Sequence[date], zone: ZoneInfo, people: int) -> None:
        self._days, self._zone, self._people = days, zone, people
        self._counts: dict[str, Counter[tuple[str, date]]] = defaultdict(Counter)
        self._persons: dict[str, set[str]] = defaultdict(set)
        self._digests: dict[str, set[tuple[str, datetime]]] = defaultdict(set)
        self._by_rule: Counter[str] = Counter()

    def add(self, number: int, later: timedelta, told: Iterable[SimulatedMessage]) -> None:
        """Count what one case tells, so much later than it was simulated: each person of a thing once at an instant."""
        first, last = self._days[0], self._days[-1]
        found = {
            (self._person(one.role, number), one.about or position, one.at): one for position, one in enumerate(told)
        }
        once = {(key[0], one.alike or key[1], one.at, one.critical): one for key, one in found.items()}
        for (person, *_), one in once.items():
            at = one.at + later
            day = at.astimezone(self._zone).date()
            if not first <= day <= last:
                continue
            for way in ("sent", "in_app") if one.is_sent else ("in_app",):
                kind = "critical" if one.critical and way == "sent" else way
                self._persons[kind].add(person)
                if digest_at := self._digest_at(one, kind, at, later):
                    self._digests[kind].add((person, digest_at))
                elif kind == "critical" or not one.critical:
                    self._counts[kind][person, day] += 1
            if one.is_sent and not one.critical:
                self._by_rule[one.rule] += 1

    def _person(self, role: str, number: int) -> str:
        for roles in _LEADING:
            if role in roles:
                return roles[0]
        working = next((roles[1] for roles in _WORKING if role in roles), role)
        return f"{working} {number % self._people + 1}"

    def _digest_at(self, one: SimulatedMessage, kind: str, at: datetime, later: timedelta) -> datetime | None:
        """Return when the digest comes for which it waits, as it does for who chose nothing."""
        if one.critical or (kind == "in_app" and not one.is_warning):
            return None
        chosen = Preference(actor_id=_NOBODY)
        waits_until = chosen.notice_at if kind == "in_app" else chosen.digest_at
        follows = one.follows_at if one.follows_at in {None, NEVER} else one.follows_at + later
        return waits_until(follows, now=at, zone=self._zone.key)

    def load(self, kind: str) -> Load:
        """Sum up over all persons and days, quiet days included."""
        counts = Counter(self._counts[kind])
        counts.update((person, at.astimezone(self._zone).date()) for person, at in self._digests[kind])
        values = sorted(counts[person, day] for person in self._persons[kind] for day in self._days) or [0]
        worst = max(counts.items(), key=lambda one: (one[1], one[0][0]), default=(("nobody", None), 0))
        return Load(median(values), values[min(len(values) - 1, int(len(values) * 0.95))], worst[1], worst[0][0])

    def rules(self) -> dict[str, float]:
        """Return how many messages a day each rule sends to all people together, the most first."""
        return {rule: round(count / len(self._days), 2) for rule, count in self._by_rule.most_common()}
