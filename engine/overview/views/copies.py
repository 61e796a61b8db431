"""What goes into a copy for a spreadsheet, and its CSV: states and instants, nobody's name or answer, no formula."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from engine.cases.sentences import OUTCOMES
from engine.cases.views.lists import concern_of
from engine.cases.visibility import visible_to
from engine.core.deadlines.lateness import DELAY_OWNERS
from engine.core.law.told import VICTIM_ROLES
from engine.core.policy import Action, Viewer, require, units_that_let
from engine.core.records import path_of_person
from engine.core.retention import MOST_ROWS, PURPOSES_OF_COPIES, CopyMark
from engine.db.reading import Reading, few
from engine.db.shape import ACTOR, CASE, CASE_PERSON, DEADLINE, OPENING, RUN, STEP, UNIT
from engine.db.tables import TABLES
from engine.deadlines.views.deadlines import title_of
from engine.deadlines.views.law_here import LawHere, means_by_person
from engine.language.limits import TimeLimit
from engine.language.names import in_plain_words
from engine.people.records import region_words
from engine.retention.records import ExportCopyView, SheetView

COPY = TABLES["export_copy"]
WHAT = ("cases", "steps", "limits", "htcds")
_MOST = 100
_HEADERS = {
    "cases": ("Case", "Status", "Unit", "Place", "About", "Opened", "Closed", "Persons"),
    "steps": ("Case", "Step", "Pillar", "Status", "Opened", "Ended", "Outcome"),
    "htcds": ("Case", "Status", "Opened", "Place", "About", "Victims"),
    "limits": ("Case", "Step", "Time limit", "Law", "Due", "Status", "Breached", "Ended", "Responsible for the delay"),
}


def count_copied(reading: Reading, viewer: Viewer, what: str, chosen: Mapping[str, Any]) -> int:
    """Count the lines that a copy would have now; raises `NotAllowedError`."""
    return reading.count(select(func.count()).select_from(_selected(reading, viewer, what, chosen).subquery()))


def sheet(reading: Reading, viewer: Viewer, what: str, chosen: Mapping[str, Any]) -> SheetView:
    """Return the lines of a copy, by the rights that the viewer has now; raises `NotAllowedError`."""
    rows = reading.rows(_selected(reading, viewer, what, chosen).limit(few(MOST_ROWS)))
    if what == "htcds":
        return SheetView(what=what, header=_HEADERS[what], lines=tuple(_htcds(reading, viewer, rows)))
    lines = {"cases": _case, "steps": _step, "limits": _limit}[what]
    return SheetView(what=what, header=_HEADERS[what], lines=tuple(lines(reading, row) for row in rows))


def copies(reading: Reading, viewer: Viewer) -> tuple[ExportCopyView, ...]:
    """List the viewer's own copies and, for who may agree to them, those of their units; the latest first."""
    answered = ACTOR.alias("answered")
    mine = COPY.c.asked_by == viewer.actor_id
    theirs = COPY.c.unit_id.in_(sorted(units_that_let(viewer, Action.APPROVE_EXPORT)))
    rows = reading.rows(
        select(COPY, ACTOR.c.name.label("asked_by_name"), answered.c.name.label("answered_by_name"))
        .select_from(
            COPY.join(ACTOR, ACTOR.c.id == COPY.c.asked_by).outerjoin(answered, answered.c.id == COPY.c.answered_by)
        )
        .where(or_(mine, theirs))
        .order_by(COPY.c.number.desc())
        .limit(few(_MOST))
    )
    same = ("id", "number", "asked_at", "what", "counted", "expires_at", "fetched_at", "rows")
    return tuple(
        ExportCopyView(
            **{name: row[name] for name in same},
            asked_by=row["asked_by_name"],
            is_mine=row["asked_by"] == viewer.actor_id,
            purpose=PURPOSES_OF_COPIES.get(row["purpose_code"], row["purpose_code"]),
            status="expired"
            if row["status"] in {"asked", "ready"} and row["expires_at"] <= reading.now
            else row["status"],
            answered_by=row["answered_by_name"] or "",
        )
        for row in rows
    )


