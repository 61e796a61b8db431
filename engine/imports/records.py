"""Old cases in a table: rows read into answers of the report, and every problem named by row and column."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from engine.core.law.told import OLDEST, Telling
from engine.core.policy import View
from engine.core.records import PersonRole, RoleStatus
from engine.errors import IcmcError
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import NOT_KNOWN, FieldKind
from engine.plugin.steps import StepType

MOST_ROWS: Final = 5_000
LONGEST_CELL: Final = 20_000
FIRST_REPORTED, OLD_NUMBER = "first_reported_on", "old_number"
_OF_A_PERSON: Final = {"person_name": "name", "person_phone": "phone", "person_home": "home", "person_age": "age"}
OWN_COLUMNS: Final[Mapping[str, str]] = {
    FIRST_REPORTED: "The date on which it was first reported, such as 2024-05-31",
    OLD_NUMBER: "The number that it had before",
    "person_name": "The name of the survivor",
    "person_phone": "A phone number of the survivor",
    "person_home": "The home village, and after a comma the district",
    "person_age": "The age of the survivor in years, on the day of the first report",
}
"""The columns beside those of the report form, and what stands in them."""
_NOT_IN_A_TABLE: Final = frozenset(
    {
        FieldKind.FILE, FieldKind.HASH, FieldKind.SIGN, FieldKind.INTERVALS, FieldKind.CASE, FieldKind.GEO,
        FieldKind.COLLEAGUE,
    }
)  # fmt: skip
_YES, _NO = frozenset({"yes", "y", "true", "1"}), frozenset({"no", "n", "false", "0"})
_UNKNOWN: Final = frozenset({"not known", "not_known", "unknown"})
_DELIMITERS: Final = "\t;,"


class BadCell(View):
    """What does not fit in a table: in which row (1 is the one with the names), in which column, and what to do."""

    row: int
    column: str
    words: str


class TableError(IcmcError):
    """Raised when a table cannot be taken over; `problems` names each by row and column. Nothing was done."""

    code = "bad-table"
    sentence = "Nothing was taken over: {count} problem(s) in the table."

    def __init__(self, problems: Sequence[BadCell]) -> None:
        self.problems = tuple(problems)
        super().__init__(count=len(problems))


class OldCase(NamedTuple):
    """One row: the answers of the report, when it was first reported (UTC), and what is known of the survivor.

    Of a case of another installation also its number, whether it is over, and its victims: by role, how sure that is,
    who they are, and what was told of somebody with their path.
    """

    row: int
    answers: dict[str, JsonValue]
    opened_at: datetime | None
    identity: dict[str, JsonValue]
    number: str = ""
    roles: tuple[tuple[PersonRole, RoleStatus, dict[str, JsonValue], Callable[[str], list[Telling]]], ...] | None = None
    is_closed: bool = False


class Read(NamedTuple):
    """The rows of a table, and what does not fit in it."""

    cases: list[OldCase]
    problems: list[BadCell]


def read_table(text: str, step_type: StepType, *, now: datetime, zone: str) -> Read:
    """Read old cases out of a table with commas, semicolons or tabs, as spreadsheets write and copy it.

    The first row names the columns: questions of the report form and `OWN_COLUMNS`. What is asked for when it was
    reported is left out: a case that is taken over begins now.
    """
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=_delimiter(text)))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    questions = {spec.name: spec for spec in step_type.fields if _can_be_imported(spec)}
    story = next((name for name, spec in questions.items() if spec.first_bite and spec.kind is FieldKind.LONGTEXT), "")
    problems = list(_problems_of_header(header, questions))
    found: list[OldCase] = []
    numbers: dict[str, int] = {}
    filled = [(place, row) for place, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    if len(filled) > MOST_ROWS:
        problems.append(BadCell(row=1, column="", words=f"These are {len(filled)} rows: at most {MOST_ROWS} at once."))
    if problems or not filled:
        return Read([], problems or [BadCell(row=1, column="", words="There is no row with a case.")])
    for place, row in filled:
        case, wrong = _read_row(place, dict(zip(header, row, strict=False)), questions, now=now, zone=zone)
        if len(row) > len(header):
            wrong.append(BadCell(row=place, column="", words="This row has more cells than there are columns."))
        number = str(case.identity.pop(OLD_NUMBER, ""))
        if number and number in numbers:
            words = f"This number stands in row {numbers[number]} already."
            wrong.append(BadCell(row=place, column=OLD_NUMBER, words=words))
        numbers.setdefault(number, place)
        if number and story in case.answers:
            case.answers[story] = (
                f"[Taken over from an earlier list, where its number was {number}.]\n{case.answers[story]}"
            )
        found.append(case)
        problems += wrong
    return Read(found, problems)


def columns_of(step_type: StepType) -> list[tuple[str, str, bool]]:
    """List the columns that a table can have: name, what stands in it, and whether a report needs it."""
    asked = [(spec.name, spec.label, spec.first_bite) for spec in step_type.fields if _can_be_imported(spec)]
    return [*sorted(asked, key=lambda one: not one[2]), *((name, words, False) for name, words in OWN_COLUMNS.items())]


def _can_be_imported(spec: FieldSpec) -> bool:
    return spec.kind not in _NOT_IN_A_TABLE and not spec.event_time


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _problems_of_header(header: Sequence[str], questions: Mapping[str, FieldSpec]) -> Iterator[BadCell]:
    known = {*questions, *OWN_COLUMNS}
    for place, name in enumerate(header, start=1):
        if not name:
            yield BadCell(row=1, column=f"column {place}", words="This column has no name: name it, or leave it out.")
        elif name not in known:
            yield BadCell(row=1, column=name, words="There is no such column: rename it, or leave it out.")
        elif name in header[: place - 1]:
            yield BadCell(row=1, column=name, words="This column is there twice.")


def _read_row(
    place: int, cells: Mapping[str, str], questions: Mapping[str, FieldSpec], *, now: datetime, zone: str
) -> tuple[OldCase, list[BadCell]]:
    answers: dict[str, JsonValue] = {}
    identity: dict[str, JsonValue] = {}
    opened_at: datetime | None = None
    problems: list[BadCell] = []
    for name, cell in cells.items():
        text = cell.strip().replace("\x00", "")
        if not text:
            continue
        try:
            if len(text) > LONGEST_CELL:
                raise ValueError(f"This is too long: at most {LONGEST_CELL} letters.")  # noqa: TRY301 - as the others
            if name in questions:
                answers[name] = _answer(questions[name], text)
            elif name == FIRST_REPORTED:
                opened_at = _instant(text, now=now, zone=zone)
            else:
                identity[_OF_A_PERSON.get(name, name)] = _age(text) if name == "person_age" else text
        except ValueError as error:
            problems.append(BadCell(row=place, column=name, words=str(error)))
    return OldCase(place, answers, opened_at, identity), problems


def _answer(spec: FieldSpec, text: str) -> JsonValue:
    """Return a cell as the answer that a form posts; what the form itself refuses is found there."""
    said = text.lower()
    if spec.takes_not_known and said in _UNKNOWN:
        return NOT_KNOWN
    match spec.kind:
        case FieldKind.BOOL:
            return _yes_or_no(said)
        case FieldKind.CHOICE:
            return _choice(spec, said)
        case FieldKind.MULTI:
            return [_choice(spec, one.strip()) for one in said.split(";") if one.strip()]
        case FieldKind.INT:
            return _whole(text)
        case _:
            return text


def _yes_or_no(said: str) -> JsonValue:
    if said in _YES:
        return True
    if said in _NO:
        return False
    raise ValueError("Write yes, no or not known.")


def _choice(spec: FieldSpec, said: str) -> str:
    for value, label in spec.choices.items():
        if said in {value.lower(), label.lower()}:
            return value
    some = ", ".join(spec.choices)
    raise ValueError(f"Write one of: {some}.")


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("Write a whole number, such as 3.")
    return int(text)


def _age(text: str) -> int:
    years = _whole(text)
    if years > OLDEST:
        raise ValueError(f"Write an age of at most {OLDEST} years.")
    return years


def _instant(text: str, *, now: datetime, zone: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("Write a date like 2024-05-31.") from None
    found = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    if found > now:
        raise ValueError("This day has not come yet.")
    return found
