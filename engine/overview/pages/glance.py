"""A case at a glance: how people are, what is late and who was told of it, and its time as a picture."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Final
from uuid import UUID

from engine.core.policy import Action
from engine.deadlines.records import DeadlineView, EscalationView, LateView, late_views
from engine.overview.records import CaseView, StepView
from engine.plugin.fields import SAFETY
from engine.plugin.steps import StepType
from engine.web.languages import say
from engine.web.times import countdown, short, span

ROWS, ROWS_WHEN_LATE = 10, 3
"""How many time limits a picture shows, those that run first."""
_ROW, _TOP, _EDGE = 38, 22, 4
_LONGEST: Final = 40
_HOUR: Final = 3600.0
_TICKS: Final = (("1 h", 1), ("1 day", 24), ("1 week", 168), ("1 month", 730), ("1 year", 8766))


@dataclass(frozen=True, slots=True)
class SafetyLine:
    """What somebody last answered to how safe a person is; of the whole case where `person_label` is empty."""

    person_label: str
    question: str
    answer: str
    masked: bool
    at: datetime
    step: StepView


@dataclass(frozen=True, slots=True)
class LateLine:
    """A time limit that is overdue, and whom the last level of its ladder reached; `strip` says whom to ring."""

    deadline: DeadlineView
    told: tuple[str, ...]
    told_at: datetime | None
    strip: LateView | None


@dataclass(frozen=True, slots=True)
class Tab:
    """A page of a case, with the pages that belong to it."""

    key: str
    text: str
    href: str
    pages: tuple[tuple[str, str, str], ...] = ()
    """Address, title, and what is found there."""


def tabs_of(case: CaseView) -> tuple[Tab, ...]:
    """Return the pages of a case that its viewer can open."""
    at, may = f"/cases/{case.id}", case.allowed
    works, own = case.shows_work, case.is_own
    tabs = (
        (Tab("now", "Now", at), True),
        (Tab("steps", "Steps", f"{at}/steps"), works),
        (Tab("people", "Persons", f"{at}/people", _shown(
            (f"{at}/links", "Other cases", "Cases linked with this one, merged into it or split from it.", own),
            (f"{at}/account", "What happened, for the person", "The history, as the person can read it.", own),
        )), works or bool(case.persons)),
        (Tab("time", "Time", f"{at}/time"), works),
        (Tab("papers", "Papers", f"{at}/papers", _shown(
            (f"{at}/files", "Files", "Pictures, scans and recordings; add one here.", True),
            (f"{at}/law", "Law", "Which limits of the law apply, and why.", Action.READ_ANSWERS in may),
        )), True),
        (Tab("sharing", "Sharing", f"{at}/sharing", _shown(
            (f"{at}/sent", "What was sent", "Referrals to other units and bodies, and their answers.", own),
            (f"{at}/consents", "Consents", "What the person allowed, to whom, until when.", own),
            (f"{at}/access", "Who may see it", "Conflicts of interest, and people who were let in.",
             Action.SEE_ACCESS in may),
            (f"{at}/readings", "Who looked", "Who opened what, and when.", Action.SEE_READINGS in may),
            (f"{at}/keeping", "Keep and erase", "How long this is kept, holds, and erasure.",
             Action.SEE_RETENTION in may),
        )), own),
        (Tab("diary", "Diary", f"{at}/diary"), own),
        (Tab("history", "History", f"{at}/history"), works),
    )  # fmt: skip
    return tuple(tab for tab, is_shown in tabs if is_shown)


def _shown(*pages: tuple[str, str, str, bool]) -> tuple[tuple[str, str, str], ...]:
    return tuple((href, title, what) for href, title, what, is_shown in pages if is_shown)


def safety_of(steps: Iterable[StepView], step_types: Mapping[str, StepType]) -> tuple[SafetyLine, ...]:
    """Return the last answer about each person that says how safe they are, and of the whole case; the latest first."""
    found: dict[str, SafetyLine] = {}
    for step in steps:
        step_type, at = step_types.get(step.uses), step.ended_at or step.recorded_at
        asked = {spec.name for spec in step_type.fields if spec.tells == SAFETY} if step_type else set()
        for answer in step.answers if at else ():
            before = found.get(step.person_label)
            if at and answer.name in asked and (before is None or before.at <= at):
                line = SafetyLine(step.person_label, answer.label, answer.text, answer.masked, at, step)
                found[step.person_label] = line
    return tuple(sorted(found.values(), key=lambda line: (not line.person_label, -line.at.timestamp())))


def late_lines(case: CaseView, viewer_id: UUID) -> tuple[LateLine, ...]:
    """Return what is overdue in a case, the longest overdue first, and who was told of it last."""
    strips = {
        strip.deadline.id: strip
        for strip in late_views(case.deadlines, case_id=case.id, case_number=case.number, but=viewer_id)
    }
    late = sorted((one for one in case.deadlines if one.state == "overdue"), key=lambda one: one.due_at)
    lines = []
    for deadline in late:
        levels = [one for one in case.escalations if one.deadline_id == deadline.id and one.recipients]
        last = max(levels, key=lambda one: one.fired_at, default=None)
        told = tuple(dict.fromkeys(name for one in levels for name in one.recipients))
        lines.append(LateLine(deadline, told, last.fired_at if last else None, strips.get(deadline.id)))
    return tuple(lines)


def ledger_by_step(escalations: Iterable[EscalationView]) -> Mapping[str, list[EscalationView]]:
    """Group the lines of the ledger by the step that was late, in the order in which they first fired."""
    groups: dict[str, list[EscalationView]] = {}
    for line in escalations:
        groups.setdefault(line.step_title, []).append(line)
    return groups


def time_line(case: CaseView, *, now: datetime, rows: int = ROWS) -> str:
    """Draw the time limits of a case as SVG: since when each runs, when it is due, was met, and when people were told.

    Near times have more room than far ones: the distance from now goes by its logarithm. Empty without time limits.
    """
    ordered = sorted(case.deadlines, key=lambda one: (one.ended_at is not None, _end_of(one)))
    shown = ordered[:rows]
    if not shown:
        return ""
    told: dict[object, list[datetime]] = {}
    for line in case.escalations:
        told.setdefault(line.deadline_id, []).append(line.fired_at)
    instants = [now, *(at for one in shown for at in (one.started_at, one.due_at, one.ended_at or now))]
    scale = _Scale(now, min(instants), max(instants))
    height = _TOP + _ROW * len(shown) + 6
    drawn = "".join(
        _row(one, told.get(one.id, []), scale, _TOP + _ROW * number, now=now, zone=case.zone)
        for number, one in enumerate(shown)
    )
    label = say("Time line: {number} time limits. The table below says the same in words.", number=len(shown))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="icmc-time-line" width="100%" height="{height}" role="img" '
        f'aria-label="{escape(label)}">'
        f"{_axis(scale, height)}{drawn}</svg>"
    )


class _Scale:
    """Where an instant stands, in per cent of the width."""

    def __init__(self, now: datetime, first: datetime, last: datetime) -> None:
        self.now, self._past, self._future = now, self._size(now - first), self._size(last - now)
        whole = (self._past + self._future) or 1.0
        self._room = 100 - 2 * _EDGE
        self.zero = _EDGE + self._room * self._past / whole
        self._unit = self._room / whole

    def at(self, instant: datetime) -> float:
        """Return the place of an instant."""
        away = instant - self.now
        size = self._size(abs(away)) * self._unit
        return round(min(max(self.zero + math.copysign(size, away.total_seconds()), _EDGE), 100 - _EDGE), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Return the lengths of time that fit, before now and after it, with their places."""
        found = []
        for words, hours in _TICKS:
            size = math.log1p(hours)
            found += [(self.zero + size * self._unit, say("in {span}", span=say(words)))] if size < self._future else []
            found += [(self.zero - size * self._unit, say("{span} ago", span=say(words)))] if size < self._past else []
        return found

    @staticmethod
    def _size(length: timedelta) -> float:
        return math.log1p(max(length.total_seconds(), 0.0) / _HOUR)


