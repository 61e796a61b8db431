"""Persons as a viewer may reveal them: looked for by what is known, or on their page with what belongs together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, Uuid, and_, bindparam, case, exists, func, or_, select, tuple_

from engine.cases.views.sight import (
    Answers,
    EncryptedRow,
    access_to,
    is_narrowed,
    opened_identity,
    person_row,
    unmasked_person,
)
from engine.cases.visibility import granted_to, kept_by, person_shown_to, revealed_to, visible_to
from engine.core.access import covers, shows_person
from engine.core.case_links import LinkKind
from engine.core.law.told import AgeRange, ages_of, in_words, is_child, strongest
from engine.core.policy import Viewer, visible_units
from engine.core.records import PersonRole
from engine.db.reading import Reading, Row, few
from engine.db.shape import (
    ACTOR,
    CASE,
    CASE_PERSON,
    DEADLINE,
    DEADLINE_IS_OPEN,
    ITEM,
    ITEM_IS_OPEN,
    OPENING,
    PERSON,
    UNIT,
)
from engine.db.tables import TABLES
from engine.errors import DamagedError, KeyMissingError, NotFoundError
from engine.keys.vault import Vault
from engine.persons.records import (
    SHOWN_AS,
    STANDS_FOR,
    AgeView,
    Asked,
    CandidateView,
    CaseLinkView,
    CasePersonView,
    FoundPeople,
    FoundPerson,
    PersonPageView,
    PersonRoleView,
    SamePersonView,
    candidates_of,
    names_of,
    parents_of,
)
from engine.persons.store import ALL_THE_SAME, persons_with

ANOTHER = "another case"
"""What a case is called for who may not see it."""
_MERGE = TABLES["person_merge"]

MOST: Final = 200
"""So many are put into order; of more the latest cases are, and the page says that there are more."""
_VERY_LIKE: Final = 0.9


def person_page(reading: Reading, viewer: Viewer, case_id: UUID, person_id: UUID) -> PersonPageView:
    """Show a person of a case that the viewer sees; raises `NotFoundError`."""
    rows = reading.rows(
        select(CASE_PERSON)
        .join(CASE, CASE.c.id == CASE_PERSON.c.case_id)
        .where(
            CASE_PERSON.c.case_id == case_id, CASE_PERSON.c.person_id == person_id,
            person_shown_to(viewer, CASE_PERSON.c.person_id, now=reading.present),
        )
        .order_by(
            CASE_PERSON.c.removed_at.is_not(None), CASE_PERSON.c.added_at, CASE_PERSON.c.position, CASE_PERSON.c.role
        )
    )  # fmt: skip
    if not rows:
        raise NotFoundError(kind="person")
    access = access_to(reading, viewer, case_id, kind="person")
    if not shows_person(access, person_id):
        raise NotFoundError(kind="person")
    return PersonPageView(
        id=person_id,
        label=f"Person {min(row['position'] for row in rows)}",
        roles=tuple(_role(row) for row in rows),
        same=() if is_narrowed(access) else _same(reading, viewer, case_id, person_id),
    )


def revealed_person(reading: Reading, viewer: Viewer, person_id: UUID) -> CasePersonView:
    """Return who a person is; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
    seen = person_row(reading, viewer, person_id)
    others = () if is_narrowed(seen.access) else _others_of(reading, viewer, person_id)
    person = unmasked_person(seen, reading.vault)
    return _with_all_known(person, seen, others, reading.vault, on=reading.now.date())


def _others_of(reading: Reading, viewer: Viewer, person_id: UUID) -> Sequence[Row]:
    """Fetch who a person was found to be besides, sealed: those of cases that the viewer's own units keep."""
    found = [row["id"] for row in reading.rows(ALL_THE_SAME.bindparams(person=person_id))]
    if len(found) < 2:  # noqa: PLR2004 - nobody but the person
        return ()
    mine = select(CASE_PERSON.c.person_id).join(CASE, CASE.c.id == CASE_PERSON.c.case_id).where(kept_by(viewer))
    return reading.rows(
        select(PERSON.c.id, PERSON.c.encrypted_identity)
        .where(PERSON.c.id.in_(found), PERSON.c.id != person_id, PERSON.c.id.in_(mine))
        .order_by(PERSON.c.id)
    )


