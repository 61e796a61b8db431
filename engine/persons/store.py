"""Persons, and how their cases are tied."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import Connection, Select, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.core.case_links import CaseLink
from engine.core.matching import bits_of, is_worth_opening
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.db.writing import written
from engine.keys.vault import Vault
from engine.persons.records import PersonMerge, TokenMatch
from engine.persons.tokens import compare

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
