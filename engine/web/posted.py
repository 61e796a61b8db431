"""Read a posted form: answers by the kind of their question, when it happened, who somebody is."""

import re
from collections.abc import Container, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue
from starlette.datastructures import FormData

from engine.core.law.told import OLDEST, AgeRange
from engine.errors import InvalidAnswersError, together
from engine.plugin.copies import REFUSED, is_refused, kept_anyway
from engine.plugin.kinds import KINDS_NOT_KNOWN, YES_NO, FieldKind
from engine.plugin.steps import StepType
from engine.web.forms import PREFIX
from engine.web.languages import say
from engine.web.times import for_input, from_input
from engine.work.records import FieldView

LONGEST = 100_000
AS_TIME: Final = "Give a date and time, such as 2026-03-07 18:40."


class Again(NamedTuple):
    """What a form shows again: what does not fit, by field, what was typed, and the id of its command."""

    errors: Mapping[str, str] = {}
    typed: Mapping[str, str] = {}
    command_id: UUID | None = None


FIRST: Final = Again()
"""A form that nobody has sent yet."""
_LINE = re.compile(r"-(\d{1,4})-(?:start|end|place|evidence)")


def text(form: FormData, name: str) -> str:
    """Return one posted text, stripped; empty when it is not there or is a file."""
    value = form.get(name)
    return clean(value)[:LONGEST] if isinstance(value, str) else ""


def fitting(form: FormData, longest: Mapping[str, int]) -> dict[str, str]:
    """Return posted texts by their names; raises `InvalidAnswersError` for each with more letters than it may have."""
    told = {name: text(form, name) for name in longest}
    problems = {
        name: say("This is too long: write at most {number} letters.", number=longest[name])
        for name, value in told.items()
        if len(value) > longest[name]
    }
    if problems:
        raise InvalidAnswersError(problems)
    return told


def texts(form: FormData, name: str) -> list[str]:
    """Return the posted texts of one name, as they are; files are left out."""
    return [value for value in form.getlist(name) if isinstance(value, str)]


def source_of(form: FormData) -> str:
    """Return the posted text of a file, with one sort of line end and all blanks that it begins and ends with."""
    value = form.get("source")
    return one_line_end(value) if isinstance(value, str) else ""


def clean(value: str) -> str:
    """Return a text with one sort of line end, without the one character that no database keeps, stripped."""
    return one_line_end(value).strip()


def one_line_end(value: str) -> str:
    """Return a text with one sort of line end, without the one character that no database keeps."""
    return value.replace("\r\n", "\n").replace("\x00", "")


def typed(form: FormData) -> dict[str, str]:
    """Return every posted text by its name, to be shown again beside what does not fit."""
    return {name: clean(value)[:LONGEST] for name, value in form.items() if isinstance(value, str)}


def uuid_or_none(form: FormData, name: str) -> UUID | None:
    """Return one posted id; None when it is not one."""
    return as_uuid(text(form, name))


def as_uuid(given: str) -> UUID | None:
    """Return an id that was written; None when it is not one."""
    try:
        return UUID(given)
    except ValueError:
        return None


