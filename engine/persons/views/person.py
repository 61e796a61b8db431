"""A person's page: what they are and were in a case, who they were found to be, and, revealed, all that is known."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from engine.cases.views.answers import opened_identity
from engine.cases.views.sight import EncryptedRow, access_to, is_narrowed, person_row, unmasked_person
from engine.cases.visibility import kept_by, person_shown_to, visible_to
from engine.core.access import covers, shows_person
from engine.core.law.ages import AgeRange, ages_of, in_words, is_child, strongest
from engine.core.policy import Viewer
from engine.db.reading import Reading, Row
from engine.db.shape import ACTOR, CASE, CASE_PERSON, PERSON
from engine.db.tables import TABLES
from engine.errors import DamagedError, KeyMissingError, NotFoundError
from engine.persons.records import (
    SHOWN_AS,
    AgeView,
    CandidateView,
    CasePersonView,
    PersonPageView,
    PersonRoleView,
    SamePersonView,
    candidates_of,
    names_of,
    parents_of,
)
from engine.persons.store import ALL_THE_SAME
from engine.ports import Vault

ANOTHER = "another case"
"""What a case is called for who may not see it."""
_MERGE = TABLES["person_merge"]


def person_page(reading: Reading, viewer: Viewer, case_id: UUID, person_id: UUID) -> PersonPageView:
    """Show a person of a case that the viewer sees; raises `NotFoundError`."""
    rows = reading.rows(
        select(CASE_PERSON)
        .join(CASE, CASE.c.id == CASE_PERSON.c.case_id)
        .where(
            CASE_PERSON.c.case_id == case_id, CASE_PERSON.c.person_id == person_id,
            person_shown_to(viewer, CASE_PERSON.c.person_id, now=reading.now),
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
        .where(tuple_(CASE_PERSON.c.person_id, CASE.c.id).in_(others), visible_to(viewer, now=reading.now))
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
