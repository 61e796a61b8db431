"""Turn the questions of a form into controls of a page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from engine.domain.languages import to_choose
from engine.plugin.fields import YES_NO, FieldKind, FieldSpec
from engine.plugin.shown_when import wanted_answers
from engine.portal.presenters.times import for_input, zone_words
from engine.views import FieldView

PREFIX = "a-"
"""What names of answers begin with in a posted form, so that no answer can pass for something else."""
_MANY, _FEW, _SHORT = 8, 4, 24
_HINTS = {
    FieldKind.PHONE: "With country code, such as +91 for India.",
    FieldKind.MONEY: "Numbers only, such as 1500 or 1500.50.",
    FieldKind.HASH: "64 letters and digits.",
    FieldKind.COUNTRY: "Two capital letters, such as IN, NP, BD or MM.",
    FieldKind.DURATION: "Such as PT6H for six hours or P2D for two days.",
    FieldKind.SIGN: "Your name, as your signature.",
}
_WIDTHS = {
    FieldKind.INT: "govuk-input--width-5", FieldKind.MONEY: "govuk-input--width-10",
    FieldKind.PHONE: "govuk-input--width-20", FieldKind.DATE: "govuk-input--width-10",
    FieldKind.DATETIME: "govuk-input--width-20", FieldKind.COUNTRY: "govuk-input--width-2",
    FieldKind.DURATION: "govuk-input--width-10",
    FieldKind.CASE: "govuk-input--width-20",
}  # fmt: skip
_HELP_FOR_CODES = "A language code"
"""What forms say where a code was to be typed: it is left out where names are chosen."""
_DRAWN = {
    FieldKind.BOOL: "radios", FieldKind.LANG: "select", FieldKind.MULTI: "checkboxes", FieldKind.LONGTEXT: "textarea",
    FieldKind.INTERVALS: "stretches",
}  # fmt: skip
_INPUT_TYPES = {FieldKind.PHONE: "tel", FieldKind.DATE: "date", FieldKind.DATETIME: "datetime-local"}
_INPUT_MODES = {FieldKind.INT: "numeric", FieldKind.MONEY: "decimal"}


@dataclass(frozen=True, slots=True)
class Item:
    """One choice of a control."""

    value: str
    text: str
    checked: bool


@dataclass(frozen=True, slots=True)
class StretchLine:
    """One line of a control that asks for stretches of time; `start` and `end` are local time."""

    start: str
    end: str
    place: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Control:
    """One question as the page draws it. `draw` is one of: radios, checkboxes, select, textarea, stretches, input."""

    draw: str
    id: str
    name: str
    label: str
    hint: str
    required: bool
    error: str
    value: str = ""
    items: tuple[Item, ...] = ()
    stretches: tuple[StretchLine, ...] = ()
    width: str = ""
    input_type: str = "text"
    input_mode: str = ""
    inline: bool = False
    when_field: str = ""
    when_value: str = ""


def questions(specs: Iterable[FieldSpec]) -> tuple[FieldView, ...]:
    """Give the questions of a form that nobody has begun to answer."""
    return tuple(
        FieldView(
            name=spec.name, kind=spec.kind.value, label=spec.label, help=spec.help, required=spec.required,
            first_bite=spec.first_bite, sensitivity=spec.sensitivity.value, choices=spec.choices,
            shown_when=spec.shown_when, value=None, proposed=False, comes_first=spec.comes_first,
            is_asked_first=bool(spec.copies_after),
        )
        for spec in specs
    )  # fmt: skip


def controls(
    fields: Iterable[FieldView], *, zone: str, now: datetime, errors: Mapping[str, str] | None = None
) -> tuple[Control, ...]:
    """Draw each question; `errors` maps the name of a field to its sentence."""
    asked = tuple(fields)
    labels = {field.name: field for field in asked}
    return tuple(_control(field, labels, zone, now, (errors or {}).get(field.name, "")) for field in asked)


def _control(field: FieldView, labels: Mapping[str, FieldView], zone: str, now: datetime, error: str) -> Control:
    kind = FieldKind(field.kind)
    when_field, when_value, when_words = _when(field.shown_when, labels)
    zone_hint = f"Local time ({zone_words(zone, now)})." if kind in {FieldKind.DATETIME, FieldKind.INTERVALS} else ""
    proposal = "This was filled in for you: check it." if field.proposed else ""
    help_ = "" if kind is FieldKind.LANG and field.help.startswith(_HELP_FOR_CODES) else field.help
    hints = (when_words, help_, "" if field.help else _HINTS.get(kind, ""), zone_hint, proposal)
    draw = _draw(field, kind)
    return Control(
        draw=draw,
        id=PREFIX + field.name,
        name=PREFIX + field.name,
        label=field.label if field.required or field.is_asked_first else f"{field.label} (optional)",
        hint=" ".join(hint for hint in hints if hint),
        required=field.required,
        error=error,
        value=_text(field.value, kind, zone),
        items=_items(field, kind),
        stretches=_stretches(field.value, zone) if draw == "stretches" else (),
        width=_WIDTHS.get(kind, ""),
        input_type=_INPUT_TYPES.get(kind, "text"),
        input_mode=_INPUT_MODES.get(kind, ""),
        inline=kind is FieldKind.BOOL or _is_short(field),
        when_field=PREFIX + when_field if when_field else "",
        when_value=when_value,
    )


def _is_short(field: FieldView) -> bool:
    return 0 < len(field.choices) <= _FEW and max(len(text) for text in field.choices.values()) <= _SHORT


def _draw(field: FieldView, kind: FieldKind) -> str:
    if kind in {FieldKind.CHOICE, FieldKind.FILE} and field.choices:
        return "radios" if kind is FieldKind.CHOICE and len(field.choices) <= _MANY else "select"
    return _DRAWN.get(kind, "input")


def _items(field: FieldView, kind: FieldKind) -> tuple[Item, ...]:
    if kind is FieldKind.BOOL:
        return tuple(Item(sent, words, field.value == kept) for sent, (words, kept) in YES_NO.items())
    chosen = field.value if isinstance(field.value, list | tuple) else (field.value,)
    choices = to_choose(str(field.value or "")) if kind is FieldKind.LANG else field.choices
    return tuple(Item(value, text, value in chosen) for value, text in choices.items())


def _text(value: object, kind: FieldKind, zone: str) -> str:
    if value is None or isinstance(value, bool | list | tuple | dict):
        return ""
    if kind is FieldKind.DATETIME:
        return _local_text(value, zone)
    return str(value)


def _local_text(value: object, zone: str) -> str:
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return for_input(instant, zone) if instant.tzinfo else str(value)
    except (ValueError, OverflowError):
        return str(value)


def _stretches(value: object, zone: str) -> tuple[StretchLine, ...]:
    given = value if isinstance(value, list | tuple) else ()
    lines = [_stretch(line, zone) for line in given if isinstance(line, Mapping)]
    return (*lines, StretchLine("", "", "", ""))


def _stretch(line: Mapping[str, object], zone: str) -> StretchLine:
    start, end = line.get("start"), line.get("end")
    return StretchLine(
        _local_text(start, zone) if start else "",
        _local_text(end, zone) if end else "",
        str(line.get("place") or ""),
        str(line.get("evidence") or ""),
    )


def _when(condition: str, labels: Mapping[str, FieldView]) -> tuple[str, str, str]:
    """Read a simple condition on another question: its field, the value it needs, and the words for it."""
    wanted = wanted_answers(condition)
    other = labels.get(wanted[0].name) if len(wanted) == 1 else None
    if other is None:
        return "", "", ""
    value = {"true": "yes", "false": "no"}.get(wanted[0].value, wanted[0].value)
    words = YES_NO[value][0] if other.kind == FieldKind.BOOL and value in YES_NO else other.choices.get(value, value)
    if wanted[0].is_not:
        return "", "", f"Leave it out if you answered “{words}” to “{other.label}”."
    return other.name, value, f"Only if you answered “{words}” to “{other.label}”."