def as_day(given: str) -> date | None:
    """Return a date that was written as 2026-03-20; None when it is not one."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        return None


def whole_number(form: FormData, name: str) -> int:
    """Return one posted whole number; -1 when it is not one."""
    number = _whole(text(form, name))
    return number if isinstance(number, int) else -1


def _whole(given: str) -> int | str:
    return int(given) if given.isascii() and given.isdigit() and len(given) <= len("1000000000") else given


def instant(form: FormData, name: str, zone: str) -> datetime | None:
    """Return one posted local time as an instant; None when it is empty or cannot be read."""
    return from_input(text(form, name), zone)


def given_instant(form: FormData, name: str, zone: str, *, until: datetime) -> datetime | None:
    """Return one posted local time as an instant, None when it is empty; raises `InvalidAnswersError`, if later too."""
    told = instant(form, name, zone)
    if told is None and text(form, name):
        raise InvalidAnswersError({name: AS_TIME})
    if told is not None and told > until:
        raise InvalidAnswersError({name: "This is in the future."})
    return told


def chosen(form: FormData, name: str, offered: Container[str], problem: str) -> str:
    """Return what was chosen of what is offered; raises `InvalidAnswersError` with the problem."""
    value = text(form, name)
    if value not in offered:
        raise InvalidAnswersError({name: problem})
    return value


def answers(form: FormData, fields: Iterable[FieldView], zone: str) -> dict[str, JsonValue]:
    """Return what was answered; unanswered questions are left out, and what cannot be read stays as it was typed."""
    found: dict[str, JsonValue] = {}
    for field in fields:
        value = _answer(form, PREFIX + field.name, FieldKind(field.kind), zone)
        if value not in (None, "", []):
            found[field.name] = value
    return found


_NO_WORDS = frozenset({"command_id", "revision", "action", "unit_id"})
"""What a form sends beside what somebody typed."""


def without_refused(form: FormData, step_types: Iterable[StepType]) -> list[tuple[str, str]]:
    """Return the posted texts that may be kept: where somebody does not allow it to be written down, none of theirs."""
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    told = {name.removeprefix(PREFIX): value for name, value in texts if name.startswith(PREFIX)}
    said_no = text(form, "action") == REFUSED
    for step_type in step_types:
        if step_type.consent in told or (said_no and step_type.consent):
            told |= {step_type.consent: REFUSED} if said_no else {}
            if is_refused(step_type, told):
                names = _NO_WORDS | {PREFIX + name for name in kept_anyway(step_type, told)}
                texts = [(name, value) for name, value in texts if name in names]
    return texts


def with_typed(fields: Iterable[FieldView], typed: Mapping[str, JsonValue]) -> tuple[FieldView, ...]:
    """Put what was typed back into the questions, so that nothing has to be typed twice."""
    return tuple(field.model_copy(update={"value": typed.get(field.name), "proposed": False}) for field in fields)


def _answer(form: FormData, name: str, kind: FieldKind, zone: str) -> JsonValue:
    match kind:
        case FieldKind.MULTI:
            return [value for value in texts(form, name) if value.strip()]
        case FieldKind.INTERVALS:
            return _stretches(form, name, zone)
        case _ if kind in KINDS_NOT_KNOWN:
            given = [_from_text(clean(one)[:LONGEST], kind, zone) for one in texts(form, name) if clean(one)]
            return (
                given[0] if len(given) == 1 else given
            )  # a value, and Not known ticked beside it: the form refuses that
        case _:
            return _from_text(text(form, name), kind, zone)


def _from_text(typed: str, kind: FieldKind, zone: str) -> JsonValue:
    match kind:
        case FieldKind.INT:
            return _whole(typed)
        case FieldKind.BOOL:
            return YES_NO[typed][1] if typed in YES_NO else typed
        case FieldKind.MONEY:
            return typed.replace(",", "").replace(" ", "")
        case FieldKind.DATETIME:
            return _instant_text(typed, zone)
        case _:
            return typed


def _stretches(form: FormData, name: str, zone: str) -> JsonValue:
    lines: list[JsonValue] = []
    for index in _indexes(form, name):
        start, end = text(form, f"{name}-{index}-start"), text(form, f"{name}-{index}-end")
        place, evidence = text(form, f"{name}-{index}-place"), text(form, f"{name}-{index}-evidence")
        if start or end or place or evidence:
            line: dict[str, JsonValue] = {"start": _instant_text(start, zone), "place": place}
            if end:
                line["end"] = _instant_text(end, zone)
            if evidence:
                line["evidence"] = evidence
            lines.append(line)
    return lines


def _indexes(form: FormData, name: str) -> list[int]:
    """Return the numbers of the lines of a question that were posted; how many fields a form may have bounds them."""
    found = (_LINE.fullmatch(key.removeprefix(name)) for key in form if key.startswith(name))
    return sorted({int(line[1]) for line in found if line})


def _instant_text(typed: str, zone: str) -> str:
    read = from_input(typed, zone)
    return read.isoformat() if read else typed


BESIDE: Final = ("happened_at", "late_reason", "reason", "outcome")
LATE_REASONS: Final = (
    "No network", "Paper form typed in later", "Reported to us later", "No time earlier: an emergency",
    "The person was not ready to talk", "Waiting for a document",
)  # fmt: skip
"""What is offered to say why something is entered late; other words do as well."""
_INSTANT: Final = "happened_at"


def posted(form: FormData) -> dict[str, str]:
    """Return what was typed, as it was typed."""
    return {name: text(form, name) for name in BESIDE}


def to_keep(form: FormData, zone: str) -> dict[str, str]:
    """Return what was typed as a draft keeps it: local time of `zone` as an instant in UTC, if it can be read."""
    typed, at = posted(form), instant(form, _INSTANT, zone)
    return typed | {_INSTANT: at.isoformat()} if at else typed


def drawn(kept: Mapping[str, str], zone: str) -> dict[str, str]:
    """Return what a draft has kept as the page shows it: an instant in local time of `zone`."""
    shown = {name: kept.get(name, "") for name in BESIDE}
    try:
        at = datetime.fromisoformat(shown[_INSTANT])
        return shown | {_INSTANT: for_input(at, zone)} if at.tzinfo else shown
    except (ValueError, OverflowError):
        return shown


LONGEST_WORDS: Final[Mapping[str, int]] = {
    "name": 300,
    "aliases": 300,
    "phone": 40,
    "parents": 300,
    "home_village": 150,
    "home_district": 150,
}
"""How many letters of each are kept; what is longer is refused, never cut."""


def identity_of(form: FormData) -> dict[str, JsonValue]:
    """Read what is told of a person; raises `InvalidAnswersError` for what is too long and for an age without a day."""
    told, age = together(partial(fitting, form, LONGEST_WORDS), partial(_age, form))
    identity: dict[str, JsonValue] = {
        "name": told["name"],
        "aliases": [*names_in(told["aliases"])],
        "phone": told["phone"],
        "parents": [*names_in(told["parents"])],
        "home": _home(told["home_village"], told["home_district"]),
    }
    if age is not None:
        identity["ages"] = [age.model_dump(mode="json")]
    return {name: value for name, value in identity.items() if value not in ("", [])}


def names_in(told: str) -> tuple[str, ...]:
    """List names that are written with commas between them."""
    return tuple(name.strip() for name in told.split(",") if name.strip())


def _home(village: str, district: str) -> str:
    """Write where somebody is at home: the village or part of town, then the district after a comma."""
    village, district = (part.strip().strip(",") for part in (village, district))
    return f"{village}, {district}" if district else village


def _age(form: FormData) -> AgeRange | None:
    """Read how old somebody is, and on which day that was so: without the day nobody knows when they come of age."""
    years, on = text(form, "age").strip(), text(form, "age_on").strip()
    if not years:
        return None
    problems = {}
    if not (years.isascii() and years.isdigit() and int(years) <= OLDEST):
        problems["age"] = say("Write whole years, {most} at most.", most=OLDEST)
    try:
        day = date.fromisoformat(on)
    except ValueError:
        problems["age_on"] = "Give the date on which the person was this age, such as 2026-03-07."
    if problems:
        raise InvalidAnswersError(problems)
    return AgeRange(youngest=int(years), oldest=int(years), as_of=day)
