"""Persons whom two units know, and the blind tokens by which persons and files are found."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import cast
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import and_, delete, false, func, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.core.matching import (
    FACTS_NEEDED,
    PATTERN_KINDS,
    Agreement,
    ComparedPerson,
    MatchAlert,
    Pattern,
    SharedPerson,
    bits_of,
    facts_of,
    is_worth_asking,
    is_worth_telling,
)
from engine.core.records import PersonRole
from engine.db.store import Store, columns
from engine.db.tables import TABLES
from engine.documents.store import place_of_details
from engine.errors import DamagedError, KeyMissingError
from engine.keys.data_keys import KEYS
from engine.persons.store import WANTED, compare, values_of, wanted, write_tokens

_CHECK, _ALERT = TABLES["match_check"], TABLES["match_alert"]
_LINK, _PERSON = TABLES["case_person"], TABLES["person"]
_PROBE = TABLES["match_probe"]
_FORGET_PROBES = text("SELECT icmc_forget_probes(:before)")
_NOBODY = UUID(int=0)
_ROUTE = "route"
_SUSPECTS = text(f"""
    WITH {WANTED}
    SELECT DISTINCT wanted.number, link.person_id, link.case_id, link.unit_id
    FROM wanted JOIN person_token other USING (token, kind) JOIN case_person link ON link.person_id = other.person_id
    WHERE link.role = :suspect AND link.removed_at IS NULL AND link.added_at >= :since
    ORDER BY wanted.number, link.case_id
