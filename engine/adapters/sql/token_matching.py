"""Compare persons by blind tokens: who shares how rare ones, without anything being opened."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select, text

from engine.adapters.sql import tables as tb
from engine.domain.matching import Agreement

_PERSON = tb.PersonRow.__table__  # type: ignore[attr-defined]
_EVIDENCE_ONLY: Final = ("name_part", "part_area", "part_born", "part_year", "route")
"""Kinds of token that too many persons have for anybody to be looked up by them, or that are of no person."""
_BESIDE: Final = ("part_home", "part_area", "part_parent", "part_born", "part_year", "phone")
_TOO_COMMON: Final = 2_000
_ABOUT_ALL = text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'person'::regclass")
_SHARING = """
    WITH own AS MATERIALIZED (SELECT DISTINCT token, kind FROM person_token WHERE person_id = ANY(:persons)),
    hit AS MATERIALIZED (
        SELECT other.person_id, other.kind, other.token FROM own JOIN person_token other USING (token, kind)
        WHERE other.person_id <> ALL(:persons) {of_unit}),
    common AS MATERIALIZED (SELECT token, count(*) AS others FROM hit GROUP BY token),
    candidate AS (
        SELECT DISTINCT hit.person_id FROM hit JOIN common USING (token)
        WHERE hit.kind <> ALL(:evidence) AND common.others < :too_common)
    SELECT hit.person_id, hit.kind, common.others
    FROM candidate JOIN hit USING (person_id) JOIN common USING (token)
"""
_OF_UNIT = (
    "AND EXISTS (SELECT FROM case_person link WHERE link.person_id = other.person_id AND link.unit_id = :unit_id)"
)
_BY_ALL, _BY_UNIT = text(_SHARING.format(of_unit="")), text(_SHARING.format(of_unit=_OF_UNIT))
"""Whoever shares a token that is rare enough to be looked up by, with each token shared and how many others have it."""
_KNOWN = text(
    "SELECT DISTINCT person_id, kind FROM person_token WHERE person_id = ANY(:persons) AND kind = ANY(:kinds)"
)


class Compared(NamedTuple):
    """Who shares tokens with some persons, and how many persons there are about."""

    persons: int
    agreements: Mapping[UUID, Agreement]


def compare(connection: Connection, person_ids: Sequence[UUID], *, unit_id: UUID | None = None) -> Compared:
    """Find whoever shares tokens with these persons, who are taken for one.

    With a unit, only its own persons are looked at and counted, so that nothing that others know shows in what is said.
    """
    values = {
        "persons": list(person_ids), "evidence": list(_EVIDENCE_ONLY), "too_common": _TOO_COMMON, "unit_id": unit_id,
    }  # fmt: skip
    rows = connection.execute(_BY_ALL if unit_id is None else _BY_UNIT, values)
    others: dict[UUID, dict[str, int]] = defaultdict(dict)
    parts: dict[UUID, list[int]] = defaultdict(list)
    for person, kind, count in rows:
        others[person][kind] = min(others[person].get(kind, count), count)
        if kind == "name_part":
            parts[person].append(count)
    if not others:
        return Compared(0, {})
    known = _known_of_both(connection, person_ids, list(others))
    found = {one: Agreement(kinds, known.get(one, frozenset()), tuple(parts[one])) for one, kinds in others.items()}
    return Compared(_persons(connection, unit_id), found)


def _persons(connection: Connection, unit_id: UUID | None) -> int:
    """Count the persons whom a unit has written down, or about all there are."""
    if unit_id is None:
        return int(connection.execute(_ABOUT_ALL).scalar_one())
    written = select(func.count()).select_from(_PERSON).where(_PERSON.c.unit_id == unit_id)
    return int(connection.execute(written).scalar_one())


def _known_of_both(
    connection: Connection, person_ids: Sequence[UUID], found: list[UUID]
) -> Mapping[UUID, frozenset[str]]:
    """Say of each who was found which of what is known beside a name is known of both."""
    known: dict[UUID, set[str]] = defaultdict(set)
    for person, kind in connection.execute(_KNOWN, {"persons": [*person_ids, *found], "kinds": list(_BESIDE)}):
        known[person].add(kind)
    ours = set().union(*(known[one] for one in person_ids))
    return {one: frozenset(known[one] & ours) for one in found}