def _with_all_known(
    person: CasePersonView, seen: EncryptedRow, others: Sequence[Row], vault: Vault, *, on: date
) -> CasePersonView:
    """Show all that is known of who a person is, as of a day, and as far as the viewer is shown it.

    Ages with their sources are shown with `person.age`. Raises `DamagedError` or `KeyMissingError`.
    """
    known = opened_identity(vault, seen.row)
    known = {n: value for n, value in known.items() if covers(seen.access, f"person.{SHOWN_AS.get(n, n)}")}
    counts = strongest(ages_of(known))
    is_age_shown = covers(seen.access, "person.age")
    return person.model_copy(
        update={
            "aliases": tuple(name for name in names_of(known) if name != person.name),
            "phone": str(known.get("phone") or ""),
            "parents": parents_of(known),
            "home": str(known.get("home") or ""),
            "age_words": in_words(counts, on) if counts else "",
            "is_child": is_child(counts, on) if is_age_shown else None,
            "ages": tuple(_age(age, is_counted=age == counts) for age in ages_of(known)),
            "candidates": tuple(_candidate(one) for one in candidates_of(known)),
            "also": tuple(dict.fromkeys(name for other in others for name in _names(vault, other))),
        }
    )


def _names(vault: Vault, row: Row) -> tuple[str, ...]:
    """Open the names of one who is the same; nothing when they were erased, or cannot be read."""
    try:
        return names_of(opened_identity(vault, row))
    except (DamagedError, KeyMissingError):
        return ()


def _role(row: Row) -> PersonRoleView:
    days = {name: row[name].isoformat() if row[name] else "" for name in ("from_on", "until_on")}
    return PersonRoleView(**{name: row[name] for name in ("role", "status", "added_at", "removed_at")}, **days)


def _age(age: AgeRange, *, is_counted: bool) -> AgeView:
    words = str(age.youngest) if age.youngest == age.oldest else f"{age.youngest} to {age.oldest}"
    as_of = age.as_of.isoformat() if age.as_of else ""
    return AgeView(words=words, source=age.source.value, as_of=as_of, counts=is_counted)


def _candidate(entry: object) -> CandidateView:
    known = entry if isinstance(entry, dict) else {}
    same = {name: str(known.get(name) or "") for name in ("name", "phone", "status")}
    return CandidateView(id=UUID(str(known.get("id"))), aliases=names_of(known)[1:], **same)


def _same(reading: Reading, viewer: Viewer, case_id: UUID, person_id: UUID) -> tuple[SamePersonView, ...]:
    """List the merges of this case that hold and that the person is part of."""
    rows = reading.rows(
        select(_MERGE, ACTOR.c.name.label("who"))
        .select_from(_MERGE.outerjoin(ACTOR, ACTOR.c.id == _MERGE.c.merged_by))
        .where(
            _MERGE.c.ended_at.is_(None),
            or_(_MERGE.c.primary_id == person_id, _MERGE.c.secondary_id == person_id),
            or_(_MERGE.c.case_id == case_id, _MERGE.c.other_case_id == case_id),
        )
        .order_by(_MERGE.c.merged_at, _MERGE.c.id)
    )
    seen = _others_seen(reading, viewer, [_other_of(row, person_id) for row in rows])
    return tuple(_same_person(row, seen.get(_other_of(row, person_id))) for row in rows)


def _other_of(row: Row, person_id: UUID) -> tuple[UUID, UUID]:
    """Return who is the same as a person by a merge, and the case in which they are."""
    if row["primary_id"] == person_id:
        return row["secondary_id"], row["other_case_id"]
    return row["primary_id"], row["case_id"]


def _others_seen(
    reading: Reading, viewer: Viewer, others: Sequence[tuple[UUID, UUID]]
) -> Mapping[tuple[UUID, UUID], Row]:
    """Fetch number and case of those persons whose case the viewer sees, all at once."""
    if not others:
        return {}
    rows = reading.rows(
        select(CASE.c.id, CASE.c.number, CASE_PERSON.c.person_id, func.min(CASE_PERSON.c.position).label("number_of"))
        .join(CASE_PERSON, CASE_PERSON.c.case_id == CASE.c.id)
        .where(tuple_(CASE_PERSON.c.person_id, CASE.c.id).in_(others), visible_to(viewer, now=reading.present))
        .group_by(CASE.c.id, CASE_PERSON.c.person_id)
    )
    return {(row["person_id"], row["id"]): row for row in rows}


def _same_person(row: Row, seen: Row | None) -> SamePersonView:
    return SamePersonView(
        secondary_id=row["secondary_id"],
        label=f"Person {seen['number_of']}" if seen else "Someone",
        case_id=seen["id"] if seen else None,
        case_number=seen["number"] if seen else ANOTHER,
        reason_code=row["reason_code"],
        merged_at=row["merged_at"],
        merged_by=row["who"],
    )


_LINK = TABLES["case_link"]