def _selected(reading: Reading, viewer: Viewer, what: str, chosen: Mapping[str, Any]) -> Select[Any]:
    require(viewer, Action.EXPORT)
    wanted = and_(_own(reading, viewer), *_filters(chosen))
    match what:
        case "cases":
            return _cases(wanted)
        case "steps":
            return _steps(wanted)
        case "htcds":
            return _with_victims(wanted)
        case _:
            return _limits(wanted)


def _own(reading: Reading, viewer: Viewer) -> ColumnElement[bool]:
    """Leave out what was only granted: its unit decides what leaves."""
    seen = visible_to(viewer, now=reading.present)
    if viewer.is_system:
        return seen
    return and_(seen, CASE.c.unit_id.in_(sorted(units_that_let(viewer, Action.EXPORT))))


def _filters(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.get("status") in {"open", "closed"}:
        found.append(CASE.c.status == chosen["status"])
    opened = func.timezone(UNIT.c.zone, CASE.c.opened_at)
    if chosen.get("since"):
        found.append(opened >= date.fromisoformat(str(chosen["since"])))
    if chosen.get("until"):
        found.append(func.date(opened) <= date.fromisoformat(str(chosen["until"])))
    return found


def _cases(wanted: ColumnElement[bool]) -> Select[Any]:
    persons = (
        select(func.count(CASE_PERSON.c.person_id.distinct()))
        .where(CASE_PERSON.c.case_id == CASE.c.id, CASE_PERSON.c.removed_at.is_(None))
        .scalar_subquery()
    )
    return (
        select(
            CASE.c.number, CASE.c.status, UNIT.c.name.label("unit"), CASE.c.jurisdiction, CASE.c.concern,
            CASE.c.opened_at, CASE.c.closed_at, persons.label("persons"),
        )
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(wanted)
        .order_by(CASE.c.opened_at, CASE.c.id)
    )  # fmt: skip


def _with_victims(wanted: ColumnElement[bool]) -> Select[Any]:
    """Select cases with their victims, each by role, how sure that is, and id: `victim:confirmed:ID`."""
    one = CASE_PERSON.c.role + ":" + CASE_PERSON.c.status + ":" + cast(CASE_PERSON.c.person_id, Text)
    victims = (
        select(func.array_to_string(func.array_agg(aggregate_order_by(one, CASE_PERSON.c.position)), " "))
        .where(CASE_PERSON.c.case_id == CASE.c.id, CASE_PERSON.c.removed_at.is_(None))
        .where(CASE_PERSON.c.role.in_(sorted(VICTIM_ROLES)))
        .scalar_subquery()
    )
    return (
        select(
            CASE.c.number, CASE.c.status, CASE.c.opened_at, CASE.c.jurisdiction,
            func.coalesce(CASE.c.concern, "").label("concern"), func.coalesce(victims, "").label("victims"),
            CASE.c.id, CASE.c.unit_id, UNIT.c.zone,
        )
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(wanted)
        .order_by(CASE.c.opened_at, CASE.c.number)
    )  # fmt: skip


def _steps(wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            CASE.c.number, STEP.c.key, STEP.c.uses, STEP.c.added, STEP.c.status, STEP.c.opened_at, STEP.c.ended_at,
            STEP.c.outcome, RUN.c.definition_hash,
        )
        .select_from(
            STEP.join(CASE, CASE.c.id == STEP.c.case_id)
            .join(RUN, RUN.c.id == STEP.c.run_id)
            .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        )
        .where(wanted)
        .order_by(CASE.c.opened_at, CASE.c.id, STEP.c.opened_at, STEP.c.id)
    )  # fmt: skip


def _limits(wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            CASE.c.number, DEADLINE.c.key, STEP.c.uses, STEP.c.added, DEADLINE.c.purpose, DEADLINE.c.limit,
            DEADLINE.c.law, DEADLINE.c.due_at, DEADLINE.c.status, DEADLINE.c.breached_at, DEADLINE.c.ended_at,
            DEADLINE.c.delay_owner, RUN.c.definition_hash,
        )
        .select_from(
            DEADLINE.join(CASE, CASE.c.id == DEADLINE.c.case_id)
            .join(RUN, RUN.c.id == DEADLINE.c.run_id)
            .join(UNIT, UNIT.c.id == CASE.c.unit_id)
            .outerjoin(STEP, STEP.c.id == DEADLINE.c.step_id)
        )
        .where(wanted, DEADLINE.c.purpose != OPENING)
        .order_by(CASE.c.opened_at, CASE.c.id, DEADLINE.c.due_at, DEADLINE.c.id)
    )  # fmt: skip


