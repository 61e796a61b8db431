"""Whether a limit of the law applies to a case: yes, no, or not known yet, with the reasons."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from engine.core.law.told import NOTHING, AgeRange, LawFacts, oldest_on, youngest_on
from engine.core.law.told import in_words as age_in_words
from engine.language.conditions.values import Truth
from engine.language.law import AgeOn, Force, LawLimit, nearness

T = TypeVar("T")


class ReasonSubject(StrEnum):
    """What a reason is about."""

    FORCE_DAYS = "force_days"
    OFFENCE = "offence"
    AGE = "age"
    SEX = "sex"
    PLACE = "place"
    SECTIONS = "sections"


@dataclass(frozen=True, slots=True)
class ScopeReason:
    """One line of the answer; `truth` says whether this condition holds."""

    ground: ReasonSubject
    truth: Truth
    text: str


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether a limit applies, line by line. `missing` names what has to be known for a final answer."""

    truth: Truth
    reasons: tuple[ScopeReason, ...]

    @property
    def is_used(self) -> bool:
        """Whether it is counted: always, unless it is known not to apply."""
        return self.truth is not Truth.FALSE

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not known yet, in words."""
        return tuple(_MISSING[one.ground] for one in self.reasons if one.truth is Truth.UNKNOWN)

    @property
    def why_not(self) -> str:
        """The reasons for which it does not apply, in one line; empty when it does."""
        return " ".join(one.text for one in self.reasons if one.truth is Truth.FALSE)


_MISSING = {
    ReasonSubject.OFFENCE: "the day of the offence",
    ReasonSubject.AGE: "the age of the person",
    ReasonSubject.SEX: "the sex of the person",
    ReasonSubject.PLACE: "the district",
    ReasonSubject.FORCE_DAYS: "the day",
}


def judge(limit: LawLimit, told: LawFacts = NOTHING, *, on: date) -> Applicability:
    """Return whether a limit that starts on a day applies to what is told of a case.

    What is not known leaves it applying: until then the strictest reading counts.
    """
    reasons = tuple(_reasons(limit, told, on))
    truths = {one.truth for one in reasons}
    if Truth.FALSE in truths:
        return Applicability(Truth.FALSE, reasons)
    return Applicability(Truth.UNKNOWN if Truth.UNKNOWN in truths else Truth.TRUE, reasons)


def choose(
    versions: Iterable[LawLimit], told: LawFacts = NOTHING, *, on: date, option: str | None = None
) -> LawLimit | None:
    """Choose the version of a limit that counts for a case, or the nearest one when none applies; None without any.

    Those that are known not to apply go last; then comes the one in force on the day; the text of the State of the case
    goes before that of the country; of two that may both apply, the one that leaves less time.
    """

    def order(limit: LawLimit) -> tuple[object, ...]:
        judged, (days, _, newest) = judge(limit, told, on=on), nearness(limit, on)
        is_elsewhere = limit.is_of_one_state and limit.jurisdiction != told.place
        counted = limit.limit_for(option, sections=told.sections)
        length = counted.about.total_seconds() if counted else float("inf")
        return not judged.is_used, days, is_elsewhere, not limit.is_of_one_state, length, newest

    return min(versions, key=order, default=None)


def place_reasons(limit: LawLimit, told: LawFacts, *, jurisdiction: str, on: date) -> tuple[ScopeReason, ...]:
    """Say line by line why a limit obliges in a place or only guides there, where that differs by place."""
    lines = []
    for one in limit.exemptions:
        covered = one.covers(jurisdiction, told.district, on=on)
        if (
            one.until is not None
            and on >= one.until
            and one.covers(jurisdiction, told.district, on=date.min) is not False
        ):
            text = f"It was brought into force in {one.title} from {one.until:%d %B %Y} ({one.source})."
            lines.append(ScopeReason(ReasonSubject.PLACE, Truth.TRUE, text))
        elif covered is None:
            text = f"In {one.title} it would only guide. The district is not known, so it is treated as binding."
            lines.append(ScopeReason(ReasonSubject.PLACE, Truth.UNKNOWN, text))
        elif covered:
            text = f"It does not apply by itself in {one.title}: here it only guides."
            if one.source:
                text = f"It does not apply by itself in {one.title} ({one.source}): here it only guides."
            lines.append(ScopeReason(ReasonSubject.PLACE, Truth.TRUE, text))
    if not lines and limit.force is Force.ADVISORY:
        lines.append(ScopeReason(ReasonSubject.PLACE, Truth.TRUE, "It only guides, wherever it is."))
    return tuple(lines)


def _reasons(limit: LawLimit, told: LawFacts, on: date) -> Iterator[ScopeReason]:
    scope = limit.applies
    yield from _force_days(limit, on)
    if limit.is_of_one_state:
        yield _state(limit, told)
    if (other := limit.alternative_of(told.sections)) is not None:
        text = f"{other.limit.in_words()} count, by a section that is recorded: {other.when}."
        yield ScopeReason(ReasonSubject.SECTIONS, Truth.TRUE, text)
    if scope.offence_from or scope.offence_until:
        yield _offence(limit, told)
    if scope.age_from or scope.age_under:
        yield _age(limit, told, on)
    if scope.sex:
        yield _sex(limit, told)


def _force_days(limit: LawLimit, on: date) -> Iterator[ScopeReason]:
    """Name the days in force; outside of them a limit is still watched, as a target only."""
    if limit.is_in_force(on):
        if limit.in_force_from:
            text = f"In force since {limit.in_force_from:%d %B %Y}."
            yield ScopeReason(ReasonSubject.FORCE_DAYS, Truth.TRUE, text)
        return
    if limit.in_force_from and on < limit.in_force_from:
        text = f"Not in force before {limit.in_force_from:%d %B %Y}: until then it is watched as a network target."
    else:
        text = f"Out of force since {limit.in_force_until:%d %B %Y}: it is watched as a network target."
    yield ScopeReason(ReasonSubject.FORCE_DAYS, Truth.TRUE, text)


def _state(limit: LawLimit, told: LawFacts) -> ScopeReason:
    only = f"It is the text of {limit.jurisdiction} alone"
    if told.place is None:
        return ScopeReason(
            ReasonSubject.PLACE, Truth.UNKNOWN, f"{only}. The State is not known: until it is, it counts."
        )
    holds = told.place == limit.jurisdiction
    return ScopeReason(ReasonSubject.PLACE, _truth(holds=holds), f"{only}; this case is of {told.place}.")


def _offence(limit: LawLimit, told: LawFacts) -> ScopeReason:
    scope, day = limit.applies, told.offence_on
    bounds = [f"on or after {scope.offence_from:%d %B %Y}"] if scope.offence_from else []
    bounds += [f"on or before {scope.offence_until:%d %B %Y}"] if scope.offence_until else []
    only = f"It is for offences {' and '.join(bounds)}"
    if day is None:
        text = f"{only}. The day of the offence is not known: until it is, the limit counts."
        return ScopeReason(ReasonSubject.OFFENCE, Truth.UNKNOWN, text)
    holds = (scope.offence_from or date.min) <= day <= (scope.offence_until or date.max)
    text = f"{only}; the offence was on {day:%d %B %Y}."
    return ScopeReason(ReasonSubject.OFFENCE, _truth(holds=holds), text + (_because(limit) if not holds else ""))


def _age(limit: LawLimit, told: LawFacts, on: date) -> ScopeReason:
    scope = limit.applies
    bounds = [f"{scope.age_from} or older"] if scope.age_from else []
    bounds += [f"under {scope.age_under}"] if scope.age_under else []
    only = f"It is for persons {' and '.join(bounds)} on that day"
    if scope.age_on is AgeOn.OFFENCE:
        only = f"It is for persons {' and '.join(bounds)} on the day of the offence"
    day = told.offence_on if scope.age_on is AgeOn.OFFENCE else on
    truth = _any(told.ages, lambda age: _fits_age(limit, age, day or on, is_day_known=day is not None))
    if truth is Truth.UNKNOWN:
        is_of_day = day is None and any(told.ages)
        text = f"{only}. The age is not known for certain: until it is, the limit counts."
        if is_of_day:
            text = f"{only}. The day of the offence is not known: until it is, the limit counts."
        return ScopeReason(ReasonSubject.OFFENCE if is_of_day else ReasonSubject.AGE, Truth.UNKNOWN, text)
    years = ", ".join(dict.fromkeys(age_in_words(age, day or on) for age in told.ages if age))
    text = f"{only}; as far as is known, the person was {years} then."
    return ScopeReason(ReasonSubject.AGE, truth, text + (_because(limit) if truth is Truth.FALSE else ""))


def _fits_age(limit: LawLimit, age: AgeRange | None, day: date, *, is_day_known: bool) -> Truth:
    if age is None:
        return Truth.UNKNOWN
    scope, youngest, oldest = limit.applies, youngest_on(age, day), oldest_on(age, day)
    if not is_day_known:
        youngest = 0
    lowest, below = scope.age_from or 0, scope.age_under or 1_000
    if youngest >= lowest and oldest < below:
        return Truth.TRUE
    return Truth.FALSE if oldest < lowest or youngest >= below else Truth.UNKNOWN


def _sex(limit: LawLimit, told: LawFacts) -> ScopeReason:
    sexes = limit.applies.sex
    only = f"It is for persons whose sex is {' or '.join(sexes)}"
    truth = _any(told.sexes, lambda sex: Truth.UNKNOWN if sex is None else _truth(holds=sex in sexes))
    if truth is Truth.UNKNOWN:
        text = f"{only}. The sex is not known: until it is, the limit counts."
        return ScopeReason(ReasonSubject.SEX, Truth.UNKNOWN, text)
    said = ", ".join(dict.fromkeys(sex for sex in told.sexes if sex))
    text = f"{only}; recorded was: {said}."
    return ScopeReason(ReasonSubject.SEX, truth, text + (_because(limit) if truth is Truth.FALSE else ""))


def _because(limit: LawLimit) -> str:
    return f" {limit.applies.why}" if limit.applies.why else ""


def _any(values: Sequence[T], fits: Callable[[T], Truth]) -> Truth:
    """Return whether something holds for any of the persons; it is known not to only when it is for each of them."""
    truths = {fits(value) for value in values}
    if Truth.TRUE in truths:
        return Truth.TRUE
    return Truth.UNKNOWN if Truth.UNKNOWN in truths or not truths else Truth.FALSE


def _truth(*, holds: bool) -> Truth:
    return Truth.TRUE if holds else Truth.FALSE