""")
"""Every suspect who came into a case since, and is found by a value."""
_COLUMNS = columns(_ALERT, MatchAlert)


class MatchStore(Store):
    """Matches between units in PostgreSQL, within one transaction."""

    def asked(self, *, now: datetime, most: int) -> tuple[UUID, ...]:
        """List whom to compare next, the earliest first, without those who wait for another day."""
        is_due = or_(_CHECK.c.deferred_until.is_(None), _CHECK.c.deferred_until <= now)
        query = select(_CHECK.c.person_id).where(is_due).order_by(_CHECK.c.asked_at, _CHECK.c.person_id).limit(most)
        return tuple(self._connection.execute(query).scalars())

    def claim(self, person_id: UUID) -> ComparedPerson | None:
        """Keep a person who waits to be compared from others who do the same; returns None when somebody has them."""
        query = (
            select(_CHECK.c.person_id, _PERSON.c.unit_id, _CHECK.c.asked_by.label("by"))
            .join(_PERSON, _PERSON.c.id == _CHECK.c.person_id)
            .where(_CHECK.c.person_id == person_id)
            .with_for_update(skip_locked=True, of=_CHECK)
        )
        return self._record(ComparedPerson, query)

    def forget_probes(self, *, before: date) -> int:
        """Forget how often was compared on days before one; returns how many lines."""
        return int(self._connection.execute(_FORGET_PROBES, {"before": before}).scalar_one())

    def count_probe(self, asked: ComparedPerson, *, day: date) -> tuple[int, int]:
        """Count a comparison; gives how many there were that day by the same person (0 for nobody), and by the unit."""
        self._count(asked, day, compared=1)
        of_unit = (_PROBE.c.unit_id == asked.unit_id, _PROBE.c.day == day)
        mine = select(_PROBE.c.compared).where(*of_unit, _PROBE.c.actor_id == asked.by)
        by_person = self._connection.execute(mine).scalar() if asked.by else 0
        by_unit = self._connection.execute(select(func.sum(_PROBE.c.compared)).where(*of_unit)).scalar_one()
        return by_person or 0, int(by_unit)

    def hold(self, asked: ComparedPerson, *, day: date, until: datetime) -> None:
        """Let a person wait for another day, and count that instead of the comparison."""
        self._count(asked, day, compared=-1, held=1)
        here = _CHECK.c.person_id == asked.person_id
        self._connection.execute(update(_CHECK).where(here).values(deferred_until=until))

    def _count(self, asked: ComparedPerson, day: date, *, compared: int, held: int = 0) -> None:
        row = upsert(_PROBE).values(
            unit_id=asked.unit_id, actor_id=asked.by or _NOBODY, day=day, compared=compared, held=held
        )
        more = {"compared": _PROBE.c.compared + compared, "held": _PROBE.c.held + held}
        self._connection.execute(row.on_conflict_do_update(index_elements=["unit_id", "actor_id", "day"], set_=more))

    def done(self, person_id: UUID) -> None:
        """Take a person off the list of those to be compared."""
        self._connection.execute(delete(_CHECK).where(_CHECK.c.person_id == person_id))

    def shared(self, person_id: UUID) -> tuple[SharedPerson, ...]:
        """Find persons in cases of other units who share two strong facts with a person, once for each of both cases.

        Theirs who was written down first is the unit that knows. Where both were written at one instant and the other
        still waits to be compared after this one, it is left for then.
        """
        likely = self._likely(person_id, is_enough=is_worth_asking)
        mine, theirs = _LINK.alias("mine"), _LINK.alias("theirs")
        me, them, own, other = _PERSON.alias("me"), _PERSON.alias("them"), _CHECK.alias("own"), _CHECK.alias("other")
        waits_after = tuple_(other.c.asked_at, other.c.person_id) > tuple_(own.c.asked_at, own.c.person_id)
        query = (
            select(
                mine.c.case_id, mine.c.unit_id, theirs.c.case_id, theirs.c.unit_id, theirs.c.person_id,
                (them.c.created_at > me.c.created_at).label("they_ask"),
                and_(them.c.created_at == me.c.created_at, func.coalesce(waits_after, false())).label("later"),
            )
            .join(theirs, theirs.c.unit_id != mine.c.unit_id)
            .join(me, me.c.id == mine.c.person_id)
            .join(them, them.c.id == theirs.c.person_id)
            .outerjoin(own, own.c.person_id == mine.c.person_id)
            .outerjoin(other, other.c.person_id == theirs.c.person_id)
            .where(mine.c.person_id == person_id, theirs.c.person_id.in_(likely))
            .where(mine.c.removed_at.is_(None), theirs.c.removed_at.is_(None))
            .order_by(mine.c.case_id, theirs.c.case_id)
        )  # fmt: skip
        found: dict[tuple[UUID, UUID, UUID, UUID], list[tuple[Agreement, float]]] = defaultdict(list)
        for case_id, unit_id, other_case, other_unit, them_id, they_ask, is_later in (
            self._connection.execute(query) if likely else ()
        ):
            if not is_later:
                ours, others = (case_id, unit_id), (other_case, other_unit)
                found[(*ours, *others) if they_ask else (*others, *ours)].append(likely[them_id])
        return tuple(_shared(cases, agreed) for cases, agreed in found.items())

    def alike(self, person_id: UUID) -> tuple[UUID, ...]:
        """Return the persons, of whatever unit, who by their tokens alone are likely this one, by one fact too."""
        return tuple(self._likely(person_id, is_enough=_is_likely))

    def patterns(self, person_id: UUID, *, since: datetime) -> tuple[Pattern, ...]:
        """Find what a suspect shares with those of other cases into which they came since: ways, numbers, names."""
        links = select(_LINK.c.case_id, _LINK.c.unit_id).where(
            _LINK.c.person_id == person_id, _LINK.c.role == PersonRole.SUSPECT.value, _LINK.c.removed_at.is_(None)
        )
        mine = self._connection.execute(links.order_by(_LINK.c.added_at.desc(), _LINK.c.case_id)).first()
        if mine is None:
            return ()
        asking = (mine[0], mine[1])
        values = values_of(self._connection, self._vault, (person_id,))
        values = [value for value in values if value.kind in PATTERN_KINDS]
        agreements = compare(self._connection, self._vault, (person_id,)).agreements
        known = {one for one, agreement in agreements.items() if len(facts_of(agreement)) >= FACTS_NEEDED}
        asked = wanted(self._connection, self._vault, values) | {"suspect": PersonRole.SUSPECT.value, "since": since}
        found: dict[int, dict[tuple[UUID, UUID], None]] = defaultdict(dict)
        for number, who, case_id, unit_id in self._connection.execute(_SUSPECTS, asked) if values else ():
            if unit_id == asking[1] or who in known or values[number].kind == _ROUTE:
                found[number][case_id, unit_id] = None
        return tuple(
            Pattern(values[number].kind, values[number].token, asking, tuple(cases))
            for number, cases in found.items()
            if len(cases) > 1
        )

    def _likely(self, person_id: UUID, *, is_enough: Callable[..., bool]) -> Mapping[UUID, tuple[Agreement, float]]:
        compared = compare(self._connection, self._vault, (person_id,))
        return {
            id_: (one, bits_of(one, persons=compared.persons))
            for id_, one in compared.agreements.items()
            if is_enough(one, persons=compared.persons)
        }

    def add(self, alert: MatchAlert) -> bool:
        """Write an alert, once for a case and another unit; returns whether it is new."""
        return self._is_new(_ALERT, alert.model_dump())

    def get(self, alert_id: UUID) -> MatchAlert | None:
        """Load an alert."""
        return self._record(MatchAlert, select(*_COLUMNS).where(_ALERT.c.id == alert_id))

    def answer(self, alert_id: UUID, *, answer: str, by: UUID, at: datetime) -> bool:
        """Write what a unit answered to a question; returns whether nobody had before."""
        open_one = update(_ALERT).where(_ALERT.c.id == alert_id, _ALERT.c.is_question, _ALERT.c.answered_at.is_(None))
        changes = {"answer": answer, "answered_by": by, "answered_at": at}
        return bool(self._connection.execute(open_one.values(changes)).rowcount)

    def seen(self, alert_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Write who has seen an alert; returns whether nobody had before."""
        unseen = update(_ALERT).where(_ALERT.c.id == alert_id, _ALERT.c.seen_at.is_(None))
        return bool(self._connection.execute(unseen.values(seen_by=by, seen_at=at)).rowcount)