def case_links(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[CaseLinkView, ...]:
    """List the links of a case, and the merges that wait for an answer; raises `NotFoundError`.

    They are for those whose unit keeps the case: no grant shows with which others it belongs together.
    """
    seen = visible_to(viewer, now=reading.present)
    is_there = reading.soon(reading.first, select(CASE.c.id).where(CASE.c.id == case_id, seen))
    access = reading.soon(access_to, reading, viewer, case_id)
    found = reading.soon(reading.rows, _of_case(case_id, seen))
    if is_there() is None:
        raise NotFoundError(kind="case")
    if is_narrowed(access()):
        return ()
    return tuple(_view(row, viewer, case_id) for row in found())


def _of_case(case_id: UUID, seen: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """Select the links of a case, each with the other case where that is `seen`."""
    other = case((_LINK.c.case_id == case_id, _LINK.c.other_case_id), else_=_LINK.c.case_id)
    items = select(func.count()).where(ITEM.c.case_id == CASE.c.id, ITEM_IS_OPEN).scalar_subquery()
    timed = and_(DEADLINE.c.case_id == CASE.c.id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
    due = select(func.min(DEADLINE.c.due_at)).where(timed).scalar_subquery()
    return (
        select(
            _LINK, ACTOR.c.name.label("who"), CASE.c.id.label("other_id"), CASE.c.number, CASE.c.status,
            items.label("open_items"), due.label("next_due_at"),
        )
        .select_from(
            _LINK.outerjoin(CASE, and_(CASE.c.id == other, seen)).outerjoin(ACTOR, ACTOR.c.id == _LINK.c.asked_by)
        )
        .where(or_(_LINK.c.case_id == case_id, _LINK.c.other_case_id == case_id), _LINK.c.ended_at.is_(None))
        .order_by(_LINK.c.asked_at, _LINK.c.id)
    )  # fmt: skip


def _view(row: Row, viewer: Viewer, case_id: UUID) -> CaseLinkView:
    is_merge, is_first = row["kind"] == LinkKind.MERGED, row["case_id"] == case_id
    is_agreed = is_merge and row["approved_at"] is not None
    is_seen = row["other_id"] is not None
    return CaseLinkView(
        id=row["id"],
        kind=row["kind"],
        case_id=row["other_id"],
        number=row["number"] if is_seen else ANOTHER,
        status=row["status"] if is_seen else "",
        is_merged=is_agreed and is_first,
        is_into=is_agreed and not is_first,
        is_asked=is_merge and not is_agreed,
        is_primary=is_first,
        asked_by=row["who"],
        asked_by_me=row["asked_by"] == viewer.actor_id,
        asked_at=row["asked_at"],
        reason_code=row["reason_code"],
        rests=row["rests"],
        open_items=row["open_items"] if is_seen else 0,
        next_due_at=row["next_due_at"] if is_seen else None,
    )


_CASE_LINK, _MERGE_LINKS = (TABLES[name] for name in ("case_link", "person_merge"))
_WORDS: Final = (
    "Person {number} acts for the child and is a suspect. They cannot agree on the child's behalf: the Committee or a"
    " court must. Do not contact them about it, and hand no one over to them."
)


def guardian_notes(reading: Reading, case_id: UUID) -> tuple[str, ...]:
    """Say of which persons of a case it is so, in the order of their numbers."""
    rows = reading.rows(_suspected_guardians(), case_id=case_id)
    return tuple(_WORDS.format(number=number) for number in sorted(row["number"] for row in rows))


@cache
def _suspected_guardians() -> Select[tuple[UUID, int]]:
    """Find who stands for the child of the case `case_id` and is a suspect there, or in a linked case of the unit."""
    case_id = bindparam("case_id", type_=Uuid())
    here, there = CASE_PERSON.alias("here"), CASE_PERSON.alias("there")
    unit = select(CASE.c.unit_id).where(CASE.c.id == case_id).scalar_subquery()
    of_unit = exists().where(CASE.c.id == there.c.case_id, CASE.c.unit_id == unit)
    is_linked = exists().where(
        _CASE_LINK.c.ended_at.is_(None),
        or_(_CASE_LINK.c.kind != LinkKind.MERGED.value, _CASE_LINK.c.approved_at.is_not(None)),
        or_(
            and_(_CASE_LINK.c.case_id == case_id, _CASE_LINK.c.other_case_id == there.c.case_id),
            and_(_CASE_LINK.c.other_case_id == case_id, _CASE_LINK.c.case_id == there.c.case_id),
        ),
    )
    one, other = _MERGE_LINKS.alias("one"), _MERGE_LINKS.alias("other")
    is_same = or_(
        here.c.person_id == there.c.person_id,
        exists().where(one.c.ended_at.is_(None), _joins(one, here.c.person_id, there.c.person_id)),
        exists().where(
            one.c.ended_at.is_(None), other.c.ended_at.is_(None), one.c.primary_id == other.c.primary_id,
            one.c.secondary_id == here.c.person_id, other.c.secondary_id == there.c.person_id,
        ),
    )  # fmt: skip
    is_suspect = exists().where(
        there.c.role == PersonRole.SUSPECT.value, there.c.removed_at.is_(None), is_same,
        or_(there.c.case_id == case_id, and_(is_linked, of_unit)),
    )  # fmt: skip
    stand = [role.value for role in STANDS_FOR]
    return (
        select(here.c.person_id, func.min(here.c.position).label("number"))
        .where(here.c.case_id == case_id, here.c.role.in_(stand), here.c.removed_at.is_(None), is_suspect)
        .group_by(here.c.person_id)
    )


def _joins(merge: FromClause, first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a merge makes one of two persons, whichever of them is the first."""
    return or_(
        and_(merge.c.primary_id == first, merge.c.secondary_id == second),
        and_(merge.c.primary_id == second, merge.c.secondary_id == first),
    )


def found_people(
    reading: Reading,
    viewer: Viewer,
    asked: Asked = (),
    *,
    likeness: Callable[[Answers], float] = lambda _: 1.0,
    offset: int = 0,
    limit: int = 20,
) -> FoundPeople:
    """Find persons of cases by tokens, those first whose name is most alike; who they are stays closed.

    Among them are those alone whom the viewer may reveal, as an answer says as much. The caller records the look.
    """
    if not asked:
        return FoundPeople(lines=(), count=0, is_cut=False)
    rows = _rows(reading, viewer, asked)
    reading.vault.make_ready({row["id"] for row in rows})
    once: dict[tuple[UUID, UUID], Row] = {}
    for row in rows[:MOST]:
        once.setdefault((row["case_id"], row["id"]), row)
    alike = {one: _alike(reading, row, likeness) for one, row in once.items()}
    order = sorted(once, key=lambda one: -alike[one])
    lines = tuple(_line(once[one], alike[one]) for one in order[offset : offset + limit])
    return FoundPeople(lines=lines, count=len(order), is_cut=len(rows) > MOST)


def _rows(reading: Reading, viewer: Viewer, asked: Asked) -> list[Row]:
    organisations = _organisations(reading, viewer)
    has = [
        or_(*[PERSON.c.id.in_(persons_with(reading.vault, organisations, way)) for way in ways])
        for ways in asked
    ]  # fmt: skip
    return reading.rows(
        select(
            PERSON.c.id, PERSON.c.encrypted_identity, CASE_PERSON.c.case_id, CASE_PERSON.c.role,
            CASE_PERSON.c.position, CASE.c.number, CASE.c.status, UNIT.c.name.label("unit"),
        )
        .select_from(
            PERSON.join(CASE_PERSON, CASE_PERSON.c.person_id == PERSON.c.id)
            .join(CASE, CASE.c.id == CASE_PERSON.c.case_id)
            .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        )
        .where(CASE_PERSON.c.removed_at.is_(None), revealed_to(viewer, PERSON.c.id, now=reading.present), *has)
        .order_by(CASE.c.opened_at.desc(), CASE.c.id, CASE_PERSON.c.position)
        .limit(few(MOST + 1))
    )  # fmt: skip


def _organisations(reading: Reading, viewer: Viewer) -> Sequence[UUID]:
    """List whose tokens are looked through: of the viewer's units, and of those whose cases they are granted."""
    theirs = select(CASE.c.unit_id).where(CASE.c.id.in_(granted_to(viewer, now=reading.present)))
    ours = UNIT.c.id.in_(sorted(visible_units(viewer)))
    found = select(UNIT.c.organisation_id).where(or_(ours, UNIT.c.id.in_(theirs))).distinct()
    return sorted(row["organisation_id"] for row in reading.rows(found))


def _alike(reading: Reading, row: Row, likeness: Callable[[Answers], float]) -> float:
    try:
        return round(likeness(opened_identity(reading.vault, row)), 2)
    except (DamagedError, KeyMissingError):
        return 0.0


def _line(row: Row, alike: float) -> FoundPerson:
    return FoundPerson(
        id=row["id"], case_id=row["case_id"], label=f"Person {row['position']}", role=row["role"],
        number=row["number"], status=row["status"], unit=row["unit"], is_very_like=alike >= _VERY_LIKE,
    )  # fmt: skip