def _case(reading: Reading, row: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a row
    concern = concern_of(reading, row["concern"])
    return (
        row["number"], in_plain_words(row["status"]), row["unit"], region_words(row["jurisdiction"]), concern,
        row["opened_at"], row["closed_at"], row["persons"],
    )  # fmt: skip


def _htcds(reading: Reading, viewer: Viewer, rows: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Return cases with their victims as JSON: with age, sex and means of control for who may reveal answers there."""
    open_units = units_that_let(viewer, Action.REVEAL)
    shown = {row["id"] for row in rows if viewer.is_system or row["unit_id"] in open_units}
    reading.vault.make_ready(shown)
    here, means = LawHere(reading, reading.known.library()).read(shown), means_by_person(reading, shown)
    for row in rows:
        victims = []
        for role, status, person_id in (one.split(":") for one in row["victims"].split()):
            known = {}
            if row["id"] in shown:
                path = path_of_person(UUID(person_id))
                told = here.told(row["id"], path, zone=row["zone"])
                some = means.get((row["id"], path)) or means.get((row["id"], "")) or here.means(row["id"], path)
                age = next(iter(told.ages), None)
                known = {"sex": next(iter(told.sexes), None) or "", "age": age and age.model_dump(mode="json"),
                         "means": sorted(some)}  # fmt: skip
            victims.append({"role": role, "status": status} | known)
        same = ("number", "status", "opened_at", "jurisdiction", "concern")
        yield (*(row[name] for name in same), json.dumps(victims))


def _step(reading: Reading, row: Any) -> tuple[Any, ...]:  # noqa: ANN401
    title = reading.known.title(row["definition_hash"], row["key"], row["uses"], None)
    pillar, status = in_plain_words(row["uses"].partition(".")[0]), in_plain_words(row["status"])
    outcome = OUTCOMES.get(row["outcome"], in_plain_words(row["outcome"])) if row["outcome"] else None
    return (row["number"], title, pillar, status, row["opened_at"], row["ended_at"], outcome)


def _limit(reading: Reading, row: Any) -> tuple[Any, ...]:  # noqa: ANN401
    title = title_of(reading, {**row, "added": None})  # type: ignore[arg-type]
    return (
        row["number"], title, TimeLimit(row["limit"]).in_words(), row["law"], row["due_at"],
        in_plain_words(row["status"]), row["breached_at"], row["ended_at"],
        DELAY_OWNERS.get(row["delay_owner"], row["delay_owner"]),
    )  # fmt: skip


_RISKY: Final = frozenset("=+-@|%\u2212")
"""What a formula begins with; full-width and small forms of them count as the same."""
_GUARD: Final = "'"
_LINE_ENDS: Final = frozenset("\t\r\n")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
Value = str | int | datetime | None


def as_csv(sheet: SheetView, mark: CopyMark) -> bytes:
    """Write a copy as CSV (UTF-8 with its mark, so that spreadsheets read every script)."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in _rows(sheet, mark):
        writer.writerow([_text(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _rows(sheet: SheetView, mark: CopyMark) -> Iterable[Sequence[Value]]:
    """Give the mark, the header and the lines; each line bears the number of the copy, so that a part tells it too."""
    yield (mark.sentence,)
    yield (*sheet.header, "Copy")
    for line in sheet.lines:
        yield (*line, mark.number)


def _text(value: Value) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="minutes")
    return _guarded(value) if isinstance(value, str) else "" if value is None else str(value)


def _guarded(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula, in each line of a text.

    Blanks of every kind and signs that are not seen do not count: spreadsheets pass over them.
    """
    lines = (_first_sign(line) for line in text.splitlines())
    return _GUARD + text if not _RISKY.isdisjoint(lines) or text.lstrip(" ")[:1] in _LINE_ENDS else text


def _first_sign(line: str) -> str:
    seen = (sign for sign in line if not sign.isspace() and unicodedata.category(sign) not in _UNSEEN)
    return unicodedata.normalize("NFKC", next(seen, ""))[:1]
