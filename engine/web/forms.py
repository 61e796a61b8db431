"""Turn the questions of a form into controls, lay it out, and keep what was typed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData

from engine.language.names import in_plain_words
from engine.people.records import to_choose
from engine.plugin.answers import wanted_answers
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import KINDS_NOT_KNOWN, NOT_KNOWN, YES_NO, FieldKind
from engine.web.languages import retell, say
from engine.web.times import for_input, local_time
from engine.work.records import FieldView

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
    FieldKind.COLLEAGUE: "The address with which they sign in.",
}
_MUST_BE_KNOWN = "This cannot be left as not known."
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
    """One question as the page draws it. `draw` is one of: radios, checkboxes, select, textarea, stretches, input.

    `not_known` says whether *Not known* is ticked beside it; None where that is no answer, or is one of the `items`.
    """

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
    not_known: bool | None = None


def questions(specs: Iterable[FieldSpec]) -> tuple[FieldView, ...]:
    """Return the questions of a form that nobody has begun to answer."""
    return tuple(
        FieldView(
            name=spec.name, kind=spec.kind.value, label=spec.label, help=spec.help, required=spec.required,
            first_bite=spec.first_bite, sensitivity=spec.sensitivity.value, choices=spec.choices,
            shown_when=spec.shown_when, value=None, proposed=False, comes_first=spec.comes_first,
            is_asked_first=bool(spec.copies_after), takes_not_known=spec.takes_not_known,
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
    zone_hint = local_time(zone, now) if kind in {FieldKind.DATETIME, FieldKind.INTERVALS} else ""
    proposal = "This was filled in for you: check it." if field.proposed else ""
    help_ = "" if kind is FieldKind.LANG and field.help.startswith(_HELP_FOR_CODES) else field.help
    must = _MUST_BE_KNOWN if field.required and kind in KINDS_NOT_KNOWN and not field.takes_not_known else ""
    hints = (when_words, help_, "" if field.help else _HINTS.get(kind, ""), zone_hint, must, proposal)
    draw, is_required = _draw(field, kind), field.required or field.is_asked_first
    typed, is_ticked = _typed(field.value, kind)
    return Control(
        draw=draw,
        id=PREFIX + field.name,
        name=PREFIX + field.name,
        label=say(field.label) if is_required else say("{label} (optional)", label=say(field.label)),
        hint=" ".join(say(hint) for hint in hints if hint),
        required=field.required,
        error=retell(error),
        value=_text(typed, kind, zone),
        items=_items(field, kind),
        stretches=_stretches(field.value, zone) if draw == "stretches" else (),
        width=_WIDTHS.get(kind, ""),
        input_type=_INPUT_TYPES.get(kind, "text"),
        input_mode=_INPUT_MODES.get(kind, ""),
        inline=kind is FieldKind.BOOL or _is_short(field),
        when_field=PREFIX + when_field if when_field else "",
        when_value=when_value,
        not_known=is_ticked if field.takes_not_known and draw == "input" else None,
    )


def _typed(value: object, kind: FieldKind) -> tuple[object, bool]:
    """Return what was typed into a question, and whether *Not known* was ticked beside it."""
    if kind not in KINDS_NOT_KNOWN:
        return value, False
    given = value if isinstance(value, list) else [value]
    return next((one for one in given if one != NOT_KNOWN), None), NOT_KNOWN in given


def _is_short(field: FieldView) -> bool:
    return 0 < len(field.choices) <= _FEW and max(len(text) for text in field.choices.values()) <= _SHORT


def _draw(field: FieldView, kind: FieldKind) -> str:
    if kind in {FieldKind.CHOICE, FieldKind.FILE, FieldKind.COLLEAGUE} and field.choices:
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
    said = {"words": say(words), "question": say(other.label)}
    if wanted[0].is_not:
        return "", "", say("Leave it out if you answered “{words}” to “{question}”.", **said)
    return other.name, value, say("Only if you answered “{words}” to “{question}”.", **said)


@dataclass(frozen=True, slots=True)
class Layout:
    """The questions of a form; `rest`, of which none must be answered, is folded away until `is_open`."""

    before: tuple[Control, ...]
    first: tuple[Control, ...]
    rest: tuple[Control, ...]
    is_open: bool
    names: frozenset[str]
    required: int
    """How many must be answered whatever the others are."""


@dataclass(frozen=True, slots=True)
class TypedText:
    """Something that was typed into a form, to be copied by hand."""

    label: str
    text: str


def laid_out(fields: Sequence[FieldView], shown: Sequence[Control]) -> Layout:
    """Put what comes before all else on top, then the first bite, then what must be answered too.

    The rest is unfolded once the first bite is there, or when something in it is wrong.
    """
    pairs = tuple(zip(fields, shown, strict=True))
    before = tuple(control for field, control in pairs if field.comes_first)
    first = tuple(control for field, control in pairs if field.first_bite and not field.comes_first)
    later = [(field, control) for field, control in pairs if not field.first_bite and not field.comes_first]
    first += tuple(control for field, control in later if field.required)
    rest = tuple(control for field, control in later if not field.required)
    if not first:
        first, rest = rest, ()
    has_first_bite = all(field.value is not None for field in fields if field.first_bite and field.required)
    is_open = has_first_bite or any(control.error for control in rest)
    required = sum(field.required and not field.shown_when for field in fields)
    return Layout(before, first, rest, is_open, frozenset(field.name for field in fields), required)


def typed_texts(form: FormData, fields: Iterable[FieldView]) -> tuple[TypedText, ...]:
    """Return all that was typed, with the words of the question where it is known."""
    known = {PREFIX + field.name: field for field in fields}
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        is_answer = name.startswith(PREFIX) or name in {"happened_at", "reason", "late_reason"}
        if is_answer and isinstance(value, str) and value.strip():
            field = known.get(name)
            label = field.label if field else in_plain_words(name.removeprefix(PREFIX))
            found.setdefault(label, []).append(_said(field, value) if field else value)
    return tuple(TypedText(label, ", ".join(texts)) for label, texts in found.items())


def _said(field: FieldView, value: str) -> str:
    if value in YES_NO and (field.kind == FieldKind.BOOL or (value == NOT_KNOWN and field.takes_not_known)):
        return YES_NO[value][0]
    return field.choices.get(value, value)


def summary_of(errors: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Say at the top of a page what does not fit, each line leading to the field that is named like it."""
    return [(f"#{name}", sentence) for name, sentence in (errors or {}).items()]


