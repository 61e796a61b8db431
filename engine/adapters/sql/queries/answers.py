"""Answers as text: open ones readable, the others masked unless they were unsealed for a reason."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine import views as vw
from engine.plugin.answers import as_instant
from engine.plugin.fields import FieldKind, FieldSpec
from engine.spec.plain_words import in_plain_words
from engine.views.in_words import CODED, code_in_words, unexplained_in_words

MASK = "•••"

Answers = Mapping[str, object]
"""Given answers by the name of their field, as they are kept: JSON."""


def answer_views(
    fields: Iterable[FieldSpec],
    answers: Answers,
    zone: str,
    *,
    unmasked: bool = False,
    closed: frozenset[str] = frozenset(),
) -> tuple[vw.AnswerView, ...]:
    """Show the answers that were given, in the order of the form; what no field explains comes last and masked.

    The answers named by `closed` stay masked even when the others are not.
    """
    specs = {spec.name: spec for spec in fields}
    known = [
        _view(spec, answers[name], zone, unmasked=unmasked and name not in closed)
        for name, spec in specs.items()
        if name in answers
    ]
    others = [
        vw.AnswerView(
            name=name,
            label=in_plain_words(name),
            text=_unexplained(value, zone) if unmasked else MASK,
            masked=not unmasked,
        )
        for name, value in answers.items()
        if name not in specs
    ]
    return (*known, *others)


def text_of(spec: FieldSpec, value: object, zone: str) -> str:
    """Write an answer as people read it: labels of choices, local times of `zone`."""
    match value:
        case list() | tuple() if spec.kind is FieldKind.INTERVALS:
            return "; ".join(_interval(part, zone) for part in value)
        case list() | tuple():
            return ", ".join(spec.choices.get(str(part), _plain(part, zone)) for part in value)
        case str() if spec.choices or spec.kind in CODED:
            return code_in_words(spec, value)
        case str() if spec.kind is FieldKind.DATETIME:
            return _plain(as_instant(value) or value, zone)
        case str() if spec.kind is FieldKind.DATE:
            return _day(value)
        case _:
            return _plain(value, zone)


def said(instant: datetime, zone: str) -> str:
    """Write an instant as the clock on the wall in `zone` shows it: `Thu 21 May 2026, 10:00`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M}"


def fact_text(value: object, zone: str) -> str:
    """Write the value of a fact, whose form is not at hand."""
    if isinstance(value, str):
        instant = as_instant(value) if value[:2].isdigit() else None
        return said(instant, zone) if instant else in_plain_words(value)
    return _plain(value, zone)


def _unexplained(value: object, zone: str) -> str:
    return unexplained_in_words(value) if isinstance(value, str) else _plain(value, zone)


def _view(spec: FieldSpec, value: object, zone: str, *, unmasked: bool) -> vw.AnswerView:
    shown = unmasked or spec.is_open
    return vw.AnswerView(
        name=spec.name, label=spec.label, text=text_of(spec, value, zone) if shown else MASK, masked=not shown
    )


def _plain(value: object, zone: str) -> str:
    match value:
        case bool():
            return "Yes" if value else "No"
        case None:
            return "-"
        case datetime():
            return said(value, zone)
        case date():
            return _day(value.isoformat())
        case _:
            return str(value)


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text[:10]):%a %d %b %Y}"
    except ValueError:
        return text


def _interval(part: object, zone: str) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    start, end = as_instant(str(part.get("start", ""))), as_instant(str(part.get("end") or ""))
    span = f"{said(start, zone) if start else '?'} to {said(end, zone) if end else 'now'}"
    return f"{span}, {part['place']}" if part.get("place") else span