def _is_likely(agreement: Agreement, *, persons: int) -> bool:
    return is_worth_telling(bits_of(agreement, persons=persons), persons=persons)


def _shared(cases: tuple[UUID, UUID, UUID, UUID], agreed: list[tuple[Agreement, float]]) -> SharedPerson:
    case_id, unit_id, other_case_id, other_unit_id = cases
    return SharedPerson(
        case_id, unit_id, other_case_id, other_unit_id,
        kinds=tuple(sorted({kind for agreement, _ in agreed for kind in agreement.others})),
        bits=max(bits for _, bits in agreed),
    )  # fmt: skip


_TOKEN, _SEARCH = TABLES["person_token"], TABLES["search_token"]
_PERSON_INDEX, _FILE = TABLES["person"], TABLES["attachment"]
_NEXT_PERSONS = text("""
    SELECT DISTINCT t.person_id FROM person_token t
    WHERE t.person_id > :after AND t.key_id <> :key AND NOT EXISTS (
        SELECT FROM person_token n WHERE n.person_id = t.person_id AND n.key_id = :key)
    ORDER BY t.person_id LIMIT :most
""")


class IndexStore(Store):
    """Blind tokens in PostgreSQL, within one transaction."""

    def persons_without(self, key_id: str, *, after: UUID, most: int) -> tuple[UUID, ...]:
        """List persons who have tokens, but none by an index key in the period of now, by id."""
        values = {"key": self._vault.made_for(key_id), "after": after, "most": most}
        return tuple(self._connection.execute(_NEXT_PERSONS, values).scalars())

    def hold_persons(self, person_ids: Sequence[UUID]) -> tuple[UUID, ...]:
        """Keep persons from being changed or erased until the end; gives those whose keys are not destroyed."""
        whole = (KEYS.c.owner_id.in_(person_ids), KEYS.c.destroyed_at.is_(None), KEYS.c.wrapped.is_not(None))
        keys = select(KEYS.c.owner_id).where(*whole).order_by(KEYS.c.owner_id).with_for_update(read=True)
        held = set(self._connection.execute(keys).scalars())
        persons = (
            select(_PERSON_INDEX.c.id)
            .where(_PERSON_INDEX.c.id.in_(held))
            .order_by(_PERSON_INDEX.c.id)
            .with_for_update()
        )
        return tuple(self._connection.execute(persons).scalars())

    def write_persons(self, found: Mapping[UUID, Sequence[tuple[str, str]]]) -> None:
        """Write the tokens of persons by every key that is used now; those that are there stay."""
        for person_id, tokens in found.items():
            write_tokens(self._connection, self._vault, person_id, tokens)

    def readdress_files(self, key_id: str, *, after: UUID, most: int) -> tuple[UUID | None, int, int]:
        """Find the next files by the keyed hash of a key; gives the last one, how many, and how many cannot be read."""
        query = (
            select(_FILE.c.id, _FILE.c.case_id, _FILE.c.encrypted_details)
            .where(_FILE.c.address.is_not(None), _FILE.c.address_key != key_id, _FILE.c.id > after)
            .order_by(_FILE.c.id).limit(most).with_for_update()
        )  # fmt: skip
        rows = self._connection.execute(query).all()
        done = sum(self._readdress(key_id, row.id, row.case_id, row.encrypted_details) for row in rows)
        return (rows[-1].id if rows else None), done, len(rows) - done

    def _readdress(self, key_id: str, file_id: UUID, case_id: UUID, encrypted: bytes | None) -> bool:
        try:
            details = self._vault.decrypt(encrypted or b"", **place_of_details(file_id))
        except (DamagedError, KeyMissingError):
            return False
        sha256 = cast("Mapping[str, JsonValue]", details)["sha256"]
        address = self._vault.blinds("file", f"{case_id}\0{sha256}")[key_id]
        here = _FILE.c.id == file_id
        self._connection.execute(update(_FILE).where(here).values(address=address, address_key=key_id))
        return True

    def left(self, key_id: str) -> int:
        """Count the persons who have no token by an index key in the period of now."""
        some = select(_TOKEN.c.person_id).where(_TOKEN.c.key_id == self._vault.made_for(key_id))
        query = select(func.count(func.distinct(_TOKEN.c.person_id))).where(_TOKEN.c.person_id.not_in(some))
        return self._connection.execute(query).scalar_one()

    def drop_tokens(self, *, but: Collection[str], most: int) -> int:
        """Drop some of the tokens of all index keys but these, and of periods that are over; returns how many."""
        dropped, but = 0, [self._vault.made_for(key_id) for key_id in but]
        for table in (_TOKEN, _SEARCH):
            some = select(table.c.person_id, table.c.kind, table.c.token).where(table.c.key_id.not_in(but)).limit(most)
            mine = (table.c.person_id, table.c.kind, table.c.token)
            dropped += self._connection.execute(delete(table).where(tuple_(*mine).in_(some))).rowcount
        return dropped