def problem_lines(shown: Iterable[Control], problems: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say at the top of a page what does not fit: for each question where it stands, and its words before the sentence.

    What belongs to no question of the form is left to the caller.
    """
    return [
        (f"#{one.id}", _with_question(one.label, one.error)) for one in shown if one.id.removeprefix(PREFIX) in problems
    ]


def is_touched(form: FormData, shown: Iterable[Control]) -> bool:
    """Return whether something in a posted form differs from what the page had shown in it."""
    return any(_posted(form, one) != _drawn(one) for one in shown)


def _with_question(label: str, sentence: str) -> str:
    question = label.removesuffix(say("{label} (optional)", label=""))
    return f"{question} {sentence}" if question.endswith(("?", ".", "!")) else f"{question}: {sentence}"


def _posted(form: FormData, one: Control) -> list[str]:
    mine = [value for name, value in form.multi_items() if name == one.name or _is_part(name, one)]
    texts = (_bare(value) for value in mine if isinstance(value, str))
    return sorted(text for text in texts if text)


def _is_part(name: str, one: Control) -> bool:
    return bool(one.stretches) and name.startswith(f"{one.name}-")


def _drawn(one: Control) -> list[str]:
    if one.items:
        return sorted(item.value for item in one.items if item.checked)
    if one.stretches:
        texts = (text for line in one.stretches for text in (line.start, line.end, line.place, line.evidence))
        return sorted(_bare(text) for text in texts if text)
    return sorted(text for text in (_bare(one.value), str(NOT_KNOWN) if one.not_known else "") if text)


def _bare(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
