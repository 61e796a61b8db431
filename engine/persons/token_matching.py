"""Compare persons by blind tokens: who shares how rare ones, without anything being opened.

Tokens of two units are never alike in the database. What is looked for is turned, outside of it and by the key, into
what each unit keeps of the same value.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, func, select, text

from engine.core.matching import Agreement
from engine.db.tables import TABLES
from engine.ports import Vault

_PERSON, _UNIT = TABLES["person"], TABLES["unit"]
_TOKEN = TABLES["person_token"]
_EVIDENCE_ONLY: Final = ("name_part", "part_area", "part_born", "part_year", "route")
"""Kinds of token that too many persons have for anybody to be looked up by them, or that are of no person."""
_BESIDE: Final = ("part_home", "part_area", "part_parent", "part_born", "part_year", "phone")
_TOO_COMMON: Final = 2_000
_ABOUT_ALL = text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'person'::regclass")
WANTED: Final = """
    wanted AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:numbers AS int[]), CAST(:kinds AS text[]), CAST(:tokens AS bytea[]))
        AS wanted (number, kind, token))
"""
"""What is looked for: each value has one number, and a token for each unit."""
_SHARING = """
    WITH {wanted},
    hit AS MATERIALIZED (
        SELECT DISTINCT other.person_id, other.kind, wanted.number
        FROM wanted JOIN person_token other USING (token, kind)
        WHERE other.person_id <> ALL(:persons) {of_unit}),
    common AS MATERIALIZED (SELECT number, count(*) AS others FROM hit GROUP BY number),
    candidate AS (
        SELECT DISTINCT hit.person_id FROM hit JOIN common USING (number)
        WHERE hit.kind <> ALL(:evidence) AND common.others < :too_common)
    SELECT hit.person_id, hit.kind, common.others
    FROM candidate JOIN hit USING (person_id) JOIN common USING (number)
"""
_OF_UNIT = (
    "AND EXISTS (SELECT FROM case_person link WHERE link.person_id = other.person_id AND link.unit_id = :unit_id)"
)
_BY_ALL = text(_SHARING.format(wanted=WANTED, of_unit=""))
_BY_UNIT = text(_SHARING.format(wanted=WANTED, of_unit=_OF_UNIT))
"""Whoever shares a token that is rare enough to be looked up by, with each token shared and how many others have it."""
_KNOWN = text(
    "SELECT DISTINCT person_id, kind FROM person_token WHERE person_id = ANY(:persons) AND kind = ANY(:kinds)"
)


class Compared(NamedTuple):
    """Who shares tokens with some persons, and how many persons there are about."""

    persons: int
    agreements: Mapping[UUID, Agreement]


class Value(NamedTuple):
    """Something that persons are found by: its kind, its token for all, and the id of the key that made it."""

    kind: str
    token: bytes
    key_id: str


def compare(
    connection: Connection, vault: Vault, person_ids: Sequence[UUID], *, unit_id: UUID | None = None
) -> Compared:
    """Find whoever shares tokens with these persons, who are taken for one.

    With a unit, only its own persons are looked at and counted, by its own tokens, so that nothing that others know
    shows in what is said.
    """
    values = {
        **wanted(connection, vault, values_of(connection, vault, person_ids, unit_id=unit_id), unit_id=unit_id),
        "persons": list(person_ids), "evidence": list(_EVIDENCE_ONLY), "too_common": _TOO_COMMON,
    }  # fmt: skip
    rows = connection.execute(*((_BY_ALL, values) if unit_id is None else (_BY_UNIT, values | {"unit_id": unit_id})))
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


def values_of(
    connection: Connection, vault: Vault, person_ids: Sequence[UUID], *, unit_id: UUID | None = None
) -> list[Value]:
    """Return what some persons are found by, each once; with a unit only what it has written down itself.

    Tokens by one key alone, which all have, so that nothing counts twice while others are made beside them. A token
    that says it is of another unit than its person is passed over: it was copied there.
    """
    query = (
        select(_TOKEN.c.kind, _TOKEN.c.token, _TOKEN.c.key_id, _TOKEN.c.unit_id)
        .join(_PERSON, _PERSON.c.id == _TOKEN.c.person_id)
        .where(_TOKEN.c.person_id.in_(person_ids), _TOKEN.c.unit_id == _PERSON.c.unit_id)
        .where(_TOKEN.c.key_id == vault.found_by)
    )
    if unit_id is not None:
        query = query.where(_TOKEN.c.unit_id == unit_id)
    groups: dict[tuple[str, UUID], list[tuple[str, bytes]]] = defaultdict(list)
    for kind, token, key_id, of in connection.execute(query):
        groups[key_id, of].append((kind, bytes(token)))
    found: dict[Value, None] = {}
    for (key_id, of), tokens in groups.items():
        plain = vault.from_unit(key_id, [token for _, token in tokens], of)
        found |= dict.fromkeys(Value(kind, one, key_id) for (kind, _), one in zip(tokens, plain, strict=bool(plain)))
    return list(found)


def wanted(
    connection: Connection, vault: Vault, values: Sequence[Value], *, unit_id: UUID | None = None
) -> dict[str, list[Any]]:
    """Return what is asked of the database for some values: by number, kind and what each unit, or one, keeps of it."""
    units = [unit_id] if unit_id else list(connection.execute(select(_UNIT.c.id)).scalars())
    rows = list(_for_units(vault, values, units))
    return {
        "numbers": [number for number, _, _ in rows], "kinds": [kind for _, kind, _ in rows],
        "tokens": [token for _, _, token in rows],
    }  # fmt: skip


def _for_units(vault: Vault, values: Sequence[Value], units: Iterable[UUID]) -> Iterator[tuple[int, str, bytes]]:
    by_key: dict[str, list[tuple[int, Value]]] = defaultdict(list)
    for number, value in enumerate(values):
        by_key[value.key_id].append((number, value))
    for unit in units:
        for key_id, mine in by_key.items():
            kept = vault.for_unit(key_id, [value.token for _, value in mine], unit)
            yield from ((number, value.kind, token) for (number, value), token in zip(mine, kept, strict=bool(kept)))


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
