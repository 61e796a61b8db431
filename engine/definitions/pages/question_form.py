"""The questions that a workflow adds to a step as forms, and which lines of the text answers change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from starlette.datastructures import FormData

from engine.definitions.pages.drafting import QUESTION_TYPES, new_id
from engine.language.catalogue import Output, StepTypeInfo, ValueKind
from engine.language.conditions.building import offers
from engine.language.editing import moved, with_value, without
from engine.language.names import in_plain_words
from engine.language.words import WorkflowWords
from engine.language.workflow import Question
from engine.language.yaml_files import Path, Plain
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import text, texts, whole_number

REMOVED: Final = object()
_WRITTEN: Final = "as written"
_SENSITIVITIES: Final = {
    "open": "Shown with the case", "sensitive": "Masked: each look at it is recorded",
    "identifying": "Masked: it could identify someone",
}  # fmt: skip


class MovedTo(NamedTuple):
    """What an entry of a list is given instead of a value: another place among its fellows."""

    number: int


Edit = tuple[Path, Any]


def edited(source: str, edits: Iterable[Edit], inherited: Mapping[str, Any]) -> str:
    """Return a text with the lines changed that edits mean, one after the other. Raises `UneditableError`."""
    for path, value in edits:
        if value is REMOVED:
            source = without(source, path, inherited=inherited)
        elif isinstance(value, MovedTo):
            source = moved(source, path, value.number, inherited=inherited)
        else:
            source = with_value(source, path, value, inherited=inherited)
    return source


class QuestionForm(NamedTuple):
    """A question as it is changed; `number` counts from 0, and -1 is a new one. `choices` stand one on each line."""

    number: int
    id: str
    label: str
    help: str
    kinds: tuple[Item, ...]
    choices: str
    required: bool
    sensitivities: tuple[Item, ...]
    whens: tuple[Item, ...]
    places: tuple[Item, ...]
    is_gone: bool


def question_forms(
    asked: Sequence[Question], info: StepTypeInfo | None, posted: FormData | None = None
) -> tuple[QuestionForm, ...]:
    """Return the form of each question, and of a new one; with what was `posted`, where that is shown again."""
    return tuple(_form(asked, number, info, posted) for number in (*range(len(asked)), -1))


def or_posted(posted: FormData | None, name: str, values: Sequence[str]) -> Sequence[str]:
    """Return what a field shows: its values, or what was posted of it, where that is shown again."""
    return values if posted is None else texts(posted, name)


def text_or_posted(posted: FormData | None, name: str, value: str) -> str:
    """Return the text that a field shows: its own, or what was posted of it, where that is shown again."""
    return value if posted is None else text(posted, name)


def question_edits(at: Path, asked: Sequence[Question], info: StepTypeInfo | None, form: FormData) -> Iterator[Edit]:
    """Yield what the posted forms change of the questions at a path: their lines, their order, and what is new."""
    gone = [number for number, one in enumerate(asked) if one.id in texts(form, "question_gone")]
    for number, one in enumerate(asked):
        if text(form, f"q{number}-id") == one.id and number not in gone:
            yield from _changes((*at, number), one, _posted(form, f"q{number}", one, _whens(asked, number, info)))
    for number, one in enumerate(asked):
        place = whole_number(form, f"q{number}-place") - 1
        if text(form, f"q{number}-id") == one.id and place != number and 0 <= place < len(asked) and not gone:
            yield (*at, number), MovedTo(place)
            break
    for number in reversed(gone):
        yield (at if len(gone) == len(asked) and not number else (*at, number)), REMOVED
    new = _posted(form, "q-1", None, _whens(asked, -1, info))
    if new["label"] and new["type"]:
        said: dict[str, Plain] = {
            "id": new_id(str(new["label"]), {one.id for one in asked} | {*(info.field_names if info else ())})
        }
        said |= {name: value for name, value in new.items() if value}
        kept = len(asked) - len(gone)
        yield ((*at, kept), said) if kept else (at, [said])


def _form(asked: Sequence[Question], number: int, info: StepTypeInfo | None, posted: FormData | None) -> QuestionForm:
    one, lead = asked[number] if number >= 0 else None, f"q{number}"
    whens = _whens(asked, number, info)
    when = (one.when or "") if one else ""
    if when not in {"", *whens}:
        labels = {other.id: {"title": other.label} for other in asked}
        written = WorkflowWords({"steps": labels}, None, tell=say).condition(when)
        whens = {_WRITTEN: say("As written: {condition}", condition=written)} | whens
        when = _WRITTEN
    places = {str(place + 1): str(place + 1) for place in range(len(asked))}

    def shown(name: str, value: str) -> str:
        return text_or_posted(posted, f"{lead}-{name}", value)

    return QuestionForm(
        number, one.id if one else "", shown("label", one.label if one else ""), shown("help", one.help if one else ""),
        items_of(QUESTION_TYPES, (shown("type", one.type if one else ""),)),
        shown("choices", "\n".join(one.choices.values()) if one else ""),
        bool(one and one.required) if posted is None else f"{lead}-required" in posted,
        items_of(_SENSITIVITIES, (shown("sensitivity", one.sensitivity if one else "open"),)),
        items_of(whens, (shown("when", when),)), items_of(places, (shown("place", str(number + 1)),)) if one else (),
        bool(one and posted and one.id in texts(posted, "question_gone")),
    )  # fmt: skip


def _whens(asked: Sequence[Question], number: int, info: StepTypeInfo | None) -> dict[str, str]:
    """Return the simple conditions of a question, with their words: one answer to what is asked before it."""
    before = asked[:number] if number >= 0 else asked
    known: dict[str, tuple[str, Output, Mapping[str, str]]] = {
        name: (in_plain_words(name), output, {}) for name, output in (info.outputs if info else {}).items()
    }
    known |= {
        one.id: (one.label, Output(kind=ValueKind(one.type), choices=tuple(one.choices)), one.choices)
        for one in before
        if one.sensitivity == "open" and one.type in {"bool", "choice"}
    }
    found: dict[str, str] = {}
    for name, (label, output, words) in known.items():
        if output.kind is ValueKind.BOOL:
            found |= {name: f"“{label}”: yes", f"!{name}": f"“{label}”: no"}
        elif output.kind is ValueKind.CHOICE:
            choices = (row.value for row in offers(name, output))
            found |= {f'{name} == "{one}"': f"“{label}”: {words.get(one) or in_plain_words(one)}" for one in choices}
    return found


def _posted(form: FormData, lead: str, known: Question | None, whens: Mapping[str, str]) -> dict[str, Plain]:
    """Return what was posted of a question; what is left out in a file is empty here."""
    kind, when, sensitivity = (text(form, f"{lead}-{name}") for name in ("type", "when", "sensitivity"))
    kept = (known.when or "") if known else ""
    lines = [line.strip() for line in text(form, f"{lead}-choices").splitlines() if line.strip()]
    return {
        "type": kind if kind in QUESTION_TYPES else "", "label": text(form, f"{lead}-label"),
        "help": text(form, f"{lead}-help"),
        "choices": _choices(known.choices if known else {}, lines) if kind == "choice" else {},
        "required": f"{lead}-required" in form,
        "sensitivity": sensitivity if sensitivity in _SENSITIVITIES and sensitivity != "open" else "",
        "when": when if when in whens else kept if when == _WRITTEN else "",
    }  # fmt: skip


def _choices(known: Mapping[str, str], lines: Sequence[str]) -> dict[str, Plain]:
    """Name each answer: one that was there keeps its id, also in other words where there are as many as before."""
    ids = {label: id_ for id_, label in known.items()}
    renamed = dict(zip(lines, known, strict=True)) if len(lines) == len(known) and not {*lines} <= {*ids} else {}
    named: dict[str, Plain] = {}
    for line in lines:
        id_ = ids.get(line) or renamed.get(line)
        named[id_ if id_ and id_ not in named else new_id(line, {*named, *known})] = line
    return named


def _changes(path: Path, known: Question, wanted: Mapping[str, Plain]) -> Iterator[Edit]:
    was: dict[str, Plain] = {
        "type": known.type, "label": known.label, "help": known.help, "choices": dict(known.choices),
        "required": known.required, "sensitivity": "" if known.sensitivity == "open" else known.sensitivity,
        "when": known.when or "",
    }  # fmt: skip
    for name, value in wanted.items():
        before = was[name]
        if value == before and (not isinstance(value, dict) or [*value] == [*known.choices]):
            continue
        if isinstance(value, dict) and value and [*value] == [*known.choices]:
            yield from (((*path, name, id_), label) for id_, label in value.items() if label != known.choices[id_])
        elif value or name not in {"type", "label"}:
            yield (*path, name), value or REMOVED


def items_of(options: Mapping[str, str], chosen: Iterable[str | None]) -> tuple[Item, ...]:
    """Return what can be chosen, each with its words and whether it is chosen now."""
    known = tuple(chosen)
    return tuple(Item(value, words, checked=value in known) for value, words in options.items())
