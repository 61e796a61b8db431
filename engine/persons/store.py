"""Persons, who shares how rare tokens with them, and how their cases are tied."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Connection, Select, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.core.case_links import CaseLink
from engine.core.matching import Agreement, bits_of, is_worth_opening
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.db.writing import written
from engine.keys.vault import Vault
from engine.persons.records import PersonMerge, TokenMatch

_PERSON, _TOKEN = TABLES["person"], TABLES["person_token"]
_SEARCH = TABLES["search_token"]
_LINK, _UNIT = TABLES["case_person"], TABLES["unit"]
_CASE, _CHECK = TABLES["case"], TABLES["match_check"]
_MERGE = TABLES["person_merge"]
_MERGE_COLUMNS = columns(_MERGE, PersonMerge)
_MOST_OPENED = 20
_ONLY_SEARCHED_BY = frozenset({"home_word"})
_SEARCHED_BY = frozenset({"name", "name_part", "phone"}) | _ONLY_SEARCHED_BY
"""The kinds of token by which an organisation finds its own; by some nobody is compared with persons of others."""
ALL_THE_SAME = text(
    "WITH RECURSIVE up(id) AS (SELECT CAST(:person AS uuid) UNION SELECT m.primary_id FROM person_merge m "
    "JOIN up ON m.secondary_id = up.id WHERE m.ended_at IS NULL), "
    "one(id) AS (SELECT id FROM up UNION SELECT m.secondary_id FROM person_merge m "
    "JOIN one ON m.primary_id = one.id WHERE m.ended_at IS NULL) SELECT id FROM one ORDER BY id"
)
"""All persons that a person was found to be, over any number of merges that hold."""
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


class PersonStore(Store):
    """Persons in PostgreSQL, within one transaction."""

    def add(
        self,
        person_id: UUID,
        identity: Mapping[str, JsonValue],
        tokens: Sequence[tuple[str, str]],
        *,
        unit_id: UUID,
        at: datetime,
        by: UUID | None = None,
    ) -> None:
        """Write a person; `tokens` are (kind, normalised value), of which only blind tokens are kept.

        They are compared with those of other units later, counted for whoever wrote them down (`by`).
        """
        encrypted = written(self._seal(person_id, identity))
        row = {"id": person_id, "unit_id": unit_id, "created_at": at, "encrypted_identity": encrypted}
        self._writes.add({"person": [row]})
        if tokens:
            self._keep_tokens(person_id, tokens, by)

    def change(
        self,
        person_id: UUID,
        identity: Mapping[str, JsonValue],
        tokens: Sequence[tuple[str, str]],
        *,
        by: UUID | None = None,
    ) -> None:
        """Write what is known of a person now, over what was known before."""
        encrypted = self._seal(person_id, identity)
        self._connection.execute(update(_PERSON).where(_PERSON.c.id == person_id).values(encrypted_identity=encrypted))
        for old in (_TOKEN, _SEARCH):
            self._connection.execute(old.delete().where(old.c.person_id == person_id))
        self._keep_tokens(person_id, tokens, by)

    def known_by(self, organisation_id: UUID, tokens: Sequence[tuple[str, str]]) -> tuple[UUID, ...]:
        """Find persons whom an organisation has written down itself and who have all of these tokens, by id."""
        query = persons_with(self._vault, (organisation_id,), tokens).order_by(_SEARCH.c.person_id)
        return tuple(self._connection.execute(query).scalars()) if tokens else ()

    def identity(self, person_id: UUID) -> Mapping[str, JsonValue]:
        """Open who a person is; empty when nothing is known."""
        encrypted = self._connection.execute(
            select(_PERSON.c.encrypted_identity).where(_PERSON.c.id == person_id)
        ).scalar()
        if encrypted is None:
            return {}
        opened = self._vault.decrypt(encrypted, table="person", row=person_id, column="encrypted_identity")
        return cast("Mapping[str, JsonValue]", opened)

    def same_as(self, person_id: UUID) -> tuple[UUID, ...]:
        """List all persons that were found to be one with this one, itself among them."""
        return tuple(self._connection.execute(ALL_THE_SAME, {"person": person_id}).scalars())

    def add_merge(self, merge: PersonMerge) -> None:
        """Write that two persons are one."""
        self._connection.execute(insert(_MERGE).values(merge.model_dump()))

    def end_merge(self, merge: PersonMerge) -> None:
        """Write that two persons are two again."""
        ended = {"ended_by": merge.ended_by, "ended_at": merge.ended_at}
        self._connection.execute(update(_MERGE).where(_MERGE.c.id == merge.id).values(ended))

    def merge_of(self, secondary_id: UUID) -> PersonMerge | None:
        """Load the merge that holds by which a person points to another one."""
        query = select(*_MERGE_COLUMNS).where(_MERGE.c.secondary_id == secondary_id, _MERGE.c.ended_at.is_(None))
        return self._record(PersonMerge, query)

    def matches(self, person_ids: Sequence[UUID], *, case_id: UUID) -> tuple[TokenMatch, ...]:
        """Find persons of other cases of the same unit who share tokens; of other units' only the leads hear."""
        unit = select(_CASE.c.unit_id).where(_CASE.c.id == case_id).scalar_subquery()
        [unit_id] = self._connection.execute(select(unit)).scalars()
        compared = compare(self._connection, self._vault, person_ids, unit_id=unit_id)
        bits = {id_: bits_of(one, persons=compared.persons) for id_, one in compared.agreements.items()}
        worth = [id_ for id_ in bits if is_worth_opening(bits[id_], persons=compared.persons)]
        likely = sorted(worth, key=lambda id_: (-bits[id_], id_))
        query = (
            select(_LINK.c.person_id, _LINK.c.unit_id, _UNIT.c.name, _UNIT.c.contact)
            .join(_UNIT, _UNIT.c.id == _LINK.c.unit_id)
            .where(_LINK.c.person_id.in_(likely[:_MOST_OPENED]), _LINK.c.unit_id == unit_id)
            .where(_LINK.c.case_id != case_id)
            .distinct()
            .order_by(_LINK.c.person_id)
        )
        return tuple(
            TokenMatch(row[0], row[1], row[2], row[3], compared.agreements[row[0]], compared.persons)
            for row in self._connection.execute(query)
        )

    def _seal(self, person_id: UUID, identity: Mapping[str, JsonValue]) -> bytes:
        return self._vault.encrypt(
            dict(identity), key_of=person_id, table="person", row=person_id, column="encrypted_identity"
        )

    def _keep_tokens(self, person_id: UUID, tokens: Sequence[tuple[str, str]], by: UUID | None) -> None:
        if write_tokens(self._connection, self._vault, person_id, tokens):
            asked = upsert(_CHECK).values(person_id=person_id, asked_at=func.now(), asked_by=by)
            changed = {"asked_by": asked.excluded.asked_by}
            self._connection.execute(asked.on_conflict_do_update(index_elements=["person_id"], set_=changed))