def _axis(scale: _Scale, height: int) -> str:
    lines, taken = [_tick(scale.zero, say("now"), height, "#0b0c0c")], [scale.zero]
    for place, words in sorted(scale.ticks(), key=lambda tick: -abs(tick[0] - scale.zero)):
        if all(abs(place - other) >= 17 for other in taken) and 7 <= place <= 93:  # noqa: PLR2004 - so wide is a word
            taken.append(place)
            lines.append(_tick(place, words, height, "#b9c4c4"))
    return "".join(lines)


def _tick(place: float, words: str, height: int, colour: str) -> str:
    x = f"{place:.1f}%"
    return (
        f'<line x1="{x}" x2="{x}" y1="16" y2="{height}" stroke="{colour}" stroke-width="1"/>'
        f'<text x="{x}" y="12" text-anchor="middle" font-size="12" fill="#505a5f">{words}</text>'
    )


def _row(one: DeadlineView, told: list[datetime], scale: _Scale, y: int, *, now: datetime, zone: str) -> str:
    title = f"{say(one.step_title)}, {say(one.person_label)}" if one.person_label else say(one.step_title)
    title = title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1]}…"
    start, due, bar = scale.at(one.started_at), scale.at(one.due_at), y + 26
    end = scale.at(one.ended_at or now)
    colour = {"met": "#0b5c3e", "overdue": "#b3261e", "late": "#b3261e", "near": "#8a4b00"}.get(one.state, "#17464a")
    words = f"{escape(title)}: {escape(_words(one, now=now))}"
    halo = 'fill="#0b0c0c" stroke="#fff" stroke-width="4" paint-order="stroke"'
    parts = [
        f'<text x="{_EDGE}%" y="{y + 14}" font-size="13" {halo}>{words}</text>',
        f'<line x1="{start}%" x2="{max(start, end)}%" y1="{bar}" y2="{bar}" stroke="{colour}" stroke-width="5"/>',
    ]
    if due > end and one.ended_at is None:
        parts.append(
            f'<line x1="{end}%" x2="{due}%" y1="{bar}" y2="{bar}" stroke="{colour}" stroke-dasharray="3 4" '
            'stroke-width="2"/>'
        )
    if one.ended_at is not None:
        parts.append(f'<circle cx="{end}%" cy="{bar}" r="6" fill="{colour}"/>')
    parts.append(_mark(due, bar, "M0 -7 7 0 0 7 -7 0z", "#fff", colour, say("due {at}", at=short(one.due_at, zone))))
    parts += [
        _mark(scale.at(at), bar - 3, "M0 -5 5 5 -5 5z", "#8a4b00", "#8a4b00", say("notified {at}", at=short(at, zone)))
        for at in sorted(told)
    ]
    return "".join(parts)


def _mark(place: float, y: int, path: str, fill: str, stroke: str, words: str) -> str:
    return (
        f'<svg x="{place}%" y="{y}" overflow="visible"><path d="{path}" fill="{fill}" stroke="{stroke}" '
        f'stroke-width="2"><title>{escape(words)}</title></path></svg>'
    )


def _words(one: DeadlineView, *, now: datetime) -> str:
    if one.ended_at is None:
        return countdown(one.due_at, now, one.late_at)
    late = one.ended_at - (one.late_at or one.due_at)
    if one.state == "late":
        return say("done {span} late", span=span(late))
    return say("done in time" if one.state == "met" else "no longer runs")


def _end_of(one: DeadlineView) -> float:
    return one.due_at.timestamp() if one.ended_at is None else -one.ended_at.timestamp()