def persons_with(vault: Vault, organisation_ids: Sequence[UUID], tokens: Sequence[tuple[str, str]]) -> Select[Any]:
    """Select the persons whom one of some organisations has written down, and who have all of these tokens."""
    key_id, values = vault.found_by, dict.fromkeys(tokens)
    made = [vault.finding(*value, organisation_id=one).get(key_id) for one in organisation_ids for value in values]
    return (
        select(_SEARCH.c.person_id)
        .where(_SEARCH.c.organisation_id.in_(organisation_ids), _SEARCH.c.token.in_([one for one in made if one]))
        .group_by(_SEARCH.c.person_id)
        .having(func.count(func.distinct(_SEARCH.c.token)) == len(values))
    )


def write_tokens(connection: Connection, vault: Vault, person_id: UUID, tokens: Sequence[tuple[str, str]]) -> bool:
    """Write the tokens of a person by every key that is used now, for all and for their organisation; False for none.

    No token of a unit is like one of another unit, nor one of an organisation like one of another, for who holds this
    database and no key.
    """
    of_unit = select(_UNIT.c.id, _UNIT.c.organisation_id).join(_PERSON, _PERSON.c.unit_id == _UNIT.c.id)
    unit, organisation = connection.execute(of_unit.where(_PERSON.c.id == person_id)).one()
    search: list[dict[str, object]] = []
    plain: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for kind, value in dict.fromkeys(tokens):
        one = {"person_id": person_id, "kind": kind}
        for key_id, token in vault.finding(kind, value).items() if kind not in _ONLY_SEARCHED_BY else ():
            plain[key_id].append((kind, token))
        if kind not in _SEARCHED_BY:
            continue
        mine = vault.finding(kind, value, organisation_id=organisation)
        one["organisation_id"] = organisation
        search += [one | {"key_id": key_id, "token": token} for key_id, token in mine.items()]
    rows = [
        {"person_id": person_id, "kind": kind, "token": kept, "key_id": key_id, "unit_id": unit}
        for key_id, made in plain.items()
        for (kind, _), kept in zip(made, vault.for_unit(key_id, [token for _, token in made], unit), strict=True)
    ]
    for table, values in ((_TOKEN, rows), (_SEARCH, search)):
        if values:
            connection.execute(upsert(table).on_conflict_do_nothing(), values)
    return bool(rows)


_CASE_LINKS = TABLES["case_link"]
_COLUMNS = columns(_CASE_LINKS, CaseLink)
_FIXED = frozenset({"id", "case_id", "other_case_id", "unit_id", "kind", "asked_by", "asked_at"})
"""What a link says once and for ever."""


class LinkStore(Store):
    """Links between cases in PostgreSQL, within one transaction. None is ever deleted."""

    def add(self, link: CaseLink) -> None:
        """Write a link."""
        self._connection.execute(insert(_CASE_LINKS).values(_row(link)))

    def save(self, link: CaseLink) -> None:
        """Write what became of a link."""
        changed = {name: value for name, value in _row(link).items() if name not in _FIXED}
        self._connection.execute(update(_CASE_LINKS).where(_CASE_LINKS.c.id == link.id).values(changed))

    def get(self, link_id: UUID) -> CaseLink | None:
        """Load a link, and keep others from answering or ending it until the transaction ends."""
        return self._record(CaseLink, select(*_COLUMNS).where(_CASE_LINKS.c.id == link_id).with_for_update())

    def live_of(self, case_id: UUID) -> tuple[CaseLink, ...]:
        """Load the links of a case that hold or wait for an answer, from either side, the earliest first."""
        mine = or_(_CASE_LINKS.c.case_id == case_id, _CASE_LINKS.c.other_case_id == case_id)
        query = (
            select(*_COLUMNS)
            .where(mine, _CASE_LINKS.c.ended_at.is_(None))
            .order_by(_CASE_LINKS.c.asked_at, _CASE_LINKS.c.id)
        )
        return self._records(CaseLink, query)


def _row(link: CaseLink) -> dict[str, Any]:
    held = [[str(item), str(who) if who else None] for item, who in link.held_items]
    return link.model_dump() | {"kind": link.kind.value, "held_items": held}


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
